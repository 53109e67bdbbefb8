"""Prices and results of The Odds API as a feed: each answer is one batch, known when it was received.

An event, bookmaker or market that an answer has no more is suspended, over, or was not read: its last price comes again
with size 0, for nobody can bet at it. So does a price that the service read too long ago. The import of the kept
answers says the same. When the service fails, every price becomes stale, until a new answer comes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from engine.clock import DAY_NS, HOUR_NS, SECOND_NS, instant_ns
from engine.live.adapters.the_odds_api import calls, reading
from engine.live.adapters.the_odds_api.cache import Kept
from engine.live.adapters.the_odds_api.calls import Call, Priced
from engine.live.adapters.the_odds_api.client import NotThere
from engine.live.adapters.the_odds_api.games import Games
from engine.live.adapters.the_odds_api.polling import age_most_ns
from engine.live.adapters.the_odds_api.reading import Read, Reader
from engine.live.adapters.the_odds_api.settings import OddsApiSettings
from engine.live.clock import Clock
from engine.live.feed import FeedFailure, Gap, Mark, Message, Quota, Quote

NAME: Final = "the_odds_api"
#: a result is asked for from so long after the start, and for so long: the service keeps scores for three days
_OVER_NS: Final = 90 * 60 * SECOND_NS
_SCORES_NS: Final = 3 * DAY_NS
#: markets that are asked for event by event are asked for from six hours before its start
_EVENT_NS: Final = 6 * HOUR_NS
_WAIT_NS: Final = 5 * SECOND_NS
#: an answer that cannot be read is stored like any other; after so long another one is asked for
_UNREAD_NS: Final = 60 * SECOND_NS
_TICK_NS: Final = 1_000
Series = tuple[int, str, float | None, str, str, str]


class Asked(Protocol):
    """Gives answers: `engine.live.adapters.the_odds_api.cache.Cache`."""

    def get(self, call: Call, age_most_ns: int) -> Kept:
        """As `Cache.get`."""
        ...

    def quota(self) -> Quota:
        """As `Cache.quota`."""
        ...


@dataclass
class _Followed:
    """A call that is made again and again."""

    call: Call
    due_ns: int = 0
    last: tuple[int, bool] = 0, False
    unread: bool = False
    held: dict[Series, Quote] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """What a feed asks for.

    Attributes
    ----------
    sports : tuple of str
        Keys of The Odds API.
    featured, of_events : Priced or None
        Markets of the lists, and those that are asked for event by event.
    """

    sports: tuple[str, ...]
    featured: Priced | None
    of_events: Priced | None


class OddsApiFeed:
    """The feed.

    Parameters
    ----------
    asked : Asked
    reader : Reader
    games : Games
        Knows the versions of results.
    wanted : Wanted
    settings : OddsApiSettings
    clock : Clock

    Attributes
    ----------
    passed_over : Counter
        Rows and prices that were not taken, by kind of answer; the import of the kept answers names each one.
    quota : Quota or None
        As of the last answer that was asked for; None: none was.
    """

    is_live = True
    name = NAME

    def __init__(
        self, asked: Asked, reader: Reader, games: Games, wanted: Wanted, settings: OddsApiSettings, clock: Clock
    ) -> None:
        self._asked, self._reader, self._games, self._wanted = asked, reader, games, wanted
        self._settings, self._clock = settings, clock
        self.passed_over: Counter[str] = Counter()
        self.quota: Quota | None = None
        self._odds = {sport: _Followed(self._list(sport)) for sport in wanted.sports}
        self._events_odds: dict[tuple[str, str], _Followed] = {}
        self._scores = {sport: _Followed(calls.scores(sport, 3)) for sport in wanted.sports}
        self._starts: dict[str, dict[str, int]] = {sport: {} for sport in wanted.sports}  # by id of the service
        self._told: dict[int, dict[str, Any]] = {}
        self._results: dict[int, tuple[Any, ...]] = {}
        self._marked_ns = 0
        self._failure: FeedFailure | None = None

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        """The messages of the next answer that is due; after `timeout_ns` without one, a `Mark`. It never ends.

        Raises
        ------
        FeedFailure
            The service did not answer. The poll before it gave what became stale.
        ConfigurationError
            A person has to do something, as of `Client.ask`.
        LedgerFailure
            The database of the cache fails.
        """
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        now = self._clock.wall_ns()
        due = self._next(now)
        if due is None or due[1].due_ns > now:
            wait = timeout_ns if due is None else min(timeout_ns, due[1].due_ns - now)
            self._clock.sleep_ns(max(0, wait))
            now = self._clock.wall_ns()
        if due is None or due[1].due_ns > now:
            return [Mark(self._mark(now))]
        return self._ask(*due, now)

    # -- what is due --------------------------------------------------------------------------------------------------

    def _next(self, now: int) -> tuple[str, _Followed, Callable[[str, _Followed, Kept], list[Message]]] | None:
        """The call that has been due for the longest, its sport, and what makes messages of its answer."""
        everything = [(sport, one, self._priced) for sport, one in self._odds.items() if self._wanted.featured]
        everything += [(sport, one, self._listed) for sport, one in self._odds.items() if not self._wanted.featured]
        everything += [(sport, one, self._priced) for (sport, _), one in self._events_odds.items()]
        everything += [(sport, one, self._scored) for sport, one in self._scores.items()]
        return min(everything, key=lambda found: found[1].due_ns, default=None)

    def _ask(
        self, sport: str, one: _Followed, messages: Callable[[str, _Followed, Kept], list[Message]], now: int
    ) -> list[Message]:
        longest = min(self._longest(sport, one, now), _UNREAD_NS if one.unread else 2**62)
        one.unread = False
        try:
            kept = self._asked.get(one.call, longest)
            if kept.stale:
                self._failure = FeedFailure(kept.cause)
            found = messages(sport, one, kept)
        except NotThere:
            self._events_odds = {key: other for key, other in self._events_odds.items() if other is not one}
            found, one.held = self._withdrawn(one, {}, self._mark_next()), {}
            one.due_ns = now + round(self._settings.far_s * SECOND_NS)
        except FeedFailure as failure:
            self._failure, found, one.unread = failure, [], True
        self.quota = self._asked.quota()
        now = self._clock.wall_ns()
        if self._failure is not None:
            one.due_ns = now + _WAIT_NS
            found = [*found, Gap(self._mark_next(), NAME)]
        elif one.due_ns <= now:
            one.due_ns = max(now + _TICK_NS, kept.received_ns + self._longest(sport, one, now) + _TICK_NS)
        return [*found, Mark(self._mark(max(now, *(message.known_at_ns for message in found), 0)))]

    def _longest(self, sport: str, one: _Followed, now: int) -> int:
        if one is self._scores.get(sport):
            return round(self._settings.scores_s * SECOND_NS)
        starts = self._starts[sport]
        own = [starts[key[1]] for key, other in self._events_odds.items() if other is one and key[1] in starts]
        return age_most_ns(own or starts.values(), now, self._settings)

    def _list(self, sport: str) -> Call:
        featured = self._wanted.featured
        return calls.odds(sport, featured) if featured else calls.events(sport)

    # -- messages -----------------------------------------------------------------------------------------------------

    def _priced(self, sport: str, one: _Followed, kept: Kept) -> list[Message]:
        self._follow(sport, kept)
        if (kept.received_ns, kept.stale) == one.last:
            return []
        read = self._reader.read(kept.value, kept.received_ns)
        one.last = kept.received_ns, kept.stale
        self._count(one, read)
        at = self._mark_next() if kept.stale else self._at(kept)
        messages = self._fixtures(read, at)
        quotes = reading.quotes(read, at, stale=kept.stale)
        now_held = {_series(quote): quote for quote in quotes}
        messages += [*quotes, *self._withdrawn(one, now_held, at)]
        one.held = now_held
        return messages

    def _listed(self, sport: str, one: _Followed, kept: Kept) -> list[Message]:
        """Events without prices, where no market of the list is wanted."""
        self._follow(sport, kept)
        at = self._at(kept)
        return self._fixtures(self._reader.read(kept.value, kept.received_ns), at)

    def _scored(self, sport: str, one: _Followed, kept: Kept) -> list[Message]:
        read = self._reader.read(kept.value, kept.received_ns)
        self._count(one, read)
        at, messages = self._at(kept), list[Message]()
        for event_id, event in read.events.items():
            said = tuple(event[name] for name in ("status", "home_score", "away_score", "winner"))
            if event["status"] == "scheduled" or self._results.get(event_id) == said:
                continue
            if event_id not in self._told:
                messages += self._fixtures(Read({event_id: event}, [], 0), at)
            self._results[event_id] = said
            version = self._games.version(event_id, json.dumps(said))
            messages.append(reading.result(event, at, version))
        one.due_ns = self._scores_due(read, kept.received_ns)
        return messages

    def _scores_due(self, read: Read, now: int) -> int:
        """Soon while a result is awaited, else when the next event can be over."""
        waiting = [
            starts for event_id, event in self._told.items()
            if event_id not in self._results and (starts := _starts_ns(event)) is not None and now - starts < _SCORES_NS
        ]  # fmt: skip
        soon = now + round(self._settings.scores_s * SECOND_NS)
        return max(soon, min((starts + _OVER_NS for starts in waiting), default=now + 6 * HOUR_NS))

    def _fixtures(self, read: Read, at: int) -> list[Message]:
        """Events that are new, or not what they were."""
        found = list[Message]()
        for event_id, event in read.events.items():
            made = reading.fixture(event, at)
            told = {name: value for name, value in made.values.items() if name not in ("raw_file", "raw_line")}
            if self._told.get(event_id) != told:
                self._told[event_id] = told
                found.append(made)
        return found

    def _withdrawn(self, one: _Followed, now_held: dict[Series, Quote], at: int) -> list[Message]:
        """The last prices of the same call that are not there any more: nobody can bet at them."""
        return [
            replace(quote, known_at_ns=at, size_minor=0.0, suspect=False)
            for series, quote in one.held.items()
            if series not in now_held
        ]

    def _follow(self, sport: str, kept: Kept) -> None:
        """Starts by the service's ids, and the events whose own markets are asked for."""
        documents = kept.value if isinstance(kept.value, list) else [kept.value]
        for document in documents:
            name = document.get("id") if isinstance(document, dict) else None
            starts = reading.instant(document.get("commence_time")) if name else None
            if isinstance(name, str) and starts is not None:
                self._starts[sport][name] = starts
        now = self._clock.wall_ns()
        self._starts[sport] = {name: at for name, at in self._starts[sport].items() if now - at < _SCORES_NS}
        priced = self._wanted.of_events
        for name, starts in self._starts[sport].items() if priced else ():
            key = sport, name
            if 0 < starts - now <= _EVENT_NS and priced is not None:
                self._events_odds.setdefault(key, _Followed(calls.event_odds(sport, name, priced)))
            else:
                self._events_odds.pop(key, None)

    def _count(self, one: _Followed, read: Read) -> None:
        kind = one.call.path.rpartition("/")[2]
        self.passed_over[f"a row or price of {kind} that cannot be used"] += read.passed_over

    def _at(self, kept: Kept) -> int:
        """When an answer was known: received, and after what was said before."""
        return max(kept.received_ns, self._marked_ns + 1)

    def _mark_next(self) -> int:
        return max(self._clock.wall_ns(), self._marked_ns + 1)

    def _mark(self, at_ns: int) -> int:
        self._marked_ns = max(at_ns, self._marked_ns + 1)
        return self._marked_ns


def _series(quote: Quote) -> Series:
    return quote.event_id, quote.market, quote.line, quote.selection, quote.bookmaker, quote.side


def _starts_ns(event: dict[str, Any]) -> int | None:
    starts = event.get("starts_at")
    return None if starts is None else instant_ns(starts)
