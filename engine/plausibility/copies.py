"""Closing prices that were recorded as opening prices: books that are equal to the last digit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl

from engine.schema import CLOSE, OPEN

__all__ = ["FEWEST_COPIES", "copied", "still_books", "upper_tail"]

#: fewest books of which nearly all are equal for a report
FEWEST_COPIES: Final = 20
#: share of books that are equal, at least
COPIED_SHARE: Final = 0.99
_QUESTION: Final = ("event_id", "market", "line", "bookmaker")


def still_books(quotes: pl.DataFrame) -> pl.DataFrame:
    """Books with opening and closing prices, and whether all of their prices are equal.

    Parameters
    ----------
    quotes : polars.DataFrame
        Columns of `schema.QUOTES`. Only back prices of the quote kinds ``open`` and ``close`` count.

    Returns
    -------
    polars.DataFrame
        event_id, market, line, bookmaker, still (bool); one row for each book with at least one price of both kinds.
    """
    series = [*_QUESTION, "selection"]
    back = quotes.filter(pl.col("side") == "back")
    both = back.filter(pl.col("instant") == OPEN).join(
        back.filter(pl.col("instant") == CLOSE).select(*series, close="odds"), on=series, how="inner", nulls_equal=True
    )
    return both.group_by(*_QUESTION).agg(still=(pl.col("odds") == pl.col("close")).all())


def copied(books: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Groups of which nearly all books are equal at opening and close.

    Parameters
    ----------
    books : polars.DataFrame
        As from `still_books`, with the columns `by`.
    by : sequence of str
        Columns that identify a group.

    Returns
    -------
    polars.DataFrame
        `by`, books, still (int64); sorted by `by`. At least `FEWEST_COPIES` books, of which `COPIED_SHARE` are equal.
    """
    counted = books.group_by(*by).agg(books=pl.len().cast(pl.Int64), still=pl.col("still").sum().cast(pl.Int64))
    equal = (pl.col("books") >= FEWEST_COPIES) & (pl.col("still") >= COPIED_SHARE * pl.col("books"))
    return counted.filter(equal).sort(*by)


def upper_tail(n: int, k: int, share_frac: float) -> float:
    """P(X >= k) for a binomial X of n trials with probability `share_frac`, strictly between 0 and 1.

    >>> round(upper_tail(10, 9, 0.5), 6)
    0.010742
    """
    log_p, log_q = math.log(share_frac), math.log1p(-share_frac)
    terms: Iterable[float] = (
        math.exp(math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * log_p + (n - i) * log_q)
        for i in range(k, n + 1)
    )
    return min(1.0, math.fsum(terms))
