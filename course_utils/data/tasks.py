"""Tasks of unlimited supply that ask for memory: each says how long, and can be made harder at will.

Every function draws from ``numpy.random.default_rng(seed)``: the same arguments give the same arrays. Inputs
are float32 and batch first, ready for a Keras layer.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

MOST_BITS = 62
"""Summands are drawn as 64-bit whole numbers."""


def binary_addition(samples: int, bits: int = 8, seed: int = 0) -> tuple[Floats, Floats]:
    """Pairs of numbers in binary, and their sum, one bit a step, the least significant bit first.

    That order makes it a task for a recurrent network: the sum's bit at each step depends on the two bits
    just read and on the carry, which is all there is to remember. Both summands are below ``2 ** (bits -
    1)``, so the sum always fits.

    Args:
        samples: how many pairs, at least 1.
        bits: steps a sequence, 2 to 62.
        seed: of the random generator.

    Returns:
        inputs: (samples, bits, 2) float32 of zeros and ones, the two summands' bits at each step.
        targets: (samples, bits, 1) float32 of zeros and ones, the sum's bits.

    Raises:
        ValueError: if `samples` or `bits` is out of range.
    """
    _at_least(samples, 1, "samples")
    if not 2 <= bits <= MOST_BITS:
        raise ValueError(f"bits is {bits}, expected 2 to {MOST_BITS}.")
    draw = np.random.default_rng(seed)
    summands = draw.integers(0, 2 ** (bits - 1), size=(samples, 2), dtype=np.int64)  # (samples, 2)
    inputs = _bits_of(summands, bits).swapaxes(1, 2)  # (samples, bits, 2)
    targets = _bits_of(summands.sum(axis=1, keepdims=True), bits).swapaxes(1, 2)  # (samples, bits, 1)
    return np.ascontiguousarray(inputs), np.ascontiguousarray(targets)


def _bits_of(numbers: Labels, bits: int) -> Floats:
    """(…, bits) float32, the least significant bit first."""
    return ((numbers[..., np.newaxis] >> np.arange(bits)) & 1).astype(np.float32)


def recall_task(samples: int, lag: int, symbols: int = 4, seed: int = 0) -> tuple[Floats, Labels]:
    """Remember the first symbol while `lag` others go by.

    All symbols are drawn from the same alphabet, each as likely as the others, and only the first one counts:
    after the last step, name it. Guessing is right once in `symbols` times. A longer `lag` makes it harder.
    Bengio, Simard & Frasconi (1994) used tasks of this kind to show how gradients vanish.

    Args:
        samples: how many sequences, at least 1.
        lag: symbols that follow the first one, at least 0.
        symbols: size of the alphabet, at least 2.
        seed: of the random generator.

    Returns:
        inputs: (samples, 1 + lag, symbols) float32, one symbol a step, one-hot.
        targets: (samples,) int64 from 0 to ``symbols - 1``, the first symbol of each sequence.

    Raises:
        ValueError: if an argument is out of range.
    """
    _at_least(samples, 1, "samples")
    _at_least(lag, 0, "lag")
    _at_least(symbols, 2, "symbols")
    draw = np.random.default_rng(seed)
    sequence = draw.integers(0, symbols, size=(samples, 1 + lag))  # (samples, 1 + lag)
    return _one_hot(sequence, symbols), sequence[:, 0].copy()


def latest_task(
    samples: int, length: int, symbols: int = 8, marked: float = 0.1, seed: int = 0
) -> tuple[Floats, Labels]:
    """Say at every step which symbol was marked last.

    A stream of symbols, each as likely as the others. Some of them carry a mark, the first one always. Until the next
    mark the marked symbol has to be held, and then it has to be given up for another: the task asks for a memory that
    can be kept, protected and replaced. In the spirit of the continual streams of Gers, Schmidhuber & Cummins (2000).

    Args:
        samples: how many streams, at least 1.
        length: steps a stream, at least 1.
        symbols: size of the alphabet, at least 2.
        marked: how probable a mark is at each step after the first, 0 to 1.
        seed: of the random generator.

    Returns:
        inputs: (samples, length, symbols + 1) float32; the symbol one-hot, then 1 where it is marked.
        targets: (samples, length) int64 from 0 to ``symbols - 1``, the symbol marked last.

    Raises:
        ValueError: if an argument is out of range.
    """
    _at_least(samples, 1, "samples")
    _at_least(length, 1, "length")
    _at_least(symbols, 2, "symbols")
    if not 0 <= marked <= 1:
        raise ValueError(f"marked is {marked}, expected a probability, 0 to 1.")
    draw = np.random.default_rng(seed)
    stream = draw.integers(0, symbols, size=(samples, length))  # (samples, length)
    marks = draw.random((samples, length)) < marked  # (samples, length)
    marks[:, 0] = True
    latest = np.maximum.accumulate(np.where(marks, np.arange(length), 0), axis=1)  # the step of the last mark
    inputs = np.concatenate([_one_hot(stream, symbols), marks[:, :, np.newaxis]], axis=2, dtype=np.float32)
    return inputs, np.take_along_axis(stream, latest, axis=1)


def copy_task(samples: int, length: int, lag: int, symbols: int = 8, seed: int = 0) -> tuple[Floats, Labels]:
    """Read some symbols, wait, then say them again in order.

    Each sequence has `length` symbols, then `lag` waiting steps of which the last carries the signal to
    begin, then `length` blank steps in which to answer. The target is blank until then. Introduced by
    Hochreiter & Schmidhuber (1997) in another form; this is the layout of Arjovsky, Shah & Bengio (2016). A
    network without memory can do no better than a cross-entropy of ``length * log(symbols) / (2 * length +
    lag)`` a step.

    Args:
        samples: how many sequences, at least 1.
        length: symbols to copy, at least 1.
        lag: steps between the last symbol and the first answer, at least 1.
        symbols: size of the alphabet, at least 2.
        seed: of the random generator.

    Returns:
        inputs: (samples, 2 * length + lag, symbols + 2) float32, one-hot; class 0 is the blank, classes 1 to
            `symbols` are the symbols, and class ``symbols + 1`` is the signal.
        targets: (samples, 2 * length + lag) int64, the class to answer at each step; never the signal.

    Raises:
        ValueError: if an argument is out of range.
    """
    _at_least(samples, 1, "samples")
    _at_least(length, 1, "length")
    _at_least(lag, 1, "lag")
    _at_least(symbols, 2, "symbols")
    draw = np.random.default_rng(seed)
    message = draw.integers(1, symbols + 1, size=(samples, length))  # (samples, length)
    steps = 2 * length + lag
    sequence = np.zeros((samples, steps), dtype=np.int64)
    sequence[:, :length] = message
    sequence[:, length + lag - 1] = symbols + 1
    targets = np.zeros((samples, steps), dtype=np.int64)
    targets[:, length + lag :] = message
    return _one_hot(sequence, symbols + 2), targets


def adding_task(samples: int, length: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Add the two marked numbers among many.

    Each step shows a number, uniform between 0 and 1, and a mark, which is 1 at one step of the first half,
    at one step of the second half, and 0 elsewhere. The target is the sum of the two marked numbers. After
    Hochreiter & Schmidhuber (1997), experiment 4, in the form with a fixed length of Le, Jaitly & Hinton
    (2015). Always answering 1 gives a mean squared error of 1/6.

    Args:
        samples: how many sequences, at least 1.
        length: steps a sequence, at least 2.
        seed: of the random generator.

    Returns:
        inputs: (samples, length, 2) float32; feature 0 is the number, feature 1 is the mark.
        targets: (samples, 1) float32 between 0 and 2.

    Raises:
        ValueError: if an argument is out of range.
    """
    _at_least(samples, 1, "samples")
    _at_least(length, 2, "length")
    draw = np.random.default_rng(seed)
    inputs = np.zeros((samples, length, 2), dtype=np.float32)
    inputs[:, :, 0] = draw.random((samples, length), dtype=np.float32)
    rows = np.arange(samples)
    half = length // 2
    inputs[rows, draw.integers(0, half, size=samples), 1] = 1
    inputs[rows, draw.integers(half, length, size=samples), 1] = 1
    targets = (inputs[:, :, 0] * inputs[:, :, 1]).sum(axis=1, keepdims=True, dtype=np.float32)  # (samples, 1)
    return inputs, targets


def _one_hot(classes: Labels, count: int) -> Floats:
    """(…, count) float32."""
    return np.eye(count, dtype=np.float32)[classes]


def _at_least(value: int, least: int, name: str) -> None:
    if value < least:
        raise ValueError(f"{name} is {value}, expected at least {least}.")
