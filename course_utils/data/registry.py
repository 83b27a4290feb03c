"""The data sets that the course reads: their files, official addresses, sizes and hashes.

This is the only module that names the sites the data come from. A hash is written as ``algorithm:hex``; a
file whose hash differs is never opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from course_utils.data.errors import DataError

Source = Literal["folder", "cache", "download", "sample"]
"""Where a copy of a data set may come from, in the order in which it is looked for."""


@dataclass(frozen=True)
class DataFile:
    """One file of a data set.

    Attributes:
        name: its name in the cache and in the folder that ``COURSE_DATA`` names.
        url: its official address.
        size: bytes, about; used to look for room on the disk and to say what a download costs.
        digest: ``sha256:…`` or ``md5:…``, what the official file must have.
    """

    name: str
    url: str
    size: int
    digest: str


@dataclass(frozen=True)
class Dataset:
    """A data set: files that belong together, and so must all come from one source.

    Attributes:
        key: the short name used in commands and logs.
        title: what to call it in a sentence.
        files: its files.
        sample: what stands in for it when it cannot be had, in words.
        sample_file: where that lies below the bundled data; empty if it is written on the fly.
        reference: where it comes from.
    """

    key: str
    title: str
    files: tuple[DataFile, ...]
    sample: str
    sample_file: str
    reference: str

    @property
    def size(self) -> int:
        """Bytes of all files together, about."""
        return sum(file.size for file in self.files)


IMDB = Dataset(
    key="imdb",
    title="the IMDB film reviews",
    files=(
        DataFile(
            name="imdb.npz",
            url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb.npz",
            size=17_464_789,
            digest="sha256:69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
        ),
        DataFile(
            name="imdb_word_index.json",
            url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb_word_index.json",
            size=1_641_221,
            digest="md5:bfafd718b763782e994055a2d397834f",
        ),
    ),
    sample="the course's own invented reviews",
    sample_file="",
    reference="Maas et al. (2011), Learning word vectors for sentiment analysis, ACL",
)

TINY_SHAKESPEARE = Dataset(
    key="tinyshakespeare",
    title="Tiny Shakespeare",
    files=(
        DataFile(
            name="tinyshakespeare.txt",
            url="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
            size=1_115_394,
            digest="sha256:86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        ),
    ),
    sample="the course's own prose and verse",
    sample_file="samples/corpus.txt",
    reference="Karpathy (2015), char-rnn",
)

DATASETS: dict[str, Dataset] = {dataset.key: dataset for dataset in (IMDB, TINY_SHAKESPEARE)}


def dataset_named(key: str) -> Dataset:
    """The data set with this short name.

    Raises:
        DataError: if there is none; the message lists the names.
    """
    if key not in DATASETS:
        raise DataError(f"There is no data set called {key!r}: choose one of {', '.join(DATASETS)}.")
    return DATASETS[key]
