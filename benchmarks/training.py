"""How long one update takes: recurrent layers of the R tutorial, with and without recurrent dropout.

    python benchmarks/training.py            measured and printed
    python benchmarks/training.py --write    and kept for the course's pages

Each network reads a batch of 128 reviews of 200 words, as in the tutorial, and is updated by Adam. All of them take
turns in one run, and of each the best block counts, because whatever else happens on a machine can only slow a block
down. Nothing else should run meanwhile. Only the ratios can be compared with those of another machine.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import time
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from this_machine import processor

from course_utils.layout import write_atomically
from course_utils.runs import models

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "training.json"

BATCH, WORDS, VOCABULARY = 128, 200, 10_000
BLOCKS, UPDATES = 12, 4
REVIEWS = 20_000
"""In an epoch: four fifths of the 25,000 to train on."""
PLAIN = {"dropout": 0.0, "recurrent_dropout": 0.0}
NETWORKS: dict[str, tuple[list[Any], bool]] = {
    "SimpleRNN(64)": ([models.recurrent_layer("SimpleRNN", 64, **PLAIN)], False),
    "GRU(64)": ([models.recurrent_layer("GRU", 64, **PLAIN)], False),
    "LSTM(64)": ([models.recurrent_layer("LSTM", 64, **PLAIN)], False),
    "LSTM(64), recurrent dropout": ([models.recurrent_layer("LSTM", 64, dropout=0.0)], False),
    "LSTM(64), recurrent dropout, compiled": ([models.recurrent_layer("LSTM", 64, dropout=0.0)], True),
    "LSTM(64) on both ways": ([models.both_ways(models.recurrent_layer("LSTM", 64, **PLAIN))], False),
    "LSTM(64), LSTM(32) on top": (
        [
            models.recurrent_layer("LSTM", 64, return_sequences=True, **PLAIN),
            models.recurrent_layer("LSTM", 32, **PLAIN),
        ],
        False,
    ),
}
"""The recurrent layers of each network, and whether XLA compiles the update."""
YARDSTICK = "LSTM(64)"


def measure() -> dict[str, list[float]]:
    """Seconds an update of each network, a number a block."""
    import keras

    draw = np.random.default_rng(0)
    reviews = draw.integers(1, VOCABULARY, (BATCH, WORDS)).astype("int32")
    labels = draw.integers(0, 2, BATCH)
    trained = {}
    for name, (layers, compiled) in NETWORKS.items():
        keras.utils.set_random_seed(0)
        model = models.tutorial_reader(*layers)
        model.compile("adam", loss="binary_crossentropy", jit_compile=compiled)
        for _ in range(3):
            model.train_on_batch(reviews, labels)  # the first updates only prepare
        trained[name] = model
    seconds: dict[str, list[float]] = {name: [] for name in NETWORKS}
    for block in range(BLOCKS):
        for name, model in trained.items():  # in turn, so that all see the same machine
            gc.disable()
            began = time.perf_counter()
            for _ in range(UPDATES):
                model.train_on_batch(reviews, labels)
            seconds[name].append((time.perf_counter() - began) / UPDATES)
            gc.enable()
        print(
            f"block {block + 1:2}: "
            + ", ".join(f"{name} {1000 * found[-1]:.0f}" for name, found in seconds.items())
        )
    return seconds


def report(seconds: dict[str, list[float]]) -> dict[str, Any]:
    """What the pages show: a row for each network, and where it was measured."""
    import keras
    import tensorflow as tf

    best = {name: min(found) for name, found in seconds.items()}
    updates = -(-REVIEWS // BATCH)
    ratio = {name: each / best[YARDSTICK] for name, each in best.items()}
    dropout = "LSTM(64), recurrent dropout"
    return {
        "columns": {
            "network": "recurrent layers",
            "update": "milliseconds an update",
            "epoch": f"seconds for {REVIEWS:,} reviews",
            "ratio": f"times as long as {YARDSTICK}",
        },
        "rows": [
            {
                "network": f"`{name}`" if "," not in name and " " not in name else name,
                "update": f"{1000 * each:.0f}",
                "epoch": f"{updates * each:.1f}",
                "ratio": f"{ratio[name]:.2f}",
            }
            for name, each in best.items()
        ],
        "values": {
            "recurrent_dropout": f"{ratio[dropout]:.1f}",
            "recurrent_dropout_compiled": f"{ratio[dropout + ', compiled']:.1f}",
            "gru": f"{ratio['GRU(64)']:.2f}",
            "both_ways": f"{ratio['LSTM(64) on both ways']:.1f}",
        },
        "measured": {
            "date": date.today().isoformat(),
            "machine": f"{os.cpu_count()} cores of {processor()}",
            "versions": f"Python {platform.python_version()}, Keras {keras.__version__}, TensorFlow {tf.__version__}",
        },
        "seconds_an_update": seconds,
    }


def main() -> None:
    """Measure, print, and keep if asked to."""
    options = argparse.ArgumentParser(description="How long one update takes; see the file's head.")
    options.add_argument("--write", action="store_true", help="keep the result for the course's pages")
    write = options.parse_args().write
    result = report(measure())
    for row in result["rows"]:
        print(f"{row['network']:40} {row['update']:>5} ms {row['epoch']:>6} s an epoch {row['ratio']:>6}")
    if write:
        text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
        write_atomically(RESULTS, text.encode())


if __name__ == "__main__":
    main()
