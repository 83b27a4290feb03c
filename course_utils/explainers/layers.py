"""A small feed-forward network that is trained in the page, on two groups of points."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

import numpy as np

from course_utils.data.random_numbers import seeded_random
from course_utils.explainers.points import DATA, POINTS, mean_loss, toy_points
from course_utils.explainers.traits import Choice, Number, Whole
from course_utils.explainers.widget import JS_FOLDER, CourseWidget
from course_utils.recurrent.activations import activation_named, sigmoid
from course_utils.recurrent.arrays import Array
from course_utils.recurrent.optimizers import SGD

RUN = 600
"""Steps of one training run."""
MOMENTUM = 0.9


class Layers(CourseWidget):
    """A feed-forward network with nothing, one layer or two layers between two inputs and one sigmoid.

    All 120 points are used at every step: v ← 0.9 v − rate · dL/dw and w ← w + v (gradient descent with momentum,
    Polyak 1964). The loss L is the mean binary cross-entropy. The first weights are drawn uniformly between
    ±√(6 / (inputs + outputs)) of each layer (Glorot and Bengio 2010), the biases are 0.

    Args:
        data: "clouds", "xor", "circles", "moons" or "spiral".
        layers: hidden layers, 0 to 2.
        units: units in each of them, 1 to 8.
        activation: of the hidden units: "tanh", "relu" or "sigmoid".
        rate: the learning rate, 0.01 to 1.
        seed: of the first weights, 1 to 99.
        steps: steps of training gone, 0 to 3000; the figure goes them when it appears.
        name: what links call the figure.

    Raises:
        TraitError: for a number out of its range, or a word that is none of these.
    """

    module: ClassVar = JS_FOLDER / "layers.js"

    data = Choice("xor", options=DATA)
    layers = Whole(0, low=0, high=2)
    units = Whole(3, low=1, high=8)
    activation = Choice("tanh", options=("tanh", "relu", "sigmoid"))
    rate = Number(0.3, low=0.01, high=1, step=0.01)
    seed = Whole(1, low=1, high=99)
    steps = Whole(0, low=0, high=3000)

    def __init__(
        self,
        data: str = "xor",
        layers: int = 0,
        units: int = 3,
        activation: str = "tanh",
        name: str = "layers",
        *,
        rate: float = 0.3,
        seed: int = 1,
        steps: int = 0,
    ) -> None:
        super().__init__(
            data=data,
            layers=layers,
            units=units,
            activation=activation,
            name=name,
            rate=rate,
            seed=seed,
            steps=steps,
        )

    @property
    def points(self) -> Array:
        """(120, 2), the points of both groups."""
        return toy_points(self.data)[0]

    @property
    def groups(self) -> Array:
        """(120,), the group of each point, 0 or 1."""
        return toy_points(self.data)[1]

    @property
    def losses(self) -> Array:
        """(steps + 1,), the loss before the first step and after each."""
        return np.array([loss for loss, _, _ in self._training(self.layers, self.units, self.steps)])

    @property
    def weights(self) -> list[Array]:
        """After the last step, of each layer: its weights, (inputs, outputs), and its biases, (outputs,)."""
        return [part for pair in _split(self._trained()[1], self._sizes()) for part in pair]

    @property
    def right(self) -> int:
        """How many of the 120 points the network puts into their group after the last step."""
        return self._trained()[2]

    def loss_at(self, weights: Array) -> float:
        """The loss with these weights.

        Args:
            weights: (weights,), all of `weights` one after the other.

        Returns:
            the mean over all points.
        """
        return mean_loss(self._forward(weights, self._sizes())[-1][:, 0], self.groups)

    def gradient_at(self, weights: Array) -> Array:
        """(weights,), the slope of `loss_at` by each weight, by backpropagation.

        Args:
            weights: as in `loss_at`.
        """
        return self._backward(weights, self._sizes())[0]

    def _sizes(self, layers: int | None = None, units: int | None = None) -> list[int]:
        return [2, *[units or self.units] * (self.layers if layers is None else layers), 1]

    def _first_weights(self, sizes: list[int]) -> Array:
        uniform = seeded_random(self.seed)
        weights: list[float] = []
        for inputs, outputs in pairwise(sizes):
            limit = (6 / (inputs + outputs)) ** 0.5
            weights += [limit * (2 * next(uniform) - 1) for _ in range(inputs * outputs)] + [0.0] * outputs
        return np.array(weights)

    def _forward(self, weights: Array, sizes: list[int]) -> list[Array]:
        """The inputs, what each hidden layer answers, and the last sums: (points, units) each."""
        activation = activation_named(self.activation)
        values = [self.points]
        for W, b in _split(weights, sizes):
            sums = values[-1] @ W + b
            values.append(activation(sums) if len(values) < len(sizes) - 1 else sums)
        return values

    def _backward(self, weights: Array, sizes: list[int]) -> tuple[Array, Array]:
        """The gradient, and the sums it was computed from, (points,)."""
        values = self._forward(weights, sizes)
        slope = activation_named(self.activation).slope
        parts: list[Array] = []
        # The slope of the cross-entropy by the last sum is a − y: Bishop (2006), eq. 4.91.
        d_sums = (sigmoid(values[-1]) - self.groups[:, None]) / POINTS
        for index, (W, _) in reversed(list(enumerate(_split(weights, sizes)))):
            parts = [(values[index].T @ d_sums).ravel(), d_sums.sum(axis=0), *parts]
            if index:
                d_sums = d_sums @ W.T * slope(values[index])
        return np.concatenate(parts), values[-1][:, 0]

    def _training(self, layers: int, units: int, steps: int) -> Iterator[tuple[float, Array, int]]:
        """Before the first step and after each: the loss, all weights, how many points are right."""
        sizes = self._sizes(layers, units)
        weights = self._first_weights(sizes)
        descent = SGD(self.rate, momentum=MOMENTUM)
        groups = self.groups
        for _ in range(steps + 1):
            gradient, sums = self._backward(weights, sizes)
            yield mean_loss(sums, groups), weights.copy(), int(np.sum((sums >= 0) == (groups == 1)))
            descent.update(weights, gradient)

    def _trained(self) -> tuple[float, Array, int]:
        *_, last = self._training(self.layers, self.units, self.steps)
        return last

    def fallback_html(self) -> str:
        """What a training run reaches on these points with nothing hidden, and with one hidden layer."""
        rows = []
        for units in (0, 1, 2, 3, 4):
            *_, (loss, _, right) = self._training(min(1, units), max(1, units), RUN)
            name = f"{units} hidden unit{'s' * (units > 1)}" if units else "nothing hidden: one straight line"
            rows.append(
                f'<tr><th scope="row">{name}</th><td>{loss:.3f}</td><td>{right} of {POINTS}</td></tr>'
            )
        body = "\n".join(rows)
        return (
            f"<table>\n<caption>Can a network separate the two groups of the data “{self.data}”? After {RUN} steps of "
            f"training at learning rate {self.rate:g}, with {self.activation} in the hidden units:</caption>\n"
            '<thead><tr><th scope="col">network</th><th scope="col">loss L</th>'
            '<th scope="col">points on the right side</th></tr></thead>\n'
            f"<tbody>\n{body}\n</tbody>\n</table>"
        )


def _split(weights: Array, sizes: list[int]) -> list[tuple[Array, Array]]:
    """Of each layer its weights, (inputs, outputs), and its biases, (outputs,): views, no copies."""
    pairs, at = [], 0
    for inputs, outputs in pairwise(sizes):
        end = at + inputs * outputs
        pairs.append((weights[at:end].reshape(inputs, outputs), weights[end : end + outputs]))
        at = end + outputs
    return pairs
