"""The numbers that Python and the page draw alike."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from course_utils.data.random_numbers import normal_number, seeded_random


def test_the_first_numbers_are_those_of_the_browser() -> None:
    # By `seededRandom` of _sampling.js, in V8.
    assert list(islice(seeded_random(1), 3)) == [0.6270739405881613, 0.002735721180215478, 0.5274470399599522]


def test_they_are_spread_evenly_and_a_seed_repeats_them() -> None:
    numbers = np.array(list(islice(seeded_random(7), 20_000)))
    assert numbers.min() >= 0 and numbers.max() < 1
    counts, _ = np.histogram(numbers, bins=20, range=(0, 1))
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8  # once in a thousand, with 19 degrees of freedom
    np.testing.assert_array_equal(numbers[:50], list(islice(seeded_random(7 + 2**32), 50)))
    assert list(islice(seeded_random(8), 3)) != list(numbers[:3])


def test_normal_numbers_have_mean_0_and_deviation_1() -> None:
    random = seeded_random(5)
    numbers = np.array([normal_number(random) for _ in range(20_000)])
    assert numbers.mean() == pytest.approx(0, abs=0.03)
    assert numbers.std() == pytest.approx(1, abs=0.03)
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.03
    assert np.mean(np.abs(numbers) < 1.96) == pytest.approx(0.95, abs=0.01)
