"""What bookmakers agree on: the mean of their prices, and of their fair probabilities."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.odds import fair_probabilities
from engine.schema import SELECTIONS

__all__ = ["agreed"]

_QUESTION: Final = ("event_id", "ahead_ns", "market", "line")
_BET: Final = (*_QUESTION, "selection", "side")
_AGREED: Final = ("odds_mean", "prob_implied", "prob_share", "prob_fair", "n_bookmakers", "n_fair")
_Floats = NDArray[np.float64]
_Longs = NDArray[np.int64]


def agreed(standing: pl.DataFrame, method: str = "multiplicative") -> pl.DataFrame:
    """The consensus on each bet.

    Prices are added one by one in the order of the names of their bookmakers, so that the bits of a mean depend
    neither on the order of the rows nor on the number of threads.

    Parameters
    ----------
    standing : DataFrame
        Quotes in force: event_id, ahead_ns, market, line, selection, side, bookmaker, odds; sorted by event_id,
        ahead_ns, market, line, selection, bookmaker, side.
    method : str
        Of margin removal, as in `odds.fair_probabilities`.

    Returns
    -------
    DataFrame
        event_id, ahead_ns, market, line, selection, side, odds_mean (mean decimal odds), prob_implied (mean of
        1/odds), prob_share (that over its sum in the book), prob_fair (mean over the bookmakers with a whole book of
        their probability without margin; null: nobody has), n_bookmakers, n_fair. In the order of `standing`, back
        before lay.
    """
    lay = (standing["side"] == "lay").to_numpy()
    bet = 2 * _runs(standing, [*_QUESTION, "selection"]) + lay
    firsts, places = _firsts(bet)
    odds, prob = standing["odds"].to_numpy(), _fair(standing, lay, method)
    whole = ~np.isnan(prob)
    many, n_fair = np.bincount(places), np.bincount(places[whole], minlength=len(firsts))
    implied = np.bincount(places, weights=1.0 / odds) / many
    bets = standing[firsts].select(_BET)
    book = 2 * _runs(bets, list(_QUESTION)) + lay[firsts]
    _, books = _firsts(book)
    with np.errstate(invalid="ignore"):
        fair = np.bincount(places[whole], weights=prob[whole], minlength=len(firsts)) / n_fair
    return bets.with_columns(
        odds_mean=pl.Series(np.bincount(places, weights=odds) / many, dtype=pl.Float64),
        prob_implied=pl.Series(implied, dtype=pl.Float64),
        prob_share=pl.Series(implied / np.bincount(books, weights=implied)[books], dtype=pl.Float64),
        prob_fair=pl.Series(fair, dtype=pl.Float64).fill_nan(None),
        n_bookmakers=pl.Series(many, dtype=pl.Int64),
        n_fair=pl.Series(n_fair, dtype=pl.Int64),
    ).select(*_BET, *_AGREED)


def _runs(rows: pl.DataFrame, keys: list[str]) -> _Longs:
    """Number of each run of equal keys, from 0."""
    return rows.select(pl.struct(keys).rle_id()).to_series().to_numpy().astype(np.int64)


def _firsts(keys: _Longs) -> tuple[_Longs, _Longs]:
    """First row of each distinct key in ascending order of the keys, and the number of each row's key."""
    _, firsts, places = np.unique(keys, return_index=True, return_inverse=True)
    return firsts, places


def _fair(standing: pl.DataFrame, lay: NDArray[np.bool_], method: str) -> _Floats:
    """Probability without margin of each row whose bookmaker has a whole book; else NaN."""
    prob = np.full(standing.height, np.nan)
    book = standing["bookmaker"].cast(pl.Categorical).to_physical().to_numpy().astype(np.int64)
    key = (2 * _runs(standing, list(_QUESTION)) + lay) * (int(book.max(initial=0)) + 1) + book
    for market, selections in SELECTIONS.items():
        names = pl.Enum(selections)
        own = standing["market"] == market
        rows = np.flatnonzero(own.to_numpy())
        if not len(rows):
            continue
        named = standing["selection"].gather(rows).cast(names, strict=False).to_physical()
        rows = rows[named.is_not_null().to_numpy()]
        column = named.drop_nulls().to_numpy()
        _, places = _firsts(key[rows])
        odds = np.full((int(places.max(initial=-1)) + 1, len(selections)), np.nan)
        odds[places, column] = standing["odds"].to_numpy()[rows]
        fair = fair_probabilities(odds, method)
        fair[~((fair > 0.0) & (fair < 1.0)).all(axis=1)] = np.nan  # no answer, as where a selection is missing
        prob[rows] = fair[places, column]
    return prob
