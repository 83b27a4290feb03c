"""Stage what a reader may see: executed notebooks without solutions or hidden tests, pages, and their data notice."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from course_utils import __version__
from course_utils.errors import CourseError
from course_utils.layout import Chapter, Clone
from course_utils.quiz.public import shown_place
from course_utils.runs.in_pages import with_stored_numbers
from course_utils.site.charts import draw_charts
from course_utils.site.execute import Record, executed_notebook

if TYPE_CHECKING:
    import nbformat

STAGED_MARK = "staged-for-readers"
"""A file with this name lies in a folder that is safe to build; the Sphinx extension refuses any other."""

_DATASET_TITLES = {"imdb": "the IMDB film reviews", "tinyshakespeare": "Tiny Shakespeare"}


def sample_notice(datasets: Sequence[str]) -> str:
    """The box on top of a page that was built on bundled samples."""
    named = " and ".join(_DATASET_TITLES.get(name, name) for name in datasets)
    return (
        "```{admonition} Built on the bundled sample\n:class: warning course-sample\n"
        f"This page was built on a machine without {named}. The small sample that comes with the course, written by "
        "its authors, stood in: what the cells below load, train and draw is the sample's. What a stored run reports "
        "was measured on the real data.\n```"
    )


def reader_notebook(chapter: Chapter, record: Record) -> nbformat.NotebookNode:
    """The executed notebook as a reader may see it.

    Solutions become stubs, hidden tests vanish, outputs stay, the data notice is added where a sample stood in.
    """
    import nbformat
    from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme, ClearSolutions

    notebook = executed_notebook(chapter, record)
    resources: dict[str, str] = {}
    for preprocessor in (ClearSolutions(), ClearHiddenTests(), ClearMarkScheme()):
        notebook, resources = preprocessor.preprocess(notebook, resources)
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
        if cell.cell_type == "code" and shown_place(cell.source):
            # What the notebook keeps of an answer is nothing to read.
            cell.outputs = [each for each in cell.outputs if "text/html" in each.get("data", {})]
            # Nor is its call, where nobody can run it.
            cell.metadata.tags = [*cell.metadata.get("tags", []), "remove-input"]
    if record.sample_datasets:
        notice = nbformat.v4.new_markdown_cell(sample_notice(record.sample_datasets), id="sample-notice")
        notebook.cells.insert(1, notice)
    notebook.metadata.pop("widgets", None)
    return notebook


def timings_table(records: dict[Chapter, Record]) -> str:
    """A Markdown table of how long each chapter took to execute."""
    rows = ["| chapter | cells | seconds in all | slowest cell, seconds | data |", "|---|---|---|---|---|"]
    for chapter, record in records.items():
        sources = {entry["source"] for entry in record.datasets}
        data = (
            "none needed" if not sources else "the bundled sample" if "sample" in sources else "the real data"
        )
        slowest = max(record.cell_seconds, default=0.0)
        rows.append(
            f"| {chapter.name} | {len(record.cell_seconds)} | {record.seconds:.0f} | {slowest:.0f} | {data} |"
        )
    return "\n".join(rows)


def with_measurements(text: str, results: Path) -> str:
    """Put what the benchmarks measured into a page, so that no number in it is typed by hand.

    ``{{ measured: recurrent }}`` stands for the table of `recurrent.json` and the line that says where and when it
    was measured, ``{{ measured: recurrent.ratio }}`` for one of its `values`.

    Args:
        text: the page in Markdown.
        results: the folder of the results, which ``python benchmarks/NAME.py --write`` makes.

    Returns:
        the page.

    Raises:
        CourseError: for a result or a value that is not there.
    """

    def put(found: re.Match[str]) -> str:
        name, _, value = found[1].partition(".")
        file = results / f"{name}.json"
        if not file.is_file():
            raise CourseError(f"there is no result {file.name}: run `python benchmarks/{name}.py --write`")
        result = json.loads(file.read_text(encoding="utf-8"))
        if value:
            if value not in result.get("values", {}):
                raise CourseError(
                    f"{file.name} has no value {value!r}: name one of {', '.join(result['values'])}"
                )
            return str(result["values"][value])
        columns = result["columns"]
        lines = ["| " + " | ".join(columns.values()) + " |", "|" + "---|" * len(columns)]
        lines += ["| " + " | ".join(row[key] for key in columns) + " |" for row in result["rows"]]
        where = result["measured"]
        lines += ["", f"Measured on {where['date']} on {where['machine']}, with {where['versions']}."]
        return "\n".join(lines)

    return re.sub(r"\{\{ measured: ([\w.]+) \}\}", put, text)


def _version(name: str) -> str:
    if name == "python":
        return platform.python_version()
    # On Linux the package is TensorFlow's build for processors alone.
    for distribution in (name, f"{name}-cpu"):
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
    raise CourseError(f"a page asks for the version of {name}, which is not installed")


def versions_table(clone: Clone) -> str:
    """A Markdown table of what builds the site: Python, and the packages that the course needs, with their versions."""
    project = tomllib.loads((clone.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = dict.fromkeys(
        re.split(r"[^\w.-]", line, maxsplit=1)[0].replace("-cpu", "") for line in project["dependencies"]
    )
    rows = ["| what | version |", "|---|---|", f"| Python | {_version('python')} |"]
    rows += [f"| {name} | {_version(name)} |" for name in sorted(names, key=str.lower)]
    return "\n".join(rows)


def with_versions(text: str, clone: Clone) -> str:
    """Put versions into a page, so that none of them is typed by hand.

    ``{{ versions }}`` stands for the table of `versions_table`, ``{{ version: numpy }}`` for one version, of a package,
    of `python`, or of the course (``unrolled``).

    Raises:
        CourseError: for a package that is not installed.
    """

    def put(found: re.Match[str]) -> str:
        return __version__ if found[1] == "unrolled" else _version(found[1])

    text = re.sub(r"\{\{ version: ([\w.-]+) \}\}", put, text)
    return text.replace("{{ versions }}", versions_table(clone)) if "{{ versions }}" in text else text


def _site_config(clone: Clone) -> dict[str, object]:
    config = yaml.safe_load((clone.root / "_config.yml").read_text(encoding="utf-8"))
    if not isinstance(config, dict):
        raise CourseError("_config.yml does not hold a mapping: restore it from the repository")
    repository = config.get("repository") or {}
    if not repository.get("url"):
        # Launch buttons would point nowhere.
        config.pop("launch_buttons", None)
    config["sphinx"]["config"]["course_student_folder"] = str(clone.student)
    return config


def stage_site(clone: Clone, records: dict[Chapter, Record]) -> Path:
    """Write `_build/site_source`: everything that Jupyter Book may see, and nothing else.

    Args:
        clone: the clone to work on.
        records: the executed chapters.

    Returns:
        The folder.
    """
    import nbformat

    target = clone.build / "site_source"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for chapter, record in records.items():
        page = target / f"{chapter.page}.ipynb"
        page.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(reader_notebook(chapter, record), page)
    for pattern in ("*.md", "*.bib", "*.svg"):
        for file in clone.notebooks.rglob(pattern):
            copy = target / file.relative_to(clone.root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            text = file.read_text(encoding="utf-8")
            if "{{ timings }}" in text:
                text = text.replace("{{ timings }}", timings_table(records))
            text = with_stored_numbers(with_measurements(text, clone.root / "benchmarks" / "results"))
            copy.write_text(with_versions(text, clone), encoding="utf-8")
    draw_charts(target / "notebooks")
    (target / "_config.yml").write_text(
        yaml.safe_dump(_site_config(clone), allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    shutil.copy(clone.root / "_toc.yml", target / "_toc.yml")
    (target / STAGED_MARK).touch()
    return target
