"""Matplotlib figures that the lessons share: each takes data and returns a Figure with a white face."""

from __future__ import annotations

from course_utils.figures.accuracies import accuracies
from course_utils.figures.gates import lstm_cell
from course_utils.figures.letters import letter_strip
from course_utils.figures.reviews import padded_reviews, review_lengths, word_weights
from course_utils.figures.style import new_axes
from course_utils.figures.training_curves import compare_runs, loss_and_accuracy
from course_utils.figures.unrolled import (
    addition_states,
    gradient_flow,
    sequence_patterns,
    unrolled_network,
)
from course_utils.figures.words import word_strip

__all__ = [
    "accuracies",
    "addition_states",
    "compare_runs",
    "gradient_flow",
    "letter_strip",
    "loss_and_accuracy",
    "lstm_cell",
    "new_axes",
    "padded_reviews",
    "review_lengths",
    "sequence_patterns",
    "unrolled_network",
    "word_strip",
    "word_weights",
]
