"""Time series to forecast, in three parts to be added up: waves, a trend and noise.

    sales = trend_series(400, slope=0.01) + sine_series(400, period=50) + noise_series(400, scale=0.1, seed=3)

Each part is a (time,) float32 array.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float32]


def sine_series(time: int, period: float = 20.0, amplitude: float = 1.0, phase: float = 0.0) -> Series:
    """A sine wave, ``amplitude * sin(2 π t / period + phase)``.

    Args:
        time: how many steps, at least 1.
        period: steps a wave takes, above 0.
        amplitude: height of its crest.
        phase: where it starts, in radians.

    Returns:
        (time,) float32.

    Raises:
        ValueError: if `time` is below 1 or `period` is not above 0.
    """
    if not period > 0:
        raise ValueError(f"period is {period}, expected a number of steps above 0.")
    return np.asarray(amplitude * np.sin(2 * np.pi * _steps(time) / period + phase), dtype=np.float32)


def trend_series(time: int, slope: float = 0.01, start: float = 0.0) -> Series:
    """A straight line, ``start + slope * t``.

    Args:
        time: how many steps, at least 1.
        slope: rise a step.
        start: value at the first step.

    Returns:
        (time,) float32.

    Raises:
        ValueError: if `time` is below 1.
    """
    return np.asarray(start + slope * _steps(time), dtype=np.float32)


def noise_series(time: int, scale: float = 0.1, seed: int = 0) -> Series:
    """Independent normal noise around 0.

    Args:
        time: how many steps, at least 1.
        scale: its standard deviation, 0 or more.
        seed: of ``numpy.random.default_rng``; the same seed gives the same noise.

    Returns:
        (time,) float32.

    Raises:
        ValueError: if `time` is below 1 or `scale` is negative.
    """
    if not scale >= 0:
        raise ValueError(f"scale is {scale}, expected 0 or more.")
    noise = np.random.default_rng(seed).normal(0.0, scale, size=len(_steps(time)))
    return noise.astype(np.float32)


def _steps(time: int) -> npt.NDArray[np.float64]:
    """(time,), 0, 1, 2, …"""
    if time < 1:
        raise ValueError(f"time is {time}, expected at least 1 step.")
    return np.arange(time, dtype=np.float64)
