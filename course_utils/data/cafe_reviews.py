"""Invented reviews of a café, written for this course: what stands in for a reader's own labelled texts."""

from __future__ import annotations

import csv
import io
import random
import re
from typing import Final

COUNT: Final = 400
"""Reviews in the bundled file."""
SEED: Final = 7

_PHRASES: Final[dict[str, str]] = {
    "thing": "coffee, tea, cake, soup, bread, breakfast, sandwich, chocolate, pie, menu, salad, porridge",
    "praise": "excellent, delicious, wonderful, perfect, superb, fresh, great, lovely, fantastic, amazing",
    "blame": "awful, terrible, stale, bland, horrible, disgusting, dreadful, cold, bitter, burnt",
    "kind": "friendly, charming, helpful, kind, cheerful, warm, polite, gentle",
    "unkind": "rude, careless, slow, grumpy, sulky, bored, hasty, clumsy",
    "person": "waiter, owner, cook, young man at the counter, woman at the till, manager",
    "place": "room, garden, corner by the window, upper floor, terrace, counter",
    "nice": "beautiful, cosy, bright, quiet, clean, pleasant",
    "nasty": "dirty, noisy, cramped, gloomy, draughty, unpleasant",
    "day": "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday",
    "with": "my sister, two colleagues, my parents, a friend, the children, my neighbour, nobody",
    "wait": "five, ten, fifteen, twenty, thirty, forty",
}
_SLOTS: Final = {name: [each.strip() for each in some.split(",")] for name, some in _PHRASES.items()}
_GOOD: Final = (
    "The {thing} was {praise}.",
    "The {thing} is {praise} and the {person} is {kind}.",
    "I loved the {thing}.",
    "What a {kind} {person}!",
    "The {place} is {nice}, and I enjoyed every minute.",
    "Best {thing} in town.",
    "I will certainly come back for the {thing}.",
    "A real treat, this {thing}.",
    "We were served at once by a {kind} {person}.",
    "Worth every penny.",
    "I recommend the {thing} to everybody.",
)
_BAD: Final = (
    "The {thing} was {blame}.",
    "The {thing} is {blame} and the {person} is {unkind}.",
    "I regret the {thing}.",
    "What a {unkind} {person}!",
    "The {place} is {nasty}, and I left as soon as I could.",
    "Worst {thing} in town.",
    "I will never come back, least of all for the {thing}.",
    "A disappointment, this {thing}.",
    "We were ignored for {wait} minutes by a {unkind} {person}.",
    "A waste of money.",
    "I would not recommend the {thing} to anybody.",
    "The {thing} was not {praise} at all.",
)
_PLAIN: Final = (
    "I was there on {day} with {with}.",
    "We had {thing} and {thing}.",
    "They close at six on {day}.",
    "We sat in the {place}.",
    "It took {wait} minutes by bus.",
    "I ordered {thing} and paid at the counter.",
)


def write_cafe_reviews(count: int = COUNT, seed: int = SEED) -> list[tuple[str, int]]:
    """Write reviews of a café with one to five stars.

    Args:
        count: how many.
        seed: the same seed writes the same reviews.

    Returns:
        (text, stars), each text once. Four and five stars praise more than they blame, one and two the other way round;
        two and four stars have a sentence of the opposite kind. Three stars praise and blame alike.

    Raises:
        ValueError: if `count` is negative.
    """
    if count < 0:
        raise ValueError(f"count is {count}, expected 0 or more.")
    draw = random.Random(seed)
    written: dict[str, int] = {}
    while len(written) < count:
        stars = draw.choices([1, 2, 3, 4, 5], [4, 3, 1, 3, 4])[0]
        good, bad = {1: (0, 2), 2: (1, 2), 3: (1, 1), 4: (2, 1), 5: (2, 0)}[stars]
        sentences = (
            draw.sample(_GOOD, good) + draw.sample(_BAD, bad) + draw.sample(_PLAIN, draw.choice([0, 1, 2]))
        )
        draw.shuffle(sentences)
        written.setdefault(" ".join(_fill(sentence, draw) for sentence in sentences), stars)
    return list(written.items())


def _fill(sentence: str, draw: random.Random) -> str:
    return re.sub(r"\{(\w+)\}", lambda slot: draw.choice(_SLOTS[slot[1]]), sentence)


def cafe_csv(count: int = COUNT, seed: int = SEED) -> str:
    """The reviews as a CSV file: a header, then one review a line, lines ending with a line feed."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["text", "stars"])
    writer.writerows(write_cafe_reviews(count, seed))
    return file.getvalue()
