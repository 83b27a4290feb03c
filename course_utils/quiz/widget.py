"""A question as a living figure: the same module in JupyterLab and on the site."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import traitlets as t

from course_utils.explainers.widget import CourseWidget
from course_utils.quiz.public import seeded_order

JS_FOLDER = Path(__file__).parent / "js"
MODULE = JS_FOLDER / "quiz.js"


def interface_strings(language: str) -> dict[str, str]:
    """The words around a question, in this language or else in English; `js/_strings.js` holds them for both."""
    text = (JS_FOLDER / "_strings.js").read_text(encoding="utf-8")
    found = re.search(r"^const STRINGS = (\{.*?^\});$", text, re.MULTILINE | re.DOTALL)
    assert found
    strings: dict[str, dict[str, str]] = json.loads(found[1])
    return {**strings["en"], **strings.get(language, {})}


class QuizQuestion(CourseWidget):
    """What is shown at one place of a chapter: a question, or the one that is drawn from a pool.

    Args:
        place: as `course_utils.quiz.publish.Publisher.place` makes it.
        seed: decides the order of options and what is drawn.
        answer: the saved answer, or nothing.
    """

    module = MODULE

    place = t.Dict().tag(sync=True, public=True)
    seed = t.Unicode().tag(sync=True)
    """On the site there is none: the browser has its own."""
    answer = t.Dict().tag(sync=True)
    problem = t.Unicode().tag(sync=True)
    """Why the last answer could not be saved, or nothing."""

    def __init__(
        self, place: dict[str, Any], *, seed: str = "", answer: dict[str, Any] | None = None
    ) -> None:
        super().__init__(name=f"quiz-{place['place']}", place=place, seed=seed, answer=answer or {})

    def __repr__(self) -> str:
        return f"<quiz {self.place['place']!r}: a question, shown by JupyterLab and on the site>"

    def fallback_html(self) -> str:
        """The question with room for an answer; of a pool, its first."""
        question = self.place["questions"][0]
        return question_on_paper(question, self.place["place"])


def question_on_paper(question: dict[str, Any], place: str) -> str:
    """A question in plain HTML, for paper and for a browser without JavaScript."""
    words = interface_strings(question["language"])
    shown = [f"<div>{question['prompt']}</div>"]
    match question["type"]:
        case "single" | "several":
            ids = [each["id"] for each in question["options"]]
            order = seeded_order(ids, "paper", question["id"]) if question["shuffle"] else ids
            texts = {each["id"]: each["html"] for each in question["options"]}
            shown.append(_list(f"☐ <b>{each}</b> {texts[each]}" for each in order))
        case "order":
            shown.append(_list(f"___ <b>{each['id']}</b> {each['html']}" for each in question["options"]))
        case "match":
            shown.append(_list(f"<b>{each['id']}</b> {each['html']}: ___" for each in question["left"]))
            shown.append(_list(f"<b>{each['id']}</b> {each['html']}" for each in question["right"]))
        case _:
            unit = html.escape(question.get("unit") or "")
            shown.append(f"<p>{words['answer']}: ______________ {unit}</p>")
    shown.append(f'<p class="cw-note">{words["onPaper"].replace("{place}", place)}</p>')
    return "\n".join(shown)


def _list(items: Any) -> str:
    return f'<ul class="quiz-paper">{"".join(f"<li>{item}</li>" for item in items)}</ul>'
