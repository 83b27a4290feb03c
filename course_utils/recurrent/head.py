"""The dense layer at the end of a network, and what its answers cost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from course_utils.recurrent.activations import ACTIVATIONS, softmax
from course_utils.recurrent.arrays import Array, Mask, Seed, at_least, checked_dtype
from course_utils.recurrent.weights import Weighted, glorot_uniform

LOSSES = {
    "sigmoid": ("binary_crossentropy", "squared_error", "half_squared_error"),
    "softmax": ("categorical_crossentropy",),
    **{name: ("squared_error", "half_squared_error") for name in ACTIVATIONS if name != "sigmoid"},
}
"""The losses that go with each activation of the head; the first is the usual one."""

REDUCTIONS = ("mean", "sum")


class Dense(Weighted):
    """y = f(h W_y + b_y), and a loss that says how far y is from the target.

    ===================  ==========================================  =======================
    activation           loss                                        gradient by h W_y + b_y
    ===================  ==========================================  =======================
    ``sigmoid``          binary cross-entropy                        y − target
    ``softmax``          categorical cross-entropy                   y − target
    ``linear``           squared error, (y − target)²                2 (y − target)
    any but ``softmax``  ``half_squared_error``, ½ (y − target)²     (y − target) f'
    ===================  ==========================================  =======================

    Args:
        features: numbers that come in, the width of the layer below.
        outputs: numbers that go out.
        activation: f, `softmax` or a name from `ACTIVATIONS`.
        loss: a name from `LOSSES`; None for the usual one.
        reduction: `mean` over all answers, as in Keras, or `sum`.
        use_bias: whether b_y is added.
        seed: of the random weights.
        dtype: of the weights.

    Raises:
        ValueError: for a size that is not a positive whole number, an unknown name, another dtype, or a loss that
            does not go with the activation.
    """

    weight_names = ("W_y", "b_y")

    W_y: Array
    """(features, outputs)"""
    b_y: Array
    """(outputs,); not there without bias."""

    def __init__(
        self,
        features: int,
        outputs: int,
        activation: str = "linear",
        *,
        loss: str | None = None,
        reduction: str = "mean",
        use_bias: bool = True,
        seed: Seed = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        self.features = at_least(features, 1, "features")
        self.outputs = at_least(outputs, 1, "outputs")
        if activation not in LOSSES:
            raise ValueError(f"there is no head {activation!r}, expected one of {', '.join(LOSSES)}.")
        if loss is not None and loss not in LOSSES[activation]:
            raise ValueError(
                f"loss {loss!r} does not go with {activation}, expected one of {', '.join(LOSSES[activation])}."
            )
        if reduction not in REDUCTIONS:
            raise ValueError(f"reduction is {reduction!r}, expected one of {', '.join(REDUCTIONS)}.")
        if activation == "softmax" and outputs < 2:
            raise ValueError("softmax over 1 output is always 1, expected at least 2 outputs (or sigmoid).")
        self.activation = activation
        self.loss = loss or LOSSES[activation][0]
        self.reduction = reduction
        self.dtype = checked_dtype(dtype)
        self.use_bias = bool(use_bias)
        draw = np.random.default_rng(seed)
        self.add_weight("W_y", glorot_uniform(draw, features, outputs).astype(self.dtype))
        if use_bias:
            self.add_weight("b_y", np.zeros(outputs, self.dtype))

    def weighted_sums(self, h: Array) -> Array:
        """h W_y + b_y.

        Args:
            h: (…, features).

        Returns:
            (…, outputs)
        """
        a: Array = h.reshape(-1, self.features).dot(self.W_y)
        if self.use_bias:
            a += self.b_y
        return a.reshape(*h.shape[:-1], self.outputs)

    def answers(self, a: Array) -> Array:
        """y = f(a), of a's shape, (…, outputs)."""
        return softmax(a) if self.activation == "softmax" else ACTIVATIONS[self.activation](a)

    def loss_gradient(self, a: Array, y: Array, targets: Array, weights: Mask | None) -> tuple[float, Array]:
        """The loss of a batch, and how it changes with the weighted sums.

        Args:
            a: (…, outputs), the weighted sums.
            y: (…, outputs), the answers.
            targets: (…, outputs).
            weights: (…, 1) of booleans, which answers count; None for all.

        Returns:
            loss: the mean or the sum of what each answer that counts costs.
            d_a: (…, outputs).
        """
        error = y - targets
        if weights is not None:
            error *= weights
        answers = error.size if weights is None else int(np.count_nonzero(weights)) * self.outputs
        if self.loss == "binary_crossentropy":
            # −t log y − (1 − t) log(1 − y), from a, so that no logarithm of zero is taken.
            costs = np.maximum(a, 0.0) - a * targets + np.log1p(np.exp(-np.abs(a)))
            loss, d_a = _total(costs, weights), error
        elif self.loss == "categorical_crossentropy":
            shifted = a - a.max(axis=-1, keepdims=True)
            log_y = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
            loss, d_a = -_total(targets * log_y, weights), error
            answers //= self.outputs  # all outputs together are one answer
        else:
            flat = error.ravel()
            loss = float(flat.dot(flat))  # the sum of the squares
            if self.loss == "half_squared_error":
                loss, d_a = 0.5 * loss, error
            else:
                d_a = 2.0 * error
            if self.activation != "linear":
                d_a = d_a * ACTIVATIONS[self.activation].slope(y)
        if self.reduction == "sum":
            return loss, d_a
        share = 1.0 / max(answers, 1)
        return loss * share, d_a * share

    def d_weights(self, h: Array, d_a: Array) -> dict[str, Array]:
        """Gradients by the weights, summed over all answers.

        Args:
            h: (…, features), what came in.
            d_a: (…, outputs), from `loss_gradient`.

        Returns:
            by name, of the weights' shapes.
        """
        flat = d_a.reshape(-1, self.outputs)
        gradients = {"W_y": h.reshape(-1, self.features).T.dot(flat)}
        if self.use_bias:
            gradients["b_y"] = flat.sum(axis=0)
        return gradients

    def d_inputs(self, d_a: Array) -> Array:
        """Gradient by what came in: (…, features) for d_a of shape (…, outputs)."""
        d_h: Array = d_a.reshape(-1, self.outputs).dot(self.W_y.T)
        return d_h.reshape(*d_a.shape[:-1], self.features)


def _total(costs: Array, weights: Mask | None) -> float:
    """The sum over all answers that count."""
    return float((costs if weights is None else costs * weights).sum())
