"""Every gradient against finite differences: each cell, head, loss, direction, stack and mask."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from course_utils.recurrent import (
    GRU,
    LSTM,
    Batch,
    Bidirectional,
    Dense,
    Network,
    SimpleRNN,
    build_network,
    gradient_check,
)
from course_utils.recurrent.activations import ACTIVATIONS
from course_utils.recurrent.head import LOSSES, REDUCTIONS

CELLS: dict[str, tuple[str, dict[str, Any]]] = {
    "simple_rnn": ("simple_rnn", {}),
    "lstm": ("lstm", {}),
    "gru": ("gru", {"reset_after": False}),
    "gru_reset_after": ("gru", {"reset_after": True}),
}
every_cell = pytest.mark.parametrize("cell", CELLS)
every_reading = pytest.mark.parametrize("every_step", [False, True], ids=["last", "every"])

TIME = 4
MASKS = {
    "post": [[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]],
    "pre": [[1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]],
    "holes": [[1, 1, 1, 1], [1, 0, 0, 1], [0, 1, 0, 1]],
    "ends": [[1, 1, 1, 1], [0, 1, 1, 0], [0, 1, 0, 0]],
    "nothing real": [[1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 1, 0]],
}


def small_network(
    cell: str, *, features: int = 2, units: int | list[int] = 2, outputs: int = 2, **options: Any
) -> Network:
    kind, more = CELLS[cell]
    return perturbed(
        build_network(kind, features=features, units=units, outputs=outputs, **options, **more, seed=1)
    )


def perturbed(network: Network, seed: int = 2) -> Network:
    """With every weight moved: an error in what a bias of zero multiplies would not show otherwise."""
    network.flat_weights[...] += np.random.default_rng(seed).normal(0, 0.4, network.flat_weights.shape)
    return network


def random_batch(network: Network, *, batch: int = 3, time: int = TIME, seed: int = 3, **masks: Any) -> Batch:
    """Random sequences, with targets that go with the head."""
    draw = np.random.default_rng(seed)
    inputs = draw.normal(size=(batch, time, network.features))
    leading = (batch, time) if network.every_step else (batch,)
    targets = draw.uniform(0.05, 0.95, size=(*leading, network.head.outputs))
    if network.head.activation == "softmax":
        targets /= targets.sum(axis=-1, keepdims=True)
    return network.batch(inputs, targets, **masks)


def numeric_gradient(loss: Callable[[], float], array: np.ndarray, step: float = 1e-3) -> np.ndarray:
    """The derivative of `loss` by every entry of an array that it reads, from four points around each."""
    gradient = np.empty_like(array)
    for place in np.ndindex(array.shape):
        kept, losses = array[place], []
        for steps in (-2, -1, 1, 2):
            array[place] = kept + steps * step
            losses.append(loss())
        array[place] = kept
        gradient[place] = (losses[0] - 8 * losses[1] + 8 * losses[2] - losses[3]) / (12 * step)
    return gradient


def assert_right(network: Network, batch: Batch) -> None:
    check = gradient_check(network, batch)
    assert check.error < 1e-6, str(check)
    assert set(check.by_weight) == set(network.weights)
    assert np.abs(network.gradients(batch).flat).max() > 1e-4, "nothing was compared: the gradient is zero"


# --- cells --------------------------------------------------------------------------------------------------


@every_cell
@every_reading
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("use_bias", [True, False], ids=["bias", "no bias"])
def test_each_cell_in_each_place(cell, every_step, bidirectional, use_bias):
    network = small_network(cell, every_step=every_step, bidirectional=bidirectional, use_bias=use_bias)
    assert any(name.endswith(".b") for name in network.weights) == use_bias
    assert_right(network, random_batch(network))


@pytest.mark.parametrize("use_bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_simple_cell_with_each_activation(activation, use_bias):
    network = small_network("simple_rnn", units=3, activation=activation, use_bias=use_bias, every_step=True)
    assert_right(network, away_from_the_kink(network) if activation == "relu" else random_batch(network))


def away_from_the_kink(network: Network) -> Batch:
    """Sequences with which no relu unit comes near 0, where there is no derivative to compare."""
    (cell,) = network.cells.values()
    for seed in range(100):
        batch = random_batch(network, batch=2, seed=seed)
        run = cell.forward(batch.inputs)
        sums = cell.input_part(batch.inputs) + run.states[0][:-1] @ cell.W_h  # (time, batch, units)
        if np.abs(sums).min() > 0.03 and (sums > 0).any() and (sums < 0).any():
            return batch
    raise AssertionError("no seed keeps all units away from 0")


@every_cell
def test_one_unit_one_feature_one_step(cell):
    network = small_network(cell, features=1, units=1, outputs=1)
    assert_right(network, random_batch(network, batch=1, time=1))


# --- heads --------------------------------------------------------------------------------------------------

HEADS = [(activation, loss) for activation, losses in LOSSES.items() for loss in losses]


@every_reading
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(("activation", "loss"), HEADS)
def test_each_head_with_each_loss(activation, loss, reduction, every_step):
    cell = SimpleRNN(2, 2, seed=1)
    head = Dense(2, 3, activation, loss=loss, reduction=reduction, seed=2)
    network = perturbed(Network([cell], head, every_step=every_step))
    if activation == "relu":
        head.b_y = np.array([2.0, 2.0, -4.0])  # away from the kink: two outputs above 0, one below
        batch = random_batch(network)
        sums = head.weighted_sums(cell.forward(batch.inputs).outputs)  # (time, batch, outputs)
        assert np.abs(sums).min() > 0.05 and sums.min() < 0 < sums.max()
    else:
        batch = random_batch(network)
    assert_right(network, batch)


@pytest.mark.parametrize("activation", LOSSES)
def test_a_head_without_bias(activation):
    network = perturbed(Network([LSTM(2, 3, seed=1)], Dense(3, 2, activation, use_bias=False, seed=2)))
    assert "head.b_y" not in network.weights
    if activation == "relu":
        network.head.W_y = np.array([[1.0, -2.0], [2.0, -1.0], [1.0, -1.0]])
        # An output gate that is open and a candidate near 1 keep h, and with it both sums, away from 0.
        network.cells["lstm_1"].b = np.repeat([3.0, 1.0, 3.0, 3.0], 3)
    assert_right(network, random_batch(network))


@every_reading
def test_classes_named_by_numbers(every_step):
    network = small_network("gru", outputs=3, head="softmax", every_step=every_step)
    draw = np.random.default_rng(5)
    inputs = draw.normal(size=(4, TIME, 2))
    classes = draw.integers(0, 3, size=(4, TIME) if every_step else 4)
    named = network.batch(inputs, classes)
    np.testing.assert_array_equal(named.targets, network.batch(inputs, np.eye(3)[classes]).targets)
    assert_right(network, named)


@pytest.mark.parametrize("loss", sorted({loss for _, loss in HEADS}))
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_what_an_answer_costs(loss, reduction):
    """The loss written out by itself: finite differences only say that the gradient belongs to the loss."""
    activation = next(activation for activation, each in HEADS if each == loss)
    head = Dense(2, 3, activation, loss=loss, reduction=reduction, seed=2)
    network = perturbed(Network([SimpleRNN(2, 2, seed=1)], head, every_step=True))
    counted = np.array([[1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 1]])
    batch = random_batch(network, target_mask=counted)
    answers = network.predict(batch.inputs.swapaxes(0, 1))  # (batch, time, outputs)
    costs = []
    for sample, step in zip(*np.nonzero(counted), strict=True):
        pairs = list(zip(answers[sample, step], batch.targets[step, sample], strict=True))
        if loss == "binary_crossentropy":
            costs += [-t * math.log(y) - (1 - t) * math.log(1 - y) for y, t in pairs]
        elif loss == "categorical_crossentropy":
            costs.append(-sum(t * math.log(y) for y, t in pairs))
        else:
            costs += [(y - t) ** 2 / (2 if loss == "half_squared_error" else 1) for y, t in pairs]
    expected = sum(costs) / (len(costs) if reduction == "mean" else 1)
    assert network.loss(batch) == pytest.approx(expected, rel=1e-12)
    assert network.gradients(batch).loss == network.loss(batch)


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_a_sure_answer_costs_a_finite_amount(activation):
    network = small_network("simple_rnn", head=activation)
    network.head.W_y = np.zeros((2, 2))
    network.head.b_y = np.array([800.0, -800.0])
    right, wrong = (network.batch(np.ones((1, 1, 2)), [targets]) for targets in ([1, 0], [0, 1]))
    assert network.loss(right) == pytest.approx(0, abs=1e-12)
    assert network.loss(wrong) == pytest.approx(800 if activation == "sigmoid" else 1600)
    assert np.isfinite(network.gradients(wrong).flat).all()


def test_softmax_targets_that_do_not_add_up_to_one():
    """y − target is the gradient only where targets add up to 1; others must be refused, or counted in."""
    network = small_network("simple_rnn", outputs=3, head="softmax")
    inputs = np.random.default_rng(3).normal(size=(2, TIME, 2))
    try:
        batch = network.batch(inputs, [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    except ValueError as refused:
        assert "targets" in str(refused)
        return
    assert_right(network, batch)


# --- stacks -------------------------------------------------------------------------------------------------


def test_cells_of_each_kind_above_each_other():
    layers = [SimpleRNN(2, 3, activation="sigmoid", seed=1), LSTM(3, 2, seed=2), GRU(2, 3, seed=3)]
    network = perturbed(Network(layers, Dense(3, 2, "softmax", seed=4), every_step=True))
    assert_right(network, random_batch(network))


@every_reading
def test_both_directions_under_one(every_step):
    pair = Bidirectional(LSTM(2, 2, seed=1), GRU(2, 3, seed=2))
    network = perturbed(
        Network([pair, SimpleRNN(5, 2, seed=3)], Dense(2, 1, "sigmoid", seed=4), every_step=every_step)
    )
    assert_right(network, random_batch(network, mask=MASKS["holes"]))


@every_reading
def test_one_direction_under_both(every_step):
    pair = Bidirectional(GRU(2, 2, reset_after=True, seed=1), SimpleRNN(2, 1, seed=2))
    network = perturbed(
        Network([LSTM(2, 2, seed=3), pair], Dense(3, 2, "tanh", seed=4), every_step=every_step)
    )
    assert_right(network, random_batch(network, mask=MASKS["post"]))


@every_cell
@every_reading
def test_both_directions_twice(cell, every_step):
    network = small_network(cell, units=[2, 1], bidirectional=True, every_step=every_step)
    assert_right(network, random_batch(network, batch=2, time=3))


@every_cell
def test_three_layers_read_at_the_last_step(cell):
    network = small_network(cell, units=[2, 1, 2], outputs=1)
    assert_right(network, random_batch(network))


# --- masks --------------------------------------------------------------------------------------------------


@every_cell
@every_reading
@pytest.mark.parametrize("mask", MASKS)
def test_masks(cell, every_step, mask):
    network = small_network(cell, every_step=every_step)
    assert_right(network, random_batch(network, mask=MASKS[mask]))


@pytest.mark.parametrize("cell", ["lstm", "gru_reset_after"])
@pytest.mark.parametrize("mask", MASKS)
def test_masks_in_a_stack_of_both_directions(cell, mask):
    network = small_network(cell, units=[1, 2], bidirectional=True, every_step=True)
    assert_right(network, random_batch(network, mask=MASKS[mask]))


@every_cell
@pytest.mark.parametrize("mask", [None, "pre", "holes"])
def test_answers_that_do_not_count(cell, mask):
    network = small_network(cell, every_step=True)
    target_mask = [[0, 0, 0, 1], [1, 0, 1, 0], [1, 1, 1, 1]]
    batch = random_batch(network, mask=MASKS.get(mask), target_mask=target_mask)
    both = np.array(target_mask) & np.array(MASKS.get(mask, 1))
    assert batch.answers == both.sum()
    np.testing.assert_array_equal(batch.counts[:, :, 0].T, both)
    assert_right(network, batch)


def test_without_an_answer_that_counts_there_is_nothing_to_learn():
    network = small_network("lstm", every_step=True)
    found = network.gradients(random_batch(network, target_mask=np.zeros((3, TIME))))
    assert found.loss == 0 and not found.flat.any()


# --- by inputs and by states --------------------------------------------------------------------------------


@every_cell
@every_reading
@pytest.mark.parametrize("mask", [None, "post", "holes"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one way", "both ways"])
def test_the_gradient_by_the_inputs(cell, every_step, mask, bidirectional):
    network = small_network(cell, units=[2, 1], every_step=every_step, bidirectional=bidirectional)
    batch = random_batch(network, mask=MASKS.get(mask))
    d_inputs = network.gradients(batch).d_inputs  # (time, batch, features)
    expected = numeric_gradient(lambda: network.loss(batch), batch.inputs)
    np.testing.assert_allclose(d_inputs, expected, rtol=1e-6, atol=1e-9)
    assert np.abs(d_inputs).max() > 1e-4
    if mask is not None:
        padded = ~np.array(MASKS[mask], bool).T
        assert not d_inputs[padded].any(), "a padded step has no say in the answer"


@every_cell
@pytest.mark.parametrize("mask", [None, *MASKS])
def test_the_gradient_by_the_states(cell, mask):
    """Run on from a state that is moved by a little, for the state before and after every step."""
    network = small_network(cell, units=3)
    (one,) = network.cells.values()
    draw = np.random.default_rng(4)
    inputs = draw.normal(size=(TIME, 3, 2))
    upstream = draw.normal(size=(TIME, 3, 3))  # the loss is the sum of all h, each times its own number
    real = None if mask is None else np.array(MASKS[mask], bool).T[:, :, np.newaxis]
    state = tuple(draw.normal(size=(3, 3)) for _ in one.state_names)
    run = one.forward(inputs, state, real)
    back = one.backward(run, upstream)

    def loss_from(begin: int, moved: tuple[np.ndarray, ...]) -> float:
        loss = 0.0 if begin == 0 else float((upstream[begin - 1] * moved[0]).sum())
        if begin < TIME:
            rest = one.forward(inputs[begin:], moved, None if real is None else real[begin:])
            loss += float((upstream[begin:] * rest.outputs).sum())
        return loss

    for begin, gradient in enumerate([back.d_initial_state, *back.d_states]):
        moved = tuple(array[begin].copy() for array in run.states)
        for part, array in zip(gradient, moved, strict=True):
            expected = numeric_gradient(lambda b=begin, m=moved: loss_from(b, m), array)
            np.testing.assert_allclose(part, expected, rtol=1e-6, atol=1e-9)


@every_cell
def test_a_gradient_at_the_last_step_only_is_one_of_zeros_before(cell):
    (one,) = small_network(cell).cells.values()
    draw = np.random.default_rng(4)
    run = one.forward(draw.normal(size=(TIME, 3, 2)))
    d_last = draw.normal(size=(3, 2))
    d_outputs = np.concatenate([np.zeros((TIME - 1, 3, 2)), d_last[np.newaxis]])
    last, every = one.backward(run, d_last=d_last), one.backward(run, d_outputs)
    np.testing.assert_allclose(last.d_inputs, every.d_inputs, atol=1e-14)
    for name, gradient in last.d_weights.items():
        np.testing.assert_allclose(gradient, every.d_weights[name], atol=1e-14)
    both = one.backward(run, d_outputs, d_last)
    np.testing.assert_allclose(both.d_inputs, 2 * last.d_inputs, atol=1e-14)


@every_cell
def test_the_gradient_where_a_state_is_carried_on(cell):
    network = small_network(cell, units=[2, 1], every_step=True)
    batch = random_batch(network)
    draw = np.random.default_rng(6)
    state = [tuple(draw.normal(size=h.shape) for h in layer) for layer in network.initial_state(3)]
    found = network.gradients(batch, state)
    expected = numeric_gradient(lambda: network.loss(batch, state), network.flat_weights)
    np.testing.assert_allclose(found.flat, expected, rtol=1e-6, atol=1e-9)
    assert found.loss != network.loss(batch), "the state made no difference"


# --- the check itself ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell_class", "kind", "column"), [(SimpleRNN, "simple_rnn", 1), (LSTM, "lstm", 7), (GRU, "gru", 4)]
)
def test_the_check_finds_a_broken_backward_step(monkeypatch, cell_class, kind, column):
    right = cell_class.backward_step

    def broken(self, slopes, d_state):
        d_part, d_before = right(self, slopes, d_state)
        d_part[:, column] *= 1.1
        return d_part, d_before

    network = small_network(kind)
    # With a mask, even if it leaves nothing out, every cell goes back by its `backward_step`.
    batch = random_batch(network, mask=np.ones((3, TIME)))
    assert gradient_check(network, batch).error < 1e-6
    monkeypatch.setattr(cell_class, "backward_step", broken)
    check = gradient_check(network, batch)
    assert check.error == pytest.approx(0.1 / 1.1, rel=1e-3)
    concerned = [f"{kind}_1.{weight}[{row}, {column}]" for weight in ("W_x", "W_h") for row in range(2)]
    assert check.weight in [*concerned, f"{kind}_1.b[{column}]"]
    assert check.by_weight[f"{kind}_1.W_x"] > 0.09 and check.by_weight[f"{kind}_1.b"] > 0.09
    assert max(check.by_weight["head.W_y"], check.by_weight["head.b_y"]) < 1e-6
    assert check.analytic == pytest.approx(1.1 * check.numeric, rel=1e-3)
    assert f"worst weight {check.weight}: " in str(check) and "relative error 9.1e-02" in str(check)


def test_the_check_names_the_one_entry_that_is_wrong(monkeypatch):
    pair = Bidirectional(SimpleRNN(2, 2, seed=1), SimpleRNN(2, 2, seed=2))
    layers = [pair, GRU(4, 2, reset_after=True, seed=3)]
    network = perturbed(Network(layers, Dense(2, 2, seed=4)))
    batch = random_batch(network)
    right = network.gradients
    for name, weight in network.weights.items():
        place = tuple(size - 1 for size in weight.shape)

        def broken(batch: Batch, name: str = name, place: tuple[int, ...] = place) -> Any:
            found = right(batch)
            network.named(found.flat)[name][place] += 5.0
            return found

        monkeypatch.setattr(network, "gradients", broken)
        check = gradient_check(network, batch)
        assert check.weight == f"{name}[{', '.join(map(str, place))}]"
        assert check.error > 0.5 and check.by_weight[name] == check.error
        assert check.analytic - check.numeric == pytest.approx(5.0, rel=1e-6)


def test_the_check_puts_every_weight_back():
    network = small_network("lstm", units=[1, 2])
    before = network.flat_weights.copy()
    gradient_check(network, random_batch(network))
    np.testing.assert_array_equal(network.flat_weights, before)


def test_the_check_refuses_float32():
    network = build_network("gru", features=2, units=2, outputs=1, seed=1, dtype=np.float32)
    batch = network.batch(np.ones((1, 2, 2)), [[1.0]])
    with pytest.raises(ValueError, match="computes in float32, expected float64"):
        gradient_check(network, batch)
