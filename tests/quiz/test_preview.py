"""The page of a bank's questions: all of them, in every language, and nothing from elsewhere."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from strategies import TYPES

from course_utils.layout import Clone
from course_utils.quiz.bank import load_bank
from course_utils.quiz.preview import write_preview


def test_every_question_is_on_the_page_in_every_language(clone: Clone, tmp_path: Path) -> None:
    file = clone.quizzes / "03_unrolling.yml"
    bank = load_bank(file)
    assert (
        write_preview(file, tmp_path / "new" / "page") == (tmp_path / "new" / "page" / "index.html").resolve()
    )
    for language in bank.languages:
        name = "index" if language == bank.language else language
        page = (tmp_path / "new" / "page" / f"{name}.html").read_text(encoding="utf-8")
        assert f'<html lang="{language}"' in page
        states = [json.loads(html.unescape(each)) for each in re.findall(r'data-state="([^"]*)"', page)]
        questions = [question for state in states for question in state["place"]["questions"]]
        assert [question["id"] for question in questions] == [question.id for question in bank.questions]
        assert {question["language"] for question in questions} <= set(bank.languages)
        assert language in {question["language"] for question in questions}
        assert {question["type"] for question in questions} <= set(TYPES)
        assert page.count('data-module="quiz"') == len(bank.questions)


def test_the_page_needs_nothing_from_elsewhere(clone: Clone, tmp_path: Path) -> None:
    page = write_preview(clone.quizzes / "01_neurons.yml", tmp_path)
    text = page.read_text(encoding="utf-8")
    loaded = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert sorted(loaded) == ["course-widgets.js", "data:,", "explainers.css"]
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "course-widgets.js",
        "explainers.css",
        "index.html",
    ]
    assert "quiz" in (tmp_path / "course-widgets.js").read_text(encoding="utf-8")


def test_questions_of_a_pool_are_shown_one_by_one(tmp_path: Path) -> None:
    option = "{id: %s, text: %s, reason: so%s}"
    options = f"[{option % ('a', 'x', ', correct: true')}, {option % ('b', 'y', '')}]"
    questions = "".join(
        f"  - {{id: q-{number}, type: single, objective: it, prompt: why, options: {options}}}\n"
        for number in range(3)
    )
    file = tmp_path / "03_unrolling.yml"
    file.write_text(
        "version: 1\nlanguage: en\nchapter: 03_unrolling\nmode: exam\nobjectives: {it: do it}\n"
        f"questions:\n{questions}pools:\n  - {{id: pool, draw: 2, questions: [q-0, q-1, q-2]}}\n",
        encoding="utf-8",
    )
    text = write_preview(file, tmp_path / "page").read_text(encoding="utf-8")
    assert re.findall(r"<h2>(q-\d)</h2>", text) == ["q-0", "q-1", "q-2"]
    assert "Mode: exam" in text and "sealed" not in text
