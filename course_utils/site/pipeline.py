"""The main job from end to end, with progress for each step and a closing summary."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from course_utils.data import prefetch
from course_utils.errors import CourseError
from course_utils.grading.release import build_student_edition
from course_utils.layout import Chapter, Clone
from course_utils.site.book import build_site, list_pages
from course_utils.site.execute import Record, execute_chapters, outdated_chapters, read_record

console = Console(highlight=False, soft_wrap=True)
_SOURCES = {
    "folder": "your folder (COURSE_DATA)",
    "cache": "the cache",
    "download": "the official site",
    "sample": "the bundled sample",
}


@contextmanager
def _timed(name: str, times: dict[str, float]) -> Iterator[None]:
    started = time.perf_counter()
    with console.status(f"{name} …"):
        yield
    times[name] = time.perf_counter() - started


def execute_outdated(clone: Clone, chapters: Sequence[Chapter], *, workers: int) -> dict[Chapter, Record]:
    """Execute the chapters that changed and return the records of all of them.

    Args:
        clone: the clone to work on.
        chapters: the chapters wanted.
        workers: how many kernels may run at once.

    Raises:
        CourseError: for the first cell that fails.
    """
    outdated = outdated_chapters(clone, chapters)
    if outdated:
        # Once and with a progress bar, before several notebooks ask for the same files.
        sources = prefetch()
        console.print(
            "data: " + ", ".join(f"{name} from {_SOURCES[source]}" for name, source in sources.items())
        )
        outdated = outdated_chapters(clone, chapters)
    console.print(f"notebooks: {len(outdated)} of {len(chapters)} to execute, {workers} at a time")
    if outdated:
        columns = (
            TextColumn("  {task.description:24}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
            tasks: dict[Chapter, TaskID] = {}

            def progress(chapter: Chapter, done: int, total: int) -> None:
                if chapter not in tasks:
                    tasks[chapter] = bars.add_task(chapter.name, total=total)
                    if not console.is_terminal:
                        console.print(f"  {chapter.name}: {total} cells …")
                elif done == total and not console.is_terminal:
                    console.print(f"  {chapter.name}: done")
                bars.update(tasks[chapter], completed=done)

            execute_chapters(clone, outdated, workers=workers, progress=progress)
    records = {}
    for chapter in chapters:
        record = read_record(clone, chapter)
        if record is None:
            raise CourseError(f"the record of {chapter.name} cannot be read back: is the disk full?")
        records[chapter] = record
    return records


def build_course(clone: Clone, *, workers: int, install_seconds: float = 0.0) -> None:
    """Execute what changed, build the student edition and the site, and say where they are.

    Args:
        clone: the clone to work on.
        workers: how many notebooks may run at once.
        install_seconds: what the environment took before, for the summary.

    Raises:
        CourseError: whatever stops the build, in one line.
    """
    times: dict[str, float] = {"environment": install_seconds} if install_seconds else {}
    chapters = clone.chapters
    started = time.perf_counter()
    records = execute_outdated(clone, chapters, workers=workers)
    times["notebooks"] = time.perf_counter() - started
    with _timed("student edition", times):
        student_built = build_student_edition(clone, chapters)
    console.print(f"student edition: {'built' if student_built else 'nothing changed'}")
    with _timed("site", times):
        site_built = build_site(clone, records, chapters)
    console.print(f"site: {'built and checked' if site_built else 'nothing changed'}")
    _print_summary(clone, records, times)


def _print_summary(clone: Clone, records: dict[Chapter, Record], times: dict[str, float]) -> None:
    samples = {c.name: r.sample_datasets for c, r in records.items() if r.sample_datasets}
    console.print()
    steps = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in times.items())
    console.print(
        f"{len(list_pages(clone))} pages, {len(records)} notebooks, {sum(times.values()):.0f} s ({steps})"
    )
    console.print(f"  the site             {clone.html / 'index.html'}")
    console.print(f"  the student edition  {clone.student}")
    for name, datasets in samples.items():
        console.print(
            f"  {name} was built on the bundled sample of {', '.join(datasets)}, and its page says so",
        )
    console.print(
        "  next: make serve (look at the site), make lab (work through it), make classroom (grade it)"
    )


def run_tests(clone: Clone, arguments: Sequence[str]) -> int:
    """Build what changed, then run the tests, or only what `arguments` name.

    Two lanes run side by side; those of the browser's tests that must be alone run after them.

    Returns:
        0 where everything passed; with `arguments`, pytest's exit status.
    """
    build_course(clone, workers=min(2, os.cpu_count() or 1))
    pytest = [sys.executable, "-m", "pytest", "-q"]
    if arguments:
        return subprocess.run([*pytest, *arguments], cwd=clone.root).returncode
    checks = {
        "code style": [sys.executable, "-m", "ruff", "check", "--quiet", "."],
        "code format": [sys.executable, "-m", "ruff", "format", "--check", "."],
        "types": [sys.executable, "-m", "mypy"],
        "notebooks": [*pytest, "--nbval-lax", "--nbval-cell-timeout=240", "notebooks"],
    }
    browser = [*pytest, "tests/browser", "--durations=5", "-m"]
    checks["browser"] = [*browser, "not alone"]
    tests = {"tests": [*pytest, "tests", "--ignore=tests/browser", "--durations=5"]}
    timed = {"browser, alone": [*browser, "alone"]}
    console.print(f"\ntests: {', '.join(checks | tests)} side by side, then {', '.join(timed)}")
    times: dict[str, float] = {}
    failed: list[str] = []

    def run_lane(suites: dict[str, list[str]]) -> None:
        for name, command in suites.items():
            started = time.perf_counter()
            done = subprocess.run(command, cwd=clone.root, capture_output=True, text=True, errors="replace")
            times[name] = time.perf_counter() - started
            # pytest's status 5: without a browser all of these are left out, and conftest says so.
            passed = done.returncode == 0 or (name.startswith("browser") and done.returncode == 5)
            if not passed:
                failed.append(name)
            console.rule(f"{name}: {'passed' if passed else 'failed'}, {times[name]:.0f} s")
            console.print((done.stdout + done.stderr).strip(), markup=False)

    started = time.perf_counter()
    with ThreadPoolExecutor(max_workers=2) as pool:
        for lane in [pool.submit(run_lane, checks), pool.submit(run_lane, tests)]:
            lane.result()
    run_lane(timed)
    console.print()
    console.print(
        f"{time.perf_counter() - started:.0f} s of tests: "
        + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in times.items())
    )
    console.print(f"failed: {', '.join(failed)}" if failed else "everything passed")
    return 1 if failed else 0
