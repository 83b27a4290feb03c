"""A trained LSTM that reads a text, with every gate to be seen and to be held."""

from __future__ import annotations

import html
from functools import cache
from typing import ClassVar, NamedTuple

import numpy as np
import traitlets as t

from course_utils.explainers.assets import asset
from course_utils.explainers.traits import Choice, Number, Text, Whole
from course_utils.explainers.weights import PackedNetwork, unpack_network
from course_utils.explainers.widget import JS_FOLDER, CourseWidget
from course_utils.recurrent import LSTM
from course_utils.recurrent.arrays import Array

NETWORK = "chars-lstm-small"
LONGEST = 60
UNITS = 128
SHOWN = ("c", "h", "forget", "input", "output", "candidate")


@cache
def _packed() -> PackedNetwork:
    return unpack_network(asset(NETWORK))


class _Reading(NamedTuple):
    gates: dict[str, Array]
    """What `Gates.gates` gives."""
    keeps: Array
    """(time, units), by what the step multiplies the memory: the forget gate, or 0 where the figure sets c itself."""


class Gates(CourseWidget):
    """A trained LSTM of 128 units reads a text, character by character; its gates can be held.

    The network is the stored run ``chars-lstm-small``. At every step (Hochreiter & Schmidhuber, 1997, with the forget
    gate of Gers, Schmidhuber & Cummins, 2000)::

        c_t = f_t c_{t−1} + i_t c̃_t        h_t = o_t tanh(c_t)

    Where a gate is held, it has the value `clamp` instead of its own at step `since` and at all later ones, and what
    follows is computed from that.

    Args:
        text: what is read, up to 60 characters; those outside the network's alphabet are skipped.
        gate: which gate is held: ``"none"``, ``"forget"``, ``"input"`` or ``"output"``.
        clamp: the value at which it is held, 0 to 1.
        scope: whether the gate is held in ``"all"`` units or in one ``"unit"``.
        name: what links call the figure: `[wipe](#gates?gate=forget&clamp=0)`.
        since: the first step of the change, counted from 1.
        position: the step that is looked at, counted from 1; beyond the end it is the last.
        unit: the unit that is looked at, 0 to 127.
        memory: ``"untouched"``; ``"zeroed"``: the unit's c and h are 0 from `since` on; or ``"set"``: its c is
            `set_to` after step `since`, once, and h_t = o_t tanh(c_t) follows.
        set_to: see `memory`; −5 to 5.
        shown: what the map shows: ``"c"``, ``"h"``, ``"forget"``, ``"input"``, ``"output"`` or ``"candidate"``.

    Raises:
        TraitError: for a number out of its range, another word, or a text that is too long.
    """

    module: ClassVar = JS_FOLDER / "gates.js"
    asset_names: ClassVar = {"network": NETWORK}
    network = t.Bytes().tag(sync=True)

    text = Text("Parting is such sweet sorro", longest=LONGEST)
    gate = Choice("none", options=("none", "forget", "input", "output"))
    clamp = Number(1.0, low=0, high=1, step=0.01)
    scope = Choice("all", options=("all", "unit"))
    since = Whole(23, low=1, high=LONGEST)
    position = Whole(27, low=1, high=LONGEST)
    unit = Whole(74, low=0, high=UNITS - 1)
    memory = Choice("untouched", options=("untouched", "zeroed", "set"))
    set_to = Number(0.0, low=-5, high=5, step=0.1)
    shown = Choice("c", options=SHOWN)

    def __init__(
        self,
        text: str = "Parting is such sweet sorro",
        gate: str = "none",
        clamp: float = 1.0,
        scope: str = "all",
        name: str = "gates",
        *,
        since: int = 23,
        position: int = 27,
        unit: int = 74,
        memory: str = "untouched",
        set_to: float = 0.0,
        shown: str = "c",
    ) -> None:
        super().__init__(
            text=text,
            gate=gate,
            clamp=clamp,
            scope=scope,
            name=name,
            since=since,
            position=position,
            unit=unit,
            memory=memory,
            set_to=set_to,
            shown=shown,
        )

    @property
    def characters(self) -> str:
        """The characters that are read: those of the text that the network's alphabet has."""
        alphabet = _packed().vocabulary or []
        return "".join(character for character in self.text if character in alphabet)

    @property
    def gates(self) -> dict[str, Array]:
        """Every gate and state at every step, each (time, units): ``forget``, ``input``, ``output``, ``candidate``,
        ``c`` and ``h``; with the change that the figure makes."""
        return self._read(changed=True).gates

    @property
    def gates_as_trained(self) -> dict[str, Array]:
        """The same without the change."""
        return self._read(changed=False).gates

    @property
    def odds(self) -> dict[str, float]:
        """How probable each next character is at the position, the likeliest first; with the change.

        Nothing has been answered, and the dictionary is empty, where the text has no character to read.
        """
        return self._odds(self.gates["h"])

    @property
    def odds_as_trained(self) -> dict[str, float]:
        """The same without the change, in its own order."""
        return self._odds(self.gates_as_trained["h"])

    @property
    def left_of_each(self) -> Array:
        """(position,), which share of what each character wrote into the memory is still there at the position.

        c_t is the sum, over all steps s ≤ t, of i_s c̃_s times all the forget gates after s. The share is that of the
        sizes of the parts, summed over the units: Σ |i_s c̃_s| f_{s+1} ⋯ f_t over Σ |i_s c̃_s|.
        """
        reading = self._read(changed=True)
        at = self._step(len(reading.keeps))
        written = np.abs(reading.gates["input"] * reading.gates["candidate"])[:at]  # (position, units)
        left = np.ones((at, UNITS))  # of each unit's part
        for step in range(at):
            left[:step] *= reading.keeps[step]
            if self._sets_memory(step):
                left[step, self.unit] = 0.0
        whole = written.sum(axis=1)
        shares: Array = np.divide((written * left).sum(axis=1), whole, out=np.zeros(at), where=whole > 0)
        return shares

    def _step(self, steps: int) -> int:
        """The position in a text of so many steps, counted from 1; 0 in none."""
        position: int = self.position
        return min(position, steps)

    def _sets_memory(self, step: int) -> bool:
        """Whether the figure itself sets the unit's c after this step, counted from 0."""
        first = self.since - 1
        return (self.memory == "set" and step == first) or (self.memory == "zeroed" and step >= first)

    def _read(self, *, changed: bool) -> _Reading:
        packed = _packed()
        cell = packed.network.layers[0]
        assert isinstance(cell, LSTM) and packed.embedding is not None and packed.vocabulary is not None
        h, c = cell.initial_state(1)  # each (1, units)
        held_units = slice(None) if self.scope == "all" else slice(self.unit, self.unit + 1)
        rows: list[dict[str, Array]] = []
        for step, character in enumerate(self.characters):
            x_t = packed.embedding[[packed.vocabulary.index(character)]]
            _, found = cell.step(x_t, (h, c))
            gates = {"forget": found.forget, "input": found.input, "output": found.output}
            if changed and self.gate != "none" and step >= self.since - 1:
                gates[self.gate][:, held_units] = self.clamp
            c = gates["forget"] * c + gates["input"] * found.candidate
            keeps = gates["forget"].copy()
            if changed and self._sets_memory(step):
                c[:, self.unit] = self.set_to if self.memory == "set" else 0.0
                keeps[:, self.unit] = 0.0
            h = gates["output"] * np.tanh(c)
            rows.append(gates | {"candidate": found.candidate, "c": c, "h": h, "keeps": keeps})
        names = ("forget", "input", "output", "candidate", "c", "h", "keeps")
        arrays = {name: np.array([row[name][0] for row in rows]).reshape(-1, UNITS) for name in names}
        keeps = arrays.pop("keeps")
        return _Reading(arrays, keeps)

    def _odds(self, h: Array) -> dict[str, float]:
        if not len(h):
            return {}
        head, alphabet = _packed().network.head, _packed().vocabulary or []
        answers = head.answers(head.weighted_sums(h[[self._step(len(h)) - 1]]))[0]
        return {alphabet[k]: float(answers[k]) for k in np.argsort(-answers, kind="stable")}

    def fallback_html(self) -> str:
        """The unit that is looked at, character by character, and the likeliest next characters."""
        gates = self.gates
        names = ("forget", "input", "candidate", "c", "output", "h")
        body = "\n".join(
            f'<tr><th scope="row">{_visible(character)}</th>'
            + "".join(f"<td>{_number(gates[name][step, self.unit])}</td>" for name in names)
            + "</tr>"
            for step, character in enumerate(self.characters)
        )
        symbols = ("f", "i", "c̃", "c", "o", "h")
        head = "".join(f'<th scope="col">{symbol}<sub>t</sub></th>' for symbol in symbols)
        guesses = [f"{_visible(character)} ({share:.0%})" for character, share in list(self.odds.items())[:3]]
        at = self._step(len(self.characters))
        expects = (
            f" After {at} characters, the network’s best guesses are {', '.join(guesses)}." if guesses else ""
        )
        return (
            f"<table>\n<caption>Unit {self.unit} of a trained LSTM reads a text: "
            "c<sub>t</sub> = f<sub>t</sub> · c<sub>t−1</sub> + i<sub>t</sub> · c̃<sub>t</sub>. "
            f"A forget gate f of 1 keeps the memory c, one of 0 wipes it.{expects}</caption>\n"
            f'<thead><tr><th scope="col">reads</th>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>'
        )


def _visible(character: str) -> str:
    """A character of the text, as HTML that shows it."""
    return {" ": "space", "\n": "new line"}.get(character, html.escape(character))


def _number(value: float) -> str:
    """Two digits, with a real minus sign, and no sign where it rounds to zero."""
    return f"{value:z.2f}".replace("-", "−")
