"""The simple recurrent cell of Elman (1990)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from course_utils.recurrent.activations import activation_named
from course_utils.recurrent.arrays import Array, Mask, Seed
from course_utils.recurrent.cell import BackwardRun, Cell, Run, Slopes, State


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

    def forward(self, inputs: Array, state: State | None = None, mask: Mask | None = None) -> Run[tuple[()]]:
        """See `Cell.forward`.

        For speed only, the same steps again without the room for gates and masks: a network this small spends most
        of its time between the products, in Python. A class made from this one takes the plain way.
        """
        if mask is not None or type(self) is not SimpleRNN:
            return super().forward(inputs, state, mask)
        states = np.empty((len(inputs) + 1, inputs.shape[1], self.units), self.dtype)
        states[0] = 0.0 if state is None else state[0]
        h, f, W_h = states[0], self.activation.function, self.W_h
        for t, part in enumerate(self.input_part(inputs), start=1):
            a = h.dot(W_h)
            a += part
            states[t] = h = f(a)
        return Run(inputs, None, (states,), ())

    def backward(
        self, run: Run[tuple[()]], d_outputs: Array | None = None, d_last: Array | None = None
    ) -> BackwardRun:
        """See `Cell.backward`; for speed only, as in `forward`."""
        if run.mask is not None or type(self) is not SimpleRNN:
            return super().backward(run, d_outputs, d_last)
        time, batch, _ = run.inputs.shape
        slopes = self.activation.slope(run.states[0][1:])  # (time, batch, units)
        d_parts = np.empty((time, batch, self.units), self.dtype)
        d_h = np.zeros((batch, self.units), self.dtype) if d_last is None else d_last
        d_states: list[State] = []
        W_h_transposed = self.W_h.T
        for t in range(time - 1, -1, -1):
            if d_outputs is not None:
                d_h = d_h + d_outputs[t]
            d_states.append((d_h,))
            d_parts[t] = d_a = d_h * slopes[t]
            d_h = d_a.dot(W_h_transposed)
        d_states.reverse()
        return self.summed(run, d_parts.reshape(-1, self.units), d_states, (d_h,))
