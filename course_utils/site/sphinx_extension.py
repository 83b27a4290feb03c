"""A Sphinx extension that makes the site safe and self-contained.

Safe: it builds only a staged folder, and the notebook behind a page's download button is the student's. Self-contained:
MathJax comes from the installed package, and the theme's scripts that would be fetched from elsewhere are left out.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError

from course_utils.site.pages import STAGED_MARK


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
    """Put MathJax, its fonts, the course's style sheet and script into the site."""
    static = Path(app.doctreedir).parent / "course_static"
    shutil.rmtree(static, ignore_errors=True)
    mathjax = _mathjax_folder()
    fonts = Path("output/chtml/fonts/woff-v2")
    shutil.copytree(mathjax / fonts, static / "mathjax" / fonts)
    # The full build: the smaller one asks for extensions that would have to be fetched.
    shutil.copy(mathjax / "tex-chtml-full.js", static / "mathjax")
    own = Path(__file__).parent / "static"
    shutil.copytree(own, static, dirs_exist_ok=True)
    app.config.mathjax_path = "mathjax-when-ready.js"
    app.config.html_static_path.append(str(static))
    app.add_css_file("course.css")
    app.add_js_file("course.js")


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


def setup(app: Any) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.add_config_value("course_student_folder", "", "env")
    app.connect("config-inited", _refuse_sources, priority=10)
    app.connect("builder-inited", _add_local_files, priority=400)
    app.connect("env-updated", _drop_widget_loaders)
    app.connect("html-page-context", _drop_remote_scripts, priority=900)
    app.connect("build-finished", _offer_student_notebooks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
