"""Which configuration is measured against the closing line, with which error of the close, and why there is silence."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from research.execution.price import measure_price
from research.execution.ruler import Ruler
from research.inference.closing_calibration import Tau
from research.inference.closing_error import adjusted_p_value
from research.inference.closing_line import PricedBets
from research.verdict.price import judge_price

DAYS = 400
GOOD = Tau(0.01, 0.006, 0.014, -0.002, 0.006, passes=True)
BAD = Tau(0.04, 0.03, 0.05, -0.035, 0.005, passes=False, reason="the close of pinnacle is not calibrated at these odds")


def bets_of(edges: Any, count: int = 400, seed: int = 1, closed: float = 1.0) -> PricedBets:
    """Level bets at even odds, whose true edges a fair close sees with noise; a share of them has a closing price."""
    rng, edges = np.random.default_rng(seed), np.asarray(edges, float)[:, None]
    shape = (len(edges), count)
    profit = np.where(rng.random(shape) < (1.0 + edges) / 2.0, 1.0, -1.0)
    seen = np.where(rng.random(shape) < closed, edges + 0.06 * rng.standard_normal(shape), 0.0)
    days = rng.integers(0, DAYS, shape)
    level, clv = (np.zeros((len(edges), DAYS), np.float32) for _ in range(2))
    for row in range(len(edges)):
        np.add.at(level[row], days[row], profit[row])
        np.add.at(clv[row], days[row], seen[row])
    return PricedBets(level, clv, np.full(len(edges), float(count)), (seen != 0.0).sum(axis=1).astype(float))


def ruler_of(count: int, exact: Any = lambda row: GOOD, aggregate: Any = None) -> Ruler:
    flags = np.zeros(count, np.bool_) if aggregate is None else np.asarray(aggregate)
    names = ("max",) if flags.any() else ()
    return Ruler("pinnacle", "power", np.full(count, 0.01), np.ones(count, np.bool_), flags, names, exact)


def measured(bets: PricedBets, ruler: Ruler, aside: Any = ()) -> Any:
    return measure_price(bets, bets.closed_turnover.astype(np.int64), ruler, aside, 5)


def test_the_configuration_with_an_edge_is_found_and_beats_the_closing_line() -> None:
    found = measured(bets_of([0.0, 0.0, 0.04, 0.0]), ruler_of(4))
    assert found.silent == "" and found.tested == 4 and found.leader.config == 3
    assert found.leader.bets == 400 and found.leader.closed_frac == 1.0 and found.leader.tau == GOOD.tau
    assert found.leader.clv_frac == pytest.approx(0.04, abs=0.012) and found.p_all < 0.01
    assert judge_price(found, 4.0, 1, 0.05).beats
    assert found == measured(bets_of([0.0, 0.0, 0.04, 0.0]), ruler_of(4)), "the same bits again"


def test_without_an_edge_it_does_not() -> None:
    found = measured(bets_of(np.zeros(10)), ruler_of(10))
    assert found.silent == "" and not judge_price(found, 10.0, 1, 0.05).beats


def test_the_leader_has_the_error_of_the_close_at_its_own_bets() -> None:
    bets = bets_of([0.05, 0.0, 0.04])
    wide = replace(GOOD, tau=0.03)
    asked = []

    def exact(row: int) -> Tau:
        asked.append(row)
        return wide if row == 0 else GOOD

    found = measured(bets, ruler_of(3, exact))
    assert found.leader.config == 3 and asked == [0, 2], "with its own error the first one leads no more"
    alone = measured(bets_of([0.05]), ruler_of(1, lambda row: wide))
    assert alone.leader.tau == 0.03 and alone.leader.bias == pytest.approx((1 - alone.leader.weight) * 0.03)
    leader = alone.leader
    assert alone.p_all == pytest.approx(adjusted_p_value(leader.theta, leader.luck, leader.bias, 1.0), rel=0.05)


def test_where_the_close_fails_the_next_one_leads() -> None:
    found = measured(bets_of([0.05, 0.04, 0.0]), ruler_of(3, lambda row: BAD if row == 0 else GOOD))
    assert found.leader.config == 2 and found.uncalibrated == 1 and found.tested == 2
    silent = measured(bets_of([0.05, 0.04]), ruler_of(2, lambda row: BAD))
    assert silent.leader is None and silent.silent == BAD.reason and silent.uncalibrated == 2
    known = replace(ruler_of(2, lambda row: BAD), passes=np.zeros(2, np.bool_))
    assert measured(bets_of([0.05, 0.04]), known).silent == BAD.reason


def test_configurations_in_other_cells_have_other_rulers() -> None:
    bets = bets_of([0.02, 0.0, 0.0, 0.0, 0.0])
    one = measured(bets, ruler_of(5))
    same = measured(bets, replace(ruler_of(5), cells=np.ones((5, 3), np.float32)))
    apart = measured(bets, replace(ruler_of(5), cells=np.eye(5, dtype=np.float32)))
    assert same.rulers == 1.0 and same.p_all == pytest.approx(one.p_all, rel=1e-9)
    assert apart.rulers == pytest.approx(5.0, rel=0.35) and apart.p_all > 1.2 * one.p_all


def test_nobody_offers_an_aggregate() -> None:
    bets = bets_of([0.05, 0.03])
    assert measured(bets, ruler_of(2, aggregate=[True, False])).leader.config == 2
    silent = measured(bets, ruler_of(2, aggregate=[True, True]))
    assert silent.aggregate == 2 and silent.silent.startswith(
        "the price taken is the highest of the market (max), and no book"
    )


def test_too_few_bets_with_a_closing_price() -> None:
    short = measured(bets_of([0.05], count=99), ruler_of(1))
    assert short.few == 1 and "the best has 99 bets on" in short.silent
    assert measured(bets_of([0.05], count=100), ruler_of(1)).silent == ""
    half = measured(bets_of([0.05], count=1000, closed=0.8), ruler_of(1))
    assert half.few == 1 and "a closing price for 90% of the bets" in half.silent
    none = measured(bets_of([0.05], closed=0.0), ruler_of(1))
    assert none.silent == "no bet has a closing price of pinnacle" and none.few == 1
    nothing = PricedBets(np.zeros((1, DAYS)), np.zeros((1, DAYS)), np.zeros(1), np.zeros(1))
    assert measured(nothing, ruler_of(1)).silent == "no bet was settled"


def test_few_days_are_too_few() -> None:
    level, clv = np.zeros((1, DAYS), np.float32), np.zeros((1, DAYS), np.float32)
    level[0, :29], clv[0, :29] = 1.0, 0.2
    few = PricedBets(level, clv, np.array([200.0]), np.array([200.0]))
    assert measured(few, ruler_of(1)).silent.endswith("the best has 200 bets on 29 days")


def test_what_is_set_aside_is_tried_and_not_judged() -> None:
    bets = bets_of([0.05, 0.03, 0.0])
    without = measured(bets, ruler_of(3), aside={0})
    assert without.leader.config == 2 and without.tested == 3
    every = measured(bets, ruler_of(3), aside={0, 1, 2})
    assert every.silent == "every configuration that could be tested carries a flag" and math.isnan(every.p_all)


def test_constants_and_gaps_are_named_and_have_no_p_value() -> None:
    bets = bets_of([0.0, 0.0, 0.0])
    bets.level[1], bets.clv[1] = 0.05, 0.05
    bets.level[2, 7] = np.nan
    found = measured(replace(bets, level_turnover=np.full(3, 400.0), closed_turnover=np.full(3, 400.0)), ruler_of(3))
    assert (found.tested, found.untestable, found.leader.config) == (1, 2, 1)
    one = PricedBets(bets.level[1:2], bets.clv[1:2], np.full(1, 400.0), np.full(1, 400.0))
    alone = measured(one, ruler_of(1))
    assert "constant or not a number" in alone.silent and alone.leader is None and math.isnan(alone.p_all)
    assert judge_price(alone, 1.0, 1, 0.05).status == "silent"
