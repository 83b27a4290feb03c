"""Random numbers that Python and a page's JavaScript draw alike, so that both see the same data from the same seed."""

from __future__ import annotations

import math
from collections.abc import Iterator

_ALL_BITS = 2**32 - 1


def seeded_random(seed: int) -> Iterator[float]:
    """Numbers from 0 to under 1, without end: the generator mulberry32, as ``seededRandom`` in ``js/_sampling.js``.

    Args:
        seed: a whole number; its lowest 32 bits count.
    """
    state = seed & _ALL_BITS
    while True:
        state = (state + 0x6D2B79F5) & _ALL_BITS
        mixed = (state ^ (state >> 15)) * (state | 1) & _ALL_BITS
        mixed = ((mixed + (mixed ^ (mixed >> 7)) * (mixed | 61)) ^ mixed) & _ALL_BITS
        yield (mixed ^ (mixed >> 14)) / 2**32


def normal_number(uniform: Iterator[float]) -> float:
    """A normal number around 0 with deviation 1, from two uniform ones (Box & Muller 1958)."""
    radius = math.sqrt(-2 * math.log(1 - next(uniform)))
    return radius * math.cos(2 * math.pi * next(uniform))
