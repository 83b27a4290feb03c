"""How far a share can be trusted that was counted on a sample, such as an accuracy on test reviews."""

from __future__ import annotations

import math

Z_95 = 1.96
"""Standard errors to each side of the middle that hold 95 % of a normal distribution."""


def share_interval(count: int, total: int, *, z: float = Z_95) -> tuple[float, float]:
    """The shares that `count` of `total` is compatible with.

    Follows Wilson (1927): all shares q from which the counted share is no more than `z` standard errors away, where
    the standard error is that of q, √(q (1 - q) / total).

    Args:
        count: how many of the examples have the property, such as right answers.
        total: how many examples there are.
        z: standard errors to each side; 1.96 for 95 %.

    Returns:
        the lower and the upper end, both from 0 to 1.

    Raises:
        ValueError: if `total` is below 1, or `count` not from 0 to `total`.
    """
    if total < 1 or not 0 <= count <= total:
        raise ValueError(
            f"{count} of {total} is no share: at least one example, and a count from 0 to their number."
        )
    share, widening = count / total, z**2 / total
    middle = share + widening / 2
    reach = z * math.sqrt(share * (1 - share) / total + widening / (4 * total))
    return max(0.0, (middle - reach) / (1 + widening)), min(1.0, (middle + reach) / (1 + widening))
