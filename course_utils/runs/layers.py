"""Layers of the stored runs that Keras does not have. Importing this imports Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from course_utils.data.vocabulary import INDEX_FROM, UNKNOWN_ID

HIDDEN = 1e9
"""Taken from what is masked, it leaves nothing for a maximum or a softmax to find."""
ADAPTED_AT_ONCE = 500
"""Texts whose words and pairs are counted together."""


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


class NaiveBayes(keras.layers.Layer):  # type: ignore[misc]
    """Log ratios of words and of pairs of neighbours, counted once by `adapt`. What becomes of them is a subclass's.

    The ratio of a word or pair is ``log p(it | yes) − log p(it | no)``, where p is its share of all that stands in the
    texts of that answer. Each text counts it once, and one text more is taken for granted, so that none is without a
    ratio. There are too many pairs for a row each, so each falls into one of `buckets` rows (Joulin et al. 2017): of
    the frequent pairs few share one.

    Args:
        words: how many ids there are, at most 50,000.
        buckets: rows for pairs.
        folds: how many parts the training texts are cut into. Beside the ratios of all texts there is then a table for
            each part, counted without it; 0 for none.
    """

    def __init__(self, words: int, buckets: int, folds: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.words = words
        self.buckets = buckets
        self.folds = folds

    @property
    def rows(self) -> int:
        """How many ratios a table has: the words' and then the pairs'."""
        return self.words + self.buckets

    def build(self, input_shape: Any) -> None:
        """Make the tables: first the one of all texts, then one for each part that is left out."""
        shape = ((1 + self.folds) * self.rows, 1)
        self.ratios = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="ratios")

    def rows_of(self, ids: Any) -> tuple[Any, Any]:
        """The row of each word, and of each word with the one before it: twice (batch, time) from ids (batch, time)."""
        before = keras.ops.pad(ids, [[0, 0], [1, 0]])[:, :-1]
        mixed = before * 7919 + ids * 31_337  # two primes; below 2^31 for up to 50,000 ids
        return ids, self.words + keras.ops.mod(mixed, self.buckets)

    def fold_of(self, ids: Any) -> Any:
        """Which part a text belongs to, (batch, 1) from ids (batch, time): the remainder of the sum of its ids."""
        return keras.ops.mod(keras.ops.sum(ids, axis=1, keepdims=True), self.folds)

    def adapt(self, ids: Any, labels: Any) -> None:
        """Count the ratios.

        Args:
            ids: of the training texts, (texts, time), 0 for padding.
            labels: 1 for yes and 0 for no, (texts,).
        """
        texts_with = np.zeros((max(1, self.folds), 2, self.rows), np.float32)  # (parts, answers, rows)
        for begin in range(0, len(ids), ADAPTED_AT_ONCE):
            some = ids[begin : begin + ADAPTED_AT_ONCE]
            found = np.stack([np.array(part) for part in self.rows_of(some)], axis=-1)  # (texts, time, 2)
            parts = np.array(self.fold_of(some))[:, 0] if self.folds else np.zeros(len(some), int)
            answers = np.asarray(labels[begin : begin + ADAPTED_AT_ONCE], int)
            for text, is_word, part, answer in zip(found, some > 0, parts, answers, strict=True):
                texts_with[part, answer, np.unique(text[is_word])] += 1
        everything = texts_with.sum(axis=0)  # (answers, rows)
        tables = [everything, *(everything - texts_with[part] for part in range(self.folds))]
        self.ratios.assign(np.concatenate([_log_ratios(table) for table in tables])[:, None])

    def get_config(self) -> dict[str, Any]:
        """What builds the same layer again."""
        return {**super().get_config(), "words": self.words, "buckets": self.buckets, "folds": self.folds}


def _log_ratios(texts_with: Any) -> Any:
    """Ratios (rows,) from counts (answers, rows)."""
    shares = (1 + texts_with) / (1 + texts_with).sum(axis=1, keepdims=True, dtype=np.float64)
    return np.log(shares[1] / shares[0])


class NaiveBayesRatios(NaiveBayes):
    """Two numbers a step for a network to read: the ratio of the word, and that of the pair with the word before it.

    A training text must not be read with ratios that it was counted into itself: they know its label, the network comes
    to trust them, and no new text can keep that promise. So in training the table is used that was counted without the
    text's part; afterwards the one of all texts.
    """

    def __init__(self, words: int, buckets: int, folds: int = 0, **options: Any) -> None:
        super().__init__(words, buckets, folds, **options)
        self.supports_masking = True

    def call(self, inputs: Sequence[Any], training: bool = False) -> Any:
        """Ids as they are to be read and ids as they are, each (batch, time), in; ratios out (batch, time, 2).

        The two differ where words are hidden. A text's part is that of the second.
        """
        ids, all_ids = inputs
        table = 1 + self.fold_of(all_ids) if training and self.folds else 0
        found = [keras.ops.take(self.ratios, rows + table * self.rows, axis=0) for rows in self.rows_of(ids)]
        return keras.ops.concatenate(found, axis=-1)

    def compute_mask(self, inputs: Sequence[Any], mask: Any = None) -> Any:
        """Padding is masked."""
        return keras.ops.not_equal(inputs[0], 0)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Two numbers a word."""
        return (*input_shape[0], 2)


class NaiveBayesPairs(NaiveBayes):
    """One number for a text: how far the words and the pairs of neighbouring words in it speak for a yes.

    It is the sum of w · r over all that stand in the text, each taken once however often it stands there, and a bias.
    The ratios r are those of `NaiveBayes`. The factors w are learnt, all from the same beginning; so training starts at
    naive Bayes. After Wang & Manning (2012), who put the same ratios before a support vector machine.
    The order within a pair counts; how pairs follow each other does not.

    Args:
        words: how many ids there are, at most 50,000.
        buckets: rows for pairs.
        beginning: what each factor is before training.
    """

    def __init__(self, words: int, buckets: int, beginning: float, **options: Any) -> None:
        super().__init__(words, buckets, **options)
        self.beginning = beginning

    def build(self, input_shape: Any) -> None:
        """Make the ratios, the factors and the bias."""
        super().build(input_shape)
        beginning = keras.initializers.Constant(self.beginning)
        self.factors = self.add_weight(shape=(self.rows, 1), initializer=beginning, name="factors")
        self.bias = self.add_weight(shape=(1,), initializer="zeros", name="bias")

    def call(self, ids: Any) -> Any:
        """Ids in, (batch, time), log odds out (batch, 1)."""
        place = keras.ops.arange(keras.ops.shape(ids)[1])
        earlier = place[None, :] < place[:, None]  # (time, time)
        total = self.bias
        for rows in self.rows_of(ids):
            same = keras.ops.equal(rows[:, :, None], rows[:, None, :])  # (batch, time, time)
            again = keras.ops.any(keras.ops.logical_and(same, earlier), axis=2)
            counts = keras.ops.cast(keras.ops.logical_and(ids > 0, keras.ops.logical_not(again)), self.dtype)
            weights = keras.ops.take(self.factors, rows, axis=0) * keras.ops.take(self.ratios, rows, axis=0)
            total = total + keras.ops.sum(counts[:, :, None] * weights, axis=1)
        return total

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """One number a text."""
        return (input_shape[0], 1)

    def get_config(self) -> dict[str, Any]:
        """What builds the same layer again."""
        return {**super().get_config(), "beginning": self.beginning}
