"""Drawings of a recurrent network unrolled through time, with real values in them (chapter 3)."""

from __future__ import annotations

from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from numpy.typing import ArrayLike, NDArray

from course_utils.figures import style

MAX_STEPS: Final = 4
"""More steps than this do not fit on one line of a page."""

_BOX_WIDTH: Final = 1.3
_BOX_HEIGHT: Final = 0.82
_STEP: Final = 2.15
_ROLLED_WIDTH: Final = 3.6
_FULL_SIZE: Final = 0.65  # inches a drawing unit at which text has its full size


def unrolled_network(
    inputs: ArrayLike, states: ArrayLike, *, w_x: float, w_h: float, initial_state: float = 0.0
) -> Figure:
    """The same small network twice: with its loop, and unrolled into one copy a step, values and all.

    Args:
        inputs: (time,), one number a step; at most `MAX_STEPS`.
        states: (time,), the hidden state after each step.
        w_x: the weight on the input, the same in every copy.
        w_h: the weight on the previous state, the same in every copy.
        initial_state: what is remembered before the first step.

    Returns:
        the figure.

    Raises:
        ValueError: if `inputs` and `states` differ in length, are empty or longer than `MAX_STEPS`.
    """
    x, h = _checked(inputs, states)
    fig, ax = style.new_canvas(_ROLLED_WIDTH + 1.75 + _STEP * len(x), 4.15)
    state_y, input_y, title_y = 2.35, 0.62, 3.85

    _rolled(ax, 1.0, state_y, input_y)
    _write(ax, 0.35, title_y, "one network, with a loop", ha="left", weight="bold")
    ax.add_patch(_arrow((2.75, state_y), (3.35, state_y), style.INK, width=2.2, head=16))

    first = _ROLLED_WIDTH + 0.75
    _write(ax, first - _BOX_WIDTH / 2, title_y, "the same network, unrolled", ha="left", weight="bold")
    _box(ax, (first, state_y), "$h_0$", initial_state, style.STATE)
    for step, (x_t, h_t) in enumerate(zip(x, h, strict=True), start=1):
        centre = first + _STEP * step
        _write(ax, centre, 3.18, f"step {step}", colour=style.MUTED)
        _box(ax, (centre, state_y), f"$h_{step}$", h_t, style.STATE)
        _box(ax, (centre, input_y), f"$x_{step}$", x_t, style.INPUT, tinted=False)
        _edge(ax, (centre - _STEP, state_y), (centre, state_y), _signed(f"×{w_h:g}"), style.STATE)
        _edge(ax, (centre, input_y), (centre, state_y), _signed(f"×{w_x:g}"), style.INPUT)
    return fig


def sequence_patterns(steps: int = 4) -> Figure:
    """Many-to-one and many-to-many side by side: which states leave the layer, and in what shape.

    Args:
        steps: how many steps to draw, at most `MAX_STEPS`.

    Returns:
        the figure.

    Raises:
        ValueError: if `steps` is not between 1 and `MAX_STEPS`.
    """
    if not 1 <= steps <= MAX_STEPS:
        raise ValueError(f"steps must be between 1 and {MAX_STEPS}, not {steps}")
    gap, panel = 1.5, 1.5 * MAX_STEPS
    fig, ax = style.new_canvas(2 * panel + 1.2, 5.2)
    patterns = (
        ("many-to-one", "return_sequences=False", "(batch, units)", {steps}),
        ("many-to-many", "return_sequences=True", "(batch, time, units)", set(range(1, steps + 1))),
    )
    for column, (name, option, shape, leaving) in enumerate(patterns):
        left = 0.3 + column * (panel + 0.6)
        _write(ax, left, 4.9, name, ha="left", weight="bold")
        for step in range(1, steps + 1):
            centre = left + gap * (step - 0.5)
            _small_box(ax, (centre, 0.95), f"$x_{step}$", style.INPUT)
            _small_box(ax, (centre, 2.45), f"$h_{step}$", style.STATE)
            ax.add_patch(_arrow((centre, 1.28), (centre, 2.12), style.INPUT))
            if step > 1:
                ax.add_patch(_arrow((centre - gap + 0.42, 2.45), (centre - 0.42, 2.45), style.STATE))
            if step in leaving:
                _small_box(ax, (centre, 3.95), f"$h_{step}$", style.OUTPUT)
                ax.add_patch(_arrow((centre, 2.78), (centre, 3.62), style.OUTPUT))
        middle = left + panel / 2
        _write(ax, middle, 0.3, f"{option}  →  {shape}", family="monospace")
    return fig


def gradient_flow(
    inputs: ArrayLike,
    states: ArrayLike,
    state_gradients: ArrayLike,
    contributions: ArrayLike,
    *,
    initial_state: float = 0.0,
) -> Figure:
    """The unrolled network with the gradient flowing back through it, from the loss to the first step.

    Args:
        inputs: (time,), one number a step; at most `MAX_STEPS`.
        states: (time,), the hidden state after each step.
        state_gradients: (time,), dL/dh at each step, first step first.
        contributions: (time,), what each step adds to dL/dw_h.
        initial_state: what is remembered before the first step.

    Returns:
        the figure; the width of each backward arrow grows with the size of the gradient that it carries.

    Raises:
        ValueError: if the four sequences differ in length, are empty or longer than `MAX_STEPS`.
    """
    x, h = _checked(inputs, states)
    flow, parts = np.asarray(state_gradients, dtype=float), np.asarray(contributions, dtype=float)
    if flow.shape != h.shape or parts.shape != h.shape:
        raise ValueError(
            f"expected {len(h)} state gradients and contributions, got {flow.shape} and {parts.shape}"
        )
    step_width, first, state_y, input_y, part_y = 2.45, 0.95, 2.35, 1.12, 0.35
    loss_x = first + step_width * len(h) + 1.75
    fig, ax = style.new_canvas(loss_x + 0.75, 3.9)
    widths = 1.2 + 4.8 * np.abs(flow) / max(float(np.abs(flow).max()), 1e-12)

    _box(ax, (first, state_y), "$h_0$", initial_state, style.STATE)
    for step, (x_t, h_t) in enumerate(zip(x, h, strict=True), start=1):
        centre = first + step_width * step
        _write(ax, centre, 3.7, f"step {step}", colour=style.MUTED)
        _box(ax, (centre, state_y), f"$h_{step}$", h_t, style.STATE)
        _box(ax, (centre, input_y), f"$x_{step}$", x_t, style.INPUT, tinted=False, height=0.62)
        ax.add_patch(_arrow((centre, input_y + 0.32), (centre, state_y - 0.41), style.SOFT))
        ax.add_patch(
            _arrow((centre - step_width + 0.66, state_y), (centre - 0.67, state_y), style.SOFT, width=1.6)
        )
        _write(ax, centre, part_y, _signed(f"{parts[step - 1]:+.3f}"), colour=style.GRADIENT)
        is_last = step == len(h)
        start = (loss_x, state_y + 0.46) if is_last else (centre + step_width - 0.1, state_y + 0.46)
        _back_arrow(ax, start, (centre + 0.12, state_y + 0.46), flow[step - 1], float(widths[step - 1]))
    _write(ax, first, part_y, "adds to\n$dL/dw_h$", colour=style.GRADIENT)
    ax.add_patch(_arrow((loss_x - 1.75 + 0.66, state_y), (loss_x - 0.42, state_y), style.SOFT, width=1.6))
    _small_box(ax, (loss_x, state_y), "$L$", style.OUTPUT)
    return fig


def addition_states(
    inputs: ArrayLike,
    carries: ArrayLike,
    answers: ArrayLike,
    states: ArrayLike,
    *,
    unit_names: ArrayLike | None = None,
) -> Figure:
    """One binary addition read by a trained network: the bits above, its hidden units below.

    Args:
        inputs: (bits, 2), the two summands, least significant bit first.
        carries: (bits,), the carry out of each position.
        answers: (bits,), the network's answer, already rounded to 0 or 1.
        states: (bits, units), its hidden state after each bit.
        unit_names: (units,), the label of each unit if they have been sorted; else they are numbered from 1.

    Returns:
        the figure; a column is a step, vermilion positive and blue negative.

    Raises:
        ValueError: if the arrays do not have the same number of bits, or there is not one name a unit.
    """
    bits, values = np.asarray(inputs, dtype=float), np.asarray(states, dtype=float)
    carry_row, answer_row = np.ravel(np.asarray(carries)), np.ravel(np.asarray(answers))
    lengths = {len(bits), len(values), len(carry_row), len(answer_row)}
    if len(lengths) != 1:
        raise ValueError(
            f"inputs, carries, answers and states must have the same number of bits, got {lengths}"
        )
    names = np.arange(values.shape[1]) + 1 if unit_names is None else np.asarray(unit_names)
    if len(names) != values.shape[1]:
        raise ValueError(f"{len(names)} names for {values.shape[1]} units")
    with plt.rc_context(style.RC):
        fig, (top, bottom) = plt.subplots(
            2, 1, figsize=(style.WIDTH, 4.6), height_ratios=(4, 9), sharex=True, layout="constrained"
        )
    plt.close(fig)
    table = np.stack([bits[:, 0], bits[:, 1], answer_row, carry_row])  # (4, bits)
    labels = ("first number", "second number", "network's answer", "carry to the next bit")
    colours = (style.INPUT, style.INPUT, style.OUTPUT, style.STATE)
    for row, (line, colour) in enumerate(zip(table, colours, strict=True)):
        for position, bit in enumerate(line):
            weight = "bold" if bit == 1 else "normal"
            top.text(position, row, f"{bit:.0f}", ha="center", va="center", color=colour, weight=weight)
    for column in np.flatnonzero(carry_row):
        for axes in (top, bottom):
            axes.axvspan(column - 0.5, column + 0.5, color=style.FAINT, alpha=0.55, zorder=0)
    top.set(ylim=(3.6, -0.6), yticks=range(4))
    top.set_yticklabels(labels)
    for label, colour in zip(top.get_yticklabels(), colours, strict=True):
        label.set_color(colour)
    image = bottom.imshow(values.T, cmap=style.DIVERGING, vmin=-1, vmax=1, aspect="auto")
    bottom.set(
        ylabel="hidden unit", yticks=range(values.shape[1]), xlabel="bit read, least significant first"
    )
    bottom.set_yticklabels([str(name) for name in names], size=7)
    bottom.set(xticks=range(len(bits)), xticklabels=[str(bit + 1) for bit in range(len(bits))])
    for axes in (top, bottom):
        axes.tick_params(length=0)
        for side in axes.spines.values():
            side.set_visible(False)
    fig.colorbar(image, ax=bottom, label="hidden state", ticks=[-1, 0, 1], pad=0.01)
    return fig


def _checked(inputs: ArrayLike, states: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    x, h = np.asarray(inputs, dtype=float), np.asarray(states, dtype=float)
    if x.ndim != 1 or x.shape != h.shape:
        raise ValueError(
            f"inputs and states must be two lists of the same length, got {x.shape} and {h.shape}"
        )
    if not 1 <= len(x) <= MAX_STEPS:
        raise ValueError(f"can draw between 1 and {MAX_STEPS} steps, not {len(x)}")
    return x, h


def _arrow(
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    *,
    width: float = 1.6,
    head: float = 11,
    bend: float = 0.0,
) -> FancyArrowPatch:
    return FancyArrowPatch(
        start,
        end,
        arrowstyle="-|>",
        mutation_scale=head,
        color=colour,
        linewidth=width,
        shrinkA=0,
        shrinkB=0,
        connectionstyle=f"arc3,rad={bend}",
    )


def _arrow_along(path: Path, colour: str) -> FancyArrowPatch:
    return FancyArrowPatch(
        path=path, arrowstyle="-|>", mutation_scale=11, color=colour, linewidth=1.6, joinstyle="round"
    )


def _write(
    ax: Axes,
    x: float,
    y: float,
    text: str,
    *,
    colour: str = style.INK,
    size: float = 10,
    ha: str = "center",
    va: str = "center",
    weight: str = "normal",
    family: str = "DejaVu Sans",
) -> None:
    """Text that shrinks with the boxes where more steps share the width of the page."""
    inches_a_unit = style.WIDTH / ax.get_xlim()[1]
    points = size * min(1.0, inches_a_unit / _FULL_SIZE)
    ax.text(x, y, text, color=colour, size=points, ha=ha, va=va, weight=weight, family=family)


def _signed(number: str) -> str:
    """The number with a real minus sign, which is as wide as a plus."""
    return number.replace("-", "−")


def _box(
    ax: Axes,
    centre: tuple[float, float],
    name: str,
    value: float,
    colour: str,
    *,
    tinted: bool = True,
    height: float = _BOX_HEIGHT,
) -> None:
    """A rounded box with a name and a value; tinted by the value where it lies in [-1, 1]."""
    tint = to_hex(style.DIVERGING(0.5 + 0.22 * float(np.clip(value, -1, 1)))) if tinted else style.PAPER
    x, y = centre
    ax.add_patch(_frame(x, y, _BOX_WIDTH, height, colour, tint))
    _write(ax, x - 0.37, y, name, colour=colour, size=11)
    _write(ax, x + 0.18, y, _signed(f"{value:.2f}"), weight="bold")


def _small_box(ax: Axes, centre: tuple[float, float], name: str, colour: str) -> None:
    ax.add_patch(_frame(*centre, 0.84, 0.66, colour, style.PAPER))
    _write(ax, *centre, name, colour=colour, size=12)


def _frame(x: float, y: float, width: float, height: float, edge: str, face: str) -> FancyBboxPatch:
    return FancyBboxPatch(
        (x - width / 2, y - height / 2),
        width,
        height,
        boxstyle="round,pad=0,rounding_size=0.14",
        edgecolor=edge,
        facecolor=face,
        linewidth=1.6,
    )


def _edge(ax: Axes, start: tuple[float, float], end: tuple[float, float], label: str, colour: str) -> None:
    """An arrow from box to box, straight to the right or straight up, with its weight beside it."""
    upwards = start[0] == end[0]
    if upwards:
        ax.add_patch(
            _arrow((start[0], start[1] + _BOX_HEIGHT / 2), (end[0], end[1] - _BOX_HEIGHT / 2), colour)
        )
        _write(ax, start[0] + 0.1, (start[1] + end[1]) / 2, label, ha="left", colour=colour, size=9)
    else:
        ax.add_patch(_arrow((start[0] + _BOX_WIDTH / 2, start[1]), (end[0] - _BOX_WIDTH / 2, end[1]), colour))
        _write(ax, (start[0] + end[0]) / 2, start[1] + 0.1, label, va="bottom", colour=colour, size=9)


def _rolled(ax: Axes, x: float, state_y: float, input_y: float) -> None:
    """The network drawn once: an input below, a state above it, and the loop from the state to itself."""
    for y, name, colour in ((state_y, "$h_t$", style.STATE), (input_y, "$x_t$", style.INPUT)):
        ax.add_patch(_frame(x, y, _BOX_WIDTH, _BOX_HEIGHT, colour, style.PAPER))
        _write(ax, x, y, name, colour=colour, size=13)
    ax.add_patch(_arrow((x, input_y + _BOX_HEIGHT / 2), (x, state_y - _BOX_HEIGHT / 2), style.INPUT))
    _write(ax, x + 0.1, (state_y + input_y) / 2, "$w_x$", ha="left", colour=style.INPUT)
    edge, top = x + _BOX_WIDTH / 2, state_y + _BOX_HEIGHT / 2
    corners = [(edge, state_y), (edge + 0.42, state_y), (edge + 0.42, top + 0.5), (x, top + 0.5), (x, top)]
    loop = Path(corners, [Path.MOVETO] + [Path.LINETO] * (len(corners) - 1))
    ax.add_patch(_arrow_along(loop, style.STATE))
    _write(ax, edge + 0.5, top + 0.1, "$w_h$", ha="left", colour=style.STATE)


def _back_arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], value: float, width: float
) -> None:
    ax.add_patch(_arrow(start, end, style.GRADIENT, width=width, head=10 + 2 * width, bend=0.32))
    middle = ((start[0] + end[0]) / 2, start[1] + 0.52)
    _write(ax, *middle, _signed(f"{value:.3f}"), va="bottom", colour=style.GRADIENT)
