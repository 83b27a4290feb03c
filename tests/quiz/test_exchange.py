"""Out to Moodle's XML and to GIFT, and in from GIFT: the same questions, as far as a format can hold them."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from strategies import banks

from course_utils.errors import CourseError
from course_utils.layout import Clone
from course_utils.quiz.bank import Bank, load_bank, read_bank
from course_utils.quiz.check import check_banks
from course_utils.quiz.exchange import export_bank, import_gift, import_gift_file, new_bank
from course_utils.quiz.publish import to_html, to_plain
from course_utils.quiz.questions import Match, Number, Output, Question, Several, Single, Text

BANK = r"""
version: 1
language: en
chapter: 03_unrolling
objectives: {carry: carry the state}
questions:
  - id: u-single
    type: single
    points: 2
    objective: carry
    tags: [state]
    prompt: "What is $h_t < \\frac{a}{b}$ at {time} = ~5: `a = {1: 2}` # here?\n\nSay.\n"
    options:
      - {id: a, text: "**old** & `x->y`", reason: "No: \\not."}
      - {id: b, text: "new = $\\tanh(W_h h_{t-1})$", correct: true, reason: "Yes #1."}
    hints: [Look.]
    explanation: "Because {so}."
    attempts: {decay: [1, 0.75]}
  - id: u-several
    type: several
    scoring: right-minus-wrong
    objective: carry
    prompt: Which?
    options:
      - {id: a, text: A, reason: ra, correct: true}
      - {id: b, text: B, reason: rb, correct: true}
      - {id: c, text: C, reason: rc, correct: true}
      - {id: d, text: D, reason: rd}
    shuffle: false
  - id: u-number
    type: number
    objective: carry
    prompt: How many?
    answer: 200
    tolerance: {absolute: 1, relative: 0.01}
    unit: nats
    mistakes:
      - {answer: 100, reason: Half.}
    reason: All.
    other: Count.
  - id: u-text
    type: text
    objective: carry
    prompt: Which argument?
    accept: ["return_sequences", "a*b=c"]
    mistakes:
      - {text: return_state, reason: One state.}
    reason: Each.
    other: Look.
  - id: u-match
    type: match
    objective: carry
    prompt: Which?
    left:
      - {id: f, text: "`f`", match: "1", reason: rf}
      - {id: i, text: "$i$", match: "2", reason: ri}
    right:
      - {id: "3", text: neither}
      - {id: "1", text: "**for**gets"}
      - {id: "2", text: lets in}
  - id: u-order
    type: order
    scoring: per-position
    objective: carry
    prompt: In which order?
    options:
      - {id: x, text: one, reason: r1}
      - {id: y, text: two, reason: r2}
      - {id: z, text: "`three`", reason: r3}
  - id: u-output
    type: output
    objective: carry
    prompt: What does it print?
    snippet: |
      for i in [1]:
          print(i < 2)
    mistakes:
      - {text: "False", reason: Compare.}
    reason: It is.
    other: Try.
  - id: u-lines
    type: output
    objective: carry
    prompt: What does it print?
    snippet: "print(1)\nprint(2)"
    reason: Two.
    other: Try.
"""


@pytest.fixture(scope="module")
def bank() -> Bank:
    return read_bank(BANK, "03_unrolling.yml")


@pytest.fixture(scope="module")
def moodle(bank: Bank) -> dict[str, ElementTree.Element]:
    """Moodle's questions by their names."""
    root = ElementTree.fromstring(export_bank(bank, "moodle").text)
    return {
        node.findtext("name/text", ""): node
        for node in root.findall("question")
        if node.get("type") != "category"
    }


def answers(node: ElementTree.Element) -> list[tuple[str | None, str, str]]:
    return [
        (each.get("fraction"), each.findtext("text", ""), each.findtext("feedback/text", ""))
        for each in node.findall("answer")
    ]


def test_every_question_but_one_fits_in_moodles_xml(
    bank: Bank, moodle: dict[str, ElementTree.Element]
) -> None:
    kinds = {name: node.get("type") for name, node in moodle.items()}
    assert kinds == {
        "u-single": "multichoice",
        "u-several": "multichoice",
        "u-number": "numerical",
        "u-text": "shortanswer",
        "u-match": "matching",
        "u-order": "ordering",
        "u-output": "shortanswer",
    }
    told = export_bank(bank, "moodle").told
    assert told == {"left out: its program prints several lines, and a short answer has one": ["u-lines"]}


def test_moodle_gets_the_html_with_its_tex(moodle: dict[str, ElementTree.Element], bank: Bank) -> None:
    node = moodle["u-single"]
    text = node.findtext("questiontext/text", "")
    assert node.find("questiontext").get("format") == "html"  # type: ignore[union-attr]
    assert r"What is \(h_t &lt; \frac{a}{b}\) at {time}" in text
    assert "<code>a = {1: 2}</code>" in text
    assert answers(node) == [
        ("0", "<strong>old</strong> &amp; <code>x-&gt;y</code>", r"No: \not."),
        ("100", r"new = \(\tanh(W_h h_{t-1})\)", "Yes #1."),
    ]
    assert node.findtext("generalfeedback/text") == "Because {so}."
    assert node.findtext("hint/text") == "Look."
    assert [tag.text for tag in node.findall("tags/tag/text")] == ["carry", "state"]
    assert (node.findtext("defaultgrade"), node.findtext("penalty")) == ("2", "0.2500000")
    assert (node.findtext("single"), node.findtext("shuffleanswers"), node.findtext("hidden")) == (
        "true",
        "true",
        "0",
    )
    assert "<![CDATA[" in export_bank(bank, "moodle").text


def test_moodles_weights_of_several_choices(moodle: dict[str, ElementTree.Element]) -> None:
    node = moodle["u-several"]
    assert (node.findtext("single"), node.findtext("shuffleanswers")) == ("false", "false")
    assert [weight for weight, *_ in answers(node)] == ["33.33333", "33.33333", "33.33333", "-33.33333"]


def test_moodles_numbers_have_tolerance_and_unit(moodle: dict[str, ElementTree.Element]) -> None:
    node = moodle["u-number"]
    assert answers(node) == [("100", "200", "All."), ("0", "100", "Half."), ("0", "*", "Count.")]
    assert [each.text for each in node.findall("answer/tolerance")] == ["2", "1", "0"]
    assert node.findtext("units/unit/unit_name") == "nats"


def test_moodles_short_answers_take_a_star_as_it_is(moodle: dict[str, ElementTree.Element]) -> None:
    assert answers(moodle["u-text"]) == [
        ("100", "return_sequences", "Each."),
        ("100", r"a\*b=c", "Each."),
        ("0", "return_state", "One state."),
        ("0", "*", "Look."),
    ]
    assert moodle["u-text"].findtext("usecase") == "0"
    output = moodle["u-output"]
    assert answers(output) == [("100", "True", "It is."), ("0", "False", "Compare."), ("0", "*", "Try.")]
    assert output.findtext("usecase") == "1"
    assert "print(i &lt; 2)" in output.findtext("questiontext/text", "")


def test_moodles_pairs_and_what_matches_nothing(moodle: dict[str, ElementTree.Element]) -> None:
    pairs = [
        (each.findtext("text"), each.findtext("answer/text"))
        for each in moodle["u-match"].findall("subquestion")
    ]
    assert pairs == [("<code>f</code>", "forgets"), (r"\(i\)", "lets in"), ("", "neither")]
    assert "<li><code>f</code>: rf</li>" in moodle["u-match"].findtext("generalfeedback/text", "")


def test_moodles_ordering(moodle: dict[str, ElementTree.Element]) -> None:
    node = moodle["u-order"]
    assert [(weight, text) for weight, text, _ in answers(node)] == [
        ("1.0000000", "one"),
        ("2.0000000", "two"),
        ("3.0000000", "<code>three</code>"),
    ]
    assert (node.findtext("gradingtype"), node.findtext("selecttype")) == ("ABSOLUTE_POSITION", "ALL")
    assert node.findtext("selectcount") == "3"


def test_gift_is_escaped_as_moodle_reads_it(bank: Bank) -> None:
    done = export_bank(bank, "gift")
    block = next(each for each in done.text.split("\n\n") if each.startswith("::u-single::"))
    assert block.splitlines()[1:] == [
        r"	~**old** & `x->y`#No\: \\not.",
        r"	=new \= \\\\(\\\\tanh(W\\_h h\\_\{t-1\})\\\\)#Yes \#1.",
        r"	####Because \{so\}.",
        "}",
    ]
    assert block.splitlines()[0] == (
        r"::u-single::[markdown]What is \\\\(h\\_t &lt; \\\\frac\{a\}\{b\}\\\\) at \{time\} \= \~5\: "
        r"`a \= \{1\: 2\}` \# here?\n\nSay.{"
    )
    assert "\n=%100%200:2#All.\n=%0%100:1#Half.\n~#Count.\n" in done.text.replace("\t", "").replace(
        ":2.0#", ":2#"
    )
    assert "~%33.33333%A#ra" in done.text and "~%-33.33333%D#rd" in done.text
    assert r"=%100%a\\*b\=c#Each." in done.text
    assert "=`f` -> forgets\n" in done.text and "= -> neither\n" in done.text
    assert done.told["left out: GIFT has no ordering; Moodle's XML does"] == ["u-order"]
    assert done.questions == 6


def same(written: Question, back: Question, bank: Bank, language: str) -> None:
    """Fails where a question is not what it was, save for what GIFT cannot hold."""

    def words(text: Any) -> str:
        return bank.words(text, language).strip()

    if isinstance(written, Output):
        assert isinstance(back, Text)
        assert back.accept == (written.best_answer().strip(),)
        assert back.prompt.endswith(f"```python\n{written.snippet.strip()}\n```")  # type: ignore[union-attr]
    else:
        assert type(back) is type(written)
        assert back.prompt == words(written.prompt)
    if written.explanation is not None:
        assert back.explanation == words(written.explanation)
    match written:
        case Single() | Several():
            assert isinstance(back, Single | Several)
            was = [(words(each.text), words(each.reason), each.correct) for each in written.options]
            assert [(each.text, each.reason, each.correct) for each in back.options] == was
            if isinstance(written, Several) and isinstance(back, Several) and len(written.best_answer()) > 1:
                assert (back.scoring == "all-or-nothing") == (written.scoring == "all-or-nothing")
        case Number():
            assert isinstance(back, Number)
            assert (back.answer, back.unit, back.reason, back.other) == (
                written.answer,
                written.unit,
                words(written.reason),
                words(written.other),
            )
            expected = max(written.tolerance.absolute, written.tolerance.relative * abs(written.answer))
            assert back.tolerance.absolute == pytest.approx(expected, rel=1e-12)
            assert [each.answer for each in back.mistakes] == [each.answer for each in written.mistakes]
        case Text() | Output():
            assert isinstance(back, Text)
            assert (back.reason, back.other) == (words(written.reason), words(written.other))
            if isinstance(written, Text):
                assert back.accept == tuple(text.strip() for text in written.accept)
            assert [each.reason for each in back.mistakes] == [
                words(each.reason) for each in written.mistakes
            ]
        case Match():
            assert isinstance(back, Match)
            rights = {each.id: to_plain(words(each.text)) for each in written.right}
            again = {each.id: to_plain(str(each.text)) for each in back.right}
            assert [each.text for each in back.left] == [words(each.text) for each in written.left]
            assert [again[each.match] for each in back.left] == [rights[each.match] for each in written.left]
            assert set(again.values()) == set(rights.values())
        case _:
            raise AssertionError(f"{written.type} came back")


def test_out_to_gift_and_in_again(bank: Bank) -> None:
    done = export_bank(bank, "gift")
    back = read_bank(import_gift(done.text, "03_unrolling").text, "03_unrolling.yml")
    assert [question.id for question in back.questions] == [
        "u-single",
        "u-several",
        "u-number",
        "u-text",
        "u-match",
        "u-output",
    ]
    for question in back.questions:
        same(bank.question(question.id), question, bank, "en")


def test_all_banks_of_the_course_go_out_and_come_in(clone: Clone) -> None:
    files = sorted(clone.quizzes.glob("*.yml"))
    assert files
    for file in files:
        bank = load_bank(file)
        ElementTree.fromstring(export_bank(bank, "moodle").text)
        done = export_bank(bank, "gift")
        again = import_gift(done.text, bank.chapter)
        back = read_bank(again.text, file.name)
        assert again.told == {}
        assert len(back.questions) == done.questions >= len(bank.questions) - 3
        for question in back.questions:
            same(bank.question(question.id), question, bank, bank.language)


@settings(deadline=None, max_examples=40)
@given(banks())
def test_any_bank_goes_out_as_sound_xml_and_gift(written: dict[str, Any]) -> None:
    bank = Bank.model_validate(written)
    for language in bank.languages:
        done = export_bank(bank, "moodle", language)
        root = ElementTree.fromstring(done.text)
        nodes = [each for each in root if each.get("type") != "category"]
        left_out = sum(len(ids) for note, ids in done.told.items() if note.startswith("left out"))
        assert len(nodes) == done.questions == len(bank.questions) - left_out
        for node in nodes:
            question = bank.question(node.findtext("name/text", ""))
            shown = html.unescape(re.sub(r"<[^>]*>", "", node.findtext("questiontext/text", "")))
            if not isinstance(question, Output) and "$" not in bank.words(question.prompt, language):
                assert shown.strip() == to_plain(bank.words(question.prompt, language))

        gift = export_bank(bank, "gift", language)
        blocks = gift.text.strip().split("\n\n")
        assert len(blocks) == gift.questions + 1
        for block in blocks[1:]:
            # What Moodle looks for: one pair of braces that no backslash stands before.
            bare = re.sub(r"\\.", "", block)
            assert bare.count("{") == bare.count("}") == 1


READ = [
    ("::T 1:: Is it so? {T}", "single", {"id": "t-1", "prompt": "Is it so?"}),
    ("Is it so? {FALSE#no it is not#indeed}", "single", {"best": "b"}),
    ("Who? {~a =b ~c}", "single", {"best": "b", "texts": ["a", "b", "c"]}),
    (
        "Grant is {~buried =entombed ~living} in a tomb.",
        "single",
        {"prompt": r"Grant is \_\_\_\_\_ in a tomb."},
    ),
    (
        "Who?{\n  ~%50%a # half\n  ~%50%b\n  ~%-50%c\n}",
        "several",
        {"best": ["a", "b"], "scoring": "right-minus-wrong"},
    ),
    ("Who?{~%50%a ~%50%b ~%-100%c}", "several", {"best": ["a", "b"], "scoring": "all-or-nothing"}),
    ("When? {#1822:5}", "number", {"answer": 1822, "tolerance": 5}),
    ("How much? {#1..5}", "number", {"answer": 3, "tolerance": 2}),
    (
        "When? {#\n =1822:0 # yes\n =%50%1900:2 # near\n ~# no}",
        "number",
        {"answer": 1822, "reason": "yes", "other": "no"},
    ),
    ("Two plus two? {=four =4 =%0%five#count}", "text", {"accept": ("four", "4")}),
    ("Pairs? {=a -> 1 =b -> 2 = -> 3}", "match", {"rights": ["1", "2", "3"]}),
    (
        r"Escapes \{ \} \= \~ \# \: \\ {=x\=y}",
        "text",
        {"prompt": "Escapes { } = ~ # : \\\\", "accept": ("x=y",)},
    ),
    (
        "[html]<p>One <b>bold</b> &lt; <code>a_b</code></p><ul><li>x</li></ul>{T}",
        "single",
        {"prompt": "One **bold** \\< `a_b`\n\n- x"},
    ),
    ("[plain]2*3*4 costs $5 {#24}", "number", {"prompt": r"2\*3\*4 costs \$5", "answer": 24}),
    (r"[moodle]So \\(x_t\\) and $$y$$ {#1}", "number", {"prompt": "So $x_t$ and $$y$$"}),
    ("// a comment\n// two\nWhat? {=this####In general.}", "text", {"explanation": "In general."}),
    ("\ufeffWhat? {=this}", "text", {"accept": ("this",)}),
    ("What is this, in words that go on?\n{=it}", "text", {"id": "what-is-this-in-words-that-go-on"}),
]


@pytest.mark.parametrize(("gift", "kind", "expected"), READ)
def test_gift_is_read(gift: str, kind: str, expected: dict[str, Any]) -> None:
    done = import_gift(gift, "03_unrolling")
    (question,) = read_bank(done.text, "03_unrolling.yml").questions
    assert question.type == kind
    for name, value in expected.items():
        if name == "best":
            assert question.best_answer() == value
        elif name == "texts":
            assert isinstance(question, Single)
            assert [option.text for option in question.options] == value
        elif name == "rights":
            assert isinstance(question, Match)
            assert [right.text for right in question.right] == value
        elif name == "tolerance":
            assert isinstance(question, Number)
            assert question.tolerance.absolute == value
        else:
            assert getattr(question, name) == value, name


UNREAD = [
    ("What do you think? {}", "an essay"),
    ("Read this first.", "a description"),
    ("What? {=a", "one of { and } is missing"),
    ("What? =a}", "one of { and } is missing"),
    ("{=a}", "there is no text before its answers"),
    ("What? {~a ~b}", "no option is marked correct"),
    ("What? {=a =b ~c}", "2 options are marked correct"),
    ("What? {#many}", "'many' is no number"),
    ("What? {=%0%a}", "no answer is right"),
    ("What? {=a -> 1 =b}", "'b' has no `->`"),
    ("What? {=one} and {=two}", "more than one { }"),
    ("What? {=wild*}", "no answer is right"),
]


@pytest.mark.parametrize(("gift", "told"), UNREAD)
def test_what_cannot_be_read_is_named_with_its_line(gift: str, told: str) -> None:
    text = f"// first\n\nGood? {{T}}\n\n// a comment\n{gift}\n"
    done = import_gift(text, "03_unrolling")
    assert done.questions == 1
    (note,) = (note for note in done.told if note.startswith("left out"))
    assert told in note and done.told[note] == ["line 6"]
    with pytest.raises(CourseError, match="no question could be read: line 1: left out: "):
        import_gift(gift, "03_unrolling")


@pytest.mark.parametrize(
    ("gift", "told"),
    [
        ("Who? {=a ~%50%b ~c}", "50 % for 'b' is left out"),
        ("Who? {=a =w*ld}", "'w*ld' is left out"),
        ("Who? {#=1 =2}", "2 is left out: one number is right here"),
        ("Who? {#=1822:0 =%50%1822:2}", "50 % for 1822 is left out"),
        ("Who? {=a =%40%b}", "40 % for 'b' is left out"),
        ("Who? {~%70%a ~%30%b ~c}", "its weights become right-minus-wrong"),
    ],
)
def test_what_changes_on_the_way_in_is_told(gift: str, told: str) -> None:
    done = import_gift(gift, "03_unrolling")
    assert done.questions == 1
    assert [note.startswith(told) for note in done.told] == [True], done.told


def test_what_gift_lacks_is_to_be_written_and_check_says_so(tmp_path: Path) -> None:
    (tmp_path / "in.gift").write_text("Who? {~a =b ~c}\n\nWho? {=x}\n", encoding="utf-8")
    file = tmp_path / "03_unrolling.yml"
    assert import_gift_file(tmp_path / "in.gift", file).questions == 2
    assert [question.id for question in load_bank(file).questions] == ["who", "who-2"]
    (checked,) = check_banks([file], snippets=False)
    todo = [finding for finding in checked.findings if finding.text == "it is still to be written"]
    assert len(todo) == 1 + 3 + 2  # the objective, three options, one short answer with two reasons
    assert len({finding.line for finding in todo}) == 6


def test_files_that_cannot_be_exchanged(tmp_path: Path, bank: Bank) -> None:
    (tmp_path / "in.gift").write_bytes(b"Wer? {=\xe4}")
    with pytest.raises(CourseError, match="is not UTF-8"):
        import_gift_file(tmp_path / "in.gift", tmp_path / "03_unrolling.yml")
    with pytest.raises(CourseError, match="cannot be read: No such file"):
        import_gift_file(tmp_path / "none.gift", tmp_path / "03_unrolling.yml")
    with pytest.raises(CourseError, match="a bank is called as its chapter"):
        import_gift_file(tmp_path / "in.gift", tmp_path / "My Bank.yml")
    (tmp_path / "04_there.yml").touch()
    with pytest.raises(CourseError, match="is there already"):
        import_gift_file(tmp_path / "in.gift", tmp_path / "04_there.yml")
    with pytest.raises(CourseError, match="has no question in 'fr'; it has en"):
        export_bank(bank, "gift", "fr")


def test_a_new_bank_can_be_read_and_has_everything_to_do(tmp_path: Path) -> None:
    file = tmp_path / "03_unrolling.yml"
    file.write_text(new_bank("03_unrolling"), encoding="utf-8")
    assert load_bank(file).questions[0].id == "unrolling-first"
    (checked,) = check_banks([file])
    assert {finding.text for finding in checked.findings} == {"it is still to be written"}


def test_html_of_an_import_shows_the_same(bank: Bank) -> None:
    for written, shown in (("1. a # b", "1. a # b"), ("- a\n+ b", "- a\n+ b"), ("0.25 - 1", "0.25 - 1")):
        (question,) = read_bank(
            import_gift(f"[plain]{written.replace('#', chr(92) + '#')} {{T}}", "03_x").text, "x"
        ).questions
        assert isinstance(question.prompt, str)
        assert to_html(question.prompt) == shown
    (question,) = read_bank(import_gift("[html]a <i>b</i> &amp; c_d {T}", "03_x").text, "03_x.yml").questions
    assert isinstance(question.prompt, str)
    assert to_html(question.prompt) == "a <em>b</em> &amp; c_d"


def test_characters_that_no_xml_may_hold_are_left_out() -> None:
    text = BANK.replace('accept: ["return_sequences"', 'accept: ["re\\x07\\ufdd1turn"').replace(
        "prompt: Which?", 'prompt: "W\\x1bhy?"'
    )
    bank = read_bank(text, "03_unrolling.yml")
    root = ElementTree.fromstring(export_bank(bank, "moodle").text)
    assert "Why?" in [node.text for node in root.iter("text")]
    assert "return" in [node.text for node in root.iter("text")]
