"""Bets on runners of a race, settled live by hand-made numbers: dead heats, removed runners, places."""

from __future__ import annotations

import pytest

from engine.live.feed import Result
from engine.live.feeds.sieve import refusal_of
from engine.schema import FINISHES
from tests.live.judgement.test_settlement import EVENT, Table, kinds

BACK, LAY = ("back", 1_000, 0), ("lay", 3_800, 500)
AFTER, BEFORE = "removed:20:0.2", "removed:5:0.2"  # the bets are decided at 10


def race(table: Table, finish: str | None, market: str, version: int = 1, status: str = "played") -> list[str]:
    values = EVENT | {"sport": "horse_racing", "status": status, FINISHES[market]: finish}
    table.settler.take(Result(100, values, version))
    return kinds(table.write(table.settler.entries(100, [1])))


def profit(finish: str, bet: tuple[str, int, int], market: str = "winner", odds: float = 8.6) -> int:
    table = Table()
    side, stake, backer = bet
    table.bet("b", stake, odds, selection="7", market=market, side=side, backer=backer)
    assert race(table, finish, market) in (["settled"], ["void"])
    return table.account.equity_minor - 100_000


@pytest.mark.parametrize(
    ("finish", "back", "lay"),
    [
        ("7:won 8:lost", 7_600, -3_800),
        ("7:lost 8:won", -1_000, 500),
        ("7:void 8:won", 0, 0),
        ("7:won 8:won share:0.5", 3_300, -1_650),
        (f"7:won 9:void {AFTER}", 5_880, -2_940),  # 8.6 less a fifth is 6.88
        (f"7:won 9:void {BEFORE}", 7_600, -3_800),
        ("7:won 9:void removed:20:0.024", 7_600, -3_800),  # too little for a win market
        (f"7:lost 9:void {AFTER}", -1_000, 500),
        (f"7:won 8:won 9:void {AFTER} share:0.5", 2_440, -1_220),
    ],
)
def test_a_winner_market(finish: str, back: int, lay: int) -> None:
    assert (profit(finish, BACK), profit(finish, LAY)) == (back, lay)


def test_a_place_market_cuts_the_winnings_by_every_removal() -> None:
    assert profit(f"7:won 8:won 9:lost 6:void {AFTER}", BACK, "place") == 6_080
    assert profit("7:won 8:won 9:lost 6:void removed:20:0.01", LAY, "place") == -3_762


def test_what_nobody_can_say_stays_open_until_a_later_version_says_it() -> None:
    table = Table()
    table.bet("b", 1_000, 3.0, selection="7", market="place")
    assert race(table, "7:tied 8:tied", "place") == [] and table.settler.waiting() == [1]
    assert race(table, None, "place", 2) == []
    assert race(table, "7:won 8:won", "place", 3) == ["settled"] and not table.account.at_risk
    assert race(table, "7:won 9:void removed:20:0.5", "place", 4) == ["reversed", "settled"]
    assert table.account.equity_minor == 101_000


def test_a_race_that_was_abandoned_is_void() -> None:
    table = Table()
    table.bet("b", 1_000, 3.0, selection="7", market="winner")
    assert race(table, None, "winner", status="abandoned") == ["void"]


@pytest.mark.parametrize("finish", ["7:first", "share:2", "removed:x:0.1", "removed:20:1.2", 7, "7:won,8:lost:x"])
def test_a_text_that_says_nothing_of_runners_is_refused_before_it_settles(finish: object) -> None:
    assert refusal_of(Result(100, EVENT | {"winner_finish": finish})) == "finish"


@pytest.mark.parametrize("finish", [None, "", "7:won 8:tied 9:void removed:5:0.125 removed:20:1e-05 share:0.333333"])
def test_a_text_of_the_reader_is_taken(finish: str | None) -> None:
    assert refusal_of(Result(100, EVENT | {"winner_finish": finish})) == ""
