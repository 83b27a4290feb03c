"""Figures are drawn without a window, and looked at as their reader would see them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import matplotlib
import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray


@pytest.fixture(autouse=True)
def no_figure_left_open() -> Iterator[None]:
    """Draw off screen, and find every figure that a function leaves behind in pyplot."""
    matplotlib.use("Agg")
    plt.close("all")
    yield
    assert plt.get_fignums() == [], "a figure was left open in pyplot: a notebook would show it twice"


@pytest.fixture
def texts() -> Callable[[Figure], list[str]]:
    """Everything that is written in a figure, axis labels and tick labels included."""

    def read(fig: Figure) -> list[str]:
        return [text.get_text() for text in _visible_texts(fig)]

    return read


@pytest.fixture
def pixels() -> Callable[[Figure], NDArray[np.float64]]:
    """The figure as it is saved: (height, width, 4), from 0 to 1."""

    def render(fig: Figure) -> NDArray[np.float64]:
        buffer = io.BytesIO()
        fig.savefig(buffer, format="png")
        buffer.seek(0)
        return np.asarray(matplotlib.image.imread(buffer), dtype=np.float64)

    return render


@pytest.fixture
def collisions() -> Callable[[Figure], list[str]]:
    """Pairs of texts that overlap, and texts that stick out of the figure."""

    def find(fig: Figure) -> list[str]:
        found = []
        boxes = [(text.get_text(), text.get_window_extent()) for text in _visible_texts(fig)]
        width, height = fig.canvas.get_width_height()
        for index, (name, box) in enumerate(boxes):
            if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height:
                found.append(f"{name!r} sticks out")
            found += [f"{name!r} on {other!r}" for other, rest in boxes[index + 1 :] if box.overlaps(rest)]
        return found

    return find


def _visible_texts(fig: Figure) -> list[Text]:
    for _ in range(2):  # the layout of the first time moves the labels of the second
        fig.draw_without_rendering()
    found = fig.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible())
    return [text for text in found if isinstance(text, Text) and text.get_text().strip() and _shown(text)]


def _shown(text: Text) -> bool:
    axes = text.axes
    return axes is None or bool(axes.axison) or text in axes.texts
