"""Prices of a view as books: best, named, mean, and fair ones. What the strategies choose from.

An aggregate that a source publishes (`max`, `avg`) is nobody's offer: it is never part of a best price or of a
consensus over bookmakers, and is read only where it is asked for by its name.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.odds import fair_probabilities
from engine.schema import AGGREGATES, SELECTIONS

BEST: Final = "best"
CONSENSUS: Final = "consensus"
#: what one decision is about
DECISION: Final = ("decided_at", "event_id", "market", "line")
BET: Final = (*DECISION, "selection")
#: columns of an opportunity that every strategy gives
OFFER: Final = (*BET, "bookmaker", "side", "odds", "size_minor", "instant")


def narrowed(
    quotes: pl.DataFrame, markets: Collection[str], lines: Collection[float] | None, suspect: bool = True
) -> pl.DataFrame:
    """Back prices of some markets and lines; without the flagged ones where `suspect` is false."""
    kept = (pl.col("side") == "back") & pl.col("market").is_in(list(markets))
    if lines is not None:
        kept &= pl.col("line").is_in(list(lines))
    if not suspect:
        kept &= ~pl.col("suspect").fill_null(False)
    return quotes.filter(kept)


def of_real(quotes: pl.DataFrame, bookmakers: Collection[str] | None) -> pl.DataFrame:
    """Prices of real bookmakers: of the named ones, or of all; never of an aggregate."""
    real = ~pl.col("bookmaker").is_in(AGGREGATES)
    return quotes.filter(real if bookmakers is None else real & pl.col("bookmaker").is_in(list(bookmakers)))


def offers(
    quotes: pl.DataFrame, price: str, bookmakers: Collection[str] | None = None, complete: bool = False
) -> pl.DataFrame:
    """The price at which each selection could be backed.

    Parameters
    ----------
    quotes : polars.DataFrame
        Back prices of a view.
    price : str
        ``best``: the highest over `bookmakers` (None: all real ones), of equal ones the first by name. Else the name
        of one bookmaker, or of an aggregate.
    complete : bool
        Only where all selections of the market are offered.

    Returns
    -------
    polars.DataFrame
        Columns `OFFER`, one row a (decision, selection), sorted by `BET`.
    """
    if price == BEST:
        found = (
            of_real(quotes, bookmakers)
            .sort([*BET, "odds", "bookmaker"], descending=[False] * 5 + [True, False])
            .unique(list(BET), keep="first", maintain_order=True)
        )
    else:
        found = quotes.filter(pl.col("bookmaker") == price).sort(BET)
    if complete:
        found = whole(found, ())
    return found.select(OFFER)


def whole(rows: pl.DataFrame, within: Collection[str] = ("bookmaker",)) -> pl.DataFrame:
    """Only the rows of books (a decision, and a bookmaker where `within` names it) with every selection of the market.

    One row a selection is expected. Markets that `schema.SELECTIONS` does not list have no whole book.
    """
    size = pl.col("market").replace_strict(
        list(SELECTIONS), [len(s) for s in SELECTIONS.values()], default=0, return_dtype=pl.UInt32
    )
    return rows.filter(pl.len().over([*DECISION, *within]) == size)


def fair(quotes: pl.DataFrame, method: str) -> pl.DataFrame:
    """Fair probability of each selection of each whole book: columns `BET`, bookmaker, prob; sorted.

    A method that gives a value at or outside 0 and 1 has no answer for that book: it is left out.
    """
    parts = []
    books = whole(quotes)
    for market in books["market"].unique().sort():
        selections = SELECTIONS[market]
        prices = (
            books.filter(pl.col("market") == market)
            .group_by([*DECISION, "bookmaker"], maintain_order=True)
            .agg(pl.col("odds").filter(pl.col("selection") == name).first().alias(name) for name in selections)
        )
        prob = fair_probabilities(prices.select(selections).fill_null(float("nan")).to_numpy(), method)
        prob[~((prob > 0.0) & (prob < 1.0)).all(axis=1)] = np.nan
        parts += [
            prices.select(*DECISION, "bookmaker", selection=pl.lit(name), prob=pl.Series(prob[:, number]))
            for number, name in enumerate(selections)
        ]
    if not parts:
        return books.select(*BET, "bookmaker", prob=pl.col("odds"))
    order = [*BET, "bookmaker"]
    return pl.concat(parts).filter(pl.col("prob").is_not_nan()).select(*order, "prob").sort(order)


def consensus(quotes: pl.DataFrame, method: str, bookmakers: Collection[str] | None, minimum: int) -> pl.DataFrame:
    """Mean over real bookmakers of their fair probabilities, where at least `minimum` have a whole book.

    Columns `BET`, prob, and prob_sd, the standard error of the mean (null with one book). Sorted.
    """
    books = fair(of_real(quotes, bookmakers), method)
    means = mean_of(books, "prob")
    spread = books.with_columns(square=(pl.col("prob") - pl.Series(_repeated(means))) ** 2)
    squares = mean_of(spread, "square")
    error = (pl.col("square") / (pl.col("books") - 1)).sqrt()
    return (
        means.with_columns(square=squares["mean"])
        .filter(pl.col("books") >= minimum)
        .select(*BET, prob="mean", prob_sd=pl.when(pl.col("books") > 1).then(error))
    )


def mean_of(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Mean of a column over the bookmakers of each bet: columns `BET`, mean, books; sorted.

    Prices are added one by one in the order of the names of the bookmakers, so that the bits of a mean depend neither
    on the order of the rows nor on the other bets.
    """
    ordered = rows.sort([*BET, "bookmaker"])
    total, count, firsts = _added(ordered, BET, name)
    return ordered[firsts].select(*BET, mean=pl.Series(total / count), books=pl.Series(count.astype(np.int64)))


def total_of(rows: pl.DataFrame, value: pl.Series) -> pl.Series:
    """Of each row the sum of `value` over its decision; rows sorted by `BET`, added one by one in that order."""
    total, count, _ = _added(rows.with_columns(value=value), DECISION, "value")
    return pl.Series(np.repeat(total, count.astype(np.int64)), dtype=pl.Float64)


def _added(
    ordered: pl.DataFrame, keys: Collection[str], name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Sum and count of each run of equal keys, and its first row."""
    run = ordered.select(pl.struct(keys).rle_id()).to_series().to_numpy()
    firsts = np.flatnonzero(np.append(True, run[1:] != run[:-1])[: len(run)])
    total = np.bincount(run, weights=ordered[name].to_numpy(), minlength=len(firsts)).astype(np.float64)
    return total, np.bincount(run, minlength=len(firsts)).astype(np.float64), firsts


def _repeated(means: pl.DataFrame) -> NDArray[np.float64]:
    return np.repeat(means["mean"].to_numpy(), means["books"].to_numpy())


def joined(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Rows of both frames for the same (decision, selection), in the order of the left one."""
    return left.join(right, on=list(BET), how="inner", nulls_equal=True, maintain_order="left")
