"""Pictures of reviews: counts, padding and words end up where they should."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from course_utils.figures import style
from course_utils.figures.reviews import padded_reviews, review_lengths, word_weights


def test_every_review_is_counted_once() -> None:
    lengths = [10, 20, 20, 30, 400, 2_000]
    figure = review_lengths(lengths, marks={"median": 25.0, "90th percentile": 1_200.0}, most=500)
    (ax,) = figure.axes
    assert sum(bar.get_height() for bar in ax.patches) == 5
    assert ax.get_title(loc="left") == "6 reviews, 1 of them longer than 500 words"
    assert [text.get_text() for text in ax.texts] == ["median: 25", "90th percentile: 1200"]
    assert [line.get_xdata()[0] for line in ax.lines] == [25.0, 1_200.0]


def test_short_reviews_need_no_remark() -> None:
    assert review_lengths([3, 5, 8]).axes[0].get_title(loc="left") == "3 reviews"


def test_padding_start_and_words_have_their_own_colour_and_place() -> None:
    batch = [[0, 0, 1, 9, 5], [7, 8, 9, 4, 3]]
    figure = padded_reviews({"in front": batch, "behind": [[1, 9, 5, 0, 0]]})
    first, second = figure.axes
    kinds = np.asarray(first.collections[0].get_array()).reshape(2, 5)
    np.testing.assert_array_equal(kinds, [[2, 2, 2, 2, 2], [0, 0, 1, 2, 2]])  # the first row is drawn on top
    np.testing.assert_array_equal(np.asarray(second.collections[0].get_array()).ravel(), [1, 2, 2, 0, 0])
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["in front", "behind"]
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == ["padding, 0", "start of the review, 1", "a word"]
    faces = {to_hex(patch.get_facecolor()) for patch in figure.legends[0].get_patches()}
    assert len(faces) == 3


def test_a_bar_points_to_the_side_of_its_weight() -> None:
    figure = word_weights(["bad", "plain", "good"], [-2.0, 0.1, 1.5])
    (ax,) = figure.axes
    assert [bar.get_width() for bar in ax.patches] == [-2.0, 0.1, 1.5]
    centres = [bar.get_y() + bar.get_height() / 2 for bar in ax.patches]
    assert centres == pytest.approx([2, 1, 0]), "the first word stands on top"
    assert {
        label.get_text(): place for label, place in zip(ax.get_yticklabels(), ax.get_yticks(), strict=True)
    } == {
        "bad": 2,
        "plain": 1,
        "good": 0,
    }
    assert ax.get_xlim()[0] == -ax.get_xlim()[1], "equal weights should look equal on both sides"
    assert to_hex(ax.patches[0].get_facecolor()) != to_hex(ax.patches[2].get_facecolor())


def test_weights_of_zero_can_be_drawn() -> None:
    (ax,) = word_weights(["a", "b"], [0.0, 0.0], measure="log ratio").axes
    assert ax.get_xlim() == (-1.0, 1.0)
    assert ax.get_xlabel() == "log ratio"


def test_white_face() -> None:
    for figure in (review_lengths([1, 2]), padded_reviews({"x": [[0, 1]]}), word_weights(["a"], [1.0])):
        assert to_hex(figure.get_facecolor()).upper() == style.PAPER


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="no review"):
        review_lengths([])
    with pytest.raises(ValueError, match="shape"):
        padded_reviews({"flat": [1, 2, 3]})
    with pytest.raises(ValueError, match="shape"):
        padded_reviews({})
    with pytest.raises(ValueError, match="one weight for each of the 2 words"):
        word_weights(["a", "b"], [1.0])
    with pytest.raises(ValueError, match="one weight for each"):
        word_weights([], [])


def test_no_text_covers_another(collisions: Callable[[Figure], list[str]]) -> None:
    words = [f"word {i}" for i in range(20)]
    batch = np.tril(np.full((6, 40), 5))
    figures = [
        word_weights(words, np.linspace(-200, 150, 20)),
        padded_reviews({"padding='pre'": batch[:, ::-1], "padding='post'": batch}),
        review_lengths(np.arange(10, 900), marks={"median": 455.0, "90th percentile": 811.0}),
        review_lengths(np.arange(10, 60), marks={"median": 35.0, "mean": 35.5}),
    ]
    found = [pair for figure in figures for pair in collisions(figure)]
    # Matplotlib keeps labels for ticks beyond the axis, which nobody sees: these "stick out".
    assert [pair for pair in found if not re.fullmatch(r"'−?[\d.]+' sticks out", pair)] == []
