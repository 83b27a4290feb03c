"""What every recurrent cell shares: the run through time, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from course_utils.recurrent.arrays import Array, Mask, Seed, at_least, checked_dtype
from course_utils.recurrent.weights import Weighted, glorot_uniform, orthogonal

State = tuple[Array, ...]
"""What a cell remembers, each (batch, units): (h,), or (h, c) for the LSTM."""

Slopes = tuple[Array, ...]
"""The local derivatives of a step, each (batch, units); see each cell's `slopes`."""

Gates = TypeVar("Gates", bound=tuple[Array, ...])
"""What a step computed beside the state, by name."""


@dataclass(slots=True)
class Run(Generic[Gates]):
    """One run of a cell over a batch of sequences: all that the way back needs."""

    inputs: Array
    """(time, batch, features)"""
    mask: Mask | None
    """(time, batch, 1), or None where every step is real."""
    states: State
    """Before the first step and after each step, each (1 + time, batch, units)."""
    gates: Gates
    """At each step, each (time, batch, units)."""

    @property
    def outputs(self) -> Array:
        """h after each step, (time, batch, units)."""
        return self.states[0][1:]

    @property
    def last(self) -> Array:
        """h after the last step, (batch, units)."""
        last: Array = self.states[0][-1]
        return last

    @property
    def final_state(self) -> State:
        """The state after the last step, each (batch, units)."""
        return tuple(array[-1] for array in self.states)

    @property
    def runs(self) -> list[Run[Gates]]:
        """The run of each of the layer's cells: only itself."""
        return [self]


@dataclass(slots=True)
class BackwardRun:
    """What a cell's run back through time gives; d_z stands for the gradient of the loss by z."""

    cell: Cell[Any]
    d_parts: Array
    """(time · batch, blocks · units), by the input's part of the weighted sums."""
    d_weights: dict[str, Array]
    """The sum over all steps and samples, by the weights' names and of their shapes."""
    d_states: list[State]
    """After each step, first step first: how the loss changes with the state there."""
    d_initial_state: State

    @property
    def d_inputs(self) -> Array:
        """(time, batch, features)"""
        d_inputs: Array = self.d_parts.dot(self.cell.W_x.T)
        return d_inputs.reshape(len(self.d_states), -1, self.cell.features)

    @property
    def runs(self) -> list[BackwardRun]:
        """The run of each of the layer's cells: only itself."""
        return [self]


class Cell(Weighted, ABC, Generic[Gates]):
    """A recurrent cell: the same weights at every step.

    Args:
        features: numbers a step that come in.
        units: size of the state.
        use_bias: whether b is added.
        seed: of the random weights; a generator is drawn from, None draws differently each time.
        dtype: of weights and states; float64 to check gradients, float32 to be fast.

    Raises:
        ValueError: if `features` or `units` is not a positive whole number, or `dtype` is neither
            float64 nor float32.
    """

    kind: ClassVar[str]
    """The name that `build_network` knows it by."""
    state_names: ClassVar[tuple[str, ...]] = ("h",)
    gate_names: ClassVar[tuple[str, ...]] = ()
    """Which of a step's `Gates` to look at."""
    blocks: ClassVar[int] = 1
    """Weight matrices side by side in W_x and in W_h."""
    weight_names: ClassVar[tuple[str, ...]] = ("W_x", "W_h", "b")

    W_x: Array
    """(features, blocks · units)"""
    W_h: Array
    """(units, blocks · units)"""
    b: Array
    """(blocks · units,); not there without bias."""

    def __init__(
        self,
        features: int,
        units: int,
        *,
        use_bias: bool = True,
        seed: Seed = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        self.features = at_least(features, 1, "features")
        self.units = at_least(units, 1, "units")
        self.dtype = checked_dtype(dtype)
        self.use_bias = bool(use_bias)
        draw = np.random.default_rng(seed)
        self.add_weight("W_x", glorot_uniform(draw, features, units, self.blocks).astype(self.dtype))
        self.add_weight("W_h", orthogonal(draw, units, self.blocks).astype(self.dtype))
        if use_bias:
            self.add_weight("b", np.zeros(self.blocks * units, self.dtype))

    @property
    def width(self) -> int:
        """Numbers a step that go out."""
        return self.units

    @property
    def cells(self) -> dict[str, Cell[Any]]:
        """The cells of this layer by name: only itself."""
        return {"": self}

    def initial_state(self, batch: int) -> State:
        """Nothing remembered: zeros, each (batch, units)."""
        return tuple(np.zeros((len(self.state_names), batch, self.units), self.dtype))

    def input_part(self, x: Array) -> Array:
        """What the input adds to the weighted sums: x W_x + b.

        Args:
            x: (…, features), one step or all of them.

        Returns:
            (…, blocks · units)
        """
        part: Array = x.reshape(-1, self.features).dot(self.W_x)
        if self.use_bias:
            part += self.b
        return part.reshape(*x.shape[:-1], -1)

    @abstractmethod
    def step(self, x_t: Array, state: State, input_part: Array | None = None) -> tuple[State, Gates]:
        """One step forward.

        Args:
            x_t: (batch, features), the input now.
            state: what is remembered from the step before, each (batch, units).
            input_part: (batch, blocks · units), x_t W_x + b where it is known already. This is for speed
                only: `forward` computes it for all steps in one product.

        Returns:
            state: the new one, each (batch, units).
            gates: what else was computed on the way, each (batch, units).
        """

    @abstractmethod
    def slopes(self, before: State, gates: Gates, after: State) -> Slopes:
        """The local derivatives of a step: all of the way back that does not depend on the loss.

        Args:
            before: the state before the step, each (batch, units).
            gates: what the step computed, each (batch, units).
            after: the state after the step, each (batch, units).

        Returns:
            each (batch, units), in the order that `backward_step` takes. With another axis in front, the
            steps of a whole run, all of this holds too.
        """

    @abstractmethod
    def backward_step(self, slopes: Slopes, d_state: State) -> tuple[Array, State]:
        """One step back: the chain rule.

        Args:
            slopes: of the step, each (batch, units).
            d_state: gradient of the loss by the state after the step, each (batch, units).

        Returns:
            d_part: (batch, blocks · units), gradient by the input's part of the weighted sums.
            d_before: gradient by the state before the step, each (batch, units).
        """

    def d_recurrent_weights(self, h_before: Array, gates: Gates, d_parts: Array) -> dict[str, Array]:
        """Gradients of the weights that multiply the state, summed over all steps and samples in one product.

        Args:
            h_before: (time · batch, units), h before each step.
            gates: at each step, each (time, batch, units).
            d_parts: (time · batch, blocks · units), from `backward_step`.

        Returns:
            by name.
        """
        return {"W_h": h_before.T.dot(d_parts)}

    def forward(self, inputs: Array, state: State | None = None, mask: Mask | None = None) -> Run[Gates]:
        """Read whole sequences, step by step, with the same weights.

        Args:
            inputs: (time, batch, features).
            state: what is remembered before the first step; None for nothing.
            mask: (time, batch, 1), false at padded steps, where the state stays as it is.

        Returns:
            every state, and every step's gates.
        """
        if state is None:
            state = self.initial_state(inputs.shape[1])
        states, gates = [state], []
        # For speed: one product for the inputs of all the steps. Only what depends on the state is left
        # for the loop.
        for t, part in enumerate(self.input_part(inputs)):
            new, gates_t = self.step(inputs[t], state, part)
            state = new if mask is None else _where(mask[t], new, state)
            states.append(state)
            gates.append(gates_t)
        return Run(inputs, mask, _over_time(states), type(gates[0])(*_over_time(gates)))

    def backward(
        self, run: Run[Gates], d_outputs: Array | None = None, d_last: Array | None = None
    ) -> BackwardRun:
        """Back-propagation through time: the steps in reverse, the weights' gradients summed.

        Args:
            run: what `forward` returned.
            d_outputs: (time, batch, units), gradient of the loss by h after each step, as the layer above
                or the head sees it; None for zeros.
            d_last: (batch, units), the same for the last step only, where nothing else is read.

        Returns:
            the gradients by inputs, weights and states.
        """
        d_state = self.initial_state(run.inputs.shape[1])  # zeros: nothing comes from beyond the last step
        if d_last is not None:
            d_state = (d_last, *d_state[1:])
        before, after = _each(run.states, slice(-1)), _each(run.states, slice(1, None))
        slopes = self.slopes(before, run.gates, after)  # for speed: of all the steps at once
        d_states: list[State] = []
        d_parts: list[Array] = []
        for t in range(len(run.inputs) - 1, -1, -1):
            if d_outputs is not None:
                d_state = (d_state[0] + d_outputs[t], *d_state[1:])
            d_states.append(d_state)
            if run.mask is None:
                d_part, d_state = self.backward_step(_each(slopes, t), d_state)
            else:
                # A padded step hands its state on unchanged, and so its gradient.
                real = run.mask[t]
                d_part, d_before = self.backward_step(_each(slopes, t), tuple([d * real for d in d_state]))
                d_state = tuple([d + ~real * d_old for d, d_old in zip(d_before, d_state, strict=True)])
            d_parts.append(d_part)
        d_parts.reverse()
        d_states.reverse()
        return self.summed(run, np.concatenate(d_parts), d_states, d_state)

    def summed(self, run: Run[Gates], d_parts: Array, d_states: list[State], d_initial: State) -> BackwardRun:
        """The weights' gradients, from those of the weighted sums.

        For speed, one product for each matrix, over all the steps and samples at once.

        Args:
            run: what `forward` returned.
            d_parts: (time · batch, blocks · units), from each `backward_step`, first step first.
            d_states: gradient of the loss by the state after each step, first step first.
            d_initial: the same before the first step.

        Returns:
            all of it.
        """
        h_before = run.states[0][:-1].reshape(-1, self.units)  # (time · batch, units)
        d_weights = {"W_x": run.inputs.reshape(-1, self.features).T.dot(d_parts)}
        d_weights |= self.d_recurrent_weights(h_before, run.gates, d_parts)
        if self.use_bias:
            d_weights["b"] = d_parts.sum(axis=0)
        return BackwardRun(self, d_parts, d_weights, d_states, d_initial)


def _each(arrays: tuple[Array, ...], chosen: int | slice) -> tuple[Array, ...]:
    """The same steps of several arrays."""
    return tuple([array[chosen] for array in arrays])


def _where(real: Mask, new: State, old: State) -> State:
    """The new state where the step is real, the old one where it is padding."""
    return tuple([np.where(real, after, before) for after, before in zip(new, old, strict=True)])


def _over_time(steps: Sequence[tuple[Array, ...]]) -> tuple[Array, ...]:
    """From a tuple a step to one array a name, (time, …)."""
    # Several times faster than np.stack for small arrays.
    return tuple(
        [np.concatenate(arrays).reshape(len(arrays), *arrays[0].shape) for arrays in zip(*steps, strict=True)]
    )
