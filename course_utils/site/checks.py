"""What must never be published, and proof that it was not: solutions, hidden tests, requests to other hosts."""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from course_utils.layout import Chapter
from course_utils.quiz.bank import load_bank

_MARKS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS", "BEGIN MARK SCHEME")
_REGION = re.compile(
    r"^[^\n]*BEGIN (SOLUTION|HIDDEN TESTS|MARK SCHEME)[^\n]*\n((?:[^\n]*\n)*?)[^\n]*END \1[^\n]*",
    re.MULTILINE,
)
_LOADING_TAG = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\bsrc=[\"'](?:https?:)?//[^\"']+"
    r"|<link\b(?=[^>]*\brel=[\"'](?:stylesheet|icon|preload|modulepreload|preconnect|dns-prefetch))[^>]*?"
    r"\bhref=[\"'](?:https?:)?//[^\"']+",
    re.IGNORECASE,
)
_LOADING_STYLE = re.compile(r"(?:@import\s+(?:url\()?|url\()\s*[\"']?(?:https?:)?//[^\"')]+", re.IGNORECASE)


def secret_lines(chapters: Iterable[Chapter]) -> dict[str, str]:
    """Lines that exist only inside solutions or hidden tests, each with the chapter it belongs to.

    Lines that also stand in the open, and lines too short to tell anything, are no secrets.
    """
    secrets: dict[str, str] = {}
    public = []
    for chapter in chapters:
        for cell in json.loads(chapter.notebook.read_bytes())["cells"]:
            source = "".join(cell["source"])
            for _, region in _REGION.findall(source):
                for line in region.splitlines():
                    line = line.strip()
                    if len(line) >= 16 and re.search(r"\w{3}", line):
                        secrets[line] = chapter.name
            public.append(_REGION.sub("", source))
    open_text = "\n".join(public)
    return {line: name for line, name in secrets.items() if line not in open_text}


def _phrases(text: str) -> Iterator[str]:
    """The longer stretches of a text that look the same in Markdown, on a page and in JSON."""
    for phrase in re.split(r"[`$*_\\\"'“”‘’<>&\[\]#{}\n]|--|\.\.\.", text):
        phrase = re.sub(r"\s+", " ", phrase).strip()
        if len(phrase) >= 30 and phrase.count(" ") >= 4:
            yield phrase


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def secret_phrases(chapters: Iterable[Chapter]) -> dict[str, str]:
    """What only the question banks say, each with its chapter: reasons, explanations, hints, and what is accepted.

    What stands in the open too, in a question or a lesson, is no secret.
    """
    secrets: dict[str, str] = {}
    public = []
    for chapter in chapters:
        cells = json.loads(chapter.notebook.read_bytes())["cells"]
        public += [_REGION.sub("", "".join(cell["source"])) for cell in cells]
        if chapter.bank.is_file():
            bank = load_bank(chapter.bank)
            for question in bank.questions:
                content = question.model_dump(mode="json")
                shown = [content.pop("prompt"), *(each["text"] for each in content.get("options", []))]
                shown += [each["text"] for side in ("left", "right") for each in content.get(side, [])]
                if question.type == "output":
                    shown.append(content.pop("snippet"))
                public += _texts(shown)
                secrets |= {phrase: chapter.name for text in _texts(content) for phrase in _phrases(text)}
    open_text = re.sub(r"\s+", " ", "\n".join(public))
    return {phrase: name for phrase, name in secrets.items() if phrase not in open_text}


def find_leaks(folders: Sequence[Path], chapters: Iterable[Chapter]) -> list[str]:
    """Every place in these folders where a solution, a hidden test or the answer to a question can be read.

    Args:
        folders: built folders; every text file in them is read, notebooks and pages also as their reader sees them.
        chapters: the chapters whose solutions are secret.

    Returns:
        One line a leak; empty where all is well.
    """
    chapters = list(chapters)
    secrets = {re.sub(r"\s+", " ", line): name for line, name in secret_lines(chapters).items()}
    secrets |= secret_phrases(chapters)
    banks = {chapter.bank.name for chapter in chapters}
    leaks = []
    for place, name, raw in _published_texts(folders):
        if name.endswith(".html"):
            views = [raw, re.sub(r"<[^>]+>", "", raw)]
        elif name.endswith(".ipynb"):
            views = ["\n".join(_strings(json.loads(raw)))]
        else:
            views = [raw, raw.replace('\\"', '"')]
        views = [re.sub(r"\s+", " ", html.unescape(view)) for view in views]
        if name.rpartition("/")[2] in banks:
            leaks.append(f"{place}: a bank of questions")
        for mark in _MARKS:
            if any(mark in view for view in views):
                leaks.append(f"{place}: the mark {mark!r}")
        for line, chapter in secrets.items():
            if any(line in view for view in views):
                leaks.append(f"{place}: a line of a solution, hidden test or answer of {chapter}: {line!r}")
    return leaks


_TEXT_SUFFIXES = (".html", ".ipynb", ".js", ".json", ".txt", ".md", ".yml", ".inv")


def _published_texts(folders: Sequence[Path]) -> Iterator[tuple[str, str, str]]:
    """Every text in these folders and the archives in them: (where it is, its name, its text)."""
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.suffix in {".zip", ".whl"}:
                with zipfile.ZipFile(file) as archive:
                    for name in archive.namelist():
                        if name.endswith(_TEXT_SUFFIXES):
                            yield (
                                f"{file}: {name}",
                                name,
                                archive.read(name).decode("utf-8", errors="replace"),
                            )
            elif file.is_file() and file.name.endswith(_TEXT_SUFFIXES) and "mathjax" not in file.parts:
                yield str(file), file.name, file.read_text(encoding="utf-8", errors="replace")


def _strings(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if value and all(isinstance(item, str) for item in value):
            yield "".join(value)
        else:
            for item in value:
                yield from _strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)


def find_external_requests(folder: Path) -> list[str]:
    """Every tag or style rule in the pages that would make a browser ask another host."""
    found = []
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".html":
            for match in _LOADING_TAG.findall(file.read_text(encoding="utf-8")):
                found.append(f"{file}: {match[:160]}")
        elif file.suffix == ".css":
            for match in _LOADING_STYLE.findall(file.read_text(encoding="utf-8", errors="replace")):
                found.append(f"{file}: {match[:160]}")
    return found
