"""Three networks that judge a film review: two that read word by word, and one that only counts."""

from __future__ import annotations

import html
import json
from functools import cache
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import traitlets as t

from course_utils.data.vocabulary import INDEX_FROM, encode_review, split_words
from course_utils.explainers.assets import asset
from course_utils.explainers.traits import Choice, Text, Whole
from course_utils.explainers.weights import PackedNetwork, unpack_network
from course_utils.explainers.widget import JS_FOLDER, CourseWidget
from course_utils.recurrent.activations import sigmoid
from course_utils.recurrent.arrays import Array
from course_utils.runs import load_run

MAX_CHARACTERS = 1_200
MAX_IDS = 400
"""As the networks were trained: of a longer text they read the end."""

RUNS = {"rnn": "sentiment-rnn", "lstm": "sentiment-lstm", "bag": "imdb-bag"}

REVIEWS: tuple[tuple[str, str], ...] = (
    ("Not bad at all.", "positive"),
    ("Good, not bad at all.", "positive"),
    ("Bad, not good at all.", "negative"),
    ("The acting is great, but the story is weak.", "negative"),
    ("The story is weak, but the acting is great.", "positive"),
    (
        "Wonderful costumes, a great cast and beautiful music. What a pity that nobody wrote a story.",
        "negative",
    ),
    ("A gloriously bonkers romp: pure flapdoodle, and I want the sequel.", "positive"),
    (
        "For twenty minutes this is a delight: two very funny actors, a kitchen, a wedding cake. Then somebody falls "
        "off a boat, and the film goes with him. The jokes stop, the music never does, and the last hour is one long "
        "chase that I could not have cared less about. What a waste of two very funny actors.",
        "negative",
    ),
)
"""Reviews of the course's own making, and how they are meant."""


class SentimentReader(CourseWidget):
    """A review, read by a simple recurrent network, an LSTM and a bag of words.

    The recurrent ones read the start mark and then word by word; after each word their head could answer
    sigmoid(h_t · w + b). The bag of words has no order: one weight a word, sigmoid(mean of the weights). A word's
    weight in a recurrent network is found by occlusion (Li, Monroe & Jurafsky 2016, "Understanding neural networks
    through representation erasure"): the answer with the word minus the answer without it.

    Args:
        text: the review, at most 1,200 characters; of more than 400 words the last 400 are read.
        model: which network is looked into, ``"lstm"`` or ``"rnn"``.
        name: what links call the figure: `[set it](#sentiment-reader?model=rnn)`.
        position: 0 asks for a guess first; k shows all answers and points at word k, or at the last.

    Raises:
        TraitError: for a text that is too long, or another model or position.
    """

    module: ClassVar = JS_FOLDER / "sentiment_reader.js"
    asset_names: ClassVar = {
        "word_list": "imdb-words",
        "rnn_network": "sentiment-rnn",
        "lstm_network": "sentiment-lstm",
        "bag_network": "imdb-bag",
    }

    word_list = t.Bytes().tag(sync=True)
    rnn_network = t.Bytes().tag(sync=True)
    lstm_network = t.Bytes().tag(sync=True)
    bag_network = t.Bytes().tag(sync=True)
    reviews = t.List(read_only=True).tag(sync=True, public=True)
    """What a reader can pick: texts, and how each is meant."""
    test_accuracy = t.Dict(read_only=True).tag(sync=True, public=True)
    """Share of the 25,000 test reviews that each network judges rightly."""

    text = Text(REVIEWS[0][0], longest=MAX_CHARACTERS)
    model = Choice("lstm", options=("lstm", "rnn"))
    position = Whole(0, low=0, high=MAX_IDS)

    def __init__(
        self,
        text: str = REVIEWS[0][0],
        model: str = "lstm",
        name: str = "sentiment-reader",
        *,
        position: int = 0,
    ) -> None:
        super().__init__(text=text, model=model, name=name, position=position)

    @t.default("reviews")  # type: ignore[untyped-decorator]
    def _reviews(self) -> list[list[str]]:
        return [list(review) for review in REVIEWS]

    @t.default("test_accuracy")  # type: ignore[untyped-decorator]
    def _test_accuracy(self) -> dict[str, float]:
        return {kind: load_run(run).card.metrics["test_accuracy"] for kind, run in RUNS.items()}

    @property
    def words(self) -> list[str]:
        """The words that are read: lower case, without punctuation, the last 400 at most."""
        return split_words(self.text)[-MAX_IDS:]

    @property
    def ids(self) -> npt.NDArray[np.int64]:
        """(time,), what the networks read: the start mark 1 and the words' ids, the last 400 of these."""
        entries = encode_review(" ".join(split_words(self.text)), _word_index(), len(_words()))
        return np.array(entries[-MAX_IDS:])

    @property
    def probabilities(self) -> dict[str, Array]:
        """By ``"rnn"`` and ``"lstm"``: (words + 1,), of a positive review, before the first word and after each."""
        return {kind: self._read(kind)[1] for kind in ("rnn", "lstm")}

    @property
    def states(self) -> Array:
        """(words + 1, units), the model's hidden state before the first word and after each."""
        return self._read(self.model)[0]

    @property
    def bag(self) -> float:
        """The bag of words' probability of a positive review: exactly the same for the same words in any order."""
        kernel, bias, weights = _bag()
        total = float(
            np.sum(np.sort(weights[self.ids]))
        )  # sorted: the order cannot matter even in the last digit
        return float(sigmoid(np.array(kernel * total / len(self.ids) + bias)))

    @property
    def bag_weights(self) -> Array:
        """(words,), the bag of words' weight of each word, whatever stands beside it."""
        kernel, _, weights = _bag()
        return self._of_words(kernel * weights[self.ids])

    @property
    def weights_by_word(self) -> Array:
        """(words,), the model's last probability with each word minus without it."""
        packed, ids = _network(self.model), self.ids
        assert packed.embedding is not None
        kept = ~np.eye(len(ids), dtype=bool)  # (copies, time): where it is false, the state stays as it is
        copies = np.broadcast_to(packed.embedding[ids], (len(ids), len(ids), packed.embedding.shape[1]))
        without = packed.network.predict(copies, mask=kept)[:, 0]  # (copies,)
        return self._of_words(self.probabilities[self.model][-1] - without)

    def _of_words(self, by_id: Array) -> Array:
        """Without the entry of the start mark."""
        return by_id[len(by_id) - len(self.words) :]

    def _read(self, kind: str) -> tuple[Array, Array]:
        """A network's states, (words + 1, units), and what its head makes of each, (words + 1,)."""
        packed = _network(kind)
        assert packed.embedding is not None
        network = packed.network
        (cell,) = network.cells
        h = network.trace(packed.embedding[self.ids][np.newaxis])[cell]["h"][0]  # (time, units)
        states = np.vstack([np.zeros_like(h[:1]), h])[-len(self.words) - 1 :]
        return states, network.head.answers(network.head.weighted_sums(states))[:, 0]

    def fallback_html(self) -> str:
        """Both networks' probabilities after every word, and the words' weights, as a table."""
        read = ["start", *self.words]
        rnn, lstm = self.probabilities["rnn"], self.probabilities["lstm"]
        weights = ["", *map(_signed, self.weights_by_word)]
        rows = "\n".join(
            f'<tr><th scope="row">{html.escape(word)}</th><td>{by_rnn:.2f}</td><td>{by_lstm:.2f}</td>'
            f"<td>{weight}</td></tr>"
            for word, by_rnn, by_lstm, weight in zip(read, rnn, lstm, weights, strict=True)
        )
        return (
            f"<table>\n<caption>“{html.escape(self.text)}”: how probable two recurrent networks find it, after each "
            f"word, that the review is positive. A word’s weight is the {self.model.upper()}’s last answer minus its "
            f"answer without the word. A bag of words, which has no order, says {self.bag:.2f}.</caption>\n"
            '<thead><tr><th scope="col">word</th><th scope="col">RNN</th><th scope="col">LSTM</th>'
            f'<th scope="col">weight</th></tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>'
        )


@cache
def _words() -> list[str]:
    words: list[str] = json.loads(asset("imdb-words"))
    return words


@cache
def _word_index() -> dict[str, int]:
    """Word → rank."""
    return {word: id_ - INDEX_FROM for id_, word in enumerate(_words()) if word and id_ > INDEX_FROM}


@cache
def _network(kind: str) -> PackedNetwork:
    return unpack_network(asset(RUNS[kind]))


@cache
def _bag() -> tuple[float, float, Array]:
    """The head's weight, its bias, and (10,000,) the words' weights."""
    kernel, bias, *weights = np.frombuffer(asset(RUNS["bag"]), "<f4").astype(np.float64)
    return float(kernel), float(bias), np.array(weights)


def _signed(value: float) -> str:
    return f"{value:+z.2f}".replace("-", "−")
