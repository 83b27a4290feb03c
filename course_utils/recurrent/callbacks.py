"""What happens between two epochs: stopping early, slowing down, and whatever a reader writes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from course_utils.recurrent.arrays import Array, at_least
from course_utils.recurrent.network import Network
from course_utils.recurrent.optimizers import Optimizer, positive


@dataclass
class History:
    """How a training went, in the form of Keras's."""

    history: dict[str, list[float]] = field(default_factory=dict)
    """By name (`loss`, `val_loss`, a metric's name), a number an epoch."""
    epoch: list[int] = field(default_factory=list)
    """The epochs' numbers, from 0."""
    seconds: list[float] = field(default_factory=list)
    """How long each epoch took."""
    stopped: str = ""
    """Why training ended before the last epoch; empty if it did not."""


@dataclass
class Training:
    """What a callback sees, and may change."""

    network: Network
    optimizer: Optimizer
    history: History
    epochs: int
    """How many were asked for."""
    stop: str = ""
    """Set to a reason, training ends after this epoch."""


class Callback:
    """Does nothing; override what you need."""

    def on_train_begin(self, training: Training) -> None:
        """Before the first epoch."""

    def on_epoch_begin(self, training: Training) -> None:
        """Before each epoch."""

    def on_batch_end(
        self, training: Training, samples: npt.NDArray[np.int64], outputs: Array, targets: Array, loss: float
    ) -> None:
        """After each update of the weights.

        Args:
            training: see `Training`.
            samples: (batch,), the numbers of the samples.
            outputs: (time, batch, outputs) or (batch, outputs), the answers before the update.
            targets: of the same shape.
            loss: of the batch before the update.
        """

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """After each epoch; what is put into `logs` is kept in the history."""

    def on_train_end(self, training: Training) -> None:
        """After the last epoch, however it came to be the last."""


class EarlyStopping(Callback):
    """Stop when a number no longer improves, and go back to the weights at its best (Prechelt 1998).

    Args:
        monitor: the number's name in the history. Loss should fall; anything else should rise.
        patience: how many epochs without improvement end the training, as in Keras; 0 is as good as 1.
        min_delta: the smallest change that counts as an improvement.
        restore_best_weights: whether the best weights come back at the end.

    Raises:
        ValueError: for a negative `patience`, or while training if there is no number of that name.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        patience: int = 0,
        min_delta: float = 0.0,
        restore_best_weights: bool = True,
    ) -> None:
        self.monitor = monitor
        self.patience = at_least(patience, 0, "patience")
        self.min_delta = abs(min_delta)
        self.restore_best_weights = restore_best_weights

    def on_train_begin(self, training: Training) -> None:
        """Forget what was seen in another training."""
        self.best, self.best_epoch = np.inf, -1
        self.best_weights = training.network.flat_weights.copy()

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """Compare with the best so far."""
        if self.monitor not in logs:
            raise ValueError(f"there is no {self.monitor!r} to watch, expected one of {', '.join(logs)}.")
        sign = 1 if self.monitor.removeprefix("val_").endswith("loss") else -1
        epoch, value = training.history.epoch[-1], sign * logs[self.monitor]
        if value < self.best - self.min_delta:
            self.best, self.best_epoch = value, epoch
            self.best_weights = training.network.flat_weights.copy()
        elif epoch - self.best_epoch >= self.patience:
            training.stop = f"{self.monitor} has not improved since epoch {self.best_epoch + 1}"

    def on_train_end(self, training: Training) -> None:
        """Put the best weights back."""
        if self.restore_best_weights and self.best_epoch >= 0:
            training.network.flat_weights[...] = self.best_weights


class LearningRateDecay(Callback):
    """Multiply the learning rate by a factor after each epoch.

    Args:
        factor: 1 keeps the rate, 0.5 halves it.

    Raises:
        ValueError: for a factor that is not positive.
    """

    def __init__(self, factor: float) -> None:
        self.factor = positive(factor, "factor")

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """Keep this epoch's rate in the history, and set the next one's."""
        logs["learning_rate"] = training.optimizer.learning_rate
        training.optimizer.learning_rate *= self.factor


class ReduceOnPlateau(Callback):
    """Multiply the learning rate by a factor when a number has stopped falling.

    Args:
        monitor: the number's name in the history.
        factor: between 0 and 1.
        patience: how many epochs without improvement lower the rate, as in Keras; 0 is as good as 1.

    Raises:
        ValueError: for a factor outside 0 to 1, or a negative `patience`.
    """

    def __init__(self, monitor: str = "val_loss", *, factor: float = 0.1, patience: int = 10) -> None:
        if not 0 < factor < 1:
            raise ValueError(f"factor is {factor!r}, expected a number between 0 and 1.")
        self.monitor, self.factor = monitor, factor
        self.patience = at_least(patience, 0, "patience")

    def on_train_begin(self, training: Training) -> None:
        """Forget what was seen in another training."""
        self.best, self.waited = np.inf, 0

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """Compare with the best so far."""
        if self.monitor not in logs:
            raise ValueError(f"there is no {self.monitor!r} to watch, expected one of {', '.join(logs)}.")
        watched = logs[self.monitor]
        logs["learning_rate"] = training.optimizer.learning_rate
        self.best, self.waited = (watched, 0) if watched < self.best else (self.best, self.waited + 1)
        if self.waited >= max(self.patience, 1):
            training.optimizer.learning_rate *= self.factor
            self.waited = 0
