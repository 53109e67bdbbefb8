"""Where the paper venue takes its prices from: recorded quotes, or the quotes that a runner has seen so far."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import polars as pl

from engine.clock import DAY_NS
from engine.live.feed import Fixture, Mark, Message, Quote, Result
from engine.live.venue import Order
from engine.schema import IN_PLAY, SEQUENCE
from engine.tape.execution import prices_in_order

__all__ = ["NO_PRICE", "ObservedPrices", "Price", "PriceSource", "ReplayPrices"]

#: market, line, selection, bookmaker, side of a price; the line is None where the market has none
Series = tuple[str, float | None, str, str, str]
#: earlier prices of a series that a price is compared with
_EARLIER: Final = 5
#: prices of an event are kept so long after its result: orders that were on their way then have their answers
_KEEP_NS: Final = DAY_NS
_COLUMNS: Final = ("market", "line", "selection", "bookmaker", "side", "known_at", "odds", "size_minor")


class Price(NamedTuple):
    """A recorded price.

    Attributes
    ----------
    known_at_ns : int
    odds : float
        Decimal; NaN: there is none.
    size_minor : float
        Largest stake that it takes, of a lay the backer's; infinite: unknown.
    """

    known_at_ns: int
    odds: float
    size_minor: float = math.inf


#: the answer where no price came, and none can come any more
NO_PRICE: Final = Price(-1, math.nan, 0.0)


class PriceSource(Protocol):
    """Prices of the paper venue."""

    def offered(self, order: Order) -> Price:
        """The price in force at the decision of an order; `NO_PRICE` if there was none."""
        ...

    def on_arrival(self, order: Order, arrives_ns: int) -> Price | None:
        """The first price of the order's series known at `arrives_ns` or later and before the event is settled.

        `NO_PRICE` if there is none, None if that cannot be known yet.
        """
        ...

    def compared(self, order: Order) -> list[float]:
        """Odds to compare an order's with: back prices of the other bookmakers for the same bet at the decision.

        Where there are none, the last earlier prices of its own series.
        """
        ...


def series_of(order: Order) -> Series:
    """The series of prices that an order belongs to."""
    return order.market, order.line, order.selection, order.bookmaker, order.side


@dataclass
class _Track:
    """The prices of one series by time, one for each instant."""

    instants: list[int] = field(default_factory=list)
    prices: list[Price] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)

    def at(self, instant_ns: int) -> Price:
        """The last price known at an instant."""
        place = bisect_right(self.instants, instant_ns)
        return self.prices[place - 1] if place else NO_PRICE

    def since(self, instant_ns: int) -> Price | None:
        """The first price known at an instant or later."""
        place = bisect_left(self.instants, instant_ns)
        return self.prices[place] if place < len(self.instants) else None

    def before(self, instant_ns: int) -> list[float]:
        """Odds of the last prices before the one in force."""
        place = bisect_right(self.instants, instant_ns) - 1
        return [price.odds for price in self.prices[max(0, place - _EARLIER) : max(0, place)]]

    def add(self, price: Price, kind: int) -> None:
        """Take a price in, in the order of time. At one instant the kind nearer to the end counts, then lower odds."""
        place = bisect_left(self.instants, price.known_at_ns)
        if place < len(self.instants) and self.instants[place] == price.known_at_ns:
            if (kind, -price.odds) >= (self.kinds[place], -self.prices[place].odds):
                self.prices[place], self.kinds[place] = price, kind
            return
        self.instants.insert(place, price.known_at_ns)
        self.prices.insert(place, price)
        self.kinds.insert(place, kind)


def _compared(book: dict[Series, _Track], order: Order) -> list[float]:
    """As `PriceSource.compared`; the maximum that a source publishes is no bookmaker."""
    found = []
    for (market, line, selection, bookmaker, side), track in book.items():
        same = (market, line, selection) == (order.market, order.line, order.selection)
        if same and side == "back" and bookmaker not in (order.bookmaker, "max"):
            odds = track.at(order.decided_at_ns).odds
            if odds > 1.0:
                found.append(odds)
    own = book.get(series_of(order))
    return found or (own.before(order.decided_at_ns) if own else [])


class ReplayPrices:
    """Recorded quotes. An order is answered at once with what will have happened, so this may look ahead.

    Parameters
    ----------
    rows : polars.DataFrame
        Result of `prices_in_order`, sorted by event.
    ends : mapping of int to int
        When each event is settled, UTC nanoseconds; events without an end are absent.
    """

    def __init__(self, rows: pl.DataFrame, ends: dict[int, int]) -> None:
        self._rows, self._ends = rows, ends
        counts = rows.group_by("event_id", maintain_order=True).len()
        lengths = counts["len"].to_list()
        first, self._place = 0, {}
        for event_id, length in zip(counts["event_id"].to_list(), lengths, strict=True):
            self._place[event_id] = (first, length)
            first += length
        self._books: dict[int, dict[Series, _Track]] = {}

    @classmethod
    def from_quotes(cls, quotes: pl.DataFrame, events: pl.DataFrame) -> ReplayPrices:
        """Prepare recorded quotes.

        Parameters
        ----------
        quotes : polars.DataFrame
            Columns of `schema.QUOTES`: every quote that a decision may see, or at which an order may arrive.
        events : polars.DataFrame
            event_id, starts_at, settled_at: as a tape of these events has them.

        Raises
        ------
        TapeError
            A column of the quotes is missing or has another type.
        """
        rows = prices_in_order(quotes, events.select("event_id", "starts_at").unique())
        ends = events.select("event_id", pl.col("settled_at").cast(pl.Int64)).drop_nulls()
        return cls(rows.sort("event_id", maintain_order=True), dict(ends.iter_rows()))

    def offered(self, order: Order) -> Price:
        """As `PriceSource.offered`."""
        track = self._book(order.event_id).get(series_of(order))
        return track.at(order.decided_at_ns) if track else NO_PRICE

    def on_arrival(self, order: Order, arrives_ns: int) -> Price:
        """As `PriceSource.on_arrival`; never None."""
        track = self._book(order.event_id).get(series_of(order))
        price = track.since(arrives_ns) if track else None
        end = self._ends.get(order.event_id)
        return NO_PRICE if price is None or (end is not None and price.known_at_ns >= end) else price

    def compared(self, order: Order) -> list[float]:
        """As `PriceSource.compared`."""
        return _compared(self._book(order.event_id), order)

    def _book(self, event_id: int) -> dict[Series, _Track]:
        """Tracks of an event, made at its first order."""
        book = self._books.get(event_id)
        if book is None:
            book = defaultdict(_Track)
            first, length = self._place.get(event_id, (0, 0))
            part = self._rows.slice(first, length).select(_COLUMNS).with_columns(pl.col("known_at").cast(pl.Int64))
            for *series, known_at, odds, size in part.iter_rows():
                track = book[(series[0], _line(series[1]), series[2], series[3], series[4])]
                track.instants.append(known_at)
                track.prices.append(Price(known_at, odds, _size(size)))
            self._books[event_id] = book = dict(book)
        return book


class ObservedPrices:
    """The quotes that a runner has seen so far. Feed it every message before the orders that follow from it.

    A day after the result of an event its prices are forgotten; only the instant of the result stays. `len` is the
    number of events with prices.
    """

    def __init__(self) -> None:
        self._books: dict[int, dict[Series, _Track]] = {}
        self._starts: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._ended: deque[int] = deque()  # events that are over and not forgotten, in the order of their results
        self._seen_to_ns = -1

    def __len__(self) -> int:
        return len(self._books)

    def see(self, message: Message) -> None:
        """Take a message in. Quotes in play, stale ones, and those after a known start or a result are left out.

        A message may come twice, as after a restart that reads a recording again.
        """
        if isinstance(message, Fixture):
            if message.starts_ns is not None and message.values["event_id"] not in self._ends:
                self._starts[message.values["event_id"]] = message.starts_ns
        elif isinstance(message, Quote):
            self._see_quote(message)
        elif isinstance(message, Result):
            self._end(int(message.values["event_id"]), message.known_at_ns)
        if isinstance(message, Mark | Quote):
            self._seen_to_ns = max(self._seen_to_ns, message.known_at_ns - (not isinstance(message, Mark)))
            self._forget()

    def _see_quote(self, quote: Quote) -> None:
        start, end = self._starts.get(quote.event_id), self._ends.get(quote.event_id)
        late = (start is not None and quote.known_at_ns > start) or end is not None
        if quote.kind == IN_PLAY or quote.stale or late or not quote.odds > 1.0:
            return
        series = (quote.market, _line(quote.line), quote.selection, quote.bookmaker, quote.side)
        track = self._books.setdefault(quote.event_id, {}).setdefault(series, _Track())
        track.add(Price(quote.known_at_ns, quote.odds, _size(quote.size_minor)), SEQUENCE[quote.kind])

    def _end(self, event_id: int, known_at_ns: int) -> None:
        """An event is over; the first result says when. A correction changes nothing."""
        if event_id not in self._ends:
            self._ends[event_id] = known_at_ns
            self._ended.append(event_id)

    def _forget(self) -> None:
        while self._ended and self._ends[self._ended[0]] + _KEEP_NS <= self._seen_to_ns:
            event_id = self._ended.popleft()
            self._books.pop(event_id, None)
            self._starts.pop(event_id, None)

    def offered(self, order: Order) -> Price:
        """As `PriceSource.offered`."""
        track = self._books.get(order.event_id, {}).get(series_of(order))
        return track.at(order.decided_at_ns) if track else NO_PRICE

    def on_arrival(self, order: Order, arrives_ns: int) -> Price | None:
        """As `PriceSource.on_arrival`. After the start or the result there will be no price any more."""
        if self._seen_to_ns < arrives_ns:
            return None
        track = self._books.get(order.event_id, {}).get(series_of(order))
        price = track.since(arrives_ns) if track else None
        if price is not None:  # a later quote of the same instant may still come, until the instant is over
            return price if price.known_at_ns <= self._seen_to_ns else None
        limits = (self._starts.get(order.event_id), self._ends.get(order.event_id))
        return NO_PRICE if any(limit is not None and self._seen_to_ns >= limit for limit in limits) else None

    def compared(self, order: Order) -> list[float]:
        """As `PriceSource.compared`."""
        return _compared(self._books.get(order.event_id, {}), order)


def _line(line: float | None) -> float | None:
    return None if line is None or math.isnan(line) else line


def _size(size: float | None) -> float:
    return math.inf if size is None or math.isnan(size) else size
