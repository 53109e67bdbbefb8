"""What a price is worth: overround of a book, edge of a bet, closing line value.

Each formula is written here once, in the exact form that the tape and the kernel rely on. Another order of the
same operations changes the last bits, and a bet exactly at a threshold could then appear or disappear.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.odds.formats import implied_probability

Floats = NDArray[np.float64]


def overround(odds: ArrayLike) -> Floats:
    """Sum of `1 / odds` of each book, shape (..., n_outcomes) to (...): 1.05 is a 105 % book.

    NaN where the book lacks a price.
    """
    q = implied_probability(odds)
    total = q[..., 0].copy()
    for i in range(1, q.shape[-1]):
        total = total + q[..., i]
    return total


def edge(prob: ArrayLike, odds: ArrayLike) -> Floats:
    """Expected profit per unit at risk on a win/lose bet: `prob * odds - 1`, in exactly this form.

    Arrays broadcast. NaN where either is NaN.
    """
    return np.asarray(prob, dtype=np.float64) * np.asarray(odds, dtype=np.float64) - 1.0


def edge_net(prob: ArrayLike, odds: ArrayLike, commission_rate: ArrayLike = 0.0) -> Floats:
    """`edge` less the expected commission: `edge - c * prob * (odds - 1)`.

    Parameters
    ----------
    prob, odds : float64
        Probability of the full win and decimal odds. Arrays broadcast.
    commission_rate : float64
        Share c of net winnings that the venue keeps, 0 to 1.

    Returns
    -------
    float64, broadcast shape; NaN where an input is NaN.
    """
    p, o = np.asarray(prob, dtype=np.float64), np.asarray(odds, dtype=np.float64)
    c = np.asarray(commission_rate, dtype=np.float64)
    return edge(p, o) - c * p * (o - 1.0)


def edge_states(probs: ArrayLike, odds: ArrayLike) -> Floats:
    """Expected profit per unit at risk where half results are possible: state probability times payoff, summed.

    Parameters
    ----------
    probs : float64, shape (..., 4)
        Probabilities of win, half win, void and half lose; the remainder to 1 is the full loss.
    odds : float64, shape (...)
        Decimal odds.

    Returns
    -------
    float64, shape (...); NaN where an input is NaN.
    """
    p, o = np.asarray(probs, dtype=np.float64), np.asarray(odds, dtype=np.float64)
    win, half_win, void, half_lose = (p[..., i] for i in range(4))
    lose = 1.0 - win - half_win - void - half_lose
    return win * (o - 1.0) + half_win * ((o - 1.0) / 2.0) - half_lose / 2.0 - lose


def clv(odds: ArrayLike, close_prob: ArrayLike) -> Floats:
    """Closing line value: odds taken times the fair closing probability, less 1.

    Arrays broadcast. NaN where either is missing. `close_prob` is the closing price with its margin removed
    (`fair_probabilities`): 2.20 taken in a market that closes at 2.00 / 1.90 has a CLV of 7.18 %, not 10 %.
    """
    return np.asarray(odds, dtype=np.float64) * np.asarray(close_prob, dtype=np.float64) - 1.0


def clv_raw(odds: ArrayLike, close_odds: ArrayLike) -> Floats:
    """CLV against the raw closing price, margin included: odds taken over closing odds, less 1.

    Arrays broadcast. NaN where either is missing or the closing odds are no price.
    """
    return np.asarray(odds, dtype=np.float64) * implied_probability(close_odds) - 1.0


def lay_as_back(odds: ArrayLike) -> Floats:
    """Odds of the back bet with the same risk. A lay at `o` wins 1 for each `o - 1` at risk: `o / (o - 1)`.

    Its probability is `1 - prob` and its stake is the liability. NaN where odds are not above 1.
    """
    o = np.asarray(odds, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.isfinite(implied_probability(o)), o / (o - 1.0), np.nan)
