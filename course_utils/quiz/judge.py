"""The verdict that a student sees, from the public form of a question: the same as `js/quiz.js` gives.

It is for `answer()` and for nbgrader's Validate. The grade is computed elsewhere, from the bank.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any, TypeGuard

from course_utils.quiz.normalise import LONGEST, normal_output, normal_text, read_number
from course_utils.quiz.public import key, unseal
from course_utils.quiz.scoring import is_near, rounded_points, share_at, share_of_hits, share_of_options


@dataclass(frozen=True)
class Verdict:
    """What is said about an answer."""

    share: float | None
    """Part of the points, from 0 to 1; None where only the grader knows."""
    reasons: tuple[str, ...] = ()
    """HTML, in reading order."""


class UnreadableAnswer(ValueError):
    """An answer that cannot be one to this question; the message says what is wanted."""


def check_value(question: dict[str, Any], value: object) -> None:
    """See that an answer has the form that its question asks for.

    Raises:
        UnreadableAnswer: where it has not.
    """
    ids = [each["id"] for each in question.get("options", [])]
    match question["type"]:
        case "single":
            if value not in ids:
                raise UnreadableAnswer(f"choose one of {', '.join(ids)}")
        case "several":
            are_ids = isinstance(value, list) and all(each in ids for each in value)
            if not value or not are_ids or len(set(value)) < len(value):  # type: ignore[call-overload, arg-type]
                raise UnreadableAnswer(
                    f'give a list of what you choose of {", ".join(ids)}, such as ["{ids[0]}"]'
                )
        case "order":
            if not _is_selection(value, ids) or len(value) != len(ids):
                raise UnreadableAnswer(f"give a list of all of {', '.join(ids)}, first to last")
        case "match":
            lefts = [each["id"] for each in question["left"]]
            rights = [each["id"] for each in question["right"]]
            if not isinstance(value, dict) or not all(value.get(name) in rights for name in lefts):
                example = f'{{"{lefts[0]}": "{rights[0]}", …}}'
                raise UnreadableAnswer(
                    f"give a mapping of {', '.join(lefts)} to {', '.join(rights)}: {example}"
                )
        case "number":
            if not isinstance(value, str) or read_number(value, question.get("unit", "")) is None:
                raise UnreadableAnswer("give a number, such as 0.42, 1/3 or 1e-3")
        case _:
            if not isinstance(value, str) or not normal_output(value) or len(value) > LONGEST:
                raise UnreadableAnswer(f"give a text of 1 to {LONGEST} characters")
            if any("\ud800" <= letter <= "\udfff" for letter in value):
                raise UnreadableAnswer("give a text of whole characters: one of these is half of one")


def _is_selection(value: object, ids: list[str]) -> TypeGuard[list[str]]:
    """Whether it is a list of some of these ids, each at most once."""
    if not isinstance(value, list) or not all(isinstance(each, str) and each in ids for each in value):
        return False
    return len(set(value)) == len(value)


def judge(question: dict[str, Any], value: Any) -> Verdict:
    """The verdict on an answer that `check_value` has let pass.

    Args:
        question: the question as students get it.
        value: the answer.
    """
    if question["mode"] == "exam":
        return Verdict(None)
    name, keys = question["id"], question["keys"]
    private = unseal(name, question["sealed"])
    scoring = question.get("scoring", "all-or-nothing")
    match question["type"]:
        case "single":
            return Verdict(float(key(name, value) in keys), (private["reasons"][value],))
        case "several":
            chosen = {each for each in value if key(name, each) in keys}
            share = share_of_options(
                scoring,
                right=len(chosen),
                wrong=len(value) - len(chosen),
                missed=len(keys) - len(chosen),
                options=len(question["options"]),
            )
            shown = [each["id"] for each in question["options"] if each["id"] in value]
            return Verdict(share, tuple(private["reasons"][each] for each in shown))
        case "order":
            hits = [key(name, str(place), each) == keys[place] for place, each in enumerate(value)]
            return Verdict(share_of_hits(scoring, hits), tuple(private["reasons"][each] for each in value))
        case "match":
            lefts = [each["id"] for each in question["left"]]
            hits = [key(name, left, value[left]) in keys for left in lefts]
            return Verdict(share_of_hits(scoring, hits), tuple(private["reasons"][each] for each in lefts))
        case "number":
            number = read_number(value, question.get("unit", ""))
            assert number is not None

            near = functools.partial(
                is_near, number, absolute=private["absolute"], relative=private["relative"]
            )
            if near(private["answer"]):
                return Verdict(1.0, (private["reason"],))
            told = [each["html"] for each in private["mistakes"] if near(each["answer"])]
            return Verdict(0.0, (told[0] if told else private["other"],))
        case kind:

            def normal(text: str) -> str:
                if kind == "output":
                    return normal_output(text)
                return normal_text(
                    text, case_sensitive=question["caseSensitive"], ignore_spaces=question["ignoreSpaces"]
                )

            if key(name, normal(value)) in keys:
                return Verdict(1.0, (private["reason"],))
            told = [each["html"] for each in private["mistakes"] if normal(each["text"]) == normal(value)]
            if not told and question.get("open"):
                return Verdict(None)
            return Verdict(0.0, (told[0] if told else private["other"],))


def points_of(question: dict[str, Any], share: float, attempt: int) -> float:
    """The points of a share, to two digits, at this attempt (from 1)."""
    worth = share_at(attempt, decay=question.get("decay", [1.0]), most=question.get("most", math.inf))
    return rounded_points(question["points"] * share * worth)
