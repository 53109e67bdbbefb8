"""One series of days on its own: how likely is a mean this high without an edge?

The mean is divided by its deviation, Hall's transformation removes the skew of that ratio (`skewness.hall_transform`),
and the tail is Student's, with as many degrees of freedom as there are days with a gain or a loss, less one: days
without a bet tell nothing about the deviation. The deviation is the larger of that of independent days and that of the
stationary bootstrap. The latter has a closed form (Politis & Romano, JASA 89 (1994), lemma 1), so no resample is drawn
and its noise does not fatten the tail.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from research.inference.columns import IN_CACHE, over_slices
from research.inference.skewness import hall_transform
from research.inference.superiority import FEWEST_OUTCOMES, Floats

#: autocovariances with a weight below this do not count
_NEGLIGIBLE: Final = 1e-3


@dataclass(frozen=True)
class SingleResult:
    """One series tested on its own.

    Attributes
    ----------
    statistic : float
        sqrt(n) times the mean over the deviation; NaN for a series that is constant or has a value that is not finite.
    score : float
        Standard normal score whose tail is the p-value; NaN where the series is not tested.
    p_value : float
        One-sided; 1 where the series is not tested: fewer than `superiority.FEWEST_OUTCOMES` observations with a gain,
        or with a loss.
    """

    statistic: float
    score: float
    p_value: float


def single_test(series: ArrayLike, length: float = 1.0) -> SingleResult:
    """Test one series.

    Parameters
    ----------
    series : (n,) float
        Observations in order of time.
    length : float
        Mean block length of the stationary bootstrap (`block_bootstrap.block_length`); 1 for independent observations.
    """
    values = np.asarray(series, np.float64)
    if not len(values) or not np.isfinite(values).all() or constant(values):
        return SingleResult(math.nan, math.nan, 1.0)
    deviation = max(float(values.std()), bootstrap_deviation(values, length))
    statistic = math.sqrt(len(values)) * float(values.mean()) / deviation
    gains, losses = int((values > 0.0).sum()), int((values < 0.0).sum())
    if min(gains, losses) < FEWEST_OUTCOMES:
        return SingleResult(statistic, math.nan, 1.0)
    centred = values - values.mean()
    skew = float(np.mean(centred**3)) / float(values.std()) ** 3
    corrected = hall_transform(np.array(statistic), np.array(skew), len(values))
    score = float(student_score(corrected, np.array(gains + losses - 1.0)))
    return SingleResult(statistic, score, upper_tail(score))


def constant(values: Floats) -> bool:
    """Whether values differ by no more than rounding; true for none."""
    return not len(values) or not float(np.ptp(values)) > 1e-12 * float(np.abs(values).max())


def upper_tail(score: float) -> float:
    """P(Z > score) of the standard normal, exact in the tail."""
    return math.erfc(score / math.sqrt(2.0)) / 2.0


def bootstrap_deviation(series: Floats, length: float) -> float:
    """Standard deviation of sqrt(n) times the mean under the stationary bootstrap, without drawing it.

    Politis & Romano (1994), lemma 1: the variance is C(0) + 2 sum_i b(i) C(i), with C the autocovariances around the
    circle and b(i) = (1 - i / n) (1 - 1 / length)^i.

    Parameters
    ----------
    series : (n,) float64
        No NaN.
    length : float
        Mean block length, at least 1.
    """
    n, keep = len(series), 1.0 - 1.0 / length
    centred = series - series.mean()
    variance = float(centred @ centred)
    last = 0 if keep <= 0.0 else min(n - 1, math.ceil(math.log(_NEGLIGIBLE) / math.log(keep)))
    for lag in range(1, last + 1):
        around = float(centred[lag:] @ centred[:-lag] + centred[:lag] @ centred[-lag:])
        variance += 2.0 * (1.0 - lag / n) * keep**lag * around
    return math.sqrt(max(variance, 0.0) / n)


def student_score(t: ArrayLike, freedom: ArrayLike) -> NDArray[Any]:
    """Standard normal score with the same tail as Student's t.

    Hill, "Algorithm 395: Student's t-distribution", Communications of the ACM 13 (1970): the error of the score is
    below 1e-4 from 5 degrees of freedom on, and below 1e-6 from 20.

    Parameters
    ----------
    t, freedom : float
        Shapes that broadcast; freedom at least 1.
    """
    value, degrees = np.asarray(t, np.float64), np.asarray(freedom, np.float64)
    a = degrees - 0.5
    b = 48.0 * a * a
    square = a * np.log1p(value * value / degrees)
    root = np.sqrt(square)
    series = ((-0.4 * square - 3.3) * square - 24.0) * square - 85.5
    shift = (series / (0.8 * square * square + 100.0 + b) + square + 3.0) / b + 1.0
    return np.sign(value) * shift * root


def independent_scores(series: ArrayLike) -> Floats:
    """Scores of many series of independent days, as `single_test` has them with a length of 1; (configurations,).

    Parameters
    ----------
    series : (days, configurations) float

    Returns
    -------
    float64 (configurations,)
        NaN where a series is not tested.
    """
    values = np.asarray(series)
    n, configurations = values.shape
    scores = np.full(configurations, np.nan)

    def work(part: slice) -> None:
        columns = np.asarray(values[:, part], np.float64)
        mean, deviation = columns.mean(axis=0), columns.std(axis=0)
        gains, losses = (columns > 0.0).sum(axis=0), (columns < 0.0).sum(axis=0)
        columns = columns - mean
        with np.errstate(divide="ignore", invalid="ignore"):
            skew = np.mean(columns * columns * columns, axis=0) / deviation**3
            corrected = hall_transform(math.sqrt(n) * mean / deviation, skew, n)
        tested = np.isfinite(corrected) & (np.minimum(gains, losses) >= FEWEST_OUTCOMES)
        scores[part][tested] = student_score(corrected[tested], (gains + losses - 1.0)[tested])

    over_slices(work, configurations if n else 0, n, IN_CACHE)
    return scores
