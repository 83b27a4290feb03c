"""The writing network in headless Chromium: the texts, their odds, two predictions, and the same numbers as Python."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from figure_pages import Site, expect_no_long_task, figure_of, status_of, table_of
from playwright.sync_api import Browser, Locator, expect

from course_utils.explainers import TextGenerator
from course_utils.explainers.text_generator import repeated_share

pytestmark = pytest.mark.needs_browser

SMALL = "chars-lstm-small"
SLOW = 30_000  # milliseconds; where other programs hold the machine, letters take their time


def writer(**settings: Any) -> TextGenerator:
    return TextGenerator(**{"length": 120, "written": 40, "model": SMALL} | settings)


def live(watch: Any, site: Site, figure: TextGenerator, page_name: str) -> Locator:
    watch.page.goto(site.write(page_name, figure))
    return figure_of(watch.page, figure.name)


def drawn(figure: Locator) -> str:
    """The drawn text, without the seed text."""
    text: str = (
        figure.locator(".cw-text-generator-text")
        .first.locator("> span")
        .last.evaluate("node => node.textContent")
    )
    return text


def probable(figure: Locator) -> str:
    text: str = (
        figure.locator(".cw-text-generator-text")
        .last.locator("> span")
        .last.evaluate("node => node.textContent")
    )
    return text


def settled(figure: Locator, count: int) -> None:
    """Wait until so many letters are there."""
    expect(figure.locator(".cw-phase")).to_contain_text(re.compile(rf"^{count} of"), timeout=SLOW)
    expect(figure.get_by_role("button", name="Write", exact=True)).to_be_visible(timeout=SLOW)


def test_predict_a_letter_write_pause_and_start_over(watch: Any, site: Site) -> None:
    made = writer(written=0)
    figure = live(watch, site, made, "path")
    expect(status_of(figure)).to_have_text(
        "Nothing is written yet: the bars are the odds for the first letter."
    )
    first = made.write(1)
    name = {" ": "space", "\n": "line break"}.get(first, f"“{first}”")
    figure.get_by_role("radio").first.check()
    guess = figure.locator(".cw-question label").first.inner_text()
    options = figure.locator(".cw-question").first.locator("label").all_inner_texts()
    assert len(options) == 4 and options[-1] == "another"
    answer = name if name in options else "another"
    figure.get_by_role("button", name="One letter").click()
    told = f"You said {guess}: right. " if guess == answer else f"You said {guess}; it is {answer}. "
    expect(status_of(figure)).to_contain_text(f"{told}Letter 1 is {name}, ")
    figure.get_by_role("button", name="Write", exact=True).click()
    figure.get_by_role("button", name="Pause").click()
    expect(figure.get_by_role("button", name="Write", exact=True)).to_be_visible()
    reached = len(drawn(figure))
    assert 1 <= reached < 120
    watch.page.wait_for_timeout(150)
    assert len(drawn(figure)) == reached, "it goes on after Pause"
    figure.get_by_role("button", name="Write", exact=True).click()
    settled(figure, 120)
    assert drawn(figure) == made.write(120)
    assert probable(figure) == made.write(120, temperature=0)
    expect(status_of(figure)).to_contain_text("120 letters at temperature 0.80: ")
    # Also where a button says that it can do nothing more: a reader may press it and is told so.
    figure.get_by_role("button", name="Write", exact=True).click(force=True)
    expect(status_of(figure)).to_have_text("The text has its 120 letters: start over, or raise the length.")
    figure.get_by_role("button", name="One letter").click(force=True)
    expect(status_of(figure)).to_contain_text("The text has its 120 letters")
    figure.get_by_role("button", name="Start over").click()
    settled(figure, 0)
    assert (drawn(figure), probable(figure)) == ("", "")
    assert watch.troubles == []


def test_two_temperatures_are_predicted_and_counted(watch: Any, folder_site: Site) -> None:
    made = writer()
    figure = live(watch, folder_site, made, "compare")
    settled(figure, 40)
    figure.get_by_role("radio", name="more").check()
    figure.get_by_role("button", name="Write both and count").click()
    cold, warm = (repeated_share(made.write(120, temperature=each)) for each in (0.2, 1.0))
    told = "You said more: right." if cold > warm else f"it is {'as much' if cold == warm else 'less'}."
    expect(status_of(figure)).to_contain_text(told)
    found = re.findall(r"([\d.]+) %", status_of(figure).inner_text())
    assert [float(each) for each in found] == pytest.approx([100 * cold, 100 * warm], abs=0.51)
    # Whatever is changed meanwhile ends the comparison.
    figure.get_by_role("button", name="Write both and count").click()
    figure.get_by_role("slider", name="Random seed").fill("7")
    expect(status_of(figure)).to_contain_text("40 letters at temperature")
    expect(figure.get_by_role("button", name="Write both and count")).to_be_visible()
    assert drawn(figure) == writer(seed=7).text
    assert watch.troubles == []


def test_everything_by_keyboard_alone(watch: Any, folder_site: Site) -> None:
    made = writer(written=3)
    page = watch.page
    figure = live(watch, folder_site, made, "keys")
    settled(figure, 3)

    def tab_to(locator: Locator) -> None:
        for _ in range(20):
            if locator.evaluate("node => node === document.activeElement"):
                return
            page.keyboard.press("Tab")
        raise AssertionError("Tab does not reach it")

    tab_to(figure.get_by_role("radio").first)
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    settled(figure, 4)
    expect(status_of(figure)).to_contain_text("Letter 4 is ")
    tab_to(figure.get_by_role("button", name="Write", exact=True))
    page.keyboard.press("Space")
    settled(figure, 120)
    slider = figure.get_by_role("slider", name="Letter")
    tab_to(slider)
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "119 of 120")
    expect(status_of(figure)).to_contain_text("Letter 119 is ")
    assert slider.evaluate("input => getComputedStyle(input).outlineStyle") == "solid"
    tab_to(figure.get_by_role("textbox", name="Seed text"))
    page.keyboard.press("Control+A")
    page.keyboard.type("To be")
    tab_to(figure.get_by_role("slider", name="Temperature"))
    page.keyboard.press("ArrowRight")
    expect(figure.locator(".cw-title", has_text="Drawn at temperature 0.85")).to_be_visible()
    expect(figure.get_by_role("button", name="Write", exact=True)).to_be_visible()
    assert drawn(figure) == writer(seed_text="To be", temperature=0.85).write(120)
    assert watch.troubles == []


def test_each_letter_shows_the_odds_it_was_drawn_from(watch: Any, folder_site: Site) -> None:
    made = writer(top_k=3, temperature=1.5)
    figure = live(watch, folder_site, made, "odds")
    settled(figure, 40)
    figure.locator(".cw-text-generator-text span span").nth(11).click()
    expect(figure.get_by_role("slider", name="Letter")).to_be_focused()
    expect(figure.locator(".is-current")).to_have_count(1)
    shown = writer(top_k=3, temperature=1.5, letter=12)
    letter = shown.alphabet.index(shown.text[11])
    own, share = shown.odds[letter]
    names = {" ": "space", "\n": "line break"}
    name = names.get(shown.text[11], f"“{shown.text[11]}”")
    expect(status_of(figure)).to_contain_text(f"Letter 12 is {name}, ")
    told = [float(each) for each in re.findall(r"([\d.]+) %", status_of(figure).inner_text())]
    assert told == pytest.approx([100 * own, 100 * share], abs=0.51)
    bars = figure.locator(".cw-bars li")
    expect(bars).to_have_count(8)
    expect(bars.locator("s")).to_have_count(5)
    expect(bars.filter(has_text="→ cut")).to_have_count(5)
    expect(bars.filter(has_text="(drawn)")).to_have_count(1)
    expect(bars.filter(has_text="(drawn)")).to_contain_text(name)
    assert watch.troubles == []


def test_the_browser_writes_and_weighs_as_python_does(watch: Any, folder_site: Site) -> None:
    settings = [(0.3, 0, 1), (0.3, 4, 2), (1.0, 0, 3), (1.0, 2, 4), (1.6, 0, 5), (1.6, 8, 23)]
    figures = [
        writer(temperature=temperature, top_k=k, seed=seed, written=100, letter=57, name=f"case-{number}")
        for number, (temperature, k, seed) in enumerate(settings)
    ]
    figures.append(writer(model="chars-lstm-corpus", seed_text="The ", written=100, letter=80, name="corpus"))
    figures.append(writer(model="chars-lstm", written=100, letter=100, name="large"))
    watch.page.goto(folder_site.write("parity", *figures))
    for made in figures:
        figure = figure_of(watch.page, made.name)
        settled(figure, 100)
        assert drawn(figure) == made.text, made.name
        rows = np.array(table_of(figure))  # (letters, 2), the most probable first
        order = np.argsort(-made.odds[:, 0], kind="stable")
        np.testing.assert_allclose(rows, made.odds[order], rtol=0, atol=1e-5)
        bits = float(figure.locator(".cw-note", has_text="bits a letter").first.inner_text().split()[0])
        assert bits == pytest.approx(made.surprise, abs=0.006)
    assert watch.troubles == []


def test_a_link_gives_the_same_text_again(watch: Any, folder_site: Site) -> None:
    page = watch.page
    figure = live(watch, folder_site, writer(), "again")
    settled(figure, 40)
    figure.get_by_role("textbox", name="Seed text").fill("JULIET:\nO & 100%")
    figure.get_by_role("slider", name="Random seed").fill("5")
    figure.get_by_role("slider", name="Top-k").fill("6")
    figure.get_by_role("button", name="Write", exact=True).click()
    settled(figure, 120)
    text = drawn(figure)
    figure.get_by_role("button", name="Link to this state").click()
    page.wait_for_function("location.hash.length > 1")
    linked = page.url
    page.goto("about:blank")
    page.goto(linked)
    figure = figure_of(page, "text-generator")
    settled(figure, 120)
    assert drawn(figure) == text == writer(seed_text="JULIET:\nO & 100%", seed=5, top_k=6).write(120)
    expect(status_of(figure)).to_contain_text("The alphabet lacks “1”, “0”, “%”: skipped. 120 letters at")
    expect(status_of(figure)).to_contain_text("temperature 0.80, top 6 only: ")
    assert watch.troubles == []


def test_without_chance_both_texts_are_one_and_the_sentence_says_so(watch: Any, folder_site: Site) -> None:
    figure = live(watch, folder_site, writer(temperature=0), "cold")
    settled(figure, 40)
    assert drawn(figure) == probable(figure)
    expect(status_of(figure)).to_contain_text("Always taking the most probable letter gives the same text.")
    figure.get_by_role("textbox", name="Seed text").fill("")
    line = writer(temperature=0, seed_text="")
    expect(figure.locator(".cw-text-generator-text").first).to_have_text(line.text, use_inner_text=False)
    figure.get_by_role("slider", name="Length").fill("20")
    settled(figure, 20)
    assert drawn(figure) == line.write(20)
    assert watch.troubles == []


def test_with_reduced_motion_the_text_appears_at_once(browser: Browser, folder_site: Site) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(folder_site.write("still", writer(written=0)))
    figure = figure_of(page, "text-generator")
    settled(figure, 0)
    lengths = page.evaluate_handle(
        """() => { const seen = new Set(), text = document.querySelector(".cw-text-generator-text > span:last-child");
           new MutationObserver(() => seen.add(text.childElementCount)).observe(text, { childList: true });
           return seen; }"""
    )
    figure.get_by_role("button", name="Write", exact=True).click()
    settled(figure, 120)
    assert lengths.evaluate("seen => [...seen]") == [120]
    context.close()


@pytest.mark.alone
def test_writing_and_dragging_never_hold_the_page_up(browser: Browser, watch: Any, folder_site: Site) -> None:
    page = watch.page
    made = TextGenerator(length=200)
    figure = live(watch, folder_site, made, "speed")
    settled(figure, 120)
    expect(status_of(figure)).to_contain_text("120 letters at")
    slider = figure.get_by_role("slider", name="Temperature")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None

    def drag() -> None:
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + 5, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 5, middle, steps=40)
        page.mouse.up()
        settled(figure, 120)

    def write() -> None:
        figure.get_by_role("button", name="Write", exact=True).click()
        settled(figure, 200)
        figure.get_by_role("button", name="Start over").click()
        settled(figure, 0)

    for act in (drag, write):
        expect_no_long_task(page, act)
    assert float(slider.input_value()) > 1.8
    assert watch.troubles == []
