"""The goal rates that prices imply: the score grid that agrees with a market on the result and on 2.5 goals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from research.goals.grid import SIZE

Floats = NDArray[np.float64]

#: halvings of an interval of goals: the last one is far below the last bit that a price has
_HALVINGS: Final = 60
_MOST_GOALS: Final = 30.0
_BLOCK: Final = 4096


def implied_rates(home: ArrayLike, draw: ArrayLike, away: ArrayLike, over: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Expected goals and dependence of low scores at which a grid has the given fair probabilities.

    The correction of Dixon & Coles (1997), equation 4.2, moves probability between the four lowest scores only. It
    leaves the distribution of the sum above 2, and ``P(home) - P(away)``, as they are. So the three unknowns follow one
    after the other:

    - the sum T of the rates from ``P(more than 2.5 goals) = 1 - exp(-T) (1 + T + T^2 / 2)``;
    - their difference from ``P(home) - P(away)`` of independent Poisson scores;
    - rho from the draw: ``P(draw)`` of independent scores less ``2 rho home_rate away_rate exp(-T)``.

    Parameters
    ----------
    home, draw, away, over : float64 (n,)
        Fair probabilities of the result, and of more than 2.5 goals.

    Returns
    -------
    home_rate, away_rate, rho : float64 (n,)
        For `research.goals.grid.low_score_grid`, which moves a rho into its bounds; the draw then differs. NaN where a
        probability is missing, or where no rates agree: a favourite too strong for so few goals.
    """
    columns = [np.atleast_1d(np.asarray(value, dtype=np.float64)) for value in (home, draw, away, over)]
    n = len(columns[0])
    found = np.full((3, n), np.nan)
    for first in range(0, n, _BLOCK):
        block = slice(first, first + _BLOCK)
        found[:, block] = _solved(*(column[block] for column in columns))
    return found[0], found[1], found[2]


def _solved(home: Floats, draw: Floats, away: Floats, over: Floats) -> Floats:
    total = _halved(over, np.zeros(len(over)), np.full(len(over), _MOST_GOALS), _more_than_two)
    ahead = home - away

    def lead(difference: Floats) -> Floats:
        win, _, loss = _results((total + difference) / 2.0, (total - difference) / 2.0)
        return win - loss

    difference = _halved(ahead, -total, total, lead)
    reached = np.abs(lead(difference) - ahead) < 1e-9
    home_rate, away_rate = (total + difference) / 2.0, (total - difference) / 2.0
    known = reached & (np.abs(home + draw + away - 1.0) < 1e-6) & (home_rate > 0.0) & (away_rate > 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = (_results(home_rate, away_rate)[1] - draw) / (2.0 * home_rate * away_rate * np.exp(-total))
    return np.where(known, np.stack([home_rate, away_rate, rho]), np.nan)


def _halved(wanted: Floats, low: Floats, high: Floats, rising: Callable[[Floats], Floats]) -> Floats:
    """Where a rising function has the wanted values, by halving; each element takes its own steps."""
    low, high = low.copy(), high.copy()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        below = rising(middle) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(np.isnan(wanted), np.nan, (low + high) / 2.0)


def _more_than_two(total: Floats) -> Floats:
    return np.asarray(1.0 - np.exp(-total) * (1.0 + total + total * total / 2.0))


def _results(home_rate: Floats, away_rate: Floats) -> tuple[Floats, Floats, Floats]:
    """Probabilities of home, draw and away of independent Poisson scores below `SIZE`."""
    home, away = np.exp(-home_rate), np.exp(-away_rate)
    home_below, away_below = np.zeros_like(home), np.zeros_like(away)
    win, drawn, loss = np.zeros_like(home), np.zeros_like(home), np.zeros_like(home)
    for goals in range(SIZE):
        win, loss = win + home * away_below, loss + away * home_below
        drawn = drawn + home * away
        home_below, away_below = home_below + home, away_below + away
        home, away = home * (home_rate / (goals + 1.0)), away * (away_rate / (goals + 1.0))
    return win, drawn, loss
