"""What answers are worth: by hand for each type and rule, and for anything at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from strategies import json_values, questions

from course_utils.errors import CourseError
from course_utils.quiz.judge import points_of
from course_utils.quiz.public import drawn, seeded_order
from course_utils.quiz.questions import Attempts, Question, printed, score

_QUESTION: TypeAdapter[Question] = TypeAdapter(Question)


def question(kind: str, **parts: Any) -> Question:
    head = {"id": "q", "type": kind, "objective": "it", "prompt": "?"}
    if kind in {"number", "text", "output"}:
        head |= {"reason": "so", "other": "look"}
    return _QUESTION.validate_python({**head, **parts})


def options(right: str, count: int = 4) -> list[dict[str, Any]]:
    return [
        {"id": each, "text": each, "reason": "so", "correct": each in right} for each in "abcdefgh"[:count]
    ]


def items(letters: str) -> list[dict[str, Any]]:
    return [{"id": each, "text": each, "reason": "so"} for each in letters]


@pytest.mark.parametrize(
    ("value", "share"),
    [("b", 1), ("a", 0), ("B", 0), (" b", 0), (["b"], 0), (None, 0), (1, 0), ("", 0), ("e", 0)],
)
def test_a_single_choice_is_right_or_wrong(value: object, share: float) -> None:
    assert question("single", options=options("b")).share(value) == share


@pytest.mark.parametrize(
    ("scoring", "value", "share"),
    [
        # a and b are right, c and d are wrong.
        ("all-or-nothing", ["a", "b"], 1),
        ("all-or-nothing", ["b", "a"], 1),
        ("all-or-nothing", ["a"], 0),
        ("all-or-nothing", ["a", "b", "c"], 0),
        ("per-option", ["a", "b"], 1),
        ("per-option", ["a"], 3 / 4),
        ("per-option", ["a", "b", "c"], 3 / 4),
        ("per-option", ["a", "c"], 2 / 4),
        ("per-option", ["c", "d"], 0),
        ("per-option", ["a", "b", "c", "d"], 2 / 4),
        ("right-minus-wrong", ["a", "b"], 1),
        ("right-minus-wrong", ["a"], 1 / 2),
        ("right-minus-wrong", ["a", "c"], 0),
        ("right-minus-wrong", ["a", "b", "c"], 1 / 2),
        ("right-minus-wrong", ["c", "d"], 0),
        # No answer at all.
        ("per-option", [], 0),
        ("per-option", ["a", "a"], 0),
        ("per-option", ["a", "z"], 0),
        ("per-option", "ab", 0),
        ("right-minus-wrong", {"a": "b"}, 0),
    ],
)
def test_several_choices_by_each_rule(scoring: str, value: object, share: float) -> None:
    assert question("several", options=options("ab"), scoring=scoring).share(value) == share


@pytest.mark.parametrize(
    ("tolerance", "value", "share"),
    [
        ({}, "16640", 1),
        ({}, "16640.0", 1),
        ({}, "1.664e4", 1),
        ({}, "33280/2", 1),
        ({}, "16640 weights", 1),
        ({}, "16641", 0),
        ({}, "16,640", 0),  # a decimal comma
        ({"absolute": 5}, "16645", 1),
        ({"absolute": 5}, "16645.1", 0),
        ({"relative": 0.01}, "16806.4", 1),
        ({"relative": 0.01}, "16807", 0),
        ({"absolute": 5, "relative": 0.01}, "16800", 1),
        ({}, 16640, 0),  # what is saved is what was typed
        ({}, "about 16640", 0),
        ({}, "nan", 0),
        ({}, "", 0),
    ],
)
def test_a_number_within_its_tolerance(tolerance: dict[str, float], value: object, share: float) -> None:
    asked = question("number", answer=16640, unit="weights", tolerance=tolerance)
    assert asked.share(value) == share


def test_the_edge_of_a_tolerance_counts_as_inside() -> None:
    asked = question("number", answer=0.42, tolerance={"absolute": 0.005})
    assert [asked.share(text) for text in ("0.425", "0.415", "0.4251", "-0.42")] == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("rules", "value", "share"),
    [
        ({}, "return_sequences", 1),
        ({}, "  Return_Sequences ", 1),
        ({}, "return _sequences", 0),
        ({"ignore_spaces": True}, "return _sequences", 1),
        ({"case_sensitive": True}, "Return_Sequences", 0),
        ({"case_sensitive": True}, "return_sequences", 1),
        ({"pattern": "return_seq.*"}, "return_seqs", 1),
        ({"pattern": "return_seq"}, "return_seqs", 0),
        ({}, "", 0),
        ({}, "x" * 1001, 0),
        ({}, ["return_sequences"], 0),
    ],
)
def test_a_text_by_its_rules(rules: dict[str, Any], value: object, share: float) -> None:
    assert question("text", accept=["return_sequences"], **rules).share(value) == share


@pytest.mark.parametrize(
    ("scoring", "order", "share"),
    [
        ("all-or-nothing", "wxyz", 1),
        ("all-or-nothing", "wxzy", 0),
        ("per-position", "wxyz", 1),
        ("per-position", "wxzy", 2 / 4),
        ("per-position", "xyzw", 0),
        ("per-position", "wxy", 0),
        ("per-position", "wwww", 0),
    ],
)
def test_an_order_by_each_rule(scoring: str, order: str, share: float) -> None:
    asked = question("order", options=items("wxyz"), scoring=scoring)
    assert asked.share([asked.shown_ids[each] for each in order]) == share
    assert asked.best_answer() == [asked.shown_ids[each] for each in "wxyz"]


@pytest.mark.parametrize(
    ("scoring", "pairs", "share"),
    [
        ("all-or-nothing", {"i": "1", "f": "2", "o": "2"}, 1),
        ("all-or-nothing", {"i": "1", "f": "2", "o": "3"}, 0),
        ("per-pair", {"i": "1", "f": "2", "o": "2"}, 1),
        ("per-pair", {"i": "1", "f": "1", "o": "2"}, 2 / 3),
        ("per-pair", {"i": "1"}, 1 / 3),
        ("per-pair", {}, 0),
    ],
)
def test_matching_by_each_rule(scoring: str, pairs: dict[str, str], share: float) -> None:
    left = [
        {"id": each, "text": each, "reason": "so", "match": match}
        for each, match in zip("ifo", "122", strict=True)
    ]
    right = [{"id": each, "text": each} for each in "123"]
    asked = question("match", left=left, right=right, scoring=scoring)
    assert asked.share({name: asked.shown_ids[each] for name, each in pairs.items()}) == share
    assert asked.share(list(pairs)) == 0


@pytest.mark.parametrize(
    ("value", "share"),
    [("1\n2", 1), ("1  \n2\n\n", 1), ("1\r\n2", 1), ("1 2", 0), ("12", 0), (" 1\n 2", 0), ("", 0)],
)
def test_output_is_compared_line_by_line(value: str, share: float) -> None:
    assert question("output", snippet="print(1)\nprint(2)").share(value) == share


def test_a_program_that_fails_says_where() -> None:
    with pytest.raises(CourseError, match="in its line 2: ZeroDivisionError"):
        printed("a = 0\nprint(1 / a)")
    with pytest.raises(CourseError, match="its snippet prints 0 characters"):
        question("output", snippet="pass").best_answer()


def test_what_is_shown_does_not_give_the_order_away() -> None:
    """The author writes the right order; the ids that readers see come from a hash, and differ by question."""
    seen = set()
    for number in range(40):
        asked = _QUESTION.validate_python(
            {"id": f"q{number}", "type": "order", "objective": "it", "prompt": "?", "options": items("wxyz")}
        )
        assert sorted(asked.best_answer()) == list("abcd")
        seen.add("".join(asked.best_answer()))
    assert len(seen) > 10


@pytest.mark.parametrize(
    ("points", "share_of_2", "expected"),
    [(1, ["a"], 0.5), (0.25, ["a"], 0.13), (0.01, ["a"], 0.01), (3, ["a", "b"], 3)],
)
def test_points_have_two_digits_and_halves_go_up(
    points: float, share_of_2: list[str], expected: float
) -> None:
    asked = question("several", options=options("ab"), scoring="right-minus-wrong", points=points)
    found = score(asked, share_of_2)
    assert found == expected
    assert type(found) is float


def test_a_third_of_a_point_is_0_33_and_two_are_0_67() -> None:
    asked = question("several", options=options("abc"), scoring="right-minus-wrong")
    assert [score(asked, chosen) for chosen in (["a"], ["a", "b"], ["a", "b", "c"])] == [0.33, 0.67, 1.0]


def test_later_attempts_are_worth_less_and_none_after_the_last() -> None:
    asked = question("single", options=options("b"), points=2, attempts={"most": 4, "decay": [1, 0.5, 0.25]})
    assert [score(asked, "b", attempt) for attempt in (1, 2, 3, 4, 5, 10**9)] == [2, 1, 0.5, 0.5, 0, 0]
    assert [score(asked, "a", attempt) for attempt in (1, 4)] == [0, 0]


def test_without_rules_every_attempt_is_worth_the_same() -> None:
    asked = question("single", options=options("b"))
    assert [score(asked, "b", attempt) for attempt in (1, 2, 10_000)] == [1, 1, 1]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.none() | st.integers(1, 8), st.integers(1, 20))
def test_attempts_by_their_definition(decay: list[float], most: int | None, attempt: int) -> None:
    share = Attempts(most=most, decay=tuple(decay)).share(attempt)
    expected = decay[attempt - 1] if attempt <= len(decay) else decay[-1]
    assert share == (0 if most is not None and attempt > most else expected)


@given(
    st.floats(0.1, 100), st.floats(0, 1), st.lists(st.floats(0, 1), min_size=1, max_size=3), st.integers(1, 9)
)
def test_students_are_shown_the_points_that_the_grader_gives(
    points: float, share: float, decay: list[float], attempt: int
) -> None:
    class Fixed(type(question("single", options=options("b")))):  # type: ignore[misc]
        def share(self, value: object) -> float:
            return share

    asked = Fixed(
        id="q",
        type="single",
        objective="it",
        prompt="?",
        options=options("b"),
        points=points,
        attempts={"most": 5, "decay": decay},
    )
    public = {"points": points, "most": 5, "decay": decay}
    assert score(asked, "b", attempt) == points_of(public, share, attempt)


@given(questions(), json_values)
def test_whatever_is_saved_is_worth_between_nothing_and_all(written: dict[str, Any], value: Any) -> None:
    asked = _QUESTION.validate_python(written)
    assert 0 <= asked.share(value) <= 1
    assert 0 <= score(asked, value) <= asked.points + 0.005


@given(questions())
def test_the_best_answer_is_worth_everything(written: dict[str, Any]) -> None:
    asked = _QUESTION.validate_python(written)
    assert asked.share(asked.best_answer()) == 1


def _place(count: int, draw: int) -> list[dict[str, Any]]:
    pool = [{"id": f"q{number}"} for number in range(count)]
    return [{"questions": pool, "pool": "a-pool", "index": index} for index in range(draw)]


def test_a_seed_draws_the_same_again_and_never_twice_the_same() -> None:
    places = _place(5, 3)
    for number in range(300):
        ids = [drawn(place, f"student-{number}")["id"] for place in places]
        assert ids == [drawn(place, f"student-{number}")["id"] for place in places]
        assert len(set(ids)) == 3


def test_draws_are_about_uniform_over_students() -> None:
    place = _place(4, 1)[0]
    counts = {f"q{number}": 0 for number in range(4)}
    for number in range(3000):
        counts[drawn(place, f"student-{number}")["id"]] += 1
    # 750 each; 100 is over four standard deviations.
    assert all(abs(count - 750) < 100 for count in counts.values()), counts


def test_the_order_of_options_depends_on_student_and_question() -> None:
    ids = list("abcd")
    orders = {tuple(seeded_order(ids, f"student-{number}", "q")) for number in range(400)}
    assert len(orders) == 24
    assert seeded_order(ids, "ada", "q") == seeded_order(reversed(ids), "ada", "q")
    assert len({tuple(seeded_order(ids, "ada", f"q{number}")) for number in range(50)}) > 10
