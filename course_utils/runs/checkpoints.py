"""A training's state on disk, so that an interrupted training goes on where it stopped."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from course_utils.layout import write_atomically

Array = npt.NDArray[Any]


@dataclass
class Checkpoint:
    """Everything that the next epoch depends on.

    Attributes:
        fingerprint: of the recipe and its data; another fingerprint's checkpoint is not continued.
        trial: index of the seed being trained.
        epoch: epochs finished in this trial.
        seconds: spent training in this trial.
        history: this trial's, so far.
        best_epoch: of this trial so far, counted from 1; 0 before the first.
        trials: finished trials, as dictionaries for the card.
        champion_history: the best finished trial's history.
        variables: the model's and the optimiser's, dropout's random state among them.
        best: the best epoch's weights in this trial.
        champion: the best finished trial's weights.
        answers: of each finished trial on the validation and on the test examples, if the run keeps them.
    """

    fingerprint: str
    trial: int = 0
    epoch: int = 0
    seconds: float = 0.0
    history: dict[str, list[float]] = field(default_factory=dict)
    best_epoch: int = 0
    trials: list[dict[str, Any]] = field(default_factory=list)
    champion_history: dict[str, list[float]] = field(default_factory=dict)
    variables: list[Array] = field(default_factory=list)
    best: list[Array] = field(default_factory=list)
    champion: list[Array] = field(default_factory=list)
    answers: list[Array] = field(default_factory=list)

    def next_trial(self) -> None:
        """Forget this trial's state; the finished trials stay."""
        self.trial += 1
        self.epoch = self.best_epoch = 0
        self.seconds = 0.0
        self.history = {}
        self.variables, self.best = [], []


_ARRAYS = ("variables", "best", "champion", "answers")


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write the state; a checkpoint that was there stays whole until the new one is."""
    facts = {key: value for key, value in asdict(checkpoint).items() if key not in _ARRAYS}
    arrays = {
        f"{name}.{i:03d}": array for name in _ARRAYS for i, array in enumerate(getattr(checkpoint, name))
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, facts=np.array(json.dumps(facts)), **arrays)
    write_atomically(path, buffer.getvalue())


def load_checkpoint(path: Path, fingerprint: str) -> Checkpoint | None:
    """The state saved last, or None if there is none that this training could continue."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            facts = json.loads(str(archive["facts"]))
            groups: dict[str, list[Array]] = {name: [] for name in _ARRAYS}
            for key in sorted(archive.files):
                if key != "facts":
                    groups[key.partition(".")[0]].append(archive[key])
        fields: dict[str, Any] = facts | groups
        checkpoint = Checkpoint(**fields)
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None  # missing, or cut off by a power failure: training starts anew
    return checkpoint if checkpoint.fingerprint == fingerprint else None
