"""Where things are: the folders of a clone, and its chapters."""

from __future__ import annotations

import difflib
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_utils.errors import CourseError

FIRST_PROJECT = 10
"""The number of the first folder that holds a project; together, projects are the last chapter: 10a, 10b …."""
FIRST_APPENDIX = 13
"""The number of the first folder that holds an appendix: a notebook to read and to run, with nothing to hand in."""


@dataclass(frozen=True)
class Chapter:
    """One chapter, one project of the last one, or an appendix: a folder, a notebook, a page, mostly an assignment."""

    name: str
    """Name of the folder and of the assignment, for example `03_unrolling`."""
    notebook: Path
    """The instructor's notebook, with solutions."""

    @property
    def is_project(self) -> bool:
        """Whether it is a project, of which a student does one, and not a lesson."""
        return FIRST_PROJECT <= int(self.name[:2]) < FIRST_APPENDIX

    @property
    def is_appendix(self) -> bool:
        """Whether it comes after the course: nothing in it is handed in, and nothing gives points."""
        return int(self.name[:2]) >= FIRST_APPENDIX

    @property
    def label(self) -> str:
        """Its number as pages show it: ``"3"``; for a project ``"10a"`` and so on; for an appendix ``"A"``, ``"B"``."""
        number = int(self.name[:2])
        if self.is_appendix:
            return chr(ord("A") + number - FIRST_APPENDIX)
        return f"{FIRST_PROJECT}{chr(ord('a') + number - FIRST_PROJECT)}" if self.is_project else str(number)

    @property
    def page(self) -> str:
        """Path of the page below the site's root, without suffix, with forward slashes."""
        return f"notebooks/{self.name}/{self.notebook.stem}"

    @property
    def bank(self) -> Path:
        """Its questions, with their answers; a chapter may have none."""
        return self.notebook.parents[2] / "quizzes" / f"{self.name}.yml"

    @property
    def has_exercises(self) -> bool:
        """Whether a student writes anything in it; a chapter that is still being written may have none."""
        return any(grading.get("solution") for grading in self._grading())

    @property
    def is_graded(self) -> bool:
        """Whether there are points in it, for exercises or for questions."""
        return any(grading.get("grade") for grading in self._grading())

    def _grading(self) -> list[dict[str, Any]]:
        """What nbgrader keeps of each cell."""
        cells = json.loads(self.notebook.read_text(encoding="utf-8"))["cells"]
        return [cell["metadata"].get("nbgrader", {}) for cell in cells]


@dataclass(frozen=True)
class Clone:
    """The folders of one clone of the course."""

    root: Path

    @property
    def notebooks(self) -> Path:
        """Lessons with solutions: never published, never copied to students."""
        return self.root / "notebooks"

    @property
    def quizzes(self) -> Path:
        """The question banks, with all answers: never published, never copied to students."""
        return self.root / "quizzes"

    @property
    def build(self) -> Path:
        """Everything that is made; may be deleted at any time."""
        return self.root / "_build"

    @property
    def executed(self) -> Path:
        """Outputs of the executed notebooks."""
        return self.build / "executed"

    @property
    def student(self) -> Path:
        """The student edition."""
        return self.build / "student"

    @property
    def html(self) -> Path:
        """The published site."""
        return self.build / "html"

    @property
    def chapters(self) -> list[Chapter]:
        """The chapters that are there, in order: `NN_name`, with one notebook in each; appendices last."""
        found = []
        for folder in sorted(self.notebooks.glob("[0-9][0-9]_*")):
            notebooks = sorted(folder.glob("*.ipynb"))
            if len(notebooks) != 1:
                raise CourseError(f"{folder} holds {len(notebooks)} notebooks: a chapter is exactly one")
            found.append(Chapter(folder.name, notebooks[0]))
        return found

    @property
    def assignments(self) -> list[Chapter]:
        """The chapters with points in them."""
        return [chapter for chapter in self.chapters if chapter.is_graded]

    def find_chapters(self, names: Iterable[str] = ()) -> list[Chapter]:
        """The chapters with these names, or all of them.

        Args:
            names: folder names, their numbers (`3`, `03`, `10a`, `A`) or notebook names (`unrolling`).

        Raises:
            CourseError: for a name that no chapter has, with the nearest that exists.
        """
        chapters = self.chapters
        wanted = list(names)
        if not wanted:
            return chapters
        by_name = {}
        for chapter in chapters:
            number = chapter.name[:2]
            for alias in (
                chapter.name,
                chapter.notebook.stem,
                chapter.notebook.name,
                number,
                number.lstrip("0"),
                chapter.label,
            ):
                by_name[alias] = chapter
        for name in wanted:
            if name not in by_name:
                near = difflib.get_close_matches(name, by_name, n=1, cutoff=0.6)
                hint = (
                    f"did you mean {by_name[near[0]].name}?"
                    if near
                    else "there are " + ", ".join(chapter.name for chapter in chapters)
                )
                raise CourseError(f"there is no chapter {name!r}: {hint}")
        return [by_name[name] for name in dict.fromkeys(wanted)]


def find_clone(start: Path | None = None) -> Clone:
    """The clone that holds `start` (default: the working folder), else the one this package is installed from.

    Raises:
        CourseError: outside every clone, as in the student edition.
    """
    start = (start or Path.cwd()).resolve()
    candidates = [start, *start.parents, Path(__file__).resolve().parents[1]]
    for folder in candidates:
        if (folder / "_toc.yml").is_file() and (folder / "notebooks").is_dir():
            return Clone(folder)
    raise CourseError("this command works on a clone of the course: change into its folder and try again")


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode("utf-8") if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
