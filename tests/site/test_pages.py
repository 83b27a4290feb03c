"""Pages: measured results are put in, and never typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from course_utils.errors import CourseError
from course_utils.site.pages import with_measurements

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
