"""The grammar of typed answers in Python, held to the vectors that `tests/browser/test_quiz.py` runs in Chromium."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.quiz.normalise import LONGEST, normal_output, normal_text, read_number

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    Path(__file__).with_name("normalisation.json").read_text(encoding="utf-8")
)


def name_of(vector: dict[str, Any]) -> str:
    return ascii(vector["text"])[1:-1] + (f" x{vector['times']}" if "times" in vector else "")


@pytest.mark.parametrize(("kind", "least"), [("numbers", 60), ("texts", 30), ("outputs", 12)])
def test_there_are_enough_vectors_and_none_twice(kind: str, least: int) -> None:
    vectors = [json.dumps({**vector, "why": ""}, sort_keys=True) for vector in VECTORS[kind]]
    assert len(set(vectors)) == len(vectors) >= least


@pytest.mark.parametrize("vector", VECTORS["numbers"], ids=name_of)
def test_numbers(vector: dict[str, Any]) -> None:
    text = vector["text"] * vector.get("times", 1)
    assert read_number(text, vector.get("unit", "")) == vector["number"]


@pytest.mark.parametrize("vector", VECTORS["texts"], ids=name_of)
def test_texts(vector: dict[str, Any]) -> None:
    options = {name: vector[name] for name in ("case_sensitive", "ignore_spaces") if name in vector}
    assert normal_text(vector["text"], **options) == vector["normal"]


@pytest.mark.parametrize("vector", VECTORS["outputs"], ids=name_of)
def test_outputs(vector: dict[str, Any]) -> None:
    assert normal_output(vector["text"]) == vector["normal"]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_that_python_writes_can_be_read(number: float) -> None:
    assert read_number(repr(number)) == number
    with_comma = repr(number).replace(".", ",")
    is_ambiguous = re.fullmatch(r"-?[1-9]\d{0,2},\d{3}", with_comma)
    assert read_number(with_comma, "s") == (None if is_ambiguous else number)


@given(st.text(max_size=30))
def test_what_is_normal_stays_as_it_is(text: str) -> None:
    assert normal_output(normal_output(text)) == normal_output(text)
    sensitive = normal_text(text, case_sensitive=True)
    assert normal_text(sensitive, case_sensitive=True) == sensitive


@given(st.text())
def test_nothing_that_is_typed_raises(text: str) -> None:
    number = read_number(text, text[:2])
    assert number is None or abs(number) < float("inf")


def test_an_answer_may_be_as_long_as_the_longest() -> None:
    assert read_number("7" + " " * (LONGEST - 1)) == 7
    assert read_number("7" + " " * LONGEST) is None
