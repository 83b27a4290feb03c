"""How a training went, epoch by epoch: one run's loss and accuracy, or one metric of several runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from course_utils.figures import style

History = Mapping[str, Sequence[float]]


def loss_and_accuracy(history: History, *, best_epoch: int | None = None, title: str = "") -> Figure:
    """Loss and accuracy side by side, on the training and on the validation data.

    Args:
        history: Keras's history: ``loss``, ``accuracy``, ``val_loss`` and ``val_accuracy``, one number an epoch.
        best_epoch: the epoch whose weights were kept, counted from 1; marked in both panels.
        title: what was trained.

    Returns:
        the figure.

    Raises:
        ValueError: if a metric is missing, the metrics have different lengths, or `best_epoch` is none of them.
    """
    epochs = _epochs(history, ("loss", "accuracy", "val_loss", "val_accuracy"))
    if best_epoch is not None and best_epoch not in epochs:
        raise ValueError(f"best_epoch is {best_epoch}, the history has the epochs 1 to {len(epochs)}")
    with plt.rc_context(style.RC):
        fig, axes = plt.subplots(1, 2, figsize=(style.WIDTH, 3.1), layout="constrained")
        for ax, metric in zip(axes, ("loss", "accuracy"), strict=True):
            ax.plot(epochs, history[metric], style.LINE_STYLES[0], color=style.BLUE, marker="o", markersize=4)
            ax.plot(
                epochs,
                history[f"val_{metric}"],
                style.LINE_STYLES[1],
                color=style.VERMILION,
                marker="s",
                markersize=4,
            )
            _finish(ax, metric, epochs)
            if best_epoch is not None:
                ax.axvline(best_epoch, color=style.MUTED, linestyle=":", linewidth=1.2)
        axes[0].legend(["training", "validation"], loc="best")
        if best_epoch is not None:
            axes[1].set_title(f"dotted: epoch {best_epoch}, kept", loc="right", color=style.MUTED, fontsize=9)
        if title:
            fig.suptitle(title, x=0.01, ha="left", fontsize=11)
    plt.close(fig)
    return fig


def compare_runs(
    histories: Mapping[str, History], *, metric: str = "val_accuracy", chance: float | None = None
) -> Figure:
    """One metric of several runs, epoch by epoch.

    Args:
        histories: a history for each run, by the label that its line gets.
        metric: which metric.
        chance: what guessing gives; drawn as a grey line.

    Returns:
        the figure.

    Raises:
        ValueError: if there is no run, or one lacks the metric.
    """
    if not histories:
        raise ValueError("there is no run to draw")
    fig, ax = style.new_axes(height=3.0, xlabel="epoch", ylabel=_label(metric))
    colours = [*style.CYCLE, style.INK, style.MUTED]
    longest: list[int] = []
    for number, (label, history) in enumerate(histories.items()):
        epochs = _epochs(history, (metric,))
        longest = max(longest, epochs, key=len)
        ax.plot(
            epochs,
            history[metric],
            style.LINE_STYLES[number % len(style.LINE_STYLES)],
            color=colours[number % len(colours)],
            marker="os^Dvx"[number % 6],
            markersize=5,
            label=label,
        )
    if chance is not None:
        ax.axhline(chance, color=style.SOFT, linewidth=1)
        ax.annotate(
            "guessing",
            (longest[0], chance),
            xytext=(0, -4),
            textcoords="offset points",
            va="top",
            color=style.MUTED,
            fontsize=9,
        )
        ax.set_ylim(bottom=min(ax.get_ylim()[0], chance - 0.06))
    _finish(ax, metric, longest)
    ax.legend(loc="best", frameon=False)
    return fig


def _label(metric: str) -> str:
    name = metric.removeprefix("val_")
    return f"{name} on the validation data" if metric.startswith("val_") else name


def _finish(ax: Axes, metric: str, epochs: Sequence[int]) -> None:
    ax.set(xlabel="epoch", title=_label(metric) if ax.get_ylabel() == "" else "")
    ax.grid(visible=True, axis="y", color=style.FAINT, linewidth=0.8)
    ax.set_axisbelow(True)
    if len(epochs) < 10:
        ax.set_xticks(list(epochs))
    else:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if "accuracy" in metric:
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _epochs(history: History, metrics: Sequence[str]) -> list[int]:
    missing = [metric for metric in metrics if metric not in history]
    if missing:
        raise ValueError(f"the history has no {', '.join(missing)}: it has {', '.join(history) or 'nothing'}")
    lengths = {len(history[metric]) for metric in metrics}
    if len(lengths) != 1 or lengths == {0}:
        raise ValueError(f"each metric needs one number an epoch, found {sorted(lengths)} numbers")
    return list(range(1, lengths.pop() + 1))
