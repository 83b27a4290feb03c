"""Every notebook keeps the contract; and the checker would notice if one did not."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from course_utils.layout import Chapter, Clone
from course_utils.site.execute import read_record
from course_utils.site.hygiene import (
    EXERCISES_TO_COME,
    check_notebook,
    check_notebooks,
    find_slow,
    is_question,
    strip_notebook,
)


def with_exercises(clone: Clone) -> Chapter:
    """The first chapter that has some."""
    return next(chapter for chapter in clone.chapters if chapter.has_exercises)


def test_every_notebook_keeps_the_contract(clone: Clone) -> None:
    problems = [f"{r.chapter}: {p}" for r in check_notebooks(clone.chapters) for p in r.problems]
    assert problems == []


def test_every_notebook_is_stripped(clone: Clone, tmp_path: Path) -> None:
    for chapter in clone.chapters:
        copy = tmp_path / chapter.notebook.name
        copy.write_bytes(chapter.notebook.read_bytes())
        assert not strip_notebook(copy), f"{chapter.name} holds outputs: run `course strip`"


def test_time_budgets(clone: Clone) -> None:
    for chapter in clone.chapters:
        record = read_record(clone, chapter)
        assert record is not None, f"{chapter.name} was not executed"
        assert find_slow(chapter, record.cell_seconds) == []


@pytest.mark.parametrize(
    ("name", "cell_seconds", "message"),
    [
        ("05_gates", [1.0, 31.0], "05_gates: 31 s in one cell, 30 at most"),
        ("05_gates", [25.0] * 5, "05_gates: 125 s in all, 120 at most"),
        ("05_gates", [30.0] * 4, ""),
        ("06_reviews", [61.0], "06_reviews: 61 s in one cell, 60 at most"),
        ("06_reviews", [46.0] * 4, "06_reviews: 184 s in all, 180 at most"),
        ("06_reviews", [31.0] * 5, ""),
        ("01_neurons", [], ""),
        ("11_project", [31.0], "11_project: 31 s in one cell, 30 at most"),
        ("11_project", [25.0] * 4, "11_project: 100 s in all, 90 at most"),
    ],
)
def test_a_slow_chapter_is_noticed(name: str, cell_seconds: list[float], message: str) -> None:
    assert find_slow(Chapter(name, Path("x.ipynb")), cell_seconds) == ([message] if message else [])


def test_every_cited_doi_is_in_the_bibliography(clone: Clone) -> None:
    bibliography = (clone.notebooks / "references.bib").read_text(encoding="utf-8").lower()
    cited: dict[str, str] = {}
    for chapter in clone.chapters:
        for cell in nbformat.read(chapter.notebook, as_version=4).cells:
            for doi in re.findall(r"https://doi\.org/([^\s)>\"]+)", cell.source):
                cited[doi.lower()] = chapter.name
    assert cited, "no chapter cites anything"
    missing = {doi: name for doi, name in cited.items() if doi not in bibliography}
    assert missing == {}


BREACHES = {
    "shell line": ("code", "!pip install x", {}, "starts with ! or %"),
    "magic": ("code", "%matplotlib inline", {}, "starts with ! or %"),
    "filtered warnings": ("code", "import warnings\nwarnings.filterwarnings('ignore')", {}, "hidden repair"),
    "figure without text": ("code", "plt.plot([1, 2])", {}, "no alternative text"),
    "check that cannot fail": ("code", "assert True", {}, "cannot fail"),
    "directive": ("markdown", "```{note}\nlook\n```", {}, "shows raw in JupyterLab"),
    "comment": ("markdown", "It is right in 85\n% of the cases.", {}, "not on the page"),
    "role": ("markdown", "as {cite}`elman` says", {}, "shows raw in JupyterLab"),
    "data URI": ("markdown", "![a](data:image/png;base64,xx)", {}, "image inside the notebook"),
    "no alt": ("markdown", "![](x.png)", {}, "without alternative text"),
    "raw": ("raw", "x", {}, "a raw cell"),
    "bare widget": ("code", "import ipywidgets", {}, "a widget that is dead on the site"),
    "interact": ("code", "interact(print, x=3)", {}, "a widget that is dead on the site"),
    "solution in the open": (
        "code",
        "### BEGIN SOLUTION\nx = 1\n### END SOLUTION",
        {},
        "outside an nbgrader cell",
    ),
    "no points": (
        "code",
        "assert x\n### BEGIN HIDDEN TESTS\nassert x\n### END HIDDEN TESTS",
        {
            "nbgrader": {
                "grade": True,
                "grade_id": "z",
                "locked": True,
                "points": 0,
                "schema_version": 3,
                "solution": False,
            }
        },
        "without points",
    ),
    "no hidden test": (
        "code",
        "assert x",
        {
            "nbgrader": {
                "grade": True,
                "grade_id": "z",
                "locked": True,
                "points": 1,
                "schema_version": 3,
                "solution": False,
            }
        },
        "no hidden test",
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_breaches_are_noticed(clone: Clone, tmp_path: Path, breach: str) -> None:
    kind, source, metadata, message = BREACHES[breach]
    notebook = nbformat.read(with_exercises(clone).notebook, as_version=4)
    make = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
        "raw": nbformat.v4.new_raw_cell,
    }
    notebook.cells.insert(2, make[kind](source, metadata=metadata))
    path = tmp_path / "broken.ipynb"
    nbformat.write(notebook, path)
    problems = check_notebook(Chapter("03_broken", path)).problems
    assert any(message in problem for problem in problems), problems


def test_a_chapter_without_exercises_says_so_and_one_with_exercises_does_not(
    clone: Clone, tmp_path: Path
) -> None:
    notebook = nbformat.read(with_exercises(clone).notebook, as_version=4)
    path = tmp_path / "chapter.ipynb"

    def problems() -> str:
        nbformat.write(notebook, path)
        return "\n".join(check_notebook(Chapter("03_chapter", path)).problems)

    notebook.cells[0].source += f"\n\n{EXERCISES_TO_COME}"
    assert "and here they are" in problems()
    notebook.cells = [cell for cell in notebook.cells if not cell.metadata.get("nbgrader")]
    assert problems() == ""
    notebook.cells[0].source = notebook.cells[0].source.replace(EXERCISES_TO_COME, "")
    assert "0 graded exercises" in problems()


def test_committed_outputs_and_duplicate_ids_are_noticed(clone: Clone, tmp_path: Path) -> None:
    notebook = nbformat.read(with_exercises(clone).notebook, as_version=4)
    untagged = next(c for c in notebook.cells if c.cell_type == "code" and not c.metadata.get("tags"))
    untagged.outputs = [nbformat.v4.new_output("stream", text="42")]
    exercises = (c for c in notebook.cells if not is_question(c))
    graded = next(c for c in exercises if c.metadata.get("nbgrader", {}).get("grade"))
    twin = nbformat.from_dict(graded)
    twin["id"] = "twin"
    notebook.cells.insert(-1, twin)
    notebook.metadata["widgets"] = {}
    path = tmp_path / "broken.ipynb"
    nbformat.write(notebook, path)
    problems = "\n".join(check_notebook(Chapter("03_broken", path)).problems)
    assert "committed output" in problems
    assert "is used 2 times" in problems
    assert "metadata.widgets" in problems
    assert strip_notebook(path)
    assert "committed output" not in "\n".join(check_notebook(Chapter("03_broken", path)).problems)
