"""One place for nbgrader's settings, used by `nbgrader_config.py`, by the builds and by the demo class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

COURSE_ID = "unrolled"


def configure(config: Any, *, root: Path, source: Path, quizzes: Path, release: str = "release") -> None:
    """Set nbgrader up for the class kept in `root`.

    Args:
        config: the traitlets configuration object.
        root: folder of the class: releases, submissions, gradebook and feedback lie in it.
        source: folder of the instructor's notebooks.
        quizzes: folder of the question banks. It must not be a part of `source`: nbgrader releases what is there.
        release: name of the folder below `root` that receives the student versions.
    """
    config.CourseDirectory.course_id = COURSE_ID
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.source_directory = str(source)
    config.CourseDirectory.release_directory = release
    config.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}"
    # Releasing and collecting on one machine needs no shared folder of the system.
    config.Exchange.root = str(root / "exchange")
    config.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".*"]
    # A graceful shutdown waits two seconds for TensorFlow and gains nothing.
    config.Execute.shutdown_kernel = "immediate"
    config.Execute.timeout = 240
    config.ClearSolutions.code_stub = {
        "python": "# YOUR CODE HERE\nraise NotImplementedError()",
    }
    _grade_questions(config, quizzes)


def _grade_questions(config: Any, quizzes: Path) -> None:
    """Add the steps for questions to those that nbgrader takes by itself."""
    from nbgrader.converters import Autograde, GenerateAssignment
    from nbgrader.preprocessors import Execute

    from course_utils.grading.quiz import CollectQuiz, GradeQuiz, ReleaseQuiz, remove_odd_answers

    steps = Autograde.class_traits()
    config.QuizPreprocessor.quizzes = str(quizzes)
    config.Autograde.pre_convert_hook = remove_odd_answers
    # Before the outputs are cleared, which hold answers.
    config.Autograde.sanitize_preprocessors = [CollectQuiz, *steps["sanitize_preprocessors"].default()]
    grading = list(steps["autograde_preprocessors"].default())
    grading.insert(grading.index(Execute) + 1, GradeQuiz)
    config.Autograde.autograde_preprocessors = grading
    release = GenerateAssignment.class_traits()["preprocessors"].default()
    config.GenerateAssignment.preprocessors = [ReleaseQuiz, *release]
