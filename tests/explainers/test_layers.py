"""The small network: its gradient against differences and TensorFlow, and what it can and cannot separate."""

from __future__ import annotations

import numpy as np
import pytest
from traitlets import TraitError

from course_utils.explainers import Layers


def flat(figure: Layers) -> np.ndarray:
    return np.concatenate([part.ravel() for part in figure.weights])


@pytest.mark.parametrize(("layers", "units"), [(0, 1), (1, 3), (2, 4)])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
def test_the_gradient_is_the_slope_of_the_loss(layers: int, units: int, activation: str) -> None:
    figure = Layers("moons", layers, units, activation, steps=5)
    weights = flat(figure)
    gradient = figure.gradient_at(weights)
    shift = 1e-6
    for index in range(len(weights)):
        there, back = weights.copy(), weights.copy()
        there[index] += shift
        back[index] -= shift
        slope = (figure.loss_at(there) - figure.loss_at(back)) / (2 * shift)
        assert gradient[index] == pytest.approx(slope, abs=1e-7), f"weight {index}"


def test_tensorflow_finds_the_same_gradient() -> None:
    tf = pytest.importorskip("tensorflow")
    figure = Layers("spiral", 2, 3, steps=4)
    parts = [tf.Variable(part) for part in figure.weights]
    with tf.GradientTape() as tape:
        values = tf.constant(figure.points)
        for W, b in (parts[0:2], parts[2:4]):
            values = tf.tanh(values @ W + b)
        sums = (values @ parts[4] + parts[5])[:, 0]
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=figure.groups, logits=sums)
        loss = tf.reduce_mean(losses)
    expected = np.concatenate([part.numpy().ravel() for part in tape.gradient(loss, parts)])
    np.testing.assert_allclose(figure.gradient_at(flat(figure)), expected, atol=1e-12)
    assert figure.loss_at(flat(figure)) == pytest.approx(float(loss))


def test_a_step_is_gradient_descent_with_momentum() -> None:
    before, once, twice = (flat(Layers("circles", 1, 2, rate=0.2, steps=steps)) for steps in range(3))
    figure = Layers("circles", 1, 2)
    first = -0.2 * figure.gradient_at(before)
    np.testing.assert_allclose(once - before, first)
    np.testing.assert_allclose(twice - once, 0.9 * first - 0.2 * figure.gradient_at(once))


def test_shapes_and_the_seed() -> None:
    figure = Layers("moons", 2, 5, steps=3)
    assert [part.shape for part in figure.weights] == [(2, 5), (5,), (5, 5), (5,), (5, 1), (1,)]
    assert figure.losses.shape == (4,)
    assert np.all(flat(Layers("moons", 2, 5, steps=3)) == flat(figure))
    assert np.any(flat(Layers("moons", 2, 5, steps=3, seed=2)) != flat(figure))


def test_nothing_hidden_answers_one_half_to_xor_and_three_hidden_units_separate_it() -> None:
    line = Layers("xor", 0, steps=600)
    assert line.losses[-1] == pytest.approx(np.log(2), abs=1e-4)
    assert line.right == 60
    for seed in (1, 2, 3):
        assert Layers("xor", 1, 3, steps=600, seed=seed).right >= 114


def test_two_clouds_need_nothing_hidden() -> None:
    assert Layers("clouds", 0, steps=600).right >= 114


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layers": 3}, "layers is 3, expected a whole number from 0 to 2"),
        ({"units": 0}, "expected a whole number from 1 to 8"),
        ({"data": "rings"}, "expected one of clouds, xor, circles, moons, spiral"),
        ({"activation": "linear"}, "expected one of tanh, relu, sigmoid"),
        ({"steps": 3001}, "expected a whole number from 0 to 3000"),
    ],
)
def test_wrong_values_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(TraitError, match=message):
        Layers(**wrong)


def test_the_fallback_shows_what_layers_are_for() -> None:
    still = Layers("xor").fallback_html()
    assert "<td>0.693</td><td>60 of 120</td>" in still
    three = Layers("xor", 1, 3, steps=600)
    assert f"<td>{three.losses[-1]:.3f}</td><td>{three.right} of 120</td>" in still
