"""Few labelled reviews: what an LSTM makes of 1,000, and which remedies help it.

`train_small_data` trains some small Keras networks on film reviews, each from several seeds; a seed fixes the first
weights and which reviews there are to learn from. What it stores is ``small_data.json`` (see `SmallDataCard`): the
settings, and of every training its losses by epoch, its processor seconds and its accuracy on test reviews. Seconds
are those of one processor core: what else the machine does changes them less than it changes those of a clock, but not
a little.

Keras and TensorFlow are imported by the trainings alone.

Environment:
    COURSE_RUNS: a folder of runs; its folder ``small-data`` is looked in first, and is what is written to.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
import multiprocessing
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from course_utils.data.download import cache_folder
from course_utils.layout import write_atomically
from course_utils.runs.batches import batches_in_order, dataset
from course_utils.runs.card import Strict
from course_utils.runs.cores import usable_cores
from course_utils.runs.errors import RunError
from course_utils.runs.store import find_study, read_card, study_folder, to_json

CARD: Final = "small_data.json"

CellName = Literal["LSTM", "GRU", "SimpleRNN", "bag"]
Start = Literal["new", "tuned", "frozen"]


class Variant(Strict):
    """A network and how it is trained.

    Attributes:
        name: what it is called here.
        cell: the recurrent layer, or ``bag``: one number a word, averaged.
        units: of each recurrent layer.
        embedding: numbers a word.
        vectors: the embedding is ``new`` (random), or begins with vectors made from text and is then ``tuned`` or
            stays ``frozen``.
        hidden_words: share of the words that are hidden while it trains, see `WordDropout`.
        dropout: of the inputs of each recurrent layer.
        recurrent_dropout: of its states.
        l2: the penalty on its weights, without its biases.
        learning_rate: Adam's first.
        plateau: whether the rate is halved whenever an epoch brings no better validation loss.
        reviews: how many there are to learn from.
        length: words of a review.
        epochs: at most.
        stops: whether early stopping ends the training; what it would have kept is measured in any case.
        seeds: one training each.
    """

    name: str
    cell: CellName = "LSTM"
    units: tuple[int, ...] = (32,)
    embedding: int = Field(default=32, ge=1)
    vectors: Start = "new"
    hidden_words: float = Field(default=0.0, ge=0, lt=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    recurrent_dropout: float = Field(default=0.0, ge=0, lt=1)
    l2: float = Field(default=0.0, ge=0)
    learning_rate: float = Field(default=1e-3, gt=0)
    plateau: bool = False
    reviews: int = Field(default=1000, ge=1)
    length: int = Field(default=200, ge=1)
    epochs: int = Field(default=12, ge=1)
    stops: bool = True
    seeds: tuple[int, ...] = Field(default=(1, 2, 3, 4, 5), min_length=1)


_REMEDIES = (
    Variant(name="plain", stops=False),
    Variant(name="dropout", dropout=0.5, stops=False),
    Variant(name="recurrent dropout", recurrent_dropout=0.2, stops=False),
    Variant(name="fewer units", units=(8,), stops=False),
    Variant(name="L2", l2=1e-3, stops=False),
    Variant(name="hidden words", hidden_words=0.3, stops=False),
    # It learns slowly, and so is given more epochs.
    Variant(
        name="all remedies",
        dropout=0.5,
        recurrent_dropout=0.2,
        units=(8,),
        l2=1e-3,
        hidden_words=0.3,
        epochs=20,
        stops=False,
    ),
)
_BAG = Variant(name="bag of words", cell="bag", embedding=1, learning_rate=0.05, epochs=20)
_OTHERS = (
    _BAG,
    Variant(name="frozen vectors", embedding=64, vectors="frozen"),
    Variant(name="rate 0.0001", learning_rate=1e-4),
    Variant(name="rate 0.01", learning_rate=1e-2),
    Variant(name="rate on a plateau", plateau=True),
    Variant(name="GRU", cell="GRU"),
    Variant(name="SimpleRNN", cell="SimpleRNN"),
    Variant(name="two layers", units=(32, 32)),
    Variant(name="400 words", length=400),
    # The random vectors that those made from text are to be held against.
    Variant(name="embedding 64", embedding=64),
    Variant(name="embedding 128", embedding=128),
    Variant(name="tuned vectors", embedding=64, vectors="tuned"),
    Variant(name="100 words", length=100),
)
_SIZES = {500: 5, 2000: 5, 5000: 3, 10_000: 3, 20_000: 3}
"""How many reviews, beside the 1,000 of the others, and from how many seeds."""
_CURVES = tuple(
    Variant(
        name=f"{prefix}{reviews:,} reviews",
        reviews=reviews,
        seeds=tuple(range(1, seeds + 1)),
        epochs=base.epochs if reviews < 5000 else 8,
        **base.model_dump(include={"cell", "embedding", "learning_rate"}),
    )
    for prefix, base in (("", _REMEDIES[0]), ("bag, ", _BAG))
    for reviews, seeds in _SIZES.items()
)


class SmallDataSettings(Strict):
    """What is trained, and what all trainings have in common.

    Attributes:
        variants: the networks.
        num_words: size of the vocabulary.
        batch_size: reviews an update.
        validation: reviews that early stopping and the plateau look at, none of which is ever learnt from.
        tested_on: test reviews that the accuracy is measured on, drawn once for all.
        patience: epochs without a better validation loss after which early stopping ends a training.
        window: words to each side that count as near, for the vectors.
        asked: words whose nearest others by those vectors the card keeps.
    """

    variants: tuple[Variant, ...] = (*_REMEDIES, *_OTHERS, *_CURVES)
    num_words: int = Field(default=10_000, ge=10)
    batch_size: int = Field(default=50, ge=1)
    validation: int = Field(default=1000, ge=1)
    tested_on: int = Field(default=5000, ge=1)
    patience: int = Field(default=3, ge=1)
    window: int = Field(default=5, ge=1)
    asked: tuple[str, ...] = ("great", "awful", "actor", "funny", "boring", "not")


SETTINGS = SmallDataSettings()
"""Those of the trainings that the course ships."""


class SmallTrial(Strict):
    """One training from one seed.

    Attributes:
        seed: fixes the first weights, the reviews to learn from and their order.
        loss: of the training, by epoch, with the penalty where there is one.
        val_loss: of the validation, likewise.
        accuracy: of the training, by epoch.
        val_accuracy: of the validation, by epoch.
        learning_rate: by epoch.
        kept_epoch: the one that early stopping goes back to, counted from 1.
        test_accuracy_kept: of that epoch's weights.
        test_accuracy_last: of the weights after the last epoch; None where early stopping ended the training.
        seconds_an_epoch: of one processor core, without the validation: the median over the epochs after the first.
    """

    seed: int
    loss: tuple[float, ...] = Field(min_length=1)
    val_loss: tuple[float, ...]
    accuracy: tuple[float, ...]
    val_accuracy: tuple[float, ...]
    learning_rate: tuple[float, ...]
    kept_epoch: int = Field(ge=1)
    test_accuracy_kept: float = Field(ge=0, le=1)
    test_accuracy_last: float | None = Field(default=None, ge=0, le=1)
    seconds_an_epoch: float = Field(ge=0)


class SmallDataCard(Strict):
    """All that is known about the trainings.

    Attributes:
        format: version of this file's layout.
        settings: of all trainings.
        versions: of Python and the packages that matter.
        parameters: by variant, how many numbers the network has.
        trainable: by variant, how many of them it learns.
        nearest: by word, the words nearest to it by the vectors made from text.
        trials: by variant, the trainings in the order of the seeds.
    """

    format: int = 1
    settings: SmallDataSettings
    versions: dict[str, str]
    parameters: dict[str, int]
    trainable: dict[str, int]
    nearest: dict[str, tuple[str, ...]]
    trials: dict[str, tuple[SmallTrial, ...]]


@dataclass(frozen=True, eq=False)
class SmallData:
    """The stored trainings.

    Attributes:
        card: all that is known about them.
    """

    card: SmallDataCard

    def accuracy(self, name: str, *, stopped: bool = True) -> npt.NDArray[np.float64]:
        """On the test reviews, (seeds,): of the weights that early stopping keeps, or of those after the last epoch.

        Raises:
            KeyError: for a variant that there is not.
            ValueError: for the last epoch of a variant that early stopping ended.
        """
        key = "test_accuracy_kept" if stopped else "test_accuracy_last"
        shares = [getattr(trial, key) for trial in self.card.trials[name]]
        if None in shares:
            raise ValueError(f"early stopping ended the trainings of {name!r}: ask for what it kept.")
        return np.array(shares)

    def along(self, name: str, setting: str) -> dict[Any, npt.NDArray[np.float64]]:
        """The accuracies that early stopping keeps, by the values of one setting, the smallest value first.

        Args:
            name: of a variant; those that differ from it in this setting alone are put beside it. How many seeds and
                epochs they have, and whether early stopping ended them, may differ too.
            setting: such as ``reviews``, ``length``, ``embedding`` or ``learning_rate``.

        Returns:
            by value, (seeds,).

        Raises:
            KeyError: for a variant that there is not.
            ValueError: for a setting that variants do not have.
        """
        if setting not in Variant.model_fields:
            raise ValueError(f"a variant has no {setting!r}: name one of {', '.join(Variant.model_fields)}.")
        by_name = {variant.name: variant for variant in self.card.settings.variants}
        free = {"name", "seeds", "epochs", "stops", setting}
        kept_fixed = by_name[name].model_dump(exclude=free)
        alike = [each for each in by_name.values() if each.model_dump(exclude=free) == kept_fixed]
        alike.sort(key=lambda each: getattr(each, setting))
        return {getattr(each, setting): self.accuracy(each.name) for each in alike}

    def seconds(self, name: str) -> npt.NDArray[np.float64]:
        """An epoch, on one processor core, (seeds,).

        Raises:
            KeyError: for a variant that there is not.
        """
        return np.array([trial.seconds_an_epoch for trial in self.card.trials[name]])

    def history(self, name: str, seed: int = 1) -> dict[str, list[float]]:
        """Of one training, as Keras's: `loss`, `val_loss`, `accuracy`, `val_accuracy`, `learning_rate`.

        Raises:
            KeyError: for a variant or a seed that there is not.
        """
        for trial in self.card.trials[name]:
            if trial.seed == seed:
                keys = ("loss", "val_loss", "accuracy", "val_accuracy", "learning_rate")
                return {key: list(getattr(trial, key)) for key in keys}
        raise KeyError(f"{name} has no seed {seed}")


@dataclass(frozen=True, eq=False)
class SmallDataReviews:
    """The reviews that all variants draw from.

    Attributes:
        train: lists of ids to draw from.
        train_labels: 0 or 1.
        validation: likewise, of reviews that are never drawn.
        validation_labels: 0 or 1.
        test: likewise, of test reviews.
        test_labels: 0 or 1.
        unlabelled: the text of all training reviews, for the vectors.
        words: the word of each id.
    """

    train: npt.NDArray[Any]
    train_labels: npt.NDArray[np.int64]
    validation: npt.NDArray[Any]
    validation_labels: npt.NDArray[np.int64]
    test: npt.NDArray[Any]
    test_labels: npt.NDArray[np.int64]
    unlabelled: npt.NDArray[Any]
    words: tuple[str, ...]


def small_data_reviews(
    settings: SmallDataSettings = SETTINGS, *, allow_sample: bool = False
) -> SmallDataReviews:
    """Get and split the reviews: of the training reviews, the last fifth is for validation.

    Raises:
        RunError: if only the bundled sample can be had, unless that is allowed.
    """
    from course_utils.data import load_imdb
    from course_utils.data.vocabulary import words_by_id

    reviews = load_imdb(settings.num_words, quiet=True)
    if reviews.is_sample and not allow_sample:
        raise RunError(
            "The trainings on few reviews need the real data, and only the bundled sample can be had: set COURSE_DATA "
            "to a folder that has them, or connect to the network. Nothing was trained."
        )
    split = len(reviews.x_train) * 4 // 5
    tested = np.random.default_rng(0).permutation(len(reviews.x_test))[: settings.tested_on]
    held_out = slice(split, split + settings.validation)
    return SmallDataReviews(
        train=reviews.x_train[:split],
        train_labels=reviews.y_train[:split],
        validation=reviews.x_train[held_out],
        validation_labels=reviews.y_train[held_out],
        test=reviews.x_test[tested],
        test_labels=reviews.y_test[tested],
        unlabelled=reviews.x_train,
        words=words_by_id(reviews.word_index, settings.num_words),
    )


def small_model(variant: Variant, num_words: int, vectors: npt.NDArray[np.float32] | None = None) -> Any:
    """The network of a variant, not compiled.

    Args:
        variant: what it is.
        num_words: size of the vocabulary.
        vectors: (num_words, embedding), where the embedding does not begin at random.

    Raises:
        ValueError: if the variant begins with vectors, and none are given.
    """
    import keras

    from course_utils.runs.layers import WordDropout

    inputs: list[Any] = [keras.Input((variant.length,), dtype="int32")]
    if variant.cell == "bag":
        return keras.Sequential(
            [
                *inputs,
                keras.layers.Embedding(num_words, variant.embedding, "zeros", mask_zero=True),
                keras.layers.GlobalAveragePooling1D(),
                keras.layers.Dense(1, "sigmoid", kernel_initializer="ones"),
            ]
        )
    if variant.hidden_words:
        inputs.append(WordDropout(variant.hidden_words))
    embedding = keras.layers.Embedding(num_words, variant.embedding)
    kind = getattr(keras.layers, variant.cell)
    penalty = keras.regularizers.L2(variant.l2) if variant.l2 else None
    recurrent = [
        kind(
            units,
            dropout=variant.dropout,
            recurrent_dropout=variant.recurrent_dropout,
            kernel_regularizer=penalty,
            recurrent_regularizer=penalty,
            return_sequences=number < len(variant.units),
        )
        for number, units in enumerate(variant.units, start=1)
    ]
    model = keras.Sequential([*inputs, embedding, *recurrent, keras.layers.Dense(1, activation="sigmoid")])
    if variant.vectors != "new":
        if vectors is None:
            raise ValueError(f"{variant.name} begins with word vectors: give them.")
        embedding.set_weights([vectors])
        embedding.trainable = variant.vectors == "tuned"
    return model


@dataclass(frozen=True, eq=False)
class Compiled:
    """A network that is compiled, which takes longer than an epoch, and serves one training after the other.

    Attributes:
        model: the network.
        fresh: what its optimizer begins with.
    """

    model: Any
    fresh: list[npt.NDArray[Any]]


def compile_variant(
    variant: Variant, settings: SmallDataSettings = SETTINGS, vectors: npt.NDArray[np.float32] | None = None
) -> Compiled:
    """Make a variant's network ready for training."""
    import keras

    model = small_model(variant, settings.num_words, vectors)
    model.compile(
        keras.optimizers.Adam(variant.learning_rate),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        jit_compile=variant.cell != "bag",
    )
    model.optimizer.build(model.trainable_variables)
    return Compiled(model, [np.array(variable) for variable in model.optimizer.variables])


def _network_of(variant: Variant) -> str:
    """The same for all variants that a compiled network serves: they differ in how they are trained alone."""
    training = {"name", "learning_rate", "plateau", "reviews", "epochs", "stops", "seeds"}
    return variant.model_dump_json(exclude=training)


def train_variant(
    variant: Variant,
    seeds: tuple[int, ...],
    reviews: SmallDataReviews,
    settings: SmallDataSettings = SETTINGS,
    vectors: npt.NDArray[np.float32] | None = None,
    compiled: Compiled | None = None,
) -> Iterator[tuple[int, int, SmallTrial]]:
    """Train one variant, from one seed after the other.

    Each training begins with weights, dropout and an optimizer of its own, so that it does not depend on those before
    it, nor on what else the compiled network has served for.

    Yields:
        the numbers of the network, how many of them it learns, and the training.

    Raises:
        RunError: if a training diverged.
    """
    import keras

    def padded(texts: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
        ids: npt.NDArray[np.int32] = keras.utils.pad_sequences(texts, maxlen=variant.length, dtype="int32")
        return ids

    x_val, x_test = padded(reviews.validation), padded(reviews.test)
    compiled = compiled or compile_variant(variant, settings, vectors)
    model = compiled.model
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    for seed in seeds:
        keras.utils.set_random_seed(seed)
        begins = small_model(variant, settings.num_words, vectors)
        for variable, other in zip(model.variables[: len(begins.variables)], begins.variables, strict=True):
            variable.assign(other)
        for variable, value in zip(model.optimizer.variables, compiled.fresh, strict=True):
            variable.assign(value)
        model.optimizer.learning_rate = variant.learning_rate
        chosen = np.random.default_rng(seed).permutation(len(reviews.train))[: variant.reviews]
        x_train, y_train = padded(reviews.train[chosen]), reviews.train_labels[chosen]
        trial = _train(model, variant, seed, settings, (x_train, y_train), (x_val, reviews.validation_labels))
        kept_epoch, weights, facts = trial
        last = None if variant.stops else round(_measured(model, x_test, reviews.test_labels)[1], 4)
        model.set_weights(weights)
        kept = round(_measured(model, x_test, reviews.test_labels)[1], 4)
        yield (
            int(model.count_params()),
            trainable,
            SmallTrial(
                seed=seed, kept_epoch=kept_epoch, test_accuracy_kept=kept, test_accuracy_last=last, **facts
            ),
        )


def _measured(model: Any, inputs: npt.NDArray[Any], labels: npt.NDArray[Any]) -> tuple[float, float]:
    """Loss and accuracy."""
    examples = dataset(inputs, labels, batches_in_order(np.arange(len(inputs)), 1000))
    loss, accuracy = model.evaluate(examples, verbose=0)
    return float(loss), float(accuracy)


def _train(
    model: Any,
    variant: Variant,
    seed: int,
    settings: SmallDataSettings,
    training: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    validation: tuple[npt.NDArray[Any], npt.NDArray[Any]],
) -> tuple[int, list[npt.NDArray[Any]], dict[str, Any]]:
    """Train epoch by epoch; the epoch that early stopping keeps, its weights, and what is known of all."""
    keys = ("loss", "val_loss", "accuracy", "val_accuracy", "learning_rate")
    told: dict[str, list[float]] = {key: [] for key in keys}
    seconds: list[float] = []
    lowest, kept_epoch, weights, rate, over = np.inf, 0, model.get_weights(), variant.learning_rate, False
    x_train, y_train = training
    for epoch in range(1, variant.epochs + 1):
        order = np.random.default_rng([seed, epoch]).permutation(len(x_train))
        began = time.process_time()
        examples = dataset(x_train, y_train, batches_in_order(order, settings.batch_size))
        fitted = model.fit(examples, shuffle=False, verbose=0).history
        seconds.append(time.process_time() - began)
        val_loss, val_accuracy = _measured(model, *validation)
        numbers = (fitted["loss"][0], val_loss, fitted["accuracy"][0], val_accuracy, rate)
        for key, number in zip(keys, numbers, strict=True):
            told[key].append(round(float(number), 8 if key == "learning_rate" else 4))
        if not np.isfinite(numbers[0]):
            raise RunError(f"{variant.name} from seed {seed} diverged: there is nothing to store.")
        better, lowest = val_loss < lowest, min(lowest, val_loss)
        if better and not over:
            kept_epoch, weights = epoch, model.get_weights()
        elif variant.plateau and not better:
            rate /= 2
            model.optimizer.learning_rate = rate
        over = over or epoch - kept_epoch >= settings.patience
        if over and variant.stops:
            break
    facts: dict[str, Any] = {key: tuple(values) for key, values in told.items()}
    facts["seconds_an_epoch"] = round(float(np.median(seconds[1:] or seconds)), 3)
    return kept_epoch, weights, facts


def train_small_data(
    folder: Path | None = None,
    progress: Callable[[str], None] = print,
    *,
    settings: SmallDataSettings = SETTINGS,
    processes: int | None = None,
    checkpoints: Path | None = None,
    allow_sample: bool = False,
) -> None:
    """Train all variants from all seeds, about 20 minutes on two quiet cores, and store what came of it.

    Interrupted, the next call goes on where this one stopped: each training is kept as soon as it is done, and so are
    the vectors.

    Args:
        folder: to write to; by default ``COURSE_RUNS/small-data``, else the repository's ``data/small-data``, else
            the cache.
        progress: told what happens, a line at a time.
        settings: of the trainings.
        processes: how many variants are trained at a time, each on one processor core: by default one for each core
            that this process may use; 0 trains in this process.
        checkpoints: where unfinished trainings are kept; by default in the course's cache folder.
        allow_sample: train on the bundled sample where the real data cannot be had; only with a `folder`.

    Raises:
        RunError: if only the bundled sample can be had, a training diverged, or the folder cannot be written.
    """
    if allow_sample and folder is None:
        raise RunError(
            "Trainings on the bundled sample are never shipped: name a folder of their own for them."
        )
    target = folder or study_folder("small-data")
    kept = _Kept(checkpoints or cache_folder() / "training" / "small-data", settings, allow_sample)
    waiting = [variant for variant in settings.variants if kept.missing(variant)]
    total = sum(len(variant.seeds) for variant in settings.variants)
    done = total - sum(len(kept.missing(variant)) for variant in waiting)
    progress(f"small-data: {done} of {total} trainings are done already")
    reviews = small_data_reviews(settings, allow_sample=allow_sample)
    at_a_time = len(usable_cores()) if processes is None else processes
    for variant, seed, trial in _all_trials(waiting, kept, at_a_time):
        done += 1
        progress(
            f"small-data: {done} of {total}: {variant}, seed {seed}: epoch {trial.kept_epoch} of {len(trial.loss)} "
            f"kept, test accuracy {trial.test_accuracy_kept:.1%}"
        )
    found = {variant.name: kept.load(variant) for variant in settings.variants}
    card = SmallDataCard(
        settings=settings,
        versions=_versions(),
        parameters={name: facts[0][0] for name, facts in found.items()},
        trainable={name: facts[0][1] for name, facts in found.items()},
        nearest=_nearest(kept, reviews),
        trials={name: tuple(trial for _, _, trial in facts) for name, facts in found.items()},
    )
    try:
        write_atomically(target / CARD, to_json(card.model_dump(mode="json")))
    except OSError as error:
        raise RunError(f"{target} cannot be written ({error.strerror}): name a folder that can.") from error
    shutil.rmtree(kept.folder, ignore_errors=True)
    progress(f"small-data: stored in {target}")


class _Kept:
    """What is done: a file for each training and for the vectors; its name changes with all that it depends on."""

    def __init__(self, folder: Path, settings: SmallDataSettings, allow_sample: bool) -> None:
        self.folder, self.settings, self.allow_sample = folder, settings, allow_sample

    def file(self, variant: Variant, seed: int) -> Path:
        """Where a training is kept."""
        common = self.settings.model_dump(mode="json", exclude={"variants", "asked"})
        own = variant.model_dump(mode="json", exclude={"name", "seeds"})
        return self._named("json", common, own, seed)

    def _named(self, ending: str, *facts: Any) -> Path:
        text = json.dumps([*facts, self.allow_sample], sort_keys=True)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:20]}.{ending}"

    def vectors(self, size: int, reviews: SmallDataReviews) -> npt.NDArray[np.float32]:
        """The vectors that some variants begin with, (num_words, size), made from the text of all training reviews."""
        from course_utils.data.word_vectors import word_vectors

        words, window = self.settings.num_words, self.settings.window
        file = self._named("npy", "vectors", size, words, window)
        if not file.is_file():
            made = word_vectors(list(reviews.unlabelled), words, size, window=window)
            contents = io.BytesIO()
            np.save(contents, made)
            write_atomically(file, contents.getvalue())
        stored: npt.NDArray[np.float32] = np.load(file)
        return stored

    def missing(self, variant: Variant) -> tuple[int, ...]:
        """The seeds that are to be trained."""
        return tuple(seed for seed in variant.seeds if not self.file(variant, seed).is_file())

    def save(self, variant: Variant, parameters: int, trainable: int, trial: SmallTrial) -> None:
        """Keep a training."""
        contents = {"parameters": parameters, "trainable": trainable, "trial": trial.model_dump(mode="json")}
        write_atomically(self.file(variant, trial.seed), to_json(contents))

    def load(self, variant: Variant) -> list[tuple[int, int, SmallTrial]]:
        """All trainings of a variant: the network's numbers, how many it learns, and the training."""
        found = [json.loads(self.file(variant, seed).read_bytes()) for seed in variant.seeds]
        return [(each["parameters"], each["trainable"], SmallTrial(**each["trial"])) for each in found]


def _all_trials(waiting: list[Variant], kept: _Kept, processes: int) -> Iterator[tuple[str, int, SmallTrial]]:
    """Train what is waiting, in this process or in others, and tell of each training once it is kept."""
    groups: dict[str, list[Variant]] = {}
    for variant in waiting:
        groups.setdefault(_network_of(variant), []).append(variant)
    if not processes:
        worker = _Worker(kept)
        for group in groups.values():
            yield from worker.train(group)
        return
    with _one_core_each(), multiprocessing.Manager() as manager:
        told = manager.Queue()
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=context) as pool:
            tasks = {pool.submit(_work, group, kept, told) for group in groups.values()}
            while tasks:
                done, tasks = wait(tasks, timeout=1, return_when=FIRST_COMPLETED)
                while not told.empty():
                    yield told.get()
                for task in done:
                    task.result()
            while not told.empty():
                yield told.get()


class _Worker:
    """Trains variants; the reviews are got once."""

    def __init__(self, kept: _Kept) -> None:
        self.kept = kept
        self.reviews = small_data_reviews(kept.settings, allow_sample=kept.allow_sample)

    def train(self, group: list[Variant]) -> Iterator[tuple[str, int, SmallTrial]]:
        """Train variants of one network, keep each training, and tell of it."""
        first, settings = group[0], self.kept.settings
        vectors = None if first.vectors == "new" else self.kept.vectors(first.embedding, self.reviews)
        compiled = compile_variant(first, settings, vectors)
        for variant in group:
            missing = self.kept.missing(variant)
            trials = train_variant(variant, missing, self.reviews, settings, vectors, compiled)
            for parameters, trainable, trial in trials:
                self.kept.save(variant, parameters, trainable, trial)
                yield variant.name, trial.seed, trial


_WORKERS: list[_Worker] = []
"""That of this process, once it has begun."""


def _work(group: list[Variant], kept: _Kept, told: Any) -> None:
    """Train the variants of one network in a process of its own."""
    if not _WORKERS:
        _WORKERS.append(_Worker(kept))
    for event in _WORKERS[0].train(group):
        told.put(event)


@contextmanager
def _one_core_each() -> Iterator[None]:
    """Let processes that begin now use one thread each: these networks are too small to share among more."""
    wanted = {
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def _nearest(kept: _Kept, reviews: SmallDataReviews) -> dict[str, tuple[str, ...]]:
    from course_utils.data.word_vectors import nearest_words

    sizes = {variant.embedding for variant in kept.settings.variants if variant.vectors != "new"}
    if not sizes:
        return {}
    vectors = kept.vectors(max(sizes), reviews)
    number = {word: each for each, word in enumerate(reviews.words)}
    return {
        word: tuple(reviews.words[other] for other in nearest_words(vectors, number[word]))
        for word in kept.settings.asked
        if word in number
    }


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "numpy": importlib.metadata.version("numpy")}
    versions["keras"] = importlib.metadata.version("keras")
    for name in ("tensorflow", "tensorflow-cpu"):
        try:
            versions["tensorflow"] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def load_small_data(folder: Path | None = None) -> SmallData:
    """The stored trainings.

    Args:
        folder: look in this one only.

    Raises:
        RunError: if they are not stored, or the file is damaged.
    """
    found = (
        find_study("small-data", CARD, "The trainings on few reviews are not stored here: train them", folder)
        / CARD
    )
    card = read_card(found, SmallDataCard)
    for variant in card.settings.variants:
        trials = card.trials.get(variant.name, ())
        if tuple(trial.seed for trial in trials) != variant.seeds:
            raise RunError(f"{found} does not list every training of its settings: restore it.")
    return SmallData(card)
