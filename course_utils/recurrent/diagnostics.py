"""How gradients flow back through a cell, and how full its gates are."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from course_utils.recurrent.activations import ACTIVATIONS
from course_utils.recurrent.arrays import Array, as_numbers, checked_inputs
from course_utils.recurrent.cell import Cell, Run, State
from course_utils.recurrent.simple_rnn import SimpleRNN


def gradient_norm_by_step(cell: Cell[Any], inputs: npt.ArrayLike, upstream: npt.ArrayLike) -> Array:
    """Norm of the loss gradient with respect to each hidden state.

    The gradient at step t is the upstream gradient pulled back through the Jacobian of every later step
    (Bengio, Simard & Frasconi 1994; Pascanu, Mikolov & Bengio 2013, eq. 5).

    Args:
        cell: the recurrent cell; its weights are shared by all steps.
        inputs: (time, features), the sequence.
        upstream: (units,), dL/dh at the last step, where the loss is read.

    Returns:
        (time,), the L2 norm of dL/dh_t at each step, first step first.

    Raises:
        ValueError: if `inputs` is not one sequence of the cell's features, or `upstream` does not have one entry
            a unit.
    """
    given = as_numbers(upstream, cell.dtype, "upstream")
    if given.shape != (cell.units,):
        raise ValueError(
            f"upstream has shape {given.shape}, expected (units,) = {(cell.units,)}: dL/dh at the last step."
        )
    if not np.isfinite(given).all():
        raise ValueError("upstream holds a value that is not finite, expected finite numbers only.")
    back = cell.backward(_run(cell, inputs), d_last=given[np.newaxis])
    return np.array([np.linalg.norm(d_state[0]) for d_state in back.d_states])


def jacobian_by_step(cell: Cell[Any], inputs: npt.ArrayLike) -> Array:
    """How the state after each step changes with the state before it.

    Args:
        cell: the recurrent cell.
        inputs: (time, features), the sequence.

    Returns:
        (time, state, state): entry [t, i, j] is the derivative of number i after step t by number j before it.
        The state's size is the units; the LSTM's is twice that, h first, then c.

    Raises:
        ValueError: if `inputs` is not one sequence of the cell's features.
    """
    run = _run(cell, inputs)
    names, units = len(cell.state_names), cell.units
    size = names * units
    # One backward step for each number of the state, all at once: the rows of the identity are the upstream
    # gradients.
    rows = np.eye(size, dtype=cell.dtype)
    d_after: State = tuple(rows[:, k * units : (k + 1) * units] for k in range(names))
    before, after = tuple(s[:-1] for s in run.states), tuple(s[1:] for s in run.states)
    jacobians = []
    for slopes in zip(*cell.slopes(before, run.gates, after), strict=True):
        _, d_before = cell.backward_step(tuple(np.repeat(slope, size, axis=0) for slope in slopes), d_after)
        jacobians.append(np.concatenate(d_before, axis=1))
    return np.stack(jacobians)


def spectral_radius(matrix: npt.ArrayLike) -> float:
    """The largest absolute eigenvalue: how much a square matrix stretches a vector in the long run.

    Raises:
        ValueError: if the matrix is not square.
    """
    array = np.asarray(matrix, dtype=float)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(f"matrix has shape {array.shape}, expected a square one.")
    return float(np.abs(np.linalg.eigvals(array)).max())


def saturation(cell: Cell[Any], inputs: npt.ArrayLike, *, margin: float = 0.05) -> dict[str, Array]:
    """Share of units whose activation is so near its limits that almost no gradient passes.

    Args:
        cell: the recurrent cell.
        inputs: (time, features) for one sequence, or (batch, time, features).
        margin: how near counts, as a share of the distance between the limits: with 0.05 a gate is saturated
            under 0.05 and over 0.95, a tanh under −0.9 and over 0.9.

    Returns:
        by gate, or `h` for the simple cell: (time,), the share of units and samples, first step first.

    Raises:
        ValueError: for inputs that do not fit, a margin outside 0 to 0.5, or an activation without limits.
    """
    if not 0 < margin < 0.5:
        raise ValueError(f"margin is {margin!r}, expected a number between 0 and 0.5.")
    run = _run(cell, inputs, one=False)
    if isinstance(cell, SimpleRNN):
        watched = {"h": (run.outputs, cell.activation)}
    else:
        watched = {
            name: (getattr(run.gates, name), ACTIVATIONS["tanh" if name == "candidate" else "sigmoid"])
            for name in cell.gate_names
        }
    shares = {}
    for name, (values, activation) in watched.items():
        low, high = activation.limits
        if not np.isfinite([low, high]).all():
            raise ValueError(f"{activation.name} has no limits on both sides, so it cannot be saturated.")
        near = margin * (high - low)
        shares[name] = np.mean((values < low + near) | (values > high - near), axis=(1, 2))
    return shares


def _run(cell: Cell[Any], inputs: npt.ArrayLike, *, one: bool = True) -> Run[Any]:
    """A run over inputs of shape (time, features), or over a batch of them where more than one may be given."""
    given = as_numbers(inputs, cell.dtype, "inputs")
    if one and given.ndim != 2:
        raise ValueError(f"inputs have shape {given.shape}, expected one sequence, (time, features).")
    return cell.forward(
        checked_inputs(given[np.newaxis] if given.ndim == 2 else given, cell.features, cell.dtype)
    )
