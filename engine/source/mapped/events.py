"""The rows of a mapped table as a frame of events, and the times at which their prices were known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from engine.schema import CLOSE, IN_PLAY, OPEN, SNAPSHOT
from engine.source import calendar
from engine.source.events import finish_events
from engine.source.mapped.rows import Row
from engine.source.mapping.keys import Mapping
from engine.source.prices import Instants
from engine.source.quarantine import Origin


def events_of(rows: Sequence[Row], mapping: Mapping, origin: Origin) -> tuple[pl.DataFrame, list[int]]:
    """Events of the rows without duplicates, and the event id of each row.

    If an event has several rows, the last row with a result is used, or else the last row.
    """
    frame = finish_events(
        {
            "competition": [r.competition for r in rows],
            "season": [r.season for r in rows],
            "date": [r.day for r in rows],
            "home": [r.home for r in rows],
            "away": [r.away for r in rows],
            "starts_at": [r.starts_at for r in rows],
            "starts_at_basis": ["recorded" if r.start_known else "assumed:noon" for r in rows],
            "settled_at": [r.settled_at for r in rows],
            "settled_at_basis": [None if r.settled_at is None else "assumed:end_of_day" for r in rows],
            "status": [r.status for r in rows],
            "home_score": [r.score[0] if r.score else None for r in rows],
            "away_score": [r.score[1] if r.score else None for r in rows],
            "winner": [r.winner for r in rows],
            "raw_line": [r.line for r in rows],
        },
        origin,
        sport=[r.sport for r in rows],
        neutral=mapping.neutral,
    )
    ids: list[int] = frame["event_id"].to_list()
    ranked = frame.with_columns((pl.col("status") != "scheduled").alias("over")).sort("over", maintain_order=True)
    events = ranked.unique("event_id", keep="last", maintain_order=True).drop("over")
    return events.sort("raw_line"), ids


def instants_of(rows: Sequence[Row]) -> dict[str, Instants]:
    """Times at which the prices of each quote kind were known. A snapshot at or after the start is in play."""
    opening = np.array([calendar.opening_ns(r.day, r.starts_at) for r in rows], dtype=np.int64)
    starts = np.array([r.starts_at for r in rows], dtype=np.int64)
    known = np.array([r.known_at for r in rows], dtype=np.int64)
    kinds = [IN_PLAY if r.known_at >= r.starts_at else SNAPSHOT for r in rows]
    recorded = [r.known_basis == "recorded" for r in rows]
    has_times = bool(rows) and all(r.known_basis for r in rows)
    snapshot = Instants(known, "recorded" if all(recorded) else "assumed:file_name", kinds)
    return {
        OPEN: Instants(known, "recorded") if has_times else Instants(opening, "assumed:match_day"),
        CLOSE: Instants(starts, "assumed:kick_off"),
        SNAPSHOT: snapshot,
        IN_PLAY: snapshot,
    }
