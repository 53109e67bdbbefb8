"""Prices after the decision: the odds at which an order arrives, and the odds at which a bet is cashed out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import polars as pl

from engine.errors import ConfigurationError
from engine.exchange.recorded import Recordings, arrivals
from engine.kernel.codes import State
from engine.kernel.parameter import hundredth
from engine.schema import IN_PLAY, QUOTES, SEQUENCE, SNAPSHOT
from engine.tape.check import check_schema

_SERIES: Final = ["event_id", "market", "_line", "selection", "bookmaker", "side"]
_NO_LINE: Final = -1e300  # stands for null, because a join does not match nulls
#: a threshold counts as reached where rounding alone keeps the odds from it: far below the smallest step of a price
_ROUNDING: Final = 1e-12


@dataclass(frozen=True)
class CashOut:
    """Rules for closing a bet with a bet on the other side. The first price that meets a rule closes it.

    Attributes
    ----------
    profit_frac : float
        Profit per unit staked (for a lay, per unit of the backer's stake) at which the profit is taken; infinite: off.
        It may exceed 1 for a back bet; a lay wins less than 1.
    loss_frac : float
        Loss per unit staked at which the loss is cut; infinite: off. It may exceed 1 for a lay; a back bet loses less
        than 1.
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
        Columns of `schema.QUOTES`; without the column `instant` all are snapshots. Quotes in play, or known after the
        start of their event, are ignored. Of the quotes of one series and instant the one whose kind is nearest to the
        end counts (`schema.SEQUENCE`).
    delay_ns : int
        Time from a decision to the arrival of its order, nanoseconds; 0: orders arrive at once.
    cash_out : CashOut
    recordings : Recordings or None
        Recorded books of an exchange: its orders take what they offer on arrival. None: the quotes say it.
    """

    quotes: pl.DataFrame
    delay_ns: int = 0
    cash_out: CashOut = CashOut()
    recordings: Recordings | None = None


def with_later_prices(rows: pl.DataFrame, later: LaterPrices | None) -> pl.DataFrame:
    """Add the columns `filled`, `exit_odds`, `exit_at`, `offer` and `offer_minor`.

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
        `exit_at`: odds and instant of the cash-out, null if there is none. `offer`, `offer_minor`: which recorded offer
        the order meets, the same number for the same one, and its size; null where none is recorded.

    Raises
    ------
    TapeError
        The quotes have a missing or wrong column.
    ConfigurationError
        A threshold of the cash-out that no bet can reach.
    """
    no_exit = [pl.lit(None, pl.Float64).alias("exit_odds"), pl.lit(None, rows.schema["decided_at"]).alias("exit_at")]
    rows = rows.with_columns(offer=pl.lit(None, pl.Int64), offer_minor=pl.lit(None, pl.Float64))
    if later is None:
        return rows.with_columns(pl.col("odds").alias("filled"), *no_exit)
    keyed = rows.with_columns(_line=pl.col("line").fill_null(_NO_LINE)).with_row_index("_row")
    quotes = _in_order(later.quotes, rows.select("event_id", "starts_at").unique())
    if later.delay_ns:
        keyed = _fill(keyed, quotes, later.delay_ns)
    else:
        keyed = keyed.with_columns(filled=pl.col("odds"), _filled_at=pl.col("decided_at"))
    if later.recordings is not None:
        keyed = _at_exchange(keyed, later.recordings, later.delay_ns)
    keyed = _close(keyed, quotes, later.cash_out) if later.cash_out.on else keyed.with_columns(*no_exit)
    return keyed.sort("_row").drop("_row", "_line", "_filled_at")


def _in_order(quotes: pl.DataFrame, starts: pl.DataFrame) -> pl.DataFrame:
    """Quotes up to the start of their event, by time: one for each series and instant."""
    return prices_in_order(quotes, starts).select(*_SERIES, "known_at", pl.col("odds").alias("_odds"))


def prices_in_order(quotes: pl.DataFrame, starts: pl.DataFrame) -> pl.DataFrame:
    """Prices at which an order can arrive: up to the start of their event, by time, one for each series and instant.

    Parameters
    ----------
    quotes : polars.DataFrame
        As in `LaterPrices`.
    starts : polars.DataFrame
        event_id, starts_at: one row for each event. Quotes of other events are left out.

    Returns
    -------
    polars.DataFrame
        event_id, market, line, selection, bookmaker, side, instant, known_at, odds, size_minor (null where the quotes
        have none), and `_line`: the line with a number instead of null. Sorted by known_at and series.

    Raises
    ------
    TapeError
        The quotes have a missing or wrong column.
    """
    wanted = {name: QUOTES[name] for name in (*_SERIES, "instant", "known_at", "odds") if name != "_line"}
    if "instant" not in quotes.columns:
        quotes = quotes.with_columns(instant=pl.lit(SNAPSHOT))
    if "size_minor" not in quotes.columns:
        quotes = quotes.with_columns(size_minor=pl.lit(None, pl.Float64))
    wanted |= {name: QUOTES[name] for name in ("line", "size_minor")}
    return (
        check_schema(quotes, wanted, "the later prices")
        .join(starts, on="event_id", how="inner")
        .filter(
            pl.col("starts_at").is_null() | (pl.col("known_at") <= pl.col("starts_at")), pl.col("instant") != IN_PLAY
        )
        .with_columns(
            _line=pl.col("line").fill_nan(None).fill_null(_NO_LINE),
            _kind=pl.col("instant").replace_strict(SEQUENCE, return_dtype=pl.Int64),
        )
        .sort("known_at", *_SERIES, "_kind", "odds", descending=[False] * (len(_SERIES) + 2) + [True])
        .unique([*_SERIES, "known_at"], keep="last", maintain_order=True)
        .drop("_kind", "starts_at")
    )


def _fill(rows: pl.DataFrame, quotes: pl.DataFrame, delay_ns: int) -> pl.DataFrame:
    """Add `filled`, `_filled_at`: the first price of the series at or after the arrival, before the settlement."""
    arrives = pl.col("decided_at") + pl.duration(nanoseconds=delay_ns)
    found = (
        rows.with_columns(_arrives=arrives)
        .sort("_arrives")
        .join_asof(
            quotes.rename({"_odds": "filled", "known_at": "_filled_at"}),
            left_on="_arrives", right_on="_filled_at", by=_SERIES, strategy="forward", check_sortedness=False,
        )
        .drop("_arrives")
    )  # fmt: skip
    in_time = (pl.col("_filled_at") < pl.col("settled_at")).fill_null(True)
    return found.with_columns(pl.when(in_time).then(name).alias(name) for name in ("filled", "_filled_at"))


def _at_exchange(rows: pl.DataFrame, recordings: Recordings, delay_ns: int) -> pl.DataFrame:
    """Set `filled`, `_filled_at`, `offer` and `offer_minor` of bets at the exchange by its recorded books."""
    own = rows.filter(pl.col("bookmaker") == recordings.bookmaker)
    arrives = (own["decided_at"].cast(pl.Int64) + delay_ns).to_list()
    lines = own["line"].fill_nan(None).to_list()
    bets = zip(own["event_id"].to_list(), own["market"].to_list(), lines, own["selection"].to_list(), strict=True)
    met = arrivals(recordings, zip(bets, own["side"].to_list(), arrives, strict=True))
    found = own.select(
        "_row",
        _odds=pl.Series([one.odds for one in met], dtype=pl.Float64).fill_nan(None),
        _at=pl.Series([one.at_ns for one in met], dtype=pl.Int64).cast(rows.schema["decided_at"]),
        offer=pl.Series([one.offer for one in met], dtype=pl.Int64),
        offer_minor=pl.Series([one.size_minor for one in met], dtype=pl.Float64),
    )
    mine, never = pl.col("bookmaker") == recordings.bookmaker, pl.col("bookmaker").is_in(recordings.never)
    is_there = pl.col("_odds").is_not_null() & (pl.col("offer") >= 0)
    return (
        rows.drop("offer", "offer_minor")
        .join(found, on="_row", how="left", maintain_order="left")
        .with_columns(
            *(pl.when(is_there).then(name).alias(name) for name in ("offer", "offer_minor")),
            filled=pl.when(mine).then("_odds").when(~never).then("filled"),
            _filled_at=pl.when(mine).then("_at").otherwise("_filled_at"),
        )
        .drop("_odds", "_at")
    )


def _close(rows: pl.DataFrame, quotes: pl.DataFrame, rule: CashOut) -> pl.DataFrame:
    """Add `exit_odds` and `exit_at`: the first price on the other side that meets a rule.

    It is known after the order was filled and before the settlement. Profit and loss are those of the odds at which the
    order was filled, before slippage.
    """
    _refuse_unreachable(rows, rule)
    other = pl.when(pl.col("side") == "back").then(pl.lit("lay")).otherwise(pl.lit("back"))
    closing_bookmaker = pl.col("bookmaker") if rule.bookmaker is None else pl.lit(rule.bookmaker)
    wanted = rows.select(
        "_row", *_SERIES[:4], closing_bookmaker.alias("bookmaker"), other.alias("side"), "filled", "_filled_at",
        "starts_at", "settled_at", is_back=pl.col("side") == "back",
    )  # fmt: skip
    near_start = pl.lit(False)
    if rule.before_start_ns is not None:
        near_start = pl.col("known_at") >= pl.col("starts_at") - pl.duration(nanoseconds=rule.before_start_ns)
    in_time = (pl.col("known_at") > pl.col("_filled_at")) & (
        pl.col("settled_at").is_null() | (pl.col("known_at") < pl.col("settled_at"))
    )
    reached = _reaches_profit(rule.profit_frac) | _reaches_loss(rule.loss_frac) | near_start.fill_null(False)
    exits = (
        wanted.filter(pl.col("filled").is_not_null())
        .join(quotes, on=_SERIES, how="inner")
        .filter(in_time & reached)
        .sort("known_at")
        .unique("_row", keep="first", maintain_order=True)
        .select("_row", pl.col("_odds").alias("exit_odds"), pl.col("known_at").alias("exit_at"))
    )
    return rows.join(exits, on="_row", how="left")


def _reaches_profit(profit_frac: float) -> pl.Expr:
    """Whether o / l - 1 (of a lay 1 - o / b) is at least `profit_frac`, compared as products."""
    filled, exit_odds = pl.col("filled"), pl.col("_odds")
    back = filled * (1.0 + _ROUNDING) >= exit_odds * (1.0 + profit_frac)
    lay = filled <= exit_odds * (1.0 - profit_frac) * (1.0 + _ROUNDING)
    return pl.when("is_back").then(back).otherwise(lay)


def _reaches_loss(loss_frac: float) -> pl.Expr:
    """Whether 1 - o / l (of a lay o / b - 1) is at least `loss_frac`, compared as products."""
    filled, exit_odds = pl.col("filled"), pl.col("_odds")
    back = filled <= exit_odds * (1.0 - loss_frac) * (1.0 + _ROUNDING)
    lay = filled * (1.0 + _ROUNDING) >= exit_odds * (1.0 + loss_frac)
    return pl.when("is_back").then(back).otherwise(lay)


def _refuse_unreachable(rows: pl.DataFrame, rule: CashOut) -> None:
    """Refuse a threshold of 1 or more that no bet can reach, at no odds of the other side above 1.

    A lay wins less than the backer's stake and a back bet loses less than its stake; the other ends are less than the
    odds less 1.
    """
    odds = pl.max_horizontal(pl.col("odds", "filled").fill_nan(None)).max()
    highest = {side: float(best or 1.0) for side, best in rows.group_by("side").agg(odds).iter_rows()}
    back, lay = highest.get("back", 1.0), highest.get("lay", 1.0)
    for name, frac, most, one in (
        ("loss_frac", rule.loss_frac, lay - 1.0, "a back bet loses less than its stake"),
        ("profit_frac", rule.profit_frac, back - 1.0, "a lay wins less than the backer's stake"),
    ):
        words = f"{one}, and no other bet reaches more than {most:g}" if most > 0.0 else one
        if max(1.0, most) <= frac < math.inf and rows.height:
            raise ConfigurationError(
                "value out of range", where=f"execution.cash_out_{name}", expected=f"below {max(1.0, most):g}: {words}",
                found=f"{frac:g}", todo=hundredth(frac),
            )  # fmt: skip


def closed_early(rows: pl.DataFrame) -> pl.DataFrame:
    """Settle cashed-out rows at `exit_at` with the state CASHED. `settled_at` is int64 (UTC ns), `state` Int8."""
    cashed = pl.col("exit_at").is_not_null()
    return rows.with_columns(
        settled_at=pl.when(cashed).then(pl.col("exit_at").cast(pl.Int64)).otherwise("settled_at"),
        state=pl.when(cashed).then(pl.lit(int(State.CASHED), pl.Int8)).otherwise("state"),
    ).drop("exit_at")
