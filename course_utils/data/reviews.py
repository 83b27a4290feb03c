"""A grammar that writes film reviews in which the order of the words decides, and nothing else does.

Reviews come in twins: two texts with exactly the same words, each as often, in another order and with the
opposite verdict. "It was dull, but I loved the end" and "I loved it, but the end was dull" are the idea.
Whatever only counts words must give both twins the same answer, so it is right for one and wrong for the
other: on any set closed under twins a bag of words is right for exactly half, however it was trained. A
    network that reads in order need not be.

Every sentence here was written for this course.
"""

from __future__ import annotations

import functools
import random
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from course_utils.data.vocabulary import Reviews, encode_review, object_array, split_words

SHORTEST, LONGEST = 12, 120
"""Words in a review."""

SAMPLE_SEED = 1970
SAMPLE_TRAIN, SAMPLE_TEST = 4_000, 2_000


@dataclass(frozen=True)
class WrittenReview:
    """An invented review.

    Attributes:
        text: some sentences.
        label: 1 if the verdict is positive, 0 if it is negative.
        pattern: what decides it, such as ``"near negation"``; one of `PATTERNS`.
        twin: the number of the pair; two reviews that share it are twins.
    """

    text: str
    label: int
    pattern: str
    twin: int


def _words(text: str) -> list[str]:
    return text.split()


def _phrases(text: str) -> list[str]:
    return [" ".join(phrase.split()) for phrase in text.split(",")]


# --- words --------------------------------------------------------------------------------------------------
# Where a slot stands behind "a" the words of its list begin with a consonant: twins exchange them.

_GOOD = _words(
    """
    gripping charming clever moving funny delightful brilliant wonderful superb thrilling touching witty
    enchanting captivating fresh lively inventive sharp excellent terrific marvellous splendid absorbing
    graceful dazzling engaging memorable tender inspired magnificent lovely satisfying believable beautiful
    exciting fascinating hilarious polished elegant original
    """
)
_BAD = _words(
    """
    dull boring tedious clumsy lifeless dreadful awful terrible lazy predictable shallow flat stale bland
    painful messy weak silly forgettable wooden feeble tiresome hollow muddled dreary pointless shoddy
    mediocre ridiculous annoying disappointing sluggish careless confusing unconvincing empty ugly
    pretentious miserable soulless
    """
)
_VOWELS = tuple("aeiou")

_SLOTS: dict[str, list[str]] = {
    "good": _GOOD,
    "bad": _BAD,
    "good_c": [word for word in _GOOD if not word.startswith(_VOWELS)],
    "bad_c": [word for word in _BAD if not word.startswith(_VOWELS)],
    "treat": _words("treat delight masterpiece triumph wonder gem pleasure feast marvel"),
    "chore": _words("chore mess bore disaster failure flop nuisance torment muddle"),
    "loved": _words("loved adored admired enjoyed cherished liked"),
    "hated": _words("hated detested despised loathed disliked resented"),
    "laugh": _words("laugh smile cheer grin applaud"),
    "yawn": _words("yawn groan cringe sigh shudder"),
    "go_on": _phrases("go on, last for another hour, continue, last all night"),
    "stop": _phrases("stop, be over soon, finish, break off"),
    "high": _words("eight nine ten"),
    "low": _words("one two three"),
    "film": _words("film movie picture production"),
    "part": _phrases(
        """
        acting, story, plot, music, photography, script, dialogue, pacing, editing, direction, score,
        ending, camera work, sound, lighting, casting, opening
        """
    ),
    "other": _phrases("book, trailer, original, stage play, first part, old version, cartoon, novel"),
    "who": _phrases(
        """
        my brother, my sister, my neighbour, our teacher, my uncle, the usher, my colleague, the man in
        front of me, the critic in our newspaper, my best friend, my flatmate, the woman at the ticket desk,
        my grandfather, a stranger in the foyer, the radio host
        """
    ),
    "task": _phrases(
        """
        clean the oven, wait for a night bus, fill in a tax form, paint the fence, iron ten shirts, sort my
        socks, queue at the post office, read a telephone book
        """
    ),
    "place": _words("cinema theatre room hall house"),
    "later": _phrases("a week later, a month later, on the way home, the next morning, the second time"),
}
# What twins exchange.
_OPPOSITES = {
    "good": "bad",
    "good_c": "bad_c",
    "treat": "chore",
    "loved": "hated",
    "laugh": "yawn",
    "go_on": "stop",
    "high": "low",
}

# --- verdicts -----------------------------------------------------------------------------------------------
# One line is a positive verdict. Its negative twin exchanges the opposites, or is written out where it does
# something else. A number at the end of a slot asks for a second word of the same list.

_SWAPPED: dict[str, list[str]] = {
    "correction": [
        "This is not a {bad_c} {film} but a {good_c} one.",
        "It is {good}, not {bad}.",
        "Was it {bad}? No. Was it {good}? Yes.",
        "I would call the {film} {good} and not {bad}.",
        "This is a {good_c} {film}, not a {bad_c} one.",
    ],
    "far negation": [
        "I do not believe that anybody who sat in that {place} would call this {film} {bad}, for it was {good}.",
        "At no point in those two hours, whatever {who} may tell you, did it feel {bad}, and I thought it {good}.",
        "Nobody who was awake during the second half could say that the {part} was {bad}; it was {good}.",
        "It was {good}, and I never had the feeling, even in the long middle section, of watching something {bad}.",
        "I do not think, and I have asked {who} about it, that a {film} like this can be called {bad}; it is {good}.",
    ],
    "not at all": [
        "Not {bad} at all, this {film}, and {good} is the word that I would choose.",
        "The {part} was not {bad} at all, it was {good}.",
        "Not for a minute was it {bad}, it was {good}.",
        "The {film} was {good}, and it was not {bad} in the least.",
    ],
    "change of mind": [
        "I originally {hated} this {film}, but {later} I {loved} it.",
        "In the first hour I {hated} it, but by the end I {loved} it.",
        "By the end I {loved} it, although in the first hour I {hated} it.",
        "Today I find it {good}, and years ago I found it {bad}.",
        "Years ago I found it {bad}, and today I find it {good}.",
        "I used to think it {bad}, but {later} I saw that it is {good}.",
    ],
    "contrast": [
        "The {part} was {bad}, but the {film} as a whole was {good}.",
        "For all its {bad_c} {part}, it is a {good_c} {film}.",
        "Yes, the {part} is {bad}; what counts is that the {film} is {good}.",
        "The {part} may be {bad}, but that does not matter, because the {film} is {good}.",
    ],
    "concession": [
        "Although the {part} was {bad}, the {film} was {good}.",
        "The {film} was {good}, although the {part} was {bad}.",
        "Even though {who} {hated} it, I {loved} it.",
        "I thought the {film} {good}, even though the {part} was {bad}.",
    ],
    "who said what": [
        "{who} found it {bad}, while I found it {good}.",
        "I found it {good}, while {who} found it {bad}.",
        "According to {who} it is {bad}; if you ask me it is {good}.",
        "If you ask me it is {good}; according to {who} it is {bad}.",
        "{who} called it a {chore}, and I called it a {treat}.",
        "I {loved} it, and {who} {hated} it.",
    ],
    "expectation": [
        "I expected something {bad} and got something {good}.",
        "The newspapers promised a {chore}, and what we saw was a {treat}.",
        "What we saw was a {treat}, and the newspapers had promised a {chore}.",
        "{who} had told us that it would be {bad}, but it was {good}.",
        "I was prepared for a {chore} and saw a {treat}.",
    ],
    "far from": [
        "Far from being {bad}, it turned out {good}.",
        "It was anything but {bad}, and I can only call it {good}.",
        "Instead of a {chore} I got a {treat}.",
        "I got a {treat} instead of a {chore}.",
        "It turned out {good}, far from being {bad}.",
    ],
    "right or wrong": [
        "Those who call it {bad} are wrong, and those who call it {good} are right.",
        "Those who call it {good} are right, and those who call it {bad} are wrong.",
        "If somebody tells you that it is {bad}, do not believe it; if somebody says that it is {good}, do.",
        "It is a mistake to call the {part} {bad} and fair to call it {good}.",
    ],
    "two halves": [
        "It begins as a {chore} and ends as a {treat}, and the end is what you take home.",
        "The first hour is {bad}, the last hour is {good}, and the last hour is what you remember.",
        "The end is what you take home, and it ends as a {treat} after it began as a {chore}.",
    ],
    "points": [
        "I gave it {high} points out of ten, and {who} gave it {low}.",
        "{who} gave it {low} points out of ten, and I gave it {high}.",
        "Out of ten points it got {low} from {who} and {high} from me.",
    ],
    "neither nor": [
        "It is neither {bad} nor {bad2}, just {good} and {good2}.",
        "The {film} was {good} and {good2}, neither {bad} nor {bad2}.",
    ],
    "what it did to me": [
        "It made me {laugh} and did not make me {yawn}.",
        "It did not make me {yawn}, it made me {laugh}.",
        "I hoped that it would {go_on} and not that it would {stop}.",
        "I did not want it to {stop}, I wanted it to {go_on}.",
    ],
}

_WRITTEN_OUT: dict[str, list[tuple[str, str]]] = {
    "near negation": [
        ("The {film} was not {bad}, and it was {good}.", "The {film} was {bad}, and it was not {good}."),
        (
            "I found the {part} {good} and the {part2} not {bad}.",
            "I found the {part} not {good} and the {part2} {bad}.",
        ),
        ("It is {good}, and it is not {bad}.", "It is not {good}, and it is {bad}."),
        ("The {part} was {good} and was not {bad}.", "The {part} was not {good} and was {bad}."),
    ],
    "double negation": [
        (
            "I would not say that it was not {good}: I would say that it was.",
            "I would say that it was not {good}: I would not say that it was.",
        ),
        (
            "I would say that it was not {bad}: I would not say that it was.",
            "I would not say that it was not {bad}: I would say that it was.",
        ),
        (
            "{who} said that it was not {good}, and that is not true: it was.",
            "{who} said that it was {good}, and that is not true: it was not.",
        ),
    ],
    "comparison": [
        ("This {film} is much better than the {other}.", "The {other} is much better than this {film}."),
        ("The {other} is much worse than this {film}.", "This {film} is much worse than the {other}."),
        (
            "I would rather watch this {film} again than {task}.",
            "I would rather {task} than watch this {film} again.",
        ),
        (
            "The {other} cannot hold a candle to this {film}.",
            "This {film} cannot hold a candle to the {other}.",
        ),
    ],
    "advice": [
        ("Go and see it, do not stay at home.", "Stay at home, do not go and see it."),
        (
            "See this one and skip the others that are on this week.",
            "Skip this one and see the others that are on this week.",
        ),
        (
            "Do not wait until it is on television, buy a ticket.",
            "Wait until it is on television, do not buy a ticket.",
        ),
        (
            "I did not want to leave early, I wanted to stay.",
            "I did not want to stay, I wanted to leave early.",
        ),
    ],
}

PATTERNS = (*_SWAPPED, *_WRITTEN_OUT)
"""What can decide a review."""

# --- sentences without a verdict ----------------------------------------------------------------------------

_NEUTRAL_SLOTS: dict[str, list[str]] = {
    "day": _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "hour": _words("five six seven eight nine"),
    "number": _words("seven eleven twelve fifteen twenty thirty forty"),
    "month": _words(
        """
        January February March April May June July August September October November December
        """
    ),
    "with": _phrases(
        """
        my sister, my brother, two colleagues, an old school friend, my parents, our neighbours, the
        children, a cousin from abroad, my flatmate, the choir, my aunt, my whole office
        """
    ),
    "cinema": _phrases(
        """
        the small cinema by the station, the old theatre in the market square, the multiplex by the harbour,
        a tent in the park, the cinema above the library, the film club at the university, the open air
        screen behind the museum, a converted barn in the next village
        """
    ),
    "snack": _phrases(
        """
        popcorn, peanuts, a sandwich, liquorice, an apple, crisps, a bag of sweets, mint chocolate,
        pretzels, grapes, ginger biscuits
        """
    ),
    "drink": _phrases("tea, lemonade, coffee, tomato juice, water, hot milk, cider"),
    "seat": _phrases(
        """
        in the third row, near the aisle, on the balcony, at the back, behind a pillar, in the middle, under
        the loudspeaker, beside the emergency exit
        """
    ),
    "country": _words(
        """
        Iceland Portugal Japan Canada Scotland Norway Peru Morocco Greece Poland Vietnam Chile
        """
    ),
    "job": _phrases(
        """
        lighthouse keeper, postman, baker, detective, ferry captain, piano tuner, nurse, clockmaker, farmer,
        train driver, translator, beekeeper, glass blower, mountain guide
        """
    ),
    "setting": _phrases(
        """
        a fishing village, a mountain hotel, a big city, a valley, a railway town, a desert camp, a
        boarding school, an observatory, a hospital, a winter forest, a castle, a harbour town
        """
    ),
    "search": _phrases(
        """
        a missing letter, a lost dog, her grandmother, an old map, the owner of a suitcase, a stolen violin,
        her twin brother, a forgotten recipe, the last speaker of a language, a comet
        """
    ),
    "weather": _words("raining snowing windy foggy sunny cloudy freezing mild"),
    "travel": _phrases("by bus, by bicycle, on foot, by tram, in my car, by train, by ferry"),
    "language": _words("French Korean Danish Spanish Italian Turkish German Swedish Hindi"),
    "colour": _words("green purple blue yellow red grey brown"),
    "garment": _words("umbrella scarf raincoat jacket hat rucksack"),
}

# One topic a line, at most one sentence on each, so that a review does not contradict itself.
_NEUTRAL: list[list[str]] = [
    ["We went to {cinema} on {day} with {with}.", "I saw it at {cinema} together with {with}."],
    ["The screening started at {hour} and the doors closed {number} minutes before."],
    [
        "We sat {seat} and shared {snack}.",
        "We took our places {seat}.",
        "My seat was {seat}, number {number}.",
    ],
    [
        "I had bought {snack} and {drink} at the counter.",
        "There was {drink} at the counter, and {snack} for later.",
    ],
    ["It is set in {setting} in {country}.", "A large part of it takes place in {setting} at night."],
    [
        "It tells of a {job} who looks for {search}.",
        "A {job} and a {job2} meet in {setting}.",
        "The main character is a {job} from {country}.",
        "It is based on a report about a {job} in {country}.",
    ],
    ["It was {weather} outside and I came {travel}.", "We travelled {travel} because it was {weather}."],
    ["It runs for about {number} minutes longer than the version shown in {country}."],
    ["It was shot in {country} during {month} and {month2}."],
    [
        "They showed it in {language} with subtitles in {language2}.",
        "The leading actor speaks {language} in it.",
    ],
    ["About {number} people were in the audience.", "There were {number} rows and most of them were taken."],
    ["The ticket was {colour} and had the number {number} on it."],
    [
        "I left my {garment} under the seat and had to go back for it.",
        "I wore a {colour} {garment} that evening.",
    ],
    ["Afterwards we walked along the river and talked about {country}.", "We went home {travel} afterwards."],
    ["There was an interval of {number} minutes, as in the old days."],
    ["The director comes from {country} and used to work as a {job}."],
    [
        "I had not been to the cinema since {month}.",
        "We had not planned to go, but {with} had two spare tickets.",
    ],
    ["The credits list {number} drivers and a {job}.", "The cast comes from {country} and {country2}."],
    [
        "Before it began they showed an advertisement for {snack}.",
        "The projector stopped once for {number} seconds.",
    ],
    ["In the first scene a {job} opens a {colour} door.", "Early on somebody finds a {colour} {garment}."],
    ["In the last scene somebody carries a {colour} suitcase across {setting}."],
    ["Halfway through, the action moves from {country} to {country2}."],
    ["On {day} they show it again at {hour}.", "They show it every {day} in {month}."],
    ["The woman next to me was unwrapping {snack}.", "Somebody {seat} had a {colour} {garment}."],
    ["I am writing this at the kitchen table on {day}, with {drink} beside me."],
    ["The poster shows a {job} with a {colour} {garment}."],
]

_SLOT = re.compile(r"\{([a-z_]+?)(\d?)\}")


# --- writing ------------------------------------------------------------------------------------------------


def write_reviews(count: int, seed: int = 0) -> list[WrittenReview]:
    """Write film reviews whose verdict depends on the order of the words alone.

    Args:
        count: how many. An odd number leaves the last review without its twin.
        seed: the same seed writes the same reviews; fewer of them are the first ones of more.

    Returns:
        The reviews, each text once, 12 to 120 words long. Twins stand side by side, in random order, so that
        any even number of reviews from the front is closed under twins, and half of it is positive.

    Raises:
        ValueError: if `count` is negative.
    """
    if count < 0:
        raise ValueError(f"count is {count}, expected 0 or more.")
    draw = random.Random(seed)
    written: list[WrittenReview] = []
    seen: set[str] = set()
    while len(written) < count:
        pattern = draw.choice(PATTERNS)
        positive, negative = _write_pair(pattern, draw)
        if not seen.isdisjoint((positive, negative)):
            continue
        seen.update((positive, negative))
        pair = [WrittenReview(positive, 1, pattern, len(written) // 2)]
        pair.append(WrittenReview(negative, 0, pattern, len(written) // 2))
        draw.shuffle(pair)
        written += pair
    return written[:count]


def _write_pair(pattern: str, draw: random.Random) -> tuple[str, str]:
    """A positive review and its negative twin: the same sentences, but for the verdict."""
    positive, negative = _write_verdicts(pattern, draw)
    room = LONGEST - len(split_words(positive))
    wanted = SHORTEST + int(draw.expovariate(1 / 16)) - len(split_words(positive))
    before: list[str] = []
    after: list[str] = []
    topics = draw.sample(_NEUTRAL, len(_NEUTRAL))
    while wanted > 0 and topics:
        sentence = _fill(draw.choice(topics.pop()), draw)
        length = len(split_words(sentence))
        if length > room:
            break
        room -= length
        wanted -= length
        (before if draw.random() < 0.75 else after).append(sentence)
    return " ".join([*before, positive, *after]), " ".join([*before, negative, *after])


def _write_verdicts(pattern: str, draw: random.Random) -> tuple[str, str]:
    """The sentence that decides, positive and negative."""
    if pattern in _SWAPPED:
        positive = negative = draw.choice(_SWAPPED[pattern])
    else:
        positive, negative = draw.choice(_WRITTEN_OUT[pattern])
    words = _choose(positive, _SLOTS, draw)
    if pattern in _SWAPPED:
        exchanged = {}
        for good, bad in _OPPOSITES.items():
            for number in ("", "2"):
                if good + number in words:
                    exchanged[good + number] = words[bad + number]
                    exchanged[bad + number] = words[good + number]
        return _put(positive, words), _put(negative, words | exchanged)
    return _put(positive, words), _put(negative, words)


def _fill(template: str, draw: random.Random) -> str:
    return _put(template, _choose(template, _NEUTRAL_SLOTS, draw))


def _choose(template: str, slots: dict[str, list[str]], draw: random.Random) -> dict[str, str]:
    """A word for each slot of a sentence; different words in slots of the same list."""
    words: dict[str, str] = {}
    for kind, number in _SLOT.findall(template):
        if kind + number not in words:
            taken = set(words.values())
            words[kind + number] = draw.choice([word for word in slots[kind] if word not in taken])
    return words


def _put(template: str, words: dict[str, str]) -> str:
    sentence = _SLOT.sub(lambda slot: words[slot[1] + slot[2]], template)
    return sentence[0].upper() + sentence[1:]


# --- as data ------------------------------------------------------------------------------------------------


@functools.cache
def _sample_texts() -> tuple[tuple[WrittenReview, ...], tuple[WrittenReview, ...], dict[str, int]]:
    written = write_reviews(SAMPLE_TRAIN + SAMPLE_TEST, SAMPLE_SEED)
    train, test = written[:SAMPLE_TRAIN], written[SAMPLE_TRAIN:]
    counts = Counter(word for review in train for word in split_words(review.text))
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return tuple(train), tuple(test), {word: rank for rank, word in enumerate(ranked, start=1)}


def sample_reviews(num_words: int = 10_000) -> Reviews:
    """The course's own invented reviews, in the form of `load_imdb`; written in a second, without any
    download.

    Always the same: 4,000 to train on and 2,000 to test on, no text in both, half of each positive, and twins
    side by side (see `write_reviews`), so that a bag of words finds exactly half of the test reviews' labels.

    Args:
        num_words: as for `load_imdb`.

    Returns:
        Reviews with ``source="sample"`` and a word index of their own, by frequency in the training reviews.

    Raises:
        ValueError: if `num_words` is below 5.
    """
    train, test, word_index = _sample_texts()
    return Reviews(
        x_train=object_array([encode_review(review.text, word_index, num_words) for review in train]),
        y_train=np.array([review.label for review in train], dtype=np.int64),
        x_test=object_array([encode_review(review.text, word_index, num_words) for review in test]),
        y_test=np.array([review.label for review in test], dtype=np.int64),
        word_index=dict(word_index),
        num_words=num_words,
        source="sample",
    )
