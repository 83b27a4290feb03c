"""Trainings on few reviews: a training depends on its seed alone, and the shipped file says what the lesson says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils.data.bundled import bundled_path
from course_utils.runs import RunError
from course_utils.runs.small_data import (
    CARD,
    SETTINGS,
    SmallDataSettings,
    Variant,
    load_small_data,
    small_data_reviews,
    small_model,
    train_small_data,
    train_variant,
)

SMALL = {"length": 8, "reviews": 20, "embedding": 4, "epochs": 2}
TINY = SmallDataSettings(
    variants=(
        Variant(name="plain", units=(3,), dropout=0.5, hidden_words=0.3, seeds=(1, 2), **SMALL),
        Variant(name="frozen", cell="GRU", units=(3, 2), vectors="frozen", stops=False, seeds=(2,), **SMALL),
        Variant(name="bag", cell="bag", seeds=(1,), **SMALL | {"embedding": 1, "epochs": 3}),
        Variant(
            name="tuned",
            cell="SimpleRNN",
            vectors="tuned",
            l2=0.01,
            plateau=True,
            seeds=(1,),
            **SMALL | {"epochs": 4},
        ),
        Variant(
            name="fewer reviews",
            units=(3,),
            dropout=0.5,
            hidden_words=0.3,
            seeds=(1,),
            **SMALL | {"reviews": 10},
        ),
    ),
    num_words=200,
    batch_size=10,
    validation=20,
    tested_on=30,
    asked=("film", "no such word"),
)
SHIPPED = bundled_path("small-data")


def test_importing_it_imports_no_keras() -> None:
    check = "import sys, course_utils.runs.small_data; assert not {'keras', 'tensorflow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder, and what was told."""
    folder, lines = tmp_path_factory.mktemp("small_data"), []
    kept = folder / "kept"
    train_small_data(folder, lines.append, settings=TINY, processes=0, checkpoints=kept, allow_sample=True)
    assert not kept.exists(), "what was kept for an interruption is still there"
    return folder, lines


def test_a_tiny_study_is_stored(trained: tuple[Path, list[str]]) -> None:
    folder, lines = trained
    assert "0 of 6 trainings are done" in lines[0] and len(lines) == 8
    study = load_small_data(folder)
    assert study.card.settings == TINY
    assert study.accuracy("plain").shape == study.seconds("plain").shape == (2,)
    assert study.accuracy("frozen", stopped=False).shape == (1,)
    assert len(study.history("frozen", seed=2)["val_loss"]) == 2
    assert study.card.parameters["bag"] == study.card.trainable["bag"] == 202
    assert study.card.parameters["frozen"] - study.card.trainable["frozen"] == 200 * 4
    assert study.card.parameters["tuned"] == study.card.trainable["tuned"]
    assert list(study.card.nearest) == ["film"] and len(study.card.nearest["film"]) == 5
    with pytest.raises(ValueError, match="early stopping ended the trainings of 'plain'"):
        study.accuracy("plain", stopped=False)
    with pytest.raises(KeyError, match="has no seed 9"):
        study.history("plain", seed=9)


def test_an_interrupted_study_goes_on_where_it_stopped_and_ends_as_it_would_have(
    trained: tuple[Path, list[str]], tmp_path: Path
) -> None:
    class Interrupted(Exception):
        pass

    def stop_after_four(line: str) -> None:
        if line.startswith("small-data: 4 of"):
            raise Interrupted

    kept = tmp_path / "kept"
    with pytest.raises(Interrupted):
        train_small_data(
            tmp_path, stop_after_four, settings=TINY, processes=0, checkpoints=kept, allow_sample=True
        )
    with pytest.raises(RunError, match="not stored here"):
        load_small_data(tmp_path)
    (file,) = kept.glob("*.npy")
    vectors = np.load(file)
    assert vectors.shape == (200, 4) and vectors.dtype == np.float32
    lines: list[str] = []
    train_small_data(tmp_path, lines.append, settings=TINY, checkpoints=kept, allow_sample=True)
    assert "4 of 6 trainings are done already" in lines[0] and len(lines) == 4
    for name in ("plain", "frozen", "bag", "tuned", "fewer reviews"):
        np.testing.assert_allclose(
            load_small_data(tmp_path).accuracy(name), load_small_data(trained[0]).accuracy(name), atol=0.04
        )


def test_a_rate_is_halved_where_the_validation_loss_stands_still(
    trained: tuple[Path, list[str]],
) -> None:
    history = load_small_data(trained[0]).history("tuned")
    expected, lowest = [1e-3], np.inf
    for loss in history["val_loss"]:
        expected.append(expected[-1] / (1 if loss < lowest else 2))
        lowest = min(lowest, loss)
    losses = history["val_loss"]
    if len(set(losses)) == len(losses):  # as stored, a loss that was a little better may look the same
        np.testing.assert_allclose(history["learning_rate"], expected[:-1], rtol=1e-3)
    assert set(load_small_data(trained[0]).history("plain")["learning_rate"]) == {1e-3}


def test_variants_are_put_beside_each_other_by_one_setting(trained: tuple[Path, list[str]]) -> None:
    study = load_small_data(trained[0])
    by_size = study.along("plain", "reviews")
    assert list(by_size) == [10, 20], "in order, and the other networks left out"
    np.testing.assert_array_equal(by_size[20], study.accuracy("plain"))
    np.testing.assert_array_equal(
        study.along("fewer reviews", "reviews")[10], study.accuracy("fewer reviews")
    )
    assert list(study.along("plain", "length")) == [8]
    with pytest.raises(ValueError, match="has no 'size'"):
        study.along("plain", "size")
    with pytest.raises(KeyError):
        study.along("plane", "reviews")


def test_the_settings_of_the_course() -> None:
    names = [variant.name for variant in SETTINGS.variants]
    assert len(set(names)) == len(names)
    assert min(len(variant.seeds) for variant in SETTINGS.variants) >= 3
    assert {v.reviews % SETTINGS.batch_size for v in SETTINGS.variants} == {0}, (
        "each batch would be compiled anew"
    )
    by_name = dict(zip(names, SETTINGS.variants, strict=True))
    for name in ("dropout", "recurrent dropout", "fewer units", "L2", "hidden words"):
        remedy = by_name[name].model_dump(exclude={"name"}, exclude_defaults=True)
        assert len(remedy) == 2 and remedy.items() <= by_name["all remedies"].model_dump().items(), name
    together = by_name["all remedies"].model_dump(exclude={"name", "epochs"}, exclude_defaults=True)
    assert len(together) == 6, "the five, and that they are trained to the end"


def test_a_training_does_not_depend_on_those_before_it(trained: tuple[Path, list[str]]) -> None:
    reviews = small_data_reviews(TINY, allow_sample=True)
    ((_, _, alone),) = train_variant(TINY.variants[0], (2,), reviews, TINY)
    second = load_small_data(trained[0]).card.trials["plain"][1]
    assert second.seed == 2
    np.testing.assert_allclose(alone.loss, second.loss, atol=2e-4)
    np.testing.assert_allclose(alone.val_loss, second.val_loss, atol=2e-4)


def test_what_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match=re.escape("`course train small-data`")):
        load_small_data(tmp_path)
    (tmp_path / CARD).write_text("{}", encoding="utf-8")
    with pytest.raises(RunError, match="not a card of this course"):
        load_small_data(tmp_path)
    with pytest.raises(RunError, match="name a folder of their own"):
        train_small_data(allow_sample=True)
    with pytest.raises(ValueError, match="begins with word vectors"):
        small_model(TINY.variants[1], 200)
    card = json.loads((SHIPPED / CARD).read_bytes())
    del card["trials"]["GRU"]
    (tmp_path / CARD).write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(RunError, match="does not list every training"):
        load_small_data(tmp_path)


def test_the_real_data_are_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from course_utils.data import sample_reviews

    monkeypatch.setattr("course_utils.data.load_imdb", lambda *_, **__: sample_reviews(200))
    with pytest.raises(RunError, match="need the real data"):
        small_data_reviews(TINY)


def test_the_shipped_study_is_the_one_of_the_settings() -> None:
    study = load_small_data(SHIPPED)
    assert study.card.settings == SETTINGS, "train again with `course train small-data`"
    for variant in SETTINGS.variants:
        for trial in study.card.trials[variant.name]:
            lengths = {len(trial.loss), len(trial.val_loss), len(trial.accuracy), len(trial.val_accuracy)}
            assert lengths == {len(trial.learning_rate)}, variant.name
            assert trial.val_loss[trial.kept_epoch - 1] == min(trial.val_loss[: trial.kept_epoch])
            assert variant.stops or len(trial.loss) == variant.epochs
    for name in ("plain", "GRU", "frozen vectors", "bag of words"):
        assert study.accuracy(name).mean() > 0.6, name
    for name in ("plain", "bag of words"):
        by_size = study.along(name, "reviews")
        assert list(by_size) == [500, 1000, 2000, 5000, 10_000, 20_000]
        assert by_size[20_000].mean() > by_size[500].mean(), name
    assert list(study.along("plain", "length")) == [100, 200, 400]
    assert list(study.along("plain", "embedding")) == [32, 64, 128]
    assert list(study.along("plain", "learning_rate")) == [0.0001, 0.001, 0.01]
