"""A chapter that loads real data also runs where they cannot be had, on what the course brings."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from course_utils.layout import Chapter, find_clone

LOADING = re.compile(r"load_imdb|load_tiny_shakespeare|is_sample")
CHAPTERS = [
    chapter
    for chapter in find_clone(Path(__file__).parent).chapters
    if LOADING.search(chapter.notebook.read_text(encoding="utf-8"))
]


def test_chapters_on_real_data_are_found() -> None:
    assert {"06_imdb_sentiment", "08_char_generation"} <= {chapter.name for chapter in CHAPTERS}


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_it_runs_on_the_samples(chapter: Chapter, tmp_path: Path) -> None:
    notebook = nbformat.read(chapter.notebook, as_version=4)
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_DATA"}
    offline = {"COURSE_OFFLINE": "1", "COURSE_CACHE": str(tmp_path / "cache")}
    client.execute(env={**environment, **offline})  # an error in a cell is raised, with the cell
