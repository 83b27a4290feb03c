"""Each exercise: the reference earns everything, the template nothing, each typical mistake the message that helps."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import pytest
import yaml
from exercises import Exercise, load_exercises

from course_utils.layout import Chapter, find_clone

HERE = Path(__file__).parent
CHAPTERS = [chapter for chapter in find_clone(HERE).chapters if chapter.has_exercises]


def wrong_answers(chapter: Chapter) -> list[dict[str, Any]]:
    path = HERE / "wrong_answers" / f"{chapter.name}.yml"
    return list(yaml.safe_load(path.read_text(encoding="utf-8")))


@cache
def exercises_of(chapter: Chapter) -> dict[str, Exercise]:
    matplotlib.use("Agg")
    return load_exercises(chapter)


CASES = [
    pytest.param(chapter, wrong, id=f"{chapter.name}-{wrong['exercise']}-{number}")
    for chapter in CHAPTERS
    for number, wrong in enumerate(wrong_answers(chapter), start=1)
]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_reference_earns_everything_and_the_template_nothing(chapter: Chapter) -> None:
    exercises = exercises_of(chapter)
    assert len(exercises) >= 2
    for exercise in exercises.values():
        assert exercise.score(exercise.solution, hidden=True) == (exercise.points, ""), exercise.name
        assert exercise.template != exercise.solution, exercise.name
        points, message = exercise.score(exercise.template, hidden=True)
        assert points == 0.0, f"{exercise.name}: the untouched template earns {points}"
        assert message


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_every_exercise_keeps_three_to_five_wrong_answers(chapter: Chapter) -> None:
    kept = [wrong["exercise"] for wrong in wrong_answers(chapter)]
    for name in exercises_of(chapter):
        assert 3 <= kept.count(name) <= 5, f"{name} keeps {kept.count(name)} wrong answers"
    assert set(kept) == set(exercises_of(chapter))


@pytest.mark.parametrize(("chapter", "wrong"), CASES)
def test_a_wrong_answer_fails_with_the_message_that_helps(chapter: Chapter, wrong: dict[str, Any]) -> None:
    exercise = exercises_of(chapter)[wrong["exercise"]]
    full, _ = exercise.score(wrong["code"], hidden=True)
    assert full < exercise.points, f"{wrong['mistake']}: earns everything"
    _, message = exercise.score(wrong["code"], hidden=False)
    if "message" in wrong:
        assert re.search(wrong["message"], message), f"{wrong['mistake']}: the student reads {message!r}"
    if "points" in wrong:
        assert full == wrong["points"], f"{wrong['mistake']}: earns {full}"
    assert "message" in wrong or "points" in wrong
