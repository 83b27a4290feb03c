"""Every word stands once, on the colour of its weight."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils.figures import style, word_strip

TEXT = "the film was not good at all and I would not see it again in a cinema or at home"
WORDS = TEXT.split() * 3


def boxes(figure: Figure) -> list[Rectangle]:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]


def test_every_word_stands_on_its_weight(texts: Callable[[Figure], list[str]]) -> None:
    weights = np.linspace(0, 0.2, len(WORDS))
    figure = word_strip(WORDS, weights, title="One review", label="weight", bold=2)
    written = figure.axes[0].texts
    assert [text.get_text() for text in written] == WORDS
    assert {"One review", "weight"} <= set(texts(figure))
    assert [text.get_weight() for text in written] == ["normal"] * (len(WORDS) - 2) + ["bold"] * 2
    places = [text.get_position()[::-1] for text in written]  # the line, and the place in it
    assert len({line for line, _ in places}) == 3, "lines of at most 88 letters"
    assert places == sorted(places), "in reading order"
    for text, box in zip(written, boxes(figure), strict=True):
        assert box.get_x() < text.get_position()[0] < box.get_x() + box.get_width()
        assert box.get_y() < text.get_position()[1] < box.get_y() + box.get_height()
    faces = [to_hex(box.get_facecolor()) for box in boxes(figure)]
    depth = [style.contrast_ratio(face) for face in faces]
    assert faces[0] == "#ffffff" and depth == sorted(depth), "the heavier, the deeper"


def test_words_are_readable_on_the_deepest_colour() -> None:
    (box,) = boxes(word_strip(["good"], [1.0]))
    assert style.contrast_ratio(style.INK, to_hex(box.get_facecolor())) >= 4.5


def test_nothing_sticks_out_or_overlaps(collisions: Callable[[Figure], list[str]]) -> None:
    figure = word_strip(WORDS, np.ones(len(WORDS)), title="One review", label="weight", bold=len(WORDS))
    assert collisions(figure) == []


def test_no_weight_at_all_is_white() -> None:
    assert {to_hex(box.get_facecolor()) for box in boxes(word_strip(["a", "b"], [0, 0]))} == {"#ffffff"}


def test_wrong_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="there are 2 words"):
        word_strip(["a", "b"], [1.0])
    with pytest.raises(ValueError, match="there are 0 words"):
        word_strip([], [])
    with pytest.raises(ValueError, match=r"the lowest weight is -0\.5"):
        word_strip(["a", "b"], [1.0, -0.5])
