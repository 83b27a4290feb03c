"""Pictures of film reviews as numbers: how long they are, where the padding goes, which words weigh most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from course_utils.figures import style


def review_lengths(
    lengths: ArrayLike, *, marks: Mapping[str, float] | None = None, most: int = 1000
) -> Figure:
    """Histogram of the reviews' lengths, with marks at lengths that matter.

    Args:
        lengths: (reviews,), words in each.
        marks: a length for each label, such as the 90th percentile.
        most: the axis ends here, or at the longest review if that is shorter; longer ones are counted in the title.

    Returns:
        the figure.

    Raises:
        ValueError: if there is no review.
    """
    words = np.asarray(lengths)
    if words.size == 0:
        raise ValueError("there is no review to count")
    end = int(min(most, words.max()))
    beyond = int((words > end).sum())
    title = f"{words.size:,} reviews" + (f", {beyond:,} of them longer than {end:,} words" if beyond else "")
    fig, ax = style.new_axes(height=3.0, title=title, xlabel="words in a review", ylabel="reviews")
    width = -(-end // 60)  # whole words a bar, or some bars would hold one length more than their neighbours
    ax.hist(words[words <= end], bins=range(0, end + width + 1, width), color=style.BLUE, alpha=0.75)
    top = ax.get_ylim()[1]
    ax.set_ylim(0, top * 1.02)
    for number, (label, length) in enumerate(sorted((marks or {}).items(), key=lambda item: item[1])):
        ax.axvline(length, color=style.VERMILION, linestyle="--", linewidth=1.2)
        ax.annotate(
            f"{label}: {length:.0f}",
            (length, top * (0.97 - 0.1 * number)),
            xytext=(4, 0),
            textcoords="offset points",
            va="top",
            color=style.VERMILION,
            fontsize=9,
        )
    return fig


def padded_reviews(examples: Mapping[str, ArrayLike]) -> Figure:
    """Padded batches as pictures: one row a review, one square a word, and zeros left pale.

    Args:
        examples: for each label a batch of word ids, (reviews, length); 0 is padding and 1 the start mark.

    Returns:
        the figure: one panel an example, one below the other.

    Raises:
        ValueError: if there is no example, or one is not a table of ids.
    """
    batches = {label: np.atleast_1d(np.asarray(ids)) for label, ids in examples.items()}
    if not batches or any(ids.ndim != 2 or ids.size == 0 for ids in batches.values()):
        raise ValueError("each example needs the shape (reviews, length), with at least one review")
    colours = ListedColormap(["#EFEFEF", style.VERMILION, style.BLUE])
    with plt.rc_context(style.RC):
        rows = sum(len(ids) for ids in batches.values())
        height = 0.22 * rows + 0.62 * len(batches) + 0.5
        fig, axes = plt.subplots(
            len(batches),
            1,
            figsize=(style.WIDTH, height),
            layout="constrained",
            squeeze=False,
            sharex=True,
            height_ratios=[len(ids) for ids in batches.values()],
        )
        for ax, (label, ids) in zip(axes[:, 0], batches.items(), strict=True):
            kinds = np.minimum(ids, 2)  # 0 padding, 1 start mark, 2 a word
            ax.pcolormesh(kinds[::-1], cmap=colours, vmin=0, vmax=2, edgecolors="white", linewidth=0.6)
            ax.set(yticks=[], title=label)
            ax.spines[:].set_visible(False)
        axes[-1, 0].set_xlabel("position: the network reads from left to right")
        names = zip(["padding, 0", "start of the review, 1", "a word"], colours(range(3)), strict=True)
        fig.legend(
            handles=[Patch(facecolor=colour, label=name) for name, colour in names],
            loc="outside lower center",
            ncols=3,
        )
    plt.close(fig)
    return fig


def word_weights(words: Sequence[str], weights: ArrayLike, *, measure: str = "weight of the word") -> Figure:
    """One bar a word, to the left where it counts against a review and to the right where it counts for it.

    Args:
        words: the words, from top to bottom.
        weights: (words,), one number each.
        measure: what the numbers are, below the axis.

    Returns:
        the figure.

    Raises:
        ValueError: if there is not one weight a word, or no word.
    """
    values = np.asarray(weights, dtype=float)
    if values.shape != (len(words),) or not words:
        raise ValueError(f"expected one weight for each of the {len(words)} words, got shape {values.shape}")
    fig, ax = style.new_axes(height=0.24 * len(words) + 0.9, xlabel=measure)
    places = np.arange(len(words))[::-1]
    ax.barh(places, values, color=np.where(values < 0, style.VERMILION, style.BLUE), height=0.72)
    ax.set_yticks(places, labels=words)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x", color=style.FAINT, linewidth=0.8)
    ax.axvline(0, color=style.MUTED, linewidth=1)
    reach = np.abs(values).max() * 1.08 or 1.0
    ax.set_xlim(-reach, reach)
    ax.text(0.0, 1.02, "← negative", transform=ax.transAxes, color=style.VERMILION, fontsize=9)
    ax.text(1.0, 1.02, "positive →", transform=ax.transAxes, color=style.BLUE, fontsize=9, ha="right")
    return fig
