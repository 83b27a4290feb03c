"""The engine against Keras: answers, gradients and optimizers; and what cannot be converted."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from course_utils.recurrent import (
    GRU,
    LSTM,
    SGD,
    Adagrad,
    Adam,
    Bidirectional,
    Dense,
    Network,
    RMSprop,
    SimpleRNN,
)
from course_utils.recurrent.arrays import Array
from course_utils.recurrent.keras_bridge import from_keras, to_keras

FEATURES, OUTPUTS, BATCH, TIME = 3, 2, 4, 5

ANSWERS_AGREE = {"float32": 1e-6, "float64": 1e-12}
"""By dtype of the Keras model: how far the answers may be apart, for answers of the order of 1."""


@pytest.fixture(autouse=True)
def _same_weights_each_time() -> None:
    keras.utils.set_random_seed(0)


@dataclass(frozen=True)
class Kind:
    """A cell with its options, which have the same names on both sides."""

    ours: type[Any]
    keras: type[Any]
    options: dict[str, Any]


CELLS = {
    **{
        f"simple_rnn-{name}": Kind(SimpleRNN, layers.SimpleRNN, {"activation": name})
        for name in ("tanh", "relu", "sigmoid", "linear")
    },
    "lstm": Kind(LSTM, layers.LSTM, {}),
    "gru-reset_before": Kind(GRU, layers.GRU, {"reset_after": False}),
    "gru-reset_after": Kind(GRU, layers.GRU, {"reset_after": True}),
}


@dataclass(frozen=True)
class Form:
    """How the cells are put together."""

    units: tuple[int, ...] = (4,)
    bidirectional: bool = False
    every_step: bool = False
    head: str = "linear"


FORMS = {
    "last-linear": Form(head="linear"),
    "every-sigmoid": Form(head="sigmoid", every_step=True),
    "deep-last-tanh": Form((5, 4, 3), head="tanh"),
    "bidirectional-last-softmax": Form(head="softmax", bidirectional=True),
    "deep-bidirectional-every-relu": Form((4, 3), head="relu", bidirectional=True, every_step=True),
}


def keras_model(kind: Kind, form: Form, dtype: str = "float64", *, use_bias: bool = True) -> Any:
    """A model with random weights and biases, built by Keras's own means."""
    stack = []
    for number, units in enumerate(form.units, start=1):
        options = kind.options | {"use_bias": use_bias, "dtype": dtype}
        layer = kind.keras(units, return_sequences=form.every_step or number < len(form.units), **options)
        stack.append(layers.Bidirectional(layer, dtype=dtype) if form.bidirectional else layer)
    head = layers.Dense(OUTPUTS, activation=form.head, use_bias=use_bias, dtype=dtype)
    model = keras.Sequential([keras.Input((None, FEATURES), dtype=dtype), *stack, head])
    draw = np.random.default_rng(1)
    model.set_weights([draw.uniform(-0.6, 0.6, weight.shape) for weight in model.get_weights()])
    if use_bias:
        head.bias.assign_add(np.ones(OUTPUTS))  # so that relu lets the answers through
    return model


def our_network(kind: Kind, form: Form, dtype: str = "float64", *, use_bias: bool = True) -> Network:
    """A network with random weights and biases, built by the engine's own means."""
    stack: list[Any] = []
    width = FEATURES
    options = kind.options | {"use_bias": use_bias, "dtype": dtype}
    for units in form.units:
        cells = [kind.ours(width, units, **options) for _ in range(1 + form.bidirectional)]
        stack.append(Bidirectional(*cells) if form.bidirectional else cells[0])
        width = stack[-1].width
    head = Dense(width, OUTPUTS, form.head, use_bias=use_bias, dtype=dtype)
    network = Network(stack, head, every_step=form.every_step)
    network.flat_weights[:] = np.random.default_rng(2).uniform(-0.6, 0.6, network.flat_weights.size)
    if use_bias:
        head.b_y += 1.0  # so that relu lets the answers through
    return network


def sequences(dtype: str = "float64") -> Array:
    """(batch, time, features)"""
    return np.random.default_rng(3).normal(size=(BATCH, TIME, FEATURES)).astype(dtype)


def assert_close(found: Any, expected: Any, *, within: float) -> None:
    """Compare numbers, with an absolute tolerance."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=within)


def assert_same_answers(found: Any, expected: Any, *, within: float) -> None:
    """Compare answers, (…, outputs), and see that each output varies far more than the tolerance."""
    varies = np.ptp(np.reshape(expected, (-1, OUTPUTS)), axis=0)
    assert (varies > 1000 * within).all(), f"outputs vary by {varies}: two that are always 0 agree on nothing"
    assert_close(found, expected, within=within)


# -- answers --------------------------------------------------------------------------------------

EVERY_COMBINATION = [
    pytest.param(kind, form, dtype, use_bias, id=f"{cell}-{name}-{dtype}{'' if use_bias else '-no_bias'}")
    for cell, kind in CELLS.items()
    for name, form in FORMS.items()
    for dtype, use_bias in [("float64", True), ("float32", False)]
    # To save time, float32 and no bias are tested together, and not with several layers, nor are two activations.
    if len(form.units) == 1 or (use_bias and cell not in ("simple_rnn-sigmoid", "simple_rnn-linear"))
]


@pytest.mark.parametrize(("kind", "form", "dtype", "use_bias"), EVERY_COMBINATION)
def test_a_keras_model_becomes_a_network_with_its_answers(
    kind: Kind, form: Form, dtype: str, use_bias: bool
) -> None:
    model = keras_model(kind, form, dtype, use_bias=use_bias)
    network = from_keras(model)
    assert network.dtype == np.float64
    assert network.flat_weights.size == model.count_params()
    answers = model(sequences(dtype))
    assert_same_answers(network.predict(sequences(dtype)), answers, within=ANSWERS_AGREE[dtype])


@pytest.mark.parametrize(("kind", "form", "dtype", "use_bias"), EVERY_COMBINATION)
def test_a_network_becomes_a_keras_model_with_its_answers(
    kind: Kind, form: Form, dtype: str, use_bias: bool
) -> None:
    network = our_network(kind, form, dtype, use_bias=use_bias)
    model = to_keras(network)
    answers = model(sequences(dtype))
    assert answers.dtype == dtype
    assert_same_answers(answers, network.predict(sequences(dtype)), within=ANSWERS_AGREE[dtype])


def test_a_network_can_be_float32() -> None:
    model = keras_model(CELLS["lstm"], FORMS["every-sigmoid"], "float32")
    network = from_keras(model, dtype="float32")
    assert network.dtype == np.float32
    x = sequences("float32")
    assert_close(network.predict(x), model(x), within=ANSWERS_AGREE["float32"])


@pytest.mark.parametrize("kind", CELLS.values(), ids=CELLS)
def test_there_and_back_no_weight_changes(kind: Kind) -> None:
    network = our_network(kind, Form((4, 3), bidirectional=True))
    np.testing.assert_array_equal(from_keras(to_keras(network)).flat_weights, network.flat_weights)


def test_cells_may_differ_from_layer_to_layer_and_from_direction_to_direction() -> None:
    network = Network(
        [
            SimpleRNN(FEATURES, 4, activation="relu", seed=1),
            Bidirectional(LSTM(4, 3, seed=2), GRU(4, 3, reset_after=True, seed=3)),
            GRU(6, 2, use_bias=False, seed=4),
        ],
        Dense(2, OUTPUTS, seed=5),
    )
    model = to_keras(network)
    again = from_keras(model)
    assert_close(model(sequences()), network.predict(sequences()), within=1e-12)
    assert_close(again.predict(sequences()), network.predict(sequences()), within=1e-12)
    assert list(again.weights) == list(network.weights)


def test_the_layers_have_readable_names() -> None:
    one_way = to_keras(our_network(CELLS["lstm"], Form((4, 3))))
    assert [layer.name for layer in one_way.layers] == ["lstm_1", "lstm_2", "head"]
    two_ways = to_keras(our_network(CELLS["gru-reset_after"], Form(bidirectional=True)))
    assert [layer.name for layer in two_ways.layers] == ["bidirectional_gru_1", "head"]
    both = two_ways.layers[0]
    assert [both.forward_layer.name, both.backward_layer.name] == ["forward_gru_1", "backward_gru_1"]


def test_the_weights_are_copied_both_ways() -> None:
    model = keras_model(CELLS["lstm"], FORMS["last-linear"])
    before = model.get_weights()
    network = from_keras(model)
    copy = to_keras(network)
    network.flat_weights[:] = 0.0
    for found in (model, copy):
        for weight, kept in zip(found.get_weights(), before, strict=True):
            np.testing.assert_array_equal(weight, kept)


def test_what_only_matters_in_training_is_left_behind() -> None:
    model = keras.Sequential(
        [
            keras.Input((None, FEATURES)),
            layers.GaussianNoise(0.5),
            layers.SpatialDropout1D(0.5),
            layers.LSTM(4, dropout=0.5, recurrent_dropout=0.5, seed=7, return_sequences=True),
            layers.Dropout(0.5),
            layers.GRU(4, kernel_regularizer="l2", recurrent_constraint="non_neg", unroll=False),
            layers.GaussianDropout(0.5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "mse")
    x = sequences("float32")
    assert_close(from_keras(model).predict(x), model(x), within=1e-6)


def test_a_head_in_time_distributed_is_a_head_at_every_step() -> None:
    head = layers.TimeDistributed(layers.Dense(OUTPUTS, activation="softmax"))
    model = keras.Sequential([keras.Input((TIME, FEATURES)), layers.GRU(4, return_sequences=True), head])
    network = from_keras(model)
    assert network.every_step
    assert_close(network.predict(sequences("float32")), model(sequences("float32")), within=1e-6)


def test_a_model_built_by_its_first_call_will_do() -> None:
    model = keras.Sequential([layers.SimpleRNN(4), layers.Dense(1)])
    answers = model(sequences("float32"))
    assert_close(from_keras(model).predict(sequences("float32")), answers, within=1e-6)


# -- masks ----------------------------------------------------------------------------------------

LENGTHS = np.array([TIME, 3, 1, 4])
PADDED_AT_THE_END = np.arange(TIME) < LENGTHS[:, np.newaxis]
"""(batch, time), true at real steps."""
MASKS = {
    "end": PADDED_AT_THE_END,
    "begin": PADDED_AT_THE_END[:, ::-1],
    "gaps": np.random.default_rng(4).random((BATCH, TIME)) < 0.6,
}


def answers_with_mask(model: Any, inputs: Any, mask: Any) -> Any:
    """What a Keras model answers, layer by layer, since a whole model does not take a mask without a warning."""
    *stack, head = model.layers
    outputs = inputs
    for layer in stack:
        outputs = layer(outputs, mask=mask)
    return head(outputs)


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize(
    "form", ["last-linear", "bidirectional-last-softmax", "deep-bidirectional-every-relu"]
)
@pytest.mark.parametrize("cell", ["lstm", "gru-reset_after"])
def test_a_mask_means_the_same_on_both_sides(cell: str, form: str, mask: Array) -> None:
    network = our_network(CELLS[cell], FORMS[form])
    # What is said at padded steps does not count.
    counts = mask if network.every_step else np.ones(BATCH, bool)
    found = network.predict(sequences(), mask=mask)[counts]
    expected = answers_with_mask(to_keras(network), sequences(), mask).numpy()[counts]
    assert_same_answers(found, expected, within=1e-12)
    without = network.predict(sequences())[counts]
    assert np.abs(found - without).max() > 1e-3, "the mask changes nothing here, so nothing is tested"


# -- gradients ------------------------------------------------------------------------------------


def keras_losses(activation: str, targets: Any, answers: Any) -> Any:
    """What each answer costs, by Keras and without its mean: (batch, …)."""
    if activation == "sigmoid":
        return keras.losses.binary_crossentropy(targets, answers)
    if activation == "softmax":
        return keras.losses.categorical_crossentropy(targets, answers)
    return keras.losses.mean_squared_error(targets, answers)


def by_our_names(network: Network, values: list[Array]) -> dict[str, Array]:
    """One array for each of Keras's weights, in its order, by the engine's names."""
    left = iter(values)
    named = {}
    for owner, part in [*network.cells.items(), ("head", network.head)]:
        names = ("W_y", "b_y") if owner == "head" else ("W_x", "W_h", "b")
        for name in names:
            if name not in part.weights:
                continue
            value = next(left)
            if name == "b" and "b_h" in part.weights:
                value, named[f"{owner}.b_h"] = value
            named[f"{owner}.{name}"] = value
    assert next(left, None) is None
    return named


GRADIENT_CASES = [
    pytest.param(kind, form, mask, use_bias, id=f"{cell}-{name}-{mask}{'' if use_bias else '-no_bias'}")
    for cell, kind in CELLS.items()
    for name, form, mask, use_bias in [
        ("last-linear", FORMS["last-linear"], "none", True),
        ("last-sigmoid", Form(head="sigmoid"), "end", False),
        ("every-softmax", Form(head="softmax", every_step=True), "end", True),
        ("deep-last-tanh", Form((4, 3), head="tanh"), "none", True),
        ("bidirectional-last-softmax", FORMS["bidirectional-last-softmax"], "end", True),
        ("deep-bidirectional-every-sigmoid", Form((3, 2), True, True, "sigmoid"), "end", True),
    ]
    if cell not in ("simple_rnn-sigmoid", "simple_rnn-linear") or name == "last-linear"
]


@pytest.mark.parametrize(("kind", "form", "mask", "use_bias"), GRADIENT_CASES)
def test_every_gradient_is_tensorflows(kind: Kind, form: Form, mask: str, use_bias: bool) -> None:
    network = our_network(kind, form, use_bias=use_bias)
    model = to_keras(network)
    x = sequences()
    real = None if mask == "none" else MASKS[mask]
    shape = (BATCH, TIME) if form.every_step else (BATCH,)
    targets = np.eye(OUTPUTS)[np.random.default_rng(5).integers(OUTPUTS, size=shape)]  # (…, outputs)
    counts = real if real is not None and form.every_step else np.ones(shape, bool)

    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        costs = keras_losses(form.head, tf.constant(targets), answers_with_mask(model, inputs, real))
        loss = tf.reduce_sum(costs * counts) / counts.sum()
    d_inputs, *d_weights = tape.gradient(loss, [inputs, *(w.value for w in model.trainable_weights)])

    found = network.gradients(network.batch(x, targets, mask=real))
    assert_close(found.loss, float(loss), within=1e-12)
    assert_close(found.d_inputs.swapaxes(0, 1), d_inputs, within=1e-12)
    expected = by_our_names(network, [np.array(d) for d in d_weights])
    ours = network.named(found.flat)
    assert set(expected) == set(ours)
    for name, gradient in ours.items():
        size = np.abs(expected[name]).max()
        assert size > 1e-6, f"{name} has no gradient to compare"
        assert_close(gradient / size, expected[name] / size, within=1e-9)


# -- optimizers -----------------------------------------------------------------------------------

# Keras keeps the learning rate, and the powers of Adam's betas, as float32 even where the weights are float64. All
# the numbers below are sums of a few powers of two, which float32 holds exactly, so that float64 is exact on both
# sides but for the order of operations.
RATE, MOMENTUM, RHO, BETA_1, BETA_2 = 1 / 64, 7 / 8, 7 / 8, 7 / 8, 63 / 64

# Large enough to be seen beside the smallest of the gradients below, so that its place in the formula counts.
EPSILON = 2.0**-12

OPTIMIZERS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "sgd": (lambda **o: SGD(RATE, **o), lambda **o: keras.optimizers.SGD(RATE, **o)),
    "momentum": (
        lambda **o: SGD(RATE, momentum=MOMENTUM, **o),
        lambda **o: keras.optimizers.SGD(RATE, momentum=MOMENTUM, **o),
    ),
    "adagrad": (
        lambda **o: Adagrad(RATE, epsilon=EPSILON, **o),
        lambda **o: keras.optimizers.Adagrad(RATE, initial_accumulator_value=0.0, epsilon=EPSILON, **o),
    ),
    "rmsprop": (
        lambda **o: RMSprop(RATE, rho=RHO, epsilon=EPSILON, **o),
        lambda **o: keras.optimizers.RMSprop(RATE, rho=RHO, epsilon=EPSILON, **o),
    ),
    "adam": (
        lambda **o: Adam(RATE, beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON, **o),
        lambda **o: keras.optimizers.Adam(RATE, beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON, **o),
    ),
}

STEPS, WEIGHTS, CUT = 5, 12, 5
GRADIENTS = np.random.default_rng(6).normal(size=(STEPS, WEIGHTS)) * np.array(
    [[2.0], [0.1], [1.0], [0.01], [3.0]]
)
"""(steps, weights), with norms of about 7, 0.4, 3, 0.03 and 10: some are cut to 2, one of them by little."""


def weights_after(update: Callable[[Array], Array]) -> Array:
    """(steps, weights), the weights after each of the fixed gradients."""
    return np.stack([update(gradient).copy() for gradient in GRADIENTS])


def run_ours(optimizer: Any) -> Array:
    """See `weights_after`."""
    weights = np.linspace(-1, 1, WEIGHTS)

    def update(gradient: Array) -> Array:
        optimizer.update(weights, gradient)
        return weights

    return weights_after(update)


def run_keras(optimizer: Any) -> Array:
    """See `weights_after`; the weights are in two variables, as in a model."""
    begin = np.linspace(-1, 1, WEIGHTS)
    variables = [keras.Variable(part, dtype="float64") for part in (begin[:CUT], begin[CUT:])]

    def update(gradient: Array) -> Array:
        parts = [tf.constant(part) for part in (gradient[:CUT], gradient[CUT:])]
        optimizer.apply(parts, variables)
        return np.concatenate([np.array(variable) for variable in variables])

    return weights_after(update)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [({}, {}), ({"clip_norm": 2.0}, {"global_clipnorm": 2.0}), ({"clip_value": 0.25}, {"clipvalue": 0.25})],
    ids=["no_clipping", "clip_norm", "clip_value"],
)
def test_every_optimizer_goes_where_keras_goes(
    name: str, ours: dict[str, float], theirs: dict[str, float]
) -> None:
    make_ours, make_theirs = OPTIMIZERS[name]
    found = run_ours(make_ours(**ours))
    assert_close(found, run_keras(make_theirs(**theirs)), within=1e-14)
    if ours:
        assert np.abs(found - run_ours(make_ours())).max() > 1e-4, "nothing was clipped"


USUAL = {
    "sgd": (SGD, keras.optimizers.SGD),
    "rmsprop": (RMSprop, keras.optimizers.RMSprop),
    "adam": (Adam, keras.optimizers.Adam),
    "adagrad": (lambda: Adagrad(0.001), lambda: keras.optimizers.Adagrad(initial_accumulator_value=0.0)),
}


@pytest.mark.parametrize("name", USUAL)
def test_with_the_usual_settings_it_is_almost_the_same_place(name: str) -> None:
    # Keras rounds the settings, and the powers of Adam's betas, to float32: 4e-8 was seen after five steps.
    ours, theirs = USUAL[name]
    assert_close(run_ours(ours()), run_keras(theirs()), within=1e-7)


# -- refusals -------------------------------------------------------------------------------------


def refusal(convert: Callable[[], object]) -> str:
    """The message of a refusal, which is one sentence: what was found, what was expected, what to do."""
    with pytest.raises(ValueError) as caught:
        convert()
    message = str(caught.value)
    assert re.fullmatch(r"[^\n]+, expected [^\n]+: [^\n]+\.", message), message
    return message


def stacked(*stack: Any, features: int = FEATURES) -> Any:
    """A sequential model."""
    return keras.Sequential([keras.Input((TIME, features)), *stack])


class MonteCarloDropout(layers.Dropout):  # type: ignore[misc]
    """Drops when predicting too."""


REFUSED_MODELS: dict[str, tuple[Callable[[], Sequence[Any]], str]] = {
    "unknown_layer": (
        lambda: [layers.Conv1D(4, 2), layers.LSTM(2), layers.Dense(1)],
        "(Conv1D) is not known",
    ),
    "unknown_cell": (lambda: [layers.RNN(layers.LSTMCell(2)), layers.Dense(1)], "(RNN) is not known"),
    "two_heads": (lambda: [layers.LSTM(2), layers.Dense(2), layers.Dense(1)], "comes after layer"),
    "activation_after": (
        lambda: [layers.LSTM(2), layers.Dense(2), layers.Softmax()],
        "(Softmax) comes after",
    ),
    "mask_above": (
        lambda: [layers.LSTM(2, return_sequences=True), layers.Masking(), layers.LSTM(2), layers.Dense(1)],
        "(Masking) is not known",
    ),
    "own_dropout": (lambda: [layers.LSTM(2), MonteCarloDropout(0.5), layers.Dense(1)], "(MonteCarloDropout)"),
    "no_head": (lambda: [layers.LSTM(2)], "is LSTM, expected recurrent layers and then one Dense"),
    "no_cell": (lambda: [layers.Dropout(0.1), layers.Dense(2)], "is Dropout → Dense, expected recurrent"),
    "go_backwards": (lambda: [layers.LSTM(2, go_backwards=True), layers.Dense(1)], "inputs[:, ::-1]"),
    "first_backwards": (
        lambda: [
            layers.Bidirectional(layers.LSTM(2, go_backwards=True), backward_layer=layers.LSTM(2)),
            layers.Dense(1),
        ],
        "go_backwards of layer",
    ),
    "zeros_at_padding": (
        lambda: [layers.LSTM(2, zero_output_for_mask=True), layers.Dense(1)],
        "a padded step keeps its state",
    ),
    "merge_mode": (
        lambda: [layers.Bidirectional(layers.LSTM(2), merge_mode="sum"), layers.Dense(1)],
        "'sum', expected 'concat'",
    ),
    "bidirectional_unknown": (
        lambda: [layers.Bidirectional(layers.RNN(layers.LSTMCell(2))), layers.Dense(1)],
        "(RNN) is not known",
    ),
    "cell_activation": (
        lambda: [layers.SimpleRNN(2, activation="elu"), layers.Dense(1)],
        "activation of layer 'simple_rnn",
    ),
    "lstm_activation": (lambda: [layers.LSTM(2, activation="relu"), layers.Dense(1)], "relu, expected tanh:"),
    "recurrent_activation": (
        lambda: [layers.GRU(2, recurrent_activation="hard_sigmoid"), layers.Dense(1)],
        "hard_sigmoid, expected sigmoid:",
    ),
    "head_activation": (
        lambda: [layers.LSTM(2), layers.Dense(1, activation="selu")],
        "selu, expected tanh or relu or sigmoid or linear or softmax:",
    ),
    "activation_layer": (lambda: [layers.LSTM(2), layers.Dense(1, activation=layers.ReLU())], "<ReLU"),
}


@pytest.mark.parametrize("case", REFUSED_MODELS)
def test_what_the_engine_does_not_have_is_refused(case: str) -> None:
    make, words = REFUSED_MODELS[case]
    model = stacked(*make())
    assert words in refusal(lambda: from_keras(model))


def test_a_layer_that_remembers_batches_is_refused() -> None:
    model = keras.Sequential(
        [keras.Input(batch_shape=(2, None, 3)), layers.LSTM(2, stateful=True), layers.Dense(1)]
    )
    assert "stateful of layer" in refusal(lambda: from_keras(model))


def test_a_layer_that_gives_its_state_is_refused() -> None:
    model = stacked(layers.LSTM(2), layers.Dense(1))
    model.layers[0].return_state = True  # Keras lets no sequential model be built so
    assert "return_state of layer" in refusal(lambda: from_keras(model))


def test_a_quantised_head_is_refused() -> None:
    model = stacked(layers.LSTM(2), layers.Dense(1))
    model.layers[1].quantize("int8")
    assert "quantization_mode of layer" in refusal(lambda: from_keras(model))


def test_a_head_with_added_weights_is_refused() -> None:
    model = stacked(layers.LSTM(2), layers.Dense(3))
    model.layers[1].enable_lora(1)
    assert "lora_enabled of layer" in refusal(lambda: from_keras(model))


def test_a_model_without_weights_is_refused() -> None:
    model = keras.Sequential([layers.LSTM(2), layers.Dense(1)])
    assert "keras.Input((None, features))" in refusal(lambda: from_keras(model))


def test_what_is_no_model_is_refused() -> None:
    assert "is of type LSTM, expected a built Sequential" in refusal(lambda: from_keras(layers.LSTM(2)))


def test_the_advice_for_a_functional_model_works() -> None:
    inputs = keras.Input((None, FEATURES))
    states = layers.GRU(4, return_sequences=True)(inputs)
    model = keras.Model(inputs, layers.Dense(OUTPUTS)(states))
    message = refusal(lambda: from_keras(model))
    assert "is of type Functional" in message and "keras.Sequential(model.layers)" in message
    network = from_keras(keras.Sequential(model.layers))
    assert_close(network.predict(sequences("float32")), model(sequences("float32")), within=1e-6)


def advised(message: str, model: Any) -> Any:
    """The model that a message says to convert."""
    code = re.search(r"convert (keras\.Sequential\(.*\)), and", message)
    assert code, message
    return eval(code[1], {"keras": keras, "model": model})


def test_the_advice_for_an_embedding_works() -> None:
    words = layers.Embedding(20, 5, mask_zero=True)
    model = keras.Sequential([keras.Input((TIME,)), words, layers.LSTM(4), layers.Dense(1)])
    message = refusal(lambda: from_keras(model))
    assert "what model.layers[0](ids) gives, with mask=(ids != 0)." in message
    network = from_keras(advised(message, model))
    ids = np.where(PADDED_AT_THE_END, np.random.default_rng(7).integers(1, 20, (BATCH, TIME)), 0)
    found = network.predict(model.layers[0](ids), mask=(ids != 0))
    assert_close(found, model(ids), within=1e-6)


def test_the_advice_for_a_masking_layer_works() -> None:
    model = stacked(layers.Masking(mask_value=-1.0), layers.Bidirectional(layers.GRU(4)), layers.Dense(1))
    message = refusal(lambda: from_keras(model))
    assert "give predict mask=(inputs != -1.0).any(axis=-1)." in message
    network = from_keras(advised(message, model))
    x = sequences("float32")
    x[~PADDED_AT_THE_END] = -1.0
    assert_close(network.predict(x, mask=(x != -1.0).any(axis=-1)), model(x), within=1e-6)
    assert np.abs(network.predict(x) - model(x)).max() > 1e-3, "without its mask a network reads the padding"
    back = keras.Sequential([keras.Input((TIME, FEATURES)), layers.Masking(-1.0), *to_keras(network).layers])
    assert_close(back(x), model(x), within=1e-6)


def test_what_keras_does_not_have_is_refused() -> None:
    cell = Network([SimpleRNN(3, 2, activation="gompertz")], Dense(2, 1))
    assert "simple_rnn_1 is gompertz" in refusal(lambda: to_keras(cell))
    head = Network([LSTM(3, 2)], Dense(2, 1, "gompertz"))
    assert "the head is gompertz" in refusal(lambda: to_keras(head))
    uneven = Network([Bidirectional(LSTM(3, 2), LSTM(3, 4))], Dense(6, 1))
    assert "2 units forward and 4 backward" in refusal(lambda: to_keras(uneven))


def test_a_cell_of_ones_own_is_refused() -> None:
    class OwnCell(SimpleRNN):
        kind = "own"

    network = Network([OwnCell(3, 2)], Dense(2, 1))
    assert "own_1 is of type OwnCell" in refusal(lambda: to_keras(network))


def test_a_loss_does_not_matter() -> None:
    network = Network([LSTM(FEATURES, 2)], Dense(2, 1, "tanh", loss="half_squared_error", reduction="sum"))
    model = to_keras(network)
    assert not model.compiled
    assert_close(model(sequences()), network.predict(sequences()), within=1e-12)


def test_the_engine_starts_without_keras() -> None:
    code = (
        "import sys, course_utils.recurrent, course_utils.recurrent.keras_bridge; "
        "print([name for name in ('keras', 'tensorflow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
