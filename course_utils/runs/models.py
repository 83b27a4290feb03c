"""The models of the stored runs: each function builds one, with an input layer, not compiled.

Keras is imported only as a model is built.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal


def bag_of_words() -> Any:
    """One number a word, averaged over the text, scaled and squashed."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((None,), dtype="int32"),
            layers.Embedding(10_000, 1, "zeros", mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, activation="sigmoid", kernel_initializer="ones"),
        ]
    )


def simple_rnn() -> Any:
    """The article's: 100 words, and the last state of a simple RNN."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((100,), dtype="int32"),
            layers.Embedding(10_000, 32),
            layers.SimpleRNN(32),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def tutorial_reader(*recurrent: Callable[[], Any], word_dropout: float = 0.0) -> Any:
    """The tutorial's: 200 words, and these recurrent layers one on the other."""
    from keras import Input, Sequential, layers

    from course_utils.runs.layers import WordDropout

    return Sequential(
        [
            Input((200,), dtype="int32"),
            *([WordDropout(word_dropout)] if word_dropout else []),
            layers.Embedding(10_000, 128),
            *(layer() for layer in recurrent),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def recurrent_layer(kind: str, units: int, **options: Any) -> Callable[[], Any]:
    """Makes a recurrent layer with the tutorial's dropouts, 0.2 for inputs and for states, unless told otherwise."""

    def make() -> Any:
        from keras import layers

        cell: Any = getattr(layers, kind)
        return cell(units, **{"dropout": 0.2, "recurrent_dropout": 0.2, **options})

    return make


def both_ways(cell: Callable[[], Any]) -> Callable[[], Any]:
    """Makes a layer twice, to read forwards and to read backwards."""

    def make() -> Any:
        from keras import layers

        return layers.Bidirectional(cell())

    return make


def padding_lstm(*, mask: bool) -> Any:
    """400 words, and the last state of an LSTM, which passes over padding if it is masked."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((400,), dtype="int32"),
            layers.Embedding(10_000, 32, mask_zero=mask),
            layers.LSTM(32),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def sentiment_reader(cell: str) -> Any:
    """Small enough for a page: `cell` is the name of its recurrent layer in Keras."""
    from keras import Input, Sequential, layers

    from course_utils.runs.layers import WordDropout

    return Sequential(
        [
            Input((None,), dtype="int32"),
            WordDropout(0.3),
            layers.Embedding(10_000, 32, mask_zero=True),
            layers.SpatialDropout1D(0.2),
            getattr(layers, cell)(32),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def tutorial_characters() -> Any:
    """The tutorial's: 40 characters of 65 different ones, and the odds of the character after them."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((40,), dtype="int32"),
            layers.Embedding(65, 64),
            layers.LSTM(128),
            layers.Dense(65, activation="softmax"),
        ]
    )


def averaged_embeddings() -> Any:
    """The mean of the words' vectors, in whatever order they stand."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((None,), dtype="int32"),
            layers.Embedding(20_000, 64, mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def counted_pairs() -> Any:
    """No network that reads: each word and each pair of neighbours in the text gives its vote."""
    from keras import Input, Sequential, layers

    from course_utils.runs.layers import NaiveBayesPairs

    return Sequential(
        [
            Input((None,), dtype="int32"),
            NaiveBayesPairs(words=20_000, buckets=2**20, beginning=0.02),
            layers.Activation("sigmoid"),
        ]
    )


def gru_reader(*, pooling: Literal["", "states", "attention"] = "", both_ways: bool = False) -> Any:
    """10,000 words as 128 numbers each, a GRU of 48 units, and the answer from its last state or from all of them.

    In training, three of ten words are hidden, of the others three of ten columns of the embedding, and three of ten
    of what the answer is made from.

    Args:
        pooling: ``states`` for the largest and the mean value of each unit, ``attention`` for a weighted mean,
            nothing for the last state.
        both_ways: whether a second GRU reads backwards.
    """
    from keras import Input, Sequential, layers

    from course_utils.runs.layers import AttentionPooling, StatePooling, WordDropout

    units = 48
    gru = layers.GRU(units, return_sequences=bool(pooling))
    return Sequential(
        [
            Input((None,), dtype="int32"),
            WordDropout(0.3),
            layers.Embedding(10_000, 128, mask_zero=True),
            layers.SpatialDropout1D(0.3),
            layers.Bidirectional(gru) if both_ways else gru,
            *([StatePooling()] if pooling == "states" else []),
            *([AttentionPooling(units)] if pooling == "attention" else []),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def gru_with_ratios(*, folds: int) -> Any:
    """A GRU with attention that reads, beside each word, how far it speaks for a yes, and its pair with the one before.

    Args:
        folds: parts of the training reviews that are read with ratios from the other parts; 0 lets the ratios know the
            labels of what they are read with, which is a leak.
    """
    from keras import Input, Model, layers

    from course_utils.runs.layers import AttentionPooling, NaiveBayesRatios, WordDropout

    units = 48
    ids = Input((None,), dtype="int32")
    read = WordDropout(0.3)(ids)
    words = layers.SpatialDropout1D(0.3)(layers.Embedding(10_000, 128, mask_zero=True)(read))
    ratios = NaiveBayesRatios(10_000, 2**20, folds)([read, ids])
    states = layers.GRU(units, return_sequences=True)(layers.Concatenate()([words, ratios]))
    answer = layers.Dropout(0.3)(AttentionPooling(units)(states))
    return Model(ids, layers.Dense(1, activation="sigmoid")(answer))


def characters(alphabet: int, units: int, dropout: float) -> Any:
    """After every character the odds of the next one."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((None,), dtype="int32"),
            layers.Embedding(alphabet, 64),
            layers.LSTM(units, return_sequences=True),
            layers.Dropout(dropout),
            layers.Dense(alphabet, activation="softmax"),
        ]
    )
