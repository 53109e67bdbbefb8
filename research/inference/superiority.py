"""Is the best of many configurations better than nothing: tests that know how many were tried.

White, "A reality check for data snooping", Econometrica 68 (2000); Hansen, "A test for superior predictive ability",
Journal of Business & Economic Statistics 23 (2005); Romano & Wolf, "Stepwise multiple testing as formalized data
snooping", Econometrica 73 (2005). Means of all resamples are one product of matrices, days counted by resample times
returns by day.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.machine import cores
from research.inference.block_bootstrap import resampled_days
from research.inference.threads import single_threaded

__all__ = [
    "Resampled",
    "Superiority",
    "negligible",
    "parts",
    "reality_check",
    "resampled",
    "share",
    "studentised",
    "superior_ability",
    "survivors",
]

Floats = NDArray[np.float64]

#: days with a gain, and days with a loss, below which resamples do not know how far returns spread
FEWEST_OUTCOMES: Final = 10
#: values of all configurations in all resamples that are held at a time
_HELD: Final = 1 << 20
#: values that stand in memory; more of them in a file
_IN_MEMORY: Final = 1 << 27


@dataclass(frozen=True)
class Resampled:
    """What the tests need of many series of returns.

    Attributes
    ----------
    n : int
        Days.
    means : float64 (configurations,)
    spreads : float64 (configurations,)
        Standard deviation of sqrt(n) times the mean over the resamples (Hansen's omega); 0 for a constant series.
    deviations : float64 (configurations,)
        Standard deviation of a day.
    skews : float64 (configurations,)
        Third standardised moment of a day; 0 for a constant series.
    gains, losses : int64 (configurations,)
        Days above and below zero.
    drawn, drawn_deviations : float32 (resamples, configurations)
        Mean and standard deviation of a day in each resample.
    """

    n: int
    means: Floats
    spreads: Floats
    deviations: Floats
    skews: Floats
    gains: NDArray[np.int64]
    losses: NDArray[np.int64]
    drawn: NDArray[Any]
    drawn_deviations: NDArray[Any]

    @property
    def judgeable(self) -> NDArray[np.bool_]:
        """Which configurations gained, and lost, on `FEWEST_OUTCOMES` days or more; bool (configurations,)."""
        enough: NDArray[np.bool_] = (self.gains >= FEWEST_OUTCOMES) & (self.losses >= FEWEST_OUTCOMES)
        return enough & (self.spreads > 0.0)


@dataclass(frozen=True)
class Superiority:
    """p-values that no configuration is better than nothing; `lower` <= `consistent` <= `upper`.

    Attributes
    ----------
    statistic : float
        The largest studentised mean, 0 at least.
    lower, consistent, upper : float
        Hansen's three choices of which losing configurations count: none; those that lose little; all (White's).
    """

    statistic: float
    lower: float
    consistent: float
    upper: float


def resampled(returns: ArrayLike, length: float, resamples: int, rng: np.random.Generator) -> Resampled:
    """Draw the resamples that the tests share.

    Parameters
    ----------
    returns : (days, configurations) float
        In order of time, no NaN; the benchmark is 0.
    length : float
        Mean block length (`blocks.block_length`).
    resamples : int
    rng : numpy.random.Generator
    """
    series = np.asarray(returns)
    n, many = series.shape
    counts = resampled_days(n, length, resamples, rng)
    told = np.zeros((6, many))
    drawn, own = _room(resamples, many), _room(resamples, many)

    def work(part: slice) -> None:
        told[:, part], drawn[:, part], own[:, part] = _of_part(np.asarray(series[:, part], np.float64), counts)

    # each product on one thread, whatever the number of threads: the same bits
    with single_threaded(), ThreadPoolExecutor(cores()) as pool:
        list(pool.map(work, parts(many if n else 0, max(n, resamples))))
    means, spreads, deviations, skews, gains, losses = told
    return Resampled(n, means, spreads, deviations, skews, gains.astype(int), losses.astype(int), drawn, own)


def _of_part(mine: Floats, counts: NDArray[Any]) -> tuple[Floats, NDArray[Any], NDArray[Any]]:
    """Moments of some configurations, (6, c); their means and deviations in each resample, (resamples, c)."""
    n = len(mine)
    mean, varies = mine.mean(axis=0), np.ptp(mine, axis=0) > 0
    exact = mine - mean
    apart = np.asarray(exact, np.float32)  # small numbers keep their digits in float32
    centred = counts @ apart / np.float32(n)
    squares = counts @ (apart * apart) / np.float32(n)
    deviation = np.where(varies, mine.std(axis=0), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        skew = np.where(varies, (exact**3).mean(axis=0) / deviation**3, 0.0)
    spread = np.where(varies, math.sqrt(n) * centred.std(axis=0, dtype=np.float64), 0.0)
    told = np.stack([mean, spread, deviation, skew, (mine > 0).sum(axis=0), (mine < 0).sum(axis=0)])
    return told, centred + mean.astype(np.float32), np.sqrt(np.maximum(squares - centred * centred, 0))


def _room(resamples: int, many: int) -> NDArray[np.float32]:
    """Room for a number of each configuration in each resample; beyond `_IN_MEMORY` values in an unnamed file."""
    if resamples * many <= _IN_MEMORY:
        return np.empty((resamples, many), np.float32)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, np.float32, "w+", shape=(resamples, many))


def superior_ability(of: Resampled) -> Superiority:
    """Hansen's test of superior predictive ability, studentised by one omega a configuration.

    A configuration that never bet (a constant series) takes no part; p-values are 1 where none does. A p-value counts
    the observed statistic among the resampled ones, so that it is 1 / (resamples + 1) at least.
    """
    part = np.flatnonzero(of.spreads > 0.0)
    if not len(part):
        return Superiority(0.0, 1.0, 1.0, 1.0)
    means, statistics = of.means[part], studentised(of)[part]
    observed = max(0.0, float(statistics.max()))
    little = negligible(statistics, of.n)
    centres = (np.maximum(means, 0.0), np.where(little, means, 0.0), means)
    scale = math.sqrt(of.n) / of.spreads[part]
    return Superiority(observed, *(share(_largest(of.drawn, part, centre, scale), observed) for centre in centres))


def negligible(statistics: Floats, n: int) -> NDArray[np.bool_]:
    """Whose loss is little enough to count as none: above -sqrt(2 log log n) (Hansen 2005, equation 10)."""
    little: NDArray[np.bool_] = statistics >= -math.sqrt(2.0 * math.log(math.log(max(n, 3))))
    return little


def studentised(of: Resampled) -> Floats:
    """sqrt(n) times the mean over omega of each configuration; 0 for a constant series; float64 (configurations,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(of.spreads > 0.0, math.sqrt(of.n) * of.means / of.spreads, 0.0)


def reality_check(of: Resampled) -> float:
    """White's p-value that no configuration is better than nothing; not studentised."""
    part = np.flatnonzero(of.spreads > 0.0)
    if not len(part):
        return 1.0
    means, root = of.means[part], math.sqrt(of.n)
    largest = _largest(of.drawn, part, means, np.full(len(means), root))
    return share(largest, max(0.0, root * float(means.max())))


def survivors(of: Resampled, level: float = 0.05) -> NDArray[np.bool_]:
    """Which configurations are better than nothing, with a chance of at most `level` that one of them is not.

    StepM of Romano & Wolf (2005), studentised in each resample by that resample's own deviation: all whose statistic
    exceeds the critical value are named, and the rest is tested again until none is.

    Returns
    -------
    bool (configurations,)
    """
    named = np.zeros(len(of.means), np.bool_)
    part = np.flatnonzero(of.spreads > 0.0)
    if not len(part):
        return named
    statistics = studentised(of)[part]
    waiting = np.ones(len(part), np.bool_)
    while waiting.any():
        critical = float(np.quantile(_largest_own(of, part[waiting]), 1.0 - level, method="higher"))
        beyond = waiting & (statistics > max(critical, 0.0))
        if not beyond.any():
            break
        named[part[beyond]] = True
        waiting &= ~beyond
    return named


def _largest_own(of: Resampled, columns: NDArray[np.intp]) -> Floats:
    """Of each resample the largest centred mean among `columns`, each over that resample's own deviation."""
    found, root = np.full(len(of.drawn), -np.inf), math.sqrt(of.n)
    for part in parts(len(columns), len(of.drawn)):
        mine = columns[part]
        ratio = of.spreads[mine] / of.deviations[mine]  # what dependence adds to the deviation of a day
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = of.drawn_deviations[:, mine] * ratio
            drawn = np.where(scale > 0.0, root * (of.drawn[:, mine] - of.means[mine]) / scale, -np.inf)
        found = np.maximum(found, drawn.max(axis=1))
    return found


def _largest(drawn: NDArray[Any], columns: NDArray[np.intp], centre: Floats, scale: Floats) -> Floats:
    """Of each resample the largest centred and scaled mean among `columns`, 0 at least."""
    found = np.zeros(len(drawn))
    for part in parts(len(columns), len(drawn)):
        found = np.maximum(found, ((drawn[:, columns[part]] - centre[part]) * scale[part]).max(axis=1))
    return found


def share(largest: Floats, observed: float) -> float:
    """p-value: how many resampled statistics are as large, the observed one counted among them."""
    return float((1 + np.count_nonzero(largest >= observed)) / (1 + len(largest)))


def parts(columns: int, rows: int) -> Iterator[slice]:
    """Columns a part at a time, as many as are held at once with so many rows."""
    step = max(1, _HELD // max(rows, 1))
    for low in range(0, columns, step):
        yield slice(low, min(low + step, columns))
