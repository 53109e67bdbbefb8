"""Matches by their data: the same match has the same print, whatever its competition, source and zone are called.

An event id says where a row came from: it moves with the name of the competition and of the clubs, and with the date of
the zone. A print is made of what the match is: who met whom, and when. Names are compared by the first letters of one
word of each (``Man United`` and ``Manchester United FC`` are one), sides in either order, dates within a day.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields
from functools import lru_cache
from operator import itemgetter
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.betting.sport import sport_of
from engine.identity import fold as folded_identity
from engine.identity import text_hash
from engine.names import near, significant_words

Longs = NDArray[np.int64]

#: letters of a name that count
_LETTERS: Final = 3
#: first words that one source writes and another leaves out: ``Real Sociedad`` and ``Sociedad``
_FIRST_WORDS: Final = frozenset(
    [
        *("real", "deportivo", "dep", "rayo", "borussia", "bayer", "hellas", "stade", "olympique", "athletic"),
        *("atletico", "atl", "sporting", "sp", "dynamo", "dinamo"),
    ]
)
#: sports of single players, whose family name is the first word or the last (names of `engine.betting.sport`)
_PLAYERS: Final = frozenset(
    {"tennis", "tabletennis", "badminton", "squash", "padel", "snooker", "darts", "boxing", "mma"}
)
#: sports in which two sides never meet again on the next day
_REST: Final = frozenset({"football", "americanfootball", "rugby", "australianrules"})
#: dates of one match differ by at most so many days between zones
ONE_MATCH_DAYS: Final = 1
_MATCH: Final = "match"


def match_keys(events: pl.DataFrame) -> Longs:
    """A key of the two sides of each event, without its date; int64 (n,).

    Parameters
    ----------
    events : polars.DataFrame
        Columns sport, home, away.
    """
    sides = [_side_hashes(events, name) for name in ("home", "away")]
    return folded_identity([np.minimum(*sides), np.maximum(*sides)])


def _side_hashes(events: pl.DataFrame, side: str) -> Longs:
    """Hash of the letters of a side that count; int64 (n,)."""
    names = events.select(sport=pl.col("sport").cast(pl.String), name=pl.col(side).cast(pl.String))
    distinct = names.unique()
    hashes = [_letters_hash(sport or "", name or "") for sport, name in distinct.iter_rows()]
    table = distinct.with_columns(hash=pl.Series(hashes, dtype=pl.Int64))
    joined = names.join(table, on=["sport", "name"], how="left", nulls_equal=True, maintain_order="left")
    return joined["hash"].to_numpy()


@lru_cache(maxsize=65_536)
def _letters_hash(sport: str, name: str) -> int:
    return text_hash(_letters(sport, name))


def _letters(sport: str, name: str) -> str:
    """The first letters of the first word of a club that all sources write, or of a player's family name.

    The family name is the first word before initials (``Nadal R.``), and otherwise the last (``Rafael Nadal``).
    """
    words = significant_words(name)
    if _PLAYERS & set(sport_of(sport).names):
        whole = [word for word in words if len(word) > 1]
        words = words if not whole else tuple(whole if len(whole) < len(words) else whole[::-1])
    else:
        words = tuple(word for word in words if word not in _FIRST_WORDS and len(word) > 1) or words
    return words[0][:_LETTERS] if words else ""


def day_numbers(events: pl.DataFrame) -> Longs:
    """Days since 1970-01-01 of the column date; int64 (n,)."""
    return events["date"].cast(pl.Int32).cast(pl.Int64).to_numpy()


def with_matches(bets: pl.DataFrame) -> pl.DataFrame:
    """Bets with their `match_ids` as a further column, for those that need them again and again."""
    return bets.with_columns(pl.Series(_MATCH, match_ids(bets), dtype=pl.Int64))


def match_ids(bets: pl.DataFrame) -> Longs:
    """One number for each match: of copies of a match, under two competitions or sources, that of the first.

    Two events are copies if they are at most a day apart and their names are equal or near (`engine.names.near`). In
    sports in which the same sides may play again on the next day, copies are of different competitions.

    Parameters
    ----------
    bets : polars.DataFrame
        The column that `with_matches` made; or event_id, and sport, competition, date, home, away: without these
        every event is its own match.

    Returns
    -------
    int64 (n,)
        An event id.
    """
    if _MATCH in bets.columns:
        return bets[_MATCH].to_numpy()
    ids: Longs = bets["event_id"].to_numpy()
    if not {"sport", "competition", "date", "home", "away"} <= set(bets.columns) or not len(ids):
        return ids
    events = bets.select("event_id", "sport", "competition", "date", "home", "away").unique(
        "event_id", keep="first", maintain_order=True
    )
    events = events.with_columns(key=pl.Series(match_keys(events)), day=pl.Series(day_numbers(events)))
    near_in_time = pl.col("day").sort().diff().over("key", order_by=["day", "event_id"])
    several = events.with_columns(gap=near_in_time).filter((pl.col("gap").min() <= ONE_MATCH_DAYS).over("key"))
    rows = several.sort("key", "day", "event_id").select("key", *(field.name for field in fields(_Event))).iter_rows()
    copies: dict[int, int] = {}
    for _, group in itertools.groupby(rows, itemgetter(0)):
        copies |= _copies([_Event(*row[1:]) for row in group])
    return bets["event_id"].replace(copies).to_numpy() if copies else ids


@dataclass(frozen=True)
class _Event:
    event_id: int
    sport: str
    competition: str
    date: object
    home: str
    away: str
    day: int

    @property
    def once(self) -> object:
        """What no two events of one match have in common."""
        rests = _REST & set(sport_of(str(self.sport)).names)
        return self.event_id if rests else str(self.competition)

    def meets_like(self, other: _Event) -> bool:
        """Whether the sides of two events are near, in the same order or exchanged."""
        home, away, host, guest = self.home, self.away, other.home, other.away
        return (near(home, host) and near(away, guest)) or (near(home, guest) and near(away, host))


def _copies(events: list[_Event]) -> dict[int, int]:
    """Copy to first of the events of one key, in order of time; those of one date are matched before others."""
    leader = {event.event_id: event.event_id for event in events}
    holds = {event.event_id: {event.once} for event in events}
    for apart in range(ONE_MATCH_DAYS + 1):
        for place, event in enumerate(events):
            for other in events[place + 1 :]:
                if other.day - event.day > apart:
                    break
                first, second = sorted((leader[event.event_id], leader[other.event_id]))
                if first == second or holds[first] & holds[second] or not event.meets_like(other):
                    continue
                leader = {one: first if of == second else of for one, of in leader.items()}
                holds[first] |= holds[second]
    return {one: of for one, of in leader.items() if one != of}
