"""A chapter with a question of every type and a pool, and a class of nbgrader around it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.quiz.bank import Bank, read_bank
from course_utils.quiz.public import shown_place
from course_utils.quiz.saved import MIME

CHAPTER = "01_toy"
REASON = "Because the weights of every single step are the same ones."
BANK = f"""\
version: 1
language: en
chapter: {CHAPTER}
objectives: {{toy: answer questions about toys}}
questions:
  - id: toy-single
    type: single
    objective: toy
    prompt: Which one of these is shared by all steps?
    options:
      - {{id: a, text: The states, reason: "No, each single step has a state that belongs to it."}}
      - {{id: b, text: The `weights`, correct: true, reason: "{REASON}"}}
      - {{id: c, text: The inputs, reason: "No, each single step reads an input that is new."}}
    hints: ["Think of what the gradient is summed over, at the end."]
    explanation: "One matrix serves the whole of a sequence, however long."
  - id: toy-several
    type: several
    points: 2
    objective: toy
    scoring: per-option
    prompt: Which are gates?
    options:
      - {{id: a, text: forget, correct: true, reason: "Yes, this one forgets."}}
      - {{id: b, text: input, correct: true, reason: "Yes, this one lets in."}}
      - {{id: c, text: candidate, reason: "No, this is what is let in."}}
      - {{id: d, text: state, reason: "No, this is what is kept."}}
  - id: toy-number
    type: number
    objective: toy
    prompt: How many is $2^7$?
    answer: 128
    tolerance: {{absolute: 0.5}}
    mistakes: [{{answer: 14, reason: "That is two times seven."}}]
    reason: "Two, seven times."
    other: "Multiply two by itself."
    snippet: print(2**7)
  - id: toy-text
    type: text
    objective: toy
    prompt: Which setting hands on every state?
    accept: [return_sequences]
    reason: "It returns the sequence."
    other: "Its name says what is returned."
  - id: toy-order
    type: order
    objective: toy
    scoring: per-position
    prompt: In which order?
    options:
      - {{id: a, text: read, reason: "First it is read."}}
      - {{id: b, text: mix, reason: "Then it is mixed."}}
      - {{id: c, text: squash, reason: "Then it is squashed."}}
  - id: toy-match
    type: match
    objective: toy
    scoring: per-pair
    prompt: What is what?
    left:
      - {{id: x, text: tanh, match: "1", reason: "It goes from minus one."}}
      - {{id: y, text: sigmoid, match: "2", reason: "It goes from nought."}}
    right: [{{id: "1", text: from -1 to 1}}, {{id: "2", text: from 0 to 1}}, {{id: "3", text: from 1 to 2}}]
  - id: toy-output
    type: output
    objective: toy
    prompt: What does this print?
    snippet: print(2 + 3)
    reason: "It adds."
    other: "Add them."
""" + "".join(
    f"""\
  - id: toy-p{number}
    type: single
    objective: toy
    prompt: Is {number} a number?
    options:
      - {{id: a, text: "yes", correct: true, reason: "It counts {number} things."}}
      - {{id: b, text: "no", reason: "It does count {number} things."}}
"""
    for number in (1, 2, 3)
)
BANK += "pools: [{id: toy-pool, draw: 2, questions: [toy-p1, toy-p2, toy-p3]}]\n"
POINTS = {
    "toy-single": 1.0,
    "toy-several": 2.0,
    "toy-number": 1.0,
    "toy-text": 1.0,
    "toy-order": 1.0,
    "toy-match": 1.0,
    "toy-output": 1.0,
    "toy-pool-1": 1.0,
    "toy-pool-2": 1.0,
}

Records = dict[str, dict[str, Any]]


def toy_bank() -> Bank:
    """The bank, read."""
    return read_bank(BANK, f"{CHAPTER}.yml")


def question_cell(place: str, points: float) -> nbformat.NotebookNode:
    """A question's cell as an instructor has it."""
    grading = {"grade": True, "grade_id": f"quiz-{place}", "locked": True, "points": points}
    grading |= {"schema_version": 3, "solution": False, "task": False}
    return new_code_cell(f'quiz("{place}")', id=f"quiz-{place}", metadata={"nbgrader": grading})


def toy_notebook() -> nbformat.NotebookNode:
    """The instructor's notebook: a lesson, a cell to try things in, the questions."""
    title = "# A toy\n\n**You will be able to** play.\n\n**Time:** 1 minute\n\n**Builds on:** nothing\n\n"
    cells = [
        new_markdown_cell(f"{title}**Exercises:** being written.", id="title"),
        new_code_cell("from course_utils.quiz import quiz", id="setup"),
        new_code_cell("# Try things here.", id="work"),
        *(question_cell(place, points) for place, points in POINTS.items()),
        new_markdown_cell("## Summary\n\n- It is a toy.\n\n**Next:** nothing.", id="summary"),
    ]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def record(question: str, value: Any, attempts: Any = 1, attempt: Any = 1) -> dict[str, Any]:
    """An answer as it is saved."""
    return {"question": question, "value": value, "attempt": attempt, "attempts": attempts}


def right_answers() -> Records:
    """The right answer to each place."""
    bank = toy_bank()
    found = {name: record(name, bank.question(name).best_answer()) for name in POINTS if "pool" not in name}
    return found | {"toy-pool-1": record("toy-p3", "a"), "toy-pool-2": record("toy-p1", "a")}


def with_outputs(notebook: nbformat.NotebookNode, records: Records) -> nbformat.NotebookNode:
    """The notebook with answers among its outputs, as JupyterLab saves it."""
    answered = nbformat.from_dict(notebook)
    for cell in answered.cells:
        place = shown_place(cell.source) if cell.cell_type == "code" else None
        if place in records:
            data = {"text/plain": "Saved answer", MIME: {"place": place, **records[place]}}
            cell.outputs = [
                new_output("display_data", data={"text/plain": "<quiz>", "text/html": "<div>quiz</div>"}),
                new_output("display_data", data=data),
            ]
    return answered


def make_class(folder: Path, notebook: nbformat.NotebookNode | None = None) -> None:
    """A class with one chapter in its source, and the bank beside it."""
    source = folder / "class" / "source" / CHAPTER
    source.mkdir(parents=True)
    nbformat.write(notebook or toy_notebook(), source / "toy.ipynb")
    (folder / "quizzes").mkdir()
    (folder / "quizzes" / f"{CHAPTER}.yml").write_text(BANK, encoding="utf-8")
    (folder / "class" / "nbgrader_config.py").write_text(
        "from pathlib import Path\n"
        "from course_utils.grading.settings import configure\n"
        "root = Path(__file__).resolve().parent\n"
        'configure(get_config(), root=root, source=root / "source", quizzes=root.parent / "quizzes")\n',
        encoding="utf-8",
    )


def nbgrader(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run nbgrader in a folder; its words and its status come back."""
    programs = str(Path(sys.executable).parent)  # nbgrader calls alembic by name
    settings = {**os.environ, "PATH": programs + os.pathsep + os.environ["PATH"], **(environment or {})}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    return subprocess.run(
        command, cwd=folder, env=settings, capture_output=True, text=True, errors="replace", timeout=300
    )


def points_in_gradebook(folder: Path) -> dict[str, dict[str, float | None]]:
    """Points by student and place; None where a person has yet to look."""
    from nbgrader.api import Gradebook

    found: dict[str, dict[str, float | None]] = {}
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        for submission in gradebook.assignment_submissions(CHAPTER):
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            found[submission.student.id] = {
                grade.name.removeprefix("quiz-"): None if grade.needs_manual_grade else grade.score
                for grade in grades
            }
    return found
