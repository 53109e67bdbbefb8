"""Changes, lags and agreement, counted by hand."""

from __future__ import annotations

import numpy as np

from research.regimes.measures import changes, lags
from tests.research.regimes.made import agreement

TRUTH = np.array([0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 0, 0])
PATH = np.array([0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0])


def test_changes() -> None:
    assert (changes(TRUTH), changes(PATH), changes(PATH[:1])) == (4, 4, 0)


def test_agreement_does_not_depend_on_the_numbers_of_the_states() -> None:
    assert agreement(PATH, TRUTH) == agreement(1 - PATH, TRUTH) == 7 / 12
    assert agreement(np.array([2, 0, 1]), np.array([0, 1, 2])) == 1.0


def test_a_lag_is_counted_in_days_until_the_state_is_noticed_or_left() -> None:
    days = [10 * day for day in range(12)]
    assert lags(PATH, TRUTH, days) == [20, 10, 10, 0]
    assert lags(TRUTH, TRUTH, days) == [0, 0, 0, 0] and lags(PATH, np.zeros(12, np.int64), days) == []
