"""Results that are too good to be true: which configurations carry a flag, and what is likely behind it.

A fair book leaves no bettor 15 % of what is staked: the best documented edges over fair closing odds are a few per cent
(Kaunitz, Zhong & Kreiner, "Beating the bookies with their own numbers", arXiv:1710.02824 (2017), found 3.5 %). What
lies beyond by more than `DEVIATIONS` standard errors is a fault of the data or of the rule far more often than skill:
it gets no rank, and no verdict rests on it, until a reader has acknowledged it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from research.inference.bootstrap import event_sums
from research.inference.superiority import Resampled, studentised

Flags = NDArray[np.bool_]

#: yield, mean CLV and surplus of hits over fair closing odds that no fair market leaves
EXCESS: Final = 0.15
#: annualised Sharpe ratio likewise
SHARPE: Final = 8.0
#: standard errors by which a bound must be exceeded: 1 in 30,000 by luck, of one configuration at the very bound
DEVIATIONS: Final = 4.0
#: fewer bets than this are flagged for nothing
FEWEST: Final = 50
_YEAR_DAYS: Final = 365.25

#: what a flag says, with its likely cause
WORDS: Final = {
    "yield": "a yield that no fair odds allow: look for a leak of the result, or a wrong settlement",
    "sharpe": "a Sharpe ratio that no fair odds allow: look for a leak of the result, or bets counted twice",
    "hit_rate": "more hits than fair closing odds allow: look for a leak of the result, or a wrong settlement",
    "clv": "prices far above the closing line: look for stale, mistyped or mismatched prices",
    "leak": "a leak that `bea leakage` found: the decisions knew what only came later",
}


@dataclass(frozen=True)
class Measured:
    """What plausibility asks of all configurations; each (configurations,), NaN where there is no value."""

    n_bets: NDArray[np.float64]
    yield_frac: NDArray[np.float64]
    clv_mean: NDArray[np.float64]
    clv_n: NDArray[np.float64]


def implausible(measured: Measured, of: Resampled) -> dict[str, Flags]:
    """Which configurations carry which flag: ``yield``, ``sharpe``, ``clv``; bool (configurations,) each."""
    statistic = studentised(of)
    enough = measured.n_bets >= FEWEST
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.abs(measured.yield_frac / statistic)
        sharpe = np.where(of.spreads > 0.0, statistic / math.sqrt(of.n), 0.0)
        beyond = {
            "yield": measured.yield_frac - DEVIATIONS * error > EXCESS,
            "sharpe": (sharpe - DEVIATIONS / math.sqrt(max(of.n, 1))) * math.sqrt(_YEAR_DAYS) > SHARPE,
            "clv": (measured.clv_mean > EXCESS) & (measured.clv_n >= FEWEST),
        }
    return {kind: found & enough for kind, found in beyond.items()}


def too_many_hits(won: ArrayLike, probability: ArrayLike, event: ArrayLike) -> bool:
    """Whether more bets won than fair closing odds allow.

    Bets of one event count as if they won and lost together, the widest that they can be.

    Parameters
    ----------
    won : (bets,) bool
    probability : (bets,) float
        Fair closing probability of the full win; bets without one (NaN) do not count.
    event : (bets,) integer
        The event of each bet, any ids.
    """
    hits, fair = np.asarray(won, np.float64), np.asarray(probability, np.float64)
    known = np.isfinite(fair)
    deviations = event_sums(np.sqrt(fair[known] * (1.0 - fair[known])), np.asarray(event)[known])
    if len(deviations) < FEWEST:
        return False
    surplus = hits[known].sum() - (1.0 + EXCESS) * fair[known].sum()
    return bool(surplus > DEVIATIONS * math.sqrt(float((deviations**2).sum())))
