"""Answers, saved twice: in a file beside the notebook, and among the outputs of the notebook itself."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course_utils.layout import write_atomically
from course_utils.quiz.normalise import LONGEST

ANSWERS_FILE = "quiz_answers.json"
MIME = "application/vnd.unrolled.quiz+json"
MOST_BYTES = 1_000_000
"""A larger file of answers is none."""
MOST_ATTEMPTS = 10_000

_SESSION_SEED = secrets.token_hex(8)

Record = dict[str, Any]
"""One place's answer: `question` (its id), `value`, `attempt` (at which it was given) and `attempts` (until now).

The value that counts: of several attempts at a question that gives a verdict, the best.
"""


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_ATTEMPTS


def _is_text(value: object) -> bool:
    if not isinstance(value, str) or len(value) > LONGEST:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a character
        return False
    return True


def clean_record(found: object) -> Record | None:
    """An answer as it must look, from whatever a file holds; None where it is none."""
    if not isinstance(found, dict) or not _is_text(found.get("question")):
        return None
    value = found.get("value")
    parts: list[object] = [value]
    if isinstance(value, list):
        parts = list(value)
    elif isinstance(value, dict):
        parts = [*value.keys(), *value.values()]
    if len(parts) > 20 or not all(_is_text(part) for part in parts):
        return None
    attempt = found.get("attempt") if _is_count(found.get("attempt")) else 1
    attempts = found.get("attempts") if _is_count(found.get("attempts")) else attempt
    return {
        "question": found["question"],
        "value": value,
        "attempt": attempt,
        "attempts": max(attempt, attempts),  # type: ignore[type-var]
    }


def records_in_notebook(notebook: object) -> dict[str, Record]:
    """The answers among a notebook's outputs, by place; of two for one place the later one.

    Args:
        notebook: the notebook as JSON; anything else holds no answers.
    """
    found: dict[str, Record] = {}
    for data in _bundles(notebook):
        content = data.get(MIME)
        place = content.get("place") if isinstance(content, dict) else None
        record = clean_record(content)
        if record is not None and _is_text(place):
            merge(found, {str(place): record})
    return found


def _bundles(notebook: object) -> Iterator[dict[str, Any]]:
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    for cell in cells if isinstance(cells, list) else []:
        outputs = cell.get("outputs") if isinstance(cell, dict) else None
        for output in outputs if isinstance(outputs, list) else []:
            data = output.get("data") if isinstance(output, dict) else None
            if isinstance(data, dict):
                yield data


def records_in_file(file: Path) -> dict[str, Record]:
    """The answers of a saved file, by place; none where it is missing, too large, a link, or damaged."""
    return _records(_content(file))


def _records(content: dict[str, Any]) -> dict[str, Record]:
    answers = content.get("answers")
    if not isinstance(answers, dict):
        return {}
    cleaned = {place: clean_record(record) for place, record in answers.items()}
    return {place: record for place, record in cleaned.items() if record is not None and _is_text(place)}


def merge(records: dict[str, Record], others: dict[str, Record]) -> dict[str, Record]:
    """Add other answers to these; of two for one place, the one with more attempts stays."""
    for place, record in others.items():
        if place not in records or record["attempts"] > records[place]["attempts"]:
            records[place] = record
    return records


def _content(file: Path) -> dict[str, Any]:
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > MOST_BYTES:
            return {}
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def refusal(folder: Path) -> str | None:
    """Why no answer may be saved in this folder, or None.

    An answer in the instructor's notebooks would be released to every student, and overwrite theirs when they are
    graded.
    """
    folder = folder.resolve()
    for parent in (folder, *folder.parents):
        above = parent.parent
        is_course = parent.name == "notebooks" and (above / "quizzes").is_dir()
        is_class = parent.name == "source" and any(
            (above / name).exists() for name in ("nbgrader_config.py", "gradebook.db")
        )
        if is_course or is_class:
            return "these are the instructor's notebooks: answer in a copy, for example in `make lab`"
    return None


class AnswerBook:
    """The answers of whoever works in a folder.

    Args:
        folder: where the notebook is.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / ANSWERS_FILE
        self._folder = folder

    def record(self, place: str) -> Record | None:
        """The saved answer of a place, from the file beside the notebook or from the notebook itself."""
        records = records_in_file(self.file)
        if place not in records:
            records = merge(records, records_in_notebook(self._notebook()))
        return records.get(place)

    def _notebook(self) -> object:
        # JupyterLab tells the kernel which notebook it belongs to; elsewhere it is clear where there is only one.
        named = os.environ.get("JPY_SESSION_NAME", "")
        files = [self._folder / Path(named).name] if named.endswith(".ipynb") else []
        files = files or sorted(self._folder.glob("*.ipynb"))
        if len(files) != 1 or not files[0].is_file():
            return None
        try:
            return json.loads(files[0].read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None

    @property
    def seed(self) -> str:
        """What decides the order of options and the questions drawn: the same for one student in one folder."""
        named = os.environ.get("COURSE_STUDENT") or os.environ.get("JUPYTERHUB_USER")
        if named:
            return named
        content = _content(self.file)
        if _is_text(content.get("seed")) and content["seed"]:
            return str(content["seed"])
        return _SESSION_SEED

    def save(self, place: str, record: Record, seed: str) -> str | None:
        """Save an answer in the file.

        Returns:
            Why it could not be saved, or None.
        """
        problem = refusal(self._folder)
        if problem:
            return problem
        cleaned = clean_record(record)
        if cleaned is None:
            return f"an answer has texts of at most {LONGEST} characters"
        content = _content(self.file)
        try:
            if not content and self.file.exists():
                # Not to be read any more; perhaps its owner can still save something from it.
                self.file.replace(self.file.with_suffix(".damaged.json"))
            self._write({"version": 1, "seed": seed, "answers": {**_records(content), place: cleaned}})
        except OSError as error:
            return f"{self.file.name} cannot be written ({error.strerror})"
        return None

    def _write(self, content: dict[str, Any]) -> None:
        write_atomically(self.file, json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
