"""The tests at level stakes: a bet counts by its profit for each unit staked, not by the stake that a rule chose.

A rule that raises stakes after losses turns many small gains and few ruins into a series whose past says little about
its risk. At level stakes (where stakes are Kelly's: those of a frozen bankroll) each bet counts the same whatever came
before, so nothing that happened can bend the weights. The verdict needs both: these tests, and those of the returns on
equity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from research.inference.bootstrap import generator
from research.inference.columns import column_slices
from research.inference.sharpe import moments
from research.inference.single import independent_scores, single_test
from research.inference.slow import months_test, slow_dependence
from research.inference.superiority import FEWEST_OUTCOMES, BootstrapMoments, bootstrap_p_value
from research.verdict.parts import LevelTests, SingleTest, SlowDependence, Untested

Floats = NDArray[np.float64]

#: row of the portfolio of all configurations
PORTFOLIO: Final = -1
#: a configuration with less than this share of the median turnover has no more weight in the portfolio than with it
_LEAST_TURNOVER: Final = 0.1
#: most rows that are named for each reason
_NAMED: Final = 20


@dataclass(frozen=True)
class LevelStakes:
    """Day series at level stakes of all configurations.

    Attributes
    ----------
    days : float32 (days, configurations)
        Profit of the bets settled that day at level stakes, after commission.
    turnover : float64 (configurations,)
        Settled stakes at level stakes.
    """

    days: NDArray[Any]
    turnover: Floats


@dataclass(frozen=True)
class Judged:
    """Whom the tests at level stakes are about.

    Attributes
    ----------
    judged : bool (configurations,)
        Configurations that are not set aside.
    selected : int or None
        Row of the selected configuration.
    length : float
        Mean block length of the bootstrap, days.
    by_months : bool
        Whether single series get a second look by months.
    """

    judged: NDArray[np.bool_]
    selected: int | None
    length: float
    by_months: bool


def level_tests(level: LevelStakes, maxima: NDArray[Any], whom: Judged) -> LevelTests:
    """Test all configurations, the selected one and the portfolio at level stakes.

    The best score (`single.independent_scores`) is compared with the largest null statistics of all configurations,
    those that are set aside too (Westfall & Young 1993).

    Parameters
    ----------
    level : LevelStakes
    maxima : float32 (draws,)
        `multipliers.null_maxima` of `level.days`.
    whom : Judged
    """
    scores = independent_scores(level.days)
    among = whom.judged & np.isfinite(scores)
    best = max(0.0, float(scores[among].max())) if among.any() else 0.0
    selected = None
    if whom.selected is not None:
        selected = single(level.days[:, whom.selected], whom.selected, whom.length, by_months=whom.by_months)
    days = portfolio(level, whom.judged)
    ensemble = None if days is None else single(days, PORTFOLIO, whom.length, by_months=whom.by_months)
    return LevelTests(best, bootstrap_p_value(maxima, best) if among.any() else 1.0, selected, ensemble)


def single(days: NDArray[Any], row: int, length: float, *, by_months: bool = False) -> SingleTest:
    """One series of days on its own, with its moments; parameters as in `single.single_test` and `parts.SingleTest`."""
    found, sample = single_test(days, length), moments(days)
    p_months, months = months_test(days) if by_months else (None, 0)
    return SingleTest(
        row, found.statistic, found.p_value, sample.n, sample.sharpe, sample.skew, sample.kurtosis, p_months, months
    )


def portfolio(level: LevelStakes, judged: NDArray[np.bool_]) -> Floats | None:
    """Days of the portfolio of the judged configurations, equal turnover each; float64 (days,), None if none bet.

    A configuration with less than a tenth of the median turnover counts as if it had that much: a handful of bets at
    many times the stakes of all others would rule the portfolio otherwise.
    """
    rows = np.flatnonzero(judged & np.isfinite(level.turnover) & (level.turnover > 0.0))
    if not len(rows):
        return None
    weights = equal_turnover(level.turnover[rows])
    days = np.zeros(len(level.days))
    for part in column_slices(len(rows), len(level.days)):
        days += np.einsum("tj,j->t", np.asarray(level.days[:, rows[part]], np.float64), weights[part])
    mean: Floats = days / len(rows)
    return mean


def equal_turnover(turnover: Floats) -> Floats:
    """Weight of each configuration in the portfolio before it is divided by their number; (configurations,)."""
    weights: Floats = 1.0 / np.maximum(turnover, _LEAST_TURNOVER * float(np.median(turnover)))
    return weights


def slow_evidence(days: NDArray[Any], seed: int) -> SlowDependence | None:
    """The diagnostic of slow dependence of day series, (days, configurations); None with too few days or bets."""
    found = slow_dependence(days, generator(seed, "slow dependence"))
    known = [name for name, ratio in found.ratios.items() if math.isfinite(ratio)]
    if not known:
        return None
    return SlowDependence(
        {name: found.ratios[name] for name in known}, {name: found.p_values[name] for name in known}, found.p_value
    )


def without_gaps(series: NDArray[Any], *others: NDArray[Any]) -> tuple[NDArray[np.bool_], list[NDArray[Any]]]:
    """Columns in which a value is not finite become zero in all series, so that they poison nothing.

    Parameters
    ----------
    series, *others : float (days, configurations)

    Returns
    -------
    bool (configurations,), list of arrays
        Which columns these are; the series, copied only if there is one.
    """
    every = [series, *others]
    with np.errstate(invalid="ignore", over="ignore"):
        bad = ~np.logical_and.reduce([np.isfinite(one.sum(axis=0, dtype=np.float64)) for one in every])
    return bad, [np.where(bad, np.float32(0.0), one) for one in every] if bad.any() else every


def untested(moments: BootstrapMoments, gaps: NDArray[np.bool_]) -> tuple[Untested, ...]:
    """Configurations that no test can say anything about, by reason.

    Parameters
    ----------
    moments : BootstrapMoments
    gaps : bool (configurations,)
        Those with a value that is not finite.
    """
    still = (moments.omegas == 0.0) & ~gaps
    reasons = {
        "not a number": gaps,
        "no bet": still & (moments.means == 0.0),
        "constant": still & (moments.means != 0.0),
        "few outcomes": (moments.omegas > 0.0) & (np.minimum(moments.gain_days, moments.loss_days) < FEWEST_OUTCOMES),
    }
    found = {reason: np.flatnonzero(which) for reason, which in reasons.items()}
    return tuple(
        Untested(reason, len(rows), tuple(int(row) for row in rows[:_NAMED]))
        for reason, rows in found.items()
        if len(rows)
    )
