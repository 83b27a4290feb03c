"""Words and their ids: film reviews as Keras numbers them, and the way back to words.

Keras keeps the ids 0 for padding, 1 for the start of a review and 2 for an unknown word, so the word of rank r has
the id r + 3 (and the id 3 stays unused). The word index itself is not shifted; `decode_review` and `encode_review`
know about the shift.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import index as as_index
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from course_utils.data.registry import Source

PADDING_ID = 0
START_ID = 1
UNKNOWN_ID = 2
INDEX_FROM = 3
"""The word of rank r has the id r + INDEX_FROM."""
START_MARK = "[START]"
UNKNOWN_MARK = "[UNKNOWN]"

# What keras.layers' old text tokeniser took out before the official file was made; the apostrophe stays. The
# second line is what phones and word processors put in a reader's own text.
_PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n\r' + "“”„«»…–—"
_TO_SPACE = str.maketrans(dict.fromkeys(_PUNCTUATION, " ") | dict.fromkeys("‘’", "'"))
_MARKS = re.compile(f"({re.escape(START_MARK)}|{re.escape(UNKNOWN_MARK)})")


@dataclass(frozen=True, eq=False)
class Reviews:
    """Film reviews as lists of word ids, with their labels.

    Attributes:
        x_train: (reviews,) object array, each entry a list of ids: the start mark 1, then r + 3 for the word
            of rank r, or 2 for a word left out of the vocabulary. Reviews keep their full length.
        y_train: (reviews,) int64, 1 for a positive review and 0 for a negative one.
        x_test: (reviews,), as `x_train`.
        y_test: (reviews,), as `y_train`.
        word_index: word → rank, 1 for the most frequent word; not shifted by 3.
        num_words: ids are below this number.
        source: ``"folder"``, ``"cache"``, ``"download"`` or ``"sample"``.
    """

    x_train: npt.NDArray[np.object_]
    y_train: npt.NDArray[np.int64]
    x_test: npt.NDArray[np.object_]
    y_test: npt.NDArray[np.int64]
    word_index: dict[str, int] = field(repr=False)
    num_words: int
    source: Source

    @property
    def is_sample(self) -> bool:
        """Whether these are the course's own invented reviews."""
        return self.source == "sample"

    def __repr__(self) -> str:
        return (
            f"Reviews({len(self.x_train):,} to train on, {len(self.x_test):,} to test on, "
            f"num_words={self.num_words:,}, source={self.source!r})"
        )


def check_num_words(num_words: int) -> None:
    """Raise a `ValueError` where a vocabulary would have no word in it."""
    if num_words < INDEX_FROM + 2:
        raise ValueError(
            f"num_words is {num_words}, expected at least {INDEX_FROM + 2}: the ids 0 to 3 stand for no word, so a "
            "smaller vocabulary has no word in it."
        )


def object_array(lists: Sequence[list[int]]) -> npt.NDArray[np.object_]:
    """(n,) object array whose entries are the lists themselves, even when all have the same length."""
    return np.fromiter(lists, dtype=np.object_, count=len(lists))


class _Inverse:
    """The words by rank of the word index used last: inverting 88,000 words for each review would be slow."""

    def __init__(self) -> None:
        self.word_index: Mapping[str, int] | None = None
        self.words: dict[int, str] = {}

    def word(self, rank: int, word_index: Mapping[str, int]) -> str | None:
        word = self.words.get(rank) if self.word_index is word_index else None
        if word is None or word_index.get(word) != rank:  # another index, or this one has changed
            self.word_index = word_index
            self.words = {r: w for w, r in word_index.items()}
            word = self.words.get(rank)
        return word


_inverse = _Inverse()


def decode_review(ids: Iterable[SupportsIndex], word_index: Mapping[str, int]) -> str:
    """The words of a review: ``"[START] this film was [UNKNOWN] …"``.

    Args:
        ids: word ids, as in `Reviews.x_train` or a row of a padded array; the padding 0 is left out.
        word_index: word → rank, as in `Reviews.word_index`.

    Returns:
        The words, one space apart. 1 becomes ``[START]`` and 2 becomes ``[UNKNOWN]``.

    Raises:
        ValueError: if an id stands for no word; the message says which.
    """
    words = []
    for entry in ids:
        word_id = as_index(entry)
        if word_id == PADDING_ID:
            continue
        if word_id == START_ID:
            words.append(START_MARK)
        elif word_id == UNKNOWN_ID:
            words.append(UNKNOWN_MARK)
        else:
            word = _inverse.word(word_id - INDEX_FROM, word_index)
            if word is None:
                raise ValueError(
                    f"the id {word_id} stands for no word: expected 0 (padding), 1 (start), 2 (unknown), or the "
                    f"rank of one of the {len(word_index):,} words + {INDEX_FROM}."
                )
            words.append(word)
    return " ".join(words)


def words_by_id(word_index: Mapping[str, int], num_words: int) -> tuple[str, ...]:
    """The word of each id, 0 to `num_words` − 1.

    Args:
        word_index: word → rank, as in `Reviews.word_index`.
        num_words: how many ids there are.

    Returns:
        ``""`` for the padding 0 and for ids that stand for no word, then the marks, then the words by rank.

    Raises:
        ValueError: if `num_words` is below 5.
    """
    check_num_words(num_words)
    words = [""] * num_words
    words[START_ID], words[UNKNOWN_ID] = START_MARK, UNKNOWN_MARK
    for word, rank in word_index.items():
        if rank + INDEX_FROM < num_words:
            words[rank + INDEX_FROM] = word
    return tuple(words)


def split_words(text: str) -> list[str]:
    """The words of a text as the IMDB data have them: lower case, punctuation out, apostrophes kept."""
    return text.lower().translate(_TO_SPACE).split()


def encode_review(text: str, word_index: Mapping[str, int], num_words: int = 10_000) -> list[int]:
    """The ids of a reader's own review, as `load_imdb` would number it.

    Args:
        text: any text. Case and punctuation do not matter. ``[START]`` and ``[UNKNOWN]`` are understood, so
            that the text of `decode_review` gives the same ids again.
        word_index: word → rank, as in `Reviews.word_index`.
        num_words: ids are below this number; a rarer word becomes 2, and so does a word nobody has used.

    Returns:
        The start mark 1, then one id a word.

    Raises:
        ValueError: if `num_words` is below 5.
    """
    check_num_words(num_words)
    ids = [START_ID]
    pieces = _MARKS.split(text.strip().removeprefix(START_MARK))
    for piece in pieces:
        if piece == START_MARK:
            ids.append(START_ID)
        elif piece == UNKNOWN_MARK:
            ids.append(UNKNOWN_ID)
        else:
            ids.extend(_word_id(word, word_index, num_words) for word in split_words(piece))
    return ids


def _word_id(word: str, word_index: Mapping[str, int], num_words: int) -> int:
    rank = word_index.get(word)
    if rank is None:  # 'quoted' words: the data know few of them with their quotation marks
        rank = word_index.get(word.strip("'"))
    if rank is None or rank + INDEX_FROM >= num_words:
        return UNKNOWN_ID
    return rank + INDEX_FROM
