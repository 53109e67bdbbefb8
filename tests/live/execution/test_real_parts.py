"""The executor over a real SQLite ledger and the paper venue with its own database: the same bets after any death."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest

from engine.errors import Fenced
from engine.live.bets.bet import Bet
from engine.live.bets.journal import Journal
from engine.live.clock import Clock, SystemClock
from engine.live.crash_points import no_probe
from engine.live.execution.audit import Auditor
from engine.live.execution.executor import Executor, Intent
from engine.live.execution.reconcile import Reconciler
from engine.live.execution.recovery import recover
from engine.live.execution.settings import ExecutionSettings
from engine.live.ledger.entries import Entry, Kind, Money
from engine.live.ledger.opening import open_ledger
from engine.live.venue import Order, Receipt, VenueFailure
from tests.live.clock import MovedClock
from tests.live.execution.test_recovery import POINTS as OF_THE_EXECUTOR
from tests.live.execution.test_recovery import Died
from tests.live.ledger.entries import OPENED
from tests.live.venues.orders import BANKROLL, T0_NS, order, prices, quote, venue

NUMBERS = (1, 3)
POINTS = [*OF_THE_EXECUTOR, "receipt.inside_commit"]


class Process:
    """What a runner's process holds; a new one over the same files is the process after a restart."""

    def __init__(self, folder: Path, die_at: str = "", times: int = 1, *, machine: Clock | None = None) -> None:
        left = [times]

        def probe(name: str) -> None:
            left[0] -= name == die_at
            if left[0] == 0 and name == die_at:
                raise Died

        probe = probe if die_at else no_probe
        self.ledger = open_ledger("live", OPENED, clock=machine or SystemClock(), probe=probe)
        self.venue = venue(
            prices(quote(0, 2.0), quote(20, 2.0), quote(21, 1.2)), folder / "venue.db", price_tolerance_frac=0.0
        )
        self.journal = Journal(self.ledger, [self.venue])
        self.journal.load()
        if not self.journal.book.balances["cash"]:
            deposit = Money(cash=BANKROLL, capital=-BANKROLL)
            self.journal.write([Entry(Kind.CAPITAL, "capital:1", T0_NS, bookmaker="", money=deposit)])
        self.clock = MovedClock(T0_NS + 10 * 10**9)
        self.executor = Executor(self.journal, self.venue, self.clock, ExecutionSettings(), probe=probe)
        self.reconciler = Reconciler(self.executor)

    def day(self) -> list[Bet]:
        """Recover, then four decisions, one of which the price refuses and one of which is too large."""
        recover(self.executor, self.reconciler)
        orders = [order(1), order(2, odds=2.5, odds_worst=2.5), order(3, stake_minor=2 * BANKROLL), order(4)]
        return [self.executor.submit([Intent(each, {"position": each.opportunity_id})])[0] for each in orders]

    def close(self) -> None:
        """The process ends and frees its lease."""
        self.ledger.close()
        self.venue.close()


@pytest.fixture
def quiet(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[tuple[object, ...]]]:
    """The bets of an undisturbed day."""
    folder = tmp_path_factory.mktemp("quiet")
    monkeypatch.setenv("BEA_HOME", str(folder))
    process = Process(folder)
    yield [told(bet) for bet in process.day()]
    process.close()


def told(bet: Bet) -> tuple[object, ...]:
    """What must be the same."""
    return bet.order, bet.facts, bet.state, bet.cause, bet.odds, bet.matched_minor, bet.venue_bet_id


@pytest.mark.parametrize("point", POINTS)
def test_the_ledger_after_a_death_is_that_of_the_undisturbed_day(point: str, quiet: list[object], home: Path) -> None:
    assert {row[2] for row in quiet} == {"placed", "rejected"}
    for times in NUMBERS:
        folder = home / f"{times}"
        folder.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BEA_HOME", str(folder))
            first = Process(folder, point, times)
            with suppress(Died):
                first.day()
            first.close()
            second = Process(folder)
            try:
                agrees(second, quiet)
            finally:
                second.close()


def agrees(process: Process, quiet: list[object]) -> None:
    """The day goes on to the same bets, the venue has the same money, and no entry stands twice."""
    assert [told(bet) for bet in process.day()] == quiet
    assert process.journal.book.balances["cash"] == process.venue.balance_minor()
    assert Auditor(process.executor, process.reconciler).run().difference_minor == 0
    keys = [recorded.entry.key for recorded in process.ledger.entries()]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("where", ["before the check", "after the check"])
@pytest.mark.parametrize("late_s", [5, 90])
def test_a_request_that_stood_still_beyond_its_lease_makes_no_second_bet(home: Path, where: str, late_s: int) -> None:
    machine = MovedClock(T0_NS)
    first, sent = Process(home, machine=machine), []
    found: list[tuple[str, str]] = []

    def another_takes_over() -> None:
        machine.monotonic += 3600 * 10**9
        second = Process(home, machine=MovedClock(T0_NS))
        place = second.venue.place
        second.venue.place = lambda orders: [sent.append(one.key) for one in orders] and place(orders)  # type: ignore
        second.clock.wall += late_s * 10**9
        with closing(second):
            recover(second.executor, second.reconciler)
            (bet,) = second.journal.book.bets().values()
            found.append((bet.state.value, bet.cause))

    place = first.venue.place

    def late(orders: Sequence[Order]) -> Sequence[Receipt | VenueFailure]:
        if where == "after the check":
            another_takes_over()
        sent.extend(one.key for one in orders)
        return place(orders)

    first.venue.place = late  # type: ignore[method-assign]
    if where == "before the check":
        first.executor.probe = lambda name: another_takes_over() if name == "send.before_first_byte" else None
    with closing(first), pytest.raises(Fenced):
        first.executor.submit([Intent(order(), {})])

    assert found == [("placed", "")] if late_s == 5 else [("rejected", "absent")]
    assert len(sent) == (late_s == 5) + (where == "after the check")
    third = Process(home, machine=MovedClock(T0_NS))
    with closing(third):
        held = [bet for bet in third.venue.account.bets.values() if bet.at_risk_minor]
        assert len(held) == (late_s == 5)
        assert third.journal.book.balances["cash"] == third.venue.balance_minor() == BANKROLL - 1_000 * len(held)
