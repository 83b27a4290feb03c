"""The study of small forecasters: it measures what it says, goes on where it stopped, and ships what is true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from course_utils.data.bundled import bundled_path
from course_utils.runs import RunError
from course_utils.runs.forecast_study import (
    CARD,
    HORIZONS,
    LENGTH,
    SEASONS,
    SETTINGS,
    TRAIN,
    VALIDATION,
    WINDOWS,
    ForecastStudySettings,
    ForecastTraining,
    cut_pairs,
    errors_by_step,
    load_forecast_study,
    simple_forecasts,
    study_series,
    train_forecast_study,
    train_forecaster,
)

SHORT: dict[str, Any] = {"series": "tide", "seeds": 1, "window": 4, "epochs": 1, "judged": HORIZONS}
TINY = ForecastStudySettings(
    trainings={
        "one step": ForecastTraining(**SHORT, network="SimpleRNN"),
        "direct": ForecastTraining(**SHORT, network="SimpleRNN", horizons=HORIZONS, dropout=0.2),
    },
    batch_size=256,
    samples=5,
)


def shipped() -> Path:
    return bundled_path("forecast-study")


def test_windows_and_what_comes_after_them() -> None:
    windows, targets = cut_pairs(np.arange(10), 4, 3)
    assert windows.shape == (4, 4) and targets.shape == (4, 3)
    assert windows[-1].tolist() == [3, 4, 5, 6] and targets[-1].tolist() == [7, 8, 9]


@pytest.mark.parametrize("name", SEASONS)
def test_the_simple_forecasts_read_only_what_is_known(name: str) -> None:
    values = study_series(name)
    assert values.shape == (LENGTH,) and np.isfinite(values).all()
    made = simple_forecasts(values, SEASONS[name], WINDOWS[name])
    first = TRAIN + VALIDATION
    # Whatever comes after the first starting place changes nothing that is said there.
    other = values.copy()
    other[first:] = 1e3
    for each, forecast in simple_forecasts(other, SEASONS[name], WINDOWS[name]).items():
        assert forecast.shape == (LENGTH - first - HORIZONS + 1, HORIZONS)
        np.testing.assert_allclose(forecast[0], made[each][0])
    np.testing.assert_array_equal(made["naive"][5], np.full(HORIZONS, values[first + 4]))


def test_the_seasonal_forecast_goes_back_whole_seasons() -> None:
    values = np.arange(LENGTH, dtype=float)
    seasonal = simple_forecasts(values, 10)["seasonal"][0]
    first = TRAIN + VALIDATION
    assert seasonal[:10].tolist() == list(range(first - 10, first))
    assert seasonal[10:20].tolist() == seasonal[:10].tolist()
    np.testing.assert_allclose(
        errors_by_step(values, np.zeros((697, HORIZONS)))[0], np.arange(2160, 2857).mean()
    )


def test_a_line_is_forecast_by_the_linear_forecast() -> None:
    values = 3.0 + 0.5 * np.arange(LENGTH)
    made = simple_forecasts(values, 7, window=5)
    np.testing.assert_allclose(errors_by_step(values, made["linear"]), 0, atol=1e-6)
    np.testing.assert_allclose(errors_by_step(values, made["naive"]), 0.5 * np.arange(1, HORIZONS + 1))


def test_a_tiny_study_is_stored_and_goes_on(tmp_path: Path) -> None:
    lines: list[str] = []
    unfinished = tmp_path / "unfinished"
    train_forecast_study(tmp_path, lines.append, checkpoints=unfinished, settings=TINY)
    study = load_forecast_study(tmp_path)
    assert study.card.settings == TINY
    assert study.errors("one step").shape == (1, HORIZONS)
    for method in ("residual", "dropout"):
        shares = study.coverage("direct", method)
        assert shares.shape == (1, HORIZONS) and ((shares >= 0) & (shares <= 1)).all()
    assert (study.coverage("direct", "residual") > 0.6).all()
    assert study.seconds("one step").shape == (1,)
    assert not (unfinished / CARD).exists()

    # Stopped before the second training: the first is taken as it is.
    stored = json.loads((tmp_path / CARD).read_bytes())
    again = tmp_path / "again"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("course_utils.runs.forecast_study.train_forecaster", stop_at_the_direct_one)
        with pytest.raises(KeyboardInterrupt):
            train_forecast_study(again, lines.append, checkpoints=unfinished, settings=TINY)
    assert not again.exists()
    train_forecast_study(again, lines.append, checkpoints=unfinished, settings=TINY)
    found = json.loads((again / CARD).read_bytes())
    assert found["trials"]["one step"][0]["seconds"] == 12345.0
    assert found["trials"]["direct"][0]["errors"] == pytest.approx(
        stored["trials"]["direct"][0]["errors"], rel=1e-3
    )


def stop_at_the_direct_one(training: ForecastTraining, seed: int, settings: ForecastStudySettings) -> object:
    if training.dropout:
        raise KeyboardInterrupt
    return train_forecaster(training, seed, settings).model_copy(update={"seconds": 12345.0})


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no series 'rain'"):
        study_series("rain")
    with pytest.raises(RunError, match=re.escape("`course train forecast-study`")):
        load_forecast_study(tmp_path)
    (tmp_path / CARD).write_text("{}", encoding="utf-8")
    with pytest.raises(RunError, match="not a card of this course"):
        load_forecast_study(tmp_path)
    card = json.loads((shipped() / CARD).read_bytes())
    del card["trials"]["tide, LSTM"]
    (tmp_path / CARD).write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(RunError, match="does not list every training"):
        load_forecast_study(tmp_path)


def test_the_shipped_study_says_what_the_lesson_says() -> None:
    study = load_forecast_study(shipped())
    assert study.card.settings == SETTINGS, "train again with `course train forecast-study`"
    one_step = {name: study.errors(name)[:, 0] for name in SETTINGS.trainings}
    linear = {
        name: errors_by_step(
            study_series(name), simple_forecasts(study_series(name), SEASONS[name], WINDOWS[name])["linear"]
        )[0]
        for name in SEASONS
    }
    for name in ("tide", "sunrise"):
        assert min(one_step[f"{name}, {network}"].min() for network in ("SimpleRNN", "LSTM")) > linear[name]
    assert one_step["population, LSTM"].max() < linear["population"]
    direct = study.coverage("tide, LSTM, direct", "dropout").mean(axis=1)
    assert (direct < 0.8).all()


def test_a_shipped_training_can_be_repeated() -> None:
    training = SETTINGS.trainings["population, SimpleRNN"]
    again = train_forecaster(training, seed=1)
    stored = load_forecast_study(shipped()).errors("population, SimpleRNN")[0, 0]
    assert again.errors[0] == pytest.approx(stored, rel=0.3)
