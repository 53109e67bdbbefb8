"""The regime in force: pure in the past, the same whenever it is asked for, with numbers that stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from engine.errors import ConfigurationError, DataError
from research.regimes.measures import changes
from research.regimes.refits import Plan, _kept, known
from tests.research.regimes.made import switching

TRUTH, RAW = switching(4, 1500, heavy=True)
SERIES = pl.DataFrame(
    {"day": np.arange(1500) + 15_000, "overround": RAW[:, 0], "disagreement": RAW[:, 1], "volatility": RAW[:, 2]}
)
PLAN = Plan(inputs=("overround", "disagreement", "volatility"), days_min=300, refit_days=60)


@pytest.mark.parametrize("model", ["jump", "hmm"])
def test_a_daily_question_gives_the_path_that_one_question_at_the_end_gives(model: str) -> None:
    plan = replace(PLAN, model=model)
    whole = known(SERIES, plan, 16_500)
    assert whole.fits[0].day >= 15_300 and np.diff([fit.day for fit in whole.fits]).tolist() == [60] * 20
    assert (whole.path[:299] == -1).all() and whole.path[299] >= 0 and whole.state == whole.path[-1]
    since = 16_500 - 15_000
    assert (whole.path[600:since] == TRUTH[600:since]).mean() > 0.85, "state 1 is the one with the larger first input"
    for day in range(15_600, 16_500, 29):
        assert known(SERIES, plan, day).state == whole.path[day - 1 - 15_000]
    assert changes(whole.path[600:]) < 40


def test_the_future_does_not_count_and_the_memory_of_fits_changes_nothing() -> None:
    early = known(SERIES, PLAN, 16_000)
    other = SERIES.with_columns(overround=pl.when(pl.col("day") >= 16_000).then(99.0).otherwise("overround"))
    again = known(other.sample(fraction=1, shuffle=True, seed=3), PLAN, 16_000)
    assert np.array_equal(early.path, again.path) and early.days.tolist() == list(range(15_000, 16_000))
    _kept.cache_clear()
    fresh = known(other, PLAN, 16_000)
    assert all(np.array_equal(a.raw_centers, b.raw_centers) for a, b in zip(early.fits, fresh.fits, strict=True))
    assert fresh.state == early.state and known(SERIES, PLAN, 15_200).state is None
    assert known(SERIES.clear(), PLAN, 16_000).state is None


def test_twenty_fits_change_no_label() -> None:
    found = known(SERIES, PLAN, 16_499)
    centers = [fit.raw_centers[:, 0] for fit in found.fits]
    assert len(centers) == 20 and sum(bool(low > high) for low, high in centers) == 0


def test_states_and_penalty_are_chosen_once_in_the_first_window() -> None:
    found = known(SERIES, replace(PLAN, states=None, penalty=None, days_min=1000, refit_days=200), 16_500)
    assert len(found.fits) >= 2 and {fit.chosen for fit in found.fits} == {(2, found.fits[0].chosen[1])}
    assert found.fits[0].chosen[1] in (0.3, 1.0, 3.0, 10.0, 30.0)
    assert known(SERIES, replace(PLAN, model="hmm", penalty=None), 15_700).fits[0].chosen == (2, None)


def test_what_cannot_be_fitted_is_named() -> None:
    for change, text in (
        ({"model": "magic"}, "unknown model of regimes"),
        ({"inputs": ("overround", "weather")}, "unknown input of regimes"),
        ({"order_by": "favourites"}, "states ordered by no input"),
        ({"moment": "kurtosis"}, "unknown moment"),
        ({"states": 1}, "expected 2 to 6, or null, found 1"),
    ):
        with pytest.raises(ConfigurationError, match=text):
            replace(PLAN, **change)  # type: ignore[arg-type]
    empty = SERIES.with_columns(volatility=pl.lit(float("nan")))
    with pytest.raises(DataError, match="no value in volatility"):
        known(empty, PLAN, 16_000)
