"""Is the best of many configurations better than nothing? Tests that correct for how many were tried.

White, "A reality check for data snooping", Econometrica 68 (2000); Hansen, "A test for superior predictive ability",
Journal of Business & Economic Statistics 23 (2005); Romano & Wolf, "Stepwise multiple testing as formalized data
snooping", Econometrica 73 (2005). The means of all resamples are one matrix product: counts of days by resample, times
returns by day.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from research.inference.block_bootstrap import resampled_day_counts
from research.inference.columns import IN_CACHE, column_slices, over_slices
from research.inference.distinct import distinct_columns
from research.inference.parts import ANEW, Parts
from research.regression.threads import single_threaded

__all__ = [
    "BootstrapMoments",
    "SpaResult",
    "bootstrap_moments",
    "bootstrap_p_value",
    "negligible_losses",
    "reality_check",
    "spa_test",
    "studentised_means",
    "survivors",
    "values_of_resamples",
]

Floats = NDArray[np.float64]

#: fewest days with a gain, and days with a loss; with fewer, resamples underestimate the spread of returns
FEWEST_OUTCOMES: Final = 10
#: most values of an array in memory; a larger one is mapped to a file
_IN_MEMORY: Final = 1 << 27


@dataclass(frozen=True)
class BootstrapMoments:
    """Moments of many return series and of their bootstrap resamples.

    Attributes
    ----------
    n : int
        Days.
    means : float64 (configurations,)
        Mean daily return.
    omegas : float64 (configurations,)
        Standard deviation of sqrt(n) times the mean over the resamples (Hansen's omega); 0 for a constant series.
    deviations : float64 (configurations,)
        Standard deviation of a day (divisor n); 0 for a constant series.
    skews : float64 (configurations,)
        Third standardised moment of a day; 0 for a constant series.
    gain_days, loss_days : int64 (configurations,)
        Number of days above and below zero.
    resample_means, resample_deviations : float32 (resamples, distinct)
        Mean and standard deviation of a day in each resample, once for configurations with the same series.
    place : int64 (configurations,)
        Column of each configuration in these.
    """

    n: int
    means: Floats
    omegas: Floats
    deviations: Floats
    skews: Floats
    gain_days: NDArray[np.int64]
    loss_days: NDArray[np.int64]
    resample_means: NDArray[Any]
    resample_deviations: NDArray[Any]
    place: NDArray[np.int64]

    @property
    def testable(self) -> NDArray[np.bool_]:
        """Whether a configuration has at least `FEWEST_OUTCOMES` days of gain and of loss; bool (configurations,)."""
        both: NDArray[np.bool_] = (self.gain_days >= FEWEST_OUTCOMES) & (self.loss_days >= FEWEST_OUTCOMES)
        return both & (self.omegas > 0.0)

    def one_of_each(self, columns: NDArray[np.intp]) -> NDArray[np.intp]:
        """Places in `columns` of one configuration of each series; their resamples are those of its copies."""
        chosen: NDArray[np.intp] = np.unique(self.place[columns], return_index=True)[1]
        return chosen


@dataclass(frozen=True)
class SpaResult:
    """p-values of the hypothesis that no configuration is better than nothing; `lower` <= `consistent` <= `upper`.

    Attributes
    ----------
    statistic : float
        The largest studentised mean, at least 0.
    lower, consistent, upper : float
        Hansen's three choices of which losing configurations count: none; those that lose little; all (White's).
    """

    statistic: float
    lower: float
    consistent: float
    upper: float


def bootstrap_moments(
    returns: ArrayLike, length: float, resamples: int, rng: np.random.Generator, parts: Parts = ANEW
) -> BootstrapMoments:
    """Draw the resamples that all tests share.

    Parameters
    ----------
    returns : (days, configurations) float
        In order of time, no NaN. The benchmark is 0.
    length : float
        Mean block length (`block_bootstrap.block_length`), days.
    resamples : int
    rng : numpy.random.Generator
    parts : Parts
        Keeps what is finished, and is told.
    """
    series = np.asarray(returns)
    distinct = distinct_columns(series)
    columns, n, configurations = distinct.columns, len(series), len(distinct.columns)
    counts = _DayCounts.of(resampled_day_counts(n, length, resamples, rng), _active_days(series, columns))
    moments = np.zeros((6, configurations))
    resample_means, resample_deviations = (
        values_of_resamples(resamples, configurations),
        values_of_resamples(resamples, configurations),
    )

    def work(part: slice) -> None:
        made = parts.part(
            f"resampled-{part.start}-{part.stop}",
            part.stop - part.start,
            lambda: _part_moments(series[:, columns[part]], counts),
        )
        moments[:, part], resample_means[:, part], resample_deviations[:, part] = made

    parts.begin("resampling days", configurations)
    # one thread per matrix product, whatever the number of threads, so that the bits are the same
    with single_threaded():
        over_slices(work, configurations if n else 0, max(n, resamples))
    means, omegas, deviations, skews, gain_days, loss_days = moments[:, distinct.place]
    return BootstrapMoments(
        n,
        means,
        omegas,
        deviations,
        skews,
        gain_days.astype(int),
        loss_days.astype(int),
        resample_means,
        resample_deviations,
        distinct.place,
    )


def _active_days(series: NDArray[Any], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Days on which a configuration has a gain or a loss, bool (days,)."""
    active = np.zeros(len(series), np.bool_)
    for part in column_slices(len(columns) if len(series) else 0, len(series)):
        active |= (series[:, columns[part]] != 0).any(axis=1)
    return active


@dataclass(frozen=True)
class _DayCounts:
    """How often each resample has each day, those together on which nothing happens to any configuration.

    Attributes
    ----------
    active : bool (days,)
        Days on which something happens.
    counts : float32 (resamples, active days)
    idle : float32 (resamples, 1)
        Number of the other days.
    """

    active: NDArray[np.bool_]
    counts: NDArray[Any]
    idle: NDArray[Any]

    @classmethod
    def of(cls, counts: NDArray[Any], active: NDArray[np.bool_]) -> _DayCounts:
        """From counts of all days, float32 (resamples, days)."""
        return cls(active, np.ascontiguousarray(counts[:, active]), counts[:, ~active].sum(axis=1, keepdims=True))

    def sums(self, values: NDArray[Any], idle: NDArray[Any]) -> NDArray[Any]:
        """Sum of each resample: values of active days, (active days, c), and the value of each idle day, (c,)."""
        sums: NDArray[Any] = self.counts @ values
        if not self.active.all():
            sums += self.idle * idle
        return sums


def _part_moments(series: NDArray[Any], days: _DayCounts) -> tuple[Floats, NDArray[Any], NDArray[Any]]:
    """Moments of some configurations, (6, c), and their mean and deviation in each resample, (resamples, c)."""
    n, configurations = series.shape
    moments, centred = np.empty((6, configurations)), np.empty((days.counts.shape[1], configurations), np.float32, "F")
    for part in column_slices(configurations, n, IN_CACHE):
        moments[:, part], centred[:, part] = _column_moments(np.asarray(series[:, part], np.float64), days.active)
    mean, varies = moments[0], moments[1] > 0
    idle = (0.0 - mean).astype(np.float32)
    means = days.sums(centred, idle) / np.float32(n)
    centred *= centred
    squares = days.sums(centred, idle * idle) / np.float32(n)
    moments[1] = np.where(varies, math.sqrt(n) * means.std(axis=0, dtype=np.float64), 0.0)
    deviations = np.sqrt(np.maximum(squares - means * means, 0))
    return moments, means + mean.astype(np.float32), deviations


def _column_moments(series: Floats, active: NDArray[np.bool_]) -> tuple[Floats, NDArray[Any]]:
    """Mean, range, deviation, skew, days of gain and of loss, (6, c); and the centred active days, float32."""
    mean, spread = series.mean(axis=0), np.ptp(series, axis=0)
    exact = series - mean
    deviation = np.where(spread > 0, series.std(axis=0), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        skew = np.where(spread > 0, (exact * exact * exact).mean(axis=0) / deviation**3, 0.0)
    gains, losses = (series > 0).sum(axis=0), (series < 0).sum(axis=0)
    centred = np.asarray(exact if active.all() else exact[active], np.float32)  # small numbers keep their digits
    return np.stack([mean, spread, deviation, skew, gains, losses]), centred


def values_of_resamples(resamples: int, configurations: int) -> NDArray[np.float32]:
    """An array (resamples, configurations); with more than `_IN_MEMORY` values, mapped to an unnamed file."""
    if resamples * configurations <= _IN_MEMORY:
        return np.empty((resamples, configurations), np.float32)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, np.float32, "w+", shape=(resamples, configurations))


def spa_test(moments: BootstrapMoments, judged: NDArray[np.bool_] | None = None) -> SpaResult:
    """Hansen's test of superior predictive ability, studentised by one omega per configuration.

    A configuration that never bet (a constant series) is left out; the p-values are 1 if none is left. The observed
    statistic counts among the resampled ones, so that a p-value is at least 1 / (resamples + 1).

    Parameters
    ----------
    moments : BootstrapMoments
    judged : bool (configurations,), optional
        Configurations whose best result is tested; default all. The resamples take the best of all of them, since all
        were tried, so a configuration that is not judged can only raise the p-values.
    """
    bets = np.flatnonzero(moments.omegas > 0.0)
    among = _among(moments, judged)[bets]
    if not among.any():
        return SpaResult(0.0, 1.0, 1.0, 1.0)
    means, statistics = moments.means[bets], studentised_means(moments)[bets]
    observed = max(0.0, float(statistics[among].max()))
    little = negligible_losses(statistics, moments.n)
    centres = (np.maximum(means, 0.0), np.where(little, means, 0.0), means)
    scale = math.sqrt(moments.n) / moments.omegas[bets]
    largest = (_largest_scaled(moments, bets, centre, scale) for centre in centres)
    return SpaResult(observed, *(bootstrap_p_value(values, observed) for values in largest))


def _among(moments: BootstrapMoments, judged: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Which configurations are judged; all by default."""
    return np.ones(len(moments.means), np.bool_) if judged is None else judged


def negligible_losses(statistics: Floats, n: int) -> NDArray[np.bool_]:
    """Which configurations lose so little that it counts as nothing.

    Their studentised mean is above -sqrt(2 log log n) (Hansen 2005, equation 10).
    """
    little: NDArray[np.bool_] = statistics >= -math.sqrt(2.0 * math.log(math.log(max(n, 3))))
    return little


def studentised_means(moments: BootstrapMoments) -> Floats:
    """sqrt(n) times mean over omega of each configuration, 0 for a constant series; float64 (configurations,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(moments.omegas > 0.0, math.sqrt(moments.n) * moments.means / moments.omegas, 0.0)


def reality_check(moments: BootstrapMoments, judged: NDArray[np.bool_] | None = None) -> float:
    """White's p-value of the hypothesis that no configuration is better than nothing; not studentised.

    Parameters as in `spa_test`.
    """
    bets = np.flatnonzero(moments.omegas > 0.0)
    among = _among(moments, judged)[bets]
    if not among.any():
        return 1.0
    means, root = moments.means[bets], math.sqrt(moments.n)
    largest = _largest_scaled(moments, bets, means, np.full(len(means), root))
    return bootstrap_p_value(largest, max(0.0, root * float(means[among].max())))


def survivors(
    moments: BootstrapMoments, level: float = 0.05, judged: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Configurations that are better than nothing, with a familywise error rate of at most `level`.

    StepM of Romano & Wolf (2005), where each resample is studentised by its own deviation. All configurations whose
    statistic exceeds the critical value are rejected; the rest is tested again until none is. Configurations that are
    not among `judged` (default all) are never named, and stay in every step, which can only raise the critical value.

    Returns
    -------
    bool (configurations,)
    """
    better = np.zeros(len(moments.means), np.bool_)
    bets = np.flatnonzero(moments.omegas > 0.0)
    if not len(bets):
        return better
    statistics, among = studentised_means(moments)[bets], _among(moments, judged)[bets]
    remaining = np.ones(len(bets), np.bool_)
    while remaining.any():
        critical = float(np.quantile(_largest_studentised(moments, bets[remaining]), 1.0 - level, method="higher"))
        beyond = remaining & among & (statistics > max(critical, 0.0))
        if not beyond.any():
            break
        better[bets[beyond]] = True
        remaining &= ~beyond
    return better


def _largest_studentised(moments: BootstrapMoments, columns: NDArray[np.intp]) -> Floats:
    """Largest centred mean of each resample among `columns`, each over the deviation of that resample."""
    root, columns = math.sqrt(moments.n), columns[moments.one_of_each(columns)]

    def work(part: slice) -> Floats:
        chunk, at = columns[part], moments.place[columns[part]]
        ratio = moments.omegas[chunk] / moments.deviations[chunk]  # the effect of dependence between days
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = moments.resample_deviations[:, at] * ratio
            centred = root * (moments.resample_means[:, at] - moments.means[chunk])
            of_part: Floats = np.where(scale > 0.0, centred / scale, -np.inf).max(axis=1)
        return of_part

    largest: Floats = np.maximum.reduce(over_slices(work, len(columns), len(moments.resample_means), IN_CACHE))
    return largest


def _largest_scaled(moments: BootstrapMoments, columns: NDArray[np.intp], centre: Floats, scale: Floats) -> Floats:
    """Largest centred and scaled mean of each resample among `columns`, at least 0."""
    means, chosen = moments.resample_means, moments.one_of_each(columns)
    at, centre, scale = moments.place[columns[chosen]], centre[chosen], scale[chosen]

    def work(part: slice) -> Floats:
        of_part: Floats = ((means[:, at[part]] - centre[part]) * scale[part]).max(axis=1)
        return of_part

    largest: Floats = np.maximum.reduce([np.zeros(len(means)), *over_slices(work, len(at), len(means), IN_CACHE)])
    return largest


def bootstrap_p_value(largest: Floats, observed: float) -> float:
    """Share of resampled statistics that are at least the observed one, which is itself counted."""
    return float((1 + np.count_nonzero(largest >= observed)) / (1 + len(largest)))
