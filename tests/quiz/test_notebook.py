"""`quiz()` and `answer()`: shown, kept, restored after a restart; quiet where nbgrader runs the notebook."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import IPython.display
import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from quiz_class import BANK, CHAPTER, record, right_answers, toy_bank
from traitlets.config import Config

from course_utils.errors import CourseError
from course_utils.layout import Clone
from course_utils.quiz import answer, notebook, quiz
from course_utils.quiz.bank import read_bank
from course_utils.quiz.public import QUESTIONS_FILE, drawn
from course_utils.quiz.publish import Publisher, published, write_questions
from course_utils.quiz.saved import ANSWERS_FILE, MIME, AnswerBook
from course_utils.quiz.widget import QuizQuestion


class Shown:
    """What was displayed, and the last state of what can change."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self.updated: Any = None

    def __call__(self, what: Any, **options: Any) -> Shown:
        self.all.append(what)
        return self

    def update(self, what: Any, **options: Any) -> None:
        self.updated = what

    @property
    def widget(self) -> QuizQuestion:
        return next(each for each in reversed(self.all) if isinstance(each, QuizQuestion))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A student's folder, which is the working folder."""
    for name in ("NBGRADER_EXECUTION", "COURSE_STUDENT", "JUPYTERHUB_USER", "COURSE_LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    work = tmp_path / CHAPTER
    work.mkdir()
    (work / QUESTIONS_FILE).write_text(json.dumps(published(toy_bank())), encoding="utf-8")
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    found = Shown()
    monkeypatch.setattr(IPython.display, "display", found)
    return found


def test_a_question_is_shown_and_its_answer_saved_twice(folder: Path, shown: Shown) -> None:
    assert quiz("toy-single") is None
    assert shown.widget.answer == {}
    assert shown.all[1] == {"text/plain": "Not answered yet."}
    shown.widget.answer = record("toy-single", "b")
    assert AnswerBook(folder).record("toy-single") == record("toy-single", "b")
    assert shown.updated[MIME] == {"place": "toy-single", **record("toy-single", "b")}
    assert shown.updated["text/plain"] == 'Saved answer: "b"'
    assert shown.widget.problem == ""
    seed = shown.widget.seed
    assert seed and seed == json.loads((folder / ANSWERS_FILE).read_text(encoding="utf-8"))["seed"]
    quiz("toy-single")
    assert shown.widget.answer == record("toy-single", "b"), "the answer was not restored"
    assert shown.widget.seed == seed


def test_among_the_instructors_notebooks_a_question_is_shown_and_not_saved(
    folder: Path, shown: Shown, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = tmp_path / "source" / CHAPTER
    shutil.copytree(folder, source)
    (tmp_path / "gradebook.db").touch()
    monkeypatch.chdir(source)
    quiz("toy-single")
    shown.widget.answer = record("toy-single", "b")
    assert "instructor's notebooks" in shown.widget.problem
    assert not (source / ANSWERS_FILE).exists()
    answer("toy-single", "b")
    assert "It was not saved: these are the instructor's notebooks" in shown.all[-1]["text/html"]


@pytest.mark.parametrize("place", sorted(right_answers()))
def test_answer_without_buttons(folder: Path, shown: Shown, place: str) -> None:
    known = json.loads((folder / QUESTIONS_FILE).read_text(encoding="utf-8"))[place]["en"]
    book = AnswerBook(folder)
    asked = toy_bank().question(drawn(known, book.seed)["id"])
    answer(place, asked.best_answer())
    told = shown.all[-1]
    most = f"{asked.points:g}"
    points = "point" if asked.points == 1 else "points"
    assert f"✓ Right. {most} of {most} {points}." in told["text/html"]
    assert told[MIME]["question"] == asked.id
    assert book.record(place) == record(asked.id, asked.best_answer())


def test_a_number_may_be_typed_as_a_number(folder: Path, shown: Shown) -> None:
    answer("toy-number", 128)
    assert "✓ Right." in shown.all[-1]["text/html"]
    answer("toy-number", 14)
    assert "That is two times seven." in shown.all[-1]["text/html"]
    assert "✗ Not yet. 0 of 1 point." in shown.all[-1]["text/html"]


def test_the_best_answer_counts_and_every_attempt_is_counted(folder: Path, shown: Shown) -> None:
    saved = []
    for value in (["c"], ["a"], ["a", "b"], ["a"]):
        answer("toy-several", value)
        saved.append(AnswerBook(folder).record("toy-several"))
    assert [(each["value"], each["attempt"], each["attempts"]) for each in saved if each] == [
        (["c"], 1, 1),
        (["a"], 2, 2),
        (["a", "b"], 3, 3),
        (["a", "b"], 3, 4),
    ]


@pytest.mark.parametrize(
    ("place", "value", "wanted"),
    [
        ("toy-single", "d", "choose one of a, b, c"),
        ("toy-single", ["b"], "choose one of a, b, c"),
        ("toy-several", [], "give a list of what you choose of a, b, c, d"),
        ("toy-several", "ab", "give a list"),
        ("toy-several", ["a", "a"], "give a list"),
        ("toy-several", [["a"]], "give a list"),
        ("toy-order", ["a", "b"], "give a list of all of a, b, c, first to last"),
        ("toy-match", {"x": "1"}, "give a mapping of x, y to 1, 2, 3"),
        ("toy-number", "twelve", "give a number, such as 0.42, 1/3 or 1e-3"),
        ("toy-number", True, "give a number"),
        ("toy-number", float("nan"), "give a number"),
        ("toy-text", " ", "give a text of 1 to 1000 characters"),
        ("toy-output", "x" * 1001, "give a text of 1 to 1000 characters"),
    ],
)
def test_what_cannot_be_an_answer_is_told_and_costs_nothing(
    folder: Path, shown: Shown, place: str, value: object, wanted: str
) -> None:
    with pytest.raises(CourseError, match=f"^{place}: {wanted}"):
        answer(place, value)
    assert not (folder / ANSWERS_FILE).exists()


def test_attempts_are_used_up(folder: Path, shown: Shown) -> None:
    text = BANK.replace("  - id: toy-text\n", "  - id: toy-text\n    attempts: {most: 2, decay: [1, 0.5]}\n")
    questions = published(read_bank(text, "x.yml"))
    (folder / QUESTIONS_FILE).write_text(json.dumps(questions) + "\n", encoding="utf-8")
    answer("toy-text", "return_state")
    answer("toy-text", "return_sequences")
    assert "✓ Right. 0.5 of 1 point." in shown.all[-1]["text/html"]
    with pytest.raises(CourseError, match="toy-text: all 2 attempts are used up"):
        answer("toy-text", "return_sequences")


def test_an_exam_gives_no_verdict(folder: Path, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    exam = read_bank(BANK.replace("language: en", "language: en\nmode: exam"), "x.yml")
    text = json.dumps(published(exam))
    assert "sealed" not in text and "keys" not in text
    (folder / QUESTIONS_FILE).write_text(text, encoding="utf-8")
    answer("toy-single", "b")
    answer("toy-single", "a")
    assert shown.all[-1]["text/html"] == "<p><b>Saved.</b></p>"
    assert AnswerBook(folder).record("toy-single") == record("toy-single", "a", attempts=2, attempt=2)
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    assert quiz("toy-single") is None
    assert quiz("toy-text") == 0.0


def test_an_unknown_question_is_told_with_the_nearest(folder: Path) -> None:
    with pytest.raises(CourseError, match="there is no question 'toy-singel': did you mean 'toy-single'"):
        quiz("toy-singel")
    with pytest.raises(CourseError, match="there is no question 'zzz': is quiz_questions"):
        answer("zzz", "a")


def test_a_damaged_file_of_questions_is_told(folder: Path) -> None:
    (folder / QUESTIONS_FILE).write_text("{", encoding="utf-8")
    with pytest.raises(CourseError, match=r"quiz_questions\.json is damaged: copy it again"):
        quiz("toy-single")


def test_the_language_is_chosen(folder: Path, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = "prompt: Which are gates?"
    german = BANK.replace(prompt, "prompt: {en: Which are gates?, de: Was sind Tore?}")
    (folder / QUESTIONS_FILE).write_text(json.dumps(published(read_bank(german, "x.yml"))), encoding="utf-8")
    asked = []
    quiz("toy-several")
    asked.append(shown.widget.place["questions"][0]["prompt"])
    quiz("toy-several", language="de")
    asked.append(shown.widget.place["questions"][0]["prompt"])
    monkeypatch.setenv("COURSE_LANGUAGE", "de")
    quiz("toy-several")
    asked.append(shown.widget.place["questions"][0]["prompt"])
    answer("toy-several", ["a", "b"])
    assert asked == ["Which are gates?", "Was sind Tore?", "Was sind Tore?"]
    assert "✓ Richtig." in shown.all[-1]["text/html"]


def test_where_nbgrader_grades_it_reads_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    monkeypatch.chdir(tmp_path)

    def touched(*given: object) -> None:
        raise AssertionError(f"looked for {given}")

    monkeypatch.setattr(notebook, "_find", touched)
    assert quiz("any-question") == 0.0
    assert type(quiz("any-question")) is float
    assert list(tmp_path.iterdir()) == []


def test_validate_tells_the_points(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    book = AnswerBook(folder)
    book.save("toy-several", record("toy-several", ["a"]), "seed")
    book.save("toy-single", record("toy-single", "b"), "seed")
    book.save("toy-text", record("toy-number", "128"), "seed")
    book.save("toy-number", record("toy-number", "none"), "seed")
    assert quiz("toy-several") == 1.5
    assert "toy-several: 1.5 of 2 points." in capsys.readouterr().err
    assert quiz("toy-single") == 1.0
    assert capsys.readouterr().err == "", "full points and still a complaint"
    assert [quiz(name) for name in ("toy-text", "toy-number", "toy-output")] == [0.0, 0.0, 0.0]


def test_in_a_clone_the_banks_are_read_and_in_a_package_the_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: Shown
) -> None:
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    root = tmp_path / "clone"
    chapter = root / "notebooks" / CHAPTER
    chapter.mkdir(parents=True)
    (root / "_toc.yml").touch()
    (root / "quizzes").mkdir()
    (root / "quizzes" / f"{CHAPTER}.yml").write_text(BANK, encoding="utf-8")
    monkeypatch.chdir(chapter)
    quiz("toy-single")
    assert shown.widget.place["chapter"] == CHAPTER
    shown.widget.answer = record("toy-single", "b")
    assert "instructor's notebooks" in shown.widget.problem

    bundle = tmp_path / "bundle"
    write_questions(root / "quizzes", bundle / "quizzes.json")
    alone = tmp_path / "alone"
    alone.mkdir()
    monkeypatch.chdir(alone)
    monkeypatch.setattr(notebook, "find_clone", lambda folder: Clone(tmp_path / "none"))
    monkeypatch.setattr(notebook, "bundled_path", lambda name: bundle / name)
    quiz("toy-match")
    assert shown.widget.place == Publisher(toy_bank(), "en").place("toy-match")


def test_the_bundle_holds_no_exam(tmp_path: Path) -> None:
    banks = tmp_path / "quizzes"
    banks.mkdir()
    (banks / f"{CHAPTER}.yml").write_text(BANK, encoding="utf-8")
    exam = BANK.replace("language: en", "language: en\nmode: exam").replace(CHAPTER, "02_exam")
    (banks / "02_exam.yml").write_text(exam.replace("toy-", "exam-"), encoding="utf-8")
    write_questions(banks, tmp_path / "out" / "quizzes.json")
    found = json.loads((tmp_path / "out" / "quizzes.json").read_text(encoding="utf-8"))
    assert set(found) == set(right_answers())


def _executed(folder: Path, cells: list[str]) -> nbformat.NotebookNode:
    """Run cells in a kernel of their own, as after a restart."""
    client = NotebookClient(
        new_notebook(cells=[new_code_cell(each) for each in cells]),
        config=Config({"KernelManager": {"transport": "ipc", "ip": str(folder.parent / "k")}}),
        resources={"metadata": {"path": str(folder)}},
        timeout=120,
    )
    environment = {key: value for key, value in os.environ.items() if key != "NBGRADER_EXECUTION"}
    return client.execute(env=environment)


def test_in_a_kernel_an_answer_outlives_the_restart(folder: Path) -> None:
    setup = "import course_utils.quiz.widget as w\nfrom course_utils.quiz import answer, quiz"
    # What the front end does when somebody presses Check: it sets the model's answer.
    press = (
        "import gc\n"
        "widget = next(each for each in gc.get_objects() if isinstance(each, w.QuizQuestion))\n"
        f"widget.answer = {record('toy-single', 'b')!r}"
    )
    first = _executed(folder, [setup, 'quiz("toy-single")', press, 'answer("toy-text", "return_sequences")'])
    kept = first.cells[1].outputs[-1].data
    assert kept[MIME] == {"place": "toy-single", **record("toy-single", "b")}
    assert kept["text/plain"] == 'Saved answer: "b"'
    nbformat.validate(first)
    nbformat.write(first, folder / "toy.ipynb")
    (folder / ANSWERS_FILE).unlink()
    # Only the saved notebook is left of it.
    second = _executed(folder, [setup, 'quiz("toy-single")', 'quiz("toy-text")'])
    assert second.cells[1].outputs[-1].data[MIME] == kept[MIME]
    assert second.cells[2].outputs[-1].data["text/plain"] == 'Saved answer: "return_sequences"'
