"""Put numbers of the stored studies into a page, so that none of them is typed by hand."""

from __future__ import annotations

import re

from course_utils.errors import CourseError
from course_utils.runs.small_data import load_small_data

_SHOWN = ("accuracy", "last", "seconds", "parameters", "trainable")


def with_studies(text: str) -> str:
    """Put what the study of few reviews says into a page.

    ``{{ small-data: GRU.accuracy }}`` stands for the test accuracy of its variant GRU with early stopping, mean and
    range over the seeds, ``….last`` for the same after the last epoch, ``….seconds`` for the mean seconds of an epoch,
    ``….parameters`` and ``….trainable`` for numbers of weights.

    Raises:
        CourseError: for a variant or a number that the study does not have.
    """

    def put(found: re.Match[str]) -> str:
        name, _, fact = found[1].rpartition(".")
        study = load_small_data()
        if name not in study.card.trials:
            raise CourseError(
                f"the study of few reviews has no {name!r}: name one of {', '.join(study.card.trials)}"
            )
        if fact not in _SHOWN:
            raise CourseError(f"the study of few reviews shows no {fact!r}: name one of {', '.join(_SHOWN)}")
        if fact == "seconds":
            return f"{study.seconds(name).mean():.2f}"
        if fact in ("parameters", "trainable"):
            return f"{getattr(study.card, fact)[name]:,}"
        shares = 100 * study.accuracy(name, stopped=fact == "accuracy")
        return f"{shares.mean():.1f} % ({shares.min():.1f} to {shares.max():.1f})"

    return re.sub(r"\{\{ small-data: ([^{}\n]+?) \}\}", put, text)
