"""Questions to the store, each through DuckDB (its SQL stands in `engine/asof/queries`) and through Polars.

Every function takes either a DuckDB connection with the views `events` and `quotes` (`Store.duckdb`) or the frames
of `Store.quotes` and `Store.events`, and gives the same rows in the same order. Aggregates of a source (`max`, `avg`)
are never part of a best price or a consensus, and are never rebuilt from named bookmakers. Of quotes known at the same
instant the one in force is told by `engine.asof.order`. Questions at decisions before the start of each event, over
stores larger than memory, are in `engine.asof.decisions`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

import polars as pl

from engine.asof.consensus import agreed
from engine.asof.order import kind, last_of_series
from engine.asof.sql import Asked, answer, names_of
from engine.clock import instant_ns
from engine.errors import ConfigurationError
from engine.schema import AGGREGATES, CLOSE, IN_PLAY, QUOTES, SNAPSHOT

if TYPE_CHECKING:
    import duckdb

    Quotes: TypeAlias = "pl.DataFrame | duckdb.DuckDBPyConnection"

_SELECTION: Final = ["event_id", "market", "line", "selection", "side"]
_QUOTE: Final = ["event_id", "market", "line", "selection", "bookmaker", "side"]


def quotes_as_of(quotes: Quotes, instant: datetime | int) -> pl.DataFrame:
    """The latest quote of each selection, bookmaker and side that was knowable at an instant.

    Parameters
    ----------
    quotes : DataFrame of `schema.QUOTES`, or a connection
    instant : datetime (with a zone) or int (UTC nanoseconds)
        Only quotes with ``known_at <= instant`` count.

    Returns
    -------
    DataFrame
        Columns of `schema.QUOTES`, one row a (event, market, line, selection, bookmaker, side).
    """
    if not isinstance(quotes, pl.DataFrame):
        found = answer(quotes, "in_force", names_of(quotes), Asked(instant_ns=_nanoseconds(instant)))
        return found.with_columns(kind()).select(list(QUOTES))
    return last_of_series(quotes.filter(_knowable(instant))).sort(_QUOTE)


def best_price(quotes: Quotes, instant: datetime | int, bookmakers: tuple[str, ...] | None = None) -> pl.DataFrame:
    """The best price of each selection at an instant over a set of real bookmakers (None: all of them).

    Returns
    -------
    DataFrame
        event_id, market, line, selection, side, odds, bookmaker (ties: first in the alphabet), known_at,
        n_bookmakers (how many quoted). Highest odds to back, lowest to lay.
    """
    _real(bookmakers)
    if not isinstance(quotes, pl.DataFrame):
        found = answer(quotes, "best", names_of(quotes), _asked(instant, bookmakers))
        return found.select(*_SELECTION, "odds", "bookmaker", "known_at", "n_bookmakers")
    standing = _standing(quotes, instant, bookmakers)
    cost = pl.when(pl.col("side") == "lay").then(pl.col("odds")).otherwise(-pl.col("odds"))
    return (
        standing.with_columns(pl.len().over(_SELECTION).cast(pl.Int64).alias("n_bookmakers"), cost.alias("_cost"))
        .sort("_cost", "bookmaker")
        .unique(_SELECTION, keep="first", maintain_order=True)
        .select(*_SELECTION, "odds", "bookmaker", "known_at", "n_bookmakers")
        .sort(_SELECTION)
    )


def consensus(
    quotes: Quotes, instant: datetime | int, bookmakers: tuple[str, ...] | None = None, method: str = "multiplicative"
) -> pl.DataFrame:
    """What real bookmakers (None: all of them) agree on at an instant.

    Returns
    -------
    DataFrame
        event_id, market, line, selection, side, odds_mean (mean decimal odds), prob_implied (mean of 1/odds),
        prob_share (that over its sum in the book), prob_fair (mean of the probabilities without margin of the
        bookmakers with a whole book; null: none has), n_bookmakers, n_fair.
    """
    _real(bookmakers)
    if not isinstance(quotes, pl.DataFrame):
        standing = answer(quotes, "prices", names_of(quotes), _asked(instant, bookmakers))
    else:
        standing = _standing(quotes, instant, bookmakers).sort(_QUOTE).with_columns(ahead_ns=pl.lit(0, pl.Int64))
    return agreed(standing, method).drop("ahead_ns")


def closing_line(
    quotes: Quotes,
    events: pl.DataFrame | None = None,
    bookmakers: tuple[str, ...] | None = None,
    instants: tuple[str, ...] = (CLOSE, SNAPSHOT),
) -> pl.DataFrame:
    """The last price before the start (at the start included) of each selection at each bookmaker.

    Parameters
    ----------
    quotes : DataFrame or a connection
    events : DataFrame, needed with a frame of quotes
        At least event_id and starts_at.
    bookmakers : tuple of str, optional
        None: all, the aggregates of the source among them.
    instants : tuple of str
        Which kinds of price may be the last; prices in play are refused.
    """
    if IN_PLAY in instants:
        raise ConfigurationError("a price in play is no closing price", where="instants", found=IN_PLAY)
    if not isinstance(quotes, pl.DataFrame):
        found = answer(quotes, "prices", names_of(quotes), Asked(instants=instants, bookmakers=bookmakers))
        return found.with_columns(kind()).select(*_QUOTE, "instant", "known_at", "odds")
    if events is None:
        raise ConfigurationError("closing_line needs the events beside a frame of quotes", todo="give events=")
    chosen = quotes.filter(pl.col("instant").is_in(list(instants)))
    if bookmakers is not None:
        chosen = chosen.filter(pl.col("bookmaker").is_in(list(bookmakers)))
    before = chosen.join(events.select("event_id", "starts_at"), on="event_id").filter(
        pl.col("known_at") <= pl.col("starts_at")
    )
    return last_of_series(before).select(*_QUOTE, "instant", "known_at", "odds").sort(_QUOTE)


def _standing(quotes: pl.DataFrame, instant: datetime | int, bookmakers: tuple[str, ...] | None) -> pl.DataFrame:
    chosen = quotes.filter(_knowable(instant) & ~pl.col("bookmaker").is_in(list(AGGREGATES)))
    if bookmakers is not None:
        chosen = chosen.filter(pl.col("bookmaker").is_in(list(bookmakers)))
    return last_of_series(chosen)


def _knowable(instant: datetime | int) -> pl.Expr:
    return pl.col("known_at").cast(pl.Int64) <= _nanoseconds(instant)


def _asked(instant: datetime | int, bookmakers: tuple[str, ...] | None) -> Asked:
    return Asked(instant_ns=_nanoseconds(instant), bookmakers=bookmakers, without=AGGREGATES)


def _nanoseconds(instant: datetime | int) -> int:
    if isinstance(instant, int):
        return instant
    if instant.tzinfo is None:
        raise ConfigurationError("an instant without a zone", expected="UTC", found=instant.isoformat())
    return instant_ns(instant)


def _real(bookmakers: tuple[str, ...] | None) -> None:
    for name in bookmakers or ():
        if name in AGGREGATES:
            raise ConfigurationError(
                f"{name!r} is an aggregate of the source, not a bookmaker",
                where="bookmakers",
                todo="leave it out; ask for its quotes by name with Store.quotes",
            )
