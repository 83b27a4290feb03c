"""Training a recipe: the files it writes, what it refuses, and going on after an interruption."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from course_utils.data.word_vectors import word_vectors
from course_utils.runs import Progress, Recipe, Run, RunError, train_run
from course_utils.runs.layers import NaiveBayesPairs, StatePooling
from course_utils.runs.prepare import Prepared
from course_utils.runs.store import load_run
from course_utils.runs.training import evaluated


def tiny_data(*, is_sample: bool = False) -> Prepared:
    """Sequences of 6 ids whose label is whether the first id is large: learnable, and small."""
    draw = np.random.default_rng(0)

    def part(size: int) -> tuple[Any, Any]:
        x = draw.integers(1, 20, (size, 6)).astype("int32")
        return x, (x[:, 0] > 10).astype("int64")

    (a, b), (c, d), (e, f) = part(96), part(40), part(60)
    return Prepared(a, b, c, d, e, f, description="made-up ids", is_sample=is_sample)


def tiny_model() -> Any:
    from keras import Input, Sequential, layers

    from course_utils.runs.layers import WordDropout

    return Sequential(
        [
            Input((6,), dtype="int32"),
            WordDropout(0.1),
            layers.Embedding(20, 8),
            layers.SimpleRNN(6, dropout=0.2, recurrent_dropout=0.2),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


TINY = Recipe(
    name="tiny",
    title="a tiny run",
    model="Embedding(20, 8) → SimpleRNN(6) → Dense(1)",
    build=tiny_model,
    prepare=tiny_data,
    epochs=3,
    batch_size=32,
    learning_rate=0.01,
    seeds=(1, 2),
)


def train(tmp_path: Path, recipe: Recipe = TINY, progress: Any = lambda _: None, **options: Any) -> Run:
    options.setdefault("folder", tmp_path / "runs")
    options.setdefault("checkpoints", tmp_path / "checkpoints")
    return train_run(recipe.name, recipes={recipe.name: recipe}, progress=progress, **options)


def flat(run: Run) -> dict[str, float]:
    """The history's numbers by metric and epoch."""
    return {f"{key} {i}": value for key, values in run.history.items() for i, value in enumerate(values, 1)}


class Interrupting:
    """A listener that stops the training, as Ctrl-C would, inside one epoch of one seed."""

    def __init__(self, trial: int, epoch: int) -> None:
        self.at = (trial, epoch)

    def __call__(self, progress: Progress) -> None:
        if (progress.trial, progress.epoch) == self.at and 0 < progress.fraction < 1:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tmp_path_factory.mktemp("finished"))


def test_a_finished_run_is_described_by_its_card(finished: Run) -> None:
    card = finished.card
    assert [layer.kind for layer in card.layers] == ["WordDropout", "Embedding", "SimpleRNN", "Dense"]
    assert card.parameters == 20 * 8 + 6 * (8 + 6 + 1) + 7
    assert card.layers[2].output_shape == (None, 6)
    assert [trial.seed for trial in card.trials] == [1, 2]
    assert card.trial.val_accuracy == max(trial.val_accuracy for trial in card.trials)
    assert card.data_sha256 == tiny_data().sha256
    assert card.versions["keras"].startswith("3.")
    assert set(finished.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert {len(series) for series in finished.history.values()} == {card.epochs} == {3}
    assert card.metrics["val_accuracy"] == max(finished.history["val_accuracy"])


def test_the_stored_weights_score_what_the_card_says(finished: Run) -> None:
    data = tiny_data()
    model = finished.load_model()
    loss, accuracy = model.evaluate(data.x_test, data.y_test, verbose=0)
    assert accuracy == pytest.approx(finished.card.metrics["test_accuracy"], abs=1e-4)
    assert loss == pytest.approx(finished.card.metrics["test_loss"], abs=1e-4)


def test_seeds_differ(finished: Run) -> None:
    first, second = finished.card.trials
    assert first.val_loss != second.val_loss


@pytest.mark.parametrize("at", [(1, 3), (2, 1)], ids=str)
def test_an_interrupted_training_ends_as_it_would_have(
    finished: Run, tmp_path: Path, at: tuple[int, int]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, progress=Interrupting(*at))
    assert not (tmp_path / "runs").exists(), "a half trained run was stored"
    heard: list[Progress] = []
    run = train(tmp_path, progress=heard.append)
    trained = {(p.trial, p.epoch) for p in heard if p.fraction == 1}
    every = [(trial, epoch) for trial in (1, 2) for epoch in (1, 2, 3)]
    assert trained == {pair for pair in every if pair >= at}, "epochs were trained twice, or left out"
    assert flat(run) == pytest.approx(flat(finished))
    np.testing.assert_allclose(
        np.concatenate([w.ravel() for w in run.load_weights()]),
        np.concatenate([w.ravel() for w in finished.load_weights()]),
        atol=1e-3,
    )
    assert not list((tmp_path / "checkpoints").iterdir()), "the checkpoint was left behind"


def test_a_kept_vocabulary_comes_back_and_another_one_is_noticed(tmp_path: Path) -> None:
    words = tuple(f"word {i}" for i in range(20))
    data = dataclasses.replace(tiny_data(), vocabulary=words)
    recipe = dataclasses.replace(TINY, prepare=lambda: data, seeds=(1,), epochs=1, keeps_vocabulary=True)
    run = train(tmp_path, recipe)
    assert run.load_vocabulary() == list(words)
    (run.folder / "vocabulary.json").write_text('["the", "a"]', encoding="utf-8")
    with pytest.raises(RunError, match=r"vocabulary.json is not the file that its card describes"):
        run.load_vocabulary()


def test_a_cosine_takes_the_rate_down_to_nothing(tmp_path: Path) -> None:
    """The last epochs hardly move the weights, and an interrupted training goes on along the same curve."""
    recipe = dataclasses.replace(TINY, seeds=(1,), epochs=6, learning_rate=0.05, cosine=True)
    whole = train(tmp_path / "whole", recipe)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", recipe, Interrupting(1, 4))
    assert flat(train(tmp_path / "parts", recipe)) == pytest.approx(flat(whole))
    changes = np.abs(np.diff(whole.history["val_loss"]))
    assert changes[-1] < 0.2 * changes.max()
    assert "falling along a cosine" in whole.card.recipe


def test_patience_stops_after_so_many_epochs_without_a_better_one(tmp_path: Path) -> None:
    recipe = dataclasses.replace(
        TINY, seeds=(1,), epochs=12, patience=1, learning_rate=0.2, monitor="val_loss"
    )
    run = train(tmp_path, recipe)
    losses = run.history["val_loss"]
    best = losses.index(min(losses)) + 1
    assert run.card.best_epoch == best
    assert run.card.epochs == best + 1 < 12


def test_the_sample_is_refused_unless_asked_for(tmp_path: Path) -> None:
    recipe = dataclasses.replace(TINY, prepare=lambda: tiny_data(is_sample=True), seeds=(1,), epochs=1)
    with pytest.raises(RunError, match="needs the real data, and only the bundled sample"):
        train(tmp_path, recipe)
    assert not (tmp_path / "runs").exists()
    with pytest.raises(RunError, match="name a folder of its own"):
        train(tmp_path, recipe, folder=None, allow_sample=True)
    run = train(tmp_path, recipe, allow_sample=True)
    assert run.card.data_is_sample
    with pytest.raises(RunError, match="trained on the bundled sample"):
        load_run("tiny", folder=tmp_path / "runs", recipes={"tiny": recipe})


def test_divergence_is_reported_and_nothing_stored(tmp_path: Path) -> None:
    recipe = dataclasses.replace(TINY, learning_rate=float("nan"), monitor="val_loss", seeds=(1,), epochs=1)
    with pytest.raises(RunError, match="diverged with seed 1"):
        train(tmp_path, recipe)
    assert not (tmp_path / "runs").exists()


def test_progress_reads_as_one_line() -> None:
    told = Progress("tiny", 1, 2, 3, 4, fraction=1.0, seconds=12.3, metrics={"val_loss": 0.5})
    assert str(told) == "tiny: seed 1 of 2, epoch 3 of 4, 12 s, val_loss 0.5000"
    assert str(Progress("tiny", message="going on")) == "tiny: going on"


def masked_model() -> Any:
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((None,), dtype="int32"),
            layers.Embedding(20, 8, mask_zero=True),
            layers.GRU(6, return_sequences=True),
            StatePooling(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def padded_data() -> Prepared:
    data = tiny_data()
    draw = np.random.default_rng(1)
    parts = {}
    for name in ("x_train", "x_val", "x_test"):
        ids = np.array(getattr(data, name))
        ids[np.arange(6) < draw.integers(0, 5, len(ids))[:, None]] = 0
        parts[name] = ids
    return dataclasses.replace(data, **parts)


BY_LENGTH = dataclasses.replace(
    TINY, build=masked_model, prepare=padded_data, by_length=True, optimizer="RMSprop", keeps_weights=False
)


def test_batches_by_length_measure_the_same(tmp_path: Path) -> None:
    run = train(tmp_path, BY_LENGTH)
    model, data = masked_model(), padded_data()
    model.compile(loss="binary_crossentropy", metrics=["accuracy"])
    plain = dataclasses.replace(BY_LENGTH, by_length=False)
    found = evaluated(BY_LENGTH, model, data.x_test, data.y_test)
    assert found == pytest.approx(evaluated(plain, model, data.x_test, data.y_test), abs=1e-5)
    assert "RMSprop 0.01, binary_crossentropy, batches of 32 texts of like length" in run.card.recipe


def test_an_interrupted_training_by_length_ends_as_it_would_have(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", BY_LENGTH)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", BY_LENGTH, Interrupting(2, 2))
    assert flat(train(tmp_path / "parts", BY_LENGTH)) == pytest.approx(flat(whole))


@pytest.mark.parametrize("recipe", [TINY, BY_LENGTH], ids=["plain", "by length"])
def test_kept_answers_are_right_as_often_as_the_card_says(tmp_path: Path, recipe: Recipe) -> None:
    recipe = dataclasses.replace(recipe, keeps_answers=True)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, recipe, Interrupting(2, 2))
    run = train(tmp_path, recipe)
    answers = run.load_answers()
    assert answers.validation.shape == (2, 40)
    assert answers.test.shape == (2, 60)
    for i, trial in enumerate(run.card.trials):
        assert (answers.test[i] > 0).mean() == pytest.approx(trial.test_accuracy, abs=1e-6)
        assert (answers.validation[i] > 0).mean() == pytest.approx(trial.val_accuracy, abs=1e-6)
        surprise = np.logaddexp(0, -answers.validation[i]).mean()  # −log p of the right answer
        assert surprise == pytest.approx(trial.val_loss, abs=1e-3)
    (run.folder / "answers.npz").write_bytes(b"others")
    with pytest.raises(RunError, match=r"answers.npz is not the file that its card describes"):
        run.load_answers()


def test_a_run_without_answers_says_so(finished: Run) -> None:
    with pytest.raises(RunError, match="tiny keeps no answers"):
        finished.load_answers()


def test_a_layer_that_counts_has_counted_before_training(tmp_path: Path) -> None:
    """With hardly a step of training, naive Bayes is left: it knows nothing about the first place, but its words."""

    def model() -> Any:
        from keras import Input, Sequential, layers

        counter = NaiveBayesPairs(words=20, buckets=64, beginning=0.1)
        return Sequential([Input((6,), dtype="int32"), counter, layers.Activation("sigmoid")])

    recipe = dataclasses.replace(TINY, build=model, epochs=2, learning_rate=1e-9, seeds=(1,))
    run = train(tmp_path, recipe)
    counter = NaiveBayesPairs(words=20, buckets=64, beginning=0.1)
    counter.build((None, 6))
    data = tiny_data()
    counter.adapt(data.x_train, data.y_train)
    ratios = next(weights for weights in run.load_weights() if weights.std() > 0.1)
    np.testing.assert_allclose(ratios, np.array(counter.ratios), atol=1e-3)


def test_a_run_may_keep_no_weights(tmp_path: Path) -> None:
    run = train(tmp_path, BY_LENGTH)
    assert sorted(path.name for path in run.folder.iterdir()) == ["card.json", "history.json"]
    assert run.card.metrics["test_accuracy"] == run.card.metrics["test_accuracy_float32"]
    with pytest.raises(RunError, match="tiny keeps no weights"):
        run.load_model()


def test_an_embedding_can_begin_with_vectors_made_from_the_training_texts(tmp_path: Path) -> None:
    still = dataclasses.replace(TINY, epochs=1, learning_rate=1e-9)
    vectors = word_vectors(list(tiny_data().x_train), 20, 8)  # (20, 8)
    assert np.abs(vectors).max() > 0.3, "vectors far from random ones"
    begun = train(tmp_path / "with", dataclasses.replace(still, vectors=True))
    random = train(tmp_path / "without", still)
    np.testing.assert_allclose(begun.load_weights()[0], vectors, atol=0.01)
    assert not np.allclose(random.load_weights()[0], vectors, atol=0.1)


def test_a_training_that_goes_on_keeps_what_its_vectors_became(tmp_path: Path) -> None:
    recipe = dataclasses.replace(TINY, vectors=True)
    whole = train(tmp_path / "whole", recipe)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, recipe, progress=Interrupting(2, 3))
    assert flat(train(tmp_path, recipe)) == pytest.approx(flat(whole))
