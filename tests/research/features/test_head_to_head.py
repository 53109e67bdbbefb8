"""Earlier meetings against sums by hand, and the symmetry of the two sides."""

from __future__ import annotations

import pytest

from research.features.head_to_head import HeadToHead
from tests.research.features.made import at_start, events_of

MADE = HeadToHead(warm_up=1, decay=0.5, prior=1.0)
MEETINGS = ((0, "A", "B", 3, 1), (1, "B", "A", 0, 0), (2, "B", "A", 4, 1, {"competition": "Cup"}))


def test_the_averages_are_of_the_home_side_of_the_event() -> None:
    rows = at_start(
        MADE, events_of(*MEETINGS, (3, "A", "B", None, None), (3, "B", "A", None, None), (3, "C", "A", None, None))
    )
    weight = 1 + 1 + 0.5 + 0.25
    goals, lead = (2 * 0.25 + 0 * 0.5 - 3) / weight, (0.5 * 0.25 + 0 * 0.5 - 0.5) / weight
    assert rows[3] == {"meetings": 3, "goals": pytest.approx(goals), "share": pytest.approx(0.5 + lead)}
    assert rows[4] == {"meetings": 3, "goals": pytest.approx(-goals), "share": pytest.approx(0.5 - lead)}
    assert rows[5] == {"meetings": 0, "goals": 0.0, "share": 0.5}
    assert str(rows[5]["goals"]) == "0.0", "not minus nought"


def test_two_meetings_of_an_instant_count_alike() -> None:
    rows = at_start(MADE, events_of((0, "A", "B", 2, 0), (0, "B", "A", 0, 1), (1, "A", "B", None, None)))
    assert rows[2] == {"meetings": 2, "goals": pytest.approx(3 / 3), "share": pytest.approx(0.5 + 1 / 3)}


def test_before_the_warm_up_and_without_a_score_nothing_is_known() -> None:
    events = events_of((0, "A", "B", 2, 0), (1, "A", "B", 2, 0, {"status": "abandoned"}), (2, "A", "B", None, None))
    assert at_start(HeadToHead(warm_up=2), events)[2]["meetings"] is None
    assert at_start(MADE, events)[2]["meetings"] == 1
