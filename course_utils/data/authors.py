"""Three invented authors who share their words and differ in their rhythm, for a project on authorship.

All three choose from the same words, and the people, places and things of a story are drawn anew for each story: they
tell which story a passage is from, and so its author, but nothing about the author of *another* story. What carries
over is rhythm. Each passage has a short sentence and a long one, and the long one has a comma, a semicolon and a
dash. All authors use each of them once; they differ in which comes first. So every count of characters, or of pairs
of neighbours, is blind to it. What counts do see is each author's weak liking for some words.

Every word here was written for this course.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Final

AUTHORS: Final = ("Ashdown", "Brook", "Calder")
"""The three invented authors."""
STORIES: Final = 24
"""Stories by each author."""
PASSAGES: Final = 15
"""Passages in each story."""
FAITHFUL: Final = 0.93
"""How often an author puts the dash where he or she likes it."""
SHORT_FIRST: Final = {"Ashdown": 0.85, "Brook": 0.15, "Calder": 0.5}
"""How often an author begins with the short sentence."""
LIKING: Final = 0.5
"""How often an author takes the word that he or she likes; the other two share the rest."""


@dataclass(frozen=True)
class Passage:
    """Two sentences from a story.

    Attributes:
        text: the sentences.
        author: who wrote them; one of `AUTHORS`.
        story: the story's number, counted over all authors from 0.
    """

    text: str
    author: str
    story: int


def _words(text: str) -> list[str]:
    return text.split()


# Where the dash stands among the three marks: Ashdown keeps it for the end, Brook begins with it.
_DASH_AT: Final = {"Ashdown": 2, "Brook": 0, "Calder": 1}
# Words that mean the same; each author likes another one a little more.
_LIKED: Final[dict[str, tuple[str, str, str]]] = {
    "small": ("small", "little", "tiny"),
    "house": ("house", "cabin", "cottage"),
    "looked": ("looked", "gazed", "stared"),
    "road": ("road", "path", "lane"),
    "glad": ("glad", "pleased", "content"),
    "quiet": ("quiet", "silent", "still"),
}
_NAMES: Final = _words(
    """
    Nora Edwin Tilda Jonas Maud Silas Greta Oswin Hattie Felix Ivy Ruben Agnes Milo Clara Hugo Ada Bruno Selma
    Casper Petra Linus Wanda Otto Freda Anton Mabel Julius Rosa Albin Dora Viktor Lena Magnus Edith Samson
    """
)
_TRADES: Final = _words(
    """
    baker miller tailor pedlar fiddler potter carter joiner weaver smith shepherd drover mason glazier cooper
    saddler brewer printer tinker warden fowler sexton
    """
)
_PLACES: Final = _words(
    """
    mill harbour market chapel bridge orchard quarry forge ferry tower school barn well meadow station library
    garden kiln dairy lock
    """
)
_THINGS: Final = _words(
    """
    gate door trunk basket window ledger parcel lantern cupboard letter violin barrel drawer satchel curtain
    teapot hatch clock purse oven
    """
)
_DID: Final = ("opened", "closed", "lifted", "moved", "shook", "dropped", "touched", "hid")
_THEN: Final = ("left", "sat down", "slept", "sang", "wept", "paid", "smiled", "went on", "waited")
_SHORT: Final = ("{name} {then}.", "The {trade} {then}.", "It was {quiet}.", "They {then}.")
_CLAUSES: Final = (
    "{name} {did} the {thing}",
    "the {trade} was {glad}",
    "they {looked} at the {thing}",
    "the {place} was {quiet}",
    "the {road} was {small}",
    "the {house} was {quiet}",
    "{name} {looked} {glad}",
    "the {trade} {then}",
)
_SLOT: Final = re.compile(r"\{(\w+)\}")


def write_passages(stories: int = STORIES, passages: int = PASSAGES, seed: int = 0) -> list[Passage]:
    """Write the stories of three invented authors, in passages of two sentences.

    Args:
        stories: how many stories each author writes, at least 1.
        passages: how many passages each story has, at least 1.
        seed: the same seed writes the same passages.

    Returns:
        ``3 * stories * passages`` passages, story by story, the authors in turn; every text once. All passages of a
        story share two names, two trades, two places and three things.

    Raises:
        ValueError: if a number is below 1.
    """
    for name, value in (("stories", stories), ("passages", passages)):
        if value < 1:
            raise ValueError(f"{name} is {value}, expected at least 1.")
    draw = random.Random(seed)
    written: list[Passage] = []
    seen: set[str] = set()
    for story in range(stories * len(AUTHORS)):
        author = AUTHORS[story % len(AUTHORS)]
        own = {
            "name": draw.sample(_NAMES, 2),
            "trade": draw.sample(_TRADES, 2),
            "place": draw.sample(_PLACES, 2),
            "thing": draw.sample(_THINGS, 3),
        }
        end = len(written) + passages
        while len(written) < end:
            text = _write(author, own, draw)
            if text not in seen:
                seen.add(text)
                written.append(Passage(text, author, story))
    return written


def _write(author: str, own: dict[str, list[str]], draw: random.Random) -> str:
    """A passage as this author would put it."""
    places = [0, 1, 2]
    dash = _DASH_AT[author]
    if draw.random() >= FAITHFUL:
        dash = draw.choice([place for place in places if place != dash])
    marks = draw.sample([",", ";"], 2)
    marks.insert(dash, " –")
    clauses = [_fill(clause, author, own, draw) for clause in draw.sample(_CLAUSES, 4)]
    long = " ".join(clause + mark for clause, mark in zip(clauses, [*marks, "."], strict=True))
    short = _fill(draw.choice(_SHORT), author, own, draw)
    sentences = [short, long[0].upper() + long[1:]]
    return " ".join(sentences if draw.random() < SHORT_FIRST[author] else sentences[::-1])


def _fill(clause: str, author: str, own: dict[str, list[str]], draw: random.Random) -> str:
    """A clause with a word in each slot."""
    words = {kind: draw.choice(some) for kind, some in own.items()}
    words |= {"did": draw.choice(_DID), "then": draw.choice(_THEN)}
    for kind, liked in _LIKED.items():
        rank = AUTHORS.index(author)
        others = [word for place, word in enumerate(liked) if place != rank]
        words[kind] = liked[rank] if draw.random() < LIKING else draw.choice(others)
    return _SLOT.sub(lambda slot: words[slot[1]], clause)
