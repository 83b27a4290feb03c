"""Word vectors made from text alone, without labels: words that stand near the same words get similar vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from course_utils.data.vocabulary import INDEX_FROM

Floats = npt.NDArray[np.float32]

_OVERSAMPLING, _ROUNDS = 16, 4
"""Of the subspace iteration: columns more than are kept, and how often they are multiplied by the matrix."""


def co_occurrences(texts: Sequence[Sequence[int]], num_words: int, window: int = 5) -> Floats:
    """How often each word stands within `window` places of each other word.

    Args:
        texts: lists of word ids; ids up to 3 are no words and are left out, and so are those from `num_words` on.
        num_words: size of the vocabulary.
        window: how far apart two words may stand.

    Returns:
        (num_words, num_words), symmetric.

    Raises:
        ValueError: if `window` is below 1.
    """
    if window < 1:
        raise ValueError(f"window is {window}, expected at least 1.")
    counts = np.zeros((num_words, num_words), np.float32)
    gap = np.zeros(window, np.int64)  # so that no pair reaches from one text into the next
    pieces = [piece for text in texts for piece in (np.asarray(text, np.int64), gap)]
    ids = np.concatenate(pieces) if pieces else gap
    is_word = (ids > INDEX_FROM) & (ids < num_words)
    for distance in range(1, window + 1):
        both = is_word[:-distance] & is_word[distance:]
        pairs, times = np.unique(ids[:-distance][both] * num_words + ids[distance:][both], return_counts=True)
        counts.flat[pairs] += times
    counts += counts.T
    return counts


def word_vectors(
    texts: Sequence[Sequence[int]], num_words: int, dimensions: int, *, window: int = 5, seed: int = 0
) -> Floats:
    """A vector for each word id, from co-occurrences.

    Follows Levy & Goldberg (2014): positive pointwise mutual information, max(0, log p(w, v) / (p(w) p(v))), then a
    truncated singular value decomposition U S V', of which U √S is kept. Each vector is scaled to length 1.

    Args:
        texts: lists of word ids, as in `co_occurrences`.
        num_words: size of the vocabulary. The matrix has its square as entries: 400 MB for 10,000 words, and for
            a moment twice as much.
        dimensions: numbers a word.
        window: how far apart two words may stand.
        seed: of the random start of the decomposition, which it hardly depends on.

    Returns:
        (num_words, dimensions); zeros for ids that are no words and words that do not occur.

    Raises:
        ValueError: if `dimensions` is below 1 or above `num_words`, or `window` below 1.
    """
    if not 1 <= dimensions <= num_words:
        raise ValueError(f"dimensions is {dimensions}, expected 1 to {num_words}.")
    information = co_occurrences(texts, num_words, window)
    seen = np.maximum(information.sum(axis=1, dtype=np.float64), 1).astype(np.float32)  # (num_words,)
    information *= np.float32(seen.sum(dtype=np.float64)) / seen[:, np.newaxis]
    information /= seen
    np.log(information, where=information > 0, out=information)
    np.maximum(information, 0, out=information)

    width = min(dimensions + _OVERSAMPLING, num_words)
    basis = np.random.default_rng(seed).normal(size=(num_words, width)).astype(np.float32)
    for _ in range(_ROUNDS):
        basis, _ = np.linalg.qr(information @ basis)  # (num_words, width)
    small, sizes, _ = np.linalg.svd(basis.T @ information, full_matrices=False)
    vectors = (basis @ small[:, :dimensions]) * np.sqrt(sizes[:dimensions])  # (num_words, dimensions)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.where(lengths > 1e-6, vectors / np.maximum(lengths, 1e-6), 0)
    # A singular vector has two signs; take the one that makes its largest entry positive.
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(dimensions)])
    return (vectors * np.where(signs == 0, 1, signs)).astype(np.float32)


def nearest_words(vectors: Floats, word: int, count: int = 5) -> list[int]:
    """The ids of the words whose vectors point most nearly the same way.

    Args:
        vectors: (words, dimensions).
        word: an id.
        count: how many.

    Returns:
        `count` ids, the nearest first, without `word` itself.
    """
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-12)
    similarity = (vectors @ vectors[word]) / lengths
    similarity[word] = -np.inf
    return [int(other) for other in np.argsort(-similarity, kind="stable")[:count]]
