"""What a notebook's cell calls: `quiz("unrolling-first-state")`."""

from __future__ import annotations

import difflib
import functools
import json
import os
import sys
from pathlib import Path
from typing import Any

from course_utils.data.bundled import bundled_path
from course_utils.data.errors import DataError
from course_utils.errors import CourseError
from course_utils.layout import find_clone
from course_utils.quiz.judge import UnreadableAnswer, Verdict, check_value, judge, points_of
from course_utils.quiz.public import QUESTIONS_FILE, drawn
from course_utils.quiz.saved import MIME, AnswerBook, Record


def quiz(place: str, *, language: str | None = None) -> float | None:
    """Show the question of this id, with the answer that was given before.

    Args:
        place: the id of a question, or of a place of a pool, such as `"sequences-shift-1"`.
        language: of the question, where it has been translated; else that of the setting `COURSE_LANGUAGE`.

    Returns:
        Nothing, save where nbgrader runs the notebook: then the points of the saved answer, as far as the student's
        own files tell, or nothing where they do not. What counts is computed by the grader.

    Raises:
        CourseError: for an id that no bank has.
    """
    running = os.environ.get("NBGRADER_EXECUTION")
    if running == "autograde":
        return 0.0  # the grader puts the points in its place
    shown = _find(place, language)
    if running:
        return _local_points(place, shown)
    from IPython.display import display

    from course_utils.quiz.widget import QuizQuestion

    book = AnswerBook(Path.cwd())
    record = book.record(place)
    widget = QuizQuestion(shown, seed=book.seed, answer=record)
    display(widget)  # type: ignore[no-untyped-call]
    handle = display(_bundle(place, shown, record), raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def keep(change: Any) -> None:
        answered = dict(change["new"])
        widget.problem = book.save(place, answered, widget.seed) or ""
        handle.update(_bundle(place, shown, answered), raw=True)

    widget.observe(keep, "answer")
    return None


def answer(place: str, value: Any, *, language: str | None = None) -> None:
    """Answer a question without its buttons, for front ends that show none.

    Args:
        place: the id that `quiz()` was given.
        value: the option's id; a list of ids; for matching, a mapping of left to right ids; a number; or a text.
        language: as for `quiz()`.

    Raises:
        CourseError: for an id that no bank has, or a value that cannot be an answer; both say what is wanted.
    """
    from IPython.display import display

    shown = _find(place, language)
    book = AnswerBook(Path.cwd())
    record = book.record(place)
    question = _question_of(shown, record, book.seed)
    if question["type"] in {"number", "text", "output"} and not isinstance(value, str):
        value = repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    try:
        check_value(question, value)
    except UnreadableAnswer as error:
        raise CourseError(f"{place}: {error}") from None
    attempts = (record["attempts"] if record else 0) + 1
    if attempts > question.get("most", attempts):
        raise CourseError(f"{place}: all {question['most']} attempts are used up")
    verdict = judge(question, value)
    new: Record = {"question": question["id"], "value": value, "attempt": attempts, "attempts": attempts}
    kept = new
    if record and verdict.share is not None:
        before = _points(question, record)
        if before is not None and before >= points_of(question, verdict.share, attempts):
            kept = {**record, "attempts": attempts}
    problem = book.save(place, kept, book.seed)
    display(  # type: ignore[no-untyped-call]
        {
            **_bundle(place, shown, kept),
            "text/html": _told(
                question, verdict, points_of(question, verdict.share or 0.0, attempts), problem
            ),
        },
        raw=True,
    )


def _of_points(words: dict[str, str], points: float, most: float) -> str:
    text = words["pointsOfOne" if most == 1 else "pointsOfMany"]
    return text.format(points=f"{points:g}", most=f"{most:g}") + "."


def _told(question: dict[str, Any], verdict: Verdict, points: float, problem: str | None) -> str:
    from course_utils.quiz.widget import interface_strings

    words = interface_strings(question["language"])
    said = words["saved"]
    if verdict.share is not None:
        word = words["right"] if verdict.share == 1 else words["partly"] if verdict.share else words["wrong"]
        of = _of_points(words, points, question["points"])
        said = f"{word} {of}"
    if problem:
        said += " " + words["notSaved"].format(problem=problem)
    return f"<p><b>{said}</b></p>" + "".join(f"<div>{reason}</div>" for reason in verdict.reasons)


def _bundle(place: str, shown: dict[str, Any], record: Record | None) -> dict[str, Any]:
    """What the notebook keeps of an answer: data for the grader, and a line for whoever reads the file."""
    from course_utils.quiz.widget import interface_strings

    words = interface_strings(shown["questions"][0]["language"])
    if not record:
        return {"text/plain": words["notAnswered"]}
    said = words["savedAnswer"].format(value=json.dumps(record["value"], ensure_ascii=False))
    return {"text/plain": said, MIME: {"place": place, **record}}


def _question_of(shown: dict[str, Any], record: Record | None, seed: str) -> dict[str, Any]:
    for question in shown["questions"]:
        if record and question["id"] == record["question"]:
            return dict(question)
    return drawn(shown, seed)


def _points(question: dict[str, Any], record: Record) -> float | None:
    try:
        check_value(question, record["value"])
    except UnreadableAnswer:
        return 0.0
    share = judge(question, record["value"]).share
    return None if share is None else points_of(question, share, record["attempt"])


def _local_points(place: str, shown: dict[str, Any]) -> float | None:
    from course_utils.quiz.widget import interface_strings

    book = AnswerBook(Path.cwd())
    record = book.record(place)
    question = _question_of(shown, record, book.seed)
    words = interface_strings(question["language"])
    if record is None or question["id"] != record["question"]:
        points, said = 0.0, words["notAnswered"]
    else:
        found = _points(question, record)
        if found is None:  # nobody knows yet
            return None
        points = found
        said = _of_points(words, points, question["points"])
    if points < question["points"]:
        # Validate shows what is on standard error; without it, its own words, and they hold no points.
        print(f"{place}: {said}", file=sys.stderr)
    return points


def _find(place: str, language: str | None) -> dict[str, Any]:
    """The question of this id: from the file beside the notebook, the clone's banks, or the package."""
    known: list[str] = []
    for places in (_beside, _of_the_clone, _of_the_package):
        found = places(str(Path.cwd()))
        if place in found:
            languages = found[place]
            wanted = language or os.environ.get("COURSE_LANGUAGE", "en")
            return dict(languages.get(wanted) or next(iter(languages.values())))
        known += found
    near = difflib.get_close_matches(place, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"is {QUESTIONS_FILE} beside the notebook?"
    raise CourseError(f"there is no question {place!r}: {hint}")


def _beside(folder: str) -> dict[str, Any]:
    file = Path(folder) / QUESTIONS_FILE
    return _read(str(file), file.stat().st_mtime_ns) if file.is_file() else {}


def _of_the_clone(folder: str) -> dict[str, Any]:
    try:
        banks = find_clone(Path(folder)).root / "quizzes"
    except CourseError:
        return {}
    stamps = {str(file): file.stat().st_mtime_ns for file in sorted(banks.glob("*.yml"))}
    # That of the notebook's own chapter first: the others are hardly ever asked.
    ordered = sorted(stamps, key=lambda file: Path(file).stem != Path(folder).name)
    return _Banks({file: stamps[file] for file in ordered})


class _Banks(dict[str, Any]):
    """The places of some banks, read one bank after another while something is missing."""

    def __init__(self, stamps: dict[str, int]) -> None:
        super().__init__()
        self._stamps = stamps

    def __contains__(self, place: object) -> bool:
        while not super().__contains__(place) and self._stamps:
            file = next(iter(self._stamps))
            self.update(_compiled(file, self._stamps.pop(file)))
        return super().__contains__(place)


def _of_the_package(folder: str) -> dict[str, Any]:
    try:
        file = bundled_path("quizzes.json")
    except DataError:
        return {}
    return _read(str(file), file.stat().st_mtime_ns)


@functools.lru_cache(maxsize=32)
def _read(file: str, stamp: int) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(Path(file).read_text(encoding="utf-8"))
    except ValueError:
        raise CourseError(f"{Path(file).name} is damaged: copy it again from the student edition") from None
    return content


@functools.lru_cache(maxsize=32)
def _compiled(file: str, stamp: int) -> dict[str, Any]:
    from course_utils.quiz.bank import load_bank
    from course_utils.quiz.publish import published

    return published(load_bank(Path(file)))
