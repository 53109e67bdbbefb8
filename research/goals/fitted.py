"""A goal model fitted to the matches of one competition."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from research.goals.newton import Cells, Floats, Played, Pull, fit, gather, work


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
    """

    attack: Floats
    defence: Floats
    mu: float
    h: float
    rho: float
    log_likelihood: float
    steps: int

    def rates(self, home: int, away: int, neutral: bool = False) -> tuple[float, float]:
        """Mean goals of home and away; a team number of -1 is a team never seen: average in attack and defence."""
        home_attack, home_defence = (self.attack[home], self.defence[home]) if home >= 0 else (0.0, 0.0)
        away_attack, away_defence = (self.attack[away], self.defence[away]) if away >= 0 else (0.0, 0.0)
        lift = 0.0 if neutral else self.h
        return (
            math.exp(self.mu + lift + home_attack + away_defence),
            math.exp(self.mu + away_attack + home_defence),
        )


def fitted(
    played: Played, n_teams: int, *, decay: float, ridge: float, with_rho: bool, tolerance: float = 1e-9
) -> GoalModel:
    """Fit the Poisson or the Dixon-Coles model.

    The weighted log likelihood (Dixon & Coles 1997, Applied Statistics 46(2), equations 4.1 to 4.4 and 5.1) less
    ridge / 2 times the sum of squares of attack and defence. The start is the same whatever was fitted before, so the
    result is a function of the matches only.

    Parameters
    ----------
    played : Played
        In the order of time, at least one match.
    n_teams : int
    decay : float
        Of the weights, per day; 0 or more.
    ridge : float
        Above 0: the precision of a normal prior around the average team.
    with_rho : bool
        Whether low scores depend (Dixon-Coles).
    tolerance : float
        In log likelihood.
    """
    m = len(played.home)
    number = np.full((n_teams, n_teams, 2), -1, dtype=np.int64)
    teams, sums = np.empty((m, 3), dtype=np.int64), np.empty((m, 7))
    count, constant = gather(played, decay, number, teams, sums)
    theta = np.zeros(2 * n_teams + 3)
    weight, home_goals, away_goals = (float(sums[:count, k].sum()) for k in range(3))
    theta[2 * n_teams] = math.log((away_goals + 0.5) / (weight + 0.5))
    theta[2 * n_teams + 1] = math.log((home_goals + 0.5) / (away_goals + 0.5))
    pull = Pull(ridge, np.zeros((2, n_teams)))
    value, steps = fit(Cells(count, teams, sums), pull, with_rho, theta, tolerance, work(n_teams))
    mu, h, rho = (float(value) for value in theta[2 * n_teams :])
    return GoalModel(theta[:n_teams], theta[n_teams : 2 * n_teams], mu, h, rho, float(value + constant), int(steps))
