"""The contract of a chapter's notebook: checked as errors; the lengths of its cells as a report."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from rich.console import Console
from rich.table import Table

from course_utils.layout import Chapter, write_atomically
from course_utils.quiz.bank import BankError, load_bank
from course_utils.quiz.public import shown_place
from course_utils.quiz.saved import ANSWERS_FILE

KEEP_TAG = "nbval-check-output"
MAX_BYTES = 500_000
MAX_SETUP_LINES = 5
MAX_SUMMARY_LINES = 5
EXERCISES_TO_COME = "**Exercises:** being written."
"""What the first cell of a chapter without exercises says."""
_DIRECTIVE = re.compile(r"^(?:```+|:::+)\{\w|\{\w[\w:]*\}`", re.MULTILINE)
_DRAWS = re.compile(
    r"\b(?:plt\.(?:plot|subplots|show|hist|bar|imshow|scatter)|(?:plot|draw)_\w+|figures\.\w+)\("
)
_BARE_WIDGET = re.compile(r"\b(?:import|from)\s+(?:ipywidgets|anywidget)\b|\binteract(?:ive)?\(")
_STUB_TEST = re.compile(r"assert\s+True\b|^\s*except[^\n]*:\s*pass\s*$", re.MULTILINE)


@dataclass
class Hygiene:
    """What was found in one notebook."""

    chapter: str
    problems: list[str] = field(default_factory=list)
    """Breaches of the contract, one line each."""
    code_lines: list[int] = field(default_factory=list)
    """Code lines of each cell that a lesson shows (comments and blank lines left out)."""
    points: dict[str, float] = field(default_factory=dict)
    """Points of each graded cell."""
    auto_points: dict[str, float] = field(default_factory=dict)
    """Points of the cells that are graded automatically."""


def code_lines(source: str) -> int:
    """Number of lines with code in them: no blank lines, no comments, no docstrings."""
    without_docstrings = re.sub(r'^\s*"""(?:.|\n)*?"""\s*$', "", source, flags=re.MULTILINE)
    lines = (line.strip() for line in without_docstrings.splitlines())
    return sum(1 for line in lines if line and not line.startswith("#"))


def is_solution(cell: nbformat.NotebookNode) -> bool:
    """Whether a student writes in this cell."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def is_graded(cell: nbformat.NotebookNode) -> bool:
    """Whether this cell carries points."""
    return bool(cell.metadata.get("nbgrader", {}).get("grade"))


def is_question(cell: nbformat.NotebookNode) -> bool:
    """Whether this cell calls `quiz`, as it should or otherwise."""
    return cell.cell_type == "code" and bool(re.search(r"^\s*quiz\(", cell.source, re.MULTILINE))


def _check_shape(cells: Sequence[nbformat.NotebookNode], problems: list[str]) -> None:
    first = cells[0].source if cells else ""
    if not (cells and cells[0].cell_type == "markdown" and first.startswith("# ")):
        problems.append("the first cell is not the title")
    for opening in ("**You will be able to**", "**Time:**", "**Builds on:**"):
        if opening not in first:
            problems.append(f"the first cell does not say {opening}")
    code = [cell for cell in cells if cell.cell_type == "code"]
    if code and code_lines(code[0].source) > MAX_SETUP_LINES:
        problems.append(f"the setup cell has {code_lines(code[0].source)} lines, {MAX_SETUP_LINES} at most")
    last = cells[-1].source if cells else ""
    if not last.startswith("## Summary") or "**Next:**" not in last:
        problems.append("the last cell is not a `## Summary` that ends with **Next:**")
    summary = [line for line in last.split("**Next:**")[0].splitlines()[1:] if line.strip()]
    if len(summary) > MAX_SUMMARY_LINES:
        problems.append(f"the summary has {len(summary)} lines, {MAX_SUMMARY_LINES} at most")


def _check_cell(cell: nbformat.NotebookNode, where: str, problems: list[str]) -> None:
    tags = cell.metadata.get("tags", [])
    if cell.cell_type == "markdown":
        if _DIRECTIVE.search(cell.source):
            problems.append(f"{where}: a MyST directive or role shows raw in JupyterLab")
        if "data:image" in cell.source or cell.get("attachments"):
            problems.append(f"{where}: an image inside the notebook; draw it with a cell")
        for image in re.findall(r"!\[(.*?)\]\(", cell.source):
            if not image.strip():
                problems.append(f"{where}: an image without alternative text")
        return
    if cell.cell_type != "code":
        problems.append(f"{where}: a {cell.cell_type} cell")
        return
    if re.search(r"^\s*[!%]", cell.source, re.MULTILINE):
        problems.append(f"{where}: a line that starts with ! or %")
    if re.search(
        r"warnings\.(?:filterwarnings|simplefilter)|allow_errors|raises-exception", cell.source + str(tags)
    ):
        problems.append(f"{where}: a hidden repair (filtered warnings or allowed errors)")
    if _BARE_WIDGET.search(cell.source):
        problems.append(f"{where}: a widget that is dead on the site, where no kernel runs; use an explainer")
    if _STUB_TEST.search(cell.source):
        problems.append(f"{where}: a check that cannot fail")
    if cell.get("outputs") and KEEP_TAG not in tags:
        problems.append(f"{where}: committed output without the tag {KEEP_TAG}; run `course strip`")
    if KEEP_TAG in tags and not cell.get("outputs"):
        problems.append(f"{where}: tagged {KEEP_TAG} but no output is kept to compare with")
    for output in cell.get("outputs", []):
        kinds = set(output.get("data", {})) - {"text/plain"}
        if kinds or output.output_type == "error":
            problems.append(f"{where}: kept output must be short text")
    alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
    if (
        _DRAWS.search(cell.source)
        and not is_solution(cell)
        and not re.search(r"^\s*def ", cell.source, re.M)
        and not alt
    ):
        problems.append(f"{where}: draws a figure and has no alternative text (metadata mystnb.image.alt)")


def _check_grading(cells: Sequence[nbformat.NotebookNode], found: Hygiene) -> None:
    ids: list[str] = []
    by_hand = 0
    for index, cell in enumerate(cells):
        grading = cell.metadata.get("nbgrader")
        if not grading:
            if re.search(r"### (?:BEGIN|END) (?:SOLUTION|HIDDEN)", cell.source):
                found.problems.append(f"cell {index + 1}: a solution or hidden test outside an nbgrader cell")
            continue
        name = grading.get("grade_id", "")
        ids.append(name)
        if grading.get("schema_version") != 3:
            found.problems.append(f"{name}: nbgrader schema_version is not 3")
        if is_graded(cell):
            points = float(grading.get("points", 0))
            found.points[name] = points
            if points <= 0:
                found.problems.append(f"{name}: a graded cell without points")
            if is_solution(cell):
                by_hand += 1
            else:
                found.auto_points[name] = points
                if "BEGIN HIDDEN TESTS" not in cell.source:
                    found.problems.append(
                        f"{name}: no hidden test, so a copied visible check earns everything"
                    )
        elif is_solution(cell) and "### BEGIN SOLUTION" not in cell.source:
            found.problems.append(f"{name}: a solution cell without a solution region")
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        found.problems.append(f"the grade_id {name} is used {ids.count(name)} times")
    if EXERCISES_TO_COME in cells[0].source:
        found.problems.append("the first cell says that the exercises are being written, and here they are")
    if by_hand == 0:
        found.problems.append("no exercise is graded by hand")
    if len(found.points) < 3:
        found.problems.append(f"{len(found.points)} graded exercises, at least 3 are wanted")


def _check_questions(cells: Sequence[nbformat.NotebookNode], chapter: Chapter, found: Hygiene) -> None:
    """See that the cells of questions are locked, graded, and just those of the chapter's bank."""
    questions = [cell for cell in cells if is_question(cell)]
    file = f"quizzes/{chapter.bank.name}"
    points: dict[str, float] = {}
    if chapter.bank.is_file():
        try:
            points = load_bank(chapter.bank).points
        except BankError as error:
            found.problems += str(error).splitlines()
            return
    elif questions:
        found.problems.append(f"there are questions and no {file}: write the bank")
        return
    imports = r"^from course_utils\.quiz import [^\n]*\bquiz\b"
    if questions and not any(re.search(imports, cell.source, re.MULTILINE) for cell in cells):
        found.problems.append("there are questions and no `from course_utils.quiz import quiz`")
    shown = []
    for cell in questions:
        place = shown_place(cell.source)
        if place is None:
            found.problems.append(
                f"cell {cell.id}: beside quiz() with one plain id there is nothing in a cell"
            )
            continue
        shown.append(place)
        grading = dict(cell.metadata.get("nbgrader", {}))
        worth = grading.pop("points", None)
        wanted = {"grade": True, "grade_id": f"quiz-{place}", "locked": True, "schema_version": 3}
        if grading != wanted | {"solution": False, "task": False}:
            found.problems.append(f"{place}: not a locked graded cell with the grade_id quiz-{place}")
        if place not in points:
            found.problems.append(f"{place}: {file} has no such question")
        elif worth != points[place]:
            found.problems.append(f"{place}: {worth} points in the notebook, {points[place]:g} in {file}")
        else:
            found.points[f"quiz-{place}"] = found.auto_points[f"quiz-{place}"] = points[place]
    for place in sorted({*shown, *points}):
        if shown.count(place) != 1:
            found.problems.append(f"{place}: shown {shown.count(place)} times, each question is shown once")


def check_notebook(chapter: Chapter) -> Hygiene:
    """Check one chapter's notebook against the contract."""
    found = Hygiene(chapter.name)
    notebook = nbformat.read(chapter.notebook, as_version=4)
    if chapter.notebook.stat().st_size > MAX_BYTES:
        found.problems.append(
            f"the notebook has {chapter.notebook.stat().st_size} bytes, {MAX_BYTES} at most"
        )
    if "widgets" in notebook.metadata:
        found.problems.append("metadata.widgets: clear the widget state")
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        found.problems.append("the kernel is not python3")
    nbformat.validate(notebook)
    if len({cell.id for cell in notebook.cells}) != len(notebook.cells):
        found.problems.append("cell ids are not unique")
    _check_shape(notebook.cells, found.problems)
    for index, cell in enumerate(notebook.cells):
        _check_cell(cell, f"cell {index + 1} ({cell.id})", found.problems)
        if cell.cell_type == "code" and not is_graded(cell):
            found.code_lines.append(code_lines(cell.source))
    if chapter.has_exercises or EXERCISES_TO_COME not in notebook.cells[0].source:
        _check_grading([cell for cell in notebook.cells if not is_question(cell)], found)
    _check_questions(notebook.cells, chapter, found)
    if (chapter.notebook.parent / ANSWERS_FILE).exists():
        found.problems.append(f"{ANSWERS_FILE} lies beside it and would be given to every student: delete it")
    return found


def check_notebooks(chapters: Sequence[Chapter]) -> list[Hygiene]:
    """Check every chapter; grade ids must also differ between chapters."""
    results = [check_notebook(chapter) for chapter in chapters]
    seen: dict[str, str] = {}
    for result in results:
        for name in result.points:
            if name in seen:
                result.problems.append(f"the grade_id {name} is also used in {seen[name]}")
            seen[name] = result.chapter
    return results


def print_hygiene(results: Sequence[Hygiene]) -> int:
    """Print the report of cell lengths and every problem.

    Returns:
        The number of problems, at most 1 (an exit status).
    """
    console = Console(highlight=False)
    table = Table(
        "chapter", "code cells", "median lines (6)", "90th percentile (15)", "longest (25)", "points"
    )
    for result in results:
        lines = sorted(result.code_lines)
        ninetieth = lines[min(len(lines) - 1, int(0.9 * len(lines)))] if lines else 0
        middle = f"{statistics.median(lines):g}" if lines else "0"
        points = f"{sum(result.points.values()):g} ({sum(result.auto_points.values()):g} automatic)"
        table.add_row(
            result.chapter, str(len(lines)), middle, str(ninetieth), str(max(lines, default=0)), points
        )
    console.print(table)
    for result in results:
        for problem in result.problems:
            console.print(f"{result.chapter}: {problem}", soft_wrap=True)
    return int(any(result.problems for result in results))


def strip_notebook(path: Path) -> bool:
    """Remove outputs (save the tagged ones), execution counts and editors' metadata from a notebook file.

    Returns:
        Whether the file changed.
    """
    before = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(before, as_version=4)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        for name in ("execution", "collapsed", "scrolled", "jupyter", "ExecuteTime"):
            cell.metadata.pop(name, None)
        if cell.cell_type == "code":
            if KEEP_TAG not in cell.metadata.get("tags", []):
                cell.outputs = []
            # nbval compares outputs only of cells that claim to have run.
            cell.execution_count = 1 if cell.outputs else None
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = 1
    after = nbformat.writes(notebook) + "\n"
    if after.rstrip("\n") == before.rstrip("\n"):
        return False
    write_atomically(path, after)
    return True
