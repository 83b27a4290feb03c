"""The shared look: readable colours, a white face, nobody else's settings touched."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_utils.figures import new_axes, style

TEXT_COLOURS = ("INK", "MUTED", "INPUT", "STATE", "OUTPUT", "GRADIENT")


def test_contrast_ratio_matches_the_definition() -> None:
    assert style.contrast_ratio("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert style.contrast_ratio("#FFFFFF", "#000000") == pytest.approx(21.0)
    assert style.contrast_ratio("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", TEXT_COLOURS)
def test_every_text_colour_is_readable_on_white(name: str) -> None:
    assert style.contrast_ratio(getattr(style, name)) >= 4.5


def test_lines_differ_in_more_than_colour() -> None:
    _, ax = new_axes()
    lines = [ax.plot([0, 1], [0, step])[0] for step in range(4)]
    assert len({str(line.get_color()) for line in lines}) == 4
    assert len({str(line.get_linestyle()) for line in lines}) == 4


def test_new_axes_carries_its_labels() -> None:
    fig, ax = new_axes(height=2.0, title="A title", xlabel="step", ylabel="state")
    assert (ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()) == ("A title", "step", "state")
    assert tuple(fig.get_size_inches()) == (style.WIDTH, 2.0)


@pytest.mark.parametrize("dark_theme", [False, True])
def test_the_face_is_white_whatever_the_readers_theme(
    dark_theme: bool, pixels: Callable[[Figure], NDArray[np.float64]]
) -> None:
    with plt.style.context("dark_background" if dark_theme else "default"):
        fig, ax = new_axes(title="A title", xlabel="step")
        ax.plot([0, 1], [0, 1])
        image = pixels(fig)
    assert np.all(image[0, 0] == 1.0) and np.all(image[-1, -1] == 1.0), "opaque white at the corners"
    assert image[..., :3].min() < 0.3, "and something dark drawn on it"


def test_settings_of_others_stay_as_they_are() -> None:
    before = dict(matplotlib.rcParams)
    new_axes()
    style.new_canvas(4, 2)
    assert dict(matplotlib.rcParams) == before


def test_new_canvas_keeps_its_proportions() -> None:
    fig, ax = style.new_canvas(8, 2, width=4)
    assert tuple(fig.get_size_inches()) == (4.0, 1.0)
    assert (ax.get_xlim(), ax.get_ylim()) == ((0.0, 8.0), (0.0, 2.0))
