"""Second games of a pair on one date, where the two games come in two files.

A reader numbers the games that it finds in one file. This module compares the events of a file with those that the
store already holds: a file that lists only the second game must not replace the first one, and a file that lists both
must give each the number that it has in the store.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from engine.identity import event_ids
from engine.schema import IN_PLAY, SNAPSHOT, with_optional

#: Starts this far apart are two games, unless the first one was moved.
APART: Final = timedelta(hours=2)
#: Sports in which a pair never plays twice on a date: another start there is a moved or a corrected one.
ONCE_A_DAY: Final = (
    "football",
    "american_football",
    "australian_rules",
    "rugby_league",
    "rugby_union",
    "cricket",
    "tennis",
    "boxing",
    "mma",
)
_PAIR: Final = ("sport", "competition", "date", "home", "away")
_FACTS: Final = ("event_id", "game", "starts_at", "starts_at_basis", "status", "winner", "home_score", "away_score")


def told_apart(
    old: pl.DataFrame, new: pl.DataFrame, quotes: pl.DataFrame, stored_quotes: Callable[[], pl.DataFrame]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events and quotes of a file with the game numbers of the store.

    An event of the file is the stored game whose start is less than two hours from its own. If there is none, it is the
    stored game with a new start, unless that game was played or had begun: then it is a further game and gets the next
    number. The files may come in any order.

    Parameters
    ----------
    old : polars.DataFrame
        Stored events of the competition in the columns of `schema.ALL_EVENTS`.
    new : polars.DataFrame
        Events of the file in one competition.
    quotes : polars.DataFrame
        Quotes of the file.
    stored_quotes : callable
        Gives the stored quotes of the competition. It is called only if a start differs.

    Returns
    -------
    events, quotes
        The same frames where no number changes.
    """
    if not old.height or new["sport"][0] in ONCE_A_DAY:
        return new, quotes
    starts = pl.col("starts_at_basis") == "recorded"
    both = new.filter(starts).join(old.filter(starts).select("event_id", "starts_at"), on="event_id", suffix="_old")
    pairs = both.filter((pl.col("starts_at") - pl.col("starts_at_old")).abs() >= APART).select(_PAIR).unique()
    if not pairs.height:
        return new, quotes
    new, old = with_optional(new), with_optional(old)
    first_known, stored_known = _first_known(quotes), _first_known(stored_quotes())
    numbers: dict[int, int] = {}
    for pair in pairs.iter_rows():
        same = [pl.col(name) == value for name, value in zip(_PAIR, pair, strict=True)]
        games = new.filter(same).select(_FACTS).sort("starts_at").to_dicts()
        stored = old.filter(same).select(_FACTS).sort("starts_at").to_dicts()
        numbers |= _numbers(
            [{**game, "known": first_known.get(game["event_id"])} for game in games],
            [{**game, "known": stored_known.get(game["event_id"])} for game in stored],
        )
    changed = [numbers.get(id_, number) for id_, number in new.select("event_id", "game").iter_rows()]
    game = pl.Series("game", [None if number == 1 else number for number in changed], dtype=pl.Int8)
    renumbered = new.with_columns(game)
    renumbered = renumbered.with_columns(pl.Series("event_id", event_ids(renumbered), dtype=pl.Int64))
    ids = dict(zip(new["event_id"], renumbered["event_id"], strict=True))
    moved = {a: b for a, b in ids.items() if a != b}
    return renumbered, quotes.with_columns(pl.col("event_id").replace(moved)) if moved else quotes


def _first_known(quotes: pl.DataFrame) -> dict[int, datetime]:
    """For each event, the earliest recorded instant of a timed price."""
    timed = quotes.filter(pl.col("instant").is_in((SNAPSHOT, IN_PLAY)) & (pl.col("known_at_basis") == "recorded"))
    return dict(timed.group_by("event_id").agg(pl.col("known_at").min()).iter_rows())


def _numbers(games: list[dict[str, Any]], stored: list[dict[str, Any]]) -> dict[int, int]:
    """Game number of each event of a file, for one pair and date; both lists are in the order of their starts."""
    if len(games) == len(stored) > 1:
        return {a["event_id"]: b["game"] or 1 for a, b in zip(games, stored, strict=True)}
    numbers: dict[int, int] = {}
    free = list(stored)
    for game in sorted(games, key=lambda game: min(abs(game["starts_at"] - s["starts_at"]) for s in stored)):
        match: dict[str, Any] | None = None
        near = [s for s in free if abs(game["starts_at"] - s["starts_at"]) < APART]
        if near:
            match = min(near, key=lambda s: abs(game["starts_at"] - s["starts_at"]))
        elif len(games) == 1:
            match = next((s for s in free if _is_moved(s, game)), None)
        if match is not None:
            free.remove(match)
            numbers[game["event_id"]] = match["game"] or 1
    last = max((*numbers.values(), *(s["game"] or 1 for s in stored)))
    for game in games:
        if game["event_id"] not in numbers:
            last += 1
            numbers[game["event_id"]] = last
    return numbers


def _is_moved(stored: dict[str, Any], game: dict[str, Any]) -> bool:
    """Whether an event of a file is a stored game with another start, and not another game.

    The listing that was first seen later has the new start, if no start was reached by then.
    """
    if stored["status"] != "scheduled":
        facts = ("status", "winner", "home_score", "away_score")
        return all(stored[name] == game[name] for name in facts)
    seen = [listing["known"] for listing in (stored, game) if listing["known"] is not None]
    if game["known"] is None:
        return True
    return bool(max(seen) < min(stored["starts_at"], game["starts_at"]))
