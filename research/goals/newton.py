"""Compiled fit of the Poisson and the Dixon-Coles model: damped Newton with the exact Poisson part of the Hessian.

The mean goals of home team i against away team j are exp(mu + h + a_i + d_j), those of the away team
exp(mu + a_j + d_i): a is the attack, d what the defence lets in, h the home advantage (0 on neutral ground).

A Poisson likelihood needs sums only. All matches of a pair on the same ground form one cell with seven sums, so a fit
costs the same whether the pair met once or eight times. The Hessian of the Poisson part has diagonal blocks in a and in
d: a is eliminated, and what is left is a dense system of the number of teams plus two.

Everything compiled is in this one file: the cache of compiled code sees an edit of a callee in the same file only.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernel.cache import compiled, leaf

Floats = NDArray[np.float64]

#: sums of a cell: weight, home goals, away goals, and the weights of 0-0, 0-1, 1-0 and 1-1
N_SUMS: Final = 7
#: parameters after the attack and defence of each team: mu, h and rho
N_OTHERS: Final = 3
#: no step changes a log rate by more
_LONGEST: Final = 1.5
#: where no low score of a kind was seen the likelihood may rise with rho for ever: it stays within this on both sides
_FARTHEST: Final = 1.0
_MOST_STEPS: Final = 200
_MOST_HALVINGS: Final = 40
#: a pivot below this share of the goals belongs to a direction that no match says anything about: it is not moved
_FLAT: Final = 1e-13


class Cells(NamedTuple):
    """Matches summed by pair and ground.

    Attributes
    ----------
    n : int
    teams : int64 (>= n, 3)
        Home, away, and 1 on neutral ground.
    sums : float64 (>= n, 7)
        As `N_SUMS`.
    """

    n: int
    teams: NDArray[np.int64]
    sums: Floats


class Pull(NamedTuple):
    """The penalty ridge / 2 * (theta - prior)^2 on attack and defence.

    Attributes
    ----------
    ridge : float
        Above zero: it also settles that attack and defence may be moved against mu.
    prior : float64 (2, n_teams)
    """

    ridge: float
    prior: Floats


class Work(NamedTuple):
    """Workspaces of a fit of n teams; `work` makes them.

    Attributes
    ----------
    rates : float64 (2, n)
        exp(attack), exp(defence).
    gradient : float64 (2 n + 4,)
        In the order of theta, then the negative second derivative by rho.
    slope : float64 (4,)
    table : float64 (n, n + 3)
        Of each attack: expected goals, those at home, those against each defence, and the gradient.
    conceded : float64 (2, n)
        Of each defence: expected goals, and those away from home.
    system : float64 (n + 2, n + 3)
    step : float64 (2 n + 3,)
    """

    rates: Floats
    gradient: Floats
    slope: Floats
    table: Floats
    conceded: Floats
    system: Floats
    step: Floats


def work(n: int) -> Work:
    """Workspaces of a fit of n teams."""
    shapes: tuple[Any, ...] = ((2, n), 2 * n + 4, 4, (n, n + 3), (2, n), (n + 2, n + 3), 2 * n + 3)
    return Work(*(np.empty(shape) for shape in shapes))


class Played(NamedTuple):
    """Matches in the order of time, columns of equal length m.

    Attributes
    ----------
    home, away : int64 (m,)
        Numbers of the teams, 0 to n_teams - 1.
    neutral : int64 (m,)
        1 on neutral ground.
    home_goals, away_goals : float64 (m,)
    days : float64 (m,)
        A match on the last of them has weight 1, one before it exp(-decay * days between).
    """

    home: NDArray[np.int64]
    away: NDArray[np.int64]
    neutral: NDArray[np.int64]
    home_goals: Floats
    away_goals: Floats
    days: Floats


@compiled
def gather(played, decay, number, teams, sums):
    """Sum matches into cells.

    Parameters
    ----------
    played : Played
    decay : float
        Per day.
    number : int64 (n_teams, n_teams, 2)
        Workspace of -1; afterwards the cell of each pair and ground.
    teams : int64 (m, 3)
    sums : float64 (m, 7)
        Filled, as in `Cells`.

    Returns
    -------
    tuple of (int, float)
        Number of cells, and the weighted sum of -log(x! y!), which no parameter changes.
    """
    count, constant = 0, 0.0
    n_played = len(played.home)
    for m in range(n_played):
        home, away, ground = played.home[m], played.away[m], played.neutral[m]
        cell = number[home, away, ground]
        if cell < 0:
            cell = count
            number[home, away, ground] = cell
            teams[cell, 0], teams[cell, 1], teams[cell, 2] = home, away, ground
            for k in range(N_SUMS):
                sums[cell, k] = 0.0
            count += 1
        weight = math.exp(decay * (played.days[m] - played.days[n_played - 1]))
        x, y = played.home_goals[m], played.away_goals[m]
        sums[cell, 0] += weight
        sums[cell, 1] += weight * x
        sums[cell, 2] += weight * y
        if x <= 1.0 and y <= 1.0:
            sums[cell, 3 + int(2.0 * x + y)] += weight
        constant -= weight * (math.lgamma(x + 1.0) + math.lgamma(y + 1.0))
    return count, constant


@leaf
def _corrected(sums, cell, home_rate, away_rate, rho, slope):
    """Log of the Dixon-Coles factor of a cell (their equation 4.2), and its derivatives.

    The derivatives by log home rate, log away rate and rho, and the negative second one by rho, are left in `slope`.
    NaN where a factor is not positive.
    """
    value = 0.0
    slope[0], slope[1], slope[2], slope[3] = 0.0, 0.0, 0.0, 0.0
    for score in range(4):
        weight = sums[cell, 3 + score]
        if weight > 0.0:
            if score == 0:
                factor = -home_rate * away_rate
            elif score == 1:
                factor = home_rate
            elif score == 2:
                factor = away_rate
            else:
                factor = -1.0
            tau = 1.0 + rho * factor
            if tau <= 0.0:
                return math.nan
            value += weight * math.log(tau)
            by_rho = factor / tau
            if score <= 1:
                slope[0] += weight * rho * by_rho
            if score == 0 or score == 2:
                slope[1] += weight * rho * by_rho
            slope[2] += weight * by_rho
            slope[3] += weight * by_rho * by_rho
    return value


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
    """Rates at theta; the gradient of the penalty, and sums of zero."""
    n = pull.prior.shape[1]
    for i in range(n):
        space.rates[0, i], space.rates[1, i] = math.exp(theta[i]), math.exp(theta[n + i])
        space.gradient[i] = -pull.ridge * (theta[i] - pull.prior[0, i])
        space.gradient[n + i] = -pull.ridge * (theta[n + i] - pull.prior[1, i])
        space.conceded[0, i], space.conceded[1, i] = 0.0, 0.0
        for j in range(n + 2):
            space.table[i, j] = 0.0
    for k in range(2 * n, 2 * n + 4):
        space.gradient[k] = 0.0


@compiled
def evaluate(cells, pull, with_rho, theta, space):
    """The log likelihood at theta, less the penalty and without its constant.

    The gradient and the expected goals are left in the workspaces: `Work.gradient`, `Work.table`, `Work.conceded`.
    NaN where a Dixon-Coles factor is not positive.
    """
    n = pull.prior.shape[1]
    mu, h, rho = theta[2 * n], theta[2 * n + 1], theta[2 * n + 2]
    _cleared(theta, pull, space)
    gradient, table, conceded, slope, sums = space.gradient, space.table, space.conceded, space.slope, cells.sums
    value = -_penalty(theta, pull)
    base, lift = math.exp(mu), math.exp(mu + h)
    for cell in range(cells.n):
        i, j, at_home = cells.teams[cell, 0], cells.teams[cell, 1], cells.teams[cell, 2] == 0
        home_rate = (lift if at_home else base) * space.rates[0, i] * space.rates[1, j]
        away_rate = base * space.rates[0, j] * space.rates[1, i]
        log_home = mu + theta[i] + theta[n + j] + (h if at_home else 0.0)
        log_away = mu + theta[j] + theta[n + i]
        expected_home, expected_away = sums[cell, 0] * home_rate, sums[cell, 0] * away_rate
        value += sums[cell, 1] * log_home - expected_home + sums[cell, 2] * log_away - expected_away
        by_home, by_away = sums[cell, 1] - expected_home, sums[cell, 2] - expected_away
        if with_rho:
            value += _corrected(sums, cell, home_rate, away_rate, rho, slope)
            by_home += slope[0]
            by_away += slope[1]
            gradient[2 * n + 2] += slope[2]
            gradient[2 * n + 3] += slope[3]
        gradient[i] += by_home
        gradient[n + j] += by_home
        gradient[j] += by_away
        gradient[n + i] += by_away
        gradient[2 * n] += by_home + by_away
        table[i, 2 + j] += expected_home
        table[j, 2 + i] += expected_away
        if at_home:
            gradient[2 * n + 1] += by_home
            table[i, 1] += expected_home
            conceded[1, j] += expected_home
    return value


@leaf
def _filled(pull, space):
    """The system of mu, h and each defence after attack is eliminated; its right side is the last column."""
    n = pull.prior.shape[1]
    size = n + 2
    system, table, conceded, gradient = space.system, space.table, space.conceded, space.gradient
    for p in range(size):
        for q in range(p, size + 1):
            system[p, q] = 0.0
    for i in range(n):
        for j in range(n):
            table[i, 0] += table[i, 2 + j]
            conceded[0, j] += table[i, 2 + j]
        table[i, size] = gradient[i]
        system[0, 0] += table[i, 0]
        system[0, 1] += table[i, 1]
    system[1, 1] = system[0, 1]
    system[0, size], system[1, size] = gradient[2 * n], gradient[2 * n + 1]
    for j in range(n):
        system[0, 2 + j], system[1, 2 + j] = conceded[0, j], conceded[1, j]
        system[2 + j, 2 + j], system[2 + j, size] = conceded[0, j] + pull.ridge, gradient[n + j]
    for i in range(n):
        inverse = 1.0 / (table[i, 0] + pull.ridge)
        for p in range(size):
            factor = table[i, p] * inverse
            for q in range(p, size + 1):
                system[p, q] -= factor * table[i, q]


@compiled
def newton_step(pull, with_rho, space):
    """The step of all parameters from the sums that `evaluate` left, in `Work.step`.

    The Hessian is that of the Poisson likelihood and the penalty, exactly; rho is taken by itself.
    """
    n = pull.prior.shape[1]
    size = n + 2
    _filled(pull, space)
    system, table, step = space.system, space.table, space.step
    flat = _FLAT * (1.0 + table[0, 0])
    for p in range(size):
        inverse = 1.0 / system[p, p] if system[p, p] > flat else 0.0
        for q in range(p + 1, size):
            factor = system[p, q] * inverse
            for r in range(q, size + 1):
                system[q, r] -= factor * system[p, r]
    for p in range(size - 1, -1, -1):
        rest = system[p, size]
        for q in range(p + 1, size):
            rest -= system[p, q] * system[q, size]
        system[p, size] = rest / system[p, p] if system[p, p] > flat else 0.0
    for i in range(n):
        rest = table[i, size]
        for p in range(size):
            rest -= table[i, p] * system[p, size]
        step[i] = rest / (table[i, 0] + pull.ridge)
        step[n + i] = system[2 + i, size]
    step[2 * n], step[2 * n + 1] = system[0, size], system[1, size]
    curvature = space.gradient[2 * n + 3]
    step[2 * n + 2] = space.gradient[2 * n + 2] / curvature if with_rho and curvature > 0.0 else 0.0


@compiled
def fit(cells, pull, with_rho, theta, tolerance, space):
    """Maximise the penalised log likelihood from theta on; theta becomes the maximum.

    Parameters
    ----------
    cells : Cells
    pull : Pull
    with_rho : bool
        Whether rho is fitted (Dixon-Coles); otherwise it stays as it is in theta, unused.
    theta : float64 (2 n_teams + 3,)
        Attack, defence, mu, h, rho; rho from -1 to 1.
    tolerance : float
        The fit ends when a full step promises no more than this, in log likelihood.
    space : Work

    Returns
    -------
    tuple of (float, int)
        The log likelihood without its constant and without the penalty, and the number of steps; -1: not ended.
    """
    value = evaluate(cells, pull, with_rho, theta, space)
    for steps in range(_MOST_STEPS):
        newton_step(pull, with_rho, space)
        rho, moved = theta[-1], space.step[-1]
        space.step[-1] = min(_FARTHEST - rho, max(-_FARTHEST - rho, moved))
        promise, longest = 0.0, _LONGEST
        for k in range(len(theta)):
            promise += 0.5 * space.gradient[k] * space.step[k]
            longest = max(longest, abs(space.step[k]))
        if promise <= tolerance:
            return value + _penalty(theta, pull), steps
        share = _LONGEST / longest
        for k in range(len(theta)):
            theta[k] += share * space.step[k]
        better = evaluate(cells, pull, with_rho, theta, space)
        halvings = 0
        while not better >= value:  # also where it is NaN
            halvings += 1
            if halvings > _MOST_HALVINGS:
                return value + _penalty(theta, pull), -1
            share *= 0.5
            for k in range(len(theta)):
                theta[k] -= share * space.step[k]
            better = evaluate(cells, pull, with_rho, theta, space)
        value = better
    return value + _penalty(theta, pull), -1
