"""Rules that turn a gradient into a change of the weights, with ε where Keras has it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from course_utils.recurrent.arrays import Array


class Optimizer(ABC):
    """A rule with a learning rate and, if wanted, clipping.

    Args:
        learning_rate: how far a step goes; may be set again at any time.
        clip_norm: the longest gradient let through, all weights together. A longer one is shortened and keeps
            its direction (Pascanu, Mikolov & Bengio 2013). Keras calls this `global_clipnorm`.
        clip_value: the largest entry let through, each for itself, which changes the direction.

    Raises:
        ValueError: for a value that is not positive, or both ways of clipping at once.
    """

    def __init__(
        self, learning_rate: float, *, clip_norm: float | None = None, clip_value: float | None = None
    ) -> None:
        if clip_norm is not None and clip_value is not None:
            raise ValueError("clip_norm and clip_value are both given, expected at most one.")
        self.learning_rate = positive(learning_rate, "learning_rate")
        self.clip_norm = None if clip_norm is None else positive(clip_norm, "clip_norm")
        self.clip_value = None if clip_value is None else positive(clip_value, "clip_value")
        self.memory: dict[str, Array] = {}
        """What the rule remembers between steps, one number a weight."""
        self.steps = 0

    def update(self, weights: Array, gradient: Array) -> None:
        """One step, in place.

        Args:
            weights: (number of weights,), changed.
            gradient: (number of weights,), of the loss.

        Raises:
            ValueError: if the two differ in shape, or from what the rule remembers of the step before.
        """
        if gradient.shape != weights.shape:
            raise ValueError(
                f"gradient has shape {gradient.shape}, expected that of the weights, {weights.shape}."
            )
        self.steps += 1
        self.apply(weights, self.clipped(gradient))

    def clipped(self, gradient: Array) -> Array:
        """The gradient after clipping, of its shape; the same array where nothing is clipped."""
        if self.clip_value is not None:
            return np.clip(gradient, -self.clip_value, self.clip_value)
        if self.clip_norm is not None:
            largest = float(np.abs(gradient).max())
            # Divided first: the square of a gradient that explodes may be beyond the largest number.
            norm = largest * float(np.linalg.norm(gradient / largest)) if 0 < largest < np.inf else largest
            if self.clip_norm < norm < np.inf:
                return gradient * (self.clip_norm / norm)
        return gradient

    @abstractmethod
    def apply(self, weights: Array, gradient: Array) -> None:
        """Change the weights in place by the rule; both (number of weights,)."""

    def remembered(self, name: str, weights: Array) -> Array:
        """One of the rule's memories, zeros at first, of the weights' shape.

        Raises:
            ValueError: if it was made for another network.
        """
        memory = self.memory.get(name)
        if memory is None:
            memory = self.memory[name] = np.zeros_like(weights)
        if memory.shape != weights.shape:
            raise ValueError(
                f"this optimizer remembers {memory.size} weights and is given {weights.size}: "
                "make a new one for another network."
            )
        return memory


class SGD(Optimizer):
    """Against the gradient: w ← w − η g. With momentum, v ← μ v − η g and w ← w + v (Polyak 1964).

    Args:
        learning_rate: η.
        momentum: μ, from 0 to under 1.
        **clipping: see `Optimizer`.
    """

    def __init__(self, learning_rate: float = 0.01, *, momentum: float = 0.0, **clipping: Any) -> None:
        super().__init__(learning_rate, **clipping)
        self.momentum = share(momentum, "momentum")

    def apply(self, weights: Array, gradient: Array) -> None:
        """See `Optimizer.apply`."""
        if not self.momentum:
            weights -= self.learning_rate * gradient
            return
        velocity = self.remembered("velocity", weights)
        velocity *= self.momentum
        velocity -= self.learning_rate * gradient
        weights += velocity


class Adagrad(Optimizer):
    """s ← s + g² and w ← w − η g / √(s + ε): the step shrinks where gradients were large (Duchi et al. 2011).

    Args:
        learning_rate: η.
        epsilon: ε.
        **clipping: see `Optimizer`.
    """

    def __init__(self, learning_rate: float = 0.01, *, epsilon: float = 1e-7, **clipping: Any) -> None:
        super().__init__(learning_rate, **clipping)
        self.epsilon = positive(epsilon, "epsilon")

    def apply(self, weights: Array, gradient: Array) -> None:
        """See `Optimizer.apply`."""
        squares = self.remembered("squares", weights)
        squares += gradient * gradient
        weights -= self.learning_rate * gradient / np.sqrt(squares + self.epsilon)


class RMSprop(Optimizer):
    """s ← ρ s + (1 − ρ) g² and w ← w − η g / √(s + ε): Adagrad that forgets (Tieleman & Hinton 2012).

    Args:
        learning_rate: η.
        rho: ρ, from 0 to under 1.
        epsilon: ε.
        **clipping: see `Optimizer`.
    """

    def __init__(
        self, learning_rate: float = 0.001, *, rho: float = 0.9, epsilon: float = 1e-7, **clipping: Any
    ) -> None:
        super().__init__(learning_rate, **clipping)
        self.rho = share(rho, "rho")
        self.epsilon = positive(epsilon, "epsilon")

    def apply(self, weights: Array, gradient: Array) -> None:
        """See `Optimizer.apply`."""
        squares = self.remembered("squares", weights)
        squares *= self.rho
        squares += (1.0 - self.rho) * gradient * gradient
        weights -= self.learning_rate * gradient / np.sqrt(squares + self.epsilon)


class Adam(Optimizer):
    """Momentum, and a step scaled for each weight, both corrected for their start (Kingma & Ba 2015).

    ::

        m ← β₁ m + (1 − β₁) g
        s ← β₂ s + (1 − β₂) g²
        w ← w − η √(1 − β₂ᵏ) / (1 − β₁ᵏ) · m / (√s + ε)      at step k

    Args:
        learning_rate: η.
        beta_1: β₁, from 0 to under 1.
        beta_2: β₂, from 0 to under 1.
        epsilon: ε.
        **clipping: see `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **clipping: Any,
    ) -> None:
        super().__init__(learning_rate, **clipping)
        self.beta_1 = share(beta_1, "beta_1")
        self.beta_2 = share(beta_2, "beta_2")
        self.epsilon = positive(epsilon, "epsilon")

    def apply(self, weights: Array, gradient: Array) -> None:
        """See `Optimizer.apply`."""
        mean = self.remembered("mean", weights)
        mean *= self.beta_1
        mean += (1.0 - self.beta_1) * gradient
        squares = self.remembered("squares", weights)
        squares *= self.beta_2
        squares += (1.0 - self.beta_2) * gradient * gradient
        corrected = (
            self.learning_rate * (1.0 - self.beta_2**self.steps) ** 0.5 / (1.0 - self.beta_1**self.steps)
        )
        weights -= corrected * mean / (np.sqrt(squares) + self.epsilon)


def positive(value: float, name: str) -> float:
    """`value` as a float, if it is a number above 0.

    Raises:
        ValueError: otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < np.inf:
        raise ValueError(f"{name} is {value!r}, expected a number above 0.")
    return float(value)


def share(value: float, name: str) -> float:
    """`value` as a float, if it is a number from 0 to under 1.

    Raises:
        ValueError: otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < 1:
        raise ValueError(f"{name} is {value!r}, expected a number from 0 to under 1.")
    return float(value)
