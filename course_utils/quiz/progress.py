"""What the site needs to show how far a reader is: which questions are on which page, and a script that looks."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from course_utils.explainers.widget import module_parts, smaller
from course_utils.quiz.widget import JS_FOLDER

Places = dict[str, dict[str, float | None]]
"""By page the places of its questions, each with its points; None for an exam's, of which readers see no points."""

SCRIPT = JS_FOLDER / "progress.js"
STYLE = JS_FOLDER / "progress.css"
_QUESTION = re.compile(r'<div class="course-widget[^>]* data-module="quiz"[^>]* data-state="([^"]*)"')


def places_of_pages(source: Path) -> Places:
    """Find the questions that the notebooks of a folder show.

    Args:
        source: the folder from which the site is built, its notebooks executed.

    Returns:
        the places of each page that has some; a page is called as Sphinx calls it, `notebooks/03_unrolling/unrolling`.
    """
    found: Places = {}
    for file in sorted(source.rglob("*.ipynb")):
        text = file.read_text(encoding="utf-8")
        if 'data-module=\\"quiz\\"' not in text:
            continue
        places: dict[str, float | None] = {}
        for cell in json.loads(text)["cells"]:
            for output in cell.get("outputs", []):
                shown = output.get("data", {}).get("text/html", "")
                for state in _QUESTION.findall("".join(shown)):
                    place = json.loads(html.unescape(state))["place"]
                    is_exam = place["questions"][0]["mode"] == "exam"
                    places[place["place"]] = None if is_exam else place["points"]
        found[file.relative_to(source).with_suffix("").as_posix()] = places
    return found


def write_progress(folder: Path, places: Places) -> list[str]:
    """Write the script and the style that show a reader's progress.

    Args:
        folder: where to; it must exist.
        places: what `places_of_pages` has found.

    Returns:
        the names of the two files, the script first.
    """
    script = "\n".join(smaller(part) for part in module_parts(SCRIPT))
    # Inside a script element "</script>" would end it, wherever the file may be put in one.
    written = json.dumps(places, ensure_ascii=False, sort_keys=True).replace("</", "<\\/")
    script = script.replace('"PLACES"', written)
    # In a block, so that its names are nobody else's.
    (folder / "quiz-progress.js").write_text(f"{{\n{script}\n}}\n", encoding="utf-8", newline="\n")
    (folder / "quiz-progress.css").write_text(
        STYLE.read_text(encoding="utf-8"), encoding="utf-8", newline="\n"
    )
    return ["quiz-progress.js", "quiz-progress.css"]
