"""Days of a market as rows: what its prices and results were like, each known at the end of its day."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.clock import DAY_NS
from engine.odds import fair_of_market
from engine.schema import AGGREGATES, SELECTIONS

#: columns made of the prices of a day's decisions
PRICES: Final = ("overround", "dispersion", "volatility")
#: columns made of the results that were settled on a day
RESULTS: Final = ("favourites", "home_advantage", "clv")
#: all inputs of regimes
INPUTS: Final = (*PRICES, *RESULTS)
#: what an input is made of, for those that a history may lack
NEEDS: Final = {
    "dispersion": "it needs two bookmakers",
    "volatility": "it needs several decisions on an event: data.decide_at=before_start:24h+1h, or snapshots",
    "clv": "it needs closing prices of clv.bookmaker, and bets of the base",
}

_BOOK: Final = ("event_id", "line", "decided_at", "bookmaker")

Floats = NDArray[np.float64]


def day_series(
    events: pl.DataFrame, quotes: pl.DataFrame, market: str = "1x2", bets: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The inputs of each day on which something was decided or settled.

    Parameters
    ----------
    events : polars.DataFrame
        Settled events; columns of `schema.EVENTS`.
    quotes : polars.DataFrame
        Columns of `engine.strategy.View.quotes`; back prices of real bookmakers in complete books count.
    market : str
        Market with a closed list of selections.
    bets : polars.DataFrame, optional
        event_id and clv, the closing line value of a bet; those on events that are not settled do not count yet.

    Returns
    -------
    polars.DataFrame
        ``day`` (days since 1970-01-01, UTC; of the decision, or of the settlement), ascending, and:

        - overround: mean of ``sum(1 / odds) - 1`` over the books of the day's decisions;
        - dispersion: mean over their selections of the bookmakers' standard deviation of log odds (two or more);
        - volatility: mean absolute change of the log odds of a bookmaker since its event's decision before;
        - favourites: mean over settled events of 1 or 0, whether the favourite won, less its fair probability at the
          last decision (multiplicative, mean of the bookmakers);
        - home_advantage: mean of 1, 0 or -1 for a home win, a draw and an away win;
        - clv: mean closing line value of the bets on the events settled on that day, whose closing prices are known.

        NaN: the day has no such number.
    """
    books, odds = _books(quotes, market)
    days = books["decided_at"].cast(pl.Int64).to_numpy() // DAY_NS
    columns: dict[str, tuple[NDArray[np.int64], Floats]] = {
        "overround": (days, (1.0 / odds).sum(axis=1) - 1.0),
        "dispersion": _dispersion(books, np.log(odds)),
        "volatility": _volatility(books, np.log(odds)),
    }
    settled = events.filter(pl.col("settled_at").is_not_null(), pl.col("status") == "played").sort("event_id")
    columns["favourites"] = _favourites(settled, books, odds, market)
    home = settled["winner"].replace_strict({"home": 1.0, "draw": 0.0, "away": -1.0}, default=None).cast(pl.Float64)
    columns["home_advantage"] = _settled_day(settled), home.fill_null(float("nan")).to_numpy()
    columns["clv"] = _values(settled, bets)
    all_days = np.unique(np.concatenate([day for day, _ in columns.values()])).astype(np.int64)
    return pl.DataFrame({"day": all_days, **{name: _means(all_days, *columns[name]) for name in INPUTS}})


def _books(quotes: pl.DataFrame, market: str) -> tuple[pl.DataFrame, Floats]:
    """Complete books in the order of event, decision and bookmaker, and their odds (n, selections)."""
    kept = quotes.filter(pl.col("market") == market, pl.col("side") == "back", ~pl.col("bookmaker").is_in(AGGREGATES))
    named = [pl.col("odds").filter(pl.col("selection") == name).first().alias(name) for name in SELECTIONS[market]]
    books = kept.group_by(_BOOK).agg(*named).drop_nulls(SELECTIONS[market]).sort(_BOOK)
    return books, books.select(SELECTIONS[market]).to_numpy().reshape(-1, len(named)).astype(np.float64)


def _runs(frame: pl.DataFrame, keys: tuple[str, ...]) -> NDArray[np.int64]:
    """Number of the run of rows with equal keys that each row is in."""
    if frame.is_empty():
        return np.empty(0, np.int64)
    return frame.select(pl.struct(keys).rle_id()).to_series().to_numpy().astype(np.int64)


def _sum(run: NDArray[np.int64], values: Floats) -> Floats:
    """Sums of the rows of each run, added in their order."""
    return np.column_stack([np.bincount(run, column) for column in values.T])


def _dispersion(books: pl.DataFrame, logs: Floats) -> tuple[NDArray[np.int64], Floats]:
    run = _runs(books, ("event_id", "line", "decided_at"))
    if not len(run):
        return np.empty(0, np.int64), np.empty(0)
    count = np.bincount(run).astype(np.float64)
    mean = _sum(run, logs) / count[:, None]
    squares = _sum(run, (logs - mean[run]) ** 2)
    spread = np.sqrt(squares / np.where(count > 1, count - 1, np.nan)[:, None]).mean(axis=1)
    first = np.flatnonzero(np.append(True, np.diff(run) != 0))
    return books["decided_at"].cast(pl.Int64).to_numpy()[first] // DAY_NS, spread


def _volatility(books: pl.DataFrame, logs: Floats) -> tuple[NDArray[np.int64], Floats]:
    order = books.with_row_index("row").sort("event_id", "line", "bookmaker", "decided_at")
    run, row = _runs(order, ("event_id", "line", "bookmaker")), order["row"].to_numpy()
    again = np.flatnonzero(np.diff(run) == 0) + 1
    change = np.abs(logs[row[again]] - logs[row[again - 1]]).mean(axis=1)
    return books["decided_at"].cast(pl.Int64).to_numpy()[row[again]] // DAY_NS, change


def _favourites(
    settled: pl.DataFrame, books: pl.DataFrame, odds: Floats, market: str
) -> tuple[NDArray[np.int64], Floats]:
    last = books.with_row_index("row").filter(pl.col("decided_at") == pl.col("decided_at").max().over("event_id"))
    last = last.filter(pl.col("line").is_null() | (pl.col("line") == pl.col("line").first().over("event_id")))
    if last.is_empty() or settled.is_empty():
        return np.empty(0, np.int64), np.empty(0)
    run = _runs(last, ("event_id",))
    fair = fair_of_market(odds[last["row"].to_numpy()], market, "multiplicative")
    mean = _sum(run, fair) / np.bincount(run)[:, None]
    known = pl.DataFrame({"event_id": last["event_id"].unique(maintain_order=True), "run": np.arange(len(mean))})
    rows = settled.join(known, on="event_id", how="inner", maintain_order="left").drop_nulls("winner")
    prob = mean[rows["run"].to_numpy()]
    favourite = np.array(SELECTIONS[market])[prob.argmax(axis=1)] if len(prob) else np.empty(0, str)
    won = (favourite == rows["winner"].to_numpy()).astype(np.float64)
    return _settled_day(rows), won - prob.max(axis=1, initial=0.0)


def _values(settled: pl.DataFrame, bets: pl.DataFrame | None) -> tuple[NDArray[np.int64], Floats]:
    if bets is None:
        return np.empty(0, np.int64), np.empty(0)
    rows = settled.select("event_id", "settled_at").join(bets, on="event_id", how="inner", maintain_order="left_right")
    return _settled_day(rows), rows["clv"].to_numpy()


def _settled_day(events: pl.DataFrame) -> NDArray[np.int64]:
    days: NDArray[np.int64] = events["settled_at"].dt.cast_time_unit("ns").cast(pl.Int64).to_numpy() // DAY_NS
    return days


def _means(all_days: NDArray[np.int64], day: NDArray[np.int64], value: Floats) -> Floats:
    """Mean of the values of each day, added in their order; NaN without one."""
    known = np.isfinite(value)
    place = np.searchsorted(all_days, day[known])
    total = np.bincount(place, value[known], minlength=len(all_days))
    count = np.bincount(place, minlength=len(all_days))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
