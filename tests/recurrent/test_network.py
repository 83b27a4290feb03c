"""Networks: shapes, batches, padding, state, copies; and what they say to input that does not fit."""

from __future__ import annotations

import contextlib
import copy
import itertools
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.recurrent import (
    GRU,
    LSTM,
    Adam,
    Bidirectional,
    Dense,
    Network,
    SimpleRNN,
    build_network,
    fit,
)

seeds = st.integers(0, 2**32 - 1)
some = settings(max_examples=60, deadline=None)


@st.composite
def networks(draw: st.DrawFn, every_step: bool | None = None, bidirectional: bool | None = None) -> Network:
    """A network of any cell, size, depth, direction and head, with weights and biases all random."""
    kind = draw(st.sampled_from(["simple_rnn", "lstm", "gru", "gru_reset_after"]))
    head = draw(st.sampled_from(["linear", "sigmoid", "softmax", "tanh"]))
    network = build_network(
        kind.removesuffix("_reset_after"),
        features=draw(st.integers(1, 3)),
        units=draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)),
        outputs=draw(st.integers(2 if head == "softmax" else 1, 3)),
        head=head,
        every_step=draw(st.booleans()) if every_step is None else every_step,
        bidirectional=draw(st.booleans()) if bidirectional is None else bidirectional,
        seed=draw(seeds),
        use_bias=draw(st.booleans()),
        **({"reset_after": True} if kind == "gru_reset_after" else {}),
    )
    perturb(network)
    return network


def perturb(network: Network) -> None:
    """No bias is left at zero."""
    network.flat_weights[...] += np.random.default_rng(7).normal(0, 0.3, network.flat_weights.shape)


def random_inputs(network: Network, batch: int, time: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(batch, time, network.features))


def random_targets(network: Network, batch: int, time: int, seed: int) -> np.ndarray:
    shape = (batch, time) if network.every_step else (batch,)
    targets = np.random.default_rng(seed + 1).uniform(0.1, 0.9, size=(*shape, network.head.outputs))
    return targets / targets.sum(axis=-1, keepdims=True)


def random_mask(batch: int, time: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed + 2).random((batch, time)) < 0.6


def assert_same(one: Any, other: Any) -> None:
    np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


# --- shapes and batches -------------------------------------------------------------------------------------


@some
@given(networks(), st.integers(1, 5), st.integers(1, 6), seeds)
def test_answers_traces_and_gradients_have_their_shapes(network, batch, time, seed):
    inputs = random_inputs(network, batch, time, seed)
    outputs = network.head.outputs
    answers = network.predict(inputs)
    assert answers.shape == ((batch, time, outputs) if network.every_step else (batch, outputs))
    assert np.isfinite(answers).all()
    if network.head.activation == "softmax":
        assert_same(answers.sum(axis=-1), 1.0)
    traced = network.trace(inputs)
    assert list(traced) == list(network.cells)
    for name, cell in network.cells.items():
        assert {array.shape for array in traced[name].values()} == {(batch, time, cell.units)}
    found = network.gradients(network.batch(inputs, random_targets(network, batch, time, seed)))
    assert found.flat.shape == network.flat_weights.shape
    assert found.d_inputs.shape == (time, batch, network.features)
    named = network.named(found.flat)
    assert {name: w.shape for name, w in named.items()} == {n: w.shape for n, w in network.weights.items()}
    np.testing.assert_array_equal(np.concatenate([g.ravel() for g in named.values()]), found.flat)
    assert np.isfinite(found.flat).all() and np.isfinite(found.loss)
    expected = found.outputs.swapaxes(0, 1) if network.every_step else found.outputs
    assert_same(answers, expected)


@some
@given(networks(), st.integers(2, 5), st.integers(1, 6), seeds, st.booleans())
def test_an_answer_does_not_depend_on_its_company(network, batch, time, seed, masked):
    inputs = random_inputs(network, batch, time, seed)
    mask = random_mask(batch, time, seed) if masked else None
    together = network.predict(inputs, mask=mask)
    for sample in range(batch):
        part = slice(sample, sample + 1)
        alone = network.predict(inputs[part], mask=None if mask is None else mask[part])
        assert_same(alone, together[part])


@some
@given(networks(), st.integers(1, 7), st.integers(1, 4), st.integers(1, 8), seeds, st.booleans())
def test_predicting_in_small_batches_is_the_same_as_in_one(network, batch, time, at_once, seed, masked):
    inputs = random_inputs(network, batch, time, seed)
    mask = random_mask(batch, time, seed) if masked else None
    whole = network.predict(inputs, mask=mask)
    assert_same(network.predict(inputs, mask=mask, batch_size=at_once), whole)
    data = network.batch(inputs, random_targets(network, batch, time, seed), mask=mask)
    loss, answers = network.evaluate(data, batch_size=at_once)
    assert loss == pytest.approx(network.loss(data), rel=1e-12, abs=1e-14)
    assert_same(answers, whole)


@some
@given(networks(), st.integers(2, 6), st.integers(1, 5), seeds, st.booleans())
def test_samples_in_another_order_give_answers_in_that_order(network, batch, time, seed, masked):
    inputs = random_inputs(network, batch, time, seed)
    mask = random_mask(batch, time, seed) if masked else None
    order = np.random.default_rng(seed).permutation(batch)
    answers = network.predict(inputs, mask=mask)
    assert_same(network.predict(inputs[order], mask=None if mask is None else mask[order]), answers[order])
    data = network.batch(inputs, random_targets(network, batch, time, seed), mask=mask)
    assert_same(network.gradients(data.samples(order)).flat, network.gradients(data).flat)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("every_step", [False, True])
def test_evaluating_in_uneven_batches_weighs_every_answer_alike(reduction, every_step):
    head = Dense(3, 2, "sigmoid", reduction=reduction, seed=2)
    network = Network([LSTM(2, 3, seed=1)], head, every_step=every_step)
    inputs, targets = random_inputs(network, 5, 4, 1), random_targets(network, 5, 4, 1)
    masks = {"target_mask": np.tri(5, 4, dtype=bool)} if every_step else {}
    data = network.batch(inputs, targets, **masks)
    # A head that sums up is judged by the sum a sample, or more samples would look like a worse answer.
    expected = network.loss(data) / (5 if reduction == "sum" else 1)
    for batch_size in (1, 2, 3, 5, 9):
        assert network.evaluate(data, batch_size=batch_size)[0] == pytest.approx(expected)


def test_a_batch_is_time_first_and_can_be_cut():
    network = build_network("gru", features=2, units=3, outputs=1, every_step=True, seed=1)
    inputs, targets = random_inputs(network, 4, 6, 1), random_targets(network, 4, 6, 1)
    mask = random_mask(4, 6, 1)
    data = network.batch(inputs, targets[:, :, 0], mask=mask)
    assert len(data) == 4 and data.answers == mask.sum()
    np.testing.assert_array_equal(data.inputs, inputs.swapaxes(0, 1))
    np.testing.assert_array_equal(data.targets, targets.swapaxes(0, 1))
    np.testing.assert_array_equal(data.mask[:, :, 0], mask.T)
    few = data.samples(np.array([2, 0]))
    np.testing.assert_array_equal(few.inputs, inputs[[2, 0]].swapaxes(0, 1))
    np.testing.assert_array_equal(few.targets, targets[[2, 0]].swapaxes(0, 1))
    np.testing.assert_array_equal(few.counts[:, :, 0], mask[[2, 0]].T)
    window = data.window(1, 3)
    np.testing.assert_array_equal(window.inputs, inputs[:, 1:3].swapaxes(0, 1))
    np.testing.assert_array_equal(window.targets, targets[:, 1:3].swapaxes(0, 1))
    np.testing.assert_array_equal(window.mask[:, :, 0], mask[:, 1:3].T)


@some
@given(networks(), seeds)
def test_nothing_writes_into_what_it_is_given(network, seed):
    inputs, targets = random_inputs(network, 1, 3, seed), random_targets(network, 1, 3, seed)
    kept = inputs.copy(), targets.copy(), network.flat_weights.copy()
    network.gradients(network.batch(inputs, targets, mask=[[1, 1, 0]]))
    network.predict(inputs)
    network.trace(inputs)
    for array, before in zip((inputs, targets, network.flat_weights), kept, strict=True):
        np.testing.assert_array_equal(array, before)


# --- padding ------------------------------------------------------------------------------------------------


@some
@given(networks(), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), seeds)
def test_padding_anywhere_never_changes_an_answer_or_a_gradient(network, batch, time, padding, seed):
    inputs = random_inputs(network, batch, time, seed)
    targets = random_targets(network, batch, time, seed)
    draw = np.random.default_rng(seed)
    # Each sample has its real steps at other places among the padded ones: before, between and after.
    padded = draw.uniform(-1e3, 1e3, size=(batch, time + padding, network.features))
    padded_targets = draw.uniform(-1e3, 1e3, size=(batch, time + padding, network.head.outputs))
    mask = np.zeros((batch, time + padding), bool)
    for sample in range(batch):
        mask[sample, draw.permutation(time + padding)[:time]] = True
    padded[mask] = inputs.reshape(-1, network.features)
    if network.every_step:
        padded_targets[mask] = targets.reshape(-1, network.head.outputs)
        if network.head.activation == "softmax":  # targets must be shares even where they do not count
            padded_targets[~mask] = np.eye(network.head.outputs)[0]
    else:
        padded_targets = targets
    answers, expected = network.predict(padded, mask=mask), network.predict(inputs)
    if network.every_step:
        answers, expected = answers[mask], expected.reshape(-1, network.head.outputs)
    assert_same(answers, expected)
    found = network.gradients(network.batch(padded, padded_targets, mask=mask))
    wanted = network.gradients(network.batch(inputs, targets))
    assert found.loss == pytest.approx(wanted.loss, rel=1e-12)
    np.testing.assert_allclose(found.flat, wanted.flat, rtol=1e-9, atol=1e-11)


@some
@given(networks(), seeds)
def test_a_mask_of_ones_is_no_mask(network, seed):
    inputs, targets = random_inputs(network, 3, 4, seed), random_targets(network, 3, 4, seed)
    assert_same(network.predict(inputs, mask=np.ones((3, 4))), network.predict(inputs))
    with_mask = network.gradients(network.batch(inputs, targets, mask=np.ones((3, 4), bool)))
    without = network.gradients(network.batch(inputs, targets))
    assert with_mask.loss == pytest.approx(without.loss, rel=1e-12)
    assert_same(with_mask.flat, without.flat)


def test_without_the_mask_padding_does_change_the_answer():
    network = build_network("lstm", features=1, units=3, outputs=1, seed=1)
    padded = np.array([[[1.0], [2.0], [0.0], [0.0]]])
    short = network.predict(padded[:, :2])
    assert_same(network.predict(padded, mask=[[1, 1, 0, 0]]), short)
    assert np.abs(network.predict(padded) - short).max() > 1e-3


# --- state --------------------------------------------------------------------------------------------------


@some
@given(networks(bidirectional=False), st.integers(1, 4), st.integers(1, 6), seeds)
def test_one_step_after_the_other_answers_as_the_whole_does(network, batch, time, seed):
    inputs = random_inputs(network, batch, time, seed)
    whole, state = network.predict(inputs), None
    for t in range(time):
        answer, state = network.step(inputs[:, t], state)
        assert answer.shape == (batch, network.head.outputs)
        if network.every_step:
            assert_same(answer, whole[:, t])
    assert_same(answer, whole[:, -1] if network.every_step else whole)


@some
@given(networks(every_step=True, bidirectional=False), st.integers(1, 3), st.integers(1, 4), seeds)
def test_a_network_carries_on_from_a_state(network, first, second, seed):
    inputs = random_inputs(network, 3, first + second, seed)
    targets = random_targets(network, 3, first + second, seed)
    whole = network.predict(inputs)
    begun = network.batch(inputs[:, :first], targets[:, :first])
    state = network.final_state(begun)
    assert_same(network.predict(inputs[:, first:], state=state), whole[:, first:])
    assert_same(network.predict(inputs[:, first:], state=state, batch_size=2), whole[:, first:])
    rest = network.batch(inputs[:, first:], targets[:, first:])
    for layer, same in zip(network.gradients(begun).final_state, state, strict=True):
        assert_same(layer, same)
    ends = network.final_state(rest, state), network.final_state(network.batch(inputs, targets))
    for layer, same in zip(*ends, strict=True):
        assert_same(layer, same)


def test_an_initial_state_is_nothing_for_each_layer():
    network = Network([LSTM(1, 3), GRU(3, 2)], Dense(2, 1))
    state = network.initial_state(4)
    assert [[part.shape for part in layer] for layer in state] == [[(4, 3), (4, 3)], [(4, 2)]]
    assert not any(part.any() for layer in state for part in layer)
    inputs = np.ones((4, 2, 1))
    assert_same(network.predict(inputs, state=state), network.predict(inputs))


def test_both_directions_have_no_state():
    network = build_network("gru", features=2, units=3, outputs=1, bidirectional=True, seed=1)
    says = "a bidirectional layer needs whole sequences"
    with pytest.raises(ValueError, match=says):
        network.initial_state(1)
    with pytest.raises(ValueError, match=says):
        network.step(np.ones((1, 2)))
    with pytest.raises(ValueError, match=says):
        network.predict(np.ones((1, 2, 2)), state=[(np.ones((1, 3)),)])
    with pytest.raises(ValueError, match="cannot carry on from a state: it needs whole sequences"):
        network.layers[0].forward(np.ones((2, 1, 2)), (np.ones((1, 3)),))


# --- names, weights and copies ------------------------------------------------------------------------------


def mixed() -> Network:
    pair = Bidirectional(LSTM(2, 3, seed=1), GRU(2, 2, reset_after=True, seed=2))
    network = Network([pair, SimpleRNN(5, 4, seed=3)], Dense(4, 2, "softmax", seed=4))
    perturb(network)
    return network


COPIED = {
    "simple rnn": lambda: build_network("simple_rnn", features=3, units=8, outputs=2, seed=1),
    "lstm": lambda: build_network("lstm", features=3, units=16, outputs=1, head="sigmoid", seed=1),
    "gru in float32": lambda: build_network(
        "gru", features=3, units=[8, 8], outputs=2, every_step=True, seed=1, dtype=np.float32
    ),
    "both ways": lambda: build_network("gru", features=3, units=8, outputs=1, bidirectional=True, seed=1),
    "mixed": mixed,
}
every_copy = pytest.mark.parametrize("made", COPIED.values(), ids=COPIED)


def test_names():
    network = mixed()
    assert list(network.cells) == ["lstm_1.forward", "lstm_1.backward", "simple_rnn_2"]
    expected = {
        "lstm_1.forward.W_x": (2, 12),
        "lstm_1.forward.W_h": (3, 12),
        "lstm_1.forward.b": (12,),
        "lstm_1.backward.W_x": (2, 6),
        "lstm_1.backward.W_h": (2, 6),
        "lstm_1.backward.b": (6,),
        "lstm_1.backward.b_h": (6,),
        "simple_rnn_2.W_x": (5, 4),
        "simple_rnn_2.W_h": (4, 4),
        "simple_rnn_2.b": (4,),
        "head.W_y": (4, 2),
        "head.b_y": (2,),
    }
    assert {name: weight.shape for name, weight in network.weights.items()} == expected
    total = sum(int(np.prod(shape)) for shape in expected.values())
    assert network.flat_weights.size == total
    lines = network.summary().splitlines()
    assert len(lines) == len(expected) + 1 and lines[-1].split() == ["total", f"{total:,}"]
    assert lines[0].split(maxsplit=1)[0] == "lstm_1.forward.W_x" and "(2, 12)" in lines[0]
    assert repr(network) == (
        f"Network(Bidirectional(2 → 5), SimpleRNN(5 → 4), softmax(2) at last step; {total:,} weights)"
    )


@every_copy
def test_the_long_array_holds_every_weight_in_order(made):
    network = made()
    joined = np.concatenate([weight.ravel() for weight in network.weights.values()])
    np.testing.assert_array_equal(network.flat_weights, joined)
    network.flat_weights[...] = np.arange(joined.size)
    joined = np.concatenate([weight.ravel() for weight in network.weights.values()])
    np.testing.assert_array_equal(joined, np.arange(joined.size))
    for name, part in network.named(network.flat_weights).items():
        assert np.shares_memory(part, network.weights[name])


@every_copy
def test_a_pickle_is_hardly_larger_than_the_weights(made):
    network = made()
    assert len(pickle.dumps(network)) <= network.flat_weights.nbytes + 2_000


@every_copy
@pytest.mark.parametrize(
    "copied", [lambda n: pickle.loads(pickle.dumps(n)), copy.deepcopy], ids=["pickle", "deepcopy"]
)
def test_a_copy_answers_the_same_shares_nothing_and_can_be_trained(made, copied):
    network = made()
    fit(network, *tiny_lesson(network), epochs=1, progress=False)
    other = copied(network)
    inputs, targets = tiny_lesson(network)
    answers = network.predict(inputs)
    np.testing.assert_array_equal(other.predict(inputs), answers)
    assert repr(other) == repr(network) and other.every_step == network.every_step
    assert not np.shares_memory(network.flat_weights, other.flat_weights)
    for name, weight in other.weights.items():
        assert np.shares_memory(weight, other.flat_weights), f"{name} is no part of the long array any more"
        assert not np.shares_memory(weight, network.weights[name])
    # What is trained is the copy, in the same way as the first would have been, which stays as it was.
    kept = network.flat_weights.copy()
    fit(other, inputs, targets, optimizer=Adam(0.05), epochs=2, progress=False)
    np.testing.assert_array_equal(network.flat_weights, kept)
    np.testing.assert_array_equal(network.predict(inputs), answers)
    assert np.abs(other.predict(inputs) - answers).max() > 1e-4
    fit(network, inputs, targets, optimizer=Adam(0.05), epochs=2, progress=False)
    np.testing.assert_array_equal(network.flat_weights, other.flat_weights)
    np.testing.assert_array_equal(network.predict(inputs), other.predict(inputs))


def tiny_lesson(network: Network) -> tuple[np.ndarray, np.ndarray]:
    return random_inputs(network, 6, 4, 5), random_targets(network, 6, 4, 5)


def consistent(network: Network) -> bool:
    """Whether the long array still is the memory of every weight."""
    return all(np.shares_memory(w, network.flat_weights) for w in network.weights.values())


def test_a_shallow_copy_does_not_break_the_first():
    network = mixed()
    try:
        copied = copy.copy(network)
    except (TypeError, ValueError):
        return
    assert consistent(network), "training the first would not reach its cells"
    assert consistent(copied)


def test_a_cell_in_a_second_network_is_refused_or_serves_both():
    cell = LSTM(2, 3, seed=1)
    first = Network([cell], Dense(3, 1, seed=2))
    try:
        second = Network([cell], Dense(3, 2, seed=3))
    except ValueError:
        assert consistent(first)
        return
    assert consistent(first), "training the first would not reach its cell"
    assert consistent(second)


def test_a_bias_set_on_a_cell_without_one_is_refused():
    cell = SimpleRNN(2, 3, use_bias=False, seed=1)
    network = Network([cell], Dense(3, 1, seed=1))
    names = list(network.weights)
    with contextlib.suppress(AttributeError, ValueError):
        cell.b = np.ones(3)
    assert list(network.weights) == names, "a weight that is no part of the network was added in silence"


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"cell": "rnn"}, "there is no cell 'rnn', expected one of simple_rnn, lstm, gru"),
        ({"head": "argmax"}, "there is no head 'argmax', expected one of sigmoid, softmax"),
        ({"units": 0}, "units is 0, expected a whole number of at least 1"),
        ({"units": []}, "layers is empty, expected at least one cell"),
        ({"units": [4, -1]}, "units is -1, expected a whole number of at least 1"),
        ({"units": 2.5}, "units is 2.5, expected"),
        ({"units": True}, "units is True, expected a whole number"),
        ({"features": 0}, "features is 0, expected a whole number of at least 1"),
        ({"outputs": 0}, "outputs is 0, expected a whole number of at least 1"),
        ({"outputs": 1.0}, "outputs is 1.0, expected a whole number of at least 1"),
        ({"head": "softmax", "outputs": 1}, "softmax over 1 output is always 1, expected at least 2"),
        ({"cell": "simple_rnn", "activation": "swish"}, "there is no activation 'swish', expected one of"),
        ({"dtype": int}, "dtype is int64, expected float64 or float32"),
    ],
    ids=str,
)
def test_an_impossible_network_is_refused(options, says):
    wanted = {"cell": "lstm", "features": 2, "units": 3, "outputs": 2} | options
    with pytest.raises(ValueError, match=says):
        build_network(wanted.pop("cell"), **wanted)


def test_build_network_hands_on_its_options():
    network = build_network(
        "lstm", features=2, units=(3, np.int64(4)), outputs=2, head="tanh", seed=1, forget_bias=-2.0
    )
    assert [cell.units for cell in network.cells.values()] == [3, 4]
    assert all((cell.b[cell.units : 2 * cell.units] == -2).all() for cell in network.cells.values())
    assert network.head.activation == "tanh" and network.features == 2 and not network.every_step
    with pytest.raises(TypeError, match="forget_bias"):
        build_network("gru", features=2, units=3, outputs=2, forget_bias=1.0)


def test_a_seed_decides_a_whole_network():
    def weights(seed: int | None) -> np.ndarray:
        return build_network(
            "gru", features=2, units=[3, 3], outputs=3, bidirectional=True, seed=seed
        ).flat_weights

    np.testing.assert_array_equal(weights(5), weights(5))
    assert (weights(5) != weights(6)).any() and (weights(None) != weights(None)).any()
    network = build_network("gru", features=6, units=[3, 3], outputs=3, bidirectional=True, seed=5)
    cells = list(network.cells.values())
    for cell, other in itertools.pairwise(cells):
        assert (cell.W_h != other.W_h).any(), "two cells begin alike"


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Network([], Dense(3, 1)), "layers is empty, expected at least one cell"),
        (
            lambda: Network([LSTM(2, 3)], Dense(4, 1)),
            "Dense reads 4 features, expected 3: that is what the LSTM below gives out",
        ),
        (
            lambda: Network([Bidirectional(GRU(2, 3), GRU(2, 3)), LSTM(3, 2)], Dense(2, 1)),
            "LSTM reads 3 features, expected 6: that is what the Bidirectional below gives out",
        ),
        (
            lambda: Network([LSTM(2, 3, dtype=np.float32)], Dense(3, 1)),
            "layers and head have dtypes .*float32.*float64.*, expected one",
        ),
        (
            lambda: Network([(cell := LSTM(3, 3)), cell], Dense(3, 1)),
            "the same cell stands in the network twice",
        ),
        (
            lambda: Bidirectional(cell := LSTM(3, 3), cell),
            "both directions are the same cell, expected two with weights of their own",
        ),
        (
            lambda: Bidirectional(LSTM(3, 3), LSTM(2, 3)),
            "the two directions read 3 and 2 features as float64 and float64, expected the same",
        ),
        (
            lambda: Bidirectional(LSTM(3, 3), LSTM(3, 3, dtype=np.float32)),
            "read 3 and 3 features as float64 and float32, expected the same",
        ),
        (lambda: Dense(3, 2, "argmax"), "there is no head 'argmax', expected one of sigmoid, softmax"),
        (
            lambda: Dense(3, 2, "softmax", loss="squared_error"),
            "loss 'squared_error' does not go with softmax, expected one of categorical_crossentropy",
        ),
        (
            lambda: Dense(3, 2, "linear", loss="binary_crossentropy"),
            "loss 'binary_crossentropy' does not go with linear, expected one of squared_error, half",
        ),
        (lambda: Dense(3, 2, reduction="max"), "reduction is 'max', expected one of mean, sum"),
        (lambda: Dense(3, 1, "softmax"), "softmax over 1 output is always 1"),
        (lambda: Dense(0, 2), "features is 0, expected a whole number of at least 1"),
        (lambda: Dense(3, 0), "outputs is 0, expected a whole number of at least 1"),
    ],
)
def test_parts_that_do_not_fit_are_refused(build, says):
    with pytest.raises(ValueError, match=says):
        build()


def reader(**options: Any) -> Network:
    wanted = {"cell": "gru", "features": 2, "units": 3, "outputs": 3, "head": "softmax", "seed": 1} | options
    return build_network(wanted.pop("cell"), **wanted)


def with_value(value: float) -> np.ndarray:
    inputs = np.zeros((4, 5, 2))
    inputs[3, 1, 0] = value
    return inputs


@pytest.mark.parametrize("call", ["predict", "trace", "batch", "fit"])
@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        (np.zeros((5, 2)), r"inputs have shape \(5, 2\), expected \(batch, time, features\): add the batch"),
        (np.zeros(5), r"inputs have shape \(5,\), expected \(batch, time, features\)\.$"),
        (np.zeros((1, 4, 5, 2)), r"inputs have shape \(1, 4, 5, 2\), expected \(batch, time, features\)\.$"),
        (3.0, r"inputs have shape \(\), expected \(batch, time, features\)"),
        (np.zeros((4, 5, 3)), "inputs have 3 features a step, expected 2"),
        (np.zeros((4, 0, 2)), "expected at least one sample and one step"),
        (np.zeros((0, 5, 2)), "expected at least one sample and one step"),
        (with_value(np.nan), r"inputs\[3, 1, 0\] is nan, expected finite numbers only"),
        (with_value(-np.inf), r"inputs\[3, 1, 0\] is -inf, expected finite numbers only"),
        ([[[1.0, 2.0]], [[1.0, 2.0], [3.0, 4.0]]], "different lengths are padded to the longest"),
        ([[["a", "b"]]], "inputs cannot be read as one array of numbers"),
        (None, "inputs"),
    ],
    ids=str,
)
def test_inputs_that_do_not_fit_are_refused(call, inputs, says):
    network = reader()
    calls = {
        "predict": lambda: network.predict(inputs),
        "trace": lambda: network.trace(inputs),
        "batch": lambda: network.batch(inputs, np.zeros(4, int)),
        "fit": lambda: fit(network, inputs, np.zeros(4, int), progress=False),
    }
    with pytest.raises(ValueError, match=says):
        calls[call]()


@pytest.mark.parametrize(
    ("options", "targets", "says"),
    [
        ({}, [0, 1, 2], "there are 3 samples of targets and 4 of inputs, expected as many"),
        ({}, [0, 1, 2, 3], "targets name classes 0 to 3, expected 0 to 2"),
        ({}, [0, 1, 2, -1], "targets name classes -1 to 2, expected 0 to 2"),
        ({}, [0.0, 1.0, 2.0, 1.0], r"targets have shape \(4,\), expected \(batch, outputs\) = \(4, 3\)"),
        ({}, np.zeros((4, 2)), r"\(4, 2\), expected .* = \(4, 3\): the head reads the last step only"),
        ({}, np.zeros((4, 5, 3)), r"\(4, 5, 3\), expected .* = \(4, 3\): the head reads the last step only"),
        ({}, 1, r"targets have shape \(\), expected \(batch, outputs\)"),
        ({"every_step": True}, np.zeros(4, int), r"\(batch, time, outputs\) = \(4, 5, 3\): .* every step"),
        ({"every_step": True}, np.full((4, 5), 3), "targets name classes 3 to 3, expected 0 to 2"),
        ({"every_step": True}, np.zeros((5, 4, 3)), "there are 5 samples of targets and 4 of inputs"),
        ({"head": "linear"}, [0, 1, 2, 1], r"targets have shape \(4,\), expected .* = \(4, 3\)"),
        (
            {"head": "linear"},
            np.full((4, 3), np.nan),
            r"targets\[0, 0\] is nan, expected finite numbers only",
        ),
        (
            {"head": "linear"},
            [[1.0], [1.0], [1.0], [1.0, 2.0]],
            "targets cannot be read as one array of numbers",
        ),
        ({"head": "linear"}, [["a"] * 3] * 4, "targets cannot be read as one array of numbers"),
        ({"head": "sigmoid", "outputs": 1}, np.zeros((4, 1, 1)), r"\(4, 1, 1\), expected .* = \(4, 1\)"),
    ],
    ids=str,
)
def test_targets_that_do_not_fit_are_refused(options, targets, says):
    with pytest.raises(ValueError, match=says):
        reader(**options).batch(np.zeros((4, 5, 2)), targets)


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (np.ones((4, 5, 1)), r"has shape \(4, 5, 1\), expected \(batch, time\) = \(4, 5\)"),
        (np.ones((5, 4)), r"has shape \(5, 4\), expected \(batch, time\) = \(4, 5\)"),
        (np.ones(5), r"has shape \(5,\), expected \(batch, time\) = \(4, 5\)"),
        (np.full((4, 5), 2), "holds values other than true and false: true marks a real step"),
        (np.full((4, 5), 0.5), "holds values other than true and false"),
        (np.full((4, 5), np.nan), "holds values other than true and false"),
        (np.full((4, 5), "yes"), "holds values other than true and false"),
        ([[1, 1], [1], [1], [1]], r"expected \(batch, time\) = \(4, 5\)"),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["mask", "target_mask"])
def test_a_mask_that_does_not_fit_is_refused(name, mask, says):
    network, inputs = reader(every_step=True), np.zeros((4, 5, 2))
    with pytest.raises(ValueError, match=f"{name}.*{says}"):
        network.batch(inputs, np.zeros((4, 5), int), **{name: mask})
    if name == "mask":
        with pytest.raises(ValueError, match=f"mask.*{says}"):
            network.predict(inputs, mask=mask)


def test_a_mask_may_be_numbers():
    network = reader(every_step=True)
    inputs, mask = random_inputs(network, 2, 3, 1), np.array([[1, 1, 0], [1, 1, 1]])
    for given_mask in (mask.astype(float), mask.tolist(), mask.astype(bool)):
        np.testing.assert_array_equal(
            network.predict(inputs, mask=given_mask), network.predict(inputs, mask=mask)
        )


def test_a_target_mask_needs_an_answer_at_every_step():
    with pytest.raises(ValueError, match="target_mask says which steps count, but the head reads the last"):
        reader().batch(np.zeros((4, 5, 2)), np.zeros(4, int), target_mask=np.ones((4, 5)))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda n: n.step(np.zeros((1, 1, 2))), r"x_t has shape \(1, 1, 2\), expected \(batch, features\)"),
        (lambda n: n.step(np.zeros(2)), r"x_t has shape \(2,\), expected \(batch, features\)"),
        (lambda n: n.step(np.zeros((1, 3))), "3 features a step, expected 2"),
        (lambda n: n.step([[np.nan, 0.0]]), "is nan, expected finite numbers only"),
        (lambda n: n.step([[1.0, 2.0], [3.0]]), "expected|different lengths"),
        (
            lambda n: n.step(np.zeros((2, 2)), n.initial_state(1)),
            r"state has shapes \[\[?\(\(1, 3\).*expected .*\(2, 3\).*for each layer, each \(batch, units\)",
        ),
        (lambda n: n.step(np.zeros((2, 2)), []), r"state has shapes \[\], expected"),
        (lambda n: n.predict(np.zeros((2, 4, 2)), state=n.initial_state(3)), "state has shapes"),
        (lambda n: n.initial_state(0), "batch is 0, expected a whole number of at least 1"),
        (lambda n: n.predict(np.zeros((2, 4, 2)), batch_size=0), "batch_size is 0, expected a whole number"),
    ],
)
def test_steps_and_states_that_do_not_fit_are_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call(reader(cell="lstm"))


@pytest.mark.parametrize("kind", [list, tuple, np.float32, int, bool, "time first"])
def test_inputs_of_any_kind_are_read(kind):
    network = reader()
    values = np.random.default_rng(1).integers(0, 2, (3, 4, 2))
    if kind is list or kind is tuple:
        given_inputs: Any = kind(values.tolist())
    elif kind == "time first":
        given_inputs = np.ascontiguousarray(values.swapaxes(0, 1)).swapaxes(0, 1)
    else:
        given_inputs = values.astype(kind)
    np.testing.assert_array_equal(network.predict(given_inputs), network.predict(values.astype(float)))
