"""The log of a training with its gradient: measured where it says, also where the training explodes."""

from __future__ import annotations

import numpy as np

from course_utils.data.tasks import adding_task
from course_utils.recurrent import SGD, Dense, GradientLog, Network, SimpleRNN, fit, gradient_norm_by_step


def a_network(activation: str = "tanh") -> Network:
    return Network([SimpleRNN(2, 4, activation=activation, seed=1)], Dense(4, 1, seed=2))


def test_each_row_is_measured_at_the_start_and_after_each_epoch() -> None:
    pairs, new = adding_task(20, 6, seed=1), adding_task(10, 6, seed=2)
    network = a_network()
    log = GradientLog(pairs, new)
    batch, (cell,) = network.batch(*pairs), network.cells.values()
    start = network.gradients(batch)
    upstream = network.head.W_y[:, 0]  # (units,): whatever the error, the gradient comes in along W_y
    norms = np.array([gradient_norm_by_step(cell, one, upstream) for one in pairs[0]])  # (batch, time)

    fit(network, *pairs, optimizer=SGD(0.01), epochs=3, callbacks=[log], progress=False)

    assert {name: len(numbers) for name, numbers in log.history.items()} == {
        "loss": 4,
        "val_loss": 4,
        "gradient_norm": 4,
        "far_share": 4,
    }
    assert np.isclose(log.history["loss"][0], start.loss)
    assert np.isclose(log.history["gradient_norm"][0], np.linalg.norm(start.flat))
    assert np.isclose(log.history["far_share"][0], np.median(norms[:, 0] / norms[:, -1]))
    assert np.isclose(log.history["loss"][-1], network.loss(batch))
    assert np.isclose(log.history["val_loss"][-1], network.loss(network.batch(*new)))


def test_a_second_training_begins_a_new_log() -> None:
    pairs = adding_task(20, 6, seed=1)
    log = GradientLog(pairs, pairs)
    for _ in range(2):
        fit(a_network(), *pairs, optimizer=SGD(0.01), epochs=1, callbacks=[log], progress=False)
    assert len(log.history["loss"]) == 2


def test_an_explosion_is_logged_without_a_warning() -> None:
    pairs = adding_task(64, 40, seed=1)
    log = GradientLog(pairs, pairs)
    network = a_network("relu")
    network.layers[0].cells[""].weights["W_h"][...] = 1.3 * np.eye(4)
    fit(network, *pairs, optimizer=SGD(0.1), epochs=5, callbacks=[log], progress=False)
    assert np.isfinite(log.history["gradient_norm"][0])
    assert not np.isfinite(log.history["loss"][-1])
