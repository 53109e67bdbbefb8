"""The bankroll over days: balance, drawdown, time under water, and the bands of resampled days."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.inference.bootstrap import generator
from research.inference.fan import Days, fan

Floats = NDArray[np.float64]

#: most points of a line: a longer one is thinned, its drawdown to the deepest of each bin
POINTS: Final = 240


def balance(daily: pl.DataFrame) -> Floats:
    """Equity before the first day and at the end of each day, minor units, (d + 1,)."""
    first = float(daily["equity_start_minor"][0])
    profit = daily["pnl_minor"].cast(pl.Float64).fill_null(0.0).to_numpy()
    return np.concatenate([[first], first + np.cumsum(profit)])


def drawdown(daily: pl.DataFrame) -> Floats:
    """Drawdown from the peak so far as a fraction of it, before the first day and at the end of each day, (d + 1,)."""
    equity = balance(daily)
    peak = np.maximum.accumulate(equity)
    return np.where(peak > 0, (peak - equity) / np.where(peak > 0, peak, 1.0), 0.0)


def under_water(daily: pl.DataFrame) -> tuple[int, dt.date | None, bool]:
    """The longest time below an earlier peak, at the end of days.

    Returns
    -------
    int
        Days that ended below the peak, one after another; 0 where there was none.
    date or None
        The first of them.
    bool
        Whether a day reached the peak again.
    """
    below = drawdown(daily)[1:] > 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], below, [False]]).astype(np.int8)))
    begins, ends = edges[::2], edges[1::2]
    if not len(begins):
        return 0, None, True
    longest = int(np.argmax(ends - begins))
    return int((ends - begins)[longest]), daily["date"][int(begins[longest])], bool(ends[longest] < len(below))


def point_ends(days: int) -> NDArray[np.int64]:
    """Last day, counted from 1, of each point after the start."""
    points = min(days, POINTS)
    return np.ceil(np.arange(1, points + 1) * days / points - 1e-9).astype(np.int64)


def bands(daily: pl.DataFrame, seed: int, purpose: str = "fan", compounds: bool = False) -> Floats:
    """Quantiles of the equity of resampled days at the points of the frame's track, minor units, (5, points).

    Parameters
    ----------
    daily : polars.DataFrame
        pnl_minor, equity_start_minor; `compounds`, if there is such a column, says it day by day.
    seed : int
    purpose : str
        Names the draws.
    compounds : bool
        Whether stakes are fractions of the bankroll, so that a day's result is a share of the equity.
    """
    profit = daily["pnl_minor"].cast(pl.Float64).fill_null(0.0).to_numpy()
    start = daily["equity_start_minor"].cast(pl.Float64).to_numpy()
    shares = daily["compounds"].to_numpy() if "compounds" in daily.columns else np.full(len(daily), compounds)
    ends = point_ends(len(daily))
    point = np.searchsorted(ends, np.arange(1, len(daily) + 1))
    quantiles = fan(Days(profit, start, shares, point), len(ends), generator(seed, purpose))
    return np.concatenate([np.full((5, 1), start[0]), quantiles], axis=1)
