"""A text whose words stand on the colour of a weight each."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils.figures import style

_LETTERS_A_LINE = 88
_LINE_HEIGHT = 0.27
"""In inches."""
_DEPTH = LinearSegmentedColormap.from_list("unrolled_weights", [style.PAPER, "#F3B48A", "#E8853D"])
"""White for no weight; dark text stays readable on the deepest of it."""


def word_strip(
    words: Sequence[str],
    weights: npt.ArrayLike,
    *,
    title: str = "",
    label: str = "",
    bold: int = 0,
) -> Figure:
    """Draw a text, one weight a word, as colour behind the words.

    Args:
        words: shown one after the other, in lines.
        weights: (words,), none below 0; white is 0, and the largest has the deepest colour.
        title: what the figure shows.
        label: what the colour stands for.
        bold: so many of the heaviest words are set in bold, for readers who do not see the colour.

    Returns:
        the figure.

    Raises:
        ValueError: for no words, another number of weights than of words, or a weight below 0.
    """
    numbers = np.asarray(weights, np.float64)
    if not words or numbers.shape != (len(words),):
        raise ValueError(
            f"there are {len(words)} words and weights of shape {numbers.shape}, expected one weight a word."
        )
    if not numbers.min() >= 0:
        raise ValueError(f"the lowest weight is {numbers.min():g}, expected none below 0.")
    places, line, column = [], 0, 0
    for word in words:
        if column and column + len(word) > _LETTERS_A_LINE:
            line, column = line + 1, 0
        places.append((column, line))
        column += len(word) + 1
    heaviest = set(np.argsort(-numbers, kind="stable")[:bold].tolist())
    colours = ScalarMappable(Normalize(0, float(numbers.max()) or 1.0), _DEPTH)
    with plt.rc_context(style.RC):
        height = _LINE_HEIGHT * (line + 1) + 0.5
        fig, ax = plt.subplots(figsize=(style.WIDTH, height), layout="constrained")
        for at, (word, (x, y)) in enumerate(zip(words, places, strict=True)):
            box = Rectangle(
                (x - 0.3, y - 0.42), len(word) + 0.6, 0.84, facecolor=colours.to_rgba(numbers[at])
            )
            ax.add_patch(box)
            weight = "bold" if at in heaviest else "normal"
            middle = x + len(word) / 2
            ax.text(
                middle,
                y,
                word,
                ha="center",
                va="center",
                fontsize=7.5,
                family="DejaVu Sans Mono",
                weight=weight,
            )
        ax.set(title=title, xticks=[], yticks=[], xlim=(-1, _LETTERS_A_LINE + 1), ylim=(line + 0.5, -0.5))
        ax.spines[:].set_visible(False)
        fig.colorbar(colours, ax=ax, label=label, fraction=0.03, pad=0.02)
    plt.close(fig)
    return fig
