"""Series to be added up."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.data import noise_series, sine_series, trend_series


def test_a_sine_has_its_period_height_and_phase():
    wave = sine_series(100, period=20, amplitude=3)
    assert wave.shape == (100,) and wave.dtype == np.float32
    np.testing.assert_allclose(wave[[0, 5, 10, 15, 20]], [0, 3, 0, -3, 0], atol=1e-5)
    np.testing.assert_allclose(sine_series(1, phase=np.pi / 2), [1])


def test_a_trend_is_a_line():
    np.testing.assert_allclose(trend_series(4, slope=0.5, start=2), [2, 2.5, 3, 3.5])
    assert trend_series(4).dtype == np.float32


def test_noise_has_its_scale_and_its_seed():
    noise = noise_series(20_000, scale=0.3, seed=1)
    assert noise.shape == (20_000,) and noise.dtype == np.float32
    assert noise.mean() == pytest.approx(0, abs=0.01) and noise.std() == pytest.approx(0.3, rel=0.02)
    np.testing.assert_array_equal(noise, noise_series(20_000, scale=0.3, seed=1))
    assert (noise != noise_series(20_000, scale=0.3, seed=2)).any()
    assert not noise_series(3, scale=0).any()


def test_parts_add_up_to_a_series():
    total = trend_series(50, slope=0.1) + sine_series(50) + noise_series(50)
    assert total.shape == (50,) and total.dtype == np.float32


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: sine_series(0), "time is 0, expected at least 1"),
        (lambda: trend_series(-1), "time is -1, expected at least 1"),
        (lambda: noise_series(0), "time is 0, expected at least 1"),
        (lambda: sine_series(5, period=0), "period is 0, expected"),
        (lambda: sine_series(5, period=float("nan")), "period is nan, expected"),
        (lambda: noise_series(5, scale=-1), "scale is -1, expected"),
    ],
)
def test_an_impossible_series_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
