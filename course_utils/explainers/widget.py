"""What every living figure shares: one state, shown as a widget in JupyterLab and as a page's `div` on the site."""

from __future__ import annotations

import base64
import html
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets as t

from course_utils.explainers.traits import Name

JS_FOLDER = Path(__file__).parent / "js"
ASSET_FOLDER = Path(__file__).parent / "assets"
"""Weights and the like, too big for a page's state: `NAME.bin`."""
HYDRATE = JS_FOLDER / "hydrate.js"
STYLE = JS_FOLDER / "explainers.css"

_INCLUDE = re.compile(r"^//#include (\S+)$", re.MULTILINE)


def module_source(file: Path) -> str:
    """One self-contained ES module: its own text, with what `//#include _name.js` names put in.

    A module of a page that was opened from its folder cannot import its neighbours.

    Args:
        file: the module.

    Returns:
        its source.

    Raises:
        FileNotFoundError: for an included file that is neither beside the module nor among the explainers' own.
    """

    def included(match: re.Match[str]) -> str:
        beside = file.parent / match[1]
        return (beside if beside.is_file() else JS_FOLDER / match[1]).read_text(encoding="utf-8").rstrip()

    return _INCLUDE.sub(included, file.read_text(encoding="utf-8"))


class CourseWidget(anywidget.AnyWidget):  # type: ignore[misc]
    """A living figure.

    A subclass names its JavaScript `module`, declares its state with the traits of `course_utils.explainers.traits`,
    and says in `fallback_html` what is to be seen where no JavaScript runs. All interaction is in the module: the
    site has no Python to ask.

    Raises:
        TraitError: for a value that the figure cannot show.
    """

    module: ClassVar[Path]
    """The ES module; a page knows it by its stem."""
    asset_names: ClassVar[dict[str, str]] = {}
    """Which `t.Bytes` trait is filled from which file of `ASSET_FOLDER`, by its stem."""
    _made: ClassVar[Counter[str]] = Counter()

    name = Name()
    """What links call the figure."""
    ranges = t.Dict(read_only=True).tag(sync=True, public=True)
    """The range of each trait that a reader can set, so that the module need not repeat it."""

    def __init_subclass__(cls, **options: Any) -> None:
        # Only where a class names its module: traitlets makes further subclasses of its own.
        if "module" in cls.__dict__:
            cls._esm = module_source(cls.module)
            cls._css = STYLE.read_text(encoding="utf-8")
        super().__init_subclass__(**options)

    def __init__(self, **state: Any) -> None:
        assets = {
            trait: (ASSET_FOLDER / f"{stem}.bin").read_bytes() for trait, stem in self.asset_names.items()
        }
        super().__init__(**assets, **state)
        CourseWidget._made[self.name] += 1
        count = CourseWidget._made[self.name]
        self._page_id = self.name if count == 1 else f"{self.name}-again-{count}"

    @t.default("ranges")  # type: ignore[untyped-decorator]
    def _ranges(self) -> dict[str, list[float]]:
        return {name: list(trait.range) for name, trait in self.traits().items() if hasattr(trait, "range")}

    @property
    def public_state(self) -> dict[str, Any]:
        """All that the module needs to draw the figure, as JSON would have it."""
        state: dict[str, Any] = self.get_state(sorted(self.trait_names(public=True)))
        return state

    def fallback_html(self) -> str:
        """The figure as it starts, for paper and for a browser without JavaScript: a table or a sentence."""
        raise NotImplementedError(f"{type(self).__name__} does not say what is to be seen without JavaScript")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}: a living figure, shown by JupyterLab and on the site>"

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget for JupyterLab, the page's `div` for the site, a line of text for everything else."""
        found = super()._repr_mimebundle_(**options)
        data, metadata = found if isinstance(found, tuple) else (found, {})
        return {**data, "text/html": self._page_html(), "text/plain": repr(self)}, metadata

    def _page_html(self) -> str:
        attributes: dict[str, str] = {
            "name": self.name,
            "module": self.module.stem,
            "model": self._page_id,
            "state": json.dumps(self.public_state, sort_keys=True),
            "assets": json.dumps(self.asset_names, sort_keys=True),
        }
        shown = "".join(f' data-{key}="{html.escape(value)}"' for key, value in attributes.items())
        return f'<div class="course-widget cw"{shown}>\n{self.fallback_html()}\n</div>'


def write_bundle(folder: Path, modules: Iterable[Path]) -> None:
    """Write what a page with living figures loads: `course-widgets.js`, `explainers.css` and `assets/`.

    Args:
        folder: where to; it must exist.
        modules: the ES modules.
    """
    sources = json.dumps({file.stem: module_source(file) for file in sorted(modules)}, sort_keys=True)
    # Inside a script element "</script>" would end it, wherever the file may be put in one.
    hydrate = HYDRATE.read_text(encoding="utf-8").replace("/* SOURCES */ {}", sources.replace("</", "<\\/"))
    (folder / "course-widgets.js").write_text(hydrate, encoding="utf-8")
    (folder / "explainers.css").write_text(STYLE.read_text(encoding="utf-8"), encoding="utf-8")
    for file in sorted(ASSET_FOLDER.glob("*.bin")):
        (folder / "assets").mkdir(exist_ok=True)
        content = base64.b64encode(file.read_bytes()).decode("ascii")
        script = f'courseAssets.put("{file.stem}", "{content}");\n'
        (folder / "assets" / f"{file.stem}.js").write_text(script, encoding="utf-8")


def shipped_modules() -> list[Path]:
    """The modules of this room."""
    return sorted(file for file in JS_FOLDER.glob("[!_]*.js") if file != HYDRATE)
