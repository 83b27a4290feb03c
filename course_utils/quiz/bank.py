"""The question bank: one YAML file a chapter, read and checked; what is wrong is named with its file and line."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import Field, StringConstraints, ValidationError, model_validator

from course_utils.errors import CourseError
from course_utils.quiz.questions import Identifier, Language, Misfit, Part, Question, Words


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place of a bank."""

    file: str
    line: int
    question: str | None
    """Its id, or its number; None where it is about the bank."""
    text: str

    def __str__(self) -> str:
        who = f", question {self.question}" if self.question else ""
        return f"{self.file}{who}, line {self.line}: {self.text}"


class BankError(CourseError):
    """A bank that cannot be used; the message names the file, the question and the line of each problem.

    Args:
        problems: at least one.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Pool(Part):
    """Questions of which each student gets some: `ID-1`, `ID-2`, … stand for those that are drawn."""

    id: Identifier
    draw: Annotated[int, Field(ge=1)] = 1
    questions: Annotated[tuple[Identifier, ...], Field(min_length=2)]

    @property
    def places(self) -> list[str]:
        """The ids by which the drawn questions are shown."""
        return [f"{self.id}-{number}" for number in range(1, self.draw + 1)]


class Bank(Part):
    """The questions of one chapter."""

    version: Literal[1]
    language: Language
    chapter: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")]
    mode: Literal["practice", "exam"] = "practice"
    """`practice` gives a verdict and its reason at once; of `exam`, students see neither keys nor reasons."""
    objectives: Annotated[dict[Identifier, Words], Field(min_length=1)]
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]
    pools: tuple[Pool, ...] = ()

    @model_validator(mode="after")
    def _names_fit(self) -> Bank:
        found = [*self._misfits()]
        if found:
            raise Misfit(found)
        return self

    def _misfits(self) -> Iterator[tuple[tuple[int | str, ...], str]]:
        ids = [question.id for question in self.questions]
        used: set[str] = set()
        for index, question in enumerate(self.questions):
            if question.id in used:
                yield (
                    ("questions", index, "id"),
                    f"the id {question.id!r} is used {ids.count(question.id)} times",
                )
            used.add(question.id)
            if question.objective not in self.objectives:
                yield ("questions", index, "objective"), f"there is no objective {question.objective!r}"
        taken: set[str] = set()
        for index, pool in enumerate(self.pools):
            here = ("pools", index)
            for place in pool.places:
                if place in used:
                    yield (*here, "id"), f"the id {place!r} of the pool {pool.id!r} is used otherwise too"
                used.add(place)
            for number, name in enumerate(pool.questions):
                if name not in ids:
                    problem = f"the pool {pool.id!r} names {name!r}, which is no question of this bank"
                    yield (*here, "questions", number), problem
                elif name in taken:
                    yield (*here, "questions", number), f"{name!r} is in more than one pool, or twice in one"
                taken.add(name)
            if pool.draw > len(pool.questions):
                problem = f"the pool {pool.id!r} draws {pool.draw} of {len(pool.questions)} questions"
                yield (*here, "draw"), problem
            if len({self.question(name).points for name in pool.questions if name in ids}) > 1:
                yield (*here, "questions"), f"the questions of the pool {pool.id!r} have different points"

    def question(self, name: str) -> Question:
        """The question of this id.

        Raises:
            KeyError: where there is none.
        """
        for question in self.questions:
            if question.id == name:
                return question
        raise KeyError(name)

    @property
    def places(self) -> dict[str, list[Question]]:
        """What is shown, by the id that a notebook gives to `quiz()`: one question, or those of a pool."""
        pooled = {name for pool in self.pools for name in pool.questions}
        places = {each.id: [each] for each in self.questions if each.id not in pooled}
        for pool in self.pools:
            for place in pool.places:
                places[place] = [self.question(name) for name in pool.questions]
        return places

    @property
    def points(self) -> dict[str, float]:
        """The points of each place."""
        return {place: questions[0].points for place, questions in self.places.items()}

    def words(self, words: Words, language: str) -> str:
        """A text in this language, or else in the bank's own, or else in any that it has."""
        if isinstance(words, str):
            return words
        return words.get(language) or words.get(self.language) or next(iter(words.values()))

    @property
    def languages(self) -> list[str]:
        """The languages that its questions are written in, its own first."""
        found = {self.language}
        found.update(*(words for each in self.questions if not isinstance(words := each.prompt, str)))
        return sorted(found, key=lambda language: (language != self.language, language))


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML, in which no key may be written twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    told = f"the key {key.value!r} is written twice"
                    raise yaml.MarkedYAMLError(None, None, told, key.start_mark)
                seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return found


def line_of(node: yaml.Node | None, place: Sequence[int | str]) -> int:
    """The line, from 1, of the deepest part of a YAML document that is there on the way to this place.

    Args:
        node: the document, as `compose_bank` gives it.
        place: keys and indices, from the outside in.
    """
    line = node.start_mark.line + 1 if node else 1
    for part in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            inner = [(key, value) for key, value in node.value if key.value == part]
            if not inner:
                continue  # the type of a question is no key of its own
            line, node = inner[0][0].start_mark.line + 1, inner[0][1]
            continue
        else:
            continue
        line = node.start_mark.line + 1
    return line


def compose_bank(text: str) -> yaml.Node | None:
    """A bank's YAML as nodes that know their lines, for `line_of`."""
    node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    return node


def read_bank(text: str, name: str) -> Bank:
    """Read a bank from its text.

    Args:
        text: YAML.
        name: what the file is called, for errors.

    Raises:
        BankError: naming the file, the question and the line of everything that is wrong.
    """
    try:
        tree = compose_bank(text)
        content = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise BankError(Problem(name, mark.line + 1 if mark else 1, None, str(error.problem))) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BankError(
            Problem(name, line, None, "a character that YAML does not allow; delete it")
        ) from None
    except RecursionError:
        raise BankError(Problem(name, 1, None, "it is nested too deeply")) from None
    if not isinstance(content, dict):
        raise BankError(Problem(name, 1, None, "this is no bank; start it with `version: 1`"))
    try:
        return Bank.model_validate(content)
    except ValidationError as error:
        raise BankError(*_problems(error, content, tree, name)) from None


def _problems(
    error: ValidationError, content: dict[str, Any], tree: yaml.Node | None, name: str
) -> Iterator[Problem]:
    told = error.errors()
    for each in told:
        place = each["loc"]
        inside = any(other["loc"][: len(place)] == place and other["loc"] != place for other in told)
        if each["type"] == "too_short" and inside:
            continue  # too few are left because others are wrong, which is told
        cause = each.get("ctx", {}).get("error")
        found = cause.found if isinstance(cause, Misfit) else [((), _advice(each))]
        for more, text in found:
            whole = (*_without_tags(place), *more)
            if each["type"].startswith("union_tag"):
                whole = (*whole, "type")
            yield _problem(name, whole, text, content, tree)


def _problem(
    name: str, place: tuple[int | str, ...], text: str, content: dict[str, Any], tree: yaml.Node | None
) -> Problem:
    who = None
    if place[:1] == ("questions",) and len(place) > 1 and isinstance(place[1], int):
        question = content["questions"][place[1]]
        label = question.get("id") if isinstance(question, dict) else None
        who = str(label or place[1] + 1)
    where = ".".join(str(part) for part in place[2 if who else 0 :])
    return Problem(name, line_of(tree, place), who, f"{where}: {text}" if where else text)


_TAGS = {"one-text", "by-language", "[key]"}


def _without_tags(place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """The way through the YAML: pydantic also names which kind of question or text it took each part for."""
    if place[:1] == ("questions",):
        place = place[:2] + place[3:]
    return tuple(part for part in place if part not in _TAGS)


_PARTS: list[type[Part]] = [Bank, *Part.__subclasses__(), *get_args(get_args(Question)[0])]
_SPELT = sorted({name for part in _PARTS for name in part.model_fields})
"""Every key that a bank can have somewhere."""


def _advice(error: Any) -> str:
    """What is wrong, and what to do, in words of the bank."""
    context, given = error.get("ctx", {}), error["input"]
    key = str(error["loc"][-1]) if error["loc"] else ""
    match error["type"]:
        case "missing":
            return "it is missing; add it"
        case "extra_forbidden":
            near = difflib.get_close_matches(key, _SPELT, n=1)
            return (
                f"this key is not known here; did you mean {near[0]!r}?"
                if near
                else "this key is not known here"
            )
        case "string_type":
            return f"a text is wanted here, not {given!r}; put it in quotes"
        case "string_too_short":
            return "it is empty; write something"
        case "union_tag_invalid":
            return f"there is no type {context['tag']!r}; the types are {context['expected_tags']}"
        case "union_tag_not_found":
            return "it is missing; the types are 'single', 'several', 'number', 'text', 'order', 'match', 'output'"
        case "string_pattern_mismatch":
            return f"{given!r} cannot be used here; it has to match {context['pattern']}"
    text: str = error["msg"]
    return text.removeprefix("Value error, ")


def load_bank(file: Path) -> Bank:
    """Read one bank.

    Raises:
        BankError: for a file that is no bank, or one of another chapter.
    """
    return bank_of_file(file)[0]


def bank_of_file(file: Path) -> tuple[Bank, str]:
    """One bank and its text, for whoever wants its lines.

    Raises:
        BankError: as `load_bank`.
    """
    try:
        content = file.read_bytes()
        text = content.decode("utf-8")
    except OSError as error:
        raise BankError(Problem(file.name, 1, None, f"it cannot be read: {error.strerror}")) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BankError(Problem(file.name, line, None, "it is not UTF-8; save it as UTF-8")) from None
    bank = read_bank(text, file.name)
    if bank.chapter != file.stem:
        line = line_of(compose_bank(text), ["chapter"])
        told = f"it says that it belongs to {bank.chapter!r}; call the file {bank.chapter}.yml"
        raise BankError(Problem(file.name, line, None, told))
    return bank, text


def load_banks(folder: Path) -> dict[str, Bank]:
    """Every bank of a folder, by chapter.

    Raises:
        BankError: for a bank that is none, or an id that two banks use.
    """
    banks = {file.stem: load_bank(file) for file in sorted(folder.glob("*.yml"))}
    seen: dict[str, str] = {}
    for chapter, bank in banks.items():
        for name in {*bank.places, *(question.id for question in bank.questions)}:
            if name in seen:
                told = f"the id {name!r} is also used in {seen[name]}.yml"
                raise BankError(Problem(f"{chapter}.yml", 1, None, told))
            seen[name] = chapter
    return banks


def bank_schema() -> dict[str, Any]:
    """The JSON Schema of a bank, for editors."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, **Bank.model_json_schema(), "title": "A bank of questions"}


def bank_schema_text() -> str:
    """The same, as `quizzes/bank.schema.json` holds it."""
    return json.dumps(bank_schema(), ensure_ascii=False, indent=2) + "\n"
