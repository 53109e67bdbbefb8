"""Tests for skewed returns: Hall's transformation, test size at short odds, no test without losses."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from research.inference import skewness as skewed
from research.inference.effective_trials import effective_trials, sidak_adjusted
from research.inference.multipliers import null_maxima
from research.inference.superiority import BootstrapMoments, bootstrap_moments, spa_test, studentised_means

DAYS = 1_200


def returns_at(odds: float, bets: int, many: int, rng: np.random.Generator, edge: float = 0.0) -> np.ndarray:
    """Daily returns of flat stakes at one price; no two configurations share a bet."""
    made = np.zeros((DAYS, many))
    for k in range(many):
        won = rng.random(bets) < (1.0 + edge) / odds
        made[:, k] = np.bincount(rng.integers(0, DAYS, bets), np.where(won, odds - 1.0, -1.0), DAYS) * 0.01
    return made


def moments_of(returns: np.ndarray, seed: int = 1, resamples: int = 499) -> BootstrapMoments:
    return bootstrap_moments(returns, 1.0, resamples, np.random.default_rng(seed))


def test_the_transformation_is_that_of_hall() -> None:
    """Compared with its closed form ((1 + a t / 3)^3 - 1) / a + a / 6; monotone; the identity without skew."""
    for t, skew, n in ((1.7, -2.0, 400), (-0.3, 5.0, 90), (3.0, 0.4, 10_000)):
        a = skew / math.sqrt(n)
        found = float(skewed.hall_transform(np.array(t), np.array(skew), n))
        assert found == pytest.approx(((1.0 + a * t / 3.0) ** 3 - 1.0) / a + a / 6.0)
    ratios = np.linspace(-8, 8, 200)
    assert (np.diff(skewed.hall_transform(ratios, np.array(-9.0), 200)) > 0).all(), "it keeps the order"
    assert skewed.hall_transform(ratios, np.array(0.0), 200) == pytest.approx(ratios)


def test_null_statistics_equal_a_plain_loop() -> None:
    returns = returns_at(1.3, 300, 6, np.random.default_rng(3))
    moments = moments_of(returns, resamples=99)
    day = np.random.default_rng(1)
    from research.inference.block_bootstrap import resampled_day_counts

    counts = resampled_day_counts(DAYS, 1.0, 99, day).astype(int)
    omega = [math.sqrt(DAYS) * np.std([np.mean(np.repeat(one, c)) for c in counts]) for one in returns.T]
    largest = []
    for count in counts:
        own = []
        for k, one in enumerate(returns.T):
            resample = np.repeat(one, count)
            t = math.sqrt(DAYS) * (resample.mean() - one.mean()) / (resample.std() * omega[k] / one.std())
            skew = float(np.mean((one - one.mean()) ** 3) / one.std() ** 3)
            a = skew / math.sqrt(DAYS)
            own.append(t + a * t**2 / 3 + a**2 * t**3 / 27 + a / 6)
        largest.append(max(0.0, *own))
    assert skewed._largest(moments, np.arange(6), moments.means) == pytest.approx(np.array(largest), abs=2e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("odds", "bets"),
    [(1.05, 500), *(pytest.param(*case, marks=pytest.mark.proof) for case in ((1.1, 500), (1.3, 300), (5.0, 500)))],
)
def test_size_without_any_edge(odds: float, bets: int) -> None:
    """The larger SPA p-value, and the adjusted p-value of the best, err in about 5 % and never in a quarter."""
    rng, both, alone, fixed, cases = np.random.default_rng(int(odds * 100)), 0, 0, 0, 60
    for case in range(cases):
        returns = returns_at(odds, bets, 24, rng)
        moments = moments_of(returns, case)
        hansen, own = spa_test(moments).consistent, skewed.spa_p_value(moments)
        best = int(np.argmax(studentised_means(moments)))
        both += max(hansen, own) <= 0.05
        fixed += hansen <= 0.05
        trials = effective_trials(null_maxima(returns, dt.date(2015 + case % 5, 1, 1)), 24)
        alone += sidak_adjusted(skewed.single_p_value(moments, best), trials) <= 0.05
    assert both <= 8 and alone <= 8, (both, alone)  # 5 % of 60 is 3; more than 8 has a probability of 1 %
    if odds < 1.2:
        assert fixed >= 10, "with a fixed omega alone the test errs far too often"


def test_an_edge_at_short_odds_is_still_found() -> None:
    rng, found = np.random.default_rng(8), 0
    for case in range(12):
        returns = returns_at(1.3, 1_500, 12, rng)
        returns[:, 5] = returns_at(1.3, 1_500, 1, rng, edge=0.06)[:, 0]
        moments = moments_of(returns, case)
        found += (
            max(spa_test(moments).consistent, skewed.spa_p_value(moments)) <= 0.05
            and skewed.single_p_value(moments, 5) < 0.002
        )
    assert found >= 10


def test_configurations_without_losses_are_not_tested() -> None:
    rng = np.random.default_rng(4)
    returns = returns_at(2.0, 400, 3, rng)
    returns[:, 1] = np.where(rng.random(DAYS) < 0.1, 0.001, 0.0)  # gains only
    returns[:, 2] = np.where(np.arange(DAYS) < 9, -0.01, np.abs(returns[:, 2]))  # nine losses
    moments = moments_of(returns)
    assert moments.testable.tolist() == [True, False, False]
    assert spa_test(moments).consistent < 0.01 < skewed.spa_p_value(moments)
    assert skewed.single_p_value(moments, 1) == skewed.single_p_value(moments, 2) == 1.0
    assert np.isnan(skewed.skew_corrected_statistics(moments)[1:]).all()
    nothing = moments_of(np.zeros((DAYS, 2)))
    assert skewed.spa_p_value(nothing) == 1.0


@pytest.mark.slow
def test_the_bits_do_not_depend_on_the_threads() -> None:
    import os
    import subprocess
    import sys

    program = (
        "import numpy as np, hashlib, sys; from research.inference.superiority import bootstrap_moments;"
        "r = np.random.default_rng(5).normal(size=(700, 2500)).astype('f4');"
        "m = bootstrap_moments(r, 3.0, 200, np.random.default_rng(6));"
        "arrays = (m.resample_means, m.resample_deviations, m.omegas);"
        "print(hashlib.sha256(b''.join(a.tobytes() for a in arrays)).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": threads},
        ).stdout
        for threads in ("1", "2", "4")
    }
    assert len(found) == 1
