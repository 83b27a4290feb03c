"""Series by public formulas: they agree with almanacs, with astronomy, and with themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from course_utils.data.nature import (
    TIDE_SPEEDS,
    population_series,
    sunrise_series,
    surge_series,
    tide_series,
)
from course_utils.data.series import Series


@pytest.mark.parametrize(
    ("day", "clock"), [("2024-06-21", "3:43"), ("2023-12-21", "8:04"), ("2024-03-20", "6:03")]
)
def test_sunrise_in_london_is_that_of_the_almanac(day: str, clock: str) -> None:
    hours, minutes = clock.split(":")
    [found] = sunrise_series(1, 51.507, -0.128, day)
    assert found == pytest.approx(60 * int(hours) + int(minutes), abs=1.5)


def test_sunrise_comes_back_every_year_and_the_equator_hardly_notices() -> None:
    four_years = sunrise_series(4 * 365 + 2)
    assert four_years.dtype == np.float32
    assert abs(four_years[-1] - four_years[0]) < 1, "1,461 days are four years"
    assert 300 < np.ptp(four_years) < 330 < 60 * 6 < 2 * np.ptp(four_years)
    assert np.ptp(sunrise_series(365, latitude=0)) < 35


def test_a_place_one_degree_further_east_sees_the_sun_four_minutes_earlier() -> None:
    here, east = sunrise_series(30, longitude=5), sunrise_series(30, longitude=6)
    np.testing.assert_allclose(here - east, 4, atol=0.02)


def test_the_tide_has_the_speeds_of_the_tables() -> None:
    tables = {"M2": 28.9841042, "S2": 30.0, "N2": 28.4397295, "K1": 15.0410686, "O1": 13.9430356}
    assert set(tables) == set(TIDE_SPEEDS)
    for name, speed in tables.items():
        assert TIDE_SPEEDS[name] == pytest.approx(speed, abs=2e-7)


def test_a_tide_is_the_sum_of_its_parts() -> None:
    alone = tide_series(25, {"S2": (2.0, 90.0)})
    np.testing.assert_allclose(alone[[0, 3, 6, 9, 12]], [0, 2, 0, -2, 0], atol=1e-5)
    both = tide_series(25, {"S2": (2.0, 90.0), "M2": (1.0, 0.0)})
    np.testing.assert_allclose(both - alone, tide_series(25, {"M2": (1.0, 0.0)}), atol=1e-6)
    # Springs and neaps: the largest range of a day falls and rises again within 15 days.
    ranges = np.ptp(tide_series(24 * 15).reshape(15, 24), axis=1)
    assert ranges.max() > 1.6 * ranges.min()


def test_a_surge_keeps_its_deviation_and_fades_as_it_says() -> None:
    surge = surge_series(50_000, scale=0.3, memory=0.9, seed=1)
    assert surge.std() == pytest.approx(0.3, rel=0.05)
    for hours in (1, 5):
        kept = np.corrcoef(surge[hours:], surge[:-hours])[0, 1]
        assert kept == pytest.approx(0.9**hours, abs=0.03)
    np.testing.assert_array_equal(surge[:9], surge_series(9, scale=0.3, memory=0.9, seed=1))


def test_a_population_follows_its_rule_and_never_settles() -> None:
    values = population_series(500).astype(float)
    np.testing.assert_allclose(values[1:], 3.9 * values[:-1] * (1 - values[:-1]), atol=1e-6)
    assert values[400:].std() > 0.2
    np.testing.assert_allclose(population_series(200, growth=2)[-1], 0.5, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: tide_series(0), "hours is 0"),
        (lambda: tide_series(5, {"M9": (1, 0)}), "no constituent 'M9'"),
        (lambda: surge_series(0), "hours is 0"),
        (lambda: surge_series(5, scale=-1), "scale is -1"),
        (lambda: surge_series(5, memory=1), "memory is 1"),
        (lambda: sunrise_series(0), "days is 0"),
        (lambda: sunrise_series(5, latitude=70), "latitude is 70"),
        (lambda: population_series(0), "years is 0"),
        (lambda: population_series(5, growth=4.1), "growth is 4.1"),
    ],
)
def test_an_impossible_series_is_refused(call: Callable[[], Series], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()
