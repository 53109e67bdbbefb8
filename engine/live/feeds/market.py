"""The market of a runner: quotes in force from one message at a time, and the view of the decisions that are due.

Messages wait until the `Mark` that says all of their instant were given. Then the instants are gone through in order:
those of messages, of decisions before a start, and midnights. At each one the view has exactly the columns, rows and
order that `engine.asof.view.build_view` gives for the whole history.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from engine.asof.features import Follower
from engine.asof.view import VIEW, ahead_ns
from engine.clock import midnights
from engine.live.feed import Fixture, Gap, Mark, Message, Quote, Result
from engine.live.feeds.sieve import refusal_of
from engine.live.judgement.offers import Offer
from engine.live.judgement.positions import Question, line_of
from engine.schema import IN_PLAY, INSTANT_DTYPE, OPEN, SEQUENCE, SNAPSHOT
from engine.strategy import Feature, Requirement, View

_INSTANTS: Final = ("decided_at", "starts_at", "known_at")
_EVENT: Final = ("sport", "competition", "season")
_NEVER: Final = 2**63 - 1
Series = tuple[str, str, str]


@dataclass(frozen=True)
class Watch:
    """Which quotes a strategy may see.

    Attributes
    ----------
    required : Requirement
    kinds : tuple of str
        Kinds of quote (`schema.INSTANTS`): ``data.instants``.
    """

    required: Requirement
    kinds: tuple[str, ...] = (OPEN, SNAPSHOT)

    def sees(self, quote: Quote) -> bool:
        """Whether a quote is among them."""
        wanted = self.required
        return (
            quote.kind in self.kinds
            and quote.market in wanted.markets
            and quote.side in wanted.sides
            and (wanted.bookmakers is None or quote.bookmaker in wanted.bookmakers)
        )


class _Event(NamedTuple):
    """What a view and a decision need of an event. `starts_ns` is None where the start is unknown."""

    sport: str
    competition: str
    season: str | None
    starts_ns: int | None
    is_recorded: bool


class _Held(NamedTuple):
    """The quote in force of a series. `rank` orders quotes of the same series: the highest is in force."""

    rank: tuple[int, int, float]
    quote: Quote


@dataclass(frozen=True)
class Moment:
    """One instant.

    Attributes
    ----------
    instant_ns : int
        UTC nanoseconds.
    results : tuple of Result
        That became known at it.
    is_midnight : bool
        A day ends here: after settlements and the close, before decisions.
    view : View or None
        What the decisions of this instant see; None where none is due.
    """

    instant_ns: int
    results: tuple[Result, ...]
    is_midnight: bool
    view: View | None


class Market:
    """Quotes in force, events and results, as far as they are known.

    Parameters
    ----------
    watch : Watch
    decide_at : str
        Rule of decisions (`engine.asof.view.build_view`).
    zone : str
        Time zone of the calendar days.
    features : sequence of Feature
        What the strategy requires beside prices.

    Attributes
    ----------
    refused : Counter
        Messages that were not used, by reason.
    """

    def __init__(
        self, watch: Watch, decide_at: str = "quote", zone: str = "UTC", features: Sequence[Feature] = ()
    ) -> None:
        self.watch, self.zone = watch, zone
        self._ahead = ahead_ns(decide_at)
        self.refused: Counter[str] = Counter()
        self._waiting: list[tuple[int, int, Message]] = []
        self._count = 0
        self._timers: list[tuple[int, int]] = []
        self._events: dict[int, _Event] = {}
        self._settled: dict[int, int] = {}  # when the first result of an event became known
        self._books: dict[int, dict[tuple[str, float | None], dict[Series, _Held]]] = {}
        self._paths: dict[int, dict[tuple[str, float | None], dict[tuple[Series, int], _Held]]] = {}
        self.reached_ns: int | None = None
        self._midnight_ns = _NEVER
        self._features = Follower(features)
        self._of_events: dict[int, Mapping[str, Any]] = {}

    # -- messages -----------------------------------------------------------------------------------------------------

    def receive(self, message: Message) -> str:
        """Take one message; returns why it is refused, or nothing. It has effect at the next `Mark`."""
        reason = refusal_of(message)
        if reason:
            self.refused[reason] += 1
            return reason
        if isinstance(message, Mark):
            return ""
        at = message.known_at_ns
        self.refused["late"] += self.reached_ns is not None and at <= self.reached_ns
        heapq.heappush(self._waiting, (at, self._count, message))
        self._count += 1
        return ""

    def load(self, events: pl.DataFrame) -> None:
        """Results of before the first message, and of events without quotes, for the features.

        Parameters
        ----------
        events : polars.DataFrame
            Columns of `schema.EVENTS`, as `engine.tape.unresolved.prepared` gives them. What is settled at or after a
            decision does not count for it.
        """
        self._features.load(events)

    def advance(self, until_ns: int) -> Iterator[Moment]:
        """Go on to an instant up to which all messages were given, one moment at a time, in order.

        Parameters
        ----------
        until_ns : int
            Of the `Mark`, UTC nanoseconds.

        Yields
        ------
        Moment
            The next one is made when this one is done with: it may see later quotes.
        """
        while True:
            at = self._next_instant()
            if at > until_ns:
                break
            yield self._moment(at)
        if self.reached_ns is None or until_ns > self.reached_ns:
            self._reach(until_ns)

    def _next_instant(self) -> int:
        at = self._waiting[0][0] if self._waiting else _NEVER
        while self._timers and self._is_idle(*self._timers[0]):
            heapq.heappop(self._timers)
        if self._timers:
            at = min(at, self._timers[0][0])
        if self.reached_ns is not None and at <= self.reached_ns:
            return self.reached_ns  # what comes late happens now
        return min(at, self._midnight_ns)

    def _is_idle(self, at: int, event_id: int) -> bool:
        """Whether a timer is void: its start has moved, or its instant has passed."""
        event = self._events[event_id]
        moved = event.starts_ns is None or all(event.starts_ns - ahead != at for ahead in self._ahead or ())
        passed = self.reached_ns is not None and at <= self.reached_ns
        return moved or passed

    def _reach(self, at: int) -> None:
        self.reached_ns = at
        if at >= self._midnight_ns or self._midnight_ns == _NEVER:
            self._midnight_ns = int(midnights(at, at + 1, self.zone)[1][0])

    def _moment(self, at: int) -> Moment:
        is_late = self.reached_ns is not None and at <= self.reached_ns
        results, fresh = list[Result](), set[Question]()
        while self._waiting and self._waiting[0][0] <= at:
            message = heapq.heappop(self._waiting)[2]
            fresh |= self._take(message, at)
            if isinstance(message, Result):
                results.append(message)
        due: Iterable[Question] = fresh if self._ahead is None else self._due(at)
        if is_late:  # the decisions of this instant are made
            due = ()
        is_midnight = at == self._midnight_ns
        if not is_late:
            self._reach(at)
        return Moment(at, tuple(results), is_midnight, self._view(at, due))

    def _due(self, at: int) -> list[Question]:
        events = set()
        while self._timers and self._timers[0][0] <= at:
            when, event_id = heapq.heappop(self._timers)
            if when == at:
                events.add(event_id)
        return [(event_id, *name) for event_id in events for name in self._books.get(event_id, {})]

    def _take(self, message: Message, at: int) -> set[Question]:
        """Fold a message into the market; returns the question that gets a decision at a quote, if any."""
        if isinstance(message, Fixture):
            self._schedule(message)
        elif isinstance(message, Quote):
            return self._quote(message, at)
        elif isinstance(message, Result):
            event_id = int(message.values["event_id"])
            self._books.pop(event_id, None)
            self._paths.pop(event_id, None)
            self._features.add(message.values, self._settled.setdefault(event_id, message.known_at_ns))
        elif isinstance(message, Gap):
            self._mark_stale(message.source)
        return set()

    def _schedule(self, fixture: Fixture) -> None:
        values, event_id = fixture.values, int(fixture.values["event_id"])
        self._of_events[event_id] = values
        starts_ns = fixture.starts_ns
        sport, competition, season = (values.get(name) for name in _EVENT)
        is_recorded = values.get("starts_at_basis") == "recorded"
        event = _Event(str(sport), str(competition), season, starts_ns, is_recorded)
        if event == self._events.get(event_id):
            return
        self._events[event_id] = event
        for ahead in self._ahead or ():
            if starts_ns is not None:
                self.refused["decision_missed"] += self.reached_ns is not None and starts_ns - ahead <= self.reached_ns
                heapq.heappush(self._timers, (starts_ns - ahead, event_id))

    def _quote(self, quote: Quote, at: int) -> set[Question]:
        event = self._events.get(quote.event_id)
        if event is None:
            self.refused["no_fixture"] += 1
            return set()
        if quote.kind == IN_PLAY or not self.watch.sees(quote):
            return set()
        if event.is_recorded and event.starts_ns is not None and quote.known_at_ns > event.starts_ns:
            self.refused["after_start"] += 1
            return set()
        if quote.event_id in self._settled:
            self.refused["settled"] += 1
            return set()
        line = line_of(quote.line)
        book = self._books.setdefault(quote.event_id, {}).setdefault((quote.market, line), {})
        series = quote.selection, quote.bookmaker, quote.side
        rank = quote.known_at_ns, SEQUENCE[quote.kind], -quote.odds
        held = book.get(series)
        if held is None or rank >= held.rank:
            book[series] = _Held(rank, quote)
        if self.watch.required.path:
            path = self._paths.setdefault(quote.event_id, {}).setdefault((quote.market, line), {})
            same = path.get((series, quote.known_at_ns))
            if same is None or rank >= same.rank:
                path[series, quote.known_at_ns] = _Held(rank, quote)
        return {(quote.event_id, quote.market, line)} if quote.known_at_ns == at else set()

    def _mark_stale(self, source: str) -> None:
        """All quotes of a bookmaker with this name are stale; of all bookmakers if there is none."""
        held = [
            (book, series, kept)
            for books in self._books.values()
            for book in books.values()
            for series, kept in book.items()
        ]
        named = [part for part in held if part[1][1] == source]
        for book, series, kept in named or held:
            book[series] = _Held(kept.rank, replace(kept.quote, stale=True))

    # -- what is asked of it ------------------------------------------------------------------------------------------

    def event_of(self, event_id: int) -> tuple[str, str, bool]:
        """Sport and competition of an event, and whether its result is known; raises KeyError for an unknown event."""
        event = self._events[event_id]
        return event.sport, event.competition, event_id in self._settled

    def competition_of(self, event_id: int) -> tuple[str, str] | None:
        """Sport and competition of an event; None for an event that is not known."""
        event = self._events.get(event_id)
        return None if event is None else (event.sport, event.competition)

    def quoted_at(self, offer: Offer) -> tuple[int, bool]:
        """When the quote in force of an offer became known, UTC nanoseconds, and whether it may be bet at."""
        book = self._books.get(offer.event_id, {}).get((offer.market, offer.line), {})
        held = book.get((offer.selection, offer.bookmaker, offer.side))
        return (0, False) if held is None else (held.quote.known_at_ns, not held.quote.stale)

    def _view(self, at: int, due: Iterable[Question]) -> View | None:
        """The view of the questions that are decided at `at`; None if nothing of them is in force."""
        rows: list[tuple[Any, ...]] = []
        known: list[tuple[Any, ...]] = []
        for event_id, market, line in sorted(due, key=lambda question: (question[0], question[1], _key(question[2]))):
            book = self._books.get(event_id, {}).get((market, line), {})
            rows += [self._row(at, book[series].quote, line) for series in sorted(book)]
            path = self._paths.get(event_id, {}).get((market, line), {})
            known += [self._row(at, path[key].quote, line) for key in sorted(path)]
        if not rows:
            return None
        decisions = ((at, self._of_events[event_id]) for event_id in {row[1] for row in rows})
        features = self._features.frames(decisions)
        return View(_frame(rows), features, _frame(known) if self.watch.required.path else None)

    def _row(self, at: int, quote: Quote, line: float | None) -> tuple[Any, ...]:
        """A quote in the columns of a view."""
        event = self._events[quote.event_id]
        return (
            at, quote.event_id, *event[:3], event.starts_ns, quote.market, line, quote.selection, quote.bookmaker,
            quote.side, quote.odds, quote.size_minor, quote.suspect, quote.kind, quote.known_at_ns,
        )  # fmt: skip


def _key(line: float | None) -> float:
    """A line that sorts: none comes first."""
    return -np.inf if line is None else line


def _frame(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    columns = zip(*rows, strict=True)
    series = []
    for (name, dtype), values in zip(VIEW.items(), columns, strict=True):
        column = pl.Series(name, values, dtype=pl.Int64 if name in _INSTANTS else dtype)
        series.append(column.cast(INSTANT_DTYPE) if name in _INSTANTS else column)
    return pl.DataFrame(series)
