"""The rows of a mapped table as a frame of events, and the times at which their prices were known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from engine.schema import CLOSE, FURTHER_SCOPES, IN_PLAY, OPEN, SNAPSHOT, score_columns
from engine.source import calendar
from engine.source.events import finish_events
from engine.source.mapped.row import NO_PRICE, Row
from engine.source.prices import Instants
from engine.source.quarantine import Origin


def events_of(
    rows: Sequence[Row], origin: Origin, facts: Mapping[str, Sequence[Any]] = MappingProxyType({})
) -> tuple[pl.DataFrame, list[int]]:
    """Events of the rows without duplicates, and the event id of each row.

    `facts` are further columns of events, one value per row. If an event has several rows, the last row with a
    result is used, or else the last row.
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
            "settled_at_basis": [None if r.settled_at is None else r.settled_basis for r in rows],
            "status": [r.result.status for r in rows],
            "home_score": [r.result.score[0] if r.result.score else None for r in rows],
            "away_score": [r.result.score[1] if r.result.score else None for r in rows],
            "winner": [r.result.winner for r in rows],
            "raw_line": [r.line for r in rows],
            "game": [r.game if r.game > 1 else None for r in rows],
            "score_scope": [r.result.scope for r in rows],
            **_further_scores(rows),
            **facts,
        },
        origin,
        sport=[r.sport for r in rows],
        neutral=[r.neutral for r in rows],
    )
    ids: list[int] = frame["event_id"].to_list()
    ranked = frame.with_columns((pl.col("status") != "scheduled").alias("over")).sort("over", maintain_order=True)
    events = ranked.unique("event_id", keep="last", maintain_order=True).drop("over")
    return events.sort("raw_line"), ids


def _further_scores(rows: Sequence[Row]) -> dict[str, list[int | None]]:
    """Columns of the further scores that any row has."""
    columns: dict[str, list[int | None]] = {}
    for scope in FURTHER_SCOPES:
        pairs = [row.result.further.get(scope) for row in rows]
        if any(pairs):
            for side, name in enumerate(score_columns(scope)):
                columns[name] = [pair[side] if pair else None for pair in pairs]
    return columns


def instants_of(rows: Sequence[Row]) -> dict[str, Instants]:
    """Times at which the prices of each quote kind were known. A snapshot at or after the start is in play."""
    opening = np.array([calendar.opening_ns(r.day, r.starts_at) for r in rows], dtype=np.int64)
    starts = np.array([r.starts_at for r in rows], dtype=np.int64)
    known = np.array([r.known_at for r in rows], dtype=np.int64)
    kinds = [IN_PLAY if r.known_at >= r.starts_at else SNAPSHOT for r in rows]
    recorded = [r.known_basis in ("recorded", NO_PRICE) for r in rows]
    has_times = any(r.known_basis not in ("", NO_PRICE) for r in rows)
    snapshot = Instants(known, "recorded" if all(recorded) else "assumed:file_name", kinds)
    return {
        OPEN: Instants(known, "recorded") if has_times else Instants(opening, "assumed:match_day"),
        CLOSE: Instants(starts, "assumed:kick_off"),
        SNAPSHOT: snapshot,
        IN_PLAY: snapshot,
    }
