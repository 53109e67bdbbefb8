"""Averages with falling weights against explicit sums."""

from __future__ import annotations

import pytest

from research.features._averages import Averages, Levels


def test_the_values_of_an_instant_count_alike_and_older_ones_less() -> None:
    found = Averages(decay=0.5, prior=2.0)
    assert found.of("a", 7.0) == 7.0
    found.add([("a", 4.0), ("b", 1.0)])
    assert found.of("a", 1.0) == pytest.approx((2 * 1 + 4) / 3)
    found.add([("a", 1.0), ("a", 3.0)])
    assert found.of("a", 0.0) == pytest.approx((4 * 0.25 + 1 + 3) / (2 + 2.25))
    assert found.of("b", 1.0) == 1.0


def test_no_order_within_an_instant_matters() -> None:
    values = [0.1, 0.2, 0.3, 1e16, -1e16]
    one, other = Averages(0.9, 1.0), Averages(0.9, 1.0)
    one.add(("a", value) for value in values)
    other.add(("a", value) for value in reversed(values))
    assert one.of("a", 0.0) == other.of("a", 0.0) == pytest.approx(0.1)


def test_levels_are_kept_by_circuit_and_warm_after_their_warm_up() -> None:
    levels, one, other = Levels(2), ("football", "E0"), ("football", "E1")
    levels.add([(one, {"goals": 2.0})])
    assert not levels.is_warm(one) and not Levels(0).is_warm(one)
    levels.add([(one, {"goals": 4.0}), (other, {"goals": 9.0})])
    assert levels.is_warm(one) and not levels.is_warm(other)
    assert levels.of(one, "goals") == (0.998 * 2.0 + 4.0) / (0.998 + 1.0) and levels.of(other, "goals") == 9.0
