"""A feed from a file to which another program, such as a scraper, appends one JSON object a line.

    {"home": "Ajax", "away": "PSV", "starts": "2030-11-30T15:00:00Z", "market": "totals", "line": 2.5,
     "prices": {"max": {"over": 2.1, "under": 1.9}}}
    {"home": "Ajax", "away": "PSV", "starts": "2030-11-30T15:00:00Z", "score": [2, 1]}
    {"end": true}

Without ``market`` it is that of the settings, without ``line`` there is none. Each line is known when it is read. One
that cannot be read is a failure of the feed, once and with its number; the next poll goes on behind it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from engine.clock import SECOND_NS, instant_ns
from engine.identity import event_ids
from engine.live.adapters.registry import Around, Coverage
from engine.live.clock import Clock
from engine.live.feed import Feed, FeedFailure, Fixture, Mark, Message, Quote, Result
from engine.schema import EVENTS
from engine.source.aliases import load_aliases


@dataclass(frozen=True)
class Settings:
    """The keys of ``live/lines.yaml``, or words such as ``lines.file=odds.jsonl``."""

    file: str = "odds.jsonl"
    market: str = "1x2"
    competition: str = "SIM1"
    season: str = "2026-2027"


def open_feed(settings: Settings, coverage: Coverage, around: Around) -> Feed:
    """What `bea paper NAME --feed lines` calls."""
    path = around.folder / settings.file
    return Lines(path, settings, coverage.sport, around.clock)


@dataclass
class Lines:
    """The feed."""

    path: Path
    settings: Settings
    sport: str
    clock: Clock
    name: str = "lines"
    is_live: bool = True
    _offset: int = 0
    _number: int = 0
    _marked_ns: int = 0
    _events: dict[int, dict[str, Any]] = field(default_factory=dict)
    _versions: dict[int, int] = field(default_factory=dict)
    _has_ended: bool = False

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        """The messages of the next line, and a mark; where there is no whole line, it waits first."""
        if self._has_ended:
            return None
        line = self._next_line()
        if not line:
            self.clock.sleep_ns(timeout_ns)
        now_ns = max(self.clock.wall_ns(), self._marked_ns + 1)
        try:
            content = json.loads(line) if line else {}
            self._has_ended = content == {"end": True}
            messages = list(self._messages(content, now_ns)) if line and not self._has_ended else []
        except (ValueError, KeyError, TypeError, AttributeError):
            raise FeedFailure(f"bad_line number {self._number} of {self.path}") from None
        self._marked_ns = now_ns
        return [*messages, Mark(now_ns)]

    def _next_line(self) -> bytes:
        """The next line; empty where there is none, or it is not written to its end yet."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                line = file.readline()
        except OSError:
            raise FeedFailure(f"unreadable {self.path}") from None
        if not line.endswith(b"\n"):
            return b""
        self._offset, self._number = self._offset + len(line), self._number + 1
        return line

    def _messages(self, line: Mapping[str, Any], now_ns: int) -> Iterator[Message]:
        event = self._event(line)
        event_id = event["event_id"]
        if self._events.get(event_id) != event:  # new, or its start has moved
            self._events[event_id] = event
            yield Fixture(now_ns, event)
        market, points = str(line.get("market", self.settings.market)), line.get("line")
        points = None if points is None else float(points)
        for bookmaker, odds in line.get("prices", {}).items():
            for selection, number in odds.items():
                yield Quote(now_ns, event_id, market, points, selection, bookmaker, "back", float(number))
        if "score" in line:
            home, away = map(int, line["score"])
            self._versions[event_id] = self._versions.get(event_id, 0) + 1
            known = {
                "home_score": home,
                "away_score": away,
                "settled_at": datetime.fromtimestamp(now_ns / SECOND_NS, UTC),
            }
            ended = event | known | {"status": "played", "settled_at_basis": "recorded"}
            yield Result(now_ns, ended, self._versions[event_id])

    def _event(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """The columns of an event. Its id is that of the store: names in the spelling of the tables of aliases."""
        aliases, competition = load_aliases(self.sport), str(line.get("competition", self.settings.competition))
        starts = datetime.fromisoformat(line["starts"])
        instant_ns(starts)  # a start without a zone is refused
        event = dict.fromkeys(EVENTS) | {
            "sport": self.sport, "competition": competition, "season": self.settings.season, "date": starts.date(),
            "home": aliases.resolve(line["home"], competition), "away": aliases.resolve(line["away"], competition),
            "neutral": False, "starts_at": starts, "starts_at_basis": "recorded", "status": "scheduled",
            "source": self.name,
        }  # fmt: skip
        columns = ("sport", "competition", "date", "home", "away")
        return event | {"event_id": int(event_ids(pl.DataFrame([{name: event[name] for name in columns}]))[0])}
