"""How fast a character network writes: a window and `predict` for every letter, or the state carried along.

    python benchmarks/generation.py            measured and printed
    python benchmarks/generation.py --write    and kept for the course's pages

Both sides are the same network, the stored run chars-lstm-small with its LSTM of 128 units, and draw at the same
temperature. The window loop is that of the tutorial: for each letter, Keras's `predict` on the last 40. Everything
runs on one core and in one go, the sides in turn, and of each the best block counts, because whatever else
happens on a machine can only slow a block down. Nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

# One core for both; set before NumPy and TensorFlow are imported.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np
from this_machine import processor

from course_utils.layout import write_atomically
from course_utils.runs import load_run
from course_utils.text import CharacterNetwork, draw, tempered

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "generation.json"

RUN, START, TEMPERATURE, WINDOW = "chars-lstm-small", "ROMEO:\nWhat light through yonder window bre", 0.6, 40
BLOCKS = 12
GOAL = 300
"""So many times as fast the course promises to be."""


def seconds(work: Callable[[], Any]) -> tuple[float, float]:
    """How long it takes by the clock and of the processor's time, with Python's garbage collector off meanwhile."""
    gc.disable()
    try:
        began, began_at_work = time.perf_counter(), time.process_time()
        work()
        return time.perf_counter() - began, time.process_time() - began_at_work
    finally:
        gc.enable()


def write_by_window(ask: Callable[[Any], Any], ids: list[int], length: int) -> list[int]:
    """The tutorial's loop: each letter from the answer to the last 40."""
    ids = list(ids)
    numbers = np.random.default_rng(8).random(length)
    for number in numbers:
        odds = np.asarray(ask(np.array([ids[-WINDOW:]])))[0, -1]
        ids.append(int(draw(tempered(np.log(odds + 1e-12), TEMPERATURE), number)))
    return ids


def measure(say: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """Letters a second of each side: the best block, and all of them."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    run = load_run(RUN)
    model = run.load_model()
    network = CharacterNetwork.from_keras(model, run.load_vocabulary())
    ids = network.encode(START)
    expected = model.predict(np.array([ids]), verbose=0)[0, -1]
    carried, _ = network.read(START)
    np.testing.assert_allclose(tempered(carried[0], 1), expected, atol=1e-5)  # the same network

    sides: dict[str, tuple[int, Callable[[int], Any]]] = {
        "window, predict": (10, partial(write_by_window, partial(model.predict, verbose=0), ids)),
        "window, predict_on_batch": (50, partial(write_by_window, model.predict_on_batch, ids)),
        "state carried": (3000, lambda length: network.write(START, length, temperature=TEMPERATURE)),
    }
    for _, work in sides.values():
        work(5)  # the first calls only prepare
    rates: dict[str, list[float]] = {side: [] for side in sides}
    of_processor: dict[str, list[float]] = {side: [] for side in sides}
    for block in range(BLOCKS):
        for side, (length, work) in sides.items():  # in turn, so that all see the same machine
            by_clock, at_work = seconds(partial(work, length))
            rates[side].append(length / by_clock)
            of_processor[side].append(length / at_work)
        say(f"block {block + 1:2}: " + ", ".join(f"{side} {rates[side][-1]:,.0f}" for side in sides))
    return {
        side: {"best": max(found), "best_of_processor": max(of_processor[side]), "all": found}
        for side, found in rates.items()
    }


def report(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the pages show: a row for each way to write, and where it was measured."""
    import keras
    import tensorflow as tf

    slow = found["window, predict"]["best"]

    def row(what: str, side: str) -> dict[str, str]:
        ratio = found[side]["best"] / slow
        return {
            "what": what,
            "rate": two_digits(found[side]["best"]),
            "times": two_digits(ratio),
        }

    return {
        "columns": {"what": "a letter by", "rate": "letters a second", "times": "times as many"},
        "rows": [
            row(f"`predict` on the last {WINDOW} letters", "window, predict"),
            row(f"`predict_on_batch` on the last {WINDOW} letters", "window, predict_on_batch"),
            row("one step of the network that carries its state", "state carried"),
        ],
        "values": {"times": f"{times(found, 'best'):,.0f}"},
        "measured": {
            "date": date.today().isoformat(),
            "machine": f"one core of {processor()}",
            "versions": f"Python {platform.python_version()}, NumPy {np.__version__}, Keras {keras.__version__}, "
            f"TensorFlow {tf.__version__}",
        },
        "letters_a_second": found,
    }


def two_digits(value: float) -> str:
    """A whole number, or one decimal below 10."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def times(found: dict[str, dict[str, Any]], measure_of: str) -> float:
    """How many times as many letters a second the carried state writes."""
    return float(found["state carried"][measure_of] / found["window, predict"][measure_of])


def main() -> None:
    """Measure, print, and keep if asked to."""
    options = argparse.ArgumentParser(description="How fast a character network writes; see the file's head.")
    options.add_argument("--write", action="store_true", help="keep the results for the course's pages")
    given = options.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    found = measure(lambda line: print(line, flush=True))
    print(f"the best blocks: {times(found, 'best'):,.0f} times as many letters a second; the goal is {GOAL}")
    print(f"by the processor's time: {times(found, 'best_of_processor'):,.0f} times; load before: {load:.1f}")
    if times(found, "best") < GOAL:
        raise SystemExit("below the goal: is the machine quiet?")
    if given.write:
        kept = report(found) | {"load_before": round(load, 1)}
        text = json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
        write_atomically(RESULTS, text)
        print(f"written: {RESULTS.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
