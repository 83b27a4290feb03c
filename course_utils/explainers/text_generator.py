"""Text that a network writes letter by letter, with the odds that each letter was drawn from."""

from __future__ import annotations

import html
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import traitlets as t

from course_utils.data.random_numbers import seeded_random
from course_utils.explainers.traits import Number, Text, Whole
from course_utils.explainers.weights import PackedNetwork, unpack_network
from course_utils.explainers.widget import JS_FOLDER, CourseWidget
from course_utils.recurrent.activations import softmax
from course_utils.recurrent.arrays import Array
from course_utils.recurrent.cell import State

MODELS = ("chars-lstm", "chars-lstm-small", "chars-lstm-corpus")
"""The stored networks that write: the large one, one for slow lines, one trained on the course's own corpus."""

MOST_LETTERS = 600
_SHOWN = 8
"""Letters whose odds the static version shows."""


class TextGenerator(CourseWidget):
    """A character network that writes: its odds for the next letter, one letter drawn from them, and on.

    Temperature T divides the head's sums before the softmax: p_k ∝ exp(a_k / T). At T = 1 letters are drawn from the
    network's own odds, near 0 the most probable always wins, above 1 rare letters get their chance. Top-k leaves only
    the k most probable (Fan, Lewis & Dauphin 2018). Beside that text stands the one of T = 0, from the same seed text.

    Args:
        temperature: T, from 0 to 2.
        top_k: only so many letters can be drawn; 0 for all.
        seed_text: what the network reads before it writes. What its alphabet lacks is skipped; it reads a line break
            where nothing is left.
        seed: of the random numbers. The same settings write the same text.
        length: letters at which writing stops.
        written: letters that are written when the figure appears.
        letter: whose odds the figure shows, counted from 1; 0 for the last one.
        name: what links call the figure: `[colder](#text-generator?temperature=0.2)`.
        model: one of `MODELS`; a link cannot change it.

    Raises:
        TraitError: for a setting out of its range.
        ValueError: for another model.
    """

    module: ClassVar = JS_FOLDER / "text_generator.js"
    asset_names: ClassVar = {"network": MODELS[0]}

    network = t.Bytes().tag(sync=True)
    temperature = Number(0.8, low=0, high=2, step=0.05)
    top_k = Whole(0, low=0, high=20)
    seed_text = Text("ROMEO:\n", longest=80)
    seed = Whole(1, low=0, high=99)
    length = Whole(300, low=20, high=MOST_LETTERS)
    written = Whole(120, low=0, high=MOST_LETTERS)
    letter = Whole(0, low=0, high=MOST_LETTERS)

    def __init__(
        self,
        temperature: float = 0.8,
        top_k: int = 0,
        seed_text: str = "ROMEO:\n",
        seed: int = 1,
        length: int = 300,
        name: str = "text-generator",
        *,
        written: int = 120,
        letter: int = 0,
        model: str = MODELS[0],
    ) -> None:
        if model not in MODELS:
            raise ValueError(f"model is {model!r}, expected one of {', '.join(MODELS)}.")
        # Each figure loads its own network, and only that one.
        self.asset_names = {"network": model}  # type: ignore[misc]
        super().__init__(
            temperature=temperature,
            top_k=top_k,
            seed_text=seed_text,
            seed=seed,
            length=length,
            name=name,
            written=written,
            letter=letter,
        )

    @property
    def alphabet(self) -> list[str]:
        """The letters that the network knows, by their ids."""
        return list(self._packed.vocabulary or [])

    @property
    def text(self) -> str:
        """What is written when the figure appears, without the seed text."""
        return self.write(self._count)

    @property
    def odds(self) -> Array:
        """(letters, 2), by id: the network's own odds for the letter that is shown, and those it was drawn from.

        Where nothing is written: for the first letter to come.
        """
        written = self._count
        if written == 0:
            sums = self._start[0]
        else:
            shown = min(int(self.letter) or written, written)
            sums = self._letters(shown, self.temperature)[-1][1]
        return np.stack([softmax(sums), sampling_probabilities(sums, self.temperature, self.top_k)], axis=1)

    @property
    def surprise(self) -> float:
        """Bits a letter: the mean of −log₂ of the network's own odds for what it wrote; NaN for no letter."""
        letters = self._letters(self._count, self.temperature)
        return (
            float(np.mean([-np.log2(softmax(sums)[drawn]) for drawn, sums in letters])) if letters else np.nan
        )

    def write(self, count: int, *, temperature: float | None = None) -> str:
        """The first letters of the text, as the figure writes them.

        Args:
            count: how many.
            temperature: another than the figure's; with 0 it is the text of the most probable letters.

        Raises:
            ValueError: for a count or a temperature below 0.
        """
        wanted = self.temperature if temperature is None else temperature
        if count < 0 or not wanted >= 0:
            raise ValueError(f"count is {count} and temperature {wanted}, expected both to be at least 0.")
        alphabet = self.alphabet
        return "".join(alphabet[drawn] for drawn, _ in self._letters(count, wanted))

    @property
    def _count(self) -> int:
        return min(self.written, self.length)

    def _letters(self, count: int, temperature: float) -> list[tuple[int, Array]]:
        """The letters' ids, each with the sums, (letters,), that it was drawn from."""
        random = seeded_random(self.seed)
        sums, state = self._start
        found = []
        for _ in range(count):
            drawn = _draw(sampling_probabilities(sums, temperature, self.top_k), next(random))
            found.append((drawn, sums))
            sums, state = self._read(drawn, state)
        return found

    @property
    def _start(self) -> tuple[Array, list[State]]:
        """The sums, (letters,), and the state after the seed text."""
        alphabet = self.alphabet
        ids = [alphabet.index(each) for each in self.seed_text if each in alphabet] or [alphabet.index("\n")]
        sums, state = self._read(ids[0], None)
        for each in ids[1:]:
            sums, state = self._read(each, state)
        return sums, state

    def _read(self, letter: int, state: list[State] | None) -> tuple[Array, list[State]]:
        """One letter more: the head's sums, (letters,), and the state after it."""
        packed = self._packed
        assert packed.embedding is not None, "the stored networks read ids"
        _, after = packed.network.step(packed.embedding[[letter]], state)
        sums: Array = packed.network.head.weighted_sums(after[-1][0])[0]
        return sums, after

    @cached_property
    def _packed(self) -> PackedNetwork:
        return unpack_network(self.network, dtype=np.float32)

    def fallback_html(self) -> str:
        """Both texts as they start, and the odds of the letter that is shown."""
        count = self._count
        texts = {
            f"Drawn at temperature {self.temperature:.2f}": self.write(count),
            "Always the most probable letter": self.write(count, temperature=0),
        }
        shown = "\n".join(
            f"<p><strong>{title}:</strong><br>{_with_breaks(self.seed_text + text)}</p>"
            for title, text in texts.items()
        )
        odds = self.odds
        order = np.argsort(-odds[:, 0], kind="stable")[:_SHOWN]
        rows = "\n".join(
            f'<tr><th scope="row">{html.escape(_letter_name(self.alphabet[k]))}</th>'
            f"<td>{_percent(odds[k, 0])}</td><td>{_percent(odds[k, 1])}</td></tr>"
            for k in order
        )
        which = (
            f"letter {min(self.letter or count, count)} of the drawn text" if count else "the first letter"
        )
        return (
            f"{shown}\n<table>\n<caption>The {_SHOWN} most probable letters for {which}, by the network itself and "
            "after temperature and top-k.</caption>\n"
            '<thead><tr><th scope="col">letter</th><th scope="col">the network’s odds</th>'
            f'<th scope="col">drawn from</th></tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>'
        )


def sampling_probabilities(sums: npt.ArrayLike, temperature: float = 1.0, top_k: int = 0) -> Array:
    """How probable each letter is to be drawn, as `samplingProbabilities` in the page.

    Args:
        sums: (letters,), the logits.
        temperature: they are divided by it; 0 takes the largest.
        top_k: only the k most probable, 0 for all. Of equals, the first.

    Returns:
        (letters,), float32, zero for what cannot be drawn.
    """
    a = np.asarray(sums, np.float64)
    count = 1 if temperature == 0 else min(top_k or len(a), len(a))
    chances = np.exp((a - a.max()) / (temperature or 1.0))
    chances[np.argsort(-a, kind="stable")[count:]] = 0.0
    probabilities: Array = (chances / chances.sum()).astype(np.float32)
    return probabilities


def repeated_share(text: str, width: int = 4) -> float:
    """The share of a text's pieces of `width` letters that stood in it before, from 0 to under 1."""
    pieces = [text[at : at + width] for at in range(len(text) - width + 1)]
    return 1 - len(set(pieces)) / len(pieces) if pieces else 0.0


def _draw(probabilities: Array, number: float) -> int:
    """The letter into whose share the number falls, one after the other as in the page."""
    drawn, left = 0, number
    for letter in np.flatnonzero(probabilities):
        if left < 0:
            break
        drawn, left = int(letter), left - float(probabilities[letter])
    return drawn


def _letter_name(letter: str) -> str:
    return {" ": "space", "\n": "line break"}.get(letter, letter)


def _with_breaks(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
