"""Answers in the file and in the notebook: kept, found again, and never where an instructor's notebooks are."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from course_utils.layout import Clone
from course_utils.quiz import saved
from course_utils.quiz.normalise import LONGEST
from course_utils.quiz.saved import (
    ANSWERS_FILE,
    MIME,
    MOST_BYTES,
    AnswerBook,
    clean_record,
    merge,
    records_in_file,
    records_in_notebook,
    refusal,
)


def record(value: Any = "a", attempts: int = 1, **more: Any) -> dict[str, Any]:
    return {"question": "gates-first", "value": value, "attempt": 1, "attempts": attempts, **more}


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COURSE_STUDENT", "JUPYTERHUB_USER", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)


def notebook_with(*contents: Any) -> dict[str, Any]:
    outputs = [{"output_type": "display_data", "data": {"text/plain": "x", MIME: each}} for each in contents]
    return {"cells": [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": outputs}]}


def test_an_answer_is_saved_and_found_again(tmp_path: Path) -> None:
    assert AnswerBook(tmp_path).record("first") is None
    assert AnswerBook(tmp_path).save("first", record("ä \u2028"), "a seed") is None
    assert AnswerBook(tmp_path).save("second", record(["a", "b"], 3), "a seed") is None
    assert AnswerBook(tmp_path).save("second", record({"a": "b"}, 4), "a seed") is None
    book = AnswerBook(tmp_path)
    assert book.record("first") == record("ä \u2028")
    assert book.record("second") == record({"a": "b"}, 4)
    assert book.seed == "a seed"
    assert [file.name for file in tmp_path.iterdir()] == [ANSWERS_FILE], "a temporary file is left"


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[1]", b'"text"', b"\xff\xfe", b"{" * 100_000, b'{"seed": ' + b"9" * 5000 + b"}", b"null"],
)
def test_a_damaged_file_is_put_aside_and_the_next_answer_is_saved(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / ANSWERS_FILE
    file.write_bytes(damage)
    assert records_in_file(file) == {}
    assert AnswerBook(tmp_path).save("first", record(), "seed") is None
    assert AnswerBook(tmp_path).record("first") == record()
    assert (tmp_path / "quiz_answers.damaged.json").read_bytes() == damage


def test_damage_in_one_answer_leaves_the_others(tmp_path: Path) -> None:
    content = {"version": 1, "seed": 7, "answers": {"first": record(), "second": 5, "\ud800": record()}}
    (tmp_path / ANSWERS_FILE).write_text(json.dumps(content), encoding="utf-8")
    assert records_in_file(tmp_path / ANSWERS_FILE) == {"first": record()}
    assert AnswerBook(tmp_path).save("third", record("c"), "seed") is None
    assert set(records_in_file(tmp_path / ANSWERS_FILE)) == {"first", "third"}


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    true = tmp_path / "true.json"
    true.write_text(json.dumps({"answers": {"first": record()}}), encoding="utf-8")
    assert records_in_file(true)
    link = tmp_path / "link.json"
    link.symlink_to(true)
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    large = tmp_path / "large.json"
    large.write_text(json.dumps({"answers": {"first": record()}, "x": "x" * MOST_BYTES}), encoding="utf-8")
    for name in ("link", "pipe", "folder", "large", "missing"):
        assert records_in_file(tmp_path / f"{name}.json") == {}, name


@pytest.mark.parametrize(
    "found",
    [
        None,
        5,
        "a",
        [],
        {},
        {"question": "q"},
        record(None),
        record(5),
        record(True),
        record(1.5),
        record([1]),
        record([["a"]]),
        record({"a": 1}),
        record({"a": {"b": "c"}}),
        record("x" * (LONGEST + 1)),
        record(["x"] * 21),
        record("\ud800"),
        {**record(), "question": 5},
        {**record(), "question": "\udfff"},
    ],
)
def test_what_is_no_answer(found: object) -> None:
    assert clean_record(found) is None


@pytest.mark.parametrize("odd", [0, -1, 1.0, "1", True, None, 10_001, 10**400, float("nan"), [1]])
def test_odd_counts_are_one(odd: object) -> None:
    assert clean_record({**record(), "attempt": odd, "attempts": odd, "points": 99}) == record()
    assert clean_record({**record(attempts=3), "attempt": odd}) == record(attempts=3)


def test_attempts_are_never_fewer_than_the_attempt() -> None:
    assert clean_record({**record(attempts=2), "attempt": 5}) == {**record(attempts=5), "attempt": 5}


def test_of_two_answers_the_one_with_more_attempts_stays() -> None:
    older, newer = record("a", 2), record("b", 3)
    assert merge({"first": older}, {"first": newer})["first"] is newer
    assert merge({"first": newer}, {"first": older})["first"] is newer
    assert merge({"first": older}, {"first": record("c", 2)})["first"] is older


def test_answers_among_the_outputs_of_a_notebook() -> None:
    first, later = {"place": "first", **record("a", 1)}, {"place": "first", **record("b", 2)}
    assert records_in_notebook(notebook_with(first, later)) == {"first": record("b", 2)}
    assert records_in_notebook(notebook_with(later, first)) == {"first": record("b", 2)}
    for odd in (5, None, [], {"place": 5, **record()}, {**record()}, {"place": "first"}):
        assert records_in_notebook(notebook_with(odd)) == {}, odd
    for odd in (None, [], {"cells": 5}, {"cells": [5, {"outputs": 5}, {"outputs": [5, {"data": 5}]}]}):
        assert records_in_notebook(odd) == {}, odd


def test_an_answer_comes_back_from_the_notebook_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps(notebook_with({"place": "first", **record()}))
    (tmp_path / "gates.ipynb").write_text(text, encoding="utf-8")
    assert AnswerBook(tmp_path).record("first") == record(), "the only notebook was not read"
    (tmp_path / "other.ipynb").write_text("{", encoding="utf-8")
    assert AnswerBook(tmp_path).record("first") is None, "of two notebooks one was guessed"
    monkeypatch.setenv("JPY_SESSION_NAME", f"{tmp_path}/gates.ipynb")
    assert AnswerBook(tmp_path).record("first") == record()
    monkeypatch.setenv("JPY_SESSION_NAME", "other.ipynb")
    assert AnswerBook(tmp_path).record("first") is None
    AnswerBook(tmp_path).save("first", record("from the file", 1), "seed")
    monkeypatch.setenv("JPY_SESSION_NAME", "gates.ipynb")
    assert AnswerBook(tmp_path).record("first") == record("from the file", 1)


def test_the_seed_is_the_students(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = AnswerBook(tmp_path).seed
    assert first == AnswerBook(tmp_path / "other").seed, "one session, two seeds"
    AnswerBook(tmp_path).save("first", record(), first)
    monkeypatch.setattr(saved, "_SESSION_SEED", "another session")
    assert AnswerBook(tmp_path).seed == first
    assert AnswerBook(tmp_path / "other").seed == "another session"
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    assert AnswerBook(tmp_path).seed == "ada"
    monkeypatch.setenv("COURSE_STUDENT", "ben")
    assert AnswerBook(tmp_path).seed == "ben"


def test_nothing_is_saved_among_an_instructors_notebooks(tmp_path: Path, clone: Clone) -> None:
    assert "instructor's notebooks" in str(refusal(clone.chapters[0].notebook.parent))
    source = tmp_path / "class" / "source" / "03_unrolling"
    source.mkdir(parents=True)
    assert refusal(source) is None
    (tmp_path / "class" / "gradebook.db").touch()
    assert "instructor's notebooks" in str(AnswerBook(source).save("first", record(), "seed"))
    assert list(source.iterdir()) == []
    for folder in ("my_work/03_unrolling", "submitted/ada/03_unrolling", "notebooks/03_unrolling"):
        (tmp_path / folder).mkdir(parents=True)
        assert refusal(tmp_path / folder) is None, folder
    (tmp_path / "quizzes").mkdir()
    assert refusal(tmp_path / "notebooks" / "03_unrolling"), "a course's own notebooks"


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saved, "write_atomically", full)
    told = AnswerBook(tmp_path).save("first", record(), "seed")
    assert told == "quiz_answers.json cannot be written (No space left on device)"


def test_an_answer_that_no_file_can_hold_is_told(tmp_path: Path) -> None:
    assert "at most 1000 characters" in str(AnswerBook(tmp_path).save("first", record("\ud800"), "seed"))
    assert not (tmp_path / ANSWERS_FILE).exists()
