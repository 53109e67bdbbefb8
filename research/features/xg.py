"""Form in expected goals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from research.features._statistics import FormInStatistics, columns_of


@dataclass(frozen=True)
class Xg(FormInStatistics):
    """Expected goals a match of both sides: of the home side at home, of the away side away.

    `home_xg` and `home_xg_conceded`, `away_xg` and `away_xg_conceded`: means with falling weights, drawn towards the
    usual value of the competition, which a side without a match has. A mapping brings the numbers of a source, or
    your own.

    Attributes
    ----------
    warm_up, decay, prior
        As `research.features._statistics.FormInStatistics`.
    """

    name: ClassVar[str] = "xg"
    kinds: ClassVar[tuple[str, ...]] = ("xg",)
    columns: ClassVar[Mapping[str, Any]] = columns_of(kinds)
