"""Decisions side by side: each one that was traded with its twin of the backtest, its cause, and what it cost."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Final

import polars as pl

from engine.tape import Tape
from research.drift.causes import Cause, cause_of
from research.drift.replayed import Replayed
from research.drift.rules import pnl_by_rule
from research.drift.traded import Place, Traded

#: columns of a frame of pairs; those of the backtest end in ``_backtest``, before the unit
COLUMNS: Final[dict[str, Any]] = {
    "id": pl.Int64,
    "decided_ns": pl.Int64,
    "event_id": pl.Int64,
    "market": pl.String,
    "line": pl.Float64,
    "selection": pl.String,
    "bookmaker": pl.String,
    "side": pl.String,
    "reason": pl.String,
    "reason_backtest": pl.String,
    "odds": pl.Float64,
    "odds_backtest": pl.Float64,
    "stake_minor": pl.Int64,
    "stake_backtest_minor": pl.Int64,
    "odds_placed": pl.Float64,
    "odds_placed_backtest": pl.Float64,
    "pnl_minor": pl.Int64,
    "pnl_backtest_minor": pl.Int64,
    "quote_known_ns": pl.Int64,
    "quote_known_ns_backtest": pl.Int64,
    "key": pl.String,
    "cause": pl.String,
    "cost_minor": pl.Int64,
    "decision": pl.Int64,
}
_LABELS: Final = ("decided_ns", "event_id", "market", "line", "selection", "bookmaker", "side")
_RENAMED: Final = {
    "stake_minor": "stake_backtest_minor",
    "pnl_minor": "pnl_backtest_minor",
    **{name: f"{name}_backtest" for name in ("reason", "odds", "odds_placed", "prob", "quote_known_ns")},
}


def paired(traded: Traded, replayed: Replayed, tape: Tape, reproduced: Set[int]) -> pl.DataFrame:
    """All decisions of both sides.

    Parameters
    ----------
    traded : Traded
    replayed : Replayed
        With the columns of `research.drift.replayed.with_quotes`.
    tape : Tape
        Of the same span.
    reproduced : set of int
        Ids of the decisions that follow from the account as it was (`research.drift.judged`). Any other decision that
        differs is unknown, whatever its reason says.

    Returns
    -------
    polars.DataFrame
        Columns `COLUMNS`, in the order of the instants, then of the ledger. `cost_minor` is the profit of the traded
        bet less that of the backtest, before commission; a bet that is not settled counts as 0. `decision` is 1, or 0
        for a row that is money alone.
    """
    own = traded.decisions()
    own = own.with_columns(pnl_by_rule(own, tape)).with_row_index("_place")
    twins = replayed.decisions.rename(_RENAMED)
    joined = own.join(twins, on="id", how="full", coalesce=True, suffix="_twin", maintain_order="left_right")
    labels = [pl.coalesce(name, f"{name}_twin").alias(name) for name in _LABELS]
    joined = joined.with_columns(labels).sort("decided_ns", "_place", nulls_last=True, maintain_order=True)
    rows = [_judged(row, traded, reproduced) for row in joined.iter_rows(named=True)]
    return pl.DataFrame(rows, schema=COLUMNS)


def _judged(row: dict[str, Any], traded: Traded, reproduced: Set[int]) -> dict[str, Any]:
    stated = row["prob"] is not None and row["prob_backtest"] is not None
    facts = {
        "prob_differs": stated and row["prob"] != row["prob_backtest"],
        "was_stopped": traded.was_stopped(row["decided_ns"]),
    }
    cause = cause_of(row | facts)
    if row["reason"] is not None and row["reason_backtest"] is not None and cause is not Cause.IDENTICAL:
        follows = row["id"] in reproduced
        if not follows:
            cause = Cause.UNKNOWN
        elif cause is Cause.UNKNOWN and row["odds"] == row["odds_backtest"] and not facts["prob_differs"]:
            cause = Cause.FOLLOWS
    cost = (row["pnl_minor"] or 0) - (row["pnl_backtest_minor"] or 0)
    return {name: row.get(name) for name in COLUMNS} | {"cause": cause.value, "cost_minor": cost, "decision": 1}


def with_money(pairs: pl.DataFrame, traded: Traded, replayed: Replayed) -> pl.DataFrame:
    """Pairs, and a row for each other difference of money: commission of a market, what a venue or a person stated.

    A difference of commission has the cause of the market's own bets: of the one that cost or gained most. Where its
    bets are equal, one cent is the venue's rounding.
    """
    rows = []
    places = sorted({*traded.commission, *replayed.commission}, key=lambda place: tuple(map(str, place)))
    causes = _causes_of_markets(pairs)
    for place in places:
        cost = replayed.commission.get(place, 0) - traded.commission.get(place, 0)
        if cost:
            otherwise = Cause.ROUNDING if abs(cost) <= 1 else Cause.UNKNOWN
            rows.append(_money(cost, causes.get(place, otherwise), place))
    if stated := -traded.balances["adjustment"]:
        rows.append(_money(stated, Cause.STATED))
    if replayed.rest_minor:
        rows.append(_money(replayed.rest_minor, Cause.UNKNOWN))
    return pl.concat([pairs, pl.DataFrame(rows, schema=COLUMNS)])


def _causes_of_markets(pairs: pl.DataFrame) -> dict[Place, Cause]:
    """The cause of the largest difference among the bets of each market."""
    differing = pairs.filter(pl.col("cause") != Cause.IDENTICAL.value)
    ordered = differing.sort(pl.col("cost_minor").abs(), maintain_order=True)
    names = ("event_id", "market", "line", "bookmaker", "cause")
    return {row[:4]: Cause(row[4]) for row in ordered.select(names).iter_rows()}


def _money(cost: int, cause: Cause, place: Place | None = None) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    if place is not None:
        row |= dict(zip(("event_id", "market", "line", "bookmaker"), place, strict=True))
    return row | {"cause": cause.value, "cost_minor": cost, "decision": 0}
