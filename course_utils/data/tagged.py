"""Sentences whose every word has a known tag, from a grammar small enough that the best possible answers are known.

The grammar is a chain: from each place in a sentence there are a few places to go on to, with known odds, and each
place draws its word from a list. Words such as "light" are on several lists, as a noun ("the light"), an adjective
("the light bag") and a verb ("they light the lamp"), and only their neighbours tell, sometimes the one before,
sometimes the one after. For such a chain the odds of each tag, given the sentence, or given only what stands before
or after, are computed exactly by the forward-backward algorithm (Rabiner 1989). So it is known how often any reader
at all can be right.

Every word here was chosen for this course.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

TAGS: Final = ("DET", "ADJ", "NOUN", "VERB", "PRON", "AUX", "PREP", "ADV", "CONJ", "END")
"""The tags: determiner, adjective, noun, verb, pronoun, auxiliary, preposition, adverb, conjunction, full stop."""

Read = Literal["both", "before", "after"]


@dataclass(frozen=True)
class TaggedSentence:
    """A sentence of the grammar.

    Attributes:
        words: in lower case; the last one is the full stop.
        tags: one for each word, from `TAGS`.
    """

    words: tuple[str, ...]
    tags: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(f"{word}/{tag}" for word, tag in zip(self.words, self.tags, strict=True))


def _words(text: str) -> list[str]:
    return text.split()


_ANY: Final = _words(
    """
    light calm level square double sound blank fine dry warm cool clean
    """
)
"""Noun, adjective and verb ("a cool", "a clean" and the like are rare in life and common here)."""
_NOUN_VERB: Final = _words(
    """
    paint plant watch cook guide lock judge mark
    """
)
_ADJECTIVES: Final = _words(
    """
    green old small heavy long round empty broken red quiet wooden cheap
    """
)
_NOUNS: Final = _words(
    """
    bag lamp room fire apple bird boat table garden road letter wall door cup horse box river coat bell tower
    field bridge clock basket knife stone window market pot flag rope shelf chain wheel hat kite
    """
)
_PLURALS: Final = _words(
    """
    bags lamps rooms fires apples birds boats tables letters walls doors cups horses boxes coats bells fields
    clocks stones windows pots ropes shelves wheels hats kites
    """
)
_PEOPLE: Final = _words(
    """
    children sailors farmers teachers neighbours painters bakers tailors
    """
)
_VERBS: Final = _words(
    """
    carry find need take want keep see bring buy sell
    """
)
_PAST: Final = _words(
    """
    carried found needed took wanted kept brought bought sold dropped
    """
)
_SAW: Final = ["saw", "heard", "watched"]

# place: (tag, words, where to go on: odds). Where a list of words has many, the first are the most frequent.
_PLACES: Final[dict[str, tuple[str, Sequence[str], dict[str, float]]]] = {
    "det": ("DET", ["the", "this", "every"], {"adj": 0.3, "adj?": 0.25, "noun": 0.2, "noun?": 0.25}),
    "adj": ("ADJ", _ADJECTIVES, {"noun": 0.6, "noun?": 0.4}),
    "adj?": ("ADJ", _ANY, {"noun": 0.8, "adj": 0.2}),
    "noun": ("NOUN", _NOUNS, {"aux": 0.45, "past": 0.35, "prep": 0.2}),
    "noun?": ("NOUN", [*_ANY, *_NOUN_VERB], {"aux": 0.45, "past": 0.35, "prep": 0.2}),
    "people": ("NOUN", _PEOPLE, {"aux": 0.25, "verb": 0.2, "verb?": 0.35, "past": 0.1, "saw": 0.1}),
    "the people": ("DET", ["the", "these"], {"people": 0.8, "adj of people": 0.2}),
    "adj of people": ("ADJ", [*_ADJECTIVES, *_ANY], {"people": 1.0}),
    "pron": (
        "PRON",
        ["they", "we", "you"],
        {"aux": 0.2, "verb": 0.25, "verb?": 0.4, "adv": 0.1, "saw": 0.05},
    ),
    "adv": ("ADV", ["often", "never", "always"], {"verb": 0.4, "verb?": 0.6}),
    "prep": ("PREP", ["near", "with", "under"], {"det in": 1.0}),
    "det in": ("DET", ["the", "this", "that"], {"adj in": 0.3, "noun in": 0.3, "noun? in": 0.4}),
    "adj in": ("ADJ", [*_ADJECTIVES, *_ANY], {"noun in": 0.6, "noun? in": 0.4}),
    "noun in": ("NOUN", _NOUNS, {"aux": 0.6, "past": 0.4}),
    "noun? in": ("NOUN", [*_ANY, *_NOUN_VERB], {"aux": 0.6, "past": 0.4}),
    "aux": ("AUX", ["must", "can", "will"], {"verb": 0.4, "verb?": 0.6}),
    "verb": ("VERB", _VERBS, {"object det": 0.6, "plural": 0.1, "object adj": 0.3}),
    "verb?": ("VERB", [*_ANY, *_NOUN_VERB], {"object det": 0.4, "plural": 0.3, "object adj": 0.3}),
    "past": ("VERB", _PAST, {"object det": 0.6, "plural": 0.2, "object adj": 0.2}),
    "object det": ("DET", ["the", "this", "that"], {"object adj1": 0.45, "object": 0.25, "object?": 0.3}),
    "object adj1": ("ADJ", [*_ANY, *_ADJECTIVES], {"object": 0.6, "object?": 0.4}),
    "object": ("NOUN", _NOUNS, {"stop": 0.5, "and": 0.2, "late prep": 0.3}),
    "object?": ("NOUN", [*_ANY, *_NOUN_VERB], {"stop": 0.5, "and": 0.2, "late prep": 0.3}),
    "object adj": ("ADJ", [*_ANY, *_ADJECTIVES], {"plural": 1.0}),
    "plural": ("NOUN", _PLURALS, {"stop": 0.5, "and": 0.2, "late prep": 0.3}),
    "late prep": ("PREP", ["near", "with", "under"], {"late det": 0.8, "late adj": 0.2}),
    "late det": ("DET", ["the", "this", "that"], {"late noun": 0.4, "late noun?": 0.6}),
    "late adj": ("ADJ", [*_ANY, *_ADJECTIVES], {"late plural": 1.0}),
    "late noun": ("NOUN", _NOUNS, {"stop": 1.0}),
    "late noun?": ("NOUN", [*_ANY, *_NOUN_VERB], {"stop": 1.0}),
    "late plural": ("NOUN", _PLURALS, {"stop": 1.0}),
    # "they saw her light lamps": her lamps, or she lit them? Nobody can know.
    "saw": ("VERB", _SAW, {"her": 0.55, "she": 0.45}),
    "her": ("DET", ["her"], {"her adj": 1.0}),
    "she": ("PRON", ["her"], {"she does": 1.0}),
    "her adj": ("ADJ", _ANY, {"late plural": 1.0}),
    "she does": ("VERB", _ANY, {"late plural": 1.0}),
    "and": ("CONJ", ["and", "but"], {"pron": 0.5, "the people": 0.5}),
    "stop": ("END", ["."], {}),
}
_FIRST: Final = {"pron": 0.35, "the people": 0.25, "det": 0.4}
LONGEST: Final = 24
"""Words in a sentence at most, the full stop among them."""


def _odds(words: Sequence[str]) -> npt.NDArray[np.float64]:
    """(words,) how often each word of a list is drawn: in a long list of nouns the last ones are rare."""
    rank = np.arange(1, len(words) + 1)
    weights = 1 / rank if words in (_NOUNS, _PLURALS) else np.ones(len(words))
    return np.asarray(weights / weights.sum())


def tagged_sentences(count: int, seed: int = 0) -> list[TaggedSentence]:
    """Write sentences whose tags are known.

    Args:
        count: how many.
        seed: the same seed writes the same sentences; fewer of them are the first ones of more.

    Returns:
        The sentences, each once, of 4 to 24 words.

    Raises:
        ValueError: if `count` is negative.
    """
    if count < 0:
        raise ValueError(f"count is {count}, expected 0 or more.")
    draw = random.Random(seed)
    written: dict[TaggedSentence, None] = {}
    while len(written) < count:
        sentence = _write(draw)
        if len(sentence.words) <= LONGEST:
            written[sentence] = None
    return list(written)


def _write(draw: random.Random) -> TaggedSentence:
    words, tags, onward = [], [], _FIRST
    while onward:
        (place,) = draw.choices(list(onward), list(onward.values()))
        tag, list_of_words, onward = _PLACES[place]
        words += draw.choices(list_of_words, list(_odds(list_of_words)))
        tags.append(tag)
    return TaggedSentence(tuple(words), tuple(tags))


class _Chain:
    """The grammar in numbers."""

    def __init__(self) -> None:
        names = list(_PLACES)
        self.tag_of = np.array([TAGS.index(_PLACES[name][0]) for name in names])  # (places,)
        self.first = np.array([_FIRST.get(name, 0.0) for name in names])  # (places,)
        self.onward = np.array([[_PLACES[one][2].get(name, 0.0) for name in names] for one in names])
        words = sorted({word for _, some, _ in _PLACES.values() for word in some})
        self.word_ids = {word: place for place, word in enumerate(words)}
        self.draws = np.zeros((len(names), len(words)))  # (places, words)
        for place, name in enumerate(names):
            some = _PLACES[name][1]
            self.draws[place, [self.word_ids[word] for word in some]] = _odds(some)
        self.last = np.array([float(not _PLACES[name][2]) for name in names])  # (places,)


@functools.cache
def _chain() -> _Chain:
    return _Chain()


def tag_odds(words: Sequence[str], read: Read = "both") -> npt.NDArray[np.float64]:
    """The true odds of each word's tags, given the word and what else is read.

    The forward-backward algorithm for hidden Markov models (Rabiner 1989), with the odds by which the grammar itself
    draws. On average, no reader of the same words is right more often than by always taking the tag with the largest
    odds.
    (That no sentence is longer than `LONGEST` and none comes twice is left out of account: it concerns few sentences.)

    Args:
        words: a sentence of the grammar.
        read: "both": the whole sentence; "before": the word and all before it; "after": the word, all after it, and how
            many words stand before it.

    Returns:
        (words, tags), each row sums to 1; the tags in the order of `TAGS`.

    Raises:
        ValueError: for a word that the grammar does not have, words in an order that it never writes, or another
            `read`.
    """
    if read not in ("both", "before", "after"):
        raise ValueError(f"read is {read!r}, expected 'both', 'before' or 'after'.")
    chain = _chain()
    unknown = [word for word in words if word not in chain.word_ids]
    if unknown:
        raise ValueError(f"the grammar has no word {unknown[0]!r}.")
    seen = chain.draws[:, [chain.word_ids[word] for word in words]].T  # (words, places)
    count = len(words)
    forward, backward, prior = np.zeros_like(seen), np.ones_like(seen), np.zeros_like(seen)
    reach = chain.first
    for t in range(count):
        prior[t] = reach  # before any word is read
        forward[t] = (chain.first if t == 0 else forward[t - 1] @ chain.onward) * seen[t]
        forward[t] /= forward[t].sum() or 1.0
        reach = reach @ chain.onward
    backward[-1] = chain.last
    for t in range(count - 2, -1, -1):
        backward[t] = chain.onward @ (seen[t + 1] * backward[t + 1])
        backward[t] /= backward[t].sum() or 1.0
    if read == "both":
        odds = forward * backward
    elif read == "before":
        odds = forward
    else:
        odds = prior * seen * backward
    total = odds.sum(axis=1, keepdims=True)
    if not (total > 0).all():
        raise ValueError(f"the grammar never writes {' '.join(words)!r}.")
    by_tag = np.zeros((count, len(TAGS)))
    for place, tag in enumerate(chain.tag_of):
        by_tag[:, tag] += (odds / total)[:, place]
    return by_tag
