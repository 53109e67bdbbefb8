"""The thread that looks at the ledgers; whoever answers a request reads its last snapshot and never waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from engine.clock import SECOND_NS
from engine.errors import BeaError, LedgerError, PromotionError
from engine.live.alerts.tally import Count
from engine.live.clock import Clock
from engine.live.ledger.control import Command, Control
from engine.live.ledger.opening import ledger_names
from engine.live.ledger.settings import LedgerSettings
from engine.live.running.pulse import Pulse
from engine.live.running.status import Status
from engine.live.running.watch import Watch
from engine.logs.setup import logger
from engine.promotion import load
from research.monitor.chronicle import AlertLine, Chronicle, DaySums, Interval, Point, SettledLine, SignOff

_LOG: Final = logger(__name__)
_MS_NS: Final = 1_000_000
#: how often it is asked which ledgers there are
_NAMES_NS: Final = 10 * SECOND_NS


@dataclass(frozen=True)
class Snapshot:
    """One ledger as it was at one look. Nothing in it changes.

    Attributes
    ----------
    name : str
    version : int
        One more with each snapshot that differs.
    read_ns : int
        When the ledger was last read, by the machine's clock.
    status : Status
    pulse_ns, heard_ns : int
        When its runner last gave a pulse, and when its feed last said something; 0: never.
    failed : str
        Why it cannot be read now; empty: it can.
    zone : str
    days : tuple of (str, DaySums)
        By date, oldest first.
    alerts : tuple of AlertLine
        Newest first.
    raised : mapping of str to Count
        Alerts by name: of all entries, and of the last pulse.
    told : mapping of str to Count
        Alerts by name that the running process told and that are no entries: alarms of the executor, and warnings.
    settled : tuple of SettledLine
        Newest first.
    signed : mapping of str to SignOff
        By date.
    equity : tuple of Point
    drawdown_most : tuple of (float or None)
        Of each point of `equity`: the largest drawdown that the promotion's band allows by then; empty: it has no band.
    clv : Interval
    unread : tuple of Control
        Rows that no runner has taken in yet.
    """

    name: str
    version: int = 0
    read_ns: int = 0
    status: Status = field(default_factory=Status)
    pulse_ns: int = 0
    heard_ns: int = 0
    failed: str = ""
    zone: str = "UTC"
    days: tuple[tuple[str, DaySums], ...] = ()
    alerts: tuple[AlertLine, ...] = ()
    raised: dict[str, Count] = field(default_factory=dict)
    told: dict[str, Count] = field(default_factory=dict)
    settled: tuple[SettledLine, ...] = ()
    signed: dict[str, SignOff] = field(default_factory=dict)
    equity: tuple[Point, ...] = ()
    drawdown_most: tuple[float | None, ...] = ()
    clv: Interval = field(default_factory=Interval)
    unread: tuple[Control, ...] = ()


class _Look:
    """One ledger: its watch while it is open, and its last snapshot."""

    def __init__(self, name: str, settings: LedgerSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._watch: Watch | None = None
        self._chronicle = Chronicle()
        self._gates: tuple[str, ...] = ()
        self._band: tuple[float | None, ...] = ()
        self.snapshot = Snapshot(name)

    def take(self) -> None:
        """Look; what goes wrong is told in the snapshot, and the next look begins anew."""
        name = self.snapshot.name
        try:
            if self._watch is None:
                self._chronicle, self._gates, self._band = Chronicle(), *_promised(name)
                self._watch = Watch(name, self._settings, self._clock, (self._chronicle,))
            changed = self._watch.refresh()
            if self._watch.is_another():
                self.close()
                return
        except LedgerError as error:
            if self.snapshot.failed != error.line():
                _LOG.warning("ledger_unreadable", ledger=name, cause=error.line())
                self.snapshot = replace(self.snapshot, failed=error.line(), version=self.snapshot.version + 1)
            self.close()
            return
        status = self._watch.status(self._gates) if changed or self._dies() else None
        now_ns = self._clock.wall_ns()
        if status is None and not self.snapshot.failed:
            self.snapshot = replace(self.snapshot, read_ns=now_ns)
            return
        self.snapshot = self._taken(status or self._watch.status(self._gates), now_ns)

    def _dies(self) -> bool:
        """Whether a runner that counted as alive has not renewed its lease: that changes without an entry."""
        assert self._watch is not None
        return self.snapshot.status.runner == "running" and self._watch.has_lapsed()

    def _taken(self, status: Status, now_ns: int) -> Snapshot:
        assert self._watch is not None
        told, watch = self._chronicle, self._watch
        entered = told.tally.counts()
        for row in watch.unread:
            if row.command is Command.ACKNOWLEDGE:
                told.acknowledge(row.subject, row.person, row.reason, row.wall_ns)
        return Snapshot(
            name=self.snapshot.name, version=self.snapshot.version + 1, read_ns=now_ns, status=status,
            pulse_ns=watch.pulse.wall_ns, heard_ns=watch.pulse.heard_ns, zone=told.zone,
            days=tuple((day.isoformat(), _copy(sums)) for day, sums in told.days.items()),
            alerts=tuple(reversed(told.alerts.values())), raised=_raised(entered, watch.pulse),
            told={name: n for name, n in watch.pulse.raised.items() if name not in entered and n.n},
            settled=tuple(reversed(told.settled)),
            signed={day.isoformat(): signed for day, signed in told.signed.items()},
            equity=tuple(told.equity), clv=told.clv, unread=watch.unread,
            drawdown_most=_drawdown_most(self._band, (point.day for point in told.equity)),
        )  # fmt: skip

    def close(self) -> None:
        """Close the connection; the snapshot stays."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None


class Watcher:
    """Looks at all ledgers, or at the ones that are named, in a thread of its own.

    Parameters
    ----------
    settings : LedgerSettings
    clock : Clock
        Of the machine.
    poll_ms : int
    names : sequence of str
        Empty: all that there are.
    on_death : callable
        Told the name of a ledger whose runner is found dead, and since when.
    """

    def __init__(
        self,
        settings: LedgerSettings,
        clock: Clock,
        poll_ms: int,
        names: Sequence[str] = (),
        *,
        on_death: Callable[[str, int], None] = lambda name, since_ns: None,
    ) -> None:
        self._settings, self._clock, self._poll_ns = settings, clock, poll_ms * _MS_NS
        self._only, self._on_death = tuple(names), on_death
        self._looks: dict[str, _Look] = {}
        self._asked_ns = -_NAMES_NS
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        #: why the ledgers cannot be listed; empty: they can
        self.failed = ""
        #: number of rounds that have ended
        self.rounds = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread and close all connections."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        for one in self._looks.values():
            one.close()

    def snapshots(self) -> dict[str, Snapshot]:
        """The last snapshot of each ledger, by name."""
        return {name: one.snapshot for name, one in sorted(self._looks.copy().items())}

    def look(self) -> None:
        """One round over all ledgers."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._asked_ns >= _NAMES_NS:
            self._asked_ns = now_ns
            self._list()
        for one in self._looks.values():
            was = one.snapshot.status.runner
            one.take()
            status = one.snapshot.status
            if status.runner == "dead" != was:
                self._on_death(one.snapshot.name, status.since_ns)
        self.rounds += 1

    def _list(self) -> None:
        try:
            names = self._only or ledger_names(self._settings)
        except BeaError as error:
            self.failed = error.line()
            return
        self.failed = ""
        looks = {name: self._looks.get(name) or _Look(name, self._settings, self._clock) for name in names}
        for name, one in self._looks.items():
            if name not in looks:
                one.close()
        self._looks = looks

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except Exception:  # the thread must not end: the page says how old its numbers are
                _LOG.exception("watcher_failed")
            self._stop.wait(self._poll_ns / 1e9)


def _raised(entered: Mapping[str, Count], pulse: Pulse) -> dict[str, Count]:
    """Those that are entries, since the ledger began; of the others only the pulse of the runner knows."""
    found = dict(entered)
    for name, count in pulse.raised.items():
        before = found.get(name, Count(0, 0))
        found[name] = Count(max(before.n, count.n), max(before.wall_ns, count.wall_ns))
    return found


def _copy(sums: DaySums) -> DaySums:
    return replace(sums, reasons=sums.reasons.copy())


def _promised(name: str) -> tuple[tuple[str, ...], tuple[float | None, ...]]:
    """Gates that a person opened, and the upper end of the band of drawdown by day; nothing without the promotion."""
    try:
        found = load(name)
    except PromotionError:
        return (), ()
    band = found.bands.get("measures", {}).get("drawdown", {})
    return tuple(f"{gate}: {reason}" for gate, reason in found.acknowledged.items()), tuple(band.get("upper", ()))


def _drawdown_most(band: Sequence[float | None], days: Iterable[int]) -> tuple[float | None, ...]:
    """The end of a band on days of a promotion; after its last day there is none."""
    if not band:
        return ()
    return tuple(band[max(day, 1) - 1] if day <= len(band) else None for day in days)
