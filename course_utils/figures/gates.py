"""A drawing of one step of an LSTM: the belt that carries the memory, and the three gates beside it (chapter 5)."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from course_utils.figures import style
from course_utils.figures.unrolled import _arrow, _box, _frame, _signed, _write

_BELT, _LOW = 4.1, 1.6
_RADIUS = 0.3


def lstm_cell(
    *, c_before: float, forget: float, input_gate: float, candidate: float, output: float
) -> Figure:
    """One step of one unit of an LSTM, with its numbers: what is kept, what is added, and what is shown.

    Args:
        c_before: the cell state that comes in, on the left.
        forget: the forget gate, 0 to 1.
        input_gate: the input gate, 0 to 1.
        candidate: what could be added, −1 to 1.
        output: the output gate, 0 to 1.

    Returns:
        the figure.

    Raises:
        ValueError: for a gate that is not between 0 and 1.
    """
    for name, gate in (("forget", forget), ("input_gate", input_gate), ("output", output)):
        if not 0 <= gate <= 1:
            raise ValueError(f"{name} is {gate}, expected a gate, 0 to 1.")
    kept, added = forget * c_before, input_gate * candidate
    c = kept + added
    tanh_c = float(np.tanh(c))

    fig, ax = style.new_canvas(12.6, 5.1)
    keep, add, show, end = 3.1, 6.0, 9.1, 11.75
    ax.add_patch(_arrow((1.85, _BELT), (end - 0.7, _BELT), style.STATE, width=3.2, head=17))
    ax.add_patch(_frame(1.0, _BELT, 1.7, 0.82, style.STATE, style.PAPER))
    _write(ax, 0.62, _BELT, "$c_{t-1}$", colour=style.STATE, size=11)
    _write(ax, 1.36, _BELT, _signed(f"{c_before:.2f}"), weight="bold")
    _box(ax, (end, _BELT), "$c_t$", c, style.STATE, tinted=False)
    _label(ax, (keep + add) / 2, _BELT, kept, style.STATE)
    _label(ax, (add + show) / 2, _BELT, c, style.STATE)

    _box(ax, (keep, _LOW), "$f_t$", forget, style.STATE, tinted=False)
    ax.add_patch(_arrow((keep, _LOW + 0.41), (keep, _BELT - _RADIUS), style.STATE))
    _knob(ax, keep, _BELT, "×", style.STATE)

    middle = 2.85
    for x, name, value in ((add - 0.75, "$i_t$", input_gate), (add + 0.75, r"$\tilde c_t$", candidate)):
        _box(ax, (x, _LOW), name, value, style.INPUT, tinted=False)
        ax.add_patch(
            _arrow((x, _LOW + 0.41), (add + (0.22 if x > add else -0.22), middle - 0.2), style.INPUT)
        )
    ax.add_patch(_arrow((add, middle + _RADIUS), (add, _BELT - _RADIUS), style.INPUT))
    _label(ax, add + 0.55, 3.45, added, style.INPUT)
    _knob(ax, add, middle, "×", style.INPUT)
    _knob(ax, add, _BELT, "+", style.INPUT)

    ax.add_patch(_arrow((show, _BELT), (show, 3.3), style.OUTPUT))
    ax.add_patch(_frame(show, 3.0, 1.0, 0.6, style.OUTPUT, style.PAPER))
    _write(ax, show, 3.0, "tanh", colour=style.OUTPUT)
    ax.add_patch(_arrow((show, 2.7), (show, _LOW + _RADIUS), style.OUTPUT))
    _label(ax, show + 0.5, 2.3, tanh_c, style.OUTPUT)
    _box(ax, (show, 0.45), "$o_t$", output, style.OUTPUT, tinted=False)
    ax.add_patch(_arrow((show, 0.86), (show, _LOW - _RADIUS), style.OUTPUT))
    ax.add_patch(_arrow((show + _RADIUS, _LOW), (end - 0.66, _LOW), style.OUTPUT))
    _knob(ax, show, _LOW, "×", style.OUTPUT)
    _box(ax, (end, _LOW), "$h_t$", output * tanh_c, style.OUTPUT, tinted=False)
    for x, what in ((keep, "keeps"), (add, "adds"), (show, "shows")):
        _write(ax, x, 4.8, what, colour=style.MUTED)
    return fig


def _knob(ax: Axes, x: float, y: float, sign: str, colour: str) -> None:
    ax.add_patch(Circle((x, y), _RADIUS, edgecolor=colour, facecolor=style.PAPER, linewidth=1.6, zorder=3))
    ax.text(x, y, sign, color=colour, size=13, ha="center", va="center", zorder=4)


def _label(ax: Axes, x: float, y: float, value: float, colour: str) -> None:
    """A value above the belt, or beside an arrow."""
    _write(ax, x, y + (0.25 if y == _BELT else 0.0), _signed(f"{value:.2f}"), colour=colour, size=9.5)
