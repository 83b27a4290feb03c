"""The memory race in headless Chromium: predict and look, play a sequence, and the engine's own numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from figure_pages import Site, expect_no_long_task, figure_of, status_of, table_of
from playwright.sync_api import Browser, Locator, expect

from course_utils.explainers import MemoryRace
from course_utils.explainers.memory_race import LETTERS, NAMES

pytestmark = pytest.mark.needs_browser
NAME = "memory-race"


def press(figure: Locator, name: str) -> None:
    figure.get_by_role("button", name=name, exact=True).click(force=True)


def percent(share: float) -> str:
    return f"{int(1000 * share + 1e-6) / 10:g}%" if share > 0.99 else f"{int(100 * share + 0.5)}%"


def told_accuracies(figure: MemoryRace) -> str:
    """What the figure has to say about its lag."""
    place = (2, 5, 10, 20, 40, 80).index(figure.lag)
    parts = []
    for name, all_ in zip(NAMES.values(), figure.accuracy[:, place], strict=True):
        low, middle, high = (percent(float(each)) for each in (all_.min(), np.median(all_), all_.max()))
        parts.append(f"{name} {middle}" + ("" if low == high else f" ({low} to {high})"))
    return f"Right at lag {figure.lag}, the middle of 5 trainings (worst to best): {', '.join(parts)}."


def told_answers(figure: MemoryRace, step: int) -> str:
    """Who has to be called right and wrong after a step."""
    said = {NAMES[name]: LETTERS[int(answers[step - 1].argmax())] for name, answers in figure.answers.items()}
    right = [name for name, letter in said.items() if letter == figure.symbol]
    wrong = [f"{name} ({letter})" for name, letter in said.items() if letter != figure.symbol]
    return f"right: {', '.join(right) or 'nobody'}. Wrong: {', '.join(wrong) or 'nobody'}."


def test_predict_then_look(watch: Any, site: Site) -> None:
    start = MemoryRace()
    watch.page.goto(site.write("look", start))
    figure = figure_of(watch.page, NAME)
    plot = figure.locator(".cw-plot")
    assert "lag 20" in (plot.get_attribute("aria-label") or "")
    assert "lag 40" not in (plot.get_attribute("aria-label") or ""), "the answer is told before the question"
    assert plot.locator(".cw-dot").count() == 4 * 4 * 5
    guess = figure.get_by_role("group", name="Trained at lag 40, which will name the symbol more than half")
    for name in ("LSTM", "GRU", "default LSTM"):
        guess.get_by_role("checkbox", name=name, exact=True).check()
    press(figure, "Look")
    expect(status_of(figure)).to_have_text(f"You were right about 3 of 4. {told_accuracies(start)}")
    expect(guess).to_be_hidden()
    expect(plot.locator(".cw-dot")).to_have_count(4 * 6 * 5)
    assert told_accuracies(MemoryRace(lag=80)) in (plot.get_attribute("aria-label") or "")
    figure.get_by_role("slider", name="Lag").fill("5")
    expect(status_of(figure)).to_have_text(told_accuracies(MemoryRace(lag=80)))
    press(figure, "Hide, and ask me again")
    expect(status_of(figure)).to_contain_text("hidden again")
    expect(figure.get_by_role("group", name="Trained at lag 80")).to_be_visible()
    expect(figure.get_by_role("checkbox", name="GRU")).not_to_be_checked()
    press(figure, "Look")  # without a guess
    expect(status_of(figure)).to_have_text(told_accuracies(MemoryRace(lag=80)))
    assert watch.troubles == []


def test_a_sequence_is_played_step_by_step(watch: Any, site: Site) -> None:
    start = MemoryRace(lag=5, symbol="E", seed=4, position=0)
    watch.page.goto(site.write("play", start))
    figure = figure_of(watch.page, NAME)
    expect(status_of(figure)).to_have_text(
        "Nothing has been read yet. After 6 steps the networks have to name E."
    )
    for step, letter in enumerate(start.sequence, start=1):
        press(figure, "Step")
        expect(figure.locator(".cw-phase")).to_have_text(f"step {step} of 6")
        note = {1: ", the symbol to remember", 6: ", the last one"}.get(step, "")
        when = "Right in the end" if step == 6 else "Asked now, right"
        expect(status_of(figure)).to_have_text(
            f"Step {step} read {letter}{note}. {when}{told_answers(start, step).removeprefix('right')}"
        )
    press(figure, "Step")  # does nothing more
    expect(figure.locator(".cw-phase")).to_have_text("step 6 of 6")
    for lane, (name, odds) in zip(
        figure.locator(".cw-memory-race-lane").all(), start.odds.items(), strict=True
    ):
        expect(lane).to_contain_text(f"{NAMES[name]}E {percent(float(odds[-1]))}, says ")
    figure.get_by_label("To remember").select_option("B")
    expect(status_of(figure)).to_contain_text(told_answers(MemoryRace(5, "B", 4), 6).removeprefix("right"))
    press(figure, "Other symbols after it")
    other = MemoryRace(5, "B", 5)
    expect(status_of(figure)).to_contain_text(f"Step 6 read {other.sequence[-1]}, the last one.")
    expect(figure.locator(".cw-memory-race-tape")).to_have_text(" ".join(other.sequence))
    figure.get_by_role("slider", name="Lag").fill("2")
    expect(figure.locator(".cw-phase")).to_have_text("step 11 of 11")  # what was at its end stays there
    press(figure, "Start over")
    expect(figure.locator(".cw-phase")).to_have_text("step 0 of 11")
    figure.get_by_role("slider", name="Lag").fill("4")
    expect(figure.locator(".cw-phase")).to_have_text("step 0 of 41")
    assert watch.troubles == []


def test_everything_by_keyboard_alone(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("keys", MemoryRace()))
    figure = figure_of(page, NAME)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(figure.get_by_role("checkbox", name="simple RNN")).to_be_checked()
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(status_of(figure)).to_contain_text("You were right about 1 of 4.")
    expect(figure.get_by_role("button", name="Hide, and ask me again")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    slider = figure.get_by_role("slider", name="Lag")
    expect(slider).to_have_attribute("aria-valuetext", "80")
    assert slider.evaluate("input => getComputedStyle(input).outlineStyle") == "solid", (
        "the focus cannot be seen"
    )
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(figure.locator(".cw-phase")).to_have_text("step 13 of 81")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(figure.get_by_role("button", name="Pause")).to_be_focused()
    page.keyboard.press("Enter")
    expect(figure.get_by_role("button", name="Run")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(figure.locator(".cw-phase")).to_have_text("step 0 of 81")
    page.keyboard.press("Tab")
    page.keyboard.press("D")
    expect(status_of(figure)).to_have_text(
        "Nothing has been read yet. After 81 steps the networks have to name D."
    )
    assert watch.troubles == []


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_run_goes_to_the_end(browser: Browser, folder_site: Site, motion: str) -> None:
    context = browser.new_context(reduced_motion=motion)
    page = context.new_page()
    page.goto(folder_site.write(f"run-{motion}", MemoryRace(lag=10, position=0)))
    figure = figure_of(page, NAME)
    press(figure, "Run")
    expect(figure.locator(".cw-phase")).to_have_text(
        "step 11 of 11", timeout=300 if motion == "reduce" else 15_000
    )
    expect(status_of(figure)).to_contain_text("Step 11 read")
    expect(figure.get_by_role("button", name="Run")).to_be_visible()
    if motion == "no-preference":  # from the end it begins again
        press(figure, "Run")
        expect(figure.locator(".cw-phase")).to_have_text("step 1 of 11")
    context.close()


def test_the_browser_computes_what_the_engine_computes(watch: Any, folder_site: Site) -> None:
    rng = np.random.default_rng(0)
    worst = 0.0
    for index, lag in enumerate((2, 5, 10, 20, 40, 80, 40, 80)):
        start = MemoryRace(lag, str(rng.choice(list(LETTERS))), int(rng.integers(1000)), position=81)
        watch.page.goto(folder_site.write(f"parity-{index}", start))
        figure = figure_of(watch.page, NAME)
        rows = np.array(table_of(figure))  # (time, competitors)
        engine = np.stack(list(start.odds.values()), axis=1)
        worst = max(worst, float(np.abs(rows - engine).max()))
        expect(figure.locator(".cw-memory-race-tape")).to_have_text(" ".join(start.sequence))
    print(f"\nthe largest difference to the engine is {worst:.1e}")
    assert worst < 1e-5
    assert watch.troubles == []


def test_filled_bars_are_the_steps_at_which_the_symbol_would_be_named(watch: Any, folder_site: Site) -> None:
    start = MemoryRace(position=30)
    watch.page.goto(folder_site.write("bars", start))
    lanes = figure_of(watch.page, NAME).locator(".cw-memory-race-lane").all()
    for lane, answers in zip(lanes, start.answers.values(), strict=True):
        right = (answers[:30].argmax(axis=1) == LETTERS.index("C")).sum()
        drawn = [
            (lane.locator(path).get_attribute("d") or "").count("M") for path in (".cw-bar", ".is-hollow")
        ]
        assert drawn == [right, 30 - right]


def test_links_set_it_and_a_lag_in_between_is_shown_as_the_next_one(watch: Any, site: Site) -> None:
    page = watch.page
    links = (
        '<p><a href="#memory-race?lag=80&amp;position=81">far</a> <a href="#memory-race?lag=7">between</a> '
        '<a href="#memory-race?symbol=Z">unknown</a> <a href="#memory-race?revealed=1">look</a></p>'
    )
    page.goto(site.write("links", links, MemoryRace()))
    figure = figure_of(page, NAME)
    page.get_by_role("link", name="far").click()
    expect(figure.locator(".cw-phase")).to_have_text("step 81 of 81")
    expect(status_of(figure)).to_contain_text("The link set this state. Step 81 read")
    page.get_by_role("link", name="between").click()
    expect(figure.locator(".cw-phase")).to_have_text("step 11 of 11")
    expect(figure.get_by_role("group", name="Trained at lag 10,")).to_be_visible()
    page.get_by_role("link", name="unknown").click()
    expect(status_of(figure)).to_have_text("The link does not fit this figure: symbol = Z.")
    page.get_by_role("link", name="look").click()
    expect(figure.locator(".cw-dot")).to_have_count(4 * 6 * 5)
    assert watch.troubles == []


def test_the_shortest_lag_asks_before_anything_is_shown(watch: Any, folder_site: Site) -> None:
    watch.page.goto(folder_site.write("shortest", MemoryRace(lag=2)))
    figure = figure_of(watch.page, NAME)
    expect(figure.locator(".cw-plot")).to_have_attribute(
        "aria-label", "Right answers by lag: none shown yet."
    )
    expect(figure.locator(".cw-dot")).to_have_count(0)
    expect(figure.locator(".cw-phase")).to_have_text("step 3 of 3")
    assert watch.troubles == []


@pytest.mark.alone
def test_dragging_never_holds_the_page_up(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("drag", MemoryRace(position=41, revealed=True)))
    figure = figure_of(page, NAME)
    slider = figure.get_by_role("slider", name="Lag")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2

    def drag() -> None:
        for begin, end in ((5, box["width"] - 5), (box["width"] - 5, 5)):
            page.mouse.move(box["x"] + begin, middle)
            page.mouse.down()
            page.mouse.move(box["x"] + end, middle, steps=30)
            page.mouse.up()

    expect_no_long_task(page, drag)
    expect(status_of(figure)).to_have_text(told_accuracies(MemoryRace(lag=2)))
    assert watch.troubles == []


def test_pictures(watch: Any, folder_site: Site, pictures: Path) -> None:
    """For whoever looks at them."""
    page = watch.page
    page.set_viewport_size({"width": 780, "height": 1000})
    page.goto(folder_site.write("pictures", MemoryRace(position=41, revealed=True)))
    for theme in ("light", "dark"):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        page.wait_for_timeout(300)
        figure_of(page, NAME).screenshot(path=pictures / f"memory-race-end-{theme}.png")
    page.emulate_media(media="print")
    figure_of(page, NAME).screenshot(path=pictures / "memory-race-paper.png")
    assert watch.troubles == []
