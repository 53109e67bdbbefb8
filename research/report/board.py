"""The leaderboard in words: settings beside the rank, equal results in one row, constant settings in a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from research.report.alike import fold
from research.report.gather import naming_keys, plain_words
from research.report.naming import short_key, value_text
from research.report.text import MEASURES, count, listing, measure_name, number

if TYPE_CHECKING:
    from research.records.run import RunRecord

#: measures of every leaderboard, the important ones first
SHOWN: Final = ("n_bets", "yield", "roi", "max_drawdown_frac", "clv_mean")
#: most characters of a setting, and between two columns
_WIDEST, _GAP = 18, 2


@dataclass(frozen=True)
class Board:
    """What a table of the leaderboard shows.

    Attributes
    ----------
    heads : tuple of str
        Headings of the columns: number, settings, measures, and a mark where one is needed.
    rows : tuple of tuple of str
        Finished texts.
    texts : int
        Number of columns after the first that are words: the settings.
    notes : tuple of str
        What is not in the columns: settings that are the same in all rows, keys without a column, folded rows.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int
    notes: tuple[str, ...]


def board(run: RunRecord, most: int, width: int) -> Board:
    """The first rows of the leaderboard in a width.

    Parameters
    ----------
    run : RunRecord
    most : int
        Most rows.
    width : int
        Characters of a line.
    """
    whole = run.leaderboard()
    folded = fold(whole)
    shown = folded.head(most).with_columns(plain_words(run, folded.columns))
    order = run.manifest["order"]
    measures = list(dict.fromkeys([*SHOWN[:2], order, *SHOWN[2:]]))[:6]
    marks = _marks(run, shown["config"].to_list())
    alike = bool(shown["alike"].sum())
    right = [_column(shown, name) for name in measures]
    right += [("same bets", [f"+{number(n)}" if n else "" for n in shown["alike"]])] if alike else []
    right += [("", marks)] if any(marks) else []
    number_column = ("#", [str(config) for config in shown["config"]])
    keys = naming_keys(run)
    columns = {key: (_head(key), [value_text(value)[:_WIDEST] for value in shown[key]]) for key in keys}
    constant = [key for key in keys if shown.height > 1 and shown[key].n_unique() == 1]
    free = width - sum(map(_width, [number_column, *right])) - _GAP * len(right)
    placed, hidden = _fitting({key: columns[key] for key in keys if key not in constant}, free)
    table = [number_column, *(columns[key] for key in placed), *right]
    notes = _notes(run, (constant, columns), hidden, (len(whole), folded))
    return Board(
        tuple(head for head, _ in table),
        tuple(zip(*(cells for _, cells in table), strict=True)),
        len(placed),
        notes,
    )


def _column(shown: pl.DataFrame, name: str) -> tuple[str, list[str]]:
    return measure_name(name), [MEASURES[name].text(value) for value in shown[name]]


def _head(key: str) -> str:
    """Heading of a setting in a table of words: one word, as in the configuration."""
    return short_key(key).replace(" ", "_")


def _width(column: tuple[str, list[str]]) -> int:
    head, cells = column
    return max(len(head), *(len(cell) for cell in cells), 0) if cells else len(head)


def _fitting(columns: dict[str, tuple[str, list[str]]], free: int) -> tuple[list[str], list[str]]:
    """The keys that fit, in their order, and those that do not: names of options first, then what varies most."""
    by_use = sorted(columns, key=lambda key: (not key.endswith(".name"), -len(set(columns[key][1]))))
    placed, hidden = set[str](), list[str]()
    for key in by_use:
        needed = _width(columns[key]) + _GAP
        if needed <= free:
            placed.add(key)
            free -= needed
        else:
            hidden.append(key)
    return [key for key in columns if key in placed], [key for key in columns if key in hidden]


def _marks(run: RunRecord, configs: Sequence[int]) -> list[str]:
    """What a row needs to be read with: that it went bankrupt, and its flags."""
    gone, flags = dict(run.bankrupt().iter_rows()), run.standing()
    flagged: dict[int, list[str]] = {}
    for config, flag in flags.filter(pl.col("config").is_in(list(configs))).sort("config", "flag").iter_rows():
        flagged.setdefault(config, []).append(str(flag).replace("_", " "))
    marks = [[*(["bankrupt"] if config in gone else []), *flagged.get(config, [])] for config in configs]
    return [", ".join(dict.fromkeys(words)) for words in marks]


def _notes(
    run: RunRecord,
    same: tuple[list[str], dict[str, tuple[str, list[str]]]],
    hidden: list[str],
    rows: tuple[int, pl.DataFrame],
) -> tuple[str, ...]:
    (constant, columns), (total, folded) = same, rows
    notes = []
    if constant:
        notes.append(
            "In all of these rows: " + ", ".join(f"{columns[key][0]} {columns[key][1][0]}" for key in constant)
        )
    if hidden:
        named, them = listing([columns[key][0] for key in hidden], 8), "it" if len(hidden) == 1 else "them"
        notes.append(f"No room for {count(len(hidden), 'more setting')}: {named}; `bea show {run.short}#N` has {them}")
    if folded.height < total:
        more = total - folded.height
        verb = "has" if more == 1 else "have"
        notes.append(f"{number(more)} of {count(total, 'configuration')} {verb} the same bets as another one")
    return tuple(f"{note}." for note in notes)
