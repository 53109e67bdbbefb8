"""Games that a source names by ids that last: the same id is the same event, in every file and on every day.

The event ids of this project are made of pair and date, so that sources can be joined. What an id of the source has
once been taken for, it stays: a second game that is listed alone does not take the place of the first, and a game that
is put off to another day keeps its date of before, with its new start. `Store.apply` follows the ids through the files,
and a feed through its answers, by this same function.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

import polars as pl

from engine.identity import event_ids
from engine.schema import ALL_EVENTS, with_optional
from engine.store.games import APART, ONCE_A_DAY

#: what is known of a game
KNOWN: Final = (
    *("event_id", "sport", "competition", "season", "date", "home", "away", "game"),
    *("starts_at", "starts_at_basis", "game_id"),
)
_PAIR: Final = ("sport", "competition", "home", "away")
#: A game that a source names by another id than before begins when the one before did. In sports in which a pair never
#: plays twice on a date its start may be another one of that day.
_SAME_START: Final = timedelta(minutes=30)
_SAME_DAY: Final = timedelta(hours=24)

Row = dict[str, Any]


def has_lasting_ids(events: pl.DataFrame) -> bool:
    """Whether each of some events has an id that lasts."""
    return events.height > 0 and "game_id" in events.columns and events["game_id"].null_count() == 0


def followed(known: pl.DataFrame, new: pl.DataFrame, quotes: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events and quotes of a file or an answer, as the events that its ids stand for.

    An id that is known is its event, as long as its teams are the same. Another one is a game of its own, with the next
    number if the pair has one on its date, unless it stands for a game that another id stood for before: one that is
    not listed beside it and begins at the same time.

    Parameters
    ----------
    known : polars.DataFrame
        Columns `KNOWN` of events of the same competitions; `game_id` is null where no such source has named one.
    new : polars.DataFrame
        Columns of `schema.EVENTS`, and `game_id`, never null.
    quotes : polars.DataFrame
        With `event_id`; no other column is read.

    Returns
    -------
    events, quotes
        With date, season, game and event id of what is known.
    """
    pairs = new.select(_PAIR).unique()
    games = with_optional(known).select(KNOWN).join(pairs, on=_PAIR, how="semi", nulls_equal=True).to_dicts()
    games.sort(key=lambda game: (game["date"], game["game"] or 1))
    listed = set(new["game_id"])
    found = dict[int, Row]()
    for row in with_optional(new).select(KNOWN).sort("starts_at", "game_id").to_dicts():
        game = _known(games, row, listed)
        if game is None:
            game = {**row, "game": _next(games, row)}
            games.append(game)
        game |= {"game_id": row["game_id"], "starts_at": row["starts_at"], "starts_at_basis": row["starts_at_basis"]}
        found[row["event_id"]] = game
    places = new["event_id"].to_list()
    told = {name: [found[place][name] for place in places] for name in ("date", "season", "game")}
    events = new.with_columns(pl.Series(name, values, dtype=ALL_EVENTS[name]) for name, values in told.items())
    events = events.with_columns(pl.Series("event_id", event_ids(events), dtype=pl.Int64))
    ids = {old: now for old, now in zip(places, events["event_id"], strict=True) if old != now}
    if not ids:
        return events, quotes
    events = events.unique("event_id", keep="last", maintain_order=True)
    return events, quotes.with_columns(pl.col("event_id").replace(ids))


def _known(games: Iterable[Row], row: Row, listed: set[str]) -> Row | None:
    same = [game for game in games if all(game[name] == row[name] for name in _PAIR)]
    for game in same:
        if game["game_id"] == row["game_id"]:
            return game
    free = [game for game in same if game["date"] == row["date"] and game["game_id"] not in listed]
    return next((game for game in free if _is_same(game, row)), None)


def _is_same(game: Row, row: Row) -> bool:
    """Whether a game of the same pair and date, known by another id or none, is the one of a row."""
    apart = abs(game["starts_at"] - row["starts_at"])
    is_once = row["sport"] in ONCE_A_DAY
    if game["game_id"] is None:  # of another source
        return is_once or game["starts_at_basis"] != "recorded" or bool(apart < APART)
    return bool(apart < (_SAME_DAY if is_once else _SAME_START))


def _next(games: Iterable[Row], row: Row) -> int | None:
    numbers = [
        game["game"] or 1 for game in games
        if game["date"] == row["date"] and all(game[name] == row[name] for name in _PAIR)
    ]  # fmt: skip
    return max(numbers) + 1 if numbers else None
