"""The tests of superiority compared with the package arch, including two cases where arch is wrong."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from research.inference.block_bootstrap import block_length, circular_block_length
from research.inference.superiority import BootstrapMoments, bootstrap_moments, reality_check, spa_test, survivors

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from arch.bootstrap import SPA, StepM, optimal_block_length

LENGTH, RESAMPLES = 3, 1000


def drawn_of(returns: np.ndarray) -> BootstrapMoments:
    return bootstrap_moments(returns, LENGTH, RESAMPLES, np.random.default_rng(1))


def spa(returns: np.ndarray, *, studentize: bool) -> tuple[float, float, float]:
    """Lower, consistent and upper p-value of arch; its losses are our returns negated, and the benchmark is 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = SPA(np.zeros(len(returns)), -returns, LENGTH, RESAMPLES, studentize=studentize, seed=2)
        found.compute()
        return tuple(float(one) for one in found.pvalues)  # type: ignore[return-value]


def stepm(returns: np.ndarray, *, studentize: bool) -> list[int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = StepM(np.zeros(len(returns)), -returns, 0.05, LENGTH, RESAMPLES, studentize=studentize, seed=2)
        found.compute()
        return [int(one) for one in found.superior_models]


def near(p_value: float) -> object:
    """Within four standard errors of the difference of two p-values from 1,000 resamples each."""
    error = math.sqrt(2.0 * max(p_value * (1.0 - p_value), 0.005) / RESAMPLES)
    return pytest.approx(p_value, abs=4.0 * error + 2.0 / RESAMPLES)


def dependent(case: int, days: int = 400) -> np.ndarray:
    """Twelve autocorrelated series with different spreads and means from very bad to good."""
    rng = np.random.default_rng((51, case))
    draws = rng.normal(size=(days, 12))
    for day in range(1, days):
        draws[day] += 0.3 * draws[day - 1]
    return draws * np.geomspace(0.2, 4.0, 12) + np.linspace(-0.6, 0.4, 12)


@pytest.mark.parametrize("memory", [-0.4, 0.0, 0.3, 0.8])
@pytest.mark.parametrize("days", [40, 357, 3_650])
def test_block_lengths_equal_those_of_arch(memory: float, days: int) -> None:
    draws = np.random.default_rng((52, days)).normal(size=days)
    series = draws.copy()
    for day in range(1, days):
        series[day] = memory * series[day - 1] + draws[day]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = optimal_block_length(series).iloc[0]
    assert block_length(series) == pytest.approx(max(1.0, wanted["stationary"]), rel=1e-9)
    assert circular_block_length(series) == pytest.approx(max(1.0, wanted["circular"]), rel=1e-9)


@pytest.mark.parametrize("case", range(4))
def test_the_reality_check_equals_the_upper_p_of_arch(case: int) -> None:
    """Without studentising, the upper p-value of arch is White's."""
    returns = dependent(case)
    assert reality_check(drawn_of(returns)) == near(spa(returns, studentize=False)[2])


@pytest.mark.parametrize("case", range(4))
def test_spa_equals_that_of_arch_over_studentised_series(case: int) -> None:
    """With each series divided by its omega, the statistic of arch is the studentised one (positive, like ours)."""
    returns = dependent(case)
    own = drawn_of(returns)
    found, wanted = spa_test(own), spa(returns / own.omegas, studentize=False)
    assert (found.lower, found.consistent, found.upper) == tuple(near(one) for one in wanted)
    assert 0.01 < wanted[1] < 0.99


def test_arch_ignores_studentize_and_this_package_does_not() -> None:
    """One series of mean 0.05 and sd 0.2 among 19 of mean 0 and sd 2: obvious once studentised."""
    rng = np.random.default_rng(53)
    returns = rng.normal([0.05] + [0.0] * 19, [0.2] + [2.0] * 19, (400, 20))
    with_studentize, plain = spa(returns, studentize=True), spa(returns, studentize=False)
    assert with_studentize == plain and with_studentize[1] > 0.3
    assert stepm(returns, studentize=True) == stepm(returns, studentize=False) == []
    own = drawn_of(returns)
    assert spa_test(own).consistent <= 0.01 < 0.3 < reality_check(own)
    assert np.flatnonzero(survivors(own)).tolist() == [0]


def test_stepm_of_arch_fails_if_the_last_series_win_in_a_later_round() -> None:
    """Mean 1 and sd 5 wins first, and hides mean 0.2 and sd 0.1 from the unstudentised test."""
    returns = np.random.default_rng(54).normal([1.0, 0.2], [5.0, 0.1], (400, 2))
    with pytest.raises(ValueError, match="zero-size array"):
        stepm(returns, studentize=False)
    assert survivors(drawn_of(returns)).tolist() == [True, True]


def test_survivors_equal_those_of_arch_if_the_last_series_lose() -> None:
    returns = np.random.default_rng(55).normal([0.5, 0.4, 0.0, -0.1, 0.0], 1.0, (400, 5))
    assert np.flatnonzero(survivors(drawn_of(returns))).tolist() == stepm(returns, studentize=False) == [0, 1]
