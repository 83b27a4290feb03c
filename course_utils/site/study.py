"""For whoever sits in front of it: the built site on localhost, and JupyterLab on a copy of the student edition."""

from __future__ import annotations

import errno
import functools
import http.server
import shutil
import subprocess
import sys
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.grading.release import PAGES, build_student_edition
from course_utils.layout import Chapter, Clone


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keep the terminal quiet."""


def make_server(clone: Clone, port: int) -> http.server.ThreadingHTTPServer:
    """A server of the built site on this machine only.

    Args:
        clone: the clone whose site is served.
        port: 0 takes a free port.

    Raises:
        CourseError: where nothing is built yet, or the port is taken.
    """
    if not (clone.html / "index.html").is_file():
        raise CourseError("there is no built site yet: run `make course` (or `course build`) first")
    handler = functools.partial(_QuietHandler, directory=str(clone.html))
    try:
        return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise CourseError(
            f"port {port} cannot be used ({error}): leave --port out and a free one is taken"
        ) from error


def serve_site(clone: Clone, port: int) -> None:
    """Serve the built site until interrupted, after printing its address."""
    with make_server(clone, port) as server:
        print(f"the site is at http://127.0.0.1:{server.server_address[1]}/  (Ctrl+C stops)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def copy_for_study(clone: Clone) -> Path:
    """Copy the student edition's chapters and pages to `class/my_work`, where they are not there yet.

    Returns:
        The folder. A file that is in it already, with or without work in it, stays as it is.
    """
    work = clone.root / "class" / "my_work"
    files = [clone.student / page for page in PAGES]
    for chapter in clone.chapters:
        files += sorted((clone.student / chapter.name).rglob("*"))
    for file in files:
        copy = work / file.relative_to(clone.student)
        if file.is_file() and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
    return work


def start_lab(clone: Clone, chapter: Chapter | None, *, open_browser: bool) -> int:
    """Start JupyterLab in `class/my_work`, a copy of the student edition that later builds never touch.

    Args:
        clone: the clone to work on.
        chapter: the chapter to open, or None for the folder.
        open_browser: whether to open a window.

    Returns:
        JupyterLab's exit status.
    """
    build_student_edition(clone, clone.chapters)
    work = copy_for_study(clone)
    print(f"your copy of the student edition: {work}", flush=True)
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={work}"]
    if chapter is not None:
        command.append(f"--LabApp.default_url=/lab/tree/{chapter.name}/{chapter.notebook.name}")
    if not open_browser:
        command.append("--no-browser")
    return subprocess.run(command).returncode
