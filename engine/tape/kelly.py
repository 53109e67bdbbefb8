"""The column `kelly_frac`: full-Kelly fractions that need more than odds and a probability."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.betting.kelly import kelly_market
from engine.errors import TapeError
from engine.schema import WINNERS
from engine.tape.facts import Backed, kelly_fracs

Floats = NDArray[np.float64]


def kelly_column(rows: pl.DataFrame, mode: str) -> Floats:
    """Full-Kelly fraction of each row, as the fraction at risk (for a lay, the liability), after commission.

    Parameters
    ----------
    rows : polars.DataFrame
        Back bets, or lays as back bets of equal risk: odds, prob, prob_half_win, prob_void, prob_half_lose, prob_sd,
        kelly_frac, commission_rate, side, event_id, market, line, selection, bookmaker, decided_at, edge_frac.
    mode : str
        - ``none``: the column `kelly_frac` of the strategy.
        - ``shrunk``: shrunk for the uncertainty `prob_sd` of the probability (Baker & McHale 2013).
        - ``states``: with half wins, voids and half losses.
        - ``market``: exact for the selections of an (event, market, line) that are decided together. If a selection has
          several rows, the one with the largest net edge gets the fraction, the others 0.

    Returns
    -------
    float64 (n,)
        NaN where a value is missing and, for ``market``, for lays, rows with half or void states, and double chance, as
        its selections win together.

    Raises
    ------
    TapeError
        The mode is ``shrunk`` and no row has a `prob_sd`.
    """
    if mode == "market":
        return kelly_of_markets(rows)
    if mode == "shrunk" and len(rows) and rows["prob_sd"].null_count() == len(rows):
        raise TapeError(
            "Kelly shrunk for uncertainty needs the column prob_sd",
            expected="a standard error of the probability",
            found="no row has one",
            todo="use a strategy that returns it (strategy=value strategy.fair=consensus), or another staking rule",
        )
    stated, prob_sd = (rows[name].fill_null(float("nan")).to_numpy() for name in ("kelly_frac", "prob_sd"))
    backed = Backed(**{field.name: rows[field.name].to_numpy() for field in fields(Backed)})
    return kelly_fracs(mode, backed, stated, prob_sd, rows["commission_rate"].to_numpy())


def kelly_of_markets(rows: pl.DataFrame) -> Floats:
    """Exact Kelly fractions of the selections of a book, each represented by its row with the best net edge."""
    book_keys = ["decided_at", "event_id", "market", "line"]
    plain = (pl.col("prob_half_win") == 0) & (pl.col("prob_void") == 0) & (pl.col("prob_half_lose") == 0)
    overlap = pl.col("market").is_in(list(WINNERS))
    eligible = rows.with_row_index("row").filter(
        (pl.col("side") == "back") & plain & ~overlap & pl.col("edge_frac").is_not_nan()
    )
    fraction = np.full(len(rows), np.nan)
    fraction[eligible["row"].to_numpy()] = 0.0
    best = (
        eligible.with_columns(
            net=pl.col("edge_frac") - pl.col("commission_rate") * pl.col("prob") * (pl.col("odds") - 1.0)
        )
        .sort([*book_keys, "selection", "net", "bookmaker"], descending=[False] * 5 + [True, False])
        .unique([*book_keys, "selection"], keep="first", maintain_order=True)
        .with_columns(book=pl.struct(book_keys).rle_id())
        .with_columns(place=pl.int_range(pl.len()).over("book"))
    )
    if best.is_empty():
        return fraction
    book, place = best["book"].to_numpy(), best["place"].to_numpy()
    shape = (int(book.max()) + 1, int(place.max()) + 1)
    odds, prob = np.full(shape, np.nan), np.zeros(shape)
    odds[book, place] = 1.0 + (best["odds"].to_numpy() - 1.0) * (1.0 - best["commission_rate"].to_numpy())
    prob[book, place] = best["prob"].to_numpy()
    fraction[best["row"].to_numpy()] = kelly_market(odds, prob)[book, place]
    return fraction
