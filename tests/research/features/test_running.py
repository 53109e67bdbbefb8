"""The warm-up of circuits, and moves that are worked out before any of them counts."""

from __future__ import annotations

from research.features._running import Moves, WarmUp
from tests.research.features.test_results import ROW


def test_a_circuit_is_warm_after_its_own_matches() -> None:
    warm_up, other = WarmUp(2), ROW | {"competition": "E1"}
    for row, is_over in ((ROW, False), (other, False), (ROW, True)):
        warm_up.add(row)
        assert warm_up.is_over(ROW) == is_over and not warm_up.is_over(other)
    assert WarmUp(0).is_over(ROW)


def test_moves_start_from_before_the_instant_and_add_up_in_any_order() -> None:
    steps = [(0.1, 1.0), (0.2, 1.0), (1e16, 1.0), (-1e16, 1.0)]
    found = []
    for order in (steps, steps[::-1]):
        states, moves = {"a": (5.0, 2.0), "b": (1.0, 1.0)}, Moves[str]()
        for step in order:
            moves.add("a", states["a"], step)
        moves.move(states)
        assert states["b"] == (1.0, 1.0)
        found.append(states["a"])
    assert found[0] == found[1] == (5.0 + 0.30000000000000004, 6.0)


def test_a_side_that_is_new_twice_has_the_higher_start() -> None:
    for starts in ((1400.0, 1500.0), (1500.0, 1400.0)):
        states: dict[str, tuple[float, float]] = {}
        moves = Moves[str]()
        for start in starts:
            moves.add("a", (start, 0.0), (10.0, 1.0))
        moves.move(states)
        assert states == {"a": (1520.0, 2.0)}
