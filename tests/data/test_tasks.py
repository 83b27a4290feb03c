"""Each task is what it says: shapes, dtypes, the right answer, the same again for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.data import adding_task, binary_addition, copy_task, latest_task, recall_task

seeds = st.integers(0, 2**32)


@given(st.integers(1, 50), st.integers(2, 62), seeds)
def test_binary_addition_adds(samples, bits, seed):
    inputs, targets = binary_addition(samples, bits, seed)
    assert inputs.shape == (samples, bits, 2) and inputs.dtype == np.float32
    assert targets.shape == (samples, bits, 1) and targets.dtype == np.float32
    assert set(np.unique(inputs)) | set(np.unique(targets)) <= {0.0, 1.0}
    for sample in range(samples):
        first, second = (int(sum(2**i * int(b) for i, b in enumerate(inputs[sample, :, k]))) for k in (0, 1))
        total = sum(2**i * int(b) for i, b in enumerate(targets[sample, :, 0]))
        assert first + second == total
        assert max(first, second) < 2 ** (bits - 1)


def test_binary_addition_uses_its_range_and_carries():
    inputs, targets = binary_addition(4_000, 8, seed=1)
    assert inputs[:, -1].max() == 0 and targets[:, -1].max() == 1, "the last bit is only ever a carry"
    np.testing.assert_allclose(inputs[:, :-1].mean(axis=0), 0.5, atol=0.05)
    carried = targets[:, :, 0] != np.logical_xor(inputs[:, :, 0], inputs[:, :, 1])
    assert carried[:, 0].mean() == 0 and 0.4 < carried[:, 4:].mean() < 0.6


@given(st.integers(1, 50), st.integers(0, 40), st.integers(2, 9), seeds)
def test_recall_asks_for_the_first_symbol(samples, lag, symbols, seed):
    inputs, targets = recall_task(samples, lag, symbols, seed)
    assert inputs.shape == (samples, 1 + lag, symbols) and inputs.dtype == np.float32
    assert targets.shape == (samples,) and targets.dtype == np.int64
    np.testing.assert_array_equal(inputs.sum(axis=2), 1)
    np.testing.assert_array_equal(inputs[:, 0].argmax(axis=1), targets)


def test_recall_gives_no_hint_after_the_first_step():
    inputs, targets = recall_task(20_000, lag=3, symbols=4, seed=2)
    for step in (1, 2, 3):
        agreement = (inputs[:, step].argmax(axis=1) == targets).mean()
        assert agreement == pytest.approx(0.25, abs=0.02)
    np.testing.assert_allclose(np.bincount(targets) / 20_000, 0.25, atol=0.02)


@given(st.integers(1, 30), st.integers(1, 10), st.integers(1, 30), st.integers(2, 9), seeds)
def test_copy_asks_for_the_symbols_again(samples, length, lag, symbols, seed):
    inputs, targets = copy_task(samples, length, lag, symbols, seed)
    steps = 2 * length + lag
    assert inputs.shape == (samples, steps, symbols + 2) and inputs.dtype == np.float32
    assert targets.shape == (samples, steps) and targets.dtype == np.int64
    np.testing.assert_array_equal(inputs.sum(axis=2), 1)
    shown = inputs.argmax(axis=2)
    np.testing.assert_array_equal(shown[:, :length], targets[:, length + lag :])
    assert shown[:, :length].min() >= 1 and shown[:, :length].max() <= symbols
    assert (shown[:, length + lag - 1] == symbols + 1).all(), "the signal to begin comes one step before"
    waiting = np.delete(shown[:, length:], lag - 1, axis=1)
    assert (waiting == 0).all() and (targets[:, : length + lag] == 0).all()


@given(st.integers(1, 50), st.integers(2, 60), seeds)
def test_adding_asks_for_the_sum_of_the_two_marked(samples, length, seed):
    inputs, targets = adding_task(samples, length, seed)
    assert inputs.shape == (samples, length, 2) and inputs.dtype == np.float32
    assert targets.shape == (samples, 1) and targets.dtype == np.float32
    numbers, marks = inputs[:, :, 0], inputs[:, :, 1]
    assert set(np.unique(marks)) <= {0.0, 1.0}
    half = length // 2
    assert (marks[:, :half].sum(axis=1) == 1).all() and (marks[:, half:].sum(axis=1) == 1).all()
    np.testing.assert_allclose((numbers * marks).sum(axis=1), targets[:, 0], rtol=1e-6)
    assert numbers.min() >= 0 and numbers.max() < 1


@pytest.mark.parametrize("marked", [0.0, 0.3, 1.0])
def test_the_target_of_the_latest_task_is_the_symbol_marked_last(marked):
    inputs, targets = latest_task(50, 12, symbols=5, marked=marked, seed=4)
    assert inputs.shape == (50, 12, 6) and inputs.dtype == np.float32
    assert targets.shape == (50, 12) and targets.dtype == np.int64
    assert (inputs[:, :, :5].sum(axis=2) == 1).all(), "one symbol a step"
    assert (inputs[:, 0, 5] == 1).all(), "the first is marked"
    for stream, wanted in zip(inputs, targets, strict=True):
        held = -1
        for step, target in zip(stream, wanted, strict=True):
            if step[5]:
                held = int(step[:5].argmax())
            assert target == held
    assert inputs[:, 1:, 5].mean() == pytest.approx(marked, abs=0.05)


def test_always_answering_one_to_the_adding_task_is_off_by_a_sixth():
    _, targets = adding_task(40_000, 20, seed=3)
    assert np.mean((targets - 1.0) ** 2) == pytest.approx(1 / 6, rel=0.03)


@pytest.mark.parametrize(
    "task",
    [
        lambda seed: binary_addition(9, 8, seed),
        lambda seed: recall_task(9, 12, 4, seed),
        lambda seed: copy_task(9, 3, 4, 8, seed),
        lambda seed: latest_task(9, 12, 4, 0.2, seed),
        lambda seed: adding_task(9, 10, seed),
    ],
)
def test_a_seed_decides_everything(task):
    for once, again, other in zip(task(5), task(5), task(6), strict=True):
        np.testing.assert_array_equal(once, again)
        assert (once != other).any()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: binary_addition(0), "samples is 0, expected at least 1"),
        (lambda: binary_addition(1, 1), "bits is 1, expected 2 to 62"),
        (lambda: binary_addition(1, 63), "bits is 63, expected 2 to 62"),
        (lambda: recall_task(1, -1), "lag is -1, expected at least 0"),
        (lambda: recall_task(1, 5, symbols=1), "symbols is 1, expected at least 2"),
        (lambda: latest_task(0, 5), "samples is 0, expected at least 1"),
        (lambda: latest_task(1, 0), "length is 0, expected at least 1"),
        (lambda: latest_task(1, 5, symbols=1), "symbols is 1, expected at least 2"),
        (lambda: latest_task(1, 5, marked=1.5), "marked is 1.5, expected a probability"),
        (lambda: copy_task(1, 0, 1), "length is 0, expected at least 1"),
        (lambda: copy_task(1, 1, 0), "lag is 0, expected at least 1"),
        (lambda: adding_task(1, 1), "length is 1, expected at least 2"),
    ],
)
def test_an_impossible_task_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
