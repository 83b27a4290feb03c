"""GradientFlow in Python: what comes back of the gradient, by hand and by the engine."""

from __future__ import annotations

import json
from itertools import islice

import numpy as np
import pytest
from traitlets import TraitError

from course_utils.data.random_numbers import seeded_random
from course_utils.explainers import GradientFlow
from course_utils.explainers.gradient_flow import _share
from course_utils.explainers.weights import unpack_network
from course_utils.recurrent import gradient_norm_by_step, jacobian_by_step, spectral_radius


def test_one_unit_by_hand() -> None:
    figure = GradientFlow(w_h=1.1, steps=30, input_size=0.5, seed=3)
    h, slopes = 0.0, []
    for number in islice(seeded_random(3), 30):
        h = np.tanh(0.5 * (2 * number - 1) + 1.1 * h)
        slopes.append(1 - h**2)
    # At step t the gradient has passed the slopes of all later steps.
    by_slopes = np.array([np.prod(slopes[t:]) for t in range(1, 31)])
    by_weights = 1.1 ** np.arange(29, -1, -1)
    np.testing.assert_allclose(figure.factors["slopes"], by_slopes, rtol=1e-12)
    np.testing.assert_allclose(figure.factors["weights"], by_weights, rtol=1e-12)
    np.testing.assert_allclose(figure.norms["gradient"], by_slopes * by_weights, rtol=1e-12)


def test_with_w_h_of_1_it_vanishes_because_of_the_slopes_alone() -> None:
    figure = GradientFlow(w_h=1)
    np.testing.assert_array_equal(figure.factors["weights"], 1)
    assert figure.norms["gradient"][0] < 1e-6
    np.testing.assert_array_equal(GradientFlow(w_h=1, activation="linear").norms["gradient"], 1)


@pytest.mark.parametrize("activation", ["tanh", "relu", "linear", "sigmoid"])
def test_w_h_is_the_spectral_radius_of_16_units(activation: str) -> None:
    figure = GradientFlow(network="16 units", w_h=1.3, steps=40, activation=activation)
    cell = figure._small(activation)
    assert spectral_radius(cell.W_h) == pytest.approx(1.3, rel=1e-5)
    np.testing.assert_allclose(figure.factors["weights"], 1.3 ** np.arange(39, -1, -1), rtol=1e-4)
    upstream = np.full(16, 0.25)
    np.testing.assert_allclose(
        figure.norms["gradient"], gradient_norm_by_step(cell, figure._inputs(16), upstream), rtol=1e-12
    )


def test_fresh_cells_begin_as_keras_begins_them() -> None:
    rnn, lstm, gru = unpack_network(GradientFlow().cells).network.layers
    for cell in (rnn, lstm, gru):
        for block in np.split(cell.W_h, cell.blocks, axis=1):
            np.testing.assert_allclose(block.T @ block, np.eye(16), atol=1e-6)  # orthogonal
        assert np.abs(cell.W_x).max() <= np.sqrt(6 / 32)  # Glorot's limit for each gate
    np.testing.assert_array_equal(lstm.b[16:32], 1)
    assert gru.reset_after
    assert not rnn.b.any() and not gru.b.any() and not gru.b_h.any()


def test_cells_by_the_engine_and_by_the_product_of_jacobians() -> None:
    figure = GradientFlow(mode="cells", steps=20, forget_bias=2.0, update_bias=-0.5)
    rnn, lstm, gru = unpack_network(figure.cells).network.layers
    lstm.b[16:32], gru.b[:16] = 2.0, -0.5
    inputs, upstream = figure._inputs(16), np.full(16, 0.25)
    norms = figure.norms
    assert list(norms) == ["RNN", "LSTM", "GRU"]
    np.testing.assert_allclose(norms["RNN"], gradient_norm_by_step(rnn, inputs, upstream), rtol=1e-12)
    np.testing.assert_allclose(norms["GRU"], gradient_norm_by_step(gru, inputs, upstream), rtol=1e-12)
    # The LSTM's state is h and c: the row of the upstream gradient times every later Jacobian.
    row, expected = np.concatenate([upstream, np.zeros(16)]), []
    for jacobian in jacobian_by_step(lstm, inputs)[::-1]:
        expected.append(np.linalg.norm(row))
        row = row @ jacobian
    np.testing.assert_allclose(norms["LSTM"], expected[::-1], rtol=1e-9)


def test_biases_lift_the_curves() -> None:
    def first(**biases: float) -> dict[str, float]:
        return {name: left[0] for name, left in GradientFlow(mode="cells", **biases).norms.items()}

    usual = first()
    assert first(forget_bias=0.0)["LSTM"] < usual["LSTM"] / 100
    assert first(forget_bias=3.0)["LSTM"] > usual["LSTM"] * 10
    assert first(update_bias=2.0)["GRU"] > usual["GRU"] * 1000
    assert first(forget_bias=3.0)["RNN"] == usual["RNN"]


def test_the_gradient_by_the_weights_and_its_clipping() -> None:
    figure = GradientFlow(w_h=1.2, steps=12, network="16 units")
    cell = figure._small("tanh")
    inputs = figure._inputs(16)[:, np.newaxis]

    def loss() -> float:
        return float(cell.forward(inputs).last.sum() / 4)

    squares = 0.0
    for weight in (cell.W_x, cell.W_h, cell.b):
        for place in np.ndindex(weight.shape):
            old = weight[place]
            weight[place] = old + 1e-5
            above = loss()
            weight[place] = old - 1e-5
            squares += ((above - loss()) / 2e-5) ** 2
            weight[place] = old
    assert figure.weight_gradient_norm == pytest.approx(np.sqrt(squares), rel=1e-6)
    assert figure.weight_gradient_norm > 1
    figure.clip = True
    assert figure.weight_gradient_norm == 1
    still = GradientFlow(steps=2, input_size=0, activation="sigmoid", w_h=0.1, clip=True)
    assert still.weight_gradient_norm < 1


def test_trained_networks_read_what_they_know() -> None:
    figure = GradientFlow(mode="trained", text="The film, zzyx: 'GOOD' [START]")
    assert figure.words == ["[START]", "the", "film", "[UNKNOWN]", "good", "start"]
    packed = unpack_network(figure.gru)
    known = json.loads(figure.vocabulary)
    ids = [1, known.index("the"), known.index("film"), 2, known.index("good"), known.index("start")]
    assert packed.embedding is not None
    W_y = packed.network.head.W_y[:, 0]
    expected = gradient_norm_by_step(
        packed.network.cells["gru_1"], packed.embedding[ids], W_y / np.linalg.norm(W_y)
    )
    np.testing.assert_allclose(figure.norms["GRU"], expected, rtol=1e-12)
    figure.text = "word " * 700
    assert len(figure.words) == 400 and "[START]" not in figure.words
    figure.text = ""
    assert figure.words == ["[START]"]
    assert [left.tolist() for left in figure.norms.values()] == [pytest.approx([1.0])] * 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"w_h": 2.5}, "w_h is 2.5, expected a number from 0.05 to 2"),
        ({"steps": 1}, "steps is 1, expected a whole number from 2 to 100"),
        ({"activation": "softmax"}, "activation is 'softmax', expected one of tanh, relu, linear, sigmoid"),
        ({"network": "2 units"}, "network is '2 units', expected one of one unit, 16 units"),
        ({"mode": "both"}, "mode is 'both', expected one of one-unit, cells, trained"),
        ({"forget_bias": 9}, "forget_bias is 9, expected a number from -1 to 5"),
        ({"text": "a" * 4001}, "expected a text of at most 4000 characters"),
    ],
)
def test_wrong_values_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(TraitError, match=message):
        GradientFlow(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["one-unit", "cells", "trained"])
def test_the_static_version_shows_the_same_numbers(mode: str) -> None:
    figure = GradientFlow(mode=mode)
    shown = figure.fallback_html()
    for name, left in figure.norms.items():
        assert f'<th scope="col">{name}</th>' in shown
        assert f"<td>{_share(left[0])}</td>" in shown
    if mode == "one-unit":
        assert _share(figure.factors["weights"][0]) == "0.0057"
        assert "<td>0.0057</td>" in shown
    if mode == "trained":
        assert '<th scope="row">1 [START]</th>' in shown
    assert "nan" not in GradientFlow(mode=mode, activation="relu", text="").fallback_html()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (0.8, "0.8"),
        (0.00572, "0.0057"),
        (31.4, "31"),
        (996, "1000"),
        (4.3e-10, "4·10⁻¹⁰"),
        (7.2e7, "7·10⁷"),
    ],
)
def test_shares_are_written_with_their_power(value: float, text: str) -> None:
    assert _share(value) == text
