"""The limits of a venue for real money: kept below everything else, and from the ledger after a restart."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.clock import DAY_NS
from engine.live.alarm import Alarm
from engine.live.bets.journal import Journal
from engine.live.execution.executor import Executor, Intent
from engine.live.execution.settings import ExecutionSettings
from engine.live.ledger.entries import Entry, Kind, Money, Recorded
from engine.live.venue import NotTaken, Order, Outcome, ProofClass, Receipt, Unanswered, VenueFailure, usual
from engine.live.venues.locked import DryVenue, LockedVenue
from engine.live.venues.locks import Permit, RealMoney
from tests.live.clock import MovedClock
from tests.live.execution.world import Act, MemoryLedger, ScriptedVenue, order

LIMITS = RealMoney("scripted", "jane", "EUR", day_loss_minor=3_000, order_most_minor=2_000)


class Desk:
    """An executor over a locked venue; `restart` is a new process over the same ledger."""

    def __init__(self) -> None:
        self.clock, self.rows = MovedClock(), list[Recorded]()
        self.real = ScriptedVenue(usual("scripted", ProofClass.LOOK_UP, all_or_none=True), self.clock)
        self.restart()
        money = Money(cash=100_000, capital=-100_000)
        self.journal.write([Entry(Kind.CAPITAL, "capital:1", self.clock.wall_ns(), money=money)])

    def restart(self) -> None:
        self.venue = LockedVenue(self.real, ["paper"], Permit(LIMITS), self.clock, "UTC")
        self.journal = Journal(MemoryLedger(self.rows), [self.venue])
        self.journal.load()
        self.executor = Executor(self.journal, self.venue, self.clock, ExecutionSettings())

    def bet(self, *numbers: int, stake: int = 1_000, group: str = "") -> list[tuple[str, str]]:
        """State and cause of orders that are sent in one request."""
        orders = [order(number, clock=self.clock, stake_minor=stake, group=group) for number in numbers]
        return [(str(bet.state), bet.cause) for bet in self.executor.submit([Intent(one) for one in orders])]

    def settle(self, number: int, pnl: int) -> None:
        bet = self.journal.book.get(order(number).key)
        assert bet is not None
        money = Money(cash=bet.matched_minor + pnl, stakes=-bet.matched_minor, pnl=-pnl)
        body = {"version": 1, "pnl_minor": pnl, "tax_minor": 0}
        key = f"settled:{bet.key}:1"
        self.journal.write([Entry(Kind.SETTLED, key, self.clock.wall_ns(), bet.key, money=money, body=body)])

    def sent(self) -> list[str]:
        return [key for request in self.real.requests for key in request]


PLACED = ("placed", "")


def test_an_order_above_the_limit_never_leaves() -> None:
    desk = Desk()
    assert desk.bet(1, stake=2_000) == [PLACED]
    assert desk.bet(2, stake=2_001) == [("rejected", "order_limit")]
    assert desk.sent() == [order(1).key]


def test_what_stands_counts_as_lost() -> None:
    desk = Desk()
    assert [desk.bet(number) for number in (1, 2, 3, 4)] == [[PLACED]] * 3 + [[("rejected", "day_loss_limit")]]
    assert desk.venue.left_minor() == 0 and len(desk.sent()) == 3
    desk.settle(1, 500)
    assert desk.bet(5) == [PLACED] and desk.bet(6, stake=1) == [("rejected", "day_loss_limit")]


def test_each_reason_is_told_once_a_day() -> None:
    desk, told = Desk(), list[Alarm]()
    desk.venue.tell = told.append
    desk.bet(1, stake=2_001)
    desk.bet(2, stake=2_001)
    assert [(one.name, one.intent) for one in told] == [("limit_reached", order(1).key)]
    desk.clock.wall += DAY_NS
    desk.bet(3, stake=2_001)
    for number in (4, 5, 6, 7):
        desk.bet(number)
    assert [one.text.partition(":")[0] for one in told] == ["order_limit", "order_limit", "day_loss_limit"]


def test_a_day_that_won_may_not_lose_more_than_another() -> None:
    desk = Desk()
    desk.bet(1)
    desk.settle(1, 50_000)
    assert desk.venue.left_minor() == LIMITS.day_loss_minor


def test_losses_of_the_day_count_also_after_a_restart_and_end_with_the_day() -> None:
    desk = Desk()
    for number in (1, 2):
        desk.bet(number)
        desk.settle(number, -1_000)
    assert desk.venue.left_minor() == 1_000
    desk.restart()
    assert desk.venue.left_minor() == 1_000
    assert desk.bet(3, stake=1_001) == [("rejected", "day_loss_limit")] and desk.bet(4) == [PLACED]
    desk.restart()
    assert desk.bet(5, stake=1) == [("rejected", "day_loss_limit")]
    desk.clock.wall += DAY_NS
    assert desk.venue.left_minor() == 2_000, "the bet that still stands counts on the new day, too"
    desk.clock.wall -= 2 * DAY_NS
    assert desk.venue.left_minor() == 0, "a clock that is set back opens nothing"


def test_commission_and_corrections_of_the_balance_are_losses() -> None:
    desk = Desk()
    for name, money in (("commission", Money(cash=-300, commission=300)), ("other", Money(cash=-200, adjustment=200))):
        kind = Kind.COMMISSION if name == "commission" else Kind.ADJUSTED
        desk.journal.write([Entry(kind, name, desk.clock.wall_ns(), money=money)])
    assert desk.venue.left_minor() == 2_500


def test_money_that_was_paid_in_is_no_win_of_the_day() -> None:
    desk = Desk()
    money = Money(cash=50_000, adjustment=-50_000)
    desk.journal.write([Entry(Kind.ADJUSTED, "paid in", desk.clock.wall_ns(), money=money)])
    desk.bet(1)
    desk.settle(1, -1_000)
    assert desk.venue.left_minor() == 2_000


def test_what_the_account_held_beyond_the_bankroll_is_not_the_ledgers_also_after_a_restart() -> None:
    desk = Desk()
    desk.real.balance = 150_000
    facts = {"feed": "f", "is_live": True}
    desk.journal.write([Entry(Kind.STARTED, "started:1", 0, body=facts | {"set_aside_minor": 50_000})])
    assert desk.venue.balance_minor() == 100_000
    desk.restart()
    desk.journal.write([Entry(Kind.STARTED, "started:2", 0, body=facts)])
    assert desk.venue.balance_minor() == 100_000


def test_a_bet_at_another_bookmaker_is_not_sent() -> None:
    desk = Desk()
    intent = Intent(order(1, clock=desk.clock, bookmaker="other"))
    assert [(str(bet.state), bet.cause) for bet in desk.executor.submit([intent])] == [("rejected", "other_bookmaker")]
    (receipt,) = DryVenue(desk.real, ["paper"]).place([order(2, bookmaker="other")])
    assert isinstance(receipt, Receipt) and receipt.reason == "other_bookmaker" and not desk.sent()


def test_a_bet_without_an_answer_counts_and_one_that_was_not_taken_does_not() -> None:
    desk = Desk()
    desk.real.script = [Unanswered("timeout")]
    assert desk.bet(1)[0][0] == "unknown" and desk.venue.left_minor() == 2_000
    desk.real.script = [NotTaken("connect")] * 4
    desk.bet(2)
    assert desk.venue.left_minor() == 2_000


def test_orders_of_one_request_share_what_is_left() -> None:
    desk = Desk()
    assert desk.bet(1, 2, 3, 4) == [PLACED] * 3 + [("rejected", "day_loss_limit")]
    assert desk.real.requests == [[order(number).key for number in (1, 2, 3)]]


def test_a_leg_beyond_a_limit_keeps_its_whole_group_back() -> None:
    desk = Desk()
    assert desk.bet(1, 2, 3, 4, group="g") == [("rejected", "day_loss_limit")] * 4 and not desk.sent()


def test_what_is_not_in_the_ledger_is_not_sent() -> None:
    desk = Desk()
    (receipt,) = desk.venue.place([order(1, clock=desk.clock)])
    assert isinstance(receipt, Receipt) and receipt.reason == "not_recorded" and not desk.sent()


def test_every_other_call_goes_to_the_venue() -> None:
    desk = Desk()
    desk.bet(1)
    key = order(1).key
    assert desk.venue.look_up([key]) == desk.real.look_up([key]) and desk.venue.bets() == desk.real.bets()
    assert desk.venue.balance_minor() == desk.real.balance and desk.venue.profile is desk.real.profile
    assert desk.venue.cancel(key).outcome is Outcome.LAPSED and desk.venue.close_key(key).complete


def refuses(venue: ScriptedVenue, orders: Sequence[Order]) -> Sequence[Receipt | VenueFailure]:
    return [Receipt(one.key, "", Outcome.REJECTED, reason="no_link") for one in orders]


@pytest.mark.parametrize(
    ("act", "reason"), [(Unanswered("dry_run"), "dry_run"), (NotTaken("dry_run"), "dry_run"), (refuses, "no_link")]
)
def test_a_dry_run_rejects_what_was_shown_and_tries_nothing_again(act: Act | Exception, reason: str) -> None:
    real = ScriptedVenue(usual("scripted", ProofClass.LOOK_UP), MovedClock(), script=[act])
    venue = DryVenue(real, ["paper"])
    (receipt,) = venue.place([order(1)])
    assert isinstance(receipt, Receipt) and (receipt.outcome, receipt.reason) == (Outcome.REJECTED, reason)
    real.script = [NotTaken("connect")]
    with pytest.raises(NotTaken, match="connect"):
        venue.place([order(2)])
