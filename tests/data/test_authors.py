"""Three authors: the same marks and words, another rhythm; a story's people tell its author, and nobody else's."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from course_utils.data import AUTHORS, Passage, write_passages
from course_utils.data.authors import PASSAGES, STORIES


@pytest.fixture(scope="module")
def passages() -> list[Passage]:
    return write_passages()


def test_each_author_has_at_least_300_passages_in_stories_of_one_author(passages):
    assert Counter(p.author for p in passages) == dict.fromkeys(AUTHORS, STORIES * PASSAGES)
    assert STORIES * PASSAGES >= 300
    authors_of = defaultdict(set)
    for passage in passages:
        authors_of[passage.story].add(passage.author)
    assert all(len(some) == 1 for some in authors_of.values())
    assert len({p.text for p in passages}) == len(passages), "a text comes twice"


def test_all_use_each_mark_once_a_passage_so_that_counts_are_blind(passages):
    for passage in passages:
        assert {mark: passage.text.count(mark) for mark in ",;–"} == {",": 1, ";": 1, "–": 1}, passage.text
        assert passage.text.count(".") == 2
        assert max(len(p.text) for p in passages) <= 120


def test_where_the_dash_stands_tells_the_author(passages):
    places = defaultdict(Counter)
    for passage in passages:
        marks = [mark for mark in passage.text if mark in ",;–"]
        places[passage.author][marks.index("–")] += 1
    usual = {author: counts.most_common(1)[0] for author, counts in places.items()}
    assert {author: place for author, (place, _) in usual.items()} == {"Ashdown": 2, "Brook": 0, "Calder": 1}
    assert all(0.88 < count / (STORIES * PASSAGES) < 0.98 for _, count in usual.values())


def test_the_same_seed_writes_the_same_and_another_something_else():
    assert write_passages(2, 3, seed=4) == write_passages(2, 3, seed=4)
    assert write_passages(2, 3, seed=4) != write_passages(2, 3, seed=5)
    assert len(write_passages(2, 3)) == 2 * 3 * len(AUTHORS)


@pytest.mark.parametrize("wrong", [{"stories": 0}, {"passages": 0}])
def test_less_than_one_is_refused(wrong):
    with pytest.raises(ValueError, match="expected at least 1"):
        write_passages(**wrong)
