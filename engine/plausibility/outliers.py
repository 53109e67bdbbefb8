"""Prices far from those of all other bookmakers: typing errors, exchanged sides, empty exchange books, stale prices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.schema import SELECTIONS, WINNERS

__all__ = ["ODDS_RATIO", "PROBABILITY_GAP", "PROFIT_RATIO", "far_apart", "far_from_others", "impossible_books"]

#: Two prices are far apart if 1/odds differs by more than the gap and odds - 1 by more than the factor, or if the odds
#: differ by more than the last factor. Measured on three million prices of real bookmakers; see the decision
#: "Prices out of line".
PROBABILITY_GAP: Final = 0.08
PROFIT_RATIO: Final = 1.65
ODDS_RATIO: Final = 5.0

#: Sums of 1/odds that a whole book of one bookmaker has.
BOOK_SUMS: Final = (0.93, 1.40)
#: The maximum over bookmakers that a source publishes is no opinion of one of them, so nothing is compared with it.
_MAXIMUM: Final = "max"
_Floats = NDArray[np.float64]
_Longs = NDArray[np.int64]
_Bools = NDArray[np.bool_]


def far_apart(odds: _Floats, others: _Floats) -> _Bools:
    """Whether decimal odds are far from other ones, both (n,); False where one of them is NaN.

    >>> far_apart(np.array([4.76, 1.9, 34.0, 170.0]), np.array([1.74, 2.1, 51.0, 17.0])).tolist()
    [True, False, False, True]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = np.abs(1.0 / odds - 1.0 / others) > PROBABILITY_GAP
        return (gap & _beyond(odds - 1.0, others - 1.0, PROFIT_RATIO)) | _beyond(odds, others, ODDS_RATIO)


def _beyond(a: _Floats, b: _Floats, factor: float) -> _Bools:
    return (a > factor * b) | (b > factor * a)


def far_from_others(prices: pl.DataFrame, bet: Sequence[str]) -> pl.DataFrame:
    """Which prices are far from those of more than half of the other bookmakers.

    The others of a price are the back prices of all other bookmakers for the same bet, and the average that a source
    publishes. Of two bookmakers that are far apart, both are far from the other: which one is wrong, nobody can say.

    Parameters
    ----------
    prices : polars.DataFrame
        The columns `bet`, bookmaker, side, odds (decimal). One row for each bet, bookmaker and side.
    bet : sequence of str
        Columns that identify a bet, and the instant at which it is looked at.

    Returns
    -------
    polars.DataFrame
        In the order of `prices`: far (bool); others_odds, the middle of the other prices (of two middle ones, the one
        nearer to the price; null: there are none); others (int64), their number.
    """
    keyed = prices.select(
        bet=pl.struct(*bet).rank("dense") if prices.height else pl.lit(0, pl.UInt32),
        bookmaker="bookmaker",
        odds="odds",
        voter=(pl.col("side") == "back") & (pl.col("bookmaker") != _MAXIMUM),
    )
    voters = keyed.filter("voter").sort("bet", "odds", "bookmaker").with_row_index("at")
    first = voters.group_by("bet").agg(first=pl.col("at").min(), count=pl.len())
    own = voters.select("bet", "bookmaker", own="at").unique(["bet", "bookmaker"], keep="first")
    joined = keyed.join(first, on="bet", how="left", maintain_order="left").join(
        own, on=["bet", "bookmaker"], how="left", maintain_order="left"
    )
    start, count = (joined[name].fill_null(0).to_numpy().astype(np.int64) for name in ("first", "count"))
    itself = joined["own"].fill_null(-1).cast(pl.Int64).to_numpy()
    others, odds = count - (itself >= 0), keyed["odds"].to_numpy().astype(np.float64)
    known = others > 0
    votes = np.append(voters["odds"].to_numpy().astype(np.float64), np.nan)
    low, high = (
        _without(start + np.where(known, middle, 0), itself, known, votes)
        for middle in ((others - 1) // 2, others // 2)
    )
    nearer = np.where(np.abs(1.0 / low - 1.0 / odds) <= np.abs(1.0 / high - 1.0 / odds), low, high)
    return pl.DataFrame(
        {
            "far": far_apart(odds, low) & far_apart(odds, high) & ((odds > low) == (odds > high)),
            "others_odds": pl.Series(nearer, dtype=pl.Float64).fill_nan(None),
            "others": others,
        }
    )


def impossible_books(prices: pl.DataFrame, book: Sequence[str]) -> pl.DataFrame:
    """Whole back books whose probabilities have an impossible sum: one of their prices is wrong, and none says which.

    Parameters
    ----------
    prices : polars.DataFrame
        The columns `book`, market, bookmaker, side, odds.
    book : sequence of str
        Columns that identify a book; with market and bookmaker.

    Returns
    -------
    polars.DataFrame
        `book`, sum (of 1/odds over the number of selections that win together); sorted. A maximum over bookmakers is
        no book.
    """
    size = pl.col("market").replace_strict({m: len(s) for m, s in SELECTIONS.items()}, default=None)
    winners = pl.col("market").replace_strict(WINNERS, default=1)
    return (
        prices.filter((pl.col("side") == "back") & (pl.col("bookmaker") != _MAXIMUM))
        .group_by(*book)
        .agg(sum=(1.0 / pl.col("odds")).sum(), count=pl.len())
        .filter(pl.col("count") == size)
        .select(*book, sum=pl.col("sum") / winners)
        .filter(~pl.col("sum").is_between(*BOOK_SUMS))
        .sort(*book)
    )


def _without(place: _Longs, itself: _Longs, known: _Bools, votes: _Floats) -> _Floats:
    """The vote at a place of the sorted votes of a bet, counted without the bookmaker's own; NaN if not known."""
    shifted = place + ((itself >= 0) & (place >= itself))
    return votes[np.where(known, shifted, len(votes) - 1)]
