"""Settlements of races against an oracle in exact fractions: dead heats, each-way bets, removed runners, closed bets.

The oracle reasons in money on each part of a bet, not in payoffs of one unit.
"""

from __future__ import annotations

import math
from datetime import datetime
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine import Configuration, backtest
from engine.errors import TapeError
from engine.tape import from_frame

OFF = dict.fromkeys(("drawdown_warn_frac", "drawdown_stop_frac", "streak_stop", "daily_loss_frac"), math.inf)
DAY = {"decided_at": datetime(2024, 8, 17, 9), "settled_at": datetime(2024, 8, 17, 18), "prob": 0.02, "odds": 8.0}
TAX = {"taxed": {"tax_stake_frac": 0.05, "tax_winnings_frac": 0.1}}
RULES = ("exchange_win", "exchange_place", "rule_4")
HALF = Fraction(1, 2)


def settled(stake: int, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The bets of these rows in their order; all have the same stake (of a lay: the liability)."""
    numbered = [{**DAY, "event": n, "bookmaker": "free", **row} for n, row in enumerate(rows)]
    venues = TAX if any(row["bookmaker"] == "taxed" for row in numbered) else None
    tape = from_frame(pl.DataFrame(numbered, infer_schema_length=None), venues=venues)
    config = Configuration(bankroll_minor=1e12, amount_minor=float(stake), **OFF)  # type: ignore[arg-type]
    return backtest(tape, config).replay(0).bets.sort("event_id").to_dicts()


def pnl(stake: int, row: dict[str, Any]) -> int:
    return int(settled(stake, [row])[0]["pnl_minor"])


EACH_WAY = {"each_way_frac": 0.25, "prob_place": 0.2}


@pytest.mark.parametrize(
    ("stake", "row", "expected"),
    [
        # 100.00 each way at 13.0, a quarter of the odds: the place part pays 4.0
        (20_000, {**EACH_WAY, "odds": 13.0, "result": "place"}, 20_000),
        (20_000, {**EACH_WAY, "odds": 13.0, "result": "place", "share": 0.5}, 0),  # -100 + 100 * (0.5 * 4 - 1)
        (20_000, {**EACH_WAY, "odds": 13.0, "result": "place", "share": 0.75}, 10_000),
        (20_000, {**EACH_WAY, "odds": 13.0, "result": "place", "share": 1.0}, 20_000),
        (20_000, {**EACH_WAY, "odds": 13.0, "result": "dead_heat", "share": 0.5}, 85_000),  # 550 + 300
        # four share the first place and three places pay: a quarter of the win part, three quarters of the place part
        (20_000, {**EACH_WAY, "odds": 13.0, "result": "dead_heat", "share": 0.25, "place_share": 0.75}, 42_500),
        (20_000, {**EACH_WAY, "odds": 13.0, "result": "win"}, 150_000),
        # a place market of its own has no each-way part: its dead heat is an ordinary one
        (10_000, {"odds": 3.0, "result": "dead_heat", "share": 0.5}, 5_000),
    ],
)
def test_dead_heats_of_each_way_bets(stake: int, row: dict[str, Any], expected: int) -> None:
    assert pnl(stake, row) == expected


@pytest.mark.parametrize(
    ("rule", "odds", "factor", "expected"),
    [
        ("exchange_win", 8.0, 0.25, 50_000),  # 6.0
        (None, 8.0, 0.25, 50_000),
        ("exchange_place", 8.0, 0.25, 52_500),  # 7 * 0.75
        ("rule_4", 8.0, 0.25, 52_500),
        ("rule_4", 4.6, 0.45, 19_800),  # 3.6 * 0.55
        ("exchange_win", 4.6, 0.02, 36_000),  # below 2.5 % nothing changes
        ("exchange_place", 4.6, 0.02, 35_280),
        ("rule_4", 1.2, 0.9, 200),  # no least price: 0.2 * 0.1
        ("exchange_win", 1.2, 0.5, 100),  # 1.01 at least
    ],
)
def test_the_market_states_what_a_removed_runner_takes(rule: str, odds: float, factor: float, expected: int) -> None:
    row = {"odds": odds, "reduction_frac": factor, "reduction_rule": rule, "result": "win"}
    assert pnl(10_000, row) == expected
    lay = settled(10_000_000, [{**row, "side": "lay"}])[0]
    assert lay["pnl_minor"] == -round(lay["backer_stake_minor"] * Fraction(expected, 10_000))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("side", "odds", "exit_odds"), [("back", 5.0, 2.0), ("lay", 5.0, 2.0), ("lay", 5.0, 8.0)])
def test_a_bet_closed_after_a_removal_counts_at_the_odds_that_were_left(
    rule: str, side: str, odds: float, exit_odds: float
) -> None:
    row = {"odds": odds, "exit_odds": exit_odds, "side": side, "result": "cashed", "reduction_rule": rule}
    left = 3.0 if rule == "exchange_win" else 3.4  # 5 * 0.6, 1 + 4 * 0.6
    bet = settled(40_000, [{**row, "reduction_frac": 0.4}])[0]
    if side == "back":
        assert bet["pnl_minor"] == round(40_000 * (left / exit_odds - 1.0))
    else:
        assert bet["pnl_minor"] == round(10_000 * (1.0 - left / exit_odds))
    # closed at what was left: nothing is won or lost
    assert settled(40_000, [{**row, "reduction_frac": 0.4, "exit_odds": left}])[0]["pnl_minor"] == 0


def reduced(odds: Fraction, factor: Fraction, rule: str) -> Fraction:
    if rule != "exchange_win":
        return 1 + (odds - 1) * (1 - factor)
    return odds if factor < Fraction(25, 1000) else max(Fraction(101, 100), Fraction(round(odds * (1 - factor), 2)))


def money(row: dict[str, Any], stake: int, backer: int) -> Fraction:
    """The exact P&L of a bet, before it is rounded to minor units."""
    odds = reduced(row["odds"], row["reduction_frac"], row["reduction_rule"])
    share, result = row["share"] or Fraction(1), row["result"]
    tax, cut = (Fraction(5, 100), Fraction(1, 10)) if row["bookmaker"] == "taxed" else (Fraction(0), Fraction(0))
    if row["side"] == "lay":
        ends = {
            "win": -round(backer * (odds - 1)), "lose": backer, "dead_heat": -round(backer * (share * odds - 1)),
            "cashed": backer * (1 - odds / (row["exit_odds"] or 1)), "void": 0,
        }  # fmt: skip
        profit = Fraction(ends[result])
    else:
        on_win = stake * HALF if row["each_way_frac"] else Fraction(stake)
        on_place = stake - on_win
        place_odds = 1 + (odds - 1) * row["each_way_frac"]
        place_share = share if result == "place" else row["place_share"] or Fraction(1)
        returns = {
            "win": on_win * odds + on_place * place_odds,
            "dead_heat": on_win * odds * share + on_place * place_odds * place_share,
            "place": on_place * place_odds * place_share,
            "cashed": on_win * odds / (row["exit_odds"] or 1),
            "lose": Fraction(0),
        }
        profit = Fraction(0) if result == "void" else returns[result] * (1 - tax) - stake
    return profit * (1 - cut) if profit > 0 else profit


def random_bet(rng: np.random.Generator) -> dict[str, Any]:
    """A bet with values that a person would write, as fractions."""

    def cents(low: int, high: int) -> Fraction:
        return Fraction(int(rng.integers(low, high)), 100)

    kind = rng.choice(["back", "lay", "each_way"])
    results = {
        "back": ["win", "lose", "void", "dead_heat", "cashed"],
        "each_way": ["win", "place", "lose", "dead_heat"],
    }
    results["lay"] = results["back"]
    result = str(rng.choice(results[str(kind)]))
    share = Fraction(1, int(rng.integers(2, 5))) if result in ("dead_heat", "place") else None
    rule = str(rng.choice(RULES))
    return {
        "side": "lay" if kind == "lay" else "back",
        "bookmaker": str(rng.choice(["free", "taxed"])),
        "odds": cents(110, 4_000),
        "result": result,
        "share": Fraction(int(rng.integers(1, 4)), 4) if share and rng.random() < 0.5 else share,
        "place_share": Fraction(3, 4) if kind == "each_way" and result == "dead_heat" and rng.random() < 0.5 else None,
        "each_way_frac": Fraction(1, int(rng.integers(4, 6))) if kind == "each_way" else Fraction(0),
        "reduction_frac": rng.choice([Fraction(0), Fraction(2, 100), cents(3, 85)]),
        "reduction_rule": rule,
        "exit_odds": cents(105, 4_000) if result == "cashed" else None,
    }


def test_random_bets_of_races_settle_to_the_cent() -> None:
    rng = np.random.default_rng(20_261_126)
    exact = [random_bet(rng) for _ in range(6_000)]
    frame = [{k: float(v) if isinstance(v, Fraction) else v for k, v in row.items()} for row in exact]
    halves = 0
    for row, bet in zip(exact, settled(123_400, frame), strict=True):
        backer = int(bet["backer_stake_minor"] or 0)
        wanted = money(row, int(bet["stake_minor"]), backer)
        if on_a_half(row, wanted, backer):  # binary numbers may fall on either side of an exact half
            halves += 1
        else:
            assert bet["pnl_minor"] == round(wanted), row
    assert halves < 300


def on_a_half(row: dict[str, Any], wanted: Fraction, backer: int) -> bool:
    """Whether a price or an amount that is rounded on the way lies exactly between two values."""
    odds, rule = row["odds"], row["reduction_rule"]
    left = reduced(odds, row["reduction_frac"], rule)
    share = row["share"] or 1
    price = odds * (1 - row["reduction_frac"]) * 100 if rule == "exchange_win" else Fraction(0)
    return any(amount % 1 == HALF for amount in (price, wanted, backer * (left - 1), backer * (share * left - 1)))


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"result": "win", "share": 0.5}, "column share has wrong values"),
        ({"result": "lose", "share": 0.5}, "column share has wrong values"),
        ({"result": "void", "share": 0.5}, "column share has wrong values"),
        ({**EACH_WAY, "result": "win", "share": 0.5}, "column share has wrong values"),
        ({"result": "dead_heat"}, "column share has wrong values"),
        ({"result": "dead_heat", "share": 50.0}, "column share has wrong values"),
        ({"result": "dead_heat", "share": 0.0}, "column share has wrong values"),
        ({"result": "dead_heat", "share": 0.5, "place_share": 0.5}, "column place_share has wrong values"),
        ({**EACH_WAY, "result": "place", "place_share": 0.5}, "column place_share has wrong values"),
        ({**EACH_WAY, "result": "win", "place_share": 0.5}, "column place_share has wrong values"),
        ({**EACH_WAY, "result": "dead_heat", "share": 0.5, "place_share": 2.0}, "column place_share has wrong values"),
        ({"result": "cashed", "exit_odds": math.nan}, "column exit_odds has wrong values"),
        ({"result": "cashed", "exit_odds": math.inf}, "column exit_odds has wrong values"),
        ({"result": "win", "filled": math.inf}, "column filled has wrong values"),
        ({"result": "win", "exit_odds": 2.0}, "column exit_odds has wrong values"),
        ({"result": "unknown", "exit_odds": 2.0}, "column exit_odds has wrong values"),
        ({"result": "place", "share": 0.5}, "column prob_place has wrong values"),
        ({"result": "win", "reduction_rule": "rule 4"}, "column reduction_rule has wrong values"),
        ({"result": "win", "reduction_rule": "rule_4", "reduction_frac": 0.95}, "column reduction_frac has wrong"),
        ({"result": "win", "reduction_rule": "rule_4", "reduction_frac": 45.0}, "column reduction_frac has wrong"),
    ],
)
def test_what_does_not_fit_together_is_refused(row: dict[str, Any], text: str) -> None:
    with pytest.raises(TapeError, match=text):
        settled(1_000, [row])


def test_missing_shares_and_rules_are_the_plain_ones() -> None:
    rows = [
        {**EACH_WAY, "result": "place", "share": math.nan, "place_share": math.nan, "reduction_rule": None},
        {**EACH_WAY, "result": "dead_heat", "share": 0.5, "place_share": 1.0, "reduction_rule": "rule_4"},
        {"result": "win", "share": 1.0, "place_share": 1.0, "reduction_rule": "exchange_place"},
    ]
    assert [bet["pnl_minor"] for bet in settled(1_000, rows)] == [375, 2_375, 7_000]
