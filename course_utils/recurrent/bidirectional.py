"""Two cells that read the same sequence from its two ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from course_utils.recurrent.arrays import Array, Mask
from course_utils.recurrent.cell import BackwardRun, Cell, Run, State


@dataclass(slots=True)
class TwoRuns:
    """A run in each direction, each in the order in which its cell read."""

    runs: list[Run[Any]]
    """The forward cell's, the backward cell's."""

    @property
    def outputs(self) -> Array:
        """Both states at each step, side by side, (time, batch, width)."""
        forward, backward = self.runs
        return np.concatenate([forward.outputs, backward.outputs[::-1]], axis=2)

    @property
    def last(self) -> Array:
        """Where each direction ends, side by side, (batch, width)."""
        return np.concatenate([run.last for run in self.runs], axis=1)


@dataclass(slots=True)
class TwoBackwardRuns:
    """The gradients of both directions, each in the order in which its cell read."""

    runs: list[BackwardRun]
    """The forward cell's, the backward cell's."""

    @property
    def d_inputs(self) -> Array:
        """(time, batch, features): both directions read the same inputs, so their gradients add up."""
        forward, backward = self.runs
        return forward.d_inputs + backward.d_inputs[::-1]


class Bidirectional:
    """One cell reads from the first step, the other from the last (Schuster & Paliwal 1997).

    What goes out at each step is both states side by side: what came before, and what comes after.

    Args:
        forward: the cell that reads from the first step.
        backward: the cell that reads from the last step.

    Raises:
        ValueError: if both are the same cell, or differ in features or dtype.
    """

    def __init__(self, forward: Cell[Any], backward: Cell[Any]) -> None:
        if forward is backward:
            raise ValueError("both directions are the same cell, expected two with weights of their own.")
        if (forward.features, forward.dtype) != (backward.features, backward.dtype):
            raise ValueError(
                f"the two directions read {forward.features} and {backward.features} features as "
                f"{forward.dtype} and {backward.dtype}, expected the same."
            )
        self.cells: dict[str, Cell[Any]] = {"forward": forward, "backward": backward}

    @property
    def kind(self) -> str:
        """The kind of the cell that reads forward."""
        return self.cells["forward"].kind

    @property
    def features(self) -> int:
        """Numbers a step that come in."""
        return self.cells["forward"].features

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of weights and states."""
        return self.cells["forward"].dtype

    @property
    def width(self) -> int:
        """Numbers a step that go out: the units of both cells."""
        return sum(cell.units for cell in self.cells.values())

    def forward(self, inputs: Array, state: State | None = None, mask: Mask | None = None) -> TwoRuns:
        """Read whole sequences in both directions.

        Args:
            inputs: (time, batch, features).
            state: must be None: the backward cell begins at the end, so there is nothing to carry on from.
            mask: (time, batch, 1), false at padded steps.

        Returns:
            both runs.

        Raises:
            ValueError: if a state is given.
        """
        if state is not None:
            raise ValueError("a bidirectional layer cannot carry on from a state: it needs whole sequences.")
        forward, backward = self.cells.values()
        mask_reversed = None if mask is None else mask[::-1]
        return TwoRuns(
            [forward.forward(inputs, mask=mask), backward.forward(inputs[::-1], mask=mask_reversed)]
        )

    def backward(
        self, run: TwoRuns, d_outputs: Array | None = None, d_last: Array | None = None
    ) -> TwoBackwardRuns:
        """Back-propagation through time in both directions; see `Cell.backward`.

        Args:
            run: what `forward` returned.
            d_outputs: (time, batch, width), gradient of the loss by what went out at each step.
            d_last: (batch, width), gradient by where each direction ended.

        Returns:
            the gradients of both.
        """
        forward, backward = self.cells.values()
        cut = forward.units
        gradients: list[BackwardRun] = []
        for cell, cell_run, part, order in zip(
            (forward, backward), run.runs, (slice(cut), slice(cut, None)), (1, -1), strict=True
        ):
            gradients.append(
                cell.backward(
                    cell_run,
                    None if d_outputs is None else d_outputs[::order, :, part],
                    None if d_last is None else d_last[:, part],
                )
            )
        return TwoBackwardRuns(gradients)
