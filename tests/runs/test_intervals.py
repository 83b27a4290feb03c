"""Wilson's interval: its ends are where its definition says, whatever the share."""

from __future__ import annotations

import math

import pytest

from course_utils.runs import share_interval


@pytest.mark.parametrize(("count", "total"), [(80, 100), (1, 7), (22_140, 25_000), (1_500, 2_463)])
def test_each_end_is_z_of_its_own_standard_errors_away(count: int, total: int) -> None:
    low, high = share_interval(count, total)
    assert low < count / total < high
    for end in (low, high):
        error = math.sqrt(end * (1 - end) / total)
        assert abs(count / total - end) == pytest.approx(1.96 * error)


def test_known_values() -> None:
    assert share_interval(80, 100) == pytest.approx((0.7112, 0.8666), abs=5e-5)
    assert share_interval(3, 12) == pytest.approx((0.0889, 0.5323), abs=5e-5)


def test_it_never_leaves_0_to_1() -> None:
    assert share_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert share_interval(20, 20) == pytest.approx((0.8389, 1.0), abs=5e-5)
    assert share_interval(0, 20)[0] >= 0
    assert share_interval(20, 20)[1] <= 1


def test_it_excludes_one_half_just_where_mcnemar_would() -> None:
    for first, second in [(20, 5), (15, 10), (320, 260), (305, 260), (0, 3)]:
        low, high = share_interval(first, first + second)
        assert (low > 0.5 or high < 0.5) == (abs(first - second) / math.sqrt(first + second) > 1.96)


@pytest.mark.parametrize(("count", "total"), [(1, 0), (-1, 5), (6, 5)])
def test_what_is_no_share(count: int, total: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        share_interval(count, total)
