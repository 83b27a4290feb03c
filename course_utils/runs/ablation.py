"""Which part of an LSTM matters? Each is taken out in turn, on three small tasks and from several seeds.

After Greff, Srivastava, Koutník, Steunebrink & Schmidhuber (2017), who did the same on large tasks. `train_ablation`
trains every variant with the course's own engine, and stores ``ablation.json``: the settings, and the share of right
answers of every training.

Environment:
    COURSE_RUNS: a folder of runs; its folder ``ablation`` is looked in first, and is what is written to.
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import Field

from course_utils.data.tasks import binary_addition, latest_task, recall_task
from course_utils.layout import write_atomically
from course_utils.recurrent import GRU, LSTM, Adam, Dense, Network, SimpleRNN, fit
from course_utils.recurrent.activations import sigmoid_slope
from course_utils.recurrent.arrays import Array
from course_utils.recurrent.cell import Cell, Slopes, State
from course_utils.recurrent.lstm import LSTMGates
from course_utils.runs.card import Strict
from course_utils.runs.errors import RunError
from course_utils.runs.store import find_study, read_card, study_folder, to_json

CARD: Final = "ablation.json"

OPEN: Final = 100.0
"""The bias of a gate that is taken out: its sigmoid is exactly 1, and its slope is 0, so that it stays there."""

WITHOUT: Final = {"no input gate": "input", "no forget gate": "forget", "no output gate": "output"}
"""The gate that is left out, by variant."""

VARIANTS: Final = ("LSTM", *WITHOUT, "no output tanh", "coupled gates", "GRU", "simple RNN")
"""Who is trained. All begin with the biases of Keras, save a gate that is taken out; see also `CoupledLSTM`."""


class UnsquashedLSTM(LSTM):
    """An LSTM that shows its memory as it is: h_t = o_t c_t."""

    def step(self, x_t: Array, state: State, input_part: Array | None = None) -> tuple[State, LSTMGates]:
        """See `Cell.step`; `tanh_c` is c itself."""
        (_, c), gates = super().step(x_t, state, input_part)
        return (gates.output * c, c), gates._replace(tanh_c=c)

    def slopes(self, before: State, gates: LSTMGates, after: State) -> Slopes:
        """See `LSTM.slopes`: h_t changes with c_t as the output gate says."""
        *others, _, c_by_before = super().slopes(before, gates, after)
        return (*others, gates.output, c_by_before)


class CoupledLSTM(LSTM):
    """An LSTM whose forget gate is what the input gate leaves, f_t = 1 − i_t, as in a GRU.

    The bias of the input gate begins at ``-forget_bias``, so that the forget gate begins as an LSTM's does.
    """

    def __init__(self, features: int, units: int, **options: Any) -> None:
        super().__init__(features, units, **options)
        if self.use_bias:
            self.b[:units] = -self.b[units : 2 * units]

    def step(self, x_t: Array, state: State, input_part: Array | None = None) -> tuple[State, LSTMGates]:
        """See `Cell.step`; the block of the forget gate is not used."""
        _, gates = super().step(x_t, state, input_part)
        forget = 1.0 - gates.input
        c = forget * state[1] + gates.input * gates.candidate
        tanh_c = np.tanh(c)
        return (gates.output * tanh_c, c), gates._replace(forget=forget, tanh_c=tanh_c)

    def slopes(self, before: State, gates: LSTMGates, after: State) -> Slopes:
        """See `LSTM.slopes`: the input gate adds the candidate and takes away the old memory."""
        _, by_forget, *others = super().slopes(before, gates, after)
        by_input = (gates.candidate - before[1]) * sigmoid_slope(gates.input)
        return (by_input, np.zeros_like(by_forget), *others)


CELLS: Final[dict[str, type[Cell[Any]]]] = {
    "no output tanh": UnsquashedLSTM,
    "coupled gates": CoupledLSTM,
    "GRU": GRU,
    "simple RNN": SimpleRNN,
}
"""By variant, where it is not the LSTM itself."""


class AblationTask(Strict):
    """A task and how it is trained.

    Attributes:
        name: ``addition`` (binary, bit by bit), ``recall`` (the first symbol) or ``latest`` (the one marked last).
        steps: a sequence.
        units: of the one recurrent layer.
        epochs: how often all sequences are shown.
    """

    name: str
    steps: int = Field(ge=2)
    units: int = Field(ge=1)
    epochs: int = Field(ge=1)


class AblationSettings(Strict):
    """What all trainings have in common.

    Attributes:
        tasks: what is learnt.
        variants: who is trained, names from `VARIANTS`.
        seeds: each fixes the first weights, the sequences and their order.
        samples: sequences to learn from.
        batch_size: sequences an update.
        learning_rate: of Adam.
        clip_norm: the longest gradient that is let through.
        judged_on: sequences that the accuracy is measured on, drawn from another seed than any to learn from.
        judged_seed: that seed.
    """

    tasks: tuple[AblationTask, ...] = (
        AblationTask(name="addition", steps=8, units=8, epochs=8),
        AblationTask(name="recall", steps=21, units=16, epochs=8),
        AblationTask(name="latest", steps=20, units=8, epochs=4),
    )
    variants: tuple[str, ...] = VARIANTS
    seeds: tuple[int, ...] = tuple(range(1, 11))
    samples: int = Field(default=4096, ge=1)
    batch_size: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=0.01, gt=0)
    clip_norm: float = Field(default=1.0, gt=0)
    judged_on: int = Field(default=2000, ge=1)
    judged_seed: int = 1000


SETTINGS = AblationSettings()
"""Those of the trainings that the course ships."""


class AblationCard(Strict):
    """All that is known about the trainings.

    Attributes:
        format: version of this file's layout.
        settings: of all trainings.
        versions: of Python and NumPy.
        accuracy: by task, then by variant: the share of right answers from each seed.
    """

    format: int = 1
    settings: AblationSettings
    versions: dict[str, str]
    accuracy: dict[str, dict[str, tuple[float, ...]]]


@dataclass(frozen=True, eq=False)
class Ablation:
    """The stored trainings.

    Attributes:
        card: all that is known about them.
    """

    card: AblationCard

    def accuracy(self, task: str) -> dict[str, npt.NDArray[np.float64]]:
        """By variant: (seeds,), the share of right answers on fresh sequences.

        Raises:
            KeyError: for a task that there is not.
        """
        return {name: np.array(shares) for name, shares in self.card.accuracy[task].items()}


def task_data(name: str, samples: int, steps: int, seed: int) -> tuple[Array, npt.NDArray[Any]]:
    """Sequences of a task and what they should give, as `fit` takes them.

    Raises:
        ValueError: for a task that there is not.
    """
    if name == "addition":
        return binary_addition(samples, steps, seed=seed)
    if name == "recall":
        return recall_task(samples, steps - 1, 8, seed=seed)
    if name == "latest":
        return latest_task(samples, steps, 8, seed=seed)
    raise ValueError(f"there is no task {name!r}, expected addition, recall or latest.")


def variant_network(variant: str, task: AblationTask, seed: int) -> Network:
    """A variant as it begins: one recurrent layer and a head.

    Args:
        variant: a name from `VARIANTS`.
        task: what it is to learn.
        seed: of the random weights.

    Raises:
        ValueError: for a variant or a task that there is not.
    """
    if variant not in VARIANTS:
        raise ValueError(f"there is no variant {variant!r}, expected one of {', '.join(VARIANTS)}.")
    features = task_data(task.name, 1, task.steps, seed)[0].shape[2]
    outputs, head = (1, "sigmoid") if task.name == "addition" else (8, "softmax")
    draw = np.random.default_rng(seed)
    cell = CELLS.get(variant, LSTM)(features, task.units, seed=draw, dtype=np.float32)
    if variant in WITHOUT:
        block = cell.gate_names.index(WITHOUT[variant])
        cell.b[block * task.units : (block + 1) * task.units] = OPEN
    answer = Dense(task.units, outputs, head, seed=draw, dtype=np.float32)
    return Network([cell], answer, every_step=task.name != "recall")


def accuracy_of(network: Network, task: AblationTask, settings: AblationSettings = SETTINGS) -> float:
    """The share of right answers on the sequences that all are judged on; of a sum, all bits have to be right."""
    inputs, targets = task_data(task.name, settings.judged_on, task.steps, settings.judged_seed)
    answers = network.predict(inputs)
    if task.name == "addition":
        return float(np.mean(((answers > 0.5) == targets).all(axis=(1, 2))))
    return float(np.mean(answers.argmax(axis=-1) == targets))


def train_variant(
    variant: str, task: AblationTask, seed: int, settings: AblationSettings = SETTINGS
) -> float:
    """Train one network; the share of its right answers.

    Raises:
        RunError: if the training diverged.
    """
    network = variant_network(variant, task, seed)
    fit(
        network,
        *task_data(task.name, settings.samples, task.steps, seed),
        optimizer=Adam(settings.learning_rate, clip_norm=settings.clip_norm),
        epochs=task.epochs,
        batch_size=settings.batch_size,
        seed=seed,
        progress=False,
    )
    if not np.isfinite(network.flat_weights).all():
        raise RunError(f"{variant} on {task.name} from seed {seed} diverged: there is nothing to store.")
    return accuracy_of(network, task, settings)


def train_ablation(
    folder: Path | None = None,
    progress: Callable[[str], None] = print,
    *,
    settings: AblationSettings = SETTINGS,
) -> None:
    """Train all variants on all tasks from all seeds, a few minutes in all, and store what came of it.

    Args:
        folder: to write to; by default ``COURSE_RUNS/ablation``, else the repository's ``data/ablation``, else the
            cache.
        progress: told what happens, a line at a time.
        settings: of the trainings.

    Raises:
        RunError: if a training diverged, or the folder cannot be written.
    """
    target = folder or study_folder("ablation")
    accuracy: dict[str, dict[str, tuple[float, ...]]] = {}
    for task in settings.tasks:
        accuracy[task.name] = {}
        for variant in settings.variants:
            shares = [round(train_variant(variant, task, seed, settings), 4) for seed in settings.seeds]
            accuracy[task.name][variant] = tuple(shares)
            progress(f"ablation: {task.name}, {variant}: " + ", ".join(f"{share:.3f}" for share in shares))
    card = AblationCard(
        settings=settings,
        versions={"python": platform.python_version(), "numpy": importlib.metadata.version("numpy")},
        accuracy=accuracy,
    )
    try:
        write_atomically(target / CARD, to_json(card.model_dump(mode="json")))
    except OSError as error:
        raise RunError(f"{target} cannot be written ({error.strerror}): name a folder that can.") from error
    progress(f"ablation: stored in {target}")


def load_ablation(folder: Path | None = None) -> Ablation:
    """The stored trainings.

    Args:
        folder: look in this one only.

    Raises:
        RunError: if they are not stored, or the file is damaged.
    """
    found = (
        find_study("ablation", CARD, "The trainings without a gate are not stored here: train them", folder)
        / CARD
    )
    card = read_card(found, AblationCard)
    settings = card.settings
    for task in settings.tasks:
        shares = card.accuracy.get(task.name, {})
        if set(shares) != set(settings.variants) or {len(each) for each in shares.values()} != {
            len(settings.seeds)
        }:
            raise RunError(f"{found} does not list every training of its settings: restore it.")
    return Ablation(card)
