"""Prices after the decision: the odds at which a delayed order arrives, and the odds at which a bet is cashed out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import polars as pl

from engine.errors import ConfigurationError
from engine.kernel.codes import State

_SERIES: Final = ["event_id", "market", "_line", "selection", "bookmaker", "side"]
_NO_LINE: Final = -1e300  # stands for null, because a join does not match nulls


@dataclass(frozen=True)
class CashOut:
    """Rules for closing a bet with a bet on the other side. The first price that meets a rule closes it.

    Attributes
    ----------
    profit_frac : float
        Profit per unit staked (for a lay, per unit of the backer's stake) at which the profit is taken; infinite: off.
    loss_frac : float
        Loss per unit staked at which the loss is cut; infinite: off.
    before_start_ns : int or None
        Time before the start, nanoseconds, from which any price closes the bet; None: off.
    bookmaker : str or None
        Bookmaker that closes the bet; None: the one where it was placed.

    Raises
    ------
    ConfigurationError
        A fraction is not above 0.
    """

    profit_frac: float = math.inf
    loss_frac: float = math.inf
    before_start_ns: int | None = None
    bookmaker: str | None = None

    def __post_init__(self) -> None:
        for name in ("profit_frac", "loss_frac"):
            if not getattr(self, name) > 0.0:
                raise ConfigurationError(
                    "value out of range", where=f"execution.cash_out_{name}", expected="above 0",
                    found=f"{getattr(self, name):g}",
                )  # fmt: skip

    @property
    def on(self) -> bool:
        """Whether any rule is active."""
        return self.before_start_ns is not None or min(self.profit_frac, self.loss_frac) < math.inf


@dataclass(frozen=True)
class LaterPrices:
    """Prices after the decisions, and how they are used.

    Attributes
    ----------
    quotes : polars.DataFrame
        Columns of `schema.QUOTES`. Quotes known after the start of their event are ignored.
    delay_ns : int
        Time from a decision to the arrival of its order, nanoseconds; 0: orders arrive at once.
    cash_out : CashOut
    """

    quotes: pl.DataFrame
    delay_ns: int = 0
    cash_out: CashOut = CashOut()


def with_later_prices(rows: pl.DataFrame, later: LaterPrices | None) -> pl.DataFrame:
    """Add the columns `filled`, `exit_odds` and `exit_at`.

    Parameters
    ----------
    rows : polars.DataFrame
        Opportunities with the `starts_at` and `settled_at` of their event.
    later : LaterPrices or None
        None: orders arrive at once and no bet is cashed out.

    Returns
    -------
    polars.DataFrame
        The rows in their order. `filled`: odds when the order arrives, null if there is no price then. `exit_odds`,
        `exit_at`: odds and instant of the cash-out, null if there is none.
    """
    no_exit = [pl.lit(None, pl.Float64).alias("exit_odds"), pl.lit(None, rows.schema["decided_at"]).alias("exit_at")]
    if later is None:
        return rows.with_columns(pl.col("odds").alias("filled"), *no_exit)
    keyed = rows.with_columns(_line=pl.col("line").fill_null(_NO_LINE)).with_row_index("_row")
    keyed = keyed.with_columns(_arrives=pl.col("decided_at") + pl.duration(nanoseconds=later.delay_ns))
    starts = rows.select("event_id", "starts_at").unique()
    quotes = (
        later.quotes.join(starts, on="event_id", how="inner")
        .filter(pl.col("starts_at").is_null() | (pl.col("known_at") <= pl.col("starts_at")))
        .with_columns(_line=pl.col("line").fill_null(_NO_LINE))
        .select(*_SERIES, "known_at", pl.col("odds").alias("_odds"))
        .sort("known_at", *_SERIES)
    )
    keyed = _fill(keyed, quotes) if later.delay_ns else keyed.with_columns(filled=pl.col("odds"))
    keyed = _close(keyed, quotes, later.cash_out) if later.cash_out.on else keyed.with_columns(*no_exit)
    return keyed.sort("_row").drop("_row", "_line", "_arrives")


def _fill(rows: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """Add `filled`: the first price of the same series at or after the arrival of the order."""
    return rows.sort("_arrives").join_asof(
        quotes.rename({"_odds": "filled"}).sort("known_at"),
        left_on="_arrives", right_on="known_at", by=_SERIES, strategy="forward", check_sortedness=False,
    ).drop("known_at")  # fmt: skip


def _close(rows: pl.DataFrame, quotes: pl.DataFrame, rule: CashOut) -> pl.DataFrame:
    """Add `exit_odds` and `exit_at`: the first price on the other side that meets a rule, before the settlement."""
    other = pl.when(pl.col("side") == "back").then(pl.lit("lay")).otherwise(pl.lit("back"))
    closing_bookmaker = pl.col("bookmaker") if rule.bookmaker is None else pl.lit(rule.bookmaker)
    wanted = rows.select(
        "_row", *_SERIES[:4], closing_bookmaker.alias("bookmaker"), other.alias("side"), "odds", "_arrives",
        "starts_at", "settled_at", is_back=pl.col("side") == "back",
    )  # fmt: skip
    profit = (
        pl.when("is_back")
        .then(pl.col("odds") / pl.col("_odds") - 1.0)
        .otherwise(1.0 - pl.col("odds") / pl.col("_odds"))
    )
    near_start = pl.lit(False)
    if rule.before_start_ns is not None:
        near_start = pl.col("known_at") >= pl.col("starts_at") - pl.duration(nanoseconds=rule.before_start_ns)
    in_time = (pl.col("known_at") > pl.col("_arrives")) & (
        pl.col("settled_at").is_null() | (pl.col("known_at") < pl.col("settled_at"))
    )
    exits = (
        wanted.join(quotes, on=_SERIES, how="inner")
        .filter(in_time & ((profit >= rule.profit_frac) | (profit <= -rule.loss_frac) | near_start.fill_null(False)))
        .sort("known_at")
        .unique("_row", keep="first", maintain_order=True)
        .select("_row", pl.col("_odds").alias("exit_odds"), pl.col("known_at").alias("exit_at"))
    )
    return rows.join(exits, on="_row", how="left")


def closed_early(rows: pl.DataFrame) -> pl.DataFrame:
    """Settle cashed-out rows at `exit_at` with the state CASHED. `settled_at` is int64 (UTC ns), `state` Int8."""
    cashed = pl.col("exit_at").is_not_null()
    return rows.with_columns(
        settled_at=pl.when(cashed).then(pl.col("exit_at").cast(pl.Int64)).otherwise("settled_at"),
        state=pl.when(cashed).then(pl.lit(int(State.CASHED), pl.Int8)).otherwise("state"),
    ).drop("exit_at")
