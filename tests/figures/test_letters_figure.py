"""Every letter stands once, on its own colour."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from course_utils.figures import letter_strip

TEXT = "To be,\nor " + "x" * 90


def test_every_letter_is_written_on_its_number(texts: Callable[[Figure], list[str]]) -> None:
    values = np.linspace(-1, 2, len(TEXT))
    figure = letter_strip(TEXT, values, title="Unit 3", label="cell state")
    written = [text.get_text() for text in figure.axes[0].texts]
    assert "".join(written) == TEXT.replace("\n", "↵")
    assert {"Unit 3", "cell state"} <= set(texts(figure))
    grid = np.asarray(figure.axes[0].images[0].get_array().filled(np.nan))  # type: ignore[union-attr]
    assert grid.shape == (3, 80), "a line break, and a line that is too long"
    np.testing.assert_allclose(grid[~np.isnan(grid)], values)
    low, high = figure.axes[0].images[0].get_clim()
    assert (low, high) == (-2, 2), "white is 0"


def test_wrong_values_are_refused() -> None:
    with pytest.raises(ValueError, match="there are 3 characters"):
        letter_strip("abc", [1.0, 2.0])
    with pytest.raises(ValueError, match="there are 0 characters"):
        letter_strip("", [])
