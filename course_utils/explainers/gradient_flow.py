"""How far back the gradient reaches: by step, in one small network, in fresh cells, and in trained ones."""

from __future__ import annotations

import html
import json
from itertools import islice
from typing import Any, ClassVar

import numpy as np
import traitlets as t

from course_utils.data.random_numbers import seeded_random
from course_utils.data.vocabulary import INDEX_FROM, encode_review
from course_utils.explainers.traits import Choice, Flag, Number, Text, Whole
from course_utils.explainers.weights import unpack_network
from course_utils.explainers.widget import JS_FOLDER, CourseWidget
from course_utils.recurrent import GRU, LSTM, SimpleRNN
from course_utils.recurrent.arrays import Array
from course_utils.recurrent.cell import Cell

MODES = ("one-unit", "cells", "trained")
NETWORKS = ("one unit", "16 units")
ACTIVATIONS = ("tanh", "relu", "linear", "sigmoid")
CELL_NAMES = ("RNN", "LSTM", "GRU")
LONGEST = 400
"""Words of a text that the trained networks read; of a longer one the last."""
TEXT = "I did not expect much and the first half is slow, but the ending is wonderful: not bad at all."
_FALLBACK_ROWS = 11


class GradientFlow(CourseWidget):
    """How much of the gradient of the last step is left at each step before.

    At the last step the gradient by the state has the norm 1; at every other, `norms` says how much of it has come
    back. Three parts:

    - ``one-unit``: h_t = f(x_t W_x + h_{t−1} W_h), one unit with W_x = 1 and W_h = `w_h`, or 16 units with a random
      rotation times `w_h` as W_h, so that `w_h` is the spectral radius of either. What the weights alone and the
      slopes of f do is shown apart (Bengio, Simard & Frasconi 1994), and what clipping by norm does to the gradient
      by the weights (Pascanu, Mikolov & Bengio 2013).
    - ``cells``: a SimpleRNN, an LSTM and a GRU of 16 units as they begin, on the same random inputs.
    - ``trained``: the course's three sentiment networks on a text; the gradient is that of the answer, and since
      only shares are shown, that of any loss too.

    Args:
        w_h: recurrent weight of the one unit, or spectral radius of the recurrent weights of the 16.
        steps: length of the sequence.
        activation: f of the small network: tanh, relu, linear or sigmoid.
        network: "one unit" or "16 units".
        mode: which part is shown: "one-unit", "cells" or "trained".
        name: what links call the figure: `[set it](#gradient-flow?w_h=1.2)`.
        input_size: the random inputs lie between this and its negative.
        seed: of the random inputs.
        clip: whether the gradient by the weights is clipped to the norm 1.
        forget_bias: where the LSTM's forget bias begins.
        update_bias: where the GRU's update bias begins.
        text: what the trained networks read; of a long text its last 400 words.
        revealed: whether the answer to the figure's question is shown from the start.

    Raises:
        TraitError: for a value out of its range.
    """

    module: ClassVar = JS_FOLDER / "gradient_flow.js"
    asset_names: ClassVar[dict[str, str]] = {
        "cells": "gradient-cells",
        "vocabulary": "imdb-words",
        "rnn": "sentiment-rnn",
        "lstm": "sentiment-lstm",
        "gru": "sentiment-gru",
    }
    late_assets: ClassVar[tuple[str, ...]] = ("vocabulary", "rnn", "lstm", "gru")

    cells = t.Bytes().tag(sync=True)
    vocabulary = t.Bytes().tag(sync=True)
    rnn = t.Bytes().tag(sync=True)
    lstm = t.Bytes().tag(sync=True)
    gru = t.Bytes().tag(sync=True)

    mode = Choice("one-unit", options=MODES)
    network = Choice("one unit", options=NETWORKS)
    w_h = Number(0.9, low=0.05, high=2, step=0.05)
    steps = Whole(50, low=2, high=100)
    activation = Choice("tanh", options=ACTIVATIONS)
    input_size = Number(0.7, low=0, high=2, step=0.1)
    seed = Whole(1, low=1, high=99)
    clip = Flag(False)
    forget_bias = Number(1.0, low=-1, high=5, step=0.25)
    update_bias = Number(0.0, low=-1, high=5, step=0.25)
    text = Text(TEXT, longest=4000)
    revealed = Flag(False)

    def __init__(
        self,
        w_h: float = 0.9,
        steps: int = 50,
        activation: str = "tanh",
        network: str = "one unit",
        mode: str = "one-unit",
        name: str = "gradient-flow",
        *,
        input_size: float = 0.7,
        seed: int = 1,
        clip: bool = False,
        forget_bias: float = 1.0,
        update_bias: float = 0.0,
        text: str = TEXT,
        revealed: bool = False,
    ) -> None:
        super().__init__(
            w_h=w_h,
            steps=steps,
            activation=activation,
            network=network,
            mode=mode,
            name=name,
            input_size=input_size,
            seed=seed,
            clip=clip,
            forget_bias=forget_bias,
            update_bias=update_bias,
            text=text,
            revealed=revealed,
        )

    @property
    def norms(self) -> dict[str, Array]:
        """What is left of the gradient, (time,), first step first: ``gradient``, or by cell RNN, LSTM and GRU.

        It is the L2 norm of the gradient by the state after each step. The LSTM's state is h and c together.
        """
        if self.mode == "one-unit":
            return {"gradient": self._of_small(self.activation)}
        if self.mode == "cells":
            rnn, lstm, gru = _fresh_cells(self.cells)
            lstm.b[lstm.units : 2 * lstm.units] = self.forget_bias
            gru.b[: gru.units] = self.update_bias
            inputs = self._inputs(rnn.features)
            upstream = np.ones(rnn.units)
            fresh: list[Cell[Any]] = [rnn, lstm, gru]
            return {
                name: _state_norms(cell, inputs, upstream)
                for name, cell in zip(CELL_NAMES, fresh, strict=True)
            }
        found = {}
        for name, contents in zip(CELL_NAMES, (self.rnn, self.lstm, self.gru), strict=True):
            packed = unpack_network(contents)
            assert packed.embedding is not None  # its run has one
            cells = list(packed.network.cells.values())
            found[name] = _state_norms(cells[0], packed.embedding[self._ids], packed.network.head.W_y[:, 0])
        return found

    @property
    def factors(self) -> dict[str, Array]:
        """The two factors of the small network's gradient, each (time,), first step first.

        ``weights`` is what would be left if every slope were 1; ``slopes`` is what is left of that.
        """
        weights = self._of_small("linear")
        return {"weights": weights, "slopes": self._of_small(self.activation) / weights}

    @property
    def weight_gradient_norm(self) -> float:
        """The norm of the gradient by all weights of the small network, after clipping where `clip` is set."""
        cell = self._small(self.activation)
        d_weights = _backward(cell, self._inputs(cell.features), np.ones(cell.units)).d_weights
        norm = float(np.linalg.norm(np.concatenate([d.ravel() for d in d_weights.values()])))
        return min(norm, 1.0) if self.clip else norm

    @property
    def words(self) -> list[str]:
        """What the trained networks read, one word a step: the start mark, then the words they know."""
        known = json.loads(self.vocabulary)
        return [known[word_id] for word_id in self._ids]

    @property
    def _ids(self) -> list[int]:
        known = json.loads(self.vocabulary)
        ranks = {word: word_id - INDEX_FROM for word_id, word in enumerate(known) if word_id >= INDEX_FROM}
        # A bracket is punctuation here: a reader who types "[START]" means the word.
        return encode_review(self.text.replace("[", " "), ranks, len(known))[-LONGEST:]

    def _small(self, activation: str) -> SimpleRNN:
        """The network of one unit, or of 16."""
        if self.network == "one unit":
            cell = SimpleRNN(1, 1, activation=activation, seed=0)
            cell.W_x[:], cell.W_h[:] = 1.0, self.w_h
            return cell
        base, _, _ = _fresh_cells(self.cells)
        cell = SimpleRNN(base.features, base.units, activation=activation, seed=0)
        cell.W_x[:], cell.W_h[:] = base.W_x, self.w_h * base.W_h
        return cell

    def _of_small(self, activation: str) -> Array:
        cell = self._small(activation)
        return _state_norms(cell, self._inputs(cell.features), np.ones(cell.units))

    def _inputs(self, features: int) -> Array:
        """(time, features), random numbers, the same in the browser."""
        count = self.steps * features
        drawn = np.fromiter(islice(seeded_random(self.seed), count), np.float64, count)
        numbers = drawn.reshape(self.steps, features)
        return self.input_size * (2 * numbers - 1)

    def fallback_html(self) -> str:
        """What is left of the gradient at some of the steps, as a table."""
        norms = self.norms
        if self.mode == "one-unit":
            what = (
                f"{self.network}, {'w_h' if self.network == 'one unit' else 'spectral radius'} = {self.w_h:.2f}, "
                f"{self.activation}, random inputs up to {self.input_size:.1f}"
            )
            columns = norms | {
                "weights alone": self.factors["weights"],
                "slopes’ part": self.factors["slopes"],
            }
        elif self.mode == "cells":
            what = (
                f"16 units as they begin, forget bias {self.forget_bias:.2f}, update bias "
                f"{self.update_bias:.2f}, the same random inputs for all"
            )
            columns = norms
        else:
            what = "three trained networks on a text"
            columns = norms
        length = len(next(iter(columns.values())))
        chosen = np.unique(np.linspace(0, length - 1, min(length, _FALLBACK_ROWS)).round().astype(int))[::-1]
        labels = [f"{step + 1}" for step in range(length)]
        if self.mode == "trained":
            labels = [f"{label} {html.escape(word)}" for label, word in zip(labels, self.words, strict=True)]
        head = "".join(f'<th scope="col">{name}</th>' for name in columns)
        body = "\n".join(
            f'<tr><th scope="row">{labels[step]}</th>'
            + "".join(f"<td>{_share(column[step])}</td>" for column in columns.values())
            + "</tr>"
            for step in chosen
        )
        return (
            f"<table>\n<caption>How much of the gradient is left on the way back from step {length}: "
            f"{what}.</caption>\n"
            f'<thead><tr><th scope="col">step</th>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>'
        )


def _fresh_cells(contents: bytes) -> tuple[SimpleRNN, LSTM, GRU]:
    """The three cells of the asset, in double precision."""
    rnn, lstm, gru = unpack_network(contents).network.layers
    assert isinstance(rnn, SimpleRNN) and isinstance(lstm, LSTM) and isinstance(gru, GRU)
    return rnn, lstm, gru


def _backward(cell: Cell[Any], inputs: Array, upstream: Array) -> Any:
    run = cell.forward(inputs[:, np.newaxis])
    return cell.backward(run, d_last=(upstream / np.linalg.norm(upstream))[np.newaxis])


def _state_norms(cell: Cell[Any], inputs: Array, upstream: Array) -> Array:
    """(time,), as `gradient_norm_by_step` with an upstream gradient of norm 1, but by the LSTM's h and c together."""
    states = [np.concatenate(d_state, axis=1) for d_state in _backward(cell, inputs, upstream).d_states]
    # The largest number is taken out first: a square of 10⁻¹⁷⁵ would be 0.
    largest = [np.abs(d_state).max() or 1.0 for d_state in states]
    return np.array([top * np.linalg.norm(d / top) for d, top in zip(states, largest, strict=True)])


def _share(value: float) -> str:
    """Two digits: 0.0057, or 4·10⁻¹⁰, as the figure writes it."""
    if value == 0:
        return "≈ 0"
    if 0.001 <= value < 1000:
        return f"{float(f'{value:.1e}'):g}"
    digit, power = f"{value:.0e}".split("e")
    return f"{digit}·10{str(int(power)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
