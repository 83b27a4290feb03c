"""The public form of a question, as students have it: what hides in it, and what is drawn for whom.

Sealed is not secret. It keeps the answers out of the page's text, out of its search and away from a glance into the
file; whoever wants to can open it. What counts for a grade is computed from the bank, on the instructor's side.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

QUESTIONS_FILE = "quiz_questions.json"
"""What lies beside a released notebook: its questions, as students may see them."""
KEY_LENGTH = 16
"""Hexadecimal digits of a key."""


_CALL = re.compile(r'quiz\("([a-z0-9-]+)"\)')


def shown_place(source: str) -> str | None:
    """What a notebook's cell shows: of `quiz("gates-forget-bias")` that name; of any other cell None."""
    found = _CALL.fullmatch(source.strip())
    return found[1] if found else None


def digest(*parts: str) -> str:
    """SHA-256 of some texts, in hexadecimal; the same in the browser."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def key(question: str, *parts: str) -> str:
    """The key by which an answer is recognised that is not to be read."""
    return digest(question, *parts)[:KEY_LENGTH]


def _veiled(question: str, content: bytes) -> bytes:
    """Each bit turned or not, as the hashes of the question's id say; twice gives the content again."""
    size = len(content)
    stream = b"".join(
        bytes.fromhex(digest("sealed", question, str(block))) for block in range(size // 32 + 1)
    )
    # As two long numbers: a loop over the bytes would take most of the time of grading a class.
    turned = int.from_bytes(content, "big") ^ int.from_bytes(stream[:size], "big")
    return turned.to_bytes(size, "big")


def seal(question: str, content: Any) -> str:
    """Data as a text that cannot be read at a glance."""
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    return base64.b64encode(_veiled(question, plain)).decode()


def unseal(question: str, sealed: str) -> Any:
    """What was sealed."""
    return json.loads(_veiled(question, base64.b64decode(sealed)))


def seeded_order(ids: Iterable[str], seed: str, context: str) -> list[str]:
    """An order that the seed decides, the same in the browser: by the hash of seed, context and id."""
    return sorted(ids, key=lambda each: digest(seed, context, each))


def drawn(place: dict[str, Any], seed: str) -> dict[str, Any]:
    """The question that is shown at a place to whoever has this seed."""
    questions: list[dict[str, Any]] = place["questions"]
    if len(questions) == 1:
        return questions[0]
    order = seeded_order([each["id"] for each in questions], seed, place["pool"])
    return next(each for each in questions if each["id"] == order[place["index"]])
