"""Pages of their own for living figures: the real bundle, one figure or a few, and nothing else."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

from course_utils.explainers import CourseWidget
from course_utils.explainers.widget import shipped_modules, write_bundle
from course_utils.quiz.widget import MODULE as QUIZ

# The variables that the site's theme sets, in its own colours.
_THEME = """
html { background: #fff; color: #222832; --pst-color-background: #fff; --pst-color-text-base: #222832; }
html[data-theme="dark"] {
  background: #14181e; color: #ced6dd; --pst-color-background: #14181e; --pst-color-text-base: #ced6dd;
}
body { font-family: system-ui, sans-serif; line-height: 1.65; max-width: 740px; margin: 1rem auto; padding: 0 1rem; }
"""


# Milliseconds: what a browser calls a long task; three frames at 60 a second.
LONG_TASK = 50


@dataclass
class Site:
    """A folder of pages, and the address that its tests use."""

    folder: Path
    address: str

    def write(self, name: str, *parts: str | CourseWidget) -> str:
        """Write a page with these texts and figures; gives its address."""
        body = "\n".join(
            part if isinstance(part, str) else part._repr_mimebundle_()[0]["text/html"] for part in parts
        )
        head = (
            f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{name}</title>'
            '<link rel="icon" href="data:,"><link rel="stylesheet" href="explainers.css">'
            f'<style>{_THEME}</style><script defer src="course-widgets.js"></script>'
        )
        page = (
            f'<!doctype html><html lang="en" data-theme="light"><head>{head}</head>'
            f"<body><main><h1>{name}</h1>\n{body}\n</main></body></html>"
        )
        (self.folder / f"{name}.html").write_text(page, encoding="utf-8")
        return f"{self.address}/{name}.html"


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output quiet."""


@contextmanager
def folder_pages(folder: Path) -> Iterator[Site]:
    """Pages opened from their folder."""
    write_bundle(folder, [*shipped_modules(), QUIZ])
    yield Site(folder, folder.as_uri())


@contextmanager
def served_pages(folder: Path) -> Iterator[Site]:
    """Pages of a web server on this machine."""
    write_bundle(folder, [*shipped_modules(), QUIZ])
    handler = functools.partial(_QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(folder, f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()


def figure_of(page: Page, name: str = "unroll", view: int = 0) -> Locator:
    """The live figure of this name."""
    place = page.locator(f".course-widget[data-name={name}]").nth(view)
    place.scroll_into_view_if_needed()
    live = place.locator(".cw-figure")
    live.wait_for()
    return live


def status_of(figure: Locator) -> Locator:
    """The one sentence that says what just happened."""
    return figure.get_by_role("status")


def wait_for_drawing(page: Page) -> None:
    """Wait until what has been changed is drawn: in the next animation frame, and to be seen in the one after it."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def table_of(figure: Locator) -> list[list[float]]:
    """The figure's table of numbers, in full precision: one list a row, texts left out."""
    if not figure.locator("details.cw-details").evaluate("details => details.open"):
        # By key: a sentence that changes above while the mouse clicks would move the place away from under it.
        figure.get_by_text("The numbers as a table").press("Enter")
        # The rows come with the event that the key leads to.
        figure.locator("details.cw-details tbody tr").first.wait_for(state="attached")
    wait_for_drawing(figure.page)
    rows: list[list[float]] = figure.locator("details.cw-details tbody").evaluate(
        "body => [...body.rows].map(row => [...row.querySelectorAll('data')].map(d => Number(d.value)))"
    )
    return rows


def violations(page: Page) -> list[object]:
    """What axe-core finds wrong in the living figures of a page."""
    found = Axe().run(page, context=".cw-figure").response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


def small_targets(page: Page, css: str) -> list[object]:
    """What a finger cannot hit: controls under 24 pixels, each with its size; a box to tick is its label."""
    found: list[object] = page.evaluate(
        """css => [...document.querySelectorAll(css)].map(node => {
             const target = ['radio', 'checkbox'].includes(node.type) ? node.closest('label') : node;
             const { width, height } = target.getBoundingClientRect();
             return [node.outerHTML.slice(0, 60), Math.min(width, height)];
           }).filter(([, least]) => least > 0 && least < 24)""",
        css,
    )
    return found


def dragging(slider: Locator, *, steps: int = 60) -> Callable[[], None]:
    """What drags a slider by mouse from its left end to its right; it is scrolled into view."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    mouse = slider.page.mouse

    def drag() -> None:
        mouse.move(box["x"] + 5, middle)
        mouse.down()
        mouse.move(box["x"] + box["width"] - 5, middle, steps=steps)
        mouse.up()

    return drag


def expect_no_long_task(page: Page, act: Callable[[], None]) -> None:
    """Fails where each of three calls of `act()` makes the page's main thread work for over 50 ms at a stretch.

    Three, since another program may hold the machine for a moment: the figure itself must be able to.
    """
    longest: list[float] = []
    while not longest or (longest[-1] > LONG_TASK and len(longest) < 3):
        longest.append(_longest_task_while(page, act))
    print(f"{act.__name__}: longest task {', '.join(f'{task:.0f}' for task in longest)} ms")
    assert min(longest) <= LONG_TASK, f"{act.__name__}: tasks of {longest} ms"


def _longest_task_while(page: Page, act: Callable[[], None]) -> float:
    """The longest task of the page's main thread while `act()` ran, in milliseconds of its own work.

    Its own: where other programs hold the machine, the time on the clock says more about them.
    """
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline"])
    act()
    page.wait_for_timeout(200)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    threads = {(event["pid"], event["tid"]) for event in events if event["name"] == "FunctionCall"}
    tasks = [
        event["tdur"] / 1000
        for event in events
        if event["name"].endswith("RunTask") and "tdur" in event and (event["pid"], event["tid"]) in threads
    ]
    assert tasks, "nothing was measured"
    return float(max(tasks))
