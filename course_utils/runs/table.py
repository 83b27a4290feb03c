"""Stored runs side by side, in a table that is made from their cards."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypedDict

from course_utils.runs.errors import RunError
from course_utils.runs.recipes import RECIPES, Recipe
from course_utils.runs.store import load_run

HEADINGS = ["run", "test accuracy, %", "lowest to highest", "weights", "best epoch", "seconds of training"]


class RunRow(TypedDict):
    """What the table tells of a run.

    Attributes:
        name: the run's.
        title: a few words.
        parameters: how many numbers it learns.
        epochs: the best one, of each seed.
        seconds: of training, the mean over the seeds.
        accuracies: on the test set, of each seed's best weights before they were rounded to be stored.
        accuracy: their mean.
    """

    name: str
    title: str
    parameters: int
    epochs: tuple[int, ...]
    seconds: float
    accuracies: tuple[float, ...]
    accuracy: float


@dataclass(frozen=True)
class RunTable:
    """Runs side by side; in a notebook it shows itself.

    Attributes:
        rows: one for each run, in the order that was asked for.
    """

    rows: tuple[RunRow, ...]

    def cells(self) -> list[list[str]]:
        """The table as it is shown: the headings, then a list a run."""
        return [HEADINGS, *(_shown(row) for row in self.rows)]

    def markdown(self) -> str:
        """The table for a page."""
        head, *body = self.cells()
        lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def _repr_html_(self) -> str:
        head, *body = self.cells()
        headings = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in head)
        rows = "".join(
            f'<tr><th scope="row">{html.escape(line[0])}</th>'
            + "".join(f"<td>{html.escape(text)}</td>" for text in line[1:])
            + "</tr>"
            for line in body
        )
        return (
            f'<table class="table dataframe"><thead><tr>{headings}</tr></thead><tbody>{rows}</tbody></table>'
        )

    def __repr__(self) -> str:
        table = self.cells()
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        return "\n".join(
            line[0].ljust(widths[0])
            + "".join(f"  {text:>{width}}" for text, width in zip(line[1:], widths[1:], strict=True))
            for line in table
        )


def _shown(row: RunRow) -> list[str]:
    accuracies = row["accuracies"]
    spread = f"{100 * min(accuracies):.2f} to {100 * max(accuracies):.2f}"
    return [
        row["title"],
        f"{100 * row['accuracy']:.2f}",
        spread if len(accuracies) > 1 else "one seed",
        f"{row['parameters']:,}",
        ", ".join(map(str, row["epochs"])),
        f"{row['seconds']:.0f}",
    ]


def compare(names: Sequence[str], *, recipes: Mapping[str, Recipe] = RECIPES) -> RunTable:
    """Put stored runs side by side.

    Args:
        names: of the runs, at least one, in the order to be shown.
        recipes: the known recipes.

    Returns:
        the table. Seconds were measured as the runs were trained, on a machine that may have been busy.

    Raises:
        RunError: if a run is unknown or not stored, or none is named.
    """
    if isinstance(names, str) or not names:
        raise RunError('name the runs in a list, as in compare(["imdb-lstm", "imdb-bag"]).')
    rows: list[RunRow] = []
    for name in names:
        card = load_run(name, recipes=recipes).card
        accuracies = tuple(trial.test_accuracy for trial in card.trials)
        rows.append(
            {
                "name": name,
                "title": card.title,
                "parameters": card.parameters,
                "epochs": tuple(trial.best_epoch for trial in card.trials),
                "seconds": fmean(trial.seconds for trial in card.trials),
                "accuracies": accuracies,
                "accuracy": fmean(accuracies),
            }
        )
    return RunTable(tuple(rows))
