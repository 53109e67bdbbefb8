"""From opportunities and events to a tape: join, settle, refuse by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from engine.betting.settlement import states
from engine.errors import TapeError
from engine.identity import opportunity_ids
from engine.kernel.codes import State
from engine.tape.assemble import assemble
from engine.tape.check import check_events, check_kelly, check_opportunities, check_rates, check_schema
from engine.tape.columns import NEVER, Tape
from engine.tape.execution import Later, closed_early, with_later
from engine.tape.terms import check_venues, with_terms

_BET = ("event_id", "market", "line", "selection")
_CLOSING: dict[str, pl.DataType | type[pl.DataType]] = {
    "event_id": pl.Int64,
    "market": pl.String,
    "line": pl.Float64,
    "selection": pl.String,
    "close_prob": pl.Float64,
}


def build_tape(
    opportunities: pl.DataFrame,
    events: pl.DataFrame,
    closing: pl.DataFrame | None = None,
    *,
    zone: str = "UTC",
    commission_rates: Mapping[str, float] | None = None,
    venues: Mapping[str, Mapping[str, Any]] | None = None,
    later: Later | None = None,
    kelly: str = "none",
) -> Tape:
    """Merge the opportunities of a strategy and the settlements of their events into time order.

    Parameters
    ----------
    opportunities : polars.DataFrame
        Columns of `schema.OPPORTUNITIES` and any of `schema.OPTIONAL`, and `instant`; rows in any order.
    events : polars.DataFrame
        Columns of `schema.EVENTS`; more events than needed do no harm.
    closing : polars.DataFrame, optional
        `closing.fair_closing`: event_id, market, line, selection, close_prob.
    zone : str
        In which days roll.
    commission_rates : mapping of str to float, optional
        By bookmaker; 0 where not named.
    venues : mapping of str to mapping, optional
        Other terms (`venue.Venue`) by bookmaker, and under ``markets`` those of one market alone.
    later : Later, optional
        Prices after the decisions: for orders that arrive late, and bets that are closed again.
    kelly : str
        What the column `kelly_frac` holds: none | shrunk | market | states (`kelly.kelly_column`).

    Returns
    -------
    Tape
        The same bits for any order of the rows. A row whose event was settled by the time of its decision is not on
        it but in `refused`; an event without a known result leaves its rows open (`NEVER`).

    Raises
    ------
    TapeError
        Where a frame breaks its contract, an opportunity stands twice, or its event is not in the frame.
    """
    terms = terms_of(commission_rates, venues)
    check_kelly(kelly)
    rows = check_opportunities(opportunities)
    known = check_events(events)
    rows = _with_events(rows, known)
    rows = rows.with_columns(id=pl.Series(opportunity_ids(rows), dtype=pl.Int64))
    refuse_twins(rows)
    rows = with_later(_with_closing(with_terms(rows, terms), closing), later)
    none = {name: pl.lit(0.0) for name in ("reduction_frac", "each_way_frac", "prob_place")}
    return assemble(closed_early(_with_results(rows)).with_columns(**none), zone=zone, kelly=kelly)


def terms_of(
    commission_rates: Mapping[str, float] | None, venues: Mapping[str, Mapping[str, Any]] | None
) -> dict[str, dict[str, Any]]:
    """Terms of venues with the rates of commission among them; raises ConfigurationError where one is wrong."""
    rates = dict(commission_rates or {})
    check_rates(rates)
    terms = {name: dict(given) for name, given in (venues or {}).items()}
    check_venues(terms)
    for bookmaker, rate in rates.items():
        terms.setdefault(bookmaker, {}).setdefault("commission_rate", rate)
    return terms


def _with_events(rows: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    joined = rows.join(events.with_columns(_known=True), on="event_id", how="left", maintain_order="left")
    strangers = joined.filter(pl.col("_known").is_null())
    if strangers.height:
        raise TapeError(
            "opportunities without their event",
            expected="every event_id in the events",
            found=f"{strangers.height} rows, first event_id {strangers['event_id'][0]}",
        )
    return joined.drop("_known")


def refuse_twins(rows: pl.DataFrame) -> None:
    """Raise TapeError, naming one, where two rows have the same `id`."""
    twins = rows.filter(pl.col("id").is_duplicated())
    if twins.height:
        first = twins.sort("id").row(0, named=True)
        raise TapeError(
            "an opportunity stands twice",
            expected="one row for each event, market, line, selection, bookmaker, side and decided_at",
            found=f"{twins.height} rows, as {describe(first)}",
        )


def describe(row: Mapping[str, object]) -> str:
    """An opportunity in a few words."""
    names = ("home", "away", "date", "market", "line", "selection", "bookmaker", "side", "decided_at")
    return " ".join(str(row[name]) for name in names if row.get(name) is not None)


def _with_closing(rows: pl.DataFrame, closing: pl.DataFrame | None) -> pl.DataFrame:
    if closing is None:
        return rows.with_columns(close_prob=pl.lit(None, pl.Float64))
    known = check_schema(closing, _CLOSING, "the closing probabilities").with_columns(pl.col("line").fill_nan(None))
    if known.select(_BET).is_duplicated().any():
        raise TapeError(
            "a closing probability stands twice", expected="one row for each event, market, line, selection"
        )
    return rows.join(known, on=list(_BET), how="left", nulls_equal=True, maintain_order="left")


def _with_results(rows: pl.DataFrame) -> pl.DataFrame:
    names = ("market", "line", "selection", "home_score", "away_score", "winner", "status", "rule")
    found = states(*(rows[name] for name in names))
    open_ = pl.col("settled_at").is_null() | (pl.col("state") == int(State.UNKNOWN))
    return rows.with_columns(state=pl.Series(found, dtype=pl.Int8), dead_heat_share=pl.lit(1.0)).with_columns(
        settled_at=pl.when(open_).then(int(NEVER)).otherwise(pl.col("settled_at").cast(pl.Int64)),
        state=pl.when(open_).then(int(State.UNKNOWN)).otherwise("state").cast(pl.Int8),
    )
