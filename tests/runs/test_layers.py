"""The layer that hides words while training."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from course_utils.runs.layers import WordDropout

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
