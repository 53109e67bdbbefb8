"""Prices and results of Pinnacle as a feed: a reading of what changed every two minutes, known when it was received.

What a period offers no more, or cannot be bet on, becomes stale; so does every price after a failure, until the next
whole reading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.clock import DAY_NS, SECOND_NS
from engine.live.adapters.pinnacle.events import Events
from engine.live.adapters.pinnacle.fixtures import DELETED, Fixtures, Match
from engine.live.adapters.pinnacle.kept import Kept, KeptEvents
from engine.live.adapters.pinnacle.lines import Lines
from engine.live.adapters.pinnacle.prices import Price
from engine.live.adapters.registry import Coverage
from engine.live.clock import Clock
from engine.live.feed import FeedFailure, Fixture, Gap, Mark, Message, Quote, Result
from engine.live.linking.contract import Theirs
from engine.live.venue import ReadFailed
from engine.schema import IN_PLAY, SNAPSHOT

NAME: Final = "pinnacle"
#: a price that stands is said again after so long: a reading that does not name it confirms it
RESTATE_NS: Final = 300 * SECOND_NS
_NEVER: Final = 2**63 - 1
Series = tuple[str, float | None, str]


@dataclass
class _Told:
    """What was last said of a period."""

    source: Mapping[Theirs, Price]
    event_id: int
    quotes: dict[Series, Quote]
    cutoff_ns: int


class PinnacleFeed:
    """The feed.

    Parameters
    ----------
    lines : Lines
        Those that the venue of the process reads too.
    fixtures : Fixtures
    keep : KeptEvents
        What was told before.
    coverage : Coverage
    clock : Clock

    Attributes
    ----------
    passed_over : Counter
        Events, prices and results that were not taken, by reason.
    """

    is_live = True
    name = NAME

    def __init__(
        self, lines: Lines, fixtures: Fixtures, keep: KeptEvents, coverage: Coverage, clock: Clock
    ) -> None:  # fmt: skip
        self._lines, self._fixtures, self._keep, self._clock = lines, fixtures, keep, clock
        self._events = Events(coverage)
        self._kept = keep.load()
        fixtures.restore(self._kept.matches, self._kept.ended, self._kept.settled_since)
        self._events.names.update(self._kept.names)
        self._passed_over: Counter[str] = Counter()
        self._rows: dict[int, dict[str, Any]] = {}  # by id of Pinnacle
        self._of_event: dict[int, int] = {}  # the id of Pinnacle that speaks for one of our events
        self._told: dict[tuple[str, int], _Told] = {}
        self._results: dict[int, tuple[Any, ...]] = {}
        self._versions: Counter[int] = Counter()
        self._counted: set[tuple[int, str]] = set()
        self._readings = self._marked_ns = self._restated_ns = 0
        self._is_moved = False
        self._failure: FeedFailure | None = None

    @property
    def passed_over(self) -> Counter[str]:
        """As in the list of attributes."""
        return self._passed_over + self._lines.passed_over + self._fixtures.passed_over

    def poll(self, timeout_ns: int) -> Sequence[Message]:
        """The messages of the next reading; after `timeout_ns` without one, a `Mark`. It never ends.

        Raises
        ------
        FeedFailure
            Pinnacle did not answer. The poll before it gave the `Gap`.
        """
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if self._lines.readings == self._readings and (wait_ns := self._lines.wait_ns()):
            self._clock.sleep_ns(min(timeout_ns, wait_ns))
        if self._lines.readings == self._readings and self._lines.wait_ns():
            now = self._clock.wall_ns()
            messages = self._closed(now)
            return [*messages, Mark(self._mark(now))]
        return self._read()

    def _read(self) -> list[Message]:
        """What a reading says: one of ours, or one that the venue made."""
        try:
            if self._lines.readings == self._readings:
                self._lines.refresh()
            elif self._lines.failure is not None:
                raise self._lines.failure
            self._fixtures.read()
            self._fixtures.read_ended()
        except ReadFailed as failure:
            self._failure = FeedFailure(failure.cause)
        self._readings = self._lines.readings
        at = max(self._clock.wall_ns(), self._marked_ns + 1)
        if self._failure is not None:
            self._told = {}
            return [Gap(at, NAME), Mark(self._mark(at))]
        messages = [*self._announced(at), *self._priced(at), *self._ended(at)]
        return [*messages, *self._closed(at), Mark(self._mark(at))]

    def _mark(self, at_ns: int) -> int:
        self._marked_ns = max(at_ns, self._marked_ns + 1)
        return self._marked_ns

    # -- events -------------------------------------------------------------------------------------------------------

    def _announced(self, at: int) -> list[Message]:
        """Events that are new, or not what they were."""
        wanted, ended = [], self._fixtures.ended
        for match in self._fixtures.matches.values():
            gone = (match.number, 0) in ended and ended[match.number, 0].status in DELETED
            if reason := "a deleted event" if gone else self._events.unfit(match):
                self._count(match.number, reason)
            else:
                wanted.append(match)
        before, self._rows = self._rows, self._events.rows(wanted)
        speaks = dict[int, int]()
        for number, row in self._rows.items():  # of two events that are one the later id counts
            speaks[row["event_id"]] = max(number, speaks.get(row["event_id"], 0))
        self._is_moved = any(speaks.get(event_id) != number for event_id, number in self._of_event.items())
        self._of_event = speaks
        self._remember()
        return [Fixture(at, row) for number, row in self._rows.items() if before.get(number) != row]

    def _remember(self) -> None:
        """Keep what is new of events that were told, here or in an earlier program, before it is told."""
        names, since = self._events.names, self._fixtures.settled_since
        matches = {number: match for number, match in self._fixtures.matches.items() if number in names}
        ended = {name: one for name, one in self._fixtures.ended.items() if name[0] in matches}
        if (matches, ended) != (self._kept.matches, self._kept.ended):
            self._kept = Kept(matches, {number: names[number] for number in matches}, ended, since)
            self._keep.save(self._kept)

    def _match(self, name: str) -> Match | None:
        """The event before the match that a line belongs to, where it is one of ours."""
        match = self._fixtures.matches.get(int(name))
        if match is not None and match.is_live:
            parent = None if match.parent is None else self._fixtures.matches.get(match.parent)
            # corners and the like are live events of the same parent in a league of their own
            match = parent if parent is not None and (parent.league, "") == (match.league, match.unit) else None
        return match if match is not None and self._speaks(match.number) else None

    def _speaks(self, number: int) -> bool:
        return number in self._rows and self._of_event[self._rows[number]["event_id"]] == number

    # -- prices -------------------------------------------------------------------------------------------------------

    def _priced(self, at: int) -> list[Quote]:
        """Prices that are new, that changed, or that are said again; and those that are there no more."""
        found, periods = list[Quote](), self._lines.periods
        restates = self._is_moved or at - self._restated_ns >= RESTATE_NS
        self._restated_ns = at if restates else self._restated_ns
        for name, prices in periods.items():
            told = self._told.get(name)
            if told is not None and told.source is prices and not restates:
                continue
            match = self._match(name[0])
            if match is None:
                found += self._withdrawn(name, at)
                continue
            quotes = self._quotes(match, int(name[0]) != match.number, prices, at)
            held = {} if told is None else told.quotes
            found += [quote for series, quote in quotes.items() if restates or not _same(held.get(series), quote)]
            found += [replace(old, known_at_ns=at, stale=True) for series, old in held.items() if series not in quotes]
            cutoff_ns = min((price.cutoff_ns for price in prices.values()), default=_NEVER)
            self._told[name] = _Told(prices, self._rows[match.number]["event_id"], quotes, cutoff_ns)
        for name in [name for name in self._told if name not in periods]:
            found += self._withdrawn(name, at)
        fresh = {_series(quote) for quote in found if not quote.stale}
        return [quote for quote in found if not quote.stale or _series(quote) not in fresh]

    def _quotes(self, match: Match, is_live: bool, prices: Mapping[Theirs, Price], at: int) -> dict[Series, Quote]:
        """The prices of a period that can be bet at."""
        teams = self._lines.teams(match.league)
        if teams is None:
            return {}
        event_id, found = self._rows[match.number]["event_id"], dict[Series, Quote]()
        for theirs, ours in self._events.selections(match, prices, teams).items():
            price = prices[theirs]
            if price.cutoff_ns > at:
                size = None if price.most_minor is None else float(price.most_minor)
                kind = IN_PLAY if is_live else SNAPSHOT
                found[ours] = Quote(at, event_id, *ours, NAME, "back", price.odds, size, kind)
        return found

    def _withdrawn(self, name: tuple[str, int], at: int) -> list[Quote]:
        told = self._told.pop(name, None)
        return [] if told is None else [replace(one, known_at_ns=at, stale=True) for one in told.quotes.values()]

    def _closed(self, now: int) -> list[Message]:
        """Prices whose cut-off has passed."""
        at, found = max(now, self._marked_ns + 1), list[Message]()
        for told in self._told.values():
            if told.cutoff_ns <= now and told.quotes:
                found += [replace(quote, known_at_ns=at, stale=True) for quote in told.quotes.values()]
                told.quotes = {}
        return found

    # -- results ------------------------------------------------------------------------------------------------------

    def _ended(self, at: int) -> list[Message]:
        """Results that are new or corrected, of events whose match period is settled."""
        found = list[Message]()
        for (number, period), ended in self._fixtures.ended.items():
            match = self._fixtures.matches.get(number)
            if period != 0 or match is None or not self._speaks(number):
                continue
            row, teams = self._rows[number], self._lines.teams(match.league)
            if teams is None:
                self._count(number, "a result of a league whose home team is not known")
                continue
            periods = {0: ended}
            if (half := self._fixtures.ended.get((number, 1))) is not None:
                periods[1] = half
            values = self._events.ended(row, self._events.sides(match, teams), periods, at)
            if isinstance(values, str):
                self._count(number, values)
                continue
            rulings = self._events.rulings(periods)
            said = *(values[name] for name in _SAID), rulings
            if self._results.get(number) != said:
                self._results[number] = said
                self._versions[number] += 1
                found.append(Result(at, values, self._versions[number], rulings))
        for number in self._rows:  # missed, or Pinnacle has none
            if self._fixtures.matches[number].starts_ns < at - DAY_NS and (number, 0) not in self._fixtures.ended:
                self._count(number, "an event without a result a day after its start")
        return found

    def _count(self, number: int, reason: str) -> None:
        """Count something of an event once."""
        self._passed_over[reason] += (number, reason) not in self._counted
        self._counted.add((number, reason))


_SAID: Final = ("status", "home_score", "away_score", "home_first_half", "away_first_half")


def _series(quote: Quote) -> tuple[int, str, float | None, str, str]:
    return quote.event_id, quote.market, quote.line, quote.selection, quote.kind


def _same(held: Quote | None, quote: Quote) -> bool:
    return held is not None and replace(held, known_at_ns=quote.known_at_ns) == quote
