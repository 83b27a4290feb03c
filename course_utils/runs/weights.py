"""Weights small enough to ship: int8 for the big matrices, float16 for the rest, and no pickle.

A matrix W becomes whole numbers q from -127 to 127 and one scale s a row (or column), so that W ≈ q · s: a
row's largest entry becomes ±127, and no entry moves by more than s / 2. An embedding has one scale a word;
any other matrix has one scale an output unit.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from course_utils.runs.errors import RunError

Floats = npt.NDArray[np.float32]

INT8_FROM = 20_000
"""Matrices with at least as many entries are stored as int8."""

_INT8, _SCALE = "int8", "scale"


def quantise(matrix: npt.NDArray[np.floating], axis: int) -> tuple[npt.NDArray[np.int8], Floats]:
    """Whole numbers and scales that stand for a matrix.

    Args:
        matrix: (rows, columns).
        axis: the axis along which entries share a scale: 1 for one scale a row, 0 for one a column.

    Returns:
        The whole numbers, same shape, and the scales, (rows, 1) or (1, columns). A row of zeros has scale 0.
    """
    # Numbers under the smallest normal one would give scales too coarse to divide by.
    matrix = np.where(np.abs(matrix) < np.finfo(np.float32).tiny, 0, matrix)
    scale = np.abs(matrix).max(axis=axis, keepdims=True).astype(np.float32) / np.float32(127)
    whole = np.rint(np.divide(matrix, scale, out=np.zeros(matrix.shape, np.float32), where=scale > 0))
    return whole.astype(np.int8), scale


def dequantise(whole: npt.NDArray[np.int8], scale: Floats) -> Floats:
    """The matrix that `quantise` stored, up to half a scale an entry."""
    return whole.astype(np.float32) * scale


def pack(weights: Sequence[tuple[str, npt.NDArray[np.floating]]]) -> bytes:
    """The contents of ``weights.npz``.

    Args:
        weights: name and value of each weight, in Keras's order. Names need not differ.

    Raises:
        RunError: if a weight is not a finite number; such a model has diverged.
    """
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for position, (name, value) in enumerate(weights):
        if not np.isfinite(value).all():
            raise RunError(
                f"The weight {name} is not finite: training diverged, so there is nothing to store."
            )
        key = f"{position:03d}.{name}"
        if value.ndim == 2 and value.size >= INT8_FROM:
            whole, scale = quantise(value, axis=1 if name == "embeddings" else 0)
            arrays[f"{key}.{_INT8}"], arrays[f"{key}.{_SCALE}"] = whole, scale
        else:
            fits = np.abs(value).max(initial=0) <= np.finfo(np.float16).max
            kind = np.dtype(np.float16 if fits else np.float32)
            arrays[f"{key}.{kind.name}"] = value.astype(kind)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack(contents: bytes) -> list[Floats]:
    """The weights that `pack` stored, float32, in Keras's order."""
    with np.load(io.BytesIO(contents), allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    return [_restored(arrays, key) for key in sorted(arrays) if not key.endswith(f".{_SCALE}")]


def _restored(arrays: Mapping[str, npt.NDArray[np.generic]], key: str) -> Floats:
    stem, _, kind = key.rpartition(".")
    if kind == _INT8:
        return dequantise(arrays[key].astype(np.int8), arrays[f"{stem}.{_SCALE}"].astype(np.float32))
    return arrays[key].astype(np.float32)
