"""A grammar with known tags: the odds are those of all its sentences, counted out."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from course_utils.data import TAGS, tag_odds, tagged_sentences
from course_utils.data.tagged import _FIRST, _PLACES, LONGEST, _odds


def readings(words: list[str]) -> dict[tuple[str, ...], float]:
    """Every way in which the grammar writes these words, with its odds: by trying them all."""
    found: dict[tuple[str, ...], float] = defaultdict(float)

    def go(place: str, odds: float, tags: tuple[str, ...]) -> None:
        tag, some, onward = _PLACES[place]
        word = words[len(tags)]
        if word not in some:
            return
        odds, tags = odds * float(_odds(some)[list(some).index(word)]), (*tags, tag)
        if len(tags) == len(words):
            found[tags] += odds if not onward else 0.0
            return
        for following, share in onward.items():
            go(following, odds * share, tags)

    for first, share in _FIRST.items():
        go(first, share, ())
    return {tags: odds for tags, odds in found.items() if odds}


def test_odds_of_every_place_add_up_to_one():
    for name, (tag, words, onward) in _PLACES.items():
        assert tag in TAGS
        assert not onward or sum(onward.values()) == pytest.approx(1), name
        assert set(onward) <= set(_PLACES)
        assert len(set(words)) == len(words), f"{name} has a word twice"
    assert sum(_FIRST.values()) == pytest.approx(1)


def test_sentences_are_short_different_and_end_with_a_stop():
    written = tagged_sentences(500, seed=2)
    assert len(set(written)) == 500
    assert written[:100] == tagged_sentences(100, seed=2)
    assert tagged_sentences(20, seed=3) != tagged_sentences(20, seed=2)
    for sentence in written:
        assert 4 <= len(sentence.words) == len(sentence.tags) <= LONGEST
        assert sentence.words[-1] == "." and sentence.tags[-1] == "END"
    assert str(written[0]).count("/") == len(written[0].words)


def test_the_odds_are_those_of_all_readings():
    for sentence in tagged_sentences(60, seed=5):
        words = list(sentence.words)
        found = readings(words)
        assert sentence.tags in found
        expected = np.zeros((len(words), len(TAGS)))
        for tags, odds in found.items():
            for place, tag in enumerate(tags):
                expected[place, TAGS.index(tag)] += odds
        expected /= sum(found.values())
        np.testing.assert_allclose(tag_odds(words), expected, atol=1e-9)


def test_one_side_alone_leaves_doubt_and_sometimes_both_do():
    light = ["the", "light", "bag", "can", "sound", "red", "bells", "."]
    adjective = TAGS.index("ADJ")
    assert tag_odds(light, "before")[1, adjective] < 0.9
    assert tag_odds(light, "after")[1, adjective] == pytest.approx(1)
    sailors = ["the", "sailors", "light", "lamps", "."]
    verb = TAGS.index("VERB")
    assert tag_odds(sailors, "after")[2, verb] < 0.9
    assert tag_odds(sailors, "before")[2, verb] == pytest.approx(1)
    assert tag_odds(["they", "saw", "her", "light", "lamps", "."])[3].max() < 0.7


def test_who_reads_more_is_right_more_often():
    right = dict.fromkeys(["before", "after", "both"], 0)
    for sentence in tagged_sentences(400, seed=6):
        true = [TAGS.index(tag) for tag in sentence.tags]
        for read in right:
            right[read] += int((tag_odds(sentence.words, read).argmax(axis=1) == true).sum())
    assert right["both"] > right["after"] and right["both"] > right["before"]


@pytest.mark.parametrize(
    ("words", "read", "message"),
    [
        (["the", "zebra", "."], "both", "no word 'zebra'"),
        (["light", "the", "the"], "both", "never writes"),
        (["the"], "left", "expected 'both'"),
    ],
)
def test_what_the_grammar_does_not_have_is_refused(words, read, message):
    with pytest.raises(ValueError, match=message):
        tag_odds(words, read)


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="expected 0 or more"):
        tagged_sentences(-1)
