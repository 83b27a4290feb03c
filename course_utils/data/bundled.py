"""Find the files of our own making that travel with the course."""

from __future__ import annotations

from pathlib import Path

from course_utils.data.errors import DataError

_PACKAGE = Path(__file__).resolve().parents[1]


def bundled_roots() -> tuple[Path, ...]:
    """Folders that may hold bundled files: inside the installed package first, else in the repository."""
    return (_PACKAGE / "_bundled", _PACKAGE.parent / "data")


def bundled_path(relative: str) -> Path:
    """Path of a bundled file or folder.

    Args:
        relative: its path below the data folder, such as ``"samples/corpus.txt"`` or ``"runs/imdb-lstm"``.

    Returns:
        An existing path.

    Raises:
        DataError: if the course was installed without it.
    """
    for root in bundled_roots():
        path = root / relative
        if path.exists():
            return path
    raise DataError(
        f"The course's own file {relative} is missing: install course_utils again, or restore the folder data/ of "
        "the repository."
    )
