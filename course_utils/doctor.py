"""`course doctor`: what this machine has, what is missing, and what to do about it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from course_utils.data import locate
from course_utils.errors import CourseError
from course_utils.layout import find_clone

_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@dataclass(frozen=True)
class Finding:
    """One line of the check-up."""

    what: str
    state: str
    """`ok`, `missing` (something the course needs) or `optional` (something it can do without)."""
    advice: str


def find_chromium() -> str | None:
    """Path of a Chromium or Chrome on this machine, or None."""
    return next((path for name in _CHROMIUM_NAMES if (path := shutil.which(name))), None)


def _package(name: str, module: str, need: str) -> Finding:
    if importlib.util.find_spec(module) is None:
        how = "python course.py build in the course's folder"
        return Finding(
            name, need, f"{how}; in the student edition install its wheel again" if need == "missing" else how
        )
    version = next((importlib.metadata.version(n) for n in (name, f"{name}-cpu") if _installed(n)), "")
    return Finding(f"{name} {version}".strip(), "ok", "")


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def check_up() -> list[Finding]:
    """Look at Python, packages, disk, cores and data; in a clone also at what teaching and testing use."""
    findings = []
    in_clone = _is_in_clone()
    version = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    findings.append(
        Finding(
            f"Python {version}",
            "ok" if good else "missing",
            "" if good else "install Python 3.11, 3.12 or 3.13",
        )
    )
    for name, module in (
        ("numpy", "numpy"),
        ("tensorflow", "tensorflow"),
        ("keras", "keras"),
        ("jupyterlab", "jupyterlab"),
    ):
        findings.append(_package(name, module, "missing"))
    if in_clone:
        for name, module in (
            ("nbgrader", "nbgrader"),
            ("jupyter-book", "jupyter_book"),
            ("pytest", "pytest"),
        ):
            findings.append(_package(name, module, "optional"))
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    findings.append(
        Finding(
            f"{free:.0f} GB free here",
            "ok" if free > 2 else "missing",
            "" if free > 2 else "make at least 2 GB of room",
        )
    )
    findings.append(Finding(f"{os.cpu_count()} processor cores", "ok", ""))
    for dataset, title in (("imdb", "IMDB reviews"), ("tinyshakespeare", "Tiny Shakespeare")):
        findings.append(_check_dataset(dataset, title))
    return [*findings, *_programs()] if in_clone else findings


def _is_in_clone() -> bool:
    try:
        find_clone()
    except CourseError:
        return False
    return True


def _programs() -> list[Finding]:
    """Those outside Python; the course can do without each."""
    chromium, bwrap, make = find_chromium(), shutil.which("bwrap"), shutil.which("make")
    return [
        Finding(
            chromium or "Chromium",
            "ok" if chromium else "optional",
            "" if chromium else "only the browser tests need it",
        ),
        Finding(
            bwrap or "bubblewrap",
            "ok" if bwrap else "optional",
            "" if bwrap else "keeps students' code apart when grading; Linux only",
        ),
        Finding(
            make or "make",
            "ok" if make else "optional",
            "" if make else "`python course.py build` does what `make course` does",
        ),
    ]


def _check_dataset(dataset: str, title: str) -> Finding:
    try:
        path, source = locate(dataset)
    except CourseError as error:
        return Finding(title, "missing", str(error))
    if path is None:
        return Finding(
            title, "optional", "fetched when first asked for; without a network the bundled sample stands in"
        )
    return Finding(f"{title} ({source}: {path})", "ok", "")


def print_checkup() -> int:
    """Print the check-up.

    Returns:
        0 where nothing that the course needs is missing, else 1.
    """
    console = Console(highlight=False)
    findings = check_up()
    signs = {"ok": "[green]✓[/]", "missing": "[red]✗[/]", "optional": "[yellow]–[/]"}
    for finding in findings:
        advice = f": {finding.advice}" if finding.advice else ""
        console.print(f"{signs[finding.state]} {finding.what}{advice}", soft_wrap=True)
    missing = sum(finding.state == "missing" for finding in findings)
    console.print("nothing is missing" if not missing else f"{missing} things are missing, see ✗ above")
    return 1 if missing else 0
