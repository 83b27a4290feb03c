"""Layers of the stored runs that Keras does not have. Importing this imports Keras."""

from __future__ import annotations

from typing import Any

import keras

from course_utils.data.vocabulary import INDEX_FROM, UNKNOWN_ID


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
