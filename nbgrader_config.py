"""nbgrader's settings for a real class: `nbgrader …` and formgrader, started in the root of the clone, read them."""

from pathlib import Path

from course_utils.grading.settings import configure

_root = Path(__file__).resolve().parent
_class = _root / "class"
(_class / "exchange").mkdir(parents=True, exist_ok=True)
# nbgrader provides get_config.
configure(get_config(), root=_class, source=_root / "notebooks", quizzes=_root / "quizzes")  # noqa: F821
