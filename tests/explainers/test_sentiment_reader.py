"""The reader of reviews: what Python says about it, against the engine's other ways, by hand and against Keras."""

from __future__ import annotations

import re

import numpy as np
import pytest
import traitlets as t

from course_utils.data.vocabulary import START_ID, UNKNOWN_ID
from course_utils.explainers import SentimentReader
from course_utils.explainers.assets import asset
from course_utils.explainers.sentiment_reader import MAX_CHARACTERS, MAX_IDS, REVIEWS
from course_utils.explainers.weights import unpack_network
from course_utils.runs import load_run


def test_what_is_read_is_the_start_mark_and_the_words() -> None:
    figure = SentimentReader("A film -- not bad, NOT zzyzx.")
    assert figure.words == ["a", "film", "not", "bad", "not", "zzyzx"]
    first, *ids = figure.ids
    assert first == START_ID
    assert ids[2] == ids[4]
    assert ids[5] == UNKNOWN_ID


@pytest.mark.parametrize("model", ["lstm", "rnn"])
def test_the_probabilities_are_the_answers_to_ever_longer_beginnings(model: str) -> None:
    figure = SentimentReader(REVIEWS[3][0], model)
    packed = unpack_network(asset(f"sentiment-{model}"))
    expected = [packed.predict(figure.ids[None, :end])[0, 0] for end in range(1, len(figure.ids) + 1)]
    np.testing.assert_allclose(figure.probabilities[model], expected, rtol=0, atol=1e-12)
    assert figure.states.shape == (len(figure.words) + 1, 32)
    answers = packed.network.head.answers(packed.network.head.weighted_sums(figure.states))
    np.testing.assert_allclose(answers[:, 0], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("model", ["lstm", "rnn"])
def test_a_words_weight_is_what_the_answer_loses_without_it(model: str) -> None:
    figure = SentimentReader(REVIEWS[5][0], model)
    packed = unpack_network(asset(f"sentiment-{model}"))
    whole = packed.predict(figure.ids[None])[0, 0]
    without = [packed.predict(np.delete(figure.ids, k)[None])[0, 0] for k in range(1, len(figure.ids))]
    np.testing.assert_allclose(figure.weights_by_word, whole - without, rtol=0, atol=1e-12)


@pytest.mark.parametrize("text", ["", *(text for text, _ in REVIEWS)])
def test_the_bag_of_words_is_the_stored_model(text: str) -> None:
    """As Keras computes it: the mean counts the start mark."""
    figure = SentimentReader(text)
    model = load_run("imdb-bag").load_model()
    assert figure.bag == pytest.approx(float(np.array(model(figure.ids[None]))[0, 0]), abs=1e-5)


def test_the_bag_of_words_has_no_order_and_its_weights_have_no_company() -> None:
    one, other = SentimentReader(REVIEWS[1][0]), SentimentReader(REVIEWS[2][0])
    assert sorted(one.words) == sorted(other.words)
    assert one.bag == other.bag, "not the same to the last digit"
    longer = SentimentReader("good films, good grief")
    np.testing.assert_array_equal(longer.bag_weights[[0, 2]], one.bag_weights[[0, 0]])
    assert len(longer.bag_weights) == 4


def test_the_bags_asset_is_its_run() -> None:
    weights, kernel, bias = load_run("imdb-bag").load_weights()
    stored = np.frombuffer(asset("imdb-bag"), "<f4")
    np.testing.assert_array_equal(stored, [*kernel.ravel(), *bias, *weights.ravel()])


def test_of_a_text_that_is_too_long_the_end_is_read() -> None:
    figure = SentimentReader("a " + "b " * 399 + "c")
    assert len(figure.words) == len(figure.ids) == MAX_IDS
    assert START_ID not in figure.ids
    assert figure.words[0] == "b"
    assert all(len(each) == MAX_IDS + 1 for each in figure.probabilities.values())
    assert not figure.states[0].any(), "nothing is remembered before the first of them"
    assert len(figure.weights_by_word) == len(figure.bag_weights) == MAX_IDS


@pytest.mark.parametrize("text", ["", " ... !"])
def test_no_word_at_all(text: str) -> None:
    figure = SentimentReader(text)
    assert figure.words == []
    assert len(figure.probabilities["lstm"]) == 1
    assert len(figure.weights_by_word) == 0
    assert "start" in figure.fallback_html()


def test_the_reviews_can_be_picked_and_have_twins() -> None:
    assert 5 <= len(REVIEWS) <= 8
    assert {meant for _, meant in REVIEWS} == {"positive", "negative"}
    for text, _ in REVIEWS:
        SentimentReader(text)
    for one, other in ((1, 2), (3, 4)):
        assert REVIEWS[one][1] != REVIEWS[other][1]
        words = [SentimentReader(REVIEWS[place][0]).words for place in (one, other)]
        assert words[0] != words[1]
        assert sorted(words[0]) == sorted(words[1])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"text": "x" * (MAX_CHARACTERS + 1)}, "text is .* expected a text of at most 1200 characters"),
        ({"model": "gru"}, "model is 'gru', expected one of lstm, rnn"),
        ({"position": -1}, "position is -1, expected a whole number from 0 to 400"),
    ],
)
def test_wrong_values_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(t.TraitError, match=message):
        SentimentReader(**wrong)  # type: ignore[arg-type]


def test_the_static_version_has_the_same_numbers() -> None:
    figure = SentimentReader("not <bad>", "rnn")
    shown = figure.fallback_html()
    assert "“not &lt;bad&gt;”" in shown
    assert f"which has no order, says {figure.bag:.2f}." in shown
    rows = re.findall(r'scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td>', shown)
    assert [row[0] for row in rows] == ["start", "not", "bad"]
    numbers = np.array([[float(cell) for cell in row[1:3]] for row in rows])
    expected = np.stack([figure.probabilities["rnn"], figure.probabilities["lstm"]], axis=1)
    np.testing.assert_allclose(numbers, expected, rtol=0, atol=0.00501)
    weights = [float(row[3].replace("−", "-")) for row in rows[1:]]
    np.testing.assert_allclose(weights, figure.weights_by_word, rtol=0, atol=0.00501)
