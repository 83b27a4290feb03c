"""The IMDB film reviews, in the numbering and the order of Keras."""

from __future__ import annotations

import contextlib
import gc
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from course_utils.data.download import find_copy, record_load, sample_notice
from course_utils.data.errors import DataError
from course_utils.data.registry import IMDB, Source
from course_utils.data.reviews import sample_reviews
from course_utils.data.vocabulary import (
    INDEX_FROM,
    START_ID,
    UNKNOWN_ID,
    Reviews,
    check_num_words,
    object_array,
)

_SHUFFLE_SEED = 113  # the one that keras.datasets.imdb uses


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
    check_num_words(num_words)
    copy = find_copy(IMDB, quiet=quiet)
    if copy.source == "sample":
        reviews = sample_reviews(num_words)
        if not quiet:
            print(sample_notice(IMDB, copy.reason), flush=True)
    else:
        reviews = _parse(copy.contents, num_words, copy.source)
    record_load(IMDB, copy.source)
    return reviews


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
