"""Test accuracies of several runs, every seed a dot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from course_utils.figures import style


def accuracies(
    runs: Mapping[str, Sequence[float]], *, printed: Mapping[str, tuple[float, float]] | None = None
) -> Figure:
    """A line for each run with a dot for each seed, and what others have printed of it.

    Args:
        runs: by what a run is called, the test accuracies of its seeds, 0 to 1; the first is drawn on top.
        printed: by the same name, the lowest and the highest accuracy that the source of a rebuilt network gives.

    Returns:
        the figure.

    Raises:
        ValueError: if there is no run, one has no accuracy, or something is printed of a run that is not drawn.
    """
    printed = printed or {}
    if not runs or not all(len(found) for found in runs.values()):
        raise ValueError("there is a run without an accuracy, or no run at all")
    if not set(printed) <= set(runs):
        raise ValueError(f"no such run: {', '.join(set(printed) - set(runs))}")
    fig, ax = style.new_axes(height=0.9 + 0.36 * len(runs), xlabel="right answers on 25,000 test reviews, %")
    places = {name: -number for number, name in enumerate(runs)}
    for name, (low, high) in printed.items():
        width = max(100 * (high - low), 0.12)
        label = "printed by the source" if name == next(iter(printed)) else None
        middle = 50 * (low + high)
        ax.barh(places[name], width, left=middle - width / 2, height=0.7, color=style.FAINT, label=label)
    for name, found in runs.items():
        percent = [100 * each for each in found]
        ax.plot([min(percent), max(percent)], [places[name]] * 2, "-", color=style.CYCLE[0], linewidth=2)
        label = "a seed, trained here" if name == next(iter(runs)) else None
        ax.plot(percent, [places[name]] * len(percent), "o", color=style.CYCLE[0], markersize=6, label=label)
    ax.set_yticks(list(places.values()), list(places))
    ax.grid(visible=True, axis="x", color=style.FAINT, linewidth=0.8)
    ax.grid(visible=False, axis="y")
    ax.set_ylim(min(places.values()) - 0.6, 0.6)
    fig.legend(loc="outside upper right", ncols=2, frameon=False)
    return fig
