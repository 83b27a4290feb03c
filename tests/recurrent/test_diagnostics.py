"""Gradients through a cell against finite differences, and gates filled on purpose."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from course_utils.recurrent import (
    GRU,
    LSTM,
    SimpleRNN,
    gradient_norm_by_step,
    jacobian_by_step,
    saturation,
    spectral_radius,
)

CELLS: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "tanh": (SimpleRNN, {}),
    "sigmoid": (SimpleRNN, {"activation": "sigmoid"}),
    "gompertz": (SimpleRNN, {"activation": "gompertz"}),
    "linear": (SimpleRNN, {"activation": "linear"}),
    "no bias": (SimpleRNN, {"use_bias": False}),
    "lstm": (LSTM, {}),
    "gru": (GRU, {}),
    "gru_reset_after": (GRU, {"reset_after": True}),
}
every_cell = pytest.mark.parametrize("cell", CELLS)

FEATURES, UNITS, TIME = 2, 3, 5


def made(cell: str, seed: int = 1) -> Any:
    """A cell with random weights and random biases."""
    cell_class, options = CELLS[cell]
    one = cell_class(FEATURES, UNITS, seed=seed, **options)
    draw = np.random.default_rng(seed)
    for weight in one.weights.values():
        weight += draw.normal(0, 0.3, weight.shape)
    return one


def sequence(time: int = TIME, seed: int = 2) -> np.ndarray:
    """(time, features)"""
    return np.random.default_rng(seed).normal(size=(time, FEATURES))


def flat_states(cell: Any, inputs: np.ndarray) -> list[np.ndarray]:
    """The state before the first step and after each, h first and then c, each (state,)."""
    state, found = cell.initial_state(1), []
    found.append(np.concatenate([part[0] for part in state]))
    for x_t in inputs:
        state, _ = cell.step(x_t[np.newaxis], state)
        found.append(np.concatenate([part[0] for part in state]))
    return found


def run_on(cell: Any, inputs: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """The state after the inputs, from a state, both (state,)."""
    state = tuple(part[np.newaxis] for part in np.split(flat, len(cell.state_names)))
    for x_t in inputs:
        state, _ = cell.step(x_t[np.newaxis], state)
    return np.concatenate([part[0] for part in state])


def numeric_jacobian(cell: Any, inputs: np.ndarray, flat: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """[i, j] is the derivative of number i after the inputs by number j before them."""
    columns = []
    for j in range(flat.size):
        moved = np.zeros_like(flat)
        moved[j] = step
        after, before = run_on(cell, inputs, flat + moved), run_on(cell, inputs, flat - moved)
        columns.append((after - before) / (2 * step))
    return np.stack(columns, axis=1)


# --- Jacobians ----------------------------------------------------------------------------------------------


@every_cell
def test_a_jacobian_is_what_a_small_change_of_the_state_does(cell):
    one, inputs = made(cell), sequence()
    jacobians = jacobian_by_step(one, inputs)
    size = UNITS * len(one.state_names)
    assert jacobians.shape == (TIME, size, size) and jacobians.dtype == np.float64
    for t, before in enumerate(flat_states(one, inputs)[:-1]):
        expected = numeric_jacobian(one, inputs[t : t + 1], before)
        np.testing.assert_allclose(jacobians[t], expected, rtol=1e-6, atol=1e-9)
    assert np.abs(jacobians).max() > 0.05


def test_the_lstms_jacobian_has_h_first_and_then_c():
    cell = LSTM(1, 1)
    cell.W_x, cell.W_h = np.zeros((1, 4)), np.zeros((1, 4))
    cell.b = [0.0, 2.0, 0.0, 1.0]
    keep, show = 1 / (1 + math.exp(-2)), 1 / (1 + math.exp(-1))
    # Nothing is read and c stays 0, so that tanh'(c) is 1: c is kept by f, and shown in h by o.
    np.testing.assert_allclose(
        jacobian_by_step(cell, np.ones((2, 1))), [[[0, show * keep], [0, keep]]] * 2, atol=1e-15
    )


def test_the_simple_cells_jacobian_is_its_weights_times_the_slope():
    cell, inputs = made("tanh"), sequence()
    h = np.stack(flat_states(cell, inputs)[1:])  # (time, units)
    expected = np.stack([np.diag(1 - h_t**2) @ cell.W_h.T for h_t in h])
    np.testing.assert_allclose(jacobian_by_step(cell, inputs), expected, rtol=1e-12, atol=1e-15)


@every_cell
def test_the_product_of_all_jacobians_is_the_change_over_the_whole_sequence(cell):
    one, inputs = made(cell), sequence()
    product = np.eye(UNITS * len(one.state_names))
    for jacobian in jacobian_by_step(one, inputs):
        product = jacobian @ product
    expected = numeric_jacobian(one, inputs, flat_states(one, inputs)[0])
    np.testing.assert_allclose(product, expected, rtol=1e-5, atol=1e-9)


# --- norms --------------------------------------------------------------------------------------------------


@every_cell
def test_a_norm_is_that_of_the_gradient_by_the_hidden_state(cell):
    """The loss is upstream · h at the last step. Only h is moved: the LSTM's c has a gradient of its own."""
    one, inputs = made(cell), sequence()
    upstream = np.array([1.0, -2.0, 0.5])
    norms = gradient_norm_by_step(one, inputs, upstream)
    assert norms.shape == (TIME,)
    for t, after in enumerate(flat_states(one, inputs)[1:]):
        by_h = numeric_jacobian(one, inputs[t + 1 :], after)[:UNITS, :UNITS]  # h at the end by h after step t
        assert norms[t] == pytest.approx(np.linalg.norm(upstream @ by_h), rel=1e-6, abs=1e-10)
    assert norms[-1] == pytest.approx(np.linalg.norm(upstream))


@every_cell
def test_a_norm_is_that_of_upstream_times_all_later_jacobians(cell):
    one, inputs = made(cell), sequence(time=7)
    upstream = np.array([0.3, 0.0, -1.0])
    jacobians = jacobian_by_step(one, inputs)
    pulled_back = np.concatenate([upstream, np.zeros(len(jacobians[0]) - UNITS)])
    expected = [np.linalg.norm(pulled_back[:UNITS])]
    for jacobian in jacobians[:0:-1]:
        pulled_back = pulled_back @ jacobian
        expected.append(np.linalg.norm(pulled_back[:UNITS]))
    np.testing.assert_allclose(gradient_norm_by_step(one, inputs, upstream), expected[::-1], rtol=1e-10)


@pytest.mark.parametrize("rho", [0.5, 1.0, 1.3])
def test_a_rotation_times_rho_stretches_by_rho_a_step(rho):
    cell = SimpleRNN(FEATURES, 8, activation="linear", seed=3)
    cell.W_h = rho * cell.W_h  # a new cell's recurrent weights are a rotation
    upstream = np.random.default_rng(4).normal(size=8)
    norms = gradient_norm_by_step(cell, sequence(time=30), upstream)
    expected = np.linalg.norm(upstream) * rho ** np.arange(29, -1, -1)
    np.testing.assert_allclose(norms, expected, rtol=1e-10)
    assert spectral_radius(cell.W_h) == pytest.approx(rho)


def test_the_gradient_vanishes_through_squashed_units():
    cell, linear = (SimpleRNN(FEATURES, 8, activation=name, seed=3) for name in ("tanh", "linear"))
    inputs, upstream = sequence(time=30), np.ones(8)
    squashed, passed = (gradient_norm_by_step(one, inputs, upstream)[0] for one in (cell, linear))
    assert squashed < 0.1 * passed and passed == pytest.approx(math.sqrt(8))


def test_nothing_upstream_nothing_below():
    np.testing.assert_array_equal(
        gradient_norm_by_step(made("lstm"), sequence(), np.zeros(3)), np.zeros(TIME)
    )


def test_float32_is_enough_to_look():
    one = LSTM(FEATURES, UNITS, seed=1, dtype=np.float32)
    exact = LSTM(FEATURES, UNITS, seed=1)
    for look in (
        lambda cell: gradient_norm_by_step(cell, sequence(), np.ones(3)),
        lambda cell: jacobian_by_step(cell, sequence()),
    ):
        np.testing.assert_allclose(look(one), look(exact), rtol=1e-4, atol=1e-6)


# --- saturation ---------------------------------------------------------------------------------------------


def still(cell: Any, *b: float) -> Any:
    """The cell with all weights at zero, and one bias for each unit of each gate: it only ever says f(b)."""
    for weight in cell.weights.values():
        weight[...] = 0
    cell.b = np.array(b)
    return cell


def test_the_share_of_simple_units_near_their_limits():
    cell = still(SimpleRNN(1, 4), math.atanh(0.91), math.atanh(0.89), -5.0, 0.0)
    shares = saturation(cell, np.ones((3, 1)))
    assert set(shares) == {"h"}
    np.testing.assert_array_equal(shares["h"], [0.5, 0.5, 0.5])
    np.testing.assert_array_equal(
        saturation(cell, np.ones((3, 1)), margin=0.06)["h"], [0.75] * 3
    )  # from 0.88
    np.testing.assert_array_equal(
        saturation(cell, np.ones((3, 1)), margin=0.01)["h"], [0.25] * 3
    )  # from 0.98


@pytest.mark.parametrize("activation", ["sigmoid", "gompertz"])
def test_the_share_of_units_between_zero_and_one(activation):
    cell = still(SimpleRNN(1, 4, activation=activation), -9.0, 9.0, 0.2, 0.5)
    np.testing.assert_array_equal(saturation(cell, np.ones((2, 1)))["h"], [0.5, 0.5])


def logit(share: float) -> float:
    return math.log(share / (1 - share))


def test_the_share_of_an_lstms_gates_near_their_limits():
    gates = {
        "input": [logit(0.04), logit(0.06)],
        "forget": [logit(0.96), logit(0.99)],
        "candidate": [math.atanh(0.89), math.atanh(-0.89)],
        "output": [logit(0.94), logit(0.96)],
    }
    shares = saturation(still(LSTM(1, 2), *itertools.chain(*gates.values())), np.ones((2, 1)))
    assert {name: share.tolist() for name, share in shares.items()} == {
        "input": [0.5, 0.5],
        "forget": [1, 1],
        "candidate": [0, 0],
        "output": [0.5, 0.5],
    }


def test_the_share_of_a_grus_gates_near_their_limits():
    gates = [logit(0.5), logit(0.97), logit(0.01), logit(0.02), math.atanh(0.95), 0.0]
    shares = saturation(still(GRU(1, 2), *gates), np.ones((1, 1)))
    assert {name: share.tolist() for name, share in shares.items()} == {
        "update": [0.5],
        "reset": [1],
        "candidate": [0.5],
    }


def test_saturation_is_by_step_and_over_samples():
    cell = SimpleRNN(1, 2, use_bias=False)
    cell.W_x, cell.W_h = [[1.0, 1.0]], np.zeros((2, 2))
    inputs = np.array([[[0.0], [5.0], [0.0]], [[0.0], [-5.0], [5.0]]])  # (batch, time, features)
    np.testing.assert_array_equal(saturation(cell, inputs)["h"], [0.0, 1.0, 0.5])
    np.testing.assert_array_equal(saturation(cell, inputs[0])["h"], [0.0, 1.0, 0.0])


# --- spectral radius ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matrix", "radius"),
    [
        (np.eye(3), 1),
        (np.diag([0.5, -2.0, 1.0]), 2),
        ([[0, -3], [3, 0]], 3),  # a rotation: its eigenvalues are ±3i
        ([[0, 1], [0, 0]], 0),  # stretches once, and then no more
        ([[1, 100], [0, 1]], 1),
        ([[4]], 4),
    ],
)
def test_the_largest_eigenvalue(matrix, radius):
    found = spectral_radius(matrix)
    assert isinstance(found, float) and found == pytest.approx(radius)


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda: gradient_norm_by_step(made("lstm"), sequence(), np.ones(6)),
            r"upstream has shape \(6,\), expected \(units,\) = \(3,\): dL/dh at the last step",
        ),
        (
            lambda: gradient_norm_by_step(made("lstm"), sequence(), np.ones((1, 3))),
            r"upstream has shape \(1, 3\), expected \(units,\) = \(3,\)",
        ),
        (
            lambda: gradient_norm_by_step(made("gru"), np.ones((5, 4)), np.ones(3)),
            "inputs have 4 features a step, expected 2",
        ),
        (
            lambda: gradient_norm_by_step(made("gru"), np.full((5, 2), np.nan), np.ones(3)),
            "is nan, expected finite numbers only",
        ),
        (
            lambda: gradient_norm_by_step(made("gru"), np.ones(5), np.ones(3)),
            r"inputs have shape \(5,\), expected",
        ),
        (lambda: jacobian_by_step(made("gru"), np.ones(5)), r"inputs have shape \(5,\), expected"),
        (lambda: jacobian_by_step(made("gru"), np.ones((0, 2))), "expected at least one sample and one step"),
        (lambda: jacobian_by_step(made("gru"), np.ones((5, 3))), "inputs have 3 features a step, expected 2"),
        (lambda: jacobian_by_step(made("gru"), [[1.0, 2.0], [3.0]]), "inputs cannot be read as one array"),
        (lambda: saturation(made("lstm"), np.ones((5, 3))), "inputs have 3 features a step, expected 2"),
        (
            lambda: saturation(made("lstm"), sequence(), margin=0),
            "margin is 0, expected a number between 0 and 0.5",
        ),
        (
            lambda: saturation(made("lstm"), sequence(), margin=0.5),
            "margin is 0.5, expected a number between",
        ),
        (
            lambda: saturation(made("linear"), sequence()),
            "linear has no limits on both sides, so it cannot be sat",
        ),
        (
            lambda: saturation(SimpleRNN(2, 3, activation="relu"), sequence()),
            "relu has no limits on both sides, so it cannot be saturated",
        ),
        (lambda: spectral_radius(np.ones((2, 3))), r"matrix has shape \(2, 3\), expected a square one"),
        (lambda: spectral_radius(np.ones(4)), r"matrix has shape \(4,\), expected a square one"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.parametrize("cell", ["tanh", "lstm"])
@pytest.mark.parametrize("look", ["norms", "jacobians"])
def test_more_than_one_sequence_is_refused_where_one_is_looked_at(cell, look):
    two = np.stack([sequence(), sequence(seed=9)])  # (batch, time, features)
    with pytest.raises(ValueError, match=r"inputs have shape \(2, 5, 2\), expected .*time, features"):
        if look == "norms":
            gradient_norm_by_step(made(cell), two, np.ones(3))
        else:
            jacobian_by_step(made(cell), two)
