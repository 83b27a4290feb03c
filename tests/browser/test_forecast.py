"""The figure Forecast in headless Chromium, with the stored network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from figure_pages import Site, expect_no_long_task, figure_of, status_of, table_of, wait_for_drawing
from playwright.sync_api import Locator, Page, expect

from course_utils.explainers import Forecast
from course_utils.runs.forecast import known_series

pytestmark = pytest.mark.needs_browser

LABELS = {"naive": "naive", "linear": "linear", "lstm": "LSTM"}
NAMES = tuple(LABELS)


def bars_of(figure: Locator) -> list[str]:
    """The texts of the four bars, once all is measured."""
    wait_for_drawing(figure.page)
    expect(figure.locator(".cw-note")).to_have_text(
        re.compile("over 120 of 120 starting points"), timeout=15_000
    )
    return figure.locator(".cw-bar-text").all_inner_texts()


def measured(figure: Locator) -> str:
    """The sentence, once all is measured."""
    expect(status_of(figure)).to_contain_text("Over 120 starting points", timeout=15_000)
    return status_of(figure).inner_text()


def test_predict_reveal_and_guess_again(watch: Any, folder_site: Site) -> None:
    made = Forecast(window=24, horizon=6, noise=0.2)
    watch.page.goto(folder_site.write("path", made))
    figure = figure_of(watch.page, "forecast")
    expect(status_of(figure)).to_contain_text("Forecasts of 6 steps after value 240: naive ")
    assert bars_of(figure) == ["?"] * 4
    question = figure.get_by_role("group", name="With noise of 0.20, 6 steps ahead")
    question.get_by_role("radio", name="naive").check()
    figure.get_by_role("slider", name="Starting point").press("ArrowRight")
    expect(status_of(figure)).to_contain_text("after value 241")
    expect(question.get_by_role("radio", name="naive")).to_be_checked()
    figure.get_by_role("button", name="Show the errors").click()
    sentence = measured(figure)
    assert sentence.startswith("You said naive; it is ")
    assert f", the naive one by {made.errors['naive']:.3f}; whoever knew all but chance" in sentence
    assert bars_of(figure) == [f"{made.errors[name]:.3f}" for name in (*NAMES, "floor")]
    expect(question).to_be_hidden()
    figure.get_by_role("button", name="Hide and guess again").click()
    assert bars_of(figure) == ["?"] * 4
    expect(question).to_be_visible()
    expect(status_of(figure)).to_contain_text("Forecasts of 6 steps after value 241")
    figure.get_by_role("button", name="Show the errors").click()
    assert measured(figure).startswith("Over 120"), "an old guess is judged again"
    assert watch.troubles == []


def test_the_keyboard_reaches_everything(watch: Any, folder_site: Site) -> None:
    page: Page = watch.page
    page.goto(folder_site.write("keyboard", Forecast(horizon=6, noise=0.2)))
    figure = figure_of(page, "forecast")
    origin = figure.get_by_role("slider", name="Starting point")
    origin.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(origin).to_have_attribute("aria-valuetext", "after value 243")
    expect(status_of(figure)).to_contain_text("Forecasts of 6 steps after value 243: naive ")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(figure.get_by_role("radio", name="naive")).to_be_checked()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert measured(figure).startswith("You said linear")
    for name in ("Window", "Horizon", "Noise", "Period", "Random seed"):
        slider = figure.get_by_role("slider", name=name)
        before = slider.input_value()
        slider.press("ArrowRight")
        assert slider.input_value() != before, name
    figure.get_by_role("combobox", name="Series").select_option("walk")
    expect(figure.get_by_role("slider", name="Period")).to_be_hidden()
    expect(status_of(figure)).to_contain_text("Over 120 starting points, 7 steps ahead", timeout=15_000)
    origin.press("ArrowLeft")
    expect(status_of(figure)).to_contain_text("Forecasts of 7 steps after value 242: naive ")
    assert watch.troubles == []


def test_the_browser_computes_what_python_computes(watch: Any, folder_site: Site) -> None:
    rng = np.random.default_rng(0)
    figures = []
    for index in range(10):
        figures.append(
            Forecast(
                window=int(rng.integers(4, 49)),
                horizon=int(rng.integers(1, 25)),
                noise=[0.0, float(rng.uniform(0, 0.5))][index % 4 > 0],
                period=float(rng.uniform(8, 40)),
                source="walk" if index % 3 == 2 else "waves",
                name=f"case-{index}",
                seed=int(rng.integers(1, 51)),
                origin=int(rng.integers(0, 120)),
                shown=True,
            )
        )
    watch.page.goto(folder_site.write("parity", *figures))
    for made in figures:
        figure = figure_of(watch.page, made.name)
        bars_of(figure)
        *rows, last = table_of(figure)
        steps = np.array(rows)  # (horizon, 5)
        begin = 240 + made.origin
        _, truth = known_series(made.source, period=made.period, noise=made.noise, seed=made.seed)
        best = truth[begin : begin + made.horizon]
        if made.source == "walk":
            best = np.full(made.horizon, truth[begin - 1])
        expected = [made.series[begin : begin + made.horizon], *made.forecasts.values(), best]
        np.testing.assert_allclose(steps.T, expected, rtol=0, atol=1e-5)
        np.testing.assert_allclose(last, list(made.errors.values()), rtol=0, atol=1e-5)
    assert watch.troubles == []


@pytest.mark.parametrize(
    "settings",
    [
        {"noise": 0.0},
        {"period": 36.0},
        {"source": "walk", "noise": 0.0},
        {"horizon": 1, "noise": 0.1},
        {"window": 48, "noise": 0.5, "horizon": 6},
        {"window": 48, "noise": 0.3, "horizon": 12, "seed": 4},
    ],
)
def test_what_it_says_follows_from_the_numbers(
    watch: Any, folder_site: Site, settings: dict[str, Any]
) -> None:
    made = Forecast(**settings, shown=True)
    watch.page.goto(folder_site.write("says", made))
    sentence = measured(figure_of(watch.page, "forecast"))
    errors = [(LABELS[name], made.errors[name]) for name in sorted(NAMES, key=lambda name: made.errors[name])]
    (best, least), (second, more), (third, most) = errors
    close = more - least < 0.05 * more
    untaught = made.source == "walk" or not 16 <= made.period <= 24
    assert sentence == (
        f"Over 120 starting points, {made.horizon} step{'s' * (made.horizon > 1)} ahead, the {best} forecast is off "
        f"{'by' if close else 'least, by'} {least:.3f}, the {second} one by {more:.3f}, the {third} one by {most:.3f}; "
        f"whoever knew all but chance, by {made.errors['floor']:.3f}."
        + (least < made.errors["floor"]) * " To be off by less is luck."
        + close * " The first two differ by less than 5 %: too close to call."
        + untaught * " The LSTM was trained on other series: waves of 16 to 24 steps."
    )
    assert watch.troubles == []


def test_the_settings_above_give_every_kind_of_sentence() -> None:
    tie = Forecast(window=48, noise=0.3, horizon=12, seed=4).errors
    assert abs(tie["linear"] - tie["lstm"]) < 0.04 * tie["lstm"]
    win = Forecast(window=48, noise=0.5, horizon=6).errors
    assert win["lstm"] < 0.95 * win["linear"]
    lucky = Forecast(source="walk", noise=0.0).errors
    assert lucky["linear"] < lucky["floor"]


@pytest.mark.alone
@pytest.mark.parametrize("name", ["Window", "Noise", "Starting point"])
def test_dragging_never_holds_the_page_up(watch: Any, folder_site: Site, name: str) -> None:
    page: Page = watch.page
    page.goto(folder_site.write("drag", Forecast(window=48, horizon=24, shown=True)))
    figure = figure_of(page, "forecast")
    measured(figure)
    slider = figure.get_by_role("slider", name=name)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2

    def drag() -> None:
        page.mouse.move(box["x"] + box["width"] / 2, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 5, middle, steps=60)
        page.mouse.up()

    expect_no_long_task(page, drag)
    bars_of(figure)  # all is measured again
    assert watch.troubles == []


def test_pictures(watch: Any, folder_site: Site, pictures: Path) -> None:
    page: Page = watch.page
    for number, settings in enumerate(
        ({}, {"source": "walk", "window": 12}, {"noise": 0.5, "window": 48, "horizon": 24, "origin": 60})
    ):
        page.goto(folder_site.write(f"picture-{number}", Forecast(**settings, shown=True)))
        figure = figure_of(page, "forecast")
        measured(figure)
        figure.screenshot(path=pictures / f"forecast-shown-{number}.png")
        assert figure.evaluate("node => node.scrollWidth <= node.clientWidth")
    assert watch.troubles == []
