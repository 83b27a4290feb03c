"""The recall trainings: a small one runs and resumes; the shipped files belong together and say what is true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from course_utils.data.bundled import bundled_path
from course_utils.runs import RunError
from course_utils.runs.recall import (
    CARD,
    NETWORKS,
    SETTINGS,
    RecallSettings,
    accuracy_of,
    load_recall,
    new_network,
    train_recall,
)
from course_utils.runs.store import study_folder

TINY = RecallSettings(
    lags=(1, 2), seeds=(1, 2, 3), units=3, samples=20, epochs=1, batch_size=10, judged_on=50
)
SHIPPED = bundled_path("recall")


def stored(folder: Path, settings: RecallSettings = TINY) -> list[str]:
    """Train into a folder; the lines of progress."""
    lines: list[str] = []
    train_recall(folder / "recall", lines.append, settings=settings, checkpoints=folder / "aside")
    return lines


def test_a_tiny_training_is_stored_and_can_be_done_again(tmp_path: Path) -> None:
    lines = stored(tmp_path)
    assert len(lines) == 4 * 2 * 3 + 1
    assert lines[0].startswith("recall: 1 of 24, lag 1, simple_rnn, seed 1: trained, ")
    assert list((tmp_path / "aside").iterdir()) == [], "what was put aside is still there"
    found = load_recall(tmp_path / "recall")
    assert found.card.settings == TINY
    assert found.accuracy.shape == (4, 2, 3)
    lines = stored(tmp_path)
    assert not any("was there" in line for line in lines), "it was not trained again"
    np.testing.assert_array_equal(load_recall(tmp_path / "recall").accuracy, found.accuracy)


def test_an_interrupted_training_goes_on_and_ends_as_it_would_have(tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    def stop_after_five(line: str) -> None:
        if line.startswith("recall: 5 of"):
            raise Interrupted

    stored(tmp_path / "whole")
    broken = tmp_path / "broken"
    with pytest.raises(Interrupted):
        train_recall(broken / "recall", stop_after_five, settings=TINY, checkpoints=broken / "aside")
    with pytest.raises(RunError, match="not stored here"):
        load_recall(broken / "recall")
    lines = stored(broken)
    assert ["was there" in line for line in lines[:-1]] == [True] * 5 + [False] * 19
    one, other = (load_recall(tmp_path / name / "recall") for name in ("whole", "broken"))
    np.testing.assert_array_equal(one.accuracy, other.accuracy)
    assert one.card.networks_sha256 == other.card.networks_sha256


def test_the_stored_network_is_the_median_one_and_as_good_as_the_card_says(tmp_path: Path) -> None:
    stored(tmp_path)
    found = load_recall(tmp_path / "recall")
    for k, name in enumerate(TINY.names):
        for place, lag in enumerate(TINY.lags):
            measured = accuracy_of(found.network(name, lag), lag, TINY)
            assert measured == pytest.approx(float(np.median(found.accuracy[k, place])), abs=1e-4)


def test_competitors_begin_as_their_settings_say() -> None:
    units = SETTINGS.units
    blocks = {}
    for name in SETTINGS.names:
        (cell,) = new_network(SETTINGS, name, 1).cells.values()
        blocks[name] = cell.weights["b"].reshape(-1, units)[:, 0].tolist()
    assert blocks["lstm"] == [-2, 4, 0, 0]
    assert blocks["lstm_default"] == [0, 1, 0, 0]
    assert blocks["gru"] == [3, 0, 0]
    assert blocks["simple_rnn"] == [0]


def test_a_training_that_diverges_is_not_stored(tmp_path: Path) -> None:
    wild = TINY.model_copy(update={"learning_rate": 1e30, "epochs": 3})
    with pytest.raises(RunError, match="diverged"), np.errstate(all="ignore"):
        stored(tmp_path, wild)
    assert not (tmp_path / "recall").exists()


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        (CARD, lambda old: b"{}", "is not a card of this course"),
        (CARD, lambda old: old.replace(b'"seed": 3', b'"seed": 4'), "does not list every training"),
        (NETWORKS, lambda old: old[:-1] + b"x", "is not the file that its card describes"),
        (NETWORKS, None, "cannot be read"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(tmp_path, file, change, says) -> None:  # type: ignore[no-untyped-def]
    stored(tmp_path)
    path = tmp_path / "recall" / file
    if change is None:
        path.unlink()
    else:
        path.write_bytes(change(path.read_bytes()))
    with pytest.raises(RunError, match=says):
        load_recall(tmp_path / "recall")


def test_nothing_stored_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=re.escape("`course train recall`")):
        load_recall(tmp_path)


def test_a_folder_of_runs_is_looked_in_first_and_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_RUNS", str(tmp_path))
    assert load_recall().card.settings == SETTINGS, "the shipped ones, where the folder has none"
    train_recall(progress=lambda line: None, settings=TINY, checkpoints=tmp_path / "aside")
    assert load_recall().card.settings == TINY
    assert (tmp_path / "recall" / CARD).is_file()
    monkeypatch.delenv("COURSE_RUNS")
    assert study_folder("recall") == SHIPPED


# --- what the course ships ------------------------------------------------------------------------------------


def test_the_shipped_trainings_are_those_of_the_settings() -> None:
    found = load_recall(SHIPPED)
    assert found.card.settings == SETTINGS, "train again with `course train recall`"
    assert found.accuracy.shape == (4, 6, 5)
    assert sum(each.seconds for each in found.card.trainings) < 600
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 300_000
    assert json.loads((SHIPPED / CARD).read_bytes())["versions"].keys() == {"python", "numpy"}


@pytest.mark.parametrize("name", SETTINGS.names)
def test_shipped_networks_are_as_good_on_fresh_sequences(name: str) -> None:
    """The card's share comes from 2,000 sequences; on 2,000 others it differs by no more than chance allows."""
    found = load_recall(SHIPPED)
    for place, lag in enumerate(SETTINGS.lags):
        told = float(np.median(found.accuracy[SETTINGS.names.index(name), place]))
        measured = accuracy_of(found.network(name, lag), lag, SETTINGS, seed=77)
        error = np.sqrt(2 * max(told * (1 - told), 1e-3) / SETTINGS.judged_on)
        assert abs(measured - told) < 4 * error, f"{name} at lag {lag}: {measured}, the card says {told}"


def test_what_the_lesson_says_about_the_shipped_trainings() -> None:
    """Gates that begin by keeping remember over 40 steps from every seed; without them it is a matter of luck."""
    rnn, lstm, gru, default = load_recall(SHIPPED).accuracy  # each (lags, seeds)
    lags = list(SETTINGS.lags)
    at_10, at_40, at_80 = (lags.index(lag) for lag in (10, 40, 80))
    for each in (rnn, lstm, gru, default):
        assert each[: at_10 + 1].min() > 0.99
    assert min(lstm[at_40].min(), gru[: at_80 + 1].min()) > 0.99
    assert lstm[at_80].min() > 0.8
    for each in (rnn, default):
        assert np.median(each[at_40]) < 0.3 and each[at_40].max() > 0.9
        assert each[at_80].max() < 0.3


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(KeyError, match="there is no lstm at lag 7"):
        load_recall(SHIPPED).network("lstm", 7)
