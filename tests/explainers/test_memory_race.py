"""The memory race in Python: the numbers of the stored trainings, and one sequence through the engine by hand."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable

import numpy as np
import pytest
from traitlets import TraitError

from course_utils.explainers import MemoryRace
from course_utils.explainers.assets import asset, asset_script
from course_utils.explainers.memory_race import LETTERS, NAMES
from course_utils.explainers.weights import unpack_network
from course_utils.runs.recall import SETTINGS, load_recall


def test_accuracy_is_that_of_every_training() -> None:
    figure = MemoryRace()
    assert figure.competitors == ("simple_rnn", "lstm", "gru", "lstm_default") == tuple(NAMES)
    assert figure.accuracy.shape == (4, 6, 5)
    card = load_recall().card
    for each in card.trainings[::7]:
        place = (
            figure.competitors.index(each.competitor),
            SETTINGS.lags.index(each.lag),
            SETTINGS.seeds.index(each.seed),
        )
        assert figure.accuracy[place] == each.accuracy


def test_odds_are_the_engines_step_by_step() -> None:
    figure = MemoryRace(lag=10, symbol="F", seed=3)
    assert list(figure.odds) == list(figure.competitors)
    for name, odds in figure.odds.items():
        network = load_recall().network(name, 10, dtype=np.float64)
        state = None
        for step, letter in enumerate(figure.sequence):
            answer, state = network.step(np.eye(8)[[LETTERS.index(letter)]], state)
            assert odds[step] == pytest.approx(answer[0, LETTERS.index("F")], abs=1e-12)
        assert odds.shape == (11,)


def test_a_sequence_begins_with_its_symbol_and_its_seed_fixes_the_rest() -> None:
    short, long = MemoryRace(lag=5, seed=9, symbol="B"), MemoryRace(lag=80, seed=9, symbol="H")
    assert len(short.sequence) == 6 and len(long.sequence) == 81
    assert short.sequence[0] == "B" and long.sequence[0] == "H"
    assert short.sequence[1:] == long.sequence[1:6]
    assert MemoryRace(lag=5, seed=10).sequence[1:] != short.sequence[1:]
    counts = np.bincount(
        [LETTERS.index(letter) for seed in range(60) for letter in MemoryRace(80, seed=seed).sequence[1:]]
    )
    assert counts.min() > 500, "600 of each are expected: the letters are not drawn alike"


def test_the_asset_holds_the_networks_and_every_accuracy() -> None:
    contents = asset("recall")
    assert len(asset_script("recall", contents).encode()) < 150_000
    (length,) = struct.unpack_from("<I", contents)
    header = json.loads(contents[4 : 4 + length])
    np.testing.assert_array_equal(header["accuracy"], MemoryRace().accuracy)
    at = 4 + length
    for lag in SETTINGS.lags:
        for name in SETTINGS.names:
            count = header["bytes"].pop(0)
            packed = unpack_network(contents[at : at + count], dtype=np.float32).network
            at += count
            assert packed.every_step
            for weight, expected in load_recall().network(name, lag).weights.items():
                np.testing.assert_array_equal(
                    packed.weights[weight], expected, err_msg=f"{name} {lag} {weight}"
                )
    assert at == len(contents)


def test_the_static_version_shows_every_median_and_the_spread() -> None:
    shown = MemoryRace().fallback_html()
    for by_lag in MemoryRace().accuracy:
        for all_ in by_lag:
            assert f"<td>{np.median(all_):.3f} ({all_.min():.3f}–{all_.max():.3f})</td>" in shown
    assert shown.count("<td>") == 24
    assert "0.125" in shown


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: MemoryRace(lag=7), "lag is 7, expected one of 2, 5, 10, 20, 40, 80: those were trained"),
        (lambda: MemoryRace(lag=100), "lag is 100, expected a whole number from 2 to 80"),
        (lambda: MemoryRace(symbol="Z"), "symbol is 'Z', expected one of A, B, C"),
        (lambda: MemoryRace(seed=-1), "seed is -1, expected a whole number from 0 to 999"),
        (lambda: MemoryRace(position=82), "position is 82, expected a whole number from 0 to 81"),
        (lambda: MemoryRace(revealed="yes"), "revealed is 'yes', expected True or False"),
    ],
)
def test_what_cannot_be_shown_is_refused(make: Callable[[], MemoryRace], says: str) -> None:
    with pytest.raises(TraitError, match=says):
        make()


def test_a_lag_that_was_not_trained_cannot_be_set_later_either() -> None:
    figure = MemoryRace()
    with pytest.raises(TraitError, match="those were trained"):
        figure.lag = 41
    assert figure.lag == 40
    figure.lag = 10
    assert len(figure.sequence) == 11
