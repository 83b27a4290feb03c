"""The built site in headless Chromium with the network cut off, over HTTP and from its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from course_utils.layout import Clone, find_clone
from course_utils.site.book import list_pages

pytestmark = pytest.mark.needs_browser

CLONE = find_clone(Path(__file__).parent)
PAGES = list_pages(CLONE)
CHAPTER_PAGES = [chapter.page for chapter in CLONE.chapters]
FIGURE_PAGES = [chapter.page for chapter in CLONE.chapters if not chapter.is_appendix]
FORMULA_PAGES = [
    chapter.page for chapter in CLONE.chapters if "$" in chapter.notebook.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("page_name", PAGES)
def test_page_is_whole_and_asks_nobody(watch, site_address: str, page_name: str) -> None:  # type: ignore[no-untyped-def]
    watch.page.goto(f"{site_address}/{page_name}.html", wait_until="load")
    watch.page.wait_for_timeout(300)
    assert watch.troubles == []
    assert watch.page.locator("article h1").count() == 1
    broken = watch.page.evaluate(
        "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
    )
    assert broken == []


def test_icons_come_with_the_style_sheet_alone(watch, built_site: Path) -> None:  # type: ignore[no-untyped-def]
    watch.page.goto(f"{built_site.as_uri()}/notebooks/index.html", wait_until="load")
    assert list((built_site / "_static" / "scripts").glob("fontawesome*")) == []
    icons, fonts = watch.page.evaluate(
        """async () => {
             await document.fonts.ready;
             const icons = [...document.querySelectorAll("main i[class*=fa-]")];
             const fonts = [...document.fonts].filter(font => font.status === "loaded").map(font => font.family);
             return [icons.map(icon => getComputedStyle(icon, "::before").content), fonts];
           }"""
    )
    assert icons and all(len(icon) == 3 for icon in icons), icons  # one letter in quotation marks
    assert any("Font Awesome" in font for font in fonts), fonts
    assert watch.troubles == []


@pytest.mark.alone
@pytest.mark.parametrize("page_name", PAGES)
def test_dom_is_ready_within_a_second(watch, built_site: Path, page_name: str) -> None:  # type: ignore[no-untyped-def]
    ready = []
    for _ in range(3):  # another program may hold the machine for a moment; the page itself must be able to
        watch.page.goto(f"{built_site.as_uri()}/{page_name}.html", wait_until="load")
        ready.append(
            watch.page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
        )
    assert 0 < min(ready) < 1000, f"DOM ready after {ready} ms"


@pytest.mark.alone
@pytest.mark.parametrize("page_name", FIGURE_PAGES)
def test_the_first_figure_is_alive_within_a_second(watch, built_site: Path, page_name: str) -> None:  # type: ignore[no-untyped-def]
    watch.page.add_init_script(
        "addEventListener('DOMContentLoaded', () => document.querySelector('.course-widget').scrollIntoView())"
    )

    def seconds_until_alive() -> float:
        watch.page.goto(f"{built_site.as_uri()}/{page_name}.html", wait_until="load")
        watch.page.locator("article .course-widget[data-hydrated=ok]").first.wait_for()
        marks = "performance.getEntriesByName('course-figure-alive').map(mark => mark.startTime)"
        return float(min(watch.page.evaluate(marks))) / 1000

    seconds = [seconds_until_alive()]
    while seconds[-1] > 1 and len(seconds) < 5:  # another program may hold the machine for a moment
        # Left before that, the page would have broken off its loading of MathJax and its fonts.
        watch.page.wait_for_function("!document.querySelector('.math') || window.MathJax?.startup")
        watch.page.evaluate(
            "async () => { await window.MathJax?.startup.promise; await document.fonts.ready; }"
        )
        watch.page.wait_for_load_state("networkidle")
        seconds.append(seconds_until_alive())
    assert seconds[-1] <= 1, f"alive after {seconds} s"
    assert watch.troubles == []


@pytest.mark.parametrize("page_name", CHAPTER_PAGES)
def test_a_pages_weights_are_small_and_come_when_they_are_needed(
    watch, built_site: Path, page_name: str
) -> None:  # type: ignore[no-untyped-def]
    def loaded() -> set[Path]:
        sources = watch.page.evaluate("[...document.scripts].map(script => script.src)")
        return {Path(source.removeprefix("file://")) for source in sources if "/assets/" in source}

    watch.page.goto(f"{built_site.as_uri()}/{page_name}.html", wait_until="load")
    for place in watch.page.locator("article .course-widget").all():
        place.scroll_into_view_if_needed()
        place.locator(".cw-figure").first.wait_for()
    assert sum(file.stat().st_size for file in loaded()) <= 1_500_000
    assert watch.troubles == []


@pytest.mark.parametrize("page_name", FORMULA_PAGES)
def test_formulas_are_typeset(watch, site_address: str, page_name: str) -> None:  # type: ignore[no-untyped-def]
    watch.page.goto(f"{site_address}/{page_name}.html")
    watch.page.wait_for_selector("mjx-container", state="attached", timeout=20_000)
    watch.page.wait_for_function("window.MathJax?.startup?.promise?.then(() => true)")
    assert watch.page.locator("mjx-merror").count() == 0
    left = watch.page.evaluate(
        "[...document.querySelectorAll('.math')].filter(m => !m.querySelector('mjx-container')).length"
    )
    assert left == 0
    assert watch.troubles == []


@pytest.mark.parametrize("page_name", PAGES)
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_scrolls_sideways(watch, built_site: Path, page_name: str, width: int) -> None:  # type: ignore[no-untyped-def]
    watch.page.set_viewport_size({"width": width, "height": 844})
    watch.page.goto(f"{built_site.as_uri()}/{page_name}.html", wait_until="load")
    watch.page.wait_for_timeout(500)
    wide = watch.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{wide} px too wide"


@pytest.mark.parametrize("page_name", PAGES)
def test_axe_finds_nothing_on_a_page(browser: Browser, built_site: Path, page_name: str) -> None:
    def violations(**options: Any) -> list[Any]:
        found = Axe().run(page, context="main", **options).response["violations"]
        return [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found]

    with browser.new_context(color_scheme="light") as context:
        page = context.new_page()
        page.goto(f"{built_site.as_uri()}/{page_name}.html", wait_until="load")
        # All of it, also the code that is far from sight; the theme then looks again for what can be scrolled.
        page.add_style_tag(content=".bd-article .highlight pre[style] { content-visibility: visible; }")
        page.evaluate("window.dispatchEvent(new Event('resize'))")
        page.wait_for_timeout(1_000)
        page.wait_for_function(  # on a busy machine the theme takes its time
            "[...document.querySelectorAll('article pre')].every(e => e.scrollWidth <= e.clientWidth || !e.tabIndex)"
        )
        assert violations() == []
        page.emulate_media(color_scheme="dark")
        page.wait_for_timeout(500)
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert violations(options={"runOnly": ["color-contrast"]}) == []


@pytest.mark.parametrize("page_name", CHAPTER_PAGES)
def test_every_figure_has_a_text(watch, built_site: Path, page_name: str) -> None:  # type: ignore[no-untyped-def]
    watch.page.goto(f"{built_site.as_uri()}/{page_name}.html")
    texts = watch.page.evaluate("[...document.querySelectorAll('article img')].map(i => i.alt || '')")
    assert texts or watch.page.locator("article .course-widget").count(), "the chapter shows no figure"
    for text in texts:
        assert len(text) >= 20, f"alternative text {text!r} does not say what the figure shows"
        assert not text.endswith(".png")


def test_search_finds_a_chapter(watch, site_address: str) -> None:  # type: ignore[no-untyped-def]
    watch.page.goto(f"{site_address}/search.html?q=back-propagation")
    watch.page.wait_for_selector("#search-results li a", timeout=15_000)
    found = watch.page.locator("#search-results li a").evaluate_all(
        "links => links.map(a => a.getAttribute('href'))"
    )
    assert any("03_unrolling/unrolling" in link for link in found), found
    assert watch.troubles == []


def test_dark_and_light(watch, site_address: str) -> None:  # type: ignore[no-untyped-def]
    watch.page.goto(f"{site_address}/{CHAPTER_PAGES[0]}.html", wait_until="load")

    def brightness() -> float:
        colour = watch.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]) / 3

    seen = {}
    for _ in range(3):  # the button goes round: automatic, light, dark
        theme = watch.page.evaluate("document.documentElement.dataset.theme")
        seen[theme] = brightness()
        watch.page.locator("button.theme-switch-button").first.click()
        watch.page.wait_for_timeout(400)
    assert set(seen) == {"light", "dark"}
    assert seen["light"] > 200
    assert seen["dark"] < 60


@pytest.mark.parametrize("chapter", CLONE.chapters, ids=lambda chapter: chapter.name)
def test_download_is_the_students_notebook(watch, site_address: str, chapter, clone: Clone) -> None:  # type: ignore[no-untyped-def]
    watch.page.goto(f"{site_address}/{chapter.page}.html", wait_until="load")
    links = watch.page.locator("a[href*='_sources'][href$='.ipynb']")
    assert links.count() >= 1, "the page offers no notebook"
    target = links.first.evaluate("a => a.href")
    if target.startswith("file:"):
        body = Path(target.removeprefix("file://")).read_bytes()
    else:
        body = watch.page.request.get(target).body()
    assert body == (clone.student / chapter.name / chapter.notebook.name).read_bytes()
    cells = json.loads(body)["cells"]
    assert any("YOUR CODE HERE" in "".join(cell["source"]) for cell in cells) == chapter.has_exercises


def test_no_launch_button_without_a_repository(watch, built_site: Path) -> None:  # type: ignore[no-untyped-def]
    for page_name in PAGES:
        watch.page.goto(f"{built_site.as_uri()}/{page_name}.html")
        assert watch.page.locator("a[href^='https://colab'], a[href^='https://mybinder']").count() == 0


@pytest.mark.parametrize("page_name", CHAPTER_PAGES)
def test_the_pages_are_readable_without_javascript(browser, built_site: Path, page_name: str) -> None:  # type: ignore[no-untyped-def]
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{built_site.as_uri()}/{page_name}.html")
    assert page.locator("article h1").is_visible()
    shown = page.locator("article img, article .course-widget").all()
    assert shown
    for figure in shown:
        assert figure.is_visible()
        assert (figure.bounding_box() or {"height": 0})["height"] > 30
    context.close()


def test_links_between_pages_lead_somewhere(watch, built_site: Path) -> None:  # type: ignore[no-untyped-def]
    dead = []
    for page_name in PAGES:
        watch.page.goto(f"{built_site.as_uri()}/{page_name}.html")
        targets = watch.page.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.href)")
        for target in set(targets):
            if target.startswith("file://"):
                path = Path(target.removeprefix("file://").split("#")[0].split("?")[0])
                if not path.exists():
                    dead.append(f"{page_name} → {path.name}")
    assert dead == []
