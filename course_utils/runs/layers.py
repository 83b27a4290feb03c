"""Layers of the stored runs that Keras does not have. Importing this imports Keras."""

from __future__ import annotations

from typing import Any

import keras

from course_utils.data.vocabulary import INDEX_FROM, UNKNOWN_ID

HIDDEN = 1e9
"""Taken from what is masked, it leaves nothing for a maximum or a softmax to find."""


class WordDropout(keras.layers.Layer):  # type: ignore[misc]
    """Hides words while training: each becomes the unknown word with probability `rate`.

    Follows the word dropout of Iyyer et al. (2015): a network that cannot count on any single word has to use what
    the others say. Padding and the start mark stay, and so does everything when the model predicts.

    Args:
        rate: the probability of hiding a word, 0 to 1.
        seed: fixes what is hidden; None takes it from ``keras.utils.set_random_seed``.
    """

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        if not 0 <= rate <= 1:
            raise ValueError(f"rate is {rate}, expected a probability from 0 to 1")
        self.rate = rate
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, ids: Any, training: bool = False) -> Any:
        """Ids in, (batch, time), ids out, same shape."""
        if not training or self.rate == 0:
            return ids
        drawn = keras.random.uniform(keras.ops.shape(ids), seed=self.generator)
        hidden = keras.ops.logical_and(drawn < self.rate, ids >= INDEX_FROM)
        return keras.ops.where(hidden, keras.ops.cast(UNKNOWN_ID, ids.dtype), ids)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape stays."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What builds the same layer again."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


class StatePooling(keras.layers.Layer):  # type: ignore[misc]
    """All states of a recurrent layer in one vector: of each unit its largest value, and its mean.

    Steps that are masked do not count. Johnson & Zhang (2016) pool the states of an LSTM so, with the maximum alone.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.supports_masking = True

    def call(self, states: Any, mask: Any = None) -> Any:
        """States in, (batch, time, units), out (batch, 2 × units): the largest values, then the means."""
        if mask is None:
            mask = keras.ops.ones(keras.ops.shape(states)[:2], dtype="bool")
        counts = keras.ops.cast(mask, states.dtype)[:, :, None]  # (batch, time, 1)
        steps = keras.ops.maximum(keras.ops.sum(counts, axis=1), 1)
        largest = keras.ops.max(states * counts - (1 - counts) * HIDDEN, axis=1)
        largest = keras.ops.where(keras.ops.any(mask, axis=1, keepdims=True), largest, 0)  # no step, no state
        return keras.ops.concatenate([largest, keras.ops.sum(states * counts, axis=1) / steps], axis=-1)

    def compute_mask(self, states: Any, mask: Any = None) -> None:
        """Time is gone, and the mask with it."""

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Two numbers a unit."""
        units = input_shape[-1]
        return (input_shape[0], None if units is None else 2 * units)


class AttentionPooling(keras.layers.Layer):  # type: ignore[misc]
    """All states of a recurrent layer in one vector: their mean, weighed by how much each step matters.

    A step's score is ``v · tanh(h_t W + b)``; a softmax over the steps turns scores into weights (Bahdanau, Cho &
    Bengio 2015; in this form, with one learnt vector as the question, Yang et al. 2016). Masked steps weigh nothing.

    Args:
        units: columns of ``W``.
    """

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self.units = units
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make ``W``, ``b`` and ``v``."""
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
        self.question = self.add_weight(shape=(self.units, 1), name="question")

    def weigh(self, states: Any, mask: Any = None) -> Any:
        """The weight of each step: (batch, time) from states (batch, time, units); each row adds up to 1."""
        scores = keras.ops.matmul(keras.ops.tanh(states @ self.kernel + self.bias), self.question)[:, :, 0]
        if mask is not None:
            scores = keras.ops.where(mask, scores, keras.ops.cast(-HIDDEN, scores.dtype))
        return keras.ops.softmax(scores, axis=1)

    def call(self, states: Any, mask: Any = None) -> Any:
        """States in, (batch, time, units), out (batch, units)."""
        return keras.ops.sum(self.weigh(states, mask)[:, :, None] * states, axis=1)

    def compute_mask(self, states: Any, mask: Any = None) -> None:
        """Time is gone, and the mask with it."""

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """One vector a text."""
        return (input_shape[0], input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """What builds the same layer again."""
        return {**super().get_config(), "units": self.units}


class WordPairs(keras.layers.Layer):  # type: ignore[misc]
    """Numbers for neighbouring words, put beside the numbers of the words themselves: "not good" gets its own vector.

    There are too many pairs for a table with a row for each, so each pair falls into one of `buckets` rows, as Joulin
    et al. (2017) do it: among the frequent pairs few share a row. Padding has a row of its own, and is masked.

    Args:
        words: how many ids there are.
        units: numbers a word.
        pair_units: numbers a pair of the word and the one before it.
        buckets: rows of the table of pairs.
        dropout: in training, the share of the numbers of words that are hidden, the same ones in the whole text.
        pair_dropout: likewise, of pairs. The frequent ones are soon learnt by heart, so they may need more.
    """

    def __init__(
        self,
        words: int,
        units: int,
        pair_units: int,
        buckets: int,
        dropout: float = 0.0,
        pair_dropout: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.settings: dict[str, float] = {
            "words": words,
            "units": units,
            "pair_units": pair_units,
            "buckets": buckets,
            "dropout": dropout,
            "pair_dropout": pair_dropout,
        }
        self.buckets = buckets
        self.width = units + pair_units
        self.word_table = keras.layers.Embedding(words, units, name="words")
        self.pair_table = keras.layers.Embedding(buckets, pair_units, name="pairs")
        self.word_dropout = keras.layers.SpatialDropout1D(dropout)
        self.pair_dropout = keras.layers.SpatialDropout1D(pair_dropout)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make both tables."""
        self.word_table.build(input_shape)
        self.pair_table.build(input_shape)

    def bucket_of(self, ids: Any) -> Any:
        """The row of each id and the one before it: (batch, time) from ids (batch, time); 0 for padding."""
        before = keras.ops.pad(ids, [[0, 0], [1, 0]])[:, :-1]
        mixed = before * 7919 + ids * 31_337  # two primes; below 2^31 for up to 50,000 ids
        return keras.ops.where(ids > 0, 1 + keras.ops.mod(mixed, self.buckets - 1), 0)

    def call(self, ids: Any, training: bool = False) -> Any:
        """Ids in, (batch, time), numbers out (batch, time, units + pair_units)."""
        both = [
            self.word_dropout(self.word_table(ids), training=training),
            self.pair_dropout(self.pair_table(self.bucket_of(ids)), training=training),
        ]
        return keras.ops.concatenate(both, axis=-1)

    def compute_mask(self, ids: Any, mask: Any = None) -> Any:
        """Padding is masked."""
        return keras.ops.not_equal(ids, 0)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """One vector a word."""
        return (*input_shape, self.width)

    def get_config(self) -> dict[str, Any]:
        """What builds the same layer again."""
        return {**super().get_config(), **self.settings}
