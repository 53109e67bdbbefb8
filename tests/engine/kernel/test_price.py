"""Prices and settlements at an exchange, compared with arithmetic by hand or from publications."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction

import pytest

from engine.kernel import price as pricing
from engine.kernel import settle as settlement
from engine.kernel.codes import Reduction, State
from engine.kernel.record import Ending
from engine.kernel.settle import settle
from engine.twin.arithmetic import LADDER
from tests.engine.kernel.called import called

on_ladder, placed_odds, reduced = called(pricing.on_ladder), called(pricing.placed_odds), called(pricing.reduced)
payoff = called(settlement.payoff)

BANDS = [
    ("1.01", "2", "0.01"), ("2", "3", "0.02"), ("3", "4", "0.05"), ("4", "6", "0.1"), ("6", "10", "0.2"),
    ("10", "20", "0.5"), ("20", "30", "1"), ("30", "50", "2"), ("50", "100", "5"), ("100", "1000", "10"),
]  # fmt: skip


def end(state: State, **terms: float) -> Ending:
    values = (
        dict.fromkeys(Ending._fields, 0.0) | {"dead_heat_share": 1.0, "place_share": 1.0, "state": int(state)} | terms
    )
    return Ending(**values)


def ladder() -> list[Fraction]:
    """The 350 prices from the published bands of the exchange, in exact arithmetic."""
    prices = {Fraction(1001, 1000)}
    for low, high, step in BANDS:
        price = Fraction(low)
        while price <= Fraction(high):
            prices.add(price)
            price += Fraction(step)
    return sorted(prices - {Fraction(1001, 1000)})


def test_the_ladder_has_350_prices() -> None:
    prices = [float(price) for price in ladder()]
    assert len(prices) == 350 and prices == LADDER
    assert [prices.index(price) for price in (1.01, 1.10, 2.0, 3.5)] == [0, 9, 99, 159]
    for price in prices:
        assert on_ladder(price, False) == price == on_ladder(price, True)


def test_between_two_prices_the_worse_one_is_used() -> None:
    prices = [float(price) for price in ladder()]
    for low, high in itertools.pairwise(prices):
        between = (low + high) / 2.0
        assert (on_ladder(between, False), on_ladder(between, True)) == (low, high)
    assert (on_ladder(505.0, False), on_ladder(505.0, True)) == (500.0, 510.0)
    assert (on_ladder(1.0001, False), on_ladder(5000.0, True)) == (1.01, 1000.0)
    assert placed_odds(2.0, False, 0.1, 1) == 1.9
    assert placed_odds(2.0, True, 0.015, 1) == 2.02


@pytest.mark.parametrize(
    ("odds", "factor", "expected"),
    [(8.6, 0.162, 7.21), (8.6, 0.024, 8.6), (3.2, 0.7518, 1.01), (10.0, 0.10, 9.0), (3.2, 0.025, 3.12)],
)
def test_removed_runners(odds: float, factor: float, expected: float) -> None:
    assert reduced(odds, factor, Reduction.EXCHANGE_WIN) == expected


CASES: list[tuple[str, Callable[[], float], float]] = [
    ("back 10.0 x 2 wins", lambda: settle(200.0, 0.0, 10.0, end(State.WIN)), 1800.0),
    ("back loses", lambda: settle(200.0, 0.0, 10.0, end(State.LOSE)), -200.0),
    ("lay 10.0 x 2 wins", lambda: settle(1800.0, 200.0, 10.0, end(State.WIN, is_lay=1)), 200.0),
    ("lay loses", lambda: settle(1800.0, 200.0, 10.0, end(State.LOSE, is_lay=1)), -1800.0),
    ("dead heat of 2, back 4.0 x 10",
     lambda: settle(1000.0, 0.0, 4.0, end(State.DEAD_HEAT, dead_heat_share=0.5)), 1000.0),
    ("dead heat of 2, lay 5.0 x 20",
     lambda: settle(8000.0, 2000.0, 5.0, end(State.DEAD_HEAT, is_lay=1, dead_heat_share=0.5)), -3000.0),
    ("dead heat of 4, back 11.0 x 50",
     lambda: settle(5000.0, 0.0, 11.0, end(State.DEAD_HEAT, dead_heat_share=0.25)), 8750.0),
    ("each way 10.0 x 2 wins", lambda: settle(400.0, 0.0, 10.0, end(State.WIN, each_way_frac=0.2)), 2160.0),
    ("each way is placed", lambda: settle(400.0, 0.0, 10.0, end(State.PLACE, each_way_frac=0.2)), 160.0),
    ("each way loses", lambda: settle(400.0, 0.0, 10.0, end(State.LOSE, each_way_frac=0.2)), -400.0),
    ("a removed runner, back", lambda: settle(1000.0, 0.0, 10.0, end(State.WIN, reduction_frac=0.1)), 8000.0),
    ("a removed runner, lay",
     lambda: settle(9000.0, 1000.0, 10.0, end(State.LOSE, is_lay=1, reduction_frac=0.1)), -8000.0),
    ("back 4.0 x 10 closed at 3.2", lambda: settle(1000.0, 0.0, 4.0, end(State.CASHED, hedge_odds=3.2)), 250.0),
    ("lay 3.2 x 10 closed at 4.0",
     lambda: settle(2200.0, 1000.0, 3.2, end(State.CASHED, is_lay=1, hedge_odds=4.0)), 200.0),
    ("a stake of which 5 % is tax", lambda: settle(1000.0, 0.0, 2.0, end(State.WIN, tax_stake_frac=0.05)), 900.0),
    ("that tax given back", lambda: settle(1000.0, 0.0, 2.0, end(State.VOID, tax_stake_frac=0.05)), 0.0),
    ("winnings of which 20 % is tax",
     lambda: settle(1000.0, 0.0, 2.5, end(State.WIN, tax_winnings_frac=0.2)), 1200.0),
    ("a lay's winnings", lambda: settle(1500.0, 1000.0, 2.5, end(State.WIN, is_lay=1, tax_winnings_frac=0.2)), 800.0),
    ("a loss is not taxed", lambda: settle(1000.0, 0.0, 2.5, end(State.LOSE, tax_winnings_frac=0.2)), -1000.0),
]  # fmt: skip


@pytest.mark.parametrize(("case", "pnl", "expected"), CASES, ids=[name for name, _, _ in CASES])
def test_settlements(case: str, pnl: Callable[[], float], expected: float) -> None:
    assert pnl() == expected, case


def test_a_closed_bet_earns_the_same_whoever_wins() -> None:
    odds, hedge, stake = 5.0, 3.2, 100.0
    lay = stake * odds / hedge  # backer's stake of the lay that evens the book
    if_wins, if_loses = stake * (odds - 1.0) - lay * (hedge - 1.0), lay - stake
    assert if_wins == pytest.approx(if_loses)
    assert stake * payoff(odds, end(State.CASHED, hedge_odds=hedge)) == pytest.approx(if_wins)
