"""What a chapter promises is what it has: objectives, points, numbers, minutes. Each breach is noticed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils.layout import Chapter
from course_utils.site.hygiene import check_notebook, check_notebooks

WORDS = 7_000
"""Of the lesson: 35 minutes."""
TITLE = """# Gates

**You will be able to**

- open a gate, and close it
  again;
- count its `weights`.

**Time:** about 55 minutes, half of it for the exercises.
**Builds on:** nothing.
"""


def graded(name: str, **changes: object) -> dict[str, object]:
    cell = {
        "grade": False,
        "grade_id": name,
        "locked": True,
        "schema_version": 3,
        "solution": False,
        "task": False,
    }
    return {"nbgrader": {**cell, **changes}}


def prompt(number: int, heading: str, objective: str) -> NotebookNode:
    metadata = {**graded(f"prompt-{number}"), "objective": objective}
    return new_markdown_cell(f"### {heading}\n\nWrite it.", id=f"prompt-{number}", metadata=metadata)


def automatic(number: int, points: float) -> list[NotebookNode]:
    answer = new_code_cell(
        "### BEGIN SOLUTION\nx = 1\n### END SOLUTION",
        id=f"answer-{number}",
        metadata=graded(f"answer-{number}", solution=True, locked=False),
    )
    check = new_code_cell(
        "assert x, 'none'\n### BEGIN HIDDEN TESTS\nassert x == 1\n### END HIDDEN TESTS",
        id=f"check-{number}",
        metadata=graded(f"check-{number}", grade=True, points=points),
    )
    return [answer, check]


def sound_notebook() -> NotebookNode:
    """A chapter 5 that keeps every promise."""
    question = graded("quiz-gates-one", grade=True, points=1)
    other = graded("quiz-gates-two", grade=True, points=1)
    essay = graded("essay", grade=True, solution=True, locked=False, points=3)
    return new_notebook(
        metadata={"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        cells=[
            new_markdown_cell(TITLE, id="title"),
            new_code_cell("from course_utils.quiz import quiz", id="setup"),
            new_markdown_cell("word " * WORDS, id="lesson"),
            new_code_cell('quiz("gates-one")', id="one", metadata=question),
            new_code_cell('quiz("gates-two")', id="two", metadata=other),
            prompt(1, "Exercise 5.1 · Open it *(1 point, about 5 minutes)*", "open-gates"),
            *automatic(1, 1),
            prompt(2, "Exercise 5.2 · Close it *(2.5 points, about 7 minutes)*", "open-gates"),
            *automatic(2, 2.5),
            prompt(
                3, "Exercise 5.3 · Say why *(3 points, about 8 minutes, graded by hand)*", "count-weights"
            ),
            new_markdown_cell(
                f"### BEGIN SOLUTION\n{'secret ' * 4000}\n### END SOLUTION", id="essay", metadata=essay
            ),
            new_markdown_cell("## Summary\n\n- Open.\n\n**Next:** more.", id="summary"),
        ],
    )


def question(name: str, objective: str) -> dict[str, object]:
    return {
        "id": name,
        "type": "number",
        "points": 1,
        "objective": objective,
        "prompt": "How many?",
        "answer": 4,
        "tolerance": {"absolute": 0},
        "unit": None,
        "mistakes": [{"answer": 3, "reason": "One is missing."}],
        "reason": "There are four.",
        "other": "Count again.",
        "hints": ["Count."],
        "explanation": "Four of them.",
    }


def sound_bank() -> dict[str, object]:
    return {
        "version": 1,
        "language": "en",
        "chapter": "05_gates",
        "mode": "practice",
        "objectives": {
            "open-gates": {"en": "open a gate, and close it again", "de": "ein Tor öffnen und schließen"},
            "count-weights": "count its `weights`",
        },
        "questions": [question("gates-one", "open-gates"), question("gates-two", "count-weights")],
    }


def write_chapter(folder: Path, notebook: NotebookNode, bank: dict[str, object]) -> Chapter:
    path = folder / "notebooks" / "05_gates" / "gates.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    (folder / "quizzes").mkdir()
    (folder / "quizzes" / "05_gates.yml").write_text(
        yaml.safe_dump(bank, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    return Chapter("05_gates", path)


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(each for each in notebook.cells if each.id == name)


def replace(name: str, old: str, new: str) -> Callable[[NotebookNode, dict], None]:  # type: ignore[type-arg]
    def change(notebook: NotebookNode, bank: object) -> None:
        assert old in cell(notebook, name).source
        cell(notebook, name).source = cell(notebook, name).source.replace(old, new)

    return change


def drop(name: str) -> Callable[[NotebookNode, dict], None]:  # type: ignore[type-arg]
    return lambda notebook, bank: notebook.cells.remove(cell(notebook, name))


def other_objective(notebook: NotebookNode, bank: object) -> None:
    cell(notebook, "prompt-1").metadata.objective = "open-doors"


def no_objective(notebook: NotebookNode, bank: object) -> None:
    del cell(notebook, "prompt-1").metadata["objective"]


def unserved(notebook: NotebookNode, bank: dict) -> None:  # type: ignore[type-arg]
    bank["questions"][1]["objective"] = "open-gates"


def longer_bank(notebook: NotebookNode, bank: dict) -> None:  # type: ignore[type-arg]
    bank["objectives"]["sing"] = "sing"


BREACHES = {
    "other words": (
        replace("title", "open a gate", "open gates"),
        "does not promise the bank's objective: - open a",
    ),
    "words of its own": (
        replace("title", "count its", "count all"),
        "what is no objective of the bank: - count all",
    ),
    "no semicolon": (
        replace("title", "again;", "again."),
        "does not promise the bank's objective: - open a gate",
    ),
    "another order": (
        replace(
            "title",
            "- open a gate, and close it\n  again;\n- count its `weights`.",
            "- count its `weights`.\n- open a gate, and close it again;",
        ),
        "in another order",
    ),
    "one more in the bank": (longer_bank, "does not promise the bank's objective: - sing."),
    "an objective that nothing serves": (unserved, "no question serves the objective count-weights"),
    "other points": (
        replace("prompt-1", "1 point,", "2 points,"),
        "2 points in its heading, 1 in its graded cell",
    ),
    "other points by hand": (
        replace("prompt-3", "3 points", "4 points"),
        "4 points in its heading, 3 in its",
    ),
    "another chapter's number": (replace("prompt-1", "5.1", "4.1"), "Exercise 4.1: it is number 5.1"),
    "a number left out": (replace("prompt-2", "5.2", "5.3"), "Exercise 5.3: it is number 5.2"),
    "another form": (replace("prompt-1", "about 5", "5"), "the heading is not `### Exercise N.k"),
    "nothing graded": (drop("check-1"), "Exercise 5.1: nothing below it is graded"),
    "nothing graded at the end": (drop("essay"), "Exercise 5.3: nothing below it is graded"),
    "not announced": (drop("prompt-2"), "check-2: graded, and no exercise announces it"),
    "by hand, or not": (
        replace("prompt-1", "5 minutes)", "5 minutes, graded by hand)"),
        "said to be graded by hand, and graded by its cell",
    ),
    "another objective": (other_objective, "is 'open-doors', not one of open-gates, count-weights"),
    "no objective": (no_objective, "is None, not one of open-gates, count-weights"),
    "too short": (
        replace("lesson", "word " * 4_000, ""),
        "20 minutes of exercises are 35 minutes: a chapter takes 45",
    ),
    "too long": (
        replace("prompt-2", "about 7", "about 28"),
        "41 minutes of exercises are 76 minutes: a chapter takes",
    ),
    "said too long": (replace("title", "55 minutes", "65 minutes"), "are 55 minutes, and the title says 65"),
    "said too short": (replace("title", "55 minutes", "45 minutes"), "are 55 minutes, and the title says 45"),
    "minutes not said": (
        replace("title", "about 55 minutes", "an hour"),
        "does not say `**Time:** about X minutes`",
    ),
}


def test_a_sound_chapter_has_no_problems(tmp_path: Path) -> None:
    chapter = write_chapter(tmp_path, sound_notebook(), sound_bank())
    assert check_notebook(chapter).problems == []
    assert check_notebooks([chapter])[0].problems == []


@pytest.mark.parametrize("breach", BREACHES)
def test_breaches_are_noticed(tmp_path: Path, breach: str) -> None:
    change, message = BREACHES[breach]
    notebook, bank = sound_notebook(), sound_bank()
    change(notebook, bank)
    problems = check_notebook(write_chapter(tmp_path, notebook, bank)).problems
    assert any(message in problem for problem in problems), problems


def test_terms_without_links_are_among_the_problems(tmp_path: Path) -> None:
    notebook = sound_notebook()
    cell(notebook, "lesson").source += "\nA **gate**."
    chapter = write_chapter(tmp_path, notebook, sound_bank())
    (tmp_path / "notebooks" / "appendix").mkdir()
    page = tmp_path / "notebooks" / "appendix" / "glossary.md"
    page.write_text("### gate\n\nIt opens. [Chapter 5](../05_gates/gates.ipynb)\n", encoding="utf-8")
    (problem,) = check_notebooks([chapter])[0].problems
    assert "**gate** stands in bold here first" in problem


def test_a_chapter_without_exercises_promises_nothing_yet(tmp_path: Path) -> None:
    notebook = sound_notebook()
    notebook.cells = [
        each for each in notebook.cells if each.id in {"title", "setup", "one", "two", "summary"}
    ]
    cell(notebook, "title").source = TITLE.replace("gate", "door") + "\n**Exercises:** being written."
    assert check_notebook(write_chapter(tmp_path, notebook, sound_bank())).problems == []


# --- projects -------------------------------------------------------------------------------------------------------


def sound_project() -> NotebookNode:
    """A project that keeps every promise: no bank, hours, a rubric, mostly graded by hand."""
    notebook = sound_notebook()
    notebook.cells = [each for each in notebook.cells if each.id not in ("one", "two", "setup")]
    cell(notebook, "title").source = TITLE.replace("55 minutes", "5 hours")
    for number, minutes in ((1, 80), (2, 85), (3, 100)):
        prompt = cell(notebook, f"prompt-{number}")
        first = prompt.source.splitlines()[0].replace("Exercise 5.", "Exercise 10b.")
        prompt.source = re.sub(r"about \d+ minutes", f"about {minutes} minutes", first) + "\n\nWrite it."
    cell(
        notebook, "prompt-3"
    ).source += "\n\n| criterion | full | partial | none |\n|---|---|---|---|\n| why | 3 | 1 | 0 |"
    cell(notebook, "prompt-3").source = cell(notebook, "prompt-3").source.replace("(3 points", "(4 points")
    cell(notebook, "essay").metadata.nbgrader.points = 4
    return notebook


def problems_as(name: str, folder: Path, notebook: NotebookNode) -> str:
    """What is wrong with a notebook in a folder of this name, whose number says what it is."""
    path = folder / "notebooks" / name / "gates.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    return "\n".join(check_notebook(Chapter(name, path)).problems)


def project_problems(folder: Path, notebook: NotebookNode) -> str:
    return problems_as("11_gates", folder, notebook)


def test_a_project_that_keeps_every_promise_has_no_problem(tmp_path: Path) -> None:
    assert project_problems(tmp_path, sound_project()) == ""


PROJECT_BREACHES = {
    "minutes": (replace("title", "5 hours", "55 minutes"), "does not say `**Time:** about X hours`"),
    "other hours": (replace("title", "5 hours", "7 hours"), "and the title says 7 hours"),
    "too short": (
        replace("prompt-3", "about 100 minutes", "about 1 minutes"),
        "a project takes 4 to 8 hours",
    ),
    "no rubric": (
        replace("prompt-3", "| partial |", "| so-so |"),
        "Exercise 10b.3: graded by hand, and no table",
    ),
    "a lesson's number": (replace("prompt-1", "10b.1", "11.1"), "Exercise 11.1: it is number 10b.1"),
    "mostly automatic": (
        lambda notebook, bank: cell(notebook, "essay").metadata.nbgrader.update(points=3),
        "3.5 of 6.5 points are automatic",
    ),
}


@pytest.mark.parametrize("breach", PROJECT_BREACHES)
def test_a_projects_broken_promise_is_noticed(tmp_path: Path, breach: str) -> None:
    change, message = PROJECT_BREACHES[breach]
    notebook = sound_project()
    change(notebook, {})
    found = project_problems(tmp_path, notebook)
    assert message in found, found


@pytest.mark.parametrize(
    ("name", "label", "is_project", "is_appendix"),
    [
        ("03_unrolling", "3", False, False),
        ("10_a", "10a", True, False),
        ("12_c", "10c", True, False),
        ("13_next", "A", False, True),
        ("14_more", "B", False, True),
    ],
)
def test_projects_are_the_parts_of_the_last_chapter_and_appendices_follow(
    name: str, label: str, is_project: bool, is_appendix: bool
) -> None:
    chapter = Chapter(name, Path("x.ipynb"))
    assert (chapter.label, chapter.is_project, chapter.is_appendix) == (label, is_project, is_appendix)


# --- appendices -----------------------------------------------------------------------------------------------------


def sound_appendix() -> NotebookNode:
    """An appendix that keeps every promise: its title says how long it takes, and nothing is handed in."""
    notebook = sound_notebook()
    kept = {"title", "lesson", "summary"}
    notebook.cells = [each for each in notebook.cells if each.id in kept]
    cell(notebook, "lesson").source = "word " * 2_000
    cell(notebook, "title").source = TITLE.replace("55 minutes", "10 minutes")
    return notebook


def appendix_problems(folder: Path, notebook: NotebookNode) -> str:
    return problems_as("13_next", folder, notebook)


def test_an_appendix_that_keeps_every_promise_has_no_problem(tmp_path: Path) -> None:
    assert appendix_problems(tmp_path, sound_appendix()) == ""


def test_an_appendix_has_nothing_to_hand_in(tmp_path: Path) -> None:
    notebook = sound_appendix()
    notebook.cells.insert(1, cell(sound_notebook(), "essay"))
    assert "cell essay: an appendix is read, and nothing in it is graded" in appendix_problems(
        tmp_path, notebook
    )


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("40 minutes", "minutes, and the title says 40"),
        ("an hour", "does not say `**Time:** about X minutes`"),
    ],
)
def test_an_appendix_says_how_long_it_takes(tmp_path: Path, said: str, message: str) -> None:
    notebook = sound_appendix()
    cell(notebook, "title").source = TITLE.replace("55 minutes", said)
    assert message in appendix_problems(tmp_path, notebook)
