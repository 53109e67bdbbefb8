"""The grid of scores of a match, and the price of every market from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import DataError
from engine.kernel.cache import compiled
from engine.schema import is_selection

Floats = NDArray[np.float64]

#: goals of a side run from 0 to SIZE - 1; higher scores are left out and the rest is scaled up to 1
SIZE: Final = 16
#: a match whose scores within the grid have less probability than this has no prices
_LEAST_HELD: Final = 0.999
#: order of the states in `ScoreGrid.states`
STATES: Final = ("win", "half_win", "void", "half_lose", "lose")
#: markets that the score after regulation settles
MARKETS: Final = ("1x2", "double_chance", "draw_no_bet", "totals", "asian_handicap", "btts", "correct_score")


@dataclass(frozen=True)
class ScoreGrid:
    """Probabilities of the scores of n matches.

    Attributes
    ----------
    probs : float64 (n, SIZE, SIZE)
        Home goals, then away goals. The scores of a match sum to 1, or are NaN throughout: a rate or the dependence is
        unknown, or more than 1 in 1,000 matches of these rates would end beyond the grid (about 6 goals a side), as
        in handball.
    """

    probs: Floats

    def result(self) -> Floats:
        """Probabilities of home, draw and away, (n, 3)."""
        return np.stack([self.states("1x2", selection)[:, 0] for selection in ("home", "draw", "away")], axis=1)

    def states(self, market: str, selection: str, line: ArrayLike | None = None) -> Floats:
        """Probabilities of the five states of a selection, (n, 5), in the order of `STATES`; NaN without rates.

        Parameters
        ----------
        market, selection : str
            As in `engine.schema.MARKETS` and `SELECTIONS`, those of `MARKETS`.
        line : float64, () or (n,), optional
            Of a total or a handicap, a multiple of 0.25. A handicap has the HOME side's line on both selections.

        Raises
        ------
        DataError
            A market, selection or line that the score does not settle.
        """
        if market not in MARKETS or not is_selection(market, selection):
            raise DataError(
                "a selection that no score grid prices",
                expected=f"a selection of {', '.join(MARKETS)}",
                found=f"{market} {selection}",
            )
        quarters, sign = _quarters(market, selection)
        offset = _offset(market, sign, line, len(self.probs))
        states = np.empty((len(self.probs), len(STATES)))
        _sum_states(self.probs, quarters, offset, states)
        return states


def low_score_grid(home_rate: ArrayLike, away_rate: ArrayLike, rho: ArrayLike = 0.0) -> ScoreGrid:
    """Independent Poisson scores with the low ones corrected: Dixon & Coles (1997), equations 4.1 and 4.2.

    Parameters
    ----------
    home_rate, away_rate : float64 (n,)
        Expected goals before the correction; NaN: unknown.
    rho : float64, () or (n,)
        Moved into the bounds within which no probability is negative. 0: plain Poisson scores. NaN: unknown.
    """
    home, away, dependence = _columns(home_rate, away_rate, rho)
    probs = np.empty((len(home), SIZE, SIZE))
    _fill_low_score(home, away, dependence, np.empty((2, SIZE)), probs)
    return ScoreGrid(probs)


def shared_grid(home_rate: ArrayLike, away_rate: ArrayLike, shared_rate: ArrayLike) -> ScoreGrid:
    """Bivariate Poisson scores, X = A + C and Y = B + C: Karlis & Ntzoufras (2003), The Statistician 52(3), eq. 1.

    Parameters
    ----------
    home_rate, away_rate : float64 (n,)
        Expected goals of the sides, shared ones included; NaN: unknown.
    shared_rate : float64, () or (n,)
        Mean of C, the covariance of both scores; at most the lower of both rates. NaN: unknown.
    """
    home, away, shared = _columns(home_rate, away_rate, shared_rate)
    probs = np.empty((len(home), SIZE, SIZE))
    _fill_shared(home, away, shared, np.empty((3, SIZE)), probs)
    return ScoreGrid(probs)


def fair_odds(states: Floats) -> Floats:
    """The decimal odds at which a bet with these states is worth nothing, (..., 5) to (...).

    The expected profit win (o - 1) + half_win (o - 1) / 2 - half_lose / 2 - lose is 0. Infinite where it cannot win.
    """
    gain, loss = states[..., 0] + states[..., 1] / 2.0, states[..., 4] + states[..., 3] / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1.0 + loss / gain)


def _columns(*values: ArrayLike) -> tuple[Floats, ...]:
    arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(value, dtype=np.float64)) for value in values))
    return tuple(np.ascontiguousarray(array) for array in arrays)


def _quarters(market: str, selection: str) -> tuple[NDArray[np.int64], int]:
    """Four times the margin of a selection at each score, before the line; and the sign of the selection."""
    home, away = np.indices((SIZE, SIZE))
    sign = -1 if selection in ("away", "under") else 1
    if market == "totals":
        return sign * 4 * (home + away), sign
    if market in ("asian_handicap", "draw_no_bet"):
        return sign * 4 * (home - away), sign
    if market == "btts":
        won = (home > 0) & (away > 0) if selection == "yes" else (home == 0) | (away == 0)
    elif market == "correct_score":
        scored = [int(goals) for goals in selection.split("-")]
        won = (home == scored[0]) & (away == scored[1])
    else:
        outcomes = {"home": "1", "draw": "x", "away": "2"}.get(selection, selection)
        by_sign = {"1": home > away, "x": home == away, "2": home < away}
        won = np.any([by_sign[outcome] for outcome in outcomes], axis=0)
    return np.where(won, 2, -2), sign


def _offset(market: str, sign: int, line: ArrayLike | None, n: int) -> NDArray[np.int64]:
    """Four times what the line adds to the margin, (n,)."""
    if market not in ("totals", "asian_handicap"):
        return np.zeros(n, dtype=np.int64)
    quarters = np.broadcast_to(np.asarray(np.nan if line is None else line, dtype=np.float64) * 4.0, (n,))
    if not bool(np.all(quarters == np.rint(quarters))):
        raise DataError("a line that no score settles", expected="multiples of 0.25", found=str(line), where=market)
    return np.ascontiguousarray(quarters).astype(np.int64) * (sign if market == "asian_handicap" else -sign)


@compiled
def _sum_states(probs, quarters, offset, states):
    for row in range(len(probs)):
        for k in range(5):
            states[row, k] = 0.0
        for x in range(probs.shape[1]):
            for y in range(probs.shape[2]):
                ahead = min(2, max(-2, quarters[x, y] + offset[row]))
                states[row, 2 - ahead] += probs[row, x, y]
        if not probs[row, 0, 0] >= 0.0:
            for k in range(5):
                states[row, k] = math.nan


@compiled
def _fill_low_score(home_rate, away_rate, rho, side, probs):
    size = probs.shape[1]
    for row in range(len(home_rate)):
        h, a = home_rate[row], away_rate[row]
        side[0, 0], side[1, 0] = math.exp(-h), math.exp(-a)
        for k in range(1, size):
            side[0, k], side[1, k] = side[0, k - 1] * (h / k), side[1, k - 1] * (a / k)
        bound = min(rho[row], min(1.0 / (h * a), 1.0))
        r = max(bound, max(-1.0 / h, -1.0 / a))
        total = 0.0
        for x in range(size):
            for y in range(size):
                p = side[0, x] * side[1, y]
                if x <= 1 and y <= 1:
                    if x == 0 and y == 0:
                        p *= 1.0 - r * h * a
                    elif x == 0:
                        p *= 1.0 + r * h
                    elif y == 0:
                        p *= 1.0 + r * a
                    else:
                        p *= 1.0 - r
                probs[row, x, y] = p
                total += p
        if not total >= _LEAST_HELD:  # too many goals for the grid, or NaN
            total = math.nan
        for x in range(size):
            for y in range(size):
                probs[row, x, y] /= total


@compiled
def _fill_shared(home_rate, away_rate, shared_rate, part, probs):
    size = probs.shape[1]
    for row in range(len(home_rate)):
        c = max(0.0, min(shared_rate[row], min(home_rate[row], away_rate[row])))
        h, a = home_rate[row] - c, away_rate[row] - c
        part[0, 0], part[1, 0], part[2, 0] = math.exp(-h), math.exp(-a), math.exp(-c)
        for k in range(1, size):
            part[0, k], part[1, k] = part[0, k - 1] * (h / k), part[1, k - 1] * (a / k)
            part[2, k] = part[2, k - 1] * (c / k)
        total = 0.0
        for x in range(size):
            for y in range(size):
                p = 0.0
                for k in range(min(x, y) + 1):
                    p += part[0, x - k] * part[1, y - k] * part[2, k]
                probs[row, x, y] = p
                total += p
        if not total >= _LEAST_HELD or math.isnan(shared_rate[row]):
            total = math.nan
        for x in range(size):
            for y in range(size):
                probs[row, x, y] /= total
