"""The student edition stands alone: the wheel in it carries the samples and the stored runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat

from course_utils.grading.release import release_pages
from course_utils.layout import Chapter, Clone


def test_the_wheel_brings_samples_and_runs(clone: Clone, tmp_path: Path) -> None:
    wheels = list(clone.student.glob("*.whl"))
    assert len(wheels) == 1, "build the student edition first: `course student`"
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(tmp_path / "installed")
    code = (
        "import json, course_utils; from course_utils.data import load_imdb, sample_corpus; "
        "from course_utils.runs import list_runs, load_run; "
        "weights = load_run('imdb-simple-rnn').load_weights(); "
        "print(json.dumps([course_utils.__file__, len(sample_corpus().text), list_runs(), len(weights), "
        "load_imdb(quiet=True).source]))"
    )
    settings = {**os.environ, "PYTHONPATH": str(tmp_path / "installed"), "COURSE_OFFLINE": "1"}
    settings |= {"COURSE_CACHE": str(tmp_path / "cache")}
    settings.pop("COURSE_DATA", None)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=settings, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-800:]
    place, characters, runs, weights, source = json.loads(done.stdout.splitlines()[-1])
    assert Path(place).is_relative_to(tmp_path), "the clone's own package was imported"
    assert characters >= 60_000
    assert {"imdb-simple-rnn", "imdb-lstm"} <= set(runs)
    assert weights > 0
    assert source == "sample"


def test_the_students_notebooks_are_locked_templates(clone: Clone) -> None:
    for chapter in [chapter for chapter in clone.chapters if chapter.has_exercises]:
        released = nbformat.read(clone.student / chapter.name / chapter.notebook.name, as_version=4)
        nbformat.validate(released)
        text = "\n".join(cell.source for cell in released.cells)
        assert "YOUR CODE HERE" in text and "YOUR ANSWER HERE" in text
        assert "BEGIN" not in text
        for cell in released.cells:
            grading = cell.metadata.get("nbgrader", {})
            if grading and not grading.get("solution"):
                assert cell.metadata.get("deletable") is False, f"{grading['grade_id']} can be deleted"
                assert cell.metadata.get("editable") is False, f"{grading['grade_id']} can be edited"


def test_an_appendix_is_in_the_edition_to_read_and_gives_no_points(clone: Clone) -> None:
    appendices = [chapter for chapter in clone.chapters if chapter.is_appendix]
    assert appendices and not set(appendices) & set(clone.assignments)
    for chapter in appendices:
        ours = nbformat.read(chapter.notebook, as_version=4)
        released = nbformat.read(clone.student / chapter.name / chapter.notebook.name, as_version=4)
        assert [cell.source for cell in released.cells] == [cell.source for cell in ours.cells]
        assert not any(cell.metadata.get("nbgrader") for cell in released.cells)


def test_the_edition_says_how_to_start(clone: Clone) -> None:
    readme = (clone.student / "README.md").read_text(encoding="utf-8")
    assert next(clone.student.glob("*.whl")).name in readme
    for chapter in clone.chapters:
        assert f"{chapter.name}/{chapter.notebook.name}" in readme
        assert (clone.student / f"{chapter.name}.zip").is_file()


def test_the_glossary_lies_where_a_chapters_link_looks_for_it(clone: Clone) -> None:
    chapter = clone.chapters[0]
    page = (clone.student / chapter.name / "../appendix/glossary.md").resolve()
    assert page.is_file() and page.is_relative_to(clone.student)
    with zipfile.ZipFile(clone.student / f"{chapter.name}.zip") as archive:
        assert {"appendix/glossary.md", "appendix/notation.md"} <= set(archive.namelist())


def test_no_link_of_the_pages_is_dead(clone: Clone, tmp_path: Path) -> None:
    with zipfile.ZipFile(clone.student / f"{clone.chapters[2].name}.zip") as archive:
        archive.extractall(tmp_path)
    linked: dict[Path, list[str]] = {}
    for edition in (clone.student, tmp_path):
        for page in sorted((edition / "appendix").glob("*.md")):
            linked[page] = re.findall(r"\]\((?!https?:)([^()#\s]+)", page.read_text(encoding="utf-8"))
            assert [link for link in linked[page] if not (page.parent / link).is_file()] == [], page
    # In the zip of one chapter a page that speaks of others only is left without a link.
    without = {page for page, links in linked.items() if not links}
    assert without <= {tmp_path / "appendix" / "training_checklist.md"}, "a page links to nothing"


def test_the_pages_are_plain_markdown(clone: Clone) -> None:
    for page in sorted((clone.student / "appendix").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"^(?:```+|:::+)\{|\{\w[\w:]*\}`|\{\{|^\(.+\)=$", text, re.MULTILINE), page.name


def test_links_to_what_is_not_there_become_text(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone")
    source = clone.notebooks / "appendix" / "glossary.md"
    source.parent.mkdir(parents=True)
    source.write_text(
        "### gate\n\n[Chapter 1](../01_a/a.ipynb), [Chapter 2](../02_b/b.ipynb#x), [R](coming_from_r.md), "
        "[self](#gate), [paper](https://doi.org/10.1/x)\n",
        encoding="utf-8",
    )
    first = Chapter("01_a", clone.notebooks / "01_a" / "a.ipynb")
    (written,) = release_pages(clone, [first], tmp_path / "edition")
    assert written == tmp_path / "edition" / "appendix" / "glossary.md"
    assert written.read_text(encoding="utf-8") == (
        "### gate\n\n[Chapter 1](../01_a/a.ipynb), Chapter 2, R, [self](#gate), [paper](https://doi.org/10.1/x)\n"
    )


def test_the_page_of_the_projects_lies_beside_projects_alone(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone")
    clone.notebooks.mkdir(parents=True)
    text = "[A](10_a/a.ipynb), [B](11_b/b.ipynb), [gate](appendix/glossary.md#gate)\n"
    (clone.notebooks / "capstone.md").write_text(text, encoding="utf-8")
    lesson = Chapter("09_l", clone.notebooks / "09_l" / "l.ipynb")
    project = Chapter("10_a", clone.notebooks / "10_a" / "a.ipynb")
    assert release_pages(clone, [lesson], tmp_path / "edition") == []
    (written,) = release_pages(clone, [lesson, project], tmp_path / "edition")
    assert written == tmp_path / "edition" / "capstone.md"
    assert written.read_text(encoding="utf-8") == "[A](10_a/a.ipynb), B, gate\n"
