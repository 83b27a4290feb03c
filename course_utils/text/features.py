"""What each character of a text is a part of: the facts that a network's units may or may not keep track of."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

FEATURES = ("place in the line", "place in the word", "after a space", "in a speaker's name", "in quotes")
"""The names that `text_features` gives to them."""

_NAME = re.compile(r"^[A-Z][A-Za-z' ]*:$", re.MULTILINE)


def text_features(text: str) -> dict[str, npt.NDArray[np.float64]]:
    """The facts about each character of a text, as a reader knows them who has just read it.

    One looks ahead: whether a line is a speaker's name is told by the colon at its end.

    Args:
        text: any; what lies before its beginning counts as nothing.

    Returns:
        by the names in `FEATURES`, each (time,): the number of characters read since the last line break, and the
        number of letters since the last character that is none; then 0 or 1: whether the character is a space or a
        line break, stands in a line that is a speaker's name with its colon, or lies between double quotation marks,
        the opening mark included.
    """
    line, word = np.zeros(len(text)), np.zeros(len(text))
    quoted, name = np.zeros(len(text)), np.zeros(len(text))
    in_line = in_word = 0
    inside = False
    for at, character in enumerate(text):
        in_line = 0 if character == "\n" else in_line + 1
        in_word = in_word + 1 if character.isalpha() else 0
        inside ^= character == '"'
        line[at], word[at], quoted[at] = in_line, in_word, inside
    for found in _NAME.finditer(text):
        name[found.start() : found.end()] = 1
    space = np.array([character in " \n" for character in text], np.float64)
    return dict(zip(FEATURES, (line, word, space, name, quoted), strict=True))


def correlations(states: npt.ArrayLike, feature: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Pearson's correlation of each unit with a feature.

    Args:
        states: (time, units).
        feature: (time,).

    Returns:
        (units,), from −1 to 1; 0 for a unit, or a feature, that never changes.

    Raises:
        ValueError: if the two do not have the same number of steps.
    """
    numbers, wanted = np.asarray(states, np.float64), np.asarray(feature, np.float64)
    if numbers.ndim != 2 or wanted.shape != numbers.shape[:1]:
        raise ValueError(
            f"states have shape {numbers.shape} and the feature {wanted.shape}, expected (time, units) and (time,)."
        )
    numbers, wanted = numbers - numbers.mean(axis=0), wanted - wanted.mean()
    lengths = np.sqrt((numbers**2).sum(axis=0) * (wanted**2).sum())
    found: npt.NDArray[np.float64] = np.divide(
        wanted @ numbers, lengths, out=np.zeros_like(lengths), where=lengths > 1e-12
    )
    return found
