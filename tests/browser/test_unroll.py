"""Living figures in headless Chromium with the network cut off, over HTTP and from a folder, on pages of their own.

The pages hold the real bundle. Screenshots go to the folder that the tests print (`pytest -s` shows it).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from figure_pages import Site, dragging, expect_no_long_task, figure_of, status_of, table_of
from playwright.sync_api import Browser, Locator, expect

from course_utils.explainers import Unroll
from course_utils.explainers.assets import write_asset_script

pytestmark = pytest.mark.needs_browser


def step(figure: Locator) -> None:
    # Also where the button says that it can do nothing more: a reader may press it and is told so.
    figure.get_by_role("button", name="Step", exact=True).click(force=True)


def test_a_figure_comes_to_life_and_asks_nobody(watch: Any, site: Site) -> None:
    watch.page.goto(site.write("alive", Unroll()))
    figure = figure_of(watch.page)
    expect(figure).to_be_visible()
    expect(status_of(figure)).to_contain_text("Nothing has been read yet")
    assert watch.page.locator(".course-widget > table").count() == 0, "the static version is still there"
    assert watch.troubles == []


def test_predict_step_reveal_and_all_the_way_back(watch: Any, site: Site) -> None:
    watch.page.goto(site.write("path", Unroll((0.5, -0.6, 0.9), h_0=0.1)))
    figure = figure_of(watch.page)
    expect(figure.get_by_role("group", name="will h1 be larger or smaller than h0?")).to_be_visible()
    figure.get_by_role("radio", name="larger").check()
    step(figure)
    expect(status_of(figure)).to_have_text(
        "You said larger: right. Step 1 read x1 = 0.50: the state went from 0.10 to h1 = 0.42."
    )
    figure.get_by_role("radio", name="larger").check()
    step(figure)
    expect(status_of(figure)).to_contain_text("You said larger; it is smaller. Step 2 read x2 = −0.60")
    expect(figure.locator(".cw-formula")).to_contain_text("= tanh(0.80 · (−0.60) + 0.50 · 0.42 + 0.00)")
    expect(figure.locator(".cw-formula")).to_contain_text(" = tanh(−0.27) = −0.26")
    expect(figure.locator(".cw-edge.is-glowing")).to_have_count(2)
    step(figure)
    expect(status_of(figure)).to_contain_text("its loss is L = 0.111")
    figure.get_by_role("radio", name="negative").check()
    step(figure)
    expect(status_of(figure)).to_contain_text("You said negative: right. dL/dh3 = −0.471")
    step(figure)
    expect(status_of(figure)).to_have_text(
        "One step back: dL/dh2 = −0.170, 0.36 times the size of dL/dh3. Step 2 adds −0.067 to dL/dwh."
    )
    step(figure)
    expect(status_of(figure)).to_contain_text("dL/dwh = 0.016, so a smaller wh lowers the loss")
    step(figure)
    expect(status_of(figure)).to_have_text("That was the last step: the gradient is complete.")
    figure.get_by_role("button", name="Back").click()
    expect(figure.locator(".cw-phase")).to_have_text("back, at step 2")
    figure.get_by_role("button", name="Start over").click()
    expect(figure.locator(".cw-phase")).to_have_text("3 steps")
    assert watch.troubles == []


def test_everything_by_keyboard_alone(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("keys", Unroll()))
    figure = figure_of(page)
    page.keyboard.press("Tab")  # the question
    page.keyboard.press("Space")
    expect(figure.get_by_role("radio", name="larger")).to_be_checked()
    page.keyboard.press("ArrowRight")
    expect(figure.get_by_role("radio", name="smaller")).to_be_checked()
    page.keyboard.press("Enter")
    expect(status_of(figure)).to_contain_text("You said smaller; it is larger.")
    page.keyboard.press("Tab")
    expect(figure.get_by_role("button", name="Step", exact=True)).to_be_focused()
    page.keyboard.press("Space")
    expect(figure.locator(".cw-phase")).to_have_text("forward, step 2 of 3")
    for _ in range(5):  # Back, Run, Start over, w_x, w_h
        page.keyboard.press("Tab")
    slider = figure.get_by_role("slider", name="wh on the state")
    expect(slider).to_be_focused()
    assert page.locator(".cw-drawing").get_attribute("data-glow") == "w_h"
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_value("0.45")
    expect(status_of(figure)).to_contain_text("With wh = 0.45: Step 2 read")
    outline = slider.evaluate("input => getComputedStyle(input).outlineStyle")
    assert outline == "solid", "the focus cannot be seen"
    for _ in range(2):  # b, x_1
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")
    expect(figure.get_by_label("x1")).to_have_value("0.6")
    assert watch.troubles == []


def test_run_stops_at_the_end_of_each_direction_and_can_be_paused(
    browser: Browser, folder_site: Site
) -> None:
    address = folder_site.write("run", Unroll((0.5, -0.6)))
    for motion, pace in (("no-preference", 5_000), ("reduce", 300)):
        context = browser.new_context(reduced_motion=motion)
        page = context.new_page()
        page.goto(address)
        figure = figure_of(page)
        figure.get_by_role("button", name="Run").click()
        if motion == "no-preference":
            figure.get_by_role("button", name="Pause").click()
            expect(figure.locator(".cw-phase")).to_have_text("forward, step 1 of 2")
            figure.get_by_role("button", name="Run").click()
        expect(figure.locator(".cw-phase")).to_have_text("forward, step 2 of 2", timeout=pace)
        expect(figure.get_by_role("button", name="Run")).to_be_visible()
        figure.get_by_role("button", name="Run").click()
        expect(figure.locator(".cw-phase")).to_have_text("back, at step 1", timeout=pace)
        context.close()


def test_by_touch_on_a_phone(browser: Browser, folder_site: Site) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(folder_site.write("touch", Unroll()))
    figure = figure_of(page)
    figure.get_by_text("larger", exact=True).tap()
    figure.get_by_role("button", name="Step", exact=True).tap()
    expect(status_of(figure)).to_contain_text("You said larger: right.")
    slider = figure.get_by_role("slider", name="wx on the input")
    box = slider.bounding_box()
    assert box is not None
    slider.tap(position={"x": box["width"] * 0.25, "y": box["height"] / 2})
    expect(slider).not_to_have_js_property("value", "0.8")
    assert -1.3 < float(slider.input_value()) < -0.8
    small = page.evaluate(
        """[...document.querySelectorAll('.cw-figure :is(button, input, summary)')].map(node => {
             const target = node.type === 'radio' ? node.closest('label') : node;
             const { width, height } = target.getBoundingClientRect();
             return [node.outerHTML.slice(0, 60), Math.min(width, height)];
           }).filter(([, least]) => least < 24)"""
    )
    assert small == [], "targets under 24 px"
    context.close()


@pytest.mark.parametrize("count", [1, 3, 8])
def test_a_phone_does_not_scroll_sideways(
    browser: Browser, folder_site: Site, pictures: Path, count: int
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, device_scale_factor=2)
    page = context.new_page()
    inputs = (0.5, -0.6, 0.9, -1.5, 1.25, 0.0, 0.3, -2.0)[:count]
    page.goto(folder_site.write(f"phone-{count}", Unroll(inputs, w_h=-1.35, position=2 * count)))
    figure = figure_of(page)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    wide = figure.evaluate(
        """root => [...root.querySelectorAll('*')].filter(n => n.getBoundingClientRect().width
           && n.getBoundingClientRect().right > root.getBoundingClientRect().right + 1).map(n => n.outerHTML)"""
    )
    assert wide == [], "something sticks out of the figure"
    figure.screenshot(path=pictures / f"phone-{count}.png")
    context.close()


def test_a_link_in_the_text_sets_the_figure(watch: Any, site: Site) -> None:
    page = watch.page
    links = (
        '<p><a href="#unroll?w_h=0.2">a short memory</a> <a href="#unroll?inputs=1,0,0,0&amp;position=4">a pulse</a> '
        '<a href="#unroll?w_h=9">too much</a> <a href="#unroll?colour=1">unknown</a></p>'
    )
    page.goto(site.write("links", links, '<div style="height: 3000px"></div>', Unroll()))
    assert page.locator("[data-hydrated]").count() == 0, "a figure far away should wait"
    page.get_by_role("link", name="a short memory").click()
    figure = page.locator(".cw-figure")
    expect(figure.get_by_role("slider", name="wh on the state")).to_have_value("0.2")
    expect(status_of(figure)).to_contain_text("The link set wh = 0.20.")
    expect(figure).to_be_in_viewport()
    assert "#" not in page.url
    page.get_by_role("link", name="a pulse").click()
    expect(figure.locator(".cw-phase")).to_have_text("forward, step 4 of 4")
    expect(figure.get_by_role("slider", name="wh on the state")).to_have_value("0.2")
    for name, told in (("too much", "w_h = 9"), ("unknown", "colour = 1")):
        page.get_by_role("link", name=name).click()
        expect(status_of(figure)).to_have_text(f"The link does not fit this figure: {told}.")
    expect(figure.get_by_role("slider", name="wh on the state")).to_have_value("0.2")
    assert watch.troubles == []


def test_the_address_brings_a_state_back(watch: Any, site: Site) -> None:
    page = watch.page
    address = site.write("address", '<div style="height: 2000px"></div>', Unroll())
    page.goto(f"{address}#unroll?inputs=0.5,-1,2&w_h=-0.35&position=3")
    figure = page.locator(".cw-figure")
    expect(figure).to_be_in_viewport()
    expect(figure.get_by_role("slider", name="wh on the state")).to_have_value("-0.35")
    figure.get_by_role("button", name="Back").click()
    figure.get_by_role("button", name="Link to this state").click()
    expect(status_of(figure)).to_contain_text("The page’s address now leads to this state")
    assert "#unroll?b=0&h_0=0&inputs=0.5,-1,2&position=2&target=1&w_h=-0.35&w_x=0.8" in page.url
    shared = page.url
    page.goto("about:blank")
    page.goto(shared)
    expect(page.locator(".cw-phase")).to_have_text("forward, step 2 of 3")
    expect(page.get_by_label("x2")).to_have_value("-1")
    assert watch.troubles == []


@pytest.mark.parametrize("damage", ["not json", "wrong value", "no module", "missing asset"])
def test_where_something_is_broken_the_static_version_stays(watch: Any, site: Site, damage: str) -> None:
    shown = Unroll()._repr_mimebundle_()[0]["text/html"]
    broken = {
        "not json": shown.replace('data-state="{', 'data-state="{{'),
        "wrong value": shown.replace("&quot;w_h&quot;: 0.5", "&quot;w_h&quot;: &quot;much&quot;"),
        "no module": shown.replace('data-module="unroll"', 'data-module="nothing"'),
        "missing asset": shown.replace(
            'data-assets="{}"', 'data-assets="{&quot;weights&quot;: &quot;gone&quot;}"'
        ),
    }[damage]
    assert broken != shown
    lines: list[str] = []
    watch.page.on("console", lambda message: lines.append(message.text))
    watch.page.goto(site.write("broken", broken, Unroll(name="sound")))
    watch.page.wait_for_selector("[data-name=unroll][data-hydrated=error]")
    expect(watch.page.locator("[data-name=unroll] table")).to_be_visible()
    expect(figure_of(watch.page, "sound")).to_be_visible()
    ours = [line for line in lines if "stays as it is" in line]
    assert len(ours) == 1 and ours[0].startswith('The figure "unroll" stays as it is: ')
    # The browser itself notes a file that is not there, once.
    assert len(lines) == (2 if damage == "missing asset" else 1), lines
    assert not [trouble for trouble in watch.troubles if trouble.startswith("uncaught")]


def test_weights_are_loaded_when_their_figure_comes_near(watch: Any, site: Site) -> None:
    write_asset_script(site.folder / "assets", "three", b"\x01\x02\x03")
    shown = Unroll()._repr_mimebundle_()[0]["text/html"]
    heavy = shown.replace('data-assets="{}"', 'data-assets="{&quot;weights&quot;: &quot;three&quot;}"')
    asked: list[str] = []
    watch.page.on("request", lambda request: asked.append(request.url))
    watch.page.goto(site.write("assets", '<div style="height: 4000px"></div>', heavy))
    watch.page.wait_for_timeout(200)
    assert not [url for url in asked if url.endswith("three.js")]
    expect(figure_of(watch.page)).to_be_visible()
    assert len([url for url in asked if url.endswith("three.js")]) == 1
    assert watch.troubles == []


def test_without_javascript_the_numbers_are_there(
    browser: Browser, folder_site: Site, pictures: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(folder_site.write("still", Unroll((0.5, -0.6, 0.9), h_0=0.1)))
    expect(page.get_by_role("table", name="A network of one unit")).to_be_visible()
    expect(page.get_by_role("row", name="2 −0.60 −0.26 −0.170 −0.067")).to_be_visible()
    page.screenshot(path=pictures / "without-javascript.png")
    context.close()


def test_two_views_of_one_figure_share_its_state(watch: Any, folder_site: Site) -> None:
    once = Unroll()
    watch.page.goto(folder_site.write("shared", once, once, Unroll(name="other")))
    first, second = figure_of(watch.page), figure_of(watch.page, view=1)
    other = figure_of(watch.page, "other")
    step(first)
    expect(second.locator(".cw-phase")).to_have_text("forward, step 1 of 3")
    second.get_by_role("slider", name="wh on the state").fill("-1")
    expect(first.get_by_role("slider", name="wh on the state")).to_have_value("-1")
    expect(other.locator(".cw-phase")).to_have_text("3 steps")
    expect(other.get_by_role("slider", name="wh on the state")).to_have_value("0.5")
    assert watch.troubles == []


def test_on_paper_the_figure_stands_as_it_was_left(watch: Any, folder_site: Site, pictures: Path) -> None:
    page = watch.page
    far = Unroll(name="far")
    page.goto(folder_site.write("paper", Unroll(position=4), '<div style="height: 5000px"></div>', far))
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    figure = figure_of(page)
    page.emulate_media(media="print")
    expect(figure.locator(".cw-drawing")).to_be_visible()
    expect(figure.locator(".cw-formula")).to_be_visible()
    for gone in (".cw-stepping", ".cw-numbers", ".cw-foot"):
        expect(figure.locator(gone)).to_be_hidden()
    assert figure.evaluate("node => getComputedStyle(node).backgroundColor") == "rgb(255, 255, 255)"
    figure.screenshot(path=pictures / "paper.png")
    expect(page.locator("[data-name=far] table")).to_be_attached()
    page.pdf(path=pictures / "paper.pdf")
    assert watch.troubles == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(watch: Any, folder_site: Site, pictures: Path, theme: str) -> None:
    page = watch.page
    page.set_viewport_size({"width": 780, "height": 1000})
    page.goto(folder_site.write(f"axe-{theme}", Unroll((0.5, -0.6, 0.9), h_0=0.1)))
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    figure = figure_of(page)
    for position in range(7):
        page.wait_for_timeout(300)
        found = Axe().run(page, context=".cw-figure").response["violations"]
        assert found == [], [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]
        figure.screenshot(path=pictures / f"{theme}-{position}.png")
        if position < 6:
            step(figure)
    figure.get_by_text("The numbers as a table").click()
    found = Axe().run(page, context=".cw-figure").response["violations"]
    assert found == [], [each["id"] for each in found]


def test_axe_finds_nothing_in_the_static_version(browser: Browser, watch: Any, folder_site: Site) -> None:
    shown = Unroll()._repr_mimebundle_()[0]["text/html"].replace('data-module="unroll"', "")
    watch.page.goto(folder_site.write("axe-still", shown))
    found = Axe().run(watch.page).response["violations"]
    assert found == [], [each["id"] for each in found]


def test_the_browser_computes_what_the_engine_computes(watch: Any, folder_site: Site) -> None:
    rng = np.random.default_rng(0)
    figures = []
    for index in range(12):
        count = int(rng.integers(1, 9))
        w_x, w_h = rng.uniform(-2, 2, size=2)
        b, target, h_0 = rng.uniform(-1, 1, size=3)
        inputs = rng.uniform(-2, 2, size=count)  # (time,)
        figures.append(Unroll(inputs, w_x, w_h, b, target, f"case-{index}", h_0=h_0, position=2 * count))
    watch.page.goto(folder_site.write("parity", *figures))
    for figure in figures:
        *rows, last_row = table_of(figure_of(watch.page, figure.name))
        engine = np.stack([figure.inputs, figure.states, figure.gradients, figure.contributions], axis=1)
        np.testing.assert_allclose(np.array(rows), engine, rtol=0, atol=1e-5)
        np.testing.assert_allclose(last_row, [figure.contributions.sum()], rtol=0, atol=1e-5)
    assert watch.troubles == []


def test_numbers_can_be_added_removed_and_typed(watch: Any, folder_site: Site) -> None:
    watch.page.goto(folder_site.write("numbers", Unroll((0.5, -0.6), position=2)))
    figure = figure_of(watch.page)
    figure.get_by_role("button", name="Add a number").click()
    figure.get_by_label("x3").fill("-1.25")
    expect(figure.locator(".cw-phase")).to_have_text("forward, step 2 of 3")
    step(figure)
    expect(status_of(figure)).to_contain_text("Step 3 read x3 = −1.25")
    figure.get_by_label("x3").fill("7")
    expect(figure.get_by_label("x3")).to_have_attribute("aria-invalid", "true")
    assert table_of(figure)[2][0] == -1.25
    for left in (2, 1):
        figure.get_by_role("button", name="Remove the last number").click()
        expect(figure.locator(".cw-inputs input")).to_have_count(left)
    figure.get_by_role("button", name="Remove the last number").click(force=True)
    expect(figure.locator(".cw-inputs input")).to_have_count(1)
    expect(status_of(figure)).to_contain_text("The figure reads 1 to 8 numbers.")
    assert watch.troubles == []


@pytest.mark.alone
def test_dragging_never_holds_the_page_up(watch: Any, folder_site: Site) -> None:
    page = watch.page
    page.goto(folder_site.write("drag", Unroll((0.5, -0.6, 0.9, 0.1, 0.2, 0.3, 0.4, 0.5), position=16)))
    figure = figure_of(page)
    slider = figure.get_by_role("slider", name="wh on the state")
    expect_no_long_task(page, dragging(slider))
    assert float(slider.input_value()) > 1.8
    expect(status_of(figure)).to_contain_text("With wh = ")
    assert watch.troubles == []
