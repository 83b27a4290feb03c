"""What code in the sandbox can and cannot do, tried with a real kernel through nbgrader's own preprocessor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.grading.sandbox import bubblewrap_command, sandbox_problem
from course_utils.layout import Clone

pytestmark = pytest.mark.needs_sandbox


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Run a line of Python in the sandbox and return what it printed, or the last line of its error."""
    monkeypatch.delenv("COURSE_DATA", raising=False)
    workspace = tmp_path / "autograded" / "ada" / "03"
    sockets = tmp_path / "sockets"
    workspace.mkdir(parents=True)
    sockets.mkdir()
    (tmp_path / "gradebook.db").write_text("grades", encoding="utf-8")
    connection = sockets / "k.json"
    connection.write_text("{}", encoding="utf-8")

    def run(code: str) -> str:
        command = bubblewrap_command(connection, workspace, [sys.executable, "-c", code])
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        return (done.stdout.strip() or done.stderr.strip()).rpartition("\n")[2]

    return run


def test_the_course_works_inside(inside) -> None:  # type: ignore[no-untyped-def]
    assert sandbox_problem() is None
    code = (
        "import numpy, course_utils.data as d; "
        "print(d.binary_addition(3)[0].shape, len(d.sample_corpus().text) > 60000)"
    )
    assert inside(code) == "(3, 8, 2) True"


def test_the_workspace_can_be_written(inside, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    inside("open('mine.txt', 'w').write('x')")
    assert (tmp_path / "autograded/ada/03/mine.txt").read_text(encoding="utf-8") == "x"


def test_gradebook_and_solutions_cannot_be_read(inside, tmp_path: Path, clone: Clone) -> None:  # type: ignore[no-untyped-def]
    assert "FileNotFoundError" in inside(f"open({str(tmp_path / 'gradebook.db')!r})")
    assert "FileNotFoundError" in inside("open('../../../gradebook.db')")
    for path in (clone.chapters[0].notebook, clone.root / "tests/conftest.py"):
        assert path.is_file()
        assert "FileNotFoundError" in inside(f"open({str(path)!r})")


def test_the_package_cannot_be_changed(inside, clone: Clone) -> None:  # type: ignore[no-untyped-def]
    target = clone.root / "course_utils" / "__init__.py"
    assert "Read-only file system" in inside(f"open({str(target)!r}, 'a')")


def test_there_is_no_network(inside) -> None:  # type: ignore[no-untyped-def]
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), 2).close()
        told = inside(f"import socket; socket.create_connection(('127.0.0.1', {port}), 2); print('reached')")
    assert "ConnectionRefusedError" in told or "OSError" in told


def test_the_environment_is_not_handed_on(inside, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("SECRET_TOKEN", "abc")
    assert os.environ["SECRET_TOKEN"] == "abc"
    assert inside("import os; print(os.environ.get('SECRET_TOKEN'), os.getuid())") == "None 65534"
