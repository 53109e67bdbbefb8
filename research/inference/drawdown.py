"""How deep it could have fallen: drawdown and ruin over resampled days.

The days of a configuration are drawn anew in blocks (the stationary bootstrap of
`research.inference.block_bootstrap`), so that runs
of bad days stay together, and the equity of each path is compounded. A backtest shows one drawdown; that of another
order of the same days is as likely. The mean of the days is taken as it was: after a search it is too good, and the
paths with it. For paths without an edge give the returns less their mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import DataError
from research.inference.block_bootstrap import block_length, resampled_order

__all__ = ["DEEP", "QUANTILES", "RUIN", "Drawdowns", "drawdowns", "max_drawdown"]

Floats = NDArray[np.float64]

#: paths unless told
PATHS: Final = 1000
#: quantiles of the deepest fall that are told
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
#: falls from a peak whose probability is told
DEEP: Final = (0.2, 0.5)
#: what is left of the opening bankroll when it counts as ruined
RUIN: Final = (0.5, 0.1)
#: values of all paths that are worked on at a time
_HELD: Final = 1 << 18


@dataclass(frozen=True)
class Drawdowns:
    """Deepest falls of resampled paths, beside the one that was seen.

    Attributes
    ----------
    days : int
        Days of each path, as many as were given.
    block_length : float
        Mean length of a block of days.
    observed : float
        Deepest fall from a peak at the end of a day, as a fraction of the peak; the first peak is the opening bankroll.
    simulated : float64 (paths,)
        The same of each path.
    lowest : float64 (paths,)
        Least equity of each path at the end of a day, as a fraction of the opening bankroll; 1 at most.
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
        """Deepest fall by quantile (`QUANTILES`)."""
        found = np.quantile(self.simulated, QUANTILES)
        return {at: float(value) for at, value in zip(QUANTILES, found, strict=True)}

    def at_least(self, fall_frac: float) -> float:
        """Share of the paths whose deepest fall is at least `fall_frac`."""
        return float(np.mean(self.simulated >= fall_frac))

    @property
    def deep(self) -> dict[float, float]:
        """Share of the paths by depth (`DEEP`)."""
        return {fall: self.at_least(fall) for fall in DEEP}

    @property
    def ruin(self) -> dict[float, float]:
        """Risk of ruin by level: share of the paths on which equity fell to that fraction of the opening bankroll."""
        return {level: float(np.mean(self.lowest <= level)) for level in self.ruin_levels}


def drawdowns(
    returns: ArrayLike,
    rng: np.random.Generator,
    *,
    paths: int = PATHS,
    ruin: tuple[float, ...] = RUIN,
    length: float | None = None,
) -> Drawdowns:
    """Draw `paths` resamples of the days and follow the equity of each.

    Parameters
    ----------
    returns : (n,) float
        P&L of each day over equity at its start, all calendar days in order, no NaN. A loss of all or more ends a
        path at zero. Flat stakes are followed as if they grew and shrank with equity.
    rng : numpy.random.Generator
    paths : int
        At least 1. A share p is known to a standard error of sqrt(p (1 - p) / paths).
    ruin : tuple of float
        Fractions of the opening bankroll, from 0 to below 1.
    length : float, optional
        Mean block length; default the automatic one of the series (`blocks.block_length`).

    Raises
    ------
    DataError
        Where a return is missing or a level of ruin is no fraction.
    """
    series = np.asarray(returns, np.float64)
    if not np.isfinite(series).all():
        raise DataError("a daily return is missing", where="drawdowns", expected="finite numbers, 0 without bets")
    if not all(0.0 <= level < 1.0 for level in ruin):
        raise DataError("a level of ruin is no fraction", where="drawdowns", expected="0 to below 1", found=str(ruin))
    mean_length = block_length(series) if length is None else max(1.0, length)
    growth = _growth(series)
    falls, lows = np.zeros(paths), np.zeros(paths)
    days = len(series)
    step = max(1, _HELD // max(days, 1))
    for first in range(0, paths if days else 0, step):
        rows = min(step, paths - first)
        order = np.stack([resampled_order(days, mean_length, rng) for _ in range(rows)])
        falls[first : first + rows], lows[first : first + rows] = _deepest(growth[order])
    return Drawdowns(days, mean_length, max_drawdown(series), -np.expm1(falls), np.exp(lows), ruin)


def max_drawdown(returns: ArrayLike) -> float:
    """Deepest fall of compounded equity from a peak, as a fraction of the peak; 0 without a day.

    >>> round(max_drawdown([0.5, -0.2, 0.1, -0.5, 3.0]), 6)
    0.56
    """
    series = np.asarray(returns, np.float64)
    if not len(series):
        return 0.0
    return float(-np.expm1(_deepest(_growth(series)[None, :])[0][0]))


def _growth(series: Floats) -> Floats:
    """Logarithm of what each day multiplies equity by: sums of it neither overflow nor come back from zero."""
    with np.errstate(divide="ignore"):
        return np.log1p(np.maximum(series, -1.0))


def _deepest(growth: Floats) -> tuple[Floats, Floats]:
    """Logarithms of the deepest fall and of the lowest equity of each path, 0 at most; growth is (paths, days)."""
    level = np.cumsum(growth, axis=1)
    lowest = np.minimum(level.min(axis=1), 0.0)
    peak = np.maximum.accumulate(level, axis=1)
    np.maximum(peak, 0.0, out=peak)
    level -= peak
    return np.minimum(level.min(axis=1), 0.0), lowest
