"""Results that are too good to be true: flags, with their likely cause.

A fair book does not leave a bettor 15 % of the turnover. The best documented edges over fair closing odds are a few per
cent (Kaunitz, Zhong & Kreiner, "Beating the bookies with their own numbers", arXiv:1710.02824 (2017), found 3.5 %). A
result that exceeds such a bound by more than `STANDARD_ERRORS` is far more often a fault of the data or of the rule
than skill. It gets no rank, and no verdict rests on it, until a reader has acknowledged the flag.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.plausibility.winnings import EXCESS_BOUND, FEWEST_FLAGGED_BETS, STANDARD_ERRORS
from research.inference.superiority import BootstrapMoments, studentised_means

Flags = NDArray[np.bool_]

#: bound of the annualised Sharpe ratio
SHARPE_BOUND: Final = 8.0
_YEAR_DAYS: Final = 365.25

#: meaning and likely cause of each flag
FLAG_TEXTS: Final = {
    "yield": "a yield that fair odds do not allow: look for a leak of the result, a wrong settlement or suspect prices",
    "sharpe": "a Sharpe ratio that fair odds do not allow: look for a leak of the result, or bets counted twice",
    "hit_rate": "more hits than fair closing odds allow: look for a leak of the result, or a wrong settlement",
    "clv": "prices far above the closing line: look for stale, mistyped or mismatched prices",
    "leak": "a leak that `bea leakage` found: decisions used what was known only later",
}


@dataclass(frozen=True)
class SweepMeasures:
    """Measures of all configurations; each (configurations,), NaN where there is no value.

    `yield_error` is the standard error of the yield from its daily P&L (`yield_errors`).
    """

    n_bets: NDArray[np.float64]
    yield_frac: NDArray[np.float64]
    clv_mean: NDArray[np.float64]
    clv_n: NDArray[np.float64]
    yield_error: NDArray[np.float64]


def implausible_flags(measures: SweepMeasures, moments: BootstrapMoments) -> dict[str, Flags]:
    """Which configurations carry the flags ``yield``, ``sharpe`` and ``clv``; bool (configurations,) each."""
    statistic = studentised_means(moments)
    enough = measures.n_bets >= FEWEST_FLAGGED_BETS
    with np.errstate(divide="ignore", invalid="ignore"):
        sharpe = np.where(moments.omegas > 0.0, statistic / math.sqrt(moments.n), 0.0)
        sharpe_error = STANDARD_ERRORS / math.sqrt(max(moments.n, 1))
        beyond = {
            "yield": measures.yield_frac - STANDARD_ERRORS * measures.yield_error > EXCESS_BOUND,
            "sharpe": (sharpe - sharpe_error) * math.sqrt(_YEAR_DAYS) > SHARPE_BOUND,
            "clv": (measures.clv_mean > EXCESS_BOUND) & (measures.clv_n >= FEWEST_FLAGGED_BETS),
        }
    return {name: flagged & enough for name, flagged in beyond.items()}


def yield_errors(pnl_minor: ArrayLike, turnover_minor: ArrayLike) -> NDArray[np.float64]:
    """Standard errors of yields from the P&L of days: the spread of their sum over the turnover.

    The stakes weigh the days, as they do in the yield; a return on a growing bankroll would weigh them otherwise. The
    bets of an event settle on one day, so days are at least as wide as events.

    Parameters
    ----------
    pnl_minor : (configurations, days) float
        After commission.
    turnover_minor : (configurations,) float
        Sum of stakes; the error is NaN where it is 0.
    """
    days = np.asarray(pnl_minor)
    squares = np.einsum("cd,cd->c", days, days, dtype=np.float64) - days.sum(axis=1, dtype=np.float64) ** 2 / max(
        days.shape[1], 1
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        errors: NDArray[np.float64] = np.sqrt(np.maximum(squares, 0.0)) / np.asarray(turnover_minor, np.float64)
    return np.where(np.isfinite(errors), errors, np.nan)
