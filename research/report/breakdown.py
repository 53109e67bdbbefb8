"""Bets in groups, each with its yield and a bootstrap interval that resamples events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from engine.plausibility.winnings import event_sums
from research.inference.bootstrap import FEWEST_BETS, Interval, generator, ratio_interval
from research.tapes.matches import match_ids, with_matches

#: boundaries of the odds bands; the lower boundary belongs to a band
ODDS_BOUNDARIES: Final = (1.5, 2.0, 3.0, 5.0, 10.0)
#: groups by competition or another name at most; the rest form one group
COMPETITIONS: Final = 12
#: more months than this are grouped by month of the year
MONTHS: Final = 18
MONTH_NAMES: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

#: decimal places to which values are equal: differences beyond are noise of the arithmetic
_EQUAL: Final = 12

GROUPINGS: Final = ("odds", "competition", "season", "month", "regime", "market", "selection", "bookmaker")
#: groupings by a name: the largest groups, and the rest as one
_NAMES: Final = ("competition", "market", "selection", "bookmaker")


@dataclass(frozen=True)
class Group:
    """Bets of one group.

    Attributes
    ----------
    name : str
        May be foreign text, such as the name of a competition: escape it.
    n_bets, n_events : int
    turnover_minor, pnl_minor : float
        Sums in minor units; P&L before commission.
    interval : Interval
        Yield with its interval.
    position : float
        Mean of the quantity that defines the groups (edge, CLV); NaN for other groups.
    """

    name: str
    n_bets: int
    n_events: int
    turnover_minor: float
    pnl_minor: float
    interval: Interval
    position: float = float("nan")


def reported(interval: Interval, bets: pl.DataFrame) -> Interval:
    """An interval as it is reported: its ends and standard error are NaN where there are too few bets for them."""
    return interval.if_enough(len(bets), bets["date"].n_unique())


def settled_frame(bets: pl.DataFrame) -> pl.DataFrame:
    """Bets without nulls in the money columns: the P&L of an open bet counts as 0."""
    return bets.with_columns(
        pl.col("pnl_minor").cast(pl.Float64).fill_null(0.0).fill_nan(0.0),
        pl.col("stake_minor").cast(pl.Float64).fill_null(0.0).fill_nan(0.0),
    )


def yield_interval(bets: pl.DataFrame, seed: int, *purpose: object) -> Interval:
    """Yield of all bets before commission; the interval resamples events. NaN without bets."""
    frame = settled_frame(bets)
    interval = ratio_interval(
        frame["pnl_minor"].to_numpy(),
        frame["stake_minor"].to_numpy(),
        match_ids(frame),
        generator(seed, "yield", *purpose),
    )
    return reported(interval, bets)


def mean_interval(bets: pl.DataFrame, column: str, seed: int) -> Interval:
    """Unweighted mean of a column over bets with a value; the interval resamples events. NaN without values."""
    frame = bets.filter(pl.col(column).is_finite().fill_null(False))
    values, rng = frame[column].to_numpy(), generator(seed, "mean", column)
    return reported(ratio_interval(values, np.ones(len(values)), match_ids(frame), rng), frame)


def roi_interval(bets: pl.DataFrame, bankroll_minor: float, seed: int) -> Interval:
    """P&L after commission (column `net_minor`) over the opening bankroll; the interval resamples events."""
    sums = event_sums(bets["net_minor"].to_numpy(), match_ids(bets))[:, 0]
    shares = np.full(
        len(sums), bankroll_minor / max(len(sums), 1)
    )  # a resample of as many events always adds up to the bankroll
    return reported(ratio_interval(sums, shares, np.arange(len(sums)), generator(seed, "roi")), bets)


def has_regimes(bets: pl.DataFrame) -> bool:
    """Whether any bet states its regime."""
    return "regime" in bets.columns and bets["regime"].null_count() < bets.height


def month_is_calendar(bets: pl.DataFrame) -> bool:
    """Whether bets are grouped by month of the year because there are too many months to show each."""
    return int(bets.select(pl.col("date").dt.truncate("1mo").n_unique()).item()) > MONTHS


def _named(bets: pl.DataFrame, by: str) -> tuple[pl.Expr, pl.Expr]:
    """Order and name of each bet's group."""
    if by == "odds":
        band = pl.sum_horizontal([(pl.col("odds") >= boundary).cast(pl.Int64) for boundary in ODDS_BOUNDARIES])
        names = ["< 1.5", "1.5–2", "2–3", "3–5", "5–10", "≥ 10"]
        return band, band.replace_strict(dict(enumerate(names)), return_dtype=pl.String)
    if by == "month":
        if month_is_calendar(bets):
            month = pl.col("date").dt.month().cast(pl.Int64)
            return month, month.replace_strict(dict(enumerate(MONTH_NAMES, start=1)), return_dtype=pl.String)
        start = pl.col("date").dt.truncate("1mo")
        return start.dt.epoch("d").cast(pl.Int64), start.dt.strftime("%Y-%m")
    if by == "season":
        name = pl.col("season").fill_null("not given")
        return name.rank("dense").cast(pl.Int64), name
    if by in _NAMES:
        name = (pl.col(by) if by in bets.columns else pl.lit(None, pl.String)).fill_null("not given")
        most = bets.group_by(name.alias("name")).len().sort(["len", "name"], descending=[True, False])["name"].to_list()
        named = most if len(most) <= COMPETITIONS else most[: COMPETITIONS - 1]
        rest = f"{len(most) - len(named)} others"
        place = {key: index for index, key in enumerate(named)}
        order = name.replace_strict(place, default=len(named), return_dtype=pl.Int64)
        return order, pl.when(order < len(named)).then(name).otherwise(pl.lit(rest))
    if by == "regime":
        number = pl.col("regime") if "regime" in bets.columns else pl.lit(None, pl.Int64)
        return number.fill_null(-1), pl.when(number.is_null()).then(pl.lit("unknown")).otherwise(number.cast(pl.String))
    raise ValueError(f"groups by {by!r}: expected one of {', '.join(GROUPINGS)}")


def _groups(frame: pl.DataFrame, seed: int, purpose: str) -> list[Group]:
    """Groups of a frame with columns `order`, `name` and `position`."""
    out = []
    for part in with_matches(frame).sort("order", maintain_order=True).partition_by("order", maintain_order=True):
        name = str(part["name"][0])
        rng = generator(seed, "yield", purpose, name)
        event = part["match"].to_numpy()
        stake, pnl = part["stake_minor"].to_numpy(), part["pnl_minor"].to_numpy()
        out.append(
            Group(
                name=name,
                n_bets=len(part),
                n_events=len(np.unique(event)),
                turnover_minor=float(stake.sum()),
                pnl_minor=float(pnl.sum()),
                interval=reported(ratio_interval(pnl, stake, event, rng), part),
                position=float(np.mean(part["position"].to_numpy())),
            )
        )
    return out


def yield_groups(bets: pl.DataFrame, by: str, seed: int = 0) -> list[Group]:
    """Yield by odds band, competition, season, month, market, selection or bookmaker, before commission.

    Parameters
    ----------
    bets : polars.DataFrame
        The bet log of a configuration.
    by : str
        One of `GROUPINGS`.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    list of Group
        In the order of the axis; names by number of bets. Empty without bets.

    Raises
    ------
    ValueError
        `by` is not one of `GROUPINGS`.
    """
    if bets.is_empty():
        return []
    order, name = _named(bets, by)
    frame = settled_frame(bets).with_columns(order.alias("order"), name.alias("name"), position=pl.lit(float("nan")))
    return _groups(frame, seed, by)


def quantile_groups(bets: pl.DataFrame, column: str, seed: int = 0, parts: int = 10) -> list[Group]:
    """Yield by deciles of a column (edge, CLV); fewer groups where a decile would hold too few bets.

    Bets of equal value stay in one group, so the groups do not depend on the order of the log. Bets without a value are
    left out. Empty with fewer than 200 bets.
    """
    frame = settled_frame(bets).filter(pl.col(column).is_finite().fill_null(False))
    parts = min(parts, len(frame) // FEWEST_BETS)
    if parts < 2:
        return []
    place = (pl.col(column).round(_EQUAL).rank("min") - 1).cast(pl.Int64) * parts // len(frame)
    frame = frame.with_columns(order=place, position=pl.col(column).cast(pl.Float64))
    frame = frame.with_columns(name=pl.col("order").rank("dense").cast(pl.String))
    return _groups(frame, seed, column)
