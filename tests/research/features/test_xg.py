"""Form in xg by hand."""

from __future__ import annotations

from research.features.xg import Xg
from tests.research.features.made import check_means_of_sides


def test_means_of_a_side_at_home_and_of_the_other_away() -> None:
    check_means_of_sides(Xg, "xg")
