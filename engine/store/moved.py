"""Which stored events a newer file has moved to another date: a pure function of frames.

A stored event is a moved fixture if the newer file does not hold it, its date is within the dates of that file, and the
file holds the same home-away pair of the same source within 60 days of it, as a match that did not stand in the store
before. An event with an id of its source that lasts is followed by that id (`engine.store.lasting`), never by its pair.
A pair that meets twice is two matches, so there are five limits:

- A match that has been played moves only to a match with the same result: a correction of its date.
- Each match of the newer file takes the place of one stored match, the nearest.
- A row of the newer file that is in the quarantine protects the match of the teams that it names.
- A part of a file moves nothing: one that lacks two or more, and a tenth, of the other matches stored within its dates.
- A pull of a list of coming matches moves only matches that had not started when it was taken, because the others left
  the list when they were played.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

#: A fixture is moved so far at most.
FURTHEST: Final = timedelta(days=60)
_RESULT: Final = ("winner", "home_score", "away_score")
#: A file lacks at least so many, and so large a share, of the stored matches within its dates: it is a part.
_LACKING: Final = 2
_SHARE_LACKING: Final = 0.1
_DELIMITERS = re.compile(r"[,;\t|]")
_MOVED: Final = {"event_id": pl.Int64, "moved_to": pl.Date, "withdrawn_by": pl.String}


@dataclass(frozen=True)
class Newer:
    """A newer file, as far as it decides what was moved.

    Attributes
    ----------
    events : polars.DataFrame
        Its events of one competition; columns of `schema.EVENTS`.
    raw_sha256 : str
        Hash of the file.
    taken_at : datetime or None
        When the file was pulled (`merge.last_snapshot`). Matches that had started by then were played, not moved.
    standing : polars.Series
        Ids of events that stood in the store before the file.
    damaged : tuple of sets of str
        Cells of each quarantined row, in lower case.
    """

    events: pl.DataFrame
    raw_sha256: str
    taken_at: datetime | None
    standing: pl.Series
    damaged: tuple[frozenset[str], ...] = ()


def damaged_rows(quarantine: pl.DataFrame) -> tuple[frozenset[str], ...]:
    """Cells of the rows in a quarantine (columns of `schema.QUARANTINE`) that are there for damage, in lower case."""
    rows = quarantine.filter((pl.col("kind") == "row") & ~pl.col("reason").str.starts_with("duplicate of line"))
    values: Iterable[str] = rows["value"].drop_nulls().unique().to_list()
    return tuple(frozenset(cell.strip(' "').casefold() for cell in _DELIMITERS.split(value)) for value in values)


def moved_fixtures(old: pl.DataFrame, newer: Newer) -> pl.DataFrame:
    """Find the stored events that a newer file has moved to another date.

    Parameters
    ----------
    old : polars.DataFrame
        Stored events of a partition; columns of `schema.EVENTS`.
    newer : Newer

    Returns
    -------
    polars.DataFrame
        event_id, moved_to, withdrawn_by (the hash), one row per moved event.
    """
    empty, new = pl.DataFrame(schema=_MOVED), newer.events
    if not old.height or not new.height:
        return empty
    first, last = new["date"].min(), new["date"].max()
    assert isinstance(first, date) and isinstance(last, date)
    within = old.filter(
        pl.col("source").is_in(new["source"].unique().to_list()) & pl.col("date").is_between(first, last)
    )
    missing = within.join(new.select("event_id"), on="event_id", how="anti")
    if "game_id" in missing.columns:
        missing = missing.filter(pl.col("game_id").is_null())
    if newer.taken_at is not None:
        missing = missing.filter(pl.col("starts_at") > newer.taken_at)
    if not missing.height:
        return empty
    targets = new.join(newer.standing.alias("event_id").to_frame(), on="event_id", how="anti")
    pairs = missing.join(
        targets.select("source", "home", "away", "date", *_RESULT), on=["source", "home", "away"], suffix="_new"
    ).with_columns((pl.col("date_new") - pl.col("date")).abs().alias("_gap"))
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_new")) for name in _RESULT)
    another_day = (pl.col("_gap") > timedelta(0)) & (pl.col("_gap") <= FURTHEST)  # on one date it is a second game
    near = pairs.filter(another_day & (pl.col("winner").is_null() | same))
    lacking = missing.height - near["event_id"].n_unique()
    if lacking >= _LACKING and lacking > _SHARE_LACKING * within.height:
        return empty
    known = {name.casefold() for frame in (old, new) for side in ("home", "away") for name in frame[side].unique()}
    protected = [
        event for event, home, away in missing.select("event_id", "home", "away").rows()
        if _is_named({home.casefold(), away.casefold()}, newer.damaged, known)
    ]  # fmt: skip
    return (
        near.filter(~pl.col("event_id").is_in(protected))
        .sort("_gap", "event_id", "date_new")
        .unique("event_id", keep="first", maintain_order=True)
        .unique(["source", "home", "away", "date_new"], keep="first", maintain_order=True)
        .sort("event_id")
        .select("event_id", pl.col("date_new").alias("moved_to"), pl.lit(newer.raw_sha256).alias("withdrawn_by"))
    )


def _is_named(teams: set[str], damaged: Iterable[frozenset[str]], known: set[str]) -> bool:
    """Whether a damaged row names both teams, or one of them where it names no other team that is known."""
    return any(teams <= cells or (teams & cells and len(known & cells) == 1) for cells in damaged)
