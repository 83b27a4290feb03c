"""The stored trainings in headless Chromium: guess, step, and the verdict that Python gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from figure_pages import Site, expect_no_long_task, figure_of, status_of, table_of
from playwright.sync_api import Locator, expect

from course_utils.explainers import TrainingCurves
from course_utils.explainers.assets import CURVES

pytestmark = pytest.mark.needs_browser

LONG = "imdb-simple-rnn"


def press(figure: Locator, name: str) -> None:
    # Also where a button says that it can do nothing more: a reader may press it and is told so.
    figure.get_by_role("button", name=name, exact=True).click(force=True)


def test_guess_step_and_reveal(watch: Any, site: Site, pictures: Path) -> None:
    made = TrainingCurves(LONG)
    watch.page.goto(site.write("path", made))
    figure = figure_of(watch.page, made.name)
    epochs = len(made.history["loss"])
    expect(figure.locator(".cw-phase")).to_have_text(f"2 of {epochs} epochs")
    loss, val_loss = made.history["loss"], made.history["val_loss"]
    expect(status_of(figure)).to_have_text(
        f"Epoch 2: training loss went from {loss[0]:.2f} to {loss[1]:.2f}, "
        f"validation loss went from {val_loss[0]:.2f} to {val_loss[1]:.2f}."
    )
    expect(figure.locator("svg")).not_to_contain_text("best")
    figure.get_by_role("radio", name="fine").check()
    press(figure, "Next epoch")
    expect(figure.locator(".cw-phase")).to_have_text(f"3 of {epochs} epochs")
    expect(figure.get_by_role("radio", name="fine")).to_be_checked()
    press(figure, "Show the rest")
    expect(status_of(figure)).to_have_text(f"You said fine; it is {made.label}. {made.reason}")
    expect(figure.locator("svg")).to_contain_text("best")
    figure.screenshot(path=pictures / "training-curves-over.png")
    press(figure, "Next epoch")
    expect(status_of(figure)).to_have_text("That was the last epoch: start over, or take the next training.")
    press(figure, "Start over")
    expect(figure.locator(".cw-phase")).to_have_text(f"2 of {epochs} epochs")
    expect(figure.get_by_role("radio", name="fine")).not_to_be_checked()
    figure.get_by_role("radio", name=made.label, exact=True).check()
    press(figure, "Show the rest")
    expect(status_of(figure)).to_contain_text(f"You said {made.label}: right. ")
    press(figure, "Next training")
    expect(figure.get_by_role("combobox", name="Training")).to_have_value(CURVES[1])
    expect(figure.locator(".cw-phase")).to_contain_text("2 of ")
    assert watch.troubles == []


def test_every_verdict_and_every_number_is_pythons(watch: Any, folder_site: Site) -> None:
    figures = [TrainingCurves(run, epochs=10, name=f"case-{k}") for k, run in enumerate(CURVES)]
    watch.page.goto(folder_site.write("parity", *figures))
    for made in figures:
        figure = figure_of(watch.page, made.name)
        expect(status_of(figure)).to_have_text(made.reason)
        np.testing.assert_allclose(
            np.array(table_of(figure)), np.stack(list(made.history.values()), axis=1), atol=1e-5
        )
    assert watch.troubles == []


def test_everything_by_keyboard_alone(watch: Any, folder_site: Site) -> None:
    page = watch.page
    made = TrainingCurves("imdb-post-padding")
    page.goto(folder_site.write("keys", made))
    figure = figure_of(page, made.name)
    page.keyboard.press("Tab")
    expect(figure.get_by_role("combobox", name="Training")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(figure.get_by_label("Show")).to_have_value("accuracy")
    expect(status_of(figure)).to_contain_text("validation accuracy went from 49.6 % to 50.7 %")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")  # from the first to the last
    expect(figure.get_by_role("radio", name="diverging")).to_be_checked()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(status_of(figure)).to_have_text(f"You said underfitting: right. {made.reason}")
    page.keyboard.press("Tab")
    expect(figure.get_by_role("button", name="Next epoch")).to_be_focused()
    assert watch.troubles == []


def test_the_scales_give_nothing_away(watch: Any, folder_site: Site) -> None:
    """The same axis for every training, whatever is still to come."""
    page = watch.page
    page.goto(folder_site.write("scales", *(TrainingCurves(run, name=f"run-{run}") for run in CURVES)))
    seen = {
        tuple(figure_of(page, f"run-{run}").locator("svg .cw-caption[text-anchor=end]").all_text_contents())
        for run in CURVES
    }
    assert len(seen) == 1
    assert watch.troubles == []


def test_a_link_opens_a_training_and_a_phone_shows_it(watch: Any, folder_site: Site, pictures: Path) -> None:
    page = watch.page
    page.set_viewport_size({"width": 390, "height": 844})
    link = '<p><a href="#training-curves?run=imdb-simple-rnn-fast&amp;epochs=5">a wild one</a></p>'
    made = TrainingCurves()
    page.goto(folder_site.write("link", link, made))
    figure = figure_of(page, made.name)
    page.get_by_role("link", name="a wild one").click()
    fast = TrainingCurves("imdb-simple-rnn-fast")
    expect(status_of(figure)).to_have_text(f"The link set this state. {fast.reason}")
    figure.screenshot(path=pictures / "training-curves-fast-phone.png")
    press(figure, "Start over")
    expect(status_of(figure)).to_contain_text("Epoch 2: training loss went from 1.04 to 0.96")
    assert watch.troubles == []


@pytest.mark.alone
def test_stepping_never_holds_the_page_up(watch: Any, folder_site: Site) -> None:
    page = watch.page
    made = TrainingCurves(LONG)
    page.goto(folder_site.write("speed", made))
    figure = figure_of(page, made.name)

    def act() -> None:
        press(figure, "Start over")
        for _ in range(8):
            press(figure, "Next epoch")

    expect_no_long_task(page, act)
    assert watch.troubles == []
