"""Drawdown and ruin over resampled days: how deep the equity could have fallen.

The days of a configuration are resampled in blocks (the stationary bootstrap of
`research.inference.block_bootstrap`), so that runs of bad days stay together, and the equity of each path is
compounded. A backtest shows one drawdown; another order of the same days is as likely. The mean of the days is not
corrected: after a search it is too high, and so are the paths. For paths without an edge, pass the returns less their
mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import DataError
from research.inference.block_bootstrap import block_length, resampled_order

__all__ = ["DEPTHS", "QUANTILES", "RUIN", "Drawdowns", "drawdowns", "max_drawdown"]

Floats = NDArray[np.float64]

#: default number of paths
PATHS: Final = 1000
#: quantiles of the maximum drawdown that are reported
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
#: drawdowns whose probability is reported, as fractions of the peak
DEPTHS: Final = (0.2, 0.5)
#: fractions of the opening bankroll at which it counts as ruined
RUIN: Final = (0.5, 0.1)
#: values of all paths in memory at a time
_BATCH: Final = 1 << 18


@dataclass(frozen=True)
class Drawdowns:
    """Maximum drawdowns of resampled paths, and the observed one.

    Attributes
    ----------
    days : int
        Days of each path, as many as in the input.
    block_length : float
        Mean length of a block, days.
    observed : float
        Maximum drawdown of the input from end of day to end of day, as a fraction of the peak. The first peak is the
        opening bankroll.
    simulated : float64 (paths,)
        Maximum drawdown of each path, likewise.
    lowest : float64 (paths,)
        Lowest equity of each path at the end of a day, as a fraction of the opening bankroll; at most 1.
    ruin_levels : tuple of float
        Fractions of the opening bankroll that count as ruin.
    """

    days: int
    block_length: float
    observed: float
    simulated: Floats
    lowest: Floats
    ruin_levels: tuple[float, ...]

    @property
    def quantiles(self) -> dict[float, float]:
        """Maximum drawdown by quantile (`QUANTILES`)."""
        values = np.quantile(self.simulated, QUANTILES)
        return {share: float(value) for share, value in zip(QUANTILES, values, strict=True)}

    def at_least(self, fall_frac: float) -> float:
        """Share of the paths whose maximum drawdown is at least `fall_frac`."""
        return float(np.mean(self.simulated >= fall_frac))

    @property
    def depth_probabilities(self) -> dict[float, float]:
        """Share of the paths by depth (`DEPTHS`)."""
        return {fall: self.at_least(fall) for fall in DEPTHS}

    @property
    def ruin(self) -> dict[float, float]:
        """Risk of ruin by level: share of the paths whose equity fell to that fraction of the opening bankroll."""
        return {level: float(np.mean(self.lowest <= level)) for level in self.ruin_levels}


def drawdowns(
    returns: ArrayLike,
    rng: np.random.Generator,
    *,
    paths: int = PATHS,
    ruin: tuple[float, ...] = RUIN,
    length: float | None = None,
) -> Drawdowns:
    """Resample the days `paths` times and follow the equity of each path.

    Parameters
    ----------
    returns : (n,) float
        P&L of each day over equity at its start: all calendar days in order, no NaN. A loss of everything ends a path
        at zero. Returns of flat stakes are compounded as if the stakes followed the equity.
    rng : numpy.random.Generator
    paths : int
        At least 1. A share p has a standard error of sqrt(p (1 - p) / paths).
    ruin : tuple of float
        Fractions of the opening bankroll, from 0 to below 1.
    length : float, optional
        Mean block length, days. Default: `block_bootstrap.block_length` of the series.

    Raises
    ------
    DataError
        If a return is missing, or a level of ruin is not in [0, 1).
    """
    series = np.asarray(returns, np.float64)
    if not np.isfinite(series).all():
        raise DataError("a daily return is missing", where="drawdowns", expected="finite numbers, 0 without bets")
    if not all(0.0 <= level < 1.0 for level in ruin):
        raise DataError("a level of ruin is out of range", where="drawdowns", expected="0 to below 1", found=str(ruin))
    mean_length = block_length(series) if length is None else max(1.0, length)
    growth = _log_growth(series)
    falls, lows = np.zeros(paths), np.zeros(paths)
    days = len(series)
    step = max(1, _BATCH // max(days, 1))
    for first in range(0, paths if days else 0, step):
        rows = min(step, paths - first)
        order = np.stack([resampled_order(days, mean_length, rng) for _ in range(rows)])
        falls[first : first + rows], lows[first : first + rows] = _deepest(growth[order])
    return Drawdowns(days, mean_length, max_drawdown(series), -np.expm1(falls), np.exp(lows), ruin)


def max_drawdown(returns: ArrayLike) -> float:
    """Maximum drawdown of compounded equity, as a fraction of the peak; 0 without a day.

    >>> round(max_drawdown([0.5, -0.2, 0.1, -0.5, 3.0]), 6)
    0.56
    """
    series = np.asarray(returns, np.float64)
    if not len(series):
        return 0.0
    return float(-np.expm1(_deepest(_log_growth(series)[None, :])[0][0]))


def _log_growth(series: Floats) -> Floats:
    """Logarithm of each day's growth factor; its sums neither overflow nor recover from zero."""
    with np.errstate(divide="ignore"):
        return np.log1p(np.maximum(series, -1.0))


def _deepest(growth: Floats) -> tuple[Floats, Floats]:
    """Logarithms of the maximum drawdown and of the lowest equity of each path, at most 0.

    `growth` is (paths, days).
    """
    level = np.cumsum(growth, axis=1)
    lowest = np.minimum(level.min(axis=1), 0.0)
    peak = np.maximum.accumulate(level, axis=1)
    np.maximum(peak, 0.0, out=peak)
    level -= peak
    return np.minimum(level.min(axis=1), 0.0), lowest
