"""When a path is bankrupt: at most one per cent of its opening bankroll is left at the end of a day."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

#: share of the opening bankroll at or below which a path is bankrupt
LEFT: Final = 0.01
#: file of a run: config, date
BANKRUPT: Final = "bankrupt.parquet"
BANKRUPT_SCHEMA: Final = {"config": pl.Int64, "date": pl.Date}
#: day of a path that is never bankrupt
NEVER_BANKRUPT: Final = -1


def bankrupt_days(pnl: ArrayLike, bankroll: ArrayLike) -> NDArray[np.int64]:
    """The first day at whose end a path is bankrupt, from 0; `NEVER_BANKRUPT` where there is none.

    Parameters
    ----------
    pnl : (configurations, days) float
        After commission, minor units; no NaN.
    bankroll : (configurations,) float
        Opening bankroll, minor units.

    Returns
    -------
    int64 (configurations,)
    """
    days, opening = np.asarray(pnl), np.asarray(bankroll, np.float64)
    if not days.shape[1]:
        return np.full(len(days), NEVER_BANKRUPT, np.int64)
    gone = np.cumsum(days, axis=1, dtype=np.float64) <= (LEFT - 1.0) * opening[:, None]
    return np.where(gone.any(axis=1), gone.argmax(axis=1), NEVER_BANKRUPT)


def bankrupt_on(daily: pl.DataFrame) -> dt.date | None:
    """The first day at whose end a path is bankrupt.

    Parameters
    ----------
    daily : polars.DataFrame
        Its days: date, pnl_minor (after commission; null: 0), equity_start_minor.

    Returns
    -------
    date or None
        None without days, or where it is never bankrupt.
    """
    if daily.is_empty():
        return None
    pnl = daily["pnl_minor"].cast(pl.Float64).fill_null(0.0).to_numpy()
    day = int(bankrupt_days(pnl[None, :], daily["equity_start_minor"][:1].cast(pl.Float64).to_numpy())[0])
    found: dt.date | None = None if day == NEVER_BANKRUPT else daily["date"][day]
    return found
