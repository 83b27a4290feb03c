"""The whole of nbgrader's round trip on the first chapter, with the points that it must give."""

from __future__ import annotations

import nbformat
import pytest

from course_utils.grading.classroom import STUDENTS, Classroom, exported_totals, run_classroom
from course_utils.grading.sandbox import sandbox_problem
from course_utils.layout import Chapter, Clone
from course_utils.site.hygiene import check_notebook


@pytest.fixture(scope="session")
def chapter(clone: Clone) -> Chapter:
    return next(chapter for chapter in clone.chapters if chapter.has_exercises)


@pytest.fixture(scope="session")
def classroom(clone: Clone, chapter: Chapter) -> Classroom:
    return run_classroom(clone, [chapter])


def test_points_are_those_of_the_notebook(classroom: Classroom, chapter: Chapter) -> None:
    assert classroom.points[chapter.name] == check_notebook(chapter).points


def test_right_half_right_and_untouched(classroom: Classroom, chapter: Chapter) -> None:
    points = classroom.points[chapter.name]
    ada, ben, cleo = (classroom.scores[student][chapter.name] for student in STUDENTS)
    assert ada == points, "the right submission does not have every point"
    assert cleo == dict.fromkeys(points, 0.0), "the untouched submission has points"
    names = list(check_notebook(chapter).points)
    order = [name for name in names if not name.startswith("quiz-")]
    shown = [name for name in names if name.startswith("quiz-")]
    answered = order[: round(0.5 * len(order))] + shown[: round(0.5 * len(shown))]
    assert ben == {name: points[name] if name in answered else 0.0 for name in points}
    assert 0 < sum(ben.values()) < sum(points.values())


def test_the_written_answer_waits_for_a_person(classroom: Classroom, chapter: Chapter) -> None:
    written = set(check_notebook(chapter).points) - set(check_notebook(chapter).auto_points)
    assert written
    assert classroom.by_hand == written


def test_the_export_has_the_same_totals(classroom: Classroom, chapter: Chapter) -> None:
    totals = exported_totals(classroom.grades_file)
    assert totals == {
        (student, chapter.name): sum(classroom.scores[student][chapter.name].values()) for student in STUDENTS
    }


def test_every_student_gets_feedback(classroom: Classroom, chapter: Chapter) -> None:
    assert len(classroom.feedback) == len(STUDENTS)
    for page in classroom.feedback:
        assert chapter.notebook.stem in page.name
        assert "Score" in page.read_text(encoding="utf-8")


def test_released_notebooks_hold_no_solution(classroom: Classroom, chapter: Chapter) -> None:
    released = classroom.folder / "release" / chapter.name / chapter.notebook.name
    text = released.read_text(encoding="utf-8")
    assert "BEGIN" not in text
    assert "YOUR CODE HERE" in text
    nbformat.validate(nbformat.read(released, as_version=4))


@pytest.mark.needs_sandbox
def test_the_submissions_ran_in_the_sandbox(classroom: Classroom) -> None:
    assert sandbox_problem() is None
    assert classroom.sandboxed
