"""Training everything: several at a time, the longest first, and going on after an error or an interruption."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from course_utils.cli import app
from course_utils.runs import RunError, list_runs, load_run
from course_utils.runs.cores import usable_cores
from course_utils.runs.store import CARD
from course_utils.runs.train_all import COMMAND, seconds_before, train_all

TRAINER = """
import os, sys, time, pathlib, subprocess
folder, name = pathlib.Path(sys.argv[1]), sys.argv[2]
print(f"{name}: epoch 1 of 1", flush=True)
if name == "slow":
    # As long as it lives, what the trainer says has no end.
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    (folder / "slow.begun").touch()
    time.sleep(60)
if name in ("quoted", "long"):
    time.sleep(0.5)  # its cores are set once it has begun
from course_utils.runs.cores import usable_cores
(folder / f"{name}.cores").write_text(str(len(usable_cores())))
if (folder / f"{name}.breaks").exists():
    sys.exit("error: the real data cannot be had.")
with open(folder / "trained", "a") as file:
    file.write(name + chr(10))
"""


def train(folder: Path, names: list[str], **options: Any) -> list[str]:
    """Train with a trainer that only writes down what it was asked for; the lines that were said."""
    said: list[str] = []
    command = (sys.executable, "-c", TRAINER, str(folder))
    train_all(names, command=command, ledger=folder / "all.json", say=said.append, **options)
    return said


def trained(folder: Path) -> list[str]:
    file = folder / "trained"
    return file.read_text().split() if file.exists() else []


def test_each_is_trained_once_and_tells_its_progress(tmp_path: Path) -> None:
    said = train(tmp_path, ["a", "b", "c"], at_a_time=2)
    assert sorted(trained(tmp_path)) == ["a", "b", "c"]
    assert {"a: epoch 1 of 1", "b: epoch 1 of 1", "c: epoch 1 of 1"} <= set(said)
    assert said[-1].endswith("3 of 3 runs")
    assert not (tmp_path / "all.json").exists(), "the next round begins anew"


def test_the_unknown_and_the_longest_begin(tmp_path: Path) -> None:
    train(tmp_path, ["short", "new", "long"], seconds={"short": 1.0, "long": 100.0}, at_a_time=1)
    assert trained(tmp_path) == ["new", "long", "short"]


def test_one_whose_seconds_are_quoted_is_trained_alone_at_the_end_on_all_cores(tmp_path: Path) -> None:
    seconds = {"quoted": 180.0, "long": 100.0, "short": 60.0}
    said = train(tmp_path, ["quoted", "short", "long"], seconds=seconds, alone=["quoted"], at_a_time=2)
    assert said[0] == "2 at a time; by their cards that takes 3 minutes"
    assert trained(tmp_path)[-1] == "quoted"
    others = {f"{name}: finished" for name in ("short", "long")}
    begun = said.index("quoted: epoch 1 of 1")
    assert others == {line.split(" after")[0] for line in said[:begun] if "finished" in line}
    cores = {name: (tmp_path / f"{name}.cores").read_text() for name in seconds}
    assert cores["quoted"] == str(len(usable_cores()))
    if hasattr(os, "sched_setaffinity"):
        assert cores["long"] == "1"


def test_after_an_error_the_finished_ones_stay_and_the_next_call_goes_on(tmp_path: Path) -> None:
    (tmp_path / "b.breaks").touch()
    with pytest.raises(
        RunError, match=r"b was not trained: the real data cannot be had\. What is finished stays"
    ):
        train(tmp_path, ["a", "b", "c"], seconds={"a": 3.0, "b": 2.0, "c": 1.0}, at_a_time=1)
    assert trained(tmp_path) == ["a"]
    (tmp_path / "b.breaks").unlink()
    said = train(tmp_path, ["a", "b", "c"], at_a_time=1)
    assert said[0] == "going on with 2 of 3 runs; the others are finished"
    assert trained(tmp_path) == ["a", "b", "c"]


def test_an_error_ends_the_others(tmp_path: Path) -> None:
    (tmp_path / "b.breaks").touch()
    began = time.perf_counter()
    with pytest.raises(RunError, match="b was not trained"):
        train(tmp_path, ["slow", "b"], at_a_time=2)
    assert time.perf_counter() - began < 30
    assert trained(tmp_path) == []


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_ends_all_processes_and_keeps_what_is_finished(
    tmp_path: Path, by: signal.Signals
) -> None:
    def interrupt() -> None:
        while not (tmp_path / "slow.begun").exists():
            time.sleep(0.05)
        signal.pthread_kill(threading.main_thread().ident or 0, by)

    usual = signal.default_int_handler if by is signal.SIGINT else signal.SIG_DFL
    before = signal.signal(by, usual)  # whoever runs the tests may ignore it
    try:
        threading.Thread(target=interrupt, daemon=True).start()
        began = time.perf_counter()
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path, ["a", "slow"], seconds={"a": 2.0, "slow": 1.0}, at_a_time=1)
        assert time.perf_counter() - began < 30
        assert json.loads((tmp_path / "all.json").read_text()) == ["a"]
        assert signal.getsignal(by) is usual
    finally:
        signal.signal(by, before)


def test_a_closed_terminal_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        hang_up = threading.Timer(0.1, signal.pthread_kill, [threading.main_thread().ident, signal.SIGHUP])
        hang_up.start()
        train(tmp_path, ["a", "long"], at_a_time=1)
        hang_up.join()
        assert trained(tmp_path) == ["a", "long"]
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_broken_run_does_not_keep_the_others_from_being_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imdb-bag").mkdir()
    (tmp_path / "imdb-bag" / CARD).write_text("{")
    monkeypatch.setenv("COURSE_RUNS", str(tmp_path))
    seconds = seconds_before()
    assert "imdb-bag" not in seconds
    assert seconds["imdb-minute"] == sum(trial.seconds for trial in load_run("imdb-minute").card.trials)


def test_a_broken_ledger_is_no_ledger(tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text("{")
    train(tmp_path, ["a"])
    assert trained(tmp_path) == ["a"]


def test_the_real_command_trains_by_name(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no-such-run was not trained: There is no run called 'no-such-run'"):
        train_all(["no-such-run"], command=COMMAND, ledger=tmp_path / "all.json", say=lambda line: None)


def test_all_is_every_run_and_every_study(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(
        "course_utils.runs.train_all.train_all", lambda names, **options: asked.update(options, names=names)
    )
    assert CliRunner().invoke(app, ["train", "--all"]).exit_code == 0
    assert set(list_runs()) < set(asked["names"])
    studies = {"ablation", "forecast", "forecast-study", "recall", "small-data"}
    assert set(asked["names"]) - set(list_runs()) == studies
    assert asked["alone"] == ["imdb-minute"]
    assert asked["seconds"]["imdb-minute"] > 0
