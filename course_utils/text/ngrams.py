"""Counting as a model of text: how often each symbol followed each short context.

The counts are smoothed by interpolated Witten–Bell, so that what was never counted still has a probability: see
`NGrams`. Symbols are ids from 0, as everywhere in the course.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LARGEST_CODE = 2**62
"""Runs of symbols are coded as one 64-bit number each, which bounds their length."""


@dataclass(frozen=True, eq=False)
class _Level:
    """The counts for contexts of one length, in tables sorted by their codes."""

    grams: Ids
    """(different runs,): context and symbol in one code."""
    counts: Floats
    """(different runs,): how often each was seen."""
    contexts: Ids
    """(different contexts,)"""
    totals: Floats
    """(different contexts,): how often each was followed by something."""
    followers: Floats
    """(different contexts,): by how many different symbols."""


@dataclass(frozen=True, eq=False)
class NGrams:
    """An n-gram model: the next symbol's probability from counts of what followed the last n − 1.

    A context h was seen c(h) times, in front of t(h) different symbols, c(h, s) times in front of s. With h′, the
    context without its first symbol,

        p(s | h) = (c(h, s) + t(h) p(s | h′)) / (c(h) + t(h)),

    and below the empty context lies the even choice, 1 / outcomes. A context that was never seen hands the question
    on to the shorter one. This is Witten & Bell's method C (1991, doi 10.1109/18.87000), interpolated as in Chen &
    Goodman (1999, doi 10.1006/csla.1999.0128).

    Attributes:
        order: n: the symbol and the n − 1 before it.
        outcomes: how many symbols there are.
    """

    order: int
    outcomes: int
    _levels: tuple[_Level, ...] = field(repr=False)

    def probabilities(self, ids: npt.ArrayLike) -> Floats:
        """How probable each symbol of a text was, given those before it.

        Args:
            ids: (time,); the first symbols have shorter contexts, the very first an empty one.

        Returns:
            (time,), each over 0.

        Raises:
            ValueError: for another shape, or an id that is not below `outcomes`.
        """
        text = _checked(ids, self.outcomes)
        found = np.full(len(text), 1.0 / self.outcomes)
        for length, level in enumerate(self._levels):  # from the empty context to the longest
            if length >= len(text):
                break
            context, gram = _codes(text, length, self.outcomes)
            found[length:] = _mixed(level, context, gram, found[length:])
        return found

    def next_probabilities(self, context: npt.ArrayLike) -> Floats:
        """The probabilities of what comes next.

        Args:
            context: (time,), ids; only the last n − 1 count.

        Returns:
            (outcomes,), which add up to 1.

        Raises:
            ValueError: as `probabilities`.
        """
        before = _checked(context, self.outcomes)
        symbols = np.arange(self.outcomes)
        found = np.full(self.outcomes, 1.0 / self.outcomes)
        for length, level in enumerate(self._levels[: len(before) + 1]):
            code = 0
            for each in before[len(before) - length :]:
                code = code * self.outcomes + int(each)
            found = _mixed(level, np.full(self.outcomes, code), code * self.outcomes + symbols, found)
        return found

    def bits(self, ids: npt.ArrayLike, *, skip: int = 0) -> float:
        """Bits a symbol: the mean of −log₂ of the probabilities.

        Args:
            ids: (time,), the text.
            skip: so many symbols at its beginning are only read and do not count.

        Raises:
            ValueError: as `probabilities`, or if nothing is left to count.
        """
        found = self.probabilities(ids)[skip:]
        if skip < 0 or found.size == 0:
            raise ValueError(
                f"skip is {skip}, expected from 0 to below the {np.size(ids)} symbols of the text."
            )
        return float(-np.log2(found).mean())


def count_ngrams(ids: npt.ArrayLike, order: int, outcomes: int) -> NGrams:
    """Count a text.

    Args:
        ids: (time,), from 0 to under `outcomes`.
        order: n, at least 1.
        outcomes: how many symbols there are, also those that the text lacks.

    Returns:
        the model; a million symbols take about a second at order 5.

    Raises:
        ValueError: for an order below 1 or too long to be coded, another shape, or ids out of range.
    """
    if outcomes < 1 or order < 1 or outcomes**order > LARGEST_CODE:
        raise ValueError(
            f"order is {order} and outcomes {outcomes}, expected both to be at least 1 and outcomes**order at most "
            "2**62."
        )
    text = _checked(ids, outcomes)
    if len(text) < order:
        raise ValueError(
            f"the text has {len(text)} symbols, expected at least {order}, as many as the order."
        )
    levels = []
    for length in range(order):
        _, gram = _codes(text, length, outcomes)
        grams, counts = np.unique(gram, return_counts=True)
        contexts, first = np.unique(grams // outcomes, return_index=True)
        levels.append(
            _Level(
                grams,
                counts.astype(np.float64),
                contexts,
                np.add.reduceat(counts, first).astype(np.float64),
                np.diff(np.append(first, len(grams))).astype(np.float64),
            )
        )
    return NGrams(order, outcomes, tuple(levels))


def _mixed(level: _Level, context: Ids, gram: Ids, shorter: Floats) -> Floats:
    """p(s | h) from the counts of one length and the probabilities of the shorter contexts."""
    counts = _look_up(level.grams, level.counts, gram)
    totals = _look_up(level.contexts, level.totals, context)
    followers = _look_up(level.contexts, level.followers, context)
    seen = totals > 0
    mixed: Floats = np.where(
        seen, (counts + followers * shorter) / np.where(seen, totals + followers, 1.0), shorter
    )
    return mixed


def _look_up(sorted_codes: Ids, values: Floats, wanted: Ids) -> Floats:
    """The value of each code, 0 for one that is not there."""
    place = np.minimum(np.searchsorted(sorted_codes, wanted), len(sorted_codes) - 1)
    found: Floats = np.where(sorted_codes[place] == wanted, values[place], 0.0)
    return found


def _codes(text: Ids, length: int, outcomes: int) -> tuple[Ids, Ids]:
    """For each place with so many symbols before it: the code of these, and the code with the symbol itself."""
    context: Any = np.zeros(len(text) - length, np.int64)
    for at in range(length):
        context = context * outcomes + text[at : at + len(text) - length]
    return context, context * outcomes + text[length:]


def _checked(ids: npt.ArrayLike, outcomes: int) -> Ids:
    text = np.asarray(ids)
    if text.ndim != 1:
        raise ValueError(f"ids have shape {text.shape}, expected (time,): one text.")
    if text.size and not (
        np.issubdtype(text.dtype, np.integer) and text.min() >= 0 and text.max() < outcomes
    ):
        raise ValueError(
            f"ids are {text.min()} to {text.max()}, expected whole numbers from 0 to {outcomes - 1}."
        )
    return text.astype(np.int64)
