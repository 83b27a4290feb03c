"""A bank with mistakes: each is named with its file, its question and its line, and all at once."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from strategies import banks

from course_utils.layout import Clone
from course_utils.quiz.bank import (
    Bank,
    BankError,
    bank_schema,
    bank_schema_text,
    compose_bank,
    line_of,
    load_bank,
    load_banks,
    read_bank,
)
from course_utils.quiz.check import check_banks
from course_utils.quiz.exchange import EDITORS_LINE, bank_yaml

# Each line that a test changes is there once.
GOOD = """\
version: 1
language: en
chapter: 03_unrolling
mode: practice
objectives:
  carry: carry the state
  count: count the weights
questions:
  - id: first
    type: single
    objective: carry
    prompt: Which one?
    options:
      - {id: a, text: This., reason: It is., correct: true}
      - {id: b, text: That., reason: It is not.}
    attempts: {most: 2, decay: [1, 0.5]}
  - id: second
    type: number
    points: 2
    objective: count
    prompt:
      en: How many?
      de: Wie viele?
    answer: 12
    tolerance: {absolute: 1}
    mistakes:
      - {answer: 24, reason: Twice.}
    reason: Twelve.
    other: Count again.
  - id: third
    type: match
    objective: carry
    prompt: Which belongs to which?
    left:
      - {id: f, text: forget, match: "1", reason: It forgets.}
      - {id: i, text: input, match: "2", reason: It lets in.}
    right:
      - {id: "1", text: what goes}
      - {id: "2", text: what comes}
  - id: fourth
    type: text
    points: 2
    objective: count
    prompt: Which argument?
    accept: [units]
    mistakes:
      - {text: unit, reason: There are several.}
    reason: Units.
    other: Look at the layer.
  - id: fifth
    type: order
    objective: carry
    prompt: In which order?
    options:
      - {id: x, text: one, reason: First.}
      - {id: y, text: two, reason: Then.}
pools:
  - id: some
    draw: 1
    questions: [second, fourth]
"""


def at(line: str) -> int:
    """The number of the one line of the good bank that holds this."""
    found = [number for number, each in enumerate(GOOD.splitlines(), 1) if line in each]
    assert len(found) == 1, (line, found)
    return found[0]


def test_the_good_bank_is_good() -> None:
    bank = read_bank(GOOD, "03_unrolling.yml")
    assert list(bank.places) == ["first", "third", "fifth", "some-1"]
    assert [question.id for question in bank.places["some-1"]] == ["second", "fourth"]
    assert bank.points == {"first": 1, "third": 1, "fifth": 1, "some-1": 2}
    assert bank.languages == ["en", "de"]
    assert bank.words(bank.question("second").prompt, "de") == "Wie viele?"
    assert bank.words(bank.question("second").prompt, "ru") == "How many?"


MISTAKES = [
    # what is written, what instead, the question, the line (None: the same), a part of the message
    ("version: 1", "version: 2", None, None, "version"),
    ("version: 1", "version: 1\ncolour: red", None, 2, "colour: this key is not known here"),
    ("mode: practice", "mode: practise", None, None, "'practice' or 'exam'"),
    ("language: en", "language: english", None, None, "'english' cannot be used here"),
    ("  carry: carry the state", "  carry: ''", None, None, "objectives.carry: it is empty"),
    ("  - id: first", "  - id: First one", "First one", None, "'First one' cannot be used here"),
    ("  - id: third", "  - id: first", "first", at("  - id: third"), "the id 'first' is used 2 times"),
    ("    type: single", "    type: choice", "first", None, "there is no type 'choice'"),
    ("    type: single\n", "", "first", at("  - id: first"), "type: it is missing"),
    ("    prompt: Which one?\n", "", "first", at("  - id: first"), "prompt: it is missing; add it"),
    ("    prompt: Which one?", "    prompt: '  '", "first", None, "prompt: it is empty"),
    (
        "    prompt: Which one?",
        "    prompt: 7",
        "first",
        None,
        "a text is wanted here, not 7; put it in quotes",
    ),
    ("    attempts: {most", "    attemps: {most", "first", None, "did you mean 'attempts'?"),
    ("      en: How many?", "      english: How many?", "second", None, "'english' cannot be used here"),
    ("      de: Wie viele?", "      de: ''", "second", None, "prompt.de: it is empty"),
    (", correct: true}", "}", "first", 13, "0 options are marked correct"),
    (
        "reason: It is not.}",
        "reason: It is not., correct: true}",
        "first",
        13,
        "2 options are marked correct",
    ),
    ("reason: It is not.}", "reason: It is not., corect: true}", "first", None, "did you mean 'correct'?"),
    (
        "{id: b, text: That., reason: It is not.}",
        "{id: b, text: That.}",
        "first",
        None,
        "options.1.reason: it is missing",
    ),
    ("{id: b, text: That.", "{id: a, text: That.", "first", None, "the id 'a' is used twice"),
    (
        "{id: b, text: That.",
        "{id: 2, text: That.",
        "first",
        None,
        "options.1.id: a text is wanted here, not 2",
    ),
    ("    attempts: {most: 2, decay: [1, 0.5]}", "    attempts: {most: 0}", "first", None, "attempts.most"),
    (
        "    attempts: {most: 2, decay: [1, 0.5]}",
        "    attempts: {decay: [1, 1.5]}",
        "first",
        None,
        "attempts.decay.1",
    ),
    (
        "    points: 2\n    objective: count\n    prompt:\n",
        "    points: 0\n    objective: count\n    prompt:\n",
        "second",
        19,
        "points",
    ),
    ("    answer: 12", "    answer: twelve", "second", None, "answer"),
    ("    answer: 12", "    answer: .inf", "second", None, "answer"),
    ("    tolerance: {absolute: 1}", "    tolerance: {absolute: -1}", "second", None, "tolerance.absolute"),
    (
        "      - {answer: 24",
        "      - {answer: 12.5",
        "second",
        None,
        "the mistake 12.5 is within the tolerance",
    ),
    ('match: "2"', 'match: "3"', "third", None, "'i' is matched with '3', which is not on the right"),
    ("    accept: [units]", "    accept: [units, ' ']", "fourth", None, "the accepted text ' ' is empty"),
    ("    accept: [units]", "    accept: [units]\n    pattern: '('", "fourth", 46, "no regular expression"),
    ("      - {text: unit,", "      - {text: ' UNITS',", "fourth", None, "the mistake ' UNITS' is accepted"),
    (
        "{id: y, text: two, reason: Then.}",
        "{id: x, text: two, reason: Then.}",
        "fifth",
        None,
        "the id 'x' is used twice",
    ),
    (
        "    questions: [second, fourth]",
        "    questions: [second, sixth]",
        None,
        None,
        "names 'sixth', which is no question",
    ),
    (
        "    questions: [second, fourth]",
        "    questions: [second, second]",
        None,
        None,
        "'second' is in more than one pool",
    ),
    (
        "    questions: [second, fourth]",
        "    questions: [second, third]",
        None,
        None,
        "have different points",
    ),
    ("    questions: [second, fourth]", "    questions: [second]", None, None, "questions"),
    ("    draw: 1", "    draw: 3", None, None, "the pool 'some' draws 3 of 2 questions"),
    (
        "  - id: some",
        "  - id: some\n    id: other",
        None,
        at("  - id: some") + 1,
        "the key 'id' is written twice",
    ),
    (
        "    objective: carry\n    prompt: Which one?",
        "    objective: cary\n    prompt: Which one?",
        "first",
        11,
        "there is no objective 'cary'",
    ),
    ("    reason: Twelve.", "    reason: Twelve: a dozen", None, None, "mapping values are not allowed"),
    ("    reason: Twelve.", "\treason: Twelve.", None, None, ""),
    ("    reason: Twelve.", "    reason: 'Twelve.\x07'", None, None, "a character that YAML does not allow"),
]


@pytest.mark.parametrize(("good", "bad", "question", "line", "told"), MISTAKES)
def test_a_mistake_is_named_with_its_question_and_its_line(
    good: str, bad: str, question: str | None, line: int | None, told: str
) -> None:
    assert GOOD.count(good) == 1, good
    with pytest.raises(BankError) as caught:
        read_bank(GOOD.replace(good, bad), "03_unrolling.yml")
    expected = line or GOOD[: GOOD.index(good)].count("\n") + 1
    problem = caught.value.problems[0]
    assert (problem.file, problem.question, problem.line) == ("03_unrolling.yml", question, expected), problem
    assert told in problem.text
    assert len(caught.value.problems) == 1
    who = f", question {question}" if question else ""
    assert str(caught.value).startswith(f"03_unrolling.yml{who}, line {expected}: ")
    assert "\n" not in str(caught.value)


def test_every_mistake_is_named_not_only_the_first() -> None:
    bad = GOOD.replace("prompt: Which one?", "prompt: 7").replace("answer: 12\n", "answer: x\n")
    bad = bad.replace("text: forget", "txt: forget").replace("version: 1", "version: 3")
    with pytest.raises(BankError) as caught:
        read_bank(bad, "03_unrolling.yml")
    lines = [(problem.question, problem.line) for problem in caught.value.problems]
    assert lines == [
        (None, 1),
        ("first", 12),
        ("second", 24),
        ("third", at("text: forget")),
        ("third", at("text: forget")),
    ]  # the last: what is missing, and what is not known
    assert str(caught.value).count("\n") == 4


def test_mistakes_between_questions_are_named_all_at_once() -> None:
    bad = GOOD.replace("objective: count", "objective: nowhere").replace("draw: 1", "draw: 5")
    with pytest.raises(BankError) as caught:
        read_bank(bad, "03_unrolling.yml")
    assert [(each.question, each.line) for each in caught.value.problems] == [
        ("second", 20),
        ("fourth", at("- id: fourth") + 3),
        (None, at("draw: 1")),
    ]


@pytest.mark.parametrize("text", ["", "just words", "- a\n- list", "null", "7"])
def test_what_is_no_bank_says_how_to_begin(text: str) -> None:
    with pytest.raises(BankError, match="line 1: this is no bank; start it with `version: 1`"):
        read_bank(text, "03_unrolling.yml")


def test_a_place_of_a_pool_may_not_have_the_id_of_a_question() -> None:
    with pytest.raises(BankError, match="the id 'some-1' of the pool 'some' is used otherwise too"):
        read_bank(GOOD.replace("- id: third", "- id: some-1"), "03_unrolling.yml")


def test_bytes_that_are_no_utf_8_are_named_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "03_unrolling.yml"
    file.write_bytes(GOOD.encode().replace(b"Wie viele?", b"Wie viele \xe4?"))
    with pytest.raises(BankError, match=rf"03_unrolling\.yml, line {at('de: Wie')}: it is not UTF-8"):
        load_bank(file)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"^09_none\.yml, line 1: it cannot be read: No such file"):
        load_bank(tmp_path / "09_none.yml")


def test_a_bank_belongs_to_the_chapter_of_its_name(tmp_path: Path) -> None:
    file = tmp_path / "04_other.yml"
    file.write_text(GOOD, encoding="utf-8")
    with pytest.raises(BankError, match=r"line 3: it says that it belongs to '03_unrolling'"):
        load_bank(file)


def test_one_id_in_two_banks_is_named(tmp_path: Path) -> None:
    for name in ("03_unrolling", "04_next"):
        text = GOOD.replace("03_unrolling", name).replace("id: first", f"id: first-{name[:2]}")
        (tmp_path / f"{name}.yml").write_text(text, encoding="utf-8")
    with pytest.raises(BankError, match=r"04_next\.yml.* is also used in 03_unrolling\.yml"):
        load_banks(tmp_path)


def test_a_bank_that_is_nested_very_deeply_is_refused() -> None:
    with pytest.raises(BankError, match=r"03_unrolling\.yml, line 1: "):
        read_bank("version: " + "[" * 20_000 + "]" * 20_000, "03_unrolling.yml")


def test_the_line_of_a_part_is_that_of_its_key() -> None:
    tree = compose_bank(GOOD)
    assert line_of(tree, ["questions", 2, "left", 1, "match"]) == at('match: "2"')
    assert line_of(tree, ["questions", 1, "prompt", "de"]) == at("de: Wie")
    assert line_of(tree, ["questions", 1, "hints"]) == at("- id: second")
    assert line_of(tree, ["questions", 99]) == 8


@settings(deadline=None, max_examples=25)
@given(banks())
def test_any_bank_is_the_same_through_yaml_and_fits_the_schema(written: dict[str, Any]) -> None:
    bank = Bank.model_validate(written)
    assert read_bank(bank_yaml(written), "03_unrolling.yml") == bank
    jsonschema.validate(written, bank_schema())


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("    prompt: Which one?", "    promt: Which one?"),
        ("version: 1", "version: 2"),
        ("type: single", "type: choice"),
    ],
)
def test_the_schema_finds_what_the_models_find(good: str, bad: str) -> None:
    import yaml

    jsonschema.validate(yaml.safe_load(GOOD), bank_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(GOOD.replace(good, bad)), bank_schema())


def test_the_schema_in_the_repository_is_current(clone: Clone) -> None:
    stored = (clone.quizzes / "bank.schema.json").read_text(encoding="utf-8")
    assert stored == bank_schema_text(), "run `course quiz schema`"
    jsonschema.Draft202012Validator.check_schema(json.loads(stored))


def test_the_guides_example_is_a_bank_without_a_mistake(clone: Clone, tmp_path: Path) -> None:
    guide = (clone.notebooks / "teaching" / "quizzes.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(# yaml-language-server.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    file = tmp_path / "03_unrolling.yml"
    file.write_text(example, encoding="utf-8")
    (checked,) = check_banks([file])
    assert [str(finding) for finding in checked.findings] == []
    bank = load_bank(file)
    assert len(bank.questions) >= 3 and bank.pools and len(bank.languages) == 2
    assert example.splitlines()[0] == EDITORS_LINE
