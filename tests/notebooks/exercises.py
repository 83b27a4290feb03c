"""Run the exercises of a chapter without a kernel: the reference solution, the untouched template, wrong answers."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_utils.layout import Chapter
from course_utils.quiz.public import shown_place

_HIDDEN = re.compile(r"^.*### BEGIN HIDDEN TESTS.*$(?:.|\n)*?^.*### END HIDDEN TESTS.*$\n?", re.MULTILINE)
_SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION.*$(?:.|\n)*?^.*### END SOLUTION.*$", re.MULTILINE)
STUB = "# YOUR CODE HERE\nraise NotImplementedError()"


@dataclass(frozen=True)
class Exercise:
    """One automatically graded exercise, with everything that is defined when a student reaches it."""

    name: str
    solution: str
    test: str
    test_name: str
    points: float
    namespace: dict[str, Any]

    @property
    def template(self) -> str:
        """The answer cell as a student gets it."""
        return _SOLUTION.sub(
            lambda m: "\n".join(m.group(1) + line for line in STUB.splitlines()), self.solution
        )

    @property
    def visible_test(self) -> str:
        """The check that a student sees."""
        return _HIDDEN.sub("", self.test)

    def score(self, answer: str, *, hidden: bool) -> tuple[float, str]:
        """Run an answer and its check.

        Returns:
            The points as nbgrader would give them, and the error's type and message ("" where nothing failed).
        """
        namespace = dict(self.namespace)
        try:
            run(answer, namespace)
            value = run(self.test if hidden else self.visible_test, namespace)
        except Exception as error:
            return 0.0, f"{type(error).__name__}: {error}"
        return (float(value) if type(value) is float else self.points), ""


def run(source: str, namespace: dict[str, Any]) -> Any:
    """Run a cell; like a notebook, return the value of its last line where that is an expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), namespace)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)


def _grading(cell: NotebookNode) -> dict[str, Any]:
    return dict(cell.metadata.get("nbgrader", {}))


def load_exercises(chapter: Chapter) -> dict[str, Exercise]:
    """Run a chapter's code cells in order and stop before each exercise to keep what is defined there."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exercises: dict[str, Exercise] = {}
    waiting: tuple[str, str, dict[str, Any]] | None = None
    for cell in nbformat.read(chapter.notebook, as_version=4).cells:
        if cell.cell_type != "code" or shown_place(cell.source):  # questions are graded elsewhere
            continue
        grading = _grading(cell)
        if grading.get("solution") and not grading.get("grade"):
            waiting = (grading["grade_id"], cell.source, dict(namespace))
        elif grading.get("grade") and not grading.get("solution"):
            assert waiting is not None, f"{grading['grade_id']} checks no answer cell before it"
            name, solution, before = waiting
            exercises[name] = Exercise(
                name, solution, cell.source, grading["grade_id"], float(grading["points"]), before
            )
        run(cell.source, namespace)
    return exercises
