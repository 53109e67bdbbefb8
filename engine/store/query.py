"""Questions to the store, each through DuckDB (its SQL stands in `engine/store/sql`) and through Polars.

Every function takes either a DuckDB connection with the views `events` and `quotes` (`Store.duckdb`) or the frames
of `Store.quotes` and `Store.events`, and gives the same rows in the same order. Aggregates of a source (`max`, `avg`)
are never part of a best price or a consensus, and are never rebuilt from named bookmakers.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

import polars as pl

from engine.errors import ConfigurationError
from engine.schema import AGGREGATES, CLOSE, IN_PLAY, SNAPSHOT
from engine.store.connection import run

if TYPE_CHECKING:
    import duckdb

    Quotes: TypeAlias = "pl.DataFrame | duckdb.DuckDBPyConnection"

_SELECTION: Final = ["event_id", "market", "line", "selection", "side"]
_QUOTE: Final = ["event_id", "market", "line", "selection", "bookmaker", "side"]
_RANK: Final = {IN_PLAY: 0, CLOSE: 1, SNAPSHOT: 2}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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
        return run(quotes, "quotes_as_of", {"instant_ns": _nanoseconds(instant)})
    return _last(quotes.filter(_knowable(instant))).sort(_QUOTE)


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
        return run(quotes, "best_price", _arguments(instant, bookmakers))
    standing = _standing(quotes, instant, bookmakers)
    cost = pl.when(pl.col("side") == "lay").then(pl.col("odds")).otherwise(-pl.col("odds"))
    return (
        standing.with_columns(pl.len().over(_SELECTION).cast(pl.Int64).alias("n_bookmakers"), cost.alias("_cost"))
        .sort("_cost", "bookmaker")
        .unique(_SELECTION, keep="first", maintain_order=True)
        .select(*_SELECTION, "odds", "bookmaker", "known_at", "n_bookmakers")
        .sort(_SELECTION)
    )


def consensus(quotes: Quotes, instant: datetime | int, bookmakers: tuple[str, ...] | None = None) -> pl.DataFrame:
    """What real bookmakers (None: all of them) agree on at an instant.

    Returns
    -------
    DataFrame
        event_id, market, line, selection, side, odds_mean (mean decimal odds), prob_implied (mean of 1/odds),
        prob_share (that over its sum in the book), n_bookmakers.
    """
    _real(bookmakers)
    if not isinstance(quotes, pl.DataFrame):
        return run(quotes, "consensus", _arguments(instant, bookmakers))
    mean = (
        _standing(quotes, instant, bookmakers)
        .group_by(_SELECTION)
        .agg(
            pl.col("odds").mean().alias("odds_mean"),
            (1.0 / pl.col("odds")).mean().alias("prob_implied"),
            pl.len().cast(pl.Int64).alias("n_bookmakers"),
        )
        .sort(_SELECTION)
    )
    share = pl.col("prob_implied") / pl.col("prob_implied").sum().over("event_id", "market", "line", "side")
    return mean.with_columns(share.alias("prob_share")).select(
        *_SELECTION, "odds_mean", "prob_implied", "prob_share", "n_bookmakers"
    )


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
        names = list(bookmakers) if bookmakers is not None else None
        return run(quotes, "closing_line", {"bookmakers": names, "instants": list(instants)})
    if events is None:
        raise ConfigurationError("closing_line needs the events beside a frame of quotes", todo="give events=")
    chosen = quotes.filter(pl.col("instant").is_in(list(instants)))
    if bookmakers is not None:
        chosen = chosen.filter(pl.col("bookmaker").is_in(list(bookmakers)))
    before = chosen.join(events.select("event_id", "starts_at"), on="event_id").filter(
        pl.col("known_at") <= pl.col("starts_at")
    )
    return _last(before).select(*_QUOTE, "instant", "known_at", "odds").sort(_QUOTE)


def _last(quotes: pl.DataFrame) -> pl.DataFrame:
    """The latest row of each key; at the same instant in play before close before snapshot before open."""
    rank = pl.col("instant").replace_strict(_RANK, default=3, return_dtype=pl.Int8).alias("_rank")
    ordered = quotes.with_columns(rank).sort(["known_at", "_rank"], descending=[True, False], maintain_order=True)
    return ordered.unique(_QUOTE, keep="first", maintain_order=True).drop("_rank")


def _standing(quotes: pl.DataFrame, instant: datetime | int, bookmakers: tuple[str, ...] | None) -> pl.DataFrame:
    chosen = quotes.filter(_knowable(instant) & ~pl.col("bookmaker").is_in(list(AGGREGATES)))
    if bookmakers is not None:
        chosen = chosen.filter(pl.col("bookmaker").is_in(list(bookmakers)))
    return _last(chosen)


def _knowable(instant: datetime | int) -> pl.Expr:
    return pl.col("known_at").cast(pl.Int64) <= _nanoseconds(instant)


def _arguments(instant: datetime | int, bookmakers: tuple[str, ...] | None) -> dict[str, object]:
    names = list(bookmakers) if bookmakers is not None else None
    return {"instant_ns": _nanoseconds(instant), "bookmakers": names, "aggregates": list(AGGREGATES)}


def _nanoseconds(instant: datetime | int) -> int:
    if isinstance(instant, int):
        return instant
    if instant.tzinfo is None:
        raise ConfigurationError("an instant without a zone", expected="UTC", found=instant.isoformat())
    past = instant - _EPOCH
    return (past.days * 86_400 + past.seconds) * 1_000_000_000 + past.microseconds * 1_000


def _real(bookmakers: tuple[str, ...] | None) -> None:
    for name in bookmakers or ():
        if name in AGGREGATES:
            raise ConfigurationError(
                f"{name!r} is an aggregate of the source, not a bookmaker",
                where="bookmakers",
                todo="leave it out; ask for its quotes by name with Store.quotes",
            )
