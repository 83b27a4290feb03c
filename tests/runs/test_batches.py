"""Which examples share a batch, and the batches as Keras reads them."""

from __future__ import annotations

import numpy as np

from course_utils.runs.batches import batches_by_length, batches_in_order, dataset


def test_texts_of_like_length_share_a_batch_and_all_are_read_once() -> None:
    draw = np.random.default_rng(0)
    lengths = draw.integers(1, 101, 1000)
    texts = np.where(np.arange(100) >= 100 - lengths[:, None], 7, 0)  # (1000, 100), zeros in front
    order = draw.permutation(1000)
    batches = batches_by_length(texts, 10, draw, order)
    assert sorted(np.concatenate(batches)) == list(range(1000))
    assert len(batches) == 100
    spans = [np.ptp(lengths[batch]) for batch in batches]
    assert np.mean(spans) < 5, "texts in a batch differ by more than a few words"
    first = [lengths[batch[0]] for batch in batches]
    assert np.corrcoef(first, np.arange(100))[0, 1] < 0.5, "the batches should not come in order of length"
    others = batches_by_length(texts, 10, draw, draw.permutation(1000))
    company = [{frozenset(batch.tolist()) for batch in each} for each in (batches, others)]
    assert len(company[0] & company[1]) < 10, "a text should meet others in every epoch"


def test_a_batch_loses_only_zeros() -> None:
    texts = np.array([[0, 0, 0, 5, 6], [0, 0, 7, 0, 8], [0, 0, 0, 0, 0]])
    rows = [np.array([0, 1]), np.array([2])]
    (first, labels), (second, _) = dataset(texts, np.array([0, 1, 1]), rows, cut=True).as_numpy_iterator()
    np.testing.assert_array_equal(first, texts[:2, 2:])
    assert labels.tolist() == [0, 1]
    assert second.tolist() == [[0]], "an empty text keeps one place"


def test_keras_reads_the_batches_in_their_order() -> None:
    inputs = np.arange(14, dtype=np.float32).reshape(7, 2)
    labels = np.arange(7)
    order = np.array([4, 0, 6, 1, 2, 5, 3])
    data = dataset(inputs, labels, batches_in_order(order, 3))
    found = list(data.as_numpy_iterator())
    assert [len(rows) for rows, _ in found] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in found]), inputs[order])
    np.testing.assert_array_equal(np.concatenate([each for _, each in found]), order)


def test_keras_does_not_tune_the_reading() -> None:
    data = dataset(np.zeros((4, 2)), np.zeros(4), batches_in_order(np.arange(4), 2))
    assert data.options().autotune.enabled is False
