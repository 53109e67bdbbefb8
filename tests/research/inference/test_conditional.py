"""A yield that passed a test: its interval holds what it promises given that it passed."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from research.inference.conditional import TAIL, Corrected, Measured, corrected, log_tail, passed_by, truncated_mean

NORMAL = NormalDist()


def test_the_tail_agrees_with_the_normal_and_beyond_it_with_its_bounds() -> None:
    for x in (-8.0, -1.0, 0.0, 1.0, 5.0):
        assert log_tail(x) == pytest.approx(math.log(NORMAL.cdf(-x)), rel=1e-9)
    assert log_tail(29.999999) == pytest.approx(log_tail(30.0), abs=1e-4)
    for x in (30.0, 200.0):  # x / (1 + x^2) < tail / density < 1 / x
        density = -x * x / 2.0 - math.log(2.0 * math.pi) / 2.0
        assert math.log(x / (1.0 + x * x)) < log_tail(x) - density < math.log(1.0 / x)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_the_mean_gives_the_value_its_share(share: float) -> None:
    """Simulated: of normals about the mean that are above the cut, this share is at or above the value."""
    mean = truncated_mean(3.6, 2.0, share)
    drawn = mean + np.random.default_rng(5).standard_normal(4_000_000)
    passed = drawn[drawn > 2.0]
    assert len(passed) > 200
    error = math.sqrt(share * (1.0 - share) / len(passed))
    assert (passed >= 3.6).mean() == pytest.approx(share, abs=4.0 * error)


def test_without_a_cut_it_is_the_plain_interval() -> None:
    found = corrected(Measured(0.05, 0.01), math.inf)
    assert found.middle == pytest.approx(0.05) and found.low == pytest.approx(0.05 - 0.01 * NORMAL.inv_cdf(1.0 - TAIL))
    far = corrected(Measured(0.50, 0.01), 40.0)  # passed by far: the cut is out of reach
    assert far.high == pytest.approx(0.50 + 0.01 * NORMAL.inv_cdf(1.0 - TAIL)) and far.low == pytest.approx(
        0.50 - 0.01 * NORMAL.inv_cdf(1.0 - TAIL)
    )


@pytest.mark.parametrize(("true_ratio", "critical"), [(0.5, 3.0), (2.0, 3.0), (4.0, 3.0), (1.5, 2.3)])
def test_all_but_the_tails_hold_the_truth_given_that_they_passed(true_ratio: float, critical: float) -> None:
    """Of those with an upper end above zero, which are printed, about 90 %. Without the correction it is 0 to 80 %."""
    rng, error = np.random.default_rng((7, int(10 * true_ratio))), 0.02
    ratios = true_ratio + rng.standard_normal(1_000_000)
    passed = ratios[ratios > critical][:3_000]
    found = [corrected(Measured(ratio * error, error), ratio - critical) for ratio in passed]
    truth = true_ratio * error
    held = np.array([one.low <= truth <= one.high for one in found])
    assert held.mean() == pytest.approx(1.0 - 2.0 * TAIL, abs=4.0 * math.sqrt(0.1 / len(passed)))
    assert 0.87 < held[[one.known for one in found]].mean() < 0.945
    below = np.mean([one.middle < truth for one in found])
    assert below == pytest.approx(0.5, abs=4.0 * math.sqrt(0.25 / len(passed)))


def test_the_best_of_many_with_the_same_edge_is_corrected_for_being_the_best() -> None:
    """25 configurations that all have the edge: the leader is too good, and its lead over the second tells by how much.

    The plain truncation at the test's own value, which knows nothing of the others, holds it in 60 % of cases.
    """
    rng, error, edge, held, plain = np.random.default_rng(11), 0.01, 0.03, [], []
    for ratios in edge / error + rng.standard_normal((2_000, 25)):
        first, second = np.sort(ratios)[[-1, -2]]
        if first > 3.1:
            for margin, into in ((first - second, held), (math.inf, plain)):
                found = corrected(Measured(first * error, error, margin), first - 3.1)
                into.append(found.low <= edge <= found.high)
    assert np.mean(held) == pytest.approx(1.0 - 2.0 * TAIL, abs=4.0 * math.sqrt(0.1 / len(held)))
    assert np.mean(plain) < 0.75


def test_no_end_is_below_zero_and_one_that_barely_passed_has_no_interval() -> None:
    barely = corrected(Measured(0.10, 0.03), 0.0)
    assert barely == Corrected(0.0, 0.0, 0.0) and not barely.known
    near = corrected(Measured(0.10, 0.03), 0.2)
    assert near.low == 0.0 < near.high and near.known and near.middle < 0.10
    unknown = corrected(Measured(math.nan, math.nan), 1.0)
    assert math.isnan(unknown.high) and not unknown.known
    assert math.isnan(corrected(Measured(0.1, 0.03), math.nan).middle)


def test_how_far_a_test_was_passed_is_the_difference_of_quantiles() -> None:
    assert passed_by(0.001, 0.05) == pytest.approx(NORMAL.inv_cdf(0.999) - NORMAL.inv_cdf(0.95))
    assert passed_by(0.05, 0.05) == passed_by(0.2, 0.05) == passed_by(1.0, 0.05) == 0.0
    assert 30.0 < passed_by(0.0, 0.05) < math.inf
