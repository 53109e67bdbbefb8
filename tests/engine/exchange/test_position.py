"""Published cases of what exchange bets are worth."""

from __future__ import annotations

import pytest

from engine.exchange.position import Matched, closed_profit, exposure, reduced

TEN = Matched("back", 10.0, 2.0)
LARGE = [Matched("back", 5.6, 2.0), Matched("back", 100.0, 20.0)]


def test_a_win_and_a_loss_of_either_side() -> None:
    lay = Matched("lay", 10.0, 2.0)
    assert (TEN.profit(wins=True), TEN.profit(wins=False)) == (18.0, -2.0)
    assert (lay.profit(wins=False), lay.profit(wins=True)) == (2.0, -18.0)


@pytest.mark.parametrize(
    ("bet", "heat", "profit"),
    [
        (Matched("back", 4.0, 10.0), 2, 10.0),
        (Matched("lay", 5.0, 20.0), 2, -30.0),
        (Matched("back", 11.0, 50.0), 4, 87.5),
        (Matched("back", 1.5, 10.0), 2, -2.5),
    ],
)
def test_a_dead_heat_pays_a_part_of_the_stake_at_the_full_price(bet: Matched, heat: int, profit: float) -> None:
    assert bet.profit(wins=True, dead_heat=heat) == profit
    share, full = 1.0 / heat, (bet.price - 1.0) * bet.size  # part won at the full price, the rest lost
    by_parts = share * full - (1.0 - share) * bet.size
    assert profit == pytest.approx(by_parts if bet.side == "back" else -by_parts)


def test_each_way() -> None:
    profits = [
        TEN.each_way_profit(wins=a, places=b, divisor=5.0) for a, b in ((True, True), (False, True), (False, False))
    ]
    assert profits == pytest.approx([21.6, 1.6, -4.0])


def test_a_line_market_is_sold_by_a_back() -> None:
    bet = Matched("back", 120.5, 2.0)
    assert (bet.line_profit(120), bet.line_profit(121)) == (2.0, -2.0)
    assert Matched("lay", 120.5, 2.0).line_profit(121) == 2.0


@pytest.mark.parametrize(
    ("price", "factor", "expected"), [(8.6, 16.2, 7.21), (8.6, 2.4, 8.6), (3.2, 75.18, 1.01), (10.0, 10.0, 9.0)]
)
def test_a_removed_runner_cuts_the_price_from_two_and_a_half_per_cent_on(
    price: float, factor: float, expected: float
) -> None:
    assert reduced(price, factor) == expected


def test_in_a_place_market_the_winnings_are_cut_by_every_factor() -> None:
    assert (reduced(8.0, 25.0, is_place=True), reduced(8.0, 25.0)) == (6.25, 6.0)
    assert reduced(9.0, 2.0, is_place=True) == 8.84


def test_exposure() -> None:
    assert exposure([Matched("back", 5.6, 2.0)]) == pytest.approx((9.2, -2.0))
    assert exposure([*LARGE, Matched("lay", 5.6, 2.0)]) == pytest.approx((1980.0, -20.0))
    assert exposure([*LARGE, Matched("lay", 10.0, 1000.0)]) == pytest.approx((-7010.8, 978.0))


@pytest.mark.parametrize(
    ("side", "price", "size", "locked"),
    [
        ("back", 1.6, 10.0, 10.0), ("back", 2.0, 10.0, 10.0), ("back", 10.0, 20.0, 20.0),
        ("lay", 1.25, 10.0, 2.5), ("lay", 2.0, 10.0, 10.0), ("lay", 10.0, 10.0, 90.0),
    ],
)  # fmt: skip
def test_locked_money_is_the_most_that_is_lost(side: str, price: float, size: float, locked: float) -> None:
    bet = Matched(side, price, size)
    assert bet.locked() == locked == -min(bet.profit(wins=True), bet.profit(wins=False))


def test_a_closed_position_is_worth_the_same_whatever_the_result() -> None:
    bets = [Matched("back", 2.0, 10.0), Matched("lay", 3.0, 5.0)]
    assert closed_profit(bets, 2.2) == pytest.approx(-2.7272727)
    wins, loses = exposure(bets)
    closing = Matched("lay" if wins > loses else "back", 2.2, abs(wins - loses) / 2.2)
    assert exposure([*bets, closing]) == pytest.approx((closed_profit(bets, 2.2),) * 2)
