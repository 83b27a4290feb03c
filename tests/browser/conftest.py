"""A headless Chromium that reaches nothing but this machine, and the built site over HTTP and from its folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from figure_pages import Site, folder_pages, served_pages
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from course_utils.doctor import find_chromium
from course_utils.explainers import CourseWidget
from course_utils.layout import Clone
from course_utils.site.study import make_server

# Other tests run beside these, so an answer may take a while; those that measure time run alone.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    assert path is not None
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-component-update",
    ]
    arguments += ["--disable-background-networking", "--disable-sync", "--allow-file-access-from-files=false"]
    # Nothing but this machine has a name: a request to anywhere else fails, and the tests see it.
    arguments.append("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session", params=["http", "file"])
def site_address(request: pytest.FixtureRequest, clone: Clone, built_site: Path) -> Iterator[str]:
    """Address of the built site, once from a web server and once from its folder."""
    if request.param == "file":
        yield built_site.as_uri()
        return
    with make_server(clone, 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@dataclass
class Watch:
    """What a page did that it should not."""

    page: Page
    troubles: list[str] = field(default_factory=list)
    """Console errors, uncaught errors, failed requests, requests to another host."""


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 900})
    yield made
    made.close()


@pytest.fixture
def watch(context: BrowserContext) -> Watch:
    """A fresh page whose troubles are written down."""
    page = context.new_page()
    watch = Watch(page)

    def on_request(url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "http://localhost:", "file://", "data:", "blob:")):
            watch.troubles.append(f"asks another host: {url}")

    page.on("request", lambda request: on_request(request.url))
    page.on("requestfailed", lambda request: watch.troubles.append(f"failed: {request.url}"))
    page.on("pageerror", lambda error: watch.troubles.append(f"uncaught: {error}"))
    page.on(
        "console",
        lambda message: (
            watch.troubles.append(f"console: {message.text}") if message.type == "error" else None
        ),
    )
    page.on(
        "response",
        lambda answer: (
            watch.troubles.append(f"{answer.status}: {answer.url}") if answer.status >= 400 else None
        ),
    )
    return watch


@pytest.fixture(scope="session", params=["http", "file"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Pages of figures, once from a web server and once from their folder."""
    pages = served_pages if request.param == "http" else folder_pages
    with pages(tmp_path_factory.mktemp("pages")) as made:
        yield made


@pytest.fixture(scope="session")
def folder_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Where the address makes no difference, the folder is enough."""
    with folder_pages(tmp_path_factory.mktemp("pages")) as made:
        yield made


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go; `pytest -s` shows the folder's name."""
    folder = tmp_path_factory.mktemp("screenshots")
    print(f"\nscreenshots of living figures: {folder}")
    return folder


@pytest.fixture(autouse=True)
def first_of_its_page() -> None:
    """Every test starts like a fresh kernel, in which no figure has been made."""
    CourseWidget._made.clear()
