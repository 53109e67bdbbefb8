"""Build the frame of events from the columns of a reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from engine.betting.sport import with_possible_results
from engine.identity import event_ids
from engine.schema import ALL_EVENTS, with_optional
from engine.source.quarantine import Origin

_INSTANTS = ("starts_at", "settled_at")


def finish_events(
    columns: Mapping[str, Sequence[Any]], origin: Origin, *, sport: str | Sequence[str], neutral: bool | Sequence[bool]
) -> pl.DataFrame:
    """Build a frame of the schema ALL_EVENTS, event ids included. Optional columns may be absent.

    Parameters
    ----------
    columns : columns from the reader, n values each; `starts_at` and `settled_at` as int64 UTC nanoseconds. A result
        is never known before the game can be over (`engine.betting.sport.with_possible_results`)
    origin : source and raw file of the rows
    sport : one for all rows, or one per row
    neutral : whether there is no home side (one for all rows, or one per row); `home` and `away` are then in
        alphabetical order
    """
    values = {k: v for k, v in columns.items() if k in ALL_EVENTS}
    schema = {name: pl.Int64 if name in _INSTANTS else ALL_EVENTS[name] for name in values}
    frame = pl.DataFrame(values, schema=schema).with_columns(pl.col(name).cast(ALL_EVENTS[name]) for name in _INSTANTS)
    sports = pl.lit(sport) if isinstance(sport, str) else pl.Series("sport", list(sport), dtype=pl.String)
    sides = pl.lit(neutral) if isinstance(neutral, bool) else pl.Series("neutral", list(neutral), dtype=pl.Boolean)
    frame = frame.with_columns(
        sports.alias("sport"),
        sides.alias("neutral"),
        pl.lit(origin.source).alias("source"),
        pl.lit(origin.raw_sha256).alias("raw_file"),
    )
    frame = frame.with_columns(pl.Series("event_id", event_ids(frame), dtype=pl.Int64))
    return with_possible_results(with_optional(frame)).select(pl.col(n).cast(dtype) for n, dtype in ALL_EVENTS.items())
