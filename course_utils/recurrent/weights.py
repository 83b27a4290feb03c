"""Named weights: how they begin, and how they are set."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from course_utils.recurrent.arrays import Array


class Weighted:
    """Something with named weights: a cell, or the head of a network."""

    weight_names: ClassVar[tuple[str, ...]]
    """Every weight the class can have, in order."""

    @property
    def weights(self) -> dict[str, Array]:
        """The weights by name, the arrays themselves."""
        return {name: getattr(self, name) for name in self.weight_names if name in self.__dict__}

    def __setattr__(self, name: str, value: Any) -> None:
        """Setting a weight checks its shape and writes into its array, which a network may share."""
        if name not in self.weight_names:
            object.__setattr__(self, name, value)
            return
        if name not in self.__dict__:
            raise ValueError(f"this {type(self).__name__} has no {name}: it was made without.")
        weight, given = self.__dict__[name], np.asarray(value)
        if given.shape != weight.shape:
            raise ValueError(f"{name} is set to an array of shape {given.shape}, expected {weight.shape}.")
        weight[...] = given

    def add_weight(self, name: str, value: Array) -> None:
        """Begin with a weight, one of `weight_names`."""
        self.__dict__[name] = value

    def move_weight(self, name: str, place: Array) -> None:
        """Copy a weight into another array of its shape, and keep it there from now on."""
        place[...] = self.__dict__[name]
        self.__dict__[name] = place


def glorot_uniform(draw: np.random.Generator, rows: int, columns: int, blocks: int = 1) -> Array:
    """Uniform between ±√(6 / (rows + columns)), so that signals keep their size (Glorot & Bengio 2010).

    Args:
        draw: the random generator.
        rows: numbers that come in.
        columns: numbers that come out of each block.
        blocks: matrices side by side, one for each gate.

    Returns:
        (rows, blocks · columns)
    """
    limit = np.sqrt(6 / (rows + columns))
    return draw.uniform(-limit, limit, size=(rows, blocks * columns))


def orthogonal(draw: np.random.Generator, units: int, blocks: int = 1) -> Array:
    """Random rotations, which neither stretch nor shrink a vector (Saxe, McClelland & Ganguli 2014).

    Args:
        draw: the random generator.
        units: rows and columns of each block.
        blocks: matrices side by side, one for each gate.

    Returns:
        (units, blocks · units)
    """
    rotations = []
    for _ in range(blocks):
        q, r = np.linalg.qr(draw.standard_normal((units, units)))
        rotations.append(q * np.sign(np.diagonal(r)))
    return np.concatenate(rotations, axis=1)
