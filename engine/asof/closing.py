"""Fair closing probabilities: the last prices of one bookmaker before the start, without their margin."""

from __future__ import annotations

from typing import Final

import polars as pl

from engine.odds import fair_probabilities
from engine.schema import CLOSE, SELECTIONS, SNAPSHOT

__all__ = ["fair_closing"]

_QUESTION: Final = ("event_id", "market", "line")
_CLOSING: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "event_id": pl.Int64,
    "market": pl.String,
    "line": pl.Float64,
    "selection": pl.String,
    "close_prob": pl.Float64,
}


def fair_closing(
    events: pl.DataFrame, quotes: pl.DataFrame, bookmaker: str = "pinnacle", method: str = "multiplicative"
) -> pl.DataFrame:
    """Closing probability of each selection whose whole book the bookmaker closed.

    The closing price is that of instant ``close``; where a market of an event has none, the last snapshot known at or
    before the start. Of snapshots only the market's last instant is the close: a line that moved away by then, or a
    selection that was no longer quoted, has no closing price.

    Parameters
    ----------
    events, quotes : polars.DataFrame
        Columns of `schema.EVENTS` and `schema.QUOTES`, rows in any order.
    bookmaker : str
        Whose prices; an aggregate of the source (``avg``) is allowed here.
    method : str
        Of margin removal, as in `odds.fair_probabilities`.

    Returns
    -------
    polars.DataFrame
        event_id, market, line, selection, close_prob; one row a selection, sorted. Markets whose selections are not
        in `schema.SELECTIONS` have none, since nobody can tell whether their book is whole.
    """
    own = quotes.filter((pl.col("bookmaker") == bookmaker) & (pl.col("side") == "back"))
    starts = events.filter(pl.col("starts_at_basis") == "recorded").select("event_id", "starts_at")
    own = own.join(starts, on="event_id", how="left").filter(
        pl.col("starts_at").is_null() | (pl.col("known_at") <= pl.col("starts_at"))
    )
    own = own.drop("starts_at")
    last = pl.concat([own.filter(pl.col("instant") == CLOSE), _last_snapshots(events, own)])
    prices = last.sort([*_QUESTION, "selection", "known_at", "odds"]).unique(
        [*_QUESTION, "selection"], keep="last", maintain_order=True
    )
    parts = [_fair(prices, market, method) for market in prices["market"].unique().sort() if market in SELECTIONS]
    if not parts:
        return pl.DataFrame(schema=_CLOSING)
    return pl.concat(parts).sort([*_QUESTION, "selection"])


def _last_snapshots(events: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """Snapshots of the lines that stood last, for markets without a quote of instant ``close``."""
    market = ["event_id", "market"]
    closed = own.filter(pl.col("instant") == CLOSE).select(market).unique()
    return (
        own.filter(pl.col("instant") == SNAPSHOT)
        .join(closed, on=market, how="anti")
        .join(events.select("event_id", "starts_at"), on="event_id", how="inner")
        .filter(pl.col("known_at") <= pl.col("starts_at"))
        .filter(pl.col("known_at") == pl.col("known_at").max().over(market))
        .select(own.columns)
    )


def _fair(prices: pl.DataFrame, market: str, method: str) -> pl.DataFrame:
    selections = SELECTIONS[market]
    books = (
        prices.filter(pl.col("market") == market)
        .group_by(_QUESTION, maintain_order=True)
        .agg(pl.col("odds").filter(pl.col("selection") == name).first().alias(name) for name in selections)
    )
    fair = fair_probabilities(books.select(selections).fill_null(float("nan")).to_numpy(), method)
    return pl.concat(
        books.select(*_QUESTION, selection=pl.lit(name), close_prob=pl.Series(fair[:, number]))
        for number, name in enumerate(selections)
    ).filter(pl.col("close_prob").is_not_nan())
