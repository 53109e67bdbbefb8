"""The levels of the sweeps of a family."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from engine.errors import ConfigurationError
from research.verdict.levels import levels


def test_the_first_sweep_has_the_whole_level_and_the_sum_is_finite() -> None:
    assert levels(1).alpha == 0.05
    total = sum(levels(look).alpha for look in range(1, 100_000))
    assert total == pytest.approx(0.05 * math.pi**2 / 6, rel=1e-4)  # Euler's sum of 1 / k^2


def test_the_level_falls_and_each_gate_has_its_share() -> None:
    series = [levels(look) for look in range(1, 51)]
    assert all(later.alpha < earlier.alpha for earlier, later in pairwise(series))
    for one in series:
        assert one.main / one.alpha == pytest.approx(1.0) and one.ensemble / one.alpha == pytest.approx(0.1)


@pytest.mark.parametrize("look", [0, -1])
def test_there_is_no_sweep_before_the_first(look: int) -> None:
    with pytest.raises(ConfigurationError, match="no such sweep of a family"):
        levels(look)
