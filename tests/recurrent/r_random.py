"""R's random numbers, so that a whole training run of R can be replayed with the same draws.

Written from the published descriptions: the generator is the Mersenne Twister of Matsumoto & Nishimura (1998), which
NumPy has too; how R fills its state from a seed, makes a number between 0 and 1 of 32 bits, and draws a whole number by
rejection (since R 3.6) is said in R's manual page *Random*, and can be checked there with a few numbers.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

WORDS = 624
"""Of the generator's state."""


class RRandom:
    """As after ``set.seed(seed)`` in R 3.6 and later."""

    def __init__(self, seed: int) -> None:
        # A linear congruential generator fills the state: 50 steps to warm up, one that fills the place of R's counter.
        word, key = seed, []
        for step in range(50 + 1 + WORDS):
            word = (69069 * word + 1) % 2**32
            if step > 50:
                key.append(word)
        self.twister = np.random.MT19937()
        self.twister.state = {
            "bit_generator": "MT19937",
            "state": {"key": np.array(key, dtype=np.uint32), "pos": WORDS},
        }

    def unit(self, count: int) -> npt.NDArray[np.float64]:
        """`count` numbers between 0 and 1, neither of which comes out."""
        numbers = self.twister.random_raw(count) * 2.3283064365386963e-10
        return np.clip(numbers, 0.5 * 2.328306437080797e-10, 1 - 0.5 * 2.328306437080797e-10)

    def runif(self, shape: tuple[int, ...], low: float, high: float) -> npt.NDArray[np.float64]:
        """``array(runif(n, low, high), dim = shape)``: the first axis runs fastest."""
        return (low + (high - low) * self.unit(math.prod(shape))).reshape(shape, order="F")

    def sample(self, count: int, size: int) -> npt.NDArray[np.int64]:
        """``sample(count, size, replace = TRUE) - 1``, for a `count` up to 2**15: from 0."""
        bits = math.ceil(math.log2(count))
        assert bits <= 15, "larger ones take two numbers each"
        drawn: list[int] = []
        while len(drawn) < size:
            number = int(self.unit(1)[0] * 65536) & (2**bits - 1)
            if number < count:
                drawn.append(number)
        return np.array(drawn, dtype=np.int64)
