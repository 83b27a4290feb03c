"""The figure that reads a text with a trained LSTM, from the side of Python: its gates, its odds, its changes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import traitlets

from course_utils.explainers import Gates
from course_utils.explainers.assets import asset
from course_utils.explainers.weights import unpack_network
from course_utils.recurrent.activations import sigmoid, softmax

TEXT = "To be, or not to be\nROMEO"


def by_hand(figure: Gates) -> dict[str, Any]:
    """Every gate and state, (time, units), and the odds at the position, written out once more."""
    packed = unpack_network(asset("chars-lstm-small"))
    assert packed.embedding is not None and packed.vocabulary is not None
    cell, n = packed.network.layers[0], 128
    h, c = np.zeros(n), np.zeros(n)
    rows: list[dict[str, Any]] = []
    for step, character in enumerate(figure.characters, start=1):
        x = packed.embedding[packed.vocabulary.index(character)]
        a = x @ cell.W_x + h @ cell.W_h + cell.b
        row = {"input": sigmoid(a[:n]), "forget": sigmoid(a[n : 2 * n])}
        row |= {"candidate": np.tanh(a[2 * n : 3 * n]), "output": sigmoid(a[3 * n :])}
        changed = step >= figure.since
        if figure.gate != "none" and changed:
            held = range(n) if figure.scope == "all" else [figure.unit]
            row[figure.gate][list(held)] = figure.clamp
        c = row["forget"] * c + row["input"] * row["candidate"]
        if figure.memory == "zeroed" and changed:
            c[figure.unit] = 0.0
        if figure.memory == "set" and step == figure.since:
            c[figure.unit] = figure.set_to
        h = row["output"] * np.tanh(c)
        rows.append(row | {"c": c, "h": h})
    found = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    h_at = found["h"][min(figure.position, len(rows)) - 1]
    answers = softmax((h_at @ packed.network.head.W_y + packed.network.head.b_y)[np.newaxis])[0]
    return found | {"odds": dict(zip(packed.vocabulary, answers, strict=True))}


CHANGES: list[dict[str, Any]] = [
    {},
    {"gate": "forget", "clamp": 0.0, "since": 9},
    {"gate": "output", "clamp": 0.7, "scope": "unit", "unit": 40, "since": 1},
    {"gate": "input", "clamp": 1.0, "since": 5, "memory": "zeroed", "unit": 127},
    {"memory": "set", "set_to": -4.5, "unit": 3, "since": 12},
    {"gate": "forget", "clamp": 0.0, "since": 60},
]


@pytest.mark.parametrize("change", CHANGES)
def test_gates_states_and_odds_are_those_of_the_equations(change: dict[str, Any]) -> None:
    figure = Gates(TEXT, position=20, **change)
    expected = by_hand(figure)
    assert list(figure.gates) == ["forget", "input", "output", "candidate", "c", "h"]
    for name, array in figure.gates.items():
        assert array.shape == (len(TEXT), 128)
        np.testing.assert_allclose(array, expected[name], atol=1e-12, err_msg=name)
    odds = figure.odds
    assert len(odds) == 65 and list(odds.values()) == sorted(odds.values(), reverse=True)
    for character, share in odds.items():
        assert share == pytest.approx(expected["odds"][character], abs=1e-12)


def test_without_a_change_they_are_the_engines_own_run() -> None:
    figure = Gates(TEXT, "forget", 0.2, since=4, unit=9, memory="set", set_to=2.0)
    packed = unpack_network(asset("chars-lstm-small"))
    assert packed.embedding is not None and packed.vocabulary is not None
    ids = [packed.vocabulary.index(character) for character in TEXT]
    run = packed.network.layers[0].forward(packed.embedding[ids][:, np.newaxis])
    trained = figure.gates_as_trained
    np.testing.assert_allclose(trained["c"], run.states[1][1:, 0], atol=1e-12)
    np.testing.assert_allclose(trained["forget"], run.gates.forget[:, 0], atol=1e-12)
    np.testing.assert_allclose(
        [figure.odds_as_trained[character] for character in packed.vocabulary],
        packed.predict([ids])[0, -1],
        atol=1e-12,
    )
    before, after = trained["c"], figure.gates["c"]
    np.testing.assert_array_equal(before[:3], after[:3])
    assert np.abs(before[3:] - after[3:]).max() > 0.1


def test_what_is_left_of_each_character_follows_from_the_forget_gates() -> None:
    wiped = Gates(TEXT, "forget", 0.0, since=10, position=15).left_of_each
    np.testing.assert_array_equal(wiped, [0.0] * 14 + [1.0])
    kept = Gates(TEXT, "forget", 1.0, since=10, position=15).left_of_each
    np.testing.assert_array_equal(kept[8:], np.ones(7))
    assert (kept[:8] < 1).all(), "before the change the gates are the network's own"
    halved = Gates(TEXT, "forget", 0.5, since=1, position=4).left_of_each
    np.testing.assert_allclose(halved, [0.125, 0.25, 0.5, 1.0])
    shut = Gates(TEXT, "input", 0.0, since=1, position=4).left_of_each
    np.testing.assert_array_equal(shut, np.zeros(4), "nothing was written, so nothing is left")


def test_the_parts_that_are_left_add_up_to_the_memory() -> None:
    """The shares rest on this sum: c_t = Σ_s i_s c̃_s f_{s+1} ⋯ f_t."""
    gates = Gates(TEXT).gates
    total = np.zeros(128)
    for f, i, candidate, c in zip(
        gates["forget"], gates["input"], gates["candidate"], gates["c"], strict=True
    ):
        total = f * total + i * candidate
        np.testing.assert_allclose(total, c, atol=1e-12)


def test_a_memory_that_is_set_holds_nothing_of_the_text() -> None:
    one = Gates(TEXT, since=5, position=5, unit=7, memory="set", set_to=0.0)
    free = Gates(TEXT, position=5, unit=7)
    written = np.abs(free.gates["input"] * free.gates["candidate"])[4]
    assert one.left_of_each[4] == pytest.approx(1 - written[7] / written.sum())
    assert one.left_of_each[0] < free.left_of_each[0]


def test_unknown_characters_are_skipped_and_an_empty_text_is_no_error() -> None:
    figure = Gates("Café 5!")
    assert figure.characters == "Caf !"
    assert figure.gates["c"].shape == (5, 128)
    for text in ("", "¿é5"):
        empty = Gates(text)
        assert empty.gates["h"].shape == (0, 128)
        assert empty.odds == {} and empty.left_of_each.shape == (0,)
        assert "reads a text" in empty.fallback_html()


@pytest.mark.parametrize(
    ("trait", "value", "message"),
    [
        ("text", "x" * 61, "a text of at most 60 characters"),
        ("gate", "forgot", "one of none, forget, input, output"),
        ("clamp", 1.2, "a number from 0 to 1"),
        ("scope", "some", "one of all, unit"),
        ("since", 0, "a whole number from 1 to 60"),
        ("position", 61, "a whole number from 1 to 60"),
        ("unit", 128, "a whole number from 0 to 127"),
        ("memory", "lost", "one of untouched, zeroed, set"),
        ("set_to", 9.0, "a number from -5 to 5"),
        ("shown", "g", "one of c, h, forget"),
    ],
)
def test_what_the_figure_cannot_show_is_refused(trait: str, value: object, message: str) -> None:
    with pytest.raises(traitlets.TraitError, match=f"Gates: {trait} is .*{re.escape(message)}"):
        Gates(**{trait: value})  # type: ignore[arg-type]


def test_the_static_version_shows_the_same_numbers() -> None:
    figure = Gates("I <&b\n", unit=17, gate="forget", clamp=0.25, since=1)
    shown = figure.fallback_html()
    cells = re.findall(r'<th scope="row">(.*?)</th>' + r"<td>(.*?)</td>" * 6, shown)
    assert [row[0] for row in cells] == ["I", "space", "&amp;", "b", "new line"]  # it does not know <
    names = ("forget", "input", "candidate", "c", "output", "h")
    for step, row in enumerate(cells):
        for name, text in zip(names, row[1:], strict=True):
            assert float(text.replace("−", "-")) == pytest.approx(figure.gates[name][step, 17], abs=0.0051)
    assert "Unit 17 of a trained LSTM" in shown
    assert f"({next(iter(figure.odds.values())):.0%})" in shown
