"""Reviews whose words, however counted, say nothing, and whose order says it all."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.data import Reviews, decode_review, load_imdb, sample_reviews, write_reviews
from course_utils.data.reviews import _SWAPPED, _WRITTEN_OUT, PATTERNS, SAMPLE_SEED, WrittenReview
from course_utils.data.vocabulary import split_words


def pairs(reviews: list[WrittenReview]) -> list[tuple[WrittenReview, WrittenReview]]:
    """(positive, negative) twins."""
    by_twin: dict[int, dict[int, WrittenReview]] = {}
    for review in reviews:
        by_twin.setdefault(review.twin, {})[review.label] = review
    return [(twins[1], twins[0]) for twins in by_twin.values()]


# --- the proof ----------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32), st.integers(0, 60))
def test_twins_have_the_same_words_and_opposite_labels(seed, half):
    reviews = write_reviews(2 * half, seed)
    assert len(reviews) == 2 * half
    found = pairs(reviews)
    assert len(found) == half, "every review has one twin, of the other label"
    for positive, negative in found:
        assert Counter(split_words(positive.text)) == Counter(split_words(negative.text))
        assert split_words(positive.text) != split_words(negative.text)
        assert positive.pattern == negative.pattern


def test_every_sentence_of_the_grammar_makes_twins():
    """Not only those that were drawn: each template, with all its slots left open."""
    slots = re.compile(r"\{([a-z_]+?)(\d?)\}")
    for templates in _WRITTEN_OUT.values():
        for positive, negative in templates:
            assert sorted(slots.findall(positive)) == sorted(slots.findall(negative))
            plain = [Counter(split_words(slots.sub("", text))) for text in (positive, negative)]
            assert plain[0] == plain[1], positive
            assert positive != negative
    for templates in _SWAPPED.values():
        for template in templates:
            kinds = [kind for kind, _ in slots.findall(template)]
            opposites = {"good": "bad", "good_c": "bad_c", "treat": "chore", "loved": "hated"}
            opposites |= {"laugh": "yawn", "go_on": "stop", "high": "low"}
            exchanged = [kind for kind in kinds if kind in opposites]
            assert exchanged, f"nothing is exchanged in {template!r}"
            assert sorted(opposites[kind] for kind in exchanged) == sorted(
                kind for kind in kinds if kind in opposites.values()
            )
            for article, kind in re.findall(r"\b(an?) \{([a-z_]+)\}", template):
                assert (article, kind) not in {("a", "good"), ("a", "bad")}, "twins would need 'an'"


def counts(reviews: list[WrittenReview], words: list[str]) -> np.ndarray:
    """(reviews, words) how often each word occurs."""
    column = {word: i for i, word in enumerate(words)}
    table = np.zeros((len(reviews), len(words)))
    for row, review in zip(table, reviews, strict=True):
        for word in split_words(review.text):
            row[column[word]] += 1
    return table


@pytest.mark.parametrize("closed", [True, False], ids=["twins together", "twins apart"])
def test_a_bag_of_words_is_right_for_exactly_half_of_the_twins(closed):
    written = write_reviews(2_000, seed=11)
    train, test = written[:1_200], written[1_200:]
    if not closed:  # one of each pair, so that there is something to learn by heart
        train = [twins[i % 2] for i, twins in enumerate(zip(train[::2], train[1::2], strict=True))]
    words = sorted({word for review in written for word in split_words(review.text)})
    x = counts(train, words)
    y = np.array([review.label for review in train])
    weights, bias = np.zeros(len(words)), 0.0
    for _ in range(200):  # logistic regression by gradient descent
        error = 1 / (1 + np.exp(-(x @ weights + bias))) - y
        weights -= 0.2 * x.T @ error / len(y)
        bias -= 0.2 * error.mean()
    if not closed:
        assert (((x @ weights + bias) > 0) == y).mean() > 0.6, "it should at least learn its training set"
    # Twins have equal rows. Scoring each different row once keeps rounding from telling them apart.
    rows, which = np.unique(counts(test, words), axis=0, return_inverse=True)
    says_positive = ((rows @ weights + bias) > 0)[which.ravel()]
    labels = np.array([review.label for review in test])
    assert (says_positive == labels).sum() == len(test) / 2


def train_on_reviews_of_like_length(model: Any, reviews: Reviews, epochs: int) -> None:
    """Batches of 32 whose reviews are about as long as each other: three times as fast as padding all to 121."""
    import keras

    draw = np.random.default_rng(0)
    lengths = np.array([len(ids) for ids in reviews.x_train])
    for _ in range(epochs):
        by_length = np.argsort(lengths + draw.random(len(lengths)), kind="stable")
        for batch in draw.permutation(by_length.reshape(-1, 32)):
            room = -(-lengths[batch].max() // 20) * 20
            model.train_on_batch(
                keras.utils.pad_sequences(reviews.x_train[batch], maxlen=room), reviews.y_train[batch]
            )


def test_reading_in_order_finds_the_verdict():
    """A small LSTM learns the grammar from 4,000 reviews and reads 2,000 new ones; a simple RNN gets part of it."""
    import keras

    reviews = sample_reviews()
    x_test = keras.utils.pad_sequences(reviews.x_test, maxlen=121)
    accuracy = {}
    for layer, rate, epochs in ((keras.layers.LSTM, 4e-3, 6), (keras.layers.SimpleRNN, 2e-3, 5)):
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [
                keras.layers.Embedding(len(reviews.word_index) + 4, 32),
                layer(32),
                keras.layers.Dense(1, activation="sigmoid"),
            ]
        )
        optimizer = keras.optimizers.Adam(rate, clipnorm=1.0)
        model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
        train_on_reviews_of_like_length(model, reviews, epochs)
        accuracy[layer.__name__] = model.evaluate(x_test, reviews.y_test, batch_size=500, verbose=0)[1]
    assert accuracy["LSTM"] >= 0.95, accuracy
    assert accuracy["SimpleRNN"] >= 0.58, accuracy


# --- the writing --------------------------------------------------------------------------------------------


def test_reviews_are_varied():
    reviews = write_reviews(4_000, seed=5)
    assert len({review.text for review in reviews}) == 4_000
    words = {word for review in reviews for word in split_words(review.text)}
    assert len(words) >= 400
    assert len(PATTERNS) >= 10
    shares = Counter(review.pattern for review in reviews)
    assert set(shares) == set(PATTERNS)
    assert min(shares.values()) > 4_000 / len(PATTERNS) / 2
    assert sum(review.label for review in reviews) == 2_000


def test_lengths_spread():
    lengths = [len(split_words(review.text)) for review in write_reviews(4_000, seed=6)]
    assert min(lengths) == 12 and 110 <= max(lengths) <= 120
    tenth, median, ninth = np.percentile(lengths, [10, 50, 90])
    assert tenth < 20 and 22 < median < 40 and ninth > 50


def test_the_first_of_a_pair_is_as_often_positive_as_negative():
    firsts = [review.label for review in write_reviews(4_000, seed=7)[::2]]
    assert np.mean(firsts) == pytest.approx(0.5, abs=0.04)


def test_reviews_are_written_properly():
    for review in write_reviews(3_000, seed=8):
        assert "{" not in review.text and "  " not in review.text
        assert not re.search(r"\b[Aa] [aeiou]", review.text), review.text
        assert not re.search(r"\b[Aa]n [^aeiouh]", review.text), review.text
        for sentence in re.split(r"(?<=[.?]) ", review.text):
            assert re.fullmatch(r"[A-Z][^.?]*[.?]", sentence), sentence


def test_a_seed_decides_everything_and_more_begin_like_fewer():
    assert write_reviews(50, seed=1) == write_reviews(50, seed=1)
    assert write_reviews(50, seed=1)[:21] == write_reviews(21, seed=1)
    assert write_reviews(50, seed=1) != write_reviews(50, seed=2)
    assert write_reviews(0) == []
    with pytest.raises(ValueError, match="count is -1, expected 0 or more"):
        write_reviews(-1)


# --- the sample ---------------------------------------------------------------------------------------------


def test_the_sample_is_fixed():
    """Whoever changes the grammar changes the sample: everything that was measured on it must be measured again."""
    text = "\n".join(f"{review.label} {review.text}" for review in write_reviews(6_000, SAMPLE_SEED))
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    assert digest == "3c6a7396abbe61bde506b012b0ff9ed117c8fe2c82a1687e57bc7af6c4c44bb1"


def test_the_sample_has_the_form_of_the_real_reviews():
    reviews = sample_reviews()
    assert reviews.is_sample and reviews.source == "sample" and reviews.num_words == 10_000
    for x, y, count in ((reviews.x_train, reviews.y_train, 4_000), (reviews.x_test, reviews.y_test, 2_000)):
        assert x.shape == y.shape == (count,)
        assert x.dtype == object and y.dtype == np.int64
        assert y.sum() == count / 2
        assert all(type(ids) is list and ids[0] == 1 for ids in x)
        assert all(y[::2] != y[1::2]), "twins stand side by side"
    assert not {tuple(ids) for ids in reviews.x_train} & {tuple(ids) for ids in reviews.x_test}


def test_the_samples_words_are_ranked_by_how_often_they_are_used():
    reviews = sample_reviews()
    used = Counter(word_id - 3 for ids in reviews.x_train for word_id in ids[1:])
    ranks = sorted(reviews.word_index.values())
    assert ranks == list(range(1, len(ranks) + 1))
    frequencies = [used[rank] for rank in ranks]
    assert frequencies == sorted(frequencies, reverse=True)
    unknown = sum(ids.count(2) for ids in reviews.x_test)
    assert unknown < 0.001 * sum(map(len, reviews.x_test)), "the training reviews use the whole grammar"


def test_the_sample_can_be_cut_to_fewer_words_and_read():
    few = sample_reviews(50)
    assert max(max(ids) for ids in few.x_train) == 49
    written = write_reviews(6_000, SAMPLE_SEED)
    decoded = decode_review(sample_reviews().x_test[0], few.word_index)
    assert decoded == "[START] " + " ".join(split_words(written[4_000].text))
    with pytest.raises(ValueError, match="expected at least 5"):
        sample_reviews(4)


def test_a_change_to_one_copy_of_the_sample_does_not_reach_the_next():
    changed = sample_reviews()
    changed.x_train[0].append(7)
    changed.word_index.clear()
    fresh = sample_reviews()
    assert fresh.word_index and fresh.x_train[0] != changed.x_train[0]


def test_without_data_the_sample_stands_in(bare, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    reviews = load_imdb()
    assert reviews.x_train.tolist() == sample_reviews().x_train.tolist()
    printed = capsys.readouterr().out
    assert printed.startswith("Using the course's own invented reviews") and printed.count("\n") == 1
    assert load_imdb(quiet=True).is_sample
    assert capsys.readouterr().out == ""
