"""The network of the forecasts: how it is trained, and that the stored one is as good as its card says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from course_utils.runs import RunError
from course_utils.runs.forecast import (
    LENGTH,
    LONGEST_HORIZON,
    LONGEST_WINDOW,
    SETTINGS,
    Settings,
    known_series,
    load_forecast,
    measured_errors,
    train_forecast,
    training_batch,
)

TINY = Settings(units=3, epochs=3, updates=2, batch_size=4)


@pytest.fixture(autouse=True)
def few_errors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes longest is to measure."""
    monkeypatch.setattr("course_utils.runs.forecast.ERROR_NOISES", (0.1, 0.5))
    monkeypatch.setattr("course_utils.runs.forecast.ERROR_WINDOWS", (8, 24))
    if "tmp_path" in request.fixturenames:
        monkeypatch.setattr("course_utils.runs.forecast.measured_errors", lambda network, periods: [])


def test_the_noise_is_normal_and_independent_of_the_truth() -> None:
    values, truth = known_series("waves", period=20, noise=0.5, seed=3)
    quiet, same = known_series("waves", period=20, noise=0.0, seed=3)
    assert (values - truth).std() == pytest.approx(0.5, abs=0.06)
    np.testing.assert_array_equal(quiet, same)
    np.testing.assert_array_equal(truth, same)


def test_a_series_is_waves_of_the_period_or_a_walk() -> None:
    _, waves = known_series("waves", period=25, noise=0.1, seed=1)
    np.testing.assert_allclose(
        waves[125:], waves[:-125], atol=1e-9
    )  # five slow waves are thirteen quick ones
    _, walk = known_series("walk", period=25, noise=0.1, seed=1)
    assert np.diff(walk).std() == pytest.approx(0.15, abs=0.03)
    assert waves.shape == walk.shape == (LENGTH,)
    with pytest.raises(ValueError, match="source is 'tide', expected one of waves, walk"):
        known_series("tide", period=25, noise=0.1, seed=1)


def test_a_training_batch_asks_for_what_comes_next() -> None:
    settings = Settings(batch_size=6, noise=0.0)
    batch = training_batch(settings, np.random.default_rng(2))
    assert batch.inputs.shape == (LONGEST_WINDOW, 6, 1)
    assert batch.targets.shape == (LONGEST_WINDOW, 6, LONGEST_HORIZON)
    # Without noise, what is asked for after a step is what is read at the next ones.
    for ahead in (1, 5, LONGEST_HORIZON):
        np.testing.assert_array_equal(batch.targets[:-ahead, :, ahead - 1], batch.inputs[ahead:, :, 0])
    assert batch.counts is not None
    assert batch.counts[:, 0, 0].tolist() == [False] * 3 + [True] * (LONGEST_WINDOW - 3)


def test_training_is_told_stored_and_can_be_had_again(tmp_path: Path) -> None:
    told: list[str] = []
    for name in ("first", "second"):
        train_forecast(tmp_path / name, told.append, checkpoints=tmp_path / "aside", settings=TINY)
    assert told[0].startswith("forecast: epoch 1 of 3")
    assert told[-1].startswith(f"forecast: stored in {tmp_path / 'second'}")
    first, second = (tmp_path / name / "weights.npz" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
    assert {path.name for path in (tmp_path / "first").iterdir()} == {"forecast.json", "weights.npz"}
    assert not list((tmp_path / "aside").iterdir())


def test_an_interrupted_training_ends_as_it_would_have(tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(line: str) -> None:
        if "epoch 2" in line:
            raise Interrupted

    train_forecast(tmp_path / "whole", lambda line: None, checkpoints=tmp_path / "a", settings=TINY)
    with pytest.raises(Interrupted):
        train_forecast(tmp_path / "parts", interrupt, checkpoints=tmp_path / "b", settings=TINY)
    told: list[str] = []
    train_forecast(tmp_path / "parts", told.append, checkpoints=tmp_path / "b", settings=TINY)
    assert told[:2] == ["forecast: going on after epoch 2", told[1]] and "epoch 3 of 3" in told[1]
    assert (tmp_path / "whole/weights.npz").read_bytes() == (tmp_path / "parts/weights.npz").read_bytes()


def test_another_training_is_not_gone_on_with(tmp_path: Path) -> None:
    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_forecast(tmp_path / "runs", interrupt, checkpoints=tmp_path, settings=TINY)
    told: list[str] = []
    other = Settings(units=2, epochs=1, updates=1, batch_size=2)
    train_forecast(tmp_path / "runs", told.append, checkpoints=tmp_path, settings=other)
    assert told[0].startswith("forecast: epoch 1 of 1")


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="course train forecast"):
        load_forecast(tmp_path)
    train_forecast(tmp_path / "run", lambda line: None, checkpoints=tmp_path, settings=TINY)
    (tmp_path / "run/weights.npz").write_bytes(b"other")
    with pytest.raises(RunError, match="is not the file that its card describes"):
        load_forecast(tmp_path / "run")


def test_the_stored_network_is_the_one_that_the_settings_describe() -> None:
    stored = load_forecast()
    assert stored.card["settings"] == json.loads(json.dumps(SETTINGS.__dict__))
    assert stored.card["parameters"] == stored.network.flat_weights.size
    assert len(stored.card["history"]["loss"]) == SETTINGS.epochs
    answers = stored.network.predict(np.zeros((1, 4, 1)))
    assert answers.shape == (1, LONGEST_HORIZON)


def test_the_stored_network_is_as_good_on_fresh_series_as_its_card_says() -> None:
    stored = load_forecast()
    by_setting = {(row["window"], row["noise"], row["horizon"]): row for row in stored.card["errors"]}
    fresh = measured_errors(stored.network, SETTINGS.periods, first_seed=70_000, series=12)
    assert len(fresh) == 16
    for row in fresh:
        told = by_setting[row["window"], row["noise"], row["horizon"]]
        for name in ("naive", "linear", "lstm", "floor"):
            assert row[name] == pytest.approx(told[name], rel=0.15), (row, told)


def test_the_network_is_comparable_with_the_linear_forecast_where_it_can_be() -> None:
    rows = load_forecast().card["errors"]
    noisy = [row for row in rows if row["noise"] >= 0.2 and row["window"] == 48]
    assert all(row["lstm"] < 1.15 * row["linear"] for row in noisy)
    assert any(row["lstm"] < 0.95 * row["linear"] for row in noisy)
    # And where it is not, the card says so: without noise nothing beats least squares.
    assert all(row["linear"] < row["lstm"] for row in rows if row["noise"] == 0)
