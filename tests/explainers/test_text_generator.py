"""The writing network in Python: the text that its settings fix, and the odds of each letter."""

from __future__ import annotations

import numpy as np
import pytest
import traitlets as t

from course_utils.explainers import TextGenerator
from course_utils.explainers.text_generator import (
    MODELS,
    repeated_share,
    sampling_probabilities,
)

SMALL = "chars-lstm-small"


@pytest.fixture(scope="module")
def figure() -> TextGenerator:
    return TextGenerator(seed=3, written=40, model=SMALL)


def test_each_figure_loads_its_own_network() -> None:
    figures = [TextGenerator(model=model, name=f"writer-{k}") for k, model in enumerate(MODELS)]
    assert [figure.asset_names for figure in figures] == [{"network": model} for model in MODELS]
    assert len({figure.network for figure in figures}) == len(MODELS)
    assert TextGenerator.asset_names == {"network": MODELS[0]}
    assert f"&quot;{SMALL}&quot;" in figures[1]._page_html()


def test_the_settings_fix_the_text(figure: TextGenerator) -> None:
    again = TextGenerator(seed=3, written=10, model=SMALL)
    other = TextGenerator(seed=4, written=10, model=SMALL)
    assert figure.write(60) == figure.write(60) == again.write(60)
    assert figure.write(60).startswith(again.text)
    assert other.write(60) != figure.write(60)
    assert figure.text == figure.write(40)
    assert len(TextGenerator(written=100, length=30, model=SMALL).text) == 30


def test_every_letter_is_drawn_from_the_odds_of_the_whole_text_before_it(figure: TextGenerator) -> None:
    """The network, read from the beginning as `predict` does, gives the odds that the figure went by step by step."""
    ids = [figure.alphabet.index(letter) for letter in figure.seed_text + figure.text]
    answers = figure._packed.predict([ids])[0]  # (time, letters): after each letter
    for letter in (1, 17, 40):
        shown = TextGenerator(seed=3, written=40, letter=letter, model=SMALL).odds
        np.testing.assert_allclose(shown[:, 0], answers[len(figure.seed_text) + letter - 2], atol=1e-5)
        assert shown[ids[len(figure.seed_text) + letter - 1], 1] > 0
    own = [answers[len(figure.seed_text) + k - 1][ids[len(figure.seed_text) + k]] for k in range(40)]
    assert figure.surprise == pytest.approx(-np.log2(own).mean(), abs=1e-4)


def test_at_temperature_0_the_most_probable_letter_wins(figure: TextGenerator) -> None:
    cold = TextGenerator(temperature=0, seed=9, written=30, model=SMALL)
    single = TextGenerator(temperature=2, top_k=1, seed=5, written=30, model=SMALL)
    assert cold.text == single.text == figure.write(30, temperature=0)
    own, drawn = cold.odds.T
    assert drawn[own.argmax()] == 1
    assert np.count_nonzero(drawn) == 1


def test_the_probabilities_are_those_of_the_formula() -> None:
    sums = np.random.default_rng(0).normal(size=12)
    for temperature in (0.3, 1.0, 1.7):
        powers = np.exp(sums / temperature)
        np.testing.assert_allclose(
            sampling_probabilities(sums, temperature), powers / powers.sum(), rtol=1e-6
        )
        best = np.sort(powers)[-4:].sum()
        kept = sampling_probabilities(sums, temperature, top_k=4)
        assert np.count_nonzero(kept) == 4
        np.testing.assert_allclose(kept.max(), powers.max() / best, rtol=1e-6)
    tied = sampling_probabilities([1.0, 2.0, 2.0], temperature=0)
    assert tied.tolist() == [0, 1, 0], "of equals, the first"


def test_repeats_are_counted_by_hand() -> None:
    assert repeated_share("abc") == 0
    assert repeated_share("abcdabcd") == pytest.approx(1 / 5)  # abcd bcda cdab dabc abcd
    assert repeated_share("aaaaaaaa") == pytest.approx(4 / 5)


def test_what_the_alphabet_lacks_is_skipped() -> None:
    plain, strange, empty, line = (
        TextGenerator(seed_text=text, written=20, model=SMALL).text for text in ("Tobe", "To§be7", "§", "\n")
    )
    assert plain == strange
    assert empty == line


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"temperature": 2.5}, "temperature is 2.5, expected a number from 0 to 2"),
        ({"top_k": 21}, "expected a whole number from 0 to 20"),
        ({"length": 5}, "expected a whole number from 20 to 600"),
        ({"seed_text": "x" * 81}, "of at most 80 characters"),
    ],
)
def test_a_wrong_setting_is_refused(setting: dict[str, object], message: str) -> None:
    with pytest.raises(t.TraitError, match=message):
        TextGenerator(**setting, model=SMALL)  # type: ignore[arg-type]


def test_wrong_arguments_are_refused(figure: TextGenerator) -> None:
    with pytest.raises(ValueError, match="model is 'gpt', expected one of chars-lstm, "):
        TextGenerator(model="gpt")
    with pytest.raises(ValueError, match="count is -1 and temperature"):
        figure.write(-1)
    with pytest.raises(ValueError, match="expected both to be at least 0"):
        figure.write(3, temperature=-0.5)


def test_the_static_version_shows_both_texts_and_the_same_odds(figure: TextGenerator) -> None:
    shown = figure.fallback_html()
    assert figure.text.split("\n")[0].replace("&", "&amp;").replace("'", "&#x27;") in shown
    own, drawn = figure.odds[figure.odds[:, 0].argmax()]
    assert f"<td>{100 * own:.1f} %</td><td>{100 * drawn:.1f} %</td>" in shown
    assert "letter 40 of the drawn text" in shown
    assert "for the first letter" in TextGenerator(written=0, model=SMALL).fallback_html()
