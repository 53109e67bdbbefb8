"""Recorded markets, read forward: what an order would meet when it arrives.

The delay that a market has at the arrival counts: a bet is matched after it, and not at all if the market was suspended
in between (Betfair's developer documentation, betDelay). A line that cannot be read is counted, and logged once a file.
"""

from __future__ import annotations

import json
import math
from collections import Counter, deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from engine.clock import SECOND_NS
from engine.exchange.book import Books, MarketBook, RunnerKey, UnreadableChange
from engine.exchange.files import Lines
from engine.logs.setup import logger

_LOG = logger(__name__)
_MS_NS: Final = SECOND_NS // 1000
#: minor units of the recording's money; a size that is a whole number but for rounding counts as whole
_MINOR: Final = 100.0
_ROUNDING: Final = 1e-6
_END_NS: Final = 2**63 - 1
#: reasons: no recorded book, a market that takes no orders
UNKNOWN: Final = "unknown_market"
CLOSED: Final = "suspended"

#: instant and change of a market; None: a new image of the whole stream begins
_Change = tuple[int, Mapping[str, Any] | None]
#: event, market, line, selection of a bet
Bet = tuple[int, str, float | None, str]


class Runner(NamedTuple):
    """Where a bet stands in the recordings: files of messages in their order, a market of them, and a runner."""

    paths: tuple[Path, ...]
    market_id: str
    key: RunnerKey


@dataclass(frozen=True)
class Recordings:
    """Recordings of an exchange, by the bets of the store.

    Attributes
    ----------
    bookmaker : str
        Whose bets are matched against them.
    runners : mapping of Bet to Runner
    never : tuple of str
        Bookmakers of the same exchange whose prices nobody can take: starting prices, last traded prices.
    notes : tuple of str
        What the recordings have that cannot be used.
    at_start : bool
        Orders wait for the starting price, instead of taking the best price on arrival.
    """

    bookmaker: str
    runners: Mapping[Bet, Runner]
    never: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    at_start: bool = False


class Arrival(NamedTuple):
    """What an order meets: the best price of the book, deeper ones are left alone; or the starting price.

    Attributes
    ----------
    reason : str
        Why it is refused, `UNKNOWN` or `CLOSED`; empty: it is not.
    at_ns : int
        When it is matched: after the delay of the market, or at the start, UTC nanoseconds.
    odds : float
        The price then; NaN: there is none.
    size_minor : float
        Its size, whole minor units, before what orders of ours took; infinite at the starting price.
    offer : int
        Number of this offer: one price of a runner and side, from when it came into the book until it has left it. What
        an order takes of an offer is gone for every later one that meets it. -1: there is none, or it is the starting
        price.
    """

    reason: str
    at_ns: int
    odds: float = math.nan
    size_minor: float = 0.0
    offer: int = -1


class RecordedMarket:
    """One recorded market. Orders come in the order of their arrival; what was read is not read again.

    Parameters
    ----------
    paths : sequence of Path
        Files in their order. A change that is older than the one before it is left out.
    market_id : str
    at_start : bool
        Orders wait for the starting price.

    Attributes
    ----------
    unreadable : Counter of str
        Lines and changes that could not be read, by file.
    n_offers : int
        Offers that orders have met, numbered from 0.
    """

    def __init__(self, paths: Sequence[Path], market_id: str, *, at_start: bool = False) -> None:
        self.unreadable, self.n_offers = Counter[str](), 0
        self._market_id, self._offers = market_id, dict[RunnerKey, dict[tuple[str, float], int]]()
        self._paths, self._read = tuple(paths), Counter[Path]()  # lines of each file that were read
        self._books, self._definition = Books(), dict[str, Any]()
        self._lines: Generator[list[_Change]] | None = None
        self._coming = deque[_Change]()
        self._at_ns, self._closed_to_ns, self._is_open = -1, -1, False
        self._at_start, self._started_ns = at_start, -1

    def arrive(self, key: RunnerKey, side: str, at_ns: int) -> Arrival:
        """What an order on a side of a runner, back or lay, meets that arrives at an instant.

        Raises
        ------
        OSError
            A recording cannot be read.
        """
        book = self._forward(at_ns)
        if self._at_start:
            return self._wait(book, key, at_ns)
        delay_ns = book.delay_s * SECOND_NS if book and book.is_open else 0
        if delay_ns:
            book = self._forward(at_ns + delay_ns)
        at_ns, arrived_ns = at_ns + delay_ns, at_ns
        if book is None or key not in book.runners:
            return Arrival(UNKNOWN, at_ns)
        if not book.is_open or self._closed_to_ns > arrived_ns:
            return Arrival(CLOSED, at_ns)
        for odds, size in book.runners[key].best(side):
            if (whole := _whole(size)) >= 1.0 and odds > 1.0:
                return Arrival("", at_ns, odds, whole, self._offer(key, side, odds))
        return Arrival("", at_ns)

    def _wait(self, book: MarketBook | None, key: RunnerKey, at_ns: int) -> Arrival:
        """An order for the starting price: taken while the market is open and the price is not made yet."""
        if book is None or key not in book.runners:
            return Arrival(UNKNOWN, at_ns)
        if not book.is_open or book.is_in_play or self._started_ns >= 0:
            return Arrival(CLOSED, at_ns)
        started_ns, prices = self._start
        return Arrival("", max(at_ns, started_ns), prices.get(key, math.nan), math.inf)

    @cached_property
    def _start(self) -> tuple[int, dict[RunnerKey, float]]:
        """When the starting prices were made, and what they are, found by a reader of its own that goes to the end."""
        reader = RecordedMarket(self._paths, self._market_id)
        reader._forward(_END_NS)
        reader.close()
        return reader._started_ns, starting_prices(reader._definition) if reader._started_ns >= 0 else {}

    def close(self) -> None:
        """Close the file. It is opened again, at the same line, when more of it is needed."""
        if self._lines is not None:
            self._lines.close()
        self._lines = None

    def _forward(self, to_ns: int) -> MarketBook | None:
        """The book after all changes published up to an instant; an earlier instant than before changes nothing."""
        while self._at_ns <= to_ns and self._has_more():
            at_ns, change = self._coming[0]
            if at_ns > to_ns:
                break
            self._coming.popleft()
            if at_ns >= self._at_ns:
                self._apply(at_ns, change)
        return self._books.markets.get(self._market_id)

    def _has_more(self) -> bool:
        """Whether a change is to come; the next line that has one is read."""
        while not self._coming:
            if self._lines is None:
                self._lines = self._following()
            found = next(self._lines, None)
            if found is None:
                return False
            self._coming += found
        return True

    def _apply(self, at_ns: int, change: Mapping[str, Any] | None) -> None:
        self._at_ns = at_ns
        if not self._is_open:
            self._closed_to_ns = at_ns
        self._is_open = False
        if change is None:  # a new image of the stream begins
            self._books.forget()
            return
        try:
            book = self._books.apply(change, at_ns)
        except UnreadableChange:  # the market is forgotten until its next image
            self._count(self._place)
            return
        if book.definition:
            self._definition = dict(book.definition)
        else:  # an image without it
            book.definition = self._definition
        self._is_open = book.is_open
        if self._started_ns < 0 and book.definition.get("bspReconciled") is True:
            self._started_ns = at_ns
        self._forget_offers(book)

    def _offer(self, key: RunnerKey, side: str, odds: float) -> int:
        """The number of an offer; a new one if nobody has met it yet."""
        offers = self._offers.setdefault(key, {})
        if (side, odds) not in offers:
            offers[side, odds] = self.n_offers
            self.n_offers += 1
        return offers[side, odds]

    def _forget_offers(self, book: MarketBook) -> None:
        """Forget the offers that have left the book: the same price later is another offer."""
        for key, offers in self._offers.items():
            runner = book.runners.get(key)
            for side, odds in list(offers):
                if runner is None or _whole(runner.size_at(side, odds)) < 1.0:
                    del offers[side, odds]

    def _following(self) -> Generator[list[_Change]]:
        """The changes of each line that was not read yet."""
        wanted = self._market_id.encode()
        for path in self._paths:
            self._place = path
            for number, text in Lines(path):
                if number <= self._read[path]:
                    continue
                self._read[path] = number
                is_whole = text.startswith(b"{") and text.rstrip().endswith(b"}")
                if is_whole and wanted not in text and b"SUB_IMAGE" not in text:
                    continue
                if text.strip():
                    yield self._changes_of(text)

    def _changes_of(self, text: bytes) -> list[_Change]:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            self._count(self._place)
            return []
        if not isinstance(message, dict) or message.get("op") != "mcm":
            return []
        at_ms, changes = message.get("pt"), message.get("mc") or []
        if not isinstance(at_ms, int) or isinstance(at_ms, bool) or not isinstance(changes, list):
            self._count(self._place)
            return []
        begins = (
            bool(changes) and message.get("ct") == "SUB_IMAGE" and message.get("segmentType") in (None, "SEG_START")
        )
        found: list[_Change] = [(at_ms * _MS_NS, None)] if begins else []
        mine = (one for one in changes if isinstance(one, dict) and one.get("id") == self._market_id)
        return found + [(at_ms * _MS_NS, change) for change in mine]

    def _count(self, path: Path) -> None:
        if not self.unreadable[str(path)]:
            _LOG.warning("a line of a recording cannot be read", file=str(path), market=self._market_id)
        self.unreadable[str(path)] += 1


def arrivals(recordings: Recordings, orders: Iterable[tuple[Bet, str, int]]) -> list[Arrival]:
    """What orders meet that are matched one after another, with numbers of offers that no two markets share.

    Parameters
    ----------
    recordings : Recordings
    orders : iterable of (Bet, str, int)
        Bet, side, and instant of the arrival, UTC nanoseconds; in any order.

    Raises
    ------
    OSError
        A recording cannot be read.
    """
    asked, answers, n_offers = list(orders), dict[int, Arrival](), 0
    by_market = dict[tuple[tuple[Path, ...], str], list[tuple[int, int, RunnerKey]]]()
    for place, (bet, _, at_ns) in enumerate(asked):
        runner = recordings.runners.get(bet)
        if runner is None:
            answers[place] = Arrival(UNKNOWN, at_ns)
        else:
            by_market.setdefault((runner.paths, runner.market_id), []).append((at_ns, place, runner.key))
    for (paths, market_id), wanted in by_market.items():
        market = RecordedMarket(paths, market_id, at_start=recordings.at_start)
        for at_ns, place, key in sorted(wanted):
            one = market.arrive(key, asked[place][1], at_ns)
            answers[place] = one._replace(offer=one.offer + n_offers) if one.offer >= 0 else one
        market.close()
        n_offers += market.n_offers
    return [answers[place] for place in range(len(asked))]


def starting_prices(definition: Mapping[str, Any]) -> dict[RunnerKey, float]:
    """The starting prices of a market definition, by runner; one that has none is left out."""
    found = dict[RunnerKey, float]()
    for runner in definition.get("runners", ()):
        price = runner.get("bsp")
        if isinstance(price, int | float) and not isinstance(price, bool) and math.isfinite(price) and price > 1.0:
            found[int(runner["id"]), float(runner.get("hc") or 0.0)] = float(price)
    return found


def _whole(size: float) -> float:
    """A size of the recording in whole minor units."""
    return float(math.floor(size * _MINOR + _ROUNDING))
