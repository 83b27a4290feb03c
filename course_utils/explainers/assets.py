"""What living figures load besides their modules: trained networks, vocabularies, tables of stored runs.

In JupyterLab an asset travels to the figure as bytes; for the site it becomes a classic script, since a page that was
opened from its folder may run scripts but may not fetch data.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np

from course_utils.explainers.weights import StoredAs, pack_network
from course_utils.recurrent import LSTM, Dense, Network, SimpleRNN
from course_utils.recurrent.arrays import Array
from course_utils.recurrent.gru import GRU
from course_utils.recurrent.network import CELLS, Layer
from course_utils.runs import Run, load_run
from course_utils.runs.forecast import load_forecast
from course_utils.runs.recall import load_recall
from course_utils.runs.weights import INT8_FROM

_KINDS = {"SimpleRNN": "simple_rnn", "LSTM": "lstm", "GRU": "gru"}


def network_of_run(run: Run) -> tuple[Network, Array]:
    """A stored run's network, without Keras: an embedding, one recurrent layer, one dense layer.

    Args:
        run: of such a model, with the weights in Keras's order.

    Returns:
        The network, float32, and the embedding, (words, features).
    """
    weights = iter(run.load_weights())
    layers = {layer.kind: layer for layer in run.card.layers}
    kind = next(kind for kind in _KINDS if kind in layers)
    embedding = next(weights)
    kernel, recurrent, bias = next(weights), next(weights), next(weights)
    options = {"reset_after": True} if kind == "GRU" else {}  # as Keras builds it
    cell = CELLS[_KINDS[kind]](kernel.shape[0], recurrent.shape[0], seed=0, dtype=np.float32, **options)
    cell.W_x[...], cell.W_h[...] = kernel, recurrent
    if isinstance(cell, GRU):
        cell.b[...], cell.b_h[...] = bias
    else:
        cell.b[...] = bias
    W_y, b_y = next(weights), next(weights)
    outputs = W_y.shape[1]
    head = Dense(cell.units, outputs, "sigmoid" if outputs == 1 else "softmax", seed=0, dtype=np.float32)
    head.W_y[...], head.b_y[...] = W_y, b_y
    every_step = len(layers[kind].output_shape) == 3
    return Network([cell], head, every_step=every_step), embedding


def _network(name: str, *, skips_padding: bool = False) -> bytes:
    """The network of a run, rounded as the run has it; its vocabulary travels along where it is an alphabet."""
    run = load_run(name)
    network, embedding = network_of_run(run)
    sizes = {"embedding": embedding.size} | {key: weight.size for key, weight in network.weights.items()}
    stored_as: dict[str, StoredAs] = {
        key: "int8" if size >= INT8_FROM else "float16" for key, size in sizes.items()
    }
    alphabet = run.load_vocabulary() if network.every_step else None
    facts = {"run": name, "title": run.card.title, "metrics": run.card.metrics}
    return pack_network(
        network,
        embedding=embedding,
        vocabulary=alphabet,
        padding=0 if skips_padding else None,
        metadata=facts,
        stored_as=stored_as,
    )


def _words() -> bytes:
    """The 10,000 words of the sentiment networks by their ids, as a JSON array in UTF-8."""
    return json.dumps(load_run("sentiment-lstm").load_vocabulary(), ensure_ascii=False).encode()


def _recall() -> bytes:
    """The recall trainings: the length of a JSON header as 32 bits, the header, and the networks that it lists.

    The header says how often each training was right, and how many bytes each of the networks takes: by lag, then
    by competitor. The head of each answers after every step.
    """
    recall = load_recall()
    settings = recall.card.settings
    networks = [
        pack_network(recall.network(name, lag, every_step=True), stored_as="float16")
        for lag in settings.lags
        for name in settings.names
    ]
    header = {
        "lags": settings.lags,
        "competitors": settings.names,
        "seeds": settings.seeds,
        "units": settings.units,
        "updates": settings.updates,
        "chance": settings.chance,
        "accuracy": recall.accuracy.tolist(),
        "bytes": [len(network) for network in networks],
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<I", len(text)) + text + b"".join(networks)


def _gradient_cells() -> bytes:
    """A SimpleRNN, an LSTM and a GRU of 16 units as they begin: layers of one file, though each is used alone."""
    draw = np.random.default_rng(1997)
    cells: list[Layer] = [
        SimpleRNN(16, 16, seed=draw, dtype=np.float32),
        LSTM(16, 16, seed=draw, dtype=np.float32),
        GRU(16, 16, reset_after=True, seed=draw, dtype=np.float32),  # as Keras builds it
    ]
    return pack_network(Network(cells, Dense(16, 1, seed=draw, dtype=np.float32)), stored_as="float32")


def _bag_of_words() -> bytes:
    """The bag of words as little-endian float32: the head's weight, its bias, then one weight for each word id."""
    weights, kernel, bias = load_run("imdb-bag").load_weights()  # (10,000, 1), (1, 1), (1,)
    return np.concatenate([kernel, bias, weights], axis=None).astype("<f4").tobytes()


def _forecast() -> bytes:
    """The network of the forecasts, with the periods of the waves that it was trained on."""
    stored = load_forecast()
    facts = {"periods": stored.card["settings"]["periods"]}
    return pack_network(stored.network, metadata=facts, stored_as="float16")


CURVES = (
    "imdb-simple-rnn",
    "imdb-bag",
    "imdb-post-padding",
    "imdb-lstm-tutorial",
    "imdb-simple-rnn-fast",
    "imdb-lstm",
    "imdb-pre-padding",
    "imdb-post-masked",
)
"""The runs whose curves are to be judged, in the order of the figure."""


def _training_curves() -> bytes:
    """Of each run in `CURVES` its title, model, recipe and history, as a JSON object in UTF-8."""
    runs = {
        name: {"title": run.card.title, "model": run.card.model, "recipe": run.card.recipe} | run.history
        for name, run in ((name, load_run(name)) for name in CURVES)
    }
    return json.dumps(runs, ensure_ascii=False).encode()


ASSETS: dict[str, Callable[[], bytes]] = {
    "training-curves": _training_curves,
    "forecast-lstm": _forecast,
    "imdb-bag": _bag_of_words,
    "gradient-cells": _gradient_cells,
    "recall": _recall,
    "imdb-words": _words,
    **{
        name: partial(_network, name, skips_padding=True)
        for name in ("sentiment-rnn", "sentiment-lstm", "sentiment-gru")
    },
    **{name: partial(_network, name) for name in ("chars-lstm", "chars-lstm-small", "chars-lstm-corpus")},
}
"""By name: what makes the bytes. Always the same bytes, so that two builds of the site are alike."""

_AWAY = (0, ord("\n"), ord("\r"), ord('"'), ord("\\"))
"""Characters that cannot stand as they are in a script's string."""


@cache
def asset(name: str) -> bytes:
    """The contents of an asset, made once in a process.

    Args:
        name: one of `ASSETS`.

    Raises:
        RunError: for a network whose run is not stored here.
    """
    return ASSETS[name]()


def asset_script(name: str, contents: bytes) -> str:
    """A classic script that hands bytes to the page, also where the page was opened from a folder.

    Deflated, and then seven bits a character: the file is about a fifth larger than that, not a third as with base64.

    Args:
        name: what the page asks for: letters, digits, hyphens and underscores.
        contents: any bytes, such as those of `pack_network`.

    Returns:
        its text: one call of ``courseAssets.put``, which ``hydrate.js`` defines.

    Raises:
        ValueError: for another name.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise ValueError(f"the name is {name!r}, expected letters, digits, hyphens and underscores.")
    packed = zlib.compress(contents, 9)
    bits = np.unpackbits(np.frombuffer(packed, np.uint8))
    sevens = np.pad(bits, (0, -len(bits) % 7)).reshape(-1, 7)  # (characters, 7)
    codes = sevens @ (1 << np.arange(6, -1, -1, dtype=np.uint8))
    codes[np.isin(codes, _AWAY)] += 128
    return f'courseAssets.put("{name}", {len(packed)}, "{codes.tobytes().decode("latin-1")}");\n'


def write_asset_script(folder: Path, name: str, contents: bytes) -> Path:
    """Write `asset_script` into a folder, as ``NAME.js``.

    Args:
        folder: is made where it is missing.
        name: as for `asset_script`.
        contents: any bytes.

    Returns:
        the file, in UTF-8.

    Raises:
        ValueError: for a name that `asset_script` refuses.
    """
    text = asset_script(name, contents)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.js"
    file.write_text(text, encoding="utf-8", newline="")
    return file
