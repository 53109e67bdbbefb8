"""Differences of measures between each two sides, over the events that both bet on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from statistics import NormalDist
from typing import Final

import numpy as np
import polars as pl

from research.inference.bootstrap import enough, generator
from research.inference.differences import PairedRatios, Ratio, paired_ratio
from research.report.breakdown import settled_frame
from research.report.comparison.sides import Comparison, Side

MEASURES: Final = ("yield", "clv", "pnl")


@dataclass(frozen=True)
class Pair:
    """Two sides over their common events.

    Attributes
    ----------
    first, second : str
        Letters.
    outside : bool
        Whether the out-of-sample paths are compared (P&L after commission), or the configurations (before it).
    days : int
        Days of the common events.
    found : dict of str to Paired
        ``yield``; ``clv``: mean closing line value over the bets that have one; ``pnl``: P&L an event over the
        opening bankroll. No ends of an interval where there is too little.
    """

    first: str
    second: str
    outside: bool
    days: int
    found: dict[str, PairedRatios]

    @property
    def name(self) -> str:
        """How the page calls it: ``A − B``."""
        return f"{self.first} \N{MINUS SIGN} {self.second}"

    @property
    def common(self) -> int:
        """Events that both bet on."""
        return self.found["yield"].common

    def apart(self, pairs: int, measure: str = "yield") -> int:
        """1 where the first is ahead by more than luck, -1 where the second is, 0 where they cannot be told apart.

        At 90 % for one pair; for more of them with Bonferroni's correction for all.
        """
        found = self.found[measure].difference
        if not found.known or found.low <= 0.0 <= found.high:
            return 0
        needed = NormalDist().inv_cdf(1.0 - (1.0 - found.level) / 2.0 / pairs)
        if pairs > 1 and abs(found.estimate) < needed * found.se:
            return 0
        return 1 if found.estimate > 0 else -1


def pairs_of(of: Comparison, *, outside: bool) -> list[Pair]:
    """Each two sides in their order; with `outside` those that both have an out-of-sample path."""
    sides = [side for side in of.sides if not outside or side.walked]
    return [_pair(one, other, of.seed, outside=outside) for one, other in combinations(sides, 2)]


def _pair(first: Side, second: Side, seed: int, *, outside: bool) -> Pair:
    frames = [_bets(side, outside=outside) for side in (first, second)]
    shared = frames[0].join(frames[1], on="event_id", how="semi")
    days = int(shared["date"].n_unique())
    found: dict[str, PairedRatios] = {}
    for measure in MEASURES:
        sides = [
            _ratio(frame, measure, side.bankroll_minor) for frame, side in zip(frames, (first, second), strict=True)
        ]
        rng = generator(seed, "pair", measure, first.letter, second.letter, outside)
        found[measure] = _enough(paired_ratio(sides[0], sides[1], rng), days)
    return Pair(first.letter, second.letter, outside, days, found)


def _bets(side: Side, *, outside: bool) -> pl.DataFrame:
    """event_id, date, stake_minor, pnl_minor, clv of the bets that are compared."""
    frame = side.path_bets if outside and side.path_bets is not None else side.chosen.bets
    if outside and "net_minor" in frame.columns:
        frame = frame.with_columns(pnl_minor=pl.col("net_minor"))
    date = pl.col("date") if "date" in frame.columns else pl.col("day").alias("date")
    clv = pl.col("clv") if "clv" in frame.columns else pl.lit(None, pl.Float64).alias("clv")
    return settled_frame(frame).select("event_id", date, "stake_minor", "pnl_minor", clv)


def _ratio(frame: pl.DataFrame, measure: str, bankroll_minor: float) -> Ratio:
    if measure == "clv":
        frame = frame.filter(pl.col("clv").is_finite().fill_null(False))
        return Ratio(frame["clv"].to_numpy(), np.ones(len(frame)), frame["event_id"].to_numpy())
    if measure == "pnl":
        sums = frame.group_by("event_id", maintain_order=True).agg(pl.col("pnl_minor").sum())
        return Ratio(sums["pnl_minor"].to_numpy() / bankroll_minor, np.ones(len(sums)), sums["event_id"].to_numpy())
    return Ratio(frame["pnl_minor"].to_numpy(), frame["stake_minor"].to_numpy(), frame["event_id"].to_numpy())


def _enough(found: PairedRatios, days: int) -> PairedRatios:
    """The difference, without its interval where common events (counted like bets) or their days are too few."""
    return found if enough(found.common, days) else replace(found, difference=found.difference.without_ends())
