"""Joint Kelly stakes on everything that is bet at one instant: independent events, each with its own outcomes.

The stakes on a slate maximise `E log W`, with the wealth `W = 1 + sum of all net returns`. Forty matches have
`3 ** 40` joint outcomes, which nobody can enumerate. As the events are independent, the expectations need one integral
only (Frullani's, with the Laplace transform of W, which is a product over the events):

- `E log W = integral over t of (exp(-t) - E exp(-t W)) / t`
- `E[r / W] = integral of E[r exp(-t W)]`, the gradient, and `E[r s / W^2] = integral of t E[r s exp(-t W)]`.

With `t = exp(u)` the trapezoidal rule converges exponentially: the error is near `exp(-pi^2 / h)` for steps of h.
Newton's method on the free stakes, with the stakes at 0 as an active set, then gives the optimum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: step of the quadrature in log t; exp(-pi^2 / 0.28) is 5e-16
_STEP: Final = 0.28
#: exp(-_REACH) is below the last bit of 1
_REACH: Final = 37.0
#: wealth below this in some outcome counts as ruin
_RUIN: Final = 1e-12
#: a stake changes by less than this at the optimum
_CLOSE: Final = 1e-11
#: a rising slope below this is rounding error
_FLAT: Final = 1e-11
#: steps of Newton's method; a slate of 60 matches takes about 20
_ITERATIONS: Final = 2000
_SLACK: Final = 1e-9
_DUST: Final = 1e-12


class Gamble(NamedTuple):
    """The bets on one event.

    Attributes
    ----------
    prob : float64 (k,)
        Probability of each outcome; sums to 1.
    payout : float64 (k, n)
        What each bet returns per unit staked, with the stake: the odds for a win, 1 for a void, 0 for a loss.
    """

    prob: Floats
    payout: Floats


def exclusive(odds: ArrayLike, prob: ArrayLike) -> Gamble:
    """Bets on selections of which at most one wins; what is left of 1 is an outcome on which all lose.

    Parameters
    ----------
    odds, prob : float64, shape (n,)
        Decimal odds above 1, net of any commission, and probabilities that sum to at most 1.
    """
    o, p = np.asarray(odds, dtype=np.float64), np.asarray(prob, dtype=np.float64)
    rest = 1.0 - p.sum()
    return Gamble(np.append(p, rest if rest > _DUST else 0.0), np.vstack([np.diag(o), np.zeros(len(o))]))


def kelly_slate(gambles: Sequence[Gamble]) -> list[Floats]:
    """Full Kelly stakes on all bets of a slate, placed together, as shares of the bankroll before any of them.

    The sum of the stakes is at most 1. Where a book guarantees a profit, that limit binds. Bets of one event hang
    together by its outcomes (a bet without an edge can insure another); different events are independent.

    Parameters
    ----------
    gambles : sequence of Gamble
        One for each event.

    Returns
    -------
    list of float64 (n,)
        Stakes of each event's bets. Those of an event with a NaN are NaN, and the event is no part of the slate.

    Raises
    ------
    ValueError
        The probabilities of an event are negative or do not sum to 1, or a payout is negative.

    References
    ----------
    J. L. Kelly (1956), "A new interpretation of information rate", Bell System Technical Journal 35(4). Simultaneous
    bets: C. Whitrow (2007), "Algorithms for optimal allocation of bets on many simultaneous events", Journal of the
    Royal Statistical Society C 56(5), who estimates the expectation from samples.
    """
    stakes = [np.full(gamble.payout.shape[1], np.nan) for gamble in gambles]
    known = [
        n for n, gamble in enumerate(gambles) if np.isfinite(gamble.prob).all() and np.isfinite(gamble.payout).all()
    ]
    if known:
        slate = _Slate([_checked(gambles[n]) for n in known])
        solved = _optimum(slate)
        for row, n in enumerate(known):
            stakes[n] = solved[row, : len(stakes[n])].copy()
    return stakes


def growth_of_slate(gambles: Sequence[Gamble], stakes: Sequence[ArrayLike]) -> float:
    """Expected logarithm of wealth of some stakes on a slate; minus infinity where they can ruin.

    Parameters
    ----------
    gambles : sequence of Gamble
    stakes : sequence of float64 (n,)
        As `kelly_slate` returns them.
    """
    slate = _Slate([_checked(gamble) for gamble in gambles])
    placed = np.zeros(slate.shape)
    for row, stake in enumerate(stakes):
        values = np.asarray(stake, dtype=np.float64)
        placed[row, : len(values)] = values
    return slate.growth(placed)


def _checked(gamble: Gamble) -> Gamble:
    prob, payout = gamble
    if (prob < 0.0).any() or abs(prob.sum() - 1.0) > _SLACK:
        raise ValueError(f"probabilities of the outcomes must sum to 1, found {prob.tolist()}")
    if (payout < 0.0).any():
        raise ValueError(f"a payout is not below 0, found {payout.min()}")
    return Gamble(prob[prob > 0.0], payout[prob > 0.0])


class _Slate:
    """The events of a slate in arrays of one size.

    Events with fewer outcomes than others repeat one with probability 0; the bets that pad them are never free.
    """

    def __init__(self, gambles: Sequence[Gamble]) -> None:
        outcomes = max(len(gamble.prob) for gamble in gambles)
        bets = max(gamble.payout.shape[1] for gamble in gambles)
        self.shape = len(gambles), bets
        self.prob = np.zeros((len(gambles), outcomes))
        self.net = np.zeros((len(gambles), bets, outcomes))
        self.real = np.zeros(self.shape, dtype=bool)
        for row, (prob, payout) in enumerate(gambles):
            k, n = payout.shape
            self.prob[row, :k] = prob
            self.net[row, :n, :k] = payout.T - 1.0
            self.net[row, :n, k:] = payout[:1].T - 1.0
            self.real[row, :n] = True

    def _returns(self, stakes: Floats) -> Floats:
        """Net return of each event and outcome, (events, outcomes)."""
        return np.asarray((stakes[:, :, None] * self.net).sum(axis=1))

    def _transform(self, returns: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Nodes t (u,), the terms of the events (u, events, outcomes), their sums, and `E exp(-t W)` (u,)."""
        worst, best = returns.min(axis=1), returns.max(axis=1)
        least, most = 1.0 + worst.sum(), 1.0 + best.sum()
        first = np.floor((-_REACH - np.log(max(most, 1.0))) / _STEP)
        last = np.ceil(np.log(_REACH / min(least, 1.0)) / _STEP)
        t = np.exp(_STEP * np.arange(first, last + 1.0))
        terms = self.prob * np.exp(-t[:, None, None] * (returns - worst[:, None]))
        sums = terms.sum(axis=2)
        return t, terms, sums, np.exp(-t * least) * sums.prod(axis=1)

    def growth(self, stakes: Floats) -> float:
        """Expected logarithm of wealth."""
        returns = self._returns(stakes)
        if 1.0 + returns.min(axis=1).sum() < _RUIN:
            return -np.inf
        t, _, _, transform = self._transform(returns)
        return float(_STEP * (np.exp(-t) - transform).sum())

    def derivatives(self, stakes: Floats, free: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Gradient of the growth (events, bets), and minus its Hessian for the free stakes (f, f)."""
        t, terms, sums, transform = self._transform(self._returns(stakes))
        tilted = np.einsum("uek,enk->uen", terms / sums[:, :, None], self.net)
        weight = _STEP * t * transform
        gradient = np.einsum("u,uen->en", weight, tilted)
        event, bet = np.nonzero(free)
        each = tilted[:, event, bet]
        curve = np.einsum("ui,uj->ij", each * (weight * t)[:, None], each)
        share = np.einsum("u,uek->ek", weight * t, terms / sums[:, :, None])
        same = event[:, None] == event[None, :]
        i, j = np.nonzero(same)
        own = (share[event[i]] * self.net[event[i], bet[i]] * self.net[event[j], bet[j]]).sum(axis=1)
        curve[i, j] = own
        return gradient, curve


def _optimum(slate: _Slate) -> Floats:
    """Stakes with the largest growth, (events, bets): Newton's method on an active set.

    Bounds: no stake below 0, and all together at most 1.
    """
    stakes = np.zeros(slate.shape)
    free, is_full = np.zeros(slate.shape, dtype=bool), False
    growth = 0.0
    for _ in range(_ITERATIONS):
        gradient, curve = slate.derivatives(stakes, free)
        step, price = _newton_step(gradient[free], curve, is_full)
        if not len(step) or np.abs(step).max() < _CLOSE:
            rising = np.where(slate.real & ~free, gradient - price, -np.inf)
            if is_full and price < 0.0:
                is_full = False
            elif rising.max() > _FLAT:
                free |= rising > _FLAT if not free.any() else rising == rising.max()
            else:
                break
            continue
        direction = np.zeros(slate.shape)
        direction[free] = step
        falling = direction < 0.0
        room = np.where(falling, stakes / np.where(falling, -direction, 1.0), np.inf)
        total, spent = direction.sum(), stakes.sum()
        budget = (1.0 - spent) / total if total > 0.0 and not is_full else np.inf
        limit = min(float(room.min()), float(budget))
        length, moved, reached = _line(slate, stakes, direction, min(1.0, limit), growth)
        if moved is None:  # no growth to be had beyond rounding
            break
        stakes, growth = moved, reached
        if length == limit:
            blocked = free & (room <= limit)
            stakes[blocked], free = 0.0, free & ~blocked
            is_full |= limit == budget
    return stakes


def _line(
    slate: _Slate, stakes: Floats, direction: Floats, length: float, growth: float
) -> tuple[float, Floats | None, float]:
    """The longest of the halved steps that does not lower the growth, the stakes after it, and their growth."""
    while length > 1e-14:
        moved = np.maximum(stakes + length * direction, 0.0)
        reached = slate.growth(moved)
        if reached >= growth - 1e-15:
            return length, moved, reached
        length /= 2.0
    return 0.0, None, growth


def _newton_step(gradient: Floats, curve: Floats, is_full: bool) -> tuple[Floats, float]:
    """Newton's step on the free stakes, and the price of the budget; their sum stays the same where it is full."""
    if not len(gradient):
        return gradient, 0.0
    ridge = 1e-14 * float(np.diag(curve).max())  # outcomes that hedge each other exactly have no curvature
    solved = _solve(curve + ridge * np.eye(len(gradient)), np.stack([gradient, np.ones(len(gradient))], axis=1))
    if not is_full:
        return solved[:, 0], 0.0
    price = float(solved[:, 0].sum() / solved[:, 1].sum())
    return solved[:, 0] - price * solved[:, 1], price


def _solve(matrix: Floats, right: Floats) -> Floats:
    """Solution of a positive definite system by elimination, in the same order on every machine; (f, f), (f, m)."""
    a, b = matrix.copy(), right.copy()
    n = len(a)
    for k in range(n):
        factor = a[k + 1 :, k] / a[k, k]
        a[k + 1 :, k:] -= factor[:, None] * a[k, k:]
        b[k + 1 :] -= factor[:, None] * b[k]
    for k in range(n - 1, -1, -1):
        b[k] = (b[k] - (a[k, k + 1 :, None] * b[k + 1 :]).sum(axis=0)) / a[k, k]
    return b
