"""How well fair closing prices foretell results: what a bet at each of them would have returned.

A bet at the fair closing odds of a calibrated close returns nothing on average, at long odds as at short ones. A close
that overrates the chance of such bets returns less than nothing, and the closing line value of a bet against it is too
large by as much. Measured are sums that add up over the parts of a store, for each sport, market and band of fair odds,
with all selections together and for each selection alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Final

import polars as pl

from engine.asof.closing import fair_closing
from engine.betting.scope import scoped
from engine.betting.settlement import states
from engine.kernel.codes import State
from engine.schema import EVENTS_OPTIONAL

__all__ = ["ALL", "BANDS", "LAID", "SUMS", "band_of", "closing_returns", "laid", "sums_of"]

#: ends of the bands of fair closing odds; a price on a limit is in the upper band
BANDS: Final = (1.5, 2.5, 4.0, 6.0, 10.0)
#: number of the band of all odds together
ALL: Final = -1
#: first letters of the names of cells of bets that lay a selection
LAID: Final = "not "
#: columns of `sums_of`; `selection` is null for all selections together
SUMS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "sport": pl.String,
    "market": pl.String,
    "selection": pl.String,
    "band": pl.Int8,
    "matches": pl.Int64,
    "n": pl.Int64,
    "profit": pl.Float64,
    "profit_squared": pl.Float64,
    "profit_n": pl.Float64,
    "n_squared": pl.Int64,
    "variance": pl.Float64,
}
_CELL: Final = ("sport", "market", "selection", "band")
_EVENT: Final = ("event_id", "sport", "home_score", "away_score", "winner", "status", *EVENTS_OPTIONAL)


def band_of(odds: pl.Expr) -> pl.Expr:
    """Number of the band of some odds, 0 for the shortest; null stays null."""
    return reduce(add, [(odds >= limit).cast(pl.Int8) for limit in BANDS])


def closing_returns(
    events: pl.DataFrame, quotes: pl.DataFrame, bookmaker: str = "pinnacle", method: str = "power"
) -> pl.DataFrame:
    """Profit of one unit on each selection at its fair closing odds.

    Parameters
    ----------
    events, quotes, bookmaker, method
        As in `engine.asof.closing.fair_closing`, which says which prices are closing prices.

    Returns
    -------
    polars.DataFrame
        event_id, sport, market, selection, close_prob, band (Int8), profit: per unit, -1 for a loss, half of it for a
        half loss, 0 for a void. Only events that were played and whose score settles the market; probabilities that
        are not within (0, 1), which additive and Goto can give, are left out.
    """
    fair = fair_closing(events, quotes, bookmaker, method).filter(
        (pl.col("close_prob") > 0.0) & (pl.col("close_prob") < 1.0)
    )
    played = events.filter(pl.col("status") == "played")
    known = [name for name in _EVENT if name in events.columns]
    rows = fair.join(played.select(known), on="event_id", how="inner", maintain_order="left")
    rows = scoped(rows.with_columns(rule=pl.lit(None, pl.String)))
    names = ("market", "line", "selection", "home_score", "away_score", "winner", "status", "rule")
    win = 1.0 / pl.col("close_prob") - 1.0
    paid = {State.WIN: win, State.HALF_WIN: win / 2.0, State.VOID: 0.0 * win, State.HALF_LOSE: 0.0 * win - 0.5}
    profit = 0.0 * win - 1.0
    for state, value in paid.items():
        profit = pl.when(pl.col("state") == int(state)).then(value).otherwise(profit)
    return (
        rows.with_columns(state=pl.Series(states(*(rows[name] for name in names)), dtype=pl.Int8))
        .filter(pl.col("state") != int(State.UNKNOWN))
        .select(
            "event_id", "sport", "market", "selection", "close_prob",
            band=band_of(1.0 / pl.col("close_prob")), profit=profit,
        )
    )  # fmt: skip


def sums_of(returns: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """Sums of `closing_returns` by sport, market, selection and band; sums of parts of a store may be added.

    Parameters
    ----------
    returns : polars.DataFrame
    by : sequence of str
        Further columns of `returns` to group by; they come first in the result.

    Returns
    -------
    polars.DataFrame
        Columns `SUMS`, sorted. Selection is null for all selections together (with the band `ALL` also for all odds),
        and ``not home`` for laying the home side: the bet of one unit at risk at odds of 1 / (1 - close_prob), in the
        band of those odds. For a match m with n_m selections and profit s_m in the cell: matches, n = sum of n_m,
        profit = sum of s_m, and the sums of s_m squared, s_m n_m and n_m squared. `variance` is the sum of
        1 / close_prob - 1: the variance of the profit if the close is fair.
    """
    fair = (1.0 / pl.col("close_prob") - 1.0).alias("variance")
    together = returns.with_columns(selection=pl.lit(None, pl.String))
    everything = together.with_columns(band=pl.lit(ALL, pl.Int8))
    rows = pl.concat([everything, together, returns, _laid(returns)]).with_columns(fair)
    by_match = (
        rows.sort("event_id", "close_prob", "profit")  # float sums do not depend on the order of the rows
        .group_by([*by, *_CELL, "event_id"], maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("n"), pl.col("profit").sum(), pl.col("variance").sum())
    )
    return (
        by_match.group_by([*by, *_CELL], maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("matches"),
            pl.col("n").sum(),
            pl.col("profit").sum(),
            (pl.col("profit") ** 2).sum().alias("profit_squared"),
            (pl.col("profit") * pl.col("n")).sum().alias("profit_n"),
            (pl.col("n") ** 2).sum().alias("n_squared"),
            pl.col("variance").sum(),
        )
        .cast(dict(SUMS))  # type: ignore[arg-type]
        .select([*by, *SUMS])
        .sort([*by, *_CELL], nulls_last=False)
    )


def _laid(returns: pl.DataFrame) -> pl.DataFrame:
    """The same prices laid: each loses what the backer wins, per unit of the liability."""
    prob = pl.col("close_prob")
    return returns.with_columns(
        selection=laid(pl.col("selection")),
        close_prob=1.0 - prob,
        band=band_of(1.0 / (1.0 - prob)),
        profit=-pl.col("profit") * prob / (1.0 - prob),
    )


def laid(selection: pl.Expr) -> pl.Expr:
    """Name of the cells of bets that lay a selection."""
    return pl.concat_str(pl.lit(LAID), selection)
