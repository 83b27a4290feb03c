"""Matplotlib figures that the lessons share: each takes data and returns a Figure with a white face."""

from __future__ import annotations

from course_utils.figures.style import new_axes
from course_utils.figures.unrolled import (
    addition_states,
    gradient_flow,
    sequence_patterns,
    unrolled_network,
)

__all__ = ["addition_states", "gradient_flow", "new_axes", "sequence_patterns", "unrolled_network"]
