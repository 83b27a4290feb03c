"""The toy points: two groups of equal size, inside the plane that the figures draw."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.explainers.points import DATA, POINTS, mean_loss, toy_points


@pytest.mark.parametrize("data", DATA)
def test_the_groups_are_equal_and_inside_the_plane(data: str) -> None:
    points, groups = toy_points(data)
    assert points.shape == (POINTS, 2)
    assert groups.sum() == POINTS / 2
    assert np.abs(points).max() < 2.6
    assert np.all(toy_points(data)[0] == points)
    with pytest.raises(ValueError, match="read-only"):
        points[0] = 0


def test_xor_has_every_points_mirror_image_in_its_own_group() -> None:
    points, groups = toy_points("xor")
    assert np.all((points[:, 0] * points[:, 1] < 0) == (groups == 1))
    for point, group in zip(points, groups, strict=True):
        mirrored = np.all(points == -point, axis=1)
        assert np.any(mirrored & (groups == group))


def test_the_loss_is_the_cross_entropy_and_does_not_overflow() -> None:
    sums, groups = np.array([0.3, -1.2]), np.array([1.0, 0.0])
    answers = 1 / (1 + np.exp(-sums))
    expected = -(np.log(answers[0]) + np.log(1 - answers[1])) / 2
    assert mean_loss(sums, groups) == pytest.approx(expected)
    assert mean_loss(np.array([1e6, -1e6]), groups) == 0
    assert mean_loss(np.array([-1e6, 1e6]), groups) == 1e6
