"""What a class's answers say about the questions: which are too easy, too hard, or do not tell who understood."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from course_utils.errors import CourseError
from course_utils.grading.quiz import GRADE_MIME

TOO_EASY = 0.95
"""A mean share above this tells nobody apart."""
TOO_HARD = 0.2
TELLS_LITTLE = 0.1
"""A discrimination below this: who does well elsewhere does not do better here."""
MOST_VALUES = 5
"""So many of the commonest typed answers are shown."""


@dataclass(frozen=True)
class Answered:
    """One student's graded answer to one question."""

    student: str
    chapter: str
    place: str
    question: str | None
    """None where nothing was answered."""
    type: str | None
    value: Any
    share: float
    points: float


@dataclass(frozen=True)
class QuestionStatistics:
    """How a class did at one question."""

    chapter: str
    question: str
    """Its id; where nobody answered, that of the place where it is shown."""
    type: str | None
    shown: int
    """Students to whom it was shown; of a pool's question, as far as is known: those who answered it."""
    answered: int
    mean_share: float | None
    """Of those who answered, from 0 to 1; None where nobody did."""
    discrimination: float | None
    """Correlation of its points with the rest of the same student's points for questions of this chapter, over those
    who answered it; None where fewer than three did, or where all have the same."""
    values: tuple[tuple[str, int, bool], ...]
    """The commonest answers: what, how often, whether all of it is right. A choice is counted by option."""

    @property
    def flags(self) -> list[str]:
        """What an instructor should look at."""
        found = []
        if self.mean_share is not None and self.mean_share > TOO_EASY:
            found.append("too easy?")
        if self.mean_share is not None and self.mean_share < TOO_HARD:
            found.append("too hard, or wrong in the bank?")
        if self.discrimination is not None and self.discrimination < TELLS_LITTLE:
            found.append("tells little")
        return found


def read_answers(folder: Path) -> list[Answered]:
    """The graded answers of a class, from its autograded notebooks.

    Args:
        folder: of the class: `autograded/` lies in it.

    Raises:
        CourseError: where nothing is graded yet.
    """
    found: list[Answered] = []
    for file in sorted((folder / "autograded").glob("*/*/*.ipynb")):
        student, chapter = file.parts[-3:-1]
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                grade = output.get("data", {}).get(GRADE_MIME)
                if grade is not None:
                    found.append(
                        Answered(
                            student=student,
                            chapter=chapter,
                            place=grade["place"],
                            question=grade.get("question"),
                            type=grade.get("type"),
                            value=grade.get("value"),
                            share=float(grade["share"]),
                            points=float(grade["points"]),
                        )
                    )
    if not found:
        raise CourseError(
            f"no graded questions below {folder / 'autograded'}: give the folder of a class, after `nbgrader autograde`"
        )
    return found


def correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Pearson's correlation of two rows of numbers of the same length, or None where it is not defined."""
    if len(first) < 3:
        return None
    middles = sum(first) / len(first), sum(second) / len(second)
    above = sum((a - middles[0]) * (b - middles[1]) for a, b in zip(first, second, strict=True))
    below = math.sqrt(sum((a - middles[0]) ** 2 for a in first) * sum((b - middles[1]) ** 2 for b in second))
    return above / below if below > 1e-12 else None


def quiz_statistics(answers: Iterable[Answered]) -> list[QuestionStatistics]:
    """Statistics of each question, chapter by chapter, in the order of the notebooks.

    Args:
        answers: from `read_answers`.
    """
    answers = list(answers)
    totals: dict[tuple[str, str], float] = defaultdict(float)
    asked: dict[tuple[str, str], list[Answered]] = {}
    # Of a place that shows one question only, the question is known even where it was not answered.
    at_place: dict[tuple[str, str], set[str]] = defaultdict(set)
    for each in answers:
        totals[each.student, each.chapter] += each.points
        if each.question is not None:
            at_place[each.chapter, each.place].add(each.question)
    for each in answers:
        known = at_place[each.chapter, each.place]
        if each.question is not None:
            asked.setdefault((each.chapter, each.question), []).append(each)
        elif known <= {each.place}:
            asked.setdefault((each.chapter, each.place), []).append(each)
    return [_statistics(chapter, name, found, totals) for (chapter, name), found in asked.items()]


def _statistics(
    chapter: str, name: str, shown: Sequence[Answered], totals: dict[tuple[str, str], float]
) -> QuestionStatistics:
    answered = [each for each in shown if each.question is not None]
    rest = [totals[each.student, chapter] - each.points for each in answered]
    values: Counter[str] = Counter()
    right = set()
    for each in answered:
        options = each.value if each.type == "several" else [each.value]
        for option in options:
            text = option if isinstance(option, str) else json.dumps(option, ensure_ascii=False)
            values[text] += 1
            if each.share == 1:
                right.add(text)
    most = None if answered and answered[0].type in {"single", "several"} else MOST_VALUES
    return QuestionStatistics(
        chapter=chapter,
        question=name,
        type=answered[0].type if answered else None,
        shown=len(shown),
        answered=len(answered),
        mean_share=sum(each.share for each in answered) / len(answered) if answered else None,
        discrimination=correlation([each.points for each in answered], rest),
        values=tuple((text, count, text in right) for text, count in values.most_common(most)),
    )


def print_statistics(folder: Path, csv_file: Path | None = None) -> None:
    """Print a class's statistics as tables, and write them where wanted.

    Args:
        folder: of the class: `autograded/` lies in it.
        csv_file: receives one line a question.

    Raises:
        CourseError: where nothing is graded yet.
    """
    console = Console(highlight=False)
    found = quiz_statistics(read_answers(folder))
    for chapter in dict.fromkeys(each.chapter for each in found):
        columns = ("question", "answered", "mean", "discrimination", "answers (✓ right)", "look at")
        table = Table(*columns, title=chapter)
        for each in found:
            if each.chapter == chapter:
                table.add_row(*_row(each))
        console.print(table)
    console.print(
        "mean: share of the points, of those who answered; discrimination: correlation with the rest of the chapter's "
        "questions"
    )
    if csv_file is not None:
        write_csv(found, csv_file)
        console.print(f"written to {csv_file}", soft_wrap=True)


def _row(each: QuestionStatistics) -> list[str]:
    def shown(text: str) -> str:
        line = text.replace("\n", "⏎")
        return escape(line if len(line) <= 40 else line[:39] + "…")

    values = ", ".join(f"{shown(text)}{' ✓' if right else ''} ×{count}" for text, count, right in each.values)
    return [
        each.question,
        f"{each.answered} of {each.shown}",
        "" if each.mean_share is None else f"{each.mean_share:.2f}",
        "" if each.discrimination is None else f"{each.discrimination:.2f}",
        values,
        ", ".join(each.flags),
    ]


def write_csv(statistics: Iterable[QuestionStatistics], file: Path) -> None:
    """Write one line a question; numbers are not rounded, and the answers are JSON."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            [
                "chapter",
                "question",
                "type",
                "shown",
                "answered",
                "mean_share",
                "discrimination",
                "answers",
                "flags",
            ]
        )
        for each in statistics:
            writer.writerow(
                [
                    each.chapter,
                    each.question,
                    each.type or "",
                    each.shown,
                    each.answered,
                    "" if each.mean_share is None else each.mean_share,
                    "" if each.discrimination is None else each.discrimination,
                    json.dumps([value[:2] for value in each.values], ensure_ascii=False),
                    "; ".join(each.flags),
                ]
            )
