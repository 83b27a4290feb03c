"""The settings of a living figure: each knows what it may be, in Python and in the browser."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
import traitlets as t

Range = tuple[float, ...]
"""Smallest value, largest value, step; for a list also its least and its greatest length."""


def _reject(trait: Any, figure: Any, value: object, expected: str) -> t.TraitError:
    return t.TraitError(f"{type(figure).__name__}: {trait.name} is {value!r}, expected {expected}")


def _is_between(value: object, low: float, high: float) -> bool:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return is_number and math.isfinite(float(value)) and low <= float(value) <= high  # type: ignore[arg-type]


class Number(t.TraitType):  # type: ignore[misc]
    """One number of a figure's state.

    Args:
        default: where nothing else is said.
        low: the smallest that is allowed.
        high: the largest that is allowed.
        step: how far a slider moves at a time.
    """

    def __init__(self, default: float, *, low: float, high: float, step: float) -> None:
        super().__init__(default)
        self.range: Range = (low, high, step)
        self.tag(sync=True, public=True)

    def validate(self, figure: Any, value: object) -> float:
        """The value as a float.

        Raises:
            TraitError: for anything but a finite number in range.
        """
        low, high, _ = self.range
        if not _is_between(value, low, high):
            raise _reject(self, figure, value, f"a number from {low:g} to {high:g}")
        return float(value)  # type: ignore[arg-type]


class Whole(t.TraitType):  # type: ignore[misc]
    """One whole number of a figure's state, such as how far it has been stepped.

    Args:
        default: where nothing else is said.
        low: the smallest that is allowed.
        high: the largest that is allowed.
    """

    def __init__(self, default: int, *, low: int, high: int) -> None:
        super().__init__(default)
        self.range: Range = (low, high, 1)
        self.tag(sync=True, public=True)

    def validate(self, figure: Any, value: object) -> int:
        """The value as an int.

        Raises:
            TraitError: for anything but a whole number in range.
        """
        low, high, _ = self.range
        if not isinstance(value, Integral) or not _is_between(value, low, high):
            raise _reject(self, figure, value, f"a whole number from {low:g} to {high:g}")
        return int(value)


class Numbers(t.TraitType):  # type: ignore[misc]
    """A list of numbers of a figure's state; Python reads a NumPy array, (length,), that cannot be written to.

    Args:
        default: where nothing else is said.
        low: the smallest number that is allowed.
        high: the largest number that is allowed.
        step: how far a field moves at a time.
        least: the smallest length that is allowed.
        most: the greatest length that is allowed.
    """

    def __init__(
        self, default: Iterable[float], *, low: float, high: float, step: float, least: int, most: int
    ) -> None:
        super().__init__(tuple(default))
        self.range: Range = (low, high, step, least, most)
        self.tag(sync=True, public=True, to_json=lambda array, figure: array.tolist())

    def validate(self, figure: Any, value: object) -> Any:
        """The value as a float64 array, (length,), not writeable.

        Raises:
            TraitError: for another shape or length, or a number that is not finite or out of range.
        """
        low, high, _, least, most = self.range
        expected = f"{least:g} to {most:g} numbers from {low:g} to {high:g}"
        try:
            array = np.array(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise _reject(self, figure, value, expected) from None
        if array.ndim != 1 or not least <= len(array) <= most:
            raise _reject(self, figure, value, expected)
        if not all(_is_between(number, low, high) for number in array):
            raise _reject(self, figure, value, expected)
        array.flags.writeable = False
        return array


class Choice(t.TraitType):  # type: ignore[misc]
    """One of several words of a figure's state, such as the kind of a cell.

    Args:
        default: where nothing else is said.
        options: all that are allowed.
    """

    def __init__(self, default: str, *, options: Iterable[str]) -> None:
        super().__init__(default)
        self.range: tuple[str, ...] = tuple(options)
        self.tag(sync=True, public=True)

    def validate(self, figure: Any, value: object) -> str:
        """The word.

        Raises:
            TraitError: for any other.
        """
        if not isinstance(value, str) or value not in self.range:
            raise _reject(self, figure, value, f"one of {', '.join(self.range)}")
        return value


class Flag(t.TraitType):  # type: ignore[misc]
    """Something in a figure's state that is on or off.

    Args:
        default: where nothing else is said.
    """

    def __init__(self, default: bool) -> None:
        super().__init__(default)
        self.range: Range = (0, 1, 1)
        self.tag(sync=True, public=True)

    def validate(self, figure: Any, value: object) -> bool:
        """True or False.

        Raises:
            TraitError: for anything else.
        """
        if not isinstance(value, bool):
            raise _reject(self, figure, value, "True or False")
        return value


class Text(t.TraitType):  # type: ignore[misc]
    """A text of a figure's state, such as what a reader has typed.

    Args:
        default: where nothing else is said.
        longest: how many characters it may have.
        pattern: a regular expression that all of it has to match; the figure's own words say what that is.
        expected: the pattern in words, for the message.
    """

    def __init__(self, default: str, *, longest: int, pattern: str = "", expected: str = "a text") -> None:
        super().__init__(default)
        self.range: tuple[float | str, ...] = (longest, pattern)
        self.expected = expected
        self.tag(sync=True, public=True)

    def validate(self, figure: Any, value: object) -> str:
        """The text.

        Raises:
            TraitError: for no text, one that is too long, or one that does not match.
        """
        longest, pattern = self.range
        fits = isinstance(value, str) and len(value) <= int(longest)
        if not fits or (pattern and not re.fullmatch(str(pattern), str(value))):
            raise _reject(self, figure, value, f"{self.expected} of at most {longest} characters")
        return str(value)


class Name(t.TraitType):  # type: ignore[misc]
    """What links call a figure: small letters, digits and hyphens."""

    def __init__(self) -> None:
        super().__init__("figure")
        self.tag(sync=True, public=True)

    def validate(self, figure: Any, value: object) -> str:
        """The name.

        Raises:
            TraitError: for a name that could not stand in a link.
        """
        if not isinstance(value, str) or not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", value):
            raise _reject(self, figure, value, "small letters, digits and single hyphens, as in 'unroll-2'")
        return value
