"""Market probabilities of a match from the scoring rates of its teams.

Goals follow a bivariate Poisson distribution (Karlis & Ntzoufras 2003, "Analysis of sports data by using bivariate
Poisson models", The Statistician 52(3)): home = A + C, away = B + C, with independent Poisson A, B and a shared C.
All markets of a match are functions of the same three rates, so 1x2, totals, handicaps and both-to-score are
consistent. Matches run along the last axis of an array. Sums over the first axis have a fixed order.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: highest number of goals of one team; more goals count as this many (probability 1e-5 at 4.5 goals per match)
MOST: Final = 15
#: limits of the rates, far outside the differences between teams
LOWEST_RATE, HIGHEST_RATE = 0.15, 4.5


def poisson(rate: Floats, most: int = MOST) -> Floats:
    """Probabilities of 0, 1, ... `most` goals, (n,) to (most + 1, n). More goals count as `most`."""
    prob = np.empty((most + 1, *rate.shape))
    prob[0] = np.exp(-rate)
    rest = 1.0 - prob[0]
    for k in range(1, most):
        prob[k] = prob[k - 1] * (rate / k)
        rest = rest - prob[k]
    prob[most] = np.maximum(rest, 0.0)
    return prob


def difference(home_rate: Floats, away_rate: Floats, shared_rate: float) -> Floats:
    """Probabilities that home goals less away goals are -MOST, ..., MOST, (n,) to (2 MOST + 1, n).

    The shared goals C cancel out.
    """
    home, away = poisson(home_rate - shared_rate), poisson(away_rate - shared_rate)
    ahead = np.zeros((2 * MOST + 1, *home_rate.shape))
    for h in range(MOST + 1):
        ahead[h : h + MOST + 1] += home[h] * away[::-1]
    return ahead


def total(home_rate: Floats, away_rate: Floats, shared_rate: float) -> Floats:
    """Probabilities of 0, ..., 2 MOST goals in total, A + B + 2 C; (n,) to (2 MOST + 1, n)."""
    separate = poisson(home_rate + away_rate - 2.0 * shared_rate, 2 * MOST)
    goals = np.zeros_like(separate)
    shared = poisson(np.array([shared_rate]))[:, 0]
    for c in range(MOST + 1):
        goals[2 * c :] += shared[c] * separate[: 2 * MOST + 1 - 2 * c]
    return goals


def both_score(home_rate: Floats, away_rate: Floats, shared_rate: float) -> Floats:
    """Probability that both teams score, (n,)."""
    none = np.exp(-(home_rate + away_rate - shared_rate))
    return 1.0 - np.exp(-home_rate) - np.exp(-away_rate) + none


def three_way(ahead: Floats) -> Floats:
    """Probabilities of home, draw and away from those of each goal difference: (2 MOST + 1, n) to (3, n)."""
    return np.stack([_sum(ahead[MOST + 1 :]), ahead[MOST], _sum(ahead[:MOST])])


def line_states(probs: Floats, lowest: int, line: Floats) -> Floats:
    """State probabilities of the bet on a number above a line.

    Parameters
    ----------
    probs : float64 (m, n)
        Probabilities that the number is `lowest`, `lowest` + 1, ...
    lowest : int
        Number of the first row.
    line : float64 (n,)

    Returns
    -------
    float64 (5, n): win, half win, void, half lose and lose. The other side of the line has them reversed.
    """
    states = np.zeros((5, *line.shape))
    for row, prob in enumerate(probs):
        quarters = np.clip(np.rint(4.0 * (lowest + row - line)), -2, 2)
        for state, distance in enumerate((2, 1, 0, -1, -2)):
            states[state] += np.where(quarters == distance, prob, 0.0)
    return states


def even_share(states: Floats) -> Floats:
    """Inverse of the fair price of a bet with half results, (5, n) to (n,).

    With W = win + half win / 2 and L = lose + half lose / 2, the fair price is `1 + L / W` and its inverse
    `W / (W + L)`.
    """
    gain, loss = states[0] + states[1] / 2.0, states[4] + states[3] / 2.0
    return np.asarray(gain / (gain + loss))


def _sum(terms: Floats) -> Floats:
    result: Floats = terms[0].copy()
    for term in terms[1:]:
        result += term
    return result
