"""The rules by which an answer is scored: the grader follows them with the bank, the judge with the public form."""

from __future__ import annotations

import math
from collections.abc import Sequence


def is_near(number: float, answer: float, *, absolute: float, relative: float) -> bool:
    """Whether a number is within the tolerance of an answer; the larger of the two tolerances counts."""
    allowed = max(absolute, relative * abs(answer))
    # A hair more: 0.425 is 0.005 from 0.42, though its difference in binary is not.
    return abs(number - answer) <= allowed + 1e-9 * max(1.0, abs(answer))


def share_of_options(scoring: str, *, right: int, wrong: int, missed: int, options: int) -> float:
    """What a choice of several options is worth, from 0 to 1.

    Args:
        scoring: `all-or-nothing`, `per-option` or `right-minus-wrong`.
        right: how many of the chosen options are right.
        wrong: how many of the chosen options are wrong.
        missed: how many right options were not chosen.
        options: how many there are to choose from.
    """
    if scoring == "per-option":
        return (options - wrong - missed) / options
    if scoring == "right-minus-wrong":
        return max(0, right - wrong) / (right + missed)
    return float(wrong + missed == 0)


def share_of_hits(scoring: str, hits: Sequence[bool]) -> float:
    """What an order or a matching is worth, from 0 to 1: all or nothing, or the part of it that is right."""
    return float(all(hits)) if scoring == "all-or-nothing" else sum(hits) / len(hits)


def share_at(attempt: int, *, decay: Sequence[float], most: float) -> float:
    """What part of its points an answer at this attempt earns.

    Args:
        attempt: from 1.
        decay: what the first attempt earns, the second and so on; the last goes on for ever.
        most: attempts after this one earn nothing.
    """
    return 0.0 if attempt > most else decay[min(attempt, len(decay)) - 1]


def rounded_points(points: float) -> float:
    """Points to two digits, a half upwards."""
    return math.floor(points * 100 + 0.5) / 100
