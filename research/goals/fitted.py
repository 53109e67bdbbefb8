"""A goal model fitted to the matches of one competition."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from research.goals.newton import Cells, Floats, Played, Pull, fit, gather, work

#: days
_YEAR: Final = 365.0


@dataclass(frozen=True)
class GoalModel:
    """Rates of every pair of teams: home exp(mu + h + attack_i + defence_j), away exp(mu + attack_j + defence_i).

    Attributes
    ----------
    attack, defence : float64 (n_teams,)
        Log factors; a defence above zero lets in more than the mean.
    mu, h : float
        Log goals of an average team away; advantage of the home side.
    rho : float
        Dependence of low scores (Dixon-Coles); 0 for the Poisson model.
    log_likelihood : float
        Weighted, with its constant and without the penalty.
    steps : int
        Newton steps; -1: the fit did not end.
    newcomer : float
        What a team never seen scores less and lets in more than the average team, as a log factor.
    """

    attack: Floats
    defence: Floats
    mu: float
    h: float
    rho: float
    log_likelihood: float
    steps: int
    newcomer: float = 0.0

    def rates(self, home: int, away: int, neutral: bool = False) -> tuple[float, float]:
        """Mean goals of home and away; a team number of -1 is a team never seen."""
        never = -self.newcomer, self.newcomer
        home_attack, home_defence = (self.attack[home], self.defence[home]) if home >= 0 else never
        away_attack, away_defence = (self.attack[away], self.defence[away]) if away >= 0 else never
        lift = 0.0 if neutral else self.h
        return (
            math.exp(self.mu + lift + home_attack + away_defence),
            math.exp(self.mu + away_attack + home_defence),
        )


@dataclass(frozen=True)
class Prior:
    """What is believed of a team before its matches: a normal distribution of attack and defence.

    Attributes
    ----------
    ridge : float
        Its precision, above 0, in units of the weighted likelihood.
    newcomer : float
        Mean -newcomer of the attack and newcomer of the defence of a team without a match in the first year of the
        window: it came up from a lower league. The mean of the others is 0.
    """

    ridge: float
    newcomer: float = 0.0

    def means(self, played: Played, n_teams: int) -> Floats:
        """Means of attack and defence, (2, n_teams)."""
        early = played.days < played.days[0] + _YEAR
        is_new = np.ones(n_teams)
        is_new[played.home[early]] = is_new[played.away[early]] = 0.0
        return np.stack([-self.newcomer * is_new, self.newcomer * is_new])


def gathered(played: Played, n_teams: int, decay: float) -> tuple[Cells, float]:
    """Matches summed by pair and ground, with their weights.

    Returns
    -------
    tuple of (Cells, float)
        The cells, and the part of the log likelihood that no parameter changes.
    """
    m = len(played.home)
    number = np.full((n_teams, n_teams, 2), -1, dtype=np.int64)
    teams, sums = np.empty((m, 3), dtype=np.int64), np.empty((m, 7))
    count, constant = gather(played, decay, number, teams, sums)
    return Cells(count, teams, sums), constant


def start_of(cells: Cells, n_teams: int) -> tuple[Floats, tuple[float, float, float]]:
    """Where a fit begins, teams all alike: attack, defence, mu, h, rho; and the weight and the goals of all matches."""
    theta = np.zeros(2 * n_teams + 3)
    weight, home_goals, away_goals = (float(cells.sums[: cells.n, k].sum()) for k in range(3))
    theta[2 * n_teams] = math.log((away_goals + 0.5) / (weight + 0.5))
    theta[2 * n_teams + 1] = math.log((home_goals + 0.5) / (away_goals + 0.5))
    return theta, (weight, home_goals, away_goals)


def fitted(
    played: Played, n_teams: int, *, decay: float, prior: Prior, with_rho: bool, tolerance: float = 1e-9
) -> GoalModel:
    """Fit the Poisson or the Dixon-Coles model.

    The weighted log likelihood (Dixon & Coles 1997, Applied Statistics 46(2), equations 4.1 to 4.4 and 5.1) less
    prior.ridge / 2 times the squared distances of attack and defence from the means of the prior. The start is the
    same whatever was fitted before, so the result is a function of the matches only.

    Parameters
    ----------
    played : Played
        In the order of time, at least one match.
    n_teams : int
    decay : float
        Of the weights, per day; 0 or more.
    prior : Prior
    with_rho : bool
        Whether low scores depend (Dixon-Coles).
    tolerance : float
        In log likelihood.
    """
    cells, constant = gathered(played, n_teams, decay)
    theta, _ = start_of(cells, n_teams)
    pull = Pull(prior.ridge, prior.means(played, n_teams))
    value, steps = fit(cells, pull, with_rho, theta, tolerance, work(n_teams))
    mu, h, rho = (float(value) for value in theta[2 * n_teams :])
    attack, defence = theta[:n_teams], theta[n_teams : 2 * n_teams]
    return GoalModel(attack, defence, mu, h, rho, float(value + constant), int(steps), prior.newcomer)
