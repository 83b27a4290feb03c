"""Word vectors from co-occurrences: the counts are right, and words used alike get similar vectors."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.data.word_vectors import co_occurrences, nearest_words, word_vectors


def test_pairs_are_counted_within_the_window_and_within_a_text() -> None:
    counts = co_occurrences([[4, 5, 6], [7, 4]], num_words=8, window=1)
    assert counts.shape == (8, 8)
    np.testing.assert_array_equal(counts, counts.T)
    assert counts[4, 5] == counts[5, 6] == counts[7, 4] == 1
    assert counts[4, 6] == 0, "two places apart"
    assert counts[6, 7] == 0, "no pair reaches into the next text"
    wider = co_occurrences([[4, 5, 6]], num_words=8, window=2)
    assert wider[4, 6] == 1 and wider.sum() == 6


def test_ids_that_are_no_words_are_left_out_and_keep_their_place() -> None:
    counts = co_occurrences([[1, 4, 2, 5, 9]], num_words=8, window=1)
    assert counts.sum() == 0, "between 4 and 5 stands an unknown word, and 9 is not in the vocabulary"
    assert co_occurrences([[4, 4]], num_words=5, window=1)[4, 4] == 2
    assert co_occurrences([], num_words=5).sum() == 0


def test_words_used_alike_lie_near_each_other() -> None:
    # 4 and 5 stand in the same places, and so do 6 and 7.
    draw = np.random.default_rng(0)
    texts = [[int(draw.choice([4, 5])), 8, 9] for _ in range(200)]
    texts += [[int(draw.choice([6, 7])), 10, 11] for _ in range(200)]
    vectors = word_vectors(texts, num_words=13, dimensions=3)
    assert vectors.shape == (13, 3) and vectors.dtype == np.float32
    assert nearest_words(vectors, 4, 1) == [5] and nearest_words(vectors, 7, 1) == [6]
    np.testing.assert_allclose(np.linalg.norm(vectors[4:12], axis=1), 1, atol=1e-5)
    assert not vectors[:4].any() and not vectors[12].any(), "no words, and a word that does not occur"


def test_the_start_of_the_decomposition_changes_no_neighbours() -> None:
    draw = np.random.default_rng(1)
    groups = [draw.permutation(np.arange(4 + 5 * group, 9 + 5 * group)) for group in range(4)]
    texts = [list(draw.choice(group, size=5)) for group in groups for _ in range(50)]
    one, other = (word_vectors(texts, 24, 4, seed=seed) for seed in (0, 5))
    for group in groups:
        assert (
            set(nearest_words(one, group[0], 4)) == set(nearest_words(other, group[0], 4)) == set(group[1:])
        )


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="window is 0"):
        co_occurrences([[4]], 5, window=0)
    with pytest.raises(ValueError, match="dimensions is 9"):
        word_vectors([[4]], 5, 9)
