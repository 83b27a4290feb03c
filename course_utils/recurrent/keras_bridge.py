"""Networks from Keras models, and Keras models from networks: the same weights, the same answers.

Keras is imported inside the functions, so that the engine starts without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from course_utils.recurrent.arrays import Array
from course_utils.recurrent.bidirectional import Bidirectional
from course_utils.recurrent.cell import Cell
from course_utils.recurrent.gru import GRU
from course_utils.recurrent.head import Dense
from course_utils.recurrent.lstm import LSTM
from course_utils.recurrent.network import Layer, Network
from course_utils.recurrent.simple_rnn import SimpleRNN

if TYPE_CHECKING:
    import keras

CELL_ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear")
"""What a simple cell can have on both sides."""

HEAD_ACTIVATIONS = (*CELL_ACTIVATIONS, "softmax")
"""What a head can have on both sides."""

_OPTIONS: dict[str, tuple[object, str]] = {
    "go_backwards": (False, "build the layer without it, and give the sequences as inputs[:, ::-1]"),
    "stateful": (False, "build the layer without it, and carry the state with predict(..., state=...)"),
    "return_state": (False, "build the layer without it, and look at the states with trace"),
    "zero_output_for_mask": (False, "build the layer without it, since a padded step keeps its state"),
    "merge_mode": ("concat", "build the layer with merge_mode='concat', both directions side by side"),
    "quantization_mode": (None, "convert the model before it is quantised"),
    "lora_enabled": (False, "convert a model whose weights were trained themselves"),
}
"""By Keras's name for an option: the only value that the engine has, and what to do about another one."""


def from_keras(model: keras.Sequential, *, dtype: npt.DTypeLike = np.float64) -> Network:
    """A network with the weights of a Keras model, and its answers.

    The model is a stack of SimpleRNN, LSTM, GRU or Bidirectional layers under one Dense, at every step or at the
    last. The weights are copied: training one of the two leaves the other as it is. What only matters in training
    is left behind: dropout, regularizers, constraints, seeds, the optimizer. The loss is left behind too, and the
    head gets the usual one for its activation.

    A mask is an argument, ``network.predict(inputs, mask=...)``, so a Masking layer is refused: a network that
    forgot it would read the padding and give other answers. With a mask, answers agree at every real step; those
    at padded steps, which do not count, may differ after a bidirectional layer, where Keras reads zeros.

    Args:
        model: built; its weights can have any dtype.
        dtype: of the network's weights and states.

    Returns:
        the network.

    Raises:
        ValueError: for a model that is not sequential or not built, and for layers or options that the engine does
            not have.
    """
    import keras

    if not isinstance(model, keras.Sequential):
        raise ValueError(
            f"the model is of type {type(model).__name__}, expected a built Sequential: if each of its layers "
            "reads only the one before, give keras.Sequential(model.layers)."
        )
    if not model.built:
        raise ValueError(
            f"model {model.name!r} is not built and has no weights yet, expected a built one: begin it with "
            "keras.Input((None, features)), or call it once."
        )
    kinds = keras.layers
    # Compared by the type itself: a class made from one of these may drop when predicting too.
    idle = (kinds.Dropout, kinds.SpatialDropout1D, kinds.GaussianDropout, kinds.GaussianNoise)
    stack: list[Any] = []
    dense: Any = None
    for number, layer in enumerate(model.layers, start=1):
        if type(layer) in idle:
            continue
        if type(layer) is kinds.Embedding:
            mask = ", with mask=(ids != 0)" if layer.mask_zero else ""
            raise ValueError(
                f"{_called(layer)} reads numbers of words, expected vectors: convert "
                f"{_layers_above(number, layer.output_dim)}, and feed the network what "
                f"model.layers[{number - 1}](ids) gives{mask}."
            )
        if type(layer) is kinds.Masking and not stack:
            raise ValueError(
                f"{_called(layer)} finds the padding by itself, expected a mask as an argument: convert "
                f"{_layers_above(number, model.input_shape[-1])}, and give predict "
                f"mask=(inputs != {layer.mask_value}).any(axis=-1)."
            )
        if dense is not None:
            raise ValueError(
                f"{_called(layer)} comes after {_called(dense)}, expected one Dense and nothing after it: "
                "build the model without what comes after."
            )
        inner = layer.layer if type(layer) is kinds.TimeDistributed else layer
        if type(inner) is kinds.Dense:
            dense = inner
        else:
            stack.append(layer)
    if dense is None or not stack:
        raise ValueError(
            f"model {model.name!r} is {' → '.join(type(layer).__name__ for layer in model.layers)}, expected "
            "recurrent layers and then one Dense: add what is missing."
        )
    layers = [_layer_from_keras(layer, dtype) for layer in stack]
    return Network(layers, _head_from_keras(dense, dtype), every_step=stack[-1].return_sequences)


def to_keras(network: Network) -> keras.Sequential:
    """A Keras model with the weights of a network, and its answers.

    The weights are copied: training one of the two leaves the other as it is. The model is not compiled, so it has
    no loss: give Keras's name for the head's when you compile it. A mask is given by a Masking layer below, or layer
    by layer, ``layer(inputs, mask=...)``.

    Args:
        network: of any depth.

    Returns:
        a sequential model in the network's dtype, whose layers are called `lstm_1`, `bidirectional_gru_2`, …
        and `head`.

    Raises:
        ValueError: for an activation that Keras does not have (gompertz), or two directions of different units.
    """
    import keras

    last = len(network.layers)
    stack = [
        _layer_to_keras(layer, number, return_sequences=number < last or network.every_step)
        for number, layer in enumerate(network.layers, start=1)
    ]
    head = network.head
    dense = keras.layers.Dense(
        head.outputs,
        activation=_shared(head.activation, HEAD_ACTIVATIONS, "the head"),
        use_bias=head.use_bias,
        dtype=head.dtype.name,
        name="head",
    )
    below = keras.Input((None, network.features), dtype=network.dtype.name)
    model = keras.Sequential([below, *stack, dense])
    for ours, layer in zip([*network.layers, head], model.layers, strict=True):
        if isinstance(ours, Bidirectional):
            layer.forward_layer.set_weights(_keras_weights(ours.cells["forward"]))
            layer.backward_layer.set_weights(_keras_weights(ours.cells["backward"]))
        else:
            layer.set_weights(_keras_weights(ours))
    return model


def _layer_from_keras(layer: Any, dtype: npt.DTypeLike) -> Layer:
    import keras

    if type(layer) is not keras.layers.Bidirectional:
        _check_options(layer, "go_backwards", "zero_output_for_mask")
        return _cell_from_keras(layer, dtype)
    _check_options(layer, "merge_mode")
    _check_options(layer.forward_layer, "go_backwards")  # then Keras has seen to it that the other one does
    directions = [_cell_from_keras(one, dtype) for one in (layer.forward_layer, layer.backward_layer)]
    return Bidirectional(*directions)


def _cell_from_keras(layer: Any, dtype: npt.DTypeLike) -> Cell[Any]:
    """The cell of one SimpleRNN, LSTM or GRU, in whichever direction it reads."""
    import keras

    known: dict[Any, type[Cell[Any]]] = {
        keras.layers.SimpleRNN: SimpleRNN,
        keras.layers.LSTM: LSTM,
        keras.layers.GRU: GRU,
    }
    kind = known.get(type(layer))
    if kind is None:
        raise ValueError(
            f"{_called(layer)} is not known to the engine, expected SimpleRNN, LSTM, GRU or Bidirectional under a "
            "Dense: build the model from these."
        )
    _check_options(layer, "stateful", "return_state")
    options: dict[str, Any] = {"use_bias": layer.use_bias, "dtype": dtype}
    if kind is SimpleRNN:
        options["activation"] = _activation_name(layer, "activation", CELL_ACTIVATIONS)
    else:
        _activation_name(layer, "activation", ("tanh",))
        _activation_name(layer, "recurrent_activation", ("sigmoid",))
    if kind is GRU:
        options["reset_after"] = layer.reset_after
    kernel, recurrent_kernel, *biases = layer.get_weights()
    cell = kind(len(kernel), layer.units, seed=0, **options)
    cell.W_x, cell.W_h = kernel, recurrent_kernel
    if isinstance(cell, GRU) and cell.reset_after and biases:
        cell.b, cell.b_h = biases[0]  # Keras keeps both as the two rows of one array, (2, 3 · units)
    elif biases:
        cell.b = biases[0]
    return cell


def _head_from_keras(layer: Any, dtype: npt.DTypeLike) -> Dense:
    _check_options(layer, "quantization_mode", "lora_enabled")
    activation = _activation_name(layer, "activation", HEAD_ACTIVATIONS)
    kernel, *biases = layer.get_weights()
    features, outputs = kernel.shape
    head = Dense(features, outputs, activation, use_bias=layer.use_bias, seed=0, dtype=dtype)
    head.W_y = kernel
    if biases:
        head.b_y = biases[0]
    return head


def _layer_to_keras(layer: Layer, number: int, *, return_sequences: bool) -> Any:
    import keras

    name = f"{layer.kind}_{number}"
    if isinstance(layer, Cell):
        return _cell_to_keras(layer, name, return_sequences=return_sequences)
    forward, backward = layer.cells.values()
    if forward.units != backward.units:
        raise ValueError(
            f"{name} has {forward.units} units forward and {backward.units} backward, expected as many: Keras's "
            "Bidirectional counts on it, so make the two cells of one size."
        )
    return keras.layers.Bidirectional(
        _cell_to_keras(forward, name, return_sequences=return_sequences),
        backward_layer=_cell_to_keras(
            backward, f"backward_{name}", return_sequences=return_sequences, go_backwards=True
        ),
        dtype=layer.dtype.name,
        name=f"bidirectional_{name}",
    )


def _cell_to_keras(cell: Cell[Any], name: str, **options: Any) -> Any:
    import keras

    options |= {"use_bias": cell.use_bias, "dtype": cell.dtype.name, "name": name}
    if type(cell) is SimpleRNN:
        activation = _shared(cell.activation.name, CELL_ACTIVATIONS, name)
        return keras.layers.SimpleRNN(cell.units, activation=activation, **options)
    if type(cell) is GRU:
        return keras.layers.GRU(cell.units, reset_after=cell.reset_after, **options)
    if type(cell) is LSTM:
        return keras.layers.LSTM(cell.units, **options)
    raise ValueError(
        f"{name} is of type {type(cell).__name__}, expected SimpleRNN, LSTM or GRU: Keras has no other "
        "cell to convert to."
    )


def _keras_weights(owner: Cell[Any] | Dense) -> list[Array]:
    """The weights in Keras's order: kernel, recurrent kernel, bias."""
    weights = dict(owner.weights)
    if "b_h" in weights:
        weights["b"] = np.stack([weights["b"], weights["b_h"]])  # (2, 3 · units)
    return [weights[name] for name in ("W_x", "W_h", "b", "W_y", "b_y") if name in weights]


def _activation_name(layer: Any, option: str, allowed: tuple[str, ...]) -> str:
    import keras

    found = getattr(layer, option)
    for name in allowed:
        if found is getattr(keras.activations, name):
            return name
    raise ValueError(
        f"{option} of {_called(layer)} is {getattr(found, '__name__', found)}, expected {' or '.join(allowed)}: "
        "train the model with that."
    )


def _shared(activation: str, allowed: tuple[str, ...], owner: str) -> str:
    if activation not in allowed:
        raise ValueError(
            f"activation of {owner} is {activation}, which Keras does not have, expected {' or '.join(allowed)}: "
            "train the network with that."
        )
    return activation


def _check_options(layer: Any, *names: str) -> None:
    for name in names:
        wanted, advice = _OPTIONS[name]
        # Layers that are not recurrent do not have the options: their type is refused later.
        found = getattr(layer, name, wanted)
        if found != wanted:
            raise ValueError(f"{name} of {_called(layer)} is {found!r}, expected {wanted!r}: {advice}.")


def _layers_above(number: int, features: int) -> str:
    """The code for a model without its first `number` layers, which shares the others' weights."""
    return f"keras.Sequential([keras.Input((None, {features})), *model.layers[{number}:]])"


def _called(layer: Any) -> str:
    return f"layer {layer.name!r} ({type(layer).__name__})"
