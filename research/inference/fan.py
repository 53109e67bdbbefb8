"""The fan behind an equity line: where else the bankroll could have gone, if the days had been drawn again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.inference.bootstrap import REPLICATES

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Days:
    """The days of an equity line.

    Attributes
    ----------
    profit : float64 (d,)
        P&L of each day, minor units.
    start : float64 (d,)
        Equity at the start of each day, minor units.
    compounds : bool (d,)
        Whether the stakes of the day are fractions of the bankroll: its P&L is then a share of the equity, and else an
        amount.
    point : int64 (d,)
        Index of the point of the line at or before which the day ends; ascending.
    """

    profit: Floats
    start: Floats
    compounds: NDArray[np.bool_]
    point: NDArray[np.int64]


def fan(days: Days, points: int, rng: np.random.Generator, replicates: int = REPLICATES) -> Floats:
    """Fan chart of an equity line: quantiles of the equity over resampled days.

    Days are the clusters: a day holds all bets of its events. A replicate draws as many days as there are with a P&L,
    with replacement. A day keeps its date, and one drawn twice counts twice there. Equity at zero stays there.

    Parameters
    ----------
    days : Days
    points : int
        Points of the line.
    rng : numpy.random.Generator
    replicates : int

    Returns
    -------
    (5, points) float64
        Quantiles 5, 25, 50, 75 and 95 % of the equity at each point, minor units, at least 0.
    """
    active = np.flatnonzero(days.profit != 0.0)
    opening = float(days.start[0]) if len(days.start) else 0.0
    drawn = np.zeros((len(active), replicates), np.int16)
    for replicate in range(replicates if len(active) else 0):
        drawn[:, replicate] = np.bincount(rng.integers(0, len(active), len(active)), minlength=len(active))
    equity, out, filled = np.full(replicates, max(opening, 0.0)), np.empty((5, points)), 0
    for day, times in zip(active, drawn, strict=True):
        if days.point[day] > filled:
            out[:, filled : days.point[day]] = _quantiles(equity)[:, None]
            filled = int(days.point[day])
        if days.compounds[day] and days.start[day] > 0.0:
            equity = equity * max(0.0, 1.0 + days.profit[day] / days.start[day]) ** times
        else:
            equity = np.where(equity > 0.0, np.maximum(equity + times * days.profit[day], 0.0), 0.0)
    out[:, filled:] = _quantiles(equity)[:, None]
    return out


def _quantiles(values: Floats) -> Floats:
    quantiles: Floats = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
    return quantiles
