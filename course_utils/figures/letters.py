"""A text whose letters stand on the colour of a number each."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from course_utils.figures import style

_LETTERS_A_LINE = 80
_LINE_HEIGHT = 0.25
"""In inches."""


def letter_strip(text: str, values: npt.ArrayLike, *, title: str = "", label: str = "") -> Figure:
    """Draw a text, one number a letter, as colour behind the letters.

    Args:
        text: shown line by line; a line break is shown as ↵, and a line of more than 80 letters goes on below.
        values: (time,), one for each character; white is 0, blue below, vermilion above.
        title: what the figure shows.
        label: what the colour stands for.

    Returns:
        the figure.

    Raises:
        ValueError: for an empty text, or another number of values than of characters.
    """
    numbers = np.asarray(values, np.float64)
    if not text or numbers.shape != (len(text),):
        raise ValueError(
            f"there are {len(text)} characters and values of shape {numbers.shape}, expected one value a character."
        )
    rows: list[list[int]] = [[]]
    for at, character in enumerate(text):
        rows[-1].append(at)
        if (character == "\n" or len(rows[-1]) == _LETTERS_A_LINE) and at + 1 < len(text):
            rows.append([])
    grid = np.full((len(rows), max(len(row) for row in rows)), np.nan)
    for y, row in enumerate(rows):
        grid[y, : len(row)] = numbers[row]
    with plt.rc_context(style.RC):
        height = _LINE_HEIGHT * len(rows) + 0.9
        fig, ax = plt.subplots(figsize=(style.WIDTH, height), layout="constrained")
        limit = float(np.abs(numbers).max()) or 1.0
        image = ax.imshow(grid, cmap=style.DIVERGING, vmin=-limit, vmax=limit, aspect="auto")
        for y, row in enumerate(rows):
            for x, at in enumerate(row):
                shown = "↵" if text[at] == "\n" else text[at]
                ax.text(x, y, shown, ha="center", va="center", fontsize=7, family="DejaVu Sans Mono")
        ax.set(title=title, xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        fig.colorbar(image, ax=ax, label=label, fraction=0.03, pad=0.02)
    plt.close(fig)
    return fig
