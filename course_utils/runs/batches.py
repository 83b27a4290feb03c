"""Which examples share a batch, and the batches as Keras reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

LIKE_LENGTH = 50
"""Batches whose texts are sorted together by length."""


def batches_in_order(order: npt.NDArray[np.int_], batch_size: int) -> list[npt.NDArray[np.int_]]:
    """The rows of each batch, if examples come in this order; the last batch may be smaller."""
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


def batches_by_length(
    texts: npt.NDArray[Any],
    batch_size: int,
    draw: np.random.Generator | None = None,
    order: npt.NDArray[np.int_] | None = None,
) -> list[npt.NDArray[np.int_]]:
    """Which texts share a batch, if texts of like length shall.

    Args:
        texts: ids, (texts, time), zeros in front.
        batch_size: texts a batch; the last may have fewer.
        draw: mixes the batches; None leaves the short texts first.
        order: the texts in random order. Only within each `LIKE_LENGTH` batches of it are texts sorted, so that a text
            meets others in every epoch; None sorts all of them.

    Returns:
        the rows of each batch.
    """
    lengths = (texts != 0).sum(axis=1)  # (texts,)
    places = np.arange(len(texts)) if order is None else order
    size = len(texts) if order is None else LIKE_LENGTH * batch_size
    batches = []
    for begin in range(0, len(places), size):
        some = places[begin : begin + size]
        some = some[np.argsort(lengths[some], kind="stable")]
        batches += batches_in_order(some, batch_size)
    return batches if draw is None else [batches[i] for i in draw.permutation(len(batches))]


def dataset(
    inputs: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    batches: Sequence[npt.NDArray[np.int_]],
    *,
    cut: bool = False,
) -> Any:
    """The batches for Keras's ``fit``, ``evaluate`` and ``predict``.

    Given arrays, Keras makes a data set that tunes itself while it is read. A process with a single core then waits at
    the end, after the last batch, for the thread that tunes: up to as long again as all the batches took (measured
    with TensorFlow 2.21). This one is not tuned.

    Args:
        inputs: (examples, …).
        labels: (examples, …).
        batches: the rows of each batch.
        cut: whether a batch loses the zeros that all its inputs begin with; inputs are (examples, time) then.

    Returns:
        a ``tf.data.Dataset`` of pairs, inputs and labels.
    """
    import tensorflow as tf

    def pairs() -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
        for rows in batches:
            some = inputs[rows]  # (batch, …)
            if cut:
                used = np.flatnonzero((some != 0).any(axis=0))
                some = some[:, used[0] if len(used) else -1 :]
            yield some, labels[rows]

    shape = (None, None) if cut else (None, *inputs.shape[1:])
    signature = (
        tf.TensorSpec(shape, inputs.dtype),
        tf.TensorSpec((None, *labels.shape[1:]), labels.dtype),
    )
    options = tf.data.Options()
    options.autotune.enabled = False
    data = tf.data.Dataset.from_generator(pairs, output_signature=signature).with_options(options)
    return data.apply(tf.data.experimental.assert_cardinality(len(batches)))
