"""Probabilities of a match from the rates at which its teams score.

Goals are a bivariate Poisson (Karlis & Ntzoufras 2003, "Analysis of sports data by using bivariate Poisson
models", The Statistician 52(3)): home = A + C, away = B + C with independent Poisson A, B and a shared C.
Every market of a match is a function of the same three rates, so that 1x2, totals, handicaps and
both-to-score agree with each other. Arrays carry matches along the last axis; sums run over the first in a
fixed order.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: most goals of one team that are told apart; at 4.5 goals a match more have a chance of 1e-5
MOST: Final = 15
#: rates are kept within these: far outside what teams differ by
LOWEST_RATE, HIGHEST_RATE = 0.15, 4.5


def poisson(rate: Floats, most: int = MOST) -> Floats:
    """Chances of 0, 1, ... `most` goals, (n,) to (most + 1, n); what is beyond counts as `most`."""
    chance = np.empty((most + 1, *rate.shape))
    chance[0] = np.exp(-rate)
    rest = 1.0 - chance[0]
    for k in range(1, most):
        chance[k] = chance[k - 1] * (rate / k)
        rest = rest - chance[k]
    chance[most] = np.maximum(rest, 0.0)
    return chance


def difference(home_rate: Floats, away_rate: Floats, shared_rate: float) -> Floats:
    """Chances that the home side ends -MOST, ..., MOST goals ahead, (n,) to (2 MOST + 1, n). C cancels
    out.
    """
    home, away = poisson(home_rate - shared_rate), poisson(away_rate - shared_rate)
    ahead = np.zeros((2 * MOST + 1, *home_rate.shape))
    for h in range(MOST + 1):
        ahead[h : h + MOST + 1] += home[h] * away[::-1]
    return ahead


def total(home_rate: Floats, away_rate: Floats, shared_rate: float) -> Floats:
    """Chances of 0, ..., 2 MOST goals in all, (n,) to (2 MOST + 1, n): those of A + B, twice C added."""
    apart = poisson(home_rate + away_rate - 2.0 * shared_rate, 2 * MOST)
    goals = np.zeros_like(apart)
    shared = poisson(np.array([shared_rate]))[:, 0]
    for c in range(MOST + 1):
        goals[2 * c :] += shared[c] * apart[: 2 * MOST + 1 - 2 * c]
    return goals


def both_score(home_rate: Floats, away_rate: Floats, shared_rate: float) -> Floats:
    """Chance that both teams score, (n,)."""
    none = np.exp(-(home_rate + away_rate - shared_rate))
    return 1.0 - np.exp(-home_rate) - np.exp(-away_rate) + none


def three_way(ahead: Floats) -> Floats:
    """Home, draw, away from the chances of each difference: (2 MOST + 1, n) to (3, n)."""
    return np.stack([_sum(ahead[MOST + 1 :]), ahead[MOST], _sum(ahead[:MOST])])


def line_states(chances: Floats, lowest: int, line: Floats) -> Floats:
    """States of being above a line: (m, n) chances of `lowest`, `lowest` + 1, ... against (n,) lines.

    Returns win, half win, void, half lose and lose, (5, n). The other side of the line has them reversed.
    """
    states = np.zeros((5, *line.shape))
    for row, chance in enumerate(chances):
        quarters = np.clip(np.rint(4.0 * (lowest + row - line)), -2, 2)
        for state, distance in enumerate((2, 1, 0, -1, -2)):
            states[state] += np.where(quarters == distance, chance, 0.0)
    return states


def even_share(states: Floats) -> Floats:
    """The probability whose inverse is the fair price of a bet with halves, (5, n) to (n,).

    With W = win + half win / 2 and L = lose + half lose / 2 the fair price is `1 + L / W`, so this is `W /
    (W + L)`.
    """
    gain, loss = states[0] + states[1] / 2.0, states[4] + states[3] / 2.0
    return np.asarray(gain / (gain + loss))


def _sum(terms: Floats) -> Floats:
    added: Floats = terms[0].copy()
    for term in terms[1:]:
        added += term
    return added
