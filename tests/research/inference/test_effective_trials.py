"""The effective number of trials: of copies, of independent configurations, and in between."""

from __future__ import annotations

import datetime as dt
import math
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest

from research.inference.effective_trials import effective_trials, sidak_adjusted, trials_at
from research.inference.multipliers import null_maxima


def worth(series: np.ndarray, first: dt.date = dt.date(2016, 8, 1)) -> float:
    """Effective number of the configurations that bet."""
    return effective_trials(null_maxima(series, first), int(np.count_nonzero(series.any(axis=0))))


def noise(many: int, days: int = 600, case: int = 0) -> np.ndarray:
    return np.random.default_rng((61, case)).normal(size=(days, many))


def test_trials_at_a_quantile_match_simulated_maxima() -> None:
    rng = np.random.default_rng(0)
    for trials in (1, 5, 40):
        quantile = float(np.quantile(rng.normal(size=(200_000, trials)).max(axis=1), 0.95))
        assert trials_at(quantile) == pytest.approx(trials, rel=0.06)
        exact = NormalDist().inv_cdf(0.95 ** (1.0 / trials))
        assert trials_at(exact) == pytest.approx(trials, rel=1e-9)
    assert trials_at(-3.0) == 1.0 and trials_at(50.0) == math.inf


def test_copies_count_as_one() -> None:
    one = noise(1)
    copies = np.hstack([one * scale for scale in np.linspace(0.1, 30.0, 200)])
    assert worth(copies) == pytest.approx(1.0, abs=0.35)
    nearly = one + 0.02 * noise(200, case=1)
    assert worth(nearly) < 2.0


@pytest.mark.parametrize("many", [10, 60, 300])
def test_independent_configurations_count_fully(many: int) -> None:
    assert worth(noise(many)) == pytest.approx(many, rel=0.3)


def test_groups_of_copies_count_as_the_number_of_groups() -> None:
    grouped = np.repeat(noise(12), 40, axis=1)
    assert worth(grouped) == pytest.approx(12, rel=0.3)


def test_the_number_falls_with_correlation() -> None:
    """All share one factor with 0, 0.5, 0.9 and 0.99 of the variance."""
    factor, own = noise(1, case=2), noise(100, case=3)
    mixed = [math.sqrt(share) * factor + math.sqrt(1 - share) * own for share in (0.0, 0.5, 0.9, 0.99)]
    found = [worth(one) for one in mixed]
    assert found == sorted(found, reverse=True)
    assert found[0] > 65 and 10 < found[1] < 60 and 2 < found[2] < 16 and 1 <= found[3] < 4


def test_more_configurations_never_count_less() -> None:
    series = noise(80) + noise(1, case=4)
    found = [worth(series[:, :count]) for count in range(0, 81, 4)]
    assert found[0] == 0.0 and worth(series[:, :1]) == 1.0
    assert all(low <= high + 1e-3 for low, high in pairwise(found))
    assert all(one <= 4 * count for count, one in enumerate(found))


def test_few_bets_count_too() -> None:
    """Configurations with a handful of bets on their own days are as many tries as any."""
    days = np.arange(40)
    series = np.where((days[:, None] // 5) == np.arange(8), np.where(days % 2, 1.0, -1.1)[:, None], 0.0)
    years = [dt.date(year, 8, 1) for year in range(2000, 2020)]  # other dates, other draws
    assert np.mean([worth(series, year) for year in years]) == pytest.approx(8, rel=0.07)
    both = np.hstack([series, -series])  # |T| of eight: 1 - (1 - 2 q)^8 = 5 % has 15.6 independent ones
    assert np.mean([worth(both, year) for year in years]) == pytest.approx(15.6, rel=0.1)


def test_configurations_that_do_not_bet_do_not_count() -> None:
    returns = np.hstack([noise(3), np.zeros((600, 5))])
    assert worth(returns) == pytest.approx(worth(returns[:, :3])) and worth(returns) <= 3.0
    assert worth(returns[:, 3:]) == 0.0 and worth(returns[:, 2:]) == 1.0
    assert worth(np.zeros((50, 4))) == 0.0


def test_the_adjusted_p_value_is_that_of_the_smallest_of_many() -> None:
    rng = np.random.default_rng(1)
    for p_value, trials in ((0.01, 5), (0.2, 3)):
        smallest = rng.random((200_000, trials)).min(axis=1)
        assert sidak_adjusted(p_value, trials) == pytest.approx(np.mean(smallest <= p_value), abs=0.004)
    assert sidak_adjusted(0.03, 1.0) == pytest.approx(0.03, rel=1e-12)
    assert sidak_adjusted(1e-12, 1e6) == pytest.approx(1e-6, rel=1e-5)
    assert sidak_adjusted(1.0, 7.0) == 1.0 and sidak_adjusted(0.0, 7.0) == 0.0
    assert sidak_adjusted(0.02, 3.5) < sidak_adjusted(0.02, 4.0)
