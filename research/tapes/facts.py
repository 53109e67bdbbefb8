"""Facts about the rows of a tape, for manifests and warnings, and the calendar that folds are cut from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import polars as pl

from research.validation.folds import Calendar

#: facts that are counts
COUNTS: Final = ("n_events", "n_quotes", "n_suspect")


def facts_of(events: pl.DataFrame, quotes: pl.DataFrame) -> dict[str, Any]:
    """Facts of one part of a universe."""
    return {
        "n_events": events.height,
        "n_quotes": quotes.height,
        "n_suspect": int(quotes["suspect"].sum() or 0),
        "first_date": str(events["date"].min()),
        "last_date": str(events["date"].max()),
        "known_at_basis": sorted(quotes["known_at_basis"].unique().to_list()),
        "settled_at_basis": sorted(events["settled_at_basis"].drop_nulls().unique().to_list()),
        "instants": sorted(quotes["instant"].unique().to_list()),
        "sources": sorted(events["source"].unique().to_list()),
        "notes": [],
        "counted": _counted(events, quotes),
    }


def _counted(events: pl.DataFrame, quotes: pl.DataFrame) -> dict[str, dict[str, int]]:
    """The counts by where the rows stand in a store, so that rows of several tapes are counted once."""
    place = pl.concat_str("sport", "competition", pl.col("season").fill_null("-"), separator="|")
    placed = events.select("event_id", place=place)
    told = quotes.select("event_id", "market", "instant", "suspect").join(placed, on="event_id", how="left")
    told = told.with_columns(place=pl.concat_str("place", "market", "instant", separator="|", ignore_nulls=True))
    counts = told.group_by("place").agg(n=pl.len(), suspect=pl.col("suspect").fill_null(False).sum()).sort("place")
    return {
        "n_events": dict(placed.group_by("place").len().sort("place").iter_rows()),
        "n_quotes": dict(counts.select("place", "n").iter_rows()),
        "n_suspect": dict(counts.filter(pl.col("suspect") > 0).select("place", "suspect").iter_rows()),
    }


def added(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts of the parts of one tape, which share no row."""
    counted: dict[str, dict[str, int]] = {name: {} for name in COUNTS}
    for part in parts:
        for name in COUNTS:
            for place, amount in part["counted"][name].items():
                counted[name][place] = counted[name].get(place, 0) + amount
    return {name: sum(part[name] for part in parts) for name in COUNTS} | {"counted": counted}


def _once(facts: Sequence[Mapping[str, Any]], name: str) -> int:
    """A count over several tapes: rows that stand at the same place in the store count once."""
    most: dict[str, int] = {}
    for part in facts:
        for place, amount in part["counted"][name].items():
            most[place] = max(most.get(place, 0), amount)
    largest: int = max(part[name] for part in facts)
    return max(sum(most.values()), largest)


def count_days(calendar: dict[str, Any], events: pl.DataFrame) -> None:
    """Count events by day, and note the first day of each season, in `calendar`."""
    by_day, seasons = calendar["events"], calendar["seasons"]
    for day, count in events.group_by("date").len().sort("date").iter_rows():
        by_day[day.isoformat()] += count
    firsts = events.drop_nulls("season").group_by("season").agg(pl.col("date").min()).sort("season")
    for season, day in firsts.iter_rows():
        seasons[season] = min(seasons.get(season, day.isoformat()), day.isoformat())


def merged_facts(facts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Facts of several tapes together: shared rows count once; the whole span of dates, all bases and notes."""
    lists = ("known_at_basis", "settled_at_basis", "instants", "sources", "notes")
    return {
        **{name: _once(facts, name) for name in COUNTS},
        "first_date": min(part["first_date"] for part in facts),
        "last_date": max(part["last_date"] for part in facts),
        **{name: sorted({item for part in facts for item in part[name]}) for name in lists},
    }


def calendar_of(counted: Mapping[str, Mapping[str, Any]]) -> Calendar:
    """The calendar of `research.tapes.builder.Rows`, with dates in place of texts."""
    day = date.fromisoformat
    events = {day(text): count for text, count in counted["events"].items()}
    return Calendar(events, {season: day(text) for season, text in counted["seasons"].items()})
