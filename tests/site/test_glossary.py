"""The glossary: its page, and the links that lead to it from where a term first stands in bold."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils.errors import CourseError
from course_utils.layout import Chapter, Clone
from course_utils.site.glossary import PAGE, find_term_problems, link_terms, read_glossary, slug

ENTRIES = """# Glossary

## G

### gate

Numbers that multiply. *Also: gating,
gated thing.* [Chapter 1](../01_chapter/lesson.ipynb), [Chapter 2](../02_chapter/lesson.ipynb)

## H

### hidden state

What is handed on. [Chapter 1](../01_chapter/lesson.ipynb), [Chapter 2](../02_chapter/lesson.ipynb)

### many-to-one

One answer. [Chapter 1](../01_chapter/lesson.ipynb)
"""


def make_chapters(folder: Path, *texts: str, page: str | None = ENTRIES) -> list[Chapter]:
    """Chapters of a title, one lesson cell of these texts, and a summary; beside them a glossary."""
    if page is not None:
        (folder / PAGE).parent.mkdir(parents=True)
        (folder / PAGE).write_text(page, encoding="utf-8")
    chapters = []
    for number, text in enumerate(texts, start=1):
        path = folder / f"{number:02}_chapter" / "lesson.ipynb"
        path.parent.mkdir(parents=True)
        cells = [
            new_markdown_cell("# Title\n\n**You will be able to** open a **gate**.", id="title"),
            new_markdown_cell(text, id="lesson"),
            new_markdown_cell("## Summary\n\n- A **gate** is a **thing**.\n\n**Next:** more.", id="summary"),
        ]
        nbformat.write(new_notebook(cells=cells), path)
        chapters.append(Chapter(path.parent.name, path))
    return chapters


def lesson(chapter: Chapter) -> str:
    return str(nbformat.read(chapter.notebook, as_version=4).cells[1].source)


def problems_of(*texts: str, folder: Path) -> list[str]:
    return [line for lines in find_term_problems(make_chapters(folder, *texts)).values() for line in lines]


def test_the_first_use_in_bold_becomes_a_link_and_no_other(tmp_path: Path) -> None:
    texts = ("No term here.", "A **Gate** and the **hidden\nstate**, then a **gate**.", "Again **gates**.")
    chapters = make_chapters(tmp_path, *texts)
    assert [len(lines) for lines in find_term_problems(chapters).values()] == [0, 2, 0]
    assert link_terms(chapters) == [chapters[1].notebook]
    assert lesson(chapters[1]) == (
        "A [**Gate**](../appendix/glossary.md#gate) and the "
        "[**hidden\nstate**](../appendix/glossary.md#hidden-state), then a **gate**."
    )
    assert not any(find_term_problems(chapters).values())
    assert link_terms(chapters) == [], "there is nothing left to link"


@pytest.mark.parametrize(
    "text",
    [
        "**Gating** decides.",
        "Two **gates** decide.",
        "One **gated thing** decides.",
        "It is **many to one**.",
        "- **Many-to-one**: one answer.",
    ],
)
def test_other_names_plurals_and_hyphens_are_the_same_term(tmp_path: Path, text: str) -> None:
    (problem,) = problems_of(text, folder=tmp_path)
    assert "does not link to its entry in the glossary: run `course glossary`" in problem


@pytest.mark.parametrize(
    "text",
    [
        "A [**gate**](../appendix/glossary.md#gate) opens.",
        "A **[gate](../appendix/glossary.md#gate)** opens.",
        "A gate, not in bold.",
        "### A **gate** in a heading",
        "| a **gate** in | a table |",
        "`**gate**` in code, and\n```python\nx = '**gate**'\n```",
        "The power 2**3 and 4**5, or $a**gate**b$.",
        "**Now you.** Push it. **What does $w$ do?** Guess. **Time:** long.",
        "**Check yourself**, before you go on.\n\n- **irony**, and more\n- **both sides**: so much",
        "It is **the very thing that you wanted** and **0.42** and **$w$ twice**.",
    ],
)
def test_what_is_linked_or_no_term_is_left_alone(tmp_path: Path, text: str) -> None:
    chapters = make_chapters(tmp_path, text)
    assert not any(find_term_problems(chapters).values())
    assert link_terms(chapters, italics=True) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A [**gate**](https://doi.org/10.1/x) opens.", "does not link to its entry"),
        ("A [**gate**](../appendix/glossary.md#hidden-state) opens.", "does not link to its entry"),
        (
            "See [it](../appendix/glossary.md#door).",
            "a link to ../appendix/glossary.md#door, which is no entry",
        ),
        ("See [it](glossary.md#gate).", "a link to glossary.md#gate, which is no entry"),
        ("This is a **carry bit** here.", "**carry bit** is bold and not in the glossary"),
        ("After **every** step.", "or stress it in *italics*"),
    ],
)
def test_each_breach_is_noticed(tmp_path: Path, text: str, message: str) -> None:
    (problem,) = problems_of(text, folder=tmp_path)
    assert message in problem


def test_an_entry_names_the_chapter_that_uses_its_term_first(tmp_path: Path) -> None:
    chapters = make_chapters(tmp_path, "Nothing.", "It is **many-to-one**.")
    link_terms(chapters)
    (problem,) = find_term_problems(chapters)["02_chapter"]
    assert "its entry in the glossary does not name this chapter" in problem


def test_exercises_and_code_are_not_read(tmp_path: Path) -> None:
    (chapter,) = chapters = make_chapters(tmp_path, "Nothing.")
    notebook = nbformat.read(chapter.notebook, as_version=4)
    locked = {
        "nbgrader": {"grade": False, "grade_id": "x", "locked": True, "schema_version": 3, "solution": False}
    }
    notebook.cells.insert(1, new_markdown_cell("After **every** gate, a **gate**.", metadata=locked))
    notebook.cells.insert(1, new_code_cell("x = '**every** **gate**'"))
    nbformat.write(notebook, chapter.notebook)
    assert not any(find_term_problems(chapters).values())


def test_what_is_only_stressed_can_be_set_in_italics(tmp_path: Path) -> None:
    chapters = make_chapters(tmp_path, "After **every** step a **gate** and **every** other.")
    link_terms(chapters, italics=True)
    assert (
        lesson(chapters[0])
        == "After *every* step a [**gate**](../appendix/glossary.md#gate) and *every* other."
    )


def test_without_a_glossary_only_a_link_to_it_is_wrong(tmp_path: Path) -> None:
    chapters = make_chapters(tmp_path, "A **gate** and [more](../appendix/glossary.md#gate).", page=None)
    assert ["no entry" in line for lines in find_term_problems(chapters).values() for line in lines] == [True]


def test_a_name_stands_for_one_entry(tmp_path: Path) -> None:
    page = tmp_path / "glossary.md"
    page.write_text("### gate\n\nOne.\n\n### door\n\nTwo. *Also: Gate.*\n", encoding="utf-8")
    with pytest.raises(CourseError, match="two entries have the name 'gate'"):
        read_glossary(page)


def test_the_glossary_has_its_terms_in_order_under_their_letters(clone: Clone) -> None:
    page = clone.notebooks / PAGE
    text = page.read_text(encoding="utf-8")
    names = [term.name.strip("`") for term in read_glossary(page).terms]
    assert len(names) >= 80
    keys = [re.sub(r"[-_]", " ", name.lower()) for name in names]
    assert keys == sorted(keys)
    letters = re.findall(r"^## (\w)$", text, re.MULTILINE)
    assert letters == sorted({name[0].upper() for name in names})
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        assert all(
            name[0].upper() == section[0] for name in re.findall(r"^### `?(.+)$", section, re.MULTILINE)
        )


def test_each_entry_is_short_and_links_only_to_chapters_that_are_there(clone: Clone) -> None:
    page = clone.notebooks / PAGE
    for entry in page.read_text(encoding="utf-8").split("\n### ")[1:]:
        name, _, body = entry.partition("\n")
        body = body.split("\n## ")[0].split("\n**Summary.**")[0]
        definition = re.sub(r"\*Also:.+?\.\*|\[Chapter \d\]\(.+?\)", "", body, flags=re.DOTALL)
        assert 3 <= len(definition.split()) <= 75, name
        for number, target in re.findall(r"\[Chapter (\d)\]\((.+?)\)", body):
            assert (page.parent / target).is_file() and f"/0{number}_" in target, name


def test_the_site_gives_each_entry_the_anchor_that_links_use(clone: Clone, built_site: Path) -> None:
    html = (built_site / "notebooks" / PAGE).with_suffix(".html").read_text(encoding="utf-8")
    missing = [
        term.name
        for term in read_glossary(clone.notebooks / PAGE).terms
        if f'id="{slug(term.name).replace("_", "-")}"' not in html
    ]
    assert missing == []
