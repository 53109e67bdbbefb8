"""Checks of the columns, types and values of the frames that become a tape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from engine.errors import ConfigurationError, TapeError, check_frame
from engine.kernel.parameter import hundredth
from engine.schema import EVENTS, EVENTS_OPTIONAL, OPPORTUNITIES, OPTIONAL, SCORE_SCOPES

#: Columns of the events that a tape needs.
EVENT_COLUMNS: Final = (
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
#: Largest odds accepted. No bookmaker quotes more, and amounts of money stay exact in a float64.
HIGHEST_ODDS: Final = 1e6
KELLY: Final = ("none", "shrunk", "market", "states")


def check_schema(
    frame: pl.DataFrame, wanted: Mapping[str, pl.DataType | type[pl.DataType]], where: str
) -> pl.DataFrame:
    """Select the wanted columns in order. Columns of nulls, and integers for Float64, are cast to the wanted type.

    Raises
    ------
    TapeError
        A column is missing or has another type, and the message names the first one; or it is no Polars frame.
    """
    check_frame(frame, where, TapeError)
    kinds: list[pl.Expr] = []
    for name, dtype in wanted.items():
        if name not in frame.columns:
            raise TapeError(f"column {name} is missing", where=where, expected=str(dtype), found=_listed(frame.columns))
        actual = frame.schema[name]
        fits = actual == dtype or actual == pl.Null or (dtype == pl.Float64 and actual.is_integer())
        if not fits:
            raise TapeError(f"column {name} has the wrong type", where=where, expected=str(dtype), found=str(actual))
        kinds.append(pl.col(name).cast(dtype))
    return frame.select(kinds)


def check_opportunities(frame: pl.DataFrame) -> pl.DataFrame:
    """Check opportunities, and add the missing columns of `schema.OPTIONAL` and `instant`.

    NaN becomes null in `line` and `priority`; null becomes NaN in `odds` and `prob`, and the default in state
    probabilities and `stake_weight`. Other columns are dropped.

    Raises
    ------
    TapeError
        A column is missing or has a wrong type or wrong values; the message states how many rows.
    """
    where = "the opportunities"
    check_frame(frame, where, TapeError)
    present = [name for name in OPTIONAL if name in frame.columns]
    wanted = {**OPPORTUNITIES, **{name: OPTIONAL[name][0] for name in present}}
    if "instant" in frame.columns:
        wanted["instant"] = pl.String
    rows = check_schema(frame, wanted, where)
    rows = rows.with_columns(
        *(pl.lit(value, dtype).alias(name) for name, (dtype, value) in OPTIONAL.items() if name not in present),
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
    """Check events and select the columns that a tape needs, those of `schema.EVENTS_OPTIONAL` if there are any.

    Raises
    ------
    TapeError
        A column is missing or has another type, a scope is unknown, or an event is a duplicate.
    """
    optional = {name: dtype for name, dtype in EVENTS_OPTIONAL.items() if name in events.columns}
    frame = check_schema(events, {name: EVENTS[name] for name in EVENT_COLUMNS} | optional, "the events")
    scopes = frame["score_scope"].drop_nulls().unique().sort() if "score_scope" in optional else pl.Series([])
    unknown = [scope for scope in scopes if scope not in SCORE_SCOPES]
    if unknown:
        raise TapeError("unknown score_scope", where="the events", expected=", ".join(SCORE_SCOPES), found=unknown[0])
    surplus = frame.height - frame["event_id"].n_unique()
    if surplus:
        raise TapeError("duplicate events", where="the events", expected="one row per event", found=f"{surplus} more")
    return frame


def check_rates(rates: Mapping[str, float]) -> None:
    """Raise `ConfigurationError` for a commission rate outside [0, 1)."""
    for bookmaker, rate in rates.items():
        if not 0 <= rate < 1:
            raise ConfigurationError(
                "commission rate out of range",
                where=f"execution.commission_rates.{bookmaker}",
                expected="0 to 1 (1 excluded)",
                found=str(rate),
                todo=hundredth(rate),
            )


def check_kelly(mode: str) -> None:
    """Raise `ConfigurationError` for an unknown mode of the column `kelly_frac`."""
    if mode not in KELLY:
        raise ConfigurationError("unknown Kelly column", expected=" | ".join(KELLY), found=repr(mode))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")
