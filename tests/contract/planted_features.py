"""Features with a planted mistake, and honest versions of them that differ in one filter only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import polars as pl

from engine.asof.features import AFTER, BEFORE
from engine.asof.running import replayed
from engine.schema import ALL_EVENTS, INSTANT_DTYPE

#: which results a decision counts, of pairs with the decision's columns under their names and the result's as ``r_...``
Filter = Callable[[], pl.Expr]


def form_without_shift() -> pl.Expr:
    """The matches of the home side up to the match itself, and with it: a rolling mean that was not shifted."""
    return ((pl.col("home") == pl.col("r_home")) | (pl.col("home") == pl.col("r_away"))) & (
        pl.col("r_date") <= pl.col("date")
    )


def label_of_the_date() -> pl.Expr:
    """The matches of the same date."""
    return pl.col("r_date") == pl.col("date")


def season_end_table() -> pl.Expr:
    """The matches of the home side in the season, all of them."""
    return (pl.col("season") == pl.col("r_season")) & (pl.col("home") == pl.col("r_home"))


def settled_at_the_decision() -> pl.Expr:
    """The matches that are settled by the instant of the decision, and at it."""
    return pl.col("r_settled_at") <= pl.col("decided_at")


IDEAS: Mapping[str, Filter] = {
    "form without shift": form_without_shift,
    "label of the same date": label_of_the_date,
    "season-end table": season_end_table,
    "settled at the decision": settled_at_the_decision,
}


@dataclass(frozen=True)
class PlantedFeature:
    """Number of some results, `n`, and sum of their `goals` at home; if honest, of those before the decision."""

    name: ClassVar[str] = "planted"
    columns: ClassVar[Mapping[str, Any]] = {"n": pl.Int64, "goals": pl.Int64}
    idea: Filter
    honest: bool = False

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """All pairs of a decision and a result."""
        rows = asked.with_row_index("_row")
        told = results.select("date", "season", "home", "away", "settled_at", "home_score").rename(
            lambda name: f"r_{name}"
        )
        known = self.idea() & (pl.col("r_settled_at") < pl.col("decided_at")) if self.honest else self.idea()
        pairs = rows.join(told, how="cross").filter(known)
        counted = pairs.group_by("_row").agg(
            n=pl.len().cast(pl.Int64), goals=pl.col("r_home_score").sum().cast(pl.Int64)
        )
        return rows.join(counted, on="_row", how="left", maintain_order="left").select("n", "goals")

    def start(self) -> _Running:
        """The incremental form sees no later result, whatever the idea."""
        return _Running(self)


@dataclass
class _Running:
    """All results so far."""

    made: PlantedFeature
    results: list[dict[str, Any]] = field(default_factory=list)

    def update(self, result: Mapping[str, Any], settled_ns: int) -> None:
        """Keep it."""
        self.results.append({**result, "settled_at": settled_ns})

    def value(self, event: Mapping[str, Any], decided_ns: int) -> tuple[Any, ...]:
        """The batch form over what was told."""
        told = _framed(self.results, "settled_at", (*BEFORE, *AFTER))
        return self.made.batch(told, _framed([{**event, "decided_at": decided_ns}], "decided_at", BEFORE)).row(0)


def _framed(rows: Sequence[Mapping[str, Any]], instant: str, names: Sequence[str]) -> pl.DataFrame:
    schema = {name: ALL_EVENTS[name] for name in names} | {instant: pl.Int64}
    return pl.DataFrame(list(rows), schema=schema, orient="row").with_columns(pl.col(instant).cast(INSTANT_DTYPE))


@dataclass(frozen=True)
class OneAfterAnother:
    """An Elo rating that takes the results of an instant one after another: `rating` of the home side."""

    name: ClassVar[str] = "one_after_another"
    columns: ClassVar[Mapping[str, Any]] = {"rating": pl.Float64}

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The running form over all results."""
        return replayed(self, ("home", "away", "home_score", "away_score"), results, asked)

    def start(self) -> _Ratings:
        """No match yet."""
        return _Ratings()


@dataclass
class _Ratings:
    known: dict[str, float] = field(default_factory=dict)

    def update(self, result: Mapping[str, Any], settled_ns: int) -> None:
        """Move both sides at once."""
        if result["home_score"] is None or result["away_score"] is None:
            return
        home, away = (self.known.get(result[side], 0.0) for side in ("home", "away"))
        step = 0.1 * (result["home_score"] - result["away_score"] - (home - away))
        self.known[result["home"]], self.known[result["away"]] = home + step, away - step

    def value(self, event: Mapping[str, Any], decided_ns: int) -> tuple[float | None, ...]:
        """The rating."""
        return (self.known.get(event["home"]),)
