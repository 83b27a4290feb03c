"""The repository itself: the lock, the first command on a strange machine, what no file may name."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from typer.testing import CliRunner

from course_utils import doctor
from course_utils.cli import app
from course_utils.errors import CourseError
from course_utils.layout import Clone


def tracked_files(clone: Clone) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=clone.root,
        capture_output=True,
        text=True,
        check=True,
    )
    return [clone.root / line for line in listed.stdout.splitlines() if (clone.root / line).is_file()]


def test_every_package_in_the_lock_is_pinned_by_hash_and_names_no_address(clone: Clone) -> None:
    text = (clone.root / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert len(entries) > 100
    for entry in entries:
        assert re.match(r"[a-z0-9][\w.-]*==\S+", entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]
    assert "://" not in text
    assert "--index" not in text and "--find-links" not in text


def test_the_lock_meets_the_ranges(clone: Clone) -> None:
    project = tomllib.loads((clone.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [Requirement(line) for line in project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        wanted += [Requirement(line) for line in extra]
    text = (clone.root / "requirements.lock").read_text(encoding="utf-8")
    locked: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9][\w.-]*)==([^\s;\\]+)", text, re.MULTILINE):
        locked.setdefault(name, set()).add(version)
    for requirement in wanted:
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        assert name in locked, f"{name} is not in the lock: run `make lock`"
        for version in locked[name]:
            assert requirement.specifier.contains(version), (
                f"{name} {version} is outside {requirement.specifier}"
            )


def test_conda_uses_the_lock_and_the_same_pythons(clone: Clone) -> None:
    environment = yaml.safe_load((clone.root / "environment.yml").read_text(encoding="utf-8"))
    project = tomllib.loads((clone.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"python{project['requires-python']}" in environment["dependencies"]
    assert {"pip": ["--requirement requirements.lock"]} in environment["dependencies"]


def test_no_file_names_an_index_or_a_private_path(clone: Clone) -> None:
    hosts = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "registry." + "npm"]
    private = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/opt/" + "pypi"]
    found = []
    for file in tracked_files(clone):
        text = file.read_text(encoding="utf-8", errors="ignore")
        for word in hosts + private:
            if word in text.replace("/ho" + "me/student", ""):
                found.append(f"{file.relative_to(clone.root)}: {word}")
    assert found == []


def test_a_wrong_python_gets_one_clear_line(clone: Clone) -> None:
    code = (
        "import sys, runpy; sys.version_info = (3, 9, 1, 'final', 0); sys.argv = ['course.py', 'build']; "
        "runpy.run_path('course.py', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=clone.root, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "needs Python 3.11 to 3.13 and this is 3.9" in done.stderr
    assert "make course PYTHON=" in done.stderr


def test_the_first_script_can_be_read_by_an_old_python(clone: Clone) -> None:
    import ast

    ast.parse((clone.root / "course.py").read_text(encoding="utf-8"), feature_version=(3, 4))


def test_too_little_room_is_said_before_anything_is_installed(clone: Clone) -> None:
    code = (
        "import shutil, runpy; shutil.disk_usage = lambda path: type('U', (), {'free': 1.2e9})();"
        "course = runpy.run_path('course.py', run_name='not_main'); course['check_disk']()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=clone.root, capture_output=True, text=True)
    assert done.returncode == 1
    assert "1.2 GB are free" in done.stderr and "make room" in done.stderr


def course(clone: Clone, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **changes}
    command = [sys.executable, "-m", "course_utils.cli", *arguments]
    return subprocess.run(command, cwd=clone.root, capture_output=True, text=True, env=environment)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("execute", "03_unroling"), "did you mean 03_unrolling?"),
        (("lab", "nonsense"), "there are 01_neurons"),
        (("classroom", "99"), "there is no chapter '99'"),
        (("strip", "04_vanishing"), "did you mean 04_vanishing_gradients?"),
        (("strip", "README.md"), "README.md is not a notebook"),
        (("train",), "name a run or say --all"),
        (("train", "imdb-lstn"), "imdb-lstm"),
    ],
)
def test_unknown_names_get_one_line_and_status_1(clone: Clone, arguments: tuple[str, ...], hint: str) -> None:
    done = course(clone, *arguments)
    assert done.returncode == 1
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("named", ["04_toy", "4", "toy", "notebooks/04_toy/toy.ipynb"])
def test_strip_takes_a_chapter_or_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    toy = tmp_path / "notebooks" / "04_toy" / "toy.ipynb"
    toy.parent.mkdir(parents=True)
    (tmp_path / "_toc.yml").touch()
    cell = nbformat.v4.new_code_cell("42", id="answer")
    cell.outputs = [nbformat.v4.new_output("stream", text="42")]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), toy)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["strip", named])
    assert done.exit_code == 1, done.output
    assert done.stdout.startswith("stripped ")
    assert nbformat.read(toy, as_version=4).cells[0].outputs == []
    assert CliRunner().invoke(app, ["strip", named]).exit_code == 0


def test_a_busy_port_gets_one_line(clone: Clone, built_site: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as busy:
        done = course(clone, "serve", "--port", str(busy.getsockname()[1]))
    assert done.returncode == 1
    assert "cannot be used" in done.stderr and done.stderr.count("\n") == 1


def test_serve_takes_a_free_port_and_prints_the_address(clone: Clone, built_site: Path) -> None:
    import urllib.request

    command = [sys.executable, "-m", "course_utils.cli", "serve"]
    with subprocess.Popen(command, cwd=clone.root, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert address, line
        with urllib.request.urlopen(address.group() + "notebooks/index.html", timeout=10) as answer:
            assert b"Unrolled" in answer.read()
        server.terminate()


def test_outside_a_clone_the_command_says_where_it_works(tmp_path: Path) -> None:
    code = (
        "import course_utils.layout as l; l.__file__ = '/nowhere/at/all/layout.py'; "
        "from course_utils.cli import main; main()"
    )
    command = [sys.executable, "-c", f"import sys; sys.argv = ['course', 'build']; {code}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "works on a clone of the course" in done.stderr


def test_a_full_disk_gets_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from course_utils import cli

    def full(**settings: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "page.html")

    monkeypatch.setattr(cli, "app", full)
    with pytest.raises(SystemExit, match=r"error: the disk is full \(page.html\): make room"):
        cli.main()


def test_the_package_is_imported_in_a_third_of_a_second_and_without_tensorflow(clone: Clone) -> None:
    code = (
        "import sys, time; s = time.perf_counter(); import course_utils; "
        "print(time.perf_counter() - s, 'tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split()
        for _ in range(3)
    ]
    assert min(float(seconds) for seconds, _ in runs) < 0.3
    assert {heavy for _, heavy in runs} == {"False"}


def test_doctor_passes_here(clone: Clone) -> None:
    done = course(clone, "doctor")
    assert done.returncode == 0, done.stdout
    assert "tensorflow" in done.stdout and "nothing is missing" in done.stdout


def test_doctor_says_what_is_wrong(clone: Clone, tmp_path: Path) -> None:
    done = course(clone, "doctor", COURSE_DATA=str(tmp_path / "not-there"))
    assert done.returncode == 1
    assert "not-there" in done.stdout


def test_doctor_tells_a_student_nothing_of_teaching(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_clone() -> Clone:
        raise CourseError("outside every clone")

    everything = {finding.what for finding in doctor.check_up()}
    monkeypatch.setattr(doctor, "find_clone", no_clone)
    told = {finding.what for finding in doctor.check_up()}
    left_out = {what.split()[0].rsplit("/")[-1] for what in everything - told}
    assert {"nbgrader", "jupyter-book", "pytest", "make"} <= left_out
    assert any(what.startswith("jupyterlab ") for what in told)


def test_rooms_import_only_from_rooms_before_them(clone: Clone) -> None:
    order = [
        "errors",
        "layout",
        "display",
        "data",
        "recurrent",
        "text",
        "runs",
        "figures",
        "explainers",
        "quiz",
        "doctor",
        "grading",
        "site",
        "cli",
    ]
    same_floor = {("runs", "figures"), ("figures", "runs")}
    wrong = []
    for file in (clone.root / "course_utils").rglob("*.py"):
        room = file.relative_to(clone.root / "course_utils").parts[0].removesuffix(".py")
        for target in re.findall(
            r"^\s*(?:from|import) course_utils\.(\w+)", file.read_text(encoding="utf-8"), re.M
        ):
            if room == "__init__" or (room, target) in same_floor:
                continue
            if order.index(target) > order.index(room):
                wrong.append(f"{file.name}: {room} imports {target}")
    assert wrong == []
