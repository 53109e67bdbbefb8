"""Form in corners by hand."""

from __future__ import annotations

from research.features.corners import Corners
from tests.research.features.made import check_means_of_sides


def test_means_of_a_side_at_home_and_of_the_other_away() -> None:
    check_means_of_sides(Corners, "corners")
