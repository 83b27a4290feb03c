"""The gated recurrent unit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from course_utils.recurrent.activations import sigmoid, sigmoid_slope, tanh_slope
from course_utils.recurrent.arrays import Array, Seed
from course_utils.recurrent.cell import Cell, Slopes, State


class GRUGates(NamedTuple):
    """What one step computed beside the state, each (batch, units)."""

    update: Array
    """The update gate z, from 0 (take the candidate) to 1 (keep the state)."""
    reset: Array
    """The reset gate r, from 0 (the candidate ignores the state) to 1 (it sees all of it)."""
    candidate: Array
    """The candidate h̃, from −1 to 1."""
    recall: Array
    """What the state adds to the candidate's weighted sum, before the reset gate (with `reset_after`)."""


class GRU(Cell[GRUGates]):
    """Two gates and no cell state (Cho et al. 2014).

    ::

        z_t = sigmoid(x_t W_xz + h_{t−1} W_hz + b_z)      update gate
        r_t = sigmoid(x_t W_xr + h_{t−1} W_hr + b_r)      reset gate
        h̃_t = tanh(x_t W_xh + (r_t h_{t−1}) W_hh + b_h)   candidate
        h_t = z_t h_{t−1} + (1 − z_t) h̃_t                 state

    With `reset_after` the reset gate acts after the product, as in Keras, so that one product serves all
    three: h̃_t = tanh(x_t W_xh + b_h + r_t (h_{t−1} W_hh + b_hh)).

    Chung et al. (2014) and the R package `rnn` let z stand for its opposite, h_t = (1 − z_t) h_{t−1} + z_t h̃_t.

    The three matrices lie side by side in W_x, W_h and b, in the order z, r, h̃, which is also Keras's.

    Args:
        features: numbers a step that come in.
        units: size of the state.
        reset_after: where the reset gate acts; with it the state's products have a bias b_h of their own.
        use_bias: whether b (and b_h) is added.
        update_bias: where b_z begins. Above 0 a new cell keeps, as an LSTM does with its forget bias.
        seed: of the random weights.
        dtype: of weights and states.

    Raises:
        ValueError: for a size that is not a positive whole number.
    """

    kind = "gru"
    gate_names = ("update", "reset", "candidate")
    blocks = 3
    weight_names = ("W_x", "W_h", "b_h", "b")

    b_h: Array
    """(3 · units,), added to h_{t−1} W_h; only with `reset_after` and bias."""

    def __init__(
        self,
        features: int,
        units: int,
        *,
        reset_after: bool = False,
        use_bias: bool = True,
        update_bias: float = 0.0,
        seed: Seed = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__(features, units, use_bias=use_bias, seed=seed, dtype=dtype)
        self.reset_after = bool(reset_after)
        if use_bias:
            self.b[:units] = update_bias
        if use_bias and reset_after:
            self.add_weight("b_h", np.zeros(3 * units, self.dtype))

    def step(self, x_t: Array, state: State, input_part: Array | None = None) -> tuple[State, GRUGates]:
        """See `Cell.step`."""
        (h_before,) = state  # (batch, units)
        part = self.input_part(x_t) if input_part is None else input_part
        n = self.units
        if self.reset_after:
            h_part = h_before.dot(self.W_h)  # (batch, 3 · units): one product for all three
            if self.use_bias:
                h_part += self.b_h
            recall = h_part[:, 2 * n :]
            gates = sigmoid(part[:, : 2 * n] + h_part[:, : 2 * n])  # (batch, 2 · units)
            z, r = gates[:, :n], gates[:, n:]
            candidate = np.tanh(part[:, 2 * n :] + r * recall)
        else:
            gates = sigmoid(part[:, : 2 * n] + h_before.dot(self.W_h[:, : 2 * n]))  # (batch, 2 · units)
            z, r = gates[:, :n], gates[:, n:]
            recall = (r * h_before).dot(self.W_h[:, 2 * n :])
            candidate = np.tanh(part[:, 2 * n :] + recall)
        h = z * h_before + (1.0 - z) * candidate
        return (h,), GRUGates(z, r, candidate, recall)

    def slopes(self, before: State, gates: GRUGates, after: State) -> Slopes:
        """How h_t changes with the sums of z and h̃, its candidate's sum with that of r; then r, and z.

        Before the reset gate the state counts, after it (`reset_after`) what the state recalls.
        """
        (h_before,) = before
        seen = gates.recall if self.reset_after else h_before
        return (
            (h_before - gates.candidate) * sigmoid_slope(gates.update),
            (1.0 - gates.update) * tanh_slope(gates.candidate),
            seen * sigmoid_slope(gates.reset),
            gates.reset,
            gates.update,
        )

    def backward_step(self, slopes: Slopes, d_state: State) -> tuple[Array, State]:
        """See `Cell.backward_step`."""
        h_by_z, h_by_candidate, recall_by_r, reset, h_by_before = slopes  # each (batch, units)
        (d_h,) = d_state  # (batch, units)
        d_z = d_h * h_by_z
        d_candidate = d_h * h_by_candidate
        n = self.units
        if self.reset_after:
            d_a = np.concatenate([d_z, d_candidate * recall_by_r, d_candidate], axis=1)  # (batch, 3 · units)
            d_h_before = self._through_reset(reset, d_a).dot(self.W_h.T)
        else:
            d_seen = d_candidate.dot(self.W_h[:, 2 * n :].T)  # by r_t h_{t−1}, (batch, units)
            d_a = np.concatenate([d_z, d_seen * recall_by_r, d_candidate], axis=1)  # (batch, 3 · units)
            d_h_before = d_a[:, : 2 * n].dot(self.W_h[:, : 2 * n].T) + d_seen * reset
        d_h_before += d_h * h_by_before  # what was kept
        return d_a, (d_h_before,)

    def d_recurrent_weights(self, h_before: Array, gates: GRUGates, d_parts: Array) -> dict[str, Array]:
        """See `Cell.d_recurrent_weights`: the candidate's product has the reset gate before or after it."""
        n = self.units
        reset = gates.reset.reshape(-1, n)  # (time · batch, units)
        if not self.reset_after:
            by_gates = h_before.T.dot(d_parts[:, : 2 * n])
            by_candidate = (reset * h_before).T.dot(d_parts[:, 2 * n :])
            return {"W_h": np.concatenate([by_gates, by_candidate], axis=1)}
        d_h_parts = self._through_reset(reset, d_parts)
        gradients = {"W_h": h_before.T.dot(d_h_parts)}
        if self.use_bias:
            gradients["b_h"] = d_h_parts.sum(axis=0)
        return gradients

    def _through_reset(self, reset: Array, d_a: Array) -> Array:
        """Gradient by h_{t−1} W_h + b_h, of d_a's shape: the candidate's part went through the reset gate."""
        n = self.units
        return np.concatenate([d_a[:, : 2 * n], d_a[:, 2 * n :] * reset], axis=1)
