"""The stored trainings as curves, to be judged before their end is shown."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
import traitlets as t

from course_utils.explainers.assets import CURVES, asset
from course_utils.explainers.traits import Choice, Whole
from course_utils.explainers.widget import JS_FOLDER, CourseWidget
from course_utils.recurrent.arrays import Array

Label = Literal["fine", "overfitting", "underfitting", "diverging"]

GUESSING = math.log(2)
"""What it costs to answer 50 % to every review: −log ½."""
LONGEST = 10
_METRICS = ("loss", "val_loss", "accuracy", "val_accuracy")


def judge(history: Mapping[str, Sequence[float] | Array]) -> tuple[Label, str]:
    """What the course's rule says of a whole training of a network with two answers.

    From the top: *diverging*, if the last training loss is above the first, above ln 2 (what guessing costs), or not
    finite; *underfitting*, if the best validation accuracy is at most 55 %, within 5 points of guessing; *overfitting*,
    if the validation loss ends more than 10 % above its best while the training loss has fallen since; else *fine*.
    It is a rule of thumb: with other numbers in it, a training near a border would be called something else.

    Args:
        history: as Keras's: `loss`, `val_loss` and `val_accuracy`, each (epochs,).

    Returns:
        label: the verdict.
        reason: one sentence with the numbers that decided.

    Raises:
        ValueError: if a metric is missing or there is no epoch.
    """
    missing = [name for name in ("loss", "val_loss", "val_accuracy") if not len(history.get(name, ()))]
    if missing:
        raise ValueError(f"the history lacks {', '.join(missing)}, expected at least one epoch of each.")
    loss, val_loss = list(history["loss"]), list(history["val_loss"])
    first, last, end, best = loss[0], loss[-1], val_loss[-1], min(val_loss)
    at = val_loss.index(best)
    reached = max(history["val_accuracy"])
    if not last <= first:
        return _told("diverging", f"Training loss rose from {first:.2f} to {last:.2f}")
    if last > GUESSING:
        return _told(
            "diverging", f"Training loss ends at {last:.2f}, above the {GUESSING:.2f} that guessing costs"
        )
    if reached <= 0.55:
        return _told(
            "underfitting",
            f"Validation accuracy reached {100 * reached:.1f} % at best, and guessing gives 50 %",
        )
    if end > 1.1 * best and last < loss[at]:
        return _told(
            "overfitting",
            f"Training loss fell to {last:.2f} while validation loss rose from its best {best:.2f} "
            f"in epoch {at + 1} to {end:.2f}",
        )
    if end == best:
        return _told("fine", f"Validation loss ends at its best, {best:.2f}")
    above = 100 * (end / best - 1)
    return _told(
        "fine",
        f"Validation loss ends at {end:.2f}, {above:.0f} % above its best {best:.2f} in epoch {at + 1}",
    )


def _told(label: Label, why: str) -> tuple[Label, str]:
    return label, f"{why}: {label}."


class TrainingCurves(CourseWidget):
    """Trainings that the course has stored: their first epochs, a guess, then the rest and the verdict of `judge`.

    Args:
        run: which of `course_utils.explainers.assets.CURVES`.
        measure: "loss" or "accuracy", what the curves show.
        epochs: how many are shown when the figure appears; of a shorter training, all.
        name: what links call the figure: `[another](#training-curves?run=imdb-bag&epochs=2)`.

    Raises:
        TraitError: for a run that is not in the list, another measure, or a number of epochs that is not 1 to 10.
    """

    module: ClassVar = JS_FOLDER / "training_curves.js"
    asset_names: ClassVar = {"runs": "training-curves"}

    runs = t.Bytes().tag(sync=True)
    run = Choice(CURVES[0], options=CURVES)
    measure = Choice("loss", options=("loss", "accuracy"))
    epochs = Whole(2, low=1, high=LONGEST)

    def __init__(
        self,
        run: str = CURVES[0],
        measure: str = "loss",
        epochs: int = 2,
        name: str = "training-curves",
    ) -> None:
        super().__init__(run=run, measure=measure, epochs=epochs, name=name)

    @property
    def history(self) -> dict[str, Array]:
        """Of the whole run: `loss`, `val_loss`, `accuracy` and `val_accuracy`, each (epochs,)."""
        stored = json.loads(self.runs)[self.run]
        return {name: np.array(stored[name]) for name in _METRICS}

    @property
    def label(self) -> Label:
        """What `judge` calls the run."""
        return judge(self.history)[0]

    @property
    def reason(self) -> str:
        """The numbers that decided, in one sentence."""
        return judge(self.history)[1]

    def fallback_html(self) -> str:
        """The whole run as a table, with its verdict."""
        title = json.loads(asset("training-curves"))[self.run]["title"]
        rows = "\n".join(
            f'<tr><th scope="row">{epoch}</th><td>{loss:.2f}</td><td>{val_loss:.2f}</td>'
            f"<td>{100 * accuracy:.1f} %</td><td>{100 * val_accuracy:.1f} %</td></tr>"
            for epoch, (loss, val_loss, accuracy, val_accuracy) in enumerate(
                zip(*self.history.values(), strict=True), start=1
            )
        )
        heads = ("epoch", "training loss", "validation loss", "training accuracy", "validation accuracy")
        return (
            f"<table>\n<caption>{html.escape(title)}. {html.escape(self.reason)}</caption>\n<thead><tr>"
            + "".join(f'<th scope="col">{head}</th>' for head in heads)
            + f"</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
        )
