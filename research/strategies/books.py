"""Building blocks of strategies: best prices, prices of a bookmaker, means, and fair probabilities.

A *book* is the set of prices of one bookmaker for all selections of a market at one decision. Aggregates that a source
publishes (`max`, `avg`) are not offered by anyone. They are never part of a best price or of a consensus, and are used
only if a strategy asks for them by name.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.odds import fair_of_market
from engine.plausibility.outliers import far_from_others
from engine.schema import AGGREGATES, SELECTIONS

BEST: Final = "best"
CONSENSUS: Final = "consensus"
#: columns that identify a decision
DECISION: Final = ("decided_at", "event_id", "market", "line")
#: columns that identify a bet
BET: Final = (*DECISION, "selection")
#: columns of the opportunities of every strategy, except for `prob`
OFFER: Final = (*BET, "bookmaker", "side", "odds", "size_minor", "instant")
#: number of selections of the market of a row; 0: an open list
_SIZES: Final = pl.col("market").replace_strict(
    list(SELECTIONS), [len(selections) for selections in SELECTIONS.values()], default=0, return_dtype=pl.UInt32
)


def back_prices(
    quotes: pl.DataFrame, markets: Collection[str], lines: Collection[float] | None, suspect: bool = True
) -> pl.DataFrame:
    """Back prices of some markets and lines.

    Parameters
    ----------
    quotes : polars.DataFrame
        Quotes of a view.
    markets : collection of str
    lines : collection of float or None
        None: all lines.
    suspect : bool
        Whether to keep suspect prices (`marked_prices`).
    """
    if not suspect:
        return marked_prices(quotes, markets, lines).filter(~pl.col("left_out")).drop("left_out", "others_odds")
    condition = (pl.col("side") == "back") & pl.col("market").is_in(list(markets))
    if lines is not None:
        condition &= pl.col("line").is_in(list(lines))
    return quotes.filter(condition)


def marked_prices(
    quotes: pl.DataFrame, markets: Collection[str], lines: Collection[float] | None = None
) -> pl.DataFrame:
    """Back prices of some markets and lines, and which of them are suspect at their decision.

    A price is suspect if the import flagged it, or if it is far from those of the other bookmakers that are in force
    at the decision (`engine.plausibility.outliers`). Nothing of a later instant counts, and no result does.

    Returns
    -------
    polars.DataFrame
        The columns of `quotes`; left_out (bool); others_odds, the middle of the other prices (null: there are none).
    """
    flagged = pl.col("suspect").fill_null(False)
    prices = back_prices(quotes, markets, lines).sort(flagged, maintain_order=True)
    others, doubted = far_from_others(prices, BET), int(prices.select(flagged.sum()).item())
    kept = prices.head(prices.height - doubted)
    far = pl.concat([far_from_others(kept, BET)["far"], pl.Series("far", [True] * doubted, dtype=pl.Boolean)])
    return prices.with_columns(left_out=far, others_odds=others["others_odds"])


def without_aggregates(quotes: pl.DataFrame, bookmakers: Collection[str] | None) -> pl.DataFrame:
    """Prices of some bookmakers, or of all for None; never of an aggregate."""
    if bookmakers is None:
        return quotes.filter(~pl.col("bookmaker").is_in(AGGREGATES))
    return quotes.filter(pl.col("bookmaker").is_in([name for name in bookmakers if name not in AGGREGATES]))


def bookmakers_of(
    price: str, price_bookmakers: Collection[str] | None, skip_suspect: bool, fair: Collection[str] | None = ()
) -> tuple[str, ...] | None:
    """Bookmakers whose prices a strategy needs, sorted; None for all.

    Parameters
    ----------
    price : str
        Price taken, as in `offers`.
    price_bookmakers : collection of str or None
        Bookmakers that ``best`` compares; None: all.
    skip_suspect : bool
        Whether suspect prices are left out: all bookmakers are then needed, to find those far from the others.
    fair : collection of str or None
        Bookmakers of the fair probabilities; None: all.
    """
    taken = price_bookmakers if price == BEST else (price,)
    if skip_suspect or taken is None or fair is None:
        return None
    return tuple(sorted({*fair, *taken}))


def offers(
    quotes: pl.DataFrame, price: str, bookmakers: Collection[str] | None = None, complete: bool = False
) -> pl.DataFrame:
    """The price taken for each selection.

    Parameters
    ----------
    quotes : polars.DataFrame
        Back prices of a view.
    price : str
        ``best``: the highest price of `bookmakers`, of equal prices that of the bookmaker whose name sorts first. Else
        the name of a bookmaker or of an aggregate.
    bookmakers : collection of str or None
        Bookmakers that ``best`` compares. None: all; aggregates never count.
    complete : bool
        Only markets with a price for every selection.

    Returns
    -------
    polars.DataFrame
        Columns `OFFER`, one row for each decision and selection, sorted by `BET`.
    """
    if price == BEST:
        prices = (
            without_aggregates(quotes, bookmakers)
            .sort([*BET, "odds", "bookmaker"], descending=[False] * 5 + [True, False])
            .unique(list(BET), keep="first", maintain_order=True)
        )
    else:
        prices = quotes.filter(pl.col("bookmaker") == price).sort(BET)
    if complete:
        prices = complete_books(prices, ())
    return prices[list(OFFER)]


def complete_books(rows: pl.DataFrame, within: Collection[str] = ("bookmaker",)) -> pl.DataFrame:
    """The rows of books with a price for every selection of their market.

    Parameters
    ----------
    rows : polars.DataFrame
        At most one row for each selection of a book.
    within : collection of str
        Columns that identify a book, besides those of a decision.

    Returns
    -------
    polars.DataFrame
        Without the markets that `schema.SELECTIONS` does not list: an open list of selections is never complete.
    """
    return rows.filter(pl.len().over([*DECISION, *within]) == _SIZES)


def fair(quotes: pl.DataFrame, method: str) -> pl.DataFrame:
    """Fair probabilities of all complete books.

    Parameters
    ----------
    quotes : polars.DataFrame
        Back prices of a view.
    method : str
        Method of margin removal (`fair_probabilities`).

    Returns
    -------
    polars.DataFrame
        Columns `BET`, bookmaker, prob; sorted. Books for which the method gives a value outside (0, 1) are left out.
    """
    keys, parts = [*DECISION, "bookmaker"], []
    markets = sorted(quotes["market"].unique())
    for market in markets:
        if not (selections := SELECTIONS.get(market, ())):
            continue
        of_market = quotes if len(markets) == 1 else quotes.filter(pl.col("market") == market)
        named = (pl.col("odds").filter(pl.col("selection") == name).first().alias(name) for name in selections)
        books = of_market.group_by(keys, maintain_order=True).agg(pl.len().alias("_size"), *named)
        books = _at(books, np.flatnonzero(books["_size"].to_numpy() == len(selections)))
        prob = fair_of_market(np.column_stack([_numbers(books[name]) for name in selections]), market, method)
        inside = np.flatnonzero(((prob > 0.0) & (prob < 1.0)).all(axis=1))
        books, prob = _at(books, inside), prob[inside]
        names = pl.Series("selection", [name for name in selections for _ in range(books.height)], pl.String)
        parts.append(pl.concat([books[keys]] * len(selections)).hstack([names, pl.Series("prob", prob.T.ravel())]))
    if not parts:
        return quotes.head(0).select(*BET, "bookmaker", prob=pl.col("odds"))
    order = [*BET, "bookmaker"]
    return (parts[0] if len(parts) == 1 else pl.concat(parts))[[*order, "prob"]].sort(order)


def _at(rows: pl.DataFrame, kept: NDArray[np.intp]) -> pl.DataFrame:
    """The rows at these positions, which ascend; the frame itself if they are all."""
    return rows if len(kept) == rows.height else rows[kept]


def _numbers(column: pl.Series) -> NDArray[np.float64]:
    """float64 (n,), NaN for null."""
    return np.asarray(column.to_numpy(), np.float64)


def consensus(quotes: pl.DataFrame, method: str, bookmakers: Collection[str] | None, minimum: int) -> pl.DataFrame:
    """Mean of the fair probabilities of several bookmakers.

    Parameters
    ----------
    quotes : polars.DataFrame
        Back prices of a view.
    method : str
        Method of margin removal.
    bookmakers : collection of str or None
        Bookmakers of the mean. None: all; aggregates never count.
    minimum : int
        Complete books that a bet needs.

    Returns
    -------
    polars.DataFrame
        Columns `BET`, prob, and prob_sd, the standard error of the mean (null with one book); sorted.
    """
    books = fair(without_aggregates(quotes, bookmakers), method)
    means = mean_of(books, "prob")
    mean_of_row = pl.Series(np.repeat(means["mean"].to_numpy(), means["books"].to_numpy()))
    squares = mean_of(books.with_columns(square=(pl.col("prob") - mean_of_row) ** 2), "square")
    error = (pl.col("square") / (pl.col("books") - 1)).sqrt()
    return (
        means.with_columns(square=squares["mean"])
        .filter(pl.col("books") >= minimum)
        .select(*BET, prob="mean", prob_sd=pl.when(pl.col("books") > 1).then(error))
    )


def mean_of(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Mean of a column over the bookmakers of each bet.

    Values are added one by one in the order of the bookmakers' names. The bits of a mean therefore depend neither on
    the order of the rows nor on other bets.

    Parameters
    ----------
    rows : polars.DataFrame
        One row for each bet and bookmaker.
    name : str
        The column.

    Returns
    -------
    polars.DataFrame
        Columns `BET`, mean, books (number of bookmakers); sorted.
    """
    ordered = rows.sort([*BET, "bookmaker"])
    total, count, firsts = _sums(ordered, BET, name)
    return ordered[firsts].select(*BET, mean=pl.Series(total / count), books=pl.Series(count.astype(np.int64)))


def total_of(rows: pl.DataFrame, value: pl.Series) -> pl.Series:
    """For each row, the sum of `value` over its decision. Rows must be sorted by `BET` and are added in that order."""
    total, count, _ = _sums(rows.with_columns(value=value), DECISION, "value")
    return pl.Series(np.repeat(total, count.astype(np.int64)), dtype=pl.Float64)


def _sums(
    ordered: pl.DataFrame, keys: Collection[str], name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Sum and count of each run of rows with equal keys, and the position of its first row."""
    run = ordered.select(pl.struct(keys).rle_id()).to_series().to_numpy()
    firsts = np.flatnonzero(np.append(True, run[1:] != run[:-1])[: len(run)])
    total = np.bincount(run, weights=ordered[name].to_numpy(), minlength=len(firsts)).astype(np.float64)
    return total, np.bincount(run, minlength=len(firsts)).astype(np.float64), firsts


def join_bets(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Inner join of two frames on `BET`, in the order of the left one."""
    return left.join(right, on=list(BET), how="inner", nulls_equal=True, maintain_order="left")
