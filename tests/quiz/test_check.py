"""`course quiz check`: each thing that it looks for is found at its line, and a good bank has none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from course_utils.layout import Clone
from course_utils.quiz.bank import load_bank
from course_utils.quiz.check import Checked, check_banks, print_check, shown_places, texts_of

GOOD = """\
version: 1
language: en
chapter: 03_unrolling
objectives:
  carry: carry the state
questions:
  - id: u-single
    type: single
    objective: carry
    prompt: {en: "Which state?", de: "Welcher Zustand?"}
    options:
      - {id: a, text: {en: "the new one", de: "der neue"}, reason: {en: "It is read.", de: "Er gilt."}, correct: true}
      - {id: b, text: {en: "the old one", de: "der alte"}, reason: {en: "It is gone.", de: "Er ist weg."}}
    hints:
      - {en: "Look at the time.", de: "Sieh auf die Zeit."}
  - id: u-number
    type: number
    points: 2
    objective: carry
    prompt: How many weights?
    answer: 16640
    mistakes:
      - {answer: 8320, reason: Two of the four gates.}
    reason: Four gates.
    other: Count them.
    snippet: |
      print("the answer:")
      print(4 * 4160)
  - id: u-text
    type: text
    objective: carry
    prompt: Which argument?
    accept: [return_sequences]
    reason: Every state is returned.
    other: Look at the layer.
  - id: u-output
    type: output
    objective: carry
    prompt: What does it print?
    snippet: |
      print(2 + 2)
    mistakes:
      - {text: "22", reason: These are numbers.}
    reason: A sum.
    other: Add them.
  - id: u-several
    type: several
    objective: carry
    prompt: Which layers have a state?
    options:
      - {id: a, text: LSTM, reason: It has two., correct: true}
      - {id: b, text: GRU, reason: It has one., correct: true}
      - {id: c, text: Dense, reason: It forgets all.}
"""
PLACES = {"u-single": 1, "u-number": 2, "u-text": 1, "u-output": 1, "u-several": 1}


def notebook(**changes: Any) -> str:
    cells = [
        {
            "cell_type": "code",
            "source": [f'quiz("{place}")'],
            "metadata": {"nbgrader": {"grade": True, "grade_id": f"quiz-{place}", "points": points}},
        }
        for place, points in {**PLACES, **changes}.items()
        if points is not None
    ]
    return json.dumps(
        {"cells": [{"cell_type": "markdown", "source": 'quiz("not code")', "metadata": {}}, *cells]}
    )


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A folder with one good bank, and a notebook that shows it."""
    (tmp_path / "quizzes").mkdir()
    (tmp_path / "quizzes" / "03_unrolling.yml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "notebooks" / "03_unrolling").mkdir(parents=True)
    (tmp_path / "notebooks" / "03_unrolling" / "unrolling.ipynb").write_text(notebook(), encoding="utf-8")
    return tmp_path


def check(room: Path, **options: Any) -> list[Checked]:
    files = sorted((room / "quizzes").glob("*.yml"))
    return check_banks(files, notebooks=room / "notebooks", **options)


def found(room: Path, **options: Any) -> list[tuple[int, str | None, str, str]]:
    return [
        (each.line, each.question, each.level, each.text)
        for checked in check(room, **options)
        for each in checked.findings
    ]


def test_nothing_is_found_in_a_good_bank(room: Path) -> None:
    assert found(room) == []


def line_of(text: str) -> int:
    assert GOOD.count(text) == 1, text
    return GOOD[: GOOD.index(text)].count("\n") + 1


LONG = "a state that is much longer than what everything else here has to say"
# what is written, what instead, the question, the level, a part of the message
LINT = [
    (
        "  carry: carry the state",
        "  carry: carry the state\n  idle: be idle",
        None,
        "error",
        "no question has this objective",
    ),
    ("  carry: carry the state", "  carry: 'TODO: say it'", None, "error", "still to be written"),
    ("reason: Four gates.", "reason: Wrong.", "u-number", "error", "'Wrong.' gives no reason"),
    ("reason: Four gates.", "reason: 'TODO: say why.'", "u-number", "error", "still to be written"),
    ("reason: Four gates.", "reason: '# '", "u-number", "error", "nothing of it is to be seen"),
    (
        "reason: Four gates.",
        r"reason: 'It is $\nosuch{x}$.'",
        "u-number",
        "error",
        "holds a command that is not known",
    ),
    ("reason: It has one.", "reason: It has two.", "u-several", "warning", "the same reason is given twice"),
    (', de: "Er ist weg."}', "}", "u-single", "error", "it lacks de, which other texts"),
    (
        '{en: "Look at the time.", de: "Sieh auf die Zeit."}',
        "Look at the time.",
        "u-single",
        "error",
        "it lacks de",
    ),
    (
        "    reason: Four gates.",
        "    explanation: {en: So., ru: Так.}\n    reason: Four gates.",
        "u-number",
        "error",
        "it lacks ru",
    ),
    (
        'text: {en: "the new one"',
        f'text: {{en: "{LONG}"',
        "u-single",
        "warning",
        "the longest right option has 69 characters",
    ),
    ("text: Dense", f"text: '{LONG}'", "u-several", "warning", "the longest wrong one 69"),
    ("text: Dense", "text: 'All of these'", "u-several", "warning", "speaks of the other options"),
    ("text: Dense", "text: 'None of these'", "u-several", "warning", "speaks of the other options"),
    ('"der alte"}', '"keine der genannten"}', "u-single", "warning", "speaks of the other options"),
    (
        "reason: It forgets all.}",
        "reason: It forgets all., correct: true}",
        "u-several",
        "error",
        "every option is right",
    ),
    (
        '"Look at the time."',
        '"It is the new one, of course."',
        "u-single",
        "warning",
        "the hint holds the answer",
    ),
    ('"Sieh auf die Zeit."', '"Es ist der neue."', "u-single", "warning", "the hint holds the answer"),
    (
        "    answer: 16640",
        "    hints: [It is 4 times 4160 or 16640.]\n    answer: 16640",
        "u-number",
        "warning",
        "the hint holds the answer",
    ),
    (
        "    accept: [return",
        "    hints: [Try `return_sequences`.]\n    accept: [return",
        "u-text",
        "warning",
        "the hint holds the answer",
    ),
]


@pytest.mark.parametrize(("good", "bad", "question", "level", "told"), LINT)
def test_lint(room: Path, good: str, bad: str, question: str | None, level: str, told: str) -> None:
    line = line_of(good)
    (room / "quizzes" / "03_unrolling.yml").write_text(GOOD.replace(good, bad), encoding="utf-8")
    problems = found(room, snippets=False)
    hits = [each for each in problems if told in each[3] and each[1:3] == (question, level)]
    assert hits, problems
    # Of what is about all options, the line is that of `options:`, a few above.
    assert any(-1 <= line - hit[0] <= 3 for hit in hits), (line, hits)
    assert len({each[3] for each in problems}) == 1, problems


SNIPPETS = [
    (
        "print(4 * 4160)",
        "print(4 * 4161)",
        "u-number",
        "the snippet's last line is '16644', the answer 16640",
    ),
    ("print(4 * 4160)", "print('about', 4 * 4160)", "u-number", "the snippet's last line is 'about 16640'"),
    ("print(4 * 4160)", "assert 4 * 4160 == 1", "u-number", "a snippet fails in its line 2: AssertionError"),
    ("print(2 + 2)", "pass", "u-output", "its snippet prints 0 characters"),
    ("print(2 + 2)", "print(2 + two)", "u-output", "a snippet fails in its line 1: NameError"),
    ("print(2 + 2)", "print(20 + 2)", "u-output", "this mistake is what the program prints"),
]


@pytest.mark.parametrize(("good", "bad", "question", "told"), SNIPPETS)
def test_snippets_are_run(room: Path, good: str, bad: str, question: str, told: str) -> None:
    (room / "quizzes" / "03_unrolling.yml").write_text(GOOD.replace(good, bad), encoding="utf-8")
    (problem,) = found(room)
    assert problem[1:3] == (question, "error")
    assert told in problem[3]
    assert found(room, snippets=False) == []


def test_a_number_wants_a_snippet(room: Path) -> None:
    text = GOOD.replace('    snippet: |\n      print("the answer:")\n      print(4 * 4160)\n', "")
    (room / "quizzes" / "03_unrolling.yml").write_text(text, encoding="utf-8")
    assert [(line, text[:30]) for line, _, _, text in found(room)] == [
        (line_of("answer: 16640"), "there is no `snippet` that com")
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"u-text": None}, "no notebook shows 'u-text'; add the cell `quiz(\"u-text\")`"),
        ({"u-text": 3}, "the notebook's cell quiz-u-text has 3 points, the bank 1"),
    ],
)
def test_the_notebook_is_compared(room: Path, changes: dict[str, float | None], told: str) -> None:
    file = room / "notebooks" / "03_unrolling" / "unrolling.ipynb"
    file.write_text(notebook(**changes), encoding="utf-8")
    ((line, question, level, text),) = found(room, snippets=False)
    assert (line, question, level) == (line_of("- id: u-text"), "u-text", "error")
    assert told in text


def test_a_cell_that_is_not_graded_is_found(room: Path) -> None:
    file = room / "notebooks" / "03_unrolling" / "unrolling.ipynb"
    file.write_text(notebook().replace('"quiz-u-text"', '"another-id"'), encoding="utf-8")
    assert ["is not graded" in each[3] for each in found(room, snippets=False)] == [True]
    assert shown_places(file.parent)["u-text"] == [None]


def test_a_bank_without_a_chapter_is_found(room: Path) -> None:
    (room / "quizzes" / "03_unrolling.yml").rename(room / "quizzes" / "11_none.yml")
    (room / "quizzes" / "11_none.yml").write_text(GOOD.replace("03_unrolling", "11_none"), encoding="utf-8")
    ((line, question, _, text),) = found(room, snippets=False)
    assert (line, question) == (line_of("chapter:"), None)
    assert "there is no chapter 11_none" in text


def test_ids_differ_over_the_whole_course_also_where_one_file_is_checked(room: Path) -> None:
    other = GOOD.replace("03_unrolling", "04_next").replace("u-", "v-").replace("v-text", "u-text")
    (room / "quizzes" / "04_next.yml").write_text(other, encoding="utf-8")
    (checked,) = check_banks([room / "quizzes" / "04_next.yml"], snippets=False)
    assert [(each.line, each.text) for each in checked.findings] == [
        (line_of("- id: u-text"), "the id is also used in 03_unrolling.yml; change one of them")
    ]


def test_right_options_are_not_always_at_one_place(room: Path) -> None:
    questions = "".join(
        f"""  - id: f-{number}
    type: single
    objective: carry
    prompt: How many?
    shuffle: false
    options:
      - {{id: a, text: "1", reason: No {number}.}}
      - {{id: {"b" if number % 2 else "c"}, text: "2", reason: So {number}., correct: true}}
"""
        for number in range(3)
    )
    (room / "quizzes" / "03_unrolling.yml").write_text(GOOD + questions, encoding="utf-8")
    told = [text for *_, level, text in found(room, snippets=False) if level == "warning"]
    assert told == ["wherever `shuffle` is false, option 2 is the right one; order some otherwise"]


def test_right_options_do_not_always_have_one_letter(room: Path) -> None:
    questions = "".join(
        f"""  - id: f-{number}
    type: single
    objective: carry
    prompt: How many?
    options:
      - {{id: a, text: "1", reason: So {number}., correct: true}}
      - {{id: b, text: "2", reason: No {number}.}}
"""
        for number in range(3)
    )
    (room / "quizzes" / "03_unrolling.yml").write_text(GOOD + questions, encoding="utf-8")
    told = [text for *_, level, text in found(room, snippets=False) if level == "warning"]
    assert told == ["in 4 of 4 single choices 'a' is right; give other ids to some"]


def test_errors_of_the_bank_are_told_with_their_lines(room: Path) -> None:
    text = GOOD.replace("answer: 16640", "answer: many").replace("accept: [return_sequences]", "acept: []")
    (room / "quizzes" / "03_unrolling.yml").write_text(text, encoding="utf-8")
    assert [each[:3] for each in found(room)] == [
        (line_of("answer: 16640"), "u-number", "error"),
        (line_of("- id: u-text"), "u-text", "error"),
        (line_of("accept:"), "u-text", "error"),
    ]


def test_the_report_and_its_status(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = room / "quizzes" / "03_unrolling.yml"
    assert print_check([file], notebooks=None) == 0
    shown = capsys.readouterr().out
    assert "03_unrolling" in shown and "0 errors, 0 warnings" in shown
    row = next(line for line in shown.splitlines() if line.startswith("03_unrolling"))
    assert row.split() == ["03_unrolling", "1", "1", "1", "1", "1", "5", "6"]

    file.write_text(GOOD.replace("text: Dense", "text: All of these"), encoding="utf-8")
    assert print_check([file], notebooks=None, snippets=False) == 0
    assert print_check([file], notebooks=None, snippets=False, strict=True) == 1
    shown = capsys.readouterr().out
    assert f"03_unrolling.yml:{line_of('text: Dense')} u-several: warning: it speaks" in shown
    assert "0 errors, 1 warning" in shown

    file.write_text(GOOD.replace("reason: Four gates.", "reason: Right."), encoding="utf-8")
    assert print_check([file], notebooks=None, snippets=False) == 1
    assert (
        f"03_unrolling.yml:{line_of('reason: Four gates.')} u-number: 'Right.' gives"
        in capsys.readouterr().out
    )


def test_progress_is_told_for_each_snippet(room: Path) -> None:
    seen: list[tuple[int, int]] = []
    check(room, progress=lambda done, count: seen.append((done, count)))
    assert seen == [(1, 2), (2, 2)]


def test_every_text_of_a_question_is_looked_at(room: Path) -> None:
    bank = load_bank(room / "quizzes" / "03_unrolling.yml")
    places = {".".join(map(str, place)) for place, _ in texts_of(bank.question("u-number"))}
    assert places == {"prompt", "mistakes.0.reason", "reason", "other"}
    places = {".".join(map(str, place)) for place, _ in texts_of(bank.question("u-single"))}
    assert places == {
        "prompt",
        "hints.0",
        *(f"options.{i}.{name}" for i in (0, 1) for name in ("text", "reason")),
    }


def course(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "utf8", "-m", "course_utils.cli", "quiz", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "COLUMNS": "120"},
    )


def test_the_commands_from_a_new_bank_to_the_export(room: Path, clone: Clone) -> None:
    """`new`, `check`, `preview`, `export` and `import` in a small clone, in this order."""
    (room / "_toc.yml").write_text("", encoding="utf-8")
    (room / "notebooks" / "04_next").mkdir()
    (room / "notebooks" / "04_next" / "next.ipynb").write_text('{"cells": []}', encoding="utf-8")
    made = course("new", "4", folder=room)
    assert made.returncode == 0, made.stderr
    file = room / "quizzes" / "04_next.yml"
    assert file.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=bank.schema.json\n")
    again = course("new", "4", folder=room)
    assert again.returncode == 1 and "is there already" in again.stderr and again.stderr.count("\n") == 1

    checked = course("check", "4", "--no-snippets", folder=room)
    assert checked.returncode == 1
    assert (
        "no notebook shows 'next-first'" in checked.stdout and "it is still to be written" in checked.stdout
    )

    shown = course("preview", "3", "--no-browser", "--to", "page", folder=room)
    assert shown.returncode == 0, shown.stderr
    assert Path(shown.stdout.strip()) == (room / "page" / "index.html").resolve()

    exported = course("export", "3", "--format", "moodle", "--to", "out.xml", "--language", "de", folder=room)
    assert exported.returncode == 0, exported.stderr
    assert "Welcher Zustand?" in (room / "out.xml").read_text(encoding="utf-8")
    ElementTree.parse(room / "out.xml")
    assert course("export", "3", "--format", "gift", folder=room).returncode == 0
    taken = course("import", "03_unrolling.gift", "--to", "quizzes/03_unrolling.yml", folder=room)
    assert taken.returncode == 1 and "is there already" in taken.stderr
    into = course("import", "03_unrolling.gift", "--to", "quizzes/05_new.yml", folder=room)
    assert into.returncode == 0, into.stderr
    assert len(load_bank(room / "quizzes" / "05_new.yml").questions) == 5
    unknown = course("check", "nothing.yml", folder=room)
    assert unknown.returncode == 1 and "there is no file nothing.yml" in unknown.stderr
