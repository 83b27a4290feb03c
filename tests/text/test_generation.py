"""The network that carries its state gives Keras's answers, and writes what its odds and its draws say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from course_utils.recurrent import GRU, LSTM
from course_utils.runs import load_run
from course_utils.text import CharacterNetwork, beam_search, sampling_probabilities

ALPHABET = "abcdefgh\n"


@pytest.fixture(scope="module")
def stored() -> tuple[Any, CharacterNetwork]:
    run = load_run("chars-lstm-corpus")
    model = run.load_model()
    return model, CharacterNetwork.from_keras(model, run.load_vocabulary())


def small(*units: int, seed: int = 8) -> CharacterNetwork:
    """A network of random weights over nine letters."""
    draw = np.random.default_rng(seed)
    widths = [5, *units]
    layers = [LSTM(width, n, seed=draw) for width, n in zip(widths, units, strict=False)]
    embedding, W_y, b_y = (draw.normal(size=shape) for shape in [(9, 5), (units[-1], 9), 9])
    return CharacterNetwork(embedding, layers, 2 * W_y, b_y, ALPHABET)


def test_a_stored_network_expects_what_keras_expects(stored: tuple[Any, CharacterNetwork]) -> None:
    model, network = stored
    ids = np.array([network.encode(each) for each in ("The clock struck on", "and nobody came in ")])
    theirs = model.predict(ids, verbose=0)
    np.testing.assert_allclose(np.exp(network.log_probabilities(ids)), theirs, atol=1e-5)
    np.testing.assert_allclose(np.exp(network.log_probabilities(ids[1])), theirs[1], atol=1e-5)
    logits, _ = network.read("The clock struck on")
    np.testing.assert_allclose(sampling_probabilities(logits)[0], theirs[0, -1], atol=1e-5)


@pytest.mark.parametrize("last_only", [False, True])
def test_a_stack_of_layers_too(last_only: bool) -> None:
    import keras

    keras.utils.set_random_seed(8)
    model = keras.Sequential(
        [
            keras.Input((None,)),
            keras.layers.Embedding(9, 5),
            keras.layers.LSTM(7, return_sequences=True, bias_initializer="glorot_uniform"),
            keras.layers.LSTM(6, return_sequences=not last_only),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(9, activation="softmax"),
        ]
    )
    network = CharacterNetwork.from_keras(model, ALPHABET)
    ids = np.random.default_rng(1).integers(0, 9, (3, 20))
    ours, theirs = np.exp(network.log_probabilities(ids)), model.predict(ids, verbose=0)
    np.testing.assert_allclose(ours[:, -1] if last_only else ours, theirs, atol=1e-5)


def test_steps_carry_the_state_and_leave_the_old_one_alone() -> None:
    network = small(7, 6)
    whole = network.log_probabilities(network.encode("badcafe"))
    state = network.initial_state()
    for k, each in enumerate(network.encode("badcafe")):
        before = [array.copy() for layer in state for array in layer]
        logits, after = network.step(each, state)
        for then, now in zip(before, [array for layer in state for array in layer], strict=True):
            np.testing.assert_array_equal(then, now)
        state = after
        expected = logits[0] - logits[0].max()
        np.testing.assert_allclose(expected - np.log(np.exp(expected).sum()), whole[k], atol=1e-5)
    ahead, _ = network.read("cafe", network.read("bad")[1])
    np.testing.assert_allclose(ahead, logits, atol=1e-5)


def test_wide_layers_are_multiplied_in_parts_with_the_same_result() -> None:
    network = small(400)
    assert len(network._W_parts[0]) > 1
    both = network.log_probabilities([network.encode("badcafe"), network.encode("facade\n")])
    np.testing.assert_allclose(both[0], network.log_probabilities(network.encode("badcafe")), atol=1e-5)


def test_the_trace_is_the_state_after_each_character() -> None:
    network = small(7, 6)
    trace = network.trace("bad\ncafe")
    assert trace["h"].shape == trace["c"].shape == (8, 6)
    (_, (h, c)) = network.read("bad\nca")[1]
    np.testing.assert_allclose(trace["h"][5], h[0], atol=1e-6)
    np.testing.assert_allclose(trace["c"][5], c[0], atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [{"temperature": 0.7}, {"temperature": 1.3, "top_k": 4}, {"top_p": 0.8}, {"temperature": 0}],
)
def test_each_letter_is_drawn_from_the_odds_of_all_before_it(options: dict[str, float]) -> None:
    network = small(7)
    text = network.write("bad", 60, seed=4, **options)  # type: ignore[arg-type]
    numbers = np.random.default_rng(4).random(60)
    for k in range(60):
        logits, _ = network.read("bad" + text[:k])
        odds = sampling_probabilities(logits[0], **options)  # type: ignore[arg-type]
        drawn = ALPHABET.index(text[k])
        begin = odds[:drawn].sum()
        assert begin - 1e-5 <= numbers[k] <= begin + odds[drawn] + 1e-5


def test_the_settings_fix_the_text() -> None:
    network = small(7)
    assert network.write("a", 50, seed=1) == network.write("a", 50, seed=1) != network.write("a", 50, seed=2)
    assert network.write("a", 30, seed=1) == network.write("a", 50, seed=1)[:30]
    assert network.write("a", 0) == ""
    assert network.write("a", 40, temperature=0, seed=1) == network.write("a", 40, top_k=1, seed=2)


def score(network: CharacterNetwork, start: str, text: str) -> float:
    ids = network.encode(start + text)
    answers = network.log_probabilities(ids[:-1])
    return float(sum(answers[k - 1, ids[k]] for k in range(len(start), len(ids))))


def test_beam_search_finds_the_most_probable_text_when_the_beam_is_wide() -> None:
    network = small(7)
    every = [x + y + z for x in ALPHABET for y in ALPHABET for z in ALPHABET]
    scores = [score(network, "ba", text) for text in every]
    found = beam_search(network, "ba", 3, 81)
    assert found.text == every[int(np.argmax(scores))]
    assert found.log_probability == pytest.approx(max(scores), abs=1e-4)
    narrow = beam_search(network, "ba", 12, 1)
    assert narrow.text == network.write("ba", 12, temperature=0)
    assert narrow.log_probability == pytest.approx(score(network, "ba", narrow.text), abs=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda n: n.read(""), "nothing to read"),
        (lambda n: n.encode("abz"), "the alphabet has no 'z'"),
        (lambda n: n.write("", 5), "length is 5 and start ''"),
        (lambda n: n.write("a", -1), "length is -1"),
        (lambda n: n.write("a", 5, temperature=-1), "temperature is -1"),
        (lambda n: n.step([1, 2], n.initial_state()), "expected one id for each"),
        (lambda n: n.step(9, n.initial_state()), "from 0 to 8"),
        (lambda n: beam_search(n, "a", 0, 2), "length is 0 and width 2"),
    ],
)
def test_wrong_arguments_are_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(small(7))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="the alphabet 8 different characters"):
        CharacterNetwork(np.zeros((9, 5)), [LSTM(5, 7)], np.zeros((7, 9)), np.zeros(9), "abcdefgh")
    with pytest.raises(ValueError, match="the layers are GRU"):
        CharacterNetwork(np.zeros((9, 5)), [GRU(5, 7)], np.zeros((7, 9)), np.zeros(9), ALPHABET)  # type: ignore[list-item]


def test_other_models_are_refused() -> None:
    import keras

    lines = keras.Sequential([keras.Input((None, 3)), keras.layers.LSTM(2), keras.layers.Dense(3)])
    with pytest.raises(ValueError, match="begins with LSTM, expected Embedding"):
        CharacterNetwork.from_keras(lines, "abc")
    ids = [keras.Input((None,)), keras.layers.Embedding(3, 2), keras.layers.LSTM(2), keras.layers.Dense(3)]
    with pytest.raises(ValueError, match="activation linear, expected softmax"):
        CharacterNetwork.from_keras(keras.Sequential(ids), "abc")
