"""Series that nature writes, computed by public formulas: sunrise, the tide, and a population that runs wild.

    level = tide_series(24 * 120) + surge_series(24 * 120, seed=1)

Each is a (time,) float32 array. The sun's place follows the U.S. Naval Observatory, "Computing Approximate Solar
Coordinates" (https://aa.usno.navy.mil/faq/sun_approx); the names and speeds of the tide's parts follow P. Schureman,
*Manual of Harmonic Analysis and Prediction of Tides* (1940). The heights and phases of our tide are invented, and so
is its weather: it is the tide of no harbour.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from course_utils.data.series import Series

EARTH, MOON, SUN, PERIGEE = 15.0, 0.5490165, 0.0410686, 0.0046418
"""Degrees an hour: the earth's turn under the mean sun, and the mean longitudes of the moon, the sun and the moon's
perigee."""

TIDE_SPEEDS: Final[dict[str, float]] = {
    "M2": 2 * (EARTH - MOON + SUN),
    "S2": 2 * EARTH,
    "N2": 2 * EARTH - 3 * MOON + 2 * SUN + PERIGEE,
    "K1": EARTH + SUN,
    "O1": EARTH - 2 * MOON + SUN,
}
"""Degrees an hour of five large parts of most tides: the moon's and the sun's half-daily pull, the moon's as its
distance changes, and two daily ones. Astronomy fixes them, so that they are the same in all harbours."""


class Constituent(NamedTuple):
    """One part of a tide at one place.

    Attributes:
        height: how far it rises above the mean, metres.
        phase: how far it lags behind at hour 0, degrees.
    """

    height: float
    phase: float


INVENTED_HARBOUR: Final[dict[str, Constituent]] = {
    "M2": Constituent(1.50, 40),
    "S2": Constituent(0.50, 75),
    "N2": Constituent(0.30, 20),
    "K1": Constituent(0.15, 200),
    "O1": Constituent(0.12, 150),
}
"""Heights and phases that we made up."""


def tide_series(
    hours: int, constituents: Mapping[str, Constituent | tuple[float, float]] = INVENTED_HARBOUR
) -> Series:
    """The tide hour by hour, without weather: the sum of ``height * cos(speed * t - phase)``.

    Args:
        hours: how many, at least 1.
        constituents: height and phase of each part, by a name from `TIDE_SPEEDS`.

    Returns:
        (time,) float32, metres above the mean level.

    Raises:
        ValueError: if `hours` is below 1, or for a name that is not known.
    """
    if hours < 1:
        raise ValueError(f"hours is {hours}, expected at least 1.")
    unknown = set(constituents) - set(TIDE_SPEEDS)
    if unknown:
        raise ValueError(f"there is no constituent {min(unknown)!r}, expected {', '.join(TIDE_SPEEDS)}.")
    level = np.zeros(hours)
    for name, (height, phase) in constituents.items():
        level += height * np.cos(np.radians(TIDE_SPEEDS[name] * np.arange(hours) - phase))
    return level.astype(np.float32)


def surge_series(hours: int, scale: float = 0.15, memory: float = 0.95, seed: int = 0) -> Series:
    """What wind and air pressure add to a tide: normal noise that fades slowly.

    Each hour keeps the share `memory` of the hour before, and fresh noise brings the deviation back to `scale`. So of
    what is known now, ``memory ** h`` counts h hours later, and the rest is left to chance.

    Args:
        hours: how many, at least 1.
        scale: standard deviation, metres, 0 or more.
        memory: the share that is left after an hour, from 0 to below 1.
        seed: of ``numpy.random.default_rng``.

    Returns:
        (time,) float32, metres.

    Raises:
        ValueError: if a number is out of its range.
    """
    if hours < 1:
        raise ValueError(f"hours is {hours}, expected at least 1.")
    if not scale >= 0:
        raise ValueError(f"scale is {scale}, expected 0 or more.")
    if not 0 <= memory < 1:
        raise ValueError(f"memory is {memory}, expected a share from 0 to below 1.")
    fresh = np.random.default_rng(seed).normal(0.0, scale, size=hours)
    fresh[1:] *= np.sqrt(1 - memory**2)
    for hour in range(1, hours):
        fresh[hour] += memory * fresh[hour - 1]
    return fresh.astype(np.float32)


def sunrise_series(
    days: int, latitude: float = 55.95, longitude: float = -3.19, first_day: str = "2020-01-01"
) -> Series:
    """When the sun rises, day by day; without other arguments in Edinburgh.

    The upper edge of the sun stands on the horizon, raised by the usual refraction: its centre is 0.833 degrees below.
    Good to about a minute.

    Args:
        days: how many, at least 1.
        latitude: degrees, north above 0, within the 65 where the sun rises on each day of the year.
        longitude: degrees, east above 0.
        first_day: as ``"2020-01-01"``.

    Returns:
        (time,) float32, minutes after midnight, Universal Time, without summer time.

    Raises:
        ValueError: if `days` is below 1 or `latitude` is too far from the equator.
    """
    if days < 1:
        raise ValueError(f"days is {days}, expected at least 1.")
    if not abs(latitude) <= 65:
        raise ValueError(f"latitude is {latitude}, expected at most 65 degrees from the equator.")
    since_2000 = np.datetime64(first_day, "D") - np.datetime64("2000-01-01", "D")
    midnights = int(since_2000.astype(int)) + np.arange(days) - 0.5  # days after noon of 1 January 2000
    minutes = np.full(days, 360.0)
    for _ in range(3):  # the sun moves a little between any first guess and the sunrise
        declination, equation = _sun(midnights + minutes / 1440)
        cosine = (np.sin(np.radians(-0.833)) - np.sin(np.radians(latitude)) * np.sin(declination)) / (
            np.cos(np.radians(latitude)) * np.cos(declination)
        )
        minutes = 720 - 4 * (longitude + equation + np.degrees(np.arccos(cosine)))
    return minutes.astype(np.float32)


def _sun(days: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The sun's declination in radians, and the equation of time in degrees."""
    g = np.radians(357.529 + 0.98560028 * days)  # mean anomaly
    q = 280.459 + 0.98564736 * days  # mean longitude, degrees
    ecliptic = np.radians(q + 1.915 * np.sin(g) + 0.020 * np.sin(2 * g))
    tilt = np.radians(23.439 - 0.00000036 * days)
    ascension = np.degrees(np.arctan2(np.cos(tilt) * np.sin(ecliptic), np.cos(ecliptic)))
    return np.arcsin(np.sin(tilt) * np.sin(ecliptic)), (q - ascension + 180) % 360 - 180


def population_series(years: int, growth: float = 3.9, start: float = 0.3) -> Series:
    """A population that outgrows its food: ``x = growth * x * (1 - x)``, year after year (May, 1976).

    With a growth of 3.9 it never settles, although nothing about it is left to chance.

    Args:
        years: how many, at least 1.
        growth: from 0 to 4.
        start: in the first year, from 0 to 1, as a share of what the land could feed.

    Returns:
        (time,) float32.

    Raises:
        ValueError: if a number is out of its range.
    """
    if years < 1:
        raise ValueError(f"years is {years}, expected at least 1.")
    if not (0 <= growth <= 4 and 0 <= start <= 1):
        raise ValueError(f"growth is {growth} and start {start}, expected 0 to 4 and 0 to 1.")
    values = [start]
    for _ in range(years - 1):
        values.append(growth * values[-1] * (1 - values[-1]))
    return np.array(values, dtype=np.float32)
