"""Sums of the series of configurations over the parts of folds: all that a choice needs to know of them."""

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


def slices(pnl: NDArray[np.float32], returns: NDArray[np.float32], marks: Floats, cuts: Cuts) -> Floats:
    """Sums of one tape's configurations over the four parts of each fold (`folds.Cuts`).

    Calendar days of a fold on which the tape has no day of its own are days without a bet in its second part.

    Parameters
    ----------
    pnl, returns : float32 (configurations, days)
        P&L by day in minor units; P&L over equity at the day's start.
    marks : float64 (configurations, 5 * folds, 2)
        Bets and stakes before each cut (`engine.backtesting.block.Daily`).
    cuts : Cuts

    Returns
    -------
    float64 (configurations, folds, 4, 6): days, bets, stakes, P&L, sum of returns, sum of their squares.
    """
    folds = len(cuts.days)
    edges = cuts.days.ravel()
    out = np.empty((len(pnl), folds, PARTS, 6))
    if not folds:
        return out
    out[..., DAYS] = np.diff(cuts.days, axis=1)
    if len(cuts.length):
        out[:, :, 1, DAYS] += np.maximum(cuts.length - (cuts.days[:, -1] - cuts.days[:, 0]), 0)
    out[..., BETS : TURNOVER + 1] = np.diff(marks.reshape(len(pnl), folds, PARTS + 1, 2), axis=2)
    for fold in range(folds):
        for part in range(PARTS):
            at = (PARTS + 1) * fold + part
            low, high = edges[at], edges[at + 1]
            out[:, fold, part, PNL] = pnl[:, low:high].sum(axis=1, dtype=np.float64)
            own = returns[:, low:high]
            out[:, fold, part, RETURN] = own.sum(axis=1, dtype=np.float64)
            out[:, fold, part, SQUARE] = np.einsum("cd,cd->c", own, own, dtype=np.float64)
    return out


@dataclass(frozen=True)
class Learned:
    """What a choice looks at: `use` float64 (folds, 4), 1 for the parts of folds that count."""

    use: Floats

    def sums(self, of: Floats) -> Floats:
        """Sums over these parts; (configurations, 6)."""
        found: Floats = np.einsum("cfps,fp->cs", of, self.use)
        return found


def metric(sums: Floats, name: str) -> Floats:
    """A metric of rows of sums; NaN where it has no value (no stakes, no spread).

    ``sharpe``: mean over standard deviation (divisor n - 1) of daily returns; ``growth``: their mean; ``yield``: P&L
    over stakes.
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
