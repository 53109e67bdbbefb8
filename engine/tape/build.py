"""A tape from the opportunities of a strategy: joined to events, settled, and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from engine.betting.sport import with_possible_results
from engine.errors import TapeError, check_names
from engine.identity import opportunity_ids
from engine.kernel.codes import State
from engine.tape.assemble import assemble, describe
from engine.tape.check import check_events, check_kelly, check_opportunities, check_rates, check_schema
from engine.tape.columns import NEVER, Tape
from engine.tape.execution import LaterPrices, closed_early, with_later_prices
from engine.tape.finish import with_ends
from engine.tape.terms import check_bookmakers, check_venues, with_terms

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
    later: LaterPrices | None = None,
    kelly: str = "none",
) -> Tape:
    """Build a tape from the opportunities of a strategy and the results of their events.

    Parameters
    ----------
    opportunities : polars.DataFrame
        Columns of `schema.OPPORTUNITIES` and any of `schema.OPTIONAL` and `instant`; rows in any order.
    events : polars.DataFrame
        Columns of `schema.EVENTS`. Events without an opportunity are ignored.
    closing : polars.DataFrame, optional
        Result of `engine.asof.closing.fair_closing`: event_id, market, line, selection, close_prob.
    zone : str
        Time zone of the calendar days.
    commission_rates : mapping of str to float, optional
        Commission rate by bookmaker; 0 for others.
    venues : mapping of str to mapping, optional
        Further terms (fields of `terms.Venue`) by bookmaker; under the key ``markets``, terms of single markets.
    later : LaterPrices, optional
        Prices after the decisions, for delayed orders and for bets that are cashed out.
    kelly : str
        Content of the column `kelly_frac`: none | shrunk | market | states (see `kelly.kelly_column`).

    Returns
    -------
    Tape
        Every bit is independent of the order of the input rows. Rows settled at or before their decision, and rows of
        played events without the score that settles their market (`engine.betting.scope`), are left out and counted in
        `refused`. Rows of events without a known result stay open (`NEVER`). No result is known before the game can be
        over (`engine.betting.sport`).

    Raises
    ------
    TapeError
        A frame has a wrong or missing column, an opportunity or event is a duplicate, or an event is missing.
    ConfigurationError
        A rate, a term of a venue or `kelly` is wrong, or names a bookmaker that no row has.
    """
    terms = merged_terms(commission_rates, venues)
    check_kelly(kelly)
    rows = check_opportunities(opportunities)
    check_bookmakers(rows, commission_rates, venues)
    _check_closing_bookmaker(rows, later)
    known = with_possible_results(check_events(events))
    rows = _with_events(rows, known)
    rows = rows.with_columns(id=pl.Series(opportunity_ids(rows), dtype=pl.Int64))
    refuse_duplicates(rows)
    rows = with_later_prices(_with_closing(with_terms(rows, terms), closing), later)
    unused = {"each_way_frac": pl.lit(0.0), "prob_place": pl.lit(0.0), "place_share": pl.lit(1.0)}
    return assemble(closed_early(_with_results(rows)).with_columns(**unused), zone=zone, kelly=kelly)


def merged_terms(
    commission_rates: Mapping[str, float] | None, venues: Mapping[str, Mapping[str, Any]] | None
) -> dict[str, dict[str, Any]]:
    """Terms by bookmaker, with the commission rates merged in; raises `ConfigurationError` for a wrong one.

    A rate in `venues` takes precedence over one in `commission_rates`.
    """
    rates = dict(commission_rates or {})
    check_rates(rates)
    terms = {name: dict(fields) for name, fields in (venues or {}).items()}
    check_venues(terms)
    for bookmaker, rate in rates.items():
        terms.setdefault(bookmaker, {}).setdefault("commission_rate", rate)
    return terms


def _check_closing_bookmaker(rows: pl.DataFrame, later: LaterPrices | None) -> None:
    """Refuse a cash-out at a bookmaker that has no price at all: no bet would ever be closed."""
    if later is None or not later.cash_out.on or later.cash_out.bookmaker is None or not rows.height:
        return
    known = {*later.quotes["bookmaker"], *rows["bookmaker"]}
    check_names("bookmaker", [later.cash_out.bookmaker], known, where="cash_out.bookmaker")


def _with_events(rows: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    joined = rows.join(events.with_columns(_known=True), on="event_id", how="left", maintain_order="left")
    unmatched = joined.filter(pl.col("_known").is_null())
    if unmatched.height:
        raise TapeError(
            "opportunities without an event",
            expected="every event_id in the events",
            found=f"{unmatched.height} rows, first event_id {unmatched['event_id'][0]}",
        )
    return joined.drop("_known")


def refuse_duplicates(rows: pl.DataFrame) -> None:
    """Raise `TapeError`, with an example, if two rows have the same `id`."""
    duplicates = rows.filter(pl.col("id").is_duplicated())
    if duplicates.height:
        first = duplicates.sort("id").row(0, named=True)
        raise TapeError(
            "duplicate opportunities",
            expected="one row for each event, market, line, selection, bookmaker, side and decided_at",
            found=f"{duplicates.height} rows, such as {describe(first)}",
        )


def _with_closing(rows: pl.DataFrame, closing: pl.DataFrame | None) -> pl.DataFrame:
    if closing is None:
        return rows.with_columns(close_prob=pl.lit(None, pl.Float64))
    known = check_schema(closing, _CLOSING, "the closing probabilities").with_columns(pl.col("line").fill_nan(None))
    if known.select(_BET).is_duplicated().any():
        raise TapeError("duplicate closing probabilities", expected="one row for each event, market, line, selection")
    return rows.join(known, on=list(_BET), how="left", nulls_equal=True, maintain_order="left")


def _with_results(rows: pl.DataFrame) -> pl.DataFrame:
    rows = with_ends(rows)
    open_ = pl.col("settled_at").is_null() | (pl.col("state") == int(State.UNKNOWN))
    return rows.with_columns(
        settled_at=pl.when(open_).then(int(NEVER)).otherwise(pl.col("settled_at").cast(pl.Int64)),
        state=pl.when(open_).then(int(State.UNKNOWN)).otherwise("state").cast(pl.Int8),
    )
