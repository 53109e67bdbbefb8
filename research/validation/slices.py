"""Sums of daily series over the parts of folds: all that selecting a configuration needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from research.validation.folds import Cuts

Floats = NDArray[np.float64]

METRICS: Final = ("sharpe", "growth", "yield")
#: what is summed, in the order of the last axis
DAYS, BETS, TURNOVER, PNL, RETURN, SQUARE = range(6)
#: parts of a fold (`folds.Cuts`)
PARTS: Final = 4


def fold_sums(pnl: NDArray[np.float32], returns: NDArray[np.float32], marks: Floats, cuts: Cuts) -> Floats:
    """Sums over the four parts of each fold (`folds.Cuts`) for the configurations of one tape.

    Calendar days of a fold that are not days of the tape count as days without a bet in the second part.

    Parameters
    ----------
    pnl, returns : float32 (configurations, days)
        Daily P&L, minor units; P&L over equity at the start of the day.
    marks : float64 (configurations, 5 * folds, 2)
        Number of bets and total stakes before each cut (`engine.backtesting.block.Daily`).
    cuts : Cuts

    Returns
    -------
    float64 (configurations, folds, 4, 6)
        Days, bets, stakes, P&L, sum of returns, sum of squared returns.
    """
    folds = len(cuts.days)
    edges = cuts.days.ravel()
    out = np.empty((len(pnl), folds, PARTS, 6))
    if not folds:
        return out
    out[..., DAYS] = np.diff(cuts.days, axis=1)
    if len(cuts.calendar_days):
        out[:, :, 1, DAYS] += np.maximum(cuts.calendar_days - (cuts.days[:, -1] - cuts.days[:, 0]), 0)
    out[..., BETS : TURNOVER + 1] = np.diff(marks.reshape(len(pnl), folds, PARTS + 1, 2), axis=2)
    for fold in range(folds):
        for part in range(PARTS):
            edge = (PARTS + 1) * fold + part
            low, high = edges[edge], edges[edge + 1]
            out[:, fold, part, PNL] = pnl[:, low:high].sum(axis=1, dtype=np.float64)
            daily = returns[:, low:high]
            out[:, fold, part, RETURN] = daily.sum(axis=1, dtype=np.float64)
            out[:, fold, part, SQUARE] = np.einsum("cd,cd->c", daily, daily, dtype=np.float64)
    return out


@dataclass(frozen=True)
class TrainingParts:
    """Parts of folds that a choice may learn from: `use` float64 (folds, 4), 1 for a part that counts, else 0."""

    use: Floats

    def sums(self, fold_sums: Floats) -> Floats:
        """Sums over these parts, float64 (configurations, 6); `fold_sums` is that of the function `fold_sums`."""
        total: Floats = np.einsum("cfps,fp->cs", fold_sums, self.use)
        return total


def metric(sums: Floats, name: str) -> Floats:
    """Metric of each row of sums; NaN where it has no value (no stakes, no spread).

    ``sharpe``: mean over standard deviation (divisor n - 1) of the daily returns, not annualised. ``growth``: their
    mean. ``yield``: P&L over stakes.
    """
    n, total = sums[..., DAYS], sums[..., RETURN]
    with np.errstate(divide="ignore", invalid="ignore"):
        if name == "yield":
            return np.where(sums[..., TURNOVER] > 0, sums[..., PNL] / sums[..., TURNOVER], np.nan)
        mean = np.where(n > 0, total / n, np.nan)
        if name == "growth":
            return mean
        variance = (sums[..., SQUARE] - n * mean**2) / (n - 1.0)
        noise = 1e-12 * sums[..., SQUARE] / n
        return np.where((n > 1) & (variance > noise), mean / np.sqrt(variance), np.nan)
