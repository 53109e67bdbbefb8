"""Fair closing probabilities: the closing prices of one bookmaker without their margin."""

from __future__ import annotations

from typing import Final

import polars as pl

from engine.errors import check_frame
from engine.odds import fair_of_market
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
    """Fair closing probability of each selection for which the bookmaker closed a complete book.

    The closing price of a market of an event is its quote of kind ``close``. A market without such a quote closes with
    the snapshots of its last instant at or before the start. A line or selection that was no longer quoted at that
    instant has no closing price. Quotes after a recorded start never count.

    Parameters
    ----------
    events, quotes : polars.DataFrame
        Columns of `schema.EVENTS` and `schema.QUOTES`, rows in any order.
    bookmaker : str
        Source of the prices; an aggregate such as ``avg`` is allowed.
    method : str
        Method of margin removal, as in `engine.odds.fair_probabilities`.

    Returns
    -------
    polars.DataFrame
        event_id, market, line, selection, close_prob; one row per selection, sorted. Markets that are not in
        `schema.SELECTIONS` are left out, because it is unknown which selections complete their book.
    """
    check_frame(events, "events")
    check_frame(quotes, "quotes")
    prices = quotes.filter((pl.col("bookmaker") == bookmaker) & (pl.col("side") == "back"))
    starts = events.filter(pl.col("starts_at_basis") == "recorded").select("event_id", "starts_at")
    prices = prices.join(starts, on="event_id", how="left").filter(
        pl.col("starts_at").is_null() | (pl.col("known_at") <= pl.col("starts_at"))
    )
    prices = prices.drop("starts_at")
    last = pl.concat([prices.filter(pl.col("instant") == CLOSE), _last_snapshots(events, prices)])
    closing = last.sort([*_QUESTION, "selection", "known_at", "odds"]).unique(
        [*_QUESTION, "selection"], keep="last", maintain_order=True
    )
    parts = [_fair(closing, market, method) for market in closing["market"].unique().sort() if market in SELECTIONS]
    if not parts:
        return pl.DataFrame(schema=_CLOSING)
    return pl.concat(parts).sort([*_QUESTION, "selection"])


def _last_snapshots(events: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """Snapshots of the last instant of each market that has no quote of kind ``close``."""
    market = ["event_id", "market"]
    closed = prices.filter(pl.col("instant") == CLOSE).select(market).unique()
    return (
        prices.filter(pl.col("instant") == SNAPSHOT)
        .join(closed, on=market, how="anti")
        .join(events.select("event_id", "starts_at"), on="event_id", how="inner")
        .filter(pl.col("known_at") <= pl.col("starts_at"))
        .filter(pl.col("known_at") == pl.col("known_at").max().over(market))
        .select(prices.columns)
    )


def _fair(prices: pl.DataFrame, market: str, method: str) -> pl.DataFrame:
    selections = SELECTIONS[market]
    books = (
        prices.filter(pl.col("market") == market)
        .group_by(_QUESTION, maintain_order=True)
        .agg(pl.col("odds").filter(pl.col("selection") == name).first().alias(name) for name in selections)
    )
    fair = fair_of_market(books.select(selections).fill_null(float("nan")).to_numpy(), market, method)
    return pl.concat(
        books.select(*_QUESTION, selection=pl.lit(name), close_prob=pl.Series(fair[:, number]))
        for number, name in enumerate(selections)
    ).filter(pl.col("close_prob").is_not_nan())
