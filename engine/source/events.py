"""The frame of events, from columns that a reader has filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from engine.identity import event_ids
from engine.schema import EVENTS
from engine.source.quarantine import Origin

_INSTANTS = ("starts_at", "settled_at")


def finish_events(
    columns: Mapping[str, Sequence[Any]], origin: Origin, *, sport: str | Sequence[str], neutral: bool
) -> pl.DataFrame:
    """A frame of the schema EVENTS.

    Parameters
    ----------
    columns : the columns that a reader fills, each of n values; `starts_at` and `settled_at` in int64 nanoseconds
    origin : names of source and raw file
    sport : of all rows, or one a row
    neutral : whether `home` and `away` stand in alphabetical order, without a home side
    """
    kept = {k: v for k, v in columns.items() if k in EVENTS}
    schema = {name: pl.Int64 if name in _INSTANTS else EVENTS[name] for name in kept}
    frame = pl.DataFrame(kept, schema=schema).with_columns(pl.col(name).cast(EVENTS[name]) for name in _INSTANTS)
    sports = pl.lit(sport) if isinstance(sport, str) else pl.Series("sport", list(sport), dtype=pl.String)
    frame = frame.with_columns(
        sports.alias("sport"),
        pl.lit(neutral).alias("neutral"),
        pl.lit(origin.source).alias("source"),
        pl.lit(origin.raw_sha256).alias("raw_file"),
    )
    frame = frame.with_columns(pl.Series("event_id", event_ids(frame), dtype=pl.Int64))
    return frame.select(pl.col(name).cast(dtype) for name, dtype in EVENTS.items())
