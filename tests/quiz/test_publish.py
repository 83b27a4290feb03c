"""What students get of a bank: any bank compiles, gives no answer away, and its verdict is the grader's."""

from __future__ import annotations

import base64
import copy
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import answers_to, banks, json_values, texts

from course_utils.errors import CourseError
from course_utils.quiz.bank import Bank
from course_utils.quiz.exchange import bank_yaml
from course_utils.quiz.judge import UnreadableAnswer, check_value, judge
from course_utils.quiz.public import drawn, seal, unseal
from course_utils.quiz.publish import Publisher, published, to_html, to_mathml, to_plain, write_questions
from course_utils.quiz.widget import QuizQuestion

SECRET = "geheimnis"
_VOID = {"br", "hr"}
_TAGS = {"p", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote", "br", "hr", "div", "b"}
_TAGS |= {"h1", "h2", "h3", "h4", "h5", "h6"}
_TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}
_TAGS |= {"math", "mrow", "mi", "mo", "mn", "msub", "msup", "mfrac"}
_ATTRIBUTES = {
    ("div", "class"),
    ("code", "class"),
    ("ol", "start"),
    ("math", "display"),
    ("ul", "class"),
    ("p", "class"),
}


class _Balanced(HTMLParser):
    """Fails where a tag is not closed in its turn, or is none of those that a question may have."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag in _TAGS, f"<{tag}>"
        for name, value in attributes:
            is_aligned = tag in {"th", "td"} and name == "style" and str(value).startswith("text-align:")
            assert is_aligned or (tag, name) in _ATTRIBUTES or tag.startswith("m"), f"<{tag} {name}>"
            assert not name.startswith("on")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open and self.open.pop() == tag, f"</{tag}> in {self.open}"

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def assert_well_formed(text: str) -> None:
    reader = _Balanced()
    reader.feed(text)
    reader.close()
    assert reader.open == []


def _marked(words: Any) -> Any:
    if isinstance(words, dict):
        return {language: f"{text}\n\n{SECRET}" for language, text in words.items()}
    return f"{words}\n\n{SECRET}"


def with_secrets(bank: dict[str, Any]) -> dict[str, Any]:
    """The bank with one word in all that students must not read before they have answered."""
    bank = copy.deepcopy(bank)
    for question in bank["questions"]:
        for name in ("reason", "other", "explanation"):
            if name in question:
                question[name] = _marked(question[name])
        question["hints"] = [_marked(hint) for hint in question.get("hints", [])]
        parts = [*question.get("options", []), *question.get("left", []), *question.get("mistakes", [])]
        for part in parts:
            part["reason"] = _marked(part["reason"])
        for mistake in question.get("mistakes", []):
            if "text" in mistake:
                mistake["text"] += f" {SECRET} wrong"
        if "accept" in question:
            question["accept"] = [f"{text} {SECRET}" for text in question["accept"]]
    return bank


@settings(deadline=None, max_examples=25)
@given(banks())
def test_any_bank_compiles_and_hides_its_answers(written: dict[str, Any]) -> None:
    bank = Bank.model_validate(with_secrets(written))
    places = published(bank)
    assert list(places) == list(bank.places)
    assert json.loads(json.dumps(places)) == places
    for languages in places.values():
        assert list(languages) == bank.languages
        for place in languages.values():
            for public in place["questions"]:
                open_part = {name: part for name, part in public.items() if name not in {"sealed", "keys"}}
                assert SECRET not in json.dumps(open_part).lower()
                assert ("sealed" in public) == ("keys" in public) == (bank.mode == "practice")
                if bank.mode == "practice":
                    assert SECRET.encode() not in base64.b64decode(public["sealed"]).lower()
                    assert SECRET not in json.dumps(public["keys"])
                for name in ("options", "left", "right"):
                    assert all(set(part) == {"id", "html"} for part in public.get(name, []))
                for name in ("answer", "accept", "tolerance", "mistakes", "snippet", "pattern", "match"):
                    assert name not in public
                if public["type"] in {"order", "match"}:
                    moved = public["options" if public["type"] == "order" else "right"]
                    assert [part["id"] for part in moved] == sorted(part["id"] for part in moved)


@settings(deadline=None, max_examples=25)
@given(banks())
def test_any_place_is_shown_without_javascript_as_sound_html(written: dict[str, Any]) -> None:
    for languages in published(Bank.model_validate(written)).values():
        for place in languages.values():
            widget = QuizQuestion(place)
            assert_well_formed(widget.fallback_html())
            assert json.loads(json.dumps(widget.public_state["place"])) == place
            for public in place["questions"]:
                for part in (
                    public,
                    *public.get("options", []),
                    *public.get("left", []),
                    *public.get("right", []),
                ):
                    assert_well_formed(part.get("html", part.get("prompt")))


@settings(deadline=None, max_examples=25)
@given(banks("practice"), st.data())
def test_the_verdict_is_what_the_grader_gives(written: dict[str, Any], data: st.DataObject) -> None:
    bank = Bank.model_validate(written)
    publisher = Publisher(bank, bank.language)
    for question in bank.questions:
        public = publisher.question(question)
        best = question.best_answer()
        check_value(public, best)
        assert judge(public, best).share == question.share(best) == 1
        value = data.draw(answers_to(public))
        check_value(public, value)
        verdict = judge(public, value)
        if verdict.share is None:
            assert public["open"]
        else:
            assert verdict.share == question.share(value)
        for reason in verdict.reasons:
            assert_well_formed(reason)


@settings(deadline=None, max_examples=25)
@given(banks(), json_values)
def test_what_is_no_answer_is_refused_with_advice(written: dict[str, Any], value: Any) -> None:
    bank = Bank.model_validate(written)
    for question in bank.questions:
        public = Publisher(bank, "en").question(question)
        try:
            check_value(public, value)
        except UnreadableAnswer as error:
            assert str(error)
            assert question.share(value) == 0
        else:
            judge(public, value)


@settings(deadline=None, max_examples=15)
@given(banks("exam"), st.data())
def test_of_an_exam_there_is_no_verdict(written: dict[str, Any], data: st.DataObject) -> None:
    bank = Bank.model_validate(written)
    for question in bank.questions:
        public = Publisher(bank, "en").question(question)
        assert judge(public, data.draw(answers_to(public))).share is None


@settings(deadline=None, max_examples=15)
@given(banks(), st.text(max_size=10))
def test_each_place_of_a_pool_draws_another_question(written: dict[str, Any], seed: str) -> None:
    bank = Bank.model_validate(written)
    publisher = Publisher(bank, "en")
    for pool in bank.pools:
        ids = [drawn(publisher.place(place), seed)["id"] for place in pool.places]
        assert len(set(ids)) == len(ids) == pool.draw
        assert set(ids) <= set(pool.questions)


@given(st.text(max_size=20), json_values)
def test_what_is_sealed_can_be_opened_again(name: str, content: Any) -> None:
    sealed = seal(name, content)
    assert json.dumps(unseal(name, sealed)) == json.dumps(json.loads(json.dumps(content)), sort_keys=True)


@given(texts)
def test_no_text_becomes_markup_of_its_own(text: str) -> None:
    assert_well_formed(to_html(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("**b** *i* `x<y`", "<strong>b</strong> <em>i</em> <code>x&lt;y</code>"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("![x](http://a.b/c.png)", "![x](http://a.b/c.png)"),
        ("one\n\ntwo", "<p>one</p>\n<p>two</p>"),
        ("$x$", "<math><mi>x</mi></math>"),
        (
            "| a |\n|:-:|\n| <b> |",
            '<table>\n<thead>\n<tr>\n<th style="text-align:center">a</th>\n</tr>\n</thead>\n'
            '<tbody>\n<tr>\n<td style="text-align:center">&lt;b&gt;</td>\n</tr>\n</tbody>\n</table>',
        ),
        ("costs \\$5 and \\$6", "costs $5 and $6"),
    ],
)
def test_markdown_and_what_it_may_not_do(text: str, shown: str) -> None:
    assert to_html(text) == shown


def test_a_formula_of_its_own_paragraph_is_set_as_a_block() -> None:
    assert '<math display="block">' in to_html("so:\n\n$$\\frac{a}{b}$$\n\nend")


@pytest.mark.parametrize("tex", [r"\nosuchcommand{x}", r"\frac{a}", r"\left( x", "x^"])
def test_unknown_tex_is_named(tex: str) -> None:
    with pytest.raises(CourseError, match=r"the formula .* (lacks a part|cannot be read|holds a command)"):
        to_mathml(tex)


def test_the_letters_of_a_text() -> None:
    assert to_plain("a **b** `x < y` $h_t$\n\n- c") == "a b x < y h_t\n\nc"


def _bank(**changes: Any) -> dict[str, Any]:
    options = [
        {"id": "a", "text": {"en": "yes", "de": "ja"}, "reason": "so", "correct": True},
        {"id": "b", "text": "no", "reason": "so"},
    ]
    question = {
        "id": "q",
        "type": "single",
        "objective": "it",
        "prompt": {"en": "why?", "de": "warum?"},
        "options": options,
    }
    head = {"version": 1, "language": "en", "chapter": "03_unrolling", "objectives": {"it": "do it"}}
    return {**head, "questions": [question], **changes}


def test_a_missing_translation_falls_back_on_the_banks_language() -> None:
    places = published(Bank.model_validate(_bank()))
    assert list(places["q"]) == ["en", "de"]
    german = places["q"]["de"]["questions"][0]
    assert german["prompt"] == "warum?"
    assert [option["html"] for option in german["options"]] == ["ja", "no"]
    assert german["language"] == "de"
    untranslated = Publisher(Bank.model_validate(_bank()), "fr").question(
        Bank.model_validate(_bank()).questions[0]
    )
    assert (untranslated["prompt"], untranslated["language"]) == ("why?", "en")


def test_a_formula_that_fails_is_named_with_its_question() -> None:
    written = _bank()
    written["questions"][0]["options"][1]["reason"] = r"$\frac{a}$"
    with pytest.raises(CourseError, match=r"03_unrolling\.yml, question q: the formula"):
        published(Bank.model_validate(written))


def test_the_package_carries_no_exam(tmp_path: Path) -> None:
    question = {**_bank()["questions"][0], "id": "secret-q"}
    for name, changes in {
        "03_unrolling": {},
        "04_vanishing_gradients": {
            "mode": "exam",
            "questions": [question],
            "chapter": "04_vanishing_gradients",
        },
    }.items():
        (tmp_path / f"{name}.yml").write_text(bank_yaml(_bank(**changes)), encoding="utf-8")
    write_questions(tmp_path, tmp_path / "new" / "quizzes.json")
    found = json.loads((tmp_path / "new" / "quizzes.json").read_text(encoding="utf-8"))
    assert list(found) == ["q"]
