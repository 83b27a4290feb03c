"""Two groups of points in a plane, the same in Python and in the browser (`js/_points.js`)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from course_utils.recurrent.arrays import Array

POINTS = 120
"""How many there are: half in each group, and a multiple of 4 for "xor"."""


def seeded_random(seed: int) -> Callable[[], float]:
    """Random numbers that a seed fixes: the generator mulberry32, as `js/_sampling.js` has it.

    Args:
        seed: a whole number.

    Returns:
        a function that gives the next number, from 0 to under 1.
    """
    state = seed & 0xFFFFFFFF

    def draw() -> float:
        nonlocal state
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        mixed = (state ^ (state >> 15)) * (state | 1) & 0xFFFFFFFF
        mixed = (mixed + ((mixed ^ (mixed >> 7)) * (mixed | 61) & 0xFFFFFFFF) & 0xFFFFFFFF) ^ mixed
        return (mixed ^ (mixed >> 14)) / 2**32

    return draw


def _clouds(group: int, uniform: Callable[[], float], normal: Callable[[], float]) -> tuple[float, float]:
    side = 2 * group - 1
    return 0.85 * side + 0.6 * normal(), 0.5 * side + 0.6 * normal()


def _xor(group: int, uniform: Callable[[], float], normal: Callable[[], float]) -> tuple[float, float]:
    x_1 = 0.25 + 1.9 * uniform()
    x_2 = 0.25 + 1.9 * uniform()
    return x_1, -x_2 if group else x_2


def _circles(group: int, uniform: Callable[[], float], normal: Callable[[], float]) -> tuple[float, float]:
    radius = (2.0 if group else 0.8) + 0.2 * normal()
    turn = 2 * math.pi * uniform()
    return radius * math.cos(turn), radius * math.sin(turn)


def _moons(group: int, uniform: Callable[[], float], normal: Callable[[], float]) -> tuple[float, float]:
    side = 1 - 2 * group
    turn = math.pi * uniform()
    x_1 = side * (1.5 * math.cos(turn) - 0.55) + 0.15 * normal()
    return x_1, side * (1.5 * math.sin(turn) - 0.45) + 0.15 * normal()


def _spiral(group: int, uniform: Callable[[], float], normal: Callable[[], float]) -> tuple[float, float]:
    out = uniform()
    radius, turn = 0.25 + 1.95 * out, 6.5 * out + math.pi * group
    x_1 = radius * math.cos(turn) + 0.06 * normal()
    return x_1, radius * math.sin(turn) + 0.06 * normal()


_SHAPES = {"clouds": _clouds, "xor": _xor, "circles": _circles, "moons": _moons, "spiral": _spiral}
DATA = tuple(_SHAPES)
"""The names of all data sets."""


@cache
def toy_points(data: str) -> tuple[Array, Array]:
    """Two groups of points, in a shape that is easy or hard to separate.

    In "xor" every point has its mirror image through the middle, in its own group: a straight line through the
    middle has exactly half of the points on the right side.

    Args:
        data: one of `DATA`.

    Returns:
        The points, (points, 2), and their groups, (points,), 0 or 1; neither can be written to.
    """
    uniform = seeded_random(1)

    def normal() -> float:
        # Box and Muller (1958).
        radius = math.sqrt(-2 * math.log(1 - uniform()))
        return radius * math.cos(2 * math.pi * uniform())

    points: list[tuple[float, float]] = []
    for index in range(POINTS):
        if data == "xor" and index % 4 >= 2:
            x_1, x_2 = points[-2]
            points.append((-x_1, -x_2))
        else:
            points.append(_SHAPES[data](index % 2, uniform, normal))
    arrays = np.array(points), np.arange(POINTS) % 2.0
    for array in arrays:
        array.flags.writeable = False
    return arrays


def mean_loss(sums: Array, groups: Array) -> float:
    """The mean binary cross-entropy, −log a for group 1 and −log(1 − a) for group 0, with a = sigmoid(sum).

    Args:
        sums: (points,), before the sigmoid.
        groups: (points,), 0 or 1.

    Returns:
        the mean; written so that it does not overflow.
    """
    return float(np.mean(np.maximum(sums, 0) + np.log1p(np.exp(-np.abs(sums))) - groups * sums))
