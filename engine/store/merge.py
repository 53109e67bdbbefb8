"""What an import does to the rows that are there: pure functions of frames.

Rules
-----
- The same event again: the last import wins, but an import without a result does not erase a known one.
- The same quote again (`QUOTE_KEY`): the last import wins.
- A row of the same source and home-away pair within 60 days of one in the new file, itself inside that file's span
  of dates but absent from it, is a moved fixture: withdrawn, kept in the table `withdrawn`, its quotes removed.
  A pull of a running list moves only what had not started when it was taken: the others have been played.
- Everything else stays.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

from engine.schema import EVENTS, IN_PLAY, QUOTES, SNAPSHOT

#: `known_at` belongs to the key of quotes that were seen at an instant of their own
QUOTE_KEY: Final = ("event_id", "market", "line", "selection", "bookmaker", "side", "instant")
WITHDRAWN: Final = {**EVENTS, "moved_to": pl.Date, "withdrawn_by": pl.String, "n_quotes": pl.Int64}
_RESULT: Final = ("status", "home_score", "away_score", "winner", "settled_at", "settled_at_basis")
_MOVED: Final = timedelta(days=60)
_QUOTE_ORDER: Final = ("market", "bookmaker", "instant", "known_at", "event_id", "line", "selection", "side")
_EVENT_ORDER: Final = ("date", "home", "away", "event_id")


def merge_events(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Events of a partition after an import, sorted by date, home, away."""
    new = new.unique("event_id", keep="last", maintain_order=True)
    if old.height:
        known = old.filter(pl.col("status") != "scheduled").select("event_id", *_RESULT)
        new = new.join(known, on="event_id", how="left", suffix="_old", maintain_order="left")
        erased = (pl.col("status") == "scheduled") & pl.col("status_old").is_not_null()
        new = new.with_columns(
            pl.when(erased).then(pl.col(f"{name}_old")).otherwise(pl.col(name)).alias(name) for name in _RESULT
        ).select(list(EVENTS))
        new = pl.concat([old.join(new.select("event_id"), on="event_id", how="anti"), new])
    return new.sort(_EVENT_ORDER)


def merge_quotes(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Quotes of a partition after an import, in the order of the files (`market`, `bookmaker`, `instant`, ...)."""
    both = pl.concat([old, new]) if old.height else new
    both = both.with_columns(pl.col("line") + 0.0)
    timed = pl.col("instant").is_in([SNAPSHOT, IN_PLAY])
    seen = pl.when(timed).then(pl.col("known_at")).otherwise(None).alias("_seen")
    both = both.with_columns(seen).unique([*QUOTE_KEY, "_seen"], keep="last", maintain_order=True)
    return both.select(list(QUOTES)).sort(_QUOTE_ORDER)


def seen_at(quotes: pl.DataFrame) -> datetime | None:
    """When a file that is a pull of a running list was taken: its last snapshot; None for a file of a season."""
    timed = quotes.filter(pl.col("instant").is_in([SNAPSHOT, IN_PLAY]) & (pl.col("known_at_basis") == "recorded"))
    last = timed["known_at"].max()
    return last if isinstance(last, datetime) else None


def moved_fixtures(old: pl.DataFrame, new: pl.DataFrame, raw_sha256: str, seen: datetime | None = None) -> pl.DataFrame:
    """Rows of `old` that the new file (its rows of one competition) has moved: event_id, moved_to, withdrawn_by.

    A match that had started when a pull was taken (`seen`) has left the list by being played: it was not moved.
    """
    empty = pl.DataFrame(schema={"event_id": pl.Int64, "moved_to": pl.Date, "withdrawn_by": pl.String})
    if not old.height or not new.height:
        return empty
    first, last = new["date"].min(), new["date"].max()
    assert isinstance(first, date) and isinstance(last, date)
    gone = old.filter(
        pl.col("source").is_in(new["source"].unique().to_list()) & pl.col("date").is_between(first, last)
    ).join(new.select("event_id"), on="event_id", how="anti")
    if seen is not None:
        gone = gone.filter(pl.col("starts_at") > seen)
    if not gone.height:
        return empty
    pairs = gone.select("event_id", "source", "home", "away", "date").join(
        new.select("source", "home", "away", pl.col("date").alias("moved_to")), on=["source", "home", "away"]
    )
    near = pairs.with_columns((pl.col("moved_to") - pl.col("date")).abs().alias("_far")).filter(
        pl.col("_far") <= _MOVED
    )
    return (
        near.sort("event_id", "_far", "moved_to")
        .unique("event_id", keep="first", maintain_order=True)
        .select("event_id", "moved_to", pl.lit(raw_sha256).alias("withdrawn_by"))
    )


def withdraw(events: pl.DataFrame, quotes: pl.DataFrame, moved: pl.DataFrame) -> pl.DataFrame:
    """The withdrawn rows of a partition, in the columns of `WITHDRAWN`."""
    counts = quotes.join(moved.select("event_id"), on="event_id", how="semi").group_by("event_id").len("n_quotes")
    gone = events.join(moved, on="event_id", how="inner").join(counts, on="event_id", how="left")
    return gone.with_columns(pl.col("n_quotes").fill_null(0).cast(pl.Int64)).select(list(WITHDRAWN)).sort(_EVENT_ORDER)
