"""The weight of a model in a blend with the market: does it know anything that the market does not?

The blend is the log-linear pool q_k ~ market_k^a model_k^b (`research.regression.pool`; the pool of prices and a model
in Benter, "Computer based horse race handicapping and wagering systems" (1994), equation 3). `b` is the weight of the
model; `a` is free, so that a market that is too flat or too sharp is not mistaken for a model that knows something.
Weights are those of hindsight over the judged events. Their errors are summed over weeks, their intervals are those of
Student with a degree of freedom for each week but one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from research.inference.bootstrap import student_quantile
from research.judging.blocks import UNKNOWN, Interval, Weeks, by_error
from research.judging.scores import log_losses
from research.regression.pool import fitted

__all__ = ["NO_POOL", "Pool", "pool_of"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Pool:
    """A fitted blend.

    Attributes
    ----------
    market : float
        Exponent of the market; NaN where the two forecasts are the same.
    weight : Interval
        Exponent of the model; the ends are NaN with too few weeks.
    gain : float
        Log loss of the market with an exponent of its own, minus that of the blend: what the model adds in hindsight;
        not below zero.
    error : float
        Standard error of the weight; NaN with too few weeks.
    weeks : int
    """

    market: float
    weight: Interval
    gain: float
    error: float
    weeks: int

    def is_above_zero(self, tail: float) -> bool:
        """Whether the weight is above zero, wrongly in a share `tail` of cases; False where that is not known."""
        return self.weight.known and self.weight.value > student_quantile(1.0 - tail, self.weeks - 1) * self.error


#: of the market beside itself
NO_POOL = Pool(math.nan, UNKNOWN, math.nan, math.nan, 0)


def pool_of(market: Floats, model: Floats, outcome: Longs, weeks: Weeks) -> Pool:
    """Fit the blend.

    Parameters
    ----------
    market, model : float64 (n, n_outcomes)
        Without NaN.
    outcome : int64 (n,)
    weeks : Weeks
        Of the same events.

    Returns
    -------
    Pool
        `NO_POOL` where the forecasts are the same, differ too little for a weight, or separate the outcomes.
    """
    try:
        both = fitted([market, model], outcome, "a blend", weeks.place)
        alone = fitted([market], outcome, "the market", weeks.place)
    except DataError:
        return NO_POOL
    losses = [
        float(log_losses(pool.probabilities(forecasts), outcome).mean())
        for pool, forecasts in ((alone, [market]), (both, [market, model]))
    ]
    gain = max(losses[0] - losses[1], 0.0)
    weight, error = both.weights[1], both.errors[1]
    if not weeks.enough:
        return Pool(both.weights[0], Interval(weight, math.nan, math.nan), gain, math.nan, weeks.n)
    return Pool(both.weights[0], by_error(weight, error, weeks.n - 1), gain, error, weeks.n)
