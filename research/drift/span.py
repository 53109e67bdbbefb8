"""Which decisions a ledger covers: those that came while a runner went through the events it was told to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.clock import day_start
from engine.schema import INSTANT_DTYPE
from engine.tape import Tape
from research.drift.traded import Traded


def covered(traded: Traded, tape: Tape, events: pl.DataFrame) -> NDArray[np.bool_]:
    """Rows of a tape that the ledger should have; bool (n,).

    Parameters
    ----------
    traded : Traded
    tape : Tape
    events : polars.DataFrame
        event_id and starts_at of its events.
    """
    assert traded.since_ns is not None and traded.until_ns is not None
    last = traded.until_ns if traded.until_ns in traded.decided_ns else traded.until_ns - 1
    spoken = (tape.decided_at >= traded.since_ns) & (tape.decided_at <= last)
    starts = _starts(tape, events)
    inside = np.zeros(len(tape), np.bool_)
    for reached_ns, body in traded.starts:
        low, high = _bounds(body, tape.zone)
        later = tape.decided_at > (-(2**63) + 1 if reached_ns is None else reached_ns)
        inside = np.where(later, (starts >= low) & (starts < high), inside)
    return spoken & inside


def _starts(tape: Tape, events: pl.DataFrame) -> NDArray[np.int64]:
    known = events.select("event_id", start=pl.col("starts_at").cast(INSTANT_DTYPE).cast(pl.Int64))
    of_events = tape.events.select("event_id").join(known, on="event_id", how="left", maintain_order="left")["start"]
    values: NDArray[np.int64] = of_events.fill_null(0).to_numpy()
    return values[tape.event] if len(tape) else np.empty(0, np.int64)


def _bounds(body: Mapping[str, Any], zone: str) -> tuple[int, int]:
    """First and last start of the events of a runner, UTC nanoseconds; the last one excluded."""
    first, last = body.get("from"), body.get("until")
    low = -(2**63) + 1 if first is None else day_start(date.fromisoformat(str(first)), zone)
    high = 2**63 - 1 if last is None else day_start(date.fromisoformat(str(last)), zone)
    return low, high
