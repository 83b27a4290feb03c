"""A student in real JupyterLab: answers a chapter's questions, restarts, reopens, hands in; the gradebook agrees."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from quiz_class import nbgrader
from test_lab import jupyterlab
from test_quiz import answer_by_mouse, check_button

from course_utils.grading.classroom import write_config
from course_utils.layout import Chapter, Clone
from course_utils.quiz.bank import Bank, load_bank
from course_utils.quiz.questions import score
from course_utils.quiz.saved import ANSWERS_FILE, records_in_file, records_in_notebook

pytestmark = pytest.mark.needs_browser

WRONG: dict[str, Any] = {
    "gates-straight-path": "b",
    "gates-count-gru": "1",
    "gates-race-evidence": ["a"],
}
"""What the student gets wrong; every other question is answered rightly."""
LEFT_OUT = "gates-reset-argument"


def open_notebook(page: Page, address: str, chapter: Chapter) -> None:
    page.goto(f"{address}/lab/tree/{chapter.name}/{chapter.notebook.name}?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    # Before the kernel is connected JupyterLab silently drops what one runs; the status bar knows.
    page.get_by_text(re.compile(r"\| Idle$")).first.wait_for(timeout=120_000)


def choose_in_menu(page: Page, menu: str, item: str) -> None:
    page.locator("#jp-MainMenu >> text=" + menu).first.click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile(rf"^{item}$")).first.click()


def run_past_exercises(notebook: Path) -> None:
    """Let JupyterLab run on after the checks of exercises, which raise an error as long as nobody has done them."""
    contents = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in contents["cells"]:
        grading = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "code" and grading.get("grade"):
            cell["metadata"]["tags"] = [*cell["metadata"].get("tags", []), "raises-exception"]
    notebook.write_text(json.dumps(contents), encoding="utf-8")


def run_all(page: Page) -> None:
    choose_in_menu(page, "Run", "Run All Cells")
    form_of(page, "gates-held").wait_for(timeout=120_000)


def form_of(page: Page, place: str) -> Locator:
    return page.locator(f".jp-OutputArea form.quiz[data-figure=quiz-{place}]")


def points_shown(form: Locator) -> float:
    """What the corner of a question says: 0 where it has not been answered."""
    found = re.match(r"([\d.]+) of ", form.locator(".quiz-points").inner_text())
    return float(found[1]) if found else 0.0


def all_points(page: Page, bank: Bank) -> dict[str, float]:
    shown = {}
    for place in bank.places:
        form = form_of(page, place)
        form.wait_for(timeout=60_000)
        form.scroll_into_view_if_needed()
        shown[place] = points_shown(form)
    return shown


def hand_in_and_grade(folder: Path, work: Path, chapter: Chapter, clone: Clone) -> dict[str, float]:
    """Release the chapter, hand in what lies in `work`, and let nbgrader grade it: points by place."""
    from nbgrader.api import Gradebook

    shutil.copytree(chapter.notebook.parent, folder / "source" / chapter.name)
    write_config(folder, clone.quizzes)
    done = nbgrader(folder, "generate_assignment", chapter.name, "--create")
    assert done.returncode == 0, done.stderr[-2000:]
    shutil.copytree(
        work / chapter.name,
        folder / "submitted" / "ada" / chapter.name,
        ignore=shutil.ignore_patterns(".ipynb_checkpoints"),
    )
    done = nbgrader(folder, "autograde", chapter.name, "--create")
    assert done.returncode == 0, done.stderr[-2000:]
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        notebooks = gradebook.find_submission(chapter.name, "ada").notebooks
        grades = [grade for notebook in notebooks for grade in notebook.grades]
        return {grade.name.removeprefix("quiz-"): float(grade.score) for grade in grades}


def test_from_the_first_answer_to_the_gradebook(watch: Any, clone: Clone, tmp_path: Path) -> None:
    (chapter,) = clone.find_chapters(["05_lstm_gates"])
    bank = load_bank(chapter.bank)
    work = tmp_path / "work"
    shutil.copytree(clone.student / chapter.name, work / chapter.name)
    notebook = work / chapter.name / chapter.notebook.name
    run_past_exercises(notebook)
    answers = work / chapter.name / ANSWERS_FILE
    settings = tmp_path / "settings" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    # Every cell is in the page, also those far below.
    settings.write_text('{"windowingMode": "none"}', encoding="utf-8")
    with jupyterlab(work, tmp_path / "lab.log") as address:
        page = watch.page
        open_notebook(page, address, chapter)
        run_all(page)
        expected: dict[str, float] = {}
        for place, questions in bank.places.items():
            form = form_of(page, place)
            form.wait_for(timeout=60_000)
            expected[place] = 0.0
            if place == LEFT_OUT:
                continue
            value = WRONG.get(place, questions[0].best_answer())
            answer_by_mouse(form, value)
            expect(form.locator(".quiz-points")).to_contain_text(" of ", timeout=20_000)
            expected[place] = score(questions[0], value)
        assert all_points(page, bank) == expected
        assert 0 < expected["gates-race-evidence"] < bank.points["gates-race-evidence"], (
            "no partial credit is tried"
        )
        places = sorted(set(bank.places) - {LEFT_OUT})
        assert sorted(records_in_file(answers)) == places, "not every answer is saved at once"

        # A new kernel knows nothing, and finds the answers beside the notebook.
        choose_in_menu(page, "Kernel", "Restart Kernel and Run All Cells…")
        page.locator(".jp-Dialog button:has-text('Restart')").click()
        expect(form_of(page, "gates-first-bias").locator(".quiz-points")).to_have_text(
            re.compile(" of "), timeout=60_000
        )
        page.get_by_text(re.compile(r"\| Idle$")).first.wait_for(timeout=120_000)
        assert all_points(page, bank) == expected

        # A second try at one of them, saved with the notebook.
        form = form_of(page, "gates-straight-path")
        answer_by_mouse(form, bank.question("gates-straight-path").best_answer())
        expected["gates-straight-path"] = bank.points["gates-straight-path"]
        expect(form.get_by_role("status")).to_contain_text("Right.")
        for _ in range(20):
            # The verdict is there before the kernel has told the notebook: the first save may hold the first try.
            page.keyboard.press("Control+s")
            page.wait_for_timeout(1_000)
            if records_in_notebook(json.loads(notebook.read_text(encoding="utf-8"))) == records_in_file(
                answers
            ):
                break
        in_notebook = records_in_notebook(json.loads(notebook.read_text(encoding="utf-8")))
        assert in_notebook == records_in_file(answers)
        assert in_notebook["gates-straight-path"]["attempts"] == 2

        # Opened another day, and without the file beside it: the notebook alone brings the answers back.
        answers.unlink()
        open_notebook(page, address, chapter)
        run_all(page)
        assert all_points(page, bank) == expected
        check_button(form_of(page, "gates-held")).click()  # whatever is answered now, is saved again
        page.keyboard.press("Control+s")
        page.screenshot(path=str(clone.build / "quiz_in_jupyterlab.png"))
        page.wait_for_timeout(1_000)
        assert not [
            trouble for trouble in watch.troubles if trouble.startswith(("asks another host", "uncaught"))
        ]
    points = hand_in_and_grade(tmp_path / "class", work, chapter, clone)
    of_exercises = [points.pop(name) for name in points.keys() - expected.keys()]
    assert points == expected, "the gradebook says something else than the page"
    assert of_exercises and not any(of_exercises), "exercises that nobody has done"
