"""The account of a runner: instants, breakers, limits of winners, in numbers worked out by hand."""

from __future__ import annotations

import pytest

from engine.kernel import account as acc
from engine.live.feed import Result
from engine.live.ledger.entries import Entry, Kind, Money
from tests.live.judgement.test_settlement import BANKROLL, EVENT, Table


def test_a_settlement_at_an_instant_that_was_closed_is_in_its_close() -> None:
    table = Table()
    table.bet("h", 10_000, 3.0)
    table.account.close_at(100)
    table.result(0, 1)
    table.account.close_at(100)
    assert table.account.cells[acc.DRAWDOWN] == 0.1


def test_stakes_of_an_instant_rest_on_what_was_free_before_its_first_bet() -> None:
    table = Table({"base_is_cash": True})
    table.bet("h", 1_000, 3.0)  # as after a restart: nobody but the entry says that decisions have begun
    assert table.account.decisions_at(10) == BANKROLL and table.account.cash_minor == BANKROLL - 1_000
    assert table.account.decisions_at(11) == BANKROLL - 1_000


def test_an_adjustment_is_money() -> None:
    table = Table()
    table.write([Entry(Kind.ADJUSTED, "adjusted:1", 20, money=Money(cash=-7, adjustment=7))])
    assert table.account.cash_minor == table.account.equity_minor == BANKROLL - 7


@pytest.mark.parametrize(("instant_ns", "halted"), [(1_100, acc.ACTIVE), (1_101, acc.INACTIVE)])
def test_a_breaker_ends_before_the_first_instant_after_its_time(instant_ns: int, halted: float) -> None:
    table = Table({"drawdown_reset_after_ns": 1_000.0})
    table.bet("h", 20_000, 3.0)
    table.result(0, 1)  # at 100
    table.account.close_at(150)
    assert table.account.cells[acc.HALTED] == acc.ACTIVE
    table.account.enter(instant_ns)
    assert table.account.cells[acc.HALTED] == halted


def test_a_bookmaker_cuts_its_limits_each_time_that_it_has_lost_so_much() -> None:
    table = Table({"limiting_profit_minor": 2_000.0, "limiting_factor": 0.5})
    book = table.account.positions.bookmaker("a")

    def seen() -> tuple[float, float]:
        work = table.account.positions.work
        return float(work.won_since[book]), float(work.limit_factor[book])

    table.settler.take(Result(100, EVENT | {"home_score": 1, "away_score": 0}, 1))
    for key, stake, after in (
        ("x", 500, (1_000, 1)),
        ("y", 499, (1_998, 1)),
        ("z", 1, (0, 0.5)),
        ("w", 300, (600, 0.5)),
    ):
        table.bet(key, stake, 3.0)
        table.write(table.settler.entries(100, [1]))
        assert seen() == after
    table.result(0, 1, 2)  # each win of twice the stake becomes a loss of the stake
    assert seen() == (600 - 3 * 1_300, 0.5)


def test_a_settlement_that_the_venue_takes_back_leaves_the_bet_open_from_that_instant() -> None:
    table = Table()
    table.bet("h", 1_000, 3.0)
    table.result(1, 0)
    table.account.close_at(100)
    table.write([table.account.reversal(table.account.bets["h"], 110)])
    account = table.account
    assert (account.instant_ns, account.open_minor, account.cash_minor) == (110, 1_000, BANKROLL - 1_000)
    assert account.at_risk == {1}
