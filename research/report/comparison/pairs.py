"""Differences of measures between every two sides, over the events that both bet on."""

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
from research.tapes.matches import match_ids

MEASURES: Final = ("yield", "clv", "pnl")


@dataclass(frozen=True)
class Pair:
    """Two sides over their common events.

    Attributes
    ----------
    first, second : str
        Letters of the sides.
    out_of_sample : bool
        Whether the out-of-sample paths are compared, with P&L after commission; else the configurations, with P&L
        before commission.
    days : int
        Days with common events.
    ratios : dict of str to PairedRatios
        ``yield``; ``clv``: mean closing line value over the bets that have one; ``pnl``: P&L per event over the
        opening bankroll. The ends of an interval are NaN with too few events or days.
    """

    first: str
    second: str
    out_of_sample: bool
    days: int
    ratios: dict[str, PairedRatios]

    @property
    def name(self) -> str:
        """Its name on the page: ``A − B``."""
        return f"{self.first} \N{MINUS SIGN} {self.second}"

    @property
    def common(self) -> int:
        """Number of events that both bet on."""
        return self.ratios["yield"].common

    def sign(self, pairs: int, measure: str = "yield") -> int:
        """1 where the first side is clearly ahead, -1 where the second is, 0 where the difference is not clear.

        Parameters
        ----------
        pairs : int
            Number of pairs on the page: with more than one, the 90 % level is corrected for all of them (Bonferroni).
        measure : str
            One of `MEASURES`.
        """
        difference = self.ratios[measure].difference
        if not difference.known or difference.low <= 0.0 <= difference.high:
            return 0
        needed = NormalDist().inv_cdf(1.0 - (1.0 - difference.level) / 2.0 / pairs)
        if pairs > 1 and abs(difference.estimate) < needed * difference.se:
            return 0
        return 1 if difference.estimate > 0 else -1


def pairs_of(comparison: Comparison, *, out_of_sample: bool) -> list[Pair]:
    """Every two sides in their order; with `out_of_sample` only sides that have an out-of-sample path."""
    sides = [side for side in comparison.sides if not out_of_sample or side.has_path]
    return [
        _pair(first, second, comparison.seed, out_of_sample=out_of_sample) for first, second in combinations(sides, 2)
    ]


def _pair(first: Side, second: Side, seed: int, *, out_of_sample: bool) -> Pair:
    frames = [_bets(side, out_of_sample=out_of_sample) for side in (first, second)]
    shared = frames[0].join(frames[1], on="event_id", how="semi")
    days = int(shared["date"].n_unique())
    ratios: dict[str, PairedRatios] = {}
    for measure in MEASURES:
        sides = [
            _ratio(frame, measure, side.bankroll_minor) for frame, side in zip(frames, (first, second), strict=True)
        ]
        rng = generator(seed, "pair", measure, first.letter, second.letter, out_of_sample)
        ratios[measure] = _reported(paired_ratio(sides[0], sides[1], rng), days)
    return Pair(first.letter, second.letter, out_of_sample, days, ratios)


def _bets(side: Side, *, out_of_sample: bool) -> pl.DataFrame:
    """event_id, date, stake_minor, pnl_minor, clv of the bets that are compared."""
    frame = side.path_bets if out_of_sample and side.path_bets is not None else side.configuration.bets
    if out_of_sample and "net_minor" in frame.columns:
        frame = frame.with_columns(pnl_minor=pl.col("net_minor"))
    date = pl.col("date") if "date" in frame.columns else pl.col("day").alias("date")
    clv = pl.col("clv") if "clv" in frame.columns else pl.lit(None, pl.Float64).alias("clv")
    frame = settled_frame(frame)
    return frame.select(pl.Series("event_id", match_ids(frame)), date, "stake_minor", "pnl_minor", clv)


def _ratio(frame: pl.DataFrame, measure: str, bankroll_minor: float) -> Ratio:
    """Numerator and denominator of a measure, a row a bet (an event for ``pnl``)."""
    if measure == "clv":
        frame = frame.filter(pl.col("clv").is_finite().fill_null(False))
        return Ratio(frame["clv"].to_numpy(), np.ones(len(frame)), frame["event_id"].to_numpy())
    if measure == "pnl":
        sums = frame.group_by("event_id", maintain_order=True).agg(pl.col("pnl_minor").sum())
        return Ratio(sums["pnl_minor"].to_numpy() / bankroll_minor, np.ones(len(sums)), sums["event_id"].to_numpy())
    return Ratio(frame["pnl_minor"].to_numpy(), frame["stake_minor"].to_numpy(), frame["event_id"].to_numpy())


def _reported(ratios: PairedRatios, days: int) -> PairedRatios:
    """The ratios as they are reported: no interval of the difference with too few common events or days."""
    return ratios if enough(ratios.common, days) else replace(ratios, difference=ratios.difference.without_ends())
