"""Form in corners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from research.features._statistics import FormInStatistics, columns_of


@dataclass(frozen=True)
class Corners(FormInStatistics):
    """Corners a match of both sides: of the home side at home, of the away side away.

    `home_corners` and `home_corners_conceded`, `away_corners` and `away_corners_conceded`: means with falling weights,
    drawn towards the usual value of the competition, which a side without a match has.

    Attributes
    ----------
    warm_up, decay, prior
        As `research.features._statistics.FormInStatistics`.
    """

    name: ClassVar[str] = "corners"
    kinds: ClassVar[tuple[str, ...]] = ("corners",)
    columns: ClassVar[Mapping[str, Any]] = columns_of(kinds)
