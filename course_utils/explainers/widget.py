"""What every living figure shares: one state, shown as a widget in JupyterLab and as a page's `div` on the site."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets as t

from course_utils.explainers.assets import ASSETS, asset, write_asset_script
from course_utils.explainers.traits import Name

JS_FOLDER = Path(__file__).parent / "js"
HYDRATE = JS_FOLDER / "hydrate.js"
STYLE = JS_FOLDER / "explainers.css"

_INCLUDE = re.compile(r"^//#include (\S+)$", re.MULTILINE)


def module_parts(file: Path) -> list[Path]:
    """The files that make up an ES module: the fragments that it names by `//#include _name.js`, and itself.

    A module of a page that was opened from its folder cannot import its neighbours. So its parts are put one after
    the other, where it is used.

    Args:
        file: the module.

    Returns:
        its parts, in their order.

    Raises:
        FileNotFoundError: for a fragment that is neither beside the module nor among the explainers' own.
    """
    parts = []
    for name in _INCLUDE.findall(file.read_text(encoding="utf-8")):
        beside = file.parent / name
        parts.append(beside if beside.is_file() else JS_FOLDER / name)
        if not parts[-1].is_file():
            raise FileNotFoundError(
                f"{file.name} includes {name}, which is neither beside it nor in {JS_FOLDER}."
            )
    return [*parts, file]


def module_source(file: Path) -> str:
    """One self-contained ES module, as JupyterLab gets it: its parts, one after the other."""
    texts = [part.read_text(encoding="utf-8") for part in module_parts(file)]
    return _INCLUDE.sub("", "\n".join(texts)).lstrip("\n")


def module_style(file: Path) -> str:
    """The style sheet that belongs to one module, `NAME.css` beside it; most need none."""
    own = file.with_suffix(".css")
    return own.read_text(encoding="utf-8") if own.is_file() else ""


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
    """Which `t.Bytes` trait is filled with which of `course_utils.explainers.assets.ASSETS`."""
    late_assets: ClassVar[tuple[str, ...]] = ()
    """Those of them that the figure can begin without: on the site its module asks for them by `model.loadLate()`."""
    _made: ClassVar[Counter[str]] = Counter()

    name = Name()
    """What links call the figure."""
    ranges = t.Dict(read_only=True).tag(sync=True, public=True)
    """The range of each trait that a reader can set, so that the module need not repeat it."""
    kinds = t.Dict(read_only=True).tag(sync=True, public=True)
    """The kind of each of these traits."""

    def __init_subclass__(cls, **options: Any) -> None:
        # Only where a class names its module: traitlets makes further subclasses of its own.
        if "module" in cls.__dict__:
            cls._esm = module_source(cls.module)
            cls._css = STYLE.read_text(encoding="utf-8") + module_style(cls.module)
        super().__init_subclass__(**options)

    def __init__(self, **state: Any) -> None:
        super().__init__(**{trait: asset(name) for trait, name in self.asset_names.items()}, **state)
        CourseWidget._made[self.name] += 1
        count = CourseWidget._made[self.name]
        self._page_id = self.name if count == 1 else f"{self.name}-again-{count}"

    @t.default("ranges")  # type: ignore[untyped-decorator]
    def _ranges(self) -> dict[str, list[float | str]]:
        return {name: list(trait.range) for name, trait in self._settings().items()}

    @t.default("kinds")  # type: ignore[untyped-decorator]
    def _kinds(self) -> dict[str, str]:
        return {name: type(trait).__name__ for name, trait in self._settings().items()}

    def _settings(self) -> dict[str, Any]:
        return {name: trait for name, trait in self.traits().items() if hasattr(trait, "range")}

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
            "late": json.dumps(self.late_assets),
        }
        shown = "".join(f' data-{key}="{html.escape(value)}"' for key, value in attributes.items())
        return f'<div class="course-widget cw"{shown}>\n{self.fallback_html()}\n</div>'


def write_bundle(folder: Path, modules: Iterable[Path], assets: Iterable[str] = tuple(ASSETS)) -> None:
    """Write what a page with living figures loads: `course-widgets.js`, `explainers.css` and `assets/`.

    Args:
        folder: where to; it must exist.
        modules: the ES modules.
        assets: what they load, of `course_utils.explainers.assets.ASSETS`.
    """
    parts = {file.stem: module_parts(file) for file in sorted(modules)}
    texts = {part.name: smaller(part) for files in parts.values() for part in files}
    names = {stem: [part.name for part in files] for stem, files in parts.items()}
    script = smaller(HYDRATE)
    for placeholder, content in (("MODULES", names), ("TEXTS", texts)):
        # Inside a script element "</script>" would end it, wherever the file may be put in one.
        written = json.dumps(content, sort_keys=True, ensure_ascii=False).replace("</", "<\\/")
        script = script.replace(f'"{placeholder}"', written)
    (folder / "course-widgets.js").write_text(script, encoding="utf-8", newline="\n")
    style = _text(STYLE) + "".join(module_style(files[-1]) for files in parts.values())
    (folder / "explainers.css").write_text(style, encoding="utf-8", newline="\n")
    for name in assets:
        write_asset_script(folder / "assets", name, asset(name))


def smaller(file: Path) -> str:
    """A script without its comments and with short names for what is local to a function."""
    try:
        import minify
    except (
        ImportError
    ):  # there is none for Macs with Apple's processors: their scripts are larger, and do the same
        return _text(file)
    text: str = minify.string("application/javascript", _text(file))
    return text


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def shipped_modules() -> list[Path]:
    """The modules of this room."""
    return sorted(file for file in JS_FOLDER.glob("[!_]*.js") if file != HYDRATE)
