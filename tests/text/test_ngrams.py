"""Counting: the probabilities are those of the formula, they add up to 1, and a million letters take a moment."""

from __future__ import annotations

import time
from collections import Counter

import numpy as np
import pytest

from course_utils.data import sample_corpus
from course_utils.text import count_ngrams

DRAW = np.random.default_rng(8)
TEXT = DRAW.integers(0, 4, 300)


def by_hand(text: list[int], context: tuple[int, ...], symbol: int, outcomes: int) -> float:
    """Witten & Bell's rule, by counting with dictionaries."""
    shorter = by_hand(text, context[1:], symbol, outcomes) if context else 1 / outcomes
    n = len(context)
    after = Counter(text[k + n] for k in range(len(text) - n) if tuple(text[k : k + n]) == context)
    if not after:
        return shorter
    return (after[symbol] + len(after) * shorter) / (after.total() + len(after))


def test_the_probabilities_are_those_of_the_formula() -> None:
    model = count_ngrams(TEXT, 4, 5)  # the symbol 4 never occurs
    new = [0, 3, 3, 1, 2, 4, 0, 0, 1]
    found = model.probabilities(new)
    for at, symbol in enumerate(new):
        context = tuple(new[max(0, at - 3) : at])
        assert found[at] == pytest.approx(by_hand(TEXT.tolist(), context, symbol, 5), abs=1e-12)
    assert found[5] > 0, "a symbol that was never seen"


@pytest.mark.parametrize("context", [[], [2], [0, 1], [3, 3, 0, 1, 2, 2], [4, 4, 4, 4]])
def test_they_add_up_to_1_and_agree_with_reading(context: list[int]) -> None:
    model = count_ngrams(TEXT, 4, 5)
    odds = model.next_probabilities(context)
    assert odds.sum() == pytest.approx(1, abs=1e-12)
    for symbol in range(5):
        assert odds[symbol] == pytest.approx(model.probabilities([*context, symbol])[-1], abs=1e-12)


def test_a_sure_text_costs_little_and_an_even_one_two_bits() -> None:
    assert count_ngrams([0, 1] * 500, 3, 4).bits([0, 1] * 50) < 0.1
    even = count_ngrams(np.random.default_rng(1).integers(0, 4, 20_000), 1, 4)
    assert even.bits(np.random.default_rng(2).integers(0, 4, 5_000)) == pytest.approx(2, abs=0.01)


def test_bits_are_the_mean_surprise_and_skip_what_is_only_read() -> None:
    model = count_ngrams(TEXT, 3, 4)
    found = model.probabilities(TEXT[:50])
    assert model.bits(TEXT[:50]) == pytest.approx(-np.log2(found).mean())
    assert model.bits(TEXT[:50], skip=40) == pytest.approx(-np.log2(found[40:]).mean())


def test_longer_runs_know_the_counted_text_and_not_the_rest() -> None:
    text = sample_corpus().text
    alphabet = sorted(set(text))
    ids = np.array([alphabet.index(character) for character in text])
    cut = int(0.9 * len(ids))
    known, new = {}, {}
    for order in (1, 2, 5, 8):
        model = count_ngrams(ids[:cut], order, len(alphabet))
        known[order], new[order] = model.bits(ids[:cut]), model.bits(ids[cut:])
    assert known[1] > known[2] > known[5] > known[8]
    assert new[1] > new[2] > new[5] < new[8]


def test_a_million_letters_take_seconds_at_most() -> None:
    ids = np.random.default_rng(3).zipf(1.5, 1_100_000) % 65
    began = time.process_time()
    count_ngrams(ids, 5, 65).bits(ids[:55_000])
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("ids", "order", "outcomes", "message"),
    [
        ([0, 1], 0, 2, "order is 0"),
        ([0, 1] * 20, 30, 65, r"at most 2\*\*62"),
        ([0, 1], 3, 2, "the text has 2 symbols, expected at least 3"),
        ([0, 2], 1, 2, "ids are 0 to 2, expected whole numbers from 0 to 1"),
        ([[0, 1]], 1, 2, r"ids have shape \(1, 2\)"),
        ([0.5, 1.0], 1, 2, "expected whole numbers"),
    ],
)
def test_what_cannot_be_counted_is_refused(ids: list[int], order: int, outcomes: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        count_ngrams(ids, order, outcomes)


def test_nothing_to_count_is_refused() -> None:
    with pytest.raises(ValueError, match="skip is 3, expected"):
        count_ngrams(TEXT, 2, 4).bits([0, 1, 2], skip=3)
