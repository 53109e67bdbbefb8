"""What a frame of opportunities must be before it becomes a tape: columns, types, values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from engine.errors import ConfigurationError, TapeError
from engine.schema import EVENTS, OPPORTUNITIES, OPTIONAL

#: Columns of the events that a tape reads.
OF_EVENT: Final = (
    "event_id",
    "sport",
    "competition",
    "season",
    "date",
    "home",
    "away",
    "starts_at",
    "settled_at",
    "status",
    "home_score",
    "away_score",
    "winner",
)
_NEVER_NULL: Final = ("event_id", "market", "selection", "bookmaker", "side", "decided_at")
_PROBS: Final = ("prob", "prob_half_win", "prob_void", "prob_half_lose")
_SLACK: Final = 1e-9
#: above this nobody quotes, and money would leave the whole numbers of a float64
HIGHEST_ODDS: Final = 1e6
KELLY: Final = ("none", "shrunk", "market", "states")


def check_schema(
    frame: pl.DataFrame, wanted: Mapping[str, pl.DataType | type[pl.DataType]], where: str
) -> pl.DataFrame:
    """The wanted columns in order; columns of nulls only, and whole numbers for fractions, take the wanted type.

    Raises
    ------
    TapeError
        Names the first column that is missing or of another type.
    """
    kinds: list[pl.Expr] = []
    for name, dtype in wanted.items():
        if name not in frame.columns:
            raise TapeError(f"column {name} is missing", where=where, expected=str(dtype), found=_listed(frame.columns))
        found = frame.schema[name]
        fits = found == dtype or found == pl.Null or (dtype == pl.Float64 and found.is_integer())
        if not fits:
            raise TapeError(f"column {name} has the wrong type", where=where, expected=str(dtype), found=str(found))
        kinds.append(pl.col(name).cast(dtype))
    return frame.select(kinds)


def check_opportunities(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with all columns of `schema.OPPORTUNITIES`, `schema.OPTIONAL` (defaults filled in) and `instant`.

    NaN becomes null in `line`, `priority`; null becomes NaN in the other numbers. Columns beyond these are left out.

    Raises
    ------
    TapeError
        In one line: the column, what was expected, what was found in how many rows.
    """
    where = "the opportunities"
    given = [name for name in OPTIONAL if name in frame.columns]
    wanted = {**OPPORTUNITIES, **{name: OPTIONAL[name][0] for name in given}}
    if "instant" in frame.columns:
        wanted["instant"] = pl.String
    rows = check_schema(frame, wanted, where)
    rows = rows.with_columns(
        *(pl.lit(value, dtype).alias(name) for name, (dtype, value) in OPTIONAL.items() if name not in given),
        *([] if "instant" in frame.columns else [pl.lit(None, pl.String).alias("instant")]),
    )
    rows = rows.with_columns(pl.col(name).fill_null(OPTIONAL[name][1]) for name in (*_PROBS[1:], "stake_weight"))
    rows = rows.with_columns(
        pl.col("line").fill_nan(None), pl.col("priority").fill_nan(None), pl.col("odds", "prob").fill_null(float("nan"))
    )
    _check_values(rows, where)
    return rows


def _check_values(rows: pl.DataFrame, where: str) -> None:
    odds, prob = pl.col("odds"), pl.col("prob")
    known = prob.is_not_nan()
    price = (odds > 1) & (odds <= HIGHEST_ODDS)
    weight = pl.col("stake_weight")
    rest = 1.0 - sum((pl.col(name) for name in _PROBS), start=pl.lit(0.0))
    rules: list[tuple[str, str, pl.Expr]] = [
        *((name, "a value in every row", pl.col(name).is_null()) for name in _NEVER_NULL),
        ("side", "back or lay", ~pl.col("side").is_in(["back", "lay"])),
        ("odds", f"decimal odds above 1, up to {HIGHEST_ODDS:,.0f}, or null", odds.is_not_nan() & ~price),
        *((name, "0 to 1", known & ~pl.col(name).is_between(0, 1)) for name in _PROBS),
        ("prob", "state probabilities that sum to 1 at most", known & (rest < -_SLACK)),
        ("prob_sd", "0 or more", pl.col("prob_sd") < 0),
        ("size_minor", "0 or more", ~(pl.col("size_minor") >= 0)),
        ("stake_weight", "a finite number of 0 or more", ~(weight.is_finite() & (weight >= 0))),
        ("priority", "a finite number or null", pl.col("priority").is_infinite()),
    ]  # fmt: skip
    counts = rows.select(rule.sum().alias(str(number)) for number, (_, _, rule) in enumerate(rules)).row(0)
    for (name, expected, rule), count in zip(rules, counts, strict=True):
        if count:
            example = rows.filter(rule)[name][0]
            raise TapeError(
                f"column {name} has wrong values", where=where, expected=expected, found=f"{example} ({count} rows)"
            )


def check_events(events: pl.DataFrame) -> pl.DataFrame:
    """The columns of the events that a tape reads; one row an event.

    Raises
    ------
    TapeError
        Where a column is missing or of another type, or an event stands twice.
    """
    frame = check_schema(events, {name: EVENTS[name] for name in OF_EVENT}, "the events")
    twice = frame.height - frame["event_id"].n_unique()
    if twice:
        raise TapeError("an event stands twice", where="the events", expected="one row an event", found=f"{twice} more")
    return frame


def check_rates(rates: Mapping[str, float]) -> None:
    """Refuse a commission rate outside [0, 1)."""
    for bookmaker, rate in rates.items():
        if not 0 <= rate < 1:
            raise ConfigurationError(
                "commission rate out of range",
                where=f"execution.commission_rates.{bookmaker}",
                expected="0 to 1 (1 excluded)",
                found=str(rate),
            )


def check_kelly(mode: str) -> None:
    """Refuse a mode of the column `kelly_frac` that does not exist."""
    if mode not in KELLY:
        raise ConfigurationError("unknown Kelly column", expected=" | ".join(KELLY), found=repr(mode))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")
