"""The edge that could have been found, against simulated tests that look for it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from research.inference.detectable import detectable_edge, single_level
from research.inference.effective_trials import sidak_adjusted


@pytest.mark.parametrize(("bets", "trials"), [(400, 1), (400, 50), (4_000, 200)])
def test_bets_with_this_edge_are_found_in_four_of_five_cases(bets: int, trials: int) -> None:
    """Bets at even odds with exactly this true edge, tested one-sided at the level adjusted for the trials."""
    level = single_level(0.05, trials)
    error = 1.0 / math.sqrt(bets)
    edge = detectable_edge(error, level)
    won = np.random.default_rng((3, bets, trials)).binomial(bets, (1.0 + edge) / 2.0, 20_000)
    yields = 2.0 * won / bets - 1.0
    deviations = np.sqrt(1.0 - yields**2)
    critical = edge / error - detectable_edge(1.0, 0.5)  # what is beyond the power's own quantile
    found = (yields / (deviations * error) > critical).mean()
    assert found == pytest.approx(0.80, abs=0.03)


def test_known_sums_of_quantiles() -> None:
    """1.6449 + 0.8416 for one test at 5 %; Cohen's tables have 2.4865 standard errors."""
    assert detectable_edge(1.0, 0.05) == pytest.approx(2.486475, abs=1e-6)
    assert detectable_edge(0.02, 0.05, 0.5) == pytest.approx(0.02 * 1.644854, abs=1e-8)
    assert math.isnan(detectable_edge(math.nan, 0.05)) and math.isnan(detectable_edge(0.0, 0.05))
    assert detectable_edge(0.01, 1e-300) < 0.1  # a level beyond the normal's digits has an end too


def test_more_trials_need_a_larger_edge_and_the_level_is_that_of_sidak() -> None:
    for trials in (1.0, 7.5, 400.0):
        assert sidak_adjusted(single_level(0.0425, trials), trials) == pytest.approx(0.0425)
    assert single_level(0.05, 0.0) == pytest.approx(0.05)
    edges = [detectable_edge(0.01, single_level(0.05, trials)) for trials in (1, 10, 100, 10_000)]
    assert edges == sorted(edges) and edges[0] < edges[-1]
