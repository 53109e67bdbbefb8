"""Prices and results of Betfair as a feed: what its stream says of each market, as the import of files says it.

Whatever is not known for certain is stale: everything after a loss until the next image, and while Betfair calls its
stream unreliable; a market that an image has not, one that is not open, and one of which a change could not be read. A
new image is asked for then, and the other markets go on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

import polars as pl

from engine.clock import SECOND_NS
from engine.errors import BeaError
from engine.exchange.book import Books, MarketBook, RunnerKey, UnreadableChange
from engine.live.adapters.betfair.stream import Arrived, Login, Lost
from engine.live.adapters.betfair.subscription import Subscription
from engine.live.clock import Clock
from engine.live.feed import FeedFailure, Fixture, Gap, Mark, Message, Quote, Result
from engine.live.wire.request import WireFailure
from engine.logs.setup import logger
from engine.schema import ALL_EVENTS, IN_PLAY, SNAPSHOT
from engine.source.betfair.definitions import Described, UnknownMarket, describe
from engine.source.betfair.history import EXCHANGE, TRADED, end_of, event_of
from engine.source.betfair.sampling import SIDES, best_price
from engine.source.quarantine import Origin

_LOG = logger(__name__)
NAME: Final = "betfair"
#: currency of the sizes of the stream
STREAM_CURRENCY: Final = "GBP"
#: a price that stands is said again after so long, while messages come
RESTATE_NS: Final = 300 * SECOND_NS
#: time between two images that are asked for because of changes that cannot be read: the first, doubled each time up to
#: the longest; after twice that without one it is the first again
FIRST_FORCED_NS, FORCED_NS = SECOND_NS, 60 * SECOND_NS
#: time between two readings of the catalogue, and after one that failed
FOLLOW_NS, _FOLLOW_AGAIN_NS = 3_600 * SECOND_NS, 300 * SECOND_NS
#: time between two looks at whether the session has to be kept alive
_SESSION_NS: Final = 60 * SECOND_NS
_MS_NS: Final = 1_000_000
_OF_RESULT: Final = (
    "home_score", "away_score", "winner", "settled_at", "settled_at_basis", "winner_finish", "place_finish",
)  # fmt: skip
Completed = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
Follow = Callable[[Collection[str]], Mapping[str, Any] | None]


class Streaming(Protocol):
    """A stream that is kept: `engine.live.adapters.betfair.stream.Stream`."""

    subscription: Subscription

    def poll(self, timeout_ns: int) -> Arrived | Lost | None:
        """As `Stream.poll`."""
        ...

    def renew(self) -> None:
        """As `Stream.renew`."""
        ...


@dataclass
class _Market:
    """A market in our words, and what was last said of each runner and side."""

    described: Described
    event_id: int
    held: dict[tuple[RunnerKey, str], Quote] = field(default_factory=dict)
    said_ns: int = 0


class BetfairFeed:
    """The feed. It reads no further than it is polled: what a slow reader has not taken waits at the other end.

    Parameters
    ----------
    stream : Streaming
    login : Login
        Kept alive while the stream lasts.
    clock : Clock
    currency : str
        Of the account. The stream gives sizes in pounds; in another currency they are not known.
    completed : callable, optional
        Gets a market id and its definition, returns it with the names that the stream leaves out.
    follow : callable, optional
        Gets the ids of closed markets every hour, returns the filters of another subscription; None: the same markets.
        Raises BeaError.
    closed : sequence of mapping
        Images of markets that closed while nothing ran: the first poll tells how they ended.

    Attributes
    ----------
    passed_over : Counter
        Changes and prices that were not taken, by reason.
    """

    is_live = True
    name = NAME

    def __init__(
        self, stream: Streaming, login: Login, clock: Clock, *, currency: str = STREAM_CURRENCY,
        completed: Completed = lambda market, definition: definition, follow: Follow = lambda ended: None,
        closed: Sequence[Mapping[str, Any]] = (),
    ) -> None:  # fmt: skip
        self._stream, self._login, self._clock = stream, login, clock
        self._completed, self._follow, self._closed = completed, follow, closed
        #: gets a line that a person should see
        self.show: Callable[[str], None] = lambda line: None
        self._late_ms = 0
        self._has_sizes = currency == STREAM_CURRENCY
        self.passed_over: Counter[str] = Counter()
        self._books, self._markets = Books(), dict[str, _Market]()
        self._told: dict[int, dict[str, Any]] = {}
        self._ends: dict[int, dict[str, Any]] = {}
        self._holders: dict[tuple[Any, ...], _Market] = {}  # which market said a series last
        self._versions: Counter[int] = Counter()
        self._marked_ns, self._session_ns = 0, clock.monotonic_ns()
        self._follow_ns = clock.monotonic_ns() + FOLLOW_NS
        self._forced_ns, self._patience_ns = clock.monotonic_ns() - 3 * FORCED_NS, FIRST_FORCED_NS
        self._is_unreadable = self._is_doubtful = False
        self._spoilt: set[str] = set()  # markets of which only an image can be taken
        self._imaged: dict[str, int] = {}  # versions of the markets of the image that arrives
        self._failure: FeedFailure | None = None

    def poll(self, timeout_ns: int) -> Sequence[Message]:
        """The messages of what arrives next; after `timeout_ns` without anything a `Mark`. It never ends.

        Raises
        ------
        FeedFailure
            The connection is lost. The poll before it gave the `Gap`.
        ConfigurationError
            Betfair refuses the login, the key or the request.
        """
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if self._closed:
            closed, self._closed, at = self._closed, (), self._at(None, self._clock.wall_ns())
            return [*(made for change in closed for made in self._changed(change, at)), Mark(self._mark(at))]
        self._keep_session()
        self._follow_others()
        self._ask_again()
        found = self._stream.poll(timeout_ns)
        if isinstance(found, Lost):
            self._failure = FeedFailure(f"the stream is lost: {found.cause}")
            return self._gap()
        if found is None:
            return [Mark(self._mark(self._clock.wall_ns()))]
        self._say_if_late()
        messages = [made for message in found.messages for made in self._taken(message, found.received_ns)]
        at = self._at(found.messages[-1].get("pt"), found.received_ns)
        at = max(at, *(message.known_at_ns for message in messages), 0)
        messages += [*self._gone(at), *self._restated(at)]
        return [*messages, Mark(self._mark(at))]

    # -- connection ---------------------------------------------------------------------------------------------------

    def _keep_session(self) -> None:
        now = self._clock.monotonic_ns()
        if now - self._session_ns >= _SESSION_NS:
            self._session_ns = now
            try:
                self._login.token()
            except WireFailure:
                self.passed_over["keep-alive without an answer"] += 1

    def _follow_others(self) -> None:
        """Every hour: markets that start next take the places of those that have ended."""
        if self._clock.monotonic_ns() < self._follow_ns:
            return
        ended = {name for name, book in self._books.markets.items() if book.definition.get("status") == "CLOSED"}
        try:
            filters = self._follow(ended)
        except BeaError as error:
            _LOG.warning("the catalogue could not be read again", cause=str(error))
            self._follow_ns = self._clock.monotonic_ns() + _FOLLOW_AGAIN_NS
            return
        self._follow_ns = self._clock.monotonic_ns() + FOLLOW_NS
        if filters is not None:
            self._stream.subscription.filters = filters
            self._stream.renew()

    def _say_if_late(self) -> None:
        """A delayed key gets changes minutes late, whatever is asked for."""
        late_ms, asked_ms = self._stream.subscription.late_ms, self._stream.subscription.conflate_ms
        if late_ms != self._late_ms and late_ms > asked_ms:
            self.show(f"warning: prices of Betfair come up to {late_ms / 1_000:g} s late: is the key a delayed one?")
        self._late_ms = late_ms

    def _ask_again(self) -> None:
        """Ask for an image if a change could not be read and the last one was asked for long enough ago."""
        ago_ns = self._clock.monotonic_ns() - self._forced_ns
        if self._is_unreadable and ago_ns >= self._patience_ns:
            self._patience_ns = FIRST_FORCED_NS if ago_ns > 2 * FORCED_NS else min(FORCED_NS, 2 * self._patience_ns)
            self._forced_ns, self._is_unreadable = self._clock.monotonic_ns(), False
            self._stream.renew()

    def _gap(self) -> list[Message]:
        """Nothing is known until the next image, which is asked for whole."""
        self._stream.subscription.restart()
        self._books.forget()
        self._is_doubtful = False  # the image says how it is
        at = self._at(None, self._clock.wall_ns())
        return [*self._gone(at), Gap(at, NAME), Mark(self._mark(at))]

    def _at(self, published: Any, received_ns: int) -> int:
        """When a message is known: when it was published, not before the last mark, not before it can have been."""
        is_instant = isinstance(published, int) and not isinstance(published, bool) and published > 0
        published_ns = published * _MS_NS if is_instant else received_ns
        return max(self._marked_ns + 1, min(published_ns, received_ns))

    def _mark(self, at: int) -> int:
        self._marked_ns = max(self._marked_ns + 1, at)
        return self._marked_ns

    # -- messages -----------------------------------------------------------------------------------------------------

    def _taken(self, message: Mapping[str, Any], received_ns: int) -> list[Message]:
        is_image, begins = message.get("ct") == "SUB_IMAGE", message.get("segmentType") in (None, "SEG_START")
        if is_image and begins:
            self._books.forget()
            self._spoilt.clear()
        if begins or not is_image:
            self._imaged.clear()
        changes = message.get("mc") or ()
        if not isinstance(changes, list | tuple):
            self._unreadable("changes that are no list")
            self._books.forget()
            return []
        at, was_doubtful = self._at(message.get("pt"), received_ns), self._is_doubtful
        self._is_doubtful = message.get("status") is not None
        found = [made for change in changes for made in self._changed(change, at)]
        if was_doubtful != self._is_doubtful:
            _LOG.warning("the stream is unreliable" if self._is_doubtful else "the stream is reliable again")
            for name, book in self._books.markets.items():
                found += self._prices(self._markets[name], book, at) if name in self._markets else ()
        return found

    def _changed(self, change: Any, at: int) -> list[Message]:
        if not isinstance(change, Mapping) or not isinstance(market_id := change.get("id"), str):
            # whose change it was cannot be known
            self._unreadable("a change without its market")
            self._books.forget()
            return []
        if change.get("img") is True:
            self._spoilt.discard(market_id)
        is_known = market_id in self._books.markets or "marketDefinition" in change
        if not is_known or market_id in self._spoilt:
            self.passed_over["a change of a market before its image"] += 1
            return []
        if self._is_older(market_id, change):
            self.passed_over["an older copy of a market in an image"] += 1
            return []
        try:
            book = self._books.apply(change, at)
        except UnreadableChange as error:
            self._spoilt.add(market_id)
            self._unreadable(str(error))
            return []
        messages = self._defined(market_id, book, at) if "marketDefinition" in change else []
        market = self._markets.get(market_id)
        return messages if market is None else [*messages, *self._prices(market, book, at)]

    def _is_older(self, market_id: str, change: Mapping[str, Any]) -> bool:
        """Whether the image has a later version: a market that was moved to another event is there twice."""
        definition = change.get("marketDefinition")
        version = definition.get("version") if isinstance(definition, Mapping) else None
        if change.get("img") is not True or type(version) is not int:
            return False
        known = self._imaged.setdefault(market_id, version)
        self._imaged[market_id] = max(known, version)
        return version < known and market_id in self._books.markets

    def _unreadable(self, reason: str) -> None:
        self.passed_over[reason] += 1
        self._is_unreadable = True

    def _defined(self, market_id: str, book: MarketBook, at: int) -> list[Message]:
        """The event of a market, where it is new or not what it was, and its result."""
        definition = self._completed(market_id, book.definition)
        before = self._markets.get(market_id)
        try:
            described = describe(definition)
            event = event_of(described, _ORIGIN)
            closed = definition.get("status") == "CLOSED"
            end = end_of(definition, described, at) if closed else {}
        except UnknownMarket as unknown:
            self.passed_over[str(unknown)] += 1
            self._books.markets.pop(market_id, None)
            return []
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
            self._books.markets.pop(market_id, None)
            self._spoilt.add(market_id)
            self._unreadable("a market definition that is not as documented")
            return []
        event_id, messages = event["event_id"], list[Message]()
        if self._told.get(event_id) != event:
            self._told[event_id] = event
            messages.append(Fixture(at, {**event, **dict.fromkeys(_OF_RESULT), "status": "scheduled"}))
        if before is None or (before.event_id, before.described) != (event_id, described):
            messages += [] if before is None else self._stale(before, at)
            self._markets[market_id] = _Market(described, event_id)
        if end:
            messages += self._ended(described, event_id, end, at)
        return messages

    def _ended(self, described: Described, event_id: int, end: Mapping[str, Any], at: int) -> list[Message]:
        held = self._ends.get(event_id, {})
        end = {name: value for name, value in end.items() if name != "settled_at"}
        if all(held.get(name) == value for name, value in end.items()):
            return []
        self._ends[event_id] = held | end
        self._versions[event_id] += 1
        values = event_of(described, _ORIGIN, self._ends[event_id] | {"settled_at": at})
        settled = pl.select(pl.lit(at).cast(ALL_EVENTS["settled_at"])).item()
        return [Result(at, {**values, "settled_at": settled}, self._versions[event_id])]

    def _prices(self, market: _Market, book: MarketBook, at: int) -> list[Message]:
        """What changed of the best prices; what is not offered any more becomes stale."""
        found = list[Message]()
        for runner, of_runner in book.runners.items():
            for word in SIDES:
                price = best_price(of_runner, word)
                key, held = (runner, word), market.held.get((runner, word))
                is_there = price is not None and price[0] > 1.0 and (word == "traded" or book.is_open)
                is_there = is_there and not self._is_doubtful
                made = self._quote(market, key, price, book.is_in_play, at) if is_there and price else None
                if made is None:
                    found += self._withdrawn(market, key, at)
                elif held is None or replace(held, known_at_ns=at) != made or _series(made) not in self._holders:
                    market.held[key] = made
                    self._holders[_series(made)] = market
                    found.append(made)
        for key in market.held.keys() - {(runner, word) for runner in book.runners for word in SIDES}:
            found += self._withdrawn(market, key, at)
        return found

    def _withdrawn(self, market: _Market, key: tuple[RunnerKey, str], at: int) -> list[Message]:
        """A price that is not there any more is stale, unless another market has said it since."""
        held = market.held.get(key)
        if held is None or held.stale:
            return []
        market.held[key] = replace(held, known_at_ns=at, stale=True)
        if self._holders.get(_series(held)) is not market:
            return []
        del self._holders[_series(held)]
        return [market.held[key]]

    def _quote(
        self, market: _Market, key: tuple[RunnerKey, str], price: tuple[float, float], in_play: bool, at: int
    ) -> Quote | None:
        selection = market.described.selections.get(key[0])
        if selection is None:
            return None
        is_traded = key[1] == "traded"
        size = None if is_traded or not self._has_sizes else float(round(price[1] * 100.0))
        return Quote(
            at, market.event_id, market.described.market, selection[1], selection[0],
            TRADED if is_traded else EXCHANGE, "back" if is_traded else key[1], price[0], size,
            IN_PLAY if in_play else SNAPSHOT,
        )  # fmt: skip

    def _gone(self, at: int) -> list[Message]:
        """What is held of markets that are not known any more becomes stale."""
        gone = {name: market for name, market in self._markets.items() if name not in self._books.markets}
        for name in gone:
            del self._markets[name]  # an image makes it anew
        return [made for market in gone.values() for made in self._stale(market, at)]

    def _stale(self, market: _Market, at: int) -> list[Message]:
        return [made for key in market.held for made in self._withdrawn(market, key, at)]

    def _restated(self, at: int) -> list[Message]:
        """Prices that stand, from time to time: the connection lives, so they are as good as new."""
        found = list[Message]()
        for market in self._markets.values():
            if at - market.said_ns < RESTATE_NS:
                continue
            for key, held in market.held.items():
                if not held.stale and held.known_at_ns < at:
                    market.held[key] = replace(held, known_at_ns=at)
                    found.append(market.held[key])
            market.said_ns = at
        return found


_ORIGIN: Final = Origin("betfair_history", "stream", "")


def _series(quote: Quote) -> tuple[Any, ...]:
    return quote.event_id, quote.market, quote.line, quote.selection, quote.bookmaker, quote.side
