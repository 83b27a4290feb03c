"""The simple recurrent cell of Elman (1990)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from course_utils.recurrent.activations import activation_named
from course_utils.recurrent.arrays import Array, Seed
from course_utils.recurrent.cell import Cell, Slopes, State


class SimpleRNN(Cell[tuple[()]]):
    """h_t = f(x_t W_x + h_{t−1} W_h + b), with f = tanh unless said otherwise.

    Args:
        features: numbers a step that come in.
        units: size of the state.
        activation: f, a name from `ACTIVATIONS`.
        use_bias: whether b is added.
        seed: of the random weights.
        dtype: of weights and states.

    Raises:
        ValueError: for a size that is not a positive whole number, or an unknown activation.
    """

    kind = "simple_rnn"

    def __init__(
        self,
        features: int,
        units: int,
        *,
        activation: str = "tanh",
        use_bias: bool = True,
        seed: Seed = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        self.activation = activation_named(activation)
        super().__init__(features, units, use_bias=use_bias, seed=seed, dtype=dtype)

    def step(self, x_t: Array, state: State, input_part: Array | None = None) -> tuple[State, tuple[()]]:
        """See `Cell.step`."""
        (h_before,) = state
        part = self.input_part(x_t) if input_part is None else input_part
        a = h_before.dot(self.W_h)
        a += part  # (batch, units), in place
        return (self.activation.function(a),), ()

    def slopes(self, before: State, gates: tuple[()], after: State) -> Slopes:
        """f'(a), from h_t = f(a); see `Cell.slopes`."""
        (h,) = after
        return (self.activation.slope(h),)

    def backward_step(self, slopes: Slopes, d_state: State) -> tuple[Array, State]:
        """See `Cell.backward_step`."""
        (slope,), (d_h,) = slopes, d_state
        d_a = d_h * slope  # (batch, units): through f
        d_h_before = d_a.dot(self.W_h.T)  # (batch, units): through W_h
        return d_a, (d_h_before,)
