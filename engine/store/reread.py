"""Which stored events a file that is read again has replaced: pure functions of frames.

A table of aliases, a mapping or a reader that changed gives a row of a file another event than before: a club has its
standard name now, or a competition. The event that the row gave before would stand beside the new one, so it is
withdrawn. It is found by file and line. An event that another file has brought since stays.

Quotes do not say from which file they are. Where the events of the file have as many quotes as it gave before, no other
file gave any: then the new reading takes the place of the old one, and prices that were misread before are gone. Where
they have more, the quotes that the file gives no more stay, since another file may have given them; they are counted.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from engine.names import near
from engine.store.merge import QUOTE_KEY
from engine.store.partition import PartitionState

#: Columns of stored events by which a replaced one is found.
ORIGIN = (
    *("event_id", "sport", "competition", "season", "date", "home", "away"),
    *("neutral", "source", "raw_file", "raw_line"),
)
#: Facts of a pair on a date. Where only the game number differs, the store has given it (`engine.store.games`).
_PAIR = ("sport", "competition", "date", "home", "away")


def replaced_events(stored: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Find the stored events that the rows of a file have given before and give no more.

    Parameters
    ----------
    stored : polars.DataFrame
        Columns ORIGIN of the stored events of that file and source.
    new : polars.DataFrame
        All events of the file as it is read now; columns of `schema.EVENTS`.

    Returns
    -------
    polars.DataFrame
        One row per replaced event: event_id, sport, competition, season; `new_id`, and `moved_to`, its date;
        `replaced_by`, the new event in words; `same_sides`, whether its quotes hold for the new event: the date is
        the same, a side has an equal or near name (lines may be counted in another way now), and the names are not
        in alphabetical order, which a new name may change.
    """
    gone = stored.join(new.select("event_id"), on="event_id", how="anti")
    words = pl.format("{} {} {} - {}", "competition", pl.col("date").cast(pl.String), "home", "away")
    rows = new.unique("raw_line", keep="first", maintain_order=True).select(
        "source",
        "raw_line",
        pl.col("event_id").alias("new_id"),
        pl.col("date").alias("moved_to"),
        words.alias("replaced_by"),
        *(pl.col(name).alias(f"{name}_new") for name in _PAIR),
    )
    renumbered = pl.all_horizontal(pl.col(name) == pl.col(f"{name}_new") for name in _PAIR)
    found = gone.join(rows, on=["source", "raw_line"], how="inner").filter(~renumbered)
    sides = found.select("home", "home_new", "away", "away_new").rows()
    named = pl.Series([near(home, now) or near(away, then) for home, now, away, then in sides], dtype=pl.Boolean)
    same = (pl.col("date") == pl.col("moved_to")) & ~pl.col("neutral") & named
    return (
        found.with_columns(same.alias("same_sides"))
        .unique("event_id", keep="first", maintain_order=True)
        .sort("event_id")
        .select("event_id", "sport", "competition", "season", "new_id", "moved_to", "replaced_by", "same_sides")
    )


def n_quotes(own: Iterable[tuple[PartitionState, pl.Expr]]) -> int:
    """Number of stored quotes of the events of a file, which an expression finds in each partition."""
    return sum(
        state.quotes().join(state.events.filter(of_file), on="event_id", how="semi").height for state, of_file in own
    )


def n_left(stored: pl.DataFrame, events: pl.DataFrame, quotes: pl.DataFrame) -> int:
    """Number of stored quotes of some events that are not among the quotes of a file as it is read now."""
    held = stored.join(events, on="event_id", how="semi")
    return held.join(quotes, on=[*QUOTE_KEY, "known_at"], how="anti", nulls_equal=True).height
