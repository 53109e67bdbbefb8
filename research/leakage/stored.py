"""The prices of the configuration's universe, part by part, and what is wrong with how they were recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import polars as pl

from engine.errors import EmptyUniverseError
from engine.schema import CLOSE, OPEN
from engine.store.store import Store
from engine.store.universe import Universe
from research.leakage.recorded import Fault, faults, still_questions
from research.slow import Slow


def universe_of(slow: Slow) -> Universe:
    """The events of a slow part, with all their prices."""
    common = dict(slow.universe)
    for name in ("first_date", "last_date"):
        common[name] = date.fromisoformat(common[name]) if common[name] else None
    return Universe(**common)


def of_universe(store: Store, universe: Universe, max_quotes: int) -> Iterator[pl.DataFrame]:
    """Prices of a universe in parts of whole partitions of about `max_quotes`; parts without any are left out."""
    for part in store.parts(universe, max_quotes=max_quotes):
        try:
            yield store.quotes(part)
        except EmptyUniverseError:
            continue


def recorded_faults(
    store: Store, universe: Universe, markets: tuple[str, ...], max_quotes: int
) -> list[tuple[Fault, pl.DataFrame]]:
    """Bookmakers and seasons whose opening prices are their closing prices, each with one such price.

    The price's columns are those of the store and `decided_at`, the instant at which it is said to have been known.
    """
    events = store.events(universe)
    asked = replace(universe, markets=markets, instants=(OPEN, CLOSE), sides=("back",))
    parts = [still_questions(events, quotes) for quotes in of_universe(store, asked, max_quotes)]
    if not parts:
        return []
    return [(fault, _one(store, asked, events, fault)) for fault in faults(pl.concat(parts))]


def _one(store: Store, asked: Universe, events: pl.DataFrame, fault: Fault) -> pl.DataFrame:
    own = replace(
        asked,
        sports=(fault.sport,),
        competitions=(fault.competition,),
        seasons=(fault.season,),
        bookmakers=(fault.bookmaker,),
    )
    series = ["event_id", "market", "line", "selection", "odds"]
    quotes = store.quotes(own).join(events.select("event_id"), on="event_id", how="semi")
    closing = quotes.filter(pl.col("instant") == CLOSE).select(series)
    opening = quotes.filter(pl.col("instant") == OPEN)
    same = opening.join(closing, on=series, how="semi", nulls_equal=True)
    return same.sort("known_at", "event_id", "market", "line", "selection").head(1).with_columns(decided_at="known_at")
