"""The pipeline from notebook to page, on a toy course: cached, resumable, safe."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import nbformat
import pytest

from course_utils.errors import CourseError
from course_utils.grading.release import build_student_edition
from course_utils.layout import Clone
from course_utils.site import execute, pipeline
from course_utils.site.book import build_site
from course_utils.site.checks import find_external_requests, find_leaks, secret_lines
from course_utils.site.execute import Record, outdated_chapters, read_record
from course_utils.site.pages import reader_notebook
from course_utils.site.study import copy_for_study

SOLUTION = "quiet_secret_answer = sum(numbers) / len(numbers)"
HIDDEN_TEST = "assert abs(mean_of([7, 9, 20]) - 12) < 1e-9, 'hidden inputs'"


def edit_cell(clone: Clone, cell_id: str, source: str) -> None:
    path = clone.chapters[0].notebook
    notebook = nbformat.read(path, as_version=4)
    next(cell for cell in notebook.cells if cell.id == cell_id).source = source
    nbformat.write(notebook, path)


def test_whole_build_caching_and_safety(built: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    page = (built.html / "notebooks/01_toy/toy.html").read_text(encoding="utf-8")
    assert "sum 6" in page, "the executed output is not on the page"
    assert "YOUR CODE HERE" in page
    assert find_leaks([built.html, built.student], built.chapters) == []
    assert find_external_requests(built.html) == []

    # the download behind the page is the student's notebook, exactly
    download = built.html / "_sources/notebooks/01_toy/toy.ipynb"
    assert download.read_bytes() == (built.student / "01_toy/toy.ipynb").read_bytes()
    with zipfile.ZipFile(next(built.student.glob("unrolled-*.zip"))) as archive:
        assert {"README.md", "01_toy/toy.ipynb"} <= set(archive.namelist())
        assert any(name.endswith(".whl") for name in archive.namelist())
        assert "appendix/glossary.md" in archive.namelist()

    # nothing changed: nothing is executed or built
    before = {path: path.stat().st_mtime_ns for path in built.build.rglob("*") if path.is_file()}
    pipeline.build_course(built, workers=1)
    assert {path: path.stat().st_mtime_ns for path in built.build.rglob("*") if path.is_file()} == before

    # prose changed: built again without executing; code changed: executed again
    record = read_record(built, built.chapters[0])
    edit_cell(built, "essay", "### BEGIN SOLUTION\nBecause each part gets an equal share.\n### END SOLUTION")
    assert outdated_chapters(built, built.chapters) == {}
    edit_cell(built, "setup", "numbers = [1, 2, 4]")
    assert list(outdated_chapters(built, built.chapters)) == built.chapters
    pipeline.build_course(built, workers=1)
    assert "sum 7" in (built.html / "notebooks/01_toy/toy.html").read_text(encoding="utf-8")
    assert read_record(built, built.chapters[0]) != record

    # a change of what lessons use executes again; a change of the tools does not
    tool = built.root / "course_utils/site/checks.py"
    tool.write_text(tool.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert outdated_chapters(built, built.chapters) == {}
    room = built.root / "course_utils/data/__init__.py"
    room.write_text(room.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert list(outdated_chapters(built, built.chapters)) == built.chapters


def test_a_failing_cell_stops_the_build_and_the_next_call_goes_on(
    toy_clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    edit_cell(toy_clone, "setup", "numbers = 1 / 0")
    with pytest.raises(CourseError, match=r"01_toy: cell 2 \(setup\) stopped with ZeroDivisionError"):
        pipeline.build_course(toy_clone, workers=1)
    assert not toy_clone.html.exists()
    edit_cell(toy_clone, "setup", "numbers = [1, 2, 3]")
    pipeline.execute_outdated(toy_clone, toy_clone.chapters, workers=1)
    assert read_record(toy_clone, toy_clone.chapters[0]) is not None


def test_a_warning_on_a_page_stops_the_build(toy_clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    edit_cell(toy_clone, "setup", "import warnings\nnumbers = [1, 2, 3]\nwarnings.warn('think again')")
    with pytest.raises(CourseError, match=r"(?s)writes to standard error.*think again"):
        pipeline.execute_outdated(toy_clone, toy_clone.chapters, workers=1)


def test_a_warning_of_tensorflow_among_the_printed_lines_stops_it_too() -> None:
    text = "half\nWARNING:tensorflow:5 out of the last 6 calls triggered tf.function retracing.\n"
    with pytest.raises(CourseError, match=r"(?s)prints a warning.*5 out of"):
        execute._clean_outputs([{"output_type": "stream", "name": "stdout", "text": text}], "here")


def test_a_page_built_on_a_sample_says_so(toy_clone: Clone) -> None:
    chapter = toy_clone.chapters[0]
    outputs: list[list[dict[str, object]]] = [[] for _ in range(4)]
    real = Record("k", outputs, [0.0] * 4, [{"dataset": "imdb", "source": "folder"}])
    sample = Record("k", outputs, [0.0] * 4, [{"dataset": "imdb", "source": "sample"}])
    assert "bundled sample" not in "".join(c.source for c in reader_notebook(chapter, real).cells)
    shown = reader_notebook(chapter, sample).cells[1].source
    assert "Built on the bundled sample" in shown
    assert "the IMDB film reviews" in shown


def test_the_chain_from_loader_to_page_finds_the_sample(
    toy_clone: Clone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    edit_cell(toy_clone, "setup", "from course_utils.data import load_imdb\nload_imdb()\nnumbers = [1, 2, 3]")
    records = pipeline.execute_outdated(toy_clone, toy_clone.chapters, workers=1)
    assert records[toy_clone.chapters[0]].sample_datasets == ["imdb"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.html", f"<p>{SOLUTION}</p>"),
        ("b.html", "<p><span>quiet_secret_answer</span> = <b>sum(numbers)</b> / len(numbers)</p>"),
        ("c.js", json.dumps({"text": HIDDEN_TEST})),
        ("d.ipynb", json.dumps({"cells": [{"source": [SOLUTION + "\n", "print(1)"]}]})),
        ("e.html", "<p>### BEGIN SOLUTION</p>"),
        ("f.html", "<p>assert abs(mean_of([7, 9, 20]) - 12) &lt; 1e-9, &#39;hidden inputs&#39;</p>"),
    ],
)
def test_leaks_are_found(toy_clone: Clone, tmp_path: Path, name: str, content: str) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "innocent.html").write_text("<p>def mean_of(numbers):</p>", encoding="utf-8")
    assert find_leaks([folder], toy_clone.chapters) == []
    (folder / name).write_text(content, encoding="utf-8")
    assert find_leaks([folder], toy_clone.chapters), f"{name} leaks and was not found"


def test_leaks_inside_archives_are_found(toy_clone: Clone, tmp_path: Path) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    with zipfile.ZipFile(folder / "course.zip", "w") as archive:
        archive.writestr("toy.ipynb", json.dumps({"cells": [{"source": SOLUTION}]}))
    assert find_leaks([folder], toy_clone.chapters)


def test_secrets_are_what_stands_only_in_solutions(toy_clone: Clone) -> None:
    secrets = secret_lines(toy_clone.chapters)
    assert SOLUTION in secrets
    assert HIDDEN_TEST in secrets
    assert not any("divide by how many" in line for line in secrets)


def test_external_requests_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<a href="https://doi.org/10.1/x">a link is no request</a>', encoding="utf-8")
    assert find_external_requests(tmp_path) == []
    for tag in (
        '<script async src="https://elsewhere.example/x.js"></script>',
        "<img alt='' src='//elsewhere.example/x.png'>",
        '<link href="https://elsewhere.example/f.css" rel="stylesheet">',
    ):
        page.write_text(tag, encoding="utf-8")
        assert find_external_requests(tmp_path), tag
    page.unlink()
    (tmp_path / "s.css").write_text("@import url(https://elsewhere.example/font.css);", encoding="utf-8")
    assert find_external_requests(tmp_path)


def test_a_leak_is_never_published(built: Clone) -> None:
    (built.root / "notebooks" / "index.md").write_text(f"# A toy course\n\n`{SOLUTION}`\n", encoding="utf-8")
    records = {c: r for c in built.chapters if (r := read_record(built, c))}
    before = (built.html / "notebooks/index.html").read_bytes()
    with pytest.raises(CourseError, match="is not published"):
        build_site(built, records, built.chapters)
    assert (built.html / "notebooks/index.html").read_bytes() == before


def test_a_warning_of_jupyter_book_is_an_error(built: Clone) -> None:
    (built.root / "notebooks" / "index.md").write_text(
        "# A toy course\n\n[gone](nowhere.md)\n", encoding="utf-8"
    )
    records = {c: r for c in built.chapters if (r := read_record(built, c))}
    with pytest.raises(CourseError, match=r"(?s)Jupyter Book does not build.*nowhere"):
        build_site(built, records, built.chapters)


def test_launch_buttons_only_with_a_repository_and_only_to_files_that_exist(built: Clone) -> None:
    page = built.html / "notebooks/01_toy/toy.html"
    buttons = re.compile(r'href="https://(colab|mybinder)[^"]*')
    assert buttons.findall(page.read_text(encoding="utf-8")) == []
    config = built.root / "_config.yml"
    named = "repository:\n  url: https://github.com/someone/course\n  branch: main\n  path_to_book: student\n"
    config.write_text(config.read_text(encoding="utf-8") + named, encoding="utf-8")
    records = {c: r for c in built.chapters if (r := read_record(built, c))}
    with pytest.raises(CourseError, match="not in this checkout"):
        build_site(built, records, built.chapters)
    target = built.root / "student/notebooks/01_toy/toy.ipynb"
    target.parent.mkdir(parents=True)
    target.write_bytes((built.student / "01_toy/toy.ipynb").read_bytes())
    assert build_site(built, records, built.chapters)
    assert set(buttons.findall(page.read_text(encoding="utf-8"))) == {"colab", "mybinder"}
    target.write_bytes(built.chapters[0].notebook.read_bytes())
    config.write_text(config.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(CourseError, match="holds solutions"):
        build_site(built, records, built.chapters)


def test_jupyter_book_typed_in_the_root_names_the_right_command(toy_clone: Clone) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("jupyter-book"), "build", "."],
        cwd=toy_clone.root,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(toy_clone.root)},
    )
    assert done.returncode != 0
    assert "make course" in done.stdout + done.stderr
    published = [
        p for p in toy_clone.build.rglob("*") if p.is_file() and p.suffix in {".html", ".ipynb", ".js"}
    ]
    assert not [p for p in published if SOLUTION in p.read_text(encoding="utf-8", errors="replace")]


def test_a_write_that_fails_half_way_leaves_the_old_record(
    built: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = read_record(built, built.chapters[0])
    edit_cell(built, "setup", "numbers = [5]")

    def full(self: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            pipeline.execute_outdated(built, built.chapters, workers=1)
    assert read_record(built, built.chapters[0]) == record
    assert not list(built.executed.glob(".*"))
    assert "sum 5" in json.dumps(
        pipeline.execute_outdated(built, built.chapters, workers=1)[built.chapters[0]].outputs
    )


def test_an_interruption_ends_the_kernels_and_shows_no_traceback(toy_clone: Clone, tmp_path: Path) -> None:
    started = tmp_path / "started"
    edit_cell(
        toy_clone, "setup", f"import pathlib, time\npathlib.Path({str(started)!r}).touch()\ntime.sleep(120)"
    )
    command = [sys.executable, "-m", "course_utils.cli", "execute"]
    settings = {**os.environ, "COURSE_OFFLINE": "1"}
    with subprocess.Popen(
        command, cwd=toy_clone.root, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as build:
        for _ in range(600):
            if started.exists():
                break
            time.sleep(0.1)
        assert started.exists(), "the cell never started"
        build.send_signal(signal.SIGINT)
        told, _ = build.communicate(timeout=60)
    assert build.returncode != 0
    assert "Traceback" not in told
    assert not list(toy_clone.executed.glob("*"))


def test_a_students_own_work_is_never_overwritten(built: Clone) -> None:
    mine = copy_for_study(built) / "01_toy" / "toy.ipynb"
    assert mine.read_bytes() == (built.student / "01_toy/toy.ipynb").read_bytes()
    assert "### mean" in (mine.parent / "../appendix/glossary.md").read_text(encoding="utf-8")
    mine.write_text("my answer", encoding="utf-8")
    edit_cell(built, "setup", "numbers = [9]")
    build_student_edition(built, built.chapters)
    copy_for_study(built)
    assert mine.read_text(encoding="utf-8") == "my answer"


def test_a_damaged_record_is_made_again(built: Clone) -> None:
    (built.executed / "01_toy.json").write_text('{"key": "ha', encoding="utf-8")
    assert list(outdated_chapters(built, built.chapters)) == built.chapters
