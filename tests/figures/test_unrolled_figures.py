"""The drawings of chapter 3 show the values that they were given, and can be read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from numpy.typing import NDArray

from course_utils.figures import addition_states, gradient_flow, sequence_patterns, style, unrolled_network
from course_utils.figures.unrolled import MAX_STEPS

INPUTS = [0.5, -0.6, 0.9]
Texts = Callable[[Figure], list[str]]
Collisions = Callable[[Figure], list[str]]


def tanh_states(inputs: list[float], w_x: float = 0.8, w_h: float = 0.5, h: float = 0.1) -> list[float]:
    states = []
    for x_t in inputs:
        h = float(np.tanh(w_x * x_t + w_h * h))
        states.append(h)
    return states


def purple_arrow_widths(fig: Figure) -> list[float]:
    arrows = fig.findobj(FancyArrowPatch)
    gradient = np.array([int(style.GRADIENT[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return [a.get_linewidth() for a in arrows if np.allclose(a.get_edgecolor()[:3], gradient)]


# --- the unrolled network ------------------------------------------------------------------------------------
def test_unrolled_network_shows_the_values_and_the_shared_weights(texts: Texts) -> None:
    fig = unrolled_network(INPUTS, tanh_states(INPUTS), w_x=0.8, w_h=0.5, initial_state=0.1)
    written = texts(fig)
    for value in ("0.10", "0.42", "−0.26", "0.53", "0.50", "−0.60", "0.90"):
        assert written.count(value) == 1, value
    assert written.count("×0.8") == 3 and written.count("×0.5") == 3
    assert [text for text in written if text.startswith("step")] == ["step 1", "step 2", "step 3"]
    assert {"$h_0$", "$h_3$", "$x_1$", "$h_t$", "$x_t$"} <= set(written)


@pytest.mark.parametrize("steps", range(1, MAX_STEPS + 1))
def test_unrolled_network_has_no_overlapping_text(steps: int, collisions: Collisions) -> None:
    inputs = [-0.95] * steps
    fig = unrolled_network(inputs, tanh_states(inputs), w_x=-0.25, w_h=-1.75)
    assert collisions(fig) == []


@pytest.mark.parametrize(
    ("inputs", "states", "message"),
    [
        ([0.5, 0.1], [0.4], "same length"),
        ([[0.5]], [[0.4]], "same length"),
        ([], [], "between 1 and 4"),
        ([0.1] * 5, [0.1] * 5, "not 5"),
    ],
)
def test_unrolled_network_refuses_what_it_cannot_draw(
    inputs: list[float], states: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        unrolled_network(inputs, states, w_x=0.8, w_h=0.5)


# --- many-to-one, many-to-many -------------------------------------------------------------------------------
def test_sequence_patterns_let_one_state_leave_or_all(texts: Texts) -> None:
    written = texts(sequence_patterns(steps=4))
    assert written.count("$h_4$") == 4, "in each panel once as a state and once leaving"
    assert written.count("$h_1$") == 3, "it leaves in the many-to-many panel only"
    assert any("return_sequences=False" in text and "(batch, units)" in text for text in written)
    assert any("return_sequences=True" in text and "(batch, time, units)" in text for text in written)


@pytest.mark.parametrize("steps", range(1, MAX_STEPS + 1))
def test_sequence_patterns_have_no_overlapping_text(steps: int, collisions: Collisions) -> None:
    assert collisions(sequence_patterns(steps)) == []


@pytest.mark.parametrize("steps", [0, MAX_STEPS + 1])
def test_sequence_patterns_refuse_what_they_cannot_draw(steps: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 4"):
        sequence_patterns(steps)


# --- the gradient on its way back ----------------------------------------------------------------------------
def test_gradient_flow_gets_thinner_with_the_gradient(texts: Texts) -> None:
    fig = gradient_flow(
        INPUTS, tanh_states(INPUTS), [-0.079, -0.17, -0.471], [-0.006, -0.067, 0.089], initial_state=0.1
    )
    written = texts(fig)
    assert {"−0.079", "−0.170", "−0.471", "−0.006", "−0.067", "+0.089"} <= set(written)
    widths = purple_arrow_widths(fig)
    assert len(widths) == 3 and widths == sorted(widths) and widths[0] < widths[2]


def test_gradient_flow_survives_a_gradient_of_zero() -> None:
    fig = gradient_flow([0.0], [0.0], [0.0], [0.0])
    assert len(purple_arrow_widths(fig)) == 1


@pytest.mark.parametrize("steps", [1, 3, MAX_STEPS])
def test_gradient_flow_has_no_overlapping_text(steps: int, collisions: Collisions) -> None:
    fig = gradient_flow([-0.5] * steps, [-0.4] * steps, [-0.123] * steps, [-0.456] * steps)
    assert collisions(fig) == []


def test_gradient_flow_refuses_lengths_that_differ() -> None:
    with pytest.raises(ValueError, match="expected 3 state gradients"):
        gradient_flow(INPUTS, tanh_states(INPUTS), [0.1, 0.2], [0.1, 0.2, 0.3])


# --- inside an addition --------------------------------------------------------------------------------------
def an_addition() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    pair = np.array([[1, 1], [0, 1], [1, 0], [0, 0]])  # (bits, 2): 5 + 3, least significant bit first
    carries, answers = np.array([1, 1, 1, 0]), np.array([0, 0, 0, 1])
    return pair, carries, answers, np.linspace(-1, 1, 12).reshape(4, 3)


def test_addition_states_shows_the_bits_and_the_states(texts: Texts) -> None:
    pair, carries, answers, states = an_addition()
    fig = addition_states(pair, carries, answers, states, unit_names=[7, 8, 9])
    top, bottom = fig.axes[0], fig.axes[1]
    digits = np.array([int(text.get_text()) for text in top.texts]).reshape(4, 4)
    assert np.array_equal(digits, [pair[:, 0], pair[:, 1], answers, carries])
    image = bottom.get_images()[0]
    assert np.array_equal(np.asarray(image.get_array()), states.T)
    assert image.get_clim() == (-1, 1), "blue and vermilion must mean the same in every figure"
    assert {"7", "8", "9"} <= set(texts(fig))


def test_addition_states_shades_the_columns_that_carry() -> None:
    pair, carries, answers, states = an_addition()
    top = addition_states(pair, carries, answers, states).axes[0]
    shaded = sorted(patch.get_x() + 0.5 for patch in top.patches)
    assert shaded == [0.0, 1.0, 2.0]


def test_addition_states_has_no_overlapping_text(collisions: Collisions) -> None:
    pair, carries, answers, _ = an_addition()
    assert collisions(addition_states(pair, carries, answers, np.zeros((4, 16)))) == []


def test_addition_states_takes_a_networks_answer_as_it_comes() -> None:
    pair, carries, answers, states = an_addition()
    fig = addition_states(pair, carries, answers[np.newaxis, :, np.newaxis].astype(float), states)
    assert fig.axes[0].texts[-5].get_text() == "1"


def test_addition_states_refuses_lengths_that_differ() -> None:
    pair, carries, answers, states = an_addition()
    with pytest.raises(ValueError, match="same number of bits"):
        addition_states(pair, carries[:3], answers, states)
    with pytest.raises(ValueError, match="2 names for 3 units"):
        addition_states(pair, carries, answers, states, unit_names=[1, 2])


# --- all of them ---------------------------------------------------------------------------------------------
def test_every_drawing_has_a_white_face(pixels: Callable[[Figure], NDArray[np.float64]]) -> None:
    pair, carries, answers, states = an_addition()
    drawn = [
        unrolled_network(INPUTS, tanh_states(INPUTS), w_x=0.8, w_h=0.5),
        sequence_patterns(),
        gradient_flow(INPUTS, tanh_states(INPUTS), [0.1, 0.2, 0.3], [0.1, 0.2, 0.3]),
        addition_states(pair, carries, answers, states),
    ]
    for fig in drawn:
        image = pixels(fig)
        assert np.all(image[0, 0] == 1.0) and np.all(image[-1, -1] == 1.0)
