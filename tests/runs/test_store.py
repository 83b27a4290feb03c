"""Loading and storing runs: what is found where, and every way in which a folder can be wrong."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from course_utils.errors import CourseError
from course_utils.runs import METRICS, RECIPES, Card, RunError, load_run, recipe_named
from course_utils.runs.store import list_runs, runs_folders, store_run, to_json
from course_utils.runs.weights import pack

NAME = "imdb-lstm"


def facts(**changes: Any) -> dict[str, Any]:
    """A card's contents, true to the files of `files`."""
    trial = {
        **{"seed": 1, "epochs": 2, "best_epoch": 1, "seconds": 3.0, "val_loss": 0.5, "val_accuracy": 0.8},
        **{"test_accuracy": 0.79, "test_accuracy_last_epoch": 0.7},
    }
    return {
        **{"name": NAME, "title": "a title", "model": "a model", "data": "data", "recipe": "a recipe"},
        "layers": [{"kind": "Dense", "output_shape": [None, 1], "parameters": 3}],
        **{"parameters": 3, "data_is_sample": False, "data_sha256": "0" * 64, "chosen_by": "val_accuracy"},
        **{"seed": 1, "trials": [trial], "epochs": 2, "best_epoch": 1, "seconds": 3.0},
        "metrics": dict.fromkeys(METRICS, 0.5),
        "versions": {"keras": "3.0.0"},
        "weights_bytes": len(WEIGHTS),
        "weights_sha256": hashlib.sha256(WEIGHTS).hexdigest(),
        "history_sha256": hashlib.sha256(HISTORY).hexdigest(),
        **changes,
    }


WEIGHTS = pack([("kernel", np.ones((2, 1), np.float32)), ("bias", np.zeros(1, np.float32))])
HISTORY = to_json({"loss": [0.5, 0.4]})


def stored(folder: Path, **changes: Any) -> Path:
    files = {"card.json": to_json(facts(**changes)), "history.json": HISTORY, "weights.npz": WEIGHTS}
    return store_run(folder, files, NAME)


def test_a_stored_run_comes_back(tmp_path: Path) -> None:
    stored(tmp_path)
    run = load_run(NAME, folder=tmp_path)
    assert run.card.metrics["test_accuracy"] == 0.5
    assert run.history == {"loss": [0.5, 0.4]}
    assert [w.tolist() for w in run.load_weights()] == [[[1.0], [1.0]], [0.0]]
    assert run.recipe is RECIPES[NAME]


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("imdb-lsmt", "Did you mean imdb-lstm?"),
        ("imdb_simple_rnn", "Did you mean imdb-simple-rnn?"),
        ("x", ""),
    ],
)
def test_an_unknown_name_lists_the_names(asked: str, hint: str) -> None:
    with pytest.raises(RunError) as caught:
        load_run(asked)
    message = str(caught.value)
    assert asked in message
    assert hint in message
    assert ("Did you mean" in message) == bool(hint)
    assert all(name in message for name in RECIPES)
    assert "\n" not in message
    assert isinstance(caught.value, CourseError), "the command shows only a CourseError as one line"


def test_a_known_run_that_is_not_stored(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"not stored here: train it with `course train imdb-lstm`"):
        load_run(NAME, folder=tmp_path)


def damage_history(run: Path) -> None:
    (run / "history.json").write_text('{"loss": [0.1, 0.1]}', encoding="utf-8")


def damage_card(run: Path) -> None:
    card = json.loads((run / "card.json").read_text(encoding="utf-8"))
    (run / "card.json").write_text(json.dumps({**card, "epochs": 0}), encoding="utf-8")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "history replaced": (damage_history, "history.json is not the file that its card describes"),
    "history missing": (lambda run: (run / "history.json").unlink(), "history.json cannot be read"),
    "card wrong": (damage_card, r"card.json is not a card of this course \(epochs"),
    "card cut off": (lambda run: (run / "card.json").write_text("{", encoding="utf-8"), "is not a card"),
    "another run's card": (
        lambda run: (run / "card.json").write_bytes(to_json(facts(name="imdb-simple-rnn"))),
        "describes imdb-simple-rnn, expected imdb-lstm",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_folders_say_what_is_wrong(tmp_path: Path, damage: str) -> None:
    spoil, message = DAMAGES[damage]
    spoil(stored(tmp_path))
    with pytest.raises(RunError, match=message) as caught:
        load_run(NAME, folder=tmp_path)
    assert "\n" not in str(caught.value)


def test_replaced_weights_are_noticed_before_they_are_read(tmp_path: Path) -> None:
    run = stored(tmp_path)
    (run / "weights.npz").write_bytes(b"not weights")
    with pytest.raises(RunError, match=r"weights.npz is not the file that its card describes"):
        load_run(NAME, folder=tmp_path).load_weights()


def test_weights_of_another_shape_do_not_fit(tmp_path: Path) -> None:
    stored(tmp_path)
    with pytest.raises(RunError, match=r"have shapes .* its model now has .*: train it again"):
        load_run(NAME, folder=tmp_path).load_model()


def test_a_run_on_the_sample_is_not_accepted(tmp_path: Path) -> None:
    stored(tmp_path, data_is_sample=True)
    with pytest.raises(RunError, match="trained on the bundled sample"):
        load_run(NAME, folder=tmp_path)
    assert load_run(NAME, folder=tmp_path, allow_sample=True).card.data_is_sample


def test_the_folder_named_by_the_environment_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_RUNS", str(tmp_path))
    assert runs_folders()[0] == tmp_path
    stored(tmp_path, title="my own")
    assert load_run(NAME).card.title == "my own"
    assert NAME in list_runs()


def test_storing_replaces_the_run_as_a_whole(tmp_path: Path) -> None:
    store_run(tmp_path, {"card.json": b"old", "extra": b"old"}, NAME)
    store_run(tmp_path, {"card.json": b"new"}, NAME)
    assert [path.name for path in tmp_path.iterdir()] == [NAME], "something was left lying about"
    assert {path.name: path.read_bytes() for path in (tmp_path / NAME).iterdir()} == {"card.json": b"new"}


def test_a_failed_write_keeps_the_old_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_run(tmp_path, {"card.json": b"old"}, NAME)
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(RunError, match="No space left"):
        store_run(tmp_path, {"card.json": b"new"}, NAME)
    assert (tmp_path / NAME / "card.json").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(RunError, match="cannot be written"):
        store_run(tmp_path / "file" / "runs", {}, NAME)


WRONG_CARDS = {
    "extra field": ({"colour": "red"}, "colour"),
    "hash too short": ({"weights_sha256": "abc"}, "weights_sha256"),
    "bad name": ({"name": "../etc"}, "name"),
    "parameters": ({"parameters": 4}, "do not add up"),
    "seed without trial": ({"seed": 9}, "exactly one trial"),
    "epochs": ({"epochs": 3}, "disagree with the shipped trial"),
    "metrics": ({"metrics": {"test_accuracy": 0.5}}, "the metrics are"),
    "accuracy in per cent": ({"metrics": dict.fromkeys(METRICS, 86.0)}, "between 0 and 1"),
    "not the best trial": (
        {"trials": [*facts()["trials"], {**facts()["trials"][0], "seed": 2, "val_accuracy": 0.9}]},
        "does not have the best val_accuracy",
    ),
}


@pytest.mark.parametrize("wrong", WRONG_CARDS)
def test_a_card_that_contradicts_itself_is_refused(wrong: str) -> None:
    changes, message = WRONG_CARDS[wrong]
    with pytest.raises(ValidationError, match=message):
        Card.model_validate(facts(**changes))


def test_a_card_survives_json() -> None:
    card = Card.model_validate(facts())
    assert Card.model_validate_json(to_json(card.model_dump(mode="json"))) == card


def test_every_recipe_is_named_by_its_key() -> None:
    for name, recipe in RECIPES.items():
        assert recipe.name == name
        assert recipe_named(name) is recipe
        assert len(set(recipe.seeds)) == len(recipe.seeds) >= 1


def test_importing_and_loading_a_run_does_not_import_tensorflow(tmp_path: Path) -> None:
    stored(tmp_path)
    code = (
        "import sys, pathlib; from course_utils.runs import load_run;"
        f"load_run({NAME!r}, folder=pathlib.Path(sys.argv[1]));"
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras')))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 0
