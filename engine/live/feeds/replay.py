"""A feed of recorded history: fixtures, quotes and results, each at the instant at which it became known.

A result is known when the tape settles by it, and unresolved events end as they do there, if the events were prepared
by `engine.tape.unresolved.prepared`. Fixtures come with their first quote, for a history does not say when
they were announced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import polars as pl

from engine.errors import check_frame
from engine.live.feed import Fixture, Mark, Message, Quote, Result
from engine.schema import ALL_EVENTS, INSTANT_DTYPE, KNOWN_AFTER, with_optional

#: columns of an event that its result brings
_OF_RESULT: Final = ("settled_at", "settled_at_basis", "home_score", "away_score", "winner", *KNOWN_AFTER)
_OF_QUOTE: Final = (
    "event_id", "market", "line", "selection", "bookmaker", "side", "odds", "size_minor", "instant", "suspect",
)  # fmt: skip
#: quotes that are turned into messages at a time
_CHUNK: Final = 50_000


class Replay:
    """Messages of a history, one instant at a time.

    Parameters
    ----------
    events : polars.DataFrame
        Columns of `schema.EVENTS`, as `engine.tape.unresolved.prepared` gives them. Events without a quote are left
        out.
    quotes : polars.DataFrame
        Columns of `schema.QUOTES`, rows in any order.
    name : str
    unquoted : bool
        Whether events without a quote are kept that have a result: they come with it.

    Attributes
    ----------
    is_live : bool
        False.
    """

    is_live = False

    def __init__(
        self, events: pl.DataFrame, quotes: pl.DataFrame, name: str = "replay", *, unquoted: bool = False
    ) -> None:
        check_frame(events, "events")
        check_frame(quotes, "quotes")
        self.name = name
        quotes = quotes.with_columns(known_at=pl.col("known_at").cast(INSTANT_DTYPE).cast(pl.Int64))
        self._quotes = quotes.sort("known_at", "event_id", maintain_order=True).unique(
            maintain_order=True, subset=[*_OF_QUOTE, "known_at"]
        )
        first = self._quotes.group_by("event_id").agg(first=pl.col("known_at").min())
        events = with_optional(events).join(first, on="event_id", how="left" if unquoted else "inner")
        known = pl.coalesce("first", pl.col("settled_at").cast(INSTANT_DTYPE).cast(pl.Int64))
        self._events = events.with_columns(first=known).filter(pl.col("first").is_not_null())
        self._messages = self._merged()
        self._next: Message | None = next(self._messages, None)

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        """All messages of the next instant with a `Mark`; None at the end. It never waits."""
        if self._next is None:
            return None
        at, batch = self._next.known_at_ns, list[Message]()
        while self._next is not None and self._next.known_at_ns == at:
            batch.append(self._next)
            self._next = next(self._messages, None)
        batch.append(Mark(at))
        return batch

    def _merged(self) -> Iterator[Message]:
        """Fixtures, results and quotes by instant; a fixture comes before its first quote."""
        known: list[Message] = [*self._fixtures(), *self._results()]
        others = iter(sorted(known, key=lambda message: message.known_at_ns))
        waiting = next(others, None)
        for quote in self._quoted():
            while waiting is not None and waiting.known_at_ns <= quote.known_at_ns:
                yield waiting
                waiting = next(others, None)
            yield quote
        while waiting is not None:
            yield waiting
            waiting = next(others, None)

    def _fixtures(self) -> Iterator[Fixture]:
        nothing: dict[str, Any] = dict.fromkeys(_OF_RESULT)
        for row in self._events.iter_rows(named=True):
            values = {name: row[name] for name in ALL_EVENTS if name in row}
            yield Fixture(row["first"], {**values, **nothing, "status": "scheduled"})

    def _results(self) -> Iterator[Result]:
        known = self._events.filter(pl.col("settled_at").is_not_null(), pl.col("status") != "scheduled")
        known = known.with_columns(at=pl.col("settled_at").cast(INSTANT_DTYPE).cast(pl.Int64))
        for row in known.sort("at", maintain_order=True).iter_rows(named=True):
            yield Result(row["at"], {name: row[name] for name in ALL_EVENTS if name in row})

    def _quoted(self) -> Iterator[Quote]:
        for low in range(0, self._quotes.height, _CHUNK):
            part = self._quotes[low : low + _CHUNK].select("known_at", *_OF_QUOTE)
            for row in part.iter_rows():
                yield Quote(*row)
