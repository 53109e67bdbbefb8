"""Settlement: from the score and the status of an event to the state of every selection.

Lines are compared in quarters of a goal. With x four times the distance by which the selection is ahead of
its line, x >= 2 wins, 1 is a half win, 0 a void, -1 a half loss, and less loses: a quarter line is half a
stake on each of its two neighbours, and this is what becomes of the two halves.

What decides before the score: an event that is scheduled, or has no result, is UNKNOWN; one that was retired,
walked over, disqualified, abandoned, awarded or postponed is VOID, where the rule of the bookmaker does not let it
stand (`stands`, or `first_set` once a set was completed). `1x2` and `moneyline` follow the winner that the source
names, and the score where it names none (a tennis match is won by sets, not by the score of games). A drawn
moneyline is VOID. A line that is no multiple of 0.25 is no bet that is taken: UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from engine.kernel.codes import State
from engine.schema import VOID_STATUSES

Floats = NDArray[np.float64]

#: what a bookmaker may do with a bet on such an event
RULES: Final = ("void", "stands", "first_set")

#: what one unit staked at decimal odds o earns in each state, as `profit * (o - 1) + constant`; by State
_PROFIT: Final = np.array([np.nan, 0.0, 0.0, 0.0, 0.5, 1.0, np.nan])
_CONSTANT: Final = np.array([np.nan, -1.0, -0.5, 0.0, 0.0, 0.0, np.nan])

Column = pl.Series | NDArray[Any] | Sequence[object]


def states(
    market: Column,
    line: Column,
    selection: Column,
    home_score: Column,
    away_score: Column,
    winner: Column,
    status: Column,
    rule: Column | None = None,
) -> NDArray[np.int8]:
    """The state of each selection, one row a bet.

    Parameters
    ----------
    market, selection, winner, status : text, shape (n,)
        As in `schema.EVENTS` and `schema.QUOTES`; a correct score is written ``"2-1"``. Null where missing.
    line : float64, shape (n,)
        Null or NaN where the market has none. Of `asian_handicap` it is the HOME side's line on both
        selections.
    home_score, away_score : integer, shape (n,)
        Null where not known.
    rule : text, shape (n,), optional
        One of `RULES`: what the bookmaker does with an event of `VOID_STATUSES`; null and by default ``void``.

    Returns
    -------
    int8 (n,) of `schema.State`. UNKNOWN where the event has no result, or the bet is of a market, selection
    or line that has no rule here.
    """
    frame = pl.DataFrame(
        [
            _column("market", market, pl.String()),
            _column("line", line, pl.Float64()),
            _column("selection", selection, pl.String()),
            _column("home_score", home_score, pl.Float64()),
            _column("away_score", away_score, pl.Float64()),
            _column("winner", winner, pl.String()),
            _column("status", status, pl.String()),
            _column("rule", [None] * len(status) if rule is None else rule, pl.String()),
        ]
    )
    return frame.select(state_expression()).to_series().to_numpy().astype(np.int8)


def _column(name: str, values: Column, dtype: pl.DataType) -> pl.Series:
    series = values.alias(name) if isinstance(values, pl.Series) else pl.Series(name, values, strict=False)
    return series.cast(dtype)


def state_expression() -> pl.Expr:
    """`states` as a Polars expression named ``state`` over columns of the names of its parameters; Int8,
    never null.
    """
    status, rule = pl.col("status"), pl.col("rule").fill_null("void")
    a_set = (rule == "first_set") & (pl.col("home_score") + pl.col("away_score") >= 1.0).fill_null(False)
    stands = (rule == "stands") | a_set
    return (
        pl.when(status.is_in(VOID_STATUSES) & ~stands)
        .then(int(State.VOID))
        .when((status == "played") | status.is_in(VOID_STATUSES))
        .then(
            pl.when(pl.col("market").is_in(("1x2", "moneyline")))
            .then(_winner_state())
            .when(pl.col("market").is_in(("totals", "asian_handicap")))
            .then(_line_state())
            .otherwise(_score_state())
        )
        .otherwise(int(State.UNKNOWN))
        .fill_null(int(State.UNKNOWN))
        .cast(pl.Int8)
        .alias("state")
    )


def _winner_state() -> pl.Expr:
    home, away, selection = pl.col("home_score"), pl.col("away_score"), pl.col("selection")
    by_score = (
        pl.when(home > away)
        .then(pl.lit("home"))
        .when(home < away)
        .then(pl.lit("away"))
        .otherwise(pl.when(home == away).then(pl.lit("draw")))
    )
    winner = pl.coalesce(pl.col("winner"), by_score)
    known = selection.is_in(("home", "away")) | ((selection == "draw") & (pl.col("market") == "1x2"))
    return (
        pl.when(~known | ~winner.is_in(("home", "draw", "away")))
        .then(int(State.UNKNOWN))
        .when((winner == "draw") & (pl.col("market") == "moneyline"))
        .then(int(State.VOID))
        .when(selection == winner)
        .then(int(State.WIN))
        .when(selection != winner)
        .then(int(State.LOSE))
    )


def _line_state() -> pl.Expr:
    """State of a total or a handicap, from four times the distance by which the selection is ahead of its
    line.
    """
    home, away, line, selection = (pl.col(n) for n in ("home_score", "away_score", "line", "selection"))
    is_total = pl.col("market") == "totals"
    of_first = pl.when(is_total).then(home + away - line).otherwise(home - away + line) * 4.0
    sign = (
        pl.when(selection == pl.when(is_total).then(pl.lit("over")).otherwise(pl.lit("home")))
        .then(1.0)
        .when(selection == pl.when(is_total).then(pl.lit("under")).otherwise(pl.lit("away")))
        .then(-1.0)
    )
    quarters = of_first * sign
    whole = (quarters == quarters.round()) & quarters.is_finite()
    return pl.when(whole).then((quarters.clip(-2, 2) + int(State.VOID)).cast(pl.Int8))


def _score_state() -> pl.Expr:
    home, away, selection = pl.col("home_score"), pl.col("away_score"), pl.col("selection")
    both = (home > 0) & (away > 0)
    is_btts = (pl.col("market") == "btts") & selection.is_in(("yes", "no"))
    is_score = (pl.col("market") == "correct_score") & selection.str.contains(r"^[0-9]{1,4}-[0-9]{1,4}$")
    named = selection.str.split("-")
    exact = (named.list.get(0, null_on_oob=True).cast(pl.Float64, strict=False) == home) & (
        named.list.get(1, null_on_oob=True).cast(pl.Float64, strict=False) == away
    )
    known = home.is_not_null() & away.is_not_null()
    won = pl.when(known & is_btts).then(both == (selection == "yes")).when(known & is_score).then(exact)
    return pl.when(won).then(int(State.WIN)).when(~won).then(int(State.LOSE))


def payoff(state: ArrayLike, odds: ArrayLike, dead_heat_share: ArrayLike = 1.0) -> Floats:
    """Profit of one unit staked at decimal odds, before rounding to money.

    Win `o - 1`, half win `(o - 1) / 2`, void 0, half lose -1/2, lose -1, dead heat with share d `d * o - 1`.
    Arrays broadcast; NaN for UNKNOWN.
    """
    s, o = np.asarray(state, dtype=np.int64), np.asarray(odds, dtype=np.float64)
    settled = (o - 1.0) * _PROFIT[s] + _CONSTANT[s]
    return np.where(s == State.DEAD_HEAT, np.asarray(dead_heat_share, dtype=np.float64) * o - 1.0, settled)


def state_probabilities(market: str, line: float | None, selection: str, grid: ArrayLike) -> Floats:
    """Probabilities of win, half win, void and half lose of a selection, from those of the scores.

    Parameters
    ----------
    market, line, selection
        As in `states`; `line` of an Asian handicap is the HOME side's.
    grid : float64, shape (..., h, a)
        Probability of each score: home goals along the last axis but one, away goals along the last.

    Returns
    -------
    float64, shape (..., 4): prob, prob_half_win, prob_void, prob_half_lose of `schema.OPPORTUNITIES`.

    Raises
    ------
    ValueError
        The market, selection or line has no rule.
    """
    p = np.asarray(grid, dtype=np.float64)
    away, home = np.meshgrid(np.arange(p.shape[-1]), np.arange(p.shape[-2]))
    n = home.size
    ends = states(
        [market] * n, [line] * n, [selection] * n, home.ravel(), away.ravel(), [None] * n, ["played"] * n
    ).reshape(home.shape)
    if (ends == State.UNKNOWN).any():
        raise ValueError(f"no rule settles {market} {selection} at line {line}")
    order = (State.WIN, State.HALF_WIN, State.VOID, State.HALF_LOSE)
    return np.stack([(p * (ends == state)).sum(axis=(-2, -1)) for state in order], axis=-1)
