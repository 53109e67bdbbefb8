"""The prices that models read: those in force when a judged event is decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import polars as pl

from engine.asof.view import build_view
from engine.schema import SEQUENCE
from engine.store.store import Store
from research.judging.settings import Settings
from research.strategies.model_value import ModelValue

__all__ = ["market_at", "quotes_at"]

#: a judged event is decided at its start
_AT_START: Final = "before_start:0s"


def quotes_at(store: Store, settings: Settings, decided: pl.DataFrame) -> pl.DataFrame:
    """Back quotes of all bookmakers that were known when the prices that count as known were.

    Parameters
    ----------
    store : Store
    settings : Settings
    decided : polars.DataFrame
        Books of `Settings.decided`, one row for each event: event_id, and known_at, UTC nanoseconds.

    Returns
    -------
    polars.DataFrame
        Columns of `schema.QUOTES`, of these events: no quote of a later kind, and none that became known later.
    """
    last = SEQUENCE[settings.markets[settings.decided].kind]
    kinds = tuple(kind for kind, number in SEQUENCE.items() if number <= last)
    universe = replace(settings.learned, markets=(settings.market,), instants=kinds, sides=("back",))
    until = decided.select("event_id", _until="known_at")
    known = store.quotes(universe).join(until, on="event_id", how="inner", maintain_order="left")
    return known.filter(pl.col("known_at").cast(pl.Int64) <= pl.col("_until")).drop("_until")


def market_at(settings: Settings, events: pl.DataFrame, quotes: pl.DataFrame, opened: bool) -> pl.DataFrame:
    """The market of each event at its start, as the rows of `ModelValue` have it.

    Parameters
    ----------
    settings : Settings
    events : polars.DataFrame
        Columns of `schema.EVENTS`.
    quotes : polars.DataFrame
        `quotes_at`.
    opened : bool
        Whether to add the columns of the opening.

    Returns
    -------
    polars.DataFrame
        `ModelValue.market_of`.
    """
    bookmaker = settings.markets[settings.decided].bookmaker
    of = ModelValue(market=settings.market, market_bookmaker=bookmaker, method=settings.method)
    view = build_view(events, quotes, _AT_START, path=opened)
    return of.market_of(of.prices(view), view.path)
