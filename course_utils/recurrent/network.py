"""Networks: layers of cells, one above the other, and a head."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from course_utils.recurrent.arrays import (
    Array,
    Mask,
    Seed,
    as_array,
    at_least,
    checked_inputs,
    checked_mask,
    checked_targets,
)
from course_utils.recurrent.bidirectional import Bidirectional
from course_utils.recurrent.cell import Cell, State
from course_utils.recurrent.gru import GRU
from course_utils.recurrent.head import Dense
from course_utils.recurrent.lstm import LSTM
from course_utils.recurrent.simple_rnn import SimpleRNN

Layer: TypeAlias = Cell[Any] | Bidirectional

CELLS: dict[str, type[Cell[Any]]] = {cell.kind: cell for cell in (SimpleRNN, LSTM, GRU)}
"""By name."""


@dataclass(slots=True)
class Batch:
    """Sequences and what they should give, in the engine's order: time first."""

    inputs: Array
    """(time, batch, features)"""
    targets: Array
    """(time, batch, outputs), or (batch, outputs) where only the last step is read."""
    mask: Mask | None = None
    """(time, batch, 1), false at padded steps."""
    counts: Mask | None = None
    """Which answers count, (time, batch, 1) or (batch, 1); None for all."""

    def __len__(self) -> int:
        """Samples."""
        return int(self.inputs.shape[1])

    @property
    def answers(self) -> int:
        """How many answers of the head count."""
        return (
            int(np.prod(self.targets.shape[:-1]))
            if self.counts is None
            else int(np.count_nonzero(self.counts))
        )

    def samples(self, chosen: npt.NDArray[np.int64]) -> Batch:
        """Some of the samples, by their numbers."""
        over = self.targets.ndim - 2  # the axis of the samples: 1 after the steps, else 0
        return Batch(
            self.inputs.take(chosen, 1),
            self.targets.take(chosen, over),
            None if self.mask is None else self.mask.take(chosen, 1),
            None if self.counts is None else self.counts.take(chosen, over),
        )

    def window(self, begin: int, end: int) -> Batch:
        """Some of the steps; targets that are not by step stay as they are."""
        return Batch(
            self.inputs[begin:end],
            self.targets[begin:end] if self.targets.ndim == 3 else self.targets,
            None if self.mask is None else self.mask[begin:end],
            None if self.counts is None else self.counts[begin:end],
        )


@dataclass(slots=True)
class Gradients:
    """What one run forward and back gives."""

    loss: float
    outputs: Array
    """The answers, (time, batch, outputs) or (batch, outputs)."""
    flat: Array
    """Gradient by all weights, in the order of `Network.flat_weights`."""
    runs: list[Any]
    """Of each layer: its run forward, the lowest first."""
    backward_runs: list[Any]
    """Of each layer: its run back, the lowest first."""

    @property
    def d_inputs(self) -> Array:
        """(time, batch, features)"""
        d_inputs: Array = self.backward_runs[0].d_inputs
        return d_inputs

    @property
    def final_state(self) -> list[State]:
        """Of each layer after the last step, to carry on from; not with a bidirectional layer."""
        return [run.final_state for run in self.runs]


class Network:
    """A stack of recurrent layers and a dense head.

    Args:
        layers: cells or `Bidirectional` pairs, the lowest first; each reads what the one below gives out.
        head: reads the last layer.
        every_step: whether the head answers at every step, or after the last only.

    Raises:
        ValueError: if there is no layer, one stands there twice or in another network, or sizes or dtypes do not
            fit.
    """

    def __init__(self, layers: Sequence[Layer], head: Dense, *, every_step: bool = False) -> None:
        if not layers:
            raise ValueError("layers is empty, expected at least one cell.")
        self.layers = list(layers)
        self.head = head
        self.every_step = bool(every_step)
        parts: list[Layer | Dense] = [*self.layers, head]
        for below, above in zip(self.layers, parts[1:], strict=True):
            if above.features != below.width:
                raise ValueError(
                    f"{type(above).__name__} reads {above.features} features, expected {below.width}: "
                    f"that is what the {type(below).__name__} below gives out."
                )
        dtypes = {part.dtype for part in parts}
        if len(dtypes) > 1:
            raise ValueError(f"layers and head have dtypes {sorted(map(str, dtypes))}, expected one.")
        owners = [id(cell) for cell in self.cells.values()]
        if len(set(owners)) < len(owners):
            raise ValueError("the same cell stands in the network twice, expected one object a place.")
        for name, owner in self._owners().items():
            if any(isinstance(weight.base, np.ndarray) for weight in owner.weights.values()):
                raise ValueError(f"{name} is part of another network: give this one copy.deepcopy of it.")
        self._gather_weights()

    @property
    def features(self) -> int:
        """Numbers a step that come in."""
        return self.layers[0].features

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of weights, states and answers."""
        return self.head.dtype

    @property
    def cells(self) -> dict[str, Cell[Any]]:
        """Every cell by its name, `lstm_1` or `lstm_1.forward`, the lowest first."""
        return {
            _cell_name(layer, number, part): cell
            for number, layer in enumerate(self.layers, start=1)
            for part, cell in layer.cells.items()
        }

    @property
    def weights(self) -> dict[str, Array]:
        """Every weight by its name, such as `lstm_1.W_h` and `head.W_y`: the arrays themselves."""
        return {
            f"{name}.{weight}": array
            for name, owner in self._owners().items()
            for weight, array in owner.weights.items()
        }

    @property
    def flat_weights(self) -> Array:
        """All weights in one long array, which every cell's weights are views of.

        For speed: an optimizer then makes one operation where it would make one for each weight.
        """
        return self._flat

    def summary(self) -> str:
        """A line for each weight: name, shape, numbers; and the total."""
        rows = [(name, str(weight.shape), weight.size) for name, weight in self.weights.items()]
        wide = max(len(name) for name, _, _ in rows)
        lines = [f"{name:{wide}}  {shape:>12}  {size:>9,}" for name, shape, size in rows]
        return "\n".join([*lines, f"{'total':{wide}}  {'':>12}  {self._flat.size:>9,}"])

    def __repr__(self) -> str:
        inner = ", ".join(
            f"{type(layer).__name__}({layer.features} → {layer.width})" for layer in self.layers
        )
        reads = "every step" if self.every_step else "last step"
        return f"Network({inner}, {self.head.activation}({self.head.outputs}) at {reads}; {self._flat.size:,} weights)"

    def initial_state(self, batch: int) -> list[State]:
        """Nothing remembered: for each layer its state, each (batch, units).

        Raises:
            ValueError: with a bidirectional layer, which has no state to carry.
        """
        return [cell.initial_state(at_least(batch, 1, "batch")) for cell in self._one_way_cells()]

    def step(self, x_t: npt.ArrayLike, state: list[State] | None = None) -> tuple[Array, list[State]]:
        """Read one step and answer, for text that writes itself or a series that comes in.

        Args:
            x_t: (batch, features).
            state: of each layer, from the step before; None for nothing.

        Returns:
            outputs: (batch, outputs).
            state: of each layer, for the step after.

        Raises:
            ValueError: for another shape, or with a bidirectional layer.
        """
        given = as_array(x_t, "x_t")
        if given.ndim != 2:
            raise ValueError(
                f"x_t has shape {given.shape}, expected (batch, features): one step of each sample."
            )
        h = checked_inputs(given[:, np.newaxis], self.features, self.dtype)[0]
        old = self.initial_state(len(h)) if state is None else self._checked_state(state, len(h))
        new: list[State] = []
        for cell, before in zip(self._one_way_cells(), old, strict=True):
            new.append(cell.step(h, before)[0])
            h = new[-1][0]
        return self.head.answers(self.head.weighted_sums(h)), new

    def predict(
        self,
        inputs: npt.ArrayLike,
        *,
        mask: npt.ArrayLike | None = None,
        state: list[State] | None = None,
        batch_size: int = 256,
    ) -> Array:
        """The network's answers.

        Args:
            inputs: (batch, time, features).
            mask: (batch, time), false at padded steps.
            state: of each layer, to carry on from; None for nothing.
            batch_size: samples at a time, to save memory.

        Returns:
            (batch, time, outputs) where the head reads every step, else (batch, outputs).

        Raises:
            ValueError: for another shape, or a value that is not finite.
        """
        x = checked_inputs(inputs, self.features, self.dtype)
        m = checked_mask(mask, x.shape[1], x.shape[0])
        before = None if state is None else self._checked_state(state, x.shape[1])
        answers = []
        for begin in range(0, x.shape[1], at_least(batch_size, 1, "batch_size")):
            part = slice(begin, begin + batch_size)
            runs = self._forward(
                x[:, part],
                None if before is None else [tuple(array[part] for array in layer) for layer in before],
                None if m is None else m[:, part],
            )
            answers.append(self.head.answers(self.head.weighted_sums(self._read(runs[-1]))))
        return (
            np.concatenate([y.swapaxes(0, 1) for y in answers])
            if self.every_step
            else np.concatenate(answers)
        )

    def trace(
        self, inputs: npt.ArrayLike, *, mask: npt.ArrayLike | None = None
    ) -> dict[str, dict[str, Array]]:
        """Everything that happens inside, to be looked at.

        Args:
            inputs: (batch, time, features).
            mask: (batch, time), false at padded steps; what is shown there is what the cell would have done.

        Returns:
            by cell, then by name (`h`, `c`, `forget`, …): (batch, time, units), first step first.

        Raises:
            ValueError: for another shape, or a value that is not finite.
        """
        x = checked_inputs(inputs, self.features, self.dtype)
        runs = self._forward(x, None, checked_mask(mask, x.shape[1], x.shape[0]))
        found = {}
        all_runs = [run for layer_run in runs for run in layer_run.runs]
        for (name, cell), run in zip(self.cells.items(), all_runs, strict=True):
            order = -1 if name.endswith(".backward") else 1
            traced = {field: getattr(run.gates, field)[::order].swapaxes(0, 1) for field in cell.gate_names}
            for place, field in enumerate(cell.state_names):
                traced[field] = run.states[place][1:][::order].swapaxes(0, 1)
            found[name] = traced
        return found

    def batch(
        self,
        inputs: npt.ArrayLike,
        targets: npt.ArrayLike,
        *,
        mask: npt.ArrayLike | None = None,
        target_mask: npt.ArrayLike | None = None,
    ) -> Batch:
        """Check sequences and targets, and put them in the engine's order.

        Args:
            inputs: (batch, time, features).
            targets: (batch, time, outputs) or (batch, outputs); see `checked_targets`.
            mask: (batch, time), false at padded steps. What the head says there does not count.
            target_mask: (batch, time), false where the answer does not count though the step is real.

        Returns:
            the batch.

        Raises:
            ValueError: for shapes that do not fit, or a value that is not finite.
        """
        x = checked_inputs(inputs, self.features, self.dtype)
        time, size = x.shape[:2]
        t = checked_targets(
            targets,
            batch=size,
            time=time if self.every_step else None,
            outputs=self.head.outputs,
            classes=self.head.activation == "softmax",
            dtype=self.dtype,
        )
        m = checked_mask(mask, size, time)
        counts = checked_mask(target_mask, size, time, "target_mask")
        if not self.every_step:
            if counts is not None:
                raise ValueError("target_mask says which steps count, but the head reads the last step only.")
            return Batch(x, t, m)
        if m is not None:
            counts = m if counts is None else m & counts
        return Batch(x, t, m, counts)

    def loss(self, batch: Batch, state: list[State] | None = None) -> float:
        """The loss of a batch, without a way back."""
        a = self.head.weighted_sums(self._read(self._forward(batch.inputs, state, batch.mask)[-1]))
        return self.head.loss_gradient(a, self.head.answers(a), batch.targets, batch.counts)[0]

    def evaluate(self, data: Batch, *, batch_size: int = 256) -> tuple[float, Array]:
        """The loss of many samples, some at a time to save memory, and the answers.

        Args:
            data: from `batch`.
            batch_size: samples at a time.

        Returns:
            loss: the mean over all answers that count; with a head that sums up, over the samples.
            outputs: (batch, time, outputs) where the head reads every step, else (batch, outputs).
        """
        takes_mean = self.head.reduction == "mean"
        at_least(batch_size, 1, "batch_size")
        total, answers = 0.0, []
        for begin in range(0, len(data), batch_size):
            part = data.samples(np.arange(begin, min(begin + batch_size, len(data))))
            a = self.head.weighted_sums(self._read(self._forward(part.inputs, None, part.mask)[-1]))
            y = self.head.answers(a)
            loss, _ = self.head.loss_gradient(a, y, part.targets, part.counts)
            total += loss * (part.answers if takes_mean else 1)
            answers.append(y.swapaxes(0, 1) if self.every_step else y)
        return total / max(data.answers if takes_mean else len(data), 1), np.concatenate(answers)

    def final_state(self, batch: Batch, state: list[State] | None = None) -> list[State]:
        """The state of each layer after a batch, to carry on from."""
        return [run.final_state for run in self._forward(batch.inputs, state, batch.mask)]

    def gradients(self, batch: Batch, state: list[State] | None = None) -> Gradients:
        """Forward, and back through time: the gradient of the loss by every weight.

        Args:
            batch: from `batch`.
            state: of each layer, to carry on from; None for nothing. No gradient flows into it.

        Returns:
            loss, answers and gradients.
        """
        runs = self._forward(batch.inputs, state, batch.mask)
        h = self._read(runs[-1])
        a = self.head.weighted_sums(h)
        y = self.head.answers(a)
        loss, d_a = self.head.loss_gradient(a, y, batch.targets, batch.counts)

        d_h = self.head.d_inputs(d_a)
        d_outputs, d_last = (d_h, None) if self.every_step else (None, d_h)
        backward_runs: list[Any] = list(runs)
        for number in range(len(self.layers) - 1, -1, -1):
            layer: Any = self.layers[number]
            back = backward_runs[number] = layer.backward(runs[number], d_outputs, d_last)
            if number > 0:
                d_outputs, d_last = back.d_inputs, None
        d_weights = [d for back in backward_runs for one in back.runs for d in one.d_weights.values()]
        d_weights += self.head.d_weights(h, d_a).values()
        flat = np.concatenate(d_weights, axis=None)
        return Gradients(loss, y, flat, runs, backward_runs)

    def named(self, flat: Array) -> dict[str, Array]:
        """A long array, such as `Gradients.flat`, cut into weights.

        Args:
            flat: one number a weight, in the order of `flat_weights`.

        Returns:
            views of it, by the weights' names and of their shapes.
        """
        views, begin = {}, 0
        for name, weight in self.weights.items():
            views[name] = flat[begin : begin + weight.size].reshape(weight.shape)
            begin += weight.size
        return views

    def _forward(self, x: Array, state: list[State] | None, mask: Mask | None) -> list[Any]:
        """The run of each layer, the lowest first."""
        runs: list[Any] = []
        for number, layer in enumerate(self.layers):
            runs.append(layer.forward(x, None if state is None else state[number], mask))
            if number + 1 < len(self.layers):
                x = runs[-1].outputs
        return runs

    def _read(self, run: Any) -> Array:
        """What the head reads: (time, batch, width) or (batch, width)."""
        read: Array = run.outputs if self.every_step else run.last
        return read

    def _owners(self) -> dict[str, Cell[Any] | Dense]:
        """Everything that has weights, by name."""
        return {**self.cells, "head": self.head}

    def _gather_weights(self) -> None:
        """Put all weights side by side into one array; see `flat_weights`."""
        self._flat = np.empty(sum(weight.size for weight in self.weights.values()), self.dtype)
        places = self.named(self._flat)
        for name, owner in self._owners().items():
            for weight in owner.weights:
                owner.move_weight(weight, places[f"{name}.{weight}"])

    def __copy__(self) -> Network:
        """A network of its own: two that share cells could not both be trained."""
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: the cells carry the weights, the long array is made again."""
        return {name: value for name, value in self.__dict__.items() if name != "_flat"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._gather_weights()

    def _one_way_cells(self) -> list[Cell[Any]]:
        cells = [layer for layer in self.layers if isinstance(layer, Cell)]
        if len(cells) < len(self.layers):
            raise ValueError(
                "a bidirectional layer needs whole sequences: it has no state to carry from step to step."
            )
        return cells

    def _checked_state(self, state: list[State], batch: int) -> list[State]:
        wanted = [tuple(array.shape for array in layer) for layer in self.initial_state(batch)]
        given = [tuple(as_array(array, "state").shape for array in layer) for layer in state]
        if given != wanted:
            raise ValueError(
                f"state has shapes {given}, expected {wanted}: for each layer, each (batch, units)."
            )
        return [tuple(np.asarray(array, self.dtype) for array in layer) for layer in state]


def build_network(
    cell: str,
    *,
    features: int,
    units: int | Sequence[int],
    outputs: int,
    head: str = "linear",
    every_step: bool = False,
    bidirectional: bool = False,
    seed: Seed = None,
    dtype: npt.DTypeLike = np.float64,
    **options: Any,
) -> Network:
    """A network of equal cells, in one line.

    Args:
        cell: `simple_rnn`, `lstm` or `gru`.
        features: numbers a step that come in.
        units: of each layer, the lowest first; a number for one layer.
        outputs: numbers that go out.
        head: activation of the head, which also chooses the loss.
        every_step: whether the head answers at every step, or after the last only.
        bidirectional: whether each layer reads in both directions; `units` are then those of each.
        seed: of the random weights.
        dtype: of weights and states.
        **options: for every cell, such as ``activation="relu"`` or ``forget_bias=0.0``.

    Returns:
        the network.

    Raises:
        ValueError: for an unknown cell or head, or a size that is not a positive whole number.
    """
    if cell not in CELLS:
        raise ValueError(f"there is no cell {cell!r}, expected one of {', '.join(CELLS)}.")
    draw = np.random.default_rng(seed)
    layers: list[Layer] = []
    width = features
    for size in list(units) if isinstance(units, Sequence) else [units]:
        directions = [
            CELLS[cell](width, size, seed=draw, dtype=dtype, **options) for _ in range(1 + bidirectional)
        ]
        layers.append(Bidirectional(*directions) if bidirectional else directions[0])
        width = layers[-1].width
    return Network(layers, Dense(width, outputs, head, seed=draw, dtype=dtype), every_step=every_step)


def _cell_name(layer: Layer, number: int, part: str) -> str:
    """`lstm_1`, or `lstm_1.forward`."""
    return f"{layer.kind}_{number}{'.' if part else ''}{part}"
