"""A demo class in `_build/classroom`: release, submit, autograde, grade by hand, feedback, export.

It is nbgrader's own round trip, with the settings of a real class, so that an instructor can see the whole of it, in
the terminal and in formgrader, before any student hands anything in.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from rich.console import Console
from rich.table import Table

from course_utils.errors import CourseError
from course_utils.grading.release import complaint
from course_utils.grading.sandbox import sandbox_problem, sandboxed_kernel
from course_utils.layout import Chapter, Clone
from course_utils.quiz.bank import Bank, load_bank
from course_utils.quiz.public import shown_place
from course_utils.quiz.saved import ANSWERS_FILE, MIME, Record

STUDENTS = {"ada": "everything right", "ben": "the first half right", "cleo": "untouched"}
"""The invented students and what they hand in."""
_CONFIG = """\
from pathlib import Path

from course_utils.grading.settings import configure

root = Path(__file__).resolve().parent
configure(get_config(), root=root, source=root / "source", quizzes=Path({quizzes!r}))
"""
_MARKS = re.compile(r"^\s*### (?:BEGIN|END) SOLUTION\s*$\n?", re.MULTILINE)


@dataclass(frozen=True)
class Classroom:
    """What the round trip gave."""

    folder: Path
    scores: dict[str, dict[str, dict[str, float]]]
    """Points by student, chapter and graded cell."""
    points: dict[str, dict[str, float]]
    """Points that can be had, by chapter and graded cell."""
    by_hand: set[str] = field(default_factory=set)
    """Names of the cells that a person graded."""
    sandboxed: bool = True
    seconds: float = 0.0

    @property
    def feedback(self) -> list[Path]:
        """The feedback pages, one a student and chapter."""
        return sorted((self.folder / "feedback").rglob("*.html"))

    @property
    def grades_file(self) -> Path:
        """The exported table of grades."""
        return self.folder / "grades.csv"


def write_config(folder: Path, quizzes: Path) -> None:
    """Write nbgrader's settings for a class kept in `folder`, whose questions are in the banks of `quizzes`."""
    (folder / "nbgrader_config.py").write_text(_CONFIG.format(quizzes=str(quizzes)), encoding="utf-8")


def _nbgrader(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
    programs = str(Path(sys.executable).parent)  # nbgrader calls alembic by name
    settings = {
        **os.environ,
        "PATH": programs + os.pathsep + os.environ.get("PATH", ""),
        **(environment or {}),
    }
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise CourseError(f"nbgrader {arguments[0]} failed: {complaint(done.stderr)[-500:]}")


def solved_submission(
    source: nbformat.NotebookNode, release: nbformat.NotebookNode, share: float
) -> nbformat.NotebookNode:
    """The released notebook with the first `share` of its exercises answered from the source.

    Args:
        source: the instructor's notebook.
        release: the student's version of it.
        share: part of the answer cells that is filled in, from 0 to 1, in reading order.

    Returns:
        A notebook as a student would hand it in.
    """
    answers = {
        cell.metadata.nbgrader.grade_id: _MARKS.sub("", cell.source)
        for cell in source.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    answered = list(answers)[: round(share * len(answers))]
    handed_in = nbformat.from_dict(release)
    for cell in handed_in.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in answered:
            cell.source = answers[name]
    return handed_in


def answer_questions(
    notebook: nbformat.NotebookNode, folder: Path, bank: Bank, share: float
) -> nbformat.NotebookNode:
    """Answer the first `share` of a notebook's questions rightly, as a student would: in the file and the notebook.

    Args:
        notebook: the released notebook.
        folder: where it is handed in.
        bank: the chapter's questions.
        share: part of the questions that is answered, from 0 to 1, in reading order.

    Returns:
        The notebook with the answers among its outputs.
    """
    answered = nbformat.from_dict(notebook)
    shown = [(cell, place) for cell in answered.cells if (place := shown_place(cell.source))]
    records: dict[str, Record] = {}
    used: set[str] = set()
    for cell, place in shown[: round(share * len(shown))]:
        question = next(each for each in bank.places[place] if each.id not in used)
        used.add(question.id)
        records[place] = {
            "question": question.id,
            "value": question.best_answer(),
            "attempt": 1,
            "attempts": 1,
        }
        data = {"text/plain": "Saved answer", MIME: {"place": place, **records[place]}}
        cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
    if records:
        content = {"version": 1, "seed": folder.parent.name, "answers": records}
        (folder / ANSWERS_FILE).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return answered


def _submit(folder: Path, chapter: Chapter) -> None:
    source = nbformat.read(chapter.notebook, as_version=4)
    released = folder / "release" / chapter.name
    release = nbformat.read(released / chapter.notebook.name, as_version=4)
    has_questions = any(shown_place(cell.source) for cell in release.cells)
    for student, share in zip(STUDENTS, (1.0, 0.5, 0.0), strict=True):
        target = folder / "submitted" / student / chapter.name
        shutil.copytree(released, target)
        notebook = solved_submission(source, release, share)
        if has_questions:
            notebook = answer_questions(notebook, target, load_bank(chapter.bank), share)
        nbformat.write(notebook, target / chapter.notebook.name)


def _autograde(folder: Path, chapters: Sequence[Chapter], sandboxed: bool) -> None:
    def grade(job: tuple[str, Chapter]) -> None:
        student, chapter = job
        with sandboxed_kernel() if sandboxed else contextlib.nullcontext() as kernel:
            arguments = kernel.arguments if kernel else []
            environment = kernel.environment if kernel else {}
            _nbgrader(
                folder,
                "autograde",
                chapter.name,
                f"--student={student}",
                "--create",
                *arguments,
                environment=environment,
            )

    jobs = [(student, chapter) for chapter in chapters for student in STUDENTS]
    grade(jobs[0])  # the first creates the gradebook's tables
    with ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        for done in [pool.submit(grade, job) for job in jobs[1:]]:
            done.result()


def _grade_by_hand(folder: Path, chapters: Sequence[Chapter]) -> set[str]:
    """Give the written answers the points that a person would: all, none, as the rubric asks."""
    from nbgrader.api import Gradebook

    graded = set()
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        for chapter in chapters:
            for student in STUDENTS:
                submission = gradebook.find_submission(chapter.name, student)
                for notebook in submission.notebooks:
                    for grade in notebook.grades:
                        if grade.needs_manual_grade:
                            graded.add(grade.name)
                            grade.manual_score = grade.max_score
                            grade.needs_manual_grade = False
        gradebook.db.commit()
    return graded


def _read_scores(
    folder: Path, chapters: Sequence[Chapter]
) -> tuple[dict[str, dict[str, dict[str, float]]], dict[str, dict[str, float]]]:
    from nbgrader.api import Gradebook

    scores: dict[str, dict[str, dict[str, float]]] = {student: {} for student in STUDENTS}
    points: dict[str, dict[str, float]] = {}
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        for chapter in chapters:
            points[chapter.name] = {}
            for student in STUDENTS:
                notebooks = gradebook.find_submission(chapter.name, student).notebooks
                grades = [grade for notebook in notebooks for grade in notebook.grades]
                scores[student][chapter.name] = {grade.name: float(grade.score) for grade in grades}
                points[chapter.name].update({grade.name: float(grade.max_score) for grade in grades})
    return scores, points


def run_classroom(clone: Clone, chapters: Sequence[Chapter]) -> Classroom:
    """Run the whole round trip in a fresh `_build/classroom`.

    Args:
        clone: the clone to work on; nothing outside `_build` is touched.
        chapters: the chapters to release and grade.

    Raises:
        CourseError: where nbgrader fails, with its reason.
    """
    console = Console(highlight=False)
    started = time.perf_counter()
    folder = clone.build / "classroom"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "exchange").mkdir(parents=True)
    write_config(folder, clone.quizzes)
    for chapter in chapters:
        shutil.copytree(chapter.notebook.parent, folder / "source" / chapter.name)
    problem = sandbox_problem()
    if problem:
        console.print(f"[bold yellow]the submissions run without a sandbox: {problem}[/]", soft_wrap=True)

    def step(text: str) -> None:
        console.print(f"  {time.perf_counter() - started:5.0f} s  {text}")

    step(f"release {', '.join(chapter.name for chapter in chapters)}")
    for chapter in chapters:
        _nbgrader(folder, "generate_assignment", chapter.name, "--create")
        _submit(folder, chapter)
    step(f"autograde {len(STUDENTS) * len(chapters)} submissions" + ("" if problem else " in the sandbox"))
    _autograde(folder, chapters, sandboxed=problem is None)
    step("grade the written answers by hand")
    by_hand = _grade_by_hand(folder, chapters)
    step("write feedback and export the grades")
    for chapter in chapters:
        _nbgrader(folder, "generate_feedback", chapter.name)
    _nbgrader(folder, "export", "--to", str(folder / "grades.csv"))
    scores, points = _read_scores(folder, chapters)
    return Classroom(folder, scores, points, by_hand, problem is None, time.perf_counter() - started)


def exported_totals(grades_file: Path) -> dict[tuple[str, str], float]:
    """Totals from the exported table, by student and chapter."""
    with grades_file.open(encoding="utf-8", newline="") as file:
        return {(row["student_id"], row["assignment"]): float(row["score"]) for row in csv.DictReader(file)}


def print_report(classroom: Classroom, clone: Clone) -> None:
    """Print the points of each student as a table, and where everything is."""
    console = Console(highlight=False)
    for chapter, points in classroom.points.items():
        table = Table(
            "graded cell", "points", *(f"{name}\n{what}" for name, what in STUDENTS.items()), title=chapter
        )
        for cell, most in points.items():
            mark = " (by hand)" if cell in classroom.by_hand else ""
            row = [f"{classroom.scores[student][chapter].get(cell, 0.0):g}" for student in STUDENTS]
            table.add_row(cell + mark, f"{most:g}", *row)
        totals = [f"{sum(classroom.scores[student][chapter].values()):g}" for student in STUDENTS]
        table.add_row(
            "[bold]total[/]", f"[bold]{sum(points.values()):g}[/]", *(f"[bold]{t}[/]" for t in totals)
        )
        console.print(table)
    console.print(f"  grades    {classroom.grades_file}", soft_wrap=True)
    console.print(
        f"  feedback  {len(classroom.feedback)} pages below {classroom.folder / 'feedback'}", soft_wrap=True
    )
    console.print(
        "  to look at it as an instructor: change into "
        f"{classroom.folder.relative_to(clone.root)}, start `jupyter lab`, menu Nbgrader, Formgrader",
        soft_wrap=True,
    )
    console.print(f"the round trip took {classroom.seconds:.0f} s")
