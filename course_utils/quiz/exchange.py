"""Questions out to Moodle's XML and to GIFT, and in from GIFT.

Neither format holds all that a bank does. What does not fit is left out or comes as near as it can, and is told.
"""

from __future__ import annotations

import html
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal, TypeAlias
from xml.etree import ElementTree

import yaml
from pydantic import TypeAdapter, ValidationError

from course_utils.errors import CourseError
from course_utils.quiz.bank import Bank, read_bank
from course_utils.quiz.publish import to_html, to_plain
from course_utils.quiz.questions import (
    Match,
    Number,
    Order,
    Output,
    Question,
    Several,
    Single,
    Text,
    Words,
)

Format: TypeAlias = Literal["moodle", "gift"]
EDITORS_LINE = "# yaml-language-server: $schema=bank.schema.json"
"""The first line of a bank: editors then know its keys."""
_UNIT = "Unit: "


@dataclass
class Exchanged:
    """What came out, and what could not come along."""

    text: str
    questions: int
    told: dict[str, list[str]] = field(default_factory=dict)
    """What was left out or changed, and of which questions."""

    def tell(self, note: str, whose: str) -> None:
        """Add a note about one question."""
        self.told.setdefault(note, []).append(whose)


def export_bank(bank: Bank, to: Format, language: str | None = None) -> Exchanged:
    """A bank for another system.

    Args:
        bank: whose questions.
        to: `moodle` (its XML; ordering needs Moodle 4.4) or `gift`.
        language: of the texts, where a question has it; else the bank's.

    Raises:
        CourseError: for a language that the bank has not, or a program of an `output` question that fails.
    """
    language = language or bank.language
    if language not in bank.languages:
        raise CourseError(
            f"{bank.chapter}.yml has no question in {language!r}; it has {', '.join(bank.languages)}"
        )
    writer = _MoodleWriter(bank, language) if to == "moodle" else _GiftWriter(bank, language)
    return writer.write()


def _answers_of(question: Text | Output) -> tuple[list[str], list[tuple[str, Words]]]:
    """What is right, and what is wrong with its reason, for a short answer."""
    accepted = [question.best_answer()] if isinstance(question, Output) else [*question.accept]
    return accepted, [(mistake.text, mistake.reason) for mistake in question.mistakes]


def _unmatched(question: Match) -> list[str]:
    matched = {left.match for left in question.left}
    return [right.id for right in question.right if right.id not in matched]


def _digits(number: float) -> str:
    return repr(number).removesuffix(".0")


def _weights(question: Several) -> tuple[float, float]:
    """Per cent of a right option and of a wrong one: what Moodle adds up."""
    right = 100 / len(question.best_answer())
    return right, -100.0 if question.scoring == "all-or-nothing" else -right


def _percent(weight: float) -> str:
    return f"{weight:.5f}".rstrip("0").rstrip(".")


def _prompt(bank: Bank, question: Question, language: str) -> str:
    text = bank.words(question.prompt, language).strip()
    if isinstance(question, Output):
        fence = "```"
        while fence in question.snippet:
            fence += "`"
        text += f"\n\n{fence}python\n{question.snippet.strip()}\n{fence}"
    return text


def _short_answer_problem(bank: Bank, question: Question) -> str | None:
    """Why a question cannot be one of Moodle's short answers."""
    if isinstance(question, Output) and "\n" in question.best_answer():
        return "its program prints several lines, and a short answer has one"
    return None


def _common_notes(question: Question) -> Iterator[str]:
    if (
        isinstance(question, Several)
        and question.scoring != "right-minus-wrong"
        and len(question.best_answer()) > 1
    ):
        yield f"{question.scoring} becomes points for each right option and minus points for each wrong one"
    if isinstance(question, Text) and question.pattern is not None:
        yield "its pattern is left out; only the accepted texts count"
    if isinstance(question, Text) and question.ignore_spaces:
        yield "in Moodle, spaces inside the answer count"
    if question.attempts.most is not None:
        yield "in Moodle, the number of attempts is set for a whole quiz"


class _MoodleWriter:
    def __init__(self, bank: Bank, language: str) -> None:
        self.bank = bank
        self.language = language

    def _source(self, words: Words) -> str:
        return self.bank.words(words, self.language)

    def _html(self, words: Words) -> str:
        return to_html(self._source(words), _for_mathjax)

    def write(self) -> Exchanged:
        quiz = ElementTree.Element("quiz")
        category = ElementTree.SubElement(quiz, "question", type="category")
        _text(ElementTree.SubElement(category, "category"), f"$course$/top/{self.bank.chapter}")
        done = Exchanged("", 0)
        for question in self.bank.questions:
            problem = _short_answer_problem(self.bank, question)
            if problem:
                done.tell(f"left out: {problem}", question.id)
                continue
            for note in _common_notes(question):
                done.tell(note, question.id)
            quiz.append(self._question(question))
            done.questions += 1
        ElementTree.indent(quiz)
        body = ElementTree.tostring(quiz, encoding="unicode")
        # Moodle writes its HTML in CDATA sections, and so it can be read.
        body = _CDATA.sub(lambda found: "<![CDATA[" + html.unescape(found[1]) + "]]>", body)
        done.text = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'
        return done

    def _question(self, question: Question) -> ElementTree.Element:
        kinds = {
            "single": "multichoice",
            "several": "multichoice",
            "number": "numerical",
            "order": "ordering",
        }
        kind = kinds.get(question.type, "matching" if question.type == "match" else "shortanswer")
        node = ElementTree.Element("question", type=kind)
        _text(ElementTree.SubElement(node, "name"), question.id)
        _html_text(node, "questiontext", to_html(_prompt(self.bank, question, self.language), _for_mathjax))
        _html_text(node, "generalfeedback", self._general_feedback(question))
        _leaf(node, "defaultgrade", f"{question.points:g}")
        decay = question.attempts.decay
        _leaf(node, "penalty", f"{max(0.0, decay[0] - decay[1]) if len(decay) > 1 else 0:.7f}")
        _leaf(node, "hidden", "0")
        _leaf(node, "idnumber", question.id)
        match question:
            case Single() | Several():
                self._choice(node, question)
            case Number():
                self._number(node, question)
            case Text() | Output():
                self._short_answer(node, question)
            case Match():
                self._match(node, question)
            case Order():
                self._order(node, question)
        for hint in question.hints:
            _html_text(node, "hint", self._html(hint))
        tags = ElementTree.SubElement(node, "tags")
        for tag in (question.objective, *question.tags):
            _text(ElementTree.SubElement(tags, "tag"), tag)
        return node

    def _general_feedback(self, question: Question) -> str:
        parts = [self._html(question.explanation)] if question.explanation is not None else []
        reasons: list[tuple[Words, Words]] = []
        if isinstance(question, Order):
            reasons = [(each.text, each.reason) for each in question.options]
        elif isinstance(question, Match):
            reasons = [(each.text, each.reason) for each in question.left]
        if reasons:  # there is no other place for them
            items = (f"<li>{self._html(text)}: {self._html(reason)}</li>" for text, reason in reasons)
            parts.append(f"<ul>{''.join(items)}</ul>")
        return "\n".join(parts)

    def _choice(self, node: ElementTree.Element, question: Single | Several) -> None:
        right, wrong = (100.0, 0.0) if isinstance(question, Single) else _weights(question)
        _leaf(node, "single", "true" if isinstance(question, Single) else "false")
        _leaf(node, "shuffleanswers", "true" if question.shuffle else "false")
        _leaf(node, "answernumbering", "abc")
        for option in question.options:
            answer = _html_text(node, "answer", self._html(option.text))
            answer.set("fraction", _percent(right if option.correct else wrong))
            _html_text(answer, "feedback", self._html(option.reason))

    def _number(self, node: ElementTree.Element, question: Number) -> None:
        for number, reason, percent in (
            (question.answer, question.reason, "100"),
            *((each.answer, each.reason, "0") for each in question.mistakes),
        ):
            answer = self._answer(node, _digits(number), percent, reason)
            _leaf(answer, "tolerance", _digits(_tolerance(question, number)))
        _leaf(self._answer(node, "*", "0", question.other), "tolerance", "0")
        if question.unit:
            unit = ElementTree.SubElement(ElementTree.SubElement(node, "units"), "unit")
            _leaf(unit, "multiplier", "1")
            _leaf(unit, "unit_name", question.unit)
            _leaf(node, "unitgradingtype", "0")
            _leaf(node, "showunits", "0")  # it may be written, and need not be

    def _short_answer(self, node: ElementTree.Element, question: Text | Output) -> None:
        exactly = isinstance(question, Output) or question.case_sensitive
        _leaf(node, "usecase", "1" if exactly else "0")
        accepted, mistakes = _answers_of(question)
        for text in accepted:
            self._answer(node, text.replace("*", "\\*"), "100", question.reason)
        for text, reason in mistakes:
            self._answer(node, text.replace("*", "\\*"), "0", reason)
        self._answer(node, "*", "0", question.other)

    def _answer(
        self, node: ElementTree.Element, text: str, percent: str, reason: Words
    ) -> ElementTree.Element:
        answer = ElementTree.SubElement(node, "answer", fraction=percent, format="plain_text")
        _text(answer, text)
        _html_text(answer, "feedback", self._html(reason))
        return answer

    def _match(self, node: ElementTree.Element, question: Match) -> None:
        _leaf(node, "shuffleanswers", "true")
        rights = {right.id: to_plain(self._source(right.text)) for right in question.right}
        for left in question.left:
            pair = _html_text(node, "subquestion", self._html(left.text))
            _text(ElementTree.SubElement(pair, "answer"), rights[left.match])
        for name in _unmatched(question):
            pair = _html_text(node, "subquestion", "")
            _text(ElementTree.SubElement(pair, "answer"), rights[name])

    def _order(self, node: ElementTree.Element, question: Order) -> None:
        _leaf(node, "layouttype", "VERTICAL")
        _leaf(node, "selecttype", "ALL")
        _leaf(node, "selectcount", str(len(question.options)))
        by_place = question.scoring == "per-position"
        _leaf(node, "gradingtype", "ABSOLUTE_POSITION" if by_place else "ALL_OR_NOTHING")
        _leaf(node, "showgrading", "SHOW")
        for place, option in enumerate(question.options, 1):
            answer = _html_text(node, "answer", self._html(option.text))
            answer.set("fraction", f"{place:.7f}")


def _tolerance(question: Number, number: float) -> float:
    return max(question.tolerance.absolute, question.tolerance.relative * abs(number))


def _for_mathjax(tex: str, *, display: bool = False) -> str:
    written = html.escape(tex, quote=False)
    return rf"\[{written}\]" if display else rf"\({written}\)"


# What is HTML is marked on its way through the XML writer by two characters that stand for none.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_CDATA = re.compile(f"{_OPEN}(.*?){_CLOSE}", re.DOTALL)
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("", text)


def _leaf(node: ElementTree.Element, name: str, text: str) -> ElementTree.Element:
    leaf = ElementTree.SubElement(node, name)
    leaf.text = _clean(text)
    return leaf


def _text(node: ElementTree.Element, text: str) -> None:
    _leaf(node, "text", text)


def _html_text(node: ElementTree.Element, name: str, written: str) -> ElementTree.Element:
    made = ElementTree.SubElement(node, name, format="html")
    inside = _clean(written)  # without "]]>", which would end the section: in HTML it is "]]&gt;"
    _leaf(made, "text", "").text = f"{_OPEN}{inside}{_CLOSE}" if inside else ""
    return made


# -- GIFT -------------------------------------------------------------------------------------------------------------

_CONTROL = ":#={}~"
# An escaped character on its way: no text that was read from a file holds half of a character.
_HIDE = {letter: chr(0xDC00 + ord(letter)) for letter in _CONTROL + "\\\n"}
_SHOW = str.maketrans({hidden: letter for letter, hidden in _HIDE.items()})


class _GiftWriter:
    def __init__(self, bank: Bank, language: str) -> None:
        self.bank = bank
        self.language = language

    def write(self) -> Exchanged:
        done = Exchanged("", 0)
        blocks = [f"$CATEGORY: $course$/top/{self.bank.chapter}"]
        for question in self.bank.questions:
            problem = _short_answer_problem(self.bank, question) or self._problem(question)
            if problem:
                done.tell(f"left out: {problem}", question.id)
                continue
            for note in (*_common_notes(question), *self._notes(question)):
                done.tell(note, question.id)
            blocks.append(self._question(question))
            done.questions += 1
        done.text = "\n\n".join(blocks) + "\n"
        return done

    def _problem(self, question: Question) -> str | None:
        """Why a question cannot be said in GIFT."""
        if isinstance(question, Order):
            return "GIFT has no ordering; Moodle's XML does"
        arrow = "GIFT reads `->` as matching, and knows no way to write it; Moodle's XML does"
        if isinstance(question, Match) and any("->" in self._md(each.text) for each in question.left):
            return arrow
        if isinstance(question, Text | Output):
            accepted, mistakes = _answers_of(question)
            reasons = [question.reason, question.other, *(reason for _, reason in mistakes)]
            if any(
                "->" in each for each in (*accepted, *(text for text, _ in mistakes), *map(self._md, reasons))
            ):
                return arrow
        return None

    def _notes(self, question: Question) -> Iterator[str]:
        if question.hints:
            yield "GIFT has no hints"
        if isinstance(question, Match) or (isinstance(question, Text) and question.case_sensitive):
            yield (
                "GIFT has no reasons for pairs"
                if isinstance(question, Match)
                else "GIFT ignores small and capital"
            )

    def _md(self, words: Words) -> str:
        return _to_moodles_markdown(self.bank.words(words, self.language).strip())

    def _question(self, question: Question) -> str:
        prompt = _to_moodles_markdown(_prompt(self.bank, question, self.language))
        if isinstance(question, Number) and question.unit:
            prompt += f"\n\n{_UNIT}{question.unit}"
        numeric = "#" if isinstance(question, Number) else ""
        lines = [f"::{_escaped(question.id)}::[markdown]{_escaped(prompt)}{{{numeric}"]
        lines += [f"\t{line}" for line in self._answers(question)]
        if question.explanation is not None:
            lines.append(f"\t####{_escaped(self._md(question.explanation))}")
        return "\n".join([*lines, "}"])

    def _answers(self, question: Question) -> Iterator[str]:
        match question:
            case Single():
                for option in question.options:
                    yield f"{'=' if option.correct else '~'}{self._told(self._md(option.text), option.reason)}"
            case Several():
                right, wrong = _weights(question)
                for option in question.options:
                    weight = _percent(right if option.correct else wrong)
                    yield f"~%{weight}%{self._told(self._md(option.text), option.reason)}"
            case Number():
                for number, reason, percent in (
                    (question.answer, question.reason, 100),
                    *((each.answer, each.reason, 0) for each in question.mistakes),
                ):
                    within = f"{_digits(number)}:{_digits(_tolerance(question, number))}"
                    yield f"=%{percent}%{within}#{_escaped(self._md(reason))}"
                yield f"~#{_escaped(self._md(question.other))}"
            case Text() | Output():
                accepted, mistakes = _answers_of(question)
                for text in accepted:
                    yield f"=%100%{self._told(_starred(text), question.reason)}"
                for text, reason in mistakes:
                    yield f"=%0%{self._told(_starred(text), reason)}"
                yield f"=%0%*#{_escaped(self._md(question.other))}"
            case Match():
                rights = {
                    right.id: to_plain(self.bank.words(right.text, self.language)) for right in question.right
                }
                for left in question.left:
                    yield f"={_escaped(self._md(left.text))} -> {_escaped(rights[left.match])}"
                for name in _unmatched(question):
                    yield f"= -> {_escaped(rights[name])}"
            case _:
                raise TypeError(f"{question.type} cannot be said in GIFT")

    def _told(self, text: str, reason: Words) -> str:
        return f"{_escaped(text)}#{_escaped(self._md(reason))}"


def _starred(text: str) -> str:
    return text.replace("*", "\\*")  # alone it stands for any letters


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\")
    for letter in _CONTROL:
        text = text.replace(letter, "\\" + letter)
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


_FORMULA = re.compile(r"(?<!\\)(\${1,2})(?=\S)(.+?)(?<=\S)(?<!\\)\1|\\\$", re.DOTALL)
_CODE = re.compile(
    r"(?:^[ \t]*(?P<fence>`{3,}|~{3,}).*?^[ \t]*(?P=fence)[ \t]*$)|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)
_MARKS = r"([\\`*_\[\]])"
"""What Moodle's Markdown would take for its own, and shows where a backslash stands before it."""
_MATHJAX = re.compile(r"\\\\(\(|\[)((?:\\.|[^\\])+?)\\\\[)\]]|(\$\$.+?\$\$)|\$", re.DOTALL)


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """A text in Markdown in which something is changed, save in its code."""
    parts, at = [], 0
    for code in _CODE.finditer(text):
        parts += [change(text[at : code.start()]), code[0]]
        at = code.end()
    return "".join([*parts, change(text[at:])])


def _to_moodles_markdown(text: str) -> str:
    r"""Formulas as `\\( … \\)`: what is between the dollars is no Markdown here, and is some in Moodle."""

    def formula(found: re.Match[str]) -> str:
        if not found[1]:
            return "$"
        written = re.sub(_MARKS, r"\\\1", html.escape(found[2], quote=False))
        return rf"\\[{written}\\]" if found[1] == "$$" else rf"\\({written}\\)"

    return _outside_code(text, lambda part: _FORMULA.sub(formula, part))


def _from_moodles_markdown(text: str) -> str:
    def formula(found: re.Match[str]) -> str:
        if not found[1]:
            return found[3] or "\\$"
        mark = "$$" if found[1] == "[" else "$"
        return mark + html.unescape(re.sub(rf"\\{_MARKS}", r"\1", found[2])).strip() + mark

    return _outside_code(text, lambda part: _MATHJAX.sub(formula, part))


TODO = "TODO: say why."


def import_gift(text: str, chapter: str, language: str = "en") -> Exchanged:
    """A bank from a GIFT file.

    Args:
        text: of the file.
        chapter: whose bank it becomes.
        language: of its questions.

    Returns:
        the bank's YAML. What GIFT does not have, such as reasons, says TODO in it, and `course quiz check` finds it.

    Raises:
        CourseError: where no question can be read, with the first reason.
    """
    done = Exchanged("", 0)
    questions: list[dict[str, Any]] = []
    ids: set[str] = set()
    for line, block in _blocks(text):
        reader = _GiftReader(block)
        try:
            question = reader.read()
            if question is None:
                continue
            question["id"] = _free_id(question["id"], ids)
            _ANY_QUESTION.validate_python(question)
        except (CourseError, ValidationError) as error:
            problem = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            done.tell(f"left out: {problem.removeprefix('Value error, ')}", f"line {line}")
            continue
        for note in reader.notes:
            done.tell(note, f"line {line}")
        ids.add(question["id"])
        questions.append(question)
    if not questions:
        first = next((f"{lines[0]}: {note}" for note, lines in done.told.items()), "the file has none")
        raise CourseError(f"no question could be read: {first}")
    bank = {
        "version": 1,
        "language": language,
        "chapter": chapter,
        "objectives": {_OBJECTIVE: _OBJECTIVE_TODO},
        "questions": questions,
    }
    done.questions = len(questions)
    done.text = bank_yaml(bank)
    read_bank(done.text, f"{chapter}.yml")
    return done


_OBJECTIVE = "to-be-named"
_OBJECTIVE_TODO = "TODO: something one can do after the chapter."
_ANY_QUESTION: TypeAdapter[Question] = TypeAdapter(Question)


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """The parts between blank lines, without comments, each with its first line."""
    lines = text.removeprefix("\ufeff").splitlines()
    block: list[str] = []
    start = 1
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            block.append("" if line.lstrip().startswith("//") else line)
            continue
        if any(block):
            skipped = next(index for index, each in enumerate(block) if each)
            yield start + skipped, "\n".join(block[skipped:]).strip()
        block, start = [], number + 1


def _free_id(wanted: str, taken: set[str]) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", wanted.lower()).strip("-")[:50].strip("-") or "question"
    number = 2
    found = name
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    return found


class _GiftReader:
    def __init__(self, block: str) -> None:
        self._text = re.sub(
            r"\\([:#={}~\\n])", lambda found: _HIDE["\n" if found[1] == "n" else found[1]], block
        )
        self._format = "moodle"
        self.notes: list[str] = []

    def read(self) -> dict[str, Any] | None:
        """The question as its author would write it, or None for what is no question.

        Raises:
            CourseError: where it cannot be read.
        """
        text = self._text
        if text.startswith("$CATEGORY:"):
            return None
        title = ""
        named = re.match(r"::(.*?)::", text, re.DOTALL)
        if named:
            title, text = named[1].translate(_SHOW), text[named.end() :].strip()
        start, end = text.find("{"), text.find("}")
        if start < 0 and end < 0:
            raise CourseError("a description without answers is no question here")
        if start < 0 or end < start:
            raise CourseError("one of { and } is missing, or a blank line stands between them")
        answers, behind = text[start + 1 : end].strip(), text[end + 1 :].strip()
        if "{" in behind or "}" in behind:
            raise CourseError("there is more than one { }, or a blank line is missing behind it")
        answers, _, general = answers.partition("####")
        asked = text[:start].strip() + (" _____ " + behind if behind else "")
        found = re.match(r"\[(html|moodle|plain|markdown)\]", asked)
        if found:
            self._format, asked = found[1], asked[found.end() :]
        prompt = self._words(asked.strip())
        if not prompt:
            raise CourseError("there is no text before its answers")
        question = self._answers(answers.strip())
        if question["type"] == "number" and (unit := re.search(rf"\n\n{_UNIT}(.{{1,20}})$", prompt)):
            prompt, question["unit"] = prompt[: unit.start()], unit[1]
        explanation = {"explanation": self._words(general)} if general.strip() else {}
        head = {
            "id": title or to_plain(prompt),
            "type": question.pop("type"),
            "points": 1,
            "objective": _OBJECTIVE,
        }
        return {**head, "prompt": prompt, **question, **explanation}

    def _words(self, text: str) -> str:
        """A text as Markdown, of the format that it says it has, or else the question's."""
        form = self._format
        found = re.match(r"\s*\[(html|moodle|plain|markdown)\]", text)
        if found:
            form, text = found[1], text[found.end() :]
        text = text.translate(_SHOW).strip()
        if form == "markdown":
            return _from_moodles_markdown(text)
        return _escaped_markdown(text) if form == "plain" else _markdown_of_html(text)

    def _reason(self, text: str) -> str:
        return self._words(text) or TODO

    def _answers(self, answers: str) -> dict[str, Any]:
        if not answers:
            raise CourseError("an essay cannot be marked by itself")
        if answers.startswith("#"):
            return self._number(answers[1:])
        if "~" in answers:
            return self._choice(answers)
        if "=" in answers and "->" in answers:
            return self._match(answers)
        truth = re.fullmatch(r"(T|TRUE|F|FALSE)\s*(?:#(.*?))?(?:#(.*))?", answers, re.DOTALL)
        if truth:
            return self._truth(truth[1].startswith("T"), truth[2] or "", truth[3] or "")
        return self._text_answers(answers)

    def _truth(self, is_true: bool, wrong: str, right: str) -> dict[str, Any]:
        options = [
            {"id": name, "text": text, **({"correct": True} if told == is_true else {})}
            | {"reason": self._reason(right if told == is_true else wrong)}
            for name, text, told in (("a", "True", True), ("b", "False", False))
        ]
        return {"type": "single", "options": options, "shuffle": False}

    def _choice(self, answers: str) -> dict[str, Any]:
        several = "=" not in answers
        options: list[dict[str, Any]] = []
        weights: list[float] = []
        for letter, (mark, each) in zip(string.ascii_lowercase, _split(answers, "=~"), strict=False):
            weight, body = _weight(each)
            weight = 100.0 if mark == "=" else weight or 0.0
            text, _, reason = body.partition("#")
            option = {"id": letter, "text": self._words(text), "reason": self._reason(reason)}
            right = weight > 0 if several else weight == 100
            if right:
                option["correct"] = True  # type: ignore[assignment]
            elif weight > 0:
                self.notes.append(
                    f"{weight:g} % for {option['text']!r} is left out: one option is right here"
                )
            options.append(option)
            weights.append(weight)
        if not several:
            return {"type": "single", "options": options}
        wrong = [weight for weight in weights if weight <= 0]
        even = len({weight for weight in weights if weight > 0}) == 1
        strict = all(weight == -100 for weight in wrong)
        scoring = "all-or-nothing" if strict and even else "right-minus-wrong"
        if not even or (not strict and any(abs(weight + max(weights)) > 0.01 for weight in wrong)):
            self.notes.append(f"its weights become {scoring}")
        return {"type": "several", "options": options, "scoring": scoring}

    def _match(self, answers: str) -> dict[str, Any]:
        left: list[dict[str, Any]] = []
        right: dict[str, str] = {}
        for _, each in _split(answers, "="):
            asked, arrow, answer = each.partition("->")
            if not arrow:
                raise CourseError(f"{_clip(each)} has no `->`")
            text = _escaped_markdown(answer.translate(_SHOW).strip())
            name = right.setdefault(text, str(len(right) + 1))
            if asked.strip():
                pair = {"id": string.ascii_lowercase[len(left) % 26], "text": self._words(asked)}
                left.append({**pair, "match": name, "reason": TODO})
        rights = [{"id": name, "text": text} for text, name in right.items()]
        return {"type": "match", "left": left, "right": rights}

    def _text_answers(self, answers: str) -> dict[str, Any]:
        accept: list[str] = []
        mistakes: list[dict[str, str]] = []
        reason, other = TODO, TODO
        for _, each in _split(answers, "="):
            weight, body = _weight(each)
            written, _, told = body.partition("#")
            text = written.translate(_SHOW).strip()
            if text == "*" and weight == 0:
                other = self._reason(told)
            elif re.search(r"(?<!\\)\*", text):
                self.notes.append(f"{_clip(text)} is left out: `*` for any letters is not known here")
            elif weight in (None, 100):
                if not accept:
                    reason = self._reason(told)
                accept.append(text.replace("\\*", "*"))
            else:
                if weight:
                    self.notes.append(f"{weight:g} % for {_clip(text)} is left out: it counts as wrong")
                mistakes.append({"text": text.replace("\\*", "*"), "reason": self._reason(told)})
        if not accept:
            raise CourseError("no answer is right")
        return {"type": "text", "accept": accept, "mistakes": mistakes, "reason": reason, "other": other}

    def _number(self, answers: str) -> dict[str, Any]:
        listed, tilde, wrong = answers.partition("~")
        found: list[tuple[float, float, float, str]] = []
        for _, each in _split(listed, "=") or [("=", listed)]:
            weight, body = _weight(each)
            written, _, told = body.partition("#")
            number, tolerance = _range(written.translate(_SHOW))
            found.append((100 if weight is None else weight, number, tolerance, self._reason(told)))
        right = [each for each in found if each[0] == 100]
        if not right:
            raise CourseError("no number is right")
        _, answer, tolerance, reason = right[0]
        self.notes += [f"{each[1]:g} is left out: one number is right here" for each in right[1:]]
        mistakes: list[dict[str, Any]] = []
        for weight, number, _, told in found:
            if weight == 100:
                continue
            near = abs(number - answer) <= tolerance + 1e-9 * max(1.0, abs(answer))
            if weight or near:
                what = "left out" if near else "made a mistake"
                self.notes.append(f"{weight:g} % for {number:g} is {what}: one number is right here")
            if not near:
                mistakes.append({"answer": number, "reason": told})
        return {
            "type": "number",
            "answer": answer,
            "tolerance": {"absolute": tolerance, "relative": 0},
            "mistakes": mistakes,
            "reason": reason,
            "other": self._reason(wrong.partition("#")[2]) if tilde else TODO,
        }


def _clip(text: str) -> str:
    return repr(text.translate(_SHOW).strip()[:40])


def _split(text: str, marks: str) -> list[tuple[str, str]]:
    """The parts behind each of these marks, with their mark."""
    parts = re.split(f"([{marks}])", text.strip())
    first = [("=", parts[0])] if parts[0].strip() else []
    return first + [(mark, part.strip()) for mark, part in zip(parts[1::2], parts[2::2], strict=True)]


def _weight(answer: str) -> tuple[float | None, str]:
    found = re.match(r"%(-?[0-9]{1,3}(?:\.[0-9]*)?)%", answer.strip())
    return (float(found[1]), answer.strip()[found.end() :]) if found else (None, answer)


def _range(text: str) -> tuple[float, float]:
    low, dots, high = text.partition("..")
    answer, colon, tolerance = text.partition(":")
    try:
        if dots:
            middle = (float(low) + float(high)) / 2
            return _whole(middle), _whole(float(high) - middle)
        return _whole(float(answer)), _whole(float(tolerance)) if colon else 0
    except ValueError:
        raise CourseError(f"{_clip(text)} is no number") from None


def _whole(number: float) -> float:
    return int(number) if number.is_integer() else number


def _escaped_markdown(text: str) -> str:
    """Plain text as Markdown that shows the same."""
    text = re.sub(r"([\\`*_$<\[\]])", r"\\\1", text)
    return re.sub(r"^(\s*\d*)([#>+~-]|(?<=\d)[.)](?=\s))", r"\1\\\2", text, flags=re.MULTILINE)


class _HtmlReader(HTMLParser):
    """HTML as Markdown: paragraphs, lists, code, and what is bold or italic; of everything else, its text."""

    _MARKS = ("b", "strong", "i", "em", "code")

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._in_code = self._in_pre = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.parts.append("\\\n")
        elif tag in {"p", "div", "ul", "ol"}:
            self.parts.append("\n\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag == "pre":
            self.parts.append("\n\n```\n")
            self._in_pre = True
        elif tag in self._MARKS and not self._in_pre:
            self._mark(tag)
            self._in_code = self._in_code or tag == "code"

    def handle_endtag(self, tag: str) -> None:
        if tag in {"p", "div", "ul", "ol"}:
            self.parts.append("\n\n")
        elif tag == "pre":
            self.parts.append("\n```\n\n")
            self._in_pre = False
        elif tag in self._MARKS and not self._in_pre:
            self._mark(tag)
            self._in_code = self._in_code and tag != "code"

    def _mark(self, tag: str) -> None:
        self.parts.append({"code": "`", "b": "**", "strong": "**"}.get(tag, "*"))

    def handle_data(self, data: str) -> None:
        if self._in_code or self._in_pre:
            self.parts.append(data)
            return
        parts = re.split(r"\\\((.+?)\\\)|\$\$(.+?)\$\$|\\\[(.+?)\\\]", data, flags=re.DOTALL)
        for index in range(0, len(parts) - 1, 4):
            inline, *display = parts[index + 1 : index + 4]
            shown = f"${inline}$" if inline else f"$${display[0] or display[1]}$$"
            self.parts += [_escaped_markdown(parts[index]), shown]
        self.parts.append(_escaped_markdown(parts[-1]))


def _markdown_of_html(text: str) -> str:
    reader = _HtmlReader()
    reader.feed(text)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.parts)).strip()


class _Dumper(yaml.SafeDumper):
    """YAML as people write it: a text of several lines under a `|`."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def bank_yaml(bank: dict[str, Any]) -> str:
    """The text of a bank's file."""
    body = yaml.dump(bank, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return f"{EDITORS_LINE}\n{body}"


def import_gift_file(file: Path, to: Path, language: str = "en") -> Exchanged:
    """Make a bank's file of a GIFT file.

    Args:
        file: in UTF-8.
        to: the bank's file; it must not be there yet.
        language: of its questions.

    Raises:
        CourseError: where there is nothing to read, or the bank's file is there already.
    """
    if to.exists():
        raise CourseError(f"{to} is there already: name another file, and bring both together by hand")
    if not re.fullmatch(r"[a-z0-9_]+", to.stem):
        raise CourseError(f"{to.name}: a bank is called as its chapter, for example quizzes/03_unrolling.yml")
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise CourseError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CourseError(f"{file} is not UTF-8: save it as UTF-8 and try again") from None
    done = import_gift(text, to.stem, language)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(done.text, encoding="utf-8")
    return done


def new_bank(chapter: str) -> str:
    """The text of a bank to write over.

    Args:
        chapter: for example `03_unrolling`.
    """
    short = chapter.split("_")[1]
    question: dict[str, Any] = {
        "id": f"{short}-first",
        "type": "single",
        "objective": _OBJECTIVE,
        "prompt": "TODO: What does it print?\n\n```python\nprint(1 + 1)\n```\n",
        "options": [
            {"id": "a", "text": "`11`", "reason": "That joins two texts; these are numbers."},
            {"id": "b", "text": "`2`", "correct": True, "reason": "Two numbers are added."},
        ],
    }
    return bank_yaml(
        {
            "version": 1,
            "language": "en",
            "chapter": chapter,
            "mode": "practice",
            "objectives": {_OBJECTIVE: _OBJECTIVE_TODO},
            "questions": [question],
        }
    )
