"""Data as a model sees them: padded, cut and split."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Side = Literal["pre", "post"]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Arrays for training, validation and test; the first axis counts examples.

    Attributes:
        x_train: inputs to train on.
        y_train: their labels.
        x_val: inputs that choose the epoch and the seed.
        y_val: their labels.
        x_test: inputs seen once, at the end.
        y_test: their labels.
        description: the data in one line.
        is_sample: whether they are the bundled sample.
    """

    x_train: npt.NDArray[Any]
    y_train: npt.NDArray[Any]
    x_val: npt.NDArray[Any]
    y_val: npt.NDArray[Any]
    x_test: npt.NDArray[Any]
    y_test: npt.NDArray[Any]
    description: str
    is_sample: bool

    @property
    def sha256(self) -> str:
        """Hash of all six arrays: their types, shapes and contents."""
        digest = hashlib.sha256()
        for array in (self.x_train, self.y_train, self.x_val, self.y_val, self.x_test, self.y_test):
            little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
            digest.update(f"{little.dtype.str}{little.shape}".encode())
            digest.update(little.tobytes())
        return digest.hexdigest()


def prepare_imdb(
    *, num_words: int, length: int, padding: Side = "pre", truncating: Side = "pre", validation: float = 0.2
) -> Prepared:
    """The IMDB reviews, padded and cut to one length.

    Args:
        num_words: size of the vocabulary, as in `load_imdb`.
        length: words a review.
        padding: where zeros are put before or after a short review.
        truncating: whether the start (``"pre"``, Keras's default) or the end of a long review is cut off.
        validation: share of the training reviews kept for validation: the last ones, as with
            ``validation_split``.

    Returns:
        int32 ids, (reviews, length), and int64 labels.
    """
    import keras

    from course_utils.data import load_imdb

    reviews = load_imdb(num_words, quiet=True)

    def padded(texts: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
        ids: npt.NDArray[np.int32] = keras.utils.pad_sequences(
            texts, maxlen=length, padding=padding, truncating=truncating, dtype="int32"
        )
        return ids

    x_train = padded(reviews.x_train)
    split = int(len(x_train) * (1 - validation))
    kind = "the course's own invented reviews" if reviews.is_sample else "IMDB film reviews"
    return Prepared(
        x_train=x_train[:split],
        y_train=reviews.y_train[:split],
        x_val=x_train[split:],
        y_val=reviews.y_train[split:],
        x_test=padded(reviews.x_test),
        y_test=reviews.y_test,
        description=(
            f"{kind}: {split:,} to train, {len(x_train) - split:,} to validate, "
            f"{len(reviews.x_test):,} to test; "
            f"{num_words:,} words, {length} long, {padding}-padded, cut at the {_cut_end(truncating)}"
        ),
        is_sample=reviews.is_sample,
    )


def _cut_end(truncating: Side) -> str:
    return "start" if truncating == "pre" else "end"
