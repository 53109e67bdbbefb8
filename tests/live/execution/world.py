"""A small world for the executor: a virtual clock, a ledger in memory, and a venue that does as it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from engine.clock import SECOND_NS
from engine.errors import KeyConflict, Killed
from engine.live.alarm import Alarm
from engine.live.bets.intent import intent_key
from engine.live.bets.journal import Journal
from engine.live.execution.audit import Auditor
from engine.live.execution.executor import Executor, Intent
from engine.live.execution.guards import OpenGuards
from engine.live.execution.reconcile import Reconciler
from engine.live.execution.recovery import Recovered, recover
from engine.live.execution.settings import ExecutionSettings
from engine.live.ledger.control import Command, Control
from engine.live.ledger.entries import FIRST_PREVIOUS, Entry, Kind, Money, Recorded, body_text, entry_hash
from engine.live.venue import ForeignBet, Order, Outcome, Profile, ProofClass, Reading, Receipt, VenueFailure, usual
from tests.live.clock import START_NS as START_NS
from tests.live.clock import MovedClock

DIGEST = "ab" * 16


class MemoryLedger:
    """Entries in a list. A new one over the same list is the same ledger after a restart."""

    def __init__(self, rows: list[Recorded] | None = None, epoch: int = 1) -> None:
        self.rows: list[Recorded] = [] if rows is None else rows
        self.epoch, self.killed, self.renewed = epoch, False, 0
        self.lease_ns = 3600 * SECOND_NS
        self.broken: Exception | None = None

    def append(self, entries: Sequence[Entry], *, sending: bool = False) -> Sequence[Recorded]:
        """As the contract says."""
        if self.broken is not None:
            raise self.broken
        if sending and self.killed:
            raise Killed("the kill switch is set")
        known = {row.entry.key: row for row in self.rows}
        there = [known.get(entry.key) for entry in entries]
        if all(row is not None and row.entry == entry for row, entry in zip(there, entries, strict=True)):
            return [row for row in there if row is not None]
        if any(row is not None for row in there):
            raise KeyConflict("a key is there with other content", found=str([row for row in there if row]))
        new = []
        for entry in entries:
            text = body_text(entry.body)
            previous, number = (self.rows[-1].hash if self.rows else FIRST_PREVIOUS), len(self.rows) + 1
            digest = entry_hash(previous, number, self.epoch, 0, entry, text)
            new.append(Recorded(number, self.epoch, 0, entry, text, previous, digest))
            self.rows.append(new[-1])
        return new

    def entries(self, after: int = 0) -> Iterator[Recorded]:
        """As the contract says."""
        return iter(self.rows[after:])

    def controls(self, after: int = 0) -> Sequence[Control]:
        """None."""
        return ()

    def control(self, command: Command, *, subject: str = "", person: str, reason: str) -> Control:
        """The kill switch only."""
        self.killed = command is Command.KILL
        return Control(1, 0, command, subject, person, reason)

    def renew(self, pulse: str = "") -> None:
        """Count it; the lease lasts an hour again."""
        self.renewed += 1
        self.lease_ns = 3600 * SECOND_NS

    def lease_left_ns(self) -> int:
        """As set."""
        return self.lease_ns

    def close(self) -> None:
        """Nothing."""


Said = Sequence[Receipt | VenueFailure]
Act = Callable[["ScriptedVenue", Sequence[Order]], Said]


@dataclass
class ScriptedVenue:
    """A venue whose next answers are a script; without one it places everything that it is sent."""

    profile: Profile
    clock: MovedClock
    script: list[Act | Exception] = field(default_factory=list)
    reads: list[Callable[[Reading], Reading] | Exception] = field(default_factory=list)
    bets_held: dict[str, Receipt] = field(default_factory=dict)
    requests: list[list[str]] = field(default_factory=list)
    foreign: list[ForeignBet] = field(default_factory=list)
    balance: int = 100_000
    balance_fails: Exception | None = None
    looked_up: list[list[str]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    visible: bool = True

    def take(self, order: Order, outcome: Outcome = Outcome.PLACED, **stated: object) -> Receipt:
        """The venue takes a bet, once a key."""
        if order.key not in self.bets_held:
            sizes: dict[str, object] = {}
            if outcome is Outcome.PLACED:
                sizes = {"odds": order.odds, "matched_minor": order.stake_minor}
            receipt = Receipt(order.key, f"v{len(self.bets_held) + 1}", outcome)
            self.bets_held[order.key] = replace(receipt, **{**sizes, **stated})  # type: ignore[arg-type]
        return self.bets_held[order.key]

    def say(self, key: str, **stated: object) -> Receipt:
        """The venue changes what it says of a bet."""
        self.bets_held[key] = replace(self.bets_held[key], **stated)  # type: ignore[arg-type]
        return self.bets_held[key]

    def place(self, orders: Sequence[Order]) -> Said:
        """The next act of the script."""
        self.requests.append([order.key for order in orders])
        act = self.script.pop(0) if self.script else accept
        if isinstance(act, Exception):
            raise act
        return act(self, orders)

    def look_up(self, keys: Sequence[str]) -> Reading:
        """What is held, unless the script says otherwise."""
        self.looked_up.append(list(keys))
        found = tuple(self.bets_held[key] for key in keys if key in self.bets_held) if self.visible else ()
        return self._read(Reading(found, True))

    def bets(self) -> Reading:
        """Everything that is held."""
        if self.profile.proof is ProofClass.LISTS:
            return self._read(Reading((), True, tuple(self.foreign)))
        return self._read(Reading(tuple(self.bets_held.values()) if self.visible else (), True, tuple(self.foreign)))

    def balance_minor(self) -> int:
        """As set."""
        if self.balance_fails is not None:
            raise self.balance_fails
        return self.balance

    def cancel(self, key: str) -> Receipt:
        """Cancel the rest."""
        return self.say(key, open_minor=0, outcome=Outcome.LAPSED)

    def close_key(self, key: str) -> Reading:
        """What is held; a bet that comes later is refused by the script."""
        self.closed.append(key)
        return self.look_up([key])

    def _read(self, reading: Reading) -> Reading:
        act = self.reads.pop(0) if self.reads else None
        if isinstance(act, Exception):
            raise act
        return reading if act is None else act(reading)


def accept(venue: ScriptedVenue, orders: Sequence[Order]) -> Said:
    """Every order is placed."""
    return [venue.take(order) for order in orders]


def accept_and_raise(error: Exception) -> Act:
    """Every order is placed, and nobody hears of it."""

    def act(venue: ScriptedVenue, orders: Sequence[Order]) -> Said:
        accept(venue, orders)
        raise error

    return act


def stated(outcome: Outcome, **values: object) -> Act:
    """Every order gets this outcome."""
    return lambda venue, orders: [venue.take(order, outcome, **values) for order in orders]


def order(number: int = 1, *, clock: MovedClock | None = None, window_s: float = 60, **values: object) -> Order:
    """An order on event 7, by its number."""
    now = START_NS if clock is None else clock.wall
    made = Order(
        key=intent_key(DIGEST, number),
        opportunity_id=number,
        event_id=7,
        market="1x2",
        line=None,
        selection="home",
        bookmaker="paper",
        side="back",
        odds=2.0,
        odds_worst=1.9,
        stake_minor=1000,
        backer_minor=0,
        decided_at_ns=now,
        expires_ns=now + round(window_s * SECOND_NS),
    )
    return replace(made, **values)  # type: ignore[arg-type]


class World:
    """One runner's executor over a ledger and a venue that outlive it."""

    def __init__(
        self, proof: ProofClass = ProofClass.LOOK_UP, settings: ExecutionSettings | None = None, **profile: object
    ) -> None:
        self.clock = MovedClock(monotonic_ns=5 * SECOND_NS)
        self.venue = ScriptedVenue(usual("fake", proof, **profile), self.clock)
        self.rows: list[Recorded] = []
        self.settings = ExecutionSettings() if settings is None else settings
        self.alarms: list[Alarm] = []
        self.points: list[str] = []
        self.epoch = 0
        self.start()
        deposit = Entry(Kind.CAPITAL, "capital:1", START_NS, money=Money(cash=100_000, capital=-100_000))
        self.journal.write([deposit])

    def start(self) -> None:
        """A new process over the same ledger."""
        self.epoch += 1
        self.ledger = MemoryLedger(self.rows, self.epoch)
        self.journal = Journal(self.ledger)
        self.journal.load()
        self.guards = ScriptedGuards(self.journal.book)
        self.executor = Executor(
            self.journal,
            self.venue,
            self.clock,
            self.settings,
            guards=self.guards,
            tell=self.alarms.append,
            probe=self.points.append,
        )
        self.reconciler = Reconciler(self.executor)
        self.auditor = Auditor(self.executor, self.reconciler)

    def restart(self, restored: bool = False) -> Recovered:
        """A new process that recovers; its monotonic clock has nothing to do with the old one's."""
        self.clock.monotonic += 12_345 * SECOND_NS
        self.start()
        return recover(self.executor, self.reconciler, restored=restored)

    def run_s(self, seconds: float, step_s: float = 1) -> None:
        """The loop of a runner for so long."""
        for _ in range(round(seconds / step_s)):
            self.clock.pass_s(step_s)
            self.reconciler.step()

    def follow(self) -> None:
        """Give the venue the balance that the ledger expects."""
        self.venue.balance = self.book.free_minor() - self.book.external_minor()

    @property
    def book(self):  # type: ignore[no-untyped-def]
        """The book of the present process."""
        return self.journal.book

    def kinds(self, key: str) -> list[str]:
        """Kinds of the entries of a bet, in order."""
        return [row.entry.kind.value for row in self.rows if row.entry.intent == key]

    def breakers(self) -> list[str]:
        """Names of the breakers that have been tripped."""
        return [str(row.entry.body["breaker"]) for row in self.rows if row.entry.kind is Kind.TRIPPED]

    def state(self, number: int = 1) -> str:
        """State of an order's bet."""
        return str(self.book.get(order(number).key).state)

    def submit(self, *orders: Order):  # type: ignore[no-untyped-def]
        """Submit orders; their bets."""
        return self.executor.submit([Intent(each) for each in orders])


class ScriptedGuards(OpenGuards):
    """Guards that say no when they are told to."""

    def __init__(self, book) -> None:  # type: ignore[no-untyped-def]
        super().__init__(book)
        self.no = ""
        self.wait = 0
        self.causes: list[str] = []

    def reason(self, order, facts, at_ns):  # type: ignore[no-untyped-def]
        """The word that is set."""
        return self.no

    def wait_ns(self, count: int = 1) -> int:
        """The wait that is set, once."""
        wait, self.wait = self.wait, 0
        return wait

    def heard(self, cause: str) -> None:
        """Keep it."""
        self.causes.append(cause)
