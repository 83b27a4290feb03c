"""Real JupyterLab in headless Chromium: a student opens a chapter, an instructor opens formgrader."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

import course_utils.explainers
from course_utils.grading.classroom import run_classroom
from course_utils.layout import Clone

pytestmark = pytest.mark.needs_browser


@contextmanager
def jupyterlab(folder: Path, log: Path) -> Iterator[str]:
    """JupyterLab on `folder`; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        # The tests leave no open tabs behind in anybody's JupyterLab.
        "JUPYTERLAB_WORKSPACES_DIR": str(log.parent / "workspaces"),
        "JUPYTERLAB_SETTINGS_DIR": str(log.parent / "settings"),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    command += [
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        "--ServerApp.disable_check_xsrf=True",
    ]
    command += [
        f"--ServerApp.root_dir={folder}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    with log.open("w", encoding="utf-8") as output:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(240):
                try:
                    with urllib.request.urlopen(f"{address}/api/status", timeout=2) as answer:
                        json.load(answer)
                    break
                except OSError:
                    assert server.poll() is None, log.read_text(encoding="utf-8")[-2000:]
                    time.sleep(0.25)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=30)


def run_cell(page: Page) -> None:
    """Press Shift+Enter until the next cell is the active one: JupyterLab drops keys while it is still loading."""
    active = "document.querySelector('.jp-Notebook .jp-Cell.jp-mod-active')?.dataset.windowedListIndex"
    before = page.evaluate(active)
    for _ in range(10):
        page.keyboard.press("Shift+Enter")
        with contextlib.suppress(PlaywrightTimeout):
            page.wait_for_function(f"({active}) > {before}", timeout=3_000)
            return
    raise AssertionError(f"cell {before} does not run: Shift+Enter changes nothing")


def test_a_student_opens_a_chapter_and_runs_its_first_cells(watch, clone: Clone, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    chapter = next(chapter for chapter in clone.chapters if chapter.has_exercises)
    work = tmp_path / "work"
    shutil.copytree(clone.student / chapter.name, work / chapter.name)
    with jupyterlab(work, tmp_path / "lab.log") as address:
        page = watch.page
        page.goto(f"{address}/lab/tree/{chapter.name}/{chapter.notebook.name}")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        # Before the kernel is connected JupyterLab silently drops what one runs; the status bar knows.
        page.get_by_text(re.compile(r"\| Idle$")).first.wait_for(timeout=120_000)
        title = page.locator(".jp-Notebook h1").first
        assert title.inner_text().strip("¶ ")
        set_up = page.locator(".jp-Notebook .jp-CodeCell").first
        for _ in range(10):
            set_up.locator(".cm-content").click()
            page.keyboard.press("Shift+Enter")
            with contextlib.suppress(PlaywrightTimeout):
                set_up.get_by_text(re.compile(r"^\[(\*|\d+)\]:$")).first.wait_for(timeout=3_000)
                break
        for _ in range(3):  # the text below it, the first picture, its text
            run_cell(page)
        page.wait_for_selector(".jp-Notebook .jp-OutputArea-output", state="attached", timeout=120_000)
        shown = page.locator(".jp-Notebook .jp-OutputArea-output").first.inner_text()
        assert "Error" not in shown
        page.screenshot(path=str(clone.build / "jupyterlab.png"))
        assert not [
            trouble for trouble in watch.troubles if trouble.startswith(("asks another host", "uncaught"))
        ]


def test_a_term_in_a_chapter_opens_its_entry_in_the_glossary(watch, clone: Clone, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    find = re.compile(r"\[\*\*([^*]+)\*\*\]\(\.\./appendix/glossary\.md#([a-z-]+)\)")
    for chapter in clone.chapters:
        notebook = clone.student / chapter.name / chapter.notebook.name
        linked = find.search(notebook.read_text(encoding="utf-8"))
        if linked:
            break
    else:
        pytest.fail("no chapter links to the glossary")
    work = tmp_path / "work"
    for folder in (chapter.name, "appendix"):
        shutil.copytree(clone.student / folder, work / folder)
    with jupyterlab(work, tmp_path / "lab.log") as address:
        page = watch.page
        page.goto(f"{address}/lab/tree/{chapter.name}/{chapter.notebook.name}")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        term = page.locator(f".jp-Notebook a[href*='glossary.md'][href$='#{linked[2]}']").first
        for _ in range(60):
            if term.count():
                break
            page.locator(".jp-WindowedPanel-outer").first.evaluate("panel => panel.scrollBy(0, 600)")
            page.wait_for_timeout(250)
        term.click()
        entry = page.locator(
            ".jp-MarkdownViewer h3", has_text=re.compile(f"^{linked[2].replace('-', '.')}", re.I)
        )
        entry.wait_for(timeout=30_000)
        expect(entry).to_be_in_viewport()
        page.screenshot(path=str(clone.build / "jupyterlab_glossary.png"))


@pytest.mark.alone
def test_formgrader_opens_in_jupyterlab_with_the_demo_class(watch, clone: Clone, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    chapter = next(chapter for chapter in clone.chapters if chapter.has_exercises)
    folder = clone.build / "classroom"
    if not (folder / "grades.csv").is_file():
        run_classroom(clone, [chapter])
    with jupyterlab(folder, tmp_path / "lab.log") as address:
        page = watch.page
        page.goto(f"{address}/lab")
        page.wait_for_selector("#jp-MainMenu", timeout=60_000)
        page.locator("#jp-MainMenu >> text=Nbgrader").click()
        page.locator(".lm-Menu-itemLabel", has_text=re.compile(r"^Formgrader$")).click()
        frame = page.frame_locator("iframe[src*='formgrader']")
        frame.locator(f"a:has-text('{chapter.name}')").first.wait_for(timeout=60_000)
        page.screenshot(path=str(clone.build / "formgrader.png"))

        page.goto(f"{address}/formgrader/gradebook/{chapter.name}/{chapter.notebook.stem}")
        page.wait_for_function("document.querySelectorAll('table tbody tr').length === 3", timeout=60_000)


LAB: dict[str, tuple[Callable[[Locator], object], str, str]] = {
    "Forecast(horizon=6)": (
        lambda live: live.get_by_role("slider", name="Starting point").press("ArrowRight"),
        "print(figure.origin, round(float(figure.forecasts['naive'][0] - figure.series[240]), 6))",
        "1 0.0",
    ),
    "Gates()": (
        lambda live: live.get_by_role("slider", name="Hold every forget gate").fill("0"),
        "print(figure.gate, figure.clamp, figure.gates['forget'][-1].max())",
        "forget 0.0 0.0",
    ),
    "GradientFlow(revealed=True)": (
        lambda live: live.get_by_role("slider", name="wh = spectral radius").fill("1"),
        "print(f\"{figure.factors['weights'][0]:.2f} {figure.norms['gradient'][0]:.0e}\")",
        "1.00 2e-09",
    ),
    "Layers('clouds')": (
        lambda live: live.get_by_role("button", name="One step").click(),
        "print(figure.steps)",
        "1",
    ),
    "MemoryRace(lag=40)": (
        lambda live: live.get_by_role("slider", name="Lag").fill("2"),
        "print(figure.lag, len(figure.sequence), figure.accuracy.shape)",
        "10 11 (4, 6, 5)",
    ),
    "Neuron(mode='learn')": (
        lambda live: live.get_by_role("button", name="One step").click(),
        "print(figure.steps, round(float(figure.losses[-1]), 3))",
        "1 0.579",
    ),
    "SentimentReader('bad good')": (
        lambda live: live.get_by_role("button", name="Words backwards").click(),
        "print(figure.text, figure.position)",
        "good bad 0",
    ),
    "Shapes()": (
        lambda live: (
            live.get_by_role("group", name="Recurrent layer 2").get_by_label("cell").select_option("GRU")
        ),
        "print(figure.stack)",
        "lstm:64:seq,gru:32:last",
    ),
    "TextGenerator(written=0, model='chars-lstm-small')": (
        lambda live: live.get_by_role("button", name="One letter").click(),
        "print(figure.written, figure.text == figure.write(1))",
        "1 True",
    ),
    "Tokens()": (
        lambda live: live.get_by_label("truncating").select_option("post"),
        "print(figure.ids.tolist())",
        "[1, 24, 6, 79, 22, 33, 32, 4]",
    ),
    "TrainingCurves('imdb-post-padding')": (
        lambda live: live.get_by_role("button", name="Show the rest").click(),
        "print(figure.epochs, figure.label)",
        "3 underfitting",
    ),
}
"""By what is shown: what a student does with it, what Python then prints, and what that is."""


@pytest.fixture(scope="module")
def figures_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """One JupyterLab for all figures: its address and its folder."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "work").mkdir()
    with jupyterlab(folder / "work", folder / "lab.log") as address:
        yield address, folder / "work"


def test_every_figure_is_tried_in_jupyterlab() -> None:
    tried = {call.partition("(")[0] for call in LAB} | {"Unroll", "CourseWidget"}
    assert tried == set(course_utils.explainers.__all__)


@pytest.mark.parametrize("call", LAB)
def test_python_sees_what_a_student_did_with_a_figure(
    watch, figures_lab: tuple[str, Path], call: str
) -> None:  # type: ignore[no-untyped-def]
    address, folder = figures_lab
    act, code, expected = LAB[call]
    name = call.partition("(")[0]
    cells = [
        nbformat.v4.new_code_cell(f"from course_utils.explainers import {name}\n\nfigure = {call}\nfigure"),
        nbformat.v4.new_code_cell(code),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / f"{name}.ipynb")
    page = watch.page
    page.goto(f"{address}/lab/tree/{name}.ipynb?reset")
    page.get_by_text(re.compile(r"\| Idle$")).first.wait_for(timeout=120_000)
    page.locator(".jp-Notebook .jp-CodeCell").first.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    live = page.locator(".jp-OutputArea .cw-figure")
    live.wait_for(timeout=60_000)
    expect(live.get_by_role("status")).not_to_be_empty()
    act(live)
    last = page.locator(".jp-Notebook .jp-CodeCell").nth(1)
    last.locator(".cm-content").click()
    for _ in range(5):  # what the figure sends may still be on its way
        page.keyboard.press("Control+Enter")
        with contextlib.suppress(AssertionError):
            expect(last.locator(".jp-OutputArea-output")).to_contain_text(expected, timeout=5_000)
            break
    expect(last.locator(".jp-OutputArea-output")).to_contain_text(expected)


def test_a_living_figure_answers_in_jupyterlab_and_python_sees_it(
    watch, clone: Clone, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    cells = [
        nbformat.v4.new_markdown_cell("# A figure\n\n[a short memory](#unroll?w_h=0.2)"),
        nbformat.v4.new_code_cell(
            "from course_utils.explainers import Unroll\n\nfigure = Unroll((0.5, -0.6, 0.9), position=3)\nfigure"
        ),
        nbformat.v4.new_code_cell("print('w_h', figure.w_h, 'h_3', figure.states[-1].round(4))"),
    ]
    work = tmp_path / "work"
    work.mkdir()
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), work / "figure.ipynb")
    themes = tmp_path / "settings" / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"
    themes.parent.mkdir(parents=True)
    themes.write_text('{"theme": "JupyterLab Dark"}', encoding="utf-8")
    with jupyterlab(work, tmp_path / "lab.log") as address:
        page = watch.page
        page.goto(f"{address}/lab/tree/figure.ipynb")
        page.get_by_text(re.compile(r"\| Idle$")).first.wait_for(timeout=120_000)
        first = page.locator(".jp-Notebook .jp-CodeCell").first
        last = page.locator(".jp-Notebook .jp-CodeCell").nth(1)
        first.locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        live = page.locator(".jp-OutputArea .cw-figure")
        live.wait_for(timeout=60_000)
        assert page.locator(".jp-OutputArea .course-widget").count() == 0, (
            "JupyterLab shows the static version"
        )

        def python_says(expected: str) -> None:
            last.locator(".cm-content").click()
            page.keyboard.press("Control+Enter")
            expect(last.locator(".jp-OutputArea-output")).to_contain_text(expected, timeout=20_000)

        # The arrow keys move the slider, not the notebook.
        slider = live.get_by_role("slider", name="wh on the state")
        slider.focus()
        active = "document.querySelector('.jp-Notebook .jp-Cell.jp-mod-active')?.dataset.windowedListIndex"
        before = page.evaluate(active)
        for key in ("ArrowLeft", "ArrowLeft", "ArrowDown"):
            page.keyboard.press(key)
        assert page.evaluate(active) == before
        expect(slider).to_have_value("0.35")
        expect(slider).to_be_focused()
        python_says("w_h 0.35")

        # A link in the text sets the figure and goes nowhere.
        where = page.url
        page.get_by_role("link", name="a short memory").click()
        expect(slider).to_have_value("0.2")
        assert page.url == where
        python_says("w_h 0.2")

        # What Python sets, the figure shows and says.
        last.locator(".cm-content").click()
        page.keyboard.press("Control+a")
        page.keyboard.type("figure.w_h = -1.5; figure.inputs = [1, 0]; print('set', figure.inputs.shape)")
        page.keyboard.press("Control+Enter")
        expect(last.locator(".jp-OutputArea-output")).to_contain_text("set (2,)")
        expect(slider).to_have_value("-1.5")
        expect(live.locator(".cw-inputs input")).to_have_count(2)
        expect(live.get_by_role("status")).to_contain_text("dL/dh2 = −1.7")
        assert page.evaluate("document.body.dataset.jpThemeLight") == "false"
        page.screenshot(path=str(clone.build / "explainer_in_jupyterlab.png"))
        assert not [
            trouble for trouble in watch.troubles if trouble.startswith(("asks another host", "uncaught"))
        ]
