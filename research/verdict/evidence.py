"""The statistical evidence on all configurations of a sweep, from one pass over their daily returns."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from research.inference.block_bootstrap import median_block_length
from research.inference.bootstrap import generator
from research.inference.effective_trials import effective_trials, sidak_adjusted
from research.inference.multipliers import null_maxima
from research.inference.overfit import Overfitting
from research.inference.parts import ANEW, Parts
from research.inference.single import upper_tail
from research.inference.skewness import spa_p_value
from research.inference.superiority import (
    BootstrapMoments,
    bootstrap_moments,
    reality_check,
    spa_test,
    studentised_means,
    survivors,
)
from research.verdict.at_level import Judged, LevelStakes, level_tests, single, slow_evidence, untested, without_gaps
from research.verdict.crossed import cross_validated
from research.verdict.parts import LevelTests, OverfittingEvidence, SingleTest, SlowDependence, Untested

#: bootstrap resamples of whole days
RESAMPLES: Final = 1000
#: resamples that must be as good as the observed best for their share to be a p-value of its own
_FEWEST_BEYOND: Final = 10
#: most survivors that are listed
LISTED: Final = 200

#: names of fields in the stored document, where they differ
_STORED: Final = {"selected": "picked", "overfitting": "crossed"}


@dataclass(frozen=True)
class Evidence:
    """Numbers behind a verdict, except those of the out-of-sample path and of the trial ledger.

    Attributes
    ----------
    days, configurations, betting : int
        Days; configurations; configurations that are judged and whose returns vary.
    block_length : float
        Mean block length of the bootstrap, days.
    resamples : int
    statistic, p_lower, p_consistent, p_upper : float
        `superiority.spa_test`: the best of those judged, against resamples of all configurations.
    p_skewed : float
        Consistent p-value corrected for skew (`skewness.spa_p_value`).
    p_reality : float
        White's (`superiority.reality_check`).
    n_survivors : int
        Configurations that StepM rejects at 5 %.
    survivors : tuple of int
        Rows of at most `LISTED` of them, best first.
    effective : float
        Effective number of trials of all configurations that bet (`effective_trials.effective_trials`).
    sharpe_variance : float
        Variance of the daily Sharpe ratios over the configurations that bet.
    selected : SingleTest or None
        The selected configuration; None if none qualifies.
    overfitting : OverfittingEvidence or None
        None if there are too few days or configurations.
    level : LevelTests or None
        The tests at level stakes; None: not made, as in runs of earlier versions.
    slow : SlowDependence or None
        None: not measured, with too few days or in runs of earlier versions.
    untested : tuple of Untested
        Configurations without a test, by reason; empty in runs of earlier versions.
    """

    days: int
    configurations: int
    betting: int
    block_length: float
    resamples: int
    statistic: float
    p_lower: float
    p_consistent: float
    p_upper: float
    p_skewed: float
    p_reality: float
    n_survivors: int
    survivors: tuple[int, ...]
    effective: float
    sharpe_variance: float
    selected: SingleTest | None
    overfitting: OverfittingEvidence | None
    level: LevelTests | None = None
    slow: SlowDependence | None = None
    untested: tuple[Untested, ...] = ()

    @property
    def p_all(self) -> float:
        """p-value of condition (a); NaN if no configuration bet.

        The larger of the two consistent p-values of the returns on equity, and that of level stakes where it is larger.
        Resamples cannot show less than 1 / (`resamples` + 1), and late sweeps of a family are tested below that. So
        where fewer than `_FEWEST_BEYOND` resamples are as good, it is at most Sidak's for the effective number of
        trials: the chance that the best of so many independent normals is as good as the smaller of the two statistics.
        """
        if not self.betting:
            return math.nan
        counted = max(self.p_consistent, self.p_skewed)
        if self.level is None:
            return counted
        counted = max(counted, self.level.p_value)
        if counted > _FEWEST_BEYOND / (self.resamples + 1):
            return counted
        beyond = upper_tail(min(self.statistic, self.level.statistic))
        return min(counted, sidak_adjusted(beyond, max(self.effective, 1.0)))

    @property
    def p_selected(self) -> float:
        """p-value of condition (b), not adjusted: the larger of both series; NaN if no configuration qualifies."""
        if self.selected is None:
            return math.nan
        at_level = None if self.level is None else self.level.selected
        return self.selected.larger if at_level is None else max(self.selected.larger, at_level.larger)

    @property
    def p_ensemble(self) -> float:
        """p-value of condition (e); NaN if it was not tested."""
        return math.nan if self.level is None or self.level.ensemble is None else self.level.ensemble.larger

    def plain(self) -> dict[str, Any]:
        """As a JSON document."""
        return {_STORED.get(name, name): value for name, value in asdict(self).items()}

    @classmethod
    def from_plain(cls, document: dict[str, Any]) -> Evidence:
        """From a JSON document; raises KeyError or TypeError if it is none of these."""
        document = {"level": None, "slow": None, "untested": ()} | document  # earlier versions have none of these
        fields = {name: document[_STORED.get(name, name)] for name in cls.__dataclass_fields__}
        selected, crossed, level, slow = (fields[name] for name in ("selected", "overfitting", "level", "slow"))
        return cls(
            **fields
            | {
                "survivors": tuple(fields["survivors"]),
                "selected": None if selected is None else SingleTest(**selected),
                "overfitting": None if crossed is None else OverfittingEvidence(**crossed),
                "level": None if level is None else LevelTests.from_plain(level),
                "slow": None if slow is None else SlowDependence(**slow),
                "untested": tuple(Untested(**one | {"rows": tuple(one["rows"])}) for one in fields["untested"]),
            }
        )


@dataclass(frozen=True)
class Assessment:
    """The evidence, the bootstrap behind it, and the cross-validation split by split (None: not done)."""

    evidence: Evidence
    bootstrap: BootstrapMoments
    splits: Overfitting | None


@dataclass(frozen=True)
class Resampled:
    """What all tests share.

    Attributes
    ----------
    length : float
        Mean block length of the bootstrap, days.
    moments : BootstrapMoments
        Of the resamples.
    maxima : float32 (draws,)
        Largest null statistics under the multipliers of calendar days (`multipliers.null_maxima`), of the days at level
        stakes.
    """

    length: float
    moments: BootstrapMoments
    maxima: NDArray[np.float32]


def resampled(
    returns: NDArray[Any],
    seed: int,
    first: dt.date,
    level: NDArray[Any] | None = None,
    parts: Parts = ANEW,
) -> Resampled:
    """Draw the resamples of whole days, and the null maxima.

    Parameters
    ----------
    returns : float32 (days, configurations)
        Daily returns, all days in order; a column with a value that is not finite counts as one without a bet.
    seed : int
    first : date
        The first day: the luck of a day is that of its date.
    level : float32 (days, configurations), optional
        Daily profit at level stakes; default: the returns.
    parts : Parts
        Keeps what is finished, and is told.
    """
    returns = _one_day_at_least(returns)
    _, (returns, days) = without_gaps(returns, returns if level is None else _one_day_at_least(level))
    length = median_block_length(returns)
    drawn = bootstrap_moments(returns, length, RESAMPLES, generator(seed, "resampled days"), parts)
    (maxima,) = parts.part("maxima", 0, lambda: (null_maxima(days, first),))
    return Resampled(length, drawn, maxima)


def _one_day_at_least(returns: NDArray[Any]) -> NDArray[Any]:
    """The returns; a day without a bet where there is no day, as in a sweep without an opportunity."""
    return returns if len(returns) else np.zeros((1, returns.shape[1]), np.float32)


def assess(
    returns: NDArray[Any],
    selected: int | None,
    seed: int,
    drawn: Resampled,
    *,
    cross_validate: bool = True,
    aside: Collection[int] = (),
    level: LevelStakes | None = None,
    parts: Parts = ANEW,
) -> Assessment:
    """Compute all of the evidence.

    Parameters
    ----------
    returns : float32 (days, configurations)
        Daily returns, all days in order. A column with a value that is not finite is not tested and counts as no bet.
    selected : int or None
        Row of the selected configuration.
    seed : int
    drawn : Resampled
        From `resampled` with the same series and seed.
    cross_validate : bool
        Whether to compute the probability of overfitting, which the verdict does not use.
    aside : collection of int
        Rows that are set aside: they count as tried, in the resamples and in the number of trials, and are not judged.
    level : LevelStakes, optional
        The same days at level stakes; without them they are not tested, nor is the portfolio.
    parts : Parts
        Keeps what is finished, and is told.
    """
    days = len(returns)
    if level is not None:
        level = LevelStakes(_one_day_at_least(level.days), level.turnover)
    gaps, series = without_gaps(_one_day_at_least(returns), *(() if level is None else (level.days,)))
    returns, length, bootstrap = series[0], drawn.length, drawn.moments
    judged = np.ones(returns.shape[1], np.bool_)
    judged[list(aside)] = False
    bets = bootstrap.omegas > 0
    sharpes = bootstrap.means[bets] / bootstrap.deviations[bets]
    overfit, splits = cross_validated(returns, judged, length, seed, parts) if cross_validate else (None, None)
    slow = slow_evidence(series[-1], seed)
    whom = Judged(judged, selected, length, slow is not None and slow.significant)
    evidence = Evidence(
        days=days,
        configurations=returns.shape[1],
        betting=int((bets & judged).sum()),
        block_length=length,
        resamples=RESAMPLES,
        **_superiority(bootstrap, judged),
        effective=effective_trials(drawn.maxima, int(np.count_nonzero(bets))),
        sharpe_variance=float(np.var(sharpes, ddof=1)) if len(sharpes) > 1 else 0.0,
        selected=None if selected is None else single(returns[:, selected], selected, length),
        overfitting=overfit,
        level=None if level is None else level_tests(replace(level, days=series[-1]), drawn.maxima, whom),
        slow=slow,
        untested=untested(bootstrap, gaps),
    )
    return Assessment(evidence, bootstrap, splits)


def _superiority(bootstrap: BootstrapMoments, judged: NDArray[np.bool_]) -> dict[str, Any]:
    """Fields of `Evidence` about the tests over all configurations."""
    spa, better = spa_test(bootstrap, judged), survivors(bootstrap, judged=judged)
    order = np.flatnonzero(better)[np.argsort(-studentised_means(bootstrap)[better], kind="stable")]
    return {
        "statistic": spa.statistic,
        "p_lower": spa.lower,
        "p_consistent": spa.consistent,
        "p_upper": spa.upper,
        "p_skewed": spa_p_value(bootstrap, judged),
        "p_reality": reality_check(bootstrap, judged),
        "n_survivors": len(order),
        "survivors": tuple(int(row) for row in order[:LISTED]),
    }
