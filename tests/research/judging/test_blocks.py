"""The bootstrap over weeks."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from research.inference.bootstrap import bca_quantiles
from research.judging.blocks import FEWEST, Weeks, by_error


def days(*texts: str) -> pl.Series:
    """Dates of events."""
    return pl.Series([dt.date.fromisoformat(text) for text in texts])


def test_a_week_runs_from_monday_to_sunday() -> None:
    dates = days("2022-05-22", "2022-05-16", "2022-05-23", "2022-05-15")  # Sunday, Monday, Monday, Sunday
    weeks = Weeks.of(dates, 5, np.random.default_rng(0))
    assert weeks.place.tolist() == [1, 1, 2, 0]
    assert (weeks.counts.sum(axis=1) == 3.0).all()


def test_a_mean_is_that_of_the_drawn_weeks() -> None:
    rng = np.random.default_rng(5)
    dates = pl.Series([dt.date(2020, 1, 1) + dt.timedelta(days=int(d)) for d in rng.integers(0, 200, 300)])
    values, weeks = rng.normal(size=300), Weeks.of(dates, 400, np.random.default_rng(1))
    drawn, totals = [], weeks.sums(values - values.mean())
    for row in weeks.counts.astype(int):
        places = [week for week, times in enumerate(row) for _ in range(times)]
        taken = np.concatenate([values[weeks.place == week] for week in places])
        drawn.append(taken.mean())
    found = weeks.mean(values)
    ends = bca_quantiles(np.array(drawn), float(values.mean()), totals, [0.05, 0.95])
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-12)
    assert found.value == pytest.approx(values.mean(), abs=1e-15)


def test_events_of_one_week_that_move_together_widen_the_interval() -> None:
    rng = np.random.default_rng(2)
    dates = pl.Series([dt.date(2020, 1, 6) + dt.timedelta(weeks=i // 10) for i in range(1000)])
    shared = np.repeat(rng.normal(size=100), 10)
    alone = rng.permutation(shared)
    weeks = Weeks.of(dates, 2000, np.random.default_rng(3))
    together, apart = (found.high - found.low for found in (weeks.mean(shared), weeks.mean(alone)))
    assert together / apart == pytest.approx(10**0.5, rel=0.15)


def test_a_ratio_without_anything_below_is_unknown() -> None:
    weeks = Weeks.of(days("2022-05-22", "2022-05-16"), 100, np.random.default_rng(0))
    assert np.isnan(weeks.ratio(np.zeros(2), np.zeros(2)).value)


def test_few_weeks_and_a_ratio_that_never_varies_have_no_ends() -> None:
    dates = pl.Series([dt.date(2020, 1, 6) + dt.timedelta(weeks=i // 5) for i in range(5 * FEWEST)])
    values, all_of_them = np.random.default_rng(4).normal(size=5 * FEWEST), np.ones(5 * FEWEST)
    weeks = Weeks.of(dates, 200, np.random.default_rng(0))
    assert weeks.enough and weeks.mean(values).known
    part = (weeks.place > 0).astype(float)  # one week less
    found = weeks.ratio(values * part, part)
    assert found.value == pytest.approx(values[5:].mean()) and not found.known
    lost = weeks.ratio(-all_of_them, all_of_them)
    assert lost.value == -1.0 and not lost.known
    assert not Weeks.of(dates[:-5], 200, np.random.default_rng(0)).enough


def test_the_interval_of_an_error_is_that_of_student() -> None:
    found = by_error(2.0, 0.5, 29)
    assert (found.low, found.high) == pytest.approx((2.0 - 1.6991 * 0.5, 2.0 + 1.6991 * 0.5), abs=1e-3)  # tables
