"""Statistics of a class's answers, against numbers worked out by hand."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_utils.errors import CourseError
from course_utils.grading.quiz import GRADE_MIME
from course_utils.grading.quiz_statistics import (
    Answered,
    QuestionStatistics,
    correlation,
    print_statistics,
    quiz_statistics,
    read_answers,
)


def answered(student: str, question: str | None, value: object, share: float, **more: object) -> Answered:
    found: dict[str, object] = {
        "chapter": "03_unrolling",
        "place": question,
        "type": "single",
        "points": share,
        **more,
    }
    return Answered(student=student, question=question, value=value, share=share, **found)  # type: ignore[arg-type]


# Four students, two choices and a number. Of the number the rest is 2, 1, 1, 0.
CLASS = [
    answered("ada", "first", "b", 1.0),
    answered("ben", "first", "b", 1.0),
    answered("cleo", "first", "a", 0.0),
    answered("dan", "first", "c", 0.0),
    answered("ada", "second", "b", 1.0),
    answered("ben", "second", "a", 0.0),
    answered("cleo", "second", "b", 1.0),
    answered("dan", None, None, 0.0, place="second", type=None),
    answered("ada", "number", "128", 1.0, type="number"),
    answered("ben", "number", "128.0", 1.0, type="number"),
    answered("cleo", "number", "14", 0.0, type="number"),
    answered("dan", "number", "14", 0.0, type="number"),
]


def statistics_of(name: str, answers: list[Answered] = CLASS) -> QuestionStatistics:
    return next(each for each in quiz_statistics(answers) if each.question == name)


def test_counts_means_and_options() -> None:
    first = statistics_of("first")
    assert (first.shown, first.answered, first.mean_share) == (4, 4, 0.5)
    assert first.values == (("b", 2, True), ("a", 1, False), ("c", 1, False))
    second = statistics_of("second")
    assert (second.shown, second.answered) == (4, 3)
    assert second.mean_share == pytest.approx(2 / 3)


def test_discrimination_by_hand() -> None:
    # The number: 1, 1, 0, 0; the rest of the points: 2, 1, 1, 0. Centred: ±0.5 and 1, 0, 0, -1.
    assert statistics_of("number").discrimination == pytest.approx(1 / math.sqrt(1 * 2))
    # The second, of the three who answered: 1, 0, 1; the rest: 2, 2, 0.
    assert statistics_of("second").discrimination == pytest.approx(-0.5)
    assert "tells little" in statistics_of("second").flags
    assert "tells little" not in statistics_of("number").flags


def test_where_it_is_not_defined() -> None:
    assert correlation([1, 2], [1, 2]) is None
    assert correlation([1, 1, 1], [1, 2, 3]) is None
    assert correlation([0.1, 0.1, 0.1], [0.3, 0.3, 0.3]) is None
    assert correlation([1, 2, 3], [2, 4, 6]) == pytest.approx(1)


def test_too_easy_too_hard_and_never_answered() -> None:
    easy = [answered(str(number), "easy", "a", 1.0) for number in range(20)]
    hard = [answered(str(number), "hard", "a", float(number < 3)) for number in range(20)]
    never = [answered(str(number), None, None, 0.0, place="never", type=None) for number in range(20)]
    found = {each.question: each for each in quiz_statistics(easy + hard + never)}
    assert found["easy"].flags == ["too easy?"]
    assert found["easy"].discrimination is None
    assert found["hard"].flags == ["too hard, or wrong in the bank?"]
    assert found["never"].answered == 0
    assert found["never"].shown == 20
    assert found["never"].mean_share is None
    assert found["never"].flags == []


def test_several_are_counted_by_option_and_a_pool_by_question() -> None:
    answers = [
        answered("ada", "gates", ["a", "b"], 1.0, type="several"),
        answered("ben", "gates", ["a", "d"], 0.5, type="several"),
        answered("ada", "p1", "a", 1.0, place="pool-1"),
        answered("ben", "p2", "a", 1.0, place="pool-1"),
        answered("cleo", None, None, 0.0, place="pool-1", type=None),
    ]
    assert statistics_of("gates", answers).values == (("a", 2, True), ("b", 1, True), ("d", 1, False))
    assert [(each.question, each.shown) for each in quiz_statistics(answers)] == [
        ("gates", 2),
        ("p1", 1),
        ("p2", 1),
    ]


def write_class(folder: Path) -> None:
    for student in ("ada", "ben", "cleo"):
        grade = {"place": "number", "share": 0.5, "points": 0.5, "most": 1.0}
        if student != "cleo":
            grade |= {
                "question": "number",
                "type": "number",
                "value": '[b] "x"\nnext',
                "attempt": 1,
                "attempts": 2,
            }
        data = {"text/plain": "0.5", GRADE_MIME: grade}
        cell = new_code_cell('quiz("number")', outputs=[new_output("execute_result", data=data)])
        file = folder / "autograded" / student / "03_unrolling" / "unrolling.ipynb"
        file.parent.mkdir(parents=True)
        nbformat.write(new_notebook(cells=[cell, new_code_cell("1")]), file)


def test_a_class_is_read_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_class(tmp_path)
    assert [each.student for each in read_answers(tmp_path)] == ["ada", "ben", "cleo"]
    print_statistics(tmp_path, tmp_path / "statistics.csv")
    printed = capsys.readouterr().out
    assert "03_unrolling" in printed and "2 of 3" in printed and "0.50" in printed
    with (tmp_path / "statistics.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["question"], row["answered"], row["shown"], row["mean_share"]) == ("number", "2", "3", "0.5")
    assert row["discrimination"] == ""
    assert json.loads(row["answers"]) == [['[b] "x"\nnext', 2]]


def test_a_folder_without_grades_is_named(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"no graded questions below .*after `nbgrader autograde`"):
        print_statistics(tmp_path)
