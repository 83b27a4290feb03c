"""The long short-term memory cell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from course_utils.recurrent.activations import sigmoid, sigmoid_slope, tanh_slope
from course_utils.recurrent.arrays import Array, Seed
from course_utils.recurrent.cell import Cell, Slopes, State


class LSTMGates(NamedTuple):
    """What one step computed beside the state, each (batch, units)."""

    input: Array
    """The input gate i, from 0 (write nothing) to 1 (write the whole candidate)."""
    forget: Array
    """The forget gate f, from 0 (forget everything) to 1 (keep everything)."""
    candidate: Array
    """The candidate c̃, from −1 to 1: what could be written."""
    output: Array
    """The output gate o, from 0 (show nothing) to 1 (show the whole cell)."""
    tanh_c: Array
    """tanh(c), which the output gate shows."""


class LSTM(Cell[LSTMGates]):
    """Three gates around a cell state (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).

    ::

        i_t = sigmoid(x_t W_xi + h_{t−1} W_hi + b_i)      input gate
        f_t = sigmoid(x_t W_xf + h_{t−1} W_hf + b_f)      forget gate
        c̃_t = tanh(x_t W_xc + h_{t−1} W_hc + b_c)         candidate
        o_t = sigmoid(x_t W_xo + h_{t−1} W_ho + b_o)      output gate
        c_t = f_t c_{t−1} + i_t c̃_t                       cell state
        h_t = o_t tanh(c_t)                               hidden state

    The four matrices lie side by side in W_x, W_h and b, in the order i, f, c̃, o, which is also Keras's.

    Args:
        features: numbers a step that come in.
        units: size of h and of c.
        use_bias: whether b is added.
        forget_bias: where b_f begins. At 1 a new cell remembers (Jozefowicz, Zaremba & Sutskever 2015).
        seed: of the random weights.
        dtype: of weights and states.

    Raises:
        ValueError: for a size that is not a positive whole number.
    """

    kind = "lstm"
    state_names = ("h", "c")
    gate_names = ("input", "forget", "candidate", "output")
    blocks = 4

    def __init__(
        self,
        features: int,
        units: int,
        *,
        use_bias: bool = True,
        forget_bias: float = 1.0,
        seed: Seed = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__(features, units, use_bias=use_bias, seed=seed, dtype=dtype)
        if use_bias:
            self.b[units : 2 * units] = forget_bias

    def step(self, x_t: Array, state: State, input_part: Array | None = None) -> tuple[State, LSTMGates]:
        """See `Cell.step`."""
        h_before, c_before = state  # each (batch, units)
        part = self.input_part(x_t) if input_part is None else input_part
        a = h_before.dot(self.W_h)
        a += part  # (batch, 4 · units): the four weighted sums side by side, in place

        n = self.units
        i = sigmoid(a[:, :n])
        f = sigmoid(a[:, n : 2 * n])
        candidate = np.tanh(a[:, 2 * n : 3 * n])
        o = sigmoid(a[:, 3 * n :])

        c = f * c_before + i * candidate
        tanh_c = np.tanh(c)
        h = o * tanh_c
        return (h, c), LSTMGates(i, f, candidate, o, tanh_c)

    def slopes(self, before: State, gates: LSTMGates, after: State) -> Slopes:
        """How c_t changes with the sums of i, f and c̃, then h_t with that of o, h_t with c_t, c_t with c_{t−1}."""
        _, c_before = before
        return (
            gates.candidate * sigmoid_slope(gates.input),
            c_before * sigmoid_slope(gates.forget),
            gates.input * tanh_slope(gates.candidate),
            gates.tanh_c * sigmoid_slope(gates.output),
            gates.output * tanh_slope(gates.tanh_c),
            gates.forget,
        )

    def backward_step(self, slopes: Slopes, d_state: State) -> tuple[Array, State]:
        """See `Cell.backward_step`."""
        c_by_i, c_by_f, c_by_candidate, h_by_o, h_by_c, c_by_before = slopes  # each (batch, units)
        d_h, d_c = d_state  # each (batch, units)
        d_c = d_c + d_h * h_by_c  # c reaches the loss along the cell state, and through h
        d_a = np.concatenate([d_c * c_by_i, d_c * c_by_f, d_c * c_by_candidate, d_h * h_by_o], axis=1)
        d_h_before = d_a.dot(self.W_h.T)  # (batch, units): through all four weighted sums
        d_c_before = d_c * c_by_before  # (batch, units): the forget gate, and no weight
        return d_a, (d_h_before, d_c_before)
