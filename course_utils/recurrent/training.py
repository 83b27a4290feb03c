"""Training: batches, epochs, back-propagation through time, and a history."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from course_utils.display import LiveText, progress_bar
from course_utils.recurrent.arrays import Array, at_least
from course_utils.recurrent.callbacks import Callback, History, Training
from course_utils.recurrent.network import Batch, Network
from course_utils.recurrent.optimizers import Adam, Optimizer

Samples = npt.NDArray[np.int64]
Metric = Callable[[Array, Array], float]
"""From targets and answers, samples first, to a number."""


def binary_accuracy(targets: Array, outputs: Array) -> float:
    """Share of answers on the right side of one half; both (batch, …)."""
    return float(np.mean((outputs > 0.5) == (targets > 0.5)))


def categorical_accuracy(targets: Array, outputs: Array) -> float:
    """Share of answers whose largest output is the target's; both (batch, …, outputs)."""
    return float(np.mean(outputs.argmax(axis=-1) == targets.argmax(axis=-1)))


def exact_match(targets: Array, outputs: Array) -> float:
    """Share of samples with every answer on the right side of one half; both (batch, …)."""
    right = (outputs > 0.5) == (targets > 0.5)
    return float(np.mean(right.reshape(len(right), -1).all(axis=1)))


METRICS: dict[str, Metric] = {
    "binary_accuracy": binary_accuracy,
    "categorical_accuracy": categorical_accuracy,
    "exact_match": exact_match,
}
"""By name."""


def shuffled(samples: int, batch_size: int, draw: np.random.Generator) -> Iterator[Samples]:
    """Every sample once, in random order, `batch_size` at a time; the last batch may be smaller."""
    order = draw.permutation(samples)
    for begin in range(0, samples, batch_size):
        yield order[begin : begin + batch_size]


def in_order(samples: int, batch_size: int, draw: np.random.Generator) -> Iterator[Samples]:
    """Every sample once, first to last, `batch_size` at a time; the last batch may be smaller."""
    for begin in range(0, samples, batch_size):
        yield np.arange(begin, min(begin + batch_size, samples))


def fit(
    network: Network,
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    *,
    optimizer: Optimizer | None = None,
    epochs: int = 1,
    batch_size: int = 32,
    mask: npt.ArrayLike | None = None,
    target_mask: npt.ArrayLike | None = None,
    validation: tuple[npt.ArrayLike, ...] | None = None,
    truncate: int | None = None,
    metrics: Sequence[str] | Mapping[str, Metric] = (),
    callbacks: Sequence[Callback] = (),
    batches: Callable[[int, int, np.random.Generator], Iterable[Samples]] = shuffled,
    seed: int | np.random.Generator | None = 0,
    progress: bool = True,
) -> History:
    """Train a network, in place.

    With `truncate`, sequences are cut into windows of that many steps: the state is carried from window to
    window, the gradient is not, and the weights are updated after each window (Williams & Peng 1990). A head
    that reads the last step only has an error to learn from in the last window alone.

    Args:
        network: is changed.
        inputs: (batch, time, features).
        targets: (batch, time, outputs) where the head reads every step, else (batch, outputs); classes as whole
            numbers without the last axis where it is softmax.
        optimizer: the rule; None for ``Adam()``.
        epochs: how often all samples are shown.
        batch_size: samples an update.
        mask: (batch, time), false at padded steps.
        target_mask: (batch, time), false where the answer does not count.
        validation: inputs and targets, and perhaps their mask and target_mask, to be judged after each epoch.
        truncate: steps that the gradient reaches back at most; None for all.
        metrics: names from `METRICS`, or functions by name; measured after each epoch on the validation data,
            and on the training data as the batches go by.
        callbacks: see `Callback`.
        batches: how samples are put into batches: `shuffled`, `in_order`, or a function of the number of samples,
            `batch_size` and a generator.
        seed: of the order; the same seed trains the same network.
        progress: whether a bar shows once training takes over two seconds.

    Returns:
        the history: `loss` as the batches go by, `val_loss` after each epoch, and the metrics. With a head that sums
        up, the loss is what a sample costs. Training ends early if the loss is no longer a number, and
        `History.stopped` says so.

    Raises:
        ValueError: for shapes that do not fit, a value that is not finite, an unknown metric, a metric with a mask,
            or truncation with a bidirectional layer.
    """
    data = network.batch(inputs, targets, mask=mask, target_mask=target_mask)
    held_out = None
    if validation is not None:
        if not isinstance(validation, tuple) or not 2 <= len(validation) <= 4:
            raise ValueError(
                "validation is a tuple of inputs and targets, and perhaps a mask and a target_mask."
            )
        held_out = network.batch(
            *validation[:2], **dict(zip(("mask", "target_mask"), validation[2:], strict=False))
        )
    measured = _metrics(metrics)
    if measured and (data.counts is not None or (held_out is not None and held_out.counts is not None)):
        raise ValueError(
            "metrics cannot leave steps out, and a mask is given: measure with predict afterwards."
        )
    at_least(epochs, 1, "epochs")
    at_least(batch_size, 1, "batch_size")
    windows = _windows(network, len(data.inputs), truncate)
    training = Training(network, Adam() if optimizer is None else optimizer, History(), epochs)
    draw = np.random.default_rng(seed)

    for callback in callbacks:
        callback.on_train_begin(training)
    shown = _Progress(training, show=progress)
    with np.errstate(over="ignore", invalid="ignore"):  # a diverging loss is reported, not warned about
        for epoch in range(epochs):
            for callback in callbacks:
                callback.on_epoch_begin(training)
            began = time.perf_counter()
            order = batches(len(data), batch_size, draw)
            logs = _epoch(training, data, order, windows, measured, callbacks, shown)
            if held_out is not None:
                logs |= {f"val_{name}": value for name, value in _judge(network, held_out, measured).items()}
            training.history.epoch.append(epoch)
            training.history.seconds.append(time.perf_counter() - began)
            for callback in callbacks:
                callback.on_epoch_end(training, logs)
            for name, value in logs.items():
                training.history.history.setdefault(name, []).append(value)
            shown.epoch_done(logs)
            if not np.isfinite(logs["loss"]):
                training.stop = (
                    "the loss is no finite number any more: lower the learning rate, or clip the gradient"
                )
            if training.stop:
                training.history.stopped = training.stop
                break
    for callback in callbacks:
        callback.on_train_end(training)
    return training.history


def _epoch(
    training: Training,
    data: Batch,
    order: Iterable[Samples],
    windows: list[tuple[int, int]],
    metrics: Mapping[str, Metric],
    callbacks: Sequence[Callback],
    shown: _Progress,
) -> dict[str, float]:
    """Show every batch once; the mean loss, and the metrics of the answers given on the way."""
    network, optimizer = training.network, training.optimizer
    # A mean counts as much as the answers that it is the mean of.
    takes_mean = network.head.reduction == "mean"
    total, counted, seen = 0.0, 0, 0
    answered: list[tuple[Array, Array]] = []
    for samples in order:
        batch = data.samples(samples)
        state, cost, outputs = None, 0.0, []
        for begin, end in windows:
            window = batch if len(windows) == 1 else batch.window(begin, end)
            if not network.every_step and end < len(data.inputs):
                state = network.final_state(window, state)  # nothing to learn from yet
                continue
            found = network.gradients(window, state)
            optimizer.update(network.flat_weights, found.flat)
            if len(windows) > 1:
                state = found.final_state
            cost += found.loss * (window.answers if takes_mean else 1)
            outputs.append(found.outputs)
        answers = outputs[0] if len(outputs) == 1 else np.concatenate(outputs)
        total += cost
        counted += batch.answers if takes_mean else len(samples)
        seen += len(samples)
        if metrics:
            answered.append((_samples_first(batch.targets), _samples_first(answers)))
        for callback in callbacks:
            loss = cost / max(batch.answers, 1) if takes_mean else cost
            callback.on_batch_end(training, samples, answers, batch.targets, loss)
        shown.samples_done(seen, len(data))
    if not seen:
        raise ValueError("batches gave no samples, expected at least one batch an epoch.")
    logs = {"loss": total / max(counted, 1)}
    if metrics:
        expected, given = (np.concatenate(arrays) for arrays in zip(*answered, strict=True))
        logs |= {name: metric(expected, given) for name, metric in metrics.items()}
    return logs


def _judge(network: Network, data: Batch, metrics: Mapping[str, Metric]) -> dict[str, float]:
    """The loss and the metrics on data that are not trained on."""
    loss, answers = network.evaluate(data)
    return {"loss": loss} | {
        name: metric(_samples_first(data.targets), answers) for name, metric in metrics.items()
    }


def _windows(network: Network, steps: int, truncate: int | None) -> list[tuple[int, int]]:
    """First and last step, as in a slice, of each window."""
    if truncate is None or at_least(truncate, 1, "truncate") >= steps:
        return [(0, steps)]
    network.initial_state(1)  # refuses what has no state to carry
    return [(begin, min(begin + truncate, steps)) for begin in range(0, steps, truncate)]


def _metrics(wanted: Sequence[str] | Mapping[str, Metric]) -> dict[str, Metric]:
    if isinstance(wanted, Mapping):
        return dict(wanted)
    unknown = [name for name in wanted if name not in METRICS]
    if unknown:
        raise ValueError(f"there is no metric {unknown[0]!r}, expected names from {', '.join(METRICS)}.")
    return {name: METRICS[name] for name in wanted}


def _samples_first(array: Array) -> Array:
    """(batch, outputs) as it is, (time, batch, outputs) as (batch, time, outputs)."""
    return array if array.ndim == 2 else array.swapaxes(0, 1)


class _Progress:
    """One line about a training that takes longer than two seconds, rewritten in place in a notebook."""

    patience, pause = 2.0, 0.25  # seconds

    def __init__(self, training: Training, *, show: bool) -> None:
        self.training, self.show = training, show
        self.began = self.shown = time.perf_counter()
        self.text: LiveText | None = None
        self.latest = ""

    def samples_done(self, seen: int, samples: int) -> None:
        """Within an epoch."""
        now = time.perf_counter()
        if not self.show or now - self.began < self.patience or now - self.shown < self.pause:
            return
        self.shown = now
        done = (len(self.training.history.epoch) + min(seen / samples, 1.0)) / self.training.epochs
        self._write(
            f"{progress_bar(done)}  epoch {len(self.training.history.epoch) + 1} of {self.training.epochs}"
        )

    def epoch_done(self, logs: Mapping[str, float]) -> None:
        """After an epoch."""
        self.latest = "".join(f"  {name} {value:.4g}" for name, value in logs.items())
        done = len(self.training.history.epoch)
        seconds = time.perf_counter() - self.began
        if self.show and (seconds >= self.patience or self.text is not None):
            line = f"epoch {done} of {self.training.epochs}, {seconds:.0f} s"
            self._write(f"{progress_bar(done / self.training.epochs)}  {line}", new=f"{line}{self.latest}")

    def _write(self, line: str, new: str = "") -> None:
        self.text = self.text or LiveText()
        self.text.show(line + self.latest, new=new)
