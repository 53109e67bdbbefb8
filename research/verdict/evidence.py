"""What all configurations of a sweep together say about luck: one pass over their daily returns."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from research.inference import skewness as skewed
from research.inference.block_bootstrap import block_length, resampled_order
from research.inference.bootstrap import generator
from research.inference.effective_trials import effective_trials
from research.inference.overfit import Overfit, overfit
from research.inference.sharpe import moments
from research.inference.superiority import Resampled, reality_check, resampled, studentised, superior_ability, survivors

#: resamples of whole days
RESAMPLES: Final = 1000
#: blocks of cross-validation where the days allow so many; 12,870 splits
BLOCKS: Final = 16
#: configurations that cross-validation looks at; of more, so many are drawn
CROSSED: Final = 10_000
#: the null band of PBO: replicas, configurations and pairs of halves of each
REPLICAS: Final = 100
_SAMPLED: Final = 500
_HALVES: Final = 500
#: configurations whose dependence gives the block length
_MEASURED: Final = 64
#: most survivors that are named
NAMED: Final = 200


@dataclass(frozen=True)
class Crossed:
    """Cross-validated choice (`overfit.Overfit`), and the band of PBO where no configuration is better than another.

    `null_low`, `null_middle`, `null_high`: 5, 50 and 95 % quantile over the replicas.
    """

    probability: float
    slope: float
    loss: float
    blocks: int
    splits: int
    configurations: int
    null_low: float
    null_middle: float
    null_high: float


@dataclass(frozen=True)
class Single:
    """One configuration: its place, its test alone, its Sharpe ratio per day and what is known about that."""

    row: int
    statistic: float
    p_value: float
    n_days: int
    sharpe: float
    skew: float
    kurtosis: float


@dataclass(frozen=True)
class Evidence:
    """Numbers that a verdict is made of, apart from the out-of-sample path and the trial ledger.

    Attributes
    ----------
    days, configurations, betting : int
        Observations; configurations; those whose returns vary.
    block_length : float
        Mean length of a block of days.
    resamples : int
    statistic, p_lower, p_consistent, p_upper : float
        `superiority.superior_ability` over all configurations.
    p_skewed : float
        `skewed.ability`: the consistent p where returns are skewed.
    p_reality : float
        White's.
    n_survivors : int
        Configurations that StepM names at 5 %; `survivors` holds at most `NAMED` rows of them, best first.
    effective : float
        `effective.effective_trials` of all.
    sharpe_variance : float
        Variance of the Sharpe ratios per day over the configurations that bet.
    picked : Single or None
        The configuration that is judged; None where none qualifies.
    crossed : Crossed or None
        None where there are too few days or configurations.
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
    picked: Single | None
    crossed: Crossed | None

    @property
    def p_all(self) -> float:
        """What condition (a) looks at: the larger of the two consistent p; NaN where no configuration bet."""
        return max(self.p_consistent, self.p_skewed) if self.betting else math.nan

    def plain(self) -> dict[str, Any]:
        """As a JSON document."""
        return asdict(self)

    @classmethod
    def of_plain(cls, found: dict[str, Any]) -> Evidence:
        """From a JSON document."""
        single, crossed = found["picked"], found["crossed"]
        made = found | {
            "survivors": tuple(found["survivors"]),
            "picked": None if single is None else Single(**single),
            "crossed": None if crossed is None else Crossed(**crossed),
        }
        return cls(**made)


@dataclass(frozen=True)
class Weighed:
    """The evidence, what it was drawn from, and the cross-validation split by split."""

    evidence: Evidence
    resamples: Resampled
    splits: Overfit | None


def weigh(returns: NDArray[Any], picked: int | None, seed: int, *, crossing: bool = True) -> Weighed:
    """All of the evidence.

    Parameters
    ----------
    returns : float32 (days, configurations)
        Daily returns, days in order, none missing.
    picked : int or None
        Row of the configuration that is judged.
    seed : int
    crossing : bool
        Whether to cross-validate; the verdict does not ask for it.
    """
    length = median_block_length(returns)
    of = resampled(returns, length, RESAMPLES, generator(seed, "resampled days"))
    tested, named = superior_ability(of), survivors(of)
    order = np.flatnonzero(named)[np.argsort(-studentised(of)[named], kind="stable")]
    bets = of.spreads > 0
    sharpes = of.means[bets] / of.deviations[bets]
    crossed, splits = _crossed(returns, length, seed) if crossing else (None, None)
    evidence = Evidence(
        days=of.n,
        configurations=returns.shape[1],
        betting=int(bets.sum()),
        block_length=length,
        resamples=RESAMPLES,
        statistic=tested.statistic,
        p_lower=tested.lower,
        p_consistent=tested.consistent,
        p_upper=tested.upper,
        p_skewed=skewed.ability(of),
        p_reality=reality_check(of),
        n_survivors=len(order),
        survivors=tuple(int(row) for row in order[:NAMED]),
        effective=effective_trials(of),
        sharpe_variance=float(np.var(sharpes, ddof=1)) if len(sharpes) > 1 else 0.0,
        picked=None if picked is None else _single(returns, of, picked),
        crossed=crossed,
    )
    return Weighed(evidence, of, splits)


def median_block_length(returns: NDArray[Any]) -> float:
    """The median of the automatic block lengths of configurations spread over all that bet; 1 where none does."""
    betting = np.flatnonzero(np.ptp(returns, axis=0) > 0.0)
    if not len(betting):
        return 1.0
    taken = betting[np.unique(np.linspace(0, len(betting) - 1, _MEASURED).astype(np.intp))]
    return float(np.median([block_length(returns[:, row]) for row in taken]))


def _single(returns: NDArray[Any], of: Resampled, row: int) -> Single:
    found = moments(returns[:, row])
    return Single(
        row, float(studentised(of)[row]), skewed.single_p(of, row), found.n, found.sharpe, found.skew, found.kurtosis
    )


def _crossed(returns: NDArray[Any], length: float, seed: int) -> tuple[Crossed | None, Overfit | None]:
    """Cross-validation of the configurations that bet, and its null band."""
    betting = np.flatnonzero(np.ptp(returns, axis=0) > 0.0)
    blocks = min(BLOCKS, len(returns) // 4 * 2)
    if len(betting) < 2 or blocks < 4:
        return None, None
    rng = generator(seed, "cross-validation")
    taken = betting if len(betting) <= CROSSED else np.sort(rng.choice(betting, CROSSED, replace=False))
    whole = returns if len(taken) == returns.shape[1] else returns[:, taken]
    found = overfit(whole, blocks)
    low, middle, high = np.quantile(_null(returns, taken, (length, blocks), rng), [0.05, 0.5, 0.95])
    made = Crossed(
        found.probability,
        found.slope,
        found.loss,
        blocks,
        len(found.logits),
        len(taken),
        float(low),
        float(middle),
        float(high),
    )
    return made, found


def _null(
    returns: NDArray[Any], taken: NDArray[np.intp], shape: tuple[float, int], rng: np.random.Generator
) -> NDArray[np.float64]:
    """PBO of replicas in which no configuration is better than another: resampled days of re-centred returns."""
    length, blocks = shape
    found = np.empty(REPLICAS)
    for replica in range(REPLICAS):
        columns = taken if len(taken) <= _SAMPLED else rng.choice(taken, _SAMPLED, replace=False)
        series = np.asarray(returns[:, columns], np.float64)
        series -= series.mean(axis=0)
        order = resampled_order(len(series), length, rng)
        found[replica] = overfit(series[order], blocks, halves=_HALVES, rng=rng).probability
    return found
