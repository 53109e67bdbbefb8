"""The error of a close that many configurations share, and how good the best of them is by luck and that error alone.

Configurations that bet at the same odds are measured with one ruler: they share one error of the close, however many
they are. Those that bet in other cells of the calibration (other markets, selections, bands of odds) have another. The
errors of cells are taken as independent. That of a configuration is the mean over its bets, (1 - w) tau a'Z, with
standard normals Z of the cells and a unit vector a, whose parts are the shares of its bets in the cells times the size
of what is not known there. Shares are not negative, so all errors are correlated by 0 to 1.

So more trials raise the luck of the best, and only other rulers raise the error of the close. For N independent trials
that share one error there is a closed form: Sidak's adjustment given the error ("Rectangular confidence regions", JASA
62 (1967)), averaged over it. With M rulers it is that of N / M trials, adjusted by Sidak for M.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from research.inference.columns import column_slices
from research.inference.effective_trials import LEVEL, sidak_adjusted, trials_at
from research.inference.single import upper_tail
from research.regression.threads import single_threaded

__all__ = [
    "SharedError",
    "adjusted_p_value",
    "effective_rulers",
    "largest_p_value",
    "simultaneous_factor",
    "unit_rows",
]

Floats = NDArray[np.float64]

_NORMAL: Final = NormalDist()
#: points of the integral over the error of the close, and its range in standard deviations
_POINTS: Final = 4001
_RANGE: Final = 9.0


@dataclass(frozen=True)
class SharedError:
    """The error of the close of some configurations, split into that of the leader and the rest.

    Attributes
    ----------
    along : float64 (configurations,)
        Correlation with the error of the leader, 0 to 1.
    across : float64 (configurations, cells)
        The part of the unit vectors that is orthogonal to that of the leader.
    normals : float64 (resamples, cells)
        Standard normals of the cells in each resample.
    """

    along: Floats
    across: Floats
    normals: Floats

    @classmethod
    def of(cls, directions: Floats, leader: Floats, normals: Floats) -> SharedError:
        """From unit vectors (configurations, cells), that of the leader, and standard normals (resamples, cells)."""
        along = np.clip(directions @ leader, 0.0, 1.0)
        return cls(along, directions - along[:, None] * leader, normals)

    def apart(self, part: slice) -> Floats:
        """The rest of the error of some configurations in each resample; (resamples, c)."""
        with single_threaded():
            rest: Floats = self.normals @ self.across[part].T
        return rest


def unit_rows(cells: NDArray[Any]) -> Floats:
    """Unit vectors; a row of zeros, of which nothing is known, has all cells alike."""
    values = np.asarray(cells, np.float64)
    length = np.sqrt((values**2).sum(axis=1, keepdims=True))
    alike = 1.0 / math.sqrt(values.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(length > 0.0, values / length, alike)


def effective_rulers(directions: Floats, leader: Floats, normals: Floats) -> float:
    """Effective number of independent errors of the close, as `effective_trials` defines it for trials.

    Parameters
    ----------
    directions : float64 (configurations, cells)
        Unit vectors, at least one.
    leader : float64 (cells,)
        One of them: what its own normals miss of their quantile is made good, so that equal vectors give exactly 1.
    normals : float64 (draws, cells)
    """
    distinct = np.unique(np.round(directions, 6), axis=0)
    with single_threaded():
        largest = np.maximum((normals @ distinct.T).max(axis=1), normals @ leader)
        missed = _NORMAL.inv_cdf(1.0 - LEVEL) - float(np.quantile(normals @ leader, 1.0 - LEVEL))
    if len(distinct) == 1:
        return 1.0
    return min(trials_at(float(np.quantile(largest, 1.0 - LEVEL)) + missed), float(len(distinct)))


def largest_p_value(
    observed: float, luck: NDArray[Any], spread: Floats, bias: Floats, shared: SharedError | None = None
) -> float:
    """Probability that the largest statistic of a resample is at least the observed one.

    Parameters
    ----------
    observed : float
    luck : (resamples, configurations) float
        Centred theta of each resample, without the error of the close.
    spread, bias : float64 (configurations,)
        Standard errors of theta from luck and from the close.
    shared : SharedError, optional
        Default: all share one error of the close.

    Returns
    -------
    float
        The mean over resamples of 1 - Phi(z), where z is the least error of the close of the leader, in its standard
        deviations, with which one of the configurations reaches the observed statistic.
    """
    needed = observed * np.hypot(spread, bias)
    least = np.full(len(luck), math.inf)
    for part in column_slices(len(spread), len(luck)):
        short, slope = needed[part] - luck[:, part].astype(np.float64), bias[part]
        if shared is not None:
            short -= slope * shared.apart(part)
            slope = slope * shared.along[part]
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.where(slope > 0.0, short / slope, np.where(short > 0.0, math.inf, -math.inf))
        least = np.minimum(least, error.min(axis=1))
    return math.fsum(upper_tail(value) for value in least.tolist()) / len(least)


def adjusted_p_value(theta: float, luck: float, bias: float, trials: float, rulers: float = 1.0) -> float:
    """p-value of the best of independent trials that are measured with one ruler or with several.

    Parameters
    ----------
    theta, luck, bias : float
        Of the best: its estimate, and the standard errors of it from luck and from the close.
    trials : float
        Effective number of independent trials; less than 1 counts as 1.
    rulers : float
        Effective number of independent errors of the close among them; at most `trials` count.

    Returns
    -------
    float
        With one ruler the mean over standard normal z of 1 - Phi((theta - bias z) / luck)^trials. Without an error of
        the close, or with a ruler for each trial, this is Sidak's adjustment; for one trial, the normal tail of theta
        over its standard error.

    Examples
    --------
    >>> round(adjusted_p_value(2.0, 1.0, 0.0, 5.0), 6), round(adjusted_p_value(2.0, 0.6, 0.8, 1.0), 5)
    (0.108691, 0.02275)
    """
    trials = max(trials, 1.0)
    rulers = min(max(rulers, 1.0), trials)
    return sidak_adjusted(_one_ruler(theta, luck, bias, trials / rulers), rulers)


def _one_ruler(theta: float, luck: float, bias: float, trials: float) -> float:
    if luck <= 0.0:
        return upper_tail(theta / bias) if bias > 0.0 else float(theta <= 0.0)
    if bias <= 0.0:
        return _best_beyond(theta / luck, trials)
    z = np.linspace(-_RANGE, _RANGE, _POINTS)
    density = np.exp(-0.5 * z * z)
    tails = [_best_beyond(value, trials) for value in ((theta - bias * z) / luck).tolist()]
    return float(density @ np.asarray(tails) / density.sum())


def simultaneous_factor(trials: float, level: float) -> float:
    """Standard errors on each side of an interval that holds whichever of `trials` estimates is the best.

    Sidak (1967): N independent intervals of level L^(1/N) hold together with level L. Less than 1 trial counts as 1.

    Examples
    --------
    >>> round(simultaneous_factor(1.0, 0.9), 4), round(simultaneous_factor(50.0, 0.9), 4)
    (1.6449, 3.075)
    """
    return _NORMAL.inv_cdf(0.5 + 0.5 * level ** (1.0 / max(trials, 1.0)))


def _best_beyond(value: float, trials: float) -> float:
    """Probability that the largest of independent standard normals is above a value; exact for small ones."""
    return sidak_adjusted(upper_tail(value), max(trials, 1.0))
