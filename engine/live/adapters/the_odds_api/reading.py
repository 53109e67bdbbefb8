"""An answer as messages: read, and doubted, as by the import of the same answer later."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import polars as pl

from engine.clock import SECOND_NS, instant_ns
from engine.errors import SourceError
from engine.live.adapters.the_odds_api.raw import stamped
from engine.live.feed import FeedFailure, Fixture, Quote, Result
from engine.schema import ALL_EVENTS, KNOWN_AFTER
from engine.source.generic_csv import read
from engine.source.mapping import mapping_text, parse_mapping
from engine.source.quarantine import Origin
from engine.source.suspicion import with_flags

Follow = Callable[[pl.DataFrame, pl.DataFrame, int], tuple[pl.DataFrame, pl.DataFrame]]
MAPPING: Final = "the_odds_api"
_OF_RESULT: Final = ("settled_at", "settled_at_basis", "home_score", "away_score", "winner", *KNOWN_AFTER)
_OF_QUOTE: Final = (
    "event_id", "market", "line", "selection", "bookmaker", "side", "odds", "size_minor", "instant", "suspect",
)  # fmt: skip


@dataclass(frozen=True)
class Read:
    """What an answer says.

    Attributes
    ----------
    events : dict of int to dict
        Columns of `schema.ALL_EVENTS` by event id.
    quotes : list of tuple
        Fields of `Quote` after `known_at_ns`, `stale` left out.
    passed_over : int
        Rows and prices that the reader put into its quarantine.
    """

    events: dict[int, dict[str, Any]]
    quotes: list[tuple[Any, ...]]
    passed_over: int


class Reader:
    """Reads answers with the shipped mapping.

    Parameters
    ----------
    market_age_ns : int
        Prices of a market whose ``last_update`` was longer ago, when the answer came, have size 0.
    follow : callable, optional
        Gives events and quotes of an answer the events that its ids stand for: `Games.followed`.
    """

    def __init__(self, market_age_ns: int, follow: Follow | None = None) -> None:
        text, name = mapping_text(MAPPING)
        mapping = parse_mapping(text, name)
        self._mapping = replace(mapping, known=replace(mapping.known, age_s=market_age_ns / SECOND_NS))
        self._follow = follow

    def read(self, value: Any, received_ns: int) -> Read:
        """Events and quotes of an answer. Events without teams, as those of outrights, are passed over.

        Raises
        ------
        FeedFailure
            It has not the documented form.
        """
        value, nameless = _named(value)
        if not value:
            return Read({}, [], nameless)
        try:
            raw = stamped(json.dumps(value, allow_nan=False).encode(), "", received_ns)
        except (ValueError, RecursionError):  # 1e999 is read as an infinite number
            raise FeedFailure("the answer cannot be read: a number without end, or lists without end") from None
        origin = Origin(MAPPING, MAPPING, sha256(raw).hexdigest())
        today = datetime.fromtimestamp(received_ns // SECOND_NS, UTC).date()
        try:
            parsed = with_flags(read(raw, origin, today, self._mapping), MAPPING, MAPPING, origin.raw_sha256)
        except SourceError as error:
            raise FeedFailure(f"the answer cannot be read: {error}") from None
        found, prices = parsed.events, parsed.quotes
        if self._follow is not None:
            found, prices = self._follow(found, prices, received_ns)
        events = {row["event_id"]: row for row in found.select(*ALL_EVENTS).iter_rows(named=True)}
        quotes = list(prices.select(_OF_QUOTE).iter_rows())
        passed_over = parsed.counts.rows_quarantined + parsed.counts.prices_quarantined
        return Read(events, quotes, passed_over + nameless)


def fixture(event: Mapping[str, Any], at_ns: int) -> Fixture:
    """An event as far as it is known before it starts."""
    return Fixture(at_ns, {**event, **dict.fromkeys(_OF_RESULT), "status": "scheduled"})


def result(event: Mapping[str, Any], at_ns: int, version: int) -> Result:
    """An event with its result, known from now on."""
    settled = pl.select(pl.lit(at_ns).cast(ALL_EVENTS["settled_at"])).item()
    return Result(at_ns, {**event, "settled_at": settled, "settled_at_basis": "recorded"}, version)


def quotes(read: Read, at_ns: int, *, stale: bool = False) -> list[Quote]:
    """Its prices as messages."""
    return [Quote(at_ns, *(*values, stale)) for values in read.quotes]


def instant(value: Any) -> int | None:
    """An instant of an answer; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int):
        return value * SECOND_NS if 0 <= value < 2**33 else None
    try:
        return instant_ns(datetime.fromisoformat(value))
    except (ValueError, TypeError, OverflowError, AttributeError):
        return None


def _named(value: Any) -> tuple[list[Any], int]:
    """The events of an answer that have a team, and the number of the others."""
    events = value if isinstance(value, list) else [value]
    if not all(isinstance(event, Mapping) for event in events):
        raise FeedFailure("the answer cannot be read: an event that is no object")
    named = [
        event for event in events
        if "home_team" not in event or event["home_team"] is not None or event.get("away_team") is not None
    ]  # fmt: skip
    return named, len(events) - len(named)
