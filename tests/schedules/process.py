"""One runner process of the simulation: everything in it is lost when it dies; the disk and the venue stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from engine.clock import SECOND_NS
from engine.live.alarm import Alarm
from engine.live.bets.journal import Journal
from engine.live.breakers import Breakers, BreakerSettings
from engine.live.breakers.for_executor import VenueGuards
from engine.live.clock import Clock
from engine.live.execution.audit import Auditor
from engine.live.execution.executor import Executor, Intent
from engine.live.execution.reconcile import Reconciler
from engine.live.execution.recovery import recover
from engine.live.execution.settings import ExecutionSettings
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.control import Command
from engine.live.ledger.entries import Entry, Kind, Money
from engine.live.ledger.memory import MemoryDisk, MemoryStore
from engine.live.ledger.opening import start
from engine.live.ledger.settings import LedgerSettings
from engine.live.venue import Order, Venue

BANKROLL_MINOR: Final = 100_000
#: most that may be at risk at once, by the decider
LIMIT_MINOR: Final = 20_000
#: short waits, so that a schedule has few turns; longer than any send all the same
LEDGER: Final = LedgerSettings(poll_ms=5_000, retry_wait_ms=100, retries=2)
EXECUTION: Final = ExecutionSettings(list_every_s=60)
BREAKERS: Final = BreakerSettings(service_failures=8, unfilled_sends=500, stale_after_s=3600.0)
OPENED: Final = Entry(Kind.OPENED, "opened", 1, body={"promotion": "ab" * 16, "currency": "EUR", "mode": "paper"})


class Process:
    """A runner that has started and recovered.

    Parameters
    ----------
    holder : str
    clock : Clock
    disk : MemoryDisk
    venue : Venue
    probe : callable
        Called with the names of crash points.
    faults : callable
        Called with the steps of a commit.
    seed : int
    execution : ExecutionSettings, optional
    """

    def __init__(
        self,
        holder: str,
        clock: Clock,
        disk: MemoryDisk,
        venue: Venue,
        *,
        probe: Callable[[str], None],
        faults: Callable[[str], None],
        seed: int,
        execution: ExecutionSettings = EXECUTION,
    ) -> None:
        self.clock, self.venue = clock, venue
        self.alarms: list[Alarm] = []
        self.store = MemoryStore(disk, faults)
        self.ledger = start(ChainedLedger(self.store, clock, LEDGER, probe), OPENED, holder)
        self.breakers = Breakers(BREAKERS, clock, mode="paper", live_feed=True)
        self.journal = Journal(self.ledger, [self.breakers])
        self.journal.load()
        self.executor = Executor(
            self.journal,
            venue,
            clock,
            execution,
            guards=VenueGuards(self.breakers, venue.profile.name, "feed"),
            tell=self.alarms.append,
            probe=probe,
        )
        self.executor.generator = np.random.default_rng(seed)
        self.reconciler = Reconciler(self.executor)
        self.auditor = Auditor(self.executor, self.reconciler)
        self.controls = 0
        if not self.journal.book.balances["cash"]:
            money = Money(cash=BANKROLL_MINOR, capital=-BANKROLL_MINOR)
            self.journal.write([Entry(Kind.CAPITAL, "capital:1", clock.wall_ns(), money=money)])
        self.journal.write([Entry(Kind.STARTED, f"started:{self.ledger.epoch}", clock.wall_ns())])
        self.take_controls()
        recover(self.executor, self.reconciler)

    def decide(self, orders: Sequence[Order]) -> None:
        """Want these bets, as one request; the limit is kept, and guards are asked first."""
        book = self.journal.book
        new = [order for order in orders if order.key not in book]
        risk = sum(bet.at_risk_minor for bet in book.alive()) + book.external_minor()
        if risk + sum(order.stake_minor for order in new) > LIMIT_MINOR:
            return
        if not any(self.executor.refuse(order, facts(order)) for order in orders):
            self.executor.submit([Intent(order, facts(order)) for order in orders])

    def turn(self) -> None:
        """One turn of the runner's loop."""
        self.take_controls()
        if self.ledger.lease_left_ns() < 20 * SECOND_NS:
            self.ledger.renew()
        self.reconciler.step()
        self.auditor.step()
        entries = self.breakers.check(self.clock.wall_ns())
        if entries:
            self.journal.write(entries)

    def take_controls(self) -> None:
        """Take what people asked for into the ledger."""
        for control in self.ledger.controls(self.controls):
            self.controls = control.number
            now = self.clock.wall_ns()
            if control.command is Command.KILL:
                key = f"killed:{control.number}"
                body = {"person": control.person, "reason": control.reason}
                if not self._has(key):
                    self.journal.write([Entry(Kind.KILLED, key, now, body=body)])
            elif not self._has(f"control:{control.number}"):
                taken = Entry(Kind.ACKNOWLEDGED, f"control:{control.number}", now)
                self.journal.write([*self.breakers.resume(control, now), taken])

    def _has(self, key: str) -> bool:
        return key in self.store._disk.by_key


def facts(order: Order) -> dict[str, object]:
    """What an intent holds beside its order."""
    return {"quote_known_at_ns": order.decided_at_ns, "sport": "football", "competition": "C", "prob": 0.6}
