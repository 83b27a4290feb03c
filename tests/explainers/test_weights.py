"""A network in a file: the same network comes back, small, or one line says what is wrong."""

from __future__ import annotations

import json
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_utils.explainers.weights import (
    pack_network,
    unpack_network,
)
from course_utils.recurrent import LSTM, Bidirectional, Dense, Network, SimpleRNN, build_network
from course_utils.runs import load_run
from course_utils.runs.weights import dequantise, quantise

CELLS: dict[str, dict[str, Any]] = {
    "simple_rnn": {},
    "simple_rnn, relu": {"activation": "relu"},
    "lstm": {},
    "gru": {},
    "gru, reset_after": {"reset_after": True},
    "lstm, no bias": {"use_bias": False},
}


def make_network(cell: str = "lstm", **options: Any) -> Network:
    given = {"features": 3, "units": [4, 5], "outputs": 2, "head": "softmax", "seed": 1} | options
    network = build_network(cell.split(",")[0], **given, **CELLS[cell])
    network.flat_weights[:] = np.random.default_rng(2).normal(size=network.flat_weights.shape)
    return network


def damaged(contents: bytes, at: int, by: bytes) -> bytes:
    return contents[:at] + by + contents[at + len(by) :]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_as_float32_the_same_network_comes_back(cell: str, every_step: bool, bidirectional: bool) -> None:
    network = make_network(cell, every_step=every_step, bidirectional=bidirectional, dtype=np.float32)
    found = unpack_network(pack_network(network, stored_as="float32"), dtype=np.float32).network
    assert repr(found) == repr(network)
    assert list(found.weights) == list(network.weights)
    np.testing.assert_array_equal(found.flat_weights, network.flat_weights)
    inputs = np.random.default_rng(3).normal(size=(2, 6, 3))
    np.testing.assert_array_equal(found.predict(inputs), network.predict(inputs))


def test_the_two_directions_may_differ_and_the_head_keeps_its_loss() -> None:
    layer = Bidirectional(LSTM(3, 4, seed=1), SimpleRNN(3, 2, activation="linear", seed=2))
    network = Network([layer], Dense(6, 1, "sigmoid", loss="squared_error", reduction="sum", seed=3))
    found = unpack_network(pack_network(network, stored_as="float32")).network
    assert (found.head.loss, found.head.reduction) == ("squared_error", "sum")
    inputs = np.ones((1, 4, 3))
    np.testing.assert_allclose(found.predict(inputs), network.predict(inputs), atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    matrix=hnp.arrays(
        np.float32, (7, 3), elements=st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=True)
    )
)
def test_int8_moves_no_weight_by_more_than_half_its_columns_scale(matrix: np.ndarray) -> None:
    network = Network([SimpleRNN(7, 3, seed=1, dtype=np.float32)], Dense(3, 1, seed=1, dtype=np.float32))
    network.cells["simple_rnn_1"].W_x = matrix
    found = unpack_network(pack_network(network), dtype=np.float32).network.cells["simple_rnn_1"].W_x
    half = np.abs(matrix).max(axis=0) / 254
    assert (np.abs(found - matrix) <= half * (1 + 1e-5) + np.finfo(np.float32).tiny).all()


@settings(max_examples=60, deadline=None)
@given(vector=hnp.arrays(np.float32, 3, elements=st.floats(-(2.0**100), 2.0**100, width=32)))
def test_vectors_are_kept_to_half_precision_or_better(vector: np.ndarray) -> None:
    network = Network([SimpleRNN(1, 3, seed=1, dtype=np.float32)], Dense(3, 1, seed=1, dtype=np.float32))
    network.cells["simple_rnn_1"].b = vector
    found = unpack_network(pack_network(network), dtype=np.float32).network.cells["simple_rnn_1"].b
    np.testing.assert_allclose(found, vector, rtol=2**-11, atol=2**-25)


def test_what_a_stored_run_has_rounded_is_packed_without_another_loss() -> None:
    draw = np.random.default_rng(4)
    embedding = dequantise(*quantise(draw.normal(size=(50, 3)).astype(np.float32), axis=1))
    network = make_network()
    for weight in network.weights.values():
        if weight.ndim == 2:
            weight[...] = dequantise(*quantise(weight.astype(np.float32), axis=0))
    found = unpack_network(pack_network(network, embedding=embedding), dtype=np.float32)
    assert found.embedding is not None
    np.testing.assert_allclose(found.embedding, embedding, rtol=3e-7)
    for name, weight in network.weights.items():
        np.testing.assert_allclose(
            found.network.weights[name], weight, rtol=3e-7 if weight.ndim == 2 else 1e-3
        )


def test_words_and_numbers_travel_along() -> None:
    embedding = np.random.default_rng(5).normal(size=(4, 3))
    vocabulary = ["", "été", "it's", "</script>"]
    packed = pack_network(
        make_network(), embedding=embedding, vocabulary=vocabulary, padding=0, metadata={"accuracy": 0.87}
    )
    found = unpack_network(packed)
    assert (found.vocabulary, found.padding, found.metadata) == (vocabulary, 0, {"accuracy": 0.87})
    # Padded steps are masked, so zeros in front change nothing.
    np.testing.assert_allclose(found.predict([[0, 0, 1, 3]]), found.predict([[1, 3]]), rtol=1e-12)
    with pytest.raises(ValueError, match=r"ids are 1 to 4, expected 0 to 3"):
        found.predict([[1, 4]])
    with pytest.raises(ValueError, match=r"no embedding"):
        unpack_network(pack_network(make_network())).predict([[1]])


def test_the_same_network_gives_the_same_bytes_whatever_the_order_of_the_metadata() -> None:
    first = pack_network(make_network(), metadata={"a": 1, "b": [2, {"d": 3, "c": 4}]})
    assert first == pack_network(make_network(), metadata={"b": [2, {"c": 4, "d": 3}], "a": 1})


def test_sizes_of_a_character_model() -> None:
    """Embedding 64, LSTM 128, softmax over 65 characters: 111,361 weights."""
    network = build_network(
        "lstm", features=64, units=128, outputs=65, head="softmax", every_step=True, seed=1
    )
    embedding = np.random.default_rng(1).normal(size=(65, 64))
    assert network.flat_weights.size + embedding.size == 111_361
    sizes = {
        kind: len(pack_network(network, embedding=embedding, stored_as=kind))
        for kind in ("float32", "float16", "int8")
    }
    assert 4 * 111_361 < sizes["float32"] < 4 * 111_361 + 1_500
    assert 2 * 111_361 < sizes["float16"] < 2 * 111_361 + 1_500
    assert 111_361 < sizes["int8"] < 111_361 + 6_000


def test_each_array_can_be_stored_in_its_own_way() -> None:
    packed = pack_network(make_network(), stored_as={"head.W_y": "float32", "lstm_1.W_h": "float16"})
    length = int.from_bytes(packed[8:12], "little")
    stored = {array["name"]: array["stored"] for array in json.loads(packed[20 : 20 + length])["arrays"]}
    assert stored["head.W_y"] == "float32" and stored["lstm_1.W_h"] == "float16"
    assert stored["lstm_1.W_x"] == "int8" and stored["lstm_1.b"] == "float16"


def test_a_keras_model_with_its_embedding() -> None:
    import keras

    from course_utils.runs.layers import WordDropout

    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            WordDropout(0.2),
            keras.layers.Embedding(20, 4, mask_zero=True),
            keras.layers.Dropout(0.5),
            keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=True)),
            keras.layers.LSTM(5),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    found = unpack_network(pack_network(model, stored_as="float32"))
    assert found.padding == 0
    ids = np.random.default_rng(1).integers(1, 20, size=(3, 7))
    ids[0, :3] = 0
    np.testing.assert_allclose(found.predict(ids), model.predict(ids, verbose=0), atol=1e-6)
    with pytest.raises(ValueError, match=r"an embedding of its own"):
        pack_network(model, embedding=np.zeros((20, 4)))


def test_a_keras_model_without_an_embedding_and_one_that_is_not_known() -> None:
    import keras

    model = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(3), keras.layers.Dense(1)])
    inputs = np.random.default_rng(1).normal(size=(2, 4, 2))
    found = unpack_network(pack_network(model, stored_as="float32")).network
    np.testing.assert_allclose(found.predict(inputs), model.predict(inputs, verbose=0), atol=1e-6)
    unknown = keras.Sequential(
        [keras.Input((None, 2)), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(1)]
    )
    with pytest.raises(ValueError, match=r"not known to the engine"):
        pack_network(unknown)


def test_a_stored_run_answers_as_before() -> None:
    run = load_run("imdb-post-masked")
    model = run.load_model()
    ids = np.random.default_rng(1).integers(1, 10_000, size=(8, 400))
    ids[:4, 150:] = 0
    expected = model.predict(ids, verbose=0)
    np.testing.assert_allclose(
        unpack_network(pack_network(model, stored_as="float32")).predict(ids), expected, atol=1e-5
    )
    small = pack_network(model)
    assert len(small) < 400_000
    np.testing.assert_allclose(unpack_network(small).predict(ids), expected, atol=0.01)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda contents: contents[:10], r"10 bytes, expected at least 20"),
        (lambda contents: b"", r"0 bytes, expected at least 20"),
        (lambda contents: damaged(contents, 0, b"PK"), r"begins with b'PKNN', expected b'URNN'"),
        (lambda contents: damaged(contents, 4, b"\x09"), r"version 9, expected 1"),
        (lambda contents: contents[:-1], r"cut short or damaged"),
        (lambda contents: contents + b"\0\0\0\0", r"cut short or damaged"),
        (lambda contents: damaged(contents, len(contents) - 9, b"\x55\xaa"), r"checksum is wrong"),
        (lambda contents: damaged(contents, 30, b"#"), r"checksum is wrong"),
        (lambda contents: damaged(contents, 16, b"\0\0\0\0"), r"checksum is wrong"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        unpack_network(change(pack_network(make_network())))


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_changed_byte_goes_unnoticed(data: st.DataObject) -> None:
    contents = pack_network(make_network(units=2))
    at = data.draw(st.integers(0, len(contents) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != contents[at]))
    with pytest.raises(ValueError):
        unpack_network(damaged(contents, at, bytes([other])))


def test_a_header_that_does_not_fit_its_arrays_is_refused() -> None:
    contents = pack_network(make_network())
    header = contents[20 : 20 + int.from_bytes(contents[8:12], "little")]
    for old, new, message in [
        (b'"units":4', b'"units":3', r"expected 3|expected \("),
        (b'"shape":[3,16]', b'"shape":[2,16]', r"arrays take"),
        (b'"shape":[3,16]', b'"shape":[9,16]', r"arrays take"),
    ]:
        assert old in header
        body = contents[20:].replace(old, new)
        changed = contents[:16] + zlib.crc32(body).to_bytes(4, "little") + body
        with pytest.raises(ValueError, match=message):
            unpack_network(changed)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"embedding": np.zeros((5, 2))}, r"embedding has shape \(5, 2\), expected \(words, features\)"),
        ({"embedding": np.zeros(5)}, r"embedding has shape \(5,\)"),
        ({"embedding": np.full((5, 3), np.nan)}, r"embedding holds numbers that are not finite"),
        ({"vocabulary": ["a"]}, r"1 words, expected 3"),
        ({"padding": 0}, r"padding is 0, expected an id"),
        ({"embedding": np.zeros((5, 3)), "padding": 5}, r"padding is 5"),
        ({"metadata": {"loss": float("nan")}}, r"cannot be written as JSON"),
        ({"metadata": {"loss": np.zeros(2)}}, r"cannot be written as JSON"),
        ({"stored_as": "int4"}, r"'int4', expected one of float32, float16, int8"),
        ({"stored_as": {"W_x": "int8"}}, r"names 'W_x', expected names from lstm_1.W_x"),
    ],
)
def test_what_does_not_fit_is_refused_when_packing(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pack_network(make_network(), **options)


def test_activations_that_javascript_does_not_have_are_refused() -> None:
    gompertz = build_network("simple_rnn", features=1, units=2, outputs=1, activation="gompertz", seed=1)
    with pytest.raises(ValueError, match=r"simple_rnn_1 has activation gompertz"):
        pack_network(gompertz)
    with pytest.raises(ValueError, match=r"the head has activation gompertz"):
        pack_network(build_network("lstm", features=1, units=2, outputs=1, head="gompertz", seed=1))


def test_weights_that_are_not_finite_are_refused() -> None:
    network = make_network()
    network.cells["lstm_1"].W_h[0, 0] = np.inf
    with pytest.raises(ValueError, match=r"lstm_1.W_h holds numbers that are not finite"):
        pack_network(network)
    network.cells["lstm_1"].W_h[0, 0] = 1e39  # no float32
    with pytest.raises(ValueError, match=r"lstm_1.W_h holds numbers that are not finite"):
        pack_network(network)
