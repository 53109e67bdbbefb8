"""The days of a configuration's own backtest, as the bands and the gates read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from engine.backtesting.path import Path
from engine.promotion.bands import FIELDS, NOT_FILLED, Day, as_back, surprise
from engine.tape import Tape
from research.verdict.findings import Findings

ALL_DAYS: Final = "all days of the backtest, none of them out of sample"


@dataclass(frozen=True)
class Reference:
    """Days of a backtest.

    Attributes
    ----------
    basis : str
        Which days these are.
    days : tuple of Day
    spans : tuple of (date, date)
        First and last days of the out-of-sample folds; empty: there is none.
    bets : polars.DataFrame
        The bets decided in the spans (`engine.backtesting.path.Path.bets`); without a span none.
    until_ns : int
        Last instant that any of it rests on: a decision, or the settlement of a bet.
    """

    basis: str
    days: tuple[Day, ...]
    spans: tuple[tuple[dt.date, dt.date], ...]
    bets: pl.DataFrame
    until_ns: int = 0


def spans_of(findings: Findings | None, config: int) -> tuple[tuple[dt.date, dt.date], ...]:
    """The folds for which a configuration was selected by the days before them: out of sample for it."""
    windows = () if findings is None else findings.windows
    chosen = [window for window in windows if window.config == config]
    return tuple((dt.date.fromisoformat(window.first), dt.date.fromisoformat(window.last)) for window in chosen)


def reference_of(path: Path, tape: Tape, spans: Sequence[tuple[dt.date, dt.date]]) -> Reference:
    """The out-of-sample days of a configuration; all of its days where there is none.

    Parameters
    ----------
    path : Path
        Of the configuration.
    tape : Tape
        That it walked along.
    spans : sequence of (date, date)
        From `spans_of`.
    """
    table = day_table(path, tape)
    dates = table["date"]
    inside = _within(dates, spans)
    day_of_bet = _days(tape, path.bets["decided_at"].cast(pl.Int64).to_numpy(), len(dates))
    own = path.bets.filter(pl.Series(inside.to_numpy()[day_of_bet])) if path.bets.height else path.bets
    last = path.bets["settled_at"].cast(pl.Int64).max() if path.bets.height else None
    until_ns = max(int(tape.decided_at.max(initial=0)), 0 if last is None else int(last))  # type: ignore[arg-type]
    if not spans:
        return Reference(ALL_DAYS, tuple(merged(table)), (), path.bets.clear(), until_ns)
    basis = f"days of the {len(spans)} fold{'s' * (len(spans) != 1)} for which earlier days selected the configuration"
    return Reference(basis, tuple(merged(table.filter(inside))), tuple(spans), own, until_ns)


def _within(dates: pl.Series, spans: Sequence[tuple[dt.date, dt.date]]) -> pl.Series:
    inside = pl.repeat(False, len(dates), dtype=pl.Boolean, eager=True)
    for first, last in spans:
        inside = inside | dates.is_between(first, last)
    return inside


def day_table(path: Path, tape: Tape) -> pl.DataFrame:
    """A row for each calendar day: date, decisions, and the fields of `engine.promotion.bands.Day`.

    Parameters
    ----------
    path : Path
    tape : Tape
    """
    daily, count = path.daily, path.daily.height
    reasons = path.row_reasons.cast(pl.String)

    def per_day(instants: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(_days(tape, instants, count), weights=weights, minlength=count)[:count]

    lost = per_day(tape.decided_at[reasons.is_in(NOT_FILLED).to_numpy()]).astype(np.int64)
    settled = path.bets.filter(pl.col("settled_at").is_not_null() & (pl.col("state") != "open"))
    at = settled["settled_at"].cast(pl.Int64).to_numpy()
    closed = settled.filter(pl.col("clv").is_not_null())
    closed_at = closed["settled_at"].cast(pl.Int64).to_numpy()
    edges = pl.Series(tape.edge_frac[settled["row"].to_numpy()], dtype=pl.Float64)
    told = with_surprise(settled.with_columns(edge_frac=edges))
    told_at = told["settled_at"].cast(pl.Int64).to_numpy()
    return pl.DataFrame(
        {
            "date": daily["date"],
            "decisions": per_day(tape.decided_at).astype(np.int64),
            "bets": daily["n_bets"],
            "attempts": daily["n_bets"].to_numpy() + lost,
            "stake_minor": per_day(at, settled["stake_minor"].to_numpy()).astype(np.int64),
            "pnl_minor": daily["pnl_minor"],
            "clv_sum": per_day(closed_at, closed["clv"].to_numpy()).astype(np.float64),
            "clv_n": per_day(closed_at).astype(np.int64),
            "return_frac": daily["return_frac"],
            "surprise_sum": per_day(told_at, told["surprise"].to_numpy()).astype(np.float64),
            "surprise_n": per_day(told_at).astype(np.int64),
        }
    )


def with_surprise(settled: pl.DataFrame) -> pl.DataFrame:
    """The settled bets that have an `engine.promotion.bands.surprise`, with it, from state, side, odds, edge_frac."""
    bets = settled.select("state", "side", "odds", "edge_frac").iter_rows()
    values = [surprise(state, as_back(side, odds), edge_frac) for state, side, odds, edge_frac in bets]
    told = pl.Series("surprise", values, dtype=pl.Float64).fill_nan(None)
    return settled.with_columns(told).drop_nulls("surprise")


def _days(tape: Tape, instants: np.ndarray, count: int) -> np.ndarray:
    """Number of the day that each instant is in; what is later than all `count` days is in the last one."""
    days: np.ndarray = np.minimum(np.searchsorted(tape.midnights, instants, side="right"), max(count - 1, 0))
    return days


def merged(table: pl.DataFrame) -> list[Day]:
    """Days with a decision; what happens on other days counts with the one before, and before the first it is left out.

    Parameters
    ----------
    table : polars.DataFrame
        From `day_table`.
    """
    number = (pl.col("decisions") > 0).cum_sum().alias("number")
    days = (
        table.with_columns(number)
        .filter(pl.col("number") > 0)
        .group_by("number", maintain_order=True)
        .agg(
            pl.col([name for name in FIELDS if name != "return_frac"]).sum(),
            ((1.0 + pl.col("return_frac")).product() - 1.0).alias("return_frac"),
        )
        .drop("number")
    )
    return [Day(**row) for row in days.iter_rows(named=True)]
