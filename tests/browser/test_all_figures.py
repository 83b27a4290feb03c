"""What holds for every living figure: alive over HTTP and from a folder, clean, readable in every light and width.

A new figure is tested here as soon as `course_utils.explainers` exports it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from figure_pages import Site, figure_of, small_targets, status_of, violations
from playwright.sync_api import Browser, expect

import course_utils.explainers
from course_utils.explainers import CourseWidget

pytestmark = pytest.mark.needs_browser

FIGURES: dict[str, type[CourseWidget]] = {
    name: getattr(course_utils.explainers, name)
    for name in course_utils.explainers.__all__
    if name != "CourseWidget"
}


@pytest.fixture(params=FIGURES)
def figure(request: pytest.FixtureRequest) -> CourseWidget:
    return FIGURES[request.param]()


def test_it_comes_to_life_and_asks_nobody(watch: Any, site: Site, figure: CourseWidget) -> None:
    watch.page.goto(site.write("alive", figure))
    live = figure_of(watch.page, figure.name)
    expect(live).to_be_visible()
    expect(status_of(live)).to_have_count(1)
    expect(status_of(live)).not_to_be_empty()
    expect(live.get_by_role("button", name="Link to this state")).to_be_visible()
    assert watch.troubles == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(
    watch: Any, folder_site: Site, pictures: Path, theme: str, figure: CourseWidget
) -> None:
    page = watch.page
    page.set_viewport_size({"width": 780, "height": 1000})
    page.goto(folder_site.write(f"axe-{figure.name}-{theme}", figure))
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    live = figure_of(page, figure.name)
    page.wait_for_timeout(400)  # for transitions to end
    live.screenshot(path=pictures / f"{figure.name}-{theme}.png")
    assert violations(page) == []
    for summary in live.locator("summary").all():
        summary.click()
    assert violations(page) == []
    assert watch.troubles == []


def test_a_phone_does_not_scroll_sideways_and_its_targets_are_large_enough(
    browser: Browser, folder_site: Site, pictures: Path, figure: CourseWidget
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=2, has_touch=True
    )
    page = context.new_page()
    page.goto(folder_site.write(f"phone-{figure.name}", figure))
    live = figure_of(page, figure.name)
    page.wait_for_timeout(400)
    live.screenshot(path=pictures / f"{figure.name}-phone.png")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    wide = live.evaluate(
        """root => [...root.querySelectorAll('*')].filter(n => n.getBoundingClientRect().width
           && !n.closest('.cw-scroll')
           && n.getBoundingClientRect().right > root.getBoundingClientRect().right + 1)
           .map(n => n.outerHTML.slice(0, 90))"""
    )
    assert wide == []
    assert small_targets(page, ".cw-figure :is(button, input, select, textarea, summary)") == []
    context.close()


def test_without_javascript_something_is_to_be_seen(
    browser: Browser, folder_site: Site, figure: CourseWidget
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(folder_site.write(f"still-{figure.name}", figure))
    place = page.locator(f".course-widget[data-name={figure.name}]")
    assert len(place.inner_text()) > 80, "the static version says next to nothing"
    context.close()


def test_a_damaged_state_or_a_missing_asset_leaves_the_static_version(
    watch: Any, site: Site, figure: CourseWidget
) -> None:
    shown = figure._repr_mimebundle_()[0]["text/html"]
    broken = shown.replace('data-state="{', 'data-state="{{')
    cases = [broken]
    if figure.asset_names:
        first = next(iter(figure.asset_names.values()))
        cases.append(shown.replace(f"&quot;{first}&quot;", "&quot;gone&quot;"))
    for case in cases:
        assert case != shown
        lines: list[str] = []
        page = watch.page.context.new_page()
        page.on("console", lambda message, lines=lines: lines.append(message.text))
        page.goto(site.write("broken", case))
        page.wait_for_selector(f"[data-name={figure.name}][data-hydrated=error]")
        assert len([line for line in lines if "stays as it is" in line]) == 1, lines
        assert len(page.locator(f".course-widget[data-name={figure.name}]").inner_text()) > 80
        page.close()


def test_every_setting_can_be_linked_to(watch: Any, folder_site: Site, figure: CourseWidget) -> None:
    """The address of a figure's state, opened on a fresh page, gives the same state again."""
    page = watch.page
    address = folder_site.write(f"link-{figure.name}", figure)
    page.goto(address)
    live = figure_of(page, figure.name)
    live.get_by_role("button", name="Link to this state").click()
    page.wait_for_function("location.hash.length > 1")
    linked = page.url
    page.goto("about:blank")
    page.goto(linked)
    live = figure_of(page, figure.name)
    page.wait_for_timeout(200)
    expect(status_of(live)).not_to_contain_text("does not fit")
    live.get_by_role("button", name="Link to this state").click()
    assert page.url == linked
    assert watch.troubles == []
