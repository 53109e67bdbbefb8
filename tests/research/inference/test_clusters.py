"""Bets of one match share its result: a test over single bets errs, a test over events does not."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from research.inference.bootstrap import generator, ratio_interval

EVENTS, OF_ONE, CASES = 200, 5, 600
#: correlation of the signs of two bets of a match: 2 / pi * arcsin(rho)
ALIKE = 0.79


def bets_of(case: int) -> tuple[np.ndarray, np.ndarray]:
    """Profit of five fair bets at odds of 2 on each match, stake 1, and the match of each."""
    rng = np.random.default_rng((81, case))
    rho = math.sin(ALIKE * math.pi / 2.0)
    match = rng.normal(size=(EVENTS, 1)) * math.sqrt(rho)
    own = rng.normal(size=(EVENTS, OF_ONE)) * math.sqrt(1.0 - rho)
    return np.where(match + own > 0.0, 1.0, -1.0).ravel(), np.repeat(np.arange(EVENTS), OF_ONE)


def test_a_five_percent_test_over_single_bets_errs_four_times_as_often() -> None:
    alone = clustered = 0
    for case in range(CASES):
        profit, event = bets_of(case)
        ones = np.ones(len(profit))
        z = math.sqrt(len(profit)) * profit.mean() / profit.std()
        alone += z > NormalDist().inv_cdf(0.95)
        clustered += ratio_interval(profit, ones, event, generator(case, "clusters"), replicates=400).low > 0.0
    spread = math.sqrt(1.0 + (OF_ONE - 1) * ALIKE)
    wanted = 1.0 - NormalDist().cdf(NormalDist().inv_cdf(0.95) / spread)
    assert 0.20 < wanted < 0.22
    assert abs(alone / CASES - wanted) < 4.0 * math.sqrt(wanted * (1.0 - wanted) / CASES)
    assert abs(clustered / CASES - 0.05) < 4.0 * math.sqrt(0.05 * 0.95 / CASES)
    assert clustered / CASES < alone / CASES / 2.5


def test_the_interval_of_copies_is_as_wide_as_that_of_one() -> None:
    profit, event = bets_of(1)
    first = profit.reshape(EVENTS, OF_ONE)[:, 0]
    single = ratio_interval(first, np.ones(EVENTS), np.arange(EVENTS), generator(0, "one"))
    copies = ratio_interval(np.repeat(first, OF_ONE), np.ones(len(profit)), event, generator(0, "one"))
    assert math.isclose(single.high - single.low, copies.high - copies.low, rel_tol=1e-9)
