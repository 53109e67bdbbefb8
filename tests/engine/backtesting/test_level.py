"""Level stakes: cases by hand, the sums of bet logs, and staking rules that the series must not see."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.backtesting.block import Daily
from engine.backtesting.path import Path as Walked
from engine.backtesting.run import replay, run_params
from engine.configuration import params_matrix
from engine.custom_rule import load
from engine.kernel.codes import Staking
from engine.tape import Tape
from tests.engine.backtesting.test_run import free, tape
from tests.property.rules import PROGRESSION, RULES
from tests.property.tapes import random_configuration, random_tape
from tests.property.test_lanes import of_one_class, plain_tape

#: stakes what was lost before today, and one unit more; and the same for what was lost today
#: raises stakes after a lost day, or after losses within a day; one text, so that it is compiled once


def days(walked: Walked, name: str) -> list[float]:
    """Values of a column of the days, without the days of 0."""
    return [value for value in walked.daily[name] if value != 0.0]


def test_flat_stakes_by_hand() -> None:
    rows = [
        {"event": "a", "odds": 2.5, "close_prob": 0.42},  # +1.5 units, CLV 0.05
        {"event": "b", "odds": 3.0, "result": "lose", "close_prob": 0.3},  # -1, CLV -0.1
        {"event": "c", "odds": 4.0, "result": "void", "ends": 30.0, "close_prob": 0.26},  # 0, CLV 0.04, a weight of 1
        {"event": "d", "odds": 1.9, "result": "half_win", "ends": 30.0, "close_prob": None},  # +0.45, no close
        {"event": "e", "odds": 5.0, "ends": 30.0, "result": "unknown", "close_prob": 0.5},  # never settles
    ]
    daily = replay(tape(rows), free(amount_minor=10_000.0).params()).daily
    assert daily["level"].to_list() == pytest.approx([0.5, 0.45], abs=1e-12)
    assert daily["clv"].to_list() == pytest.approx([-0.05, 0.04], abs=1e-12)
    assert daily["level_stake"].to_list() == [2.0, 2.0]
    assert daily["closed_stake"].to_list() == [2.0, 1.0]


def test_a_bet_that_settles_at_midnight_belongs_to_the_day_that_ends() -> None:
    daily = replay(tape([{"ends": 12.0}, {"event": "f", "at": 1.0, "ends": 36.0}]), free().params()).daily
    assert daily["level"].to_list() == [1.0, 1.0]


def test_a_lay_counts_its_liability_as_the_stake() -> None:
    rows = [{"odds": 3.0, "side": "lay", "prob": 0.2, "result": "lose", "close_prob": 0.3}]
    config = free(amount_minor=20_000.0)
    walked = replay(tape(rows), config.params())
    assert walked.bets["pnl_minor"].to_list() == [10_000]  # the selection loses, our lay wins the backer's stake
    assert days(walked, "level") == [0.5]
    assert days(walked, "clv") == pytest.approx([1.5 * 0.7 - 1.0])  # a lay at 3 is a back bet at 1.5
    rows[0]["result"] = "win"
    assert days(replay(tape(rows), config.params()), "level") == [-1.0]


def test_the_weights_of_legs_are_kept() -> None:
    """An arbitrage: 2.1 and 2.1, half of the stake on each. Whoever wins, a twentieth of the stake is sure."""
    legs = [{"odds": 2.1, "group": 0, "stake_weight": 0.5, "result": end} for end in ("win", "lose")]
    daily = replay(tape(legs), free(amount_minor=10_000.0).params()).daily
    assert daily["level"].to_list() == pytest.approx([0.05], abs=1e-12)
    assert daily["level_stake"].to_list() == [1.0]


def test_kelly_stakes_are_those_of_a_frozen_bankroll() -> None:
    rows = [
        {"event": str(day), "at": 24.0 * day, "ends": 24.0 * day + 2.0, "prob": 0.55, "result": end, "close_prob": 0.52}
        for day, end in enumerate(("win", "win", "lose", "win"))
    ]
    kelly = free(staking=Staking.KELLY, fraction=0.5, bankroll_minor=1_000_000.0)
    walked = replay(tape(rows), kelly.params())
    assert walked.bets["stake_minor"].to_list() == [50_000, 52_500, 55_125, 52_368]  # the stakes grow and shrink,
    assert walked.daily["level"].to_list() == pytest.approx([0.05, 0.05, -0.05, 0.05], rel=1e-4)  # the weights do not
    assert walked.daily["level_stake"].to_list() == pytest.approx([0.05] * 4, rel=1e-4)
    assert walked.daily["clv"].to_list() == pytest.approx([0.05 * 0.04] * 4, rel=1e-4)


def test_the_commission_of_one_bet_is_exact() -> None:
    rows = [{"odds": 3.0, "bookmaker": "x"}, {"odds": 3.0, "bookmaker": "x", "event": "f", "result": "lose"}]
    walked = replay(tape(rows, rates={"x": 0.05}), free(amount_minor=10_000.0, edge_min=-1.0).params())
    assert walked.daily["pnl_minor"].to_list() == [20_000 - 1_000 - 10_000]
    assert walked.daily["level"].to_list() == pytest.approx([2.0 * 0.95 - 1.0], abs=1e-12)


def test_the_commission_of_a_market_is_shared() -> None:
    """Stakes 10,000 at 2.0 (won) and 5,000 at 4.0 (lost): 250 on the net of 5,000, at two weights over 15,000."""
    rows = [
        {"odds": 2.0, "bookmaker": "x", "ends": 2.0},
        {"odds": 4.0, "bookmaker": "x", "ends": 3.0, "result": "lose", "size_minor": 5_000.0},
    ]
    made = tape(rows, rates={"x": 0.05})
    assert len(set(made.market)) == 1
    walked = replay(made, free(amount_minor=10_000.0).params())
    assert walked.daily["pnl_minor"].to_list() == [10_000 - 5_000 - 250]
    assert walked.daily["level"].to_list() == pytest.approx([1.0 - 1.0 - 250.0 * 2.0 / 15_000.0], abs=1e-12)


@pytest.mark.parametrize("case", range(30))
def test_the_series_are_the_sums_of_the_bets(case: int) -> None:
    rng = np.random.default_rng((20_261_126, case))
    made = random_tape(rng, 120)
    config = dataclasses.replace(random_configuration(rng), commission_factor=0.0)
    walked = replay(made, config.params(), seed=case)
    bets = walked.bets.filter(pl.col("settled_at").is_not_null())
    stake, equity = bets["stake_minor"].to_numpy(), bets["equity_minor"].to_numpy()
    kelly = config.staking in (Staking.KELLY, Staking.KELLY_COLUMN)
    weight = stake / equity if kelly else made.stake_weight[bets["row"].to_numpy()]
    clv = bets["clv"].fill_null(0.0).to_numpy()
    day = np.searchsorted(made.midnights, bets["settled_at"].cast(pl.Int64).to_numpy(), side="left")
    expected = {
        "level": weight * bets["pnl_minor"].to_numpy() / stake,
        "clv": weight * clv,
        "level_stake": weight,
        "closed_stake": weight * bets["clv"].is_not_null().to_numpy(),
    }
    for name, values in expected.items():
        sums = np.bincount(day, values, len(made.midnights))
        assert walked.daily[name].to_numpy() == pytest.approx(sums, abs=1e-9), name


def many_bets(rng: np.random.Generator, n: int) -> Tape:
    """Four bets a day, one after the other, at odds of two decimals."""
    odds = np.round(rng.uniform(1.5, 4.0, n), 2)
    ends = np.where(rng.random(n) < 0.97 / odds, "win", "lose").tolist()
    hours = (np.arange(n) // 4 * 24 + np.arange(n) % 4 * 2).astype(float).tolist()
    close = np.round(1.0 / odds + rng.normal(0.0, 0.01, n), 3).tolist()
    columns = zip(odds.tolist(), ends, hours, close, strict=True)
    rows = [
        {"odds": o, "result": e, "at": h, "ends": h + 1.0, "event": str(k), "prob": 0.9, "close_prob": c}
        for k, (o, e, h, c) in enumerate(columns)
    ]
    return tape(rows)


def test_flat_and_percent_stakes_have_the_same_series() -> None:
    made = many_bets(np.random.default_rng(3), 400)
    step = {"stake_increment_minor": 100.0, "stake_min_minor": 100.0, "bankroll_minor": 1e9}
    flat = replay(made, free(amount_minor=10_000.0, **step).params())
    percent = replay(made, free(staking=Staking.PERCENT, fraction=0.01, **step).params())
    assert flat.daily["level"].to_numpy() == pytest.approx(flat.daily["pnl_minor"].to_numpy() / 10_000.0, abs=1e-9)
    assert percent.bets["stake_minor"].n_unique() > 100
    for name in ("level", "clv", "level_stake", "closed_stake"):
        assert percent.daily[name].to_numpy() == pytest.approx(flat.daily[name].to_numpy(), abs=1e-9), name


@pytest.mark.slow
@pytest.mark.parametrize("fraction", [0.25, 0.75])
def test_a_progression_has_the_series_of_flat_stakes(fraction: float, tmp_path: Path) -> None:
    (tmp_path / "rule.py").write_text(RULES)
    rule, made = load(tmp_path / "rule.py"), many_bets(np.random.default_rng(4), 200)
    step = {
        "stake_increment_minor": 100.0,
        "stake_min_minor": 100.0,
        "bankroll_minor": 1e11,
        "amount_minor": PROGRESSION,
    }
    flat = replay(made, free(**step).params())
    own = replay(made, free(staking=Staking.OWN, fraction=fraction, **step).params(), rule=rule)
    assert own.bets.height == flat.bets.height == 200
    assert own.bets["stake_minor"].max() > 5 * own.bets["stake_minor"].min()
    assert own.daily["level"].to_numpy() == pytest.approx(flat.daily["level"].to_numpy(), abs=1e-9)
    assert own.daily["clv"].to_list() == flat.daily["clv"].to_list()


def test_without_days_nothing_of_it_is_computed_and_no_measure_moves() -> None:
    rng = np.random.default_rng(5)
    made = plain_tape(rng, 200)
    many = params_matrix([*of_one_class(rng, 70), *(random_configuration(rng) for _ in range(10))])
    daily = Daily.empty(len(many), len(made.midnights), np.array([0]))
    with_days = run_params(made, many, 1, daily=daily)
    assert np.count_nonzero(daily.level) > 100
    np.testing.assert_array_equal(with_days, run_params(made, many, 1))


def test_threads_change_no_bit() -> None:
    rng = np.random.default_rng(6)
    made = plain_tape(rng, 300)
    many = params_matrix([*of_one_class(rng, 300), *of_one_class(rng, 70)])
    found = []
    for threads in (1, 3):
        daily = Daily.empty(len(many), len(made.midnights), np.array([0]))
        run_params(made, many, 1, threads, daily=daily)
        found.append([getattr(daily, name).tobytes() for name in ("level", "clv", "level_turnover")])
    assert found[0] == found[1]
