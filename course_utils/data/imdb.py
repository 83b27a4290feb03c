"""The IMDB film reviews, numbered exactly as Keras numbers them, and the way back to words.

Keras keeps the ids 0 for padding, 1 for the start of a review and 2 for an unknown word, so the word of rank
r has the id r + 3 (and the id 3 stays unused). The word index itself is not shifted; `decode_review` and
`encode_review` know about the shift.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import index as as_index
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from course_utils.data.download import Source, find_copy, record_load, sample_notice
from course_utils.data.errors import DataError
from course_utils.data.registry import IMDB

PADDING_ID = 0
START_ID = 1
UNKNOWN_ID = 2
INDEX_FROM = 3
"""The word of rank r has the id r + INDEX_FROM."""
START_MARK = "[START]"
UNKNOWN_MARK = "[UNKNOWN]"

_SHUFFLE_SEED = 113  # the one that keras.datasets.imdb uses
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


def load_imdb(num_words: int = 10_000, *, quiet: bool = False) -> Reviews:
    """The IMDB film reviews: 25,000 to train on and 25,000 to test on, half of each positive.

    The ids and their order are those of ``keras.datasets.imdb.load_data(num_words=num_words)``: each half is
    shuffled with ``RandomState(113)``. The data are those of Maas et al. (2011).

    Args:
        num_words: ids run from 0 to ``num_words - 1``; rarer words become 2. At least 5, so that one word is
            left.
        quiet: print nothing and show no progress bar.

    Returns:
        The reviews. Where they cannot be had, one line is printed that says why, and the result is the
        course's own sample (`Reviews.is_sample` is True).

    Raises:
        ValueError: if `num_words` is below 5.
        DataError: if ``COURSE_DATA`` names no folder, or a damaged file lies in it.
    """
    _check_num_words(num_words)
    copy = find_copy(IMDB, quiet=quiet)
    if copy.source == "sample":
        from course_utils.data.reviews import sample_reviews

        reviews = sample_reviews(num_words)
        if not quiet:
            print(sample_notice(IMDB, copy.reason), flush=True)
    else:
        reviews = _parse(copy.contents, num_words, copy.source)
    record_load(IMDB, copy.source)
    return reviews


def _check_num_words(num_words: int) -> None:
    if num_words < INDEX_FROM + 2:
        raise ValueError(
            f"num_words is {num_words}, expected at least {INDEX_FROM + 2}: the ids 0 to 3 stand for no word, so a "
            "smaller vocabulary has no word in it."
        )


def _parse(contents: Mapping[str, bytes], num_words: int, source: Source) -> Reviews:
    """Read the two files, whose hashes have been checked."""
    with _no_collection():
        try:
            with np.load(io.BytesIO(contents["imdb.npz"]), allow_pickle=True) as archive:
                arrays = {name: archive[name] for name in ("x_train", "y_train", "x_test", "y_test")}
            word_index: dict[str, int] = json.loads(contents["imdb_word_index.json"])
        except Exception as error:  # zip, pickle, JSON and NumPy each have their own
            raise DataError(
                f"imdb.npz and imdb_word_index.json ({source}) have the hashes expected but not the contents "
                f"({type(error).__name__}): replace them by the official files."
            ) from error
        # Ids by rank. Sharing these numbers is much faster, and smaller, than adding 3 eleven million times.
        highest = max(max(review, default=0) for half in ("x_train", "x_test") for review in arrays[half])
        ranks = range(highest + 1)
        ids = [rank + INDEX_FROM if rank + INDEX_FROM < num_words else UNKNOWN_ID for rank in ranks]
        draw = np.random.RandomState(_SHUFFLE_SEED)  # one generator for both halves, as in Keras
        x_train, y_train = _shuffled(arrays["x_train"], arrays["y_train"], ids, draw)
        x_test, y_test = _shuffled(arrays["x_test"], arrays["y_test"], ids, draw)
    return Reviews(x_train, y_train, x_test, y_test, word_index, num_words, source)


def _shuffled(
    reviews: npt.NDArray[Any], labels: npt.NDArray[Any], ids: list[int], draw: np.random.RandomState
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    """One half in Keras's order, as ids."""
    order = np.arange(len(reviews))
    draw.shuffle(order)
    shuffled = object_array([[START_ID, *map(ids.__getitem__, reviews[i])] for i in order])
    return shuffled, labels[order].astype(np.int64)


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """No garbage collection meanwhile: among fifty thousand new lists it finds nothing, and takes its time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def object_array(lists: Sequence[list[int]]) -> npt.NDArray[np.object_]:
    """(n,) object array whose entries are the lists themselves, even when all have the same length."""
    return np.fromiter(lists, dtype=np.object_, count=len(lists))


# --- words and ids ------------------------------------------------------------------------------------------


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
    _check_num_words(num_words)
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
