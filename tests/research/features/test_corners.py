"""Form in corners by hand."""

from __future__ import annotations

import pytest

from research.features.corners import Corners
from tests.research.features.made import at_start, events_of


def test_means_of_a_side_at_home_and_of_the_other_away() -> None:
    events = events_of(
        (0, "A", "B", 3, 1, {"home_corners": 6, "away_corners": 3}),
        (1, "B", "A", 0, 0, {"home_corners": 9, "away_corners": 1}),
        (2, "A", "C", 1, 2, {"home_corners": 2, "away_corners": 5}),
        (3, "A", "B", 2, 2, {"home_shots": 9, "away_shots": 9}),
        (4, "A", "B", None, None),
    )
    row = at_start(Corners(warm_up=3, decay=0.5, prior=1e-12), events)[4]
    assert row["home_corners"] == pytest.approx((6 * 0.5 + 2) / 1.5)
    assert row["home_corners_conceded"] == pytest.approx((3 * 0.5 + 5) / 1.5)
    assert (row["away_corners"], row["away_corners_conceded"]) == pytest.approx((3.0, 6.0))
    assert at_start(Corners(warm_up=4), events)[4] == dict.fromkeys(Corners.columns)
