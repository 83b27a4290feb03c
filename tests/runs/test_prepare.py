"""Characters as a model sees them: windows whose targets are one character on, and no window across a split."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.data import load_imdb, load_tiny_shakespeare, sample_corpus
from course_utils.runs.prepare import Prepared, prepare_characters, prepare_imdb, prepare_next_character


def corpus(**options: int) -> Prepared:
    return prepare_characters(own_corpus=True, length=20, evaluation_length=50, **options)


def read(data: Prepared, ids: np.ndarray) -> str:
    return "".join(data.vocabulary[i] for i in ids)


def test_targets_are_the_next_characters() -> None:
    data = corpus(stride=20)
    for x, y in ((data.x_train, data.y_train), (data.x_val, data.y_val), (data.x_test, data.y_test)):
        np.testing.assert_array_equal(x[:, 1:], y[:, :-1])
        assert x.dtype == y.dtype == np.int32
    text = sample_corpus().text
    assert read(data, data.x_train[0]) == text[:20]
    assert read(data, data.y_train[0]) == text[1:21]
    assert read(data, data.x_train[1]) == text[20:40]


def test_the_parts_are_the_beginning_the_middle_and_the_end_of_the_last_tenth() -> None:
    data, text = corpus(stride=20), sample_corpus().text
    first = int(len(text) * 0.9)
    second = (first + len(text)) // 2
    assert read(data, data.x_val[0]) == text[first : first + 50]
    assert read(data, data.x_test[0]) == text[second : second + 50]
    # No training window sees what is validated, no validation window what is tested.
    assert 20 * len(data.x_train) < first
    assert first + 50 * len(data.x_val) < second


def test_a_stride_shorter_than_a_window_gives_more_windows() -> None:
    few, many = corpus(stride=20), corpus(stride=5)
    assert abs(len(many.x_train) - 4 * len(few.x_train)) < 4
    assert read(many, many.x_train[1]) == sample_corpus().text[5:25]


def test_our_own_corpus_is_no_stand_in() -> None:
    data = corpus(stride=20)
    assert not data.is_sample
    assert data.description.startswith("the course's own corpus: ")
    assert data.vocabulary == tuple(sorted(set(sample_corpus().text)))


def test_without_the_plays_the_sample_stands_in_and_says_so(monkeypatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.delenv("COURSE_DATA", raising=False)
    assert prepare_characters().is_sample


def test_a_window_goes_with_the_character_behind_it() -> None:
    data, text = prepare_next_character(length=10, stride=3), load_tiny_shakespeare(quiet=True).text
    first = int(len(text) * 0.9)
    second = (first + len(text)) // 2
    for x, y, begin, end in (
        (data.x_train, data.y_train, 0, first),
        (data.x_val, data.y_val, first, second),
        (data.x_test, data.y_test, second, len(text)),
    ):
        assert x.dtype == y.dtype == np.int32
        assert len(x) == len(y) == (end - begin - 10 - 1) // 3 + 1
        for i in (0, 1, len(x) - 1):
            assert read(data, x[i]) + data.vocabulary[y[i]] == text[begin + 3 * i : begin + 3 * i + 11]


@pytest.mark.parametrize("side", ["pre", "post"])
def test_reviews_lose_their_start_or_their_end(side: str) -> None:
    data = prepare_imdb(num_words=1000, length=20, truncating=side)  # type: ignore[arg-type]
    reviews = load_imdb(1000, quiet=True)
    kept = [ids[-20:] if side == "pre" else ids[:20] for ids in reviews.x_train]
    for row, ids in zip(data.x_train[:50], kept, strict=False):
        assert row[row > 0].tolist() == ids
    assert ("cut at the start" if side == "pre" else "cut at the end") in data.description
