"""How bets end, by score, status and runner: states, shares of dead heats, what removed runners take off a price.

A removal counts for the bets that were decided before it. Several are taken one after the other: the factors of what is
left multiply. Rules and sources: `engine.kernel.price.reduced`.
"""

from __future__ import annotations

import polars as pl

from engine.betting.scope import scoped
from engine.betting.settlement import finish_expression, finish_state, states
from engine.kernel.codes import Reduction, State
from engine.kernel.price import REDUCTION_LEAST
from engine.schema import FIELD_MARKETS

_REMOVED = r"(?:^| )removed:([0-9]+):([0-9.e-]+)"


def with_ends(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the score of their market, and how their selection ended.

    Parameters
    ----------
    rows : polars.DataFrame
        One bet a row: what `engine.betting.scope.scoped` reads, selection, decided_at, and the columns of
        `schema.FINISHES`.

    Returns
    -------
    polars.DataFrame
        The rows as `scoped` gives them, with ``state`` (`State` of the selection, Int8; UNKNOWN where nothing says
        it), `refusal` (why an event that was played does not settle the row, else null), and the columns of
        `with_reductions`.
    """
    names = ("market", "line", "selection", "home_score", "away_score", "winner", "status", "rule")
    rows = scoped(rows).with_columns(finish_expression())
    ends = pl.Series(states(*(rows[name] for name in names)), dtype=pl.Int8)
    of_runner = pl.when(pl.col("status") == "played").then(finish_state())
    mute = pl.col("market").is_in(FIELD_MARKETS) & (pl.col("status") == "played") & of_runner.is_null()
    return with_reductions(
        rows.with_columns(
            state=pl.coalesce(of_runner, pl.lit(ends)),
            refusal=pl.when(mute).then(pl.lit("no word how the runner ended")).otherwise("refusal"),
        )
    )


def with_reductions(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with `dead_heat_share`, `reduction_frac` and `reduction_rule`.

    Parameters
    ----------
    rows : polars.DataFrame
        market, decided_at, state, and `finish` as `engine.betting.settlement.finish_expression` gives it.
    """
    numbered = rows.with_row_index("_row")
    share = pl.col("finish").str.extract(r"(?:^| )share:([0-9.]+)").cast(pl.Float64)
    words = numbered.select(
        "_row", "market", "decided_at", pl.col("finish").str.extract_all(_REMOVED).alias("word")
    ).explode("word", empty_as_null=True, keep_nulls=True)
    removals = words.drop_nulls("word").with_columns(
        at=pl.col("word").str.extract(_REMOVED, 1).cast(pl.Int64),
        left=1.0 - pl.col("word").str.extract(_REMOVED, 2).cast(pl.Float64),
    )
    counts = (pl.col("at") > pl.col("decided_at").cast(pl.Int64)) & (
        (pl.col("market") == "place") | (pl.col("left") <= 1.0 - REDUCTION_LEAST)
    )
    taken = removals.filter(counts).group_by("_row").agg(reduction_frac=1.0 - pl.col("left").product())
    is_place = (pl.col("market") == "place").fill_null(False)
    return (
        numbered.join(taken, on="_row", how="left", maintain_order="left")
        .with_columns(
            dead_heat_share=pl.when(pl.col("state") == int(State.DEAD_HEAT)).then(share).otherwise(1.0),
            reduction_frac=pl.col("reduction_frac").fill_null(0.0),
            reduction_rule=pl.when(is_place)
            .then(int(Reduction.EXCHANGE_PLACE))
            .otherwise(int(Reduction.EXCHANGE_WIN))
            .cast(pl.Int8),
        )
        .drop("_row", "finish")
    )
