"""Kelly stakes: the share of the bankroll that maximises the expected logarithm of wealth.

All functions return full Kelly, in [0, 1]; the staking rule applies its own fraction. With commission c,
winnings are multiplied by `1 - c`. Voids and losses pay no commission.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: nodes and weights of the quadrature over the estimate; 64 nodes keep the error of the factor below 1e-12
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
#: standard deviations of the estimate covered on either side by the integral
_REACH: Final = 9.0
#: rows whose quadratures are held in memory together
_BLOCK: Final = 4096
#: rounding tolerance: the probabilities of a market may exceed 1 by this much
_SLACK: Final = 1e-9
#: a remainder of 1 below this is rounding error, and counts as 0
_DUST: Final = 1e-12


def kelly_single(odds: ArrayLike, prob: ArrayLike, commission_rate: ArrayLike = 0.0) -> Floats:
    """Kelly stake of one win/lose bet: net edge over net odds.

    With `b = (o - 1)(1 - c)` the stake is `(p b - (1 - p)) / b`. Arrays broadcast.

    Returns
    -------
    float64, share of the bankroll: 0 where there is no edge, NaN where an input is missing or odds are not
    above 1.

    References
    ----------
    J. L. Kelly (1956), "A new interpretation of information rate", Bell System Technical Journal 35(4).
    """
    p = np.asarray(prob, dtype=np.float64)
    b = _net_profit(odds, commission_rate)
    return np.clip((p * b - (1.0 - p)) / b, 0.0, 1.0)


def kelly_states(odds: ArrayLike, probs: ArrayLike, commission_rate: ArrayLike = 0.0) -> Floats:
    """Kelly stake of one bet that can also half win, half lose or be void (quarter lines).

    The stake is the root of the derivative of expected log growth.

    Parameters
    ----------
    odds : float64, shape (...)
        Decimal odds.
    probs : float64, shape (..., 4)
        Probabilities of win, half win, void and half lose; the remainder to 1 is the full loss.
    commission_rate : float64
        Broadcasts against `odds`.

    Returns
    -------
    float64, shape (...), share of the bankroll: 0 where the expected value is not positive, 1 where growth
    still rises at a stake of the whole bankroll. NaN where an input is missing or odds are not above 1.
    """
    p = np.asarray(probs, dtype=np.float64)
    b = np.broadcast_to(_net_profit(odds, commission_rate), p.shape[:-1])
    win, half_win, half_lose = p[..., 0], p[..., 1], p[..., 3]
    lose = np.maximum(1.0 - win - half_win - p[..., 2] - half_lose, 0.0)
    state_probs = np.stack([win, half_win, half_lose, lose]).reshape(4, -1)
    gains = np.stack([b, b / 2.0, np.full_like(b, -0.5), np.full_like(b, -1.0)]).reshape(4, -1)

    def slope(stake: Floats, at: NDArray[np.intp]) -> Floats:
        terms = state_probs[:, at] * gains[:, at]
        with np.errstate(divide="ignore", invalid="ignore"):
            growth = np.where(terms == 0.0, 0.0, terms / (1.0 + stake * gains[:, at]))
        return np.asarray(growth[0] + growth[1] + growth[2] + growth[3])

    return _falling_root(slope, state_probs.shape[1]).reshape(b.shape)


def kelly_market(odds: ArrayLike, prob: ArrayLike) -> Floats:
    """Exact Kelly stakes on the mutually exclusive selections of one market, placed together.

    Selections are added in descending order of `prob * odds`, as long as it exceeds the reserve rate
    `R = (1 - sum(prob)) / (1 - sum(1 / odds))` over the selections already added. R is the growth of the money
    not staked. Each stake is `prob - R / odds`. A selection with a negative edge can be part of the optimum,
    because it insures the others. Where the implied probabilities of a complete market sum to less than 1 (an
    arbitrage), R is 0, everything is staked and each stake is `prob`. Where they sum to exactly 1, several sets
    of stakes are equally good and the smallest is returned.

    Parameters
    ----------
    odds, prob : float64, shape (..., n_outcomes)
        Decimal odds, net of any commission: `1 + (o - 1)(1 - c)`. If commission is charged on the net result of
        the market, this slightly overstates it. Probabilities may sum to less than 1; the remainder belongs to
        outcomes that nobody quotes.

    Returns
    -------
    float64, same shape, shares of the bankroll. A selection without a price (NaN or not above 1) gets 0. A row
    is NaN where a probability is missing or negative, or where the probabilities sum to more than 1.

    References
    ----------
    Smoczynski & Tomkins (2010), "An explicit solution to the problem of optimizing the allocations of a
    bettor's wealth when wagering on horse races", Mathematical Scientist 35.
    """
    o, p = np.broadcast_arrays(np.asarray(odds, dtype=np.float64), np.asarray(prob, dtype=np.float64))
    offered = (o > 1.0) & np.isfinite(o)
    q = np.where(offered, 1.0 / np.where(offered, o, 1.0), 0.0)
    revenue = np.where(offered, p * o, -np.inf)
    order = np.argsort(-revenue, axis=-1, kind="stable")
    revenue = np.take_along_axis(revenue, order, -1)
    rest_prob = 1.0 - _prefix_sums(np.take_along_axis(p, order, -1))
    rest_price = 1.0 - _prefix_sums(np.take_along_axis(q, order, -1))
    rest_prob = np.where(rest_prob > _DUST, rest_prob, 0.0)
    reserve = np.where(rest_price > _DUST, rest_prob / np.where(rest_price > _DUST, rest_price, 1.0), 0.0)
    added = np.logical_and.accumulate(revenue > reserve[..., :-1], axis=-1)
    last = added.sum(axis=-1, keepdims=True)
    rate = np.take_along_axis(reserve, last, -1)
    member = np.zeros(p.shape, dtype=bool)
    np.put_along_axis(member, order, added, -1)
    stakes = np.where(member, np.maximum(p - rate * q, 0.0), 0.0)
    valid = (p >= 0.0).all(axis=-1, keepdims=True) & (p.sum(axis=-1, keepdims=True) <= 1.0 + _SLACK)
    return np.where(valid, stakes, np.nan)


def _prefix_sums(terms: Floats) -> Floats:
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
    """Kelly stake times `shrinkage_factor`, for a probability that is an estimate.

    Parameters
    ----------
    odds, prob, commission_rate : float64
        As in `kelly_single`; arrays broadcast.
    prob_sd : float64
        Standard error of `prob`; 0 gives full Kelly.
    exact : bool
        Use the exact factor of `shrinkage_factor` in place of the closed form.

    Returns
    -------
    float64, share of the bankroll; NaN where an input is missing, odds are not above 1, or `prob_sd` is negative.
    """
    return kelly_single(odds, prob, commission_rate) * shrinkage_factor(odds, prob, prob_sd, commission_rate, exact)


def shrinkage_factor(
    odds: ArrayLike,
    prob: ArrayLike,
    prob_sd: ArrayLike,
    commission_rate: ArrayLike = 0.0,
    exact: bool = False,
) -> Floats:
    """Factor k in [0, 1] by which to multiply the Kelly stake when the probability is an estimate.

    Let q be an estimate with the true p as its mean and standard deviation sd. Its Kelly stake is
    `s(q) = ((b + 1) q - 1) / b`. A bettor who stakes `k * s(q)` wants the k with the largest expected log growth.
    Overbetting costs more than underbetting, so staking an estimate in full lowers growth: k is below 1.

    - closed form (default): growth expanded to second order around `s(p)` gives
      `k = s^2 / (s^2 + ((b + 1) / b)^2 sd^2)`, whatever the distribution of the estimate;
    - exact: the k that maximises the integral of `p log(1 + b k s(q)) + (1 - p) log(1 - k s(q))` over a normal
      estimate q, from the break-even probability (nothing is staked below it) to 1.

    The true p is unknown, so both use the estimate in its place. k is 0 where `prob` shows no edge.
    Parameters and the NaN rule are those of `kelly_shrunk`. Arrays broadcast.

    References
    ----------
    Baker & McHale (2013), "Optimal betting under parameter uncertainty: improving the Kelly criterion",
    Decision Analysis 10(3).
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
    rows = np.flatnonzero((factor > 0.0) & (factor < 1.0))
    best: Floats = factor.copy().ravel()
    for first in range(0, len(rows), _BLOCK):
        block = rows[first : first + _BLOCK]
        best[block] = _best_factor(b.ravel()[block], p.ravel()[block], sd.ravel()[block])
    return best.reshape(factor.shape)


def _best_factor(b: Floats, p: Floats, sd: Floats) -> Floats:
    """Root in the factor of the derivative of expected log growth, by quadrature over the estimate; (r,)."""
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
    """Roots in [0, 1] of n decreasing functions; 0 or 1 where the sign does not change.

    `slope(x, rows)` returns the values of the functions `rows` at x. Bisection runs down to neighbouring floats,
    about fifty steps. Each row takes its own steps, so its bits do not depend on the other rows. NaN where the
    function is NaN at 0.
    """
    every = np.arange(n)
    low, high = np.zeros(n), np.ones(n)
    at_low, at_high = slope(low, every), slope(high, every)
    root = np.where(at_low > 0.0, 1.0, 0.0)
    root[np.isnan(at_low)] = np.nan
    active = every[(at_low > 0.0) & (at_high < 0.0)]
    while len(active):
        a, b = low[active], high[active]
        middle = (a + b) / 2.0
        root[active] = middle
        value = slope(middle, active)
        low[active] = np.where(value > 0.0, middle, a)
        high[active] = np.where(value > 0.0, b, middle)
        active = active[(value != 0.0) & (b - a > 1e-16) & (middle > a) & (middle < b)]
    return root
