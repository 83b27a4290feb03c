"""What the tests share. A test that this machine cannot run is left out, and the summary says so in one line.

With `COURSE_REQUIRE_ALL=1`, as in continuous integration, nothing may be left out or skip: a missing browser or
sandbox is an error, and so is every skipped test.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from course_utils.doctor import find_chromium
from course_utils.grading.sandbox import sandbox_problem
from course_utils.layout import Clone, find_clone

REQUIRE_ALL = os.environ.get("COURSE_REQUIRE_ALL") == "1"
ROOT = Path(__file__).resolve().parents[1]


def _no_browser() -> str | None:
    return None if find_chromium() else "no Chromium is installed"


def _no_real_data() -> str | None:
    return None if os.environ.get("COURSE_DATA") else "COURSE_DATA does not name the folder of the real data"


_NEEDS: dict[str, Callable[[], str | None]] = {
    "needs_browser": _no_browser,
    "needs_real_data": _no_real_data,
    "needs_sandbox": sandbox_problem,
}
_left_out: list[str] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this machine cannot run."""
    for marker, why_not in _NEEDS.items():
        concerned = [item for item in items if item.get_closest_marker(marker)]
        reason = why_not() if concerned else None
        if reason is None:
            continue
        if REQUIRE_ALL and marker != "needs_real_data":
            raise pytest.UsageError(
                f"{len(concerned)} tests cannot run and nothing may be left out: {reason}"
            )
        items[:] = [item for item in items if item not in concerned]
        config.hook.pytest_deselected(items=concerned)
        _left_out.append(f"left out {len(concerned)} tests: {reason}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
    """Turn a skipped test into a failure where nothing may skip."""
    report = yield
    if REQUIRE_ALL and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, and nothing may skip here: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out."""
    for line in _left_out:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def clone() -> Clone:
    """The clone that is tested."""
    return find_clone(ROOT)


@pytest.fixture(scope="session")
def built_site(clone: Clone) -> Path:
    """The built site; `make test` builds it before the tests."""
    assert (clone.html / "index.html").is_file(), "nothing is built: run `make course` first"
    return clone.html
