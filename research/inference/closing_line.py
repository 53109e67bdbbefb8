"""Do many configurations beat the closing line by more than luck and a biased close explain?

A configuration has bets at level stakes with yield y, and a mean closing line value c against fair closing odds. If the
close is fair, c estimates the true expected return with a far smaller error than y, because it knows no results. If the
close overrates such bets by b, c is too large by b. The calibration of the close says how large b may be: it is normal
around zero with standard deviation tau. So there are two measurements of one number, and they are weighed by their
precision (normal prior, normal likelihood: Gelman et al., "Bayesian Data Analysis", 3rd edition, section 2.5):

    theta = c + w (y - c),   w = tau^2 / (tau^2 + v),   v = sampling variance of y - c,

    variance of theta = sampling variance of (1 - w) c + w y   +   (1 - w)^2 tau^2.

If c and y - c are uncorrelated, the first term is s_clv^2 / n + w^2 s^2 / n. Here it is measured over the days.

The null hypothesis is that no configuration has a true expected return above zero. Then the mean of theta is at most
(1 - w) b: beside luck, the error of the close is all that is left (`research.inference.closing_error`). A resample
takes the luck of each configuration from resampled days, and adds the error of the close (White, "A reality check for
data snooping", Econometrica 68 (2000); studentised, and without configurations that lose too much to matter: Hansen,
JBES 23 (2005), equation 10).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from research.inference.block_bootstrap import resampled_day_counts
from research.inference.closing_error import SharedError, effective_rulers, largest_p_value, unit_rows
from research.inference.columns import over_slices
from research.inference.single import upper_tail
from research.inference.superiority import values_of_resamples
from research.regression.threads import single_threaded

__all__ = [
    "BestTest",
    "ClosingLine",
    "PricedBets",
    "best_test",
    "estimates",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PricedBets:
    """The bets of many configurations at level stakes, by day of settlement.

    Attributes
    ----------
    level : (configurations, days) float
        Profit of the bets settled that day, in units staked.
    clv : (configurations, days) float
        Sum of the closing line values of those of them with a closing price.
    level_turnover, closed_turnover : float64 (configurations,)
        Units staked on all settled bets, and on those with a closing price.
    """

    level: NDArray[Any]
    clv: NDArray[Any]
    level_turnover: Floats
    closed_turnover: Floats


@dataclass(frozen=True)
class ClosingLine:
    """What the bets of each configuration say; float64 (configurations,), NaN where there is none to measure.

    Attributes
    ----------
    yields, clv : float64 (configurations,)
        Yield and mean closing line value at level stakes.
    weight : float64 (configurations,)
        Weight w of the yield.
    theta : float64 (configurations,)
        Both together: the estimate of the true expected return per unit staked.
    luck : float64 (configurations,)
        Sampling standard error of theta.
    bias : float64 (configurations,)
        Standard error of theta from the close, (1 - w) tau.
    clv_error, gap_error : float64 (configurations,)
        Sampling standard errors of the mean closing line value and of y - c.
    days : int64 (configurations,)
        Days with a closing line value.
    """

    yields: Floats
    clv: Floats
    weight: Floats
    theta: Floats
    luck: Floats
    bias: Floats
    clv_error: Floats
    gap_error: Floats
    days: NDArray[np.int64]

    @property
    def statistic(self) -> Floats:
        """theta over its standard error; NaN where there is none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.theta / np.hypot(self.luck, self.bias)
        return np.where(np.isfinite(ratio), ratio, np.nan)


@dataclass(frozen=True)
class BestTest:
    """The test of the best configuration against all that were tried.

    Attributes
    ----------
    lines : ClosingLine
        All configurations; `luck` is the larger of the errors of independent days and of resampled blocks.
    row : int or None
        The judged configuration with the largest statistic; None: none can be tested.
    p_value : float
        Probability that the best is at least as good if none has an edge; NaN: none can be tested.
    rulers : float
        Effective number of independent errors of the close among the configurations, at least 1.
    """

    lines: ClosingLine
    row: int | None
    p_value: float
    rulers: float = 1.0


def estimates(bets: PricedBets, tau: ArrayLike) -> ClosingLine:
    """Estimates of each configuration, with the sampling errors of independent days.

    Parameters
    ----------
    bets : PricedBets
    tau : float or (configurations,) float
        Standard deviation of the error of the close, at least 0; NaN makes everything that needs it NaN.
    """
    staked, closed = np.asarray(bets.level_turnover, np.float64), np.asarray(bets.closed_turnover, np.float64)
    taus = np.broadcast_to(np.asarray(tau, np.float64), staked.shape)
    days = bets.level.shape[1]
    sums = np.zeros((6, len(staked)))

    def work(part: slice) -> None:
        sums[:, part] = _row_sums(bets.level[part], bets.clv[part])

    over_slices(work, len(staked), days)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _estimates(sums, staked, closed, taus, max(days, 1))


def _row_sums(level: NDArray[Any], clv: NDArray[Any]) -> Floats:
    """Sums over the days of level, clv, their squares and their product, and the days with a clv; (6, c)."""
    pairs = (level, level), (clv, clv), (level, clv)
    products = [np.einsum("ij,ij->i", first, second, dtype=np.float64) for first, second in pairs]
    singles = [values.sum(axis=1, dtype=np.float64) for values in (level, clv)]
    return np.stack([*singles, *products, np.count_nonzero(clv, axis=1)])


def _estimates(sums: Floats, staked: Floats, closed: Floats, tau: Floats, days: int) -> ClosingLine:
    yields, clv = sums[0] / staked, sums[1] / closed
    of_yield = np.maximum(sums[2] / staked**2 - yields**2 / days, 0.0)
    of_clv = np.maximum(sums[3] / closed**2 - clv**2 / days, 0.0)
    shared = sums[4] / (staked * closed) - yields * clv / days
    of_gap = np.maximum(of_yield + of_clv - 2.0 * shared, 0.0)
    weight = np.where(tau == 0.0, 0.0, tau**2 / (tau**2 + of_gap))
    rest = 1.0 - weight
    luck = rest**2 * of_clv + weight**2 * of_yield + 2.0 * weight * rest * shared
    return ClosingLine(
        yields=yields,
        clv=clv,
        weight=weight,
        theta=clv + weight * (yields - clv),
        luck=np.sqrt(np.maximum(luck, 0.0)),
        bias=rest * tau,
        clv_error=np.sqrt(of_clv),
        gap_error=np.sqrt(of_gap),
        days=sums[5].astype(np.int64),
    )


def best_test(
    bets: PricedBets,
    lines: ClosingLine,
    eligible: NDArray[np.bool_],
    judged: NDArray[np.bool_],
    length: float,
    resamples: int,
    rng: np.random.Generator,
    cells: NDArray[Any] | None = None,
) -> BestTest:
    """Test the best of many configurations: luck from resampled days, and the error of the close.

    Parameters
    ----------
    bets : PricedBets
    lines : ClosingLine
        From `estimates` of the same bets.
    eligible : bool (configurations,)
        Configurations with enough bets that have a closing price: each resample takes the best of them.
    judged : bool (configurations,)
        Which of them may be the best.
    length : float
        Mean block length of the bootstrap, days.
    resamples : int
    rng : numpy.random.Generator
    cells : (configurations, cells) float, optional
        How much each cell of the calibration has in the error of the close of each configuration, any scale. Default:
        one cell, so that all share one error.
    """
    days = bets.level.shape[1]
    first = lines.statistic
    eligible = eligible & np.isfinite(first)
    among = np.flatnonzero(eligible & judged)
    if not len(among):
        return BestTest(lines, None, math.nan)
    with np.errstate(invalid="ignore"):
        matters = eligible & (first >= -math.sqrt(2.0 * math.log(math.log(max(days, 16)))))
    matters[among[np.argmax(first[among])]] = True
    rows = np.flatnonzero(matters)
    luck, deviations = _resampled_luck(bets, lines, rows, resampled_day_counts(days, length, resamples, rng))
    spread = lines.luck.copy()
    spread[rows] = np.maximum(spread[rows], deviations)
    lines = replace(lines, luck=spread)
    statistic = lines.statistic
    row = int(among[np.argmax(statistic[among])])
    shared, rulers = None, 1.0
    if cells is not None:
        directions = unit_rows(cells)
        normals = rng.standard_normal((resamples, directions.shape[1]))
        shared = SharedError.of(directions[rows], directions[row], normals)
        rulers = effective_rulers(directions[eligible], directions[row], normals)
    largest = largest_p_value(float(statistic[row]), luck, spread[rows], lines.bias[rows], shared)
    return BestTest(lines, row, max(upper_tail(float(statistic[row])), largest), rulers)


def _resampled_luck(
    bets: PricedBets, lines: ClosingLine, rows: NDArray[np.intp], counts: NDArray[Any]
) -> tuple[NDArray[np.float32], Floats]:
    """Centred theta of some configurations in each resample of days, float32 (resamples, rows), and its deviation."""
    luck, deviations = values_of_resamples(len(counts), len(rows)), np.empty(len(rows))
    of_clv = ((1.0 - lines.weight[rows]) / bets.closed_turnover[rows]).astype(np.float32)
    of_level = (lines.weight[rows] / bets.level_turnover[rows]).astype(np.float32)

    def work(part: slice) -> None:
        series = bets.clv[rows[part]] * of_clv[part, None]
        series += bets.level[rows[part]] * of_level[part, None]
        series -= series.mean(axis=1, keepdims=True)
        resampled = counts @ series.T
        luck[:, part], deviations[part] = resampled, resampled.std(axis=0, dtype=np.float64)

    # one thread per matrix product, whatever the number of threads, so that the bits are the same
    with single_threaded():
        over_slices(work, len(rows), max(counts.shape))
    return luck, deviations
