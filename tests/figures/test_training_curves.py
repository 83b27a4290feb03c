"""The curves of a training: what is drawn, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from course_utils.figures import style
from course_utils.figures.training_curves import compare_runs, loss_and_accuracy

HISTORY = {
    "loss": [0.6, 0.4, 0.2],
    "accuracy": [0.6, 0.8, 0.95],
    "val_loss": [0.55, 0.45, 0.6],
    "val_accuracy": [0.7, 0.8, 0.78],
}


def test_each_panel_shows_both_series() -> None:
    figure = loss_and_accuracy(HISTORY)
    for ax, metric in zip(figure.axes, ["loss", "accuracy"], strict=True):
        training, validation = ax.lines
        np.testing.assert_array_equal(training.get_xdata(), [1, 2, 3])
        np.testing.assert_array_equal(training.get_ydata(), HISTORY[metric])
        np.testing.assert_array_equal(validation.get_ydata(), HISTORY[f"val_{metric}"])
        assert training.get_linestyle() != validation.get_linestyle(), "colour alone tells them apart"
        assert ax.get_title(loc="left") == metric
        assert ax.get_xlabel() == "epoch"
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["training", "validation"]


def test_the_kept_epoch_is_marked_in_both_panels() -> None:
    figure = loss_and_accuracy(HISTORY, best_epoch=2)
    for ax in figure.axes:
        assert list(ax.lines[2].get_xdata()) == [2, 2]
    assert figure.axes[1].get_title(loc="right") == "dotted: epoch 2, kept"


@pytest.mark.parametrize("best_epoch", range(1, 13))
def test_no_text_covers_another_wherever_the_mark_is(
    best_epoch: int, collisions: Callable[[Figure], list[str]]
) -> None:
    long = {key: np.linspace(0.9, 0.1, 12).tolist() for key in HISTORY}
    figure = loss_and_accuracy(long, best_epoch=best_epoch, title="a run")
    assert [pair for pair in collisions(figure) if "kept" in pair or "a run" in pair] == []


def test_accuracy_reads_in_per_cent() -> None:
    figure = loss_and_accuracy(HISTORY)
    figure.canvas.draw()
    labels = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert all(label.endswith("%") for label in labels)


def test_runs_are_compared_by_label() -> None:
    figure = compare_runs({"one": HISTORY, "two": {"val_accuracy": [0.5, 0.5]}}, chance=0.5)
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "two"]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), HISTORY["val_accuracy"])
    np.testing.assert_array_equal(ax.lines[1].get_xdata(), [1, 2])
    assert list(ax.lines[2].get_ydata()) == [0.5, 0.5]
    assert ax.texts[0].get_text() == "guessing"
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()


def test_white_face() -> None:
    for figure in (loss_and_accuracy(HISTORY), compare_runs({"one": HISTORY})):
        assert to_hex(figure.get_facecolor()).upper() == style.PAPER


@pytest.mark.parametrize(
    ("history", "options", "message"),
    [
        ({"loss": [1.0]}, {}, "has no accuracy, val_loss, val_accuracy"),
        ({**HISTORY, "loss": [1.0]}, {}, "one number an epoch"),
        ({key: [] for key in HISTORY}, {}, "one number an epoch"),
        (HISTORY, {"best_epoch": 4}, "epochs 1 to 3"),
        (HISTORY, {"best_epoch": 0}, "epochs 1 to 3"),
    ],
    ids=["missing", "ragged", "empty", "late epoch", "epoch 0"],
)
def test_bad_histories_are_refused(
    history: dict[str, list[float]], options: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        loss_and_accuracy(history, **options)


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(ValueError, match="no run"):
        compare_runs({})
    with pytest.raises(ValueError, match="has no val_accuracy"):
        compare_runs({"one": {"loss": [1.0]}})
