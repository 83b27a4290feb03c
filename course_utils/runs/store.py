"""Where runs lie, and how they are loaded.

A run is a folder with ``card.json`` (see `Card`) and ``history.json`` (Keras's history: a list for each metric, one
number an epoch). Those that a lesson or a figure uses have ``weights.npz`` (see `course_utils.runs.weights`), too,
and some ``vocabulary.json``: the word or character of each id, without which nobody could use the weights on their
own text. A few have ``answers.npz``, too: how sure each seed's network is of the right answer to every example.

Environment:
    COURSE_RUNS: a folder of runs that is looked in first, and that ``course train`` writes to.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import ValidationError

from course_utils.data.bundled import bundled_roots
from course_utils.data.download import cache_folder
from course_utils.runs.card import Card, Strict
from course_utils.runs.errors import RunError
from course_utils.runs.recipes import RECIPES, Recipe, recipe_named
from course_utils.runs.weights import Floats, unpack

CARD, HISTORY, WEIGHTS, VOCABULARY = "card.json", "history.json", "weights.npz", "vocabulary.json"
ANSWERS = "answers.npz"

History = dict[str, list[float]]
CardModel = TypeVar("CardModel", bound=Strict)


@dataclass(frozen=True, eq=False)
class Answers:
    """How the networks of a run answer: the log odds that they give to the right answer.

    Above 0 an answer is right, below 0 it is wrong, and far from 0 it is sure. Rows are seeds, in the card's order.

    Attributes:
        validation: (seeds, validation examples), in the order of the recipe's data; of each seed's best epoch.
        test: (seeds, test examples), likewise.
    """

    validation: Floats
    test: Floats


@dataclass(frozen=True, eq=False)
class Run:
    """A training that was done before, on the real data.

    Attributes:
        card: all that is known about it.
        history: each metric's values, one an epoch, as ``model.fit(…).history`` has them.
        folder: where it lies.
        recipe: how it was made.
    """

    card: Card
    history: History
    folder: Path
    recipe: Recipe = field(repr=False)

    def load_weights(self) -> list[Floats]:
        """The shipped weights, float32, in Keras's order.

        Raises:
            RunError: if the run keeps none, or the file is missing or is not the one that the card describes.
        """
        return unpack(
            self._kept(WEIGHTS, self.card.weights_sha256, "keeps no weights, only its card and its history.")
        )

    def load_vocabulary(self) -> list[str]:
        """The word or character of each id.

        Raises:
            RunError: if the run keeps none, or the file is missing or is not the one that the card describes.
        """
        words: list[str] = json.loads(
            self._kept(VOCABULARY, self.card.vocabulary_sha256, "keeps no vocabulary.")
        )
        return words

    def load_answers(self) -> Answers:
        """How sure each seed's network is of the right answer to every validation and test example.

        Raises:
            RunError: if the run keeps none, or the file is missing or is not the one that the card describes.
        """
        contents = self._kept(
            ANSWERS, self.card.answers_sha256, "keeps no answers, only how many of them are right."
        )
        with np.load(io.BytesIO(contents), allow_pickle=False) as archive:
            return Answers(*(archive[part].astype(np.float32) for part in ("validation", "test")))

    def _kept(self, file: str, sha256: str | None, lacking: str) -> bytes:
        """The contents of a file that only some runs have; `lacking` says what the others do."""
        if sha256 is None:
            raise RunError(f"The run {self.card.name} {lacking}")
        contents = _read(self.folder / file)
        _check(contents, sha256, self.folder / file)
        return contents

    def load_model(self) -> Any:
        """The model with its shipped weights, compiled, ready to ``predict`` and ``evaluate``.

        Raises:
            RunError: as `load_weights`, or if the weights do not fit the recipe's model.
        """
        model = self.recipe.build()
        weights = self.load_weights()
        expected = [tuple(weight.shape) for weight in model.weights]
        found = [weight.shape for weight in weights]
        if expected != found:
            raise RunError(
                f"The stored weights of {self.card.name} have shapes {found}, its model now has {expected}: "
                f"train it again with `course train {self.card.name}`."
            )
        model.set_weights(weights)
        model.compile(optimizer="adam", loss=self.recipe.loss, metrics=["accuracy"])
        return model


def list_runs(recipes: Mapping[str, Recipe] = RECIPES) -> list[str]:
    """The names of the runs that are stored here, in the order of the chapters."""
    places = runs_folders()
    return [name for name in recipes if any((place / name / CARD).is_file() for place in places)]


def runs_folders() -> tuple[Path, ...]:
    """Where runs are looked for: the first folder that has one wins."""
    named = os.environ.get("COURSE_RUNS", "")
    folders = [Path(named).expanduser().absolute()] if named else []
    if not _in_repository():
        folders.append(cache_folder() / "runs")
    folders += [root / "runs" for root in bundled_roots()]
    return tuple(folders)


def training_folder() -> Path:
    """Where `train_run` writes: ``COURSE_RUNS``, else the repository's ``data/runs``, else the cache."""
    named = os.environ.get("COURSE_RUNS", "")
    if named:
        return Path(named).expanduser().absolute()
    return bundled_roots()[-1] / "runs" if _in_repository() else cache_folder() / "runs"


def _in_repository() -> bool:
    return (bundled_roots()[-1].parent / "pyproject.toml").is_file()


def load_run(
    name: str,
    *,
    folder: Path | None = None,
    recipes: Mapping[str, Recipe] = RECIPES,
    allow_sample: bool = False,
) -> Run:
    """A stored run.

    Args:
        name: one of `list_runs`.
        folder: look in this folder of runs only.
        recipes: the known recipes.
        allow_sample: accept a run that was trained on the bundled sample.

    Returns:
        The run; its weights are read, and TensorFlow imported, only by `Run.load_model`.

    Raises:
        RunError: if the name is unknown, the run was not stored, its files do not belong together, or it was
            trained on the bundled sample.
    """
    recipe = recipe_named(name, recipes)
    places = runs_folders() if folder is None else (folder,)
    found = next((place / name for place in places if (place / name / CARD).is_file()), None)
    if found is None:
        raise RunError(
            f"The run {name} is not stored here: train it with `course train {name}`, or restore the folder "
            f"data/runs/{name}."
        )
    card = _parsed_card(_read(found / CARD), found / CARD, Card)
    if card.name != name:
        raise RunError(f"{found / CARD} describes {card.name}, expected {name}: restore the folder.")
    if card.data_is_sample and not allow_sample:
        raise RunError(
            f"The run {name} in {found.parent} was trained on the bundled sample, and says nothing about the "
            f"real data: train it again with `course train {name}` where the real data can be had."
        )
    contents = _read(found / HISTORY)
    _check(contents, card.history_sha256, found / HISTORY)
    history: History = json.loads(contents)
    return Run(card, history, found, recipe)


def study_folder(name: str) -> Path:
    """Where a study is written, and looked for first: a folder of its own beside the runs, or among ``COURSE_RUNS``."""
    runs = training_folder()
    return (runs if os.environ.get("COURSE_RUNS") else runs.parent) / name


def find_study(name: str, card: str, missing: str, folder: Path | None = None) -> Path:
    """The folder that holds a study.

    Args:
        name: of the study, as ``course train`` calls it.
        card: the file that has to be there.
        missing: how the message begins if there is none.
        folder: look in this one only.

    Raises:
        RunError: if it is not stored.
    """
    places = [study_folder(name), *(root / name for root in bundled_roots())] if folder is None else [folder]
    found = next((place for place in places if (place / card).is_file()), None)
    if found is None:
        raise RunError(f"{missing} with `course train {name}`, or restore the folder data/{name}.")
    return found


def read_card(path: Path, model: type[CardModel]) -> CardModel:
    """A study's card.

    Raises:
        RunError: if it cannot be read, or is no such card.
    """
    try:
        contents = path.read_bytes()
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror}): restore the folder.") from error
    return _parsed_card(contents, path, model)


def _parsed_card(contents: bytes, path: Path, model: type[CardModel]) -> CardModel:
    try:
        return model.model_validate_json(contents)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the card"
        raise RunError(
            f"{path} is not a card of this course ({where}: {first['msg']}): restore it."
        ) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RunError(
            f"{path} cannot be read ({error.strerror}): restore it, or train the run again."
        ) from error


def _check(contents: bytes, sha256: str, path: Path) -> None:
    if hashlib.sha256(contents).hexdigest() != sha256:
        raise RunError(
            f"{path} is not the file that its card describes: restore the folder, or train the run again."
        )


def to_json(value: object) -> bytes:
    """JSON as it is stored: readable, UTF-8, one newline at the end."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def store_run(folder: Path, files: Mapping[str, bytes], name: str) -> Path:
    """Write a run's files so that the folder holds either the old run or the new one, never a mixture.

    Args:
        folder: the folder of runs; made if missing.
        files: contents by file name.
        name: the run.

    Returns:
        The run's folder.

    Raises:
        RunError: if the folder cannot be written.
    """
    target = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        incoming = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder))
    except OSError as error:
        raise RunError(
            f"{folder} cannot be written ({error.strerror}): set COURSE_RUNS to a folder that can."
        ) from error
    outgoing = incoming / "replaced"
    try:
        new = incoming / "new"
        new.mkdir()
        for file_name, contents in files.items():
            (new / file_name).write_bytes(contents)
        if target.exists():
            target.rename(outgoing)
        try:
            new.rename(target)
        except OSError:
            if outgoing.exists():
                outgoing.rename(target)
            raise
    except OSError as error:
        raise RunError(f"{target} cannot be written ({error.strerror}): the run was not stored.") from error
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    return target


def as_floats(values: Mapping[str, list[float]]) -> History:
    """A history with plain, rounded numbers."""
    return {key: [round(float(np.asarray(value)), 6) for value in series] for key, series in values.items()}
