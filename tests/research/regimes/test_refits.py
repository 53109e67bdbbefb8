"""The regime in force: pure in the past, the same whenever it is asked for, with numbers that stay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.errors import ConfigurationError, DataError
from research.regimes.measures import changes
from research.regimes.refits import Plan, _kept, known
from tests.research.regimes.made import switching

TRUTH, RAW = switching(4, 1500, heavy=True)
SERIES = pl.DataFrame(
    {"day": np.arange(1500) + 15_000, "overround": RAW[:, 0], "dispersion": RAW[:, 1], "volatility": RAW[:, 2]}
)
PLAN = Plan(inputs=("overround", "dispersion", "volatility"), days_min=300, refit_days=60)


@pytest.mark.parametrize(("model", "refit_days", "n_fits"), [("jump", 60, 21), ("hmm", 300, 5)])
def test_a_daily_question_gives_the_path_that_one_question_at_the_end_gives(
    model: str, refit_days: int, n_fits: int
) -> None:
    plan = replace(PLAN, model=model, refit_days=refit_days)
    whole = known(SERIES, plan, 16_500)
    assert whole.fits[0].day >= 15_300
    assert np.diff([fit.day for fit in whole.fits]).tolist() == [refit_days] * (n_fits - 1)
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


@pytest.mark.parametrize("change", [{}, {"penalty": None}, {"states": None, "half_life": 1.0}, {"model": "hmm"}])
def test_the_fewest_days_that_are_allowed_are_enough(change: dict[str, Any]) -> None:
    fewest = next(n for n in range(1, 200) if _allowed({**change, "days_min": n}))
    found = known(SERIES, replace(PLAN, days_min=fewest, refit_days=1, **change), 15_000 + fewest)
    assert len(found.fits) == 1 and found.state is not None


def _allowed(change: dict[str, Any]) -> bool:
    try:
        return bool(replace(PLAN, **change))
    except ConfigurationError:
        return False


def test_equal_values_on_other_days_are_another_series() -> None:
    """The second fit's labels come from the first: of days with a gap that one lies elsewhere."""
    plan = replace(PLAN, days_min=100, refit_days=100)
    gap = SERIES.with_columns(day=pl.when(pl.col("day") < 15_050).then(pl.col("day") - 200).otherwise("day"))
    _kept.cache_clear()
    alone = known(gap, plan, 15_400)
    _kept.cache_clear()
    known(SERIES, replace(plan), 15_400)
    after = known(gap, plan, 15_400)
    assert [fit.day for fit in after.fits] == [fit.day for fit in alone.fits]
    assert _kept.cache_info().hits == 0, "no fit of the other days"


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
    for change, text in (
        ({"refit_days": 0}, "wrong value in refit_days: expected a number from 1 to 10000, found 0"),
        ({"half_life": -1.0}, "wrong value in half_life"),
        ({"tail": 0.5}, "wrong value in tail"),
        ({"penalty": float("nan")}, "wrong value in penalty"),
        ({"days_min": 19}, "expected 20 or more"),
        ({"days_min": 27, "penalty": None}, "expected 28 or more"),
        ({"days_min": 29, "states": 3}, "expected 30 or more"),
        ({"days_min": 129, "states": None}, "expected 130 or more"),
        ({"days_min": 12, "states": None, "half_life": 0.0, "model": "mixture"}, "expected 13 or more"),
    ):
        with pytest.raises(ConfigurationError, match=text):
            replace(PLAN, **change)  # type: ignore[arg-type]
    empty = SERIES.with_columns(volatility=pl.lit(float("nan")))
    with pytest.raises(DataError, match="no value in volatility"):
        known(empty, PLAN, 16_000)
