"""The consensus of bookmakers: the mean of their prices and of their fair probabilities."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.odds import fair_of_market
from engine.schema import SELECTIONS, WINNERS

__all__ = ["consensus_of"]

_BOOK: Final = ("event_id", "ahead_ns", "market", "line")
_BET: Final = (*_BOOK, "selection", "side")
_MEASURES: Final = ("odds_mean", "prob_implied", "prob_share", "prob_fair", "n_bookmakers", "n_fair")
_Floats = NDArray[np.float64]
_Longs = NDArray[np.int64]


def consensus_of(in_force: pl.DataFrame, method: str = "multiplicative") -> pl.DataFrame:
    """The consensus on each bet.

    Prices are summed in the alphabetical order of the bookmakers, so that every bit of a mean is reproducible.

    Parameters
    ----------
    in_force : polars.DataFrame
        Quotes in force: event_id, ahead_ns, market, line, selection, side, bookmaker, odds; sorted by event_id,
        ahead_ns, market, line, selection, bookmaker, side.
    method : str
        Method of margin removal, as in `engine.odds.fair_probabilities`.

    Returns
    -------
    polars.DataFrame
        One row per bet, in the order of `in_force`, back before lay:

        - event_id, ahead_ns, market, line, selection, side
        - odds_mean: mean decimal odds
        - prob_implied: mean of 1/odds
        - prob_share: prob_implied divided by its sum over the book; for double chance, of which two selections win, by
          half of the sum
        - prob_fair: mean probability without margin over the bookmakers with a complete book; null if there is none
        - n_bookmakers, n_fair: number of bookmakers in the means, and in prob_fair
    """
    lay = (in_force["side"] == "lay").to_numpy()
    bet = 2 * _run_numbers(in_force, [*_BOOK, "selection"]) + lay
    firsts, bets_of_rows = _groups(bet)
    odds, prob = in_force["odds"].to_numpy(), _fair(in_force, lay, method)
    known = ~np.isnan(prob)
    count, n_fair = np.bincount(bets_of_rows), np.bincount(bets_of_rows[known], minlength=len(firsts))
    implied = np.bincount(bets_of_rows, weights=1.0 / odds) / count
    bets = in_force[firsts].select(_BET)
    book = 2 * _run_numbers(bets, list(_BOOK)) + lay[firsts]
    _, books_of_bets = _groups(book)
    with np.errstate(invalid="ignore"):
        fair = np.bincount(bets_of_rows[known], weights=prob[known], minlength=len(firsts)) / n_fair
    winners = bets["market"].replace_strict(WINNERS, default=1, return_dtype=pl.Int64).to_numpy()
    return bets.with_columns(
        odds_mean=pl.Series(np.bincount(bets_of_rows, weights=odds) / count, dtype=pl.Float64),
        prob_implied=pl.Series(implied, dtype=pl.Float64),
        prob_share=pl.Series(
            implied / np.bincount(books_of_bets, weights=implied)[books_of_bets] * winners, dtype=pl.Float64
        ),
        prob_fair=pl.Series(fair, dtype=pl.Float64).fill_nan(None),
        n_bookmakers=pl.Series(count, dtype=pl.Int64),
        n_fair=pl.Series(n_fair, dtype=pl.Int64),
    ).select(*_BET, *_MEASURES)


def _run_numbers(rows: pl.DataFrame, keys: list[str]) -> _Longs:
    """Number, from 0, of the run of equal keys to which each row belongs."""
    return rows.select(pl.struct(keys).rle_id()).to_series().to_numpy().astype(np.int64)


def _groups(keys: _Longs) -> tuple[_Longs, _Longs]:
    """First row of each distinct key in ascending order of the keys, and the group number of each row."""
    _, firsts, numbers = np.unique(keys, return_index=True, return_inverse=True)
    return firsts, numbers


def _fair(in_force: pl.DataFrame, lay: NDArray[np.bool_], method: str) -> _Floats:
    """Probability without margin of each row; NaN where its bookmaker has no complete book."""
    prob = np.full(in_force.height, np.nan)
    bookmaker = in_force["bookmaker"].cast(pl.Categorical).to_physical().to_numpy().astype(np.int64)
    key = (2 * _run_numbers(in_force, list(_BOOK)) + lay) * (int(bookmaker.max(initial=0)) + 1) + bookmaker
    for market, selections in SELECTIONS.items():
        names = pl.Enum(selections)
        rows = np.flatnonzero((in_force["market"] == market).to_numpy())
        if not len(rows):
            continue
        position = in_force["selection"].gather(rows).cast(names, strict=False).to_physical()
        rows = rows[position.is_not_null().to_numpy()]
        column = position.drop_nulls().to_numpy()
        _, books = _groups(key[rows])
        odds = np.full((int(books.max(initial=-1)) + 1, len(selections)), np.nan)
        odds[books, column] = in_force["odds"].to_numpy()[rows]
        fair = fair_of_market(odds, market, method)
        fair[~((fair > 0.0) & (fair < 1.0)).all(axis=1)] = np.nan  # method without a solution, or an incomplete book
        prob[rows] = fair[books, column]
    return prob
