"""The world of a schedule: one clock, one disk, one venue with its truth, and the runner process of the moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar, Final

from engine.clock import SECOND_NS
from engine.errors import Fenced, KeyConflict, LedgerError, LedgerFailure
from engine.live.bets.intent import intent_key
from engine.live.bets.states import BetState
from engine.live.execution.resolution import resolve
from engine.live.execution.settings import ExecutionSettings
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.control import Command
from engine.live.ledger.entries import Kind
from engine.live.ledger.memory import MemoryDisk, MemoryStore
from engine.live.ledger.store import Unfinished
from engine.live.venue import Order, Outcome, Profile, ProofClass, Receipt, Venue, VenueFailure
from tests.schedules import checks, steps
from tests.schedules.faults import FAULTS, POSTPONED
from tests.schedules.process import EXECUTION, LEDGER, Process
from tests.schedules.steps import Schedule
from tests.schedules.truth import PROFILES as OF_THE_DESK
from tests.schedules.truth import WINDOWS_NS, Truth
from tests.venue_server.client import WireVenue
from tests.venue_server.desk import FOR_EVER
from tests.venue_server.direct import Direct

START_NS: Final = 1_700_000_000 * SECOND_NS
DIGEST: Final = "cd" * 16


class Crash(BaseException):
    """The process is killed: nothing in it goes on."""


class SimClock:
    """Monotonic time is the truth; wall time is it with an offset that jumps."""

    def __init__(self) -> None:
        self.now, self.offset = 0, 0

    def wall_ns(self) -> int:
        """Wall time, as it may be wrong."""
        return START_NS + self.now + self.offset

    def true_ns(self) -> int:
        """The time of day without the offset: the clock of the venue."""
        return START_NS + self.now

    def monotonic_ns(self) -> int:
        """Time since the start of the schedule."""
        return self.now

    def sleep_ns(self, duration_ns: int) -> None:
        """Go on."""
        self.now += max(0, duration_ns)


class World:
    """Runs a schedule and checks the invariants after every step.

    A venue over a wire of its own has a world of its own (`tests.schedules.venues`): profiles, how schedules are drawn,
    and the adapter.

    Parameters
    ----------
    schedule : Schedule
    """

    #: what the venue promises, by the names of `tests.schedules.steps.PROFILES`
    profiles: ClassVar[dict[str, Profile]] = OF_THE_DESK
    execution: ClassVar[ExecutionSettings] = EXECUTION
    #: fewest and most decisions of a schedule
    decisions: ClassVar[tuple[int, int]] = (5, 9)
    #: readings of the whole account at the end, and as many once more by a fresh process
    audits: ClassVar[int] = 2

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.clock, self.disk = SimClock(), MemoryDisk()
        self.honest: Profile = self.profiles[schedule.profile]
        self.truth = Truth(self)
        self.profile = self.promised(self.honest)
        self.transport = Direct(self.truth.desk, self.clock.sleep_ns)
        self.process: Process | None = None
        self.orders: dict[int, Order] = {}
        self.window_end: dict[str, int] = {}
        self.settlements: dict[int, tuple[int, int]] = {}
        self.armed: list[list[Any]] = []
        self.disk_armed: list[list[Any]] = []
        self.kill_marks: list[tuple[int, bool]] = []
        self.faults: Counter[str] = Counter()
        self.starts = 0
        self.jumped_ns = self.started_ns = -(1 << 60)
        self.stopped: LedgerError | None = None
        self.checks = checks.Checks(self)

    @classmethod
    def draw(cls, seed: int) -> Schedule:
        """The schedule of a seed for this venue."""
        return steps.draw(seed, tuple(cls.profiles), cls.decisions)

    def promised(self, profile: Profile) -> Profile:
        """What the runner believes of the venue."""
        return profile

    def venue(self) -> Venue:
        """The adapter of a new process."""
        return WireVenue(self.transport, self.profile, self.clock.wall_ns)

    @property
    def window_ns(self) -> int:
        """How long the venue knows a reference again."""
        return WINDOWS_NS[self.honest.name]

    def key_of(self, number: int) -> str:
        """Key of the intent of a decision."""
        return intent_key(DIGEST, number)

    # -- running ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """All steps, then the end: faults heal, persons resume, time passes.

        Raises
        ------
        tests.schedules.checks.Violated
        """
        for step in self.schedule.steps:
            if self.stopped is None:
                self._alive(lambda step=step: getattr(self, f"_{step.kind}")(*step.values))  # type: ignore[misc]
            self.checks.after_step()
        self._finish()

    def _alive(self, act: Callable[[], object]) -> None:
        """Do something with a living process; one that died before is started again."""
        try:
            self._ensure()
            act()
        except Crash:
            self._dead()
        except KeyConflict as error:
            self._dead()
            self.stopped = error
        except (Fenced, LedgerFailure):
            self._dead()
        except LedgerError as error:
            raise checks.Violated("I8", f"the runner refused its own entry: {error}") from error
        except VenueFailure as error:
            raise checks.Violated("I3", f"the runner died of the venue: {error!r}") from error

    def _ensure(self) -> None:
        if self.process is None:
            self.starts += 1
            self.clock.sleep_ns(2 * SECOND_NS)
            self.process = self._start(f"runner-{self.starts}")

    def clock_set_lately(self) -> bool:
        """Whether the clock was set and then a process started, within a minute: it cannot know how old sends are."""
        return self.jumped_ns <= self.started_ns and self.clock.now - self.jumped_ns < 300 * SECOND_NS

    def _start(self, holder: str) -> Process:
        self.started_ns = self.clock.now
        return Process(
            holder, self.clock, self.disk, self.venue(), probe=self._probe, faults=self._disk_faults,
            seed=self.schedule.seed, execution=self.execution,
        )  # fmt: skip

    def _dead(self, *, power: bool = False) -> None:
        self.process, self.disk.owner = None, None
        if power:
            self.disk.lose_power()
            self.checks.power_lost()

    def _probe(self, name: str) -> None:
        for item in self.armed:
            if item[0] == name:
                item[1] -= 1
                if item[1] <= 0:
                    self.armed.remove(item)
                    item[2]()
                    return

    def _disk_faults(self, name: str) -> None:
        self._probe(name)
        for item in self.disk_armed:
            if item[0] == name:
                item[1] -= 1
                if item[1] <= 0:
                    self.disk_armed.remove(item)
                    raise item[2]

    # -- steps --------------------------------------------------------------------------------------------------------

    def _bet(self, first: int, legs: int, side: str, odds: float, stake: int, window_s: int) -> None:
        orders = []
        for number in range(first, first + legs):
            if number not in self.orders:
                self.orders[number] = self._order(number, legs, side, odds, stake, window_s)
            orders.append(self.orders[number])
        assert self.process is not None
        self.process.decide(orders)
        self.process.turn()

    def _order(self, number: int, legs: int, side: str, odds: float, stake: int, window_s: int) -> Order:
        key, now = self.key_of(number), self.clock.wall_ns()
        self.window_end[key] = self.clock.now + window_s * SECOND_NS
        backer = int(stake / (odds - 1.0)) if side == "lay" else 0
        worst = odds * 1.02 if side == "lay" else odds * 0.98
        return Order(
            key, number, 1 + number // 3, "1x2", None, ("home", "draw", "away")[number % 3], "paper", side, odds,
            worst, stake, backer, now, now + window_s * SECOND_NS, f"g{number}" if legs > 1 and number < 0 else "",
        )  # fmt: skip

    def _redecide(self, number: int) -> None:
        """The decision of an instant is made again, as after a restart in the midst of it."""
        order = self.orders.get(number)
        if order is not None and self.process is not None:
            again = replace(order, key=self.key_of(number))
            self.window_end[again.key] = self.window_end[order.key]
            self.process.decide([again])

    def _fault(self, name: str, times: int, seconds: int) -> None:
        until = self.clock.true_ns() + seconds * SECOND_NS if seconds else FOR_EVER
        self.truth.desk.inject(FAULTS[name], times, until)

    def _wait(self, seconds: float) -> None:
        """Time passes; the runner turns every few seconds, and when something is due."""
        end = self.clock.now + round(seconds * SECOND_NS)
        pace = max(2 * SECOND_NS, round(seconds * SECOND_NS) // 40)
        while self.clock.now < end:
            self.clock.now = min(end, self.clock.now + pace)
            assert self.process is not None
            self.process.turn()

    def _crash(self, point: str, nth: int, power: bool) -> None:
        def die() -> None:
            self.faults["F41" if power else "F36"] += 1
            if power:
                self._dead(power=True)
            raise Crash(point)

        self.armed.append([point, nth, die])

    def _die(self, power: bool) -> None:
        self.faults["F41" if power else "F36"] += 1
        self._dead(power=power)

    def _stop(self) -> None:
        assert self.process is not None
        self.process.ledger.close()
        self._dead()

    def _rival(self, point: str, clock_back: bool) -> None:
        """The holder is stopped beyond its lease; another runner takes over; then the holder goes on."""

        def stall() -> None:
            self.faults["F43"] += 1
            before = self.clock.now
            self.clock.sleep_ns(25 * SECOND_NS)
            self.starts += 1
            rival = self._start(f"runner-{self.starts}")
            rival.turn()
            if clock_back:
                self.clock.offset -= self.clock.now - before
            self.checks.taken_over()
            self.process = rival

        self.armed.append([point, 1, stall])

    def _disk(self, kind: str, nth: int) -> None:
        failure: Exception
        if kind.startswith("lost"):
            failure, name = Unfinished("connection lost"), "commit" if kind == "lost_before" else "committed"
            self.faults["F40"] += 1
        else:
            failure, name = LedgerFailure("the disk is full"), kind
            self.faults["F38"] += 1
        self.disk_armed.append([name, nth, failure])

    def _kill(self) -> None:
        self._control(Command.KILL)

    def _kill_at(self, point: str) -> None:
        def kill() -> None:
            self.faults["F45"] += 1
            self._control(Command.KILL)

        self.armed.append([point, 1, kill])

    def _control(self, command: Command, subject: str = "") -> None:
        """Another process appends a control row."""
        other = ChainedLedger(MemoryStore(self.disk), self.clock, LEDGER)
        other.control(command, subject=subject, person="ann", reason="a schedule")
        if not subject:
            self.kill_marks.append((len(self.disk.rows), command is Command.KILL))

    def _resume(self) -> None:
        """A person ends the kill switch and every breaker that waits for one."""
        assert self.process is not None
        self._control(Command.RESUME)
        for row in self.process.breakers.open():
            if row.human and row.breaker != "kill":
                self._control(Command.RESUME, row.breaker)
        self.process.take_controls()

    def _jump(self, seconds: int) -> None:
        self.faults["F44"] += 1
        self.clock.offset += seconds * SECOND_NS
        self.jumped_ns = self.clock.now

    def _jump_at(self, point: str, seconds: int) -> None:
        """The clock is set while the runner waits; the venue asks for a long wait, so that there is one."""

        def jump() -> None:
            self._jump(seconds)

        self._fault("rate_limit_long", 1, 0)
        self.armed.append([point, 1, jump])

    def _cancel_at(self, point: str, fault: str) -> None:
        """A bet is open at the venue and SENT here; it is cancelled there before its answer is written."""

        def cancel() -> None:
            for key, story in self.checks.stories.items():
                found = self.truth.bet(key)
                if story.state is Kind.SENT and found and found.outcome in (Outcome.PENDING, Outcome.PARTIAL):
                    with suppress(VenueFailure):
                        self.venue().cancel(key)
                        self.faults["cancel"] += 1

        self._fault(fault, 1, 0)
        self.armed.append([point, 1, cancel])

    def _proof_at(self, power: bool) -> None:
        """The process dies between two of the readings that prove an absence."""

        def die() -> None:
            if self.disk.rows[-1].entry.kind is not Kind.READ:
                self.armed.append(["reconcile.after_commit", 1, die])
                return
            self.faults["proof"] += 1
            self._dead(power=power)
            raise Crash("proof")

        self._fault("timeout_before", 1, 0)
        self.armed.append(["reconcile.after_commit", 1, die])

    def _heal(self) -> None:
        self.truth.heal_faults()

    def _settle(self, number: int, won: bool, cents: int) -> None:
        self.truth.settle(self.orders.get(number), won, cents)

    def _correct(self, number: int, won: bool, cents: int) -> None:
        self.truth.correct(self.orders.get(number), won, cents)

    def _postpone(self, number: int) -> None:
        """An event is played later: that of a bet, or that of the next one, which is moved or abandoned."""
        self.truth.postpone(self.orders.get(number))
        self._fault(POSTPONED[number % len(POSTPONED)], 1, 0)

    def _void(self, number: int) -> None:
        self.truth.void(self.orders.get(number))

    # -- the end ------------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        """Everything heals; then the ledger must be what the venue says, and a second look must add nothing."""
        if self.stopped is not None:
            self.checks.stopped(self.stopped)
            return
        self.armed.clear()
        self.disk_armed.clear()
        self.truth.heal()
        for act in (lambda: None, self._resume, lambda: self._wait(400), self._go_on, self._resolve):
            self._alive(act)
            self.checks.after_step()
        self.truth.end_all()
        for act in (lambda: self._wait(100), self._resolve, *[self._audit] * self.audits):
            self._alive(act)
            self.checks.after_step()
        if self.stopped is None:
            self.checks.at_the_end()
        else:
            self.checks.stopped(self.stopped)

    def _go_on(self) -> None:
        """Time for proofs that are not complete yet."""
        assert self.process is not None
        if self.process.journal.book.under_way():
            self._wait(400)

    def _audit(self) -> None:
        assert self.process is not None
        self.process.auditor.run()

    def _resolve(self) -> None:
        """A person looks into the account for bets whose time of proof is over."""
        assert self.process is not None
        book, until = self.process.journal.book, self.profile.proof_until_ns
        pending = [bet for bet in book.under_way() if bet.state is BetState.PENDING]
        refused = [bet for bet in pending if self.profile.proof is ProofClass.LISTS and not self.truth.bet(bet.key)]
        for bet in [*book.unknown(), *refused]:
            world_ns = max(self.clock.wall_ns(), book.latest_ns)  # the longer reading counts
            aged = max(self.clock.now - self.checks.first_sent_ns(bet.key), world_ns - bet.first_sent_ns)
            lists = self.profile.proof is ProofClass.LISTS and aged > self.profile.absence_wait_ns
            if not lists and (until is None or aged <= until):
                continue  # it must resolve by itself
            found = self.truth.bet(bet.key)
            if found is None or (found.outcome is Outcome.LAPSED and not found.matched_minor):
                found = Receipt(bet.key, "", Outcome.REJECTED)
            if found.outcome in (Outcome.PENDING, Outcome.PARTIAL):
                continue  # it goes on
            if found.matched_minor:  # the lists say what came of it
                found = replace(found, outcome=Outcome.PLACED, pnl_minor=None, version=0)
            self.faults["person"] += 1
            resolve(self.process.journal, self.profile.name, found, person="ann", reason="looked", at_ns=bet.at_ns)
