"""Checkpoints: what comes back, and which are not continued."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from course_utils.runs import Recipe
from course_utils.runs.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from course_utils.runs.recipes import RECIPES


def checkpoint() -> Checkpoint:
    return Checkpoint(
        fingerprint="abc",
        trial=1,
        epoch=2,
        seconds=3.5,
        history={"loss": [0.5, 0.25]},
        best_epoch=1,
        trials=[{"seed": 1}],
        variables=[np.full((2, 3), i, dtype) for i, dtype in enumerate(("float32", "int32", "float32"))],
        best=[np.ones(12, "float32")],
    )


def test_everything_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "run.npz"
    save_checkpoint(checkpoint(), path)
    found = load_checkpoint(path, "abc")
    assert found is not None
    assert dataclasses.replace(found, variables=[], best=[]) == dataclasses.replace(
        checkpoint(), variables=[], best=[]
    )
    for restored, saved in zip(found.variables, checkpoint().variables, strict=True):
        assert restored.dtype == saved.dtype
        np.testing.assert_array_equal(restored, saved)
    np.testing.assert_array_equal(found.best[0], np.ones(12))
    assert found.champion == []


def test_many_arrays_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    save_checkpoint(dataclasses.replace(checkpoint(), variables=[np.array(i) for i in range(120)]), path)
    found = load_checkpoint(path, "abc")
    assert found is not None
    assert [int(array) for array in found.variables] == list(range(120))


def test_another_recipe_s_checkpoint_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    save_checkpoint(checkpoint(), path)
    assert load_checkpoint(path, "another") is None


def test_none_was_saved(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "run.npz", "abc") is None


@pytest.mark.parametrize("kept", [0, 200, 0.5, 0.99], ids=lambda kept: f"cut to {kept}")
def test_a_cut_off_checkpoint_counts_as_none(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "run.npz"
    save_checkpoint(checkpoint(), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept if kept >= 1 else kept * len(whole))])
    assert load_checkpoint(path, "abc") is None


def test_a_failed_save_keeps_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.npz"
    save_checkpoint(checkpoint(), path)

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(dataclasses.replace(checkpoint(), epoch=3), path)
    found = load_checkpoint(path, "abc")
    assert found is not None
    assert found.epoch == 2


RECIPE = RECIPES["imdb-lstm"]


@pytest.mark.parametrize(
    "changed",
    [
        dataclasses.replace(RECIPE, learning_rate=0.5),
        dataclasses.replace(RECIPE, seeds=(*RECIPE.seeds, 99)),
        dataclasses.replace(RECIPE, seeds=tuple(seed + 50 for seed in RECIPE.seeds)),
        dataclasses.replace(RECIPE, batch_size=7),
        dataclasses.replace(RECIPE, epochs=99),
        dataclasses.replace(
            RECIPE, monitor="val_loss" if RECIPE.monitor == "val_accuracy" else "val_accuracy"
        ),
        dataclasses.replace(RECIPE, clipnorm=0.123),
        dataclasses.replace(RECIPE, model="another"),
        dataclasses.replace(RECIPE, cosine=True),
    ],
    ids=["rate", "more seeds", "other seeds", "batch", "epochs", "monitor", "clipping", "model", "cosine"],
)
def test_the_fingerprint_tells_recipes_apart(changed: Recipe) -> None:
    assert changed.fingerprint("data") != RECIPE.fingerprint("data")


def test_the_fingerprint_tells_data_apart() -> None:
    assert RECIPE.fingerprint("data") != RECIPE.fingerprint("other data")
