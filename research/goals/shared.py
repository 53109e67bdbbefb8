"""Fit of the bivariate Poisson model: X = A + C and Y = B + C with independent Poisson A, B and C.

Karlis & Ntzoufras (2003), "Analysis of sports data by using bivariate Poisson models", The Statistician 52(3). The fit
is Newton's method in all parameters at once, from the Poisson model on. With k the shared goals of a match, expected
given its score, the derivatives of the log likelihood need the mean and the variance of k only; nothing else
distinguishes them from those of two Poisson means. The steps are damped by halving, and the mean of the shared goals
stays between 0 and a bound.

Everything that is compiled here calls nothing that is compiled in another file, for the reason in `goals.newton`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from engine.kernel.cache import compiled, leaf
from research.goals.fitted import GoalModel, Prior, gathered, start_of
from research.goals.newton import Floats, Played, Pull, fit, work

#: the mean of shared goals is looked for up to here
_HIGHEST: Final = 0.6
#: how near the start comes to the Poisson model, in log likelihood
_NEAR: Final = 0.01
#: no step changes a log rate by more
_LONGEST: Final = 1.5
_MOST_STEPS: Final = 200
_MOST_HALVINGS: Final = 40
#: a pivot below this share of the goals belongs to a direction that no match says anything about: it is not moved
_FLAT: Final = 1e-13


class Space(NamedTuple):
    """Workspaces of a fit with p = 2 n + 3 parameters: attack, defence, mu, h, mean of the shared goals.

    Attributes
    ----------
    rates : float64 (2, n)
        exp(attack), exp(defence).
    system : float64 (p, p + 1)
        The negative second derivatives, right of the diagonal; the gradient is the last column.
    gradient, step, start : float64 (p,)
    """

    rates: Floats
    system: Floats
    gradient: Floats
    step: Floats
    start: Floats


@dataclass(frozen=True)
class SharedModel:
    """A bivariate Poisson model.

    Attributes
    ----------
    separate : GoalModel
        Rates of the goals that are not shared; its log likelihood and its steps are those of the whole model.
    shared : float
        Mean of the shared goals, the covariance of both scores; 0: the scores are not positively dependent.
    """

    separate: GoalModel
    shared: float

    @property
    def steps(self) -> int:
        """Newton steps; -1: the fit did not end."""
        return self.separate.steps

    def rates(self, home: int, away: int, neutral: bool = False) -> tuple[float, float]:
        """Mean goals of home and away, shared ones included; -1: a team never seen."""
        home_rate, away_rate = self.separate.rates(home, away, neutral)
        return home_rate + self.shared, away_rate + self.shared


@leaf
def _penalty(theta, pull):
    n = pull.prior.shape[1]
    total = 0.0
    for i in range(n):
        apart, open_ = theta[i] - pull.prior[0, i], theta[n + i] - pull.prior[1, i]
        total += apart * apart + open_ * open_
    return 0.5 * pull.ridge * total


@leaf
def _cleared(theta, pull, space):
    """Rates at theta; gradient and system of the penalty alone."""
    n = pull.prior.shape[1]
    for p in range(2 * n + 3):
        space.gradient[p] = 0.0
        for q in range(p, 2 * n + 3):
            space.system[p, q] = 0.0
    for i in range(n):
        space.rates[0, i], space.rates[1, i] = math.exp(theta[i]), math.exp(theta[n + i])
        space.gradient[i] = -pull.ridge * (theta[i] - pull.prior[0, i])
        space.gradient[n + i] = -pull.ridge * (theta[n + i] - pull.prior[1, i])
        space.system[i, i] = space.system[n + i, n + i] = pull.ridge


@leaf
def _add(space, n, match, by_home, by_away, both, by_shared):
    """Add a match to the system: second derivatives by both log rates, by one and the other, and by one and c."""
    i, j, at_home = match
    system = space.system
    mu, h, c = 2 * n, 2 * n + 1, 2 * n + 2
    system[i, i] += by_home
    system[j, j] += by_away
    system[min(i, j), max(i, j)] += both
    system[n + j, n + j] += by_home
    system[n + i, n + i] += by_away
    system[n + min(i, j), n + max(i, j)] += both
    system[i, n + j] += by_home
    system[j, n + i] += by_away
    system[i, n + i] += both
    system[j, n + j] += both
    system[i, mu] += by_home + both
    system[n + j, mu] += by_home + both
    system[j, mu] += by_away + both
    system[n + i, mu] += by_away + both
    system[mu, mu] += by_home + by_away + 2.0 * both
    system[i, c] += by_shared
    system[j, c] += by_shared
    system[n + i, c] += by_shared
    system[n + j, c] += by_shared
    system[mu, c] += 2.0 * by_shared
    if at_home:
        system[i, h] += by_home
        system[n + j, h] += by_home
        system[j, h] += both
        system[n + i, h] += both
        system[mu, h] += by_home + both
        system[h, h] += by_home
        system[h, c] += by_shared


@compiled
def evaluate(played, weights, pull, theta, exact, space):
    """The log likelihood at theta, less the penalty and without the part that no parameter changes.

    The gradient and the negative second derivatives are left in the workspaces. `exact` is 1; at 0 the second
    derivatives are those of a likelihood that is concave everywhere, with the same gradient.
    """
    n = pull.prior.shape[1]
    mu, h, c = theta[2 * n], theta[2 * n + 1], theta[2 * n + 2]
    _cleared(theta, pull, space)
    rates, gradient = space.rates, space.gradient
    value = -_penalty(theta, pull)
    base, lift = math.exp(mu), math.exp(h)
    for m in range(len(weights)):
        i, j, at_home = played.home[m], played.away[m], played.neutral[m] == 0
        weight, x, y = weights[m], played.home_goals[m], played.away_goals[m]
        home_rate = base * rates[0, i] * rates[1, j] * (lift if at_home else 1.0)
        away_rate = base * rates[0, j] * rates[1, i]
        log = x * (mu + theta[i] + theta[n + j] + (h if at_home else 0.0)) + y * (mu + theta[j] + theta[n + i])
        # of k shared goals, relative to none: the chance, its first and its second derivative by c
        total, first, second = 1.0, 0.0, 0.0
        if x > 0.0 and y > 0.0:
            chance, once, twice = 1.0, 0.0, 0.0
            both = 1.0 / (home_rate * away_rate)
            for k in range(int(min(x, y))):
                ratio = (x - k) * (y - k) * both / (k + 1.0)
                twice, once, chance = once * ratio, chance * ratio, chance * ratio * c
                total += chance
                first += (k + 1.0) * once
                second += (k + 1.0) * k * twice
            first /= total
            second /= total
            log += math.log(total)
        value += weight * (log - home_rate - away_rate - c)
        expected = c * first
        spread = exact * (first + c * second - expected * first)  # the variance of k over c
        by_home, by_away = weight * (x - home_rate - expected), weight * (y - away_rate - expected)
        gradient[i] += by_home
        gradient[n + j] += by_home
        gradient[j] += by_away
        gradient[n + i] += by_away
        gradient[2 * n] += by_home + by_away
        gradient[2 * n + 1] += by_home if at_home else 0.0
        gradient[2 * n + 2] += weight * (first - 1.0)
        space.system[2 * n + 2, 2 * n + 2] += weight * (first * first - exact * second)
        apart = home_rate - c * spread, away_rate - c * spread
        _add(space, n, (i, j, at_home), weight * apart[0], weight * apart[1], -weight * c * spread, weight * spread)
    return value


@compiled
def solve(size, space):
    """The Newton step of the first `size` parameters, in `Space.step`; the others stay.

    Returns
    -------
    bool
        False: the system is not positive definite.
    """
    system, gradient, step = space.system, space.gradient, space.step
    right, largest = len(gradient), 0.0
    for p in range(size):
        system[p, right] = gradient[p]
        largest = max(largest, system[p, p])
    flat = _FLAT * (1.0 + largest)
    for p in range(size):
        if system[p, p] < -flat:
            return False
        inverse = 1.0 / system[p, p] if system[p, p] > flat else 0.0
        for q in range(p + 1, size):
            factor = system[p, q] * inverse
            for r in range(q, right + 1):
                system[q, r] -= factor * system[p, r]
    for p in range(right):
        step[p] = 0.0
    for p in range(size - 1, -1, -1):
        rest = system[p, right]
        for q in range(p + 1, size):
            rest -= system[p, q] * step[q]
        step[p] = rest / system[p, p] if system[p, p] > flat else 0.0
    return True


@compiled
def fit_shared(played, weights, pull, highest, theta, tolerance, space):
    """Maximise the penalised log likelihood from theta on; theta becomes the maximum.

    Parameters
    ----------
    played : Played
    weights : float64 (m,)
    pull : Pull
    highest : float
        Of the mean of shared goals.
    theta : float64 (2 n_teams + 3,)
        Attack, defence, mu, h, mean of the shared goals.
    tolerance : float
        The fit ends when a full step promises no more than this, in log likelihood.
    space : Space

    Returns
    -------
    tuple of (float, int)
        The log likelihood without its constant and without the penalty, and the number of steps; -1: not ended.
    """
    last = len(theta) - 1
    value = evaluate(played, weights, pull, theta, 1.0, space)
    for steps in range(_MOST_STEPS):
        c, slope = theta[last], space.gradient[last]
        is_free = (c > 0.0 or slope > 0.0) and (c < highest or slope < 0.0)
        size = last + 1 if is_free else last
        if not solve(size, space):
            evaluate(played, weights, pull, theta, 0.0, space)
            solve(size, space)
        promise, longest = 0.0, _LONGEST
        for k in range(last + 1):
            promise += 0.5 * space.gradient[k] * space.step[k]
            longest = max(longest, abs(space.step[k]))
            space.start[k] = theta[k]
        if promise <= tolerance:
            return value + _penalty(theta, pull), steps
        share, better = 2.0 * _LONGEST / longest, math.nan
        for _ in range(_MOST_HALVINGS):
            share *= 0.5
            for k in range(last + 1):
                theta[k] = space.start[k] + share * space.step[k]
            theta[last] = min(highest, max(0.0, theta[last]))
            better = evaluate(played, weights, pull, theta, 1.0, space)
            if better >= value:
                break
        if not better >= value:  # also where it is NaN
            return value + _penalty(theta, pull), -1
        value = better
    return value + _penalty(theta, pull), -1


def fitted_shared(played: Played, n_teams: int, *, decay: float, prior: Prior, tolerance: float = 1e-9) -> SharedModel:
    """Fit the bivariate Poisson model; the parameters are those of `research.goals.fitted.fitted`.

    The likelihood of few matches without a prior may have more than one maximum. The one uphill from the Poisson model
    is taken.
    """
    cells, constant = gathered(played, n_teams, decay)
    theta, (weight, home_goals, away_goals) = start_of(cells, n_teams)
    pull = Pull(prior.ridge, prior.means(played, n_teams))
    fit(cells, pull, False, theta, _NEAR, work(n_teams))
    weights, p = np.exp(decay * (played.days - played.days[-1])), len(theta)
    shapes: tuple[tuple[int, ...], ...] = ((2, n_teams), (p, p + 1), (p,), (p,), (p,))
    highest = min(_HIGHEST, 0.5 * min(home_goals, away_goals) / weight)
    space = Space(*(np.empty(shape) for shape in shapes))
    value, steps = fit_shared(played, weights, pull, highest, theta, tolerance, space)
    mu, h, shared = (float(number) for number in theta[2 * n_teams :])
    attack, defence = theta[:n_teams], theta[n_teams : 2 * n_teams]
    separate = GoalModel(attack, defence, mu, h, 0.0, float(value + constant), int(steps), prior.newcomer)
    return SharedModel(separate, shared)
