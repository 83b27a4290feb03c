"""The figure Forecast from Python: what it gives, what it refuses, what is seen without JavaScript."""

from __future__ import annotations

import re

import numpy as np
import pytest
from traitlets import TraitError

from course_utils.explainers import Forecast
from course_utils.runs.forecast import LENGTH, RIDGE, TRAIN, load_forecast


def test_it_opens_with_a_series_and_three_forecasts() -> None:
    figure = Forecast(window=24, horizon=6, origin=7)
    assert figure.series.shape == (LENGTH,)
    assert {name: forecast.shape for name, forecast in figure.forecasts.items()} == {
        "naive": (6,),
        "linear": (6,),
        "lstm": (6,),
    }
    assert list(figure.errors) == ["naive", "linear", "lstm", "floor"]
    assert not figure.shown, "the errors are shown before they can be guessed"


def test_the_naive_forecast_repeats_the_last_value() -> None:
    figure = Forecast(horizon=3, origin=7)
    np.testing.assert_allclose(figure.forecasts["naive"], [figure.series[TRAIN + 6]] * 3)


def test_the_linear_forecast_is_least_squares_on_what_may_be_learnt_from() -> None:
    figure = Forecast(window=5, horizon=4, origin=9, noise=0.3)
    known = figure.series[:TRAIN]
    scaled = (figure.series - known.mean()) / known.std()
    starts = range(TRAIN - 5 - 24 + 1)
    A = np.array([[*scaled[start : start + 5], 1] for start in starts])
    y = np.array([scaled[start + 5 + 3] for start in starts])  # four steps after the window
    # The ridge as rows of its own, for a solver that knows nothing of normal equations.
    A = np.vstack([A, np.sqrt(RIDGE) * np.eye(6)])
    weights = np.linalg.lstsq(A, np.append(y, np.zeros(6)), rcond=None)[0]
    end = TRAIN + 9
    expected = known.mean() + known.std() * ([*scaled[end - 5 : end], 1] @ weights)
    assert figure.forecasts["linear"][3] == pytest.approx(expected, abs=1e-9)


def test_the_lstm_is_the_stored_one() -> None:
    figure = Forecast(window=12, horizon=24, origin=30)
    known = figure.series[:TRAIN]
    window = (figure.series[TRAIN + 18 : TRAIN + 30] - known.mean()) / known.std()
    answers = load_forecast().network.predict(window[np.newaxis, :, np.newaxis])[0]  # (24,)
    np.testing.assert_allclose(figure.forecasts["lstm"], known.mean() + known.std() * answers, atol=1e-5)


def test_the_errors_are_means_over_all_starting_points() -> None:
    figure = Forecast(horizon=2, window=8)
    off = []
    for origin in range(120):
        figure.origin = origin
        off.append(abs(figure.forecasts["lstm"][1] - figure.series[TRAIN + origin + 1]))
    assert figure.errors["lstm"] == pytest.approx(np.mean(off))


def test_without_noise_knowing_the_waves_is_knowing_all() -> None:
    assert Forecast(noise=0.0).errors["floor"] == 0
    walk = Forecast(source="walk", noise=0.0).errors
    assert walk["floor"] == walk["naive"] > 0, "of a walk the last value is all that is known"


def test_nothing_but_the_part_to_learn_from_is_learnt_from(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = Forecast(origin=0)
    before = figure.forecasts
    values, truth = figure._series()
    changed = np.where(np.arange(LENGTH) < TRAIN, values, 100.0)
    monkeypatch.setattr(Forecast, "_series", lambda figure: (changed, truth))
    for name, forecast in figure.forecasts.items():
        np.testing.assert_array_equal(forecast, before[name])


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"window": 3}, "window is 3, expected a whole number from 4 to 48"),
        ({"horizon": 25}, "horizon is 25, expected a whole number from 1 to 24"),
        ({"noise": 0.6}, "noise is 0.6, expected a number from 0 to 0.5"),
        ({"source": "tide"}, "source is 'tide', expected one of waves, walk"),
        ({"origin": 120}, "origin is 120, expected a whole number from 0 to 119"),
    ],
)
def test_what_it_cannot_show_is_refused(setting: dict[str, object], says: str) -> None:
    with pytest.raises(TraitError, match=re.escape(says)):
        Forecast(**setting)  # type: ignore[arg-type]


def test_the_static_version_shows_the_same_errors() -> None:
    figure = Forecast(horizon=3, source="walk", noise=0.1)
    shown = figure.fallback_html()
    assert "Forecasts of a random walk with noise of 0.1, from the last 24 values" in shown
    for name, label in (("naive", "naive"), ("lstm", "LSTM"), ("floor", "knowing all but chance")):
        row = re.search(rf'<th scope="row">{label}</th>(.*)</tr>', shown)
        assert row is not None
        assert re.findall(r"<td>([\d.]+)</td>", row[1])[1] == f"{figure.errors[name]:.3f}"
