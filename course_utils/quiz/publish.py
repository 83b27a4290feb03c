"""From the bank to what students may see: prompts as HTML with MathML, and, to practise, keys and reasons, sealed."""

from __future__ import annotations

import functools
import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from xml.etree import ElementTree

from course_utils.errors import CourseError
from course_utils.quiz.bank import Bank, load_banks
from course_utils.quiz.public import key, seal
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

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


_CHILDREN = {
    "mfrac": 2,
    "msub": 2,
    "msup": 2,
    "munder": 2,
    "mover": 2,
    "mroot": 2,
    "msubsup": 3,
    "munderover": 3,
}


def to_mathml(tex: str, *, display: bool = False) -> str:
    """A formula as MathML, which a browser draws by itself, also where no MathJax is.

    Raises:
        CourseError: for TeX that cannot be read.
    """
    from latex2mathml.converter import convert

    try:
        found = convert(tex, display="block" if display else "inline")
    except Exception as error:  # the converter has errors of many kinds
        raise CourseError(f"the formula ${tex}$ cannot be read: {type(error).__name__}") from None
    if "\\" in re.sub(r"<[^>]*>", "", found):
        raise CourseError(f"the formula ${tex}$ holds a command that is not known")
    for node in ElementTree.fromstring(found).iter():
        name = node.tag.rpartition("}")[2]
        if len(node) != _CHILDREN.get(name, len(node)):
            raise CourseError(
                f"the formula ${tex}$ lacks a part: {name} has {len(node)} of {_CHILDREN[name]}"
            )
    found = found.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "").replace(' display="inline"', "")
    # A row of one part is that part, and the formula is a row by itself.
    found = re.sub(r"<mrow>(<(m[ion])( [^>]*)?>[^<]*</\2>)</mrow>", r"\1", found)
    found = re.sub(r"^(<math[^>]*>)<mrow>(.*)</mrow></math>$", r"\1\2</math>", found)
    # Letters instead of their numbers, save those that would be markup.
    return re.sub(r"&#x(?!0*(?:26|3C|3E|22);)([0-9A-F]+);", lambda found: chr(int(found[1], 16)), found)


Formula: TypeAlias = Callable[..., str]
"""Turns TeX, and whether it stands by itself (`display`), into what stands in a page."""


@functools.cache
def _markdown(formula: Formula) -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    def render(tex: str, options: dict[str, Any]) -> str:
        return formula(tex, display=bool(options.get("display_mode")))

    # No raw HTML, no images, no links: a question is text that is copied into pages.
    reader = (
        MarkdownIt("commonmark", {"html": False})
        .disable(["image", "link", "autolink", "html_inline"])
        .enable("table")
    )
    return reader.use(dollarmath_plugin, renderer=render, allow_digits=True, double_inline=False)


def to_html(text: str, formula: Formula = to_mathml) -> str:
    """A text in Markdown with TeX as HTML; one paragraph stands without its tag.

    Raises:
        CourseError: for a formula that cannot be read.
    """
    found = re.sub(
        r"<span class=\"math inline\">(.*?)</span>", r"\1", _markdown(formula).render(text).strip()
    )
    alone = re.fullmatch(r"<p>(.*)</p>", found, re.DOTALL)
    return alone[1] if alone and "<p>" not in alone[1] else found


def _tex(tex: str, *, display: bool = False) -> str:
    return html.escape(tex)


def to_plain(text: str) -> str:
    """The letters of a text in Markdown, without its marks; of a formula, its TeX."""
    shown = to_html(text, _tex)
    return html.unescape(re.sub(r"<[^>]*>", "", shown)).strip()


class Publisher:
    """Makes the public form of a bank's questions.

    Args:
        bank: the bank.
        language: the readers' language, where a question has it.
    """

    def __init__(self, bank: Bank, language: str) -> None:
        self.bank = bank
        self.language = language

    def _html(self, words: Words) -> str:
        return to_html(self.bank.words(words, self.language))

    def question(self, question: Question) -> dict[str, Any]:
        """One question, as JSON: without answers, save sealed ones in `practice`.

        Raises:
            CourseError: for a formula or a snippet that does not work, naming the question.
        """
        try:
            shown = self._shown(question)
            if self.bank.mode == "practice":
                shown["keys"] = self._keys(question)
                shown["sealed"] = seal(question.id, self._private(question))
        except CourseError as error:
            raise CourseError(f"{self.bank.chapter}.yml, question {question.id}: {error}") from None
        return shown

    def _shown(self, question: Question) -> dict[str, Any]:
        is_translated = not isinstance(question.prompt, str) and self.language in question.prompt
        shown: dict[str, Any] = {
            "id": question.id,
            "type": question.type,
            "points": question.points,
            "mode": self.bank.mode,
            "language": self.language if is_translated else self.bank.language,
            "prompt": self._html(question.prompt),
        }
        if question.attempts.most is not None:
            shown["most"] = question.attempts.most
        if question.attempts.decay != (1.0,):
            shown["decay"] = list(question.attempts.decay)
        match question:
            case Single() | Several():
                shown["options"] = [
                    {"id": each.id, "html": self._html(each.text)} for each in question.options
                ]
                shown["shuffle"] = question.shuffle
            case Order():
                ids = question.shown_ids
                items = [{"id": ids[each.id], "html": self._html(each.text)} for each in question.options]
                shown["options"] = sorted(items, key=lambda item: item["id"])
            case Match():
                ids = question.shown_ids
                rights = [{"id": ids[each.id], "html": self._html(each.text)} for each in question.right]
                shown["left"] = [{"id": each.id, "html": self._html(each.text)} for each in question.left]
                shown["right"] = sorted(rights, key=lambda item: item["id"])
            case Number():
                shown |= {"unit": question.unit} if question.unit else {}
            case Text():
                shown |= {"caseSensitive": question.case_sensitive, "ignoreSpaces": question.ignore_spaces}
                shown |= {"open": True} if question.pattern else {}
            case Output():
                shown["prompt"] += (
                    f"<pre><code>{html.escape(question.snippet.strip(), quote=False)}</code></pre>"
                )
        if isinstance(question, Several | Order | Match):
            shown["scoring"] = question.scoring
        return shown

    def _keys(self, question: Question) -> list[str]:
        name = question.id
        match question:
            case Single():
                return [key(name, question.best_answer())]
            case Several():
                return sorted(key(name, each) for each in question.best_answer())
            case Order():
                return [key(name, str(place), each) for place, each in enumerate(question.best_answer())]
            case Match():
                return [key(name, left, right) for left, right in question.best_answer().items()]
            case Text():
                return sorted({key(name, question.normal(each)) for each in question.accept})
            case Output():
                return [key(name, question.best_answer())]
            case Number():
                return []

    def _private(self, question: Question) -> dict[str, Any]:
        private: dict[str, Any] = {"hints": [self._html(hint) for hint in question.hints]}
        if question.explanation is not None:
            private["explanation"] = self._html(question.explanation)
        match question:
            case Single() | Several() | Order():
                ids = question.shown_ids
                private["reasons"] = {
                    ids.get(each.id, each.id): self._html(each.reason) for each in question.options
                }
            case Match():
                private["reasons"] = {each.id: self._html(each.reason) for each in question.left}
            case Number():
                private |= {"answer": question.answer, **question.tolerance.model_dump()}
                private["mistakes"] = [
                    {"answer": each.answer, "html": self._html(each.reason)} for each in question.mistakes
                ]
            case Text() | Output():
                private["mistakes"] = [
                    {"text": each.text, "html": self._html(each.reason)} for each in question.mistakes
                ]
        if isinstance(question, Number | Text | Output):
            private |= {"reason": self._html(question.reason), "other": self._html(question.other)}
        return private

    def place(self, place: str) -> dict[str, Any]:
        """What is shown at one place: its points and its questions, of a pool all of them.

        Raises:
            KeyError: for an id that is no place of the bank.
        """
        pool = next((each for each in self.bank.pools if place in each.places), None)
        return {
            "place": place,
            "chapter": self.bank.chapter,
            "points": self.bank.points[place],
            "questions": [self.question(each) for each in self.bank.places[place]],
            **({"pool": pool.id, "index": pool.places.index(place)} if pool else {}),
        }


def published(bank: Bank) -> dict[str, Any]:
    """All places of a bank in all its languages, as students get them: `{place: {language: …}}`."""
    publishers = {language: Publisher(bank, language) for language in bank.languages}
    return {
        place: {language: publisher.place(place) for language, publisher in publishers.items()}
        for place in bank.places
    }


def write_questions(banks: Path, file: Path) -> None:
    """Write the questions of every bank in `practice` mode into one file, as the package carries them.

    Args:
        banks: the folder of the banks.
        file: where to.
    """
    found: dict[str, Any] = {}
    for bank in load_banks(banks).values():
        if bank.mode == "practice":
            found |= published(bank)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
