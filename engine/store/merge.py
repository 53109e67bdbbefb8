"""How an import changes the rows of a store: pure functions of frames.

Rules
-----
- An event that is already stored: the last import wins, but an import without a result does not erase a known result.
- A result that is stated again stays known from the first recorded time at which it was stated.
- Nor does an import without a statistic, a ranking or another fact of an event erase the stored one. The numbers of
  home and away are taken together: an import that has one of them brings both.
- A pull of current prices that is older than one already stored does not move the start back.
- A result is not known before the game can be over (`engine.betting.sport.with_possible_results`).
- A quote that is already stored (same `QUOTE_KEY`): the last import wins.
- A moved fixture is withdrawn: it goes to the table `withdrawn` and its quotes are removed. Which stored events are
  moved fixtures is decided in `engine.store.moved`.
- Two games of one pair on one date are two events (`engine.store.games`).
- Everything else stays.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import polars as pl

from engine.betting.sport import with_possible_results
from engine.schema import (
    ALL_EVENTS,
    CIRCUMSTANCES,
    FINISHES,
    FURTHER_SCORES,
    IN_PLAY,
    QUOTES,
    SNAPSHOT,
    STANDING_TYPES,
    STATISTIC_TYPES,
    STATISTICS,
    score_columns,
    with_optional,
)

#: Key of a quote. `known_at` is part of it for snapshots and prices in play.
QUOTE_KEY: Final = ("event_id", "market", "line", "selection", "bookmaker", "side", "instant")
WITHDRAWN: Final = {**ALL_EVENTS, "moved_to": pl.Date, "withdrawn_by": pl.String, "n_quotes": pl.Int64}
_RESULT: Final = (
    *("status", "home_score", "away_score", "winner", "settled_at", "settled_at_basis", "score_scope"),
    *FURTHER_SCORES,
)
#: what a result says, and how its time is known
_TOLD: Final = ("status", "home_score", "away_score", "winner", "settled_at_basis", "score_scope")
_PAIRS: Final = {
    name: score_columns(kind) for kind in (*STATISTIC_TYPES, *STANDING_TYPES) for name in score_columns(kind)
}
#: columns that keep what is stored where an import has nothing in any of those that it tells together
_DESCRIBED: Final = {name: _PAIRS.get(name, (name,)) for name in (*FINISHES.values(), *STATISTICS, *CIRCUMSTANCES)}
_QUOTE_ORDER: Final = ("market", "bookmaker", "instant", "known_at", "event_id", "line", "selection", "side")
_EVENT_ORDER: Final = ("date", "home", "away", "event_id")


def merge_events(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Events of a partition after an import, sorted by date, home, away, event_id.

    Either frame may lack columns of `schema.OPTIONAL_EVENTS`; the result has them all.
    """
    new = with_optional(new.unique("event_id", keep="last", maintain_order=True)).select(list(ALL_EVENTS))
    new = with_possible_results(new)
    if old.height:
        old = with_optional(old).select(list(ALL_EVENTS))
        known = old.filter(pl.col("status") != "scheduled").select("event_id", *_RESULT)
        new = new.join(known, on="event_id", how="left", suffix="_old", maintain_order="left")
        described = old.select("event_id", *(pl.col(name).alias(f"{name}_before") for name in _DESCRIBED))
        new = new.join(described, on="event_id", how="left", maintain_order="left")
        again = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_old")) for name in _TOLD)
        again &= (pl.col("settled_at_basis") == "recorded") & (pl.col("status") != "scheduled")
        new = new.with_columns(
            pl.when(again)
            .then(pl.min_horizontal("settled_at", "settled_at_old"))
            .otherwise("settled_at")
            .alias("settled_at")
        )
        erased = (pl.col("status") == "scheduled") & pl.col("status_old").is_not_null()
        new = new.with_columns(
            pl.when(erased).then(pl.col(f"{name}_old")).otherwise(pl.col(name)).alias(name) for name in _RESULT
        ).with_columns(
            pl.when(pl.all_horizontal(pl.col(told).is_null())).then(f"{name}_before").otherwise(name).alias(name)
            for name, told in _DESCRIBED.items()
        )
        new = new.select(list(ALL_EVENTS))
        new = pl.concat([old.join(new.select("event_id"), on="event_id", how="anti"), new])
    return new.sort(_EVENT_ORDER)


def changed_results(old: pl.DataFrame, new: pl.DataFrame) -> list[str]:
    """Results that a newer file states otherwise, in words: a correction, or another game of the same pair.

    Parameters
    ----------
    old, new : polars.DataFrame
        Stored events, and those of the file. Scores of another scope are not compared.
    """
    names = ("home_score", "away_score", "winner", "score_scope")
    over = pl.col("status") != "scheduled"
    known = with_optional(old).filter(over).select("event_id", *names)
    both = with_optional(new).filter(over).join(known, on="event_id", how="inner", suffix="_old", maintain_order="left")
    goals = pl.any_horizontal(pl.col(name) != pl.col(f"{name}_old") for name in names[:2])
    winners = pl.col("winner") != pl.col("winner_old")
    differ = pl.col("score_scope").eq_missing(pl.col("score_scope_old")) & (goals.fill_null(winners)).fill_null(False)
    result = [
        pl.when(pl.col(f"home_score{end}").is_null())
        .then(pl.col(f"winner{end}"))
        .otherwise(pl.format("{}-{}", f"home_score{end}", f"away_score{end}"))
        for end in ("_old", "")
    ]
    words = pl.format("{} {} {} - {}, {} is now {}", "competition", "date", "home", "away", *result)
    return both.filter(differ).select(words.alias("words"))["words"].to_list()


def merge_quotes(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Quotes of a partition after an import, in the order of the content files (`market`, `bookmaker`, ...)."""
    both = pl.concat([old, new]) if old.height else new
    both = both.with_columns(pl.col("line") + 0.0)
    timed = pl.col("instant").is_in([SNAPSHOT, IN_PLAY])
    known_at = pl.when(timed).then(pl.col("known_at")).otherwise(None).alias("_known_at")
    both = both.with_columns(known_at).unique([*QUOTE_KEY, "_known_at"], keep="last", maintain_order=True)
    return both.select(list(QUOTES)).sort(_QUOTE_ORDER)


def last_snapshot(quotes: pl.DataFrame) -> datetime | None:
    """Instant of the last snapshot: when a pull of current prices was taken, also if only the name of its file says so.

    None: the file is no pull.
    """
    last = quotes.filter(pl.col("instant").is_in([SNAPSHOT, IN_PLAY]))["known_at"].max()
    return last if isinstance(last, datetime) else None


def last_snapshots(quotes: pl.DataFrame) -> dict[int, datetime]:
    """Instant of the last recorded snapshot of each event, by `event_id`; events without one are left out."""
    timed = quotes.filter(pl.col("instant").is_in([SNAPSHOT, IN_PLAY]) & (pl.col("known_at_basis") == "recorded"))
    return dict(timed.group_by("event_id").agg(pl.col("known_at").max()).iter_rows())


def with_starts(events: pl.DataFrame, stored: pl.DataFrame, ids: Collection[int]) -> pl.DataFrame:
    """The events; those of `ids` with the start that is stored for them."""
    starts = stored.filter(pl.col("event_id").is_in(list(ids))).select("event_id", "starts_at", "starts_at_basis")
    joined = events.join(starts, on="event_id", how="left", suffix="_stored", maintain_order="left")
    return joined.with_columns(
        pl.coalesce(f"{name}_stored", name).alias(name) for name in ("starts_at", "starts_at_basis")
    ).select(events.columns)


def withdraw(events: pl.DataFrame, quotes: pl.DataFrame, moved: pl.DataFrame) -> pl.DataFrame:
    """Rows of moved fixtures in the columns of `WITHDRAWN`; `moved` comes from `engine.store.moved.moved_fixtures`."""
    counts = quotes.join(moved.select("event_id"), on="event_id", how="semi").group_by("event_id").len("n_quotes")
    withdrawn = events.join(moved, on="event_id", how="inner").join(counts, on="event_id", how="left")
    return (
        with_optional(withdrawn)
        .with_columns(pl.col("n_quotes").fill_null(0).cast(pl.Int64))
        .select(list(WITHDRAWN))
        .sort(_EVENT_ORDER)
    )
