"""Small weights: how far they may be from the trained ones, and what is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_utils.runs import RunError
from course_utils.runs.weights import INT8_FROM, dequantise, pack, quantise, unpack

MATRICES = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=st.floats(-1e3, 1e3, width=32, allow_subnormal=False),
)


@given(matrix=MATRICES, axis=st.sampled_from([0, 1]))
def test_no_entry_moves_by_more_than_half_a_scale(matrix: np.ndarray, axis: int) -> None:
    whole, scale = quantise(matrix, axis)
    assert whole.dtype == np.int8
    assert scale.shape == ((matrix.shape[0], 1) if axis == 1 else (1, matrix.shape[1]))
    slack = 1e-4 * np.abs(matrix).max(initial=0)
    assert (np.abs(dequantise(whole, scale) - matrix) <= scale / 2 + slack).all()


def test_known_values() -> None:
    whole, scale = quantise(np.array([[1.27, -0.5, 0.004], [0, 0, 0]], np.float32), axis=1)
    np.testing.assert_array_equal(whole, [[127, -50, 0], [0, 0, 0]])
    np.testing.assert_allclose(scale, [[0.01], [0.0]], rtol=1e-6)


def test_numbers_too_small_for_a_scale_become_zero() -> None:
    # A scale of 190 / 127 of the smallest number is rounded to that number, and 190 of it are no int8.
    small = np.float32(190 * 2.0**-149)
    whole, scale = quantise(np.array([[small, -small], [1.0, small]], np.float32), axis=1)
    np.testing.assert_array_equal(whole, [[0, 0], [127, 0]])
    np.testing.assert_array_equal(dequantise(whole, scale)[0], 0)


def test_a_rare_word_with_small_numbers_keeps_them() -> None:
    embedding = np.stack([np.full(8, 5.0), np.linspace(-0.01, 0.01, 8)]).astype(np.float32)
    whole, scale = quantise(embedding, axis=1)
    np.testing.assert_allclose(dequantise(whole, scale)[1], embedding[1], atol=1e-4)


def weights() -> list[tuple[str, np.ndarray]]:
    draw = np.random.default_rng(0)
    big = draw.normal(size=(INT8_FROM // 50, 50)).astype(np.float32)
    return [
        ("embeddings", big),
        ("kernel", big.T * 3),
        ("kernel", big[:3]),
        ("bias", np.zeros(4, np.float32)),
    ]


def test_pack_and_unpack_keep_order_and_shapes() -> None:
    restored = unpack(pack(weights()))
    assert [w.shape for w in restored] == [w.shape for _, w in weights()]
    assert all(w.dtype == np.float32 for w in restored)
    for got, (_, wanted) in zip(restored, weights(), strict=True):
        np.testing.assert_allclose(got, wanted, atol=0.02 * (np.abs(wanted).max() + 1e-9))
    np.testing.assert_allclose(restored[2], weights()[2][1], rtol=1e-3)


def test_big_matrices_become_int8_and_nothing_needs_pickle() -> None:
    contents = pack(weights())
    with np.load(io.BytesIO(contents), allow_pickle=False) as archive:
        kinds = {key: (archive[key].dtype.name, archive[key].shape) for key in archive.files}
    assert kinds == {
        "000.embeddings.int8": ("int8", (INT8_FROM // 50, 50)),
        "000.embeddings.scale": ("float32", (INT8_FROM // 50, 1)),
        "001.kernel.int8": ("int8", (50, INT8_FROM // 50)),
        "001.kernel.scale": ("float32", (1, INT8_FROM // 50)),
        "002.kernel.float16": ("float16", (3, 50)),
        "003.bias.float16": ("float16", (4,)),
    }
    assert len(contents) < 0.3 * sum(w.nbytes for _, w in weights())


def test_the_same_weights_give_the_same_file() -> None:
    assert pack(weights()) == pack(weights())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf], ids=str)
def test_diverged_weights_are_not_stored(value: float) -> None:
    with pytest.raises(RunError, match="kernel is not finite: training diverged"):
        pack([("kernel", np.array([[1.0, value]]))])


def test_a_number_too_large_for_float16_is_not_stored_as_infinity() -> None:
    restored = unpack(pack([("bias", np.array([1e5, 1.0], np.float32))]))
    assert np.isfinite(restored[0]).all()
    np.testing.assert_allclose(restored[0], [1e5, 1.0], rtol=1e-3)
