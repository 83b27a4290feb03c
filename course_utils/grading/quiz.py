"""Questions in nbgrader: released without answers, collected from what was handed in, graded from the bank.

The grade is made in nbgrader's own process. Nothing that a student's kernel prints or changes can touch it: the
answers are read before the kernel starts, and what the kernel says about a question is thrown away.
"""

from __future__ import annotations

import functools
import html
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

from course_utils.errors import CourseError
from course_utils.quiz.bank import Bank, load_bank
from course_utils.quiz.judge import UnreadableAnswer, check_value, judge
from course_utils.quiz.public import QUESTIONS_FILE, shown_place, unseal
from course_utils.quiz.publish import Publisher, published
from course_utils.quiz.questions import Question, score
from course_utils.quiz.saved import ANSWERS_FILE, Record, merge, records_in_file, records_in_notebook
from course_utils.quiz.scoring import rounded_points

GRADE_MIME = "application/vnd.unrolled.quiz-grade+json"
"""What an autograded notebook keeps of each question for the statistics."""
_KEPT = "course_quiz_answers"
"""Where a notebook's metadata carry the answers from one of nbgrader's two passes to the other."""

Resources = dict[str, Any]


@dataclass(frozen=True)
class QuizGrade:
    """What one student's answer at one place is worth."""

    place: str
    most: float
    """Points that can be had, as the bank has them."""
    points: float = 0.0
    share: float = 0.0
    """How right it is, from 0 to 1, at whatever attempt."""
    question: Question | None = None
    """What was answered; None where nothing was, or nothing that is asked here."""
    record: Record | None = None
    remark: str | None = None
    """What was odd, for the instructor."""


def collect_answers(notebook: object, folder: Path) -> dict[str, Record]:
    """The answers that were handed in, by place: from the file beside the notebook and from the notebook itself.

    Args:
        notebook: the notebook as JSON, with its outputs.
        folder: where it lies.
    """
    return merge(records_in_file(folder / ANSWERS_FILE), records_in_notebook(notebook))


class QuizGrader:
    """Grades the answers to one chapter's questions.

    Args:
        bank: the questions with their answers.
    """

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self._places = bank.places
        # Whoever reads the feedback may read the reasons, of an exam too.
        open_bank = bank.model_copy(update={"mode": "practice"})
        self._publisher = Publisher(open_bank, bank.language)
        self._shown: dict[str, dict[str, Any]] = {}

    def grade(self, answers: dict[str, Record]) -> dict[str, QuizGrade]:
        """The points of one student, by place.

        Args:
            answers: by place, as `collect_answers` gives them. Those to other questions count for nothing, and a
                question that two places of a pool show counts once.

        Raises:
            CourseError: for a question of the bank that cannot be graded at all: its program does not run.
        """
        grades = {}
        counted: set[str] = set()
        for place, questions in self._places.items():
            most = questions[0].points
            record = answers.get(place)
            if record is None:
                grades[place] = QuizGrade(place, most)
                continue
            question = next((each for each in questions if each.id == record["question"]), None)
            if question is None or question.id in counted:
                asked = "not asked here" if question is None else "answered in this pool already"
                remark = f"an answer to {record['question']!r}, which is {asked}: it does not count"
                grades[place] = QuizGrade(place, most, remark=remark)
                continue
            counted.add(question.id)
            value = record["value"]
            points = score(question, value, record["attempt"])
            grades[place] = QuizGrade(place, most, points, question.share(value), question, record)
        return grades

    def feedback(self, grade: QuizGrade, points: float, most: float) -> str:
        """What the student reads on the feedback page: question, points, answer and its reasons, as HTML.

        Args:
            grade: what was found.
            points: what is in the gradebook.
            most: the points that can be had, there.
        """
        total = f"<b>{points:g} of {most:g} point{'' if most == 1 else 's'}</b>"
        if grade.question is None or grade.record is None:
            alone = self._places.get(grade.place, [])
            prompt = f"<div>{self._question(alone[0])['prompt']}</div>\n" if len(alone) == 1 else ""
            return f"{prompt}<p>{total}: no answer to this question was handed in.</p>"
        question = self._question(grade.question)
        prompt = f"<div>{question['prompt']}</div>\n"
        value, attempt = grade.record["value"], grade.record["attempt"]
        at = f" at attempt {attempt}" if grade.question.attempts.decay != (1.0,) or attempt > 1 else ""
        try:
            check_value(question, value)
        except UnreadableAnswer as error:
            answered = html.escape(json.dumps(value, ensure_ascii=False))
            wanted = html.escape(str(error))
            return f"{prompt}<p>{total}. You answered <code>{answered}</code>{at}: {wanted}.</p>"
        told = [f"{prompt}<p>{total}. You answered {_answer_html(question, value)}{at}.</p>"]
        told += [f"<div>{reason}</div>" for reason in judge(question, value).reasons]
        explanation = unseal(question["id"], question["sealed"]).get("explanation")
        told += [f"<div>{explanation}</div>"] if explanation else []
        return "\n".join(told)

    def _question(self, question: Question) -> dict[str, Any]:
        if question.id not in self._shown:
            self._shown[question.id] = self._publisher.question(question)
        return self._shown[question.id]


def _answer_html(question: dict[str, Any], value: Any) -> str:
    """An answer that fits its question, in words."""
    texts = {each["id"]: each["html"] for each in question.get("options", [])}
    match question["type"]:
        case "single":
            return f"“{texts[value]}”"
        case "several":
            return ", ".join(f"“{texts[each]}”" for each in value)
        case "order":
            return " → ".join(f"“{texts[each]}”" for each in value)
        case "match":
            rights = {each["id"]: each["html"] for each in question["right"]}
            pairs = [(each["html"], rights[value[each["id"]]]) for each in question["left"]]
            return ", ".join(f"“{left}” with “{right}”" for left, right in pairs)
        case _:
            return f"<code>{html.escape(value)}</code>"


def load_grader(quizzes: Path, chapter: str) -> QuizGrader:
    """The grader of a chapter's questions; read once, and again where the bank has changed.

    Raises:
        CourseError: where the folder has no bank of this chapter, or one that cannot be used.
    """
    file = quizzes / f"{chapter}.yml"
    if not file.is_file():
        raise CourseError(
            f"{chapter} has questions and there is no {file.name} in {quizzes}: put the bank there, "
            "or name its folder in nbgrader_config.py"
        )
    return _loaded(file, file.stat().st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _loaded(file: Path, stamp: int) -> QuizGrader:
    return QuizGrader(load_bank(file))


def refuse_answers(folder: Path) -> None:
    """See that no answers lie among the instructor's notebooks.

    nbgrader would release them, and would put them in the place of every student's own when it grades.

    Raises:
        CourseError: where there are some.
    """
    file = folder / ANSWERS_FILE
    if file.exists() or file.is_symlink():
        raise CourseError(f"{file} would be given to every student: delete it, and answer in `make lab`")


def remove_odd_answers(assignment: str, student: str, notebooks: list[str]) -> None:
    """Delete a file of answers that is no file (a link, a pipe): nbgrader stumbles over it when it copies.

    It is nbgrader's `pre_convert_hook`; the arguments are nbgrader's.
    """
    for folder in {Path(notebook).parent for notebook in notebooks}:
        file = folder / ANSWERS_FILE
        is_plain = file.is_file() or file.is_dir() or not file.exists()
        if file.is_symlink() or not is_plain:
            file.unlink()


class QuizPreprocessor(NbGraderPreprocessor):  # type: ignore[misc]
    """What the steps for questions share."""

    quizzes = Unicode(help="Folder of the question banks.").tag(config=True)

    def _grader(self, resources: Resources) -> QuizGrader:
        return load_grader(Path(self.quizzes), resources["nbgrader"]["assignment"])


class ReleaseQuiz(QuizPreprocessor):
    """In `nbgrader generate_assignment`: put the questions, as students may see them, beside the notebook."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """See nbconvert.

        Raises:
            CourseError: for answers that lie in the source, or a question that the chapter's bank does not have.
        """
        refuse_answers(Path(resources["metadata"]["path"]))
        places = [place for cell in nb.cells if (place := shown_place(cell.source))]
        if places:
            bank = self._grader(resources).bank
            unknown = [place for place in places if place not in bank.places]
            if unknown:
                raise CourseError(
                    f"{bank.chapter}.yml has no question {', '.join(unknown)}: mend the notebook or the bank"
                )
            questions = {place: shown for place, shown in published(bank).items() if place in places}
            content = json.dumps(questions, ensure_ascii=False, sort_keys=True) + "\n"
            # What is listed here is written beside the notebook.
            outputs = resources.get("outputs")
            resources["outputs"] = {**(outputs or {}), QUESTIONS_FILE: content.encode()}
        return nb, resources


class CollectQuiz(QuizPreprocessor):
    """First when a submission is cleaned: keep its answers, and make its question cells whole again.

    A copy of a cell would stop nbgrader for the whole class, and a cell that is missing would never get its points.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """See nbconvert."""
        answers = collect_answers(nb, Path(resources["metadata"]["path"]))
        released = self._released_cells(resources)
        self._restore(nb, released)
        own = {place: answers[place] for name in released if (place := _place(name)) in answers}
        if len(own) < len(answers):
            self.log.warning("%d answers are to questions of other chapters", len(answers) - len(own))
        nb.metadata[_KEPT] = own
        return nb, resources

    def _released_cells(self, resources: Resources) -> dict[str, NotebookNode]:
        """The question cells as they were released, by their names in the gradebook."""
        named = resources["nbgrader"]
        found = {}
        with Gradebook(named["db_url"]) as gradebook:
            notebook = gradebook.find_notebook(named["notebook"], named["assignment"])
            points = {cell.name: cell.max_score for cell in notebook.grade_cells}
            for cell in notebook.source_cells:
                if cell.name in points and cell.name == f"quiz-{shown_place(cell.source)}":
                    grading = {"grade_id": cell.name, "points": points[cell.name], "checksum": cell.checksum}
                    grading |= {"grade": True, "locked": True, "solution": False, "task": False}
                    grading |= {"schema_version": 3, "cell_type": "code"}
                    metadata = {"deletable": False, "editable": False, "nbgrader": grading}
                    found[cell.name] = new_code_cell(cell.source, metadata=metadata)
        return found

    def _restore(self, nb: NotebookNode, released: dict[str, NotebookNode]) -> None:
        missing = dict(released)
        for index, cell in enumerate(nb.cells):
            grading = cell.metadata.get("nbgrader", {})
            name = grading.get("grade_id") if isinstance(grading, dict) else None
            if not isinstance(grading, dict):
                self.log.warning("cell %d: what nbgrader kept of it is damaged", index + 1)
                del cell.metadata["nbgrader"]
            elif not isinstance(name, str) or name not in released:
                continue
            elif name not in missing:
                self.log.warning("%s is there twice: its first cell counts", name)
                del cell.metadata["nbgrader"]
            else:
                nb.cells[index] = missing.pop(name)
                if "id" in cell:
                    nb.cells[index]["id"] = cell["id"]
        for name, cell in missing.items():
            self.log.warning("%s is missing: it is added at the end", name)
            nb.cells.append(cell)
        if (nb.nbformat, nb.nbformat_minor) < (4, 5):  # cells had no ids yet
            for cell in nb.cells:
                cell.pop("id", None)


class GradeQuiz(QuizPreprocessor):
    """Right after a submission was executed: put the points in the place of whatever its questions printed."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """See nbconvert.

        Raises:
            CourseError: where the chapter's bank is missing or cannot be used.
        """
        answers = nb.metadata.pop(_KEPT, {})
        cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in nb.cells}
        cells = {name: cell for name, cell in cells.items() if name and name == _name(cell)}
        if cells:
            grader = self._grader(resources)
            grades = grader.grade(answers)
            for name, cell in cells.items():
                place = _place(name)
                grade = grades.get(place)
                if grade is None:
                    remark = "the bank does not have this question any more: 0 points, mend the bank and grade again"
                    grade = QuizGrade(place, cell.metadata.nbgrader.points, remark=remark)
                if grade.remark:
                    self.log.warning("%s, %s: %s", resources["nbgrader"]["student"], place, grade.remark)
                self._write(cell, grade, grader)
        return nb, resources

    def _write(self, cell: NotebookNode, grade: QuizGrade, grader: QuizGrader) -> None:
        most = float(cell.metadata.nbgrader.points)
        points = grade.points
        if most != grade.most:
            self.log.warning(
                "%s was released with %g points, the bank says %g: graded as released",
                grade.place,
                most,
                grade.most,
            )
            points = rounded_points(points * most / grade.most)
        # A plain float, and never more than there is: nbgrader gives full points for what it cannot read.
        points = min(max(float(points), 0.0), most)
        kept = {"place": grade.place, "share": grade.share, "points": points, "most": most}
        if grade.question is not None and grade.record is not None:
            kept |= {"type": grade.question.type, **grade.record}
        data = {
            "text/plain": repr(points),
            "text/html": grader.feedback(grade, points, most),
            GRADE_MIME: kept,
        }
        cell.outputs = [new_output("execute_result", data=data)]


def _name(cell: NotebookNode) -> str | None:
    """The name of a question's cell in the gradebook; None for any other cell."""
    place = shown_place(cell.source) if cell.cell_type == "code" else None
    return f"quiz-{place}" if place else None


def _place(name: str) -> str:
    return name.removeprefix("quiz-")
