"""Stored trainings of the recall task: which cells still know the first symbol after so many others?

`train_recall` trains each competitor at each lag from each seed, with the course's own engine. What it stores is a
folder with two files: ``recall.json`` (see `RecallCard`) holds the settings and the share of right answers of every
training, ``networks.npz`` one network for each competitor and lag: the one whose accuracy is the median over the
seeds. Everything is measured on weights that have been rounded to float16, as they are shipped.

Environment:
    COURSE_RUNS: a folder of runs; its folder ``recall`` is looked in first, and is what is written to.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from course_utils.data.download import cache_folder
from course_utils.data.tasks import recall_task
from course_utils.layout import write_atomically
from course_utils.recurrent import Adam, Network, build_network, fit
from course_utils.runs.card import Strict
from course_utils.runs.errors import RunError
from course_utils.runs.store import find_study, read_card, study_folder, to_json

CARD, NETWORKS = "recall.json", "networks.npz"

Weights = dict[str, npt.NDArray[np.float16]]


class Competitor(Strict):
    """A cell and how it begins.

    Attributes:
        name: what it is called here.
        cell: its kind: simple_rnn, lstm or gru.
        biases: by gate, what its bias begins with; the engine's own start where nothing is said.
    """

    name: str
    cell: str
    biases: dict[str, float] = Field(default_factory=dict)


class RecallSettings(Strict):
    """What all trainings have in common.

    Attributes:
        symbols: size of the alphabet; guessing is right once in so many times.
        lags: how many symbols follow the one to remember.
        competitors: who is trained.
        seeds: each fixes the first weights, the sequences and their order.
        units: of the one recurrent layer.
        samples: sequences to learn from.
        epochs: how often all of them are shown.
        batch_size: sequences an update.
        learning_rate: of Adam.
        clip_norm: the longest gradient that is let through.
        judged_on: sequences that the accuracy is measured on, drawn from another seed than any to learn from.
        judged_seed: that seed.
    """

    symbols: int = Field(default=8, ge=2)
    lags: tuple[int, ...] = (2, 5, 10, 20, 40, 80)
    competitors: tuple[Competitor, ...] = (
        Competitor(name="simple_rnn", cell="simple_rnn"),
        Competitor(name="lstm", cell="lstm", biases={"input": -2.0, "forget": 4.0}),
        Competitor(name="gru", cell="gru", biases={"update": 3.0}),
        Competitor(name="lstm_default", cell="lstm", biases={"input": 0.0, "forget": 1.0}),
    )
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    units: int = Field(default=16, ge=1)
    samples: int = Field(default=4096, ge=1)
    epochs: int = Field(default=8, ge=1)
    batch_size: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=0.01, gt=0)
    clip_norm: float = Field(default=1.0, gt=0)
    judged_on: int = Field(default=2000, ge=1)
    judged_seed: int = 1000

    @property
    def updates(self) -> int:
        """Of the weights, in each training."""
        return self.epochs * -(-self.samples // self.batch_size)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the competitors."""
        return tuple(competitor.name for competitor in self.competitors)

    @property
    def chance(self) -> float:
        """The share of right answers of one who guesses."""
        return 1 / self.symbols


SETTINGS = RecallSettings()
"""Those of the trainings that the course ships."""


class Training(Strict):
    """One of the trainings.

    Attributes:
        competitor: who was trained.
        lag: at which task.
        seed: from which start.
        accuracy: the share of right answers on the sequences it is judged on.
        seconds: of training, on a machine that may have been busy.
    """

    competitor: str
    lag: int
    seed: int
    accuracy: Annotated[float, Field(ge=0, le=1)]
    seconds: Annotated[float, Field(ge=0)]


class RecallCard(Strict):
    """All that is known about the trainings.

    Attributes:
        format: version of this file's layout.
        task: in one line.
        settings: of all trainings.
        versions: of Python and NumPy.
        networks_sha256: of ``networks.npz``.
        trainings: every one: by lag, then competitor, then seed.
    """

    format: int = 1
    task: str
    settings: RecallSettings
    versions: dict[str, str]
    networks_sha256: str
    trainings: tuple[Training, ...]


@dataclass(frozen=True, eq=False)
class Recall:
    """The stored trainings.

    Attributes:
        card: all that is known about them.
        weights: of the shipped networks, by competitor and lag, then by name.
    """

    card: RecallCard
    weights: dict[tuple[str, int], Weights]

    @property
    def accuracy(self) -> npt.NDArray[np.float64]:
        """(competitors, lags, seeds), the share of right answers."""
        settings = self.card.settings
        found = {(each.competitor, each.lag, each.seed): each.accuracy for each in self.card.trainings}
        return np.array(
            [
                [[found[name, lag, seed] for seed in settings.seeds] for lag in settings.lags]
                for name in settings.names
            ]
        )

    def median_seed(self, competitor: str, lag: int) -> int:
        """The seed of the shipped network: the one in the middle, where all are put in order of accuracy.

        Raises:
            KeyError: for a competitor or a lag that there is not.
        """
        names, lags = self.card.settings.names, self.card.settings.lags
        if competitor not in names or lag not in lags:
            raise KeyError(f"there is no {competitor} at lag {lag}, only {', '.join(names)} at {lags}")
        return self.card.settings.seeds[
            _middle(self.accuracy[names.index(competitor), lags.index(lag)].tolist())
        ]

    def network(
        self, competitor: str, lag: int, *, every_step: bool = False, dtype: npt.DTypeLike = np.float32
    ) -> Network:
        """A shipped network.

        Args:
            competitor: by name.
            lag: that it was trained at.
            every_step: whether to ask the head after every step. It has learned to answer after the last one only.
            dtype: of weights and states.

        Raises:
            KeyError: for a competitor or a lag that there is not.
        """
        seed = self.median_seed(competitor, lag)
        network = new_network(self.card.settings, competitor, seed, every_step=every_step, dtype=dtype)
        for name, weight in network.weights.items():
            weight[...] = self.weights[competitor, lag][name]
        return network


def _middle(accuracies: list[float]) -> int:
    """Which one is the median; of an even number the lower one of the two."""
    order = sorted(range(len(accuracies)), key=lambda place: accuracies[place])
    return order[(len(order) - 1) // 2]


def new_network(
    settings: RecallSettings,
    competitor: str,
    seed: int,
    *,
    every_step: bool = False,
    dtype: npt.DTypeLike = np.float32,
) -> Network:
    """A competitor as it begins: one recurrent layer and a softmax head.

    Gates that begin by keeping what is there let the gradient through from the first update on: the forget gate of an
    LSTM, after Gers, Schmidhuber & Cummins (2000) and Jozefowicz, Zaremba & Sutskever (2015), and the update gate of
    a GRU likewise.

    Args:
        settings: its size and its biases.
        competitor: by name.
        seed: of the random weights.
        every_step: whether the head answers at every step.
        dtype: of weights and states.

    Raises:
        KeyError: for a competitor that there is not.
    """
    chosen = {each.name: each for each in settings.competitors}[competitor]
    units = settings.units
    network = build_network(
        chosen.cell,
        features=settings.symbols,
        units=units,
        outputs=settings.symbols,
        head="softmax",
        every_step=every_step,
        seed=seed,
        dtype=dtype,
    )
    (cell,) = network.cells.values()
    for gate, bias in chosen.biases.items():
        block = cell.gate_names.index(gate)
        cell.weights["b"][block * units : (block + 1) * units] = bias
    return network


def train_recall(
    folder: Path | None = None,
    progress: Callable[[str], None] = print,
    *,
    settings: RecallSettings = SETTINGS,
    checkpoints: Path | None = None,
) -> None:
    """Train all competitors at all lags from all seeds, and store what came of it.

    Every training is put aside as soon as it is done: interrupted, the next call goes on after the last of them.

    Args:
        folder: to write to; by default ``COURSE_RUNS/recall``, else the repository's ``data/recall``, else the cache.
        progress: told what happens, a line at a time.
        settings: of the trainings.
        checkpoints: where trainings are put aside; by default in the course's cache folder.

    Raises:
        RunError: if a training diverged, or the folder cannot be written.
    """
    target = folder or study_folder("recall")
    fingerprint = hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:16]
    aside = (checkpoints or cache_folder() / "training") / f"recall-{fingerprint}"
    wanted = [
        (name, lag, seed) for lag in settings.lags for name in settings.names for seed in settings.seeds
    ]
    trainings: list[Training] = []
    weights: dict[tuple[str, int, int], Weights] = {}
    try:
        for number, (name, lag, seed) in enumerate(wanted, start=1):
            file = aside / f"{name}-{lag}-{seed}.npz"
            before = "" if file.is_file() else "trained, "
            if not file.is_file():
                write_atomically(file, _trained(settings, name, lag, seed))
            training, weights[name, lag, seed] = _read_training(file, name, lag, seed)
            trainings.append(training)
            progress(
                f"recall: {number} of {len(wanted)}, lag {lag}, {name}, seed {seed}: {before or 'was there, '}"
                f"{training.accuracy:.4f} right, {training.seconds:.1f} s"
            )
        contents = _shipped(settings, trainings, weights)
        card = RecallCard(
            task="Name the first symbol of a sequence once all of it has been read.",
            settings=settings,
            versions={"python": platform.python_version(), "numpy": importlib.metadata.version("numpy")},
            networks_sha256=hashlib.sha256(contents).hexdigest(),
            trainings=tuple(trainings),
        )
        write_atomically(target / NETWORKS, contents)
        write_atomically(target / CARD, to_json(card.model_dump(mode="json")))
    except OSError as error:
        raise RunError(f"{target} cannot be written ({error.strerror}): name a folder that can.") from error
    shutil.rmtree(aside, ignore_errors=True)
    seconds = sum(training.seconds for training in trainings)
    progress(f"recall: stored in {target} after {seconds:.0f} s of training")


def _trained(settings: RecallSettings, competitor: str, lag: int, seed: int) -> bytes:
    """Train one network; the file of its rounded weights, its accuracy and its seconds."""
    began = time.perf_counter()
    network = new_network(settings, competitor, seed)
    fit(
        network,
        *recall_task(settings.samples, lag, settings.symbols, seed=seed),
        optimizer=Adam(settings.learning_rate, clip_norm=settings.clip_norm),
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        seed=seed,
        progress=False,
    )
    seconds = time.perf_counter() - began
    weights = {name: weight.astype(np.float16) for name, weight in network.weights.items()}
    if not all(np.isfinite(weight).all() for weight in weights.values()):
        raise RunError(f"{competitor} at lag {lag} from seed {seed} diverged: there is nothing to store.")
    for name, weight in network.weights.items():
        weight[...] = weights[name]
    facts = {"accuracy": np.array(accuracy_of(network, lag, settings)), "seconds": np.array(seconds)}
    return _packed({**facts, **{f"weights.{name}": weight for name, weight in weights.items()}})


def accuracy_of(network: Network, lag: int, settings: RecallSettings, *, seed: int | None = None) -> float:
    """The share of right answers after the last step.

    Args:
        network: answers after the last step only.
        lag: of the sequences.
        settings: how many sequences, of which alphabet.
        seed: of the sequences; None for those that the stored networks are judged on.
    """
    inputs, symbols = recall_task(
        settings.judged_on, lag, settings.symbols, seed=settings.judged_seed if seed is None else seed
    )
    return float(np.mean(network.predict(inputs).argmax(axis=1) == symbols))


def _read_training(file: Path, competitor: str, lag: int, seed: int) -> tuple[Training, Weights]:
    with np.load(file, allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    training = Training(
        competitor=competitor,
        lag=lag,
        seed=seed,
        accuracy=round(float(arrays.pop("accuracy")), 4),
        seconds=round(float(arrays.pop("seconds")), 1),
    )
    return training, {key.removeprefix("weights."): array for key, array in arrays.items()}


def _shipped(
    settings: RecallSettings, trainings: list[Training], weights: dict[tuple[str, int, int], Weights]
) -> bytes:
    """The file of one network for each competitor and lag."""
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for name in settings.names:
        for lag in settings.lags:
            same = [each for each in trainings if (each.competitor, each.lag) == (name, lag)]
            seed = same[_middle([each.accuracy for each in same])].seed
            arrays |= {f"{name}/{lag}/{key}": weight for key, weight in weights[name, lag, seed].items()}
    return _packed(arrays)


def _packed(arrays: dict[str, npt.NDArray[np.generic]]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def load_recall(folder: Path | None = None) -> Recall:
    """The stored trainings.

    Args:
        folder: look in this one only.

    Raises:
        RunError: if they are not stored, or the files do not belong together.
    """
    found = find_study(
        "recall", CARD, "The trainings of the recall task are not stored here: train them", folder
    )
    card = read_card(found / CARD, RecallCard)
    try:
        contents = (found / NETWORKS).read_bytes()
    except OSError as error:
        raise RunError(f"{error.filename} cannot be read ({error.strerror}): restore the folder.") from error
    settings = card.settings
    wanted = {
        (name, lag, seed) for name in settings.names for lag in settings.lags for seed in settings.seeds
    }
    if {(each.competitor, each.lag, each.seed) for each in card.trainings} != wanted:
        raise RunError(f"{found / CARD} does not list every training of its settings: restore it.")
    if hashlib.sha256(contents).hexdigest() != card.networks_sha256:
        raise RunError(
            f"{found / NETWORKS} is not the file that its card describes: restore the folder, or train again with "
            "`course train recall`."
        )
    weights: dict[tuple[str, int], Weights] = {
        (name, lag): {} for name in settings.names for lag in settings.lags
    }
    with np.load(io.BytesIO(contents), allow_pickle=False) as archive:
        for key in archive.files:
            name, lag, weight = key.split("/")
            weights[name, int(lag)][weight] = archive[key]
    return Recall(card, weights)
