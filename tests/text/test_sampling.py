"""Temperature, top-k, top-p and the draw: by the formulas, by hand, and as the living figures do it."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.explainers import text_generator
from course_utils.text import draw, greedy, keep_top_k, keep_top_p, sampling_probabilities, tempered

LOGITS = np.random.default_rng(8).normal(size=(6, 20)) * 3


@pytest.mark.parametrize("temperature", [0.2, 1.0, 1.7])
def test_temperature_raises_each_probability_to_a_power(temperature: float) -> None:
    own = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    powers = own ** (1 / temperature)
    np.testing.assert_allclose(
        tempered(LOGITS, temperature), powers / powers.sum(axis=1, keepdims=True), rtol=1e-9
    )
    np.testing.assert_allclose(tempered(np.log(own), temperature), tempered(LOGITS, temperature), rtol=1e-9)


def test_large_logits_do_not_overflow_and_forbidden_ones_stay_forbidden() -> None:
    assert tempered([1000.0, 999.0], 0.5).tolist() == pytest.approx([0.880797, 0.119203], abs=1e-6)
    assert tempered([-np.inf, 0.0, 0.0], 2.0).tolist() == [0, 0.5, 0.5]


def test_temperature_0_is_greedy_and_takes_the_first_of_equals() -> None:
    assert tempered([1.0, 2.0, 2.0], 0).tolist() == [0, 1, 0]
    assert greedy(LOGITS).tolist() == tempered(LOGITS, 0).argmax(axis=1).tolist()


def test_top_k_and_top_p_by_hand() -> None:
    odds = [0.15, 0.5, 0.1, 0.25]
    assert keep_top_k(odds, 2).tolist() == pytest.approx([0, 2 / 3, 0, 1 / 3])
    assert keep_top_p(odds, 0.8).tolist() == pytest.approx([0.15 / 0.9, 0.5 / 0.9, 0, 0.25 / 0.9])
    assert keep_top_p(odds, 0.5).tolist() == [0, 1, 0, 0], "0.5 has reached 0.5"
    assert keep_top_p(odds, 0.1).tolist() == [0, 1, 0, 0], "one at least"
    assert keep_top_k(odds, 0).tolist() == keep_top_k(odds, 9).tolist() == odds
    assert keep_top_k([0.25] * 4, 2).tolist() == [0.5, 0.5, 0, 0], "of equals, the first"


def test_it_is_what_the_living_figure_draws_from() -> None:
    for row in LOGITS:
        for temperature, top_k in [(0.0, 0), (0.7, 0), (1.0, 3), (2.0, 20)]:
            theirs = text_generator.sampling_probabilities(row, temperature, top_k)
            ours = sampling_probabilities(row, temperature=temperature, top_k=top_k)
            np.testing.assert_allclose(ours, theirs, atol=1e-7)


def test_rows_of_a_batch_are_treated_alone() -> None:
    options = {"temperature": 0.8, "top_k": 7, "top_p": 0.85}
    together = sampling_probabilities(LOGITS, **options)  # type: ignore[arg-type]
    alone = [sampling_probabilities(row, **options) for row in LOGITS]  # type: ignore[arg-type]
    np.testing.assert_allclose(together, alone)


def test_letters_are_drawn_as_often_as_they_are_probable() -> None:
    odds = np.array([0.0, 0.1, 0.6, 0.0, 0.3, 0.0])
    numbers = np.random.default_rng(1).random(20_000)
    counts = np.bincount(draw(np.broadcast_to(odds, (20_000, 6)), numbers), minlength=6)
    np.testing.assert_allclose(counts / 20_000, odds, atol=0.015)
    assert counts[odds == 0].sum() == 0
    assert draw(odds, 0.0) == 1
    assert draw(odds, np.nextafter(1.0, 0)) == 4
    assert draw([0.1] * 10, 0.9999999999999999) == 9, "rounding leaves the sum below 1"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tempered([1.0, 2.0], -1), "temperature is -1"),
        (lambda: tempered([1.0, 2.0], float("nan")), "temperature is nan"),
        (lambda: tempered([1.0, np.nan], 1), "not finite"),
        (lambda: keep_top_k([0.5, 0.5], -1), "k is -1"),
        (lambda: keep_top_p([0.5, 0.5], 0), "p is 0, expected over 0"),
        (lambda: keep_top_p([0.0, 0.0], 0.5), "not all 0"),
        (lambda: greedy(3.0), r"shape \(\), expected"),
    ],
)
def test_wrong_arguments_are_refused(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()  # type: ignore[operator]
