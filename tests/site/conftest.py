"""A course of one tiny chapter in a folder of its own, built by the real pipeline."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils.layout import Clone
from course_utils.site.pipeline import build_course

ROOT = Path(__file__).resolve().parents[2]
SECRET_SOLUTION = "quiet_secret_answer = sum(numbers) / len(numbers)"
SECRET_TEST = "assert abs(mean_of([7, 9, 20]) - 12) < 1e-9, 'hidden inputs'"


def _graded(name: str, **changes: object) -> dict[str, object]:
    cell = {
        "grade": False,
        "grade_id": name,
        "locked": False,
        "schema_version": 3,
        "solution": False,
        "task": False,
    }
    return {"nbgrader": {**cell, **changes}}


def toy_notebook() -> nbformat.NotebookNode:
    """A chapter with a lesson, an exercise, its check, and a written answer."""
    cells = [
        new_markdown_cell(
            "# A toy chapter\n\n**You will be able to** average.\n\n**Time:** 1 minute\n\n**Builds on:** nothing"
        ),
        new_code_cell("numbers = [1, 2, 3]", id="setup"),
        new_markdown_cell("A formula: $m = \\frac{1}{n}\\sum x_i$."),
        new_code_cell("print('sum', sum(numbers))", id="lesson", metadata={"tags": ["nbval-check-output"]}),
        new_code_cell(
            f"def mean_of(numbers):\n    ### BEGIN SOLUTION\n    {SECRET_SOLUTION}\n    return quiet_secret_answer\n"
            "    ### END SOLUTION",
            id="exercise",
            metadata=_graded("toy-mean", solution=True),
        ),
        new_code_cell(
            "assert mean_of([1, 3]) == 2, 'divide by how many there are'\n### BEGIN HIDDEN TESTS\n"
            f"{SECRET_TEST}\n### END HIDDEN TESTS",
            id="check",
            metadata=_graded("toy-mean-test", grade=True, locked=True, points=2),
        ),
        new_markdown_cell(
            "### BEGIN SOLUTION\nBecause the whole is shared out evenly.\n### END SOLUTION",
            id="essay",
            metadata=_graded("toy-essay", grade=True, solution=True, points=1),
        ),
        new_markdown_cell("## Summary\n\n- A mean is a sum shared out.\n\n**Next:** the end."),
    ]
    cells[3].execution_count = 1
    cells[3].outputs = [nbformat.v4.new_output("stream", name="stdout", text="sum 6\n")]
    metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    }
    return new_notebook(cells=cells, metadata=metadata)


def make_toy_clone(root: Path) -> Clone:
    """A clone with the real package, the real settings and one toy chapter."""
    root.mkdir()
    for name in (
        "pyproject.toml",
        "hatch_build.py",
        "requirements.lock",
        "README.md",
        "LICENSE",
        "LICENSE-TEXT",
        "_config.yml",
    ):
        shutil.copy(ROOT / name, root / name)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "course_utils", root / "course_utils", ignore=ignore)
    (root / "data").mkdir()
    chapter = root / "notebooks" / "01_toy"
    chapter.mkdir(parents=True)
    nbformat.write(toy_notebook(), chapter / "toy.ipynb")
    (root / "notebooks" / "index.md").write_text("# A toy course\n\nWelcome.\n", encoding="utf-8")
    shutil.copy(ROOT / "notebooks" / "logo.svg", root / "notebooks" / "logo.svg")
    (root / "notebooks" / "appendix").mkdir()
    glossary = "# Glossary\n\n## M\n\n### mean\n\nA sum shared out. [Chapter 1](../01_toy/toy.ipynb)\n"
    (root / "notebooks" / "appendix" / "glossary.md").write_text(glossary, encoding="utf-8")
    (root / "notebooks" / "references.bib").write_text("", encoding="utf-8")
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: notebooks/index\nchapters:\n  - file: notebooks/01_toy/toy\n",
        encoding="utf-8",
    )
    return Clone(root)


@pytest.fixture
def toy_clone(tmp_path: Path) -> Clone:
    """A toy clone in which nothing is built yet."""
    return make_toy_clone(tmp_path / "clone")


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A toy clone, built once on the bundled samples; `built` hands out copies of it."""
    clone = make_toy_clone(tmp_path_factory.mktemp("toy") / "clone")
    with pytest.MonkeyPatch.context() as patch:
        _offline(patch, tmp_path_factory.mktemp("cache"))
        build_course(clone, workers=1)
    return clone


@pytest.fixture
def built(built_once: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A built toy clone of one's own."""
    _offline(monkeypatch, tmp_path / "cache")
    shutil.copytree(built_once.root, tmp_path / "clone")
    return Clone(tmp_path / "clone")


def _offline(patch: pytest.MonkeyPatch, cache: Path) -> None:
    patch.delenv("COURSE_DATA", raising=False)
    patch.setenv("COURSE_OFFLINE", "1")
    patch.setenv("COURSE_CACHE", str(cache))
