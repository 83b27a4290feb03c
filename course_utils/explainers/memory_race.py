"""Four recurrent networks on the recall task: how far back does each remember?"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import traitlets as t

from course_utils.data.random_numbers import seeded_random
from course_utils.explainers.traits import Choice, Flag, Whole
from course_utils.explainers.widget import JS_FOLDER, CourseWidget
from course_utils.recurrent.arrays import Array
from course_utils.runs.recall import SETTINGS, load_recall

LAGS = SETTINGS.lags
LETTERS = "ABCDEFGH"
"""What the symbols are called."""
NAMES = {"simple_rnn": "simple RNN", "lstm": "LSTM", "gru": "GRU", "lstm_default": "default LSTM"}
"""What the competitors are called."""


class MemoryRace(CourseWidget):
    """Four trained networks have to name the first symbol of a sequence after `lag` others.

    The trainings are stored: each competitor at each lag, from five seeds, with the same number of updates. ``lstm``
    and ``gru`` begin with gates that keep what is there (b_f = 4 and b_i = −2; b_z = 3), ``lstm_default`` as Keras
    does (b_f = 1, b_i = 0). The sequence is played through one network of each: the median one of the five.

    Args:
        lag: how many symbols follow the one to remember: 2, 5, 10, 20, 40 or 80.
        symbol: the one to remember, ``"A"`` to ``"H"``.
        seed: fixes those that follow, 0 to 999.
        position: how many symbols have been read when the figure appears; beyond the end it is all of them.
        revealed: whether the accuracies at this lag and at longer ones are shown before the reader has guessed.
        name: what links call the figure: `[twice as far](#memory-race?lag=80)`.

    Raises:
        TraitError: for a lag that was not trained, another letter, or a number out of its range.
        RunError: if the stored trainings are missing.
    """

    module: ClassVar = JS_FOLDER / "memory_race.js"
    asset_names: ClassVar = {"recall": "recall"}
    recall = t.Bytes().tag(sync=True)

    lag = Whole(40, low=min(LAGS), high=max(LAGS))
    symbol = Choice("C", options=LETTERS)
    seed = Whole(1, low=0, high=999)
    position = Whole(12, low=0, high=1 + max(LAGS))
    revealed = Flag(False)

    def __init__(
        self,
        lag: int = 40,
        symbol: str = "C",
        seed: int = 1,
        name: str = "memory-race",
        *,
        position: int = 12,
        revealed: bool = False,
    ) -> None:
        super().__init__(lag=lag, symbol=symbol, seed=seed, name=name, position=position, revealed=revealed)

    @t.validate("lag")  # type: ignore[untyped-decorator]
    def _trained_lag(self, proposal: Any) -> int:
        lag: int = proposal["value"]
        if lag not in LAGS:
            raise t.TraitError(
                f"MemoryRace: lag is {lag}, expected one of {', '.join(map(str, LAGS))}: those were trained"
            )
        return lag

    @property
    def competitors(self) -> tuple[str, ...]:
        """The names of the four networks, as `accuracy` and `odds` have them."""
        return load_recall().card.settings.names

    @property
    def accuracy(self) -> npt.NDArray[np.float64]:
        """(competitors, lags, seeds), the share of right answers on 2,000 fresh sequences, of each training."""
        return load_recall().accuracy

    @property
    def sequence(self) -> str:
        """What is read: the symbol to remember, then `lag` others."""
        uniform = seeded_random(self.seed)
        others = (LETTERS[int(len(LETTERS) * next(uniform))] for _ in range(self.lag))
        return "".join([self.symbol, *others])

    @property
    def answers(self) -> dict[str, Array]:
        """By competitor: (1 + lag, 8), the odds of every symbol, were it asked after each step."""
        recall = load_recall()
        inputs = np.eye(len(LETTERS))[[LETTERS.index(letter) for letter in self.sequence]]  # (time, symbols)
        return {
            name: recall.network(name, self.lag, every_step=True, dtype=np.float64).predict(inputs[None])[0]
            for name in self.competitors
        }

    @property
    def odds(self) -> dict[str, Array]:
        """By competitor: (1 + lag,), the odds of the right symbol, were it asked after each step."""
        return {name: answers[:, LETTERS.index(self.symbol)] for name, answers in self.answers.items()}

    def fallback_html(self) -> str:
        """How often each competitor is right, by lag: the median of its trainings, the worst and the best."""
        settings = load_recall().card.settings
        shown = self.accuracy  # (competitors, lags, seeds)
        rows = "\n".join(
            f'<tr><th scope="row">{lag}</th>'
            + "".join(
                f"<td>{np.median(each):.3f} ({each.min():.3f}–{each.max():.3f})</td>"
                for each in shown[:, place]
            )
            + "</tr>"
            for place, lag in enumerate(settings.lags)
        )
        heads = "".join(f'<th scope="col">{NAMES[name]}</th>' for name in settings.names)
        return (
            "<table>\n<caption>Naming the first symbol after so many others (the lag): the share of right answers of "
            f"the middle one of {len(settings.seeds)} trainings, and of the worst and the best. Guessing is right in "
            f"{settings.chance:.3f}. The LSTM and the GRU begin with gates that keep what is there; the default LSTM "
            "begins as Keras does.</caption>\n"
            f'<thead><tr><th scope="col">lag</th>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>'
        )
