"""The trainings without a part of the LSTM: the variants are what they say, and the shipped file says what is true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from course_utils.data.bundled import bundled_path
from course_utils.recurrent import LSTM, Dense, Network, gradient_check
from course_utils.runs import RunError
from course_utils.runs.ablation import (
    CARD,
    SETTINGS,
    VARIANTS,
    WITHOUT,
    AblationSettings,
    AblationTask,
    CoupledLSTM,
    UnsquashedLSTM,
    accuracy_of,
    load_ablation,
    task_data,
    train_ablation,
    variant_network,
)

TASKS = tuple(
    AblationTask(name=name, steps=4, units=3, epochs=1) for name in ("addition", "recall", "latest")
)
TINY = AblationSettings(tasks=TASKS, seeds=(1, 2), samples=20, batch_size=10, judged_on=30)
SHIPPED = bundled_path("ablation")


@pytest.mark.parametrize("kind", [UnsquashedLSTM, CoupledLSTM])
def test_the_gradients_of_the_two_other_cells_are_right(kind: type[LSTM]) -> None:
    network = Network([kind(3, 4, seed=0)], Dense(4, 2, "softmax", seed=1))
    inputs = np.random.default_rng(2).normal(size=(2, 5, 3))
    check = gradient_check(network, network.batch(inputs, np.array([0, 1])))
    assert check.error < 1e-6, str(check)


def test_the_two_other_cells_do_what_they_say() -> None:
    inputs = np.random.default_rng(0).normal(size=(6, 2, 3))
    run = UnsquashedLSTM(3, 4, seed=0).forward(inputs)
    np.testing.assert_allclose(run.outputs, run.gates.output * run.states[1][1:])
    coupled = CoupledLSTM(3, 4, seed=0)
    run = coupled.forward(inputs)
    np.testing.assert_allclose(run.gates.forget, 1 - run.gates.input)
    c_before, c = run.states[1][:-1], run.states[1][1:]
    np.testing.assert_allclose(c, run.gates.forget * c_before + run.gates.input * run.gates.candidate)
    assert (coupled.b[:4] == -1).all(), "the forget gate begins as that of an LSTM does"


@pytest.mark.parametrize(("variant", "gate"), WITHOUT.items())
def test_a_gate_that_is_taken_out_is_open_and_stays_so(variant: str, gate: str) -> None:
    task = TASKS[2]
    network = variant_network(variant, task, seed=1)
    inputs, targets = task_data(task.name, 10, task.steps, seed=1)
    assert (network.trace(inputs)["lstm_1"][gate] == 1).all()
    block = ("input", "forget", "candidate", "output").index(gate)
    by_gate = network.named(network.gradients(network.batch(inputs, targets)).flat)["lstm_1.b"]
    assert (by_gate[3 * block : 3 * block + 3] == 0).all() and (by_gate != 0).any()


def test_a_tiny_training_is_stored(tmp_path: Path) -> None:
    lines: list[str] = []
    train_ablation(tmp_path, lines.append, settings=TINY)
    assert len(lines) == 3 * len(VARIANTS) + 1
    found = load_ablation(tmp_path)
    assert found.card.settings == TINY
    assert {name: share.shape for name, share in found.accuracy("latest").items()} == dict.fromkeys(
        VARIANTS, (2,)
    )
    before = (tmp_path / CARD).read_bytes()
    (tmp_path / CARD).write_text("{}", encoding="utf-8")
    train_ablation(tmp_path, lines.append, settings=TINY)
    assert (tmp_path / CARD).read_bytes() == before, "trained again, with the same end"


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no variant 'no gate'"):
        variant_network("no gate", TASKS[0], seed=1)
    with pytest.raises(ValueError, match="there is no task 'dance'"):
        task_data("dance", 1, 2, seed=1)
    with pytest.raises(RunError, match=re.escape("`course train ablation`")):
        load_ablation(tmp_path)
    (tmp_path / CARD).write_text("{}", encoding="utf-8")
    with pytest.raises(RunError, match="not a card of this course"):
        load_ablation(tmp_path)
    card = json.loads((SHIPPED / CARD).read_bytes())
    del card["accuracy"]["latest"]["GRU"]
    (tmp_path / CARD).write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(RunError, match="does not list every training"):
        load_ablation(tmp_path)


def test_the_shipped_trainings_say_what_the_lesson_says() -> None:
    found = load_ablation(SHIPPED)
    assert found.card.settings == SETTINGS, "train again with `course train ablation`"
    addition, on_recall, latest = (found.accuracy(task.name) for task in SETTINGS.tasks)
    assert min(shares.min() for shares in addition.values()) > 0.95
    assert max(latest["no input gate"].max(), latest["no forget gate"].max()) < latest["LSTM"].min()
    assert on_recall["no forget gate"].min() > 0.99 > 0.9 > np.median(on_recall["LSTM"])


def test_a_shipped_training_can_be_repeated() -> None:
    from course_utils.runs.ablation import train_variant

    task = SETTINGS.tasks[2]
    again = train_variant("no forget gate", task, seed=1)
    assert again == pytest.approx(load_ablation(SHIPPED).accuracy("latest")["no forget gate"][0], abs=0.05)
    assert accuracy_of(variant_network("LSTM", task, seed=1), task) < 0.5, "untrained it guesses"
