"""Carry out a recipe: train, keep the best weights, store them small, write the card.

An epoch depends only on the checkpoint before it: the order of its examples comes from the seed and the
epoch's number, and dropout's random state is saved with the weights. So a training that was interrupted ends
as it would have ended.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from course_utils.data.download import cache_folder
from course_utils.runs.batches import batches_by_length, batches_in_order, dataset
from course_utils.runs.card import Card, LayerFacts, Trial, best_trial
from course_utils.runs.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from course_utils.runs.errors import RunError
from course_utils.runs.prepare import Prepared
from course_utils.runs.recipes import RECIPES, Recipe, recipe_named
from course_utils.runs.store import (
    ANSWERS,
    CARD,
    HISTORY,
    VOCABULARY,
    WEIGHTS,
    Run,
    as_floats,
    load_run,
    store_run,
    to_json,
    training_folder,
)
from course_utils.runs.weights import pack, unpack

EVALUATION_BATCH = 512
SUREST = 1e-7
"""No answer is nearer to 0 or 1 than this: in single precision a surer one may be 1 itself, without finite odds."""


@dataclass(frozen=True)
class Progress:
    """What a training is doing; ``str()`` of it is one line.

    Attributes:
        run: the run's name.
        trial: the seed being trained, counted from 1; 0 before the first.
        trials: how many seeds there are.
        epoch: the epoch being trained, counted from 1; 0 before the first.
        epochs: how many there are at most.
        fraction: how much of the epoch is done, 0 to 1.
        seconds: spent on this trial so far.
        metrics: of the epoch, once it is done; the training metrics so far before that.
        message: what else there is to say.
    """

    run: str
    trial: int = 0
    trials: int = 0
    epoch: int = 0
    epochs: int = 0
    fraction: float = 0.0
    seconds: float = 0.0
    metrics: Mapping[str, float] = field(default_factory=dict)
    message: str = ""

    def __str__(self) -> str:
        if self.message:
            return f"{self.run}: {self.message}"
        which = f"seed {self.trial} of {self.trials}, " if self.trials > 1 else ""
        numbers = "".join(f", {name} {value:.4f}" for name, value in self.metrics.items())
        done = "" if self.fraction == 1 else f" {self.fraction:4.0%}"
        return f"{self.run}: {which}epoch {self.epoch} of {self.epochs}{done}, {self.seconds:.0f} s{numbers}"


Listener = Callable[[Progress], None]


def print_progress(progress: Progress) -> None:
    """Print one line an epoch, and every message."""
    if progress.message or progress.fraction == 1:
        print(progress, flush=True)


def train_run(
    name: str,
    *,
    progress: Listener = print_progress,
    folder: Path | None = None,
    checkpoints: Path | None = None,
    recipes: Mapping[str, Recipe] = RECIPES,
    allow_sample: bool = False,
) -> Run:
    """Train a run on the real data and store it. Interrupted, the next call goes on where this one stopped.

    Args:
        name: one of `course_utils.runs.list_runs`.
        progress: told what happens: at every step, at the end of every epoch, and in between.
        folder: the folder of runs to write to; by default `training_folder`.
        checkpoints: where the unfinished state is kept; by default in the course's cache folder.
        recipes: the known recipes.
        allow_sample: train on the bundled sample where the real data cannot be had. Such a run may only be
            written to a `folder` of its own, and `load_run` takes it only when asked.

    Returns:
        The stored run.

    Raises:
        RunError: if the name is unknown, only the bundled sample can be had, training diverged, or a folder
            cannot be written.
    """
    recipe = recipe_named(name, recipes)
    if allow_sample and folder is None:
        raise RunError(
            "A run trained on the bundled sample is never shipped: name a folder of its own for it."
        )
    progress(Progress(name, message="getting the data ready"))
    data = recipe.prepare()
    if data.is_sample and not allow_sample:
        raise RunError(
            f"The run {name} needs the real data, and only the bundled sample can be had: set COURSE_DATA to "
            "a folder that has them, or connect to the network. Nothing was trained."
        )
    state_file = (checkpoints or cache_folder() / "training") / f"{name}.npz"
    data_sha256 = data.sha256
    fingerprint = recipe.fingerprint(data_sha256)
    state = load_checkpoint(state_file, fingerprint)
    if state is None:
        state = Checkpoint(fingerprint)
    else:
        progress(Progress(name, message=f"going on after epoch {state.epoch} of seed {state.trial + 1}"))
    trainer = _Trainer(recipe, data, state, state_file, progress)
    while state.trial < len(recipe.seeds):
        trainer.run_trial()
    files = _files(recipe, data, data_sha256, state, progress)
    target = folder or training_folder()
    store_run(target, files, name)
    state_file.unlink(missing_ok=True)
    run = load_run(name, folder=target, recipes=recipes, allow_sample=allow_sample)
    progress(Progress(name, message=f"stored: test accuracy {run.card.metrics['test_accuracy']:.2%}"))
    return run


class _Trainer:
    """Trains one seed after the other, saving the state after every epoch."""

    def __init__(
        self, recipe: Recipe, data: Prepared, state: Checkpoint, file: Path, progress: Listener
    ) -> None:
        self.recipe, self.data, self.state, self.file, self.progress = recipe, data, state, file, progress
        self.vectors: npt.NDArray[np.float32] | None = None

    def run_trial(self) -> None:
        """Train the state's current seed to its end, and compare it with the seeds before."""
        import keras

        recipe, state = self.recipe, self.state
        seed = recipe.seeds[state.trial]
        keras.utils.set_random_seed(seed)
        model = _compiled(recipe, len(self.data.x_train))
        model.optimizer.build(model.trainable_variables)
        if state.variables:
            for variable, value in zip(_variables(model), state.variables, strict=True):
                variable.assign(value)
        else:
            self._count(model)
            if recipe.vectors:
                self._begin_with_vectors(model)
        while not self._finished():
            self._run_epoch(model, seed)
        self._close_trial(model, seed)

    def _count(self, model: Any) -> None:
        """Let those layers count the training examples that have something to count, as Keras's ``adapt`` does."""
        for layer in model.layers:
            if hasattr(layer, "adapt"):
                layer.adapt(self.data.x_train, self.data.y_train)

    def _begin_with_vectors(self, model: Any) -> None:
        """Put vectors made from the training texts into the model's first embedding, that of the words."""
        from course_utils.data.word_vectors import word_vectors

        table = next(weight for weight in model.weights if weight.name == "embeddings")
        if self.vectors is None:  # the same for all seeds
            self.progress(self._event(message="making word vectors from the training texts"))
            self.vectors = word_vectors(list(self.data.x_train), *table.shape)
        table.assign(self.vectors)

    def _finished(self) -> bool:
        recipe, state = self.recipe, self.state
        waited = state.epoch - state.best_epoch
        return state.epoch >= recipe.epochs or (recipe.patience is not None and waited >= recipe.patience)

    def _run_epoch(self, model: Any, seed: int) -> None:
        recipe, state, data = self.recipe, self.state, self.data
        draw = np.random.default_rng([seed, state.epoch])
        order = draw.permutation(len(data.x_train))
        began = time.perf_counter()
        if recipe.by_length:
            batches = batches_by_length(data.x_train, recipe.batch_size, draw, order)
        else:
            batches = batches_in_order(order, recipe.batch_size)
        examples = dataset(data.x_train, data.y_train, batches, cut=recipe.by_length)
        fitted = model.fit(examples, shuffle=False, verbose=0, callbacks=[_watcher(self, began)])
        metrics = {key: float(values[-1]) for key, values in fitted.history.items()}
        for key, value in evaluated(recipe, model, data.x_val, data.y_val).items():
            metrics[f"val_{key}"] = value
        for key, value in metrics.items():
            state.history.setdefault(key, []).append(value)
        state.epoch += 1
        state.seconds += time.perf_counter() - began
        if self._is_best():
            state.best_epoch, state.best = state.epoch, [np.array(weight) for weight in model.get_weights()]
        state.variables = [np.array(variable) for variable in _variables(model)]
        save_checkpoint(state, self.file)
        self.progress(self._event(fraction=1.0, seconds=state.seconds, metrics=metrics, epoch=state.epoch))

    def _is_best(self) -> bool:
        values = self.state.history[self.recipe.monitor]
        earlier = values[:-1]
        if not np.isfinite(values[-1]):
            return False
        if self.recipe.monitor == "val_loss":
            return not earlier or values[-1] < min(earlier)
        return not earlier or values[-1] > max(earlier)

    def _close_trial(self, model: Any, seed: int) -> None:
        recipe, state, data = self.recipe, self.state, self.data
        if state.best_epoch == 0:
            raise RunError(
                f"The run {recipe.name} diverged with seed {seed}: no epoch has a finite {recipe.monitor}."
            )
        self.progress(self._event(message="measuring on the test set"))
        test_last = evaluated(recipe, model, data.x_test, data.y_test)["accuracy"]
        test_best = test_last
        if state.best_epoch < state.epoch:
            model.set_weights(state.best)
            test_best = evaluated(recipe, model, data.x_test, data.y_test)["accuracy"]
        if recipe.keeps_answers:
            parts = ((data.x_val, data.y_val), (data.x_test, data.y_test))
            state.answers += [_log_odds_of_the_truth(recipe, model, *part) for part in parts]
        at = state.best_epoch - 1
        trial = Trial(
            seed=seed,
            epochs=state.epoch,
            best_epoch=state.best_epoch,
            seconds=round(state.seconds, 1),
            val_loss=round(state.history["val_loss"][at], 6),
            val_accuracy=round(state.history["val_accuracy"][at], 6),
            test_accuracy=round(test_best, 6),
            test_accuracy_last_epoch=round(test_last, 6),
        )
        state.trials.append(trial.model_dump())
        if best_trial(tuple(Trial(**facts) for facts in state.trials), recipe.monitor) == trial:
            state.champion, state.champion_history = state.best, state.history
        state.next_trial()
        save_checkpoint(state, self.file)
        self.progress(
            self._event(
                message=f"seed {seed}: best epoch {trial.best_epoch}, {trial.val_accuracy:.2%} on validation"
            )
        )

    def _event(self, **facts: Any) -> Progress:
        recipe, state = self.recipe, self.state
        defaults = {"epoch": state.epoch + 1, "seconds": state.seconds}
        return Progress(
            run=recipe.name,
            trial=min(state.trial + 1, len(recipe.seeds)),
            trials=len(recipe.seeds),
            epochs=recipe.epochs,
            **(defaults | facts),
        )


def _watcher(trainer: _Trainer, began: float) -> Any:
    """A Keras callback that reports every step."""
    import keras

    steps = -(-len(trainer.data.x_train) // trainer.recipe.batch_size)

    class Watcher(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
            event = trainer._event(
                fraction=(batch + 1) / steps * 0.999,  # 1 is for the epoch with its validation
                seconds=trainer.state.seconds + time.perf_counter() - began,
                metrics=dict(logs or {}),
            )
            trainer.progress(event)

    return Watcher()


def _compiled(recipe: Recipe, examples: int) -> Any:
    import keras

    model = recipe.build()
    rate: Any = recipe.learning_rate
    if recipe.cosine:
        steps = recipe.epochs * -(-examples // recipe.batch_size)
        rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps)
    model.compile(
        optimizer=getattr(keras.optimizers, recipe.optimizer)(rate, clipnorm=recipe.clipnorm),
        loss=recipe.loss,
        metrics=["accuracy"],
        jit_compile=recipe.compiled,
    )
    return model


def _variables(model: Any) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]


def evaluated(
    recipe: Recipe, model: Any, inputs: npt.NDArray[Any], labels: npt.NDArray[Any]
) -> dict[str, float]:
    """The loss and the accuracy of a compiled model on all these examples."""
    examples, _ = _to_measure(recipe, inputs, labels)
    result = model.evaluate(examples, verbose=0, return_dict=True)
    return {key: float(value) for key, value in result.items()}


def _to_measure(
    recipe: Recipe, inputs: npt.NDArray[Any], labels: npt.NDArray[Any]
) -> tuple[Any, npt.NDArray[np.int_]]:
    """All examples in large batches, and which example stands at which place."""
    if recipe.by_length:
        batches = batches_by_length(inputs, EVALUATION_BATCH)
    else:
        batches = batches_in_order(np.arange(len(inputs)), EVALUATION_BATCH)
    return dataset(inputs, labels, batches, cut=recipe.by_length), np.concatenate(batches)


def _log_odds_of_the_truth(
    recipe: Recipe, model: Any, inputs: npt.NDArray[Any], labels: npt.NDArray[Any]
) -> npt.NDArray[np.float16]:
    """What a compiled model with one sigmoid gives to the right answer to each example: (examples,)."""
    examples, rows = _to_measure(recipe, inputs, labels)
    shares = np.empty(len(inputs))
    shares[rows] = model.predict(examples, verbose=0)[:, 0]
    shares = shares.clip(SUREST, 1 - SUREST)
    odds_of_yes = np.log(shares / (1 - shares))
    return np.where(labels == 1, odds_of_yes, -odds_of_yes).astype(np.float16)


def _packed_answers(answers: Sequence[npt.NDArray[np.float16]]) -> bytes:
    """The contents of ``answers.npz``, from a pair of arrays a seed."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, allow_pickle=False, validation=np.stack(answers[::2]), test=np.stack(answers[1::2])
    )
    return buffer.getvalue()


def _files(
    recipe: Recipe, data: Prepared, data_sha256: str, state: Checkpoint, progress: Listener
) -> dict[str, bytes]:
    """The files of a finished run."""
    if recipe.keeps_weights:
        progress(Progress(recipe.name, message="measuring the weights as shipped"))
    model = _compiled(recipe, len(data.x_train))
    model.set_weights(state.champion)
    exact = evaluated(recipe, model, data.x_test, data.y_test)
    weights, shipped = None, exact
    if recipe.keeps_weights:
        weights = pack([(weight.name, np.array(weight)) for weight in model.weights])
        model.set_weights(unpack(weights))
        shipped = evaluated(recipe, model, data.x_test, data.y_test)
    history = to_json(as_floats(state.champion_history))
    vocabulary = to_json(list(data.vocabulary)) if recipe.keeps_vocabulary else None
    answers = _packed_answers(state.answers) if recipe.keeps_answers else None
    trials = tuple(Trial(**facts) for facts in state.trials)
    trial = best_trial(trials, recipe.monitor)
    card = Card(
        name=recipe.name,
        title=recipe.title,
        model=recipe.model,
        layers=tuple(
            LayerFacts(
                kind=type(layer).__name__,
                output_shape=tuple(layer.output.shape),
                parameters=learnt(layer),
            )
            for layer in model.layers
        ),
        parameters=learnt(model),
        data=data.description,
        data_is_sample=data.is_sample,
        data_sha256=data_sha256,
        recipe=recipe.sentence(),
        chosen_by=recipe.monitor,
        seed=trial.seed,
        trials=trials,
        epochs=trial.epochs,
        best_epoch=trial.best_epoch,
        seconds=trial.seconds,
        metrics={
            "test_accuracy": round(shipped["accuracy"], 6),
            "test_loss": round(shipped["loss"], 6),
            "test_accuracy_float32": round(exact["accuracy"], 6),
            "test_loss_float32": round(exact["loss"], 6),
            "test_accuracy_last_epoch": trial.test_accuracy_last_epoch,
            "val_accuracy": trial.val_accuracy,
            "val_loss": trial.val_loss,
        },
        versions=_versions(),
        weights_bytes=len(weights) if weights else None,
        weights_sha256=hashlib.sha256(weights).hexdigest() if weights else None,
        history_sha256=hashlib.sha256(history).hexdigest(),
        vocabulary_sha256=hashlib.sha256(vocabulary).hexdigest() if vocabulary else None,
        answers_sha256=hashlib.sha256(answers).hexdigest() if answers else None,
    )
    files = {
        HISTORY: history,
        CARD: to_json(card.model_dump(mode="json", exclude_none=True)),
        WEIGHTS: weights,
        VOCABULARY: vocabulary,
        ANSWERS: answers,
    }
    return {name: contents for name, contents in files.items() if contents is not None}


def learnt(layers: Any) -> int:
    """How many numbers a layer or a model learns; what was only counted, or is random state, is left out."""
    return sum(int(np.prod(weight.shape)) for weight in layers.trainable_weights)


def _versions() -> dict[str, str]:
    import keras
    import tensorflow as tf

    versions = {
        "python": platform.python_version(),
        "keras": str(keras.__version__),
        "tensorflow": str(tf.__version__),
        "numpy": np.__version__,
    }
    try:
        versions["unrolled"] = importlib.metadata.version("unrolled")
    except importlib.metadata.PackageNotFoundError:
        return versions
    return versions
