"""Choosing the next symbol from a network's answer: temperature, top-k, top-p, and the draw itself.

Every function works along the last axis, so that it serves one distribution and a batch of them alike. The living
figures do the same in JavaScript (``_sampling.js``), and agree on ties: of equals, the first.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def tempered(logits: npt.ArrayLike, temperature: float) -> Floats:
    """Probabilities at a temperature: the softmax of logits / temperature.

    The largest logit is taken off first, so that no power overflows. Logarithms of probabilities will do as
    logits, since the softmax ignores what is added to all of them.

    Args:
        logits: (…, outcomes); −∞ for what must not be drawn.
        temperature: below 1 the likely becomes likelier, above 1 the odds draw together; 0 takes the largest.

    Returns:
        (…, outcomes), which add up to 1 along the last axis.

    Raises:
        ValueError: for a temperature that is negative or not finite, or logits without a finite largest.
    """
    a = _last_axis(logits, "logits")
    if not (temperature >= 0 and math.isfinite(temperature)):
        raise ValueError(f"temperature is {temperature}, expected a number of at least 0.")
    largest = a.max(axis=-1, keepdims=True)
    if not np.isfinite(largest).all():
        raise ValueError("the largest logit is not finite: the network has diverged, or nothing is allowed.")
    if temperature == 0:
        return _one_hot(a)
    powers: Floats = np.exp((a - largest) / temperature)
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


def greedy(logits: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """The most probable symbol; of equals, the first.

    Args:
        logits: (…, outcomes), logits or probabilities.

    Returns:
        (…,), ids.
    """
    found: npt.NDArray[np.int64] = np.asarray(_last_axis(logits, "logits").argmax(axis=-1), np.int64)
    return found


def keep_top_k(probabilities: npt.ArrayLike, k: int) -> Floats:
    """Leave the k most probable (Fan, Lewis & Dauphin 2018, doi 10.18653/v1/P18-1082).

    Args:
        probabilities: (…, outcomes).
        k: how many stay; 0, or more than there are, for all.

    Returns:
        (…, outcomes), zero for what was cut, and the rest made to add up to 1.

    Raises:
        ValueError: for a negative k.
    """
    p = _last_axis(probabilities, "probabilities")
    if k < 0:
        raise ValueError(f"k is {k}, expected at least 0.")
    if k == 0 or k >= p.shape[-1]:
        return _divided(p)
    order = np.argsort(-p, axis=-1, kind="stable")
    kept = p.copy()
    np.put_along_axis(kept, order[..., k:], 0.0, axis=-1)
    return _divided(kept)


def keep_top_p(probabilities: npt.ArrayLike, p: float) -> Floats:
    """Leave the fewest that together reach the share p (Holtzman et al. 2020, doi 10.48550/arXiv.1904.09751).

    Args:
        probabilities: (…, outcomes).
        p: over 0; 1 or more for all.

    Returns:
        (…, outcomes), zero for what was cut, and the rest made to add up to 1.

    Raises:
        ValueError: for a p that is not over 0.
    """
    odds = _divided(_last_axis(probabilities, "probabilities"))
    if not p > 0:
        raise ValueError(f"p is {p}, expected over 0.")
    if p >= 1:
        return odds
    order = np.argsort(-odds, axis=-1, kind="stable")
    falling = np.take_along_axis(odds, order, axis=-1)
    share_before = np.cumsum(falling, axis=-1) - falling  # what stands before a symbol has not reached p yet
    kept = np.zeros_like(odds)
    np.put_along_axis(kept, order, np.where(share_before < p, falling, 0.0), axis=-1)
    return _divided(kept)


def sampling_probabilities(
    logits: npt.ArrayLike, *, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0
) -> Floats:
    """What the next symbol is drawn from: temperature first, then top-k, then top-p on what is left.

    Args:
        logits: (…, outcomes).
        temperature: see `tempered`.
        top_k: see `keep_top_k`.
        top_p: see `keep_top_p`.

    Returns:
        (…, outcomes)

    Raises:
        ValueError: as these.
    """
    return keep_top_p(keep_top_k(tempered(logits, temperature), top_k), top_p)


def draw(probabilities: npt.ArrayLike, numbers: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """The symbol into whose share a number falls, with the shares laid end to end by id.

    Args:
        probabilities: (…, outcomes), which add up to 1.
        numbers: (…,), from 0 to under 1, such as a generator's ``random``.

    Returns:
        (…,), ids, never one of probability 0.
    """
    p = _last_axis(probabilities, "probabilities")
    ends = np.cumsum(p, axis=-1)
    # Rounding may leave the last end a little below 1: a number beyond it belongs to the last symbol that can be.
    beyond: Any = np.asarray(numbers, np.float64)[..., np.newaxis] * ends[..., -1:]
    chosen: npt.NDArray[np.int64] = (ends <= np.minimum(beyond, np.nextafter(ends[..., -1:], 0))).sum(axis=-1)
    return chosen


def _one_hot(a: Floats) -> Floats:
    found = np.zeros_like(a)
    np.put_along_axis(found, a.argmax(axis=-1)[..., np.newaxis], 1.0, axis=-1)
    return found


def _divided(p: Floats) -> Floats:
    total = p.sum(axis=-1, keepdims=True)
    if not ((p >= 0).all() and (total > 0).all() and np.isfinite(total).all()):
        raise ValueError("probabilities must be finite, at least 0, and not all 0.")
    divided: Floats = p / total
    return divided


def _last_axis(values: npt.ArrayLike, name: str) -> Floats:
    array = np.asarray(values, np.float64)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(f"{name} have shape {array.shape}, expected (…, outcomes).")
    return array
