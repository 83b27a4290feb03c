"""The student edition: notebooks without solutions, a README and the package's wheel, as folders and as zip files."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path

from course_utils import __version__
from course_utils.errors import CourseError
from course_utils.grading.settings import configure
from course_utils.layout import Chapter, Clone, write_atomically
from course_utils.runs.in_pages import with_stored_numbers

PROJECTS_PAGE = "capstone.md"
"""What students need beside a project: how to choose, what counts, how to hand in."""
PAGES = (
    "appendix/glossary.md",
    "appendix/notation.md",
    "appendix/training_checklist.md",
    PROJECTS_PAGE,
)
"""The pages that chapters link to: where they lie below the lessons, and beside the chapters of the edition."""
_LOCAL_LINK = re.compile(r"\[([^\[\]]+)\]\((?!\w+:)([^()#\s]+)(#[^()\s]*)?\)")

_README = """\
# Unrolled: the student edition

This folder is all you need to work through the course, with or without a network.

1. Make an environment with Python 3.11, 3.12 or 3.13 and activate it:
   `python -m venv env`, then `source env/bin/activate` (Windows: `env\\Scripts\\activate`)
2. Install the course: `pip install {wheel}`
3. Start JupyterLab here: `jupyter lab`, and open a chapter's notebook.

Replace `# YOUR CODE HERE` and `raise NotImplementedError()` by your own code, then run the check below it: it says
what is right or what to look at. Cells with checks are locked.

Run the cells with `quiz(…)` to see the questions. An answer is saved at once, in the file `quiz_answers.json` beside
the notebook, and, when you save the notebook, in it. Hand in the saved notebook, and the file where you can.

A term in bold that is a link leads to the glossary, in the folder `appendix`: keep it beside the chapters' folders.
The last chapter is a choice of projects: `capstone.md` says how to choose, what counts and how to hand in.

Chapters in this edition:

{chapters}

The real film reviews and plays are fetched the first time a notebook asks for them. Without a network, the notebooks
use the samples inside the package and say so. `course doctor` checks your machine.
"""


def release_chapter(chapter: Chapter, clone: Clone, folder: Path) -> None:
    """Write nbgrader's student version of a chapter into `folder/<chapter>/`.

    Args:
        chapter: the chapter to release.
        clone: the clone it belongs to.
        folder: receives a folder with the chapter's name; an old one is replaced.

    Raises:
        CourseError: where nbgrader refuses the notebook, with its reason.
    """
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    said = io.StringIO()
    config = Config()
    configure(config, root=folder.parent, source=clone.notebooks, quizzes=clone.quizzes, release=folder.name)
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    api = NbGraderAPI(config=config)
    handler = logging.StreamHandler(said)
    api.log.addHandler(handler)
    try:
        result = api.generate_assignment(chapter.name, force=True, create=True)
    finally:
        api.log.removeHandler(handler)
    if not result["success"]:
        said_in_all = "\n".join([said.getvalue(), result.get("log") or "", result.get("error") or ""])
        raise CourseError(f"nbgrader cannot release {chapter.name}: {complaint(said_in_all)}")


def release_pages(clone: Clone, chapters: Sequence[Chapter], folder: Path) -> list[Path]:
    """Write the pages that chapters link to into `folder`; the page of the projects only beside a project.

    Args:
        clone: the clone they belong to; a page that it does not have is left out.
        chapters: the chapters beside which the pages will lie. What links to anything else becomes plain text.
        folder: receives the pages.

    Returns:
        The files.
    """
    pages = [
        page
        for page in PAGES
        if (clone.notebooks / page).is_file()
        and (page != PROJECTS_PAGE or any(chapter.is_project for chapter in chapters))
    ]
    there = {*pages, *(f"{chapter.name}/{chapter.notebook.name}" for chapter in chapters)}
    files = []
    for page in pages:
        text = with_stored_numbers((clone.notebooks / page).read_text(encoding="utf-8"))
        write_atomically(folder / page, _without_dead_links(text, posixpath.dirname(page), there))
        files.append(folder / page)
    return files


def _without_dead_links(text: str, folder: str, there: Collection[str]) -> str:
    """The text of a page in `folder`; what links to a file that is not `there` becomes plain text."""

    def alive(link: re.Match[str]) -> str:
        return link[0] if posixpath.normpath(posixpath.join(folder, link[2])) in there else link[1]

    return _LOCAL_LINK.sub(alive, text)


def complaint(log: str) -> str:
    """What of nbgrader's words says what is wrong: an error of ours, or else its own errors, or its last line."""
    ours = re.findall(r"^course_utils\.\S*(?:CourseError|BankError): (.+)$", log, re.MULTILINE)
    if ours:
        return str(ours[-1]).strip()
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return " ".join([line for line in lines if "ERROR" in line] or lines[-1:]) or "no reason given"


def build_wheel(clone: Clone, folder: Path) -> Path:
    """Build the wheel of `course_utils`, with the bundled data inside, into `folder` and return its path."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    command += ["--disable-pip-version-check", "--wheel-dir", str(folder), str(clone.root)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1577836800"}  # the same wheel each time
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    wheels = list(folder.glob("unrolled-*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        raise CourseError(f"the package's wheel cannot be built: {done.stderr.strip()[-400:]}")
    return wheels[0]


def student_key(clone: Clone, chapters: Sequence[Chapter]) -> str:
    """Hash of everything the student edition is made of."""
    digest = hashlib.sha256()
    files = [clone.root / "pyproject.toml", clone.root / "hatch_build.py"]
    for chapter in chapters:
        files += [p for p in chapter.notebook.parent.rglob("*") if p.is_file()]
    files += [p for page in PAGES if (p := clone.notebooks / page).is_file()]
    for folder in ("course_utils", "data", "quizzes"):
        files += [p for p in (clone.root / folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    for file in sorted(files):
        digest.update(str(file.relative_to(clone.root)).encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _zip(files: dict[Path, Sequence[Path]], path: Path) -> None:
    """Write the files of some folders, each with its path in its folder."""
    names = {file.relative_to(folder).as_posix(): file for folder in files for file in files[folder]}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in sorted(names.items()):
            # A fixed date: two builds of the same notebooks are the same file.
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, file.read_bytes())


def build_student_edition(clone: Clone, chapters: Sequence[Chapter]) -> bool:
    """Build `_build/student` where it is missing or outdated.

    Args:
        clone: the clone to work on.
        chapters: the chapters to release.

    Returns:
        Whether anything was built.

    Raises:
        CourseError: where a chapter cannot be released or the wheel cannot be built.
    """
    key = student_key(clone, chapters)
    stamp = clone.build / "student.key"
    if stamp.exists() and clone.student.is_dir() and stamp.read_text(encoding="utf-8") == key:
        return False
    fresh = clone.build / "student.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for chapter in chapters:
        release_chapter(chapter, clone, fresh)
        shutil.rmtree(fresh / chapter.name / ".ipynb_checkpoints", ignore_errors=True)
    wheel = build_wheel(clone, fresh)
    listed = "\n".join(f"- `{chapter.name}/{chapter.notebook.name}`" for chapter in chapters)
    readme = fresh / "README.md"
    write_atomically(readme, _README.format(wheel=wheel.name, chapters=listed))
    for licence in ("LICENSE", "LICENSE-TEXT"):
        shutil.copy(clone.root / licence, fresh / licence)
    release_pages(clone, chapters, fresh)
    files = [p for p in fresh.rglob("*") if p.is_file()]
    for chapter in chapters:
        own = [p for p in files if chapter.name in p.parts]
        with tempfile.TemporaryDirectory() as pages:
            alone = release_pages(clone, [chapter], Path(pages))
            _zip({fresh: own, Path(pages): alone}, fresh / f"{chapter.name}.zip")
    _zip({fresh: files}, fresh / f"unrolled-{__version__}.zip")
    stamp.unlink(missing_ok=True)
    shutil.rmtree(clone.student, ignore_errors=True)
    fresh.rename(clone.student)
    write_atomically(stamp, key)
    return True
