"""The days of what was traded, in the form that the bands of a promotion judge."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.clock import midnights
from engine.promotion.bands import NOT_FILLED, Day
from engine.tape import Tape
from research.drift.traded import Traded
from research.promotion.reference import merged, with_surprise


def days_of(traded: Traded, tape: Tape, bankroll_minor: int) -> list[Day]:
    """Days with a decision, in order, up to the last one that has ended: the bands are made for the ends of days.

    Parameters
    ----------
    traded : Traded
    tape : Tape
        Of the same span: closing probabilities and the zone of the days.
    bankroll_minor : int
        Equity before the first day, minor units.
    """
    rows = traded.decisions()
    if rows.is_empty() or traded.until_ns is None:
        return []
    closes = pl.DataFrame({"id": tape.id, "close": tape.close_prob, "is_lay": tape.is_lay}).fill_nan(None)
    rows = rows.join(closes, on="id", how="left", maintain_order="left")
    first, later = midnights(int(rows["decided_ns"].min()), traded.until_ns, tape.zone)  # type: ignore[arg-type]
    starts = np.concatenate([[first], later[later <= traded.until_ns]])

    def per_day(instants: pl.Series, weights: pl.Series | None = None) -> NDArray[np.float64]:
        place = np.searchsorted(starts, instants.to_numpy(), side="right") - 1
        values = None if weights is None else weights.to_numpy()
        return np.bincount(np.maximum(place, 0), weights=values, minlength=len(starts)).astype(np.float64)

    bets = rows.filter(pl.col("reason") == "placed")
    lost = rows.filter(pl.col("reason").is_in(NOT_FILLED))
    settled = bets.filter(pl.col("settled_ns").is_not_null())
    odds = pl.col("odds_placed")
    backed = pl.when(pl.col("is_lay") == 1).then(odds / (odds - 1.0)).otherwise(odds)
    told = with_surprise(settled)
    closed = settled.with_columns(clv=backed * pl.col("close") - 1.0).drop_nulls("clv")
    paid = pl.DataFrame(traded.paid, schema={"at": pl.Int64, "amount": pl.Int64}, orient="row")
    pnl = per_day(settled["settled_ns"], settled["pnl_minor"]) + per_day(paid["at"], paid["amount"])
    equity = bankroll_minor + np.concatenate([[0.0], np.cumsum(pnl)[:-1]])
    table = pl.DataFrame(
        {
            "decisions": per_day(rows["decided_ns"]),
            "bets": per_day(bets["decided_ns"]),
            "attempts": per_day(bets["decided_ns"]) + per_day(lost["decided_ns"]),
            "stake_minor": per_day(settled["settled_ns"], settled["stake_minor"]),
            "pnl_minor": pnl,
            "clv_sum": per_day(closed["settled_ns"], closed["clv"]),
            "clv_n": per_day(closed["settled_ns"]),
            "return_frac": np.divide(pnl, equity, out=np.zeros_like(pnl), where=equity > 0.0),
            "surprise_sum": per_day(told["settled_ns"], told["surprise"]),
            "surprise_n": per_day(told["settled_ns"]),
        }
    )
    whole = ("decisions", "bets", "attempts", "stake_minor", "pnl_minor", "clv_n", "surprise_n")
    return merged(table.with_columns(pl.col(whole).cast(pl.Int64)).head(-1))
