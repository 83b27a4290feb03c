"""The chart of several runs: a dot for each seed, at its accuracy, and what a source prints."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.figures import accuracies

RUNS = {"a bag": [0.884, 0.886], "a network": [0.81, 0.85, 0.83]}


def test_every_seed_is_a_dot_at_its_place() -> None:
    ax = accuracies(RUNS, printed={"a network": (0.85, 0.88)}).axes[0]
    dots = [line for line in ax.get_lines() if line.get_marker() == "o"]
    assert [sorted(line.get_xdata()) for line in dots] == [[88.4, 88.6], [81.0, 83.0, 85.0]]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(RUNS)
    assert dots[0].get_ydata()[0] > dots[1].get_ydata()[0], "the first run should stand on top"
    (bar,) = ax.patches
    assert np.isclose(bar.get_x(), 85) and np.isclose(bar.get_x() + bar.get_width(), 88)
    assert np.isclose(bar.get_y() + bar.get_height() / 2, dots[1].get_ydata()[0])


def test_a_single_printed_number_can_be_seen() -> None:
    (bar,) = accuracies(RUNS, printed={"a bag": (0.8146, 0.8146)}).axes[0].patches
    assert bar.get_width() > 0.1


@pytest.mark.parametrize(("runs", "printed"), [({}, {}), ({"a": []}, {}), ({"a": [0.5]}, {"b": (0.1, 0.2)})])
def test_what_cannot_be_drawn_is_refused(
    runs: dict[str, list[float]], printed: dict[str, tuple[float, float]]
) -> None:
    with pytest.raises(ValueError, match="run"):
        accuracies(runs, printed=printed)
