"""The neuron: its numbers by hand, its gradient against differences, its fallback."""

from __future__ import annotations

import math

import numpy as np
import pytest
from traitlets import TraitError

from course_utils.explainers import Neuron
from course_utils.explainers.points import mean_loss


@pytest.mark.parametrize(
    ("activation", "a", "slope"),
    [
        ("sigmoid", 1 / (1 + math.exp(-0.7)), math.exp(-0.7) / (1 + math.exp(-0.7)) ** 2),
        ("tanh", math.tanh(0.7), 1 / math.cosh(0.7) ** 2),
        ("relu", 0.7, 1),
        ("linear", 0.7, 1),
    ],
)
def test_it_multiplies_adds_and_bends(activation: str, a: float, slope: float) -> None:
    figure = Neuron(1.5, -1.0, 0.8, 0.6, 0.1, activation)
    assert figure.z == pytest.approx(0.7)
    assert figure.a == pytest.approx(a)
    assert figure.slope == pytest.approx(slope)


def test_relu_is_flat_below_zero() -> None:
    figure = Neuron(1, 0, -1, 0, 0, "relu")
    assert (figure.a, figure.slope) == (0, 0)


def test_the_gradient_is_the_slope_of_the_loss() -> None:
    figure = Neuron(w_1=-0.7, w_2=1.1, b=-0.4, mode="learn")

    def loss(weights: np.ndarray) -> float:
        return mean_loss(figure.points @ weights[:2] + weights[2], figure.groups)

    weights = np.array([-0.7, 1.1, -0.4])
    assert figure.losses[0] == pytest.approx(loss(weights))
    shifts = 1e-6 * np.eye(3)
    slopes = [(loss(weights + shift) - loss(weights - shift)) / 2e-6 for shift in shifts]
    np.testing.assert_allclose(figure.gradients[0], slopes, atol=1e-8)


def test_a_step_goes_against_the_gradient() -> None:
    figure = Neuron(mode="learn", rate=0.5, steps=6)
    assert figure.path.shape == figure.gradients.shape == (7, 3)
    np.testing.assert_allclose(np.diff(figure.path, axis=0), -0.5 * figure.gradients[:-1])
    assert np.all(np.diff(figure.losses) < 0)


def test_the_clouds_overlap_and_too_large_a_rate_overshoots() -> None:
    assert 0.1 < Neuron(mode="learn", rate=1, steps=100).losses[-1] < 0.3
    assert Neuron(mode="learn", rate=1, steps=25).right > 105
    assert np.any(np.diff(Neuron(mode="learn", rate=3, steps=25).losses) > 0.1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"w_1": 6}, "w_1 is 6, expected a number from -5 to 5"),
        ({"activation": "softmax"}, "expected one of sigmoid, tanh, relu, linear"),
        ({"mode": "train"}, "expected one of compute, learn"),
        ({"steps": 101}, "expected a whole number from 0 to 100"),
        ({"rate": 0}, "expected a number from 0.1 to 4"),
    ],
)
def test_wrong_values_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(TraitError, match=message):
        Neuron(**wrong)


def test_the_fallback_shows_the_same_numbers() -> None:
    figure = Neuron(1.5, -1.0, -2, 1.2, 0.5, "tanh")
    still = figure.fallback_html()
    assert "−2.00 · 1.50" in still
    assert "1.20 · (−1.00)" in still
    assert f"{figure.a:.3f}".replace("-", "−") in still
    figure = Neuron(mode="learn", steps=3)
    still = figure.fallback_html()
    assert still.count("<tr>") == 1 + 4
    for loss in figure.losses:
        assert f"<td>{loss:.3f}</td>" in still
    assert f"{figure.right} of 120" in still
