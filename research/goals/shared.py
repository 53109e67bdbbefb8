"""Fit of the bivariate Poisson model: X = A + C and Y = B + C with independent Poisson A, B and C.

Karlis & Ntzoufras (2003), "Analysis of sports data by using bivariate Poisson models", The Statistician 52(3). Given
the mean c of the shared goals, the derivative of the likelihood is that of a Poisson model of the goals less the shared
ones expected given the score (their E-step), so the Newton step of `research.goals.newton` applies to it. The best c is
where the derivative of the profile likelihood is 0: one number, found by false position.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernel.cache import compiled
from research.goals.fitted import GoalModel, Prior, gathered, start_of
from research.goals.newton import Cells, Floats, Played, Pull, Work, evaluate, newton_step, work

#: where the mean of shared goals is looked for: first at _FIRST, at most at _HIGHEST
_FIRST: Final = 0.1
_HIGHEST: Final = 0.6
#: share of the squared derivative, per unit of weight, that may be left to gain in theta
_ROUGH: Final = 1e-3
_MOST_STEPS: Final = 200
_MOST_ROUNDS: Final = 40


class _Data(NamedTuple):
    """Matches, their weights and their cells; the sums of the cells are those of the goals less the shared ones.

    `constant` is the part of the log likelihood that no parameter changes.
    """

    played: Played
    weights: Floats
    cell: NDArray[np.int64]
    cells: Cells
    pull: Pull
    constant: float


@dataclass(frozen=True)
class SharedModel:
    """A bivariate Poisson model.

    Attributes
    ----------
    separate : GoalModel
        Rates of the goals that are not shared; its log likelihood is that of the whole model.
    shared : float
        Mean of the shared goals, the covariance of both scores; 0: the scores are not positively dependent.
    """

    separate: GoalModel
    shared: float

    def rates(self, home: int, away: int, neutral: bool = False) -> tuple[float, float]:
        """Mean goals of home and away, shared ones included; -1: a team never seen."""
        home_rate, away_rate = self.separate.rates(home, away, neutral)
        return home_rate + self.shared, away_rate + self.shared


@compiled
def split(data, c, theta):
    """Share out the goals at theta and c: the sums of the cells become those of the goals that are not shared.

    Returns
    -------
    tuple of (float, float)
        The log likelihood without the constant of the data, and the derivative by c at fixed theta.
    """
    n = data.pull.prior.shape[1]
    mu, h = theta[2 * n], theta[2 * n + 1]
    sums, played = data.cells.sums, data.played
    for cell in range(data.cells.n):
        sums[cell, 1], sums[cell, 2] = 0.0, 0.0
    value, slope = 0.0, 0.0
    for m in range(len(played.home)):
        i, j, weight = played.home[m], played.away[m], data.weights[m]
        x, y = played.home_goals[m], played.away_goals[m]
        log_home = mu + theta[i] + theta[n + j] + (0.0 if played.neutral[m] else h)
        log_away = mu + theta[j] + theta[n + i]
        home_rate, away_rate = math.exp(log_home), math.exp(log_away)
        both = 1.0 / (home_rate * away_rate)
        term, total, expected = 1.0, 1.0, 0.0  # of k shared goals, relative to none; expected is E[k] / c * total
        for k in range(int(min(x, y))):
            grown = term * (x - k) * (y - k) * both / (k + 1.0)
            term = grown * c
            total += term
            expected += (k + 1.0) * grown
        log = x * log_home + y * log_away - home_rate - away_rate - c
        if total > 1.0:
            log += math.log(total)
        value += weight * log
        slope += weight * (expected / total - 1.0)
        sums[data.cell[m], 1] += weight * (x - c * expected / total)
        sums[data.cell[m], 2] += weight * (y - c * expected / total)
    return value, slope


def _settled(data: _Data, c: float, theta: Floats, space: Work, tolerance: float) -> tuple[float, float, int]:
    """Theta at its best for a mean of shared goals: log likelihood, derivative by c, steps (-1: not ended)."""
    value = slope = math.nan
    for steps in range(_MOST_STEPS):
        value, slope = split(data, c, theta)
        evaluate(data.cells, data.pull, False, theta, space)
        newton_step(data.pull, False, space)
        step = space.step
        if 0.5 * float(space.gradient[: len(step)] @ step) <= tolerance:
            return value + data.constant, slope, steps
        theta += step * min(1.0, 1.5 / float(np.abs(step).max()))
    return value + data.constant, slope, -1


def _data(played: Played, n_teams: int, decay: float, prior: Prior) -> _Data:
    cells, number, constant = gathered(played, n_teams, decay)
    cell = number[played.home, played.away, played.neutral]
    weights = np.exp(decay * (played.days - played.days[-1]))
    pull = Pull(prior.ridge, prior.means(played, n_teams))
    return _Data(played, weights, cell, cells, pull, constant)


def _enough(data: _Data, c: float, theta: Floats, space: Work, tolerance: float) -> tuple[float, float, int]:
    """As `_settled`, only as far as the derivative needs: one far from 0 is known well enough from a rough theta."""
    weight, taken, rough = float(data.weights.sum()), 0, 1e-3
    while True:
        value, slope, steps = _settled(data, c, theta, space, rough)
        if steps < 0:
            return value, slope, steps
        taken, needed = taken + steps, max(tolerance, _ROUGH * slope**2 / weight)
        if rough <= needed:
            return value, slope, taken
        rough = needed


def _best(
    data: _Data, start: tuple[float, float], highest: float, theta: Floats, space: Work, tolerance: float
) -> tuple[float, float, int]:
    """The mean of shared goals above a start with a derivative above 0; log likelihood there, and steps in all.

    False position with halved ends (Illinois): it ends when the derivative times the last move is within the tolerance.
    """
    low, low_slope = start
    high, high_slope, taken = low, low_slope, 0
    while high_slope > 0.0 and high < highest:
        low, low_slope, high = high, high_slope, min(highest, 2.0 * high + _FIRST)
        value, high_slope, steps = _enough(data, high, theta, space, tolerance)
        taken += steps
    c, slope = high, high_slope
    for _ in range(_MOST_ROUNDS):
        if steps < 0 or high_slope >= 0.0:
            break
        before, c = c, low + (high - low) * low_slope / (low_slope - high_slope)
        value, slope, steps = _enough(data, c, theta, space, tolerance)
        taken += steps
        if abs(slope * (c - before)) <= tolerance:
            break
        if slope > 0.0:
            low, low_slope, high_slope = c, slope, high_slope / 2.0
        else:
            high, high_slope, low_slope = c, slope, low_slope / 2.0
    return c, value, taken if steps >= 0 else -1


def fitted_shared(played: Played, n_teams: int, *, decay: float, prior: Prior, tolerance: float = 1e-8) -> SharedModel:
    """Fit the bivariate Poisson model; the parameters are those of `research.goals.fitted.fitted`."""
    data, space = _data(played, n_teams, decay, prior), work(n_teams)
    theta, (weight, home_goals, away_goals) = start_of(data.cells, n_teams)
    value, slope, steps = _settled(data, 0.0, theta, space, tolerance)
    shared = 0.0
    if slope > 0.0:
        highest = min(_HIGHEST, 0.5 * min(home_goals, away_goals) / weight)
        shared, value, steps = _best(data, (0.0, slope), highest, theta, space, tolerance)
    mu, h = float(theta[2 * n_teams]), float(theta[2 * n_teams + 1])
    attack, defence = theta[:n_teams], theta[n_teams : 2 * n_teams]
    return SharedModel(GoalModel(attack, defence, mu, h, 0.0, float(value), steps, prior.newcomer), shared)
