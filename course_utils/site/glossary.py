"""The glossary's terms in the chapters: each links to its entry where it first stands in bold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from course_utils.errors import CourseError
from course_utils.layout import Chapter, write_atomically

PAGE = "appendix/glossary.md"
"""Where the glossary is, below the folder of the lessons and in the student edition."""
TARGET = f"../{PAGE}"
"""Where it is, seen from a chapter's folder."""
MOST_WORDS = 4
"""Longer stretches in bold are no terms."""

_ENTRY = re.compile(r"^### (.+)\n((?:(?!##).*\n?)*)", re.MULTILINE)
_ALSO = re.compile(r"\*Also:\s(.+?)\.\*", re.DOTALL)
_BOLD = re.compile(r"\*\*(?=[^\s*])((?:(?!\n\s*\n).)+?)(?<=[^\s*])\*\*", re.DOTALL)
_LINKED = re.compile(r"\]\(([^()\s]+)\)")
_LINK_INSIDE = re.compile(r"\[(.+)\]\(([^()\s]+)\)", re.DOTALL)
_LINK = re.compile(r"\]\(([^()\s]*glossary\.md)(?:#([^()\s]*))?\)")
_NO_WORDS = re.compile(
    r"^ *(```+|~~~+).*?^ *\1[^\n]*$|(`+).+?\2|\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL | re.MULTILINE
)
_NO_TEXT = re.compile(r"^(?: *#{1,6} | *\|).*$", re.MULTILINE)
_MASK = "¤"


def slug(heading: str) -> str:
    """The anchor that MyST and GitHub give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _plain(text: str) -> str:
    """A name without its capitals, hyphens, line breaks and marks."""
    return re.sub(r"[\s\-–]+", " ", re.sub(r"[`*]", "", text)).strip().lower()


def _readings(text: str) -> Iterator[str]:
    """A name as it is, and what it would be in the singular."""
    yield text
    for ending, singular in (("ies", "y"), ("es", ""), ("s", "")):
        if text.endswith(ending):
            yield text.removesuffix(ending) + singular


@dataclass(frozen=True)
class Term:
    """One entry."""

    name: str
    also: tuple[str, ...] = ()
    chapters: tuple[str, ...] = ()
    """The chapters that its entry names."""

    @property
    def link(self) -> str:
        """Where a chapter finds it."""
        return f"{TARGET}#{slug(self.name)}"


@dataclass(frozen=True)
class Glossary:
    """All entries, in the page's order."""

    terms: tuple[Term, ...]
    by_name: dict[str, Term] = field(repr=False)

    def find(self, text: str) -> Term | None:
        """The entry that this text names, in the singular or the plural."""
        return next((self.by_name[name] for name in _readings(_plain(text)) if name in self.by_name), None)


def read_glossary(page: Path) -> Glossary:
    """Read the entries of a page: each a heading `### name`, other names after `*Also: …*`.

    Raises:
        CourseError: where two entries have one name.
    """
    terms, by_name = [], {}
    for name, body in _ENTRY.findall(page.read_text(encoding="utf-8")):
        also = _ALSO.search(body)
        names = tuple(re.split(r",\s+", also[1])) if also else ()
        term = Term(name.strip(), names, tuple(re.findall(r"\(\.\./(\d\d_\w+)/", body)))
        terms.append(term)
        for each in (term.name, *term.also):
            if _plain(each) in by_name:
                raise CourseError(f"{page.name}: two entries have the name {_plain(each)!r}")
            by_name[_plain(each)] = term
    return Glossary(tuple(terms), by_name)


@dataclass(frozen=True)
class Bold:
    """One stretch of a lesson's text in bold."""

    cell: nbformat.NotebookNode
    start: int
    end: int
    text: str
    target: str | None
    """What it links to."""
    is_label: bool
    """Whether it opens what follows (**Time:**, **Now you.**, - **irony**, …) and is no term."""


def bold_texts(notebook: nbformat.NotebookNode) -> Iterator[Bold]:
    """What a lesson says in bold, in reading order.

    Left out are the title and the summary, which repeat the lesson; exercises; headings, tables, code and formulas.
    """
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "markdown" or index == 0 or cell.metadata.get("nbgrader"):
            continue
        if cell.source.startswith("## Summary"):
            continue
        text = _NO_WORDS.sub(lambda found: re.sub(r"\S", _MASK, found[0]), cell.source)
        text = _NO_TEXT.sub(lambda found: " " * len(found[0]), text)
        for found in _BOLD.finditer(text):
            inside = _LINK_INSIDE.fullmatch(found[1])
            around = _LINKED.match(text, found.end()) if text[: found.start()].endswith("[") else None
            link = inside[2] if inside else around[1] if around else None
            words = inside[1] if inside else found[1]
            is_label = _is_label(words, found, text)
            yield Bold(cell, found.start(), found.end(), " ".join(words.split()), link, is_label)


def _is_label(words: str, found: re.Match[str], text: str) -> bool:
    opens = re.search(r"(?:^|\n)[ \t]*(?:[-*+]|\d+\.)?[ \t]*$", text[: found.start()])
    return words[-1] in ".:?!" or bool(opens and text[found.end() : found.end() + 1] in {",", ":"})


def _could_be_term(bold: Bold) -> bool:
    return not (bold.is_label or len(bold.text.split()) > MOST_WORDS or re.search(rf"[\d{_MASK}]", bold.text))


def _first_uses(
    glossary: Glossary, notebooks: Sequence[nbformat.NotebookNode]
) -> Iterator[tuple[int, Bold, Term]]:
    """Where each term first stands in bold: the number of its notebook, the place, the term."""
    met = set()
    for number, notebook in enumerate(notebooks):
        for bold in bold_texts(notebook):
            term = glossary.find(bold.text)
            if term and term not in met:
                met.add(term)
                yield number, bold, term


def _page_of(chapters: Sequence[Chapter]) -> Path:
    return chapters[0].notebook.parents[1] / PAGE


def _read(chapters: Sequence[Chapter]) -> list[nbformat.NotebookNode]:
    return [nbformat.read(chapter.notebook, as_version=4) for chapter in chapters]


def link_terms(chapters: Sequence[Chapter], *, italics: bool = False) -> list[Path]:
    """Make a link of each term's first use in bold.

    Args:
        chapters: all chapters, in order; their notebooks are rewritten where a link is missing.
        italics: also set in italics what is bold and no term.

    Returns:
        The notebooks that changed.
    """
    glossary = read_glossary(_page_of(chapters))
    notebooks = _read(chapters)
    edits: list[tuple[int, Bold, str]] = []
    for number, bold, term in _first_uses(glossary, notebooks):
        if bold.target is None:
            edits.append((number, bold, f"[{{}}]({term.link})"))
    for number, notebook in enumerate(notebooks) if italics else ():
        edits += [(number, bold, "{}") for bold in _strange(glossary, notebook)]
    for _, bold, form in sorted(
        edits, key=lambda edit: -edit[1].start
    ):  # the places before it stay where they are
        source = bold.cell.source
        words = source[bold.start : bold.end]
        changed = form.format(words if "(" in form else words[1:-1])
        bold.cell.source = source[: bold.start] + changed + source[bold.end :]
    files = []
    for number in sorted({number for number, _, _ in edits}):
        write_atomically(chapters[number].notebook, nbformat.writes(notebooks[number]) + "\n")
        files.append(chapters[number].notebook)
    return files


def _strange(glossary: Glossary, notebook: nbformat.NotebookNode) -> list[Bold]:
    """What a lesson sets in bold as if it were a term, and is none."""
    return [b for b in bold_texts(notebook) if glossary.find(b.text) is None and _could_be_term(b)]


def find_term_problems(chapters: Sequence[Chapter]) -> dict[str, list[str]]:
    """What is wrong with the terms of these chapters.

    A term's first use in bold must link to its entry, which names the chapter; a link to the glossary must find an
    entry; and what is bold in running text must be a term: what is only stressed is set in italics.

    Args:
        chapters: all chapters, in order.

    Returns:
        The problems of each chapter; none at all where there is no glossary and nothing links to one.
    """
    problems: dict[str, list[str]] = {chapter.name: [] for chapter in chapters}
    if not chapters:
        return problems
    page = _page_of(chapters)
    glossary = read_glossary(page) if page.is_file() else Glossary((), {})
    notebooks = _read(chapters)
    links = {term.link for term in glossary.terms} | ({TARGET} if page.is_file() else set())
    for chapter, notebook in zip(chapters, notebooks, strict=True):
        told = problems[chapter.name]
        for cell in notebook.cells:
            for file, anchor in _LINK.findall(cell.source) if cell.cell_type == "markdown" else ():
                link = f"{file}#{anchor}" if anchor else file
                if link not in links:
                    told.append(f"cell {cell.id}: a link to {link}, which is no entry of {TARGET}")
        strange = {_plain(bold.text): bold for bold in reversed(_strange(glossary, notebook))}
        for bold in reversed(strange.values()) if page.is_file() else ():
            told.append(
                f"cell {bold.cell.id}: **{bold.text}** is bold and not in the glossary: give it an entry, "
                "or stress it in *italics*"
            )
    for number, bold, term in _first_uses(glossary, notebooks):
        where, told = (
            f"cell {bold.cell.id}: **{bold.text}** stands in bold here first",
            problems[chapters[number].name],
        )
        if bold.target != term.link:
            told.append(f"{where} and does not link to its entry in the glossary: run `course glossary`")
        if chapters[number].name not in term.chapters:
            told.append(f"{where}, and its entry in the glossary does not name this chapter")
    return problems
