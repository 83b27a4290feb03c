"""The drawing of an LSTM's step shows the numbers that it was given and those that follow from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from matplotlib.figure import Figure

from course_utils.figures import lstm_cell

STEP: dict[str, Any] = {
    "c_before": -0.5,
    "forget": 0.8,
    "input_gate": 0.6,
    "candidate": 0.9,
    "output": 0.3,
}


def test_every_number_of_the_step_is_written(texts: Callable[[Figure], list[str]]) -> None:
    written = texts(lstm_cell(**STEP))
    for value in ("−0.50", "0.80", "0.60", "0.90", "0.30"):
        assert written.count(value) == 1, f"{value} was given"
    for value, what in [("−0.40", "kept"), ("0.54", "added"), ("0.04", "h")]:
        assert written.count(value) == 1, what
    assert written.count("0.14") == 3, "c after the step: on the belt, in its box, and after tanh"
    assert {"$c_{t-1}$", "$f_t$", "$i_t$", r"$\tilde c_t$", "$o_t$", "$c_t$", "$h_t$", "tanh"} <= set(written)
    assert {"keeps", "adds", "shows"} <= set(written)


@pytest.mark.parametrize("c_before", [-55.25, 0.0, 12.5])
def test_nothing_overlaps(c_before: float, collisions: Callable[[Figure], list[str]]) -> None:
    assert collisions(lstm_cell(**STEP | {"c_before": c_before, "candidate": -0.95})) == []


@pytest.mark.parametrize("name", ["forget", "input_gate", "output"])
def test_a_gate_out_of_range_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 1.2, expected a gate"):
        lstm_cell(**STEP | {name: 1.2})
