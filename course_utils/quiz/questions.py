"""The types of questions: what their author writes, and what an answer to one is worth.

An answer is plain data, as it is saved: the chosen option's id (`single`), a list of ids (`several`, and `order` from
first to last), a mapping from left to right ids (`match`), or the text that was typed (`number`, `text`, `output`).
"""

from __future__ import annotations

import functools
import math
import re
import string
import subprocess
import sys
from abc import abstractmethod
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from course_utils.errors import CourseError
from course_utils.quiz.normalise import LONGEST, normal_output, normal_text, read_number
from course_utils.quiz.public import seeded_order
from course_utils.quiz.scoring import is_near, rounded_points, share_at, share_of_hits, share_of_options

SNIPPET_SECONDS = 120
"""After so long, a snippet is stopped."""

Identifier: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
OptionId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,8}$")]
Language: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
_Filled: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8_000)]
Words: TypeAlias = Annotated[
    Annotated[_Filled, Tag("one-text")]
    | Annotated[dict[Language, _Filled], Field(min_length=1), Tag("by-language")],
    Discriminator(lambda written: "by-language" if isinstance(written, dict) else "one-text"),
]
"""A text in Markdown with TeX between dollars, in the bank's language or by language."""
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Typed: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]


class Misfit(ValueError):
    """Parts that are right by themselves and do not fit together.

    Args:
        found: of each mistake its place, as keys and indices on the way from the part that is checked, and what it is.
    """

    def __init__(self, found: list[tuple[tuple[int | str, ...], str]]) -> None:
        super().__init__("; ".join(text for _, text in found))
        self.found = found


class Part(BaseModel):
    """A part of a bank: nothing in it may be unknown, and nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


class Option(Part):
    """One option, with the reason that is shown to whoever chose it."""

    id: OptionId
    text: Words
    reason: Words
    correct: bool = False


class Item(Part):
    """One of the things to put in order."""

    id: OptionId
    text: Words
    reason: Words


class Left(Part):
    """What something is to be matched with."""

    id: OptionId
    text: Words
    match: OptionId
    reason: Words


class Right(Part):
    """What can be matched."""

    id: OptionId
    text: Words


class Tolerance(Part):
    """How far a number may be from the answer: the larger of the two counts."""

    absolute: Annotated[Finite, Field(ge=0)] = 0.0
    relative: Annotated[Finite, Field(ge=0, le=1)] = 0.0


class NumberMistake(Part):
    """A typical wrong number and its reason."""

    answer: Finite
    reason: Words


class TextMistake(Part):
    """A typical wrong text and its reason."""

    text: Typed
    reason: Words


class Attempts(Part):
    """How often a question may be answered, and what a later attempt is worth."""

    most: Annotated[int, Field(ge=1, le=100)] | None = None
    decay: Annotated[
        tuple[Annotated[Finite, Field(ge=0, le=1)], ...], Field(min_length=1, max_length=100)
    ] = (1.0,)
    """Share of the points at the first attempt, the second and so on; the last goes on for ever."""

    def share(self, attempt: int) -> float:
        """What an answer at this attempt is worth; attempts count from 1."""
        return share_at(attempt, decay=self.decay, most=math.inf if self.most is None else self.most)


def _unique(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    ids = [part.id for part in parts]
    again = [index for index, name in enumerate(ids) if name in ids[:index]]
    if again:
        raise Misfit([((index, "id"), f"the id {ids[index]!r} is used twice") for index in again])
    return parts


class _Question(Part):
    id: Identifier
    points: Annotated[Finite, Field(gt=0, le=100)] = 1.0
    objective: Identifier
    tags: tuple[Identifier, ...] = ()
    prompt: Words
    hints: Annotated[tuple[Words, ...], Field(max_length=3)] = ()
    explanation: Words | None = None
    snippet: _Filled | None = None
    """Python that computes the numbers in it, and fails where they are wrong."""
    attempts: Attempts = Attempts()

    @abstractmethod
    def share(self, value: object) -> float:
        """What part of the points an answer is worth, from 0 to 1; 0 for whatever is no answer."""

    @abstractmethod
    def best_answer(self) -> Any:
        """An answer that is worth all points."""

    @property
    def shown_ids(self) -> dict[str, str]:
        """By the author's ids, those that readers see and that answers hold: they must not give the order away."""
        return {}


class Single(_Question):
    """One option of several is right."""

    type: Literal["single"]
    options: Annotated[tuple[Option, ...], Field(min_length=2, max_length=8), AfterValidator(_unique)]
    shuffle: bool = True

    @model_validator(mode="after")
    def _one_is_right(self) -> Single:
        right = sum(option.correct for option in self.options)
        if right != 1:
            problem = f"{right} options are marked correct, a single choice has exactly one"
            raise Misfit([(("options",), problem)])
        return self

    def share(self, value: object) -> float:
        return float(value == self.best_answer()) if isinstance(value, str) else 0.0

    def best_answer(self) -> str:
        return next(option.id for option in self.options if option.correct)


class Several(_Question):
    """Any number of options is right, and at least one."""

    type: Literal["several"]
    options: Annotated[tuple[Option, ...], Field(min_length=2, max_length=10), AfterValidator(_unique)]
    scoring: Literal["all-or-nothing", "per-option", "right-minus-wrong"] = "all-or-nothing"
    shuffle: bool = True

    @model_validator(mode="after")
    def _some_are_right(self) -> Several:
        if not any(option.correct for option in self.options):
            raise Misfit([(("options",), "no option is marked correct")])
        return self

    def share(self, value: object) -> float:
        chosen = _ids(value, {option.id for option in self.options})
        if not chosen:
            return 0.0
        right = set(self.best_answer())
        return share_of_options(
            self.scoring,
            right=len(right & set(chosen)),
            wrong=len(set(chosen) - right),
            missed=len(right - set(chosen)),
            options=len(self.options),
        )

    def best_answer(self) -> list[str]:
        return [option.id for option in self.options if option.correct]


class Number(_Question):
    """A number, right within a tolerance."""

    type: Literal["number"]
    answer: Finite
    tolerance: Tolerance = Tolerance()
    unit: Annotated[str, StringConstraints(max_length=20)] | None = None
    mistakes: tuple[NumberMistake, ...] = ()
    reason: Words
    other: Words

    @model_validator(mode="after")
    def _mistakes_are_wrong(self) -> Number:
        found: list[tuple[tuple[int | str, ...], str]] = [
            (
                ("mistakes", index, "answer"),
                f"the mistake {each.answer:g} is within the tolerance of the answer",
            )
            for index, each in enumerate(self.mistakes)
            if self.is_near(each.answer, self.answer)
        ]
        if found:
            raise Misfit(found)
        return self

    def is_near(self, number: float, answer: float) -> bool:
        """Whether a number is within the tolerance of another."""
        return is_near(number, answer, **self.tolerance.model_dump())

    def share(self, value: object) -> float:
        number = read_number(value, self.unit or "") if isinstance(value, str) else None
        return float(number is not None and self.is_near(number, self.answer))

    def best_answer(self) -> str:
        return repr(self.answer)


class Text(_Question):
    """A word or a short phrase."""

    type: Literal["text"]
    accept: Annotated[tuple[Typed, ...], Field(min_length=1)]
    pattern: Annotated[str, StringConstraints(max_length=LONGEST)] | None = None
    """A regular expression for the whole normalised text: known to the grader alone."""
    case_sensitive: bool = False
    ignore_spaces: bool = False
    mistakes: tuple[TextMistake, ...] = ()
    reason: Words
    other: Words

    @model_validator(mode="after")
    def _texts_can_be_read(self) -> Text:
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                problem = f"the pattern {self.pattern!r} is no regular expression: {error}"
                raise Misfit([(("pattern",), problem)]) from None
        found: list[tuple[tuple[int | str, ...], str]] = []
        for index, text in enumerate(self.accept):
            if not self.normal(text):
                found.append(
                    (("accept", index), f"the accepted text {text!r} is empty once it is normalised")
                )
        for index, mistake in enumerate(self.mistakes):
            if self.share(mistake.text):
                found.append((("mistakes", index, "text"), f"the mistake {mistake.text!r} is accepted"))
        if found:
            raise Misfit(found)
        return self

    def normal(self, text: str) -> str:
        """A text as it is compared."""
        return normal_text(text, case_sensitive=self.case_sensitive, ignore_spaces=self.ignore_spaces)

    def share(self, value: object) -> float:
        if not isinstance(value, str) or len(value) > LONGEST:
            return 0.0
        text = self.normal(value)
        if text in {self.normal(each) for each in self.accept}:
            return 1.0
        return float(bool(self.pattern and text and re.fullmatch(self.pattern, text)))

    def best_answer(self) -> str:
        return self.accept[0]


class Order(_Question):
    """Things to put in order; the author writes them in the right one."""

    type: Literal["order"]
    options: Annotated[tuple[Item, ...], Field(min_length=2, max_length=8), AfterValidator(_unique)]
    scoring: Literal["all-or-nothing", "per-position"] = "all-or-nothing"

    @property
    def shown_ids(self) -> dict[str, str]:
        return _scattered(self.id, [option.id for option in self.options], string.ascii_lowercase)

    def share(self, value: object) -> float:
        right = self.best_answer()
        placed = _ids(value, set(right))
        if placed is None or len(placed) != len(right):
            return 0.0
        return share_of_hits(self.scoring, [a == b for a, b in zip(placed, right, strict=True)])

    def best_answer(self) -> list[str]:
        return [self.shown_ids[option.id] for option in self.options]


class Match(_Question):
    """Each on the left has one on the right; some on the right may have none."""

    type: Literal["match"]
    left: Annotated[tuple[Left, ...], Field(min_length=2, max_length=8), AfterValidator(_unique)]
    right: Annotated[tuple[Right, ...], Field(min_length=2, max_length=9), AfterValidator(_unique)]
    scoring: Literal["all-or-nothing", "per-pair"] = "all-or-nothing"

    @model_validator(mode="after")
    def _matches_are_there(self) -> Match:
        known = {right.id for right in self.right}
        found: list[tuple[tuple[int | str, ...], str]] = [
            (
                ("left", index, "match"),
                f"{left.id!r} is matched with {left.match!r}, which is not on the right",
            )
            for index, left in enumerate(self.left)
            if left.match not in known
        ]
        if found:
            raise Misfit(found)
        return self

    @property
    def shown_ids(self) -> dict[str, str]:
        return _scattered(self.id, [right.id for right in self.right], string.digits[1:])

    def share(self, value: object) -> float:
        if not isinstance(value, dict):
            return 0.0
        right = self.best_answer()
        return share_of_hits(self.scoring, [value.get(name) == match for name, match in right.items()])

    def best_answer(self) -> dict[str, str]:
        return {left.id: self.shown_ids[left.match] for left in self.left}


class Output(_Question):
    """What does this program print? The answer is made by running it."""

    type: Literal["output"]
    snippet: _Filled
    mistakes: tuple[TextMistake, ...] = ()
    reason: Words
    other: Words

    def share(self, value: object) -> float:
        if not isinstance(value, str) or len(value) > LONGEST:
            return 0.0
        return float(normal_output(value) == self.best_answer())

    def best_answer(self) -> str:
        """What it prints.

        Raises:
            CourseError: where the snippet fails, or prints nothing.
        """
        text = normal_output(printed(self.snippet))
        if not text or len(text) > LONGEST:
            raise CourseError(
                f"{self.id}: its snippet prints {len(text)} characters, 1 to {LONGEST} are wanted"
            )
        return text


Question: TypeAlias = Annotated[
    Single | Several | Number | Text | Order | Match | Output, Field(discriminator="type")
]
"""A question of any type."""


def score(question: Question, value: object, attempt: int = 1) -> float:
    """The points of an answer.

    Args:
        question: what was asked.
        value: the answer, as it was saved; anything that is no answer is worth nothing.
        attempt: at which attempt it was given, from 1.

    Returns:
        the points, to two digits.
    """
    return rounded_points(question.points * question.share(value) * question.attempts.share(attempt))


def _scattered(context: str, ids: list[str], letters: str) -> dict[str, str]:
    return dict(zip(seeded_order(ids, "shown", context), letters, strict=False))


def _ids(value: object, known: set[str]) -> list[str] | None:
    """A list of known ids, each once, or None."""
    if not isinstance(value, list) or len(value) > len(known):
        return None
    if not all(isinstance(each, str) and each in known for each in value) or len(set(value)) != len(value):
        return None
    return value


@functools.lru_cache(maxsize=1000)
def printed(snippet: str) -> str:
    """What a snippet prints, in a Python of its own.

    Raises:
        CourseError: where it fails or takes longer than `SNIPPET_SECONDS`, with the last line of its complaint.
    """
    command = [sys.executable, "-X", "utf8", "-c", snippet]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", timeout=SNIPPET_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise CourseError(f"a snippet takes over {SNIPPET_SECONDS} s: make it shorter") from None
    if done.returncode != 0:
        complaint = done.stderr.strip().splitlines() or ["no reason given"]
        lines = re.findall(r'^  File "<string>", line (\d+)', done.stderr, re.MULTILINE)
        where = f" in its line {lines[-1]}" if lines else ""
        raise CourseError(f"a snippet fails{where}: {complaint[-1][:300]}")
    return done.stdout
