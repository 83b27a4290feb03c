"""How fast the NumPy engine is: the same binary additions by the engine, by Keras, and by R's package `rnn`.

    python benchmarks/recurrent.py                    every comparison, printed
    python benchmarks/recurrent.py --r /path/Rscript  with R from there
    python benchmarks/recurrent.py --write            and kept for the course's pages, with the chart

Everything runs on one core and in one go, because only ratios of one run can be trusted. R's part runs if Rscript
is found and the package `rnn` is installed (B. Quast, doi 10.32614/CRAN.package.rnn); it takes a few
minutes. Nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

# One core for everybody; set before NumPy and TensorFlow are imported, and inherited by R.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import matplotlib.pyplot as plt
import numpy as np
from this_machine import processor

from course_utils.data.tasks import binary_addition
from course_utils.figures import style
from course_utils.layout import write_atomically
from course_utils.recurrent import SGD, Adam, Dense, Network, SimpleRNN, build_network
from course_utils.recurrent.network import Batch
from course_utils.recurrent.optimizers import Optimizer
from course_utils.recurrent.r_package import random_bins
from course_utils.recurrent.training import exact_match, shuffled

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "recurrent.json"
CHART = ROOT / "notebooks" / "appendix" / "engine_speed.svg"

SAMPLES, BITS, UNITS, HELD_OUT = 10_000, 8, 16, 2_000
SEEDS = (1, 2, 3, 4, 5)
GOAL = 0.99
"""Share of unseen sums with all eight bits right."""

R_PREPARE = """
suppressPackageStartupMessages(library(rnn))
now <- function() proc.time()[["elapsed"]]
set.seed(%(seed)d)
X1 <- sample(0:127, %(samples)d, replace = TRUE)
X2 <- sample(0:127, %(samples)d, replace = TRUE)
Y <- int2bin(X1 + X2, length = 8)
X1 <- int2bin(X1, length = 8)
X2 <- int2bin(X2, length = 8)
X <- array(c(X1, X2), dim = c(dim(X1), 2))
"""

R_EPOCH = """
began <- now()
model <- trainr(Y = Y, X = X, learningrate = 1, hidden_dim = %(units)d)
cat(now() - began)
"""

R_TO_GOAL = """
A1 <- sample(0:127, %(held_out)d, replace = TRUE)
A2 <- sample(0:127, %(held_out)d, replace = TRUE)
B <- int2bin(A1 + A2, length = 8)
A <- array(c(int2bin(A1, length = 8), int2bin(A2, length = 8)), dim = c(dim(B), 2))
updates <- 0; judging <- 0; reached <- NA; began <- now()
judge <- function(model) {
  updates <<- updates + 1
  if (updates %%%% 100 == 0) {
    paused <- now()
    right <- mean(rowSums(round(predictr(model, A)) != B) == 0)
    judging <<- judging + now() - paused
    if (right >= %(goal)f) { reached <<- now() - began - judging; stop("reached") }
  }
  loss_L1(model)
}
try(trainr(Y = Y, X = X, learningrate = 1, hidden_dim = %(units)d, numepochs = 3, loss_function = judge),
  silent = TRUE)
cat(reached)
"""


def seconds(work: Callable[[], Any]) -> float:
    """How long it takes, with Python's garbage collector off meanwhile, as in the module `timeit`."""
    gc.disable()
    try:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began
    finally:
        gc.enable()


def r_like_network(seed: int) -> tuple[Network, Optimizer]:
    """The network of R's documented example: logistic, no bias, U(−1, 1), half the squared error, rate 1."""
    network = Network(
        [SimpleRNN(2, UNITS, activation="sigmoid", use_bias=False, seed=seed)],
        Dense(UNITS, 1, "sigmoid", loss="half_squared_error", reduction="sum", use_bias=False, seed=seed),
        every_step=True,
    )
    network.flat_weights[...] = np.random.default_rng(seed).uniform(-1, 1, network.flat_weights.shape)
    return network, SGD(1.0)


def train(network: Network, optimizer: Optimizer, data: Batch, bins: list[np.ndarray[Any, Any]]) -> None:
    """One epoch."""
    for chosen in bins:
        found = network.gradients(data.samples(chosen))
        optimizer.update(network.flat_weights, found.flat)


def engine_epoch(seed: int) -> float:
    """Seconds an epoch takes the engine by R's rule, with batches drawn as R draws them."""
    network, optimizer = r_like_network(seed)
    data = network.batch(*binary_addition(SAMPLES, BITS, seed=seed))
    bins = list(random_bins(SAMPLES, 1, np.random.default_rng(seed)))
    return seconds(lambda: train(network, optimizer, data, bins))


def engine_to_goal(
    seed: int, network: Network, optimizer: Optimizer, batch_size: int, *, as_in_r: bool = False
) -> float:
    """Seconds of training until the goal is reached; judging does not count."""
    data = network.batch(*binary_addition(SAMPLES, BITS, seed=seed))
    sums = binary_addition(HELD_OUT, BITS, seed=1000 + seed)
    unseen = network.batch(*sums)
    draw = np.random.default_rng(seed)
    spent, every = 0.0, max(1, 250 // batch_size)
    for _ in range(30):
        batches = list(random_bins(SAMPLES, 1, draw) if as_in_r else shuffled(SAMPLES, batch_size, draw))
        for begin in range(0, len(batches), every):
            some = batches[begin : begin + every]
            spent += seconds(partial(train, network, optimizer, data, some))
            if exact_match(sums[1], network.evaluate(unseen)[1]) >= GOAL:
                return spent
    return float("nan")


def keras_to_goal(seed: int, rate: float) -> tuple[float, float]:
    """Seconds of Keras's `fit` at batch 32 until the goal is reached, and of its second epoch."""
    import keras

    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((BITS, 2)),
            keras.layers.SimpleRNN(UNITS, return_sequences=True),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy")
    inputs, targets = binary_addition(SAMPLES, BITS, seed=seed)
    unseen, answers = binary_addition(HELD_OUT, BITS, seed=1000 + seed)
    epochs: list[float] = []
    reached = float("nan")
    while np.isnan(reached) or len(epochs) < 2:
        epochs.append(seconds(lambda: model.fit(inputs, targets, batch_size=32, verbose=0)))
        if np.isnan(reached) and exact_match(answers, model.predict(unseen, verbose=0)) >= GOAL:
            reached = sum(epochs)
        if len(epochs) == 30:
            break
    return reached, epochs[1]


def lstm_step() -> tuple[float, float]:
    """Seconds of one training step of an LSTM of 64 units on (128, 200, 128): the engine's and Keras's."""
    import keras

    draw = np.random.default_rng(0)
    inputs = draw.normal(size=(128, 200, 128)).astype(np.float32)
    targets = draw.integers(0, 2, size=(128, 1)).astype(np.float32)
    network = build_network(
        "lstm", features=128, units=64, outputs=1, head="sigmoid", seed=0, dtype=np.float32
    )
    batch, optimizer = network.batch(inputs, targets), Adam()
    model = keras.Sequential(
        [keras.Input((200, 128)), keras.layers.LSTM(64), keras.layers.Dense(1, activation="sigmoid")]
    )
    model.compile("adam", "binary_crossentropy")

    def engine() -> None:
        optimizer.update(network.flat_weights, network.gradients(batch).flat)

    ours, theirs = [], []
    for _ in range(12):  # in turn, so that both see the same machine
        ours.append(seconds(engine))
        theirs.append(seconds(lambda: model.train_on_batch(inputs, targets)))
    return float(np.median(ours[2:])), float(np.median(theirs[2:]))


def run_r(rscript: str, script: str, **values: float) -> float:
    """What an R script prints at its end."""
    settings = {"samples": SAMPLES, "units": UNITS, "held_out": HELD_OUT, "goal": GOAL} | values
    done = subprocess.run(
        [rscript, "-e", (R_PREPARE + script) % settings], capture_output=True, text=True, check=True
    )
    printed = done.stdout.split()[-1]
    return float("nan") if printed == "NA" else float(printed)


def find_r(given: str | None) -> str | None:
    """Rscript, if it is there and knows the package."""
    rscript = given or shutil.which("Rscript")
    if rscript is None:
        return None
    asked = subprocess.run(
        [rscript, "-e", 'cat(as.character(packageVersion("rnn")))'], capture_output=True, text=True
    )
    return rscript if asked.returncode == 0 else None


def measure(rscript: str | None, say: Callable[[str], None]) -> dict[str, Any]:
    """Every comparison; times in seconds, medians over the seeds."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    found: dict[str, Any] = {}

    def keep(name: str, times: list[float]) -> None:
        found[name] = {"median": float(np.median(times)), "all": times}
        say(f"{name:32} {found[name]['median']:8.3f} s   {' '.join(f'{t:.3f}' for t in times)}")

    engine_epoch(0)  # warm up
    epochs: list[float] = []
    slow: list[float] = []
    for seed in SEEDS[:2]:  # in turn, so that both see the same machine
        epochs += [engine_epoch(seed), engine_epoch(seed)]
        if rscript:
            slow.append(run_r(rscript, R_EPOCH, seed=seed))
    keep("engine: R's rule, one epoch", epochs)
    if rscript:
        keep("R: one epoch", slow)
        keep("R: to the goal", [run_r(rscript, R_TO_GOAL, seed=seed) for seed in SEEDS[:3]])
        keep(
            "R: to the goal, 2,000 samples",
            [run_r(rscript, R_TO_GOAL, seed=seed, samples=2_000) for seed in SEEDS[:3]],
        )
    keep(
        "engine: R's rule, to the goal",
        [engine_to_goal(s, *r_like_network(s), 1, as_in_r=True) for s in SEEDS],
    )
    for rate in (0.001, 0.01, 0.02):
        times = []
        for seed in SEEDS:
            network = build_network(
                "simple_rnn", features=2, units=UNITS, outputs=1, head="sigmoid", every_step=True, seed=seed
            )
            times.append(engine_to_goal(seed, network, Adam(rate), 32))
        keep(f"engine: Adam {rate}, to the goal", times)
    for rate in (0.001, 0.01, 0.02):
        reached, epoch = zip(*[keras_to_goal(seed, rate) for seed in SEEDS[:3]], strict=True)
        keep(f"Keras: Adam {rate}, to the goal", list(reached))
        keep(f"Keras: Adam {rate}, one epoch", list(epoch))
    ours, theirs = lstm_step()
    keep("engine: LSTM 64, one step", [ours])
    keep("Keras: LSTM 64, one step", [theirs])
    return found


def report(found: dict[str, Any], rscript: str) -> dict[str, Any]:
    """What the pages show: a row for each comparison, and where it was measured."""

    def row(what: str, ours: str, theirs: str) -> dict[str, str]:
        fast, slow = found[ours]["median"], found[theirs]["median"]
        ratio = slow / fast
        times = f"{ratio:.0f} times as fast" if ratio >= 10 else f"{ratio:.1f} times as fast"
        if ratio < 1:
            times = f"{1 / ratio:.1f} times as slow"
        return {"what": what, "ours": duration(fast), "theirs": duration(slow), "ratio": times}

    rows = [
        row(
            f"R's rule and R's batches: one epoch of {SAMPLES:,} sums",
            "engine: R's rule, one epoch",
            "R: one epoch",
        ),
        row("R's rule to 99 % exact, R on 10,000 sums", "engine: R's rule, to the goal", "R: to the goal"),
        row(
            "R's rule to 99 % exact, R on 2,000 sums",
            "engine: R's rule, to the goal",
            "R: to the goal, 2,000 samples",
        ),
        row(
            "to 99 % exact: R's rule there, Adam 0.02 at batch 32 here",
            "engine: Adam 0.02, to the goal",
            "R: to the goal",
        ),
        *[
            row(
                f"to 99 % exact: Keras `fit`, both Adam {rate} at batch 32",
                f"engine: Adam {rate}, to the goal",
                f"Keras: Adam {rate}, to the goal",
            )
            for rate in (0.001, 0.01, 0.02)
        ],
        row(
            "one training step, LSTM 64 on (128, 200, 128), against Keras",
            "engine: LSTM 64, one step",
            "Keras: LSTM 64, one step",
        ),
    ]
    return {
        "columns": {"what": "what", "ours": "the engine", "theirs": "the other", "ratio": "the engine is"},
        "rows": rows,
        "measured": machine(rscript),
        "seconds": found,
    }


def duration(value: float) -> str:
    """Seconds or milliseconds, three digits."""
    return f"{value:.3g} s" if value >= 1 else f"{value * 1000:.3g} ms"


def machine(rscript: str) -> dict[str, str]:
    """Where and when: no names, only what the numbers depend on."""
    import keras
    import tensorflow as tf

    asked = 'cat(paste0("R ", getRversion(), ", rnn ", packageVersion("rnn")))'
    of_r = subprocess.run([rscript, "-e", asked], capture_output=True, text=True, check=True).stdout
    return {
        "date": date.today().isoformat(),
        "machine": f"one core of {processor()}",
        "versions": f"Python {platform.python_version()}, NumPy {np.__version__}, Keras {keras.__version__}, "
        f"TensorFlow {tf.__version__}, {of_r}",
    }


def draw_chart(found: dict[str, Any]) -> None:
    """Seconds to the goal, one bar each, on a logarithmic scale."""
    bars = [
        (name.replace(", to the goal", "").replace(": to the goal", ""), entry["median"])
        for name, entry in found.items()
        if "to the goal" in name
    ]
    bars.sort(key=lambda bar: bar[1])
    colours = [style.STATE if name.startswith("engine") else style.SOFT for name, _ in bars]
    fig, ax = plt.subplots(figsize=(8, 0.45 * len(bars) + 1.1))
    ax.barh([name for name, _ in bars], [value for _, value in bars], color=colours)
    for place, (_, value) in enumerate(bars):
        ax.text(value * 1.15, place, duration(value), va="center")
    ax.set_xscale("log")
    ax.set_xlim(right=max(value for _, value in bars) * 4)
    ax.set_xlabel("seconds of training until 99 % of unseen sums are exact")
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    fig.tight_layout()
    fig.savefig(CHART, metadata={"Date": None})


def main() -> None:
    """Measure, print, and keep if asked to."""
    options = argparse.ArgumentParser(
        description="How fast the engine is beside Keras and R; see the file's head."
    )
    options.add_argument("--r", help="Rscript, where it is not on the path")
    options.add_argument(
        "--write", action="store_true", help="keep the results and the chart for the course's pages"
    )
    given = options.parse_args()
    rscript = find_r(given.r)
    if rscript is None:
        print("R with the package rnn is not here: its part is left out", flush=True)
        if given.write:
            sys.exit("the pages show R's part too: install R and the package rnn, or run without --write")
    found = measure(rscript, lambda line: print(line, flush=True))
    if given.write:
        write_atomically(RESULTS, json.dumps(report(found, rscript), indent=1, ensure_ascii=False) + "\n")
        draw_chart(found)
        print(f"written: {RESULTS.relative_to(ROOT)}, {CHART.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
