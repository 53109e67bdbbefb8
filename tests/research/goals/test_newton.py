"""Compiled sums, gradient and Newton step, against plain loops over matches and against differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

from research.goals.newton import Cells, Played, Pull, evaluate, fit, gather, newton_step, work
from tests.research.goals.seasons import drawn

N = 8
DECAY = 0.002


def cells_of(played: Played) -> tuple[Cells, float]:
    m = len(played.home)
    number = np.full((N, N, 2), -1, dtype=np.int64)
    teams, sums = np.empty((m, 3), dtype=np.int64), np.empty((m, 7))
    count, constant = gather(played, DECAY, number, teams, sums)
    return Cells(count, teams, sums), constant


def pull_of(ridge: float = 0.7) -> Pull:
    return Pull(ridge, np.random.default_rng(5).normal(0.0, 0.1, (2, N)))


def theta_of(seed: int) -> np.ndarray:
    return np.append(np.random.default_rng(seed).normal(0.1, 0.2, 2 * N + 2), -0.08)


def plain(played: Played, theta: np.ndarray, with_rho: bool) -> float:
    """The weighted log likelihood, one match after another, as the paper writes it."""
    attack, defence, (mu, h, rho) = theta[:N], theta[N : 2 * N], theta[2 * N :]
    total = 0.0
    for i, j, ground, x, y, day in zip(*played, strict=True):
        lam = math.exp(mu + (0.0 if ground else h) + attack[i] + defence[j])
        nu = math.exp(mu + attack[j] + defence[i])
        tau = {(0, 0): 1 - lam * nu * rho, (0, 1): 1 + lam * rho, (1, 0): 1 + nu * rho, (1, 1): 1 - rho}.get((x, y), 1)
        log = x * math.log(lam) - lam + y * math.log(nu) - nu - math.lgamma(x + 1) - math.lgamma(y + 1)
        total += math.exp(-DECAY * (played.days[-1] - day)) * (log + (math.log(tau) if with_rho else 0.0))
    return total


@pytest.mark.parametrize("with_rho", [False, True])
def test_the_sums_of_cells_have_the_likelihood_of_the_matches(with_rho: bool) -> None:
    played = drawn(1)
    cells, constant = cells_of(played)
    assert cells.n == 2 * N * (N - 1), "a pair is one cell at home and one on neutral ground"
    for seed in range(3):
        theta = theta_of(seed)
        penalty = 0.35 * float(((theta[: 2 * N] - pull_of().prior.ravel()) ** 2).sum())
        value = evaluate(cells, pull_of(), with_rho, theta, work(N))
        assert value + constant + penalty == pytest.approx(plain(played, theta, with_rho), abs=1e-9)


def test_the_gradient_is_that_of_differences() -> None:
    cells, _ = cells_of(drawn(2))
    space, theta = work(N), theta_of(9)
    evaluate(cells, pull_of(), True, theta, space)
    gradient = space.gradient.copy()
    for k in range(2 * N + 3):
        moved = []
        for shift in (1e-5, -1e-5):
            other = theta.copy()
            other[k] += shift
            moved.append(evaluate(cells, pull_of(), True, other, space))
        assert gradient[k] == pytest.approx((moved[0] - moved[1]) / 2e-5, abs=1e-5)


def test_the_step_solves_the_whole_hessian_of_the_poisson_part() -> None:
    cells, _ = cells_of(drawn(3))
    pull, space, theta = pull_of(), work(N), theta_of(4)
    evaluate(cells, pull, False, theta, space)
    gradient = space.gradient[: 2 * N + 2].copy()
    newton_step(pull, False, space)
    hessian = np.diag(np.append(np.full(2 * N, pull.ridge), [0.0, 0.0]))
    for (i, j, ground), sums in zip(cells.teams[: cells.n], cells.sums, strict=False):
        for attack, defence, lift in ((i, j, 1 - ground), (j, i, 0)):
            row = np.zeros(2 * N + 2)
            row[[attack, N + defence, 2 * N]] = 1.0
            row[2 * N + 1] = lift
            hessian += sums[0] * math.exp(row @ theta[:-1]) * np.outer(row, row)
    assert np.allclose(space.step[:-1], np.linalg.solve(hessian, gradient), atol=1e-9)
    assert space.step[-1] == 0.0


def test_a_fit_ends_where_the_gradient_is_zero_and_no_neighbour_is_better() -> None:
    cells, _ = cells_of(drawn(5))
    pull, space = pull_of(), work(N)
    theta = np.zeros(2 * N + 3)
    value, steps = fit(cells, pull, True, theta, 1e-12, space)
    assert 0 < steps < 25
    best = evaluate(cells, pull, True, theta, space)
    assert abs(space.gradient[: 2 * N + 3]).max() < 1e-5 and value > best
    rng = np.random.default_rng(0)
    around = [evaluate(cells, pull, True, theta + rng.normal(0, 0.02, len(theta)), space) for _ in range(50)]
    assert max(around) < best


def test_a_start_with_a_factor_below_zero_and_a_far_start_are_left_by_shorter_steps() -> None:
    cells, _ = cells_of(drawn(6))
    pull, space = pull_of(), work(N)
    ends = []
    for start in (np.zeros(2 * N + 3), np.append(np.full(2 * N, 1.2), [-2.0, 1.5, 0.0])):
        fit(cells, pull, True, start, 1e-12, space)
        ends.append(start)
    assert np.allclose(ends[0], ends[1], atol=1e-6)
    bad = np.append(np.zeros(2 * N + 2), 1.5)  # 1 - rho is below zero
    assert math.isnan(evaluate(cells, pull, True, bad, space))


def test_without_a_home_match_there_is_no_advantage_and_no_error() -> None:
    played = drawn(7)
    cells, _ = cells_of(played._replace(neutral=np.ones_like(played.neutral)))
    theta = np.zeros(2 * N + 3)
    _, steps = fit(cells, pull_of(), True, theta, 1e-9, work(N))
    assert steps > 0 and theta[2 * N + 1] == 0.0 and np.isfinite(theta).all()
