"""The layers that Keras does not have: hiding words, and making one vector of all states."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from course_utils.runs.layers import AttentionPooling, StatePooling, WordDropout, WordPairs

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


def test_a_pair_has_its_vector_wherever_it_stands_and_padding_is_masked() -> None:
    layer = WordPairs(words=50, units=3, pair_units=2, buckets=1000)
    ids = np.array([[0, 0, 1, 7, 8, 7, 8], [0, 0, 0, 1, 8, 7, 8]], "int32")
    out = np.array(layer(ids))
    assert out.shape == (2, 7, 5)
    words, pairs = (np.array(table) for table in layer.weights)
    np.testing.assert_array_equal(out[..., :3], words[ids])
    buckets = np.array(layer.bucket_of(ids))
    np.testing.assert_array_equal(out[..., 3:], pairs[buckets])
    assert (buckets[ids == 0] == 0).all()
    assert (buckets[ids > 0] > 0).all()
    assert buckets[0, 4] == buckets[0, 6] == buckets[1, 6], "7 then 8"
    assert len({buckets[0, 4], buckets[0, 5], buckets[1, 4]}) == 3, "7 then 8, 8 then 7, 1 then 8"
    np.testing.assert_array_equal(np.array(layer.compute_mask(ids)), ids > 0)


def test_pairs_of_all_words_stay_within_the_table() -> None:
    layer = WordPairs(words=20_000, units=1, pair_units=1, buckets=100_000)
    ids = np.random.default_rng(0).integers(1, 20_000, (50, 400)).astype("int32")
    ids[0, :2] = 19_999
    buckets = np.array(layer.bucket_of(ids))
    assert buckets.min() >= 1
    assert buckets.max() < 100_000
    assert len(np.unique(buckets)) > 15_000, "20,000 random pairs should fall into many rows"
    again = WordPairs.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
