"""The look that every figure of the course shares: colours, sizes, a white face.

The colours come from the palette of Okabe and Ito, which readers with colour blindness can tell apart; those
that also colour text are darkened until they reach a contrast of 4.5 on white. Figures keep a white face in
dark mode too: a page shows them as a light card, on which their dark text stays readable.
"""

from __future__ import annotations

from typing import Any, Final

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure

INK: Final = "#222222"
"""Text and outlines."""
MUTED: Final = "#666666"
"""Secondary text, arrows that carry no news."""
FAINT: Final = "#DDDDDD"
"""Grid lines and what is switched off."""
SOFT: Final = "#AAAAAA"
"""Lines that should step back behind the subject of a drawing."""
PAPER: Final = "#FFFFFF"
"""The face of every figure, in light and dark mode alike."""

BLUE: Final = "#0072B2"
VERMILION: Final = "#B84A00"
GREEN: Final = "#00795A"
PURPLE: Final = "#9A4A7A"

INPUT: Final = BLUE
"""Whatever is read: inputs and the weights on them."""
STATE: Final = VERMILION
"""Whatever is remembered: hidden states and the weights on them."""
OUTPUT: Final = GREEN
"""Whatever is answered: outputs and targets."""
GRADIENT: Final = PURPLE
"""Whatever flows backwards."""

CYCLE: Final = (BLUE, VERMILION, GREEN, PURPLE)
"""Colours for lines, in order; pair them with `LINE_STYLES` so that colour is never the only difference."""
LINE_STYLES: Final = ("-", "--", "-.", ":")

WIDTH: Final = 7.6
"""Width of a full-width figure, in inches."""
DPI: Final = 130
"""Dots per inch: sharp on a high-resolution screen, small enough to load at once."""

RC: Final[dict[Any, Any]] = {
    "axes.edgecolor": MUTED,
    "axes.facecolor": PAPER,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "figure.dpi": DPI,
    "figure.facecolor": PAPER,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "legend.frameon": False,
    "savefig.facecolor": PAPER,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
"""Matplotlib settings of the course, for `plt.rc_context`, so that nobody else's figures change."""

DIVERGING: Final[Colormap] = LinearSegmentedColormap.from_list(
    "unrolled_diverging", ["#0072B2", "#8CC3E2", "#FFFFFF", "#F3B48A", "#D55E00"]
)
"""Blue for negative, white for zero, vermilion for positive: meant for values centred on 0."""


def new_axes(
    title: str = "", xlabel: str = "", ylabel: str = "", *, height: float = 3.0, width: float = WIDTH
) -> tuple[Figure, Axes]:
    """An empty plot in the course's style, ready to draw on.

    The figure is not left open in pyplot: in a notebook it appears when it is the last expression of a cell,
    and only once.

    Args:
        title: what the plot shows, written above it on the left.
        xlabel: label of the horizontal axis, with its unit.
        ylabel: label of the vertical axis, with its unit.
        height: height in inches.
        width: width in inches.

    Returns:
        the figure and its one pair of axes.
    """
    with plt.rc_context(RC):
        fig, ax = plt.subplots(figsize=(width, height), layout="constrained")
        ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
        ax.grid(visible=True, axis="y", color=FAINT, linewidth=0.8)
        ax.set_axisbelow(True)
        ax.set_prop_cycle(color=list(CYCLE), linestyle=list(LINE_STYLES))
    plt.close(fig)
    return fig, ax


def new_canvas(columns: float, rows: float, *, width: float = WIDTH) -> tuple[Figure, Axes]:
    """A blank sheet for a drawing: no axes, equal scales, `columns` by `rows` units.

    Args:
        columns: horizontal extent in drawing units.
        rows: vertical extent in drawing units.
        width: width in inches; the height follows from the proportions.

    Returns:
        the figure and its axes, with (0, 0) at the lower left.
    """
    with plt.rc_context(RC):
        fig = plt.figure(figsize=(width, width * rows / columns))
        ax = fig.add_axes((0.0, 0.0, 1.0, 1.0))
        ax.set(xlim=(0, columns), ylim=(0, rows), aspect="equal")
        ax.axis("off")
    plt.close(fig)
    return fig, ax


def contrast_ratio(foreground: str, background: str = PAPER) -> float:
    """Contrast between two colours as WCAG 2 defines it: 1 (the same) to 21 (black on white).

    Args:
        foreground: a colour as #RRGGBB.
        background: a colour as #RRGGBB.

    Returns:
        the ratio; text needs at least 4.5.
    """
    lighter, darker = sorted((_luminance(foreground), _luminance(background)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
