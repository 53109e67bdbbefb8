"""Two games of one pair on one date: which rows belong to which game.

The key of an event is sport, competition, date, home and away. A second game of the pair on that date has the game
number 2. The number is the source's own (`game`), or follows from the source's own identities (`game_id`), or from the
starts: games that begin at least two hours apart are two. A game whose start was moved is one game: its rows name the
new start only after the last row that names the old one, and before either start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from engine.clock import HOUR_NS
from engine.source.mapped.row import Row
from engine.source.table import Table

#: Starts this far apart are two games. No sport plays a doubleheader with less between the starts.
APART_NS: Final = 2 * HOUR_NS
_NO_START: Final = "the pair plays twice on this date, and the row has neither a start nor a game number"


def numbered(rows: Iterable[Row]) -> tuple[list[Row], dict[int, str]]:
    """Give each row its game number.

    Parameters
    ----------
    rows : iterable of Row
        `game` is the source's own number, 0 if it states none.

    Returns
    -------
    list of Row
        In the same order. A number of 2 or more is a further game.
    dict
        By position of the row in its table: why a row cannot be used. Rows of games that cannot be told apart, and of
        numbers that are no numbers.
    """
    rows = list(rows)
    pairs: dict[tuple[object, ...], list[int]] = {}
    for place, row in enumerate(rows):
        pairs.setdefault((row.sport, row.competition, row.day, row.home, row.away), []).append(place)
    games, refused = [1] * len(rows), dict[int, str]()
    for places in pairs.values():
        if len(places) == 1 and not rows[places[0]].game:
            continue
        members = [rows[place] for place in places]
        numbers = _numbers(members)
        for place, number in zip(places, numbers, strict=True):
            games[place] = max(number, 1)
        refused |= {row.index: _NO_START for row, number in zip(members, numbers, strict=True) if not number}
        for number in set(numbers) - {0}:
            refused |= _contradictions([row for row, n in zip(members, numbers, strict=True) if n == number])
    return [
        row if game == max(row.game, 1) else replace(row, game=game) for row, game in zip(rows, games, strict=True)
    ], refused


def _numbers(rows: Sequence[Row]) -> list[int]:
    """Game number of each row of one pair on one date; 0 where there are two games and the row has no start."""
    if any(row.game for row in rows):
        return [max(row.game, 1) for row in rows]
    if all(row.game_id for row in rows):
        first: dict[str, tuple[int, int]] = {}
        for row in rows:
            first[row.game_id] = min(first.get(row.game_id, (row.starts_at, row.line)), (row.starts_at, row.line))
        order = sorted(first, key=lambda name: first[name])
        return [order.index(row.game_id) + 1 for row in rows]
    starts = sorted({row.starts_at for row in rows if row.start_known})
    groups: list[list[int]] = []
    for start in starts:
        if groups and start - groups[-1][0] < APART_NS:
            groups[-1].append(start)
        else:
            groups.append([start])
    if len(groups) < 2:
        return [1] * len(rows)
    listed = [[row for row in rows if row.start_known and row.starts_at in group] for group in groups]
    number, of_start = 1, dict.fromkeys(groups[0], 1)
    for k in range(1, len(groups)):
        if not is_moved(listed[k - 1], listed[k]):
            number += 1
        of_start |= dict.fromkeys(groups[k], number)
    return [of_start[row.starts_at] if row.start_known else int(number == 1) for row in rows]


def is_moved(one: Sequence[Row], other: Sequence[Row]) -> bool:
    """Whether rows with two starts are about one game that was moved.

    All of them have a recorded time of their prices, all of one kind come before all of the other, and no start was
    reached when the new one was first named. Their results do not differ.
    """
    if any(row.known_basis != "recorded" for row in (*one, *other)):
        return False
    old, new = sorted((one, other), key=lambda rows: min(row.known_at for row in rows))
    first_new = min(row.known_at for row in new)
    if max(row.known_at for row in old) >= first_new:
        return False
    if first_new >= min(row.starts_at for row in (*one, *other)):
        return False
    return not any(a.result.contradicts(b.result) for a in one for b in other)


def _contradictions(rows: Sequence[Row]) -> dict[int, str]:
    """Rows of one game that have two results, or no start and different cells: they may be two games."""
    results = [row for row in rows if row.result.over]
    first = next((row for row in results if row.result.contradicts(results[0].result)), None)
    if first is None:
        return {}
    lines = f"lines {results[0].line} and {first.line}"
    start = "with starts less than 2 h apart" if first.start_known else "without a start or a game number"
    reason = f"two results of one pair on one date, {start}: the games cannot be told apart ({lines})"
    return {row.index: reason for row in rows}


def repeated(rows: Sequence[Row], table: Table, refused: Mapping[int, str]) -> dict[int, str]:
    """Rows of a table with one row a game that name a game again; by position of the row, the reason.

    A row that repeats another one is a duplicate; the first is kept. Two rows without a start or a result that differ
    may be two games: both are refused.
    """
    first: dict[tuple[object, ...], Row] = {}
    reasons: dict[int, str] = {}
    for row in rows:
        if row.index in refused:
            continue
        key = (row.sport, row.competition, row.day, row.home, row.away, max(row.game, 1))
        other = first.setdefault(key, row)
        if other is row:
            continue
        open_games = not (row.result.over or other.result.over or row.start_known or other.start_known)
        if open_games and table.rows[row.index] != table.rows[other.index]:
            reason = (
                "one pair twice on one date, without a start, a game number or a result: the games cannot be told apart"
            )
            reasons |= {r.index: f"{reason} (lines {other.line} and {row.line})" for r in (other, row)}
        else:
            reasons[row.index] = f"duplicate of line {other.line}"
    return reasons
