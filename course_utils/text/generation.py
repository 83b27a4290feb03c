"""Text written by a stored character network, one symbol a step, with the state carried along.

A loop that shows Keras the last 40 characters for each new one makes the network read every character 40 times, and
pays for a call of `predict` each time. Here each is read once. Four things make the step itself quick:

- the embedding and the input weights of the first layer become one table, so that reading an id is one look-up;
- the weights of a higher layer's two inputs lie in one matrix, so that a layer takes one product;
- sigmoid(a) = ½ (tanh(a / 2) + 1): with the gates' weights halved once, one tanh serves all four blocks;
- a step writes into arrays that are there already, and for one text in products so small that the library for linear
  algebra does not hand them to several threads, which costs more than it saves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from course_utils.recurrent import LSTM, from_keras
from course_utils.text.sampling import sampling_probabilities

if TYPE_CHECKING:
    import keras

Array = npt.NDArray[np.float32]
State = tuple[tuple[Array, Array], ...]
"""Of each layer: h and c, each (batch, units)."""

_READ_AT_ONCE: Final = 256
"""Steps between two products with the head's weights."""
_ONE_THREAD: Final = 400_000
"""Numbers in a matrix whose product with one row OpenBLAS computes in one thread."""


@dataclass(frozen=True)
class Beam:
    """What `beam_search` found."""

    text: str
    """Without its start."""
    log_probability: float
    """Natural logarithm of how probable the whole text is, after its start."""


class CharacterNetwork:
    """A character network, Embedding → LSTM … → Dense with softmax, that is read one id a step.

    Args:
        embedding: (outcomes, features), what the first layer reads for each id.
        layers: the LSTMs, the lowest first.
        W_y: (units, outcomes), the head's weights.
        b_y: (outcomes,), its biases.
        alphabet: the character of each id.

    Raises:
        ValueError: if an alphabet does not fit the embedding and the head, or a layer is no LSTM.
    """

    def __init__(
        self,
        embedding: npt.ArrayLike,
        layers: Sequence[LSTM],
        W_y: npt.ArrayLike,
        b_y: npt.ArrayLike,
        alphabet: Sequence[str],
    ) -> None:
        rows = np.asarray(embedding, np.float32)
        self._W_y, self._b_y = np.array(W_y, np.float32), np.array(b_y, np.float32)
        self.alphabet = tuple(alphabet)
        self._ids = {character: i for i, character in enumerate(self.alphabet)}
        if not len(rows) == len(self.alphabet) == len(self._ids) == len(self._b_y):
            raise ValueError(
                f"the embedding has {len(rows)} rows, the head {len(self._b_y)} outputs and the alphabet "
                f"{len(self._ids)} different characters, expected as many of each."
            )
        if not layers or any(type(layer) is not LSTM for layer in layers):
            kinds = ", ".join(type(layer).__name__ for layer in layers) or "none"
            raise ValueError(f"the layers are {kinds}, expected one LSTM or several.")
        self.units = tuple(layer.units for layer in layers)
        first, *higher = layers
        self._table = _halved(rows @ first.W_x + _bias(first), first.units)
        """(outcomes, 4 · units): what reading an id adds to the first layer's sums."""
        self._W = [_halved(first.W_h, first.units)]
        self._W += [_halved(np.concatenate([layer.W_x, layer.W_h]), layer.units) for layer in higher]
        self._W_parts = [_parts(W) for W in self._W]
        self._b = [_halved(_bias(layer), layer.units) for layer in layers]

    @classmethod
    def from_keras(cls, model: keras.Sequential, alphabet: Sequence[str]) -> CharacterNetwork:
        """The network with the weights of a Keras model, and its answers.

        Args:
            model: built; Embedding, LSTM layers, Dense with softmax. Dropout is left behind, as when Keras predicts.
            alphabet: the character of each id, as ``Run.load_vocabulary`` gives it.

        Raises:
            ValueError: for a model of other layers.
        """
        import keras

        lowest = model.layers[0]
        if type(lowest) is not keras.layers.Embedding:
            raise ValueError(f"the model begins with {type(lowest).__name__}, expected Embedding.")
        above = keras.Sequential([keras.Input((None, lowest.output_dim)), *model.layers[1:]])
        network = from_keras(above, dtype=np.float32)
        if network.head.activation != "softmax":
            raise ValueError(f"the head has activation {network.head.activation}, expected softmax.")
        layers: list[Any] = list(network.layers)
        b_y = network.head.b_y if network.head.use_bias else np.zeros(network.head.outputs)
        return cls(lowest.get_weights()[0], layers, network.head.W_y, b_y, alphabet)

    def encode(self, text: str) -> list[int]:
        """The id of each character.

        Raises:
            ValueError: for a character that the alphabet lacks.
        """
        try:
            return [self._ids[character] for character in text]
        except KeyError as error:
            raise ValueError(f"the alphabet has no {error.args[0]!r}: leave it out of the text.") from None

    def decode(self, ids: npt.ArrayLike) -> str:
        """The text of some ids."""
        return "".join(self.alphabet[each] for each in np.asarray(ids, np.int64).ravel())

    def initial_state(self, batch: int = 1) -> State:
        """The state before anything is read: zeros."""
        return tuple((np.zeros((batch, n), np.float32), np.zeros((batch, n), np.float32)) for n in self.units)

    def step(self, ids: npt.ArrayLike, state: State) -> tuple[Array, State]:
        """Read one character more of each text.

        Args:
            ids: (batch,), or one id for a batch of one.
            state: of each layer, h and c, each (batch, units); it stays as it is.

        Returns:
            logits: (batch, outcomes), for the character after it.
            state: after it.

        Raises:
            ValueError: if there is not one id for each text, or one that the alphabet lacks.
        """
        given = np.atleast_1d(np.asarray(ids))
        if given.shape != (len(state[0][0]),) or not (given.min() >= 0 and given.max() < len(self.alphabet)):
            raise ValueError(
                f"ids are {given.tolist()} for {len(state[0][0])} texts, expected one id for each, from 0 to "
                f"{len(self.alphabet) - 1}."
            )
        stream = _Stream(self, state)
        stream.read(given)
        return stream.logits(), stream.state

    def read(self, text: str, state: State | None = None) -> tuple[Array, State]:
        """Read a text.

        Args:
            text: at least one character.
            state: to carry on from; None for nothing.

        Returns:
            logits: (1, outcomes), for the character after it.
            state: after it.

        Raises:
            ValueError: for an empty text, or a character that the alphabet lacks.
        """
        stream = _Stream(self, state or self.initial_state())
        ids = self.encode(text)
        if not ids:
            raise ValueError("there is nothing to read: begin with a character, such as a line break.")
        for each in ids:
            stream.read([each])
        return stream.logits(), stream.state

    def log_probabilities(self, ids: npt.ArrayLike) -> Array:
        """What the network expects while it reads, from an empty state.

        Args:
            ids: (time,) or (batch, time).

        Returns:
            (…, time, outcomes): after each character, the natural logarithms of the next one's probabilities.
        """
        texts = np.atleast_2d(np.asarray(ids))
        stream = _Stream(self, self.initial_state(len(texts)))
        answers, hidden = [], []
        for t in range(texts.shape[1]):
            stream.read(texts[:, t])
            hidden.append(stream.h[-1].copy())
            if len(hidden) == _READ_AT_ONCE or t + 1 == texts.shape[1]:
                logits = np.stack(hidden, axis=1) @ self._W_y + self._b_y  # (batch, some steps, outcomes)
                answers.append(_log_softmax(logits))
                hidden = []
        found: Array = np.concatenate(answers, axis=1)
        return found if np.ndim(ids) == 2 else found[0]

    def trace(self, text: str) -> dict[str, Array]:
        """The states of the highest layer while it reads a text, from an empty state.

        Returns:
            ``h`` and ``c``, each (time, units): after each character.
        """
        stream = _Stream(self, self.initial_state())
        hidden, cells = [], []
        for each in self.encode(text):
            stream.read([each])
            hidden.append(stream.h[-1][0].copy())
            cells.append(stream.c[-1][0].copy())
        shape = (len(hidden), self.units[-1])
        return {"h": np.reshape(hidden, shape), "c": np.reshape(cells, shape)}

    def write(
        self,
        start: str,
        length: int,
        *,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> str:
        """Continue a text, drawing each character and reading it as the next input.

        Args:
            start: what is read first.
            length: characters to write.
            temperature: 0 for greedy; see `sampling_probabilities`.
            top_k: 0 for all.
            top_p: 1 for all.
            seed: of the draws. The same settings write the same text.

        Returns:
            what was written, without the start.

        Raises:
            ValueError: for a length below 0, or as `read` and `sampling_probabilities`.
        """
        ids = self.encode(start)
        if length < 0 or not ids:
            raise ValueError(
                f"length is {length} and start {start!r}, expected at least 0 and at least a character."
            )
        stream = _Stream(self, self.initial_state())
        for each in ids:
            stream.read([each])
        plain = top_k == 0 and top_p >= 1 and temperature > 0 and math.isfinite(temperature)
        numbers = np.random.default_rng(seed).random(length).tolist()
        written = []
        for number in numbers:
            logits = stream.logits()[0]
            if (
                plain
            ):  # what `sampling_probabilities` does, without its checks and before it is divided by its sum
                chances = np.exp((logits - logits.max()) / np.float32(temperature))
            else:
                chances = sampling_probabilities(logits, temperature=temperature, top_k=top_k, top_p=top_p)
            ends = chances.cumsum()
            # To the last end but not up to it, so that a share of nothing is never drawn.
            place = min(number * float(ends[-1]), float(np.nextafter(ends[-1], ends.dtype.type(0))))
            drawn = int(ends.searchsorted(place, side="right"))
            written.append(drawn)
            stream.read([drawn])
        return self.decode(written)


def beam_search(network: CharacterNetwork, start: str, length: int, width: int) -> Beam:
    """Look for the most probable text of a length, keeping the `width` best beginnings at each step.

    Args:
        network: that is asked.
        start: what it reads first.
        length: characters to write, at least 1.
        width: beginnings that are kept; with 1 the search is greedy.

    Returns:
        the best text found, which need not be the best there is.

    Raises:
        ValueError: for a length or a width below 1, or as `CharacterNetwork.read`.
    """
    if length < 1 or width < 1:
        raise ValueError(f"length is {length} and width {width}, expected both to be at least 1.")
    logits, state = network.read(start)
    outcomes = len(network.alphabet)
    scores = np.zeros(1)  # (beginnings,): log probability of each
    texts = np.empty((1, 0), np.int64)  # (beginnings, letters)
    for _ in range(length):
        together = scores[:, np.newaxis] + _log_softmax(logits).astype(np.float64)  # (beginnings, outcomes)
        best = np.argsort(-together, axis=None, kind="stable")[:width]
        parents, letters = np.divmod(best, outcomes)
        scores = together.ravel()[best]
        texts = np.concatenate([texts[parents], letters[:, np.newaxis]], axis=1)
        chosen = tuple((h[parents], c[parents]) for h, c in state)
        logits, state = network.step(letters, chosen)
    return Beam(network.decode(texts[0]), float(scores[0]))


class _Stream:
    """Texts that are being read: their states, and the arrays that a step writes into."""

    def __init__(self, network: CharacterNetwork, state: State) -> None:
        self._network = network
        self.h = [np.array(h, np.float32) for h, _ in state]
        self.c = [np.array(c, np.float32) for _, c in state]
        batch = len(self.h[0])
        self._sums = [np.empty((batch, 4 * n), np.float32) for n in network.units]
        self._spare = [np.empty((batch, n), np.float32) for n in network.units]
        self._logits = np.empty((batch, len(network.alphabet)), np.float32)
        # Views of the four blocks, made once: i, f, candidate, o.
        self._blocks = [
            tuple(a[:, k * n : (k + 1) * n] for k in range(4))
            for a, n in zip(self._sums, network.units, strict=True)
        ]

    @property
    def state(self) -> State:
        """Of each layer, h and c."""
        return tuple(zip(self.h, self.c, strict=True))

    def read(self, ids: Sequence[int] | npt.NDArray[Any]) -> None:
        """One character more of each text; ids: (batch,)."""
        network = self._network
        for layer, (a, h, c, spare) in enumerate(zip(self._sums, self.h, self.c, self._spare, strict=True)):
            below = h if layer == 0 else np.concatenate([self.h[layer - 1], h], axis=1)
            if len(a) == 1:
                for columns, W in network._W_parts[layer]:
                    np.dot(below[0], W, out=a[0, columns])
            else:
                np.dot(below, network._W[layer], out=a)
            a += network._table[ids] if layer == 0 else network._b[layer]
            np.tanh(a, out=a)
            i, f, candidate, o = self._blocks[layer]
            # Each gate is ½ (its block + 1). c ← f c + i c̃ and h ← o tanh(c), with the halves taken last.
            f += 1.0
            c *= f
            i += 1.0
            i *= candidate
            c += i
            c *= 0.5
            np.tanh(c, out=spare)
            o += 1.0
            np.multiply(o, spare, out=h)
            h *= 0.5

    def logits(self) -> Array:
        """(batch, outcomes): the head's sums, in an array that the next call overwrites."""
        np.dot(self.h[-1], self._network._W_y, out=self._logits)
        self._logits += self._network._b_y
        return self._logits


def _halved(sums: npt.ArrayLike, units: int) -> Array:
    """Weights whose gate blocks (all but the candidate, the third) are halved: (…, 4 · units), contiguous."""
    halved = np.array(sums, np.float32)
    halved[..., : 2 * units] *= 0.5
    halved[..., 3 * units :] *= 0.5
    return np.ascontiguousarray(halved)


def _parts(W: Array) -> list[tuple[slice, Array]]:
    """A matrix cut into blocks of columns, each contiguous and of at most `_ONE_THREAD` numbers."""
    width = max(1, _ONE_THREAD // len(W))
    cuts = [slice(begin, begin + width) for begin in range(0, W.shape[1], width)]
    return [(cut, np.ascontiguousarray(W[:, cut])) for cut in cuts]


def _bias(layer: LSTM) -> Array:
    bias: Array = np.asarray(layer.b if layer.use_bias else np.zeros(4 * layer.units), np.float32)
    return bias


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    found: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return found
