"""Each cell against its equations, written out again with plain numbers; its weights, types and traces."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
from typing import Any

import numpy as np
import pytest

from course_utils.recurrent import GRU, LSTM, Adam, Bidirectional, Dense, Network, SimpleRNN, fit
from course_utils.recurrent.activations import ACTIVATIONS, activation_named, softmax
from course_utils.recurrent.cell import Cell

CELLS: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "simple_rnn": (SimpleRNN, {}),
    "lstm": (LSTM, {}),
    "gru": (GRU, {}),
    "gru_reset_after": (GRU, {"reset_after": True}),
}
every_cell = pytest.mark.parametrize("cell", CELLS)

Row = list[float]
BY_HAND = {
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)),
    "tanh": math.tanh,
    "relu": lambda a: a if a > 0 else 0.0,
    "linear": lambda a: a,
    "gompertz": lambda a: math.exp(-math.exp(-a)),
}
sigmoid = BY_HAND["sigmoid"]


def made(cell: str, features: int = 2, units: int = 3, **options: Any) -> Any:
    """A cell whose weights were chosen by hand: some sixths, none like its neighbours."""
    cell_class, more = CELLS[cell]
    one = cell_class(features, units, seed=0, **more, **options)
    for number, weight in enumerate(one.weights.values(), start=3):
        k = np.arange(weight.size)
        weight[...] = ((((k + number) * 7 * number) % 13 - 6) / 6).reshape(weight.shape)
    return one


def by_hand(cell: Any, x: Row, h: Row, c: Row) -> dict[str, Row]:
    """One step for one sample, one unit after the other."""
    n, features = cell.units, len(x)

    def from_input(column: int) -> float:
        a = float(cell.b[column]) if cell.use_bias else 0.0
        for j in range(features):
            a += x[j] * float(cell.W_x[j, column])
        return a

    def from_state(column: int, state: Row) -> float:
        a = 0.0
        for j in range(n):
            a += state[j] * float(cell.W_h[j, column])
        return a

    if isinstance(cell, SimpleRNN):
        f = BY_HAND[cell.activation.name]
        return {"h": [f(from_input(u) + from_state(u, h)) for u in range(n)]}
    if isinstance(cell, LSTM):
        found: dict[str, Row] = {name: [] for name in ("input", "forget", "candidate", "output", "c", "h")}
        for u in range(n):
            i, f, a, o = (from_input(u + k * n) + from_state(u + k * n, h) for k in range(4))
            c_new = sigmoid(f) * c[u] + sigmoid(i) * math.tanh(a)
            values = sigmoid(i), sigmoid(f), math.tanh(a), sigmoid(o), c_new, sigmoid(o) * math.tanh(c_new)
            for name, value in zip(found, values, strict=True):
                found[name].append(value)
        return found
    own_bias = cell.reset_after and cell.use_bias
    b_h = [float(b) for b in cell.b_h] if own_bias else [0.0] * (3 * n)
    z = [sigmoid(from_input(u) + from_state(u, h) + b_h[u]) for u in range(n)]
    r = [sigmoid(from_input(u + n) + from_state(u + n, h) + b_h[u + n]) for u in range(n)]
    candidate = []
    for u in range(n):
        if cell.reset_after:
            recalled = r[u] * (from_state(u + 2 * n, h) + b_h[u + 2 * n])
        else:
            recalled = from_state(u + 2 * n, [r[j] * h[j] for j in range(n)])
        candidate.append(math.tanh(from_input(u + 2 * n) + recalled))
    new = [z[u] * h[u] + (1 - z[u]) * candidate[u] for u in range(n)]
    return {"update": z, "reset": r, "candidate": candidate, "h": new}


SAMPLES = [
    ([0.5, -1.0], [0.1, -0.2, 0.3], [0.4, -1.5, 0.0]),
    ([2.0, 0.25], [-0.9, 0.7, 0.0], [2.0, 0.1, -0.3]),
]


def assert_a_step_is_as_by_hand(cell: Any) -> None:
    x_t = np.array([x for x, _, _ in SAMPLES])
    state = (np.array([h for _, h, _ in SAMPLES]), np.array([c for _, _, c in SAMPLES]))
    state = state[: len(cell.state_names)]
    new, gates = cell.step(x_t, state)
    found = dict(zip(cell.state_names, new, strict=True)) | {k: getattr(gates, k) for k in cell.gate_names}
    for sample, (x, h, c) in enumerate(SAMPLES):
        expected = by_hand(cell, x, h, c)
        assert set(found) == set(expected)
        for name, row in expected.items():
            np.testing.assert_allclose(found[name][sample], row, rtol=1e-13, atol=1e-15, err_msg=name)
    given_part, _ = cell.step(x_t, state, cell.input_part(x_t))
    np.testing.assert_array_equal(given_part, new)
    np.testing.assert_array_equal(state[0], [h for _, h, _ in SAMPLES], "the old state was changed")


# --- equations ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("use_bias", [True, False], ids=["bias", "no bias"])
@every_cell
def test_a_step_follows_the_equations(cell, use_bias):
    assert_a_step_is_as_by_hand(made(cell, use_bias=use_bias))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_step_with_each_activation(activation):
    assert_a_step_is_as_by_hand(made("simple_rnn", activation=activation))


def test_the_step_worked_in_the_lecture():
    cell = SimpleRNN(1, 1)
    cell.W_x, cell.W_h = [[0.8]], [[0.5]]
    (h_t,), _ = cell.step(np.array([[0.5]]), (np.array([[0.1]]),))
    assert h_t[0, 0] == pytest.approx(math.tanh(0.8 * 0.5 + 0.5 * 0.1)) == pytest.approx(math.tanh(0.45))
    assert round(float(h_t[0, 0]), 2) == 0.42


def test_an_open_forget_gate_and_a_closed_input_gate_keep_the_cell_state():
    cell = LSTM(1, 2, seed=1)
    cell.b = np.repeat([-40.0, 40.0, 0.0, 0.0], 2)  # i = 0, f = 1
    c = np.array([[0.7, -3.0]])
    run = cell.forward(np.random.default_rng(2).normal(size=(50, 1, 1)), (np.zeros((1, 2)), c))
    np.testing.assert_allclose(run.final_state[1], c, rtol=1e-12)


def test_an_open_update_gate_keeps_the_state_and_a_closed_reset_gate_hides_it():
    for reset_after in (False, True):
        cell = GRU(1, 2, reset_after=reset_after, seed=1)
        x, h = np.array([[0.3]]), np.array([[0.7, -0.5]])
        cell.b = np.repeat([40.0, 0.0, 0.0], 2)  # z = 1
        np.testing.assert_allclose(cell.step(x, (h,))[0][0], h, rtol=1e-12)
        cell.b = np.repeat([-40.0, -40.0, 0.0], 2)  # z = 0 and r = 0
        np.testing.assert_allclose(cell.step(x, (h,))[0][0], np.tanh(x @ cell.W_x[:, 4:]), rtol=1e-12)


# --- whole sequences ----------------------------------------------------------------------------------------


def sequences(time: int = 6, batch: int = 3, features: int = 2, seed: int = 1) -> np.ndarray:
    """(time, batch, features), the engine's order."""
    return np.random.default_rng(seed).normal(size=(time, batch, features))


@every_cell
@pytest.mark.parametrize("masked", [False, True], ids=["all real", "with a mask of ones"])
def test_step_by_step_is_the_same_as_the_whole(cell, masked):
    one, inputs = made(cell), sequences()
    run = one.forward(inputs, mask=np.ones((6, 3, 1), bool) if masked else None)
    state = one.initial_state(3)
    assert not any(part.any() for part in state)
    for t, x_t in enumerate(inputs):
        state, gates = one.step(x_t, state)
        for whole, part in zip(run.states, state, strict=True):
            np.testing.assert_allclose(whole[t + 1], part, rtol=1e-12, atol=1e-14)
        for name in one.gate_names:
            np.testing.assert_allclose(getattr(run.gates, name)[t], getattr(gates, name), atol=1e-13)
    assert run.outputs.shape == (6, 3, 3)
    np.testing.assert_array_equal(run.last, run.outputs[-1])
    for last, part in zip(run.final_state, state, strict=True):
        np.testing.assert_allclose(last, part, rtol=1e-12, atol=1e-14)


@every_cell
@pytest.mark.parametrize("masked", [False, True], ids=["all real", "masked"])
def test_two_halves_with_the_state_carried_are_the_whole(cell, masked):
    one, inputs = made(cell), sequences()
    mask = np.random.default_rng(3).random((6, 3, 1)) < 0.6 if masked else None
    first, second = (None, None) if mask is None else (mask[:4], mask[4:])
    whole = one.forward(inputs, mask=mask)
    begun = one.forward(inputs[:4], mask=first)
    ended = one.forward(inputs[4:], begun.final_state, second)
    np.testing.assert_allclose(np.concatenate([begun.outputs, ended.outputs]), whole.outputs, atol=1e-13)
    forgetful = one.forward(inputs[4:], mask=second)
    assert np.abs(forgetful.outputs - whole.outputs[4:]).max() > 1e-3, "the state made no difference"


@every_cell
def test_a_padded_step_leaves_the_state_as_it_is(cell):
    one, inputs = made(cell), sequences()
    mask = np.ones((6, 3, 1), bool)
    mask[2:4, 1] = False
    run, free = one.forward(inputs, mask=mask), one.forward(inputs)
    for masked, unmasked in zip(run.states, free.states, strict=True):
        np.testing.assert_array_equal(masked[3, 1], masked[2, 1])
        np.testing.assert_array_equal(masked[4, 1], masked[2, 1])
        assert (masked[5, 1] != masked[4, 1]).any()
        np.testing.assert_allclose(masked[:, 0], unmasked[:, 0], rtol=1e-12, atol=1e-14)


@every_cell
def test_a_forward_run_leaves_inputs_and_state_untouched(cell):
    one, inputs = made(cell), sequences()
    state = tuple(np.full((3, 3), 0.5) for _ in one.state_names)
    one.backward(one.forward(inputs, state), np.ones((6, 3, 3)))
    np.testing.assert_array_equal(inputs, sequences())
    assert all((part == 0.5).all() for part in state)


# --- traces -------------------------------------------------------------------------------------------------

TRACED = {
    "simple_rnn": {"h"},
    "lstm": {"input", "forget", "candidate", "output", "c", "h"},
    "gru": {"update", "reset", "candidate", "h"},
    "gru_reset_after": {"update", "reset", "candidate", "h"},
}


def headed(*layers: Any, **options: Any) -> Network:
    return Network(list(layers), Dense(layers[-1].width, 1, seed=1), **options)


@every_cell
def test_a_trace_has_every_gate_at_every_step(cell):
    one = made(cell)
    inputs = sequences(time=4, batch=2).swapaxes(0, 1)  # (batch, time, features)
    (traced,) = headed(one).trace(inputs).values()
    assert set(traced) == TRACED[cell]
    assert {array.shape for array in traced.values()} == {(2, 4, 3)}
    for sample in range(2):
        state = {"h": [0.0] * 3, "c": [0.0] * 3}
        for t in range(4):
            expected = by_hand(one, list(inputs[sample, t]), state["h"], state["c"])
            state |= {name: expected[name] for name in one.state_names}
            for name, row in expected.items():
                np.testing.assert_allclose(traced[name][sample, t], row, rtol=1e-12, err_msg=name)


@every_cell
def test_at_a_padded_step_the_trace_shows_what_the_cell_would_have_done(cell):
    one = made(cell)
    inputs = sequences(time=5, batch=1).swapaxes(0, 1)
    (traced,) = headed(one).trace(inputs, mask=[[1, 1, 0, 1, 0]]).values()
    state = {"h": [0.0] * 3, "c": [0.0] * 3}
    for t, real in enumerate([True, True, False, True, False]):
        would = by_hand(one, list(inputs[0, t]), state["h"], state["c"])
        if real:
            state |= {name: would[name] for name in one.state_names}
        for name in one.gate_names:
            np.testing.assert_allclose(traced[name][0, t], would[name], rtol=1e-12, err_msg=name)
        for name in one.state_names:
            np.testing.assert_allclose(traced[name][0, t], state[name], rtol=1e-12, err_msg=name)


@every_cell
def test_the_trace_of_the_backward_cell_is_in_the_order_of_the_inputs(cell):
    inputs = sequences(time=5, batch=2).swapaxes(0, 1)
    mask = np.array([[1, 1, 1, 0, 0], [0, 1, 1, 1, 1]])
    both = headed(Bidirectional(made(cell), made(cell))).trace(inputs, mask=mask)
    assert list(both) == [f"{made(cell).kind}_1.forward", f"{made(cell).kind}_1.backward"]
    forward, backward = both.values()
    # Both directions have the same weights, so each sees what the other would in a mirror.
    (alone,) = headed(made(cell)).trace(inputs, mask=mask).values()
    (mirrored,) = headed(made(cell)).trace(inputs[:, ::-1], mask=mask[:, ::-1]).values()
    for name, expected in alone.items():
        np.testing.assert_allclose(forward[name], expected, atol=1e-14)
        np.testing.assert_allclose(backward[name], mirrored[name][:, ::-1], atol=1e-14)
    assert np.abs(forward["h"] - backward["h"]).max() > 1e-3


def test_the_trace_of_a_stack_names_each_layer():
    first, second = made("lstm"), made("gru", features=3, units=2)
    inputs = sequences().swapaxes(0, 1)
    traced = headed(first, second).trace(inputs)
    assert list(traced) == ["lstm_1", "gru_2"]
    (above,) = headed(copy.deepcopy(second)).trace(traced["lstm_1"]["h"]).values()
    np.testing.assert_allclose(traced["gru_2"]["h"], above["h"], atol=1e-14)


# --- weights ------------------------------------------------------------------------------------------------


@every_cell
def test_setting_a_weight_writes_into_what_the_network_shares(cell):
    one = made(cell)
    network = headed(one)
    name = f"{one.kind}_1"
    inputs = sequences().swapaxes(0, 1)
    before = network.predict(inputs)
    array = one.W_h
    one.W_h = np.full_like(array, 0.25)
    assert one.W_h is array is network.weights[f"{name}.W_h"] and (array == 0.25).all()
    assert np.shares_memory(array, network.flat_weights)
    assert np.count_nonzero(network.flat_weights == 0.25) >= array.size
    assert np.abs(network.predict(inputs) - before).max() > 1e-6
    network.flat_weights[...] = 0.5
    assert (one.W_h == 0.5).all() and (one.b == 0.5).all() and (network.head.W_y == 0.5).all()
    before = one.W_x.copy()
    fit(network, inputs, np.ones((3, 1)), epochs=1, progress=False)
    assert (one.W_x != before).any(), "training did not reach the cell"


@every_cell
def test_a_weight_of_the_wrong_shape_is_refused(cell):
    one = made(cell)
    for name, weight in one.weights.items():
        before = weight.copy()
        for wrong in (np.ones((*weight.shape, 1)), 1.0):
            says = rf"{name} is set to an array of shape \(.*\), expected \({weight.shape[0]},"
            with pytest.raises(ValueError, match=says):
                setattr(one, name, wrong)
        np.testing.assert_array_equal(one.weights[name], before)


def test_what_is_set_is_copied():
    cell = SimpleRNN(2, 3)
    given = np.ones((3, 3))
    cell.W_h = given
    given[0, 0] = 7
    assert cell.W_h[0, 0] == 1
    cell.b = [1, 2, 3]
    assert cell.b.dtype == np.float64 and list(cell.b) == [1, 2, 3]


@every_cell
def test_the_shapes_of_the_weights(cell):
    blocks = {"simple_rnn": 1, "lstm": 4}.get(cell, 3)
    expected = {"W_x": (5, 7 * blocks), "W_h": (7, 7 * blocks), "b": (7 * blocks,)}
    if cell == "gru_reset_after":
        expected["b_h"] = (21,)
    cell_class, options = CELLS[cell]
    assert {name: w.shape for name, w in cell_class(5, 7, **options).weights.items()} == expected
    without = cell_class(5, 7, use_bias=False, **options)
    assert set(without.weights) == {"W_x", "W_h"}
    assert without.blocks == blocks and without.width == without.units == 7


@every_cell
def test_input_weights_begin_within_glorots_limits(cell):
    cell_class, options = CELLS[cell]
    one = cell_class(60, 40, seed=1, **options)
    limit = math.sqrt(6 / (60 + 40))  # of each block: the other gates do not make it narrower
    for block in range(one.blocks):
        W = one.W_x[:, 40 * block : 40 * (block + 1)]
        assert 0.99 * limit < np.abs(W).max() <= limit
        assert W.mean() == pytest.approx(0, abs=0.1 * limit)
        assert W.std() == pytest.approx(limit / math.sqrt(3), rel=0.05)
    head = Dense(60, 40, seed=1)
    assert 0.99 * limit < np.abs(head.W_y).max() <= limit and not head.b_y.any()


@every_cell
def test_each_block_of_recurrent_weights_begins_as_a_rotation(cell):
    cell_class, options = CELLS[cell]
    one = cell_class(3, 8, seed=1, **options)
    blocks = [one.W_h[:, 8 * k : 8 * (k + 1)] for k in range(one.blocks)]
    for W in blocks:
        np.testing.assert_allclose(W @ W.T, np.eye(8), atol=1e-12)
    for W, other in itertools.pairwise(blocks):
        assert np.abs(W - other).max() > 0.1, "two gates begin alike"


@every_cell
def test_biases_begin_at_zero_except_the_forget_gates(cell):
    cell_class, options = CELLS[cell]
    one = cell_class(3, 4, seed=1, **options)
    if cell == "lstm":
        np.testing.assert_array_equal(one.b, np.repeat([0.0, 1.0, 0.0, 0.0], 4))
        np.testing.assert_array_equal(LSTM(3, 4, forget_bias=-2).b, np.repeat([0.0, -2.0, 0.0, 0.0], 4))
        assert not LSTM(3, 4, forget_bias=0).b.any()
    else:
        assert not one.b.any()
    if cell == "gru_reset_after":
        assert not one.b_h.any()


@every_cell
def test_a_seed_decides_the_weights(cell):
    cell_class, options = CELLS[cell]
    once, again, other, none, also_none = (
        np.concatenate([w.ravel() for w in cell_class(3, 4, seed=seed, **options).weights.values()])
        for seed in (5, 5, 6, None, None)
    )
    np.testing.assert_array_equal(once, again)
    assert (once != other).any() and (none != also_none).any()
    draw = np.random.default_rng(5)
    first, second = cell_class(3, 4, seed=draw, **options), cell_class(3, 4, seed=draw, **options)
    assert (first.W_x != second.W_x).any(), "a generator goes on, it does not begin again"
    np.testing.assert_array_equal(first.W_x, cell_class(3, 4, seed=5, **options).W_x)


@every_cell
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"features": 0}, "features is 0, expected a whole number of at least 1"),
        ({"features": 1.5}, "features is 1.5, expected a whole number"),
        ({"units": -1}, "units is -1, expected a whole number of at least 1"),
        ({"units": True}, "units is True, expected a whole number"),
        ({"units": "4"}, "units is '4', expected a whole number"),
        ({"dtype": int}, "dtype is int64, expected float64 or float32"),
        ({"dtype": np.complex128}, "dtype is complex128, expected float64 or float32"),
    ],
)
def test_an_impossible_cell_is_refused(cell, options, says):
    cell_class, more = CELLS[cell]
    with pytest.raises(ValueError, match=says):
        cell_class(**({"features": 2, "units": 3} | options), **more)


def test_an_unknown_activation_is_refused():
    says = "there is no activation 'swish', expected one of sigmoid, tanh, relu, linear, gompertz"
    with pytest.raises(ValueError, match=says):
        SimpleRNN(2, 3, activation="swish")


@every_cell
def test_a_wider_float_is_refused_or_works(cell):
    cell_class, options = CELLS[cell]
    try:
        one = cell_class(2, 3, dtype=np.longdouble, **options)
    except ValueError as refused:
        assert "expected float64 or float32" in str(refused)
        return
    assert one.forward(np.ones((2, 1, 2), np.longdouble)).outputs.dtype == np.longdouble


# --- types --------------------------------------------------------------------------------------------------


def arrays_in(thing: Any) -> list[np.ndarray]:
    """Every array in nested tuples, lists and dictionaries."""
    if isinstance(thing, np.ndarray):
        return [thing]
    inner = thing.values() if isinstance(thing, dict) else thing
    return [array for part in inner for array in arrays_in(part)]


@every_cell
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("masked", [False, True], ids=["all real", "masked"])
@pytest.mark.parametrize("head", ["linear", "sigmoid", "softmax", "gompertz"])
def test_a_type_stays_what_it_is(cell, dtype, masked, head):
    cell_class, options = CELLS[cell]
    layers = [
        Bidirectional(*(cell_class(2, 3, dtype=dtype, seed=k, **options) for k in (1, 2))),
        cell_class(6, 2, dtype=dtype, seed=3, **options),
    ]
    network = Network(layers, Dense(2, 2, head, dtype=dtype, seed=4), every_step=True)
    inputs = sequences().swapaxes(0, 1)  # float64
    mask = np.random.default_rng(1).random((3, 6)) < 0.7 if masked else None
    batch = network.batch(inputs, np.full((3, 6, 2), 0.5), mask=mask)
    found = network.gradients(batch)
    cells = network.cells.values()
    real = None if mask is None else mask.T[:, :, np.newaxis]
    forward = [one.forward(np.ones((6, 3, one.features), dtype), mask=real) for one in cells]
    backward = [
        one.backward(run, np.ones((6, 3, one.units), dtype)) for one, run in zip(cells, forward, strict=True)
    ]
    everything: dict[str, Any] = {
        "weights": network.weights,
        "flat": network.flat_weights,
        "batch": [batch.inputs, batch.targets],
        "initial states": [one.initial_state(2) for one in cells],
        "states": [run.states for run in forward],
        "gates": [run.gates for run in forward],
        "outputs": [found.outputs, network.predict(inputs, mask=mask)],
        "trace": network.trace(inputs, mask=mask),
        "gradients": [found.flat, found.d_inputs, *([run.d_weights, run.d_inputs] for run in backward)],
        "gradients by state": [[run.d_states, run.d_initial_state] for run in backward],
        "a step": next(iter(cells)).step(batch.inputs[0], next(iter(cells)).initial_state(3)),
    }
    for name, arrays in everything.items():
        assert {array.dtype for array in arrays_in(arrays)} <= {np.dtype(dtype)}, name


@pytest.mark.parametrize(
    ("cell", "more"),
    [*((cell, {}) for cell in CELLS), *(("simple_rnn", {"activation": name}) for name in ACTIVATIONS)],
    ids=str,
)
def test_training_keeps_float32(cell, more):
    cell_class, options = CELLS[cell]
    one = cell_class(2, 3, dtype=np.float32, seed=1, **options, **more)
    network = Network([one], Dense(3, 1, dtype=np.float32, seed=1))
    optimizer = Adam(clip_norm=0.1)
    fit(network, sequences().swapaxes(0, 1), np.ones((3, 1)), optimizer=optimizer, epochs=2, progress=False)
    arrays = [network.flat_weights, *network.weights.values(), *optimizer.memory.values()]
    answer, state = network.step(np.ones((1, 2)))
    assert {array.dtype for array in [*arrays, answer, *arrays_in(state)]} == {np.dtype(np.float32)}
    assert answer.dtype == network.predict(np.ones((1, 2, 2))).dtype == np.float32


# --- activations --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_and_its_slope(name, dtype):
    activation = activation_named(name)
    a = np.array([-5, -2.2, -1, -0.1, 0.1, 0.5, 1, 3.7, 6], dtype)
    kept = a.copy()
    y = activation(a)
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(y, [BY_HAND[name](float(value)) for value in a], rtol=rtol, atol=1e-37)
    np.testing.assert_array_equal(a, kept, "the sums were changed")
    slope = activation.slope(y)
    step = 1e-6
    expected = [(BY_HAND[name](float(v) + step) - BY_HAND[name](float(v) - step)) / (2 * step) for v in a]
    np.testing.assert_allclose(slope, expected, rtol=3e-3 if dtype == np.float32 else 1e-6, atol=1e-8)
    assert y.dtype == slope.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_far_out_meets_its_limits_without_a_warning(name, dtype):
    activation = activation_named(name)
    low, high = activation(np.array([-1e4, 1e4], dtype))
    expected_low, expected_high = activation.limits
    assert low == (expected_low if np.isfinite(expected_low) else -1e4)
    assert high == (expected_high if np.isfinite(expected_high) else 1e4)
    slopes = activation.slope(np.array([low, high], dtype))
    for slope, limit in zip(slopes, activation.limits, strict=True):
        assert slope == (0 if np.isfinite(limit) else 1)


def test_softmax_far_out():
    np.testing.assert_array_equal(softmax(np.array([[1e4, -1e4], [1e4, 1e4]])), [[1, 0], [0.5, 0.5]])
    np.testing.assert_allclose(softmax(np.array([0.0, math.log(3)])), [0.25, 0.75])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_pickled_by_its_name(name):
    assert pickle.loads(pickle.dumps(activation_named(name))) is activation_named(name)


# --- the simple cell's own loops ------------------------------------------------------------------------------


@pytest.mark.parametrize("reads", ["every step", "the last step"])
def test_the_simple_cells_fast_way_is_the_plain_way(reads):
    """`SimpleRNN.forward` and `backward` repeat `Cell`'s for speed: the same numbers, with and without a state."""
    cell = SimpleRNN(2, 3, seed=1)
    draw = np.random.default_rng(2)
    inputs, state = draw.normal(size=(5, 4, 2)), (draw.normal(size=(4, 3)),)
    above = (
        {"d_outputs": draw.normal(size=(5, 4, 3))}
        if reads == "every step"
        else {"d_last": draw.normal(size=(4, 3))}
    )
    for begin in (None, state):
        fast, plain = cell.forward(inputs, begin), Cell.forward(cell, inputs, begin)
        np.testing.assert_array_equal(fast.states[0], plain.states[0])
        back, plain_back = cell.backward(fast, **above), Cell.backward(cell, plain, **above)
        for name, gradient in plain_back.d_weights.items():
            np.testing.assert_allclose(back.d_weights[name], gradient, rtol=1e-13)
        np.testing.assert_allclose(back.d_inputs, plain_back.d_inputs, rtol=1e-13)
        np.testing.assert_allclose(back.d_initial_state[0], plain_back.d_initial_state[0], rtol=1e-13)
        for (one,), (other,) in zip(back.d_states, plain_back.d_states, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-13)
