"""Is the gradient right? Every weight is moved a little, and the loss is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from course_utils.recurrent.network import Batch, Network


@dataclass(frozen=True)
class GradientCheck:
    """How far back-propagation and finite differences are apart."""

    error: float
    """The largest relative error of any weight."""
    weight: str
    """Which weight that is, such as `lstm_1.W_h[3, 7]`."""
    analytic: float
    """Its gradient by back-propagation through time."""
    numeric: float
    """Its gradient by finite differences."""
    by_weight: dict[str, float]
    """The largest relative error in each of the network's weights."""

    def __str__(self) -> str:
        return (
            f"worst weight {self.weight}: {self.analytic:.9g} by back-propagation, {self.numeric:.9g} by finite "
            f"differences, relative error {self.error:.1e}"
        )


def gradient_check(network: Network, batch: Batch, *, step: float = 1e-3) -> GradientCheck:
    """Compare the gradient of every weight with finite differences of the loss.

    Each derivative is taken from four points around the weight, which leaves an error of the order of the step to
    the power of four. The relative error of a weight is the difference over the larger of the two gradients; for
    gradients under a ten-thousandth of the largest one, over that, since a difference cannot be more exact than
    the loss that it is taken from.

    Args:
        network: float64; its weights are put back afterwards.
        batch: from `Network.batch`; a few short sequences will do, since each weight costs four runs.
        step: how far a weight is moved.

    Returns:
        the worst weight, by name.

    Raises:
        ValueError: for a network in float32, which is too coarse to tell.
    """
    if network.dtype != np.float64:
        raise ValueError(
            f"the network computes in {network.dtype}, expected float64: differences need the digits."
        )
    analytic, weights = network.gradients(batch).flat, network.flat_weights
    numeric = np.empty_like(analytic)
    kept = weights.copy()
    for place, value in enumerate(kept):
        losses = []
        for steps in (-2, -1, 1, 2):
            weights[place] = value + steps * step
            losses.append(network.loss(batch))
        weights[place] = value
        numeric[place] = (losses[0] - 8 * losses[1] + 8 * losses[2] - losses[3]) / (12 * step)
    size = np.maximum(np.abs(analytic), np.abs(numeric))
    error = np.abs(analytic - numeric) / np.maximum(size, max(1e-4 * float(size.max()), 1e-12))
    worst = int(np.argmax(error))
    by_weight = {name: float(errors.max()) for name, errors in network.named(error).items()}
    name = max(by_weight, key=lambda name: by_weight[name])
    where = np.unravel_index(int(network.named(error)[name].argmax()), network.weights[name].shape)
    return GradientCheck(
        float(error[worst]),
        f"{name}[{', '.join(str(int(axis)) for axis in where)}]",
        float(analytic[worst]),
        float(numeric[worst]),
        by_weight,
    )
