"""Questions in nbgrader: what is released, what is graded, and that no trick of a submission changes the points."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_output
from quiz_class import (
    BANK,
    CHAPTER,
    POINTS,
    REASON,
    Records,
    make_class,
    nbgrader,
    points_in_gradebook,
    record,
    right_answers,
    toy_bank,
    toy_notebook,
    with_outputs,
)

from course_utils.errors import CourseError
from course_utils.grading.quiz import QuizGrader, collect_answers, load_grader
from course_utils.grading.sandbox import sandboxed_kernel
from course_utils.layout import Clone
from course_utils.quiz.bank import read_bank
from course_utils.quiz.judge import check_value, judge, points_of
from course_utils.quiz.public import QUESTIONS_FILE
from course_utils.quiz.publish import Publisher
from course_utils.quiz.questions import score
from course_utils.quiz.saved import ANSWERS_FILE, MIME

ALL = sum(POINTS.values())
ONLY_SINGLE = {"toy-single": record("toy-single", "b")}


class Submission:
    """What one student hands in; each `Case` below changes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / ANSWERS_FILE
        self.notebook = nbformat.read(folder / "toy.ipynb", as_version=4)

    def answer(self, records: Records, *, file: bool = True, outputs: bool = True) -> None:
        if file:
            self.write({"version": 1, "seed": "x", "answers": records})
        if outputs:
            self.notebook = with_outputs(self.notebook, records)

    def write(self, content: object) -> None:
        self.file.write_text(json.dumps(content), encoding="utf-8")

    def run(self, code: str) -> None:
        """Put code into the cell where students try things."""
        cell = next(cell for cell in self.notebook.cells if cell.get("id") == "work")
        cell.source = code

    def cell(self, place: str) -> nbformat.NotebookNode:
        return next(cell for cell in self.notebook.cells if cell.get("id") == f"quiz-{place}")

    def save(self) -> None:
        # Not by nbformat.write: what a student hands in need not be valid.
        (self.folder / "toy.ipynb").write_text(json.dumps(self.notebook), encoding="utf-8")


Case = Callable[[Submission], dict[str, float]]
"""Prepares a submission and says what points it must get; what it leaves out gets 0."""
CASES: dict[str, Case] = {}


def case(prepare: Case) -> Case:
    CASES[prepare.__name__.replace("_", "-")] = prepare
    return prepare


@case
def both_channels(work: Submission) -> dict[str, float]:
    work.answer(right_answers())
    return POINTS


@case
def only_the_notebook(work: Submission) -> dict[str, float]:
    work.answer(right_answers(), file=False)
    return POINTS


@case
def only_the_file(work: Submission) -> dict[str, float]:
    work.answer(right_answers(), outputs=False)
    return POINTS


@case
def broken_file(work: Submission) -> dict[str, float]:
    work.answer(right_answers())
    work.file.write_bytes(b'{"version": 1, "answers": {"toy-single"\xff')
    return POINTS


@case
def nothing(work: Submission) -> dict[str, float]:
    return {}


@case
def odd_types(work: Submission) -> dict[str, float]:
    work.answer(
        {
            **right_answers(),
            "toy-single": record("toy-single", ["b"]),
            "toy-several": record("toy-several", {"a": "b"}),
            "toy-number": record("toy-number", 128),
            "toy-text": record("toy-text", None),
            "toy-order": record("toy-order", "abc"),
            "toy-match": record("toy-match", {"x": 1, "y": [2]}),
            "toy-pool-1": record("toy-p1", {"a": {"a": {"a": "a"}}}),
            "toy-pool-2": record("toy-p2", "a", attempts=[1], attempt="first"),
        }
    )
    return {"toy-output": 1.0, "toy-pool-2": 1.0}


@case
def partly_right(work: Submission) -> dict[str, float]:
    first, second, third = right_answers()["toy-order"]["value"]
    match = right_answers()["toy-match"]["value"]
    work.answer(
        {
            "toy-single": record("toy-single", "a"),
            "toy-several": record("toy-several", ["a"]),
            "toy-number": record("toy-number", " 128,0 "),
            "toy-order": record("toy-order", [second, first, third]),
            "toy-match": record("toy-match", {"x": match["x"], "y": match["x"]}),
            "toy-text": record("toy-text", "<script>alert(1)</script>"),
        }
    )
    return {"toy-several": 1.5, "toy-number": 1.0, "toy-order": 0.33, "toy-match": 0.5}


def _forge(records: Records) -> str:
    content = json.dumps({"version": 1, "answers": records})
    return f"from pathlib import Path\nPath('quiz_answers.json').write_text({content!r})\n"


@case
def kernel_rewrites_the_file(work: Submission) -> dict[str, float]:
    work.answer(ONLY_SINGLE)
    work.run(_forge(right_answers()))
    return {"toy-single": 1.0}


@case
def patched_package(work: Submission) -> dict[str, float]:
    work.answer(ONLY_SINGLE)
    work.run(
        "import course_utils.quiz.judge, course_utils.quiz.notebook, course_utils.quiz.questions\n"
        "course_utils.quiz.questions.score = lambda *given: 99.0\n"
        "course_utils.quiz.judge.judge = course_utils.quiz.notebook.judge = lambda *given: 1.0\n"
        "course_utils.quiz.quiz = course_utils.quiz.notebook.quiz = quiz = lambda place: 2.0\n"
    )
    return {"toy-single": 1.0}


@case
def input_transformer(work: Submission) -> dict[str, float]:
    work.answer(ONLY_SINGLE)
    work.run("get_ipython().input_transformers_cleanup.append(lambda lines: ['99\\n'])")
    return {"toy-single": 1.0}


@case
def prints_its_own_answers(work: Submission) -> dict[str, float]:
    work.answer(ONLY_SINGLE)
    forged = {place: {MIME: {"place": place, **each}} for place, each in right_answers().items()}
    work.run(
        "from IPython.display import display\n"
        f"forged = {forged!r}\n"
        "def quiz(place):\n"
        "    display(forged[place], raw=True)\n"
        "    return 2.0\n"
    )
    return {"toy-single": 1.0}


@case
def deletes_quiz(work: Submission) -> dict[str, float]:
    work.answer(right_answers())
    work.run("del quiz")
    return POINTS


@case
def own_package_beside_it(work: Submission) -> dict[str, float]:
    work.answer(ONLY_SINGLE)
    package = work.folder / "course_utils" / "quiz"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").write_text("quiz = lambda place: 2.0\n", encoding="utf-8")
    return {"toy-single": 1.0}


@case
def own_json_beside_it(work: Submission) -> dict[str, float]:
    work.answer(ONLY_SINGLE)
    (work.folder / "json.py").write_text("loads = dumps = lambda *given, **named: 99.0\n", encoding="utf-8")
    (work.folder / "yaml.py").write_text("raise SystemExit\n", encoding="utf-8")
    return {"toy-single": 1.0}


@case
def forged_attempts(work: Submission) -> dict[str, float]:
    # With more attempts than anybody makes, it must not win over the answer in the file.
    work.answer({"toy-text": record("toy-text", "no", attempts=3, attempt=3)}, outputs=False)
    forged = {"toy-text": record("toy-text", "return_sequences", attempts=10**9, attempt=-1)}
    forged["toy-single"] = record("toy-single", "b", attempts=10**400, attempt=0)
    work.notebook = with_outputs(work.notebook, forged)
    return {"toy-single": 1.0}


@case
def points_in_the_answers(work: Submission) -> dict[str, float]:
    work.answer({"toy-single": {**record("toy-single", "a"), "points": 99, "share": 1, "correct": True}})
    return {}


@case
def other_chapters(work: Submission) -> dict[str, float]:
    work.answer(
        {
            "other-single": record("other-single", "b"),
            "toy-single": record("toy-number", "128"),
            "toy-number": record("other-number", "128"),
            "toy-output": record("toy-output", "5"),
        }
    )
    return {"toy-output": 1.0}


@case
def same_question_twice(work: Submission) -> dict[str, float]:
    work.answer({"toy-pool-1": record("toy-p1", "a"), "toy-pool-2": record("toy-p1", "a")})
    return {"toy-pool-1": 1.0}


@case
def question_of_no_pool(work: Submission) -> dict[str, float]:
    work.answer({"toy-pool-1": record("toy-single", "b"), "toy-pool-2": record("toy-p9", "a")})
    return {}


@case
def question_cells_changed(work: Submission) -> dict[str, float]:
    work.answer(right_answers(), outputs=False)
    work.cell("toy-several").metadata.nbgrader.points = 400
    work.cell("toy-several").source = "400.0"
    work.cell("toy-number").metadata.nbgrader.update(solution=True, grade=False, locked=False)
    work.cell("toy-text").metadata["nbgrader"] = "none"
    markdown = work.cell("toy-order")
    markdown.cell_type, markdown.source = "markdown", "99"
    del markdown["outputs"], markdown["execution_count"]
    work.notebook.cells = [cell for cell in work.notebook.cells if cell.id != "quiz-toy-match"]
    twin = nbformat.from_dict(work.cell("toy-single"))
    twin["id"], twin["source"] = "twin", "2.0"
    work.notebook.cells.append(twin)
    return POINTS


@case
def notebook_of_an_older_format(work: Submission) -> dict[str, float]:
    work.answer(right_answers())
    work.notebook.nbformat_minor = 4
    for cell in work.notebook.cells:
        del cell["id"]
    return POINTS


@case
def cell_that_fails_and_warns(work: Submission) -> dict[str, float]:
    work.answer(right_answers())
    work.run(
        "import sys\ndef quiz(place):\n    print('a warning', file=sys.stderr)\n    raise ValueError(place)\n"
    )
    return POINTS


@case
def huge_file(work: Submission) -> dict[str, float]:
    work.write({"answers": {**right_answers(), "padding": "x" * 1_100_000}})
    return {}


@case
def nested_file(work: Submission) -> dict[str, float]:
    work.answer(ONLY_SINGLE, file=False)
    work.file.write_text('{"answers":' + "[" * 100_000 + "]" * 100_000 + "}", encoding="utf-8")
    return {"toy-single": 1.0}


@case
def odd_numbers_and_letters(work: Submission) -> dict[str, float]:
    work.answer(
        {
            "toy-single": record("toy-single", "b"),
            "toy-number": record("toy-number", float("nan")),
            "toy-text": record("toy-text", "\ud800"),
            "toy-order": record("toy-order", ["\ud800", "\x00", "x" * 2000]),
            "toy-match": record("\ud800", {"\ud800": "\ud800"}),
            "toy-output": record("toy-output", "5", attempts=float("inf"), attempt=True),
            "\ud800": record("toy-single", "b"),
        },
        outputs=False,
    )
    return {"toy-single": 1.0, "toy-output": 1.0}


@case
def number_too_long_for_python(work: Submission) -> dict[str, float]:
    work.answer(ONLY_SINGLE, file=False)
    work.file.write_text('{"answers": {}, "seed": ' + "9" * 5000 + "}", encoding="utf-8")
    return {"toy-single": 1.0}


@case
def link_to_another_students_file(work: Submission) -> dict[str, float]:
    work.file.symlink_to(Path("../../both-channels") / CHAPTER / ANSWERS_FILE)
    return {}


@case
def link_to_nothing(work: Submission) -> dict[str, float]:
    work.answer(ONLY_SINGLE, file=False)
    work.file.symlink_to("nowhere.json")
    return {"toy-single": 1.0}


@case
def pipe_for_a_file(work: Submission) -> dict[str, float]:
    work.answer(ONLY_SINGLE, file=False)
    os.mkfifo(work.file)
    return {"toy-single": 1.0}


@case
def folder_for_a_file(work: Submission) -> dict[str, float]:
    work.answer(ONLY_SINGLE, file=False)
    work.file.mkdir()
    (work.file / ANSWERS_FILE).write_text("{}", encoding="utf-8")
    return {"toy-single": 1.0}


@case
def forged_questions(work: Submission) -> dict[str, float]:
    work.answer({"toy-single": record("toy-single", "a")})
    (work.folder / QUESTIONS_FILE).write_text('{"toy-single": {"en": {}}}', encoding="utf-8")
    return {}


@case
def forged_notebook_metadata(work: Submission) -> dict[str, float]:
    work.answer(ONLY_SINGLE)
    work.notebook.metadata["course_quiz_answers"] = right_answers()
    return {"toy-single": 1.0}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class in which the chapter is released."""
    folder = tmp_path_factory.mktemp("quiz")
    make_class(folder)
    done = nbgrader(folder / "class", "generate_assignment", CHAPTER, "--create")
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / "class"


@pytest.fixture(scope="module")
def graded(released: Path) -> tuple[Path, dict[str, dict[str, float]], str]:
    """The class after one `nbgrader autograde`: its folder, the points it must have, and what nbgrader said."""
    expected = {}
    for name, prepare in CASES.items():
        folder = released / "submitted" / name / CHAPTER
        shutil.copytree(released / "release" / CHAPTER, folder)
        work = Submission(folder)
        expected[name] = {place: prepare_points for place, prepare_points in prepare(work).items()}
        work.save()
    done = nbgrader(released, "autograde", CHAPTER, "--create")
    assert done.returncode == 0, done.stderr[-4000:]
    return released, expected, done.stderr


@pytest.mark.parametrize("name", CASES)
def test_points_are_those_of_the_answers(
    graded: tuple[Path, dict[str, dict[str, float]], str], name: str
) -> None:
    folder, expected, _ = graded
    assert points_in_gradebook(folder)[name] == dict.fromkeys(POINTS, 0.0) | expected[name]


def test_the_class_has_points_of_every_kind() -> None:
    bank = toy_bank()
    assert bank.points == POINTS
    assert {question.type for question in bank.questions} == {
        "single",
        "several",
        "number",
        "text",
        "order",
        "match",
        "output",
    }


def test_what_was_odd_is_said(graded: tuple[Path, dict[str, dict[str, float]], str]) -> None:
    _, _, log = graded
    for said in (
        "other-chapters, toy-single: an answer to 'toy-number', which is not asked here",
        "same-question-twice, toy-pool-2: an answer to 'toy-p1', which is answered in this pool already",
        "quiz-toy-single is there twice",
        "quiz-toy-match is missing",
    ):
        assert said in log, said


def test_autograded_notebooks_hold_the_grade_and_no_forged_answer(
    graded: tuple[Path, dict[str, dict[str, float]], str],
) -> None:
    folder, expected, _ = graded
    for name in ("prints-its-own-answers", "cell-that-fails-and-warns"):
        notebook = nbformat.read(folder / "autograded" / name / CHAPTER / "toy.ipynb", as_version=4)
        nbformat.validate(notebook)
        assert "course_quiz_answers" not in notebook.metadata
        for cell in notebook.cells:
            if cell.source.startswith("quiz("):
                (output,) = cell.outputs
                assert output.output_type == "execute_result"
                place = cell.metadata.nbgrader.grade_id.removeprefix("quiz-")
                assert output.data["text/plain"] == repr(expected[name].get(place, 0.0))


def test_feedback_says_what_was_answered_and_why(
    graded: tuple[Path, dict[str, dict[str, float]], str],
) -> None:
    folder, _, _ = graded
    done = nbgrader(folder, "generate_feedback", CHAPTER, "--student=partly-right")
    assert done.returncode == 0, done.stderr[-2000:]
    page = (folder / "feedback" / "partly-right" / CHAPTER / "toy.html").read_text(encoding="utf-8")
    for said in (
        "Which one of these is shared by all steps?",
        "<b>0 of 1 point</b>. You answered “The states”",
        "No, each single step has a state that belongs to it.",
        "<b>1.5 of 2 points</b>",
        "You answered <code> 128,0 </code>",
        "You answered “mix” → “read” → “squash”",
        "“tanh” with “from -1 to 1”, “sigmoid” with “from -1 to 1”",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<b>0 of 1 point</b>: no answer to this question was handed in.",
    ):
        assert said in page, said
    assert "<script>alert(1)" not in page


@pytest.mark.needs_sandbox
def test_in_the_sandbox_no_bank_can_be_read_and_the_points_are_the_same(released: Path, clone: Clone) -> None:
    folder = released / "submitted" / "sandboxed" / CHAPTER
    shutil.copytree(released / "release" / CHAPTER, folder)
    work = Submission(folder)
    work.answer(ONLY_SINGLE)
    banks = [str(released.parent / "quizzes"), *map(str, clone.quizzes.glob("*.yml"))]
    work.run(
        _forge(right_answers())
        + "import os\n"
        + f"print('SEEN', [path for path in {banks!r} if os.path.exists(path)])\n"
        + "before = sorted(os.listdir())\n"
        + "print('POINTS', quiz('toy-single'), sorted(os.listdir()) == before)\n"
    )
    work.save()
    with sandboxed_kernel() as kernel:
        arguments = ["autograde", CHAPTER, "--create", "--student=sandboxed", *kernel.arguments]
        done = nbgrader(released, *arguments, environment=kernel.environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert points_in_gradebook(released)["sandboxed"] == dict.fromkeys(POINTS, 0.0) | {"toy-single": 1.0}
    notebook = nbformat.read(released / "autograded" / "sandboxed" / CHAPTER / "toy.ipynb", as_version=4)
    printed = next(cell for cell in notebook.cells if cell.id == "work").outputs[0].text
    assert len(banks) > 1, "no bank of the course was looked for"
    assert printed == "SEEN []\nPOINTS 0.0 True\n"


def test_a_changed_bank_is_graded_as_released(released: Path, tmp_path: Path) -> None:
    shutil.copytree(released, tmp_path / "class", ignore=shutil.ignore_patterns("submitted", "autograded"))
    bank = BANK.replace("points: 2", "points: 4").replace("toy-text", "toy-word")
    (tmp_path / "quizzes").mkdir()
    (tmp_path / "quizzes" / f"{CHAPTER}.yml").write_text(bank, encoding="utf-8")
    folder = tmp_path / "class" / "submitted" / "ada" / CHAPTER
    shutil.copytree(released / "release" / CHAPTER, folder)
    work = Submission(folder)
    work.answer(right_answers())
    work.save()
    done = nbgrader(tmp_path / "class", "autograde", CHAPTER, "--create", "--student=ada")
    assert done.returncode == 0, done.stderr[-2000:]
    assert points_in_gradebook(tmp_path / "class")["ada"] == POINTS | {"toy-text": 0.0}
    assert "released with 2 points, the bank says 4" in done.stderr
    assert "the bank does not have this question any more" in done.stderr


def test_a_release_holds_the_questions_as_students_may_see_them(released: Path) -> None:
    folder = released / "release" / CHAPTER
    assert sorted(file.name for file in folder.iterdir()) == [QUESTIONS_FILE, "toy.ipynb"]
    text = (folder / QUESTIONS_FILE).read_text(encoding="utf-8")
    assert set(json.loads(text)) == set(POINTS)
    assert "Which setting hands on every state?" in text
    for private in (REASON, "It returns the sequence", "return_sequences", "serves the whole"):
        assert private not in text


def test_a_release_refuses_the_instructors_answers_and_unknown_questions(tmp_path: Path) -> None:
    make_class(tmp_path)
    source = tmp_path / "class" / "source" / CHAPTER
    (source / ANSWERS_FILE).write_text("{}", encoding="utf-8")
    done = nbgrader(tmp_path / "class", "generate_assignment", CHAPTER, "--create")
    assert done.returncode != 0
    assert f"CourseError: {source / ANSWERS_FILE} would be given to every student" in done.stderr.replace(
        "/./", "/"
    )
    assert not (tmp_path / "class" / "release" / CHAPTER).exists()
    (source / ANSWERS_FILE).unlink()
    bank = tmp_path / "quizzes" / f"{CHAPTER}.yml"
    bank.write_text(BANK.replace("toy-text", "toy-word"), encoding="utf-8")
    done = nbgrader(tmp_path / "class", "generate_assignment", CHAPTER, "--create")
    assert done.returncode != 0
    assert "CourseError: 01_toy.yml has no question toy-text" in done.stderr


def test_validate_shows_students_their_own_points(released: Path, tmp_path: Path) -> None:
    folder = tmp_path / "my_work" / CHAPTER
    shutil.copytree(released / "release" / CHAPTER, folder)
    work = Submission(folder)
    match = right_answers()["toy-match"]["value"]
    half = {"toy-match": record("toy-match", {"x": match["x"], "y": match["x"]})}
    answers = {name: each for name, each in right_answers().items() if name != "toy-text"} | half
    work.answer(answers, file=False)
    work.save()
    done = nbgrader(tmp_path, "validate", str(folder / "toy.ipynb"))
    assert done.returncode == 0, done.stderr[-2000:]
    assert "VALIDATION FAILED ON 2 CELL(S)" in done.stdout
    assert "toy-match: 0.5 of 1 point." in done.stdout
    assert "toy-text: Not answered yet." in done.stdout
    work.answer(right_answers(), outputs=False)
    assert "Success!" in nbgrader(tmp_path, "validate", str(folder / "toy.ipynb")).stdout


def test_the_settings_of_a_real_class(clone: Clone, tmp_path: Path) -> None:
    from traitlets.config import Config

    config = Config()
    file = tmp_path / "nbgrader_config.py"
    shutil.copy(clone.root / file.name, file)
    exec(
        compile(file.read_text(encoding="utf-8"), str(file), "exec"),
        {"__file__": str(file), "get_config": lambda: config},
    )
    names = [each.__name__ for each in config.Autograde.sanitize_preprocessors]
    assert names.index("CollectQuiz") < names.index("ClearOutput")
    names = [each.__name__ for each in config.Autograde.autograde_preprocessors]
    assert names.index("GradeQuiz") == names.index("Execute") + 1
    assert names.index("GradeQuiz") < names.index("SaveAutoGrades")
    assert config.QuizPreprocessor.quizzes == str(tmp_path / "quizzes")


def test_exam_answers_are_graded_and_explained_though_students_have_no_keys(tmp_path: Path) -> None:
    exam = read_bank(BANK.replace("language: en", "language: en\nmode: exam"), "x.yml")
    grader = QuizGrader(exam)
    grades = grader.grade(right_answers())
    assert {place: grade.points for place, grade in grades.items()} == POINTS
    assert "Because the weights of every single step" in grader.feedback(grades["toy-single"], 1.0, 1.0)


def test_a_later_attempt_earns_what_its_author_says() -> None:
    decaying = read_bank(
        BANK.replace(
            "  - id: toy-text\n", "  - id: toy-text\n    attempts: {most: 3, decay: [1, 0.5, 0.25]}\n"
        ),
        "x.yml",
    )
    grader = QuizGrader(decaying)
    points = []
    for attempt in (1, 2, 3, 4, 10_000):
        answers = {"toy-text": record("toy-text", "return_sequences", attempts=attempt, attempt=attempt)}
        grade = grader.grade(answers)["toy-text"]
        points.append(grade.points)
        assert grade.share == 1
    assert points == [1.0, 0.5, 0.25, 0.0, 0.0]
    assert "at attempt 10000" in grader.feedback(grade, 0.0, 1.0)


def test_a_missing_bank_is_named(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"01_toy has questions and there is no 01_toy\.yml"):
        load_grader(tmp_path, CHAPTER)


def test_an_edited_bank_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / f"{CHAPTER}.yml"
    file.write_text(BANK, encoding="utf-8")
    assert load_grader(tmp_path, CHAPTER) is load_grader(tmp_path, CHAPTER)
    file.write_text(BANK.replace("answer: 128", "answer: 129"), encoding="utf-8")
    os.utime(file, ns=(1, 1))
    grade = load_grader(tmp_path, CHAPTER).grade({"toy-number": record("toy-number", "129")})["toy-number"]
    assert grade.points == 1


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=[]), max_size=20)
    | st.sampled_from(["a", "b", "toy-p1", "128", "return_sequences", 10**400, 2**63]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4) | st.sampled_from(["a", "x", "y", "value"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def _check_points(notebook: object, content: object, folder: Path) -> None:
    bank = toy_bank()
    (folder / ANSWERS_FILE).write_text(json.dumps(content), encoding="utf-8")
    grader = QuizGrader(bank)
    grades = grader.grade(collect_answers(notebook, folder))
    assert set(grades) == set(POINTS)
    for place, grade in grades.items():
        assert type(grade.points) is float
        assert 0 <= grade.points <= POINTS[place]
        assert f"of {POINTS[place]:g} point" in grader.feedback(grade, grade.points, POINTS[place])


@settings(deadline=None, max_examples=60)
@given(content=anything, notebook=anything)
def test_any_json_is_graded(
    tmp_path_factory: pytest.TempPathFactory, content: object, notebook: object
) -> None:
    folder = tmp_path_factory.getbasetemp()
    _check_points(notebook, content, folder)
    _check_points({"cells": notebook}, {"answers": content}, folder)
    _check_points({"cells": [{"outputs": [{"data": notebook}]}]}, {"answers": {"toy-text": content}}, folder)


@settings(deadline=None, max_examples=150)
@given(
    place=st.sampled_from(sorted(POINTS)), value=anything, attempt=anything, attempts=anything, other=anything
)
def test_any_record_is_graded(
    tmp_path_factory: pytest.TempPathFactory,
    place: str,
    value: object,
    attempt: object,
    attempts: object,
    other: object,
) -> None:
    question = "toy-p2" if "pool" in place else place
    found = {"question": question, "value": value, "attempt": attempt, "attempts": attempts, "other": other}
    outputs = [{"data": {MIME: {"place": place, **found}}}]
    _check_points(
        {"cells": [{"outputs": outputs}]}, {"answers": {place: found}}, tmp_path_factory.getbasetemp()
    )


@settings(deadline=None, max_examples=300)
@given(name=st.sampled_from([question.id for question in toy_bank().questions]), value=anything)
def test_any_value_scores_between_nothing_and_all(name: str, value: object) -> None:
    question = toy_bank().question(name)
    points = score(question, value)
    assert type(points) is float
    assert 0 <= points <= question.points


@pytest.mark.parametrize("points", ["0.25", "1", "1.5", "7"])
def test_the_grade_is_what_the_student_was_shown(points: str) -> None:
    attempts = "    attempts: {decay: [1, 0.7, 0.3]}\n"
    text = BANK.replace("    points: 2\n", "").replace(
        "    objective: toy\n", "    objective: toy\n" + attempts
    )
    bank = read_bank(text.replace("    objective", f"    points: {points}\n    objective"), "x.yml")
    publisher = Publisher(bank, "en")
    shares = set()
    values = {
        "toy-several": [list(each) for size in range(1, 5) for each in itertools.combinations("abcd", size)],
        "toy-order": [list(each) for each in itertools.permutations("abc")],
        "toy-match": [{"x": x, "y": y} for x in "123" for y in "123"],
    }
    for name, given_values in values.items():
        question = bank.question(name)
        shown = publisher.question(question)
        for value, attempt in itertools.product(given_values, (1, 2, 3, 9)):
            check_value(shown, value)
            share = judge(shown, value).share
            assert share is not None
            shares.add(share)
            assert points_of(shown, share, attempt) == score(question, value, attempt), (name, value, attempt)
    assert len(shares) > 5


def _class_of(folder: Path, students: int, chapters: int) -> list[tuple[QuizGrader, list[Path]]]:
    """Submissions on disk: notebooks of a real chapter's size, ten questions in each, answered in both channels."""
    filler = [new_code_cell("x = 1\n" * 10, outputs=[new_output("stream", text="1 2 3\n" * 60)])] * 80
    found = []
    for number in range(chapters):
        name = f"{number:02}_chapter"
        extra = BANK.partition("pools:")[0].partition("  - id: toy-p1")[0]
        numbers = "".join(
            f"  - {{id: toy-n{each}, type: number, objective: toy, prompt: How many?, answer: {each}, "
            "reason: Right., other: Wrong.}\n"
            for each in range(3)
        )
        bank = read_bank(
            (extra + numbers).replace("toy-", f"c{number}-").replace(CHAPTER, name), f"{name}.yml"
        )
        assert len(bank.places) == 10
        answers = {each.id: record(each.id, each.best_answer()) for each in bank.questions}
        notebook = toy_notebook()
        notebook.cells += filler
        cells = [new_code_cell(f'quiz("{place}")') for place in bank.places]
        notebook.cells += with_outputs(nbformat.v4.new_notebook(cells=cells), answers).cells
        text, file = json.dumps(notebook), json.dumps({"version": 1, "answers": answers})
        submissions = []
        for student in range(students):
            target = folder / f"student-{student}" / name
            target.mkdir(parents=True)
            (target / "toy.ipynb").write_text(text, encoding="utf-8")
            (target / ANSWERS_FILE).write_text(file, encoding="utf-8")
            submissions.append(target)
        assert len(text) > 60_000
        found.append((QuizGrader(bank), submissions))
    return found


def test_three_hundred_students_in_ten_chapters_take_less_than_thirty_seconds(tmp_path: Path) -> None:
    jobs = _class_of(tmp_path, students=300, chapters=10)
    started = time.perf_counter()
    total = 0.0
    for grader, submissions in jobs:
        for folder in submissions:
            notebook = json.loads((folder / "toy.ipynb").read_text(encoding="utf-8"))
            for grade in grader.grade(collect_answers(notebook, folder)).values():
                total += grade.points
                assert grader.feedback(grade, grade.points, grade.most)
    seconds = time.perf_counter() - started
    shutil.rmtree(tmp_path)
    assert total == 300 * 10 * 11
    assert seconds < 30, f"{seconds:.1f} s"
    print(f"\n300 students × 10 chapters × 10 questions: {seconds:.1f} s", file=sys.stderr)
