"""A reader's own labelled texts from a CSV file, checked: every refusal names the file, the line and what to do."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from course_utils.data.bundled import bundled_path
from course_utils.data.errors import DataError

SAMPLE_FILE: Final = "samples/cafe_reviews.csv"
"""The stand-in for a file of one's own, below the data folder."""
LARGEST: Final = 50_000_000
"""Bytes of a file at most."""
FEWEST: Final = 40
"""Texts at least, after what cannot be used is left out."""
FEWEST_OF_A_LABEL: Final = 10
"""Texts with each label at least."""
KNOWN_LABELS: Final[dict[str, int]] = {"1": 1, "0": 0, "positive": 1, "negative": 0, "pos": 1, "neg": 0}
"""What is understood without being told."""
_DELIMITERS: Final = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
_LONGEST_TEXT: Final = 100_000
_MOST_LINES_NAMED: Final = 5


@dataclass(frozen=True, eq=False)
class LabelledTexts:
    """Texts with their labels, as they are used.

    Attributes:
        texts: the texts, spaces at both ends removed.
        labels: (texts,) int64, 1 for positive and 0 for negative.
        lines: (texts,) int64, the line of the file on which each text begins.
        file: where they are from.
        report: what was understood and what was left out, one line each.
    """

    texts: tuple[str, ...] = field(repr=False)
    labels: npt.NDArray[np.int64] = field(repr=False)
    lines: npt.NDArray[np.int64] = field(repr=False)
    file: Path
    report: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def __str__(self) -> str:
        return "\n".join(self.report)


def sample_csv() -> Path:
    """The file of invented café reviews that stands in for a file of one's own.

    Raises:
        DataError: if the course was installed without it.
    """
    return bundled_path(SAMPLE_FILE)


def load_labelled_csv(
    path: str | Path,
    text_column: str = "text",
    label_column: str = "label",
    *,
    labels: Mapping[str, int | None] | None = None,
    encoding: str = "utf-8",
) -> LabelledTexts:
    """Read labelled texts from a CSV file with a header.

    The delimiter is found out: a comma, a semicolon, a tab or a bar. A byte order mark is understood, and so
    are spaces behind the delimiter. Empty rows, rows without a text or a label, and repeated texts are left out and
    reported; whatever else is wrong is an error.

    Args:
        path: the file.
        text_column: the name of the column with the texts.
        label_column: the name of the column with the labels.
        labels: what each label in the file means: 1 for positive, 0 for negative, None to leave such rows out. Case
            does not matter. Without it, `KNOWN_LABELS` are understood.
        encoding: how the file's characters are stored.

    Returns:
        The texts in the file's order, at least `FEWEST`, each once.

    Raises:
        DataError: the message is one line, names the file, the line where there is one, and says what to do.
    """
    file = Path(path).expanduser()
    content = _decode(_read(file), file, encoding)
    delimiter, columns = _header(content, file, (text_column, label_column))
    text_at, label_at = (_find(name, columns, file, delimiter) for name in (text_column, label_column))
    meaning = _meaning(labels, file)
    left_out: dict[str, list[int]] = {}
    seen: dict[str, tuple[int, int]] = {}
    texts: list[tuple[str, int, int]] = []
    unknown: list[tuple[str, int]] = []
    for line, row in _rows(content, delimiter, len(columns), file):
        text, label = (row[text_at].strip(), row[label_at].strip()) if row else ("", "")
        if not text or not label:
            what = "empty rows" if not row else "rows without a text" if not text else "rows without a label"
            left_out.setdefault(what, []).append(line)
            continue
        if label.casefold() not in meaning:
            unknown.append((label, line))
            continue
        value = meaning[label.casefold()]
        if value is None:
            left_out.setdefault(f"rows labelled {label!r}, as you asked", []).append(line)
            continue
        same = " ".join(text.casefold().split())
        if same in seen:
            other, first = seen[same]
            if other != value:
                raise DataError(
                    f"{file.name}, lines {first} and {line}: the same text has two labels: decide for one of them and "
                    "delete the other row."
                )
            left_out.setdefault("texts that were there before", []).append(line)
            continue
        seen[same] = (value, line)
        texts.append((text, value, line))
    if unknown:
        _refuse_labels(unknown, meaning, labels, file, label_column)
    _check_counts(Counter(value for _, value, _ in texts), len(texts), file)
    report = [f"{file.name}: {len(texts)} texts; {_DELIMITERS[delimiter]} stands between the columns."]
    report += [f"Left out: {len(lines)} {what} ({_named(lines)})." for what, lines in left_out.items()]
    values = np.array([value for _, value, _ in texts], dtype=np.int64)
    report.append(f"{int(values.sum())} are positive, {int((1 - values).sum())} are negative.")
    return LabelledTexts(
        texts=tuple(text for text, _, _ in texts),
        labels=values,
        lines=np.array([line for _, _, line in texts], dtype=np.int64),
        file=file,
        report=tuple(report),
    )


def _read(file: Path) -> bytes:
    if file.is_dir():
        raise DataError(f"{file} is a folder: name the CSV file in it.")
    if not file.is_file():
        beside = sorted(each.name for each in file.parent.glob("*")) if file.parent.is_dir() else []
        near = difflib.get_close_matches(file.name, beside, n=1, cutoff=0.5)
        hint = (
            f"did you mean {near[0]}?"
            if near
            else f"put it into {file.parent.absolute()} or give its whole path."
        )
        raise DataError(f"There is no file {file}: {hint}")
    size = file.stat().st_size
    if size > LARGEST:
        raise DataError(
            f"{file.name} has {size / 1e6:.0f} MB, at most {LARGEST / 1e6:.0f} MB are read: save a part of its rows "
            "as a file of its own; a few thousand texts are plenty."
        )
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(
            f"{file} cannot be read ({error.strerror}): check that you may open it, and that no other program has it."
        ) from error


def _decode(content: bytes, file: Path, encoding: str) -> str:
    if not content.strip():
        raise DataError(f"{file.name} is empty: save your texts into it, with a header in line 1.")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise DataError(
            f"{file.name} is a spreadsheet or an archive, not text: save the sheet as CSV (UTF-8)."
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif content.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except LookupError as error:
        raise DataError(
            f"{file.name}: there is no encoding {encoding!r}: the usual ones are 'utf-8' and 'cp1252'."
        ) from error
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = content.count(b"\n", 0, start) + 1
        raise DataError(
            f"{file.name}, line {line}: the byte 0x{content[start]:02x} is no {encoding}: save the file as “CSV UTF-8”"
            ", or, if it comes from an older Windows program, say encoding='cp1252' and look at the accents."
        ) from error
    text = text.lstrip("\ufeff")
    if not text.strip():
        raise DataError(f"{file.name} is empty: save your texts into it, with a header in line 1.")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(
            f"{file.name}, line {line}: there is a null byte: it is no text file, or not "
            f"{encoding}; save it as CSV UTF-8."
        )
    return text


def _header(content: str, file: Path, wanted: tuple[str, str]) -> tuple[str, list[str]]:
    """The delimiter that makes the wanted columns appear, or else the most columns; and the columns."""
    first = next(line for line in content.splitlines() if line.strip())
    if re.fullmatch(r"\"?sep=.\"?", first.strip(" "), re.IGNORECASE):
        raise DataError(
            f"{file.name}, line 1: {first!r} is a note to a spreadsheet program: delete this line."
        )
    found = {}
    for delimiter in _DELIMITERS:
        try:
            (found[delimiter],) = csv.reader([first], delimiter=delimiter, skipinitialspace=True)
        except (csv.Error, ValueError):
            continue
    if not found:
        raise DataError(
            f"{file.name}, line 1: the header cannot be read: write the columns' names, such as text,label."
        )
    delimiter = max(
        found, key=lambda each: (len({*wanted} & {*map(str.strip, found[each])}), len(found[each]))
    )
    columns = [column.strip() for column in found[delimiter]]
    twice = [name for name, count in Counter(columns).items() if count > 1 and name in wanted]
    if twice:
        raise DataError(f"{file.name}, line 1: two columns are called {twice[0]!r}: rename one of them.")
    return delimiter, columns


def _find(name: str, columns: list[str], file: Path, delimiter: str) -> int:
    if name in columns:
        return columns.index(name)
    folded = {column.casefold(): column for column in columns}
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    there = ", ".join(repr(column[:40]) for column in columns[:8])
    hint = (
        f"did you mean {folded[near[0]]!r}?"
        if near
        else "say text_column= and label_column=, or, if line 1 is a text already, put a header above it."
    )
    between = _DELIMITERS[delimiter]
    raise DataError(f"{file.name}, line 1: no column {name!r} among {there} ({between} between them): {hint}")


def _rows(content: str, delimiter: str, columns: int, file: Path) -> list[tuple[int, list[str]]]:
    """The line and the fields of each row below the header; no fields for an empty one."""
    # The csv module's own limit is the whole process's: long fields are refused below instead.
    old_limit = csv.field_size_limit(LARGEST)
    rows: list[tuple[int, list[str]]] = []
    before = 0
    try:
        reader = csv.reader(
            io.StringIO(content, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
        )
        for row in reader:
            line, before = before + 1, reader.line_num
            blank = not any(cell.strip() for cell in row)
            if not blank and len(row) != columns:
                what = "more" if len(row) > columns else "fewer"
                raise DataError(
                    f"{file.name}, line {line}: {len(row)} fields, {what} than the header's {columns}: a text that "
                    f"holds {_DELIMITERS[delimiter]} needs double quotes around it, and each row needs every column."
                )
            if any(len(cell) > _LONGEST_TEXT for cell in row):
                raise DataError(
                    f"{file.name}, line {line}: a text of more than {_LONGEST_TEXT:,} characters: is a closing double "
                    "quote missing there?"
                )
            rows.append((line, [] if blank else row))
    except csv.Error as error:
        raise DataError(
            f"{file.name}, line {before + 1}: the row cannot be read ({error}): is a double quote missing? Inside "
            'quotes, write two of them ("") for one.'
        ) from error
    finally:
        csv.field_size_limit(old_limit)
    header = next(place for place, (_, row) in enumerate(rows) if row)
    return rows[header + 1 :]


def _meaning(labels: Mapping[str, int | None] | None, file: Path) -> dict[str, int | None]:
    if labels is None:
        return dict(KNOWN_LABELS)
    meaning: dict[str, int | None] = {}
    for label, value in labels.items():
        name = str(label).strip().casefold()
        if meaning.setdefault(name, value) != value:
            raise DataError(
                f"{file.name}: labels= gives {name!r} two meanings (case does not matter): keep one."
            )
    wrong = [value for value in meaning.values() if value not in (0, 1, None)]
    if wrong:
        raise DataError(
            f"{file.name}: labels= maps to {wrong[0]!r}: map each label to 1 (positive), 0 (negative) or "
            "None (leave out)."
        )
    return meaning


def _refuse_labels(
    unknown: list[tuple[str, int]],
    meaning: Mapping[str, int | None],
    labels: Mapping[str, int | None] | None,
    file: Path,
    column: str,
) -> None:
    label, line = unknown[0]
    where = f"{file.name}, line {line}, column {column!r}: "
    if labels is not None:
        near = difflib.get_close_matches(label.casefold(), meaning, n=1, cutoff=0.6)
        hint = (
            f"is it a slip of {near[0]!r}? Mend it there, or add it" if near else "mend it there, or add it"
        )
        raise DataError(
            f"{where}the label {label[:40]!r} is not in labels=: {hint} to labels= (None leaves such rows out)."
        )
    counts = Counter(each for each, _ in unknown)
    there = ", ".join(f"{each[:20]!r} ({count} times)" for each, count in counts.most_common(6))
    numbers = [each for each in counts if re.fullmatch(r"[1-5]", each)]
    example = (
        "labels={'1': 0, '2': 0, '3': None, '4': 1, '5': 1}"
        if numbers
        else "labels={'good': 1, 'bad': 0, 'mixed': None}"
    )
    raise DataError(
        f"{where}what does {label[:40]!r} mean? There are {there}: say it, for example {example}."
    )


def _check_counts(counts: Counter[int], total: int, file: Path) -> None:
    if total and len(counts) < 2:
        (only,) = counts
        name, other = ("positive", "negative") if only else ("negative", "positive")
        raise DataError(
            f"{file.name}: all {total} usable texts are {name}: add {other} ones, or nothing can be "
            "learnt; or check labels=."
        )
    fewest = min(counts.values(), default=0)
    if total < FEWEST or fewest < FEWEST_OF_A_LABEL:
        raise DataError(
            f"{file.name}: {total} usable texts, {counts[1]} positive and {counts[0]} negative: at least {FEWEST} are "
            f"needed, and {FEWEST_OF_A_LABEL} of each label; label more. A few hundred make a project."
        )


def _named(lines: list[int]) -> str:
    shown = ", ".join(map(str, lines[:_MOST_LINES_NAMED]))
    more = f" and {len(lines) - _MOST_LINES_NAMED} more" if len(lines) > _MOST_LINES_NAMED else ""
    return f"{'line' if len(lines) == 1 else 'lines'} {shown}{more}"
