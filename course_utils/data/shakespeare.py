"""Text to learn characters from: Tiny Shakespeare, or the course's own prose and verse."""

from __future__ import annotations

from dataclasses import dataclass, field

from course_utils.data.bundled import bundled_path
from course_utils.data.download import find_copy, record_load, sample_notice
from course_utils.data.errors import DataError
from course_utils.data.registry import TINY_SHAKESPEARE, Source


@dataclass(frozen=True)
class Corpus:
    """A text.

    Attributes:
        text: all of it; lines end with a line feed.
        source: ``"folder"``, ``"cache"``, ``"download"`` or ``"sample"``.
    """

    text: str = field(repr=False)
    source: Source

    @property
    def is_sample(self) -> bool:
        """Whether this is the course's own sample."""
        return self.source == "sample"


def load_tiny_shakespeare(*, quiet: bool = False) -> Corpus:
    """Tiny Shakespeare: 1,115,394 characters of his plays, as collected by Karpathy (2015) for char-rnn.

    Args:
        quiet: print nothing and show no progress bar.

    Returns:
        The text. Where it cannot be had, one line is printed that says why, and the result is the course's
        own sample (`Corpus.is_sample` is True).

    Raises:
        DataError: if ``COURSE_DATA`` names no folder, or a damaged file lies in it.
    """
    copy = find_copy(TINY_SHAKESPEARE, quiet=quiet)
    if copy.source == "sample":
        corpus = sample_corpus()
        if not quiet:
            print(sample_notice(TINY_SHAKESPEARE, copy.reason), flush=True)
    else:
        contents = copy.contents["tinyshakespeare.txt"]
        try:
            corpus = Corpus(contents.decode("utf-8"), copy.source)
        except UnicodeDecodeError as error:
            raise DataError(
                f"tinyshakespeare.txt ({copy.source}) is not a UTF-8 text: replace it."
            ) from error
    record_load(TINY_SHAKESPEARE, copy.source)
    return corpus


def sample_corpus() -> Corpus:
    """The course's own prose and verse, at least 60,000 characters, which needs no download.

    Raises:
        DataError: if the course was installed without it.
    """
    text = bundled_path(TINY_SHAKESPEARE.sample_file).read_text(encoding="utf-8")
    return Corpus(text, "sample")
