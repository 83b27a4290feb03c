"""Activation functions, each with its slope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_utils.recurrent.arrays import Array


@dataclass(frozen=True)
class Activation:
    """A function applied to each number, and its derivative."""

    name: str
    function: Callable[[Array], Array]
    """From the weighted sum a to the activation f(a)."""
    slope: Callable[[Array], Array]
    """f'(a), computed from f(a), because that is what is kept: tanh'(a) is 1 − tanh(a)²."""
    limits: tuple[float, float]
    """Where the function flattens out, at −∞ and at +∞; infinite where it does not."""

    def __call__(self, weighted_sum: Array) -> Array:
        """f(a), of the same shape."""
        return self.function(weighted_sum)

    def __reduce__(self) -> tuple[Callable[[str], Activation], tuple[str]]:
        """Pickled by its name."""
        return activation_named, (self.name,)


# For speed: adding a Python number to a small array costs twice as much as adding an array of the same type.
_HALF_AND_ONE: dict[np.dtype[Any], tuple[Array, Array]] = {
    np.dtype(t): (np.array(0.5, t), np.array(1.0, t)) for t in (np.float32, np.float64)
}


def sigmoid(a: Array) -> Array:
    """1 / (1 + exp(−a)), written with tanh, which never overflows."""
    half, one = _HALF_AND_ONE[a.dtype]
    y: Array = np.tanh(a * half)
    y += one  # in place: no second array
    y *= half
    return y


def sigmoid_slope(y: Array) -> Array:
    """y (1 − y), for y = sigmoid(a)."""
    return y - y * y


def tanh_slope(y: Array) -> Array:
    """1 − y², for y = tanh(a)."""
    return 1.0 - y * y


def softmax(a: Array) -> Array:
    """exp(a) over its sum along the last axis; the largest is subtracted first, so that nothing overflows."""
    powers = np.exp(a - a.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _gompertz(a: Array) -> Array:
    # exp(−a) overflows below −709; at −6.6 the result is already under the smallest double.
    return np.asarray(np.exp(-np.exp(-np.maximum(a, -30.0))))


def _gompertz_slope(y: Array) -> Array:
    return np.asarray(-y * np.log(np.maximum(y, np.finfo(y.dtype).tiny)))


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("sigmoid", sigmoid, sigmoid_slope, (0.0, 1.0)),
        Activation("tanh", np.tanh, tanh_slope, (-1.0, 1.0)),
        Activation("relu", lambda a: np.maximum(a, 0.0), lambda y: (y > 0).astype(y.dtype), (0.0, np.inf)),
        Activation("linear", lambda a: a, np.ones_like, (-np.inf, np.inf)),
        Activation("gompertz", _gompertz, _gompertz_slope, (0.0, 1.0)),
    )
}
"""By name. Gompertz, exp(−exp(−a)), is there for readers who come from the R package `rnn`."""


def activation_named(name: str) -> Activation:
    """The activation of that name.

    Raises:
        ValueError: if there is none; the message lists the names.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"there is no activation {name!r}, expected one of {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[name]
