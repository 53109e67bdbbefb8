"""Small worlds of prices and orders for tests of venues."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from engine import Configuration
from engine.clock import SECOND_NS
from engine.live.bets.intent import intent_key
from engine.live.venue import Order
from engine.live.venues.fills import FillModel
from engine.live.venues.paper import PaperVenue
from engine.live.venues.prices import PriceSource, ReplayPrices
from engine.schema import INSTANT_DTYPE, QUOTES

T0 = datetime(2024, 5, 1, 12, tzinfo=UTC)
#: `T0` in UTC nanoseconds
T0_NS = int(T0.timestamp()) * SECOND_NS
BANKROLL = 1_000_000


def quote(seconds: int, odds: float, **values: Any) -> dict[str, Any]:
    """A row of `schema.QUOTES`: home to win event 1 at the bookmaker aaa, `seconds` after `T0`."""
    row = {
        "event_id": 1, "market": "1x2", "line": None, "selection": "home", "bookmaker": "aaa", "side": "back",
        "instant": "snapshot", "known_at": T0 + timedelta(seconds=seconds), "known_at_basis": "recorded", "odds": odds,
        "size_minor": None, "suspect": False,
    }  # fmt: skip
    return row | values


def prices(*rows: dict[str, Any], n_events: int = 1, settled_after_s: int | None = 10_000) -> ReplayPrices:
    """Recorded prices of events that start an hour after `T0`."""
    settled = None if settled_after_s is None else T0 + timedelta(seconds=settled_after_s)
    events = pl.DataFrame(
        {"event_id": list(range(1, n_events + 1)), "starts_at": T0 + timedelta(hours=1), "settled_at": settled},
        schema_overrides={"starts_at": INSTANT_DTYPE, "settled_at": INSTANT_DTYPE},
    )
    return ReplayPrices.from_quotes(pl.DataFrame(list(rows), schema=QUOTES), events)


def order(number: int = 1, **values: Any) -> Order:
    """An order at 2.00 on the series of `quote`, decided 10 seconds after `T0`."""
    fields: dict[str, Any] = {
        "key": intent_key("0" * 32, number), "opportunity_id": number, "event_id": 1, "market": "1x2", "line": None,
        "selection": "home", "bookmaker": "aaa", "side": "back", "odds": 2.0, "odds_worst": 1.0, "stake_minor": 1_000,
        "backer_minor": 0, "decided_at_ns": T0_NS + 10 * SECOND_NS, "expires_ns": T0_NS + 70 * SECOND_NS,
    }  # fmt: skip
    return Order(**fields | values)


def venue(
    source: PriceSource, path: Path | str = ":memory:", *, delay_s: int = 0, seed: int = 0, **parameters: Any
) -> PaperVenue:
    """A paper venue with `BANKROLL` paid in; further ones of configuration, model or venue."""
    of_model = {name: parameters.pop(name) for name in ("terms", "size_on_arrival") if name in parameters}
    of_venue = {name: parameters.pop(name) for name in ("guard", "on_finding", "zone") if name in parameters}
    model = FillModel(Configuration(**parameters).params(), seed, delay_s * SECOND_NS, **of_model)
    made = PaperVenue(path, source, model, **of_venue)
    made.deposit("capital:1", BANKROLL)
    return made
