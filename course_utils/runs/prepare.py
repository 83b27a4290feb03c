"""Data as a model sees them: padded, cut and split."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from course_utils.data.shakespeare import Corpus

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
        is_sample: whether they are the bundled sample, in place of data that could not be had.
        vocabulary: the word or character of each id.
    """

    x_train: npt.NDArray[Any]
    y_train: npt.NDArray[Any]
    x_val: npt.NDArray[Any]
    y_val: npt.NDArray[Any]
    x_test: npt.NDArray[Any]
    y_test: npt.NDArray[Any]
    description: str
    is_sample: bool
    vocabulary: tuple[str, ...] = ()

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
    from course_utils.data.vocabulary import words_by_id

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
        vocabulary=words_by_id(reviews.word_index, num_words),
    )


def prepare_characters(
    *,
    own_corpus: bool = False,
    length: int = 128,
    stride: int = 64,
    evaluation_length: int = 256,
    training: float = 0.9,
) -> Prepared:
    """A text cut into windows of characters, whose targets are the same windows one character on.

    The text is split by place: its beginning trains, and what is left is halved, first to validate and then to test.

    Args:
        own_corpus: the course's own prose and verse instead of Tiny Shakespeare.
        length: characters a window to train on.
        stride: characters from the start of one such window to the start of the next.
        evaluation_length: characters a window to validate and test on; these do not overlap.
        training: share of the text to train on.

    Returns:
        int32 ids, (windows, characters), for inputs and targets alike. The alphabet is that of the whole text.
    """
    from course_utils.data.shakespeare import load_tiny_shakespeare, sample_corpus

    corpus = sample_corpus() if own_corpus else load_tiny_shakespeare(quiet=True)
    ids, alphabet = _as_ids(corpus)
    first = int(len(ids) * training)
    second = (first + len(ids)) // 2

    def windows(
        begin: int, end: int, size: int, step: int
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        # One character more than a window, for its last target.
        cut = np.lib.stride_tricks.sliding_window_view(ids[begin:end], size + 1)[::step]
        return np.ascontiguousarray(cut[:, :-1]), np.ascontiguousarray(cut[:, 1:])

    x_train, y_train = windows(0, first, length, stride)
    x_val, y_val = windows(first, second, evaluation_length, evaluation_length)
    x_test, y_test = windows(second, len(ids), evaluation_length, evaluation_length)
    return Prepared(
        x_train=x_train,
        y_train=y_train,
        x_val=x_val,
        y_val=y_val,
        x_test=x_test,
        y_test=y_test,
        description=(
            f"{_named(corpus)}: {len(ids):,} characters, {len(alphabet)} different ones; the first {training:.0%} to "
            f"train, in windows of {length} that begin every {stride}, then {second - first:,} to validate and the "
            f"last {len(ids) - second:,} to test, in windows of {evaluation_length}"
        ),
        is_sample=corpus.is_sample and not own_corpus,
        vocabulary=alphabet,
    )


def prepare_next_character(*, length: int = 40, stride: int = 3, training: float = 0.9) -> Prepared:
    """Tiny Shakespeare as windows of characters, each with the one character that follows it.

    Split by place as `prepare_characters` does it, so that no window reaches into another part.

    Args:
        length: characters a window.
        stride: characters from the start of one window to the start of the next.
        training: share of the text to train on; what is left is halved, to validate and to test.

    Returns:
        int32 ids, (windows, characters), and int32 targets, (windows,).
    """
    from course_utils.data.shakespeare import load_tiny_shakespeare

    corpus = load_tiny_shakespeare(quiet=True)
    ids, alphabet = _as_ids(corpus)
    first = int(len(ids) * training)
    second = (first + len(ids)) // 2

    def windows(begin: int, end: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        cut = np.lib.stride_tricks.sliding_window_view(ids[begin:end], length + 1)[::stride]
        return np.ascontiguousarray(cut[:, :-1]), np.ascontiguousarray(cut[:, -1])

    x_train, y_train = windows(0, first)
    x_val, y_val = windows(first, second)
    x_test, y_test = windows(second, len(ids))
    return Prepared(
        x_train=x_train,
        y_train=y_train,
        x_val=x_val,
        y_val=y_val,
        x_test=x_test,
        y_test=y_test,
        description=(
            f"{_named(corpus)}: {len(ids):,} characters, {len(alphabet)} different ones; windows of {length} that "
            f"begin every {stride}, and the character after each; the first {training:.0%} of the text to train, then "
            f"{second - first:,} characters to validate and the last {len(ids) - second:,} to test"
        ),
        is_sample=corpus.is_sample,
        vocabulary=alphabet,
    )


def _as_ids(corpus: Corpus) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    """The text as numbers, (characters,), and the character of each number."""
    alphabet = tuple(sorted(set(corpus.text)))
    number = {character: i for i, character in enumerate(alphabet)}
    return np.array([number[character] for character in corpus.text], np.int32), alphabet


def _named(corpus: Corpus) -> str:
    return "the course's own corpus" if corpus.is_sample else "Tiny Shakespeare"


def _cut_end(truncating: Side) -> str:
    return "start" if truncating == "pre" else "end"
