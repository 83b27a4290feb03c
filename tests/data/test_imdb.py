"""The reviews are Keras's, number for number, and words come back from them."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.data import Reviews, decode_review, encode_review, load_imdb, locate
from course_utils.data.vocabulary import words_by_id

WORD_INDEX = {"the": 1, "film": 2, "was": 3, "not": 4, "bad": 5, "it's": 6, "don't": 7, "br": 8, "rare": 9}


def load_with_keras(monkeypatch: pytest.MonkeyPatch, archive: Path, num_words: int) -> tuple:
    """What keras.datasets.imdb.load_data makes of the same file."""
    import keras
    import keras.src.datasets.imdb as keras_imdb

    monkeypatch.setattr(keras_imdb, "get_file", lambda **_: str(archive))
    return keras.datasets.imdb.load_data(num_words=num_words)


def assert_equal(reviews: Reviews, expected: tuple) -> None:
    (x_train, y_train), (x_test, y_test) = expected
    for ours, theirs in ((reviews.x_train, x_train), (reviews.x_test, x_test)):
        assert ours.dtype == object and ours.shape == theirs.shape
        assert ours.tolist() == theirs.tolist()
        assert type(ours[0]) is list and type(ours[0][-1]) is int
    for ours, theirs in ((reviews.y_train, y_train), (reviews.y_test, y_test)):
        assert ours.dtype == np.int64
        np.testing.assert_array_equal(ours, theirs)


@pytest.fixture(scope="module")
def real() -> tuple[Reviews, float]:
    """The real reviews, and the seconds of processor time that loading them took."""
    start = time.process_time()
    reviews = load_imdb(10_000, quiet=True)
    return reviews, time.process_time() - start


@pytest.mark.needs_real_data
def test_the_real_reviews_are_those_of_keras_and_come_sooner(real, monkeypatch):
    import keras  # noqa: F401 - not to be timed

    reviews, ours = real
    folder, source = locate("imdb")
    assert folder is not None and reviews.source == source and not reviews.is_sample
    start = time.process_time()
    expected = load_with_keras(monkeypatch, folder / "imdb.npz", 10_000)
    theirs = time.process_time() - start
    assert_equal(reviews, expected)
    assert ours < theirs, f"load_imdb took {ours:.1f} s, Keras {theirs:.1f} s"
    assert len(reviews.x_train) == len(reviews.x_test) == 25_000
    assert reviews.y_train.sum() == reviews.y_test.sum() == 12_500
    assert max(max(review) for review in reviews.x_train) == 9_999
    assert min(reviews.word_index.values()) == 1


@pytest.mark.needs_real_data
def test_real_reviews_survive_the_way_to_words_and_back(real):
    reviews, _ = real
    for ids in [*reviews.x_train[:500], *reviews.x_test[:500]]:
        assert encode_review(decode_review(ids, reviews.word_index), reviews.word_index) == ids


@pytest.mark.needs_real_data
def test_a_readers_own_sentence_gets_the_ids_of_its_words(real):
    index = real[0].word_index
    ids = encode_review("This film wasn't bad!", index)
    assert ids == [1, *(index[word] + 3 for word in ("this", "film", "wasn't", "bad"))]


@pytest.mark.parametrize("num_words", [5, 12, 44, 10_000])
def test_tiny_data_are_read_as_keras_reads_them(little_imdb, bare, monkeypatch, num_words):
    reviews = load_imdb(num_words, quiet=True)
    assert_equal(reviews, load_with_keras(monkeypatch, bare / "imdb.npz", num_words))
    assert reviews.num_words == num_words
    assert reviews.word_index["the"] == 1


def test_reviews_of_one_length_stay_lists(little_imdb):
    reviews = load_imdb(quiet=True)
    assert reviews.x_train.ndim == 1
    from course_utils.data.vocabulary import object_array

    assert object_array([[1, 2], [3, 4]]).shape == (2,)
    assert object_array([]).shape == (0,)


@pytest.mark.parametrize("num_words", [4, 0, -1])
def test_a_vocabulary_without_a_word_is_refused(num_words):
    with pytest.raises(ValueError, match="expected at least 5"):
        load_imdb(num_words)
    with pytest.raises(ValueError, match="expected at least 5"):
        encode_review("a film", WORD_INDEX, num_words)


def test_reviews_show_themselves_in_a_line(little_imdb):
    shown = repr(load_imdb(quiet=True))
    assert shown == "Reviews(12 to train on, 8 to test on, num_words=10,000, source='download')"


# --- decode -------------------------------------------------------------------------------------------------


def test_decoding_undoes_the_shift_by_three():
    assert decode_review([1, 4, 5, 6, 2], WORD_INDEX) == "[START] the film was [UNKNOWN]"


def test_decoding_leaves_the_padding_out_and_takes_arrays():
    padded = np.array([0, 0, 1, 4, 5], dtype=np.int32)
    assert decode_review(padded, WORD_INDEX) == "[START] the film"


@pytest.mark.parametrize("bad_id", [3, -1, 13, 10_000])
def test_decoding_an_id_without_a_word_says_so(bad_id):
    with pytest.raises(ValueError, match=f"the id {bad_id} stands for no word: expected 0"):
        decode_review([1, 4, bad_id], WORD_INDEX)


def test_decoding_numbers_that_are_no_ids_fails():
    with pytest.raises(TypeError):
        decode_review([1.0, 4.5], WORD_INDEX)


def test_decoding_follows_each_word_index_and_its_changes():
    changing = {"one": 1, "two": 2}
    assert decode_review([4, 5], changing) == "one two"
    assert decode_review([4, 5], {"eins": 1, "zwei": 2}) == "eins zwei"
    assert decode_review([4, 5], changing) == "one two"
    changing["one"], changing["two"] = 2, 1
    assert decode_review([4, 5], changing) == "two one"
    del changing["one"]
    with pytest.raises(ValueError, match="the id 5 stands for no word"):
        decode_review([5], changing)


# --- encode -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The film was not bad.", "the film was not bad"),
        ("THE FILM: was (not) bad?!", "the film was not bad"),
        ("the\n\tfilm", "the film"),
        ("It's the film", "it's the film"),
        ("It’s the film", "it's the film"),
        ("“Don’t” … the — film", "don't the film"),
        ("the 'film' was 'bad'", "the film was bad"),
        ("the film.<br /><br />The film", "the film br br the film"),
        ("the film,was", "the film was"),
        ("", ""),
        (" ... ", ""),
    ],
)
def test_a_text_is_read_as_the_data_were_made(text, words):
    assert encode_review(text, WORD_INDEX) == [1, *(WORD_INDEX[word] + 3 for word in words.split())]


def test_unknown_and_rare_words_become_2():
    assert encode_review("the zyzzyva was rare", WORD_INDEX, num_words=12) == [1, 4, 2, 6, 2]
    assert encode_review("the zyzzyva was rare", WORD_INDEX, num_words=13) == [1, 4, 2, 6, 12]


def test_each_id_has_its_word():
    words = words_by_id(WORD_INDEX, 9)
    assert words == ("", "[START]", "[UNKNOWN]", "", "the", "film", "was", "not", "bad")
    for word in ("the", "film", "bad"):
        assert words[encode_review(word, WORD_INDEX)[1]] == word
    assert words_by_id(WORD_INDEX, 14)[-2:] == ("rare", "")  # more ids than words


@given(st.lists(st.one_of(st.just(2), st.integers(4, 12)), max_size=40))
def test_ids_survive_the_way_to_words_and_back(ids):
    review = [1, *ids]
    assert encode_review(decode_review(review, WORD_INDEX), WORD_INDEX) == review


@given(st.text(max_size=200), st.integers(5, 20))
def test_any_text_gives_ids_in_range(text, num_words):
    ids = encode_review(text, WORD_INDEX, num_words)
    assert ids[0] == 1
    assert all(word_id == 1 or word_id == 2 or 4 <= word_id < num_words for word_id in ids)
    # What can be decoded is stable: reading it again changes nothing.
    assert encode_review(decode_review(ids, WORD_INDEX), WORD_INDEX, num_words) == ids
