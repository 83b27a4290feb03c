"""Checks at the door: what comes into the engine has the right shape, the right type and no NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
"""Floating-point numbers; the shape is in the docstring or in a comment beside the name."""

Mask = npt.NDArray[np.bool_]
"""True where a step is real, or where an answer counts."""

Seed = int | np.random.Generator | None


def as_array(values: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """Values as one array of any type.

    Raises:
        ValueError: if they have no common shape.
    """
    try:
        return np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{name} cannot be read as one array of numbers: sequences of different lengths are padded "
            "to the longest and given with a mask, expected one length."
        ) from None


def as_numbers(values: npt.ArrayLike, dtype: np.dtype[Any], name: str) -> Array:
    """Values as one array of floats.

    Raises:
        ValueError: if they have no common shape, or are no numbers.
    """
    array = as_array(values, name)
    try:
        return array.astype(dtype, copy=False)
    except (TypeError, ValueError):
        raise ValueError(f"{name} cannot be read as one array of numbers, expected numbers only.") from None


def checked_inputs(inputs: npt.ArrayLike, features: int, dtype: np.dtype[Any]) -> Array:
    """Sequences, ready for the engine: time first.

    Args:
        inputs: (batch, time, features).
        features: how many numbers a step the network reads.
        dtype: of the network's weights.

    Returns:
        (time, batch, features), contiguous.

    Raises:
        ValueError: for another rank or width, no steps, no samples, or a value that is not finite.
    """
    array = as_numbers(inputs, dtype, "inputs")
    if array.ndim != 3:
        hint = ": add the batch axis with inputs[np.newaxis]" if array.ndim == 2 else ""
        raise ValueError(f"inputs have shape {array.shape}, expected (batch, time, features){hint}.")
    if array.shape[2] != features:
        raise ValueError(
            f"inputs have {array.shape[2]} features a step, expected {features}: "
            "the last axis must be as wide as the first layer's features."
        )
    if 0 in array.shape:
        raise ValueError(f"inputs have shape {array.shape}, expected at least one sample and one step.")
    _finite(array, "inputs")
    return np.ascontiguousarray(array.swapaxes(0, 1))


def checked_mask(mask: npt.ArrayLike | None, batch: int, time: int, name: str = "mask") -> Mask | None:
    """Which steps are real, ready for the engine: time first, with an axis to multiply by.

    Args:
        mask: (batch, time), true where a step is real and false where it is padding; None for all real.
        batch: expected samples.
        time: expected steps.
        name: for the message.

    Returns:
        (time, batch, 1) of booleans, or None.

    Raises:
        ValueError: for another shape, or values other than true and false (0 and 1).
    """
    if mask is None:
        return None
    try:
        array = np.asarray(mask)
    except ValueError:
        raise ValueError(
            f"{name} has rows of different lengths, expected (batch, time) = {(batch, time)}."
        ) from None
    if array.shape != (batch, time):
        raise ValueError(f"{name} has shape {array.shape}, expected (batch, time) = {(batch, time)}.")
    if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
        raise ValueError(f"{name} holds values other than true and false: true marks a real step.")
    return np.ascontiguousarray(array.astype(bool).T[:, :, np.newaxis])


def checked_targets(
    targets: npt.ArrayLike, *, batch: int, time: int | None, outputs: int, classes: bool, dtype: np.dtype[Any]
) -> Array:
    """Targets, ready for the engine: time first where there is one for every step.

    Args:
        targets: (batch, time, outputs) where the head reads every step, (batch, outputs) where it reads the
            last only. With one output its axis may be left out. With softmax, whole numbers without the last
            axis are classes.
        batch: expected samples.
        time: expected steps, or None where only the last step is read.
        outputs: width of the head.
        classes: whether whole numbers may name classes.
        dtype: of the network's weights.

    Returns:
        (time, batch, outputs) or (batch, outputs).

    Raises:
        ValueError: for another shape, a class out of range, shares that do not add up to 1, or a value that is not
            finite.
    """
    given = as_array(targets, "targets")
    leading = (batch,) if time is None else (batch, time)
    wanted = (*leading, outputs)
    if given.shape[:1] != (batch,) and given.ndim:
        raise ValueError(
            f"there are {given.shape[0]} samples of targets and {batch} of inputs, expected as many."
        )
    if given.shape == leading and classes and np.issubdtype(given.dtype, np.integer):
        if given.size and not (given.min() >= 0 and given.max() < outputs):
            raise ValueError(
                f"targets name classes {given.min()} to {given.max()}, expected 0 to {outputs - 1}."
            )
        array: Array = np.eye(outputs, dtype=dtype)[given]
    else:
        array = as_numbers(given, dtype, "targets")
        if array.shape == leading and outputs == 1:
            array = array[..., np.newaxis]
    if array.shape != wanted:
        names = "(batch, outputs)" if time is None else "(batch, time, outputs)"
        why = "the head reads the last step only" if time is None else "the head reads every step"
        raise ValueError(f"targets have shape {given.shape}, expected {names} = {wanted}: {why}.")
    _finite(array, "targets")
    if classes and not np.allclose(array.sum(axis=-1), 1, atol=1e-4):
        raise ValueError("targets of a softmax head are classes, or shares that add up to 1 for each answer.")
    return array if time is None else np.ascontiguousarray(array.swapaxes(0, 1))


def checked_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """float64 or float32.

    Raises:
        ValueError: for anything else.
    """
    found = np.dtype(dtype)
    if found not in (np.float64, np.float32):
        raise ValueError(f"dtype is {found}, expected float64 or float32.")
    return found


def at_least(value: int, least: int, name: str) -> int:
    """`value`, if it is a whole number of at least `least`.

    Raises:
        ValueError: otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} is {value!r}, expected a whole number of at least {least}.")
    return int(value)


def _finite(array: Array, name: str) -> None:
    if not np.isfinite(array).all():
        where = tuple(int(axis) for axis in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{name}[{', '.join(map(str, where))}] is {array[where]}, expected finite numbers only."
        )
