"""The runs that the course ships, each as a recipe: data, model, training.

A recipe only declares; `course_utils.runs.training` carries it out. To add a run, add a recipe here and
train it with ``course train NAME``.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from course_utils.runs import models
from course_utils.runs.errors import RunError
from course_utils.runs.prepare import (
    Prepared,
    Side,
    prepare_characters,
    prepare_imdb,
    prepare_next_character,
)

Monitor = Literal["val_loss", "val_accuracy"]


@dataclass(frozen=True)
class Recipe:
    """How a run is made.

    Attributes:
        name: the run's folder: small letters, digits and single hyphens.
        title: a few words for a figure or a table.
        model: the model in one line.
        build: makes the model, built (with an input layer) but not compiled.
        prepare: gets the data.
        epochs: how many to train for, at most.
        batch_size: examples a step.
        learning_rate: the optimizer's.
        seeds: one training each; the best on the validation set is shipped.
        monitor: what chooses the epoch whose weights are kept, and the seed.
        patience: stop after so many epochs without a better `monitor`; None trains all the epochs.
        clipnorm: no gradient longer than this; None lets them be.
        compiled: whether XLA compiles the training step. On two cores that pays with recurrent dropout only.
        loss: Keras's name of the loss.
        cosine: whether the rate falls to nothing over all the epochs, along half a cosine.
        optimizer: Keras's name of it.
        vectors: whether the embedding begins with word vectors made from the training texts (see `word_vectors`)
            instead of at random; it is learnt on from there.
        by_length: whether texts of like length share a batch, cut to the longest among them: less padding to read.
        keeps_weights: whether the run stores its weights; a card and a history are enough for a table.
        keeps_vocabulary: whether the run stores the word or character of each id.
        keeps_answers: whether the run stores how sure each seed's network is of the right answer to every validation
            and test example, so that networks can be compared example by example, or put together.
        alone: whether `train_all` trains it by itself, on all cores, because how long that takes is quoted.
    """

    name: str
    title: str
    model: str
    build: Callable[[], Any]
    prepare: Callable[[], Prepared]
    epochs: int
    batch_size: int
    learning_rate: float = 1e-3
    seeds: tuple[int, ...] = (1,)
    monitor: Monitor = "val_accuracy"
    patience: int | None = None
    clipnorm: float | None = None
    compiled: bool = False
    loss: str = "binary_crossentropy"
    cosine: bool = False
    optimizer: Literal["Adam", "RMSprop"] = "Adam"
    vectors: bool = False
    by_length: bool = False
    keeps_weights: bool = True
    keeps_vocabulary: bool = False
    keeps_answers: bool = False
    alone: bool = False

    def sentence(self) -> str:
        """The training in one line."""
        falling = " falling along a cosine" if self.cosine else ""
        clipped = "" if self.clipnorm is None else f", gradient norm clipped at {self.clipnorm:g}"
        stopping = (
            f"all {self.epochs} epochs"
            if self.patience is None
            else f"at most {self.epochs} epochs, stopped after {self.patience} with no better {self.monitor}"
        )
        batches = f"batches of {self.batch_size}{' texts of like length' if self.by_length else ''}"
        vectors = ", the embedding begins with vectors made from the training texts" if self.vectors else ""
        seeds = "1 seed" if len(self.seeds) == 1 else f"{len(self.seeds)} seeds"
        return (
            f"{self.optimizer} {self.learning_rate:g}{falling}, {self.loss}, {batches}{clipped}{vectors}; {stopping}; "
            f"weights of the epoch with the best {self.monitor}; {seeds}"
        )

    def fingerprint(self, data_sha256: str) -> str:
        """Changes whenever a checkpoint of another recipe, or on other data, should not be continued."""
        facts = [
            self.name, self.model, self.sentence(), list(self.seeds), data_sha256
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


_DROPOUTS = "dropout 0.2, recurrent dropout 0.2"
_TUTORIAL_MODEL = f"Embedding(10,000, 128) → LSTM(64, {_DROPOUTS}) → Dense(1, sigmoid)"
_WORDS = "WordDropout(0.3) → Embedding(10,000, 128, mask_zero) → SpatialDropout1D(0.3)"
_PADDING_MODEL = "Embedding(10,000, 32) → LSTM(32) → Dense(1, sigmoid)"


def _as_in_the_tutorial(
    name: str,
    title: str,
    model: str,
    *layers: Callable[[], Any],
    truncating: Side = "pre",
    keeps_weights: bool = False,
) -> Recipe:
    """A recipe with the tutorial's data and training, for these recurrent layers."""
    return Recipe(
        name=name,
        title=title,
        model=f"Embedding(10,000, 128) → {model} → Dense(1, sigmoid)",
        build=partial(models.tutorial_reader, *layers),
        prepare=partial(prepare_imdb, num_words=10_000, length=200, truncating=truncating),
        epochs=10,
        batch_size=128,
        seeds=(1, 2, 3),
        monitor="val_loss",
        patience=3,
        compiled="recurrent dropout" in model,
        keeps_weights=keeps_weights,
    )


def _gru_on_400_words(
    name: str,
    title: str,
    model: str,
    *,
    vectors: bool = False,
    keeps_weights: bool = False,
    keeps_answers: bool = False,
    **options: Any,
) -> Recipe:
    """A recipe for `models.gru_reader`: twice as many words as the tutorial's, in batches of like length."""
    return Recipe(
        name=name,
        title=title,
        model=f"{model} → Dropout(0.3) → Dense(1, sigmoid)",
        build=partial(models.gru_reader, **options),
        prepare=partial(prepare_imdb, num_words=10_000, length=400),
        epochs=4,
        batch_size=64,
        learning_rate=2e-3,
        seeds=(1, 2, 3),
        clipnorm=1.0,
        cosine=True,
        vectors=vectors,
        by_length=True,
        keeps_weights=keeps_weights,
        keeps_answers=keeps_answers,
    )


RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="imdb-bag",
            title="bag of words, 400 words",
            model="Embedding(10,000, 1, mask_zero) → mean → Dense(1, sigmoid)",
            build=models.bag_of_words,
            prepare=partial(prepare_imdb, num_words=10_000, length=400),
            epochs=4,
            batch_size=256,
            learning_rate=0.05,
            seeds=(1, 2, 3),
        ),
        Recipe(
            name="imdb-simple-rnn",
            title="SimpleRNN, 100 words",
            model="Embedding(10,000, 32) → SimpleRNN(32) → Dense(1, sigmoid)",
            build=models.simple_rnn,
            prepare=partial(prepare_imdb, num_words=10_000, length=100),
            epochs=10,
            batch_size=32,
            seeds=(1, 2, 3),
        ),
        # What must not be done, to be seen in a figure: steps a thousand times too long.
        Recipe(
            name="imdb-simple-rnn-fast",
            title="SimpleRNN, 100 words, learning rate 1",
            model="Embedding(10,000, 32) → SimpleRNN(32) → Dense(1, sigmoid)",
            build=models.simple_rnn,
            prepare=partial(prepare_imdb, num_words=10_000, length=100),
            epochs=5,
            batch_size=128,
            learning_rate=1.0,
        ),
        Recipe(
            name="imdb-lstm",
            title="LSTM, 200 words, with word dropout",
            model=f"WordDropout(0.2) → {_TUTORIAL_MODEL}",
            build=partial(models.tutorial_reader, models.recurrent_layer("LSTM", 64), word_dropout=0.2),
            prepare=partial(prepare_imdb, num_words=10_000, length=200),
            epochs=10,
            batch_size=128,
            seeds=(1, 2, 3),
            patience=3,
            clipnorm=1.0,
            compiled=True,
        ),
        # The tutorial's networks, trained as it trains them, and what they become with other dropouts or other words.
        _as_in_the_tutorial(
            "imdb-lstm-tutorial",
            "LSTM, 200 words, as in the tutorial",
            f"LSTM(64, {_DROPOUTS})",
            models.recurrent_layer("LSTM", 64),
            keeps_weights=True,
        ),
        _as_in_the_tutorial(
            "imdb-lstm-first",
            "LSTM, the first 200 words",
            f"LSTM(64, {_DROPOUTS})",
            models.recurrent_layer("LSTM", 64),
            truncating="post",
        ),
        _as_in_the_tutorial(
            "imdb-lstm-plain",
            "LSTM, no dropout",
            "LSTM(64)",
            models.recurrent_layer("LSTM", 64, dropout=0.0, recurrent_dropout=0.0),
        ),
        _as_in_the_tutorial(
            "imdb-lstm-input-dropout",
            "LSTM, dropout 0.5",
            "LSTM(64, dropout 0.5)",
            models.recurrent_layer("LSTM", 64, dropout=0.5, recurrent_dropout=0.0),
        ),
        _as_in_the_tutorial(
            "imdb-lstm-recurrent-dropout",
            "LSTM, recurrent dropout 0.2",
            "LSTM(64, recurrent dropout 0.2)",
            models.recurrent_layer("LSTM", 64, dropout=0.0),
        ),
        _as_in_the_tutorial(
            "imdb-stack",
            "LSTM on LSTM, 200 words",
            f"LSTM(64, {_DROPOUTS}) → LSTM(32, {_DROPOUTS})",
            models.recurrent_layer("LSTM", 64, return_sequences=True),
            models.recurrent_layer("LSTM", 32),
        ),
        _as_in_the_tutorial(
            "imdb-gru", "GRU, 200 words", f"GRU(64, {_DROPOUTS})", models.recurrent_layer("GRU", 64)
        ),
        _as_in_the_tutorial(
            "imdb-bidirectional",
            "bidirectional LSTM, 200 words",
            f"Bidirectional(LSTM(64, {_DROPOUTS}))",
            models.both_ways(models.recurrent_layer("LSTM", 64)),
        ),
        # Another baseline without order; then a GRU on 400 words, and what one change makes of it.
        Recipe(
            name="imdb-averaged",
            title="averaged embeddings, 400 words",
            model="Embedding(20,000, 64, mask_zero) → mean → Dropout(0.3) → Dense(1, sigmoid)",
            build=models.averaged_embeddings,
            prepare=partial(prepare_imdb, num_words=20_000, length=400),
            epochs=5,
            batch_size=64,
            learning_rate=0.01,
            seeds=(1, 2, 3),
            cosine=True,
            by_length=True,
            keeps_weights=False,
        ),
        Recipe(
            name="imdb-counted-pairs",
            title="words and pairs, counted",
            model="NaiveBayesPairs(20,000, 2^20 buckets, from 0.02) → sigmoid",
            build=models.counted_pairs,
            prepare=partial(prepare_imdb, num_words=20_000, length=400),
            epochs=6,
            batch_size=64,
            seeds=(1, 2, 3),
            by_length=True,
            keeps_weights=False,
            keeps_answers=True,
        ),
        _gru_on_400_words("imdb-last-state", "GRU, 400 words, last state", f"{_WORDS} → GRU(48)"),
        _gru_on_400_words(
            "imdb-vectors", "GRU that begins with word vectors", f"{_WORDS} → GRU(48)", vectors=True
        ),
        _gru_on_400_words(
            "imdb-both-ways",
            "bidirectional GRU that begins with word vectors",
            f"{_WORDS} → Bidirectional(GRU(48))",
            vectors=True,
            both_ways=True,
        ),
        _gru_on_400_words(
            "imdb-attention",
            "GRU, attention over its states",
            f"{_WORDS} → GRU(48) → AttentionPooling(48)",
            pooling="attention",
            keeps_weights=True,
        ),
        _gru_on_400_words(
            "imdb-pooled",
            "GRU, largest and mean states",
            f"{_WORDS} → GRU(48) → StatePooling",
            pooling="states",
        ),
        # With attention, and counts to look up: ratios that know the labels, and honest ones.
        *(
            replace(
                _gru_on_400_words(
                    name,
                    title,
                    f"WordDropout(0.3) → Embedding(10,000, 128, mask_zero) → SpatialDropout1D(0.3), beside "
                    f"NaiveBayesRatios(10,000, 2^20 buckets, {folds} folds) → GRU(48) → AttentionPooling(48)",
                    vectors=name != "imdb-minute",
                    keeps_answers=name == "imdb-best",
                ),
                build=partial(models.gru_with_ratios, folds=folds),
                epochs=epochs,
                alone=name == "imdb-minute",
            )
            for name, title, folds, epochs in (
                ("imdb-leaked", "GRU that reads ratios which know the labels", 0, 4),
                ("imdb-best", "GRU that reads honest ratios", 5, 4),
                ("imdb-minute", "GRU that reads honest ratios, one epoch", 5, 1),
            )
        ),
        Recipe(
            name="imdb-post-padding",
            title="LSTM, 400 words, zeros behind",
            model=_PADDING_MODEL,
            build=partial(models.padding_lstm, mask=False),
            prepare=partial(prepare_imdb, num_words=10_000, length=400, padding="post"),
            epochs=3,
            batch_size=128,
        ),
        Recipe(
            name="imdb-pre-padding",
            title="LSTM, 400 words, zeros in front",
            model=_PADDING_MODEL,
            build=partial(models.padding_lstm, mask=False),
            prepare=partial(prepare_imdb, num_words=10_000, length=400, padding="pre"),
            epochs=3,
            batch_size=128,
        ),
        Recipe(
            name="imdb-post-masked",
            title="LSTM, 400 words, zeros behind and masked",
            model=_PADDING_MODEL.replace("32)", "32, mask_zero)", 1),
            build=partial(models.padding_lstm, mask=True),
            prepare=partial(prepare_imdb, num_words=10_000, length=400, padding="post"),
            epochs=3,
            batch_size=128,
        ),
        # Small enough for a page, and alike but for the cell. Padding is masked, so that a reader's own short text
        # is read as it is.
        *(
            Recipe(
                name=name,
                title=f"{cell}, 400 words, masked",
                model=(
                    "WordDropout(0.3) → Embedding(10,000, 32, mask_zero) → SpatialDropout1D(0.2) → "
                    f"{cell}(32) → Dropout(0.3) → Dense(1, sigmoid)"
                ),
                build=partial(models.sentiment_reader, cell),
                prepare=partial(prepare_imdb, num_words=10_000, length=400),
                epochs=5,
                batch_size=64,
                learning_rate=2e-3,
                seeds=(1, 2) if cell == "LSTM" else (1,),
                clipnorm=1.0,
                cosine=True,
                keeps_vocabulary=name == "sentiment-lstm",  # the same for all three
            )
            for name, cell in (
                ("sentiment-lstm", "LSTM"),
                ("sentiment-gru", "GRU"),
                ("sentiment-rnn", "SimpleRNN"),
            )
        ),
        Recipe(
            name="chars-tutorial",
            title="LSTM 128 on windows of 40, as in the tutorial",
            model="Embedding(65, 64) → LSTM(128) → Dense(65, softmax)",
            build=models.tutorial_characters,
            prepare=prepare_next_character,
            epochs=10,
            batch_size=128,
            learning_rate=0.01,
            optimizer="RMSprop",
            monitor="val_loss",
            loss="sparse_categorical_crossentropy",
        ),
        # Characters, one after the other: the large one, one for slow lines, and one that needs no download.
        *(
            Recipe(
                name=name,
                title=title,
                model=(
                    f"Embedding({alphabet}, 64) → LSTM({units}) → Dropout({dropout:g}) → Dense({alphabet}, softmax)"
                ),
                build=partial(models.characters, alphabet, units, dropout),
                prepare=prepare,
                epochs=epochs,
                batch_size=64,
                learning_rate=rate,
                monitor="val_loss",
                clipnorm=1.0,
                loss="sparse_categorical_crossentropy",
                cosine=True,
                keeps_vocabulary=True,
            )
            for name, title, alphabet, units, dropout, epochs, rate, prepare in (
                ("chars-lstm", "LSTM 448, Tiny Shakespeare", 65, 448, 0.3, 7, 4e-3, prepare_characters),
                (
                    "chars-lstm-small",
                    "LSTM 128, Tiny Shakespeare",
                    65,
                    128,
                    0.1,
                    12,
                    8e-3,
                    prepare_characters,
                ),
                (
                    "chars-lstm-corpus",
                    "LSTM 128, the course's own corpus",
                    63,
                    128,
                    0.4,
                    12,
                    8e-3,
                    partial(prepare_characters, own_corpus=True, stride=16),
                ),
            )
        ),
    )
}


def recipe_names() -> list[str]:
    """The names of all runs that the course knows how to train, in the order of the chapters."""
    return list(RECIPES)


def recipe_named(name: str, recipes: Mapping[str, Recipe] = RECIPES) -> Recipe:
    """The recipe of a run.

    Raises:
        RunError: if there is none; the message names the nearest, and all.
    """
    if name in recipes:
        return recipes[name]
    near = difflib.get_close_matches(name, recipes, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise RunError(f"There is no run called {name!r}.{hint} The runs are: {', '.join(recipes)}.")
