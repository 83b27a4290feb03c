"""Pages: measured results are put in, and never typed."""

from __future__ import annotations

import json
import platform
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from course_utils import __version__
from course_utils.cli import app
from course_utils.errors import CourseError
from course_utils.layout import Clone
from course_utils.site.pages import with_measurements, with_versions

RESULT = {
    "columns": {"what": "what", "ours": "the engine"},
    "rows": [{"what": "one epoch", "ours": "0.9 s"}, {"what": "two", "ours": "1.8 s"}],
    "values": {"ratio": "70"},
    "measured": {"date": "2026-11-21", "machine": "one core", "versions": "NumPy 2"},
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    (tmp_path / "speed.json").write_text(json.dumps(RESULT), encoding="utf-8")
    return tmp_path


def test_a_result_becomes_a_table_that_says_where_it_was_measured(results: Path) -> None:
    text = with_measurements("before\n\n{{ measured: speed }}\n\nafter", results)
    assert "| what | the engine |\n|---|---|\n| one epoch | 0.9 s |\n| two | 1.8 s |" in text
    assert "Measured on 2026-11-21 on one core, with NumPy 2." in text
    assert text.startswith("before") and text.endswith("after")


def test_one_value_can_be_put_into_a_sentence(results: Path) -> None:
    assert with_measurements("{{ measured: speed.ratio }} times", results) == "70 times"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{{ measured: nothing }}",
            r"there is no result nothing.json: run `python benchmarks/nothing.py --write`",
        ),
        ("{{ measured: speed.colour }}", r"speed.json has no value 'colour': name one of ratio"),
    ],
)
def test_what_is_not_there_stops_the_build(results: Path, text: str, message: str) -> None:
    with pytest.raises(CourseError, match=message):
        with_measurements(text, results)


def test_text_without_results_stays_as_it_is(tmp_path: Path) -> None:
    assert with_measurements("a {{ timings }} b", tmp_path) == "a {{ timings }} b"


def test_versions_are_those_that_build_the_page(clone: Clone) -> None:
    text = with_versions(
        "{{ version: numpy }}, {{ version: python }}, {{ version: unrolled }}\n\n{{ versions }}", clone
    )
    assert text.startswith(f"{np.__version__}, {platform.python_version()}, {__version__}\n")
    assert f"| Python | {platform.python_version()} |" in text
    assert f"| numpy | {np.__version__} |" in text
    assert re.search(r"^\| tensorflow \| \d+\.\d+", text, re.MULTILINE)
    assert text.count("| tensorflow") == 1, "the two builds of TensorFlow are one package"


def test_the_version_of_what_is_not_installed_stops_the_build(clone: Clone) -> None:
    with pytest.raises(CourseError, match="asks for the version of no-such-package, which is not installed"):
        with_versions("{{ version: no-such-package }}", clone)


def test_getting_started_names_what_there_is(clone: Clone) -> None:
    text = (clone.notebooks / "getting_started.md").read_text(encoding="utf-8")
    project = tomllib.loads((clone.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.14" and f"python{project['requires-python']}" in text
    assert "Python 3.11, 3.12 or 3.13" in text
    assert re.search(
        r"^channels:\n {2}- conda-forge", (clone.root / "environment.yml").read_text(encoding="utf-8"), re.M
    )
    shipped = {file.name for file in clone.student.iterdir()}
    version = with_versions("{{ version: unrolled }}", clone)
    for name in re.findall(r"unrolled-\{\{ version: unrolled \}\}[\w.-]*", text):
        assert name.replace("{{ version: unrolled }}", version) in shipped
    commands = re.findall(r"\bcourse (\w+)$", text, re.MULTILINE)
    known = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }
    assert {"build", "lab", "doctor"} <= set(commands) <= known


def test_the_page_shows_versions_and_no_placeholder(clone: Clone, built_site: Path) -> None:
    page = (built_site / "notebooks" / "getting_started.html").read_text(encoding="utf-8")
    assert "{{" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL).replace("{{The Unrolled", "")
    assert f"unrolled-{__version__}.zip" in page
