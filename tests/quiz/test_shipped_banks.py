"""The course's own banks: without a mistake, every program run, enough questions of every type."""

from __future__ import annotations

import time

import pytest

from course_utils.layout import Clone
from course_utils.quiz.check import TYPES, Checked, check_banks


@pytest.fixture(scope="module")
def checked(clone: Clone) -> list[Checked]:
    """All banks, checked once; the programs take most of the time."""
    started = time.perf_counter()
    results = check_banks(sorted(clone.quizzes.glob("*.yml")), notebooks=clone.notebooks)
    print(f"all banks were checked in {time.perf_counter() - started:.0f} s")
    return results


@pytest.mark.timeout(1200)
def test_nothing_is_wrong_with_any_bank(checked: list[Checked]) -> None:
    assert [str(finding) for each in checked for finding in each.findings] == []


def test_chapters_1_to_9_have_at_least_eight_questions_each(checked: list[Checked], clone: Clone) -> None:
    counts = {each.bank.chapter: len(each.bank.questions) for each in checked if each.bank}
    chapters = [chapter.name for chapter in clone.chapters if "01" <= chapter.name[:2] <= "09"]
    assert len(chapters) == 9
    assert {name: counts.get(name, 0) for name in chapters if counts.get(name, 0) < 8} == {}


def test_every_type_is_used(checked: list[Checked]) -> None:
    used = {question.type for each in checked if each.bank for question in each.bank.questions}
    assert used == set(TYPES)
