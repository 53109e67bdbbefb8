"""Joint Kelly stakes on everything that is bet at one instant: independent events, each with its own outcomes.

The stakes on a slate maximise `E log W`, with the wealth `W = 1 + sum of all net returns`. Forty matches have
`3 ** 40` joint outcomes, which nobody can enumerate. As the events are independent, the expectations need one integral
only (Frullani's, with the Laplace transform of W, which is a product over the events):

- `E log W = integral over t of (exp(-t) - E exp(-t W)) / t`
- `E[r / W] = integral of E[r exp(-t W)]`, the gradient, and `E[r s / W^2] = integral of t E[r s exp(-t W)]`.

With `t = exp(u)` the trapezoidal rule converges exponentially: the error is near `exp(-pi^2 / h)` for steps of h.
An interior-point method then finds the optimum, which a slate that wants the whole bankroll has at its edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import DataError

Floats = NDArray[np.float64]

#: step of the quadrature in log t; exp(-pi^2 / 0.28) is 5e-16
_STEP: Final = 0.28
#: exp(-_REACH) is below the last bit of 1
_REACH: Final = 37.0
#: wealth below this in some outcome is ruin
_RUIN: Final = 1e-12
#: the sum of all stakes is at most this: where all can lose, a wealth of 0 has no logarithm
_MOST: Final = 1.0 - 1e-10
#: what is left to a bound times its price: by how much it falls in a step, and where it ends
_SHRINK: Final = 0.03
_END: Final = 1e-15
#: the growth is at most this much below the largest one (the gap of a concave problem)
_GAP: Final = 1e-11
#: steps of Newton's method; a slate takes about 20, however many bets it has
_ITERATIONS: Final = 200
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

    The sum of the stakes is at most 1, less 1e-10. That limit binds where a book guarantees a profit, and on slates
    that want more than the bankroll. Bets of one event hang together by its outcomes (a bet without an edge can insure
    another); different events are independent. The expected growth is within 1e-7 of the largest one.

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
    DataError
        The optimum is not found, which no slate has been seen to do.

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
    """Expected logarithm of wealth of some stakes on a slate; minus infinity where they can ruin, NaN where any is NaN.

    Parameters
    ----------
    gambles : sequence of Gamble
    stakes : sequence of float64 (n,)
        Of each event.

    Raises
    ------
    ValueError
        Gambles and stakes do not go together, or a gamble is wrong as for `kelly_slate`.
    """
    shapes = [(gamble.payout.shape[1],) for gamble in gambles], [np.shape(stake) for stake in stakes]
    if shapes[0] != shapes[1]:
        raise ValueError(f"one stake for each bet of each event: expected shapes {shapes[0]}, found {shapes[1]}")
    if not gambles:
        return 0.0
    numbers = [*(values for gamble in gambles for values in gamble), *(np.asarray(stake, float) for stake in stakes)]
    if any(np.isnan(values).any() for values in numbers):
        return np.nan
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
        """Gradient of the growth (events, bets), and minus its Hessian for the free stakes (n, n)."""
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
    """Stakes with the largest growth, (events, bets), by a primal-dual interior-point method.

    The bounds are 0 for each stake and `_MOST` for their sum. Each has a multiplier, its price. What is left to a bound
    times its price is brought to one value `mu`, the same for all of them, which falls to `_END`. A stake that is then
    smaller than the price of its bound is held at 0 by it. An event without an edge has no part in the optimum.
    """
    edges = (slate.prob[:, None, :] * slate.net).sum(axis=2)
    played = slate.real & (edges.max(axis=1) > 0.0)[:, None]
    found, count = np.zeros(slate.shape), int(played.sum())
    if not count:
        return found
    room, price = np.full(count + 1, _MOST / (count + 1)), np.ones(count + 1)  # of the stakes, and of their sum
    mu = gap = np.inf
    for _ in range(_ITERATIONS):
        found[played] = stakes = room[:-1]
        gradient, curve = slate.derivatives(found, played)
        slope = gradient[played]
        gap = _MOST * max(float(slope.max()), 0.0) - float((slope * stakes).sum())
        if mu == _END and gap < _GAP:
            kept = np.where(stakes > price[:-1], stakes, 0.0)
            if price[-1] > room[-1]:  # all of the bankroll is wanted: what is held at 0 goes to the others
                kept *= stakes.sum() / kept.sum()
            found[played] = kept
            return found
        mu = max(_SHRINK * float((room * price).mean()), _END)
        step = _newton_step(slope, curve, room, price, mu)
        change = mu / room - price - price / room * step
        length = min(_furthest(room, step), _furthest(price, change))
        room, price = room + length * step, price + length * change
    raise DataError(
        f"no joint stakes for a slate of {slate.shape[0]} events",
        expected=f"a growth within {_GAP:g} of the largest after {_ITERATIONS} steps",
        found=f"{gap:g}",
    )


def _newton_step(slope: Floats, curve: Floats, room: Floats, price: Floats, mu: float) -> Floats:
    """Change of the stakes, and of what their sum leaves, towards the point where `room * price` is `mu`; (n + 1,)."""
    stakes, left, each, last = room[:-1], float(room[-1]), price[:-1], float(price[-1])
    ridge = 1e-14 * float(np.diag(curve).max())  # outcomes that hedge each other exactly have no curvature
    right = np.stack([slope + mu / stakes, np.ones(len(stakes))], axis=1)
    free, dear = _solve(curve + np.diag(each / stakes + ridge), right).T
    step = free - (mu + last * free.sum()) / (left + last * dear.sum()) * dear
    return np.append(step, -step.sum())


def _furthest(values: Floats, change: Floats) -> float:
    """The longest step, at most 1, that keeps a hundredth of each value."""
    falling = change < 0.0
    return float(np.min(0.99 * values[falling] / -change[falling], initial=1.0))


def _solve(matrix: Floats, right: Floats) -> Floats:
    """Solution of a positive definite system, (n, n) and (n, m): the same bits for any number of threads."""
    a, b = matrix.copy(), right.copy()
    n = len(a)
    for k in range(n):
        factor = a[k + 1 :, k] / a[k, k]
        a[k + 1 :, k:] -= factor[:, None] * a[k, k:]
        b[k + 1 :] -= factor[:, None] * b[k]
    for k in range(n - 1, -1, -1):
        b[k] = (b[k] - (a[k, k + 1 :, None] * b[k + 1 :]).sum(axis=0)) / a[k, k]
    return b
