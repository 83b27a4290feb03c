"""The student edition stands alone: the wheel in it carries the samples and the stored runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat

from course_utils.layout import Clone


def test_the_wheel_brings_samples_and_runs(clone: Clone, tmp_path: Path) -> None:
    wheels = list(clone.student.glob("*.whl"))
    assert len(wheels) == 1, "build the student edition first: `course student`"
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(tmp_path / "installed")
    code = (
        "import json, course_utils; from course_utils.data import load_imdb, sample_corpus; "
        "from course_utils.runs import list_runs, load_run; "
        "weights = load_run('imdb-simple-rnn').load_weights(); "
        "print(json.dumps([course_utils.__file__, len(sample_corpus().text), list_runs(), len(weights), "
        "load_imdb(quiet=True).source]))"
    )
    settings = {**os.environ, "PYTHONPATH": str(tmp_path / "installed"), "COURSE_OFFLINE": "1"}
    settings |= {"COURSE_CACHE": str(tmp_path / "cache")}
    settings.pop("COURSE_DATA", None)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=settings, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-800:]
    place, characters, runs, weights, source = json.loads(done.stdout.splitlines()[-1])
    assert Path(place).is_relative_to(tmp_path), "the clone's own package was imported"
    assert characters >= 60_000
    assert {"imdb-simple-rnn", "imdb-lstm"} <= set(runs)
    assert weights > 0
    assert source == "sample"


def test_the_students_notebooks_are_locked_templates(clone: Clone) -> None:
    for chapter in [chapter for chapter in clone.chapters if chapter.has_exercises]:
        released = nbformat.read(clone.student / chapter.name / chapter.notebook.name, as_version=4)
        nbformat.validate(released)
        text = "\n".join(cell.source for cell in released.cells)
        assert "YOUR CODE HERE" in text and "YOUR ANSWER HERE" in text
        assert "BEGIN" not in text
        for cell in released.cells:
            grading = cell.metadata.get("nbgrader", {})
            if grading and not grading.get("solution"):
                assert cell.metadata.get("deletable") is False, f"{grading['grade_id']} can be deleted"
                assert cell.metadata.get("editable") is False, f"{grading['grade_id']} can be edited"


def test_the_edition_says_how_to_start(clone: Clone) -> None:
    readme = (clone.student / "README.md").read_text(encoding="utf-8")
    assert next(clone.student.glob("*.whl")).name in readme
    for chapter in clone.chapters:
        assert f"{chapter.name}/{chapter.notebook.name}" in readme
        assert (clone.student / f"{chapter.name}.zip").is_file()
