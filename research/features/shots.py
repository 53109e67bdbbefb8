"""Form in shots and in shots on target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from research.features._statistics import FormInStatistics, columns_of


@dataclass(frozen=True)
class Shots(FormInStatistics):
    """Shots a match of both sides: of the home side at home, of the away side away.

    `home_shots` and `home_shots_on_target`, and what they concede: `home_shots_conceded` and
    `home_shots_on_target_conceded`; `away_shots`, `away_shots_conceded`, `away_shots_on_target` and
    `away_shots_on_target_conceded`. Means with falling weights, drawn towards the usual value of the competition, which
    a side without a match has. A match without the statistic does not count.

    Attributes
    ----------
    warm_up, decay, prior
        As `research.features._statistics.FormInStatistics`.
    """

    name: ClassVar[str] = "shots"
    kinds: ClassVar[tuple[str, ...]] = ("shots", "shots_on_target")
    columns: ClassVar[Mapping[str, Any]] = columns_of(kinds)
