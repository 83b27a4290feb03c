"""The forecasts of chapter 9: series whose truth is known, three ways to forecast them, and the stored network.

A series is waves, or a random walk, with noise on top. Its first `TRAIN` values may be learnt from; the forecasts
begin at `STARTS` places after them. The browser makes the same series and the same forecasts: so the random numbers
are those of ``_sampling.js``, and not NumPy's.

`train_forecast` stores a folder with two files: ``forecast.json``, the card, and ``weights.npz``.

Environment:
    COURSE_RUNS: a folder of runs; its folder ``forecast`` is looked in first, and is what is written to.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.data.download import cache_folder
from course_utils.data.random_numbers import normal_number, seeded_random
from course_utils.recurrent import Adam, Network, build_network
from course_utils.recurrent.arrays import Array
from course_utils.recurrent.network import Batch
from course_utils.runs.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from course_utils.runs.errors import RunError
from course_utils.runs.store import find_study, store_run, study_folder, to_json
from course_utils.runs.weights import pack, unpack

TRAIN = 240
"""How many values, the first ones, may be learnt from."""
STARTS = 120
"""From how many places a forecast is made: after value number TRAIN, and after each of the next."""
LONGEST_WINDOW, LONGEST_HORIZON = 48, 24
"""How many past values a forecast may read, and how far ahead it may be, in steps."""
LENGTH = TRAIN + STARTS - 1 + LONGEST_HORIZON

SOURCES = ("waves", "walk")
RATIO, HEIGHT = 2.6, 0.5
"""Of the second wave: how many of it go into one of the first, and how high it is."""
STRIDE = 0.15
"""Deviation of a random walk's step."""
RIDGE = 1e-3
"""Keeps the least squares solvable where the values of a window can be computed from each other."""

CARD, WEIGHTS = "forecast.json", "weights.npz"


def known_series(source: str, *, period: float, noise: float, seed: int) -> tuple[Array, Array]:
    """A series whose truth is known.

    Args:
        source: ``waves``, a high slow one and a low quick one; or ``walk``, a random walk.
        period: steps that the slow wave takes; a random walk has none.
        noise: deviation of what is added to each value of the truth, independently.
        seed: decides where the waves begin, every step of the walk, and the noise.

    Returns:
        values: (LENGTH,), what can be seen.
        truth: (LENGTH,), the same without the noise.

    Raises:
        ValueError: for another source.
    """
    if source not in SOURCES:
        raise ValueError(f"source is {source!r}, expected one of {', '.join(SOURCES)}.")
    random = seeded_random(seed)
    if source == "waves":
        phases = 2 * np.pi * np.array([next(random), next(random)])
        turns = 2 * np.pi * np.arange(LENGTH) / period
        truth = np.sin(turns + phases[0]) + HEIGHT * np.sin(RATIO * turns + phases[1])
    else:
        truth = np.cumsum([STRIDE * normal_number(random) for _ in range(LENGTH)])
    return truth + noise * np.array([normal_number(random) for _ in range(LENGTH)]), truth


def fit_linear(scaled: Array, window: int) -> Array:
    """The linear forecast: least squares for each step ahead, from the part to learn from only.

    The normal equations, (AᵀA + r I) C = AᵀY: a row of A holds a window and a 1, a row of Y what came after it.

    Args:
        scaled: (LENGTH,), the series, scaled; no value after the first TRAIN is looked at.
        window: how many values are read.

    Returns:
        (window + 1, LONGEST_HORIZON), the weight of each value, the oldest first, and last what is added.
    """
    rows = np.lib.stride_tricks.sliding_window_view(scaled[:TRAIN], window + LONGEST_HORIZON)
    A = np.column_stack([rows[:, :window], np.ones(len(rows))])
    normal = A.T @ A + RIDGE * np.eye(window + 1)
    return np.asarray(np.linalg.solve(normal, A.T @ rows[:, window:]))


def all_forecasts(values: Array, window: int, network: Network) -> dict[str, Array]:
    """From each starting place, the three forecasts of every step ahead.

    All three work on values scaled by mean and deviation of the part to learn from, never of what comes later.

    Args:
        values: (LENGTH,), the series.
        window: how many values the linear forecast and the network read.
        network: reads (time, 1), answers with LONGEST_HORIZON values.

    Returns:
        by name (``naive``, ``linear``, ``lstm``): (STARTS, LONGEST_HORIZON).
    """
    mean, deviation = values[:TRAIN].mean(), values[:TRAIN].std()
    scaled = (values - mean) / deviation
    weights = fit_linear(scaled, window)
    ends = TRAIN + np.arange(STARTS)  # a forecast reads up to here, not including
    windows = np.stack([scaled[end - window : end] for end in ends])
    found = {
        "naive": np.repeat(windows[:, -1:], LONGEST_HORIZON, axis=1),
        "linear": windows @ weights[:-1] + weights[-1],
        "lstm": np.asarray(network.predict(windows[:, :, np.newaxis]), np.float64),
    }
    return {name: mean + deviation * forecast for name, forecast in found.items()}


def mean_errors(source: str, values: Array, truth: Array, forecasts: dict[str, Array]) -> dict[str, Array]:
    """How far the forecasts are off in the mean over all starting places, and how far the best possible one is.

    The best possible one knows the truth without the noise: of waves at the step itself, since nothing else about
    them is left to chance; of a random walk at the start, since all later steps are.

    Args:
        source: of the series.
        values: (LENGTH,), the series.
        truth: (LENGTH,), without the noise.
        forecasts: by name, (STARTS, LONGEST_HORIZON).

    Returns:
        by name, and ``floor`` for the best possible: (LONGEST_HORIZON,), mean absolute errors. Where the starting
        places are few, luck can bring another forecast below the floor.
    """
    after = TRAIN + np.arange(STARTS)[:, np.newaxis] + np.arange(LONGEST_HORIZON)  # (STARTS, LONGEST_HORIZON)
    best = truth[after if source == "waves" else after[:, :1] - 1]
    return {
        name: np.abs(forecast - values[after]).mean(axis=0)
        for name, forecast in {**forecasts, "floor": best}.items()
    }


@dataclass(frozen=True)
class Settings:
    """How the network is made and trained.

    Attributes:
        units: of its LSTM.
        epochs: how many times the error is noted and the unfinished state kept.
        updates: of the weights, an epoch.
        batch_size: series an update; each is made for it and never shown again.
        learning_rate: of Adam at the beginning; it falls to a hundredth as half a cosine wave does.
        clip_norm: the longest gradient let through.
        periods: the shortest and the longest period of the slow wave.
        height: of the quick wave at most.
        noise: the largest deviation of the noise. Small ones are drawn more often: there it takes more to be right.
        least_window: after so many values the first forecast is made.
        seed: of the weights and of all series.
    """

    units: int = 32
    epochs: int = 48
    updates: int = 250
    batch_size: int = 64
    learning_rate: float = 3e-3
    clip_norm: float = 1.0
    periods: tuple[float, float] = (16, 24)
    height: float = 0.8
    noise: float = 0.5
    least_window: int = 4
    seed: int = 0


SETTINGS = Settings()
"""Of the network that the course ships."""

ERROR_WINDOWS, ERROR_NOISES, ERROR_HORIZONS = (8, 24, 48), (0.0, 0.1, 0.2, 0.3, 0.5), (1, 6, 12, 24)
"""For which of these the card tells the errors."""
ERROR_SERIES = 20
"""On how many fresh series each of these errors is measured."""


def empty_network(units: int, seed: int = 0, *, every_step: bool = False) -> Network:
    """The network before training: it reads one scaled value a step, and answers with all steps ahead at once.

    Args:
        units: of its LSTM.
        seed: of its weights.
        every_step: whether it answers after every value, as in training, or after the last only.

    Returns:
        the network, float32.
    """
    return build_network(
        "lstm",
        features=1,
        units=units,
        outputs=LONGEST_HORIZON,
        every_step=every_step,
        seed=seed,
        dtype=np.float32,
    )


def training_batch(settings: Settings, random: np.random.Generator) -> Batch:
    """Windows of fresh series, and at each step the truth of all steps ahead.

    The truth in place of the noisy values: what is to be expected is the same, and it is learnt sooner.

    Args:
        settings: which series.
        random: draws them.

    Returns:
        inputs (LONGEST_WINDOW, batch, 1) and targets (LONGEST_WINDOW, batch, LONGEST_HORIZON), scaled.
    """
    column = (settings.batch_size, 1)
    low, high = settings.periods
    turns = 2 * np.pi * np.arange(LENGTH) / random.uniform(low, high, column)
    phases = random.uniform(0, 2 * np.pi, (2, *column))
    height = random.uniform(0, settings.height, column)
    truth = np.sin(turns + phases[0]) + height * np.sin(RATIO * turns + phases[1])  # (batch, LENGTH)
    noise = settings.noise * random.random(column) ** 2
    values = truth + noise * random.standard_normal(truth.shape)
    known = values[:, :TRAIN]
    mean, deviation = known.mean(axis=1, keepdims=True), known.std(axis=1, keepdims=True)

    begin = random.integers(TRAIN - LONGEST_WINDOW, TRAIN + STARTS - LONGEST_WINDOW, column)
    steps = begin + np.arange(LONGEST_WINDOW + LONGEST_HORIZON)
    values, truth = (
        (np.take_along_axis(series, steps, axis=1) - mean) / deviation for series in (values, truth)
    )
    ahead = np.lib.stride_tricks.sliding_window_view(truth[:, 1:], LONGEST_HORIZON, axis=1)
    counts = np.zeros((LONGEST_WINDOW, *column), bool)
    counts[settings.least_window - 1 :] = True
    return Batch(
        values[:, :LONGEST_WINDOW].T[:, :, np.newaxis].astype(np.float32),
        ahead.swapaxes(0, 1).astype(np.float32),
        counts=counts,
    )


def train_forecast(
    folder: Path | None = None,
    progress: Callable[[str], None] = print,
    *,
    checkpoints: Path | None = None,
    settings: Settings = SETTINGS,
) -> None:
    """Train the network and store it. Interrupted, the next call goes on where this one stopped.

    Every epoch draws its series from the seed and its own number: the same settings give the same network.

    Args:
        folder: where to; by default ``COURSE_RUNS/forecast``, else the repository's ``data/forecast``, else the cache.
        progress: told what happens, a line at a time.
        checkpoints: where the unfinished state is kept; by default in the course's cache folder.
        settings: other ones make another network.

    Raises:
        RunError: if training diverged, or the folder cannot be written.
    """
    target = folder or study_folder("forecast")
    state_file = (checkpoints or cache_folder() / "training") / "forecast.npz"
    fingerprint = hashlib.sha256(json.dumps(asdict(settings)).encode()).hexdigest()
    state = load_checkpoint(state_file, fingerprint) or Checkpoint(fingerprint)
    if state.epoch:
        progress(f"forecast: going on after epoch {state.epoch}")
    network = empty_network(settings.units, settings.seed, every_step=True)
    optimizer = Adam(settings.learning_rate, clip_norm=settings.clip_norm)
    if state.variables:
        network.flat_weights[...], optimizer.memory["mean"], optimizer.memory["squares"] = state.variables
        optimizer.steps = state.epoch * settings.updates
    while state.epoch < settings.epochs:
        _train_epoch(network, optimizer, settings, state)
        save_checkpoint(state, state_file)
        progress(
            f"forecast: epoch {state.epoch} of {settings.epochs}, {state.seconds:.0f} s, "
            f"loss {state.history['loss'][-1]:.4f}"
        )

    trained = empty_network(settings.units)
    trained.flat_weights[...] = network.flat_weights
    contents = pack(list(trained.weights.items()))
    _set_weights(trained, contents)  # as they are stored, rounded
    progress("forecast: measuring its errors on fresh series")
    card = {
        "title": "An LSTM that forecasts waves with noise",
        "data": f"{settings.epochs * settings.updates * settings.batch_size} series of two waves with noise, each made "
        f"at random and seen once: windows of {settings.least_window} to {LONGEST_WINDOW} values, and the truth of the "
        f"{LONGEST_HORIZON} steps after them",
        "settings": asdict(settings),
        "parameters": int(trained.flat_weights.size),
        "seconds": round(state.seconds),
        "versions": {
            "python": platform.python_version(),
            "numpy": importlib.metadata.version("numpy"),
        },
        "weights_sha256": hashlib.sha256(contents).hexdigest(),
        "history": {name: [round(loss, 6) for loss in losses] for name, losses in state.history.items()},
        "errors_on": f"{ERROR_SERIES} fresh series each, from {STARTS} starting places, mean absolute error",
        "errors": measured_errors(trained, settings.periods),
    }
    store_run(target.parent, {CARD: to_json(card), WEIGHTS: contents}, target.name)
    state_file.unlink(missing_ok=True)
    progress(f"forecast: stored in {target} after {state.seconds:.0f} s of training")


def _train_epoch(network: Network, optimizer: Adam, settings: Settings, state: Checkpoint) -> None:
    """One epoch: changes the network, the optimizer, and the state with them."""
    random = np.random.default_rng([settings.seed, state.epoch])
    began, losses = time.perf_counter(), []
    for update in range(settings.updates):
        done = (state.epoch + update / settings.updates) / settings.epochs
        share = (1 + math.cos(math.pi * done)) / 2
        optimizer.learning_rate = settings.learning_rate * (0.01 + 0.99 * share)
        found = network.gradients(training_batch(settings, random))
        if not math.isfinite(found.loss):
            raise RunError("forecast: the loss is no finite number any more, so there is nothing to store.")
        optimizer.update(network.flat_weights, found.flat)
        losses.append(found.loss)
    state.epoch += 1
    state.seconds += time.perf_counter() - began
    state.history.setdefault("loss", []).append(float(np.mean(losses)))
    state.variables = [network.flat_weights.copy(), *(optimizer.memory[name] for name in ("mean", "squares"))]


def measured_errors(
    network: Network, periods: tuple[float, float], *, first_seed: int = 10_000, series: int = ERROR_SERIES
) -> list[dict[str, float]]:
    """The errors of all forecasts by window, noise and horizon, in the mean over fresh series.

    Args:
        network: to be compared with the other forecasts.
        periods: the series' periods lie evenly from the first to the last.
        first_seed: of the first series; the others follow.
        series: how many.

    Returns:
        for each window, noise and horizon its error by name of the forecast.
    """
    rows = []
    for noise in ERROR_NOISES:
        by_window: dict[int, list[dict[str, Array]]] = {window: [] for window in ERROR_WINDOWS}
        for number, period in enumerate(np.linspace(*periods, series)):
            values, truth = known_series("waves", period=period, noise=noise, seed=first_seed + number)
            for window, found in by_window.items():
                forecasts = all_forecasts(values, window, network)
                found.append(mean_errors("waves", values, truth, forecasts))
        for window, found in by_window.items():
            means = {name: np.mean([errors[name] for errors in found], axis=0) for name in found[0]}
            rows += [
                {"window": window, "noise": noise, "horizon": horizon}
                | {name: round(float(errors[horizon - 1]), 4) for name, errors in means.items()}
                for horizon in ERROR_HORIZONS
            ]
    return rows


@dataclass(frozen=True, eq=False)
class StoredForecast:
    """The trained network, and its card.

    Attributes:
        network: reads (batch, window, 1), scaled; answers (batch, LONGEST_HORIZON), scaled.
        card: its settings, its training, its errors beside those of the naive and the linear forecast.
    """

    network: Network
    card: dict[str, Any]


def load_forecast(folder: Path | None = None) -> StoredForecast:
    """The stored network.

    Args:
        folder: look there only.

    Raises:
        RunError: if it is not there, or its files do not belong together.
    """
    found = find_study("forecast", CARD, "The network of the forecasts is not stored here: train it", folder)
    try:
        card: dict[str, Any] = json.loads((found / CARD).read_bytes())
        contents = (found / WEIGHTS).read_bytes()
    except (OSError, ValueError) as error:
        raise RunError(f"{found} cannot be read ({error}): restore it, or train it again.") from error
    if hashlib.sha256(contents).hexdigest() != card.get("weights_sha256"):
        raise RunError(f"{found / WEIGHTS} is not the file that its card describes: restore {found}.")
    network = empty_network(card["settings"]["units"])
    _set_weights(network, contents)
    return StoredForecast(network, card)


def _set_weights(network: Network, contents: bytes) -> None:
    """Fill the network with stored weights."""
    for weight, stored in zip(network.weights.values(), unpack(contents), strict=True):
        weight[...] = stored
