"""What a typed answer says: the one grammar of numbers and texts, in Python and, the same, in `js/_normalise.js`.

Both are held to the vectors of `tests/quiz/normalisation.json`.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 1000
"""Characters; a longer answer is no answer."""

# Written out: what the languages themselves take for white space differs.
_SPACES = "\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
_SPACE = re.compile(f"[{_SPACES}]+")
_ENDS = re.compile(f"^[{_SPACES}]+|[{_SPACES}]+$")
_DECIMAL = r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_NUMBER = re.compile(rf"({_DECIMAL})(?: ?/ ?({_DECIMAL}))?")
# 16,640 may be meant as sixteen thousand or as sixteen and a bit: no guess, the reader is asked.
_AMBIGUOUS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
_MINUS = re.compile("[\u2212\u2013\ufe63\uff0d]")


def trimmed(text: str) -> str:
    """The text without white space at its ends."""
    return _ENDS.sub("", text)


def read_number(text: str, unit: str = "") -> float | None:
    """The number that somebody typed.

    A decimal point or comma, a power of ten as in `1e-3`, a fraction as in `1/3`, and after it the unit, if they like.
    What may be a decimal comma or a mark for thousands, as in `16,640`, is no number.

    Args:
        text: as typed.
        unit: what may stand behind it.

    Returns:
        the number, or None where the text is no finite number.
    """
    if len(text) > LONGEST:
        return None
    text = trimmed(_MINUS.sub("-", text))
    behind = trimmed(_MINUS.sub("-", unit))
    if behind and text.endswith(behind):
        text = trimmed(text[: -len(behind)])
    found = _NUMBER.fullmatch(_SPACE.sub(" ", text))
    if not found or _AMBIGUOUS.fullmatch(found[1]):
        return None
    above, below = (float(part.replace(",", ".")) for part in (found[1], found[2] or "1"))
    if below == 0:
        return None
    number = above / below
    return number if abs(number) < float("inf") else None


def normal_text(text: str, *, case_sensitive: bool = False, ignore_spaces: bool = False) -> str:
    """A word or a phrase, so that two ways to type the same are the same.

    Compatible forms of characters are one (NFKC), white space is one space and none at the ends, and unless it is
    `case_sensitive`, so are small and capital letters.
    """
    text = unicodedata.normalize("NFKC", text)
    if not case_sensitive:
        # Up first: so the German sharp s is two letters in every language's lower().
        text = unicodedata.normalize("NFKC", text.upper().lower())
    return _SPACE.sub("", text) if ignore_spaces else trimmed(_SPACE.sub(" ", text))


def normal_output(text: str) -> str:
    """What a program prints, without white space at the ends of lines and of the whole."""
    lines = re.split("\r\n|\r|\n", text)
    return trimmed("\n".join(re.sub(f"[{_SPACES}]+$", "", line) for line in lines))
