"""As-of queries at one instant, each in DuckDB (SQL in `engine/asof/queries`) and in Polars.

Every function takes either a DuckDB connection with the views `events` and `quotes` (`Store.duckdb`) or frames from
`Store.quotes` and `Store.events`, and returns the same rows in the same order. Aggregates of a source (`max`, `avg`)
are never part of a best price or a consensus, and are never recomputed from bookmakers. `engine.asof.order` decides
which of several quotes known at the same instant is in force. Queries at decisions before the start of each event, for
stores larger than memory, are in `engine.asof.decisions`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

import polars as pl

from engine.asof.consensus import consensus_of
from engine.asof.order import last_of_series, quote_kind
from engine.asof.sql import Request, names_of, run_query
from engine.clock import instant_ns
from engine.errors import ConfigurationError, check_frame
from engine.schema import AGGREGATES, CLOSE, IN_PLAY, QUOTES, SNAPSHOT

if TYPE_CHECKING:
    import duckdb

    Quotes: TypeAlias = "pl.DataFrame | duckdb.DuckDBPyConnection"

_SELECTION: Final = ["event_id", "market", "line", "selection", "side"]
_QUOTE: Final = ["event_id", "market", "line", "selection", "bookmaker", "side"]


def _check_quotes(quotes: Quotes) -> None:
    """Raise `DataError` for quotes that are neither a frame nor a DuckDB connection."""
    if type(quotes).__name__ != "DuckDBPyConnection":
        check_frame(quotes, "the quotes")


def quotes_as_of(quotes: Quotes, instant: datetime | int) -> pl.DataFrame:
    """The quote in force of each selection, bookmaker and side at an instant.

    Parameters
    ----------
    quotes : polars.DataFrame of `schema.QUOTES`, or a DuckDB connection
    instant : datetime with a zone, or int (UTC nanoseconds)
        Only quotes with ``known_at <= instant`` count.

    Returns
    -------
    polars.DataFrame
        Columns of `schema.QUOTES`, one row per (event, market, line, selection, bookmaker, side).

    Raises
    ------
    ConfigurationError
        `instant` is a datetime without a zone.
    """
    _check_quotes(quotes)
    if not isinstance(quotes, pl.DataFrame):
        rows = run_query(quotes, "quotes", names_of(quotes), Request(instant_ns=_nanoseconds(instant)))
        return rows.with_columns(quote_kind()).select(list(QUOTES))
    return last_of_series(quotes.filter(_is_known(instant))).sort(_QUOTE)


def best_price(quotes: Quotes, instant: datetime | int, bookmakers: tuple[str, ...] | None = None) -> pl.DataFrame:
    """The best price of each selection and side at an instant: the highest odds to back, the lowest to lay.

    Parameters
    ----------
    quotes, instant
        As in `quotes_as_of`.
    bookmakers : tuple of str, optional
        Bookmakers to compare; None for all. Aggregates of a source are never compared.

    Returns
    -------
    polars.DataFrame
        event_id, market, line, selection, side, odds, bookmaker (of equal odds the alphabetically first), known_at,
        n_bookmakers (number of bookmakers with a quote).

    Raises
    ------
    ConfigurationError
        `bookmakers` names an aggregate, or `instant` has no zone.
    """
    _refuse_aggregates(bookmakers)
    _check_quotes(quotes)
    if not isinstance(quotes, pl.DataFrame):
        rows = run_query(quotes, "best_prices", names_of(quotes), _request(instant, bookmakers))
        return rows.select(*_SELECTION, "odds", "bookmaker", "known_at", "n_bookmakers")
    in_force = _in_force(quotes, instant, bookmakers)
    cost = pl.when(pl.col("side") == "lay").then(pl.col("odds")).otherwise(-pl.col("odds"))
    return (
        in_force.with_columns(pl.len().over(_SELECTION).cast(pl.Int64).alias("n_bookmakers"), cost.alias("_cost"))
        .sort("_cost", "bookmaker")
        .unique(_SELECTION, keep="first", maintain_order=True)
        .select(*_SELECTION, "odds", "bookmaker", "known_at", "n_bookmakers")
        .sort(_SELECTION)
    )


def consensus(
    quotes: Quotes, instant: datetime | int, bookmakers: tuple[str, ...] | None = None, method: str = "multiplicative"
) -> pl.DataFrame:
    """The consensus of bookmakers on each selection and side at an instant.

    Parameters
    ----------
    quotes, instant, bookmakers
        As in `best_price`.
    method : str
        Method of margin removal, as in `engine.odds.fair_probabilities`.

    Returns
    -------
    polars.DataFrame
        event_id, market, line, selection, side and the measures of `engine.asof.consensus.consensus_of`.

    Raises
    ------
    ConfigurationError
        `bookmakers` names an aggregate, or `instant` has no zone.
    """
    _refuse_aggregates(bookmakers)
    _check_quotes(quotes)
    if not isinstance(quotes, pl.DataFrame):
        in_force = run_query(quotes, "prices", names_of(quotes), _request(instant, bookmakers))
    else:
        in_force = _in_force(quotes, instant, bookmakers).sort(_QUOTE).with_columns(ahead_ns=pl.lit(0, pl.Int64))
    return consensus_of(in_force, method).drop("ahead_ns")


def closing_line(
    quotes: Quotes,
    events: pl.DataFrame | None = None,
    bookmakers: tuple[str, ...] | None = None,
    instants: tuple[str, ...] = (CLOSE, SNAPSHOT),
) -> pl.DataFrame:
    """The last price of each selection, bookmaker and side known at or before the start of its event.

    Parameters
    ----------
    quotes : polars.DataFrame of `schema.QUOTES`, or a DuckDB connection
    events : polars.DataFrame, optional
        At least event_id and starts_at; required with a frame of quotes.
    bookmakers : tuple of str, optional
        None for all, including aggregates of a source.
    instants : tuple of str
        Quote kinds that may be the closing price; prices in play are refused.

    Returns
    -------
    polars.DataFrame
        event_id, market, line, selection, bookmaker, side, instant, known_at, odds.

    Raises
    ------
    ConfigurationError
        `instants` holds prices in play, or a frame of quotes comes without events.
    """
    if IN_PLAY in instants:
        raise ConfigurationError("a price in play is not a closing price", where="instants", found=IN_PLAY)
    _check_quotes(quotes)
    if not isinstance(quotes, pl.DataFrame):
        request = Request(instants=instants, bookmakers=bookmakers)
        rows = run_query(quotes, "prices", names_of(quotes), request)
        return rows.with_columns(quote_kind()).select(*_QUOTE, "instant", "known_at", "odds")
    if events is None:
        raise ConfigurationError("closing_line needs the events of a frame of quotes", todo="pass events=")
    selected = quotes.filter(pl.col("instant").is_in(list(instants)))
    if bookmakers is not None:
        selected = selected.filter(pl.col("bookmaker").is_in(list(bookmakers)))
    before = selected.join(events.select("event_id", "starts_at"), on="event_id").filter(
        pl.col("known_at") <= pl.col("starts_at")
    )
    return last_of_series(before).select(*_QUOTE, "instant", "known_at", "odds").sort(_QUOTE)


def _in_force(quotes: pl.DataFrame, instant: datetime | int, bookmakers: tuple[str, ...] | None) -> pl.DataFrame:
    selected = quotes.filter(_is_known(instant) & ~pl.col("bookmaker").is_in(list(AGGREGATES)))
    if bookmakers is not None:
        selected = selected.filter(pl.col("bookmaker").is_in(list(bookmakers)))
    return last_of_series(selected)


def _is_known(instant: datetime | int) -> pl.Expr:
    return pl.col("known_at").cast(pl.Int64) <= _nanoseconds(instant)


def _request(instant: datetime | int, bookmakers: tuple[str, ...] | None) -> Request:
    return Request(instant_ns=_nanoseconds(instant), bookmakers=bookmakers, excluded=AGGREGATES)


def _nanoseconds(instant: datetime | int) -> int:
    if isinstance(instant, int):
        return instant
    if instant.tzinfo is None:
        raise ConfigurationError("an instant without a zone", expected="UTC", found=instant.isoformat())
    return instant_ns(instant)


def _refuse_aggregates(bookmakers: tuple[str, ...] | None) -> None:
    for name in bookmakers or ():
        if name in AGGREGATES:
            raise ConfigurationError(
                f"{name!r} is an aggregate of the source, not a bookmaker",
                where="bookmakers",
                todo="leave it out; Store.quotes returns its quotes",
            )
