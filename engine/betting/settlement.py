"""Settlement: from the score and status of an event to the state of each selection.

Lines are compared in quarters of a goal. Let x be four times the margin by which the selection beats its line.
x >= 2 is a win, 1 a half win, 0 a void, -1 a half loss, and x <= -2 a loss. This follows from the quarter line
itself: half of the stake is on each of the two neighbouring lines.

The status comes before the score. An event that is scheduled or has no result is UNKNOWN. An event that was
retired, walked over, disqualified, abandoned, awarded or postponed is VOID, unless the bookmaker's rule lets the
result stand (`stands`, or `first_set` once one set was completed). `1x2`, `moneyline`, `double_chance` and
`draw_no_bet` follow the winner named by the source, and the score if it names none (a tennis match is won by sets, not
games). A drawn moneyline or draw no bet is VOID. A line that is not a multiple of 0.25 has no settlement rule: UNKNOWN.

A score says nothing of the runners of a field: UNKNOWN. They end as their source says (`finish_state`).

The score is that of the market's scope: of the first half for `first_half_totals`, the corners for `corners_totals`.
`engine.betting.scope.scoped` chooses it. A named winner is never that of a first half.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from engine.kernel.codes import State
from engine.schema import CORRECT_SCORE, FINISHES, LINE_MARKETS, SELECTIONS, VOID_STATUSES

Floats = NDArray[np.float64]

#: markets of the winner
_BY_WINNER: Final = ("1x2", "moneyline", "double_chance", "draw_no_bet", "first_half_1x2")
#: how a bookmaker may settle an event with a status of `VOID_STATUSES`
RULES: Final = ("void", "stands", "first_set")


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
    """State of each selection, one bet per row.

    Parameters
    ----------
    market, selection, winner, status : text, shape (n,)
        As in `schema.EVENTS` and `schema.QUOTES`; markets of `schema.MARKETS`. A correct score is written ``"2-1"``.
        Null where missing.
    line : float64, shape (n,)
        Null or NaN where the market has none. An `asian_handicap` has the HOME side's line on both selections.
    home_score, away_score : integer, shape (n,)
        The score of the market's scope. Null where unknown.
    rule : text, shape (n,), optional
        One of `RULES`: how the bookmaker settles an event with a status of `VOID_STATUSES`. Null, and the default,
        is ``void``.

    Returns
    -------
    int8 (n,) of `engine.kernel.codes.State`. UNKNOWN where the event has no result, or where the market,
    selection or line has no settlement rule.
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
    """`states` as a Polars expression: Int8, never null, named ``state``.

    It reads columns named like the parameters of `states`.
    """
    status, rule = pl.col("status"), pl.col("rule").fill_null("void")
    one_set = (rule == "first_set") & (pl.col("home_score") + pl.col("away_score") >= 1.0).fill_null(False)
    stands = (rule == "stands") | one_set
    return (
        pl.when(status.is_in(VOID_STATUSES) & ~stands)
        .then(int(State.VOID))
        .when((status == "played") | status.is_in(VOID_STATUSES))
        .then(
            pl.when(pl.col("market").is_in(_BY_WINNER))
            .then(_winner_state())
            .when(pl.col("market").is_in(LINE_MARKETS))
            .then(_line_state())
            .otherwise(_score_state())
        )
        .otherwise(int(State.UNKNOWN))
        .fill_null(int(State.UNKNOWN))
        .cast(pl.Int8)
        .alias("state")
    )


def finish_expression() -> pl.Expr:
    """How the runners of a row ended: of the columns of `schema.FINISHES`, that of its market; named ``finish``."""
    finish = pl.lit(None, pl.String)
    for market, name in FINISHES.items():
        finish = pl.when(pl.col("market") == market).then(name).otherwise(finish)
    return finish.alias("finish")


def finish_state() -> pl.Expr:
    """State of a runner of a field, Int8; null where nothing is said of it, and in markets that have no such runners.

    It reads the columns selection and ``finish``, as `finish_expression` gives it. A winner of a dead heat for the win
    shares its place.
    """
    words = pl.col("finish").str.split(" ")
    state = pl.lit(None, pl.Int8)
    shared = pl.col("finish").str.contains(r"(?:^| )share:")
    won = pl.when(shared).then(int(State.DEAD_HEAT)).otherwise(int(State.WIN))
    for word, value in (("won", won), ("lost", pl.lit(int(State.LOSE))), ("void", pl.lit(int(State.VOID)))):
        said = words.list.contains(pl.format("{}:" + word, "selection"))
        state = pl.when(said).then(value).otherwise(state)
    return state.cast(pl.Int8)


def _winner_state() -> pl.Expr:
    home, away, selection = pl.col("home_score"), pl.col("away_score"), pl.col("selection")
    by_score = (
        pl.when(home > away)
        .then(pl.lit("home"))
        .when(home < away)
        .then(pl.lit("away"))
        .otherwise(pl.when(home == away).then(pl.lit("draw")))
    )
    market = pl.col("market")
    winner = pl.coalesce(pl.when(market != "first_half_1x2").then(pl.col("winner")), by_score)
    double = market == "double_chance"
    known = (
        pl.when(double)
        .then(selection.is_in(SELECTIONS["double_chance"]))
        .otherwise(
            selection.is_in(("home", "away")) | ((selection == "draw") & market.is_in(("1x2", "first_half_1x2")))
        )
    )
    sign = winner.replace_strict({"home": "1", "draw": "x", "away": "2"}, default=None, return_dtype=pl.String)
    won = pl.when(double).then(selection.str.contains(sign, literal=True)).otherwise(selection == winner)
    return (
        pl.when(~known | ~winner.is_in(("home", "draw", "away")))
        .then(int(State.UNKNOWN))
        .when((winner == "draw") & market.is_in(("moneyline", "draw_no_bet")))
        .then(int(State.VOID))
        .when(won)
        .then(int(State.WIN))
        .when(~won)
        .then(int(State.LOSE))
    )


def _line_state() -> pl.Expr:
    """State of a total or handicap, from four times the margin by which the selection beats its line."""
    home, away, line, selection = (pl.col(n) for n in ("home_score", "away_score", "line", "selection"))
    is_total = pl.col("market").str.ends_with("totals")
    first_quarters = pl.when(is_total).then(home + away - line).otherwise(home - away + line) * 4.0
    sign = (
        pl.when(selection == pl.when(is_total).then(pl.lit("over")).otherwise(pl.lit("home")))
        .then(1.0)
        .when(selection == pl.when(is_total).then(pl.lit("under")).otherwise(pl.lit("away")))
        .then(-1.0)
    )
    quarters = first_quarters * sign
    is_integer = (quarters == quarters.round()) & quarters.is_finite()
    return pl.when(is_integer).then((quarters.clip(-2, 2) + int(State.VOID)).cast(pl.Int8))


def _score_state() -> pl.Expr:
    home, away, selection = pl.col("home_score"), pl.col("away_score"), pl.col("selection")
    both = (home > 0) & (away > 0)
    is_btts = (pl.col("market") == "btts") & selection.is_in(("yes", "no"))
    is_score = (pl.col("market") == "correct_score") & selection.str.contains(CORRECT_SCORE)
    named = selection.str.split("-")
    exact = (named.list.get(0, null_on_oob=True).cast(pl.Float64, strict=False) == home) & (
        named.list.get(1, null_on_oob=True).cast(pl.Float64, strict=False) == away
    )
    known = home.is_not_null() & away.is_not_null()
    won = pl.when(known & is_btts).then(both == (selection == "yes")).when(known & is_score).then(exact)
    return pl.when(won).then(int(State.WIN)).when(~won).then(int(State.LOSE))


def state_probabilities(market: str, line: float | None, selection: str, grid: ArrayLike) -> Floats:
    """Probabilities that a selection wins, half wins, is void or half loses, from the probabilities of the scores.

    Parameters
    ----------
    market, line, selection
        As in `states`. The `line` of an Asian handicap is the HOME side's.
    grid : float64, shape (..., h, a)
        Probability of each score: home goals along the second-last axis, away goals along the last.

    Returns
    -------
    float64, shape (..., 4): the columns prob, prob_half_win, prob_void, prob_half_lose of `schema.OPPORTUNITIES`.

    Raises
    ------
    ValueError
        The market, selection or line has no settlement rule.
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
