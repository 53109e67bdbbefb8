"""Tests for skewed returns: favourites win often and lose rarely, so a lucky run of them looks too certain.

A mean over its standard error is not normal if returns are skewed. In a lucky run of bets at odds of 1.1 the losses
that did not occur are missing from the standard error too. Hansen's test with a fixed omega, or a normal tail, then
errs in a quarter of all sweeps without any edge. Two remedies are combined. Each resample is studentised by its own
deviation (Romano & Wolf, Econometrica 73 (2005)). Observed and resampled ratios go through Hall's cubic transformation,
which removes their skew (Hall, "On the removal of skewness by transformation", JRSS B 54 (1992), equation 2.4).

A configuration that gained, or lost, on too few days is not tested (`superiority.BootstrapMoments.testable`): resamples
contain no losses that did not occur.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from research.inference.columns import IN_CACHE, over_slices
from research.inference.superiority import (
    BootstrapMoments,
    Floats,
    bootstrap_p_value,
    negligible_losses,
    studentised_means,
)


def hall_transform(ratio: Floats, skew: Floats, n: int) -> Floats:
    """Hall's transformation of a studentised mean: t + a t^2 / 3 + a^2 t^3 / 27 + a / 6, a = skew / sqrt(n).

    Parameters
    ----------
    ratio : float
        sqrt(n) times a mean over its deviation.
    skew : float
        Third standardised moment of an observation; its shape broadcasts with `ratio`.
    n : int
        Observations.
    """
    a = skew / math.sqrt(n)
    square = ratio * ratio  # a power of 3 costs twenty times as much as a product
    transformed: Floats = ratio + a * square / 3.0 + a * a * (square * ratio) / 27.0 + a / 6.0
    return transformed


def skew_corrected_statistics(moments: BootstrapMoments) -> Floats:
    """Studentised means after `hall_transform`, NaN where a configuration is not testable; (configurations,)."""
    corrected = hall_transform(studentised_means(moments), moments.skews, max(moments.n, 1))
    return np.where(moments.testable, corrected, np.nan)


def single_p_value(moments: BootstrapMoments, configuration: int) -> float:
    """One-sided p-value of one configuration on its own, not adjusted for others; 1 where it is not testable."""
    statistic = float(skew_corrected_statistics(moments)[configuration])
    return 1.0 if math.isnan(statistic) else math.erfc(statistic / math.sqrt(2.0)) / 2.0


def spa_p_value(moments: BootstrapMoments, judged: NDArray[np.bool_] | None = None) -> float:
    """Hansen's consistent p-value that no configuration is better than nothing, from skew-corrected statistics.

    It is 1 if no configuration is testable. `judged` as in `superiority.spa_test`: the best of these is tested against
    resamples of all.
    """
    tested = np.flatnonzero(moments.testable)
    among = tested if judged is None else np.flatnonzero(moments.testable & judged)
    if not len(among):
        return 1.0
    observed = max(0.0, float(skew_corrected_statistics(moments)[among].max()))
    little = negligible_losses(studentised_means(moments)[tested], moments.n)
    return bootstrap_p_value(_largest(moments, tested, np.where(little, moments.means[tested], 0.0)), observed)


def _largest(moments: BootstrapMoments, columns: NDArray[np.intp], centres: Floats) -> Floats:
    root, chosen = math.sqrt(moments.n), moments.one_of_each(columns)
    columns, centres = columns[chosen], centres[chosen]

    def work(part: slice) -> Floats:
        chunk, at = columns[part], moments.place[columns[part]]
        ratio = moments.omegas[chunk] / moments.deviations[chunk]  # the effect of dependence between days
        scale = moments.resample_deviations[:, at] * ratio
        with np.errstate(divide="ignore", invalid="ignore"):
            centred = root * (moments.resample_means[:, at] - centres[part])
            statistics = np.where(scale > 0.0, centred / scale, 0.0)
        of_part: Floats = hall_transform(statistics, moments.skews[chunk], moments.n).max(axis=1)
        return of_part

    n = len(moments.resample_means)
    largest: Floats = np.maximum.reduce([np.zeros(n), *over_slices(work, len(columns), n, IN_CACHE)])
    return largest
