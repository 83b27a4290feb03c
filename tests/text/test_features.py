"""What a reader knows of each character, by hand; and correlations as NumPy has them."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.text import FEATURES, correlations, text_features


def test_each_feature_by_hand() -> None:
    found = text_features('NELL:\n"No," he\nI:x')
    assert tuple(found) == FEATURES
    by_hand = {
        "place in the line": [1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3],
        "place in the word": [1, 2, 3, 4, 0, 0, 0, 1, 2, 0, 0, 0, 1, 2, 0, 1, 0, 1],
        "after a space": [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0],
        "in a speaker's name": [1] * 5 + [0] * 13,
        "in quotes": [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    }
    for name, values in by_hand.items():
        assert found[name].tolist() == values, name


def test_correlations_are_pearsons() -> None:
    draw = np.random.default_rng(8)
    states, feature = draw.normal(size=(50, 4)), draw.normal(size=50)
    expected = [np.corrcoef(unit, feature)[0, 1] for unit in states.T]
    np.testing.assert_allclose(correlations(states, feature), expected, atol=1e-12)
    states[:, 2] = 3.0
    assert correlations(states, feature)[2] == 0
    assert correlations(states, np.ones(50)).tolist() == [0, 0, 0, 0]


def test_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(time, units\) and \(time,\)"):
        correlations(np.zeros((5, 2)), np.zeros(4))
