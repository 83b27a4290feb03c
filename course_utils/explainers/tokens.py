"""A text on its way into a network: words, ids, a fixed length, vectors."""

from __future__ import annotations

import html
import json
from functools import cache
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import traitlets as t

from course_utils.data.vocabulary import INDEX_FROM, UNKNOWN_ID, encode_review, split_words
from course_utils.explainers.assets import asset
from course_utils.explainers.traits import Choice, Flag, Text, Whole
from course_utils.explainers.weights import unpack_network
from course_utils.explainers.widget import JS_FOLDER, CourseWidget
from course_utils.recurrent.arrays import Array

NETWORK, VOCABULARY = "sentiment-lstm", "imdb-words"
SENTENCE = "Not a bad film at all: the zeppelins are wonderful!"


class Tokens(CourseWidget):
    """What becomes of a text before a network reads it.

    The words get the ids of Keras's IMDB data (rank + 3; 0 is padding, 1 the start mark, 2 an unknown word), the list
    of ids is cut or filled to a fixed length as `keras.utils.pad_sequences` does it, and each id is replaced by its
    trained vector. The vectors are those of a small LSTM that was trained to judge film reviews.

    Args:
        text: what is read.
        length: how many ids the network reads.
        padding: "pre" puts the zeros of a short text in front, "post" behind.
        truncating: "pre" cuts a long text at its start, "post" at its end.
        word: the word whose nearest words are shown.
        name: what links call the figure.
        revealed: whether the answer to the figure's question is shown.

    Raises:
        TraitError: for a text that is too long, a length out of range, or a side that is neither "pre" nor "post".
    """

    module: ClassVar = JS_FOLDER / "tokens.js"
    asset_names: ClassVar = {"network": NETWORK, "vocabulary": VOCABULARY}
    network = t.Bytes().tag(sync=True)
    vocabulary = t.Bytes().tag(sync=True)

    text = Text(SENTENCE, longest=160)
    length = Whole(8, low=4, high=20)
    padding = Choice("pre", options=("pre", "post"))
    truncating = Choice("pre", options=("pre", "post"))
    word = Text("wonderful", longest=30, expected="a word")
    revealed = Flag(False)

    def __init__(
        self,
        text: str = SENTENCE,
        length: int = 8,
        padding: str = "pre",
        truncating: str = "pre",
        name: str = "tokens",
        *,
        word: str = "wonderful",
        revealed: bool = False,
    ) -> None:
        super().__init__(
            text=text,
            length=length,
            padding=padding,
            truncating=truncating,
            name=name,
            word=word,
            revealed=revealed,
        )

    @property
    def words(self) -> list[str]:
        """The words of the text: lower case, punctuation out, apostrophes kept."""
        return split_words(self.text)

    @property
    def ids(self) -> npt.NDArray[np.int64]:
        """(length,), what the network reads: the start mark and the words' ids, cut or filled."""
        entries = encode_review(" ".join(self.words), _word_index())
        kept = entries[-self.length :] if self.truncating == "pre" else entries[: self.length]
        zeros = self.length - len(kept)
        return np.pad(np.array(kept), (zeros, 0) if self.padding == "pre" else (0, zeros))

    @property
    def vectors(self) -> Array:
        """(length, 32), the trained vector of each id."""
        vectors: Array = _embedding()[self.ids]
        return vectors

    def nearest(self, word: str, count: int = 6) -> list[tuple[str, float]]:
        """The words whose vectors point most nearly the same way.

        Args:
            word: any of the 10,000 words that the network knows.
            count: how many.

        Returns:
            words and their cosine similarity, from −1 to 1, the nearest first.

        Raises:
            ValueError: for a word that the network does not know.
        """
        words, embedding = _words(), _embedding()
        _, *encoded = encode_review(" ".join(split_words(word)), _word_index())
        found = encoded[0] if len(encoded) == 1 else UNKNOWN_ID
        if found == UNKNOWN_ID:
            raise ValueError(f"{word!r} is not one of the {len(words):,} words that the network knows.")
        lengths = np.linalg.norm(embedding, axis=1)
        similarity = embedding @ embedding[found] / (lengths * lengths[found])  # (words,)
        order = [id_ for id_ in np.argsort(-similarity, kind="stable") if id_ > INDEX_FROM and words[id_]]
        return [(words[id_], float(similarity[id_])) for id_ in order if id_ != found][:count]

    def fallback_html(self) -> str:
        """The ids and the words that they stand for, and the neighbours of the chosen word."""
        names = {0: "(padding)", 1: "(start)", 2: "(unknown)"}
        words = _words()
        rows = "\n".join(
            f'<tr><th scope="row">{place}</th><td>{id_}</td><td>{html.escape(names.get(id_, words[id_]))}</td>'
            f"<td>{vector[0]:z.3f}</td></tr>".replace("<td>-", "<td>−")
            for place, (id_, vector) in enumerate(zip(self.ids.tolist(), self.vectors, strict=True), start=1)
        )
        return (
            f"<table>\n<caption>“{html.escape(self.text)}” as a network reads it: {len(self.words)} words and a start "
            f"mark, cut or filled to {self.length} ids, and of each id’s 32 numbers the first.</caption>\n"
            '<thead><tr><th scope="col">position</th><th scope="col">id</th><th scope="col">stands for</th>'
            f'<th scope="col">first number</th></tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>'
        )


@cache
def _words() -> list[str]:
    words: list[str] = json.loads(asset(VOCABULARY))
    return words


@cache
def _word_index() -> dict[str, int]:
    return {word: id_ - INDEX_FROM for id_, word in enumerate(_words()) if word and id_ > INDEX_FROM}


@cache
def _embedding() -> Array:
    """(words, 32), as the browser has it."""
    embedding = unpack_network(asset(NETWORK)).embedding
    assert embedding is not None
    return embedding
