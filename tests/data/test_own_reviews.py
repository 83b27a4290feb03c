"""A CSV of one's own: what is understood, what is left out, and what each refusal says."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from course_utils.data import DataError, load_labelled_csv, sample_csv, write_cafe_reviews
from course_utils.data import own_reviews as module
from course_utils.data.cafe_reviews import COUNT, cafe_csv

ROWS = [(f"Text number {n}, with a comma.", "positive" if n % 2 else "negative") for n in range(60)]


def write(
    folder: Path, rows=ROWS, header=("text", "label"), delimiter=",", encoding="utf-8", name="mine.csv"
) -> Path:
    path = folder / name
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([header, *rows])
    return path


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        load_labelled_csv(path, **options)  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message, "one line"
    return message


# --- understood -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiters_and_marks_at_the_start_are_understood(tmp_path, delimiter, encoding):
    found = load_labelled_csv(write(tmp_path, delimiter=delimiter, encoding=encoding))
    assert len(found) == 60 and found.texts[1] == "Text number 1, with a comma."
    np.testing.assert_array_equal(found.labels, np.arange(60) % 2)
    np.testing.assert_array_equal(found.lines, np.arange(60) + 2)
    assert found.labels.dtype == np.int64


def test_labels_are_mapped_whatever_their_case(tmp_path):
    rows = [(text, "★★★★★" if n % 3 else "Bad") for n, (text, _) in enumerate(ROWS)]
    found = load_labelled_csv(write(tmp_path, rows), labels={"★★★★★": 1, "bad": 0})
    assert found.labels.sum() == 40


def test_quotes_line_breaks_and_columns_in_another_order(tmp_path):
    rows = [(label, n, f'He said "no".\nThen {n}, he left.') for n, (_, label) in enumerate(ROWS)]
    found = load_labelled_csv(write(tmp_path, rows, header=("verdict", "id", "words")), "words", "verdict")
    assert found.texts[3] == 'He said "no".\nThen 3, he left.'
    assert found.lines[1] == 4, "the first text takes two lines"


def test_a_file_written_by_hand_is_understood(tmp_path):
    path = tmp_path / "hand.csv"
    lines = [f'{n % 2}, "Text number {n}, with a comma."' for n in range(60)]
    path.write_text("\n".join(["label, text", *lines]), encoding="utf-8")
    found = load_labelled_csv(path)
    assert found.texts[3] == "Text number 3, with a comma." and found.labels.sum() == 30
    path.write_bytes("\ufeff\ufefflabel, text\n".encode() + "\r".join(lines).encode())
    assert len(load_labelled_csv(path)) == 60


def test_an_old_encoding_is_read_where_it_is_named(tmp_path):
    rows = [(f"Café {text}", label) for text, label in ROWS]
    path = write(tmp_path, rows, encoding="cp1252")
    assert load_labelled_csv(path, encoding="cp1252").texts[0].startswith("Café")
    message = refusal(path)
    assert "mine.csv, line 2" in message and "0xe9" in message and "encoding='cp1252'" in message
    assert "no encoding 'latin-99'" in refusal(path, encoding="latin-99")


# --- left out and reported ------------------------------------------------------------------------------------------


def test_what_is_left_out_is_reported_with_its_lines(tmp_path):
    rows = [
        *ROWS,
        ("", ""),
        ("", "positive"),
        ("Alone", ""),
        ("text NUMBER 0,  with a comma.", "negative"),
        ("So so", "?"),
    ]
    found = load_labelled_csv(write(tmp_path, rows), labels={"positive": 1, "negative": 0, "?": None})
    assert len(found) == 60
    said = str(found)
    for line in (
        "60 texts; a comma stands between the columns",
        "1 empty rows (line 62)",
        "1 rows without a text (line 63)",
        "1 rows without a label (line 64)",
        "1 texts that were there before (line 65)",
        "1 rows labelled '?', as you asked (line 66)",
        "30 are positive, 30 are negative",
    ):
        assert line in said, said


def test_many_lines_are_not_all_named(tmp_path):
    found = load_labelled_csv(write(tmp_path, [*ROWS, *ROWS]))
    assert "60 texts that were there before (lines 62, 63, 64, 65, 66 and 55 more)" in str(found)


# --- refused --------------------------------------------------------------------------------------------------------


def test_a_missing_file_names_the_nearest(tmp_path):
    write(tmp_path)
    assert "did you mean mine.csv?" in refusal(tmp_path / "mien.csv")
    assert "give its whole path" in refusal(tmp_path / "nowhere" / "x.csv")
    assert "is a folder" in refusal(tmp_path)


def test_a_missing_column_names_the_nearest(tmp_path):
    path = write(tmp_path, header=("Text", "Labels"))
    assert "line 1: no column 'text' among 'Text', 'Labels'" in refusal(path)
    assert "did you mean 'Text'?" in refusal(path)
    assert "did you mean 'Labels'?" in refusal(path, text_column="Text")


def test_a_file_without_a_header_is_told_so(tmp_path):
    path = tmp_path / "bare.csv"
    path.write_text("Lovely cake,1\nAwful cake,0\n", encoding="utf-8")
    assert "put a header above it" in refusal(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\xff\xfe", "is empty"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (
            b"sep=;\ntext;label\nfine;1\n",
            "line 1: 'sep=;' is a note to a spreadsheet program: delete this line",
        ),
        (b"PK\x03\x04rest", "is a spreadsheet or an archive"),
        (b"text,label\nfine\0,1\n", "line 2: there is a null byte"),
        (b"text,text,label\na,b,1\n", "two columns are called 'text'"),
        (b"text,label\nLovely, really,1\n", "line 2: 3 fields, more than the header's 2"),
        (b"text,label\nLovely\n", "line 2: 1 fields, fewer than the header's 2"),
        (b'text,label\nok,1\n"never closed,1\nmore,0\n', "line 3: the row cannot be read"),
        (b'text,label\n"a "b" c",1\n', "line 2: the row cannot be read"),
        (b"text,label\n" + b"x" * 100_001 + b",1\n", "line 2: a text of more than 100,000 characters"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(tmp_path, content, message):
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    said = refusal(path)
    assert said.startswith("odd.csv") and message in said, said


def test_labels_that_nobody_explained_are_asked_for(tmp_path):
    stars = write(tmp_path, [(text, str(n % 5 + 1)) for n, (text, _) in enumerate(ROWS)])
    said = refusal(stars)
    assert "line 3, column 'label': what does '2' mean?" in said and "'3': None" in said
    words = write(tmp_path, [(text, "good" if n % 2 else "bad") for n, (text, _) in enumerate(ROWS)])
    assert "labels={'good': 1, 'bad': 0, 'mixed': None}" in refusal(words)
    assert "is it a slip of 'good'?" in refusal(
        write(tmp_path, [*[(t, "good") for t, _ in ROWS], ("New", "godo")]), labels={"good": 1, "bad": 0}
    )
    assert "labels= maps to 2" in refusal(stars, labels={"1": 2})
    assert "gives 'good' two meanings" in refusal(words, labels={"good": 1, "Good": 0, "bad": 0})
    long = write(tmp_path, [(f"{n} " + "long " * 100, "1") for n in range(60)])
    swapped = refusal(long, text_column="label", label_column="text")
    assert len(swapped) < 500, "a text in the wrong column is not quoted whole"


def test_one_text_with_two_labels_is_refused(tmp_path):
    path = write(tmp_path, [*ROWS, ("Text number 3, with a comma. ", "negative")])
    assert "lines 5 and 62: the same text has two labels" in refusal(path)


def test_too_few_or_one_sided_is_refused(tmp_path):
    assert "39 usable texts" in refusal(write(tmp_path, ROWS[:39]))
    assert "all 60 usable texts are positive: add negative ones" in refusal(
        write(tmp_path, [(text, "1") for text, _ in ROWS])
    )
    rare = [(text, "0" if n < 9 else "1") for n, (text, _) in enumerate(ROWS)]
    assert "10 of each label" in refusal(write(tmp_path, rare))
    assert "0 usable texts" in refusal(write(tmp_path, []))


def test_a_huge_file_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 1_000)
    assert "a few thousand texts are plenty" in refusal(write(tmp_path))


def test_the_csv_modules_limit_is_put_back(tmp_path):
    before = csv.field_size_limit()
    load_labelled_csv(write(tmp_path))
    assert csv.field_size_limit() == before


# --- the stand-in ---------------------------------------------------------------------------------------------------


def test_the_bundled_file_is_what_the_program_writes():
    assert sample_csv().read_text(encoding="utf-8") == cafe_csv()
    reviews = write_cafe_reviews()
    assert len({text for text, _ in reviews}) == len(reviews) == COUNT
    assert {stars for _, stars in reviews} == {1, 2, 3, 4, 5}
    assert write_cafe_reviews(10) == reviews[:10]
    with pytest.raises(ValueError, match="expected 0 or more"):
        write_cafe_reviews(-1)


def test_the_bundled_file_loads():
    found = load_labelled_csv(
        sample_csv(), label_column="stars", labels={"1": 0, "2": 0, "3": None, "4": 1, "5": 1}
    )
    assert len(found) >= 300 and 0.4 < found.labels.mean() < 0.6
