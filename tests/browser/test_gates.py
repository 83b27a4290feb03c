"""The figure that reads a text with a trained LSTM, in Chromium: what it says and draws, and its numbers.

No test knows what the network answers: what is expected is computed from the same network in Python.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from figure_pages import Site, expect_no_long_task, figure_of, status_of, table_of, violations
from playwright.sync_api import Browser, Locator, Page, expect

from course_utils.explainers import Gates

pytestmark = pytest.mark.needs_browser

COLUMNS = ("c", "forget", "input", "candidate", "output", "h")
"""Of the figure's table."""
WORDS = {" ": "a space", "\n": "a new line"}


def named(character: str) -> str:
    return WORDS.get(character, f"“{character}”")


def percent(share: float) -> str:
    return f"{100 * share:.{1 if 0 < share < 0.0995 else 0}f} %"


def best(odds: dict[str, float]) -> str:
    character = next(iter(odds))
    return f"{named(character)} ({percent(odds[character])})"


def carried(figure: Gates) -> float:
    """How much of what the memory held before `since` is left at the position."""
    gates, first = figure.gates, figure.since - 1
    at = min(figure.position, len(figure.characters))
    before = np.abs(gates["c"][first - 1])
    return float((before * gates["forget"][first:at].prod(axis=0)).sum() / before.sum())


def slide(slider: Locator, value: float) -> None:
    slider.fill(f"{value:g}")


def shares_drawn(figure: Locator) -> list[float]:
    """The percentages in the alternative text of the first drawing."""
    label = figure.get_by_role("img", name="of what each character wrote").get_attribute("aria-label")
    assert label is not None
    return [float(text) for text in re.findall(r"([\d.]+)\s%", label)]


def test_it_asks_holds_all_forget_gates_and_says_what_moved(watch: Any, site: Site) -> None:
    page, shown = watch.page, Gates()
    page.goto(site.write("path", shown))
    figure = figure_of(page, "gates")
    expect(status_of(figure)).to_contain_text(f"best guess after “o” is {best(shown.odds)}")
    expect(status_of(figure)).to_contain_text(f"{percent(carried(shown))} of what the memory held before “s”")
    np.testing.assert_allclose(shares_drawn(figure), 100 * shown.left_of_each, atol=0.51)
    expect(figure.get_by_role("group", name="Every forget gate is held at 0 from “s” on.")).to_be_visible()
    figure.get_by_role("radio", name="half").check()
    figure.get_by_role("button", name="Hold them at 0").click()
    wiped = Gates(gate="forget", clamp=0.0)
    expect(status_of(figure)).to_contain_text(
        "You said half; it is none. With every forget gate held at 0.00 from “s”"
    )
    expect(status_of(figure)).to_contain_text("0 % of what the memory held before “s” is left at “o”")
    if next(iter(shown.odds)) != next(iter(wiped.odds)):
        told = f"the best guess goes from {best(shown.odds)} to {best(wiped.odds)}."
        expect(status_of(figure)).to_contain_text(told)
    # The change runs through the text, and ends where the reader was.
    expect(figure.locator(".cw-phase")).to_have_text("character 27 of 27: “o”")
    assert shares_drawn(figure) == [0] * 26 + [100]
    expect(figure.get_by_role("list")).to_have_count(2)

    expect(figure.get_by_role("group", name="Every forget gate is held at 1 from “s” on.")).to_be_visible()
    figure.get_by_role("radio", name="all").check()
    figure.get_by_role("button", name="Hold them at 1").click()
    expect(status_of(figure)).to_contain_text("You said all: right. With every forget gate held at 1.00")
    expect(status_of(figure)).to_contain_text("100 % of what the memory held before “s” is left")
    expect(figure.locator(".cw-phase")).to_have_text("character 27 of 27: “o”")
    assert shares_drawn(figure)[21:] == [100] * 6
    figure.get_by_role("button", name="Let go").click()
    expect(status_of(figure)).to_contain_text(f"best guess after “o” is {best(shown.odds)}")
    expect(figure.get_by_role("list")).to_have_count(1)
    assert watch.troubles == []


def test_everything_by_keyboard_alone(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.emulate_media(reduced_motion="reduce")
    page.goto(folder_site.write("keys", Gates(position=25)))
    figure = figure_of(page, "gates")
    page.keyboard.press("Tab")
    place = figure.get_by_role("slider", name="Character")
    expect(place).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(figure.locator(".cw-phase")).to_have_text("character 24 of 27: “o”")
    expect(place).to_have_attribute("aria-valuetext", "“o”")
    expect(status_of(figure)).to_contain_text("The trained network’s best guess after “o”")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(figure.get_by_role("radio", name="none")).to_be_checked()
    page.keyboard.press("Enter")
    expect(status_of(figure)).to_contain_text("You said none: right. With every forget gate held at 0.00")
    expect(figure.locator(".cw-phase")).to_have_text("character 24 of 27: “o”")
    page.keyboard.press("Shift+Tab")
    expect(place).to_be_focused()
    figure.get_by_role("button", name="Hold them at 1").focus()
    page.keyboard.press("Tab")
    expect(figure.get_by_role("slider", name="Hold every forget gate from “s” on at")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(status_of(figure)).to_contain_text("held at 0.03 from “s” on")
    page.keyboard.press("Tab")
    page.keyboard.type("input")
    expect(status_of(figure)).to_contain_text("With every input gate held at 0.03")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(status_of(figure)).to_contain_text("With the input gate of unit 74 held at 0.03")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(status_of(figure)).to_contain_text("from “o” on")
    assert watch.troubles == []


def random_state(seed: int) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    alphabet = list("abcdefghij KLMNO,.:\n'")
    length = int(draw.integers(1, 61))
    return {
        "text": "".join(draw.choice(alphabet, length)),
        "gate": str(draw.choice(["none", "forget", "input", "output"])),
        "clamp": round(float(draw.uniform()), 2),
        "scope": str(draw.choice(["all", "unit"])),
        "since": int(draw.integers(1, length + 1)),
        "position": int(draw.integers(1, length + 1)),
        "unit": int(draw.integers(128)),
        "memory": str(draw.choice(["untouched", "zeroed", "set"])),
        "set_to": round(float(draw.uniform(-5, 5)), 1),
    }


def assert_same_numbers(page: Page, address: str, shown: Gates) -> None:
    page.goto("about:blank")
    page.goto(address)
    figure = figure_of(page, "gates")
    expected = np.stack([shown.gates[name][:, shown.unit] for name in COLUMNS], axis=1)
    np.testing.assert_allclose(table_of(figure), expected, atol=1e-5, rtol=1e-5)
    # The odds by the bars' lengths, of which the browser keeps six digits.
    differs = (shown.gate, shown.memory) != ("none", "untouched") and shown.position >= shown.since
    lists = figure.get_by_role("list").all()
    assert len(lists) == 1 + differs
    for odds, bars in zip((shown.odds_as_trained, shown.odds), lists, strict=False):
        found = bars.evaluate(
            """list => [...list.children].map(row => [row.querySelector('.cw-bar-name').textContent,
                 parseFloat(row.querySelector('.cw-bar-fill').style.width) / 100])"""
        )
        assert len(found) == 7
        for character, share in found:
            character = {"␣": " ", "↵": "\n"}.get(character, character)
            assert share == pytest.approx(odds[character], abs=1e-5)
    drawn = shares_drawn(figure)
    assert len(drawn) == min(shown.position, len(shown.characters))
    np.testing.assert_allclose(drawn, 100 * shown.left_of_each, atol=0.51)


@pytest.mark.parametrize("seed", range(6))
def test_its_numbers_are_those_of_the_engine(watch: Any, folder_site: Site, seed: int) -> None:
    shown = Gates(**random_state(seed))
    assert_same_numbers(watch.page, folder_site.write(f"parity-{seed}", shown), shown)
    assert watch.troubles == []


@pytest.mark.parametrize(
    "state",
    [
        {"gate": "forget", "clamp": 0.0, "since": 5},
        {"gate": "forget", "clamp": 1.0, "since": 1, "text": "A" * 60, "position": 60},
        {"memory": "set", "set_to": 5.0, "since": 27, "scope": "unit"},
        {"gate": "output", "clamp": 0.0, "since": 20, "memory": "zeroed"},
    ],
)
def test_its_numbers_are_those_of_the_engine_at_the_extremes(
    watch: Any, folder_site: Site, state: dict[str, Any]
) -> None:
    shown = Gates(**state)
    assert_same_numbers(watch.page, folder_site.write("extreme", shown), shown)
    assert watch.troubles == []


def test_every_unit_and_every_map_is_the_engines(watch: Any, folder_site: Site) -> None:
    page, shown = watch.page, Gates("My lord")
    page.goto(folder_site.write("units", shown))
    figure = figure_of(page, "gates")
    units = figure.get_by_label("Unit, most moving first")
    listed = [int(text) for text in units.locator("option").all_inner_texts()]
    c = shown.gates_as_trained["c"]
    spread = c.max(axis=0) - c.min(axis=0)
    assert sorted(listed) == list(range(128))
    np.testing.assert_allclose(spread[listed], np.sort(spread)[::-1], atol=1e-5)
    for unit in (listed[0], listed[64], listed[-1]):
        units.select_option(str(unit))
        expected = np.stack([shown.gates[name][:, unit] for name in COLUMNS], axis=1)
        expect(figure.get_by_role("img", name="Its forget gate")).to_be_visible()
        page.wait_for_timeout(60)
        np.testing.assert_allclose(table_of(figure), expected, atol=1e-5)
    pictures = set()
    for name in COLUMNS:
        figure.get_by_role("combobox", name="Map").select_option(name)
        page.wait_for_timeout(60)
        pictures.add(figure.locator("canvas").evaluate("canvas => canvas.toDataURL()"))
    assert len(pictures) == len(COLUMNS)
    assert watch.troubles == []


def test_the_worked_step_adds_up_in_words_and_numbers(watch: Any, folder_site: Site) -> None:
    shown = Gates(unit=31, position=12, since=12, memory="set", set_to=-2.5)
    watch.page.goto(folder_site.write("worked", shown))
    figure = figure_of(watch.page, "gates")
    steps = figure.locator(".cw-gates-step")
    gates = {name: float(array[11, 31]) for name, array in shown.gates_as_trained.items()}
    before = float(shown.gates["c"][10, 31])

    def fixed(value: float) -> str:
        return f"{value:z.2f}".replace("-", "−")

    expect(steps.nth(0)).to_contain_text(f"= {fixed(before)}")
    expect(steps.nth(1)).to_contain_text(
        f"= {fixed(gates['forget'] * before)}it keeps {percent(gates['forget'])} of"
    )
    expect(steps.nth(2)).to_contain_text(f"= {fixed(gates['input'] * gates['candidate'])}it adds")
    expect(steps.nth(3)).to_contain_text(f"= −2.50set by you, instead of {fixed(gates['c'])}")
    h = gates["output"] * np.tanh(-2.5)
    expect(steps.nth(4)).to_contain_text(f"= {fixed(h)}it shows {percent(gates['output'])} of tanh(c)")
    figure.get_by_label("Its c is").select_option("untouched")
    expect(steps.nth(3)).to_contain_text(f"= {fixed(gates['c'])}it remembers now")
    assert watch.troubles == []


def test_the_memory_is_set_where_the_reader_looks_and_stays_there(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("set", Gates(position=14, unit=5)))
    figure = figure_of(page, "gates")
    slide(figure.get_by_role("slider", name="Set its c to"), 3.5)
    expect(status_of(figure)).to_contain_text("With c of unit 5 set to 3.5 at “c”")
    slide(figure.get_by_role("slider", name="Character"), 15)
    slide(figure.get_by_role("slider", name="Set its c to"), -1)
    expect(status_of(figure)).to_contain_text("With c of unit 5 set to −1.0 at “c”")
    slide(figure.get_by_role("slider", name="Character"), 13)
    expect(status_of(figure)).to_contain_text("nothing differs yet at “u”: the change comes later")
    figure.get_by_label("Its c is").select_option("zeroed")
    figure.get_by_role("combobox", name="Hold").select_option("output")
    slide(figure.get_by_role("slider", name="Hold every output gate"), 0.5)
    slide(figure.get_by_role("slider", name="Character"), 16)
    told = "With every output gate held at 0.50 from “c” on and unit 5 held at 0 from “c” on"
    expect(status_of(figure)).to_contain_text(told)
    expect(figure.get_by_text("0 wipes")).to_be_hidden()
    assert watch.troubles == []


def test_a_click_in_the_map_and_in_a_drawing_picks_unit_and_character(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("pick", Gates()))
    figure = figure_of(page, "gates")
    canvas = figure.locator("canvas")
    box = canvas.bounding_box()
    assert box is not None
    canvas.click(position={"x": box["width"] * 2.5 / 27, "y": box["height"] * 100.5 / 128})
    expect(figure.locator(".cw-phase")).to_have_text("character 3 of 27: “r”")
    expect(figure.get_by_label("Unit, most moving first")).to_have_value("100")
    drawing = figure.get_by_role("img", name="of what each character wrote")
    column = box["width"] / 27
    for click, told in ((46 + 8.5 * column, "character 9 of 27: “i”"), (2, "character 1 of 27: “P”")):
        drawing.click(position={"x": click, "y": 40})
        expect(figure.locator(".cw-phase")).to_have_text(told)
    assert watch.troubles == []


def test_the_thumb_stands_under_its_character(watch: Any, folder_site: Site) -> None:
    watch.page.goto(folder_site.write("thumb", Gates(position=1)))
    figure = figure_of(watch.page, "gates")
    for text in ("Parting", "A", "Shall I compare thee to a summer’s day? Thou art more love"):
        figure.get_by_label("Text to read").fill(text)
        watch.page.wait_for_timeout(100)
        slider = figure.get_by_role("slider", name="Character").bounding_box()
        canvas = figure.locator("canvas").bounding_box()
        assert slider is not None and canvas is not None
        half = canvas["width"] / (len(text) - text.count("’")) / 2
        assert slider["x"] + 12 == pytest.approx(canvas["x"] + half, abs=1.5)
        assert slider["x"] + slider["width"] - 12 == pytest.approx(
            canvas["x"] + canvas["width"] - half, abs=1.5
        )


def test_a_text_of_ones_own(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("text", Gates()))
    figure = figure_of(page, "gates")
    field = figure.get_by_label("Text to read")
    field.fill("Café\nno 7")
    shown = Gates("Café\nno 7", since=8)
    expect(status_of(figure)).to_contain_text(f"best guess after a space is {best(shown.odds)}")
    expect(figure).to_contain_text("Not in its alphabet, so skipped: é 7")
    expect(figure.locator(".cw-phase")).to_have_text("character 7 of 7: a space")
    # The change would come after the end now: there is nothing to ask, and the sentence says so.
    slide(figure.get_by_role("slider", name="Hold every forget gate"), 0)
    expect(status_of(figure)).to_contain_text("nothing differs yet at a space: the change comes later")
    expect(figure.get_by_role("radio", name="half")).to_be_hidden()
    figure.get_by_role("button", name="Begin here").click()
    expect(status_of(figure)).to_contain_text("held at 0.00 from a space on")

    field.fill("")
    expect(status_of(figure)).to_have_text("Type a character that it knows.")
    expect(figure.locator("canvas")).to_be_hidden()
    field.fill("¿7")
    expect(status_of(figure)).to_have_text("Type a character that it knows.")
    field.fill("W")
    expect(figure.locator(".cw-phase")).to_have_text("character 1 of 1: “W”")
    # Before the first character the memory is empty: nothing to ask, and nothing to say of it.
    expect(figure.get_by_role("radio", name="half")).to_be_hidden()
    expect(status_of(figure)).not_to_contain_text("of what the memory held")
    figure.get_by_role("button", name="Hold them at 1").click()
    expect(status_of(figure)).to_contain_text(
        "With every forget gate held at 1.00 from “W” on, the best guess stays"
    )
    assert watch.troubles == []


@pytest.mark.alone
def test_dragging_never_holds_the_page_up(watch: Any, folder_site: Site) -> None:
    page = watch.page
    text = "Shall I compare thee to a summer's day? Thou art more lovely"
    page.goto(folder_site.write("drag", Gates(text, position=60, since=20)))
    figure = figure_of(page, "gates")
    # As others may be using the machine: best of several tries.
    for name, highest in (("Hold every", 1), ("Character", 60)):
        slider = figure.get_by_role("slider", name=name)

        def drag(slider: Locator = slider, highest: int = highest) -> None:
            slider.evaluate(
                """async (input, highest) => { for (let k = 1; k <= 20; k++) {
                     input.value = (highest * k) / 20;
                     input.dispatchEvent(new Event('input'));
                     await new Promise(requestAnimationFrame); } }""",
                highest,
            )

        expect_no_long_task(page, drag)
    assert watch.troubles == []


def test_a_link_sets_a_state_and_one_that_does_not_fit_says_so(watch: Any, site: Site) -> None:
    page = watch.page
    links = (
        '<p><a href="#gates?gate=forget&amp;clamp=0&amp;since=3">wipe</a> '
        '<a href="#gates?gate=keep">wrong</a></p>'
    )
    page.goto(site.write("links", links, Gates()))
    figure = figure_of(page, "gates")
    page.get_by_role("link", name="wipe").click()
    expect(status_of(figure)).to_contain_text(
        "The link set this state. With every forget gate held at 0.00 from “r”"
    )
    page.get_by_role("link", name="wrong").click()
    expect(status_of(figure)).to_have_text("The link does not fit this figure: gate = keep.")
    assert watch.troubles == []


def test_nothing_moves_by_itself_and_a_touch_ends_what_moves(browser: Browser, folder_site: Site) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(folder_site.write("still", Gates(since=2)))
    figure = figure_of(page, "gates")
    phase = figure.locator(".cw-phase")
    page.wait_for_timeout(400)
    expect(phase).to_have_text("character 27 of 27: “o”")
    figure.get_by_role("button", name="Hold them at 0").click()
    expect(phase).to_have_text(re.compile("character [3-9] of 27"))
    slide(figure.get_by_role("slider", name="Hold every"), 0.5)
    stopped = phase.inner_text()
    page.wait_for_timeout(400)
    expect(phase).to_have_text(stopped)
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_a_changed_figure(
    watch: Any, folder_site: Site, pictures: Any, theme: str
) -> None:
    page = watch.page
    page.set_viewport_size({"width": 780, "height": 1000})
    page.goto(
        folder_site.write(f"axe-{theme}", Gates("Cafés", "forget", 0.3, since=2, memory="set", set_to=2.0))
    )
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    figure = figure_of(page, "gates")
    page.wait_for_timeout(400)
    figure.screenshot(path=pictures / f"gates-changed-{theme}.png")
    assert violations(page) == []
    figure.get_by_label("Text to read").fill("")
    page.wait_for_timeout(400)
    assert violations(page) == []
