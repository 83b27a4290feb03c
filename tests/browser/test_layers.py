"""The small network in headless Chromium: it trains in the page, in pieces, and as Python does."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from figure_pages import Site, expect_no_long_task, figure_of, status_of, table_of
from playwright.sync_api import Browser, Locator, expect

from course_utils.explainers import Layers

pytestmark = pytest.mark.needs_browser


def phase_of(figure: Locator) -> Locator:
    return figure.locator(".cw-phase")


def train(figure: Locator) -> None:
    figure.get_by_role("button", name="Train").click()


def test_predict_then_train_with_nothing_hidden_and_then_with_three_units(watch: Any, site: Site) -> None:
    watch.page.goto(site.write("path", Layers()))
    figure = figure_of(watch.page, "layers")
    line = Layers(steps=600)
    expect(figure.get_by_role("group", name="Can a network with no hidden layer separate")).to_be_visible()
    expect(status_of(figure)).to_contain_text(f"Before training, {Layers().right} of 120 points")
    expect(figure.get_by_role("slider", name="units a layer")).to_be_disabled()
    figure.get_by_role("radio", name="yes").check()
    train(figure)
    expect(phase_of(figure)).to_have_text("600 steps", timeout=20_000)
    expect(status_of(figure)).to_have_text(
        f"You said yes; this training says no. After 600 steps, {line.right} of 120 points (50 %) are on the right "
        f"side; L = {line.losses[-1]:.3f}. With nothing hidden, the border is one straight line: "
        "no better than to answer one half everywhere."
    )
    figure.get_by_label("Hidden layers").select_option("1")
    expect(phase_of(figure)).to_have_text("0 steps")
    expect(
        figure.get_by_role("group", name="Can a network with 1 hidden layer of 3 units separate")
    ).to_be_visible()
    expect(figure.get_by_role("radio", name="yes")).not_to_be_checked()
    figure.get_by_role("radio", name="yes").check()
    train(figure)
    expect(phase_of(figure)).to_have_text("600 steps", timeout=20_000)
    three = Layers("xor", 1, 3, steps=600)
    expect(status_of(figure)).to_contain_text(
        f"You said yes: right. After 600 steps, {three.right} of 120 points"
    )
    expect(status_of(figure)).to_contain_text("Each unit of the first hidden layer draws a straight line")
    assert watch.troubles == []


def test_pause_step_start_over_and_other_weights(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("pause", Layers("spiral", 2, 8)))
    figure = figure_of(page, "layers")
    figure.get_by_role("radio", name="no").check()
    train(figure)
    figure.get_by_role("button", name="Pause").click()
    expect(phase_of(figure)).to_have_text(re.compile(r"^\d+ steps?$"))
    gone = int(phase_of(figure).inner_text().split()[0])
    assert 0 < gone < 600
    expect(status_of(figure)).to_contain_text(f"After {gone} step")
    figure.get_by_role("button", name="One step").click()
    expect(phase_of(figure)).to_have_text(f"{gone + 1} steps")
    assert page.locator(".cw-figure").count() == 1
    figure.get_by_role("button", name="Start over").click()
    expect(phase_of(figure)).to_have_text("0 steps")
    assert table_of(figure)[0][0] == pytest.approx(Layers("spiral", 2, 8).losses[0])
    train(figure)  # Start over also stops a run
    figure.get_by_role("button", name="Start over").click()
    page.wait_for_timeout(300)
    expect(phase_of(figure)).to_have_text("0 steps")
    figure.get_by_role("button", name="Other first weights").click()
    expect(status_of(figure)).to_contain_text(f"{Layers('spiral', 2, 8, seed=2).right} of 120 points")
    assert table_of(figure)[0][0] == pytest.approx(Layers("spiral", 2, 8, seed=2).losses[0])
    assert watch.troubles == []


def test_a_link_made_while_it_trains_is_to_the_step_shown(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("linked", Layers("spiral", 1, 5)))
    figure = figure_of(page, "layers")
    train(figure)
    page.wait_for_function("document.querySelector('.cw-phase').textContent.startsWith('step ')")
    figure.get_by_role("button", name="Link to this state").click()
    expect(phase_of(figure)).to_have_text(re.compile(r"^\d+ steps?$"))
    gone = phase_of(figure).inner_text().split()[0]
    assert f"steps={gone}&" in f"{page.url}&"
    loss = table_of(figure)[0][0]
    shared = page.url
    page.goto("about:blank")
    page.goto(shared)
    figure = figure_of(page, "layers")
    expect(phase_of(figure)).to_have_text(f"{gone} steps")
    assert table_of(figure)[0][0] == loss
    assert watch.troubles == []


def test_everything_by_keyboard_alone(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("keys", Layers("clouds")))
    figure = figure_of(page, "layers")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(figure.get_by_role("radio", name="yes")).to_be_checked()
    page.keyboard.press("Enter")
    expect(status_of(figure)).to_contain_text("You said yes: right. After 600 steps", timeout=20_000)
    for _ in range(3):  # the other choice, Train
        page.keyboard.press("Tab")
    expect(figure.get_by_role("button", name="One step")).to_be_focused()
    page.keyboard.press("Enter")
    expect(phase_of(figure)).to_have_text("601 steps")
    for _ in range(3):  # Start over, Other first weights, Points
        page.keyboard.press("Tab")
    expect(figure.get_by_role("combobox", name="Points")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(figure.get_by_role("group", name="Can a network with 1 hidden layer of 3 units")).to_be_visible()
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(figure.get_by_role("slider", name="units a layer")).to_have_value("4")
    expect(figure.get_by_role("group", name="Can a network with 1 hidden layer of 4 units")).to_be_visible()
    assert watch.troubles == []


def test_where_motion_is_not_wanted_only_the_end_is_drawn(browser: Browser, folder_site: Site) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(folder_site.write("still", Layers("xor", 1, 3)))
    figure = figure_of(page, "layers")
    page.wait_for_timeout(200)
    page.evaluate(
        """window.drawn = 0;
           new MutationObserver(() => drawn++).observe(document.querySelector('.cw-plot'), { childList: true })"""
    )
    train(figure)
    expect(phase_of(figure)).to_have_text("600 steps", timeout=20_000)
    assert page.evaluate("drawn") <= 2
    context.close()


def test_the_browser_trains_as_python_does(watch: Any, folder_site: Site) -> None:
    figures = []
    kinds = [("xor", 0, 1, "tanh"), ("circles", 1, 4, "sigmoid"), ("moons", 1, 3, "relu")]
    kinds += [("spiral", 2, 8, "tanh"), ("clouds", 2, 2, "sigmoid")]
    for index, (data, layers, units, activation) in enumerate(kinds):
        for steps in (0, 1, 10, 100):
            name = f"case-{index}-{steps}"
            figures.append(
                Layers(data, layers, units, activation, name, rate=0.25, seed=index + 1, steps=steps)
            )
    watch.page.goto(folder_site.write("parity", *figures))
    largest = 0.0
    for figure in figures:
        live = figure_of(watch.page, figure.name)
        expect(phase_of(live)).to_have_text(f"{figure.steps} step{'s' * (figure.steps != 1)}")
        shown = np.array(table_of(live))[:, 0]
        weights = np.concatenate([part.ravel() for part in figure.weights])
        expected = [figure.losses[-1], figure.right, *weights]
        np.testing.assert_allclose(shown, expected, rtol=0, atol=1e-5, err_msg=figure.name)
        largest = max(largest, float(np.abs(shown - expected).max()))
    print(f"\nlargest difference to Python: {largest:.1e}")
    assert watch.troubles == []


@pytest.mark.alone
def test_training_never_holds_the_page_up(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("tasks", Layers("spiral", 2, 8)))
    figure = figure_of(page, "layers")
    page.wait_for_timeout(300)

    def run() -> None:
        train(figure)
        page.wait_for_timeout(500)
        figure.get_by_role("button", name="Pause").click()
        expect(phase_of(figure)).to_have_text(re.compile(r"^\d+ steps?$"))

    expect_no_long_task(page, run)
    assert watch.troubles == []


def test_a_link_trains_to_its_step_and_stops_at_the_last(watch: Any, folder_site: Site) -> None:
    links = (
        '<p><a href="#layers?data=circles&amp;layers=1&amp;units=4&amp;steps=120">circles</a> '
        '<a href="#layers?layers=0&amp;steps=3000">the end</a></p>'
    )
    page = watch.page
    page.goto(folder_site.write("links", links, Layers()))
    figure = figure_of(page, "layers")
    page.get_by_role("link", name="circles").click()
    told = Layers("circles", 1, 4, steps=120)
    expect(status_of(figure)).to_contain_text(
        f"The link set this state. After 120 steps, {told.right} of 120 points"
    )
    page.get_by_role("link", name="the end").click()
    expect(phase_of(figure)).to_have_text("3000 steps", timeout=20_000)
    train(figure)
    expect(phase_of(figure)).to_have_text("3000 steps")
    expect(status_of(figure)).to_contain_text("After 3000 steps")
    assert watch.troubles == []
