"""The runner: one loop from the feed to the ledger. Start-up is recovery; a stop finishes what is under way.

At most `RunnerSettings.poll_ms` pass between two looks at the control rows and the lease.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Protocol

from engine.clock import SECOND_NS
from engine.errors import KeyConflict, UsageError, check_above_zero
from engine.live.clock import Clock, WorldClock
from engine.live.crash_points import Probe, no_probe
from engine.live.feed import Feed, FeedFailure, Gap, Mark, Message
from engine.live.feeds.market import Market
from engine.live.ledger.control import Command, Control
from engine.live.ledger.entries import Entry, Kind
from engine.live.ledger.ledger import Ledger
from engine.live.running.day import Day, Room
from engine.live.running.winding import WIND_DOWN
from engine.logs.setup import logger

_LOG = logger(__name__)
_MS_NS = 1_000_000
#: a feed that fails is left alone for one `RunnerSettings.poll_ms`, then for twice as long, so many times
_DOUBLINGS: Final = 6


@dataclass(frozen=True)
class RunnerSettings:
    """The keys of ``conf/live/runner.yaml``.

    Attributes
    ----------
    poll_ms : int
        Longest wait for the feed before control rows and the lease are looked at.
    renew_every_ms : int
        How often the lease is renewed; appends renew it too. Well below the ledger's lease_ttl_ms.
    window_s : int
        From a decision to the last instant at which its order may be sent.
    resolve_most_s : int
        At the end of a feed, bets without a definite answer are asked about for so long, on the clock of the world.
    view_every_ms : int
        The view is drawn at most so often.
    """

    poll_ms: int = 500
    renew_every_ms: int = 5_000
    window_s: int = 60
    resolve_most_s: int = 3600
    view_every_ms: int = 250

    def __post_init__(self) -> None:
        check_above_zero("runner", asdict(self))


class Resolver(Protocol):
    """Finds out what became of bets without a definite answer."""

    def recover(self) -> None:
        """At start: what an earlier process left under way."""
        ...

    def step(self) -> None:
        """Ask the venue about whatever is due."""
        ...

    def pending(self) -> bool:
        """Whether there is a bet of which the venue still has something to say."""
        ...


@dataclass(frozen=True)
class World:
    """Where the runner gets its messages and its time.

    Attributes
    ----------
    feed : Feed
    market : Market
    clock : Clock
        Of the world: a `WorldClock` in a replay, the machine's on a live feed.
    machine : Clock
        Of the machine: leases, latency, speed.
    speed : float
        Of a replay, instants of the world for one of the machine; 0: as fast as it goes.
    listeners : tuple of callable
        Called with every message, before the market: the recording, the prices of the paper venue, breakers.
    """

    feed: Feed
    market: Market
    clock: Clock
    machine: Clock
    speed: float = 0.0
    listeners: tuple[Callable[[Message], None], ...] = ()


@dataclass(frozen=True)
class Beginning:
    """What a start needs once.

    Attributes
    ----------
    deposits : tuple of Entry
        Of a new ledger.
    facts : mapping
        What the STARTED entry holds: versions, settings.
    on_loaded : callable
        Called when the entries of earlier processes are folded: what follows is new.
    """

    deposits: tuple[Entry, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    on_loaded: Callable[[], None] = lambda: None


class Runner:
    """Trades one promotion.

    Parameters
    ----------
    world : World
    room : Room
    resolver : Resolver
    settings : RunnerSettings
    beginning : Beginning
    probe : Probe
    """

    def __init__(
        self,
        world: World,
        room: Room,
        resolver: Resolver,
        settings: RunnerSettings,
        beginning: Beginning = Beginning(),
        probe: Probe = no_probe,
    ) -> None:
        self._world, self._room, self._resolver, self._settings = world, room, resolver, settings
        self._beginning, self._probe = beginning, probe
        #: called after each turn of the loop: the view
        self.on_turn: Callable[[], None] = lambda: None
        #: asked before each turn: why there is nothing left to do, or nothing
        self.is_over: Callable[[], str] = lambda: ""
        #: what the STOPPED entry holds beside the reason and the latency
        self.last_facts: Callable[[], Mapping[str, Any]] = dict
        #: what is kept beside the lease at each renewal: what only a living runner knows
        self.pulse: Callable[[], str] = lambda: ""
        self._stop = ""
        self._paced: tuple[int, int] | None = None
        self._failures, self._again_ns = 0, 0  # of the feed, in a row, and when it is asked again
        self._beaten_ns = world.machine.monotonic_ns()
        #: when the feed last said something, by the machine's clock
        self.heard_ns = 0

    @property
    def machine(self) -> Clock:
        """The clock of the machine."""
        return self._world.machine

    @property
    def _ledger(self) -> Ledger:
        return self._room.journal.ledger

    def stop(self, reason: str) -> None:
        """End after what is under way; may be called from a signal handler, and more than once."""
        self._stop = self._stop or reason

    def run(self) -> str:
        """Recover, then trade until the feed ends or somebody stops it; returns why it ended.

        Raises
        ------
        LedgerError
            The process must end. Nothing is lost: the next start recovers.
        """
        day = self._start()
        while not self._stop:
            self._obey()
            self._stop = self._stop or self.is_over()
            if self._stop:
                break
            messages = self._poll()
            if messages is None:
                self.stop("the feed has ended")
                self._end(day)
                break
            for message in messages:
                self._take(message, day)
            self._turn(day)
        self._finish()
        return self._stop

    def _start(self) -> Day:
        room, clock, feed = self._room, self._world.clock, self._world.feed
        room.journal.load()
        if room.progress.heard_the_world and not feed.is_live and WIND_DOWN not in self._beginning.facts:
            raise UsageError(
                "this ledger was traded on a live feed: a replay would trade the past into it",
                where=f"feed {feed.name}", expected="a live feed", found="a replay",
                todo="trade the replay under a promotion of its own",
            )  # fmt: skip
        self._beginning.on_loaded()
        if isinstance(clock, WorldClock) and not feed.is_live:
            clock.reach(max(0, room.account.instant_ns))
        body = {"feed": feed.name, "is_live": feed.is_live, **self._beginning.facts}
        started = Entry(Kind.STARTED, f"started:{self._ledger.epoch}", clock.wall_ns(), body=body)
        room.journal.write([*(() if room.progress.started else self._beginning.deposits), started])
        for control in self._ledger.controls(room.progress.control):
            if control.command is Command.STOP:  # it was for a runner that has ended
                self._acknowledge(control, "no runner was there")
        self._resolver.recover()
        _LOG.info("started", epoch=self._ledger.epoch, feed=feed.name, entries=room.journal.book.last_number)
        return Day(room, room.account.instant_ns, self._probe)

    def _poll(self) -> Iterable[Message] | None:
        """The next messages; an empty sequence where the source does not answer or is not asked."""
        feed, timeout_ns = self._world.feed, self._settings.poll_ms * _MS_NS
        service, clock = self._room.breakers.service("source", feed.name), self._world.clock
        if not service.allows():
            for_a_person = service.distance().human
            (self._world.machine if for_a_person else clock).sleep_ns(timeout_ns)
            return ()
        if clock.monotonic_ns() < self._again_ns:
            clock.sleep_ns(timeout_ns)
            return ()
        service.asked()
        try:
            messages = feed.poll(timeout_ns)
        except FeedFailure as failure:
            service.failed(_cause(failure))
            wait_ns = timeout_ns << min(self._failures, _DOUBLINGS)
            self._failures, self._again_ns = self._failures + 1, clock.monotonic_ns() + wait_ns
            _LOG.warning("the feed failed", cause=str(failure), again_in_s=wait_ns / SECOND_NS)
            clock.sleep_ns(timeout_ns)
            return ()
        self._failures = 0
        if messages is None or not all(isinstance(message, Mark | Gap) for message in messages):
            service.answered()  # marks and gaps are what a feed says while its source is silent
        return messages

    def _take(self, message: Message, day: Day) -> None:
        world = self._world
        self.heard_ns = world.machine.wall_ns()
        for listener in world.listeners:
            listener(message)
        if refusal := world.market.receive(message):
            _LOG.debug("message refused", reason=refusal)
        if refusal or not isinstance(message, Mark):
            return
        self._pace(message.known_at_ns)
        self._room.meter.begin()
        for moment in world.market.advance(message.known_at_ns):
            if isinstance(world.clock, WorldClock) and not world.feed.is_live:
                world.clock.reach(max(moment.instant_ns, self._room.account.instant_ns))
            day.go_through(moment)
            self._room.meter.begin()

    def _turn(self, day: Day) -> None:
        """Between two messages: answers that are due, breakers, the lease, the view."""
        self._resolver.step()
        day.settle(self._now(), self._room.settler.waiting())
        feed = self._world.feed
        if feed.is_live or self._room.breakers.service("source", feed.name).state != "closed":
            day.watch(self._now())
        self._beat()
        self.on_turn()

    def _now(self) -> int:
        """Now, on the clock of the world, never before an instant that is on record."""
        return max(self._world.clock.wall_ns(), self._room.account.instant_ns)

    def _beat(self) -> None:
        now_ns = self._world.machine.monotonic_ns()
        if now_ns - self._beaten_ns >= self._settings.renew_every_ms * _MS_NS:
            self._ledger.renew(self.pulse())
            self._beaten_ns = now_ns

    def _pace(self, instant_ns: int) -> None:
        """Wait until a replay at a finite speed has come to an instant; a stop ends the wait."""
        world = self._world
        if not world.speed:
            return
        now_ns = world.machine.monotonic_ns()
        if self._paced is None:
            self._paced = instant_ns, now_ns
        first_ns, began_ns = self._paced
        due_ns = began_ns + int((instant_ns - first_ns) / world.speed)
        while (left_ns := due_ns - world.machine.monotonic_ns()) > 0 and not self._stop:
            world.machine.sleep_ns(min(left_ns, self._settings.poll_ms * _MS_NS))
            self._obey()
            self._beat()
            self.on_turn()

    def _obey(self) -> None:
        """Take the control rows of other processes into the ledger, each once."""
        for control in self._ledger.controls(self._room.progress.control):
            _LOG.warning("control", command=control.command.value, subject=control.subject, person=control.person)
            if control.command is Command.KILL:
                body = _body(control) | {"breaker": "kill"}
                self._room.journal.write([Entry(Kind.KILLED, f"killed:{control.number}", self._now(), body=body)])
                continue
            if control.command is Command.STOP:
                self.stop(f"{control.person}: {control.reason}")
            entries = self._room.breakers.resume(control, self._now())
            self._acknowledge(control, "" if entries or control.command is not Command.RESUME else "nothing to resume",
                              entries)  # fmt: skip

    def _acknowledge(self, control: Control, note: str, entries: Iterable[Entry] = ()) -> None:
        body = _body(control) | ({"note": note} if note else {})
        entry = Entry(Kind.ACKNOWLEDGED, f"acknowledged:{control.number}", self._now(), body=body)
        self._room.journal.write([*entries, entry])

    def _end(self, day: Day) -> None:
        """The feed has ended: ask about bets without an answer for a while, and settle what is known."""
        clock, until_ns = self._world.clock, self._now() + self._settings.resolve_most_s * SECOND_NS
        while self._resolver.pending() and self._now() < until_ns:
            clock.sleep_ns(SECOND_NS)
            self._resolver.step()
            self._beat()
        day.settle(self._now(), self._room.settler.waiting())

    def _finish(self) -> None:
        latency = self._room.meter.latency()
        body: dict[str, Any] = {"reason": self._stop, **self.last_facts()}
        if latency.n:
            body["latency"] = asdict(latency)
        key = f"stopped:{self._ledger.epoch}"
        try:
            self._room.journal.write([Entry(Kind.STOPPED, key, self._now(), body=body)])
        except KeyConflict:
            _LOG.warning("stopped twice under one lease")
        _LOG.info("stopped", reason=self._stop)
        self.on_turn()


def _cause(failure: FeedFailure) -> str:
    """The first word of a failure, if it is a plain one: a cause comes into the ledger, other text does not."""
    word = str(failure).partition(" ")[0]
    return word if re.fullmatch(r"[a-z][a-z0-9_]{0,31}", word) else "failure"


def _body(control: Control) -> dict[str, Any]:
    return {
        "control": control.number,
        "command": control.command.value,
        "subject": control.subject,
        "person": control.person,
        "reason": control.reason,
    }
