"""Slow dependence: do weeks, months or seasons vary more than independent days would let them?

An edge that comes and goes over months, or luck that months share, leaves the correlation of one day with the next
near zero, so the automatic block length does not see it. It shows in sums over longer spans. Each configuration is
centred on the days with a gain or a loss, and scaled; the squares of its sums over a span are added and pooled over
the configurations. For independent
days the ratio to the squares of the days is near one. Its null distribution comes from days whose signs are drawn at
random, the same for all configurations (wild bootstrap: Liu, Annals of Statistics 16 (1988)): volumes, seasons
without a match, and the correlation between configurations stay, dependence between days goes. Variance ratio: Lo &
MacKinlay, Review of Financial Studies 1 (1988).

Four statistics compete, since dependence has several faces: months alone; all spans and half a year together; the
products of weeks with the weeks before them, weights falling by a tenth a week, for form that fades slowly; and all
spans of the portfolio of these configurations, for luck that they share and that is small in each. The smallest of
their p-values is compared with the smallest of each draw (Westfall & Young 1993).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from research.inference.single import student_score, upper_tail
from research.inference.superiority import Floats
from research.regression.threads import single_threaded

#: days of each span
SPANS: Final = {"week": 7, "month": 28, "season": 91}
#: a longer span that counts in the sum over all, and the fewest of it
_HALF_YEAR, _FEWEST_HALVES = 182, 4
#: weight of a week among those before the next one
_KEPT: Final = np.float32(0.9)
#: draws of random signs
DRAWS: Final = 999
#: configurations that are pooled; of more, this many are sampled
POOLED: Final = 128
#: fewest months that are tested
FEWEST_MONTHS: Final = 8
#: fewest spans of a kind that say something about their variance
_FEWEST_SPANS: Final = 6


@dataclass(frozen=True)
class SlowResult:
    """The variance of sums over spans.

    Attributes
    ----------
    ratios : dict of str to float
        By span: variance of its sums over that of independent days, pooled; NaN with fewer than six spans.
    p_values : dict of str to float
        One-sided p-value of each; NaN likewise.
    p_value : float
        Of all spans together; NaN if there is none.
    """

    ratios: dict[str, float]
    p_values: dict[str, float]
    p_value: float


def slow_dependence(series: ArrayLike, rng: np.random.Generator) -> SlowResult:
    """Measure slow dependence.

    Parameters
    ----------
    series : (days, configurations) float
        Daily P&L at level stakes. Columns that are constant or not finite are left out.
    rng : numpy.random.Generator
    """
    scaled, active = _scaled(np.asarray(series))
    n, configurations = scaled.shape
    spans = {name: days for name, days in SPANS.items() if n // days >= _FEWEST_SPANS}
    unknown = dict.fromkeys(SPANS, math.nan)
    if not configurations or not spans:
        return SlowResult(unknown, dict(unknown), math.nan)
    signs = np.where(rng.random((DRAWS, n)) < 0.5, np.float32(-1.0), np.float32(1.0))
    signs = np.concatenate([np.ones((1, n), np.float32), signs])  # the first is the observed one
    longer = (_HALF_YEAR,) if n // _HALF_YEAR >= _FEWEST_HALVES else ()
    used = (*spans.values(), *longer)
    ratios = np.stack([_ratios(scaled, active, signs, days) for days in used])
    whole, any_bet = scaled.sum(axis=1, keepdims=True), np.asarray(active.any(axis=1, keepdims=True))
    portfolio = np.stack([_ratios(whole, any_bet, signs, days) for days in used])
    month = ratios[list(spans).index("month")] if "month" in spans else ratios[0]
    faces = [month, _total(ratios), _total(portfolio), _fading(scaled, active, signs)]
    smallest = np.min([_p_values(face) for face in faces], axis=0)
    return SlowResult(
        unknown | dict(zip(spans, (float(row[0]) for row in ratios), strict=False)),
        unknown | dict(zip(spans, (_share(row) for row in ratios), strict=False)),
        _share(-smallest),
    )


def _total(ratios: Floats) -> Floats:
    """All spans together, each by its mean and deviation over the draws; (draws,)."""
    total: Floats = _standardised(ratios).sum(axis=0)
    return total


def _p_values(values: Floats) -> Floats:
    """Of each draw as if it were the observed one: the share of draws that are at least as large; (draws,)."""
    p_values: Floats = 1.0 - np.searchsorted(np.sort(values), values, side="left") / len(values)
    return p_values


def _standardised(values: Floats) -> Floats:
    """Each row by mean and deviation of its draws; the first of a row is the observed one."""
    spread = values[:, 1:].std(axis=1, keepdims=True)
    scores: Floats = (values - values[:, 1:].mean(axis=1, keepdims=True)) / np.where(spread > 0.0, spread, 1.0)
    return scores


def _scaled(series: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """At most `POOLED` columns, spread evenly, each centred and with squares that sum to one; and its active days.

    The mean is taken off the days with a gain or a loss: an edge brings nothing on a day without a bet.
    """
    with np.errstate(invalid="ignore"):
        betting = np.flatnonzero(np.ptp(series, axis=0) > 0.0) if len(series) else np.empty(0, np.intp)
    chosen = betting[np.unique(np.linspace(0, len(betting) - 1, min(POOLED, len(betting))).astype(np.intp))]
    columns = np.asarray(series[:, chosen], np.float64)
    columns = columns[:, np.isfinite(columns).all(axis=0)]
    active = columns != 0.0
    columns -= active * (columns.sum(axis=0) / active.sum(axis=0))
    squares = (columns**2).sum(axis=0)
    varied = squares > 0.0
    return np.asarray(columns[:, varied] / np.sqrt(squares[varied]), np.float32), active[:, varied]


def _span_sums(
    scaled: NDArray[np.float32], active: NDArray[np.bool_], signs: NDArray[np.float32], days: int
) -> Iterator[NDArray[np.float32]]:
    """Sums over each span of this many days, (draws, configurations), less the mean of the draw on active days.

    The days after the last whole span are left out.
    """
    used = len(scaled) // days * days
    shares = _shares(active, days)
    with single_threaded():
        total = signs[:, :used] @ scaled[:used]
        for span, low in enumerate(range(0, used, days)):
            sums = signs[:, low : low + days] @ scaled[low : low + days]
            sums -= shares[span] * total
            yield sums


def _shares(active: NDArray[np.bool_], days: int) -> NDArray[np.float32]:
    """Share of each span in the active days, (spans, configurations)."""
    used = len(active) // days * days
    inside = active[:used].reshape(-1, days, active.shape[1]).sum(axis=1)
    return np.asarray(inside / np.maximum(inside.sum(axis=0), 1), np.float32)


def _ratios(scaled: NDArray[np.float32], active: NDArray[np.bool_], signs: NDArray[np.float32], days: int) -> Floats:
    """Squares of the sums over spans of this many days, pooled, for each draw of signs; (draws,).

    The mean of a draw is taken off its active days, as it is off the observed series; so the squares of independent
    days have the expected value that the ratio is scaled by.
    """
    squares = np.zeros(len(signs))
    for sums in _span_sums(scaled, active, signs, days):
        squares += np.einsum("rc,rc->r", sums, sums)
    used, shares = len(scaled) // days * days, _shares(active, days).astype(np.float64)
    expected = (scaled[:used].astype(np.float64) ** 2).sum(axis=0) * (1.0 - (shares**2).sum(axis=0))
    scale = float(expected.sum())
    ratios: Floats = squares / scale if scale > 0.0 else np.ones(len(squares))  # all active days are in one span
    return ratios


def _fading(scaled: NDArray[np.float32], active: NDArray[np.bool_], signs: NDArray[np.float32]) -> Floats:
    """Products of the sums of weeks with those before, `_KEPT` to the distance less one as weight, pooled; (draws,)."""
    products, before = np.zeros(len(signs)), np.zeros((len(signs), scaled.shape[1]), np.float32)
    for sums in _span_sums(scaled, active, signs, SPANS["week"]):
        products += np.einsum("rc,rc->r", sums, before)
        before = _KEPT * before + sums
    return products


def _share(values: Floats) -> float:
    """Share of the draws, the observed one among them, that are at least the observed one, which is the first."""
    return float(np.count_nonzero(values >= values[0]) / len(values))


def months_test(series: ArrayLike) -> tuple[float, int]:
    """A second look at one series: its months as independent observations, Student's quantiles.

    Parameters
    ----------
    series : (days,) float
        Daily P&L at level stakes.

    Returns
    -------
    float, int
        One-sided p-value, and the months with a gain or a loss; 1 with fewer than `FEWEST_MONTHS` of these.
    """
    values, days = np.asarray(series, np.float64), SPANS["month"]
    starts = np.arange(0, len(values), days)
    if len(starts) > 1 and len(values) % days:
        starts = starts[:-1]  # the last days belong to the month before
    sums = np.add.reduceat(values, starts) if len(values) else values
    sums = sums[sums != 0.0]
    if len(sums) < FEWEST_MONTHS or not float(np.ptp(sums)) > 0.0:
        return 1.0, len(sums)
    ratio = math.sqrt(len(sums)) * float(sums.mean()) / float(sums.std(ddof=1))
    return upper_tail(float(student_score(ratio, len(sums) - 1))), len(sums)
