"""Groups of bets against sums computed by hand."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from research.report.breakdown import (
    GROUPINGS,
    has_regimes,
    quantile_groups,
    roi_interval,
    yield_groups,
    yield_interval,
)
from tests.research.report.made import bets


@pytest.mark.parametrize("by", GROUPINGS)
def test_groups_contain_every_bet_once(by: str) -> None:
    log = bets()
    groups = yield_groups(log, by, 1)
    assert sum(g.n_bets for g in groups) == len(log)
    assert sum(g.pnl_minor for g in groups) == log["pnl_minor"].sum()
    assert sum(g.turnover_minor for g in groups) == log["stake_minor"].sum()
    for group in groups:
        assert group.interval.estimate == pytest.approx(group.pnl_minor / group.turnover_minor)
        assert not group.interval.known or group.interval.low <= group.interval.high


def test_odds_bands_by_hand() -> None:
    log = bets(400)
    for group, (low, high) in zip(
        yield_groups(log, "odds"), [(1, 1.5), (1.5, 2), (2, 3), (3, 5), (5, 10), (10, 1e9)], strict=True
    ):
        inside = log.filter((pl.col("odds") >= low) & (pl.col("odds") < high))
        assert (group.n_bets, group.pnl_minor) == (len(inside), inside["pnl_minor"].sum())


def test_the_interval_of_a_group_does_not_depend_on_the_others() -> None:
    log = bets()
    whole = {g.name: g.interval for g in yield_groups(log, "season", 3)}
    alone = yield_groups(log.filter(pl.col("season") == "2020-2021"), "season", 3)
    assert alone[0].interval == whole["2020-2021"]


def test_many_competitions_become_twelve_groups() -> None:
    log = bets(900, competitions=tuple(f"L{k}" for k in range(30)))
    groups = yield_groups(log, "competition")
    assert len(groups) == 12
    assert groups[-1].name == "19 others"
    assert [g.n_bets for g in groups[:-1]] == sorted((g.n_bets for g in groups[:-1]), reverse=True)


def test_many_months_are_grouped_by_month_of_the_year() -> None:
    assert [g.name for g in yield_groups(bets(300, days=90), "month")] == ["2019-08", "2019-09", "2019-10"]
    assert len(yield_groups(bets(), "month")) == 12


def test_deciles_have_equal_sizes_and_ascend() -> None:
    groups = quantile_groups(bets(1000), "edge_net_frac")
    assert [g.n_bets for g in groups] == [100] * 10
    assert [g.position for g in groups] == sorted(g.position for g in groups)


def test_equal_values_stay_together() -> None:
    log = bets(400).with_columns(edge_net_frac=pl.when(pl.col("odds") > 3).then(0.05).otherwise(0.02))
    groups = quantile_groups(log, "edge_net_frac")
    assert [g.position for g in groups] == pytest.approx([0.02, 0.05])


def test_missing_values_and_few_bets() -> None:
    log = bets(400)
    groups = quantile_groups(log, "clv")
    assert len(groups) == 3 and sum(g.n_bets for g in groups) == log["clv"].count()
    assert quantile_groups(log.head(199), "edge_net_frac") == []
    assert yield_groups(log.clear(), "odds") == []
    with pytest.raises(ValueError, match="groups by 'team'"):
        yield_groups(log, "team")


def test_an_interval_needs_a_hundred_bets_on_thirty_days() -> None:
    log = bets(400).with_columns(date=pl.date(2021, 1, 1) + pl.duration(days=pl.int_range(400) % 40))
    assert yield_interval(log, 1).known and yield_interval(log.head(100), 1).known
    few, crowded = log.head(99), log.with_columns(date=pl.date(2021, 1, 1) + pl.duration(days=pl.int_range(400) % 29))
    for part in (few, crowded):
        found = yield_interval(part, 1)
        assert not found.known and math.isnan(found.se)
        assert found.estimate == pytest.approx(part["pnl_minor"].sum() / part["stake_minor"].sum())


def test_the_pnl_of_an_open_bet_counts_as_zero() -> None:
    log = bets(100).with_columns(
        pl.when(pl.int_range(100) < 5).then(None).otherwise(pl.col("pnl_minor")).alias("pnl_minor")
    )
    groups = yield_groups(log, "odds")
    assert sum(g.pnl_minor for g in groups) == log["pnl_minor"].sum()
    assert sum(g.turnover_minor for g in groups) == log["stake_minor"].sum()
    assert not any(math.isnan(g.interval.estimate) for g in groups)


@pytest.mark.slow
@pytest.mark.parametrize(("low", "high"), [(1.3, 2.0), (3.0, 10.0)])
def test_the_interval_of_roi_covers_the_true_value(low: float, high: float) -> None:
    """Of 1,000 logs of 150 bets with a true edge of 3 %, 87 to 93 % of the 90 % intervals cover the true ROI."""
    rng, held = np.random.default_rng(77), 0
    for case in range(1_000):
        odds = np.exp(rng.uniform(np.log(low), np.log(high), 150))
        stake = 1_000.0 * np.exp(0.5 * rng.standard_normal(150))
        won = rng.random(150) < 1.03 / odds
        log = pl.DataFrame(
            {
                "event_id": np.arange(150),
                "net_minor": stake * np.where(won, odds - 1.0, -1.0),
                "date": np.datetime64("2020-01-01") + np.arange(150) % 50,
            }
        )
        found = roi_interval(log, 500_000.0, case)
        held += found.low <= 0.03 * stake.sum() / 500_000.0 <= found.high
    assert 870 <= held <= 930, held


def test_regimes_by_hand() -> None:
    log = bets(40).sort("date", "event_id").drop("regime").with_columns(competition=pl.lit("A"), season=pl.lit("s"))
    log = log.with_columns(event_id=pl.int_range(40))
    regime = pl.Series([None] * 5 + [0] * 10 + [1] * 5 + [0] * 20, dtype=pl.Int64)
    with_regimes = log.with_columns(regime=regime)
    groups = yield_groups(with_regimes, "regime")
    assert [(g.name, g.n_bets) for g in groups] == [("unknown", 5), ("0", 30), ("1", 5)]
    assert groups[2].pnl_minor == log["pnl_minor"][15:20].sum()
    assert has_regimes(with_regimes) and not has_regimes(log)
    assert not has_regimes(log.with_columns(regime=pl.lit(None, pl.Int64)))
