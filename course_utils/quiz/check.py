"""`course quiz check`: what is wrong in a bank, and what would help a student to guess."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from course_utils.errors import CourseError
from course_utils.quiz.bank import Bank, BankError, bank_of_file, compose_bank, line_of
from course_utils.quiz.normalise import normal_text, read_number
from course_utils.quiz.publish import to_html, to_plain
from course_utils.quiz.questions import (
    Number,
    Output,
    Part,
    Question,
    Several,
    Single,
    Text,
    TextMistake,
    Words,
    printed,
)

Place: TypeAlias = tuple[int | str, ...]
Level: TypeAlias = Literal["error", "warning"]

TYPES: tuple[str, ...] = ("single", "several", "number", "text", "order", "match", "output")
LONGER = 1.5
"""An option that is so many times as long as the others is seen at a glance."""
LONGER_BY = 12
"""Characters that it must have more, too: `128` and `16` are no give-away."""
_ALL_OF_THEM = re.compile(
    r"\b(?:all|none|both|neither|any) of (?:the )?(?:above|these|them)\b"
    r"|\b(?:alle|keine?[rs]?)(?: der)? (?:oben|obigen|genannten)",
    re.IGNORECASE,
)
_SAYS_NOTHING = {"right", "wrong", "correct", "incorrect", "yes", "no", "true", "false", "richtig", "falsch"}
_CALL = re.compile(r"""^\s*quiz\(\s*["']([^"']*)["']""", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong in a bank, or could be better."""

    file: Path
    line: int
    question: str | None
    text: str
    level: Level = "error"

    def __str__(self) -> str:
        about = f" {self.question}" if self.question else ""
        hint = "warning: " if self.level == "warning" else ""
        return f"{_short(self.file)}:{self.line}{about}: {hint}{self.text}"


@dataclass
class Checked:
    """What was found in one file."""

    file: Path
    bank: Bank | None = None
    """None where the file is no bank."""
    findings: list[Finding] = field(default_factory=list)


class _Notes:
    """Collects what is found in one bank, with its lines."""

    def __init__(self, checked: Checked, text: str) -> None:
        self._checked = checked
        self._tree = compose_bank(text)
        self.wrote: set[tuple[Place, str]] = set()

    def add(self, place: Place, text: str, level: Level = "error") -> None:
        bank = self._checked.bank
        assert bank is not None
        name = None
        if len(place) > 1 and place[0] == "questions" and isinstance(place[1], int):
            name = bank.questions[place[1]].id
        if (place, text) not in self.wrote:
            self.wrote.add((place, text))
            line = line_of(self._tree, place)
            self._checked.findings.append(Finding(self._checked.file, line, name, text, level))


def check_banks(
    files: Sequence[Path],
    *,
    notebooks: Path | None = None,
    snippets: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> list[Checked]:
    """Check some banks.

    Args:
        files: banks; their ids are compared with those of the other banks in their folders, too.
        notebooks: the folder of the chapters' notebooks, in which every place is to be shown.
        snippets: whether to run them.
        progress: is called with how many snippets are done, and how many there are.

    Returns:
        what was found, file by file.
    """
    results = []
    notes: dict[Path, _Notes] = {}
    for file in files:
        checked = Checked(file)
        results.append(checked)
        try:
            checked.bank, text = bank_of_file(file)
        except BankError as error:
            checked.findings += [
                Finding(file, each.line, each.question, each.text) for each in error.problems
            ]
            continue
        notes[file] = _Notes(checked, text)
    banks = {checked.file: checked.bank for checked in results if checked.bank}
    _check_ids(banks, notes)
    for file, bank in banks.items():
        _check_bank(bank, notes[file])
        if notebooks is not None:
            _check_notebook(bank, notebooks / bank.chapter, notes[file])
    if snippets:
        _check_snippets(banks, notes, progress)
    for checked in results:
        checked.findings.sort(key=lambda finding: finding.line)
    return results


def _check_ids(banks: dict[Path, Bank], notes: dict[Path, _Notes]) -> None:
    others: dict[Path, Bank] = {}
    for folder in sorted({file.parent for file in banks}):
        for file in sorted(folder.glob("*.yml")):
            if file not in banks:
                try:
                    others[file] = bank_of_file(file)[0]
                except BankError:
                    continue  # it is not what was asked about
    known = {**banks, **others}
    for file, bank in banks.items():
        elsewhere = {
            name: other.name
            for other, each in known.items()
            if other != file
            for name in (*each.places, *(question.id for question in each.questions))
        }
        for index, question in enumerate(bank.questions):
            if question.id in elsewhere:
                told = f"the id is also used in {elsewhere[question.id]}; change one of them"
                notes[file].add(("questions", index, "id"), told)
        for index, pool in enumerate(bank.pools):
            for place in pool.places:
                if place in elsewhere:
                    told = f"{place!r} is also used in {elsewhere[place]}; change the pool's id"
                    notes[file].add(("pools", index, "id"), told)


def _check_bank(bank: Bank, notes: _Notes) -> None:
    for name, words in bank.objectives.items():
        for each, text in _by_language(("objectives", name), words):
            if text.startswith("TODO"):
                notes.add(each, "it is still to be written")
        if all(question.objective != name for question in bank.questions):
            notes.add(("objectives", name), "no question has this objective; write one, or delete it")
    for index, question in enumerate(bank.questions):
        _check_question(bank, question, ("questions", index), notes)
    _check_positions(bank, notes)


def _check_question(bank: Bank, question: Question, place: Place, notes: _Notes) -> None:
    words = [*texts_of(question, place)]
    _check_texts(words, notes)
    _check_reasons([(at, text) for at, text in words if at[-1] == "reason"], notes)
    written = [set(text) if isinstance(text, dict) else {bank.language} for _, text in words]
    languages = set().union(*written)
    for (at, _), found in zip(words, written, strict=True):
        if missing := sorted(languages - found):
            notes.add(
                at, f"it lacks {', '.join(missing)}, which other texts of the question have; translate it"
            )
    if isinstance(question, Number) and question.snippet is None:
        told = "there is no `snippet` that computes the answer; add one whose last printed line it is"
        notes.add((*place, "answer"), told)
    if isinstance(question, Several) and all(option.correct for option in question.options):
        notes.add((*place, "options"), "every option is right, so nothing is to be chosen; add a wrong one")
    if isinstance(question, Single | Several):
        _check_options(bank, question, place, notes)
    _check_hints(bank, question, place, notes)


def _check_texts(words: list[tuple[Place, Words]], notes: _Notes) -> None:
    for at, either in words:
        for each, text in _by_language(at, either):
            try:
                to_html(text)
            except CourseError as error:
                notes.add(each, f"{error}; see what latex2mathml knows")
                continue
            if not to_plain(text):
                notes.add(each, "nothing of it is to be seen; write some words")
            elif text.startswith("TODO"):
                notes.add(each, "it is still to be written")


def _check_reasons(reasons: list[tuple[Place, Words]], notes: _Notes) -> None:
    seen: dict[str, int] = Counter()
    for at, either in reasons:
        for each, text in _by_language(at, either):
            plain = normal_text(text).strip(".!")
            if plain in _SAYS_NOTHING:
                notes.add(each, f"{text!r} gives no reason; say why")
            seen[plain] += 1
            if seen[plain] == 2 and not text.startswith("TODO"):
                told = "the same reason is given twice; say what is special about this answer"
                notes.add(each, told, "warning")


def _check_options(bank: Bank, question: Single | Several, place: Place, notes: _Notes) -> None:
    for language in bank.languages:
        plain = [_plain(bank.words(option.text, language)) for option in question.options]
        right = [len(text) for text, option in zip(plain, question.options, strict=True) if option.correct]
        wrong = [
            len(text) for text, option in zip(plain, question.options, strict=True) if not option.correct
        ]
        at = (*place, "options")
        if wrong and (_stands_out(max(right), max(wrong)) or _stands_out(max(wrong), max(right))):
            told = f"the longest right option has {max(right)} characters, the longest wrong one {max(wrong)}"
            notes.add(at, f"{told}; give each about the same length", "warning")
        for index, text in enumerate(plain):
            if _ALL_OF_THEM.search(text):
                told = (
                    "it speaks of the other options, which stand in another order for each student; reword it"
                )
                notes.add((*at, index, "text"), told, "warning")


def _stands_out(longer: int, shorter: int) -> bool:
    return longer > LONGER * shorter and longer >= shorter + LONGER_BY


def _check_positions(bank: Bank, notes: _Notes) -> None:
    singles = [each for each in bank.questions if isinstance(each, Single)]
    fixed = [each for each in singles if not each.shuffle]
    where = [next(i for i, option in enumerate(each.options, 1) if option.correct) for each in fixed]
    if len(where) > 2 and len(set(where)) == 1:
        told = f"wherever `shuffle` is false, option {where[0]} is the right one; order some otherwise"
        notes.add(("questions",), told, "warning")
    # The ids are seen where questions are answered by `answer()`, and on paper.
    letters = Counter(each.best_answer() for each in singles)
    if letters:
        letter, count = letters.most_common(1)[0]
        if count > 3 and count > 2 / 3 * len(singles):
            told = f"in {count} of {len(singles)} single choices {letter!r} is right; give other ids to some"
            notes.add(("questions",), told, "warning")


def _check_hints(bank: Bank, question: Question, place: Place, notes: _Notes) -> None:
    for index, hint in enumerate(question.hints):
        for at, text in _by_language((*place, "hints", index), hint):
            if _gives_away(bank, question, _plain(text), at[-1]):
                notes.add(at, "the hint holds the answer; nudge, and leave the answer out", "warning")


def _gives_away(bank: Bank, question: Question, hint: str, language: int | str) -> bool:
    if isinstance(question, Number):
        digits = len(re.sub(r"\D", "", f"{question.answer:g}").strip("0"))
        found = (read_number(each) for each in re.findall(r"[-−]?[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?", hint))
        return digits > 1 and question.answer in found
    answers: list[str] = []
    if isinstance(question, Text):
        answers = [*question.accept]
    elif isinstance(question, Single | Several):
        chosen = str(language) if isinstance(language, str) else bank.language
        answers = [_plain(bank.words(each.text, chosen)) for each in question.options if each.correct]
    plain = normal_text(hint)
    return any(
        len(answer) > 3 and re.search(rf"(?<!\w){re.escape(normal_text(answer))}(?!\w)", plain)
        for answer in answers
    )


def _check_notebook(bank: Bank, folder: Path, notes: _Notes) -> None:
    if not folder.is_dir():
        notes.add(("chapter",), f"there is no chapter {bank.chapter} in notebooks/; correct the name")
        return
    shown = shown_places(folder)
    places: dict[str, Place] = {each.id: ("questions", i) for i, each in enumerate(bank.questions)}
    for i, pool in enumerate(bank.pools):
        places |= dict.fromkeys(pool.places, ("pools", i))
    for place, points in bank.points.items():
        if place not in shown:
            told = f'no notebook shows {place!r}; add the cell `quiz("{place}")` to that of {bank.chapter}'
            notes.add(places[place], told)
            continue
        for found in shown[place]:
            if found != points:
                told = (
                    f"the notebook's cell quiz-{place} has {found:g} points, the bank {points:g}"
                    if found is not None
                    else f'the notebook\'s cell quiz("{place}") is not graded: give it the id quiz-{place}'
                )
                notes.add((*places[place], "points"), f"{told}; correct one of them")


def shown_places(folder: Path) -> dict[str, list[float | None]]:
    """The places that a chapter's notebooks show, by their ids.

    Args:
        folder: of the chapter.

    Returns:
        Of each place the points of its cells; None for a cell that nbgrader does not grade under `quiz-ID`.
    """
    found: dict[str, list[float | None]] = {}
    for notebook in sorted(folder.glob("*.ipynb")):
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] != "code":
                continue
            grading = cell["metadata"].get("nbgrader", {})
            for place in _CALL.findall("".join(cell["source"])):
                graded = grading.get("grade") and grading.get("grade_id") == f"quiz-{place}"
                found.setdefault(place, []).append(float(grading["points"]) if graded else None)
    return found


def _check_snippets(
    banks: dict[Path, Bank], notes: dict[Path, _Notes], progress: Callable[[int, int], None] | None
) -> None:
    jobs = [
        (notes[file], ("questions", index), question)
        for file, bank in banks.items()
        for index, question in enumerate(bank.questions)
        if question.snippet is not None
    ]
    # Each runs in a Python of its own; these threads only wait.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        waiting = [pool.submit(_check_snippet, question) for _, _, question in jobs]
        for done, ((note, place, _), job) in enumerate(zip(jobs, waiting, strict=True), 1):
            for inside, told in job.result():
                note.add((*place, *inside), told)
            if progress is not None:
                progress(done, len(jobs))


def _check_snippet(question: Question) -> list[tuple[Place, str]]:
    assert question.snippet is not None
    try:
        text = printed(question.snippet)
        if isinstance(question, Output):
            question.best_answer()
    except CourseError as error:
        return [(("snippet",), f"{error}; correct it")]
    if isinstance(question, Number):
        lines = text.strip().splitlines() or [""]
        number = read_number(lines[-1], question.unit or "")
        if number is None or abs(number - question.answer) > 1e-9 * max(1.0, abs(question.answer)):
            told = (
                f"the snippet's last line is {lines[-1][:80]!r}, the answer {question.answer:g}; correct one"
            )
            return [(("snippet",), told)]
    if isinstance(question, Output):
        return [
            (("mistakes", index, "text"), "this mistake is what the program prints; delete it")
            for index, mistake in enumerate(question.mistakes)
            if question.share(mistake.text)
        ]
    return []


def texts_of(part: Part, place: Place = ()) -> Iterator[tuple[Place, Words]]:
    """Every text of a question that somebody reads, with its place.

    Args:
        part: the question, or a part of one.
        place: keys and indices on the way to it.
    """
    for name in type(part).model_fields:
        value = getattr(part, name)
        at = (*place, name)
        if name in {"prompt", "reason", "explanation", "other", "text"} and not (
            name == "text" and isinstance(part, TextMistake)
        ):
            if value is not None:
                yield at, value
        elif name == "hints":
            yield from (((*at, index), each) for index, each in enumerate(value))
        elif isinstance(value, tuple):
            for index, each in enumerate(value):
                if isinstance(each, Part):
                    yield from texts_of(each, (*at, index))


def _by_language(place: Place, words: Words) -> Iterator[tuple[Place, str]]:
    if isinstance(words, str):
        yield place, words
    else:
        yield from (((*place, language), text) for language, text in words.items())


def _plain(text: str) -> str:
    try:
        return to_plain(text)
    except CourseError:
        return text  # the formula is told elsewhere


def _short(file: Path) -> Path:
    try:
        return file.resolve().relative_to(Path.cwd())
    except ValueError:
        return file


def print_check(
    files: Sequence[Path], *, notebooks: Path | None, snippets: bool = True, strict: bool = False
) -> int:
    """Check banks, and print what was found and what there is.

    Args:
        files: the banks.
        notebooks: as for `check_banks`.
        snippets: whether to run them.
        strict: whether warnings count.

    Returns:
        an exit status: 1 where something is wrong.
    """
    waiting = Progress(
        console=Console(stderr=True), transient=True, disable=not Console(stderr=True).is_terminal
    )
    with waiting:
        task = waiting.add_task("running the snippets", total=None)
        results = check_banks(
            files,
            notebooks=notebooks,
            snippets=snippets,
            progress=lambda done, all_of_them: waiting.update(task, completed=done, total=all_of_them),
        )
    console = Console(highlight=False, markup=False)
    console.print(_summary(results))
    findings = [finding for checked in results for finding in checked.findings]
    for finding in findings:
        console.print(str(finding), soft_wrap=True)
    errors = sum(finding.level == "error" for finding in findings)
    warnings = len(findings) - errors
    console.print(f"{_count(errors, 'error')}, {_count(warnings, 'warning')}")
    return int(errors > 0 or (strict and warnings > 0))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _summary(results: Sequence[Checked]) -> Table:
    table = Table("chapter", *TYPES, "all", "points", box=None, pad_edge=False, collapse_padding=True)
    banks = [checked.bank for checked in results if checked.bank]
    for bank in banks:
        kinds = Counter[str](question.type for question in bank.questions)
        numbers = [str(kinds[kind] or "") for kind in TYPES]
        points = f"{sum(bank.points.values()):g}"
        table.add_row(bank.chapter, *numbers, str(len(bank.questions)), points)
    if len(banks) > 1:
        kinds = Counter[str](question.type for bank in banks for question in bank.questions)
        points = f"{sum(sum(bank.points.values()) for bank in banks):g}"
        table.add_section()
        table.add_row("all", *(str(kinds[kind] or "") for kind in TYPES), str(kinds.total()), points)
    return table
