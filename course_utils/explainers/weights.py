"""A network in one small file, which a living figure reads in JavaScript (``readNetwork`` in ``_recurrent.js``).

The file, all numbers little-endian::

    bytes 0–3     the letters URNN
    bytes 4–19    four unsigned 32-bit numbers: version (1), length of the header, length of the payload,
                  CRC-32 of header and payload
    header        JSON in UTF-8, filled up with spaces to a multiple of 4 bytes
    payload       the arrays in the header's order, each filled up with zeros to a multiple of 4 bytes

The header says what the network is made of, and how each array is stored:

- ``float32`` and ``float16``: its numbers, row by row.
- ``int8``: the scales (float32), then whole numbers from −127 to 127, row by row. A number is the whole number times
  its scale. A matrix has one scale an output column; the embedding has one a word, as in the stored runs, so that a
  stored run is packed without losing anything more.

The same network gives the same bytes.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from course_utils.recurrent import GRU, LSTM, Bidirectional, Dense, Network, SimpleRNN
from course_utils.recurrent.arrays import Array
from course_utils.recurrent.cell import Cell
from course_utils.recurrent.network import CELLS, Layer
from course_utils.runs.weights import dequantise, quantise

if TYPE_CHECKING:
    import keras

StoredAs = Literal["float32", "float16", "int8"]

MAGIC, VERSION = b"URNN", 1
EMBEDDING = "embedding"
ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear")
"""Of a simple cell; a head can have softmax too. The engine has more, JavaScript has not."""

_PREFIX = struct.Struct("<4sIIII")
_STORED: tuple[StoredAs, ...] = ("float32", "float16", "int8")


@dataclass(frozen=True, eq=False)
class PackedNetwork:
    """What `unpack_network` finds in a file."""

    network: Network
    embedding: Array | None
    """(words, features), or None where the network reads vectors."""
    vocabulary: list[str] | None
    """The word of each id."""
    padding: int | None
    """The id that the network was trained to skip: leave it out of what it reads."""
    metadata: dict[str, Any] = field(default_factory=dict)

    def predict(self, ids: npt.ArrayLike) -> Array:
        """The network's answers to words.

        Args:
            ids: (batch, time); where there is a padding id, those steps are masked.

        Returns:
            as `Network.predict`.

        Raises:
            ValueError: if there is no embedding, or an id that it has not.
        """
        if self.embedding is None:
            raise ValueError("the network has no embedding and reads vectors: use network.predict.")
        numbers = np.asarray(ids)
        if numbers.size and not (numbers.min() >= 0 and numbers.max() < len(self.embedding)):
            raise ValueError(
                f"ids are {numbers.min()} to {numbers.max()}, expected 0 to {len(self.embedding) - 1}."
            )
        mask = None if self.padding is None else numbers != self.padding
        return self.network.predict(self.embedding[numbers], mask=mask)


def pack_network(
    network: Network | keras.Sequential,
    *,
    embedding: npt.ArrayLike | None = None,
    vocabulary: Sequence[str] | None = None,
    padding: int | None = None,
    metadata: Mapping[str, Any] | None = None,
    stored_as: StoredAs | Mapping[str, StoredAs] = "int8",
) -> bytes:
    """The contents of a network's file.

    Args:
        network: ours, or a built Keras model that `from_keras` can convert. A Keras model may begin with an
            Embedding, with or without ``mask_zero``; what only matters in training is left behind.
        embedding: (words, features), what the first layer reads for each id; not with a Keras model that has one.
        vocabulary: the word of each id, as many as the embedding has rows (or, without one, the network features).
        padding: the id that the network was trained to skip; with a Keras model, ``mask_zero`` says so.
        metadata: anything that JSON can hold, such as the numbers of a run's card.
        stored_as: one for all, or by name (``embedding``, ``lstm_1.W_x``, …; what is not named is ``int8``).
            ``int8`` is for matrices: with it, vectors become ``float16``. What is too large for ``float16`` becomes
            ``float32``.

    Returns:
        the bytes; see the module for the layout.

    Raises:
        ValueError: for a model or an activation that JavaScript does not have, shapes that do not fit, or a weight
            that is not a finite number.
    """
    if not isinstance(network, Network):
        network, found, skipped = _from_keras(network)
        if found is not None and embedding is not None:
            raise ValueError("the Keras model has an embedding of its own, expected no other one.")
        embedding = found if embedding is None else embedding
        padding = skipped if padding is None else padding
    arrays: dict[str, Array] = {}
    if embedding is not None:
        arrays[EMBEDDING] = np.asarray(embedding, np.float32)
        if arrays[EMBEDDING].ndim != 2 or arrays[EMBEDDING].shape[1] != network.features:
            raise ValueError(
                f"embedding has shape {arrays[EMBEDDING].shape}, expected (words, features) with "
                f"{network.features} features: that is what the first layer reads."
            )
    words = network.features if embedding is None else len(arrays[EMBEDDING])
    if vocabulary is not None and len(vocabulary) != words:
        raise ValueError(f"the vocabulary has {len(vocabulary)} words, expected {words}: one for each id.")
    if padding is not None and not (embedding is not None and 0 <= padding < words):
        raise ValueError(f"padding is {padding}, expected an id of the embedding.")
    arrays |= network.weights

    listed, payload = [], []
    for name, array in arrays.items():
        wanted = stored_as if isinstance(stored_as, str) else stored_as.get(name, "int8")
        stored, contents = _stored(name, array, wanted)
        listed.append({"name": name, "shape": list(array.shape), "stored": stored})
        payload.append(_filled(contents, b"\0"))
    if not isinstance(stored_as, str) and (unknown := stored_as.keys() - arrays.keys()):
        raise ValueError(f"stored_as names {min(unknown)!r}, expected names from {', '.join(arrays)}.")
    header = {
        "arrays": listed,
        "every_step": network.every_step,
        "head": _head_spec(network.head),
        "layers": _layer_specs(network),
        "metadata": dict(metadata or {}),
        "padding": padding,
        "vocabulary": None if vocabulary is None else list(vocabulary),
    }
    try:
        text = json.dumps(
            header, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
        ).encode()
    except (TypeError, ValueError) as error:
        raise ValueError(f"metadata or vocabulary cannot be written as JSON: {error}.") from None
    text = _filled(text, b" ")
    body = text + b"".join(payload)
    return _PREFIX.pack(MAGIC, VERSION, len(text), len(body) - len(text), zlib.crc32(body)) + body


def unpack_network(contents: bytes, *, dtype: npt.DTypeLike = np.float64) -> PackedNetwork:
    """The network that `pack_network` stored, as JavaScript reads it.

    Args:
        contents: the whole file.
        dtype: of weights and states; the weights are those of a float32 either way.

    Returns:
        the network, and what came with it.

    Raises:
        ValueError: for a file that is damaged, cut short, or of another version.
    """
    if len(contents) < _PREFIX.size:
        raise ValueError(
            f"the file has {len(contents)} bytes, expected at least {_PREFIX.size}: it is cut short."
        )
    magic, version, header_length, payload_length, crc = _PREFIX.unpack_from(contents)
    if magic != MAGIC:
        raise ValueError(f"the file begins with {magic!r}, expected {MAGIC!r}: it is no packed network.")
    if version != VERSION:
        raise ValueError(f"the file is of version {version}, expected {VERSION}: pack the network again.")
    expected = _PREFIX.size + header_length + payload_length
    if len(contents) != expected:
        raise ValueError(
            f"the file has {len(contents)} bytes, expected {expected}: it is cut short or damaged."
        )
    body = contents[_PREFIX.size :]
    if zlib.crc32(body) != crc:
        raise ValueError("the file's checksum is wrong: it is damaged.")
    header = json.loads(body[:header_length])

    needed = sum(_length(listed) for listed in header["arrays"])
    if needed != payload_length:
        raise ValueError(f"the file's arrays take {needed} bytes, expected {payload_length}: it is damaged.")
    arrays: dict[str, npt.NDArray[np.float32]] = {}
    at = header_length
    for listed in header["arrays"]:
        arrays[listed["name"]] = _read(body, at, listed)
        at += _length(listed)
    layers = [_layer(specs, dtype) for specs in header["layers"]]
    head = Dense(**header["head"], seed=0, dtype=dtype)
    network = Network(layers, head, every_step=header["every_step"])
    embedding = arrays.pop(EMBEDDING, None)
    if (names := list(network.weights)) != list(arrays):
        raise ValueError(f"the file has weights {list(arrays)}, expected {names}.")
    for name, weight in network.weights.items():
        if weight.shape != arrays[name].shape:
            raise ValueError(f"{name} has shape {arrays[name].shape}, expected {weight.shape}.")
        weight[...] = arrays[name]
    return PackedNetwork(
        network,
        None if embedding is None else embedding.astype(dtype),
        header["vocabulary"],
        header["padding"],
        header["metadata"],
    )


def _stored(name: str, array: Array, wanted: StoredAs) -> tuple[StoredAs, bytes]:
    """How an array is stored in the end, and its bytes."""
    if wanted not in _STORED:
        raise ValueError(f"{name} is to be stored as {wanted!r}, expected one of {', '.join(_STORED)}.")
    with np.errstate(over="ignore"):
        floats = array.astype("<f4")
    if not np.isfinite(floats).all():
        raise ValueError(f"{name} holds numbers that are not finite: such a network has diverged.")
    if wanted == "int8" and array.ndim == 2:
        whole, scales = quantise(floats, axis=1 if name == EMBEDDING else 0)
        return "int8", scales.astype("<f4").tobytes() + whole.tobytes()
    if wanted != "float32" and np.abs(floats).max(initial=0.0) <= np.finfo(np.float16).max:
        return "float16", floats.astype("<f2").tobytes()
    return "float32", floats.tobytes()


def _scales(listed: Mapping[str, Any]) -> tuple[int, int]:
    """The shape of the scales of an array that is stored as int8."""
    rows, columns = listed["shape"]
    return (rows, 1) if listed["name"] == EMBEDDING else (1, columns)


def _length(listed: Mapping[str, Any]) -> int:
    """The bytes that an array takes in the payload."""
    size, stored = int(math.prod(listed["shape"])), listed["stored"]
    if stored == "int8":
        return 4 * math.prod(_scales(listed)) + size + -size % 4
    length = size * (2 if stored == "float16" else 4)
    return length + -length % 4


def _read(body: bytes, at: int, listed: Mapping[str, Any]) -> npt.NDArray[np.float32]:
    """The array that begins there."""
    shape, stored = tuple(listed["shape"]), listed["stored"]
    if stored == "int8":
        scales = np.frombuffer(body, "<f4", math.prod(_scales(listed)), at).astype(np.float32)
        whole = np.frombuffer(body, "i1", math.prod(shape), at + 4 * scales.size)
        return dequantise(whole.reshape(shape), scales.reshape(_scales(listed)))
    kind = "<f2" if stored == "float16" else "<f4"
    return np.frombuffer(body, kind, math.prod(shape), at).astype(np.float32).reshape(shape)


def _filled(contents: bytes, filling: bytes) -> bytes:
    """Up to a multiple of 4 bytes."""
    return contents + filling * (-len(contents) % 4)


def _head_spec(head: Dense) -> dict[str, Any]:
    """What makes the same head again."""
    if head.activation not in (*ACTIVATIONS, "softmax"):
        raise ValueError(
            f"the head has activation {head.activation}, expected one of {', '.join(ACTIVATIONS)}, softmax: "
            "JavaScript has no other."
        )
    names = ("features", "outputs", "activation", "loss", "reduction", "use_bias")
    return {name: getattr(head, name) for name in names}


def _layer_specs(network: Network) -> list[list[dict[str, Any]]]:
    """Of each layer its cells: one, or the one that reads forward and the one that reads backward."""
    names = iter(network.cells)
    return [[_cell_spec(next(names), cell) for cell in layer.cells.values()] for layer in network.layers]


def _cell_spec(name: str, cell: Cell[Any]) -> dict[str, Any]:
    if type(cell) not in (SimpleRNN, LSTM, GRU):
        raise ValueError(f"{name} is of type {type(cell).__name__}, expected SimpleRNN, LSTM or GRU.")
    spec: dict[str, Any] = {"name": name, "kind": cell.kind}
    spec |= {key: getattr(cell, key) for key in ("features", "units", "use_bias")}
    if isinstance(cell, GRU):
        spec["reset_after"] = cell.reset_after
    if isinstance(cell, SimpleRNN):
        spec["activation"] = cell.activation.name
        if cell.activation.name not in ACTIVATIONS:
            raise ValueError(
                f"{name} has activation {cell.activation.name}, expected one of {', '.join(ACTIVATIONS)}: "
                "JavaScript has no other."
            )
    return spec


def _layer(specs: list[dict[str, Any]], dtype: npt.DTypeLike) -> Layer:
    cells = []
    for spec in specs:
        options = {key: value for key, value in spec.items() if key not in ("name", "kind")}
        cells.append(CELLS[spec["kind"]](**options, seed=0, dtype=dtype))
    return Bidirectional(*cells) if len(cells) == 2 else cells[0]


def _from_keras(model: keras.Sequential) -> tuple[Network, Array | None, int | None]:
    """Network, embedding and padding of a Keras model."""
    import keras

    from course_utils.recurrent.keras_bridge import from_keras

    if not isinstance(model, keras.Sequential) or not model.built:
        return from_keras(model, dtype=np.float32), None, None  # which says what is wrong
    idle: tuple[type, ...] = (keras.layers.Dropout,)
    if any(type(layer).__name__ == "WordDropout" for layer in model.layers):
        from course_utils.runs.layers import WordDropout

        idle = (*idle, WordDropout)
    below = [layer for layer in model.layers if type(layer) not in idle][:1]
    if not below or type(below[0]) is not keras.layers.Embedding:
        return from_keras(model, dtype=np.float32), None, None
    lowest = below[0]
    above = model.layers[model.layers.index(lowest) + 1 :]
    vectors = keras.Sequential([keras.Input((None, lowest.output_dim)), *above])
    embedding: Array = lowest.get_weights()[0]
    return from_keras(vectors, dtype=np.float32), embedding, 0 if lowest.mask_zero else None
