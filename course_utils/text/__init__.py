"""Text, character by character: counting it, drawing it, and writing it with a stored network.

Keras is imported only by `CharacterNetwork.from_keras`.
"""

from __future__ import annotations

from course_utils.text.features import FEATURES, correlations, text_features
from course_utils.text.generation import Beam, CharacterNetwork, beam_search
from course_utils.text.ngrams import NGrams, count_ngrams
from course_utils.text.sampling import (
    draw,
    greedy,
    keep_top_k,
    keep_top_p,
    sampling_probabilities,
    tempered,
)

__all__ = [
    "FEATURES",
    "Beam",
    "CharacterNetwork",
    "NGrams",
    "beam_search",
    "correlations",
    "count_ngrams",
    "draw",
    "greedy",
    "keep_top_k",
    "keep_top_p",
    "sampling_probabilities",
    "tempered",
    "text_features",
]
