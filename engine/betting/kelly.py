"""Kelly stakes: the share of the bankroll whose staking makes the expected logarithm of wealth largest.

Full Kelly throughout (a fraction of it is the staking rule's affair), never below 0 and never above 1. With
commission c, winnings count `1 - c` times; a void and a loss cost nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: nodes of the quadrature over the estimate; 64 leave an error below 1e-12 of the factor
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
#: the estimate is integrated this many standard deviations to either side
_REACH: Final = 9.0
#: rows whose quadratures stand in memory together
_BLOCK: Final = 4096
#: probabilities of a market may exceed 1 by this much, for rounding
_SLACK: Final = 1e-9
#: what is left of 1 by rounding alone after the last selection of a market
_DUST: Final = 1e-12


def kelly_single(odds: ArrayLike, prob: ArrayLike, commission_rate: ArrayLike = 0.0) -> Floats:
    """Kelly (1956) of one win/lose bet: net edge over net profit, `(p b - (1 - p)) / b` with `b = (o - 1)(1
    - c)`.

    Arrays broadcast. NaN where an input is missing or odds are not above 1; 0 where there is no edge.

    J. L. Kelly (1956), "A new interpretation of information rate", Bell System Technical Journal 35(4).
    """
    p = np.asarray(prob, dtype=np.float64)
    b = _net_profit(odds, commission_rate)
    return np.clip((p * b - (1.0 - p)) / b, 0.0, 1.0)


def kelly_states(odds: ArrayLike, probs: ArrayLike, commission_rate: ArrayLike = 0.0) -> Floats:
    """Kelly of one bet with halves and voids (quarter lines): the root of the derivative of expected log
    growth.

    Parameters
    ----------
    odds : float64, shape (...)
    probs : float64, shape (..., 4)
        Probabilities of win, half win, void and half lose; the rest to 1 is the full loss.
    commission_rate : float64
        Broadcasts against `odds`.

    Returns
    -------
    float64, shape (...): 0 where the expected profit is not positive, 1 where no loss can be so bad that
    less is better. NaN where an input is missing or odds are not above 1.
    """
    p = np.asarray(probs, dtype=np.float64)
    b = np.broadcast_to(_net_profit(odds, commission_rate), p.shape[:-1])
    win, half_win, half_lose = p[..., 0], p[..., 1], p[..., 3]
    lose = np.maximum(1.0 - win - half_win - p[..., 2] - half_lose, 0.0)
    chances = np.stack([win, half_win, half_lose, lose]).reshape(4, -1)
    gains = np.stack([b, b / 2.0, np.full_like(b, -0.5), np.full_like(b, -1.0)]).reshape(4, -1)

    def slope(stake: Floats, at: NDArray[np.intp]) -> Floats:
        terms = chances[:, at] * gains[:, at]
        with np.errstate(divide="ignore", invalid="ignore"):
            growth = np.where(terms == 0.0, 0.0, terms / (1.0 + stake * gains[:, at]))
        return np.asarray(growth[0] + growth[1] + growth[2] + growth[3])

    return _falling_root(slope, chances.shape[1]).reshape(b.shape)


def kelly_market(odds: ArrayLike, prob: ArrayLike) -> Floats:
    """Exact Kelly of bets on mutually exclusive selections of one market, placed together.

    Selections join by falling `prob * odds` for as long as that exceeds the reserve rate R, the growth of
    the money that is kept back: `R = (1 - sum(prob)) / (1 - sum(1 / odds))` over those already in; each
    stake is `prob - R / odds`. A selection of negative edge can belong to the optimum (it insures the
    others). Where the prices of a whole market sum under 1 (an arbitrage) R is 0, everything is staked, and
    each stake is `prob`; where they sum to exactly 1 the smallest of the equally good sets of stakes is
    given.

    Smoczynski & Tomkins (2010), "An explicit solution to the problem of optimizing the allocations of a
    bettor's wealth when wagering on horse races", Mathematical Scientist 35.

    Parameters
    ----------
    odds, prob : float64, shape (..., n_outcomes)
        Decimal odds, net of commission where there is one (`1 + (o - 1)(1 - c)`; a charge on the net of
        several bets in one market is then overstated a little). Probabilities may sum to less than 1: the
        rest belongs to outcomes that nobody quotes.

    Returns
    -------
    float64, the same shape. A selection whose price is missing (NaN or not above 1) gets 0. A row is NaN
    where a probability is missing or negative, or where they sum to more than 1.
    """
    o, p = np.broadcast_arrays(np.asarray(odds, dtype=np.float64), np.asarray(prob, dtype=np.float64))
    offered = (o > 1.0) & np.isfinite(o)
    q = np.where(offered, 1.0 / np.where(offered, o, 1.0), 0.0)
    revenue = np.where(offered, p * o, -np.inf)
    order = np.argsort(-revenue, axis=-1, kind="stable")
    revenue = np.take_along_axis(revenue, order, -1)
    kept_prob = 1.0 - _before(np.take_along_axis(p, order, -1))
    kept_price = 1.0 - _before(np.take_along_axis(q, order, -1))
    kept_prob = np.where(kept_prob > _DUST, kept_prob, 0.0)
    reserve = np.where(kept_price > _DUST, kept_prob / np.where(kept_price > _DUST, kept_price, 1.0), 0.0)
    joined = np.logical_and.accumulate(revenue > reserve[..., :-1], axis=-1)
    last = joined.sum(axis=-1, keepdims=True)
    rate = np.take_along_axis(reserve, last, -1)
    member = np.zeros(p.shape, dtype=bool)
    np.put_along_axis(member, order, joined, -1)
    stakes = np.where(member, np.maximum(p - rate * q, 0.0), 0.0)
    sound = (p >= 0.0).all(axis=-1, keepdims=True) & (p.sum(axis=-1, keepdims=True) <= 1.0 + _SLACK)
    return np.where(sound, stakes, np.nan)


def _before(terms: Floats) -> Floats:
    """Sums of the first 0, 1, ... n terms along the last axis: (..., n) to (..., n + 1)."""
    sums = np.zeros((*terms.shape[:-1], terms.shape[-1] + 1))
    np.cumsum(terms, axis=-1, out=sums[..., 1:])
    return sums


def kelly_shrunk(
    odds: ArrayLike,
    prob: ArrayLike,
    prob_sd: ArrayLike,
    commission_rate: ArrayLike = 0.0,
    exact: bool = False,
) -> Floats:
    """Kelly stake times the factor by which an uncertain probability should shrink it.

    Parameters
    ----------
    odds, prob, commission_rate : float64
        As in `kelly_single`; arrays broadcast.
    prob_sd : float64
        Standard error of `prob` as an estimate; 0 gives full Kelly.
    exact : bool
        Which factor of `shrinkage_factor` is used; the closed one by default.

    Returns
    -------
    float64, NaN where an input is missing, odds are not above 1, or `prob_sd` is negative.
    """
    return kelly_single(odds, prob, commission_rate) * shrinkage_factor(odds, prob, prob_sd, commission_rate, exact)


def shrinkage_factor(
    odds: ArrayLike,
    prob: ArrayLike,
    prob_sd: ArrayLike,
    commission_rate: ArrayLike = 0.0,
    exact: bool = False,
) -> Floats:
    """The factor k in [0, 1] on the Kelly stake when the probability is an estimate.

    A bettor who stakes `k * s(q)`, with `s(q) = ((b + 1) q - 1) / b` the Kelly stake of an estimate q whose
    mean is the true p and whose standard deviation is sd, looks for the k of largest expected log growth.
    Staking an estimate in full loses on average, since too much costs more than too little gains: k is below
    1.

    - closed (default): growth to the second order about `s(p)` gives
      `k = s^2 / (s^2 + ((b + 1) / b)^2 sd^2)`, whatever the distribution of the estimate;
    - exact: the k that maximises the integral of `p log(1 + b k s(q)) + (1 - p) log(1 - k s(q))` over a
    normal
      estimate q between the break-even probability (below it nothing is staked) and 1.

    In both the true p is not known and the estimate itself stands for it. Where `prob` shows no edge k is 0.

    Baker & McHale (2013), "Optimal betting under parameter uncertainty: improving the Kelly criterion",
    Decision Analysis 10(3).

    Parameters and missing values as in `kelly_shrunk`; arrays broadcast.
    """
    b, p, sd = np.broadcast_arrays(
        _net_profit(odds, commission_rate),
        np.asarray(prob, dtype=np.float64),
        np.asarray(prob_sd, dtype=np.float64),
    )
    sd = np.where(sd >= 0.0, sd, np.nan)
    stake = ((b + 1.0) * p - 1.0) / b
    noise = (b + 1.0) / b * sd
    with np.errstate(invalid="ignore"):
        factor: Floats = np.where(stake > 0.0, stake**2 / (stake**2 + noise**2), 0.0 * (stake + noise))
    if not exact:
        return factor
    asked = np.flatnonzero((factor > 0.0) & (factor < 1.0))
    best: Floats = factor.copy().ravel()
    for first in range(0, len(asked), _BLOCK):
        block = asked[first : first + _BLOCK]
        best[block] = _best_factor(b.ravel()[block], p.ravel()[block], sd.ravel()[block])
    return best.reshape(factor.shape)


def _best_factor(b: Floats, p: Floats, sd: Floats) -> Floats:
    """Root of the derivative of expected log growth in the factor, by quadrature over the estimate; (r,)."""
    b, p, sd = b[:, None], p[:, None], sd[:, None]
    low = np.maximum(1.0 / (b + 1.0), p - _REACH * sd)
    high = np.minimum(1.0, p + _REACH * sd)
    q = low + (high - low) * (_NODES + 1.0) / 2.0
    weight = _WEIGHTS * np.exp(-(((q - p) / sd) ** 2) / 2.0)
    stake = ((b + 1.0) * q - 1.0) / b

    def slope(factor: Floats, at: NDArray[np.intp]) -> Floats:
        s, k = stake[at], factor[:, None]
        gain = p[at] * b[at] / (1.0 + b[at] * k * s) - (1.0 - p[at]) / (1.0 - k * s)
        return np.asarray((weight[at] * s * gain).sum(axis=1))

    return _falling_root(slope, len(b))


def _net_profit(odds: ArrayLike, commission_rate: ArrayLike) -> Floats:
    """`(o - 1)(1 - c)`, NaN where odds are not a finite number above 1 or c is outside [0, 1)."""
    o, c = np.asarray(odds, dtype=np.float64), np.asarray(commission_rate, dtype=np.float64)
    return np.where((o > 1.0) & np.isfinite(o) & (c >= 0.0) & (c < 1.0), (o - 1.0) * (1.0 - c), np.nan)


def _falling_root(slope: Callable[[Floats, NDArray[np.intp]], Floats], n: int) -> Floats:
    """Where a falling function crosses 0 in [0, 1], for n rows at once; the nearer end where it does not.

    `slope(x, rows)` gives the values of the rows asked for at x. Bisection down to neighbouring numbers:
    some fifty steps, and every row takes its own, so that its bits do not depend on the rows beside it.
    """
    every = np.arange(n)
    low, high = np.zeros(n), np.ones(n)
    at_low, at_high = slope(low, every), slope(high, every)
    root = np.where(at_low > 0.0, 1.0, 0.0)
    root[np.isnan(at_low)] = np.nan
    going = every[(at_low > 0.0) & (at_high < 0.0)]
    while len(going):
        a, b = low[going], high[going]
        middle = (a + b) / 2.0
        root[going] = middle
        value = slope(middle, going)
        low[going] = np.where(value > 0.0, middle, a)
        high[going] = np.where(value > 0.0, b, middle)
        going = going[(value != 0.0) & (b - a > 1e-16) & (middle > a) & (middle < b)]
    return root
