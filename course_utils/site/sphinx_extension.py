"""A Sphinx extension that makes the site safe and self-contained.

Safe: it builds only a staged folder, and the notebook behind a page's download button is the student's. Self-contained:
MathJax comes from the installed package, the living figures' modules are in the site, and the theme's scripts that
would be fetched from elsewhere are left out.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

from course_utils.explainers.widget import shipped_modules, write_bundle
from course_utils.quiz.progress import places_of_pages, write_progress
from course_utils.quiz.widget import MODULE as QUIZ
from course_utils.site.pages import STAGED_MARK

_logger = logging.getLogger(__name__)
_STATE_LINK = re.compile(r"#([a-z0-9-]+)\?")
"""The start of a link that sets a living figure: `#unroll?w_h=0.2`."""
_ICON_SCRIPT = re.compile(r"\s*<script [^>]*scripts/fontawesome\.js[^>]*></script>")
_CITATION_ROLE = re.compile(r' role="doc-biblioentry"| role="list"(?= class="citation-list")')
"""Docutils gives the bibliography roles that have been withdrawn."""
_CODE_BLOCK = re.compile(r'(<div class="highlight">)<pre>(.*?)</pre>', re.DOTALL)


class StateLinks(SphinxTransform):  # type: ignore[misc]
    """Leave links that set a living figure to the figure: MyST would look for a heading of that name."""

    default_priority = 870
    """Before MyST resolves the links that start with `#`."""

    def apply(self, **options: Any) -> None:
        """See `docutils.transforms.Transform.apply`."""
        for link in self.document.findall(nodes.reference):
            if link.get("id_link") and _STATE_LINK.match(link.get("refuri", "")):
                del link["id_link"]
                link["internal"] = True


def _refuse_sources(app: Any, config: Any) -> None:
    if not (Path(app.srcdir) / STAGED_MARK).exists():
        raise ExtensionError(
            "this folder holds solutions and is not built as it is: use `make course` (or `course build`) instead"
        )


def _mathjax_folder() -> Path:
    found = importlib.util.find_spec("sphinx-mathjax-offline")
    if found is None or not found.submodule_search_locations:
        raise ExtensionError(
            "MathJax is not installed: `pip install sphinx-mathjax-offline`, then build again"
        )
    return Path(next(iter(found.submodule_search_locations))) / "static" / "mathjax"


def _add_local_files(app: Any) -> None:
    """Put MathJax, its fonts, the living figures and questions, the course's style sheet and scripts into the site."""
    static = Path(app.doctreedir).parent / "course_static"
    shutil.rmtree(static, ignore_errors=True)
    mathjax = _mathjax_folder()
    fonts = Path("output/chtml/fonts/woff-v2")
    shutil.copytree(mathjax / fonts, static / "mathjax" / fonts)
    # The full build: the smaller one asks for extensions that would have to be fetched.
    shutil.copy(mathjax / "tex-chtml-full.js", static / "mathjax")
    own = Path(__file__).parent / "static"
    shutil.copytree(own, static, dirs_exist_ok=True)
    write_bundle(static, [*shipped_modules(), QUIZ])
    app.config.mathjax_path = "mathjax-when-ready.js"
    app.config.html_static_path.append(str(static))
    app.add_css_file("course.css")
    app.add_js_file("course.js")
    places = places_of_pages(Path(app.srcdir))
    if places:  # on every page, since every page lists the chapters
        script, style = write_progress(static, places)
        app.add_css_file(style)
        app.add_js_file(script, loading_method="defer")


def _serve_figures(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Load the living figures' script and style where there are some, and see that every link to one finds it."""
    body = context.get("body", "")
    places = re.findall(
        r'<div class="course-widget[^>]*? data-name="([^"]+)"[^>]*? data-model="([^"]+)"', body
    )
    if places:
        app.add_css_file("explainers.css")
        app.add_js_file("course-widgets.js", loading_method="defer")
    names = [name for name, _ in set(places)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        _logger.warning("two living figures are called %r: give one another name", name, location=page)
    for name in sorted(set(re.findall(rf'href="{_STATE_LINK.pattern}', body)) - set(names)):
        _logger.warning("a link sets the figure %r, which is not on this page", name, location=page)


def _drop_remote_scripts(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Leave out Thebe, which the theme adds to every page and which lives on another host."""
    scripts = context.get("script_files")
    if scripts is None:
        return

    def is_thebe(script: Any) -> bool:
        body = str(getattr(script, "attributes", {}).get("body", ""))
        return "THEBE_JS_URL" in body or "sphinx-thebe" in str(getattr(script, "filename", script))

    context["script_files"] = [script for script in scripts if not is_thebe(script)]


def _drop_widget_loaders(app: Any, environment: Any) -> None:
    """Leave out the widget manager that MyST-NB would fetch from another host."""
    for metadata in getattr(environment, "nb_metadata", {}).values():
        scripts = metadata.get("js_files", {})
        for name in [name for name in scripts if name.startswith("ipywidgets_")]:
            del scripts[name]


def _offer_student_notebooks(app: Any, exception: Exception | None) -> None:
    """Let every download button hand out the student's notebook."""
    if exception is not None or app.builder.format != "html":
        return
    student = Path(app.config.course_student_folder)
    for file in (Path(app.outdir) / "_sources").rglob("*.ipynb"):
        edition = student / file.relative_to(Path(app.outdir) / "_sources" / "notebooks")
        if not edition.is_file():
            raise ExtensionError(f"{edition} is missing: the student edition must be built before the site")
        shutil.copy(edition, file)


def _lighten_pages(app: Any, exception: Exception | None) -> None:
    """Let every page open sooner, and be read aloud.

    The theme's script of 1.5 MB of icons is left out: the fonts of its style sheet have them too. And each block of
    code tells how many lines it has, so that a browser need not lay it out before it comes near (`course.css`).
    """
    if exception is not None or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        text = _ICON_SCRIPT.sub("", page.read_text(encoding="utf-8"))
        text = _CODE_BLOCK.sub(
            lambda m: f'{m[1]}<pre style="--lines: {m[2].count(chr(10))}">{m[2]}</pre>', text
        )
        page.write_text(_CITATION_ROLE.sub("", text), encoding="utf-8")
    for file in (Path(app.outdir) / "_static" / "scripts").glob("fontawesome.js*"):
        file.unlink()


def setup(app: Any) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.add_config_value("course_student_folder", "", "env")
    app.connect("config-inited", _refuse_sources, priority=10)
    app.connect("builder-inited", _add_local_files, priority=400)
    app.add_transform(StateLinks)
    app.connect("env-updated", _drop_widget_loaders)
    app.connect("html-page-context", _serve_figures)
    app.connect("html-page-context", _drop_remote_scripts, priority=900)
    app.connect("build-finished", _offer_student_notebooks)
    # Late: Sphinx copies its static files and writes the search page as the build finishes.
    app.connect("build-finished", _lighten_pages, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
