"""Chapter 9's networks from several seeds: four series, three kinds of layer, and one thing changed at a time.

Every training is that of the R introduction: 50 units, a dense layer, Adam, squared error, 10 epochs in batches of 32.
Windows have 48 values (16 for the population). What a training changes, its name says; the direct one has a dropout of
0.2 besides, for its intervals. `train_forecast_study` stores ``forecast_study.json``: the settings, and how far each
network is off in the test part. The naive, the seasonal naive and the linear forecast are cheap enough to be computed
where they are needed: `simple_forecasts`.

Environment:
    COURSE_RUNS: a folder of runs; its folder ``forecast-study`` is looked in first, and is what is written to.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from course_utils.data.download import cache_folder
from course_utils.data.nature import population_series, sunrise_series, surge_series, tide_series
from course_utils.data.series import noise_series
from course_utils.layout import write_atomically
from course_utils.runs.card import Strict
from course_utils.runs.errors import RunError
from course_utils.runs.store import find_study, read_card, study_folder, to_json

Array = npt.NDArray[Any]

CARD: Final = "forecast_study.json"

TRAIN, VALIDATION, TEST = 1440, 720, 720
"""How many values of a series each part has, in order of time."""
LENGTH = TRAIN + VALIDATION + TEST
HORIZONS = 24
"""How many steps ahead a forecast looks at most."""

SEASONS: Final = {"tide": 25, "population": 1, "sunrise": 365, "walk": 1}
"""The series, and after how many steps each comes back, more or less; 1 where it never does."""

WINDOWS: Final = {"tide": 48, "population": 16, "sunrise": 48, "walk": 48}
"""How many values of each series a forecast reads, unless said otherwise."""


def study_series(name: str) -> Array:
    """One of the four series: (LENGTH,), float64.

    ``sunrise`` in Edinburgh in whole minutes after midnight, as an almanac prints it; the ``tide`` of an invented
    harbour with its weather, in metres; a ``population``; and a random ``walk``.

    Raises:
        ValueError: for another name.
    """
    if name == "sunrise":
        return np.round(sunrise_series(LENGTH)).astype(float)
    if name == "tide":
        return (tide_series(LENGTH) + surge_series(LENGTH, seed=1)).astype(float)
    if name == "population":
        return population_series(LENGTH).astype(float)
    if name == "walk":
        return np.cumsum(noise_series(LENGTH, scale=1.0, seed=4), dtype=float)
    raise ValueError(f"there is no series {name!r}, expected one of {', '.join(SEASONS)}.")


class ForecastTraining(Strict):
    """A network, and how it is trained.

    Attributes:
        series: what it reads, a name from `SEASONS`.
        network: the layer, or ``Stack``: ``Bidirectional(LSTM(64))``, then ``GRU(32)``.
        seeds: how many, counted from 1.
        window: how many values it reads.
        horizons: how many steps ahead it answers at once.
        judged: how many steps ahead it is judged on; beyond its own horizons it reads its own forecasts.
        epochs: as many as it takes to make about the updates of so many epochs on all windows of 48 values.
        values: of the training part, the last ones, that it may learn from.
        scale: what the smallest and the largest training value become; None leaves the values as they are.
        factor: what the values are multiplied by before that: metres times 100 are centimetres.
        dropout: before the last layer.
    """

    series: str
    network: Literal["SimpleRNN", "LSTM", "GRU", "Stack"]
    seeds: int = Field(default=5, ge=1)
    window: int = Field(default=48, ge=1)
    horizons: int = Field(default=1, ge=1, le=HORIZONS)
    judged: int = Field(default=1, ge=1, le=HORIZONS)
    epochs: int = Field(default=10, ge=1)
    values: int = Field(default=TRAIN, ge=2, le=TRAIN)
    scale: tuple[float, float] | None = (-1.0, 1.0)
    factor: float = Field(default=1.0, gt=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)


def _plan() -> dict[str, ForecastTraining]:
    plan: dict[str, ForecastTraining] = {}
    both: tuple[Literal["SimpleRNN", "LSTM"], ...] = ("SimpleRNN", "LSTM")
    for series, window in WINDOWS.items():
        judged, seeds = (1, 3) if series in ("sunrise", "walk") else (HORIZONS, 5)
        for network in both:
            plan[f"{series}, {network}"] = ForecastTraining(
                series=series, network=network, window=window, judged=judged, seeds=seeds
            )
    few: dict[str, Any] = {"series": "tide", "network": "LSTM", "seeds": 3}
    return plan | {
        "tide, LSTM, direct": ForecastTraining(
            series="tide", network="LSTM", horizons=HORIZONS, judged=HORIZONS, dropout=0.2
        ),
        "tide, GRU": ForecastTraining(**few | {"network": "GRU"}),
        "tide, Stack, window of 20": ForecastTraining(**few | {"network": "Stack"}, window=20),
        "tide, LSTM, window of 12": ForecastTraining(**few, window=12),
        "tide, LSTM, 0 to 1": ForecastTraining(**few, scale=(0, 1)),
        "tide, LSTM, centimetres": ForecastTraining(**few, scale=None, factor=100),
        "tide, LSTM, 300 values": ForecastTraining(**few, values=300),
        "tide, SimpleRNN, 30 epochs": ForecastTraining(**few | {"network": "SimpleRNN"}, epochs=30),
    }


class ForecastStudySettings(Strict):
    """What is trained.

    Attributes:
        trainings: by name.
        batch_size: windows an update.
        samples: forecasts with dropout at work, for an interval from their spread.
        level: the share of true values that an interval should hold.
    """

    trainings: dict[str, ForecastTraining] = Field(default_factory=_plan)
    batch_size: int = Field(default=32, ge=1)
    samples: int = Field(default=100, ge=2)
    level: float = Field(default=0.9, gt=0, lt=1)


SETTINGS = ForecastStudySettings()
"""Those of the trainings that the course ships."""


class ForecastTrial(Strict):
    """What came of one training from one seed.

    Attributes:
        errors: mean absolute error in the test part, one, two … steps ahead, in the units of the series.
        residual_coverage: by step ahead, the share of true values in the interval from the validation part's
            residuals; empty for networks without dropout.
        dropout_coverage: the same for the interval from forecasts with dropout at work.
        seconds: of training.
    """

    errors: tuple[float, ...]
    residual_coverage: tuple[float, ...] = ()
    dropout_coverage: tuple[float, ...] = ()
    seconds: float


class ForecastStudyCard(Strict):
    """All that is known about the trainings.

    Attributes:
        format: version of this file's layout.
        settings: of all trainings.
        versions: of Python, Keras and NumPy.
        trials: by a training's name, one a seed.
    """

    format: int = 1
    settings: ForecastStudySettings
    versions: dict[str, str]
    trials: dict[str, tuple[ForecastTrial, ...]]


@dataclass(frozen=True, eq=False)
class ForecastStudy:
    """The stored trainings.

    Attributes:
        card: all that is known about them.
    """

    card: ForecastStudyCard

    def errors(self, name: str) -> Array:
        """(seeds, steps), mean absolute errors of a training in the test part.

        Raises:
            KeyError: for a training that there is not.
        """
        return np.array([trial.errors for trial in self.card.trials[name]])

    def coverage(self, name: str, method: Literal["residual", "dropout"]) -> Array:
        """(seeds, HORIZONS), the share of true values in the interval.

        Raises:
            KeyError: for a training that there is not.
        """
        return np.array([getattr(trial, f"{method}_coverage") for trial in self.card.trials[name]])

    def seconds(self, name: str) -> Array:
        """(seeds,), how long each training took.

        Raises:
            KeyError: for a training that there is not.
        """
        return np.array([trial.seconds for trial in self.card.trials[name]])


def cut_pairs(values: Array, window: int, horizons: int = HORIZONS) -> tuple[Array, Array]:
    """Every window of a series, and what came after it.

    Args:
        values: (time,).
        window: how many values are read.
        horizons: how many come after.

    Returns:
        windows (pairs, window) and targets (pairs, horizons).
    """
    stretches = np.lib.stride_tricks.sliding_window_view(values, window + horizons)
    return stretches[:, :window], stretches[:, window:]


def simple_forecasts(
    values: Array, season: int, window: int = 48, learn_from: int = TRAIN
) -> dict[str, Array]:
    """What the naive, the seasonal naive and the linear forecast say in the test part.

    Args:
        values: (LENGTH,), a series.
        season: after how many steps it comes back.
        window: how many values the linear forecast reads.
        learn_from: how many values of the training part, the last ones, it is fitted to.

    Returns:
        by name: (starting places, HORIZONS).
    """
    first = TRAIN + VALIDATION
    last_value = values[first - 1 : -HORIZONS]
    ahead = np.arange(1, HORIZONS + 1)
    back = -(-ahead // season) * season  # whole seasons, so that nothing is read that is yet to come
    places = first - 1 + np.arange(len(last_value))[:, np.newaxis] + ahead
    windows, targets = cut_pairs(values[TRAIN - learn_from : TRAIN], window)
    weights = np.linalg.lstsq(_with_one(windows), targets, rcond=None)[0]
    test_windows, _ = cut_pairs(values[first - window :], window)
    return {
        "naive": np.repeat(last_value[:, np.newaxis], HORIZONS, axis=1),
        "seasonal": values[places - back],
        "linear": _with_one(test_windows) @ weights,
    }


def _with_one(windows: Array) -> Array:
    return np.column_stack([windows, np.ones(len(windows))])


def errors_by_step(values: Array, forecasts: Array) -> Array:
    """(steps,), the mean absolute errors of forecasts (starting places, steps) in the test part."""
    return np.asarray(np.abs(forecasts - _truth(values)[:, : forecasts.shape[1]]).mean(axis=0))


def _truth(values: Array) -> Array:
    """(starting places, HORIZONS), what comes after each starting place of the test part."""
    return cut_pairs(values[TRAIN + VALIDATION - 1 :], 1)[1]


def build_forecaster(training: ForecastTraining) -> Any:
    """The network before training: reads (batch, window, 1), answers (batch, horizons)."""
    from keras import Input, Sequential, layers

    if training.network == "Stack":
        middle = [layers.Bidirectional(layers.LSTM(64, return_sequences=True)), layers.GRU(32)]
    else:
        middle = [getattr(layers, training.network)(50)]
    if training.dropout:
        middle.append(layers.Dropout(training.dropout))
    return Sequential([Input((training.window, 1)), *middle, layers.Dense(training.horizons)])


def train_forecaster(
    training: ForecastTraining, seed: int, settings: ForecastStudySettings = SETTINGS
) -> ForecastTrial:
    """Train one network, and measure it in the test part.

    Raises:
        RunError: if the training diverged.
    """
    import keras

    series = study_series(training.series)
    values = training.factor * series
    learnt_from = values[TRAIN - training.values : TRAIN]
    low, high = (0.0, 1.0)
    bottom, top = training.scale or (0.0, 1.0)
    if training.scale:
        low, high = learnt_from.min(), learnt_from.max()
    to_unit = (top - bottom) / (high - low)
    scaled = (bottom + (values - low) * to_unit).astype(np.float32)

    windows, targets = cut_pairs(scaled[TRAIN - training.values : TRAIN], training.window)
    keras.utils.set_random_seed(seed)
    model = build_forecaster(training)
    model.compile(optimizer="adam", loss="mse")
    epochs = round(training.epochs * (TRAIN - 48 - HORIZONS + 1) / len(windows))
    began = time.perf_counter()
    model.fit(
        windows[..., np.newaxis],
        targets[:, : training.horizons],
        epochs=epochs,
        batch_size=settings.batch_size,
        verbose=0,
    )
    seconds = time.perf_counter() - began

    def back(forecasts: Any) -> Array:
        return np.asarray(low + (np.asarray(forecasts, float) - bottom) / to_unit) / training.factor

    first = TRAIN + VALIDATION
    test_windows, _ = cut_pairs(scaled[first - training.window :], training.window)
    forecasts = back(_forecast(model, test_windows, training.judged))
    errors = errors_by_step(series, forecasts)
    if not np.isfinite(errors).all():
        raise RunError(f"{training} from seed {seed} diverged: there is nothing to store.")
    covered: dict[str, tuple[float, ...]] = {}
    if training.dropout:
        tails = ((1 - settings.level) / 2, (1 + settings.level) / 2)
        check_windows, check_targets = cut_pairs(scaled[TRAIN - training.window : first], training.window)
        residuals = back(check_targets) - back(_forecast(model, check_windows, HORIZONS))
        by_residuals = forecasts + np.quantile(residuals, tails, axis=0)[:, np.newaxis]
        # Dropout is at work behind the recurrent layer only, which so has to read the windows only once.
        *reading, drop, answer = model.layers
        states = keras.Sequential(reading).predict_on_batch(test_windows[..., np.newaxis])
        many = [back(answer(drop(states, training=True))) for _ in range(settings.samples)]
        by_dropout = np.quantile(many, tails, axis=0)
        truth = _truth(series)
        for name, (lower, upper) in {"residual": by_residuals, "dropout": by_dropout}.items():
            shares = ((lower <= truth) & (truth <= upper)).mean(axis=0)
            covered[f"{name}_coverage"] = tuple(np.round(shares, 4).tolist())
    rounded = tuple(float(f"{error:.4g}") for error in errors)
    return ForecastTrial(errors=rounded, seconds=round(seconds, 2), **covered)


def _forecast(model: Any, windows: Array, steps: int) -> Array:
    """(batch, steps): those that the network answers at once, and the others from its own forecasts."""
    known = np.ascontiguousarray(windows[..., np.newaxis])
    made = np.asarray(model.predict_on_batch(known))
    while made.shape[1] < steps:
        known = np.concatenate([known[:, 1:], made[:, -1:, np.newaxis]], axis=1)
        made = np.concatenate([made, model.predict_on_batch(known)], axis=1)
    return made


def train_forecast_study(
    folder: Path | None = None,
    progress: Callable[[str], None] = print,
    *,
    checkpoints: Path | None = None,
    settings: ForecastStudySettings = SETTINGS,
) -> None:
    """Train all networks from all seeds, up to an hour or so on a busy machine, and store what came of it.

    Interrupted, the next call goes on with the first training that is missing.

    Args:
        folder: to write to; by default ``COURSE_RUNS/forecast-study``, else the repository's ``data/forecast-study``,
            else the cache.
        progress: told what happens, a line at a time.
        checkpoints: where the unfinished study is kept; by default in the course's cache folder.
        settings: of the trainings.

    Raises:
        RunError: if a training diverged, or the folder cannot be written.
    """
    target = folder or study_folder("forecast-study")
    half_done = (checkpoints or cache_folder() / "training") / CARD
    done = _half_done(half_done)
    trials: dict[str, tuple[ForecastTrial, ...]] = {}
    for name, training in settings.trainings.items():
        for seed in range(1, training.seeds + 1):
            key = _key(training, seed, settings)
            if key not in done:
                done[key] = train_forecaster(training, seed, settings).model_dump(mode="json")
                _store(half_done, done)
            trials[name] = (*trials.get(name, ()), ForecastTrial.model_validate(done[key]))
        errors = ", ".join(f"{trial.errors[0]:.4g}" for trial in trials[name])
        progress(f"forecast-study: {name}: off by {errors}")
    versions = {name: importlib.metadata.version(name) for name in ("keras", "numpy")}
    card = ForecastStudyCard(
        settings=settings, versions={"python": platform.python_version(), **versions}, trials=trials
    )
    _store(target / CARD, card.model_dump(mode="json"))
    half_done.unlink(missing_ok=True)
    progress(f"forecast-study: stored in {target}")


def _store(file: Path, contents: dict[str, Any]) -> None:
    try:
        write_atomically(file, to_json(contents))
    except OSError as error:
        raise RunError(f"{file} cannot be written ({error.strerror}): name a folder that can.") from error


def _half_done(file: Path) -> dict[str, Any]:
    """The trials of an unfinished study, by `_key`."""
    try:
        return dict(json.loads(file.read_bytes()))
    except (OSError, ValueError):
        return {}


def _key(training: ForecastTraining, seed: int, settings: ForecastStudySettings) -> str:
    """Names all that a trial depends on, so that a changed study keeps what it can."""
    whole = [
        training.model_dump(mode="json", exclude={"seeds"}),
        seed,
        settings.model_dump(mode="json", exclude={"trainings"}),
    ]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def load_forecast_study(folder: Path | None = None) -> ForecastStudy:
    """The stored trainings.

    Args:
        folder: look in this one only.

    Raises:
        RunError: if they are not stored, or the file is damaged.
    """
    found = (
        find_study(
            "forecast-study", CARD, "The trainings of the forecasts are not stored here: train them", folder
        )
        / CARD
    )
    card = read_card(found, ForecastStudyCard)
    for name, training in card.settings.trainings.items():
        trials = card.trials.get(name, ())
        if len(trials) != training.seeds or any(len(trial.errors) != training.judged for trial in trials):
            raise RunError(f"{found} does not list every training of its settings: restore it.")
    return ForecastStudy(card)
