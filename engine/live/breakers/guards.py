"""Checks of one quote at a time that keep no trip: stale quotes, and books or moves that cannot be prices."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.clock import SECOND_NS
from engine.live.breakers.contract import Wanted
from engine.live.feed import Gap, Message, Quote, Result
from engine.schema import SELECTIONS, WINNERS


class Staleness:
    """Refuses a bet at an old quote, and at one from before a gap of the source.

    A source whose clock stands still, or that gives its cache for ever, gives quotes whose age grows.

    Parameters
    ----------
    after_s : float
        Largest age of a quote, on the runner's clock of the world.
    """

    name = "stale"

    def __init__(self, after_s: float) -> None:
        self._after_ns = round(after_s * SECOND_NS)
        self._gap_ns = -1
        self._cached: set[tuple[object, ...]] = set()

    def observe(self, message: Message) -> None:
        """Take a message of the feed in."""
        if isinstance(message, Gap):
            self._gap_ns = max(self._gap_ns, message.known_at_ns)
        elif isinstance(message, Quote):
            price = (message.event_id, message.market, message.line, message.selection, message.bookmaker, message.side)
            if message.stale:
                self._cached.add(price)
            elif self._cached:
                self._cached.discard(price)

    def reason(self, wanted: Wanted) -> str:
        """``stale``, or empty."""
        price = (wanted.event_id, wanted.market, wanted.line, wanted.selection, wanted.bookmaker, wanted.side)
        old = wanted.at_ns - wanted.quote_known_at_ns > self._after_ns
        return self.name if old or wanted.quote_known_at_ns <= self._gap_ns or price in self._cached else ""


@dataclass
class _Price:
    odds: float
    confirmed: float  # the last level that was not a jump
    since_ns: int  # when `odds` was first seen


@dataclass
class _Book:
    prices: dict[str, _Price] = field(default_factory=dict)


class OddsSanity:
    """Refuses a bet in a book whose inverse odds sum to less or more than any market's, and at a price that jumped.

    A jump is a change by more than `jump_factor` either way. It stands until the new level has been quoted again, or
    has stood for `confirm_s`.

    Parameters
    ----------
    overround_min, overround_max : float
        Of the sum of inverse odds of a complete book, divided by the number of its winners.
    jump_factor, confirm_s : float
    """

    name = "odds_sanity"

    def __init__(self, overround_min: float, overround_max: float, jump_factor: float, confirm_s: float) -> None:
        self._low, self._high, self._factor = overround_min, overround_max, jump_factor
        self._confirm_ns = round(confirm_s * SECOND_NS)
        self._books: dict[int, dict[tuple[object, ...], _Book]] = {}

    def observe(self, message: Message) -> None:
        """Take a message of the feed in. The books of an event are forgotten with its result."""
        if isinstance(message, Result):
            self._books.pop(int(message.values["event_id"]), None)
        elif isinstance(message, Quote):
            self._quoted(message)

    def _quoted(self, quote: Quote) -> None:
        books = self._books.setdefault(quote.event_id, {})
        prices = books.setdefault((quote.market, quote.line, quote.bookmaker, quote.side), _Book()).prices
        old = prices.get(quote.selection)
        if old is None:
            prices[quote.selection] = _Price(quote.odds, quote.odds, quote.known_at_ns)
        elif self._near(quote.odds, old.odds):
            # the second quote of a level confirms it
            since = old.since_ns if quote.odds == old.odds else quote.known_at_ns
            prices[quote.selection] = _Price(quote.odds, quote.odds, since)
        else:
            prices[quote.selection] = _Price(quote.odds, old.confirmed, quote.known_at_ns)

    def _near(self, odds: float, before: float) -> bool:
        return before / self._factor <= odds <= before * self._factor

    def _book(self, wanted: Wanted) -> _Book | None:
        books = self._books.get(wanted.event_id, {})
        return books.get((wanted.market, wanted.line, wanted.bookmaker, wanted.side))

    def reason(self, wanted: Wanted) -> str:
        """``odds_sanity``, or empty."""
        if not 1.0 < wanted.odds < float("inf"):
            return self.name
        book = self._book(wanted)
        if book is None:
            return ""
        price = book.prices.get(wanted.selection)
        if (
            price is not None
            and not self._near(price.odds, price.confirmed)
            and wanted.at_ns - price.since_ns < self._confirm_ns
        ):
            return self.name
        overround = self.overround(wanted)
        return "" if overround is None or self._low <= overround <= self._high else self.name

    def overround(self, wanted: Wanted) -> float | None:
        """Sum of the inverse back odds of the book, per winner; None for a lay or where the book is not complete."""
        if wanted.side != "back":
            return None
        book = self._book(wanted)
        selections = SELECTIONS.get(wanted.market, ())
        if book is None or not selections or any(selection not in book.prices for selection in selections):
            return None
        return sum(1.0 / book.prices[s].odds for s in selections) / WINNERS.get(wanted.market, 1)
