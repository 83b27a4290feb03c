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
from course_utils.quiz.bank import Bank, BankError, load_bank
from course_utils.quiz.public import shown_place
from course_utils.quiz.saved import ANSWERS_FILE
from course_utils.site.glossary import find_term_problems

KEEP_TAG = "nbval-check-output"
MAX_BYTES = 500_000
MAX_SETUP_LINES = 5
MAX_SUMMARY_LINES = 5
EXERCISES_TO_COME = "**Exercises:** being written."
"""What the first cell of a chapter without exercises says."""
WORDS_A_MINUTE = 200
MINUTES = (45, 75)
"""How long a chapter with exercises takes: its text, read, and its exercises."""
MINUTES_OFF = 5
"""How far what a title says may be from that."""
HOURS = (4, 8)
"""How long a project takes, text and exercises likewise. It is work for several days, with a design and a report of
one's own, and what it takes varies more: its title says hours."""
HOURS_OFF = 0.5
"""How far what a project's title says may be from that."""
RUBRIC = "| criterion | full | partial | none |"
"""The head of the table in each exercise of a project that is graded by hand, so that two graders agree."""
EARLY_CHAPTERS = 5
"""The chapters before training on real data begins: their budgets are tighter."""
_PROMPT = re.compile(
    r"### Exercise (\d+[a-z]?)\.(\d+) · \S.* \*\((\d+(?:\.\d+)?) points?, about (\d+) minutes?(, graded by hand)?\)\*"
)
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
        if re.search(r"^ {0,3}%", cell.source, re.MULTILINE):
            problems.append(f"{where}: a line that begins with % is a comment to MyST and not on the page")
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


def _check_grading(cells: Sequence[nbformat.NotebookNode], chapter: Chapter, found: Hygiene) -> None:
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
    if chapter.is_project:
        _check_project(cells, found)


def _check_project(cells: Sequence[nbformat.NotebookNode], found: Hygiene) -> None:
    """See that a project is graded as one: mostly by a person, by a rubric that stands in the exercise.

    A lesson's checks can know the right answer. In a project the student decides, and what a check can measure (that
    the parts work, that a baseline is beaten) is the smaller half.
    """
    automatic, in_all = sum(found.auto_points.values()), sum(found.points.values())
    if not 0 < automatic <= in_all / 2:
        found.problems.append(
            f"{automatic:g} of {in_all:g} points are automatic: in a project some, and at most half"
        )
    for cell in cells:
        heading = cell.source.splitlines()[0] if cell.source else ""
        if heading.startswith("### Exercise") and "graded by hand" in heading and RUBRIC not in cell.source:
            found.problems.append(f"{heading[4:].split(' · ')[0]}: graded by hand, and no table {RUBRIC}")


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


def _check_exercises(cells: Sequence[nbformat.NotebookNode], chapter: Chapter, found: Hygiene) -> int:
    """See that each exercise is announced with its number, points and objective; return the minutes of all."""
    bank = _readable_bank(chapter)
    number, minutes = 0, 0
    waiting: tuple[str, re.Match[str]] | None = None
    for cell in cells:
        if cell.source.startswith("### Exercise"):
            if waiting:
                found.problems.append(f"{waiting[0]}: nothing below it is graded")
            number, waiting, name = number + 1, None, cell.source.splitlines()[0][4:].split(" · ")[0]
            heading = _PROMPT.fullmatch(cell.source.splitlines()[0])
            if heading is None:
                found.problems.append(
                    f"{name}: the heading is not `### Exercise N.k · Title *(P points, about M minutes)*`"
                )
                continue
            waiting, minutes = (name, heading), minutes + int(heading[4])
            if name != f"Exercise {chapter.label}.{number}":
                found.problems.append(f"{name}: it is number {chapter.label}.{number}")
            if bank and cell.metadata.get("objective") not in bank.objectives:
                found.problems.append(
                    f"{name}: its cell's metadata `objective` is {cell.metadata.get('objective')!r}, "
                    f"not one of {', '.join(bank.objectives)}"
                )
        elif is_graded(cell) and not is_question(cell):
            worth = cell.metadata.nbgrader.get("points", 0)
            if waiting is None:
                found.problems.append(
                    f"{cell.metadata.nbgrader.grade_id}: graded, and no exercise announces it"
                )
                continue
            (name, heading), waiting = waiting, None
            if float(heading[3]) != float(worth):
                found.problems.append(
                    f"{name}: {heading[3]} points in its heading, {worth:g} in its graded cell"
                )
            if heading[5] and not is_solution(cell):
                found.problems.append(f"{name}: said to be graded by hand, and graded by its cell")
    if waiting:
        found.problems.append(f"{waiting[0]}: nothing below it is graded")
    return minutes


def _readable_bank(chapter: Chapter) -> Bank | None:
    """The chapter's bank; None where there is none, or a broken one (which `_check_questions` tells)."""
    try:
        return load_bank(chapter.bank) if chapter.bank.is_file() else None
    except BankError:
        return None


def _check_objectives(cells: Sequence[nbformat.NotebookNode], chapter: Chapter, found: Hygiene) -> None:
    """See that the title promises the bank's objectives, and that each of them has a question."""
    bank = _readable_bank(chapter)
    if bank is None:
        return
    wanted = [bank.words(words, "en") for words in bank.objectives.values()]
    endings = [";"] * (len(wanted) - 1) + ["."]
    wanted = [" ".join(words.split()) + ending for words, ending in zip(wanted, endings, strict=True)]
    promised = cells[0].source.partition("**You will be able to**")[2].partition("\n**")[0]
    bullets = [" ".join(each.split()) for each in re.split(r"^- ", promised, flags=re.MULTILINE)[1:]]
    for line in wanted:
        if line not in bullets:
            found.problems.append(f"the title does not promise the bank's objective: - {line}")
    for line in bullets:
        if line not in wanted:
            found.problems.append(f"the title promises what is no objective of the bank: - {line}")
    if sorted(bullets) == sorted(wanted) and bullets != wanted:
        found.problems.append("the title's objectives are in another order than the bank's")
    for name in bank.objectives:
        if all(question.objective != name for question in bank.questions):
            found.problems.append(f"no question serves the objective {name}")


def count_words(cells: Sequence[nbformat.NotebookNode]) -> int:
    """The words of a notebook's text that a student reads."""
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return len(re.sub(r"### BEGIN SOLUTION(?:.|\n)*?### END SOLUTION", "", text).split())


def _check_minutes(
    cells: Sequence[nbformat.NotebookNode], chapter: Chapter, exercises: int, found: Hygiene
) -> None:
    words = count_words(cells)
    minutes = words / WORDS_A_MINUTE + exercises
    sum_of = (
        f"{words} words at {WORDS_A_MINUTE} a minute and {exercises} minutes of exercises are {minutes:.0f}"
    )
    if chapter.is_project:
        said = re.search(r"\*\*Time:\*\* about (\d+) hours", cells[0].source)
        if said is None:
            found.problems.append("the first cell does not say `**Time:** about X hours`")
        elif abs(int(said[1]) - minutes / 60) > HOURS_OFF:
            found.problems.append(f"{sum_of} minutes, and the title says {said[1]} hours")
        if not HOURS[0] <= minutes / 60 <= HOURS[1]:
            found.problems.append(f"{sum_of} minutes: a project takes {HOURS[0]} to {HOURS[1]} hours")
        return
    if not chapter.is_appendix and not MINUTES[0] <= minutes <= MINUTES[1]:
        found.problems.append(f"{sum_of} minutes: a chapter takes {MINUTES[0]} to {MINUTES[1]}")
    said = re.search(r"\*\*Time:\*\* about (\d+) minutes", cells[0].source)
    if said is None:
        found.problems.append("the first cell does not say `**Time:** about X minutes`")
    elif abs(int(said[1]) - minutes) > MINUTES_OFF:
        found.problems.append(f"{sum_of} minutes, and the title says {said[1]}")


def _check_nothing_graded(cells: Sequence[nbformat.NotebookNode], found: Hygiene) -> None:
    """See that there is nothing to hand in, as in an appendix."""
    for cell in cells:
        if cell.metadata.get("nbgrader"):
            found.problems.append(f"cell {cell.id}: an appendix is read, and nothing in it is graded")


def find_slow(chapter: Chapter, cell_seconds: Sequence[float]) -> list[str]:
    """What of a chapter took longer than it may, on a quiet machine.

    Args:
        chapter: the chapter; the first five have tighter budgets, and so have projects, whose students train more than
            the sample solution does.
        cell_seconds: how long each of its code cells took.
    """
    a_cell, in_all = (30, 120) if int(chapter.name[:2]) <= EARLY_CHAPTERS else (60, 180)
    if chapter.is_project:
        a_cell, in_all = 30, 90
    slowest, total = max(cell_seconds, default=0.0), sum(cell_seconds)
    problems = []
    if slowest > a_cell:
        problems.append(f"{chapter.name}: {slowest:.0f} s in one cell, {a_cell} at most")
    if total > in_all:
        problems.append(f"{chapter.name}: {total:.0f} s in all, {in_all} at most")
    return problems


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
    if chapter.is_appendix:
        _check_nothing_graded(notebook.cells, found)
        _check_minutes(notebook.cells, chapter, 0, found)
    elif chapter.has_exercises or EXERCISES_TO_COME not in notebook.cells[0].source:
        _check_grading([cell for cell in notebook.cells if not is_question(cell)], chapter, found)
    _check_questions(notebook.cells, chapter, found)
    if chapter.has_exercises and not chapter.is_appendix:
        _check_objectives(notebook.cells, chapter, found)
        _check_minutes(notebook.cells, chapter, _check_exercises(notebook.cells, chapter, found), found)
    if (chapter.notebook.parent / ANSWERS_FILE).exists():
        found.problems.append(f"{ANSWERS_FILE} lies beside it and would be given to every student: delete it")
    return found


def check_notebooks(chapters: Sequence[Chapter]) -> list[Hygiene]:
    """Check every chapter; grade ids must also differ between chapters, and terms link to the glossary."""
    results = [check_notebook(chapter) for chapter in chapters]
    for result, problems in zip(results, find_term_problems(chapters).values(), strict=True):
        result.problems += problems
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
