"""The bivariate Poisson fit against plain sums over scores, and against another program."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from research.goals.fitted import GoalModel, Prior, fitted
from research.goals.newton import Played, Pull
from research.goals.shared import SharedModel, Space, evaluate, fit_shared, fitted_shared, solve
from tests.research.goals.seasons import drawn, premier_league

FLAT = Prior(1e-6)


def plain(played: Played, model: SharedModel, c: float, decay: float) -> float:
    """The weighted log likelihood, each score as the sum over its shared goals (equation 1 of the paper)."""
    total = 0.0
    for i, j, ground, x, y, day in zip(*played, strict=True):
        one, two = model.separate.rates(int(i), int(j), bool(ground))
        prob = 0.0
        for k in range(int(min(x, y)) + 1):
            parts = [(one, x - k), (two, y - k), (c, k)]
            prob += math.prod(math.exp(-rate) * rate**n / math.factorial(int(n)) for rate, n in parts)
        total += math.exp(-decay * (played.days[-1] - day)) * math.log(prob)
    return total


def space_of(n_teams: int) -> Space:
    p = 2 * n_teams + 3
    return Space(np.empty((2, n_teams)), np.empty((p, p + 1)), np.empty(p), np.empty(p), np.empty(p))


def told(played: Played, seed: int) -> tuple[np.ndarray, Pull, np.ndarray]:
    """Weights, a prior, and parameters away from the maximum."""
    rng = np.random.default_rng(seed)
    theta = np.append(rng.normal(0.0, 0.2, 18), 0.1)
    return np.exp(0.001 * (played.days - played.days[-1])), Pull(2.0, rng.normal(0.0, 0.1, (2, 8))), theta


@pytest.fixture(scope="module")
def dependent() -> tuple[Played, SharedModel]:
    played = drawn(21, n_teams=8, rounds=12, shared=0.25)
    return played, fitted_shared(played, 8, decay=0.001, prior=FLAT)


def test_the_likelihood_is_the_sum_over_the_shared_goals(dependent: tuple[Played, SharedModel]) -> None:
    played, model = dependent
    assert model.separate.steps > 0 and 0.15 < model.shared < 0.35
    assert plain(played, model, model.shared, 0.001) == pytest.approx(model.separate.log_likelihood, abs=1e-8)


def test_no_other_mean_of_shared_goals_and_no_other_rates_are_better(dependent: tuple[Played, SharedModel]) -> None:
    played, model = dependent
    best = model.separate.log_likelihood
    for shift in (-0.02, 0.02):
        assert plain(played, model, model.shared + shift, 0.001) < best
    rng = np.random.default_rng(3)
    for _ in range(10):
        attack = model.separate.attack + rng.normal(0.0, 0.02, 8)
        other = SharedModel(
            type(model.separate)(attack, model.separate.defence, model.separate.mu, model.separate.h, 0.0, 0.0, 0),
            model.shared,
        )
        assert plain(played, other, model.shared + rng.normal(0.0, 0.005), 0.001) < best
    fewer = SharedModel(fitted(played, 8, decay=0.001, prior=FLAT, with_rho=False), 0.0)
    assert fewer.separate.log_likelihood < best - 3.0


def test_rates_hold_the_shared_goals_and_scores_without_dependence_have_none(
    dependent: tuple[Played, SharedModel],
) -> None:
    _, model = dependent
    for home, away in product((0, 5, -1), (1, -1)):
        separate = model.separate.rates(home, away)
        assert model.rates(home, away) == (separate[0] + model.shared, separate[1] + model.shared)
    played = drawn(22, rounds=6)
    against = played._replace(away_goals=np.where(played.home_goals > 1, 0.0, played.away_goals + 1.0))
    alone = fitted_shared(against, 8, decay=0.001, prior=Prior(1.0))
    poisson = fitted(against, 8, decay=0.001, prior=Prior(1.0), with_rho=False)
    assert alone.shared == 0.0 and alone.separate.log_likelihood == pytest.approx(poisson.log_likelihood, abs=1e-5)


def test_derivatives_are_the_differences_of_the_likelihood() -> None:
    played = drawn(23, rounds=2, shared=0.3)
    weights, pull, theta = told(played, 4)
    space, step = space_of(8), 1e-5

    def moved(number: int, shift: float) -> tuple[float, np.ndarray]:
        other = theta.copy()
        other[number] += shift
        return float(evaluate(played, weights, pull, other, 1.0, space)), space.gradient.copy()

    pairs = [(moved(number, step), moved(number, -step)) for number in range(19)]
    value = evaluate(played, weights, pull, theta, 1.0, space)
    assert np.allclose(space.gradient, [(up[0] - down[0]) / (2 * step) for up, down in pairs], atol=1e-5)
    curvature = np.array([(down[1] - up[1]) / (2 * step) for up, down in pairs])
    assert np.allclose(np.triu(space.system[:, :-1]), np.triu(curvature), atol=1e-4)
    model = SharedModel(GoalModel(theta[:8], theta[8:16], theta[16], theta[17], 0.0, 0.0, 0), 0.1)
    apart = theta[:16].reshape(2, 8) - pull.prior
    factorials = [math.log(math.factorial(int(x))) for x in range(20)]
    constant = sum(
        w * (factorials[int(x)] + factorials[int(y)])
        for w, x, y in zip(weights, played.home_goals, played.away_goals, strict=True)
    )
    assert plain(played, model, 0.1, 0.001) - (apart**2).sum() + constant == pytest.approx(value, abs=1e-8)


def test_the_step_solves_the_system_and_where_that_is_not_positive_another_one() -> None:
    played = drawn(24, rounds=2, shared=0.3)
    weights, pull, theta = told(played, 5)
    space = space_of(8)
    evaluate(played, weights, pull, theta, 1.0, space)
    assert not solve(19, space), "far from the maximum"
    start = theta.copy()
    value, steps = fit_shared(played, weights, pull, 0.6, theta, 1e-9, space)
    for parameters, exact in ((start, 0.0), (theta + 0.01, 1.0)):
        evaluate(played, weights, pull, parameters, exact, space)
        upper = np.triu(space.system[:, :-1])
        whole = upper + upper.T - np.diag(np.diag(upper))
        assert solve(19, space) and np.linalg.eigvalsh(whole).min() > 0.0
        assert np.allclose(space.step, np.linalg.solve(whole, space.gradient), atol=1e-8)
    other = np.zeros(19)
    assert steps > 0 and fit_shared(played, weights, pull, 0.6, other, 1e-9, space)[0] == pytest.approx(value, abs=1e-5)
    assert np.allclose(theta, other, atol=1e-4)


def test_the_mean_of_shared_goals_stays_below_its_bound_and_a_fit_without_numbers_does_not_end() -> None:
    played = drawn(25, rounds=6, shared=0.4)
    weights, pull, theta = told(played, 6)
    space = space_of(8)
    assert fit_shared(played, weights, pull, 0.2, theta, 1e-9, space)[1] > 0 and theta[18] == 0.2
    assert space.gradient[18] > 0.0 and np.abs(space.gradient[:18]).max() < 1e-3
    theta[16] = math.nan
    assert fit_shared(played, weights, pull, 0.2, theta, 1e-9, space)[1] == -1


def test_the_likelihood_is_that_of_penaltyblog_and_above_it_where_its_bound_binds(reference_dir: Path) -> None:
    played, n_teams = premier_league(reference_dir, ("1819",))
    model = fitted_shared(played, n_teams, decay=0.0, prior=FLAT)
    assert model.separate.log_likelihood == pytest.approx(-1064.8027237, abs=1e-5)
    assert math.log(model.shared) == pytest.approx(-2.8871, abs=0.01)
    recent = fitted_shared(played, n_teams, decay=0.0018, prior=FLAT)
    assert recent.separate.log_likelihood > -848.4022587 + 0.004 and math.log(recent.shared) < -3.0
