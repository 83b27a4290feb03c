"""Any bank that the models accept, as its author would write it; and any answer."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

LETTERS = "abcdefghijklmnopqrstuvwxyz"
# No control characters, no halves of characters, none for private use; no dollar, or it would be TeX by chance.
_CHARACTERS = st.characters(
    codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn", "Zl", "Zp"), exclude_characters="$"
)
_MARKS = st.sampled_from("abc xyz *_`#-+>[]()!|\\<&\"'=~{}:%.1")
TEX = st.sampled_from(
    ["$h_t$", r"$\tanh(W_h h_{t-1})$", r"$\frac{a}{b}$", "$a < b$", r"$x \in [0, 1]$", "$$e^{-z}$$"]
)
PROGRAMS = ["print('Ant' + 'wort')", "print(7 * 11 * 13)\nprint('  ja ')", "print(2.5)"]


def _filled(text: str) -> bool:
    return bool(text.strip()) and bool(text.strip("\u200b\ufeff \u0085"))


plain_texts = st.text(_CHARACTERS, min_size=1, max_size=25).filter(_filled)
marked_texts = st.text(_MARKS, min_size=1, max_size=25).filter(_filled)
texts = st.one_of(
    plain_texts,
    marked_texts,
    TEX,
    st.tuples(plain_texts, TEX).map(" ".join),
    st.lists(marked_texts, min_size=2, max_size=3).map("\n\n".join),
)
words = st.one_of(texts, st.dictionaries(st.sampled_from(["en", "de", "ru"]), texts, min_size=1, max_size=3))
typed = plain_texts | marked_texts | st.sampled_from(["return_sequences", "Straße", "0.5", "ﬁ"])
identifiers = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,6}){0,2}", fullmatch=True)
numbers = st.one_of(
    st.integers(-(10**9), 10**9),
    st.floats(-1e12, 1e12, allow_nan=False),
    st.floats(-1e-6, 1e-6, allow_nan=False),
)
attempts = st.fixed_dictionaries(
    {},
    optional={
        "most": st.none() | st.integers(1, 5),
        "decay": st.lists(st.sampled_from([1.0, 0.75, 0.5, 0.3333, 0.0]), min_size=1, max_size=4),
    },
)


def _ids(count: int) -> list[str]:
    return list(LETTERS[:count])


@st.composite
def _options(draw: st.DrawFn, most: int, *, one: bool) -> list[dict[str, Any]]:
    count = draw(st.integers(2, most))
    right = {draw(st.integers(0, count - 1))} if one else draw(st.sets(st.integers(0, count - 1), min_size=1))
    return [
        {
            "id": name,
            "text": draw(words),
            "reason": draw(words),
            **({"correct": True} if index in right else {}),
        }
        for index, name in enumerate(_ids(count))
    ]


@st.composite
def _body(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    match kind:
        case "single":
            return {"options": draw(_options(8, one=True)), "shuffle": draw(st.booleans())}
        case "several":
            scoring = st.sampled_from(["all-or-nothing", "per-option", "right-minus-wrong"])
            return {
                "options": draw(_options(10, one=False)),
                "scoring": draw(scoring),
                "shuffle": draw(st.booleans()),
            }
        case "order":
            items = [
                {"id": name, "text": draw(words), "reason": draw(words)}
                for name in _ids(draw(st.integers(2, 8)))
            ]
            return {"options": items, "scoring": draw(st.sampled_from(["all-or-nothing", "per-position"]))}
        case "match":
            rights = [{"id": str(number), "text": draw(words)} for number in range(draw(st.integers(2, 9)))]
            lefts = [
                {
                    "id": name,
                    "text": draw(words),
                    "match": draw(st.sampled_from(rights))["id"],
                    "reason": draw(words),
                }
                for name in _ids(draw(st.integers(2, 8)))
            ]
            return {
                "left": lefts,
                "right": rights,
                "scoring": draw(st.sampled_from(["all-or-nothing", "per-pair"])),
            }
        case "number":
            answer = draw(numbers)
            absolute = draw(st.sampled_from([0, 0.005, 3]))
            relative = draw(st.sampled_from([0, 0.01]))
            allowed = max(absolute, relative * abs(answer))
            far = allowed + 1e-6 * max(1.0, abs(answer))
            mistakes = [
                {"answer": answer + sign * far * 2, "reason": draw(words)}
                for sign in draw(st.sets(st.sampled_from([-1, 1])))
            ]
            return {
                "answer": answer,
                "tolerance": {"absolute": absolute, "relative": relative},
                "unit": draw(st.sampled_from([None, "nats", "%", "a<b"])),
                "mistakes": mistakes,
                "reason": draw(words),
                "other": draw(words),
            }
        case "text":
            accept = draw(st.lists(typed, min_size=1, max_size=3))
            return {
                "accept": accept,
                "case_sensitive": draw(st.booleans()),
                "ignore_spaces": draw(st.booleans()),
                "pattern": draw(st.sampled_from([None, "LSTM|GRU", "[0-9]+"])),
                "mistakes": [{"text": f"{accept[0]} not {draw(plain_texts)}", "reason": draw(words)}],
                "reason": draw(words),
                "other": draw(words),
            }
        case _:
            return {
                "snippet": draw(st.sampled_from(PROGRAMS)),
                "mistakes": [{"text": draw(typed), "reason": draw(words)}],
                "reason": draw(words),
                "other": draw(words),
            }


TYPES = ("single", "several", "number", "text", "order", "match", "output")


@st.composite
def questions(draw: st.DrawFn, kind: str | None = None) -> dict[str, Any]:
    """One question, under the objective `it`."""
    kind = kind or draw(st.sampled_from(TYPES))
    question = {
        "id": draw(identifiers),
        "type": kind,
        "points": draw(st.sampled_from([1, 2, 0.5, 0.1, 3.7])),
        "objective": "it",
        "tags": draw(st.lists(identifiers, max_size=2)),
        "prompt": draw(words),
        **draw(_body(kind)),
    }
    if draw(st.booleans()):
        question["hints"] = draw(st.lists(words, max_size=3))
    if draw(st.booleans()):
        question["explanation"] = draw(words)
    if draw(st.booleans()):
        question["attempts"] = draw(attempts)
    return question


@st.composite
def banks(draw: st.DrawFn, mode: str | None = None) -> dict[str, Any]:
    """A bank with one to three questions, perhaps with a pool of two more."""
    found = draw(st.lists(questions(), min_size=1, max_size=3, unique_by=lambda question: question["id"]))
    bank: dict[str, Any] = {
        "version": 1,
        "language": draw(st.sampled_from(["en", "de"])),
        "chapter": "03_unrolling",
        "mode": mode or draw(st.sampled_from(["practice", "exam"])),
        "objectives": {"it": draw(words)},
        "questions": found,
    }
    if draw(st.booleans()):
        pooled = [{**draw(questions()), "id": f"pooled-{number}", "points": 2} for number in (1, 2)]
        bank["questions"] = [*found, *pooled]
        bank["pools"] = [
            {"id": "a-pool", "draw": draw(st.integers(1, 2)), "questions": ["pooled-1", "pooled-2"]}
        ]
    return bank


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
"""Whatever a file can hold."""


@st.composite
def answers_to(draw: st.DrawFn, question: dict[str, Any]) -> Any:
    """An answer of the right form to a question in its public form, right or wrong."""
    ids = [each["id"] for each in question.get("options", [])]
    match question["type"]:
        case "single":
            return draw(st.sampled_from(ids))
        case "several":
            return draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
        case "order":
            return draw(st.permutations(ids))
        case "match":
            rights = st.sampled_from([each["id"] for each in question["right"]])
            return {each["id"]: draw(rights) for each in question["left"]}
        case "number":
            return draw(numbers.map(repr) | st.sampled_from(["0.5", "1/3", "−3", "2,5", "1e-3"]))
        case _:
            return draw(typed | st.sampled_from(["Antwort", "1001\n  ja", "2.5", "LSTM", "17"]))
