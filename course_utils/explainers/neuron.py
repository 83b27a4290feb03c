"""One neuron: what it computes, and how it learns a line between two groups of points."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from course_utils.explainers.points import POINTS, mean_loss, toy_points
from course_utils.explainers.traits import Choice, Number, Whole
from course_utils.explainers.widget import JS_FOLDER, CourseWidget
from course_utils.recurrent.activations import activation_named, sigmoid
from course_utils.recurrent.arrays import Array

SHIFT = 1.4
"""How far the clouds lie from the middle of the plane: a neuron needs its bias, and can overshoot."""


class Neuron(CourseWidget):
    """A neuron of two inputs: a = f(z) with z = w_1 x_1 + w_2 x_2 + b.

    It has two modes. In "compute" the reader moves the inputs, the weights and the bias, and chooses f. In "learn" f is
    the sigmoid; `steps` steps of gradient descent, w ← w − rate · dL/dw, lead from the weights w_1, w_2 and b to a
    line between two clouds of points. The loss L is the mean binary cross-entropy.

    Args:
        x_1: the first input, −2 to 2.
        x_2: the second.
        w_1: weight on the first input, −5 to 5; in "learn" the weights are those before the first step.
        w_2: weight on the second.
        b: bias, −5 to 5.
        activation: f; "sigmoid", "tanh", "relu" or "linear".
        mode: "compute" or "learn".
        rate: the learning rate, 0.1 to 4.
        steps: steps of gradient descent gone, 0 to 100.
        name: what links call the figure.

    Raises:
        TraitError: for a number out of its range, or a word that is none of these.
    """

    module: ClassVar = JS_FOLDER / "neuron.js"

    x_1 = Number(0.5, low=-2, high=2, step=0.1)
    x_2 = Number(-1.0, low=-2, high=2, step=0.1)
    w_1 = Number(0.2, low=-5, high=5, step=0.05)
    w_2 = Number(0.5, low=-5, high=5, step=0.05)
    b = Number(0.0, low=-5, high=5, step=0.05)
    activation = Choice("sigmoid", options=("sigmoid", "tanh", "relu", "linear"))
    mode = Choice("compute", options=("compute", "learn"))
    rate = Number(1.0, low=0.1, high=4, step=0.1)
    steps = Whole(0, low=0, high=100)

    def __init__(
        self,
        x_1: float = 0.5,
        x_2: float = -1.0,
        w_1: float = 0.2,
        w_2: float = 0.5,
        b: float = 0.0,
        activation: str = "sigmoid",
        name: str = "neuron",
        *,
        mode: str = "compute",
        rate: float = 1.0,
        steps: int = 0,
    ) -> None:
        super().__init__(
            x_1=x_1,
            x_2=x_2,
            w_1=w_1,
            w_2=w_2,
            b=b,
            activation=activation,
            name=name,
            mode=mode,
            rate=rate,
            steps=steps,
        )

    @property
    def z(self) -> float:
        """The sum w_1 x_1 + w_2 x_2 + b."""
        return float(self.w_1 * self.x_1 + self.w_2 * self.x_2 + self.b)

    @property
    def a(self) -> float:
        """The output, f(z)."""
        return float(activation_named(self.activation)(np.array([self.z]))[0])

    @property
    def slope(self) -> float:
        """f'(z): by how much a grows for a little more z."""
        return float(activation_named(self.activation).slope(np.array([self.a]))[0])

    @property
    def points(self) -> Array:
        """(120, 2), the points of both clouds."""
        return toy_points("clouds")[0] + SHIFT

    @property
    def groups(self) -> Array:
        """(120,), the group of each point, 0 or 1."""
        return toy_points("clouds")[1]

    @property
    def path(self) -> Array:
        """(steps + 1, 3), w_1, w_2 and b before the first step and after each."""
        return self._learn()[0]

    @property
    def losses(self) -> Array:
        """(steps + 1,), the loss with these weights."""
        return self._learn()[1]

    @property
    def gradients(self) -> Array:
        """(steps + 1, 3), dL/dw_1, dL/dw_2 and dL/db at these weights."""
        return self._learn()[2]

    @property
    def right(self) -> int:
        """How many of the 120 points lie on their side of the line after the last step."""
        sums = _with_bias(self.points) @ self.path[-1]
        return int(np.sum((sums >= 0) == (self.groups == 1)))

    def _learn(self) -> tuple[Array, Array, Array]:
        inputs, groups = _with_bias(self.points), self.groups
        weights = np.array([self.w_1, self.w_2, self.b])
        path, losses, gradients = [], [], []
        for _ in range(self.steps + 1):
            sums = inputs @ weights  # (points,)
            # The slope of the cross-entropy by the sum is a − y: Bishop (2006), eq. 4.91.
            gradient = inputs.T @ (sigmoid(sums) - groups) / POINTS
            path.append(weights)
            losses.append(mean_loss(sums, groups))
            gradients.append(gradient)
            weights = weights - self.rate * gradient
        return np.array(path), np.array(losses), np.array(gradients)

    def fallback_html(self) -> str:
        """What the neuron computes; in the mode "learn", the weights and the loss after each of the first steps."""
        return self._learning_table() if self.mode == "learn" else self._computing_table()

    def _computing_table(self) -> str:
        rows = [
            (
                "first input times its weight",
                f"{_signed(self.w_1)} · {_bracketed(self.x_1)}",
                self.w_1 * self.x_1,
            ),
            (
                "second input times its weight",
                f"{_signed(self.w_2)} · {_bracketed(self.x_2)}",
                self.w_2 * self.x_2,
            ),
            ("bias", "b", self.b),
            ("sum z", "all three together", self.z),
            ("output a", f"{self.activation}(z)", self.a),
            ("slope of the activation there", "", self.slope),
        ]
        body = "\n".join(
            f'<tr><th scope="row">{name}</th><td>{how}</td><td>{_signed(number, 3)}</td></tr>'
            for name, how, number in rows
        )
        return (
            f"<table>\n<caption>A neuron multiplies, adds and bends: its inputs are {_signed(self.x_1)} and "
            f"{_signed(self.x_2)}, its output {_signed(self.a, 3)}.</caption>\n"
            '<thead><tr><th scope="col">part</th><th scope="col">how</th><th scope="col">value</th></tr></thead>\n'
            f"<tbody>\n{body}\n</tbody>\n</table>"
        )

    def _learning_table(self) -> str:
        body = "\n".join(
            f'<tr><th scope="row">{step}</th>'
            + "".join(f"<td>{_signed(number)}</td>" for number in weights)
            + f"<td>{_signed(loss, 3)}</td></tr>"
            for step, (weights, loss) in enumerate(zip(self.path, self.losses, strict=True))
        )
        return (
            f"<table>\n<caption>A neuron learns a line between two clouds of points: after {self.steps} "
            f"{'step' if self.steps == 1 else 'steps'} at learning rate {_signed(self.rate)}, {self.right} of "
            f"{POINTS} points lie on their own side.</caption>\n"
            '<thead><tr><th scope="col">step</th><th scope="col">w<sub>1</sub></th><th scope="col">w<sub>2</sub></th>'
            '<th scope="col">b</th><th scope="col">loss L</th></tr></thead>\n'
            f"<tbody>\n{body}\n</tbody>\n</table>"
        )


def _with_bias(points: Array) -> Array:
    """(points, 3): the inputs and a one, on which the bias is the weight."""
    return np.column_stack([points, np.ones(len(points))])


def _signed(value: float, digits: int = 2) -> str:
    """The number with a real minus sign, and no sign where it rounds to zero."""
    return f"{value:z.{digits}f}".replace("-", "−")


def _bracketed(value: float) -> str:
    return f"({_signed(value)})" if value < 0 else _signed(value)
