"""A log of a training that also says how large the gradient is, and how much of it reaches the first step."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from course_utils.recurrent.callbacks import Callback, Training


class GradientLog(Callback):
    """Measure a network before its training and after each epoch.

    Args:
        training: inputs and targets that are learnt from, or some of them.
        validation: inputs and targets that are not.

    Attributes:
        history: four lists of equal length, their first number measured before the first update. `loss` and
            `val_loss` are measured at the end of an epoch, not as the batches go by. `gradient_norm` is the norm of
            the gradient by all weights, over all of `training`. `far_share` is the norm of dL/dh after the first
            step over that after the last step, in the lowest layer: the median over the sequences.
    """

    def __init__(
        self,
        training: tuple[npt.ArrayLike, npt.ArrayLike],
        validation: tuple[npt.ArrayLike, npt.ArrayLike],
    ) -> None:
        self.training, self.validation = training, validation
        self.history: dict[str, list[float]] = {
            name: [] for name in ("loss", "val_loss", "gradient_norm", "far_share")
        }

    def on_train_begin(self, training: Training) -> None:
        """Forget another training, and measure the start of this one."""
        for numbers in self.history.values():
            numbers.clear()
        self._measure(training)

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """Measure again."""
        self._measure(training)

    def _measure(self, training: Training) -> None:
        network = training.network
        with np.errstate(over="ignore", invalid="ignore"):  # what explodes is written down, not warned about
            found = network.gradients(network.batch(*self.training))
            val_loss = network.loss(network.batch(*self.validation))
            d_states = found.backward_runs[0].d_states
            first, last = (np.linalg.norm(d_states[step][0], axis=1) for step in (0, -1))  # (batch,)
            row = {
                "loss": found.loss,
                "val_loss": val_loss,
                "gradient_norm": np.linalg.norm(found.flat),
                "far_share": np.median(first / last),
            }
        for name, number in row.items():
            self.history[name].append(float(number))
