"""The layers that Keras does not have: hiding words, and making one vector of all states."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from course_utils.runs.layers import (
    AttentionPooling,
    NaiveBayesPairs,
    NaiveBayesRatios,
    StatePooling,
    WordDropout,
)

IDS = np.tile(np.array([0, 0, 1, *range(2, 27)], "int32"), (200, 1))


def hidden_share(rate: float, columns: slice) -> float:
    out = np.array(WordDropout(rate, seed=3)(IDS, training=True))
    changed = out != IDS
    assert (out[changed] == 2).all(), "a hidden word becomes the unknown word, 2"
    return float(changed[:, columns].mean())


def test_about_that_share_of_the_words_is_hidden() -> None:
    assert hidden_share(0.2, slice(4, None)) == pytest.approx(0.2, abs=0.02)


def test_padding_start_and_unknown_stay() -> None:
    assert hidden_share(1.0, slice(0, 4)) == 0.0
    assert hidden_share(1.0, slice(4, None)) == 1.0


def test_predicting_hides_nothing() -> None:
    np.testing.assert_array_equal(WordDropout(0.9)(IDS), IDS)
    np.testing.assert_array_equal(WordDropout(0.0)(IDS, training=True), IDS)


def test_each_call_hides_other_words_and_a_seed_repeats_them() -> None:
    layer, again = WordDropout(0.3, seed=1), WordDropout(0.3, seed=1)
    first, second = np.array(layer(IDS, training=True)), np.array(layer(IDS, training=True))
    assert (first != second).any()
    np.testing.assert_array_equal(np.array(again(IDS, training=True)), first)


def test_it_has_no_weights_and_can_be_built_again() -> None:
    model = keras.Sequential([keras.Input((5,), dtype="int32"), WordDropout(0.2, seed=4)])
    assert model.count_params() == 0
    assert model.output_shape == (None, 5)
    assert WordDropout.from_config(model.layers[0].get_config()).rate == 0.2


@pytest.mark.parametrize("rate", [-0.1, 1.1])
def test_a_rate_is_a_probability(rate: float) -> None:
    with pytest.raises(ValueError, match="expected a probability"):
        WordDropout(rate)


STATES = np.random.default_rng(0).standard_normal((3, 5, 4)).astype("float32")
MASK = np.array([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1]], bool)


def test_pooled_states_are_the_largest_and_the_mean_of_the_steps_that_count() -> None:
    pooled = np.array(StatePooling()(STATES, mask=MASK))
    for states, mask, found in zip(STATES, MASK, pooled, strict=True):
        np.testing.assert_allclose(found, [*states[mask].max(axis=0), *states[mask].mean(axis=0)], rtol=1e-5)
    everything = np.array(StatePooling()(STATES))
    np.testing.assert_allclose(everything, np.hstack([STATES.max(axis=1), STATES.mean(axis=1)]), rtol=1e-5)


def test_nothing_but_padding_gives_zeros() -> None:
    nothing = np.array(StatePooling()(STATES, mask=np.zeros((3, 5), bool)))
    np.testing.assert_array_equal(nothing, 0)


def test_attention_weighs_the_steps_that_count_and_adds_up_to_one() -> None:
    layer = AttentionPooling(6)
    pooled = np.array(layer(STATES, mask=MASK))
    weights = np.array(layer.weigh(STATES, MASK))
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    assert (weights[~MASK] == 0).all()
    kernel, bias, question = (np.array(weight) for weight in layer.weights)
    scores = np.tanh(STATES @ kernel + bias) @ question[:, 0]  # (batch, time)
    by_hand = np.exp(scores) * MASK / (np.exp(scores) * MASK).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(weights, by_hand, rtol=1e-4)
    np.testing.assert_allclose(pooled, (by_hand[:, :, None] * STATES).sum(axis=1), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("layer", "width"), [(StatePooling(), 8), (AttentionPooling(6), 4)])
def test_pooling_takes_the_time_away_and_comes_back_from_its_settings(
    layer: keras.layers.Layer, width: int
) -> None:
    model = keras.Sequential(
        [keras.Input((None,), dtype="int32"), keras.layers.Embedding(9, 4, mask_zero=True), layer]
    )
    assert model.output_shape == (None, width)
    assert model(np.array([[0, 0, 3, 4]], "int32")).shape == (1, width)
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


def counted(texts: list[list[int]], labels: list[int], **options: Any) -> NaiveBayesPairs:
    layer = NaiveBayesPairs(**{"words": 50, "buckets": 1000, "beginning": 1.0, **options})
    ids = np.array(texts, "int32")
    layer.build(ids.shape)
    layer.adapt(ids, np.array(labels))
    return layer


def test_the_ratios_are_those_of_naive_bayes() -> None:
    """Word 7 stands in both good texts, in one of them twice, and in no bad one; 8 stands in one text of each."""
    layer = counted([[0, 1, 7, 7], [0, 1, 7, 8], [0, 0, 1, 8], [0, 0, 1, 9]], [1, 1, 0, 0])
    ratios = np.array(layer.ratios)[:, 0]
    rows = layer.words + layer.buckets
    good = (
        rows + 5 + 6
    )  # one a row; then words 1, 7 and pairs 0 1, 1 7, 7 7; words 1, 7, 8 and pairs 0 1, 1 7, 7 8
    bad = rows + 4 + 4  # words 1, 8 and pairs 0 1, 1 8; words 1, 9 and pairs 0 1, 1 9
    ones = np.array(layer.rows_of(np.array([[7, 8, 9, 1, 30]]))[0])[0]
    texts_with = np.array([[3, 1], [2, 2], [1, 2], [3, 3], [1, 1]])  # and one more of each kind
    expected = np.log(texts_with[:, 0] / good) - np.log(texts_with[:, 1] / bad)
    np.testing.assert_allclose(ratios[ones], expected, rtol=1e-5)


def test_a_text_is_the_sum_of_what_stands_in_it_each_once() -> None:
    layer = counted([[1, 7, 8, 9], [1, 9, 8, 7]], [1, 0])
    layer.factors.assign(np.random.default_rng(0).normal(size=layer.factors.shape))
    layer.bias.assign([0.25])
    worth = (np.array(layer.factors) * np.array(layer.ratios))[:, 0]
    text = [0, 0, 1, 7, 8, 7, 8]
    pairs = np.array(layer.rows_of(np.array([text], "int32"))[1])[0]
    assert pairs[4] == pairs[6], "7 then 8, twice"
    assert len({pairs[4], pairs[5], pairs[3]}) == 3, "7 then 8, 8 then 7, 1 then 7"
    expected = 0.25 + worth[[1, 7, 8]].sum() + worth[np.unique(pairs[2:])].sum()
    np.testing.assert_allclose(np.array(layer(np.array([text], "int32"))), [[expected]], rtol=1e-5)
    longer = np.array([[0, 0, 0, *text]], "int32")
    np.testing.assert_allclose(np.array(layer(longer)), [[expected]], rtol=1e-5)


def test_order_counts_within_pairs_and_training_texts_begin_at_naive_bayes() -> None:
    layer = counted([[1, 7, 8], [1, 8, 7]], [1, 0])
    good, bad = np.array(layer(np.array([[1, 7, 8], [1, 8, 7]], "int32")))[:, 0]
    assert good > 0.5 and bad < -0.5
    np.testing.assert_allclose(
        np.array(layer.ratios)[[7, 8, 30]], 0, atol=1e-6, err_msg="words alone say nothing"
    )


def test_a_training_text_is_read_with_ratios_that_it_was_not_counted_into() -> None:
    """Four texts in four parts. Word 7 stands in the first alone, a good one, and word 9 in three."""
    ids = np.array([[0, 1, 7, 12], [0, 1, 9, 11], [0, 1, 9, 12], [0, 1, 9, 13]], "int32")
    layer = NaiveBayesRatios(words=50, buckets=1000, folds=4)
    layer.build([ids.shape, ids.shape])
    layer.adapt(ids, np.array([1, 1, 1, 0]))
    assert sorted(np.array(layer.fold_of(ids))[:, 0]) == [0, 1, 2, 3]
    in_training, in_use = (np.array(layer((ids, ids), training=training)) for training in (True, False))
    assert in_training.shape == (4, 4, 2)

    def alone(rows: list[int], word: int) -> float:
        """The word's ratio, counted in these texts only."""
        layer = NaiveBayesRatios(words=50, buckets=1000)
        layer.build([ids.shape, ids.shape])
        layer.adapt(ids[rows], np.array([1, 1, 1, 0])[rows])
        text = np.array([[word]], "int32")
        return float(np.array(layer((text, text)))[0, 0, 0])

    for text, word in ((0, 7), (1, 9), (2, 9), (3, 9)):
        others = [i for i in range(4) if i != text]
        assert in_training[text, 2, 0] == pytest.approx(alone(others, word), abs=1e-5)
        assert in_use[text, 2, 0] == pytest.approx(alone([0, 1, 2, 3], word), abs=1e-5)
    assert abs(in_training[0, 2, 0]) < 0.1 < in_use[0, 2, 0], (
        "without the text, its word and its label are unknown"
    )


def test_hidden_words_have_the_ratios_of_the_unknown_one_and_the_part_stays() -> None:
    ids = np.array([[0, 1, 7, 12], [0, 1, 9, 11]], "int32")
    layer = NaiveBayesRatios(words=50, buckets=1000, folds=3)
    layer.build([ids.shape, ids.shape])
    layer.adapt(ids, np.array([1, 0]))
    hidden = np.where(ids == 7, 2, ids)
    read, given = (np.array(layer((some, ids), training=True)) for some in (hidden, ids))
    np.testing.assert_array_equal(read[1], given[1])
    table = np.array(layer.ratios)[:, 0].reshape(4, -1)[1 + int(np.array(layer.fold_of(ids))[0, 0])]
    assert read[0, 2, 0] == table[2]
    assert given[0, 2, 0] == table[7]
    np.testing.assert_array_equal(np.array(layer.compute_mask((ids, ids))), ids > 0)
    assert NaiveBayesRatios.from_config(layer.get_config()).get_config() == layer.get_config()


def test_pairs_of_all_words_stay_within_the_table() -> None:
    layer = NaiveBayesPairs(words=20_000, buckets=100_000, beginning=1.0)
    ids = np.random.default_rng(0).integers(1, 20_000, (50, 400)).astype("int32")
    ids[0, :2] = 19_999
    pairs = np.array(layer.rows_of(ids)[1])
    assert pairs.min() >= 20_000
    assert pairs.max() < 120_000
    assert len(np.unique(pairs)) > 15_000, "20,000 random pairs should fall into many rows"
    again = NaiveBayesPairs.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
