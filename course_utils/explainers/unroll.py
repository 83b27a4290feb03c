"""The unrolled network, to be stepped forward and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from course_utils.explainers.traits import Number, Numbers, Whole
from course_utils.explainers.widget import JS_FOLDER, CourseWidget
from course_utils.recurrent import SimpleRNN
from course_utils.recurrent.arrays import Array
from course_utils.recurrent.cell import BackwardRun, Run

MAX_STEPS = 8


class Unroll(CourseWidget):
    """One recurrent unit, read step by step and differentiated step by step.

    The unit computes h_t = tanh(w_x x_t + w_h h_{t−1} + b); the loss is L = ½ (h_T − target)² after the last step.

    Args:
        inputs: (time,), one number a step, 1 to 8 of them.
        w_x: weight on the input.
        w_h: weight on the state.
        b: bias.
        target: what the last state should be.
        name: what links call the figure: `[set it](#unroll?w_h=0.2)`.
        h_0: the state before the first step.
        position: how many steps the figure has gone when it appears: up to `time` forward, then back.

    Raises:
        TraitError: for a number out of its range, or a list that is empty or too long.
    """

    module: ClassVar = JS_FOLDER / "unroll.js"

    inputs = Numbers((0.5, -0.2, 0.8), low=-2, high=2, step=0.1, least=1, most=MAX_STEPS)
    w_x = Number(0.8, low=-2, high=2, step=0.05)
    w_h = Number(0.5, low=-2, high=2, step=0.05)
    b = Number(0.0, low=-1, high=1, step=0.05)
    target = Number(1.0, low=-1, high=1, step=0.1)
    h_0 = Number(0.0, low=-1, high=1, step=0.1)
    position = Whole(0, low=0, high=2 * MAX_STEPS)

    def __init__(
        self,
        inputs: Sequence[float] | Array = (0.5, -0.2, 0.8),
        w_x: float = 0.8,
        w_h: float = 0.5,
        b: float = 0.0,
        target: float = 1.0,
        name: str = "unroll",
        *,
        h_0: float = 0.0,
        position: int = 0,
    ) -> None:
        super().__init__(
            inputs=inputs, w_x=w_x, w_h=w_h, b=b, target=target, name=name, h_0=h_0, position=position
        )

    @property
    def states(self) -> Array:
        """(time,), the hidden state after each step."""
        states: Array = self._run()[0].outputs[:, 0, 0]
        return states

    @property
    def loss(self) -> float:
        """½ (h_T − target)²."""
        return float(0.5 * (self.states[-1] - self.target) ** 2)

    @property
    def gradients(self) -> Array:
        """(time,), dL/dh at each step, first step first."""
        return np.array([d_h[0, 0] for (d_h,) in self._run()[1].d_states])

    @property
    def contributions(self) -> Array:
        """(time,), what each step adds to dL/dw_h."""
        forward, backward = self._run()
        h_before = forward.states[0][:-1, 0, 0]
        contributions: Array = backward.d_parts[:, 0] * h_before
        return contributions

    def _run(self) -> tuple[Run[tuple[()]], BackwardRun]:
        cell = SimpleRNN(1, 1, seed=0)
        cell.W_x[:], cell.W_h[:], cell.b[:] = self.w_x, self.w_h, self.b
        forward = cell.forward(self.inputs.reshape(-1, 1, 1), (np.array([[self.h_0]]),))
        return forward, cell.backward(forward, d_last=forward.last - self.target)

    def fallback_html(self) -> str:
        """The whole run, forward and back, as a table."""
        rows = zip(self.inputs, self.states, self.gradients, self.contributions, strict=True)
        body = "\n".join(
            f'<tr><th scope="row">{step}</th><td>{_signed(x_t, 2)}</td><td>{_signed(h_t, 2)}</td>'
            f"<td>{_signed(d_h, 3)}</td><td>{_signed(part, 3)}</td></tr>"
            for step, (x_t, h_t, d_h, part) in enumerate(rows, start=1)
        )
        settings = (
            f"w<sub>x</sub> = {_signed(self.w_x, 2)}, w<sub>h</sub> = {_signed(self.w_h, 2)}, "
            f"b = {_signed(self.b, 2)}, starting from h<sub>0</sub> = {_signed(self.h_0, 2)}"
        )
        return (
            f"<table>\n<caption>A network of one unit, unrolled: {settings}. The target is "
            f"{_signed(self.target, 2)}, the loss {_signed(self.loss, 3)}.</caption>\n"
            '<thead><tr><th scope="col">step</th><th scope="col">x<sub>t</sub></th><th scope="col">h<sub>t</sub></th>'
            '<th scope="col">dL/dh<sub>t</sub></th><th scope="col">adds to dL/dw<sub>h</sub></th></tr></thead>\n'
            f"<tbody>\n{body}\n</tbody>\n"
            '<tfoot><tr><th scope="row">sum</th><td></td><td></td><td></td>'
            f"<td>{_signed(float(self.contributions.sum()), 3)}</td></tr></tfoot>\n</table>"
        )


def _signed(value: float, digits: int) -> str:
    """The number with a real minus sign, and no sign where it rounds to zero."""
    return f"{value:z.{digits}f}".replace("-", "−")
