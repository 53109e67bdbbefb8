"""Breakers over a ledger of entries in memory, and bets to ask about."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.clock import SECOND_NS
from engine.live.breakers import Breakers, BreakerSettings, RiskState, Wanted
from engine.live.ledger.control import Command, Control
from engine.live.ledger.entries import Entry, Kind, Recorded, body_text
from tests.live.clock import MovedClock

#: of entries of a bet, as far as breakers read them
BODIES = {
    Kind.INTENDED: {
        "event_id": 1,
        "market": "1x2",
        "line": None,
        "selection": "home",
        "side": "back",
        "odds": 2.0,
        "edge_frac": 0.05,
    },
    Kind.PLACED: {"matched_minor": 100, "odds": 2.0},
    Kind.PARTIAL: {"matched_minor": 50, "odds": 2.0},
}


@dataclass
class Scene:
    """Breakers, and the entries that were written."""

    clock: MovedClock = field(default_factory=lambda: MovedClock(monotonic_ns=7 * SECOND_NS))
    settings: BreakerSettings = field(default_factory=BreakerSettings)
    mode: str = "paper"
    live_feed: bool = True
    written: list[Recorded] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.breakers = self.fresh()

    def fresh(self) -> Breakers:
        return Breakers(self.settings, self.clock, mode=self.mode, live_feed=self.live_feed)

    def restart(self) -> None:
        """A new process: everything in memory is gone, the entries are folded."""
        self.breakers = self.fresh()
        for recorded in self.written:
            self.breakers.apply(recorded)

    def write(self, *entries: Entry) -> None:
        for entry in entries:
            text = body_text(entry.body)
            assert entry.key not in {recorded.entry.key for recorded in self.written}
            recorded = Recorded(len(self.written) + 1, 1, self.clock.wall, entry, text, "", "")
            self.written.append(recorded)
            self.breakers.apply(recorded)

    def turn(self, risk: RiskState | None = None) -> list[Entry]:
        """One turn of the runner's loop."""
        entries = self.breakers.check(self.clock.wall, risk)
        self.write(*entries)
        return list(entries)

    def bet(self, key: str, *kinds: Kind) -> None:
        """Entries of one bet."""
        for kind in kinds:
            body = BODIES.get(kind, {})
            self.write(Entry(kind, f"{kind}:{key}:{len(self.written)}", self.clock.wall, intent=key, body=body))

    def person(self, subject: str = "", reason: str = "looked at it") -> tuple[Entry, ...]:
        """`bea resume`."""
        control = Control(1, self.clock.wall, Command.RESUME, subject, "ann", reason)
        entries = self.breakers.resume(control, self.clock.wall)
        self.write(*entries)
        return entries

    def wanted(self, **changes: object) -> Wanted:
        now = self.clock.wall
        base = Wanted(now, 1, "1x2", None, "home", "b365", "back", 2.0, now, venue="paper", source="feed")
        return base._replace(**changes)

    def reason(self, **changes: object) -> str:
        return self.breakers.reason(self.wanted(**changes))

    def state(self, name: str) -> str:
        return next(row.state for row in self.breakers.distances() if row.breaker == name)
