"""Form in xg by hand."""

from __future__ import annotations

import pytest

from research.features.xg import Xg
from tests.research.features.made import at_start, events_of


def test_means_of_a_side_at_home_and_of_the_other_away() -> None:
    events = events_of(
        (0, "A", "B", 3, 1, {"home_xg": 6, "away_xg": 3}),
        (1, "B", "A", 0, 0, {"home_xg": 9, "away_xg": 1}),
        (2, "A", "C", 1, 2, {"home_xg": 2, "away_xg": 5}),
        (3, "A", "B", 2, 2, {"home_shots": 9, "away_shots": 9}),
        (4, "A", "B", None, None),
    )
    row = at_start(Xg(warm_up=3, decay=0.5, prior=1e-12), events)[4]
    assert row["home_xg"] == pytest.approx((6 * 0.5 + 2) / 1.5)
    assert row["home_xg_conceded"] == pytest.approx((3 * 0.5 + 5) / 1.5)
    assert (row["away_xg"], row["away_xg_conceded"]) == pytest.approx((3.0, 6.0))
    assert at_start(Xg(warm_up=4), events)[4] == dict.fromkeys(Xg.columns)
