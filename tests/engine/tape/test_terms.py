"""Terms of bookmakers: limits, minimum stakes, price ladders, taxes and settlement rules."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine import Configuration, Staking, backtest
from engine.backtesting.run import Result
from engine.betting.settlement import states
from engine.errors import ConfigurationError, TapeError
from engine.kernel.codes import State
from engine.tape import Tape, from_frame
from engine.tape.build import build_tape
from engine.tape.execution import CashOut, LaterPrices
from tests.engine.tape.test_build import bet, events, table

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
OFF = {
    "drawdown_warn_frac": math.inf, "drawdown_stop_frac": math.inf, "streak_stop": math.inf,
    "daily_loss_frac": math.inf, "stake_min_minor": 1.0,
}  # fmt: skip


def tape(*rows: dict[str, Any], venues: dict[str, dict[str, Any]] | None = None) -> Tape:
    table_rows = [
        {
            "decided_at": NOON + timedelta(hours=n), "settled_at": NOON + timedelta(hours=n, minutes=30), "odds": 2.0,
            "prob": 0.6, "result": "win", "bookmaker": "aaa", "side": "back", "selection": "home", "event": str(n),
            **row,
        }
        for n, row in enumerate(rows)
    ]  # fmt: skip
    return from_frame(pl.DataFrame(table_rows), venues=venues)


def run(made: Tape, **settings: Any) -> Result:
    return backtest(made, Configuration(**{**OFF, **settings}))


def final(result: Result) -> int:
    return int(result.metrics["bankroll_final_minor"][0])


def test_terms_of_a_market_replace_those_of_the_bookmaker() -> None:
    rows = table(bet(size_minor=900.0), bet(market="totals", line=2.5, selection="over"), bet(bookmaker="bbb"))
    venues = {"aaa": {"limit_minor": 500.0, "commission_rate": 0.05, "markets": {"totals": {"limit_minor": 200.0}}}}
    made = build_tape(rows, events(), venues=venues)
    place = {row["bookmaker"] + row["market"]: n for n, row in enumerate(made.rows.iter_rows(named=True))}
    assert made.size_minor[[place["aaa1x2"], place["aaatotals"], place["bbb1x2"]]].tolist() == [500.0, 200.0, math.inf]
    assert made.commission_rate[[place["aaatotals"], place["bbb1x2"]]].tolist() == [0.05, 0.0]


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ({"limits": 5}, "limits: expected commission_rate, .*, markets, found no such term"),
        ({"tax_stake_frac": 1.0}, r"tax_stake_frac: expected 0 to 1 \(1 excluded\), found 1.0"),
        ({"limit_minor": -1}, "limit_minor: expected 0 or more, found -1"),
        ({"limit_minor": "much"}, "limit_minor: expected a number, found much"),
        ({"ladder": "betfair"}, "ladder: expected true or false, found betfair"),
        ({"retired": "never"}, r"retired: expected void \| stands \| first_set, found never"),
        ({"markets": {"1x2": {"commission_rate": 2}}}, "commission_rate: expected 0 to 1"),
    ],
)
def test_wrong_terms_are_refused(terms: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        tape({}, venues={"aaa": terms})


def test_a_limit_fills_a_part_unless_the_part_is_too_small() -> None:
    made = tape({"result": "void"}, {"size_minor": 300.0}, venues={"aaa": {"limit_minor": 800.0}})
    result = run(made, amount_minor=1_000.0)
    assert result.replay(0).bets["stake_minor"].to_list() == [800, 300]
    result = run(made, amount_minor=1_000.0, fill_min_frac=0.5)
    assert result.replay(0).bets["stake_minor"].to_list() == [800]
    assert result.reasons["size"][0] == 1
    capped = run(made, amount_minor=1_000.0, bet_cap_frac=0.0006, fill_min_frac=0.5)  # 600 wanted: 300 is half of it
    assert capped.replay(0).bets["stake_minor"].to_list() == [600, 300]


def test_the_minimum_stake_of_a_lay_is_the_stake_of_the_backer() -> None:
    made = tape(
        {"side": "lay", "odds": 3.0, "prob": 0.2, "result": "lose"}, {}, venues={"aaa": {"stake_min_minor": 400.0}}
    )
    result = run(made, amount_minor=700.0)  # a liability of 700 at 3.0 is a backer's stake of 350
    assert result.replay(0).row_reasons.to_list() == ["stake_minimum", "placed"]


def test_slippage_on_a_price_ladder_rounds_to_a_step() -> None:
    made = tape({"odds": 3.5}, venues={"aaa": {"ladder": True}})
    assert run(made, slippage_frac=0.01).replay(0).bets["odds_placed"].to_list() == [3.45]
    assert run(tape({"odds": 3.5}), slippage_frac=0.01).replay(0).bets["odds_placed"].to_list() == [3.475]


def test_a_price_is_refused_if_it_falls_beyond_the_tolerance() -> None:
    made = tape({"filled": 1.9}, {"filled": 2.1}, {"filled": None})
    strict, loose = run(made, amount_minor=1_000.0), run(made, amount_minor=1_000.0, price_tolerance_frac=0.05)
    assert strict.replay(0).row_reasons.to_list() == ["price_moved", "placed", "price_moved"]
    assert final(strict) == 1_001_100
    assert loose.replay(0).row_reasons.to_list() == ["placed", "placed", "price_moved"]
    assert final(loose) == 1_002_000


def test_taxes_reduce_edges_and_winnings() -> None:
    made = tape({}, venues={"aaa": {"tax_stake_frac": 0.05, "tax_winnings_frac": 0.1}})
    assert made.odds[0] == pytest.approx(1.81) and made.quoted[0] == 2.0  # 2 * 0.95 = 1.9; 90 % of 0.9
    assert made.edge_frac[0] == pytest.approx(0.6 * 1.81 - 1.0)
    assert final(run(made, amount_minor=10_000.0)) == 1_008_100
    nothing = tape({"odds": 1.04}, {}, venues={"aaa": {"tax_stake_frac": 0.05}})
    assert len(nothing) == 1 and nothing.refused["reason"].to_list() == ["nothing to win after tax"]


@pytest.mark.parametrize(("result", "pnl"), [("win", 2_160), ("place", 160), ("lose", -400), ("void", 0)])
def test_each_way(result: str, pnl: int) -> None:
    made = tape({"odds": 10.0, "prob": 0.1, "prob_place": 0.3, "each_way_frac": 0.2, "result": result})
    assert made.edge_frac[0] == pytest.approx(0.1 * 5.4 + 0.3 * 0.4 - 0.6)
    assert final(run(made, amount_minor=400.0)) == 1_000_000 + pnl


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"each_way_frac": 0.2, "side": "lay"}, "each_way_frac has wrong values"),
        ({"each_way_frac": 0.2, "result": "half_win"}, "each_way_frac has wrong values"),
        ({"result": "place"}, "prob_place has wrong values"),
        ({"prob_place": 0.1}, "prob_place has wrong values"),
        ({"result": "cashed"}, "exit_odds has wrong values"),
        ({"reduction_frac": 1.0}, "reduction_frac has wrong values"),
        ({"filled": 0.5}, "filled has wrong values"),
    ],
)
def test_impossible_results_are_refused(row: dict[str, Any], text: str) -> None:
    with pytest.raises(TapeError, match=text):
        tape(row)


def test_a_shared_pool_can_stake_more_than_two_wallets() -> None:
    rows = [{"bookmaker": "aaa", "result": "lose"}, {"bookmaker": "aaa"}, {"bookmaker": "bbb"}]
    pool = run(tape(*rows), bankroll_minor=1_001.0, amount_minor=600.0)
    separate = run(tape(*rows), bankroll_minor=1_001.0, amount_minor=600.0, wallets=True)
    assert pool.replay(0).bets["stake_minor"].to_list() == [600, 401, 600]
    assert separate.replay(0).bets["stake_minor"].to_list() == [501, 500]  # an odd unit goes to the first wallet
    assert separate.reasons["cash"][0] == 1
    assert final(separate) == 1_001 - 501 + 500


def test_an_arbitrage_needs_money_at_both_bookmakers() -> None:
    legs = [
        {"bookmaker": book, "selection": side, "event": "a", "group": 1, "odds": 2.2, "decided_at": NOON,
         "settled_at": NOON + timedelta(hours=1), "result": "win" if side == "home" else "lose"}
        for book, side in (("aaa", "home"), ("bbb", "away"))
    ]  # fmt: skip
    third = [{"bookmaker": "ccc", "odds": 1.5, "prob": 0.1}]
    made = tape(*legs, *third)
    pool = run(made, bankroll_minor=900.0, amount_minor=450.0, edge_min=0.1)
    separate = run(made, bankroll_minor=900.0, amount_minor=450.0, edge_min=0.1, wallets=True)
    assert pool.replay(0).bets["stake_minor"].to_list() == [450, 450]
    assert separate.replay(0).bets["stake_minor"].to_list() == [300, 300]


def test_the_limit_of_a_winner_falls() -> None:
    made = tape({}, {"result": "lose"}, {}, {}, venues={"aaa": {"limit_minor": 1_000.0}})
    result = run(made, amount_minor=1_000.0, limiting_profit_minor=1_000.0, limiting_factor=0.5)
    assert result.replay(0).bets["stake_minor"].to_list() == [1_000, 500, 500, 500]
    result = run(made, amount_minor=1_000.0, limiting_profit_minor=500.0, limiting_factor=0.5)
    assert result.replay(0).bets["stake_minor"].to_list() == [1_000, 500, 500, 500]
    with pytest.raises(ConfigurationError, match="no bookmaker has a limit that it could cut"):
        run(tape({}), limiting_profit_minor=1_000.0)


def test_events_that_were_not_finished_settle_by_rule() -> None:
    def end(status: str, rule: str, score: tuple[int | None, int | None], winner: str | None = "home") -> State:
        made = states(["moneyline"], [None], ["home"], [score[0]], [score[1]], [winner], [status], [rule])
        return State(int(made[0]))

    assert end("retired", "void", (1, 0)) is State.VOID
    assert end("retired", "stands", (0, 0)) is State.WIN
    assert end("retired", "first_set", (0, 0)) is State.VOID
    assert end("retired", "first_set", (0, 1)) is State.WIN  # the player who is behind may win by retirement
    assert end("retired", "first_set", (None, None)) is State.VOID
    assert end("postponed", "stands", (None, None), None) is State.UNKNOWN  # it stays open
    assert end("awarded", "stands", (3, 0)) is State.WIN
    assert end("played", "void", (0, 1), None) is State.LOSE


def test_each_bookmaker_settles_by_its_own_rules() -> None:
    abandoned = events((1, 0)).with_columns(status=pl.lit("abandoned"))
    rows = table(bet(), bet(bookmaker="bbb"))
    made = build_tape(rows, abandoned, venues={"bbb": {"abandoned": "stands"}})
    ends = dict(zip(made.rows["bookmaker"], made.state, strict=True))
    assert ends == {"aaa": State.VOID, "bbb": State.WIN}


def test_configurations_that_lanes_cannot_run_are_run_singly() -> None:
    made = tape(*({"result": "lose" if n % 3 else "win"} for n in range(30)), venues={"aaa": {"limit_minor": 900.0}})
    many = [
        Configuration(**{**OFF, "amount_minor": 500.0 + n, "staking": Staking.FLAT, "wallets": n % 2 == 0})
        for n in range(100)
    ]
    together = backtest(made, many).metrics
    one_by_one = [backtest(made, each).metrics["pnl_minor"][0] for each in many]
    assert together["pnl_minor"].to_list() == one_by_one
    assert len(np.unique(together["pnl_minor"])) > 10


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"commission_rates": {"AAA": 0.05}}, "unknown bookmaker 'AAA' in commission_rates: .*did you mean aaa"),
        ({"venues": {"aab": {"limit_minor": 5.0}}}, "unknown bookmaker 'aab' in venues: .*did you mean aaa"),
        (
            {"venues": {"aaa": {"markets": {"1X2": {"limit_minor": 5.0}}}}},
            "unknown market '1X2' in venues: aaa: markets",
        ),
    ],
)
def test_terms_of_a_bookmaker_that_no_row_has_are_refused(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        build_tape(table(bet()), events(), **arguments)
    rows = {"decided_at": [datetime(2024, 1, 1)], "settled_at": [datetime(2024, 1, 2)], "odds": [2.0], "prob": [0.6]}
    frame = pl.DataFrame(rows | {"result": ["win"], "bookmaker": ["aaa"]})
    with pytest.raises(ConfigurationError, match=text):
        from_frame(frame, **arguments)
    assert len(from_frame(frame.clear(), commission_rates={"AAA": 0.05})) == 0
    markets = {"aaa": {"markets": {"totals": {"limit_minor": 5.0}}}}
    assert len(from_frame(frame, commission_rates={"aaa": 0.05}, venues=markets)) == 1


def test_a_cash_out_at_a_bookmaker_without_any_price_is_refused() -> None:
    row = table(bet())
    quotes = row.select("event_id", "market", "line", "selection", "bookmaker", "side", "odds", known_at="decided_at")

    def closed_at(bookmaker: str | None) -> Tape:
        return build_tape(row, events(), later=LaterPrices(quotes, 0, CashOut(profit_frac=0.1, bookmaker=bookmaker)))

    with pytest.raises(ConfigurationError, match=r"unknown bookmaker 'Aaa' in cash_out\.bookmaker: .*did you mean aaa"):
        closed_at("Aaa")
    assert len(closed_at("aaa")) == len(closed_at(None)) == 1
