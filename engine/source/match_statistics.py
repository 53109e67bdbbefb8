"""Statistics of a match and facts about its two sides, such as shots and rankings. Bad cells are quarantined."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from engine.schema import STANDING_TYPES, STATISTIC_TYPES, score_columns
from engine.source.quarantine import Quarantine
from engine.source.table import Table

#: Words of sources for: there is none.
NONE: Final = frozenset(("", "n/a", "na", "nr", "-"))
#: A number that a spreadsheet may have written with decimals.
_WHOLE = re.compile(r"(\d{1,6})(?:\.0*)?", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,6}(?:\.\d*)?", re.ASCII)
_TYPES: Final = {**STATISTIC_TYPES, **STANDING_TYPES}
#: Largest plausible value; nothing above it is known of any match.
_LARGEST: Final = {
    "shots": 100, "shots_on_target": 100, "fouls": 100, "offsides": 50, "woodwork": 30, "yellow_cards": 30,
    "red_cards": 15, "xg": 25.0,
    "rank": 10_000, "rank_points": 100_000.0,
}  # fmt: skip
_SIGNED: Final = ("own", "rating")

Values = dict[str, list[int | float | None]]


def known_text(text: str) -> str | None:
    """A text of a fact, such as a surface; None: a word for nothing."""
    return None if text.lower() in NONE else text


def read_pairs(
    table: Table,
    columns: Mapping[str, tuple[str, str]],
    quarantine: Quarantine,
    *,
    known: Sequence[bool] | None = None,
) -> Values:
    """Columns of events with two numbers each, one of the home side and one of the away side.

    Parameters
    ----------
    table : Table
        n rows, numbers as in English.
    columns : mapping of str to (str, str)
        Column of the home side and of the away side, by kind (`schema.STATISTIC_TYPES`, `schema.STANDING_TYPES`).
        Kinds of which the table lacks a column are left out.
    quarantine : Quarantine
        Takes cells that are no number, or one that no match can have, and both numbers of a side with more shots on
        target than shots.
    known : sequence of bool, n, optional
        Rows that are read; statistics of an event without a result are not. Default: all.

    Returns
    -------
    dict of list of int, float or None
        By `schema.score_columns`, one value per row; None: the source has none. A side may lack what the other has.
    """
    values: Values = {}
    origins = dict[str, str]()
    for kind, names in columns.items():
        if not set(names) <= set(table.header):
            continue
        for name, column in zip(score_columns(kind), names, strict=True):
            texts = table.column(column)
            values[name] = [
                _value(kind, text, (line, column), quarantine) if known is None or known[row] else None
                for row, (line, text) in enumerate(zip(table.lines, texts, strict=True))
            ]
            origins[name] = column
    for shots, on_target in zip(score_columns("shots"), score_columns("shots_on_target"), strict=True):
        if shots in values and on_target in values:
            _refuse_more(values, (shots, on_target), origins, table, quarantine)
    return values


def by_side(values: Values, swapped: Sequence[bool]) -> Values:
    """Values of the two names of each row as those of home and away: the two are exchanged where `swapped` says so."""
    sides: Values = {}
    for kind in _TYPES:
        home, away = score_columns(kind)
        if home in values:
            first, second = values[home], values[away]
            sides[home] = [b if turn else a for a, b, turn in zip(first, second, swapped, strict=True)]
            sides[away] = [a if turn else b for a, b, turn in zip(first, second, swapped, strict=True)]
    return sides


def _value(kind: str, text: str, where: tuple[int, str], quarantine: Quarantine) -> int | float | None:
    if text.lower() in NONE:
        return None
    whole = _TYPES[kind] == pl.Int32
    found = (_WHOLE if whole else _NUMBER).fullmatch(text)
    if found is None:
        quarantine.cell(*where, text, f"{kind} is not a {'whole ' if whole else ''}number")
        return None
    value: int | float = int(found[1]) if whole else float(text)
    low = -math.inf if kind in _SIGNED else 1 if kind == "rank" else 0
    if not low <= value <= _LARGEST.get(kind, math.inf):
        quarantine.cell(*where, text, f"no match has such a number of {kind.replace('_', ' ')}")
        return None
    return value


def _refuse_more(
    values: Values, names: tuple[str, str], origins: Mapping[str, str], table: Table, quarantine: Quarantine
) -> None:
    """Take out both numbers of a side with more shots on target than shots: nobody can say which one is wrong."""
    for row, (shots, on_target) in enumerate(zip(values[names[0]], values[names[1]], strict=True)):
        if shots is not None and on_target is not None and on_target > shots:
            for name in names:
                reason = f"more shots on target than shots: {on_target} of {shots}"
                quarantine.cell(table.lines[row], origins[name], str(values[name][row]), reason)
                values[name][row] = None
