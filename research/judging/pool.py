"""The weight of a model in a blend with the market: does it know anything that the market does not?

The blend is the log-linear pool q_k ~ market_k^a model_k^b (Genest & Zidek, "Combining probability distributions",
Statistical Science 1 (1986), section 3; the pool of prices and a model in Benter, "Computer based horse race
handicapping and wagering systems" (1994), equation 3). Both exponents are fitted by maximum likelihood: a multinomial
logit with the two logarithms as regressors, which is concave. `b` is the weight of the model; `a` is free, so that a
market that is too flat or too sharp is not mistaken for a model that knows something. Weights are those of hindsight
over the judged events.

Interval: the bootstrap over weeks, one Newton step from the estimate in each resample (a k-step bootstrap: Andrews,
Econometrica 70 (2002)).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from research.judging.blocks import LEVEL, UNKNOWN, Interval, Weeks, interval
from research.judging.scores import log_losses
from research.regression.multinomial import softmax

__all__ = ["Pool", "blended", "pool_of"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

#: probabilities below this count as this in a blend
_LEAST: Final = 1e-12
_STEPS: Final = 50
#: a Hessian whose smaller eigenvalue is below this share of its trace cannot tell the two forecasts apart
_ALIKE: Final = 1e-9


@dataclass(frozen=True)
class Pool:
    """A fitted blend.

    Attributes
    ----------
    market : float
        Exponent of the market; NaN where the two forecasts are the same.
    weight : Interval
        Exponent of the model.
    gain : float
        Log loss of the market with an exponent of its own, minus that of the blend: what the model adds in hindsight;
        not below zero.
    drawn : float64 (resamples,)
        Exponent of the model in each resample; empty where it is not known.
    """

    market: float
    weight: Interval
    gain: float
    drawn: Floats = field(default_factory=lambda: np.empty(0), repr=False, compare=False)

    def weight_at(self, level: float) -> Interval:
        """The weight with its interval at another level."""
        return interval(self.weight.value, self.drawn, level)


def pool_of(market: Floats, model: Floats, outcome: Longs, weeks: Weeks, level: float = LEVEL) -> Pool:
    """Fit the blend.

    Parameters
    ----------
    market, model : float64 (n, n_outcomes)
        Without NaN.
    outcome : int64 (n,)
    weeks : Weeks
        Of the same events.
    level : float, optional
        Of the interval.

    Returns
    -------
    Pool
        NaN where the forecasts are the same, or differ too little for a weight.
    """
    logs = np.log(np.clip(np.stack([market, model], axis=2), _LEAST, 1.0))
    weights, gradients, hessians = _fitted(logs, outcome)
    if np.isnan(weights).any():
        return Pool(np.nan, UNKNOWN, np.nan)
    g, h = weeks.counts @ weeks.sums(gradients), np.tensordot(weeks.counts, weeks.sums(hessians), axes=1)
    determinant = h[:, 0, 0] * h[:, 1, 1] - h[:, 0, 1] ** 2
    known = determinant > 0.0
    step = (h[known, 0, 0] * g[known, 1] - h[known, 0, 1] * g[known, 0]) / determinant[known]
    alone, *_ = _fitted(logs[:, :, :1], outcome)
    gain = _loss(logs[:, :, :1], alone, outcome) - _loss(logs, weights, outcome)
    drawn = weights[1] + step
    return Pool(float(weights[0]), interval(float(weights[1]), drawn, level), max(gain, 0.0), drawn)


def blended(logs: Floats, weights: Floats) -> Floats:
    """Probabilities of a blend; logarithms (n, n_outcomes, forecasts) and their exponents to (n, n_outcomes)."""
    return softmax(logs @ weights)


def _loss(logs: Floats, weights: Floats, outcome: Longs) -> float:
    return float(log_losses(blended(logs, weights), outcome).mean())


def _fitted(logs: Floats, outcome: Longs) -> tuple[Floats, Floats, Floats]:
    """Exponents by Newton's method with halved steps; gradient and Hessian of each event there."""
    weights = np.full(logs.shape[2], 1.0 / logs.shape[2])
    loss = _loss(logs, weights, outcome)
    for _ in range(_STEPS):
        gradients, hessians = _derivatives(logs, weights, outcome)
        hessian = hessians.sum(axis=0)
        eigenvalues = np.linalg.eigvalsh(hessian)
        if not eigenvalues[0] > _ALIKE * eigenvalues.sum():
            return np.full_like(weights, np.nan), gradients, hessians
        step, factor = np.linalg.solve(hessian, gradients.sum(axis=0)), 1.0
        while (new := _loss(logs, weights + factor * step, outcome)) > loss and factor > 1e-6:
            factor /= 2.0
        weights, loss = weights + factor * step, min(new, loss)
        if np.abs(step).max() < 1e-10:
            break
    return weights, *_derivatives(logs, weights, outcome)


def _derivatives(logs: Floats, weights: Floats, outcome: Longs) -> tuple[Floats, Floats]:
    """Of the log likelihood of each event: gradient (n, f), and Hessian with the sign changed (n, f, f)."""
    prob = blended(logs, weights)
    mean = np.einsum("nk,nkf->nf", prob, logs)
    gradients = logs[np.arange(len(logs)), outcome] - mean
    centred = logs - mean[:, None, :]
    return gradients, np.einsum("nk,nkf,nkg->nfg", prob, centred, centred)
