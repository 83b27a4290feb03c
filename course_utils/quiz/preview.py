"""`course quiz preview`: a page of its own on which a bank's questions are alive."""

from __future__ import annotations

import html
from pathlib import Path

from course_utils.explainers.widget import write_bundle
from course_utils.quiz.bank import Bank, load_bank
from course_utils.quiz.publish import Publisher
from course_utils.quiz.widget import MODULE, QuizQuestion

# The variables that the site's theme sets, in its own colours.
_STYLE = """
html { background: #fff; color: #222832; --pst-color-background: #fff; --pst-color-text-base: #222832; }
html[data-theme="dark"] {
  background: #14181e; color: #ced6dd; --pst-color-background: #14181e; --pst-color-text-base: #ced6dd;
  color-scheme: dark;
}
body { font: 16px/1.65 system-ui, sans-serif; max-width: 45rem; margin: 0 auto; padding: 1rem; }
header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: baseline; }
header h1 { flex: 1; margin: 0; }
h2 { font: 600 1rem/1.5 ui-monospace, monospace; margin: 2.5rem 0 0; overflow-wrap: anywhere; }
h2 + p { margin: 0; opacity: 0.8; }
a { color: inherit; }
button.theme { font: inherit; padding: 0.2rem 0.8rem; }
@media print { button.theme { display: none; } }
"""
_SCRIPT = """
const root = document.documentElement, button = document.querySelector("button.theme");
const show = (theme) => { root.dataset.theme = theme; button.setAttribute("aria-pressed", theme === "dark"); };
show(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
button.addEventListener("click", () => show(root.dataset.theme === "dark" ? "light" : "dark"));
"""


def write_preview(file: Path, folder: Path) -> Path:
    """Write a page for each language of a bank, with all its questions, those of pools too.

    Args:
        file: the bank.
        folder: where to; it is made where it is missing.

    Returns:
        the page in the bank's own language.

    Raises:
        CourseError: for a bank with mistakes, a formula or a program that does not work.
    """
    bank = load_bank(file)
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    write_bundle(folder, [MODULE], assets=[])
    for language in bank.languages:
        (folder / _name(bank, language)).write_text(_page(bank, language), encoding="utf-8")
    return folder / "index.html"


def _name(bank: Bank, language: str) -> str:
    return "index.html" if language == bank.language else f"{language}.html"


def _page(bank: Bank, language: str) -> str:
    publisher = Publisher(bank, language)
    parts = []
    for question in bank.questions:
        place = {
            "place": question.id,
            "chapter": bank.chapter,
            "points": question.points,
            "questions": [publisher.question(question)],
        }
        objective = html.escape(bank.words(bank.objectives[question.objective], language))
        data, _ = QuizQuestion(place)._repr_mimebundle_()
        parts.append(f"<h2>{question.id}</h2>\n<p>{question.type}: {objective}</p>\n{data['text/html']}")
    links = [
        f'<a href="{_name(bank, each)}" lang="{each}" hreflang="{each}">{each}</a>'
        for each in bank.languages
        if each != language
    ]
    exam = (
        "<p>Mode: exam. Students are told the verdict by their feedback.</p>" if bank.mode == "exam" else ""
    )
    return f"""<!doctype html>
<html lang="{language}" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{bank.chapter}: questions</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="explainers.css">
<style>{_STYLE}</style>
<script defer src="course-widgets.js"></script>
</head>
<body>
<header><h1>{bank.chapter}</h1>{"".join(links)}<button class="theme" type="button">Dark</button></header>
<main>
{exam}{chr(10).join(parts)}
</main>
<script>{_SCRIPT}</script>
</body>
</html>
"""
