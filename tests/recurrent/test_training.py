"""Training: the history, the windows, the callbacks, the rules, and tasks that are learned or cannot be."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from course_utils.data.tasks import binary_addition, recall_task
from course_utils.recurrent import (
    SGD,
    Adagrad,
    Adam,
    Callback,
    Dense,
    EarlyStopping,
    LearningRateDecay,
    Network,
    ReduceOnPlateau,
    RMSprop,
    SimpleRNN,
    build_network,
    fit,
    training,
)
from course_utils.recurrent.training import (
    METRICS,
    binary_accuracy,
    categorical_accuracy,
    exact_match,
    in_order,
    shuffled,
)

CELLS = ("simple_rnn", "lstm", "gru")


def reader(cell: str = "gru", **options: Any) -> Network:
    wanted = {"features": 2, "units": 4, "outputs": 1, "head": "sigmoid", "seed": 1} | options
    return build_network(cell, **wanted)


def lesson(network: Network, samples: int = 20, time: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Whether the first feature has been above zero more than the second so far: learnable, and small."""
    inputs = np.random.default_rng(3).normal(size=(samples, time, 2))
    ahead = np.sign(inputs).cumsum(axis=1)
    targets = (ahead[:, :, :1] > ahead[:, :, 1:]).astype(float)  # (samples, time, 1)
    return inputs, targets if network.every_step else targets[:, -1]


def taught(network: Network, **options: Any) -> Any:
    """`fit` on the small lesson."""
    return fit(network, *lesson(network), **({"progress": False} | options))


# --- the history --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every_step", [False, True])
def test_the_history_has_the_form_of_kerass(every_step):
    network = reader(every_step=every_step)
    history = taught(
        network,
        epochs=3,
        validation=lesson(network, samples=7),
        metrics=["binary_accuracy", "exact_match"],
    )
    wanted = ["loss", "binary_accuracy", "exact_match"]
    assert list(history.history) == [*wanted, *(f"val_{name}" for name in wanted)]
    for numbers in history.history.values():
        assert len(numbers) == 3 and all(isinstance(number, float) for number in numbers)
    assert history.epoch == [0, 1, 2] and history.stopped == ""
    assert len(history.seconds) == 3 and min(history.seconds) > 0


def test_training_lowers_the_loss():
    for cell in CELLS:
        network = reader(cell, every_step=True)
        data = network.batch(*lesson(network))
        before = network.loss(data)
        losses = taught(network, epochs=30, optimizer=Adam(0.03)).history["loss"]
        assert losses[0] == pytest.approx(before, rel=0.2)
        assert network.loss(data) < 0.6 * before and losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("cell", CELLS)
def test_a_seed_decides_a_training(cell):
    def weights(**options: Any) -> np.ndarray:
        network = reader(cell, dtype=np.float32)
        taught(network, epochs=2, batch_size=3, **options)
        return network.flat_weights

    np.testing.assert_array_equal(weights(seed=5), weights(seed=5))
    np.testing.assert_array_equal(weights(seed=5), weights(seed=np.random.default_rng(5)))
    np.testing.assert_array_equal(weights(), weights())
    assert (weights(seed=5) != weights(seed=6)).any()
    assert (weights(seed=None) != weights(seed=None)).any()


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("truncate", [None, 2, 4])
@pytest.mark.parametrize("masked", [False, True], ids=["all real", "masked"])
@pytest.mark.parametrize("every_step", [False, True], ids=["last", "every"])
def test_the_loss_as_batches_go_by_is_that_of_all_where_nothing_changes(
    reduction, truncate, masked, every_step
):
    """With steps too small to matter, `loss` and `val_loss` are the same number however samples are cut."""
    head = Dense(4, 1, "sigmoid", reduction=reduction, seed=2)
    network = Network([SimpleRNN(2, 4, seed=1)], head, every_step=every_step)
    inputs, targets = lesson(network)
    mask = np.arange(6) < np.random.default_rng(1).integers(1, 7, 20)[:, np.newaxis] if masked else None
    history = taught(
        network,
        optimizer=SGD(1e-12),
        batch_size=8,  # the last batch has 4
        mask=mask,
        truncate=truncate,
        validation=(inputs, targets) if mask is None else (inputs, targets, mask),
    ).history
    data = network.batch(inputs, targets, mask=mask)
    expected = network.loss(data) / (20 if reduction == "sum" else 1)
    assert history["val_loss"] == [pytest.approx(expected, rel=1e-6)]
    assert history["loss"] == [pytest.approx(expected, rel=1e-6)]


def test_validation_is_judged_after_each_epoch_and_not_trained_on():
    network, alone = reader(every_step=True), reader(every_step=True)
    held_out = lesson(network, samples=9, time=4)
    history = taught(network, epochs=2, validation=held_out, metrics=["binary_accuracy"]).history
    taught(alone, epochs=2)
    np.testing.assert_array_equal(network.flat_weights, alone.flat_weights)
    assert history["val_loss"][-1] == pytest.approx(network.loss(network.batch(*held_out)))
    right = (network.predict(held_out[0]) > 0.5) == (held_out[1] > 0.5)
    assert history["val_binary_accuracy"][-1] == pytest.approx(right.mean())


def test_validation_may_have_a_mask():
    network = reader(every_step=True)
    inputs, targets = lesson(network)
    mask = np.arange(6) < np.arange(20)[:, np.newaxis] % 6 + 1
    history = taught(network, validation=(inputs, targets, mask)).history
    expected = network.loss(network.batch(inputs, targets, mask=mask))
    assert history["val_loss"] == [pytest.approx(expected)]
    assert expected != pytest.approx(network.loss(network.batch(inputs, targets)))


@pytest.mark.parametrize("every_step", [False, True])
def test_padding_makes_no_difference_to_a_training(every_step):
    network, padded_network = reader(every_step=every_step), reader(every_step=every_step)
    inputs, targets = lesson(network)
    junk = np.random.default_rng(1).normal(0, 9, size=(20, 3, 2))
    padded = np.concatenate([inputs, junk], axis=1)
    padded_targets = np.concatenate([targets, np.ones((20, 3, 1))], axis=1) if every_step else targets
    mask = np.arange(9) < np.full((20, 1), 6)
    fit(network, inputs, targets, epochs=3, progress=False)
    fit(padded_network, padded, padded_targets, mask=mask, epochs=3, progress=False)
    np.testing.assert_allclose(padded_network.flat_weights, network.flat_weights, rtol=1e-9, atol=1e-11)


# --- truncation ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every_step", [False, True])
def test_windows_as_long_as_the_sequence_are_full_back_propagation(every_step):
    def weights(truncate: int | None) -> np.ndarray:
        network = reader(every_step=every_step)
        taught(network, epochs=2, truncate=truncate)
        return network.flat_weights

    for truncate in (6, 7, 100):
        np.testing.assert_array_equal(weights(truncate), weights(None))
    for truncate in (1, 5):
        assert np.abs(weights(truncate) - weights(None)).max() > 1e-6


@pytest.mark.parametrize("truncate", [1, 2, 4])
@pytest.mark.parametrize("every_step", [False, True], ids=["last", "every"])
@pytest.mark.parametrize("cell", ["simple_rnn", "lstm"])
def test_windows_carry_the_state_and_not_the_gradient(cell, every_step, truncate):
    """Against the loop by hand: one window after the other, the weights changed after each."""
    network, by_hand = (reader(cell, every_step=every_step, units=[4, 3]) for _ in range(2))
    history = taught(
        network, optimizer=SGD(0.1), epochs=2, batch_size=8, truncate=truncate, batches=in_order
    ).history
    inputs, targets = lesson(network)
    optimizer = SGD(0.1)
    for _ in range(2):
        for begin in range(0, 20, 8):
            x, y = inputs[begin : begin + 8], targets[begin : begin + 8]
            state = None
            for first in range(0, 6, truncate):
                steps = slice(first, first + truncate)
                window = by_hand.batch(x[:, steps], y[:, steps] if every_step else y)
                if every_step or first + truncate >= 6:
                    found = by_hand.gradients(window, state)
                    optimizer.update(by_hand.flat_weights, found.flat)
                    state = found.final_state
                else:
                    state = by_hand.final_state(window, state)
    np.testing.assert_allclose(network.flat_weights, by_hand.flat_weights, rtol=1e-12, atol=1e-14)
    assert len(history["loss"]) == 2


def test_one_step_of_gradient_is_enough_where_the_state_already_remembers():
    """Say the symbol before this one: with windows of a step, only the state can know it."""
    symbols = np.random.default_rng(1).integers(0, 2, (400, 12))
    inputs, targets = np.eye(2)[symbols], np.roll(symbols, 1, axis=1)
    target_mask = np.arange(12) > np.zeros((400, 1))
    network = reader("simple_rnn", units=16, outputs=2, head="softmax", every_step=True)
    history = fit(
        network,
        inputs,
        targets,
        target_mask=target_mask,
        truncate=1,
        optimizer=Adam(0.01),
        epochs=8,
        progress=False,
    )
    right = network.predict(inputs).argmax(axis=2) == targets
    assert right[:, 1:].mean() > 0.99, history.history["loss"]


def test_metrics_are_the_same_in_windows():
    def accuracy(truncate: int | None) -> list[float]:
        network = reader(every_step=True)
        history = taught(network, optimizer=SGD(1e-12), truncate=truncate, metrics=list(METRICS)[:1])
        return history.history["binary_accuracy"]

    assert accuracy(None) == accuracy(4) == accuracy(1)


def test_both_directions_cannot_be_cut():
    network = reader(bidirectional=True)
    with pytest.raises(ValueError, match="a bidirectional layer needs whole sequences"):
        taught(network, truncate=3)
    taught(network, truncate=6)


# --- batches ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [in_order, shuffled])
def test_every_sample_comes_once(order):
    batches = list(order(10, 4, np.random.default_rng(1)))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    shown = np.concatenate(batches)
    assert sorted(shown) == list(range(10))
    assert (list(shown) == list(range(10))) == (order is in_order)


def test_the_order_changes_from_epoch_to_epoch():
    class Watch(Callback):
        seen: list[list[int]]

        def on_train_begin(self, training: Any) -> None:
            self.seen = []

        def on_epoch_begin(self, training: Any) -> None:
            self.seen.append([])

        def on_batch_end(self, training: Any, samples: Any, outputs: Any, targets: Any, loss: float) -> None:
            self.seen[-1] += samples.tolist()

    watch = Watch()
    taught(reader(), epochs=2, callbacks=[watch])
    first, second = watch.seen
    assert sorted(first) == sorted(second) == list(range(20)) and first != second
    taught(reader(), epochs=2, callbacks=[watch], batches=in_order)
    assert watch.seen == [list(range(20))] * 2


def test_a_reader_may_put_batches_together():
    asked: list[tuple[int, int]] = []

    def odd_ones(samples: int, batch_size: int, draw: np.random.Generator) -> Iterable[np.ndarray]:
        asked.append((samples, batch_size))
        assert isinstance(draw, np.random.Generator)
        return [np.array([1, 3]), np.array([5])]

    network, by_hand = reader(), reader()
    taught(network, optimizer=SGD(0.1), epochs=1, batch_size=7, batches=odd_ones)
    assert asked == [(20, 7)]
    optimizer, data = SGD(0.1), by_hand.batch(*lesson(by_hand))
    for chosen in ([1, 3], [5]):
        optimizer.update(by_hand.flat_weights, by_hand.gradients(data.samples(np.array(chosen))).flat)
    np.testing.assert_array_equal(network.flat_weights, by_hand.flat_weights)


# --- callbacks ----------------------------------------------------------------------------------------------


class Says(Callback):
    """Puts given numbers into the logs, and the epoch's number into every weight."""

    def __init__(self, name: str, values: list[float]) -> None:
        self.name, self.values = name, values

    def on_epoch_end(self, training: Any, logs: dict[str, float]) -> None:
        epoch = training.history.epoch[-1]
        logs[self.name] = self.values[epoch]
        training.network.flat_weights[...] = epoch


def stopped_after(name: str, values: list[float], **options: Any) -> tuple[Any, Network]:
    network = reader()
    callbacks = [Says(name, values), EarlyStopping(name, **options)]
    return taught(network, epochs=len(values), callbacks=callbacks), network


def test_early_stopping_goes_back_to_the_best_weights_and_says_why():
    history, network = stopped_after("val_loss", [3.0, 2.0, 2.5, 2.1, 1.0])
    assert history.stopped == "val_loss has not improved since epoch 2"
    assert history.history["val_loss"] == [3.0, 2.0, 2.5] and history.epoch == [0, 1, 2]
    assert (network.flat_weights == 1).all(), "the weights of the best epoch are its number, 1"


@pytest.mark.parametrize(
    ("name", "values", "options", "epochs", "weights"),
    [
        ("val_loss", [3, 2, 2.5, 1, 1.5, 1.5], {"patience": 2}, 6, 3),
        ("val_loss", [3, 2, 2.5, 2.5, 1], {"patience": 2}, 4, 1),
        ("val_loss", [3, 2, 2.5, 1], {"patience": 1}, 3, 1),
        ("val_loss", [3, 2, 2.5, 2.5, 2.5, 1], {"patience": 3}, 5, 1),
        ("val_loss", [3, 2, 2, 1], {}, 3, 1),
        ("val_loss", [3, 2.95, 1], {"min_delta": 0.1}, 2, 0),
        ("val_loss", [3, 2.95, 1], {"min_delta": -0.1}, 2, 0),
        ("val_loss", [3, 2, 1], {}, 3, 2),
        ("val_accuracy", [0.5, 0.7, 0.6, 0.9], {}, 3, 1),
        ("accuracy", [0.5, 0.7, 0.9], {}, 3, 2),
        ("my_loss", [0.9, 0.7, 0.8], {}, 3, 1),
        ("val_loss", [3, 2, 2.5, 1], {"restore_best_weights": False}, 3, 2),
        ("val_loss", [3, 2, math.nan, 1], {}, 3, 1),
    ],
)
def test_early_stopping_waits_as_long_as_it_is_told(name, values, options, epochs, weights):
    """The weights at the end are the number of the epoch that they come from."""
    history, network = stopped_after(name, values, **options)
    assert len(history.epoch) == epochs
    assert (network.flat_weights == weights).all()
    if epochs < len(values):
        assert history.stopped.startswith(f"{name} has not improved since epoch ")


def test_early_stopping_gives_the_best_weights_back_even_if_training_was_not_stopped():
    history, network = stopped_after("val_loss", [3.0, 1.0, 2.0, 2.0], patience=5)
    assert history.stopped == "" and (network.flat_weights == 1).all()


def test_early_stopping_forgets_an_earlier_training():
    network, stopping = reader(), EarlyStopping("watched")
    taught(network, epochs=3, callbacks=[Says("watched", [0.1, 0.9, 0.5]), stopping])
    history = taught(network, epochs=3, callbacks=[Says("watched", [0.2, 0.3, 0.4]), stopping])
    assert history.stopped == "" and (network.flat_weights == 2).all()


def test_early_stopping_on_a_real_training():
    network = reader("lstm", units=12)
    held_out = lesson(network, samples=11, time=3)  # of another length, so that it soon gets worse
    history = taught(
        network,
        epochs=200,
        optimizer=Adam(0.05),
        validation=held_out,
        callbacks=[EarlyStopping(patience=3)],
    )
    losses = history.history["val_loss"]
    best = losses.index(min(losses))
    assert len(losses) == best + 4 < 200
    assert history.stopped == f"val_loss has not improved since epoch {best + 1}"
    assert network.loss(network.batch(*held_out)) == pytest.approx(min(losses), rel=1e-9)


def test_the_learning_rate_decays():
    optimizer = SGD(0.5)
    history = taught(reader(), optimizer=optimizer, epochs=3, callbacks=[LearningRateDecay(0.1)])
    assert history.history["learning_rate"] == pytest.approx([0.5, 0.05, 0.005])
    assert optimizer.learning_rate == pytest.approx(0.0005)


def test_the_learning_rate_changes_what_the_next_epoch_does():
    network, by_hand = reader(), reader()
    taught(network, optimizer=SGD(0.5), epochs=2, batch_size=20, callbacks=[LearningRateDecay(0.1)])
    data = by_hand.batch(*lesson(by_hand))
    for rate in (0.5, 0.05):
        SGD(rate).update(by_hand.flat_weights, by_hand.gradients(data).flat)
    np.testing.assert_allclose(network.flat_weights, by_hand.flat_weights, rtol=1e-9, atol=1e-12)


def test_the_learning_rate_falls_on_a_plateau():
    optimizer = SGD(1.0)
    values = [5, 4, 4, 4, 4.5, 4.5, 3.5, 3.6, 3.7, 3.8]
    callbacks = [Says("watched", values), ReduceOnPlateau("watched", factor=0.5, patience=2)]
    history = taught(reader(), optimizer=optimizer, epochs=10, callbacks=callbacks)
    # Lowered after two without improvement: after epochs 4, 6 and 9.
    assert history.history["learning_rate"] == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]
    assert optimizer.learning_rate == 0.125


def test_callbacks_see_what_is_promised_in_order():
    seen: list[str] = []
    outputs_seen, losses_seen = [], []

    class Watch(Callback):
        def __init__(self, name: str) -> None:
            self.name = name

        def on_train_begin(self, training: Any) -> None:
            seen.append(f"{self.name} begins")
            assert training.network is network and training.optimizer is optimizer
            assert training.epochs == 2 and training.history.history == {} and training.stop == ""

        def on_epoch_begin(self, training: Any) -> None:
            seen.append(f"{self.name} epoch")

        def on_batch_end(self, training: Any, samples: Any, outputs: Any, targets: Any, loss: float) -> None:
            seen.append(f"{self.name} batch of {len(samples)}")
            assert outputs.shape == targets.shape == (6, len(samples), 1)
            np.testing.assert_array_equal(targets.swapaxes(0, 1), all_targets[samples])
            outputs_seen.append(outputs)
            losses_seen.append(loss)

        def on_epoch_end(self, training: Any, logs: dict[str, float]) -> None:
            seen.append(f"{self.name} ends {training.history.epoch[-1]}")
            assert {"loss", "val_loss"} <= set(logs)
            logs[f"by {self.name}"] = 7.0

        def on_train_end(self, training: Any) -> None:
            seen.append(f"{self.name} is done")
            assert len(training.history.history["loss"]) == 2

    network, optimizer = reader(every_step=True), Adam()
    inputs, all_targets = lesson(network)
    before, data = network.predict(inputs[:12]), network.batch(inputs[:12], all_targets[:12])
    loss_before = network.loss(data)
    history = taught(
        network,
        optimizer=optimizer,
        epochs=2,
        batch_size=12,
        batches=in_order,
        validation=(inputs, all_targets),
        callbacks=[Watch("a"), Watch("b")],
    )
    an_epoch = ["epoch", "batch of 12", "batch of 8", "ends {}"]
    expected = ["begins", *(e.format(0) for e in an_epoch), *(e.format(1) for e in an_epoch), "is done"]
    assert seen == [f"{name} {event}" for event in expected for name in "ab"]
    np.testing.assert_array_equal(outputs_seen[0].swapaxes(0, 1), before)
    assert losses_seen[0] == pytest.approx(loss_before), "the loss before the update"
    assert history.history["by a"] == history.history["by b"] == [7.0, 7.0]


def test_outputs_of_a_head_at_the_last_step_are_shown_without_time():
    class Watch(Callback):
        def on_batch_end(self, training: Any, samples: Any, outputs: Any, targets: Any, loss: float) -> None:
            assert outputs.shape == targets.shape == (20, 1)
            assert samples.tolist() == list(range(20)) and isinstance(loss, float)
            self.called = True

    watch = Watch()
    taught(reader(), batch_size=20, batches=in_order, callbacks=[watch], truncate=4)
    assert watch.called


def test_any_callback_can_end_the_training():
    class Enough(Callback):
        ended = False

        def on_epoch_end(self, training: Any, logs: dict[str, float]) -> None:
            if len(training.history.epoch) == 2:
                training.stop = "enough"

        def on_train_end(self, training: Any) -> None:
            self.ended = True

    enough = Enough()
    history = taught(reader(), epochs=9, callbacks=[enough])
    assert history.stopped == "enough" and history.epoch == [0, 1] and enough.ended


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: EarlyStopping(patience=-1), "patience is -1, expected a whole number of at least 0"),
        (lambda: ReduceOnPlateau(patience=-1), "patience is -1, expected a whole number of at least 0"),
        (lambda: ReduceOnPlateau(factor=1), "factor is 1, expected a number between 0 and 1"),
        (lambda: ReduceOnPlateau(factor=0), "factor is 0, expected a number between 0 and 1"),
        (lambda: LearningRateDecay(0), "factor is 0, expected a number above 0"),
        (
            lambda: taught(reader(), callbacks=[EarlyStopping("val_accuracy")], metrics=["exact_match"]),
            "there is no 'val_accuracy' to watch, expected one of loss, exact_match",
        ),
        (
            lambda: taught(reader(), callbacks=[ReduceOnPlateau()]),
            "there is no 'val_loss' to watch, expected one of loss",
        ),
    ],
)
def test_an_impossible_callback_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


# --- divergence and clipping --------------------------------------------------------------------------------


def counting(cell: str = "simple_rnn", **options: Any) -> tuple[Network, np.ndarray, np.ndarray]:
    """Add up numbers: a linear cell and head can, and go astray at too high a rate."""
    more = {"activation": "linear"} if cell == "simple_rnn" else {}
    network = reader(cell, features=1, head="linear", **more, **options)
    inputs = np.random.default_rng(2).normal(size=(32, 20, 1))
    return network, inputs, inputs.sum(axis=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("validated", [False, True])
def test_a_diverging_training_ends_early_and_says_so(dtype, validated):
    network, inputs, targets = counting(dtype=dtype)
    history = fit(
        network,
        inputs,
        targets,
        optimizer=SGD(0.5),
        epochs=100,
        batch_size=8,
        validation=(inputs, targets) if validated else None,
        progress=False,
    )
    assert history.stopped.startswith("the loss is no finite number any more")
    assert "lower the learning rate, or clip the gradient" in history.stopped
    assert len(history.epoch) < 100
    assert not np.isfinite(history.history["loss"][-1]) and np.isfinite(history.history["loss"][:-1]).all()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("rule", [SGD, Adam, RMSprop, Adagrad])
def test_no_rate_is_so_high_that_training_breaks_down(cell, rule):
    network, inputs, targets = counting(cell)
    history = fit(network, inputs, targets, optimizer=rule(1e200), epochs=5, progress=False)
    assert history.stopped.startswith("the loss is no finite number any more")


def test_clipping_rescues_what_would_diverge():
    for clipping in ({"clip_norm": 0.1}, {"clip_value": 0.05}):
        network, inputs, targets = counting()
        history = fit(
            network, inputs, targets, optimizer=SGD(0.5, **clipping), epochs=60, batch_size=8, progress=False
        )
        losses = history.history["loss"]
        assert history.stopped == "" and np.isfinite(losses).all()
        assert min(losses) < 0.5 * losses[0]


def test_clipping_by_norm_keeps_the_direction_and_by_value_does_not():
    gradient = np.array([3.0, -4.0, 0.0])
    kept = gradient.copy()
    np.testing.assert_allclose(SGD(clip_norm=1.0).clipped(gradient), [0.6, -0.8, 0.0], rtol=1e-15)
    np.testing.assert_array_equal(SGD(clip_value=1.0).clipped(gradient), [1.0, -1.0, 0.0])
    np.testing.assert_array_equal(SGD(clip_value=3.5).clipped(gradient), [3.0, -3.5, 0.0])
    for optimizer in (SGD(clip_norm=5.0), SGD(clip_norm=5.1), SGD(clip_value=4.0), SGD()):
        np.testing.assert_array_equal(optimizer.clipped(gradient), kept)
    np.testing.assert_array_equal(gradient, kept)
    assert SGD(clip_norm=1.0).clipped(gradient.astype(np.float32)).dtype == np.float32
    np.testing.assert_array_equal(SGD(clip_norm=1.0).clipped(np.zeros(3)), np.zeros(3))


def test_what_is_clipped_is_what_is_applied():
    for optimizer, change in (
        (SGD(0.5, clip_norm=1.0), [0.3, -0.4]),
        (SGD(0.5, clip_value=1.0), [0.5, -0.5]),
    ):
        weights = np.zeros(2)
        optimizer.update(weights, np.array([3.0, -4.0]))
        np.testing.assert_allclose(weights, -np.array(change), rtol=1e-15)


def test_a_gradient_too_long_to_square_is_clipped_all_the_same():
    """Clipping is for gradients that explode: in float32 the square of 1e20 is beyond the largest number."""
    clipped = SGD(clip_norm=1.0).clipped(np.array([3e20, -4e20], np.float32))
    np.testing.assert_allclose(clipped, [0.6, -0.8], rtol=1e-5)


# --- metrics ------------------------------------------------------------------------------------------------


def test_metrics_by_hand():
    targets = np.array([[[1.0], [0.0]], [[1.0], [1.0]], [[0.0], [0.0]]])  # (3, 2, 1)
    outputs = np.array([[[0.9], [0.2]], [[0.6], [0.4]], [[0.51], [0.5]]])
    assert binary_accuracy(targets, outputs) == pytest.approx(4 / 6)
    assert exact_match(targets, outputs) == pytest.approx(1 / 3)
    one_hot = np.eye(3)[[0, 1, 2, 2]]
    shares = np.array([[0.4, 0.3, 0.3], [0.5, 0.4, 0.1], [0.1, 0.1, 0.8], [0.0, 0.6, 0.4]])
    assert categorical_accuracy(one_hot, shares) == pytest.approx(2 / 4)
    assert set(METRICS) == {"binary_accuracy", "categorical_accuracy", "exact_match"}


def test_a_metric_may_be_a_function():
    def off_by(targets: np.ndarray, outputs: np.ndarray) -> float:
        assert targets.shape == outputs.shape == (20, 6, 1)
        return float(np.abs(targets - outputs).mean())

    network = reader(every_step=True)
    inputs, targets = lesson(network)
    history = taught(network, metrics={"off by": off_by}, validation=(inputs, targets)).history
    assert history["val_off by"] == [pytest.approx(np.abs(network.predict(inputs) - targets).mean())]


def test_metrics_on_the_way_are_of_the_answers_given_then():
    network = reader()
    inputs, targets = lesson(network)
    before = network.predict(inputs)
    history = taught(network, metrics=["binary_accuracy"], batch_size=20).history
    assert history["binary_accuracy"] == [pytest.approx(((before > 0.5) == targets).mean())]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            {"metrics": ["accuracy"]},
            "there is no metric 'accuracy', expected names from binary_accuracy, categorical_accuracy, exact",
        ),
        ({"metrics": ["exact_match"], "mask": np.ones((20, 6))}, "metrics cannot leave steps out"),
        ({"metrics": ["exact_match"], "target_mask": np.ones((20, 6))}, "metrics cannot leave steps out"),
        (
            {"validation": (np.ones((2, 6, 2)),)},
            "validation is a tuple of inputs and targets",
        ),
        (
            {"validation": (np.ones((2, 6, 2)), np.ones((3, 6)))},
            "there are 3 samples of targets and 2 of inp",
        ),
        ({"validation": (np.ones((2, 6, 3)), np.ones((2, 6)))}, "3 features a step, expected 2"),
        ({"epochs": 0}, "epochs is 0, expected a whole number of at least 1"),
        ({"batch_size": 0}, "batch_size is 0, expected a whole number of at least 1"),
        ({"truncate": 0}, "truncate is 0, expected a whole number of at least 1"),
        ({"truncate": 2.5}, "truncate is 2.5, expected a whole number of at least 1"),
        ({"mask": np.ones((6, 20))}, "mask has shape"),
    ],
    ids=str,
)
def test_a_training_that_cannot_be_is_refused_before_it_begins(options, says):
    network = reader(every_step=True)
    before = network.flat_weights.copy()
    with pytest.raises(ValueError, match=says):
        taught(network, **options)
    np.testing.assert_array_equal(network.flat_weights, before)


def test_a_metric_on_validation_data_with_a_mask_is_refused_too():
    network = reader(every_step=True)
    inputs, targets = lesson(network)
    with pytest.raises(ValueError, match="metrics cannot leave steps out"):
        taught(network, metrics=["binary_accuracy"], validation=(inputs, targets, np.tri(20, 6)))


def test_a_metric_with_a_mask_is_fine_where_only_the_last_step_is_read():
    history = taught(reader(), metrics=["binary_accuracy"], mask=np.arange(6) < np.full((20, 1), 4))
    assert 0 <= history.history["binary_accuracy"][0] <= 1


# --- progress -----------------------------------------------------------------------------------------------


def test_a_short_training_prints_nothing(capsys):
    taught(reader(), epochs=2, progress=True)
    assert capsys.readouterr() == ("", "")


def test_a_long_training_says_how_far_it_is(capsys, monkeypatch):
    monkeypatch.setattr(training._Progress, "patience", 0.0)
    monkeypatch.setattr(training._Progress, "pause", 0.0)
    network = reader()
    losses = taught(network, epochs=2, progress=True).history["loss"]
    printed, problems = capsys.readouterr()
    first, second = printed.splitlines()
    assert problems == ""
    assert re.fullmatch(rf"epoch 1 of 2, \d+ s  loss {losses[0]:.4g}", first)
    assert re.fullmatch(rf"epoch 2 of 2, \d+ s  loss {losses[1]:.4g}", second)
    taught(network, epochs=2, progress=False)
    assert capsys.readouterr() == ("", "")


# --- the rules ----------------------------------------------------------------------------------------------


def sgd(w: float, g: list[float], rate: float, **_: float) -> float:
    for slope in g:
        w = w - rate * slope
    return w


def momentum(w: float, g: list[float], rate: float, momentum: float) -> float:
    v = 0.0
    for slope in g:
        v = momentum * v - rate * slope
        w = w + v
    return w


def adagrad(w: float, g: list[float], rate: float, epsilon: float = 1e-7) -> float:
    s = 0.0
    for slope in g:
        s = s + slope**2
        w = w - rate * slope / math.sqrt(s + epsilon)
    return w


def rmsprop(w: float, g: list[float], rate: float, rho: float = 0.9, epsilon: float = 1e-7) -> float:
    s = 0.0
    for slope in g:
        s = rho * s + (1 - rho) * slope**2
        w = w - rate * slope / math.sqrt(s + epsilon)
    return w


def adam(
    w: float,
    g: list[float],
    rate: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> float:
    m = s = 0.0
    for k, slope in enumerate(g, start=1):
        m = beta_1 * m + (1 - beta_1) * slope
        s = beta_2 * s + (1 - beta_2) * slope**2
        w = w - rate * math.sqrt(1 - beta_2**k) / (1 - beta_1**k) * m / (math.sqrt(s) + epsilon)
    return w


@pytest.mark.parametrize(
    ("rule", "by_hand", "options"),
    [
        (SGD, sgd, {}),
        (SGD, momentum, {"momentum": 0.9}),
        (Adagrad, adagrad, {}),
        (Adagrad, adagrad, {"epsilon": 0.3}),
        (RMSprop, rmsprop, {}),
        (RMSprop, rmsprop, {"rho": 0.5, "epsilon": 0.3}),
        (Adam, adam, {}),
        (Adam, adam, {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 0.3}),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_three_steps_of_each_rule(rule: type, by_hand: Callable[..., float], options: dict[str, float]):
    begin = [1.0, -2.0, 0.5, 0.0]
    gradients = [[0.3, -4.0, 0.0, 1e-9], [-0.1, 2.0, 0.0, 0.0], [0.7, 1.0, -5.0, 1e-3]]
    weights, optimizer = np.array(begin), rule(0.05, **options)
    for gradient in gradients:
        given = np.array(gradient)
        optimizer.update(weights, given)
        np.testing.assert_array_equal(given, gradient, "the gradient was changed")
    expected = [by_hand(w, list(g), 0.05, **options) for w, *g in zip(begin, *gradients, strict=True)]
    np.testing.assert_allclose(weights, expected, rtol=1e-12)
    assert optimizer.steps == 3


def test_the_usual_rates():
    assert [rule().learning_rate for rule in (SGD, Adagrad, RMSprop, Adam)] == [0.01, 0.01, 0.001, 0.001]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: SGD(0), "learning_rate is 0, expected a number above 0"),
        (lambda: Adam(-0.1), "learning_rate is -0.1, expected a number above 0"),
        (lambda: Adam(math.nan), "learning_rate is nan, expected a number above 0"),
        (lambda: Adam(math.inf), "learning_rate is inf, expected a number above 0"),
        (lambda: Adam("fast"), "learning_rate is 'fast', expected a number above 0"),
        (lambda: SGD(momentum=1), "momentum is 1, expected a number from 0 to under 1"),
        (lambda: RMSprop(rho=-0.1), "rho is -0.1, expected a number from 0 to under 1"),
        (lambda: Adam(beta_1=1.0), "beta_1 is 1.0, expected a number from 0 to under 1"),
        (lambda: Adam(beta_2=2), "beta_2 is 2, expected a number from 0 to under 1"),
        (lambda: Adagrad(epsilon=0), "epsilon is 0, expected a number above 0"),
        (lambda: SGD(clip_norm=0), "clip_norm is 0, expected a number above 0"),
        (lambda: SGD(clip_value=-1), "clip_value is -1, expected a number above 0"),
        (
            lambda: SGD(clip_norm=1, clip_value=1),
            "clip_norm and clip_value are both given, expected at most one",
        ),
        (
            lambda: SGD().update(np.ones(3), np.ones(2)),
            r"gradient has shape \(2,\), expected that of the weights, \(3,\)",
        ),
        (
            lambda: (
                adam := Adam(),
                adam.update(np.ones(3), np.ones(3)),
                adam.update(np.ones(2), np.ones(2)),
            ),
            "this optimizer remembers 3 weights and is given 2: make a new one for another network",
        ),
    ],
)
def test_an_impossible_rule_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


# --- what is learned ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
def test_addition_is_learned_without_a_mistake(cell):
    """Three epochs of 10,000 sums. Over seeds 1 to 5, no mistake in 7,000 others after the first epoch."""
    network = build_network(
        cell, features=2, units=16, outputs=1, head="sigmoid", every_step=True, seed=1, dtype=np.float32
    )
    fit(network, *binary_addition(10_000, seed=1), optimizer=Adam(0.01), epochs=3, progress=False)
    inputs, targets = binary_addition(7_000, seed=99)
    assert exact_match(targets, network.predict(inputs)) == 1.0


class Solved(Callback):
    """Ends the training once nearly every held-out sequence is right."""

    def on_epoch_end(self, training: Any, logs: dict[str, float]) -> None:
        if logs["val_categorical_accuracy"] >= 0.998:
            training.stop = "solved"


def recalling(cell: str, lag: int, seed: int) -> float:
    """The best share of right answers at recalling the first of 8 symbols, in 8 epochs of 4,000 sequences."""
    units = 16
    network = build_network(
        cell, features=8, units=units, outputs=8, head="softmax", seed=seed, dtype=np.float32
    )
    (one,) = network.cells.values()
    # Gates that begin by keeping what is there, for about as many steps as they have to.
    if cell == "lstm":
        one.b[:units], one.b[units : 2 * units] = (
            -2.0,
            4.0,
        )  # the input gate nearly shut, the forget gate open
    elif cell == "gru":
        one.b[:units] = 3.0  # the update gate keeps
    history = fit(
        network,
        *recall_task(4_000, lag, symbols=8, seed=seed),
        optimizer=Adam(0.01, clip_norm=1.0),
        epochs=8,
        batch_size=64,
        seed=seed,
        validation=recall_task(2_000, lag, symbols=8, seed=99),
        metrics=["categorical_accuracy"],
        callbacks=[Solved()],
        progress=False,
    )
    return max(history.history["val_categorical_accuracy"])


@pytest.mark.parametrize("seed", [5, 6, 7])
@pytest.mark.parametrize("cell", CELLS)
def test_gates_remember_the_first_symbol_forty_steps_later(cell, seed):
    """The same budget for each cell: 16 units, Adam 0.01, 8 epochs of 4,000 sequences of 8 symbols.

    Right answers to 2,000 other sequences after the best epoch, where guessing gives 0.125:

    ===========  ==========================================================================
    LSTM         0.998 to 1.000 with eleven of the seeds 1 to 12, 0.960 with seed 8
    GRU          0.999 to 1.000 with each of the seeds 1 to 12
    simple RNN   0.118 to 0.137 with seeds 5, 6 and 7; under 0.26 with 14 of the seeds 1 to 20
    ===========  ==========================================================================

    The other six simple networks reach 0.35, 0.36, 0.56, 0.65, 0.72 and 0.97: recurrent weights that begin
    as a rotation now and then do carry a gradient over 40 steps. The gates must begin open: over seeds 1 to
    6, no GRU with its biases at zero has learned anything by then, and of the LSTMs with `forget_bias=1`
    only one has begun to (seed 5, 0.75).
    """
    share = recalling(cell, lag=40, seed=seed)
    if cell == "simple_rnn":
        assert share < 0.4
    else:
        assert share >= 0.99


def test_the_simple_network_remembers_over_a_few_steps():
    """What it lacks is the distance: with the same budget it recalls the symbol after 4 others."""
    assert recalling("simple_rnn", lag=4, seed=5) > 0.99


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_depends_on_the_future_takes_both_directions(seed):
    """At each step, is the next symbol the same as this one? Reading forward, nobody can know.

    Measured over seeds 1 to 5: 1.000 in both directions, 0.495 to 0.503 in one.
    """

    def data(samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        symbols = np.random.default_rng(seed).integers(0, 2, (samples, 12))
        same = np.zeros((samples, 12))
        same[:, :-1] = symbols[:, :-1] == symbols[:, 1:]  # nothing follows the last
        return np.eye(2)[symbols], same

    def share(bidirectional: bool) -> float:
        network = reader("simple_rnn", units=8, every_step=True, bidirectional=bidirectional, seed=seed)
        counted = np.arange(12) < np.full((1_000, 1), 11)
        fit(
            network,
            *data(1_000, seed),
            target_mask=counted,
            optimizer=Adam(0.01),
            epochs=10,
            seed=seed,
            progress=False,
        )
        inputs, same = data(1_000, 77)
        return float(((network.predict(inputs)[:, :-1, 0] > 0.5) == (same[:, :-1] > 0.5)).mean())

    assert share(bidirectional=True) > 0.99
    assert 0.45 < share(bidirectional=False) < 0.55


def test_validation_may_say_which_answers_count():
    network = reader(every_step=True)
    inputs, targets = lesson(network)
    counts = np.zeros((20, 6))
    counts[:, -1] = 1
    history = taught(network, epochs=1, validation=(inputs, targets, None, counts))
    batch = network.batch(inputs, targets, target_mask=counts)
    assert history.history["val_loss"][0] == pytest.approx(network.loss(batch), rel=1e-12)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"validation": 5}, "validation is a tuple of inputs and targets"),
        ({"batches": lambda samples, size, draw: []}, "batches gave no samples"),
    ],
)
def test_what_cannot_be_trained_with_is_refused(options, says):
    with pytest.raises(ValueError, match=says):
        taught(reader(), **options)
