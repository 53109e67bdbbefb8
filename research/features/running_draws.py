"""The share of draws of a competition so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import polars as pl

from engine.asof.features import latest_before

_GROUP: Final = ("sport", "competition")
_COUNTS: Final = ("n_played", "n_draws")


@dataclass
class _Running:
    """Numbers of matches and of draws of each competition."""

    warm_up: int
    counts: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def update(self, result: Mapping[str, Any], settled_ns: int) -> None:
        """Count a match that was played."""
        home, away = result["home_score"], result["away_score"]
        if result["status"] != "played" or home is None or away is None:
            return
        group = result["sport"], result["competition"]
        played, draws = self.counts.get(group, (0, 0))
        self.counts[group] = played + 1, draws + (home == away)

    def value(self, event: Mapping[str, Any], decided_ns: int) -> tuple[int, float | None]:
        """Number of matches, and the share of draws."""
        played, draws = self.counts.get((event["sport"], event["competition"]), (0, 0))
        return played, draws / played if played >= self.warm_up else None


@dataclass(frozen=True)
class RunningDraws:
    """Columns `n_played`, matches of the competition settled so far, and `draw_share`, the share of draws among them.

    A match without two scores, or not played to its end, is none. Competitions are kept apart, seasons are not.

    Attributes
    ----------
    warm_up : int
        The share is null until so many matches are settled.
    """

    name: ClassVar[str] = "running_draws"
    columns: ClassVar[Mapping[str, Any]] = {"n_played": pl.Int64, "draw_share": pl.Float64}
    warm_up: int = 100

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """Counts after each result, joined to the decisions after it."""
        drawn = pl.col("home_score") == pl.col("away_score")
        states = results.filter(pl.col("status") == "played", drawn.is_not_null()).select(
            "settled_at",
            *_GROUP,
            n_played=pl.int_range(1, pl.len() + 1).over(_GROUP),
            n_draws=drawn.cast(pl.Int64).cum_sum().over(_GROUP),
        )
        counts = latest_before(asked, states, _GROUP).with_columns(pl.col(_COUNTS).fill_null(0))
        known = pl.col("n_played") >= self.warm_up
        return counts.select("n_played", draw_share=pl.when(known).then(pl.col("n_draws") / pl.col("n_played")))

    def start(self) -> _Running:
        """Nothing counted yet."""
        return _Running(self.warm_up)
