"""The demo class on a chapter with questions: right, half right and untouched, down to gradebook and feedback."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from quiz_class import BANK, CHAPTER, POINTS, REASON, toy_notebook

from course_utils.grading.classroom import STUDENTS, Classroom, exported_totals, print_report, run_classroom
from course_utils.grading.quiz_statistics import quiz_statistics, read_answers
from course_utils.layout import Clone
from course_utils.quiz.public import QUESTIONS_FILE
from course_utils.quiz.saved import ANSWERS_FILE, records_in_file, records_in_notebook


@pytest.fixture(scope="module")
def quiz_clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    root = tmp_path_factory.mktemp("clone")
    (root / "notebooks" / CHAPTER).mkdir(parents=True)
    nbformat.write(toy_notebook(), root / "notebooks" / CHAPTER / "toy.ipynb")
    (root / "quizzes").mkdir()
    (root / "quizzes" / f"{CHAPTER}.yml").write_text(BANK, encoding="utf-8")
    (root / "_toc.yml").touch()
    return Clone(root)


@pytest.fixture(scope="module")
def classroom(quiz_clone: Clone) -> Classroom:
    return run_classroom(quiz_clone, quiz_clone.assignments)


def test_points_of_the_three_students(classroom: Classroom) -> None:
    places = [f"quiz-{place}" for place in POINTS]
    points = {f"quiz-{place}": most for place, most in POINTS.items()}
    assert classroom.points == {CHAPTER: points}
    ada, ben, cleo = (classroom.scores[student][CHAPTER] for student in STUDENTS)
    assert ada == points
    assert ben == {place: points[place] if place in places[:4] else 0.0 for place in places}
    assert cleo == dict.fromkeys(points, 0.0)
    assert classroom.by_hand == set()
    assert exported_totals(classroom.grades_file) == {
        ("ada", CHAPTER): 10.0,
        ("ben", CHAPTER): 5.0,
        ("cleo", CHAPTER): 0.0,
    }


def test_answers_were_handed_in_by_both_ways(classroom: Classroom) -> None:
    for student, answered in (("ada", 9), ("ben", 4), ("cleo", 0)):
        folder = classroom.folder / "submitted" / student / CHAPTER
        notebook = nbformat.read(folder / "toy.ipynb", as_version=4)
        nbformat.validate(notebook)
        in_file = records_in_file(folder / ANSWERS_FILE)
        assert len(in_file) == answered
        assert records_in_notebook(notebook) == in_file
        assert (folder / QUESTIONS_FILE).is_file()


def test_feedback_shows_the_questions(classroom: Classroom) -> None:
    pages = {page.parts[-3]: page.read_text(encoding="utf-8") for page in classroom.feedback}
    assert set(pages) == set(STUDENTS)
    assert pages["ada"].count("of 1 point</b>. You answered") == 8
    assert pages["ada"].count("of 2 points</b>. You answered") == 1
    assert REASON in pages["ada"]
    assert pages["cleo"].count("no answer to this question was handed in") == len(POINTS)
    assert REASON not in pages["cleo"]


def test_the_report_shows_the_questions(
    classroom: Classroom, quiz_clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    print_report(classroom, quiz_clone)
    printed = capsys.readouterr().out
    for place in POINTS:
        assert f"quiz-{place}" in printed


def test_the_class_has_statistics(classroom: Classroom) -> None:
    found = {each.question: each for each in quiz_statistics(read_answers(classroom.folder))}
    assert (found["toy-several"].shown, found["toy-several"].answered) == (3, 2)
    assert found["toy-several"].values == (("a", 2, True), ("b", 2, True))
    assert (found["toy-output"].shown, found["toy-output"].answered) == (3, 1)
    assert found["toy-output"].values == (("5", 1, True),)


def test_the_folder_of_the_class_holds_no_bank(classroom: Classroom) -> None:
    assert list(Path(classroom.folder).rglob("*.yml")) == []
