"""Fair closing probabilities of live bets, from the quotes that were seen up to the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.clock import instant_ns
from engine.live.feed import Fixture, Message, Quote, Result
from engine.live.ledger.entries import Entry, Kind, Recorded

#: a bet: event, market, line, selection
_Place = tuple[int, str, float | None, str]

#: of quotes that can close a market
_KINDS: Final = ("close", "snapshot")
_EVENT: Final = ("event_id", "starts_at", "starts_at_basis")


class ClosingLines:
    """Keeps the last quotes of the bookmaker whose closing prices count, and writes down what they say of our bets.

    When the first bet of an event is settled, one CLOSED entry holds the fair closing probability of the selection of
    each of its bets, so that a restart, `bea drift` and the breakers have the same numbers. A bet without a complete
    closing book has None.

    Parameters
    ----------
    bookmaker, method : str
        As in `engine.asof.closing.fair_closing`: ``clv.bookmaker`` and ``clv.method`` of the promotion.
    """

    def __init__(self, bookmaker: str, method: str) -> None:
        self._bookmaker, self._method = bookmaker, method
        self._events: dict[int, Mapping[str, Any]] = {}
        self._quotes: dict[int, dict[tuple[object, ...], Quote]] = {}
        self._bets: dict[int, dict[str, _Place]] = {}
        self._event_of: dict[str, int] = {}
        self._settled: dict[int, int] = {}
        self._closed: set[int] = set()

    def observe(self, message: Message) -> None:
        """Take a message of the feed in."""
        if isinstance(message, Quote):
            counts = message.bookmaker == self._bookmaker and message.side == "back" and message.kind in _KINDS
            if counts and not self._started(message):
                price = (message.market, message.line, message.selection, message.kind)
                self._quotes.setdefault(message.event_id, {})[price] = message
        elif isinstance(message, Fixture | Result):
            event = int(message.values["event_id"])
            if event not in self._closed:
                self._events[event] = {name: message.values.get(name) for name in _EVENT}

    def _started(self, quote: Quote) -> bool:
        """Whether a quote became known after the recorded start of its event."""
        event = self._events.get(quote.event_id, {})
        starts_at = event.get("starts_at")
        if starts_at is None or event.get("starts_at_basis") != "recorded":
            return False
        return quote.known_at_ns > instant_ns(starts_at)

    def apply(self, recorded: Recorded) -> None:
        """Take an entry of the ledger in."""
        entry, body = recorded.entry, recorded.entry.body
        if entry.kind is Kind.INTENDED:
            place = (int(body["event_id"]), str(body["market"]), body["line"], str(body["selection"]))
            self._bets.setdefault(place[0], {})[entry.intent] = place
            self._event_of[entry.intent] = place[0]
        elif entry.kind in (Kind.SETTLED, Kind.VOID):
            event_id = self._event_of.get(entry.intent)
            if event_id is not None and event_id not in self._closed:
                self._settled.setdefault(event_id, entry.at_ns)
        elif entry.kind is Kind.CLOSED:
            event = int(body["event_id"])
            self._closed.add(event)
            for table in (self._events, self._quotes, self._bets, self._settled):
                table.pop(event, None)

    def entries(self) -> tuple[Entry, ...]:
        """What is to be written down now: one entry for each event that has a settled bet."""
        return tuple(self._entry(event, at_ns) for event, at_ns in self._settled.items())

    def _entry(self, event: int, at_ns: int) -> Entry:
        fair = self._fair(event)
        bets = {key: fair.get(place[1:]) for key, place in self._bets[event].items()}
        return Entry(Kind.CLOSED, f"closed:{event}", at_ns, body={"event_id": event, "close_probs": bets})

    def _fair(self, event: int) -> dict[tuple[str, float | None, str], float]:
        """Fair closing probabilities of an event by market, line and selection."""
        if event not in self._events or event not in self._quotes:
            return {}
        import polars as pl  # a replay that never settles a bet does without

        from engine.asof.closing import fair_closing
        from engine.schema import INSTANT_DTYPE

        events = pl.DataFrame([self._events[event]]).with_columns(pl.col("starts_at").cast(INSTANT_DTYPE))
        rows = [
            (q.event_id, q.market, q.line, q.selection, q.bookmaker, q.side, q.odds, q.known_at_ns, q.kind)
            for q in self._quotes[event].values()
        ]
        schema = {
            "event_id": pl.Int64, "market": pl.String, "line": pl.Float64, "selection": pl.String,
            "bookmaker": pl.String, "side": pl.String, "odds": pl.Float64, "known_at": pl.Int64, "instant": pl.String,
        }  # fmt: skip
        quotes = pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("known_at").cast(INSTANT_DTYPE))
        closing = fair_closing(events, quotes, self._bookmaker, self._method)
        return {
            (market, line, selection): prob
            for market, line, selection, prob in closing.select("market", "line", "selection", "close_prob").rows()
            if prob is not None and prob == prob
        }
