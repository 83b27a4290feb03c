"""Two groups of points in a plane, the same in Python and in the browser (`js/_points.js`)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np

from course_utils.data.random_numbers import normal_number, seeded_random
from course_utils.recurrent.arrays import Array

POINTS = 120
"""How many there are: half in each group, and a multiple of 4 for "xor"."""


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
    normal = partial(normal_number, uniform)
    points: list[tuple[float, float]] = []
    for index in range(POINTS):
        if data == "xor" and index % 4 >= 2:
            x_1, x_2 = points[-2]
            points.append((-x_1, -x_2))
        else:
            points.append(_SHAPES[data](index % 2, uniform.__next__, normal))
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
