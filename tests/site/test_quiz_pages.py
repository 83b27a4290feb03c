"""Questions in the contract of a notebook, on the pages, and what of their banks must never be published."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from quiz_class import BANK, CHAPTER, POINTS, REASON, question_cell, right_answers, toy_notebook, with_outputs

from course_utils.errors import CourseError
from course_utils.grading.release import build_student_edition, release_chapter, student_key
from course_utils.layout import Chapter, Clone
from course_utils.quiz.public import QUESTIONS_FILE
from course_utils.quiz.saved import ANSWERS_FILE, MIME
from course_utils.site.checks import find_leaks, secret_phrases
from course_utils.site.execute import Record, chapter_key
from course_utils.site.hygiene import check_notebook
from course_utils.site.pages import reader_notebook


@pytest.fixture
def quiz_clone(toy_clone: Clone) -> Clone:
    """A clone whose only chapter has questions and no exercises yet."""
    chapter = toy_clone.notebooks / CHAPTER
    nbformat.write(toy_notebook(), chapter / "toy.ipynb")
    toy_clone.quizzes.mkdir()
    (toy_clone.quizzes / f"{CHAPTER}.yml").write_text(BANK, encoding="utf-8")
    return toy_clone


def test_a_chapter_with_questions_alone_keeps_the_contract_and_is_an_assignment(quiz_clone: Clone) -> None:
    (chapter,) = quiz_clone.assignments
    assert chapter.is_graded
    assert not chapter.has_exercises
    found = check_notebook(chapter)
    assert found.problems == []
    assert found.points == {f"quiz-{place}": points for place, points in POINTS.items()}
    assert found.auto_points == found.points


def change_cell(place: str, **changes: object) -> Callable[[nbformat.NotebookNode], None]:
    def change(notebook: nbformat.NotebookNode) -> None:
        cell = next(cell for cell in notebook.cells if cell.id == f"quiz-{place}")
        cell.metadata.nbgrader.update(changes)

    return change


def _no_import(notebook: nbformat.NotebookNode) -> None:
    notebook.cells[1].source = "import course_utils"


def _more_in_the_cell(notebook: nbformat.NotebookNode) -> None:
    notebook.cells[3].source += "\nprint(1)"


def _not_graded(notebook: nbformat.NotebookNode) -> None:
    del notebook.cells[3].metadata["nbgrader"]


def _missing(notebook: nbformat.NotebookNode) -> None:
    notebook.cells = [cell for cell in notebook.cells if cell.id != "quiz-toy-pool-2"]


def _twice(notebook: nbformat.NotebookNode) -> None:
    twin = question_cell("toy-text", 1.0)
    twin["id"] = "twin"
    notebook.cells.insert(5, twin)


def _unknown(notebook: nbformat.NotebookNode) -> None:
    notebook.cells.insert(5, question_cell("toy-p1", 1.0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            change_cell("toy-single", points=3),
            "toy-single: 3 points in the notebook, 1 in quizzes/01_toy.yml",
        ),
        (change_cell("toy-single", grade_id="quiz-other"), "toy-single: not a locked graded cell with"),
        (change_cell("toy-single", locked=False), "toy-single: not a locked graded cell with"),
        (change_cell("toy-single", solution=True), "toy-single: not a locked graded cell with"),
        (change_cell("toy-single", grade=False), "toy-single: not a locked graded cell with"),
        (_no_import, "there are questions and no `from course_utils.quiz import quiz`"),
        (_more_in_the_cell, "cell quiz-toy-single: beside quiz() with one plain id"),
        (_not_graded, "toy-single: not a locked graded cell"),
        (_missing, "toy-pool-2: shown 0 times"),
        (_twice, "toy-text: shown 2 times"),
        (_unknown, "toy-p1: quizzes/01_toy.yml has no such question"),
    ],
)
def test_breaches_are_noticed(
    quiz_clone: Clone, change: Callable[[nbformat.NotebookNode], None], message: str
) -> None:
    (chapter,) = quiz_clone.chapters
    notebook = toy_notebook()
    change(notebook)
    nbformat.write(notebook, chapter.notebook)
    problems = check_notebook(chapter).problems
    assert any(problem.startswith(message) for problem in problems), problems


def test_a_missing_a_broken_and_an_unused_bank_are_noticed(quiz_clone: Clone) -> None:
    (chapter,) = quiz_clone.chapters
    chapter.bank.write_text(BANK.replace("correct: true", "right: true", 1), encoding="utf-8")
    assert any("01_toy.yml, question toy-single, line" in each for each in check_notebook(chapter).problems)
    chapter.bank.unlink()
    assert check_notebook(chapter).problems == [
        "there are questions and no quizzes/01_toy.yml: write the bank"
    ]
    chapter.bank.write_text(BANK, encoding="utf-8")
    notebook = toy_notebook()
    notebook.cells = [cell for cell in notebook.cells if not cell.id.startswith("quiz-")]
    nbformat.write(notebook, chapter.notebook)
    assert f"{len(POINTS)}" == str(
        sum("shown 0 times" in problem for problem in check_notebook(chapter).problems)
    )


def test_answers_beside_the_notebook_are_noticed_and_not_released(quiz_clone: Clone, tmp_path: Path) -> None:
    (chapter,) = quiz_clone.chapters
    (chapter.notebook.parent / ANSWERS_FILE).write_text("{}", encoding="utf-8")
    assert any("would be given to every student" in each for each in check_notebook(chapter).problems)
    with pytest.raises(CourseError, match=r"^nbgrader cannot release 01_toy: \S+quiz_answers\.json would be"):
        release_chapter(chapter, quiz_clone, tmp_path / "out")
    assert not (tmp_path / "out" / CHAPTER).exists()


def test_readers_see_the_question_and_nothing_of_its_answer(quiz_clone: Clone) -> None:
    (chapter,) = quiz_clone.chapters
    executed = with_outputs(toy_notebook(), right_answers())
    outputs = [
        [dict(output) for output in cell.outputs] for cell in executed.cells if cell.cell_type == "code"
    ]
    outputs[0] = [{"output_type": "stream", "name": "stdout", "text": "kept"}]
    page = reader_notebook(chapter, Record("key", outputs, [0.0] * len(outputs), []))
    assert MIME not in json.dumps(page)
    assert "Saved answer" not in json.dumps(page)
    questions = [cell for cell in page.cells if cell.source.startswith("quiz(")]
    assert len(questions) == len(POINTS)
    for cell in questions:
        assert [output.data["text/html"] for output in cell.outputs] == ["<div>quiz</div>"]
    assert page.cells[1].outputs[0].text == "kept"


def test_a_changed_bank_executes_and_releases_the_chapter_again(quiz_clone: Clone) -> None:
    (chapter,) = quiz_clone.chapters
    before = chapter_key(chapter, "x"), student_key(quiz_clone, [chapter])
    chapter.bank.write_text(BANK.replace("answer: 128", "answer: 127"), encoding="utf-8")
    after = chapter_key(chapter, "x"), student_key(quiz_clone, [chapter])
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_what_is_private_in_a_bank(quiz_clone: Clone) -> None:
    (chapter,) = quiz_clone.chapters
    secrets = secret_phrases([chapter])
    assert REASON in secrets
    assert "One matrix serves the whole of a sequence, however long." in secrets
    assert "Think of what the gradient is summed over, at the end." in secrets
    assert not any("shared by all steps" in phrase for phrase in secrets), "a prompt is public"
    notebook = toy_notebook()
    notebook.cells[0].source += f"\n\n{REASON}"
    nbformat.write(notebook, chapter.notebook)
    assert REASON not in secret_phrases([chapter]), "a lesson says it too"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", f"<p>{REASON.replace('weights', '<b>weights</b>')}</p>"),
        ("state.html", f'<div data-state="{{&quot;reason&quot;: &quot;{REASON}&quot;}}"></div>'),
        ("questions.json", json.dumps({"reason": f"<p>{REASON}</p>"})),
        (
            "toy.ipynb",
            json.dumps(
                {"cells": [{"source": ["Because the weights of every single step are\n", "the same ones."]}]}
            ),
        ),
        (f"{CHAPTER}.yml", "questions: []"),
        ("hint.md", "Think of what the gradient is\nsummed over, at the end."),
    ],
)
def test_leaks_of_a_bank_are_found(quiz_clone: Clone, tmp_path: Path, name: str, content: str) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "quiz.html").write_text("<p>Which one of these is shared by all steps?</p>", encoding="utf-8")
    assert find_leaks([folder], quiz_clone.chapters) == []
    (folder / name).write_text(content, encoding="utf-8")
    assert find_leaks([folder], quiz_clone.chapters), f"{name} leaks and was not found"
    (folder / name).unlink()
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr(f"quizzes/{name}", content)
    assert find_leaks([folder], quiz_clone.chapters), f"{name} in an archive leaks and was not found"


def test_the_student_edition_brings_its_questions_and_no_answers(quiz_clone: Clone) -> None:
    assert build_student_edition(quiz_clone, quiz_clone.chapters)
    released = quiz_clone.student / CHAPTER
    assert set(json.loads((released / QUESTIONS_FILE).read_text(encoding="utf-8"))) == set(POINTS)
    with zipfile.ZipFile(quiz_clone.student / f"{CHAPTER}.zip") as archive:
        assert f"{CHAPTER}/{QUESTIONS_FILE}" in archive.namelist()
    (wheel,) = quiz_clone.student.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        bundled = json.loads(archive.read("course_utils/_bundled/quizzes.json"))
        assert not any(name.endswith((".yml", "hatch_build.py")) for name in archive.namelist())
    assert set(bundled) == set(POINTS)
    assert "quiz_answers.json" in (quiz_clone.student / "README.md").read_text(encoding="utf-8")
    assert find_leaks([quiz_clone.student], quiz_clone.chapters) == []
    assert not build_student_edition(quiz_clone, quiz_clone.chapters), (
        "nothing changed and it was built again"
    )


def test_a_chapter_without_a_bank_has_none(toy_clone: Clone) -> None:
    (chapter,) = toy_clone.chapters
    assert isinstance(chapter, Chapter)
    assert not chapter.bank.exists()
    assert secret_phrases([chapter]) == {}
    assert not any("question" in problem for problem in check_notebook(chapter).problems)
