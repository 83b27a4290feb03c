"""Train everything: each run in a process of its own, as many at a time as there are cores.

A small recurrent network cannot use two cores well, two networks can. What is finished is written down, so that an
interrupted round goes on where it stopped; within a run that is the work of its checkpoint. A run whose seconds are
quoted is trained at the end by itself, on all cores.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from course_utils.data.download import cache_folder
from course_utils.layout import write_atomically
from course_utils.runs.cores import usable_cores
from course_utils.runs.errors import RunError
from course_utils.runs.store import list_runs, load_run

COMMAND = (sys.executable, "-m", "course_utils.cli", "train")
"""Trains the run whose name is put behind it, and prints its progress."""
MOST_AT_A_TIME = 4
"""Each training holds the reviews and TensorFlow in memory, about two gigabytes."""


def train_all(
    names: Sequence[str],
    *,
    seconds: Mapping[str, float] | None = None,
    alone: Collection[str] = (),
    at_a_time: int | None = None,
    command: Sequence[str] = COMMAND,
    ledger: Path | None = None,
    say: Callable[[str], None] = lambda line: print(line, flush=True),
) -> None:
    """Train these runs. After an interruption or an error, the next call leaves out what this one has finished.

    Args:
        names: of runs and studies, as ``course train`` knows them.
        seconds: how long some of them took before. The longest begin, so that none is left over at the end; those of
            which nothing is known come first.
        alone: those that are trained after the others, one by one, each on all cores.
        at_a_time: how many processes; by default one a core, four at most.
        command: trains the run whose name is put behind it.
        ledger: where the finished ones are written down until all are; by default in the course's cache folder.
        say: told every line of progress.

    Raises:
        RunError: if a training fails. The others are ended, too; their checkpoints stay.
        KeyboardInterrupt: on Ctrl-C, when the process is asked to terminate, and when its terminal is closed; the
            trainings are ended first.
    """
    ledger = ledger or cache_folder() / "training" / "all.json"
    finished = _read(ledger)
    taken = {} if seconds is None else seconds
    waiting = sorted(
        (name for name in names if name not in finished), key=lambda name: -taken.get(name, float("inf"))
    )
    if len(waiting) < len(names):
        say(f"going on with {len(waiting)} of {len(names)} runs; the others are finished")
    cores = usable_cores()
    workers = at_a_time or min(len(cores), MOST_AT_A_TIME)
    if before := sum(taken.get(name, 0) for name in waiting):
        say(f"{workers} at a time; by their cards that takes {before / workers / 60:.0f} minutes")
    rounds = [
        ([name for name in waiting if name not in alone], [[cores[i % len(cores)]] for i in range(workers)]),
        ([name for name in waiting if name in alone], [cores]),
    ]
    with _termination_interrupts():
        for some, shares in rounds:
            _Round(names, finished, some, command, ledger, say).work(shares)
    ledger.unlink(missing_ok=True)


class _Round:
    """What the workers share."""

    def __init__(
        self,
        names: Sequence[str],
        finished: list[str],
        waiting: list[str],
        command: Sequence[str],
        ledger: Path,
        say: Callable[[str], None],
    ) -> None:
        self.names, self.finished, self.waiting = names, finished, waiting
        self.command, self.ledger, self.say = command, ledger, say
        self.lock = threading.Lock()
        self.children: set[subprocess.Popen[str]] = set()

    def work(self, shares: Sequence[Collection[int]]) -> None:
        """Let a worker for each share of the cores take one run after the other, until none waits or one has failed."""
        with ThreadPoolExecutor(len(shares)) as pool:
            workers = [pool.submit(self._take_runs, cores) for cores in shares]
            try:
                for worker in as_completed(workers):
                    worker.result()
            except BaseException:  # KeyboardInterrupt, too
                with self.lock:
                    self.waiting.clear()
                    for child in self.children:
                        _end(child)
                raise

    def _take_runs(self, cores: Collection[int]) -> None:
        while True:
            with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
                with self.lock:
                    if not self.waiting:
                        return
                    name = self.waiting.pop(0)
                    child = subprocess.Popen(
                        [*self.command, name],
                        stdout=subprocess.PIPE,
                        stderr=complaints,
                        text=True,
                        encoding="utf-8",
                        start_new_session=True,  # so that `_end` reaches the processes it starts, too
                    )
                    self.children.add(child)
                self._wait_for(child, name, cores)
                if child.returncode:
                    complaints.seek(0)
                    lines = [line.strip() for line in complaints if line.strip()]
                    why = lines[-1].removeprefix("error: ") if lines else f"status {child.returncode}."
                    raise RunError(
                        f"{name} was not trained: {why} What is finished stays; the same call goes on."
                    )

    def _wait_for(self, child: subprocess.Popen[str], name: str, cores: Collection[int]) -> None:
        began = time.perf_counter()
        if hasattr(os, "sched_setaffinity"):
            with contextlib.suppress(ProcessLookupError):  # it may have ended already
                os.sched_setaffinity(child.pid, cores)
        with child:
            for line in child.stdout or ():
                self.say(line.rstrip("\n"))
        minutes = (time.perf_counter() - began) / 60
        with self.lock:
            self.children.discard(child)
            if child.returncode == 0:
                self.finished.append(name)
                write_atomically(self.ledger, json.dumps(self.finished).encode())
                done = sum(each in self.finished for each in self.names)
                self.say(f"{name}: finished after {minutes:.1f} minutes, {done} of {len(self.names)} runs")


def _end(child: subprocess.Popen[str]) -> None:
    """End a training, and the processes that it has started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):  # it may have ended already
            os.killpg(child.pid, signal.SIGTERM)
    else:
        child.terminate()


@contextlib.contextmanager
def _termination_interrupts() -> Iterator[None]:
    """Let a request to terminate, or a closed terminal, end the round as Ctrl-C does; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = ("SIGTERM", "SIGHUP")  # the second is not on Windows
    before = {each: signal.getsignal(each) for each in signal.Signals if each.name in names}
    try:
        for each, handler in before.items():
            if handler is not signal.SIG_IGN:  # as under nohup
                signal.signal(each, signal.default_int_handler)
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def seconds_before() -> dict[str, float]:
    """How long the stored runs took, all seeds together. One that is broken is left out: training mends it."""
    seconds = {}
    for name in list_runs():
        with contextlib.suppress(RunError):
            seconds[name] = sum(trial.seconds for trial in load_run(name).card.trials)
    return seconds


def _read(ledger: Path) -> list[str]:
    try:
        names = json.loads(ledger.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
