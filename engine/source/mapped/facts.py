"""Statistics, rankings and other facts of the events of a mapped table."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from collections.abc import Sequence
from typing import Any, Final

from engine.schema import STANDING_TYPES, STATISTIC_TYPES, score_columns
from engine.source.mapped.row import Row
from engine.source.mapped.texts import texts_of
from engine.source.mapping.keys import Mapping
from engine.source.match_statistics import NONE, read_pairs
from engine.source.quarantine import Quarantine
from engine.source.table import Table

#: texts of an event, and whether they are kept in lower case
_TEXTS: Final = {"surface": True, "court": True, "round": False, "level": False}
_BEST_OF = re.compile(r"([1-9])(?:\.0*)?", re.ASCII)


def facts_of(
    table: Table, rows: Sequence[Row], mapping: Mapping, quarantine: Quarantine, file: str
) -> dict[str, Sequence[Any]]:
    """Columns of events that describe them, one value per row; statistics only of events that are over.

    Parameters
    ----------
    table : Table
        The rows in the same order, numbers as in English.
    rows : sequence of Row
    mapping : Mapping
    quarantine : Quarantine
        Takes the cells that cannot be used.
    file : str
        The file as the user gave it.
    """
    facts: dict[str, Sequence[Any]] = {}
    over = [row.result.over for row in rows]
    for types, known in ((STATISTIC_TYPES, over), (STANDING_TYPES, None)):
        pairs = {kind: (pair.home, pair.away) for kind, pair in mapping.facts.items() if kind in types}
        facts |= _by_side(read_pairs(table, pairs, quarantine, known=known), rows)
    for name, lower in _TEXTS.items():
        text = getattr(mapping, name)
        if text.given:
            words = texts_of(table, text, file)
            facts[name] = [(word.lower() if lower else word) or None for word in words]
    if mapping.best_of.given:
        facts["best_of"] = _best_of(table, mapping, quarantine, file)
    return facts


def _by_side(values: Map[str, Sequence[Any]], rows: Sequence[Row]) -> dict[str, Sequence[Any]]:
    """The values of the two names of each row, as they stand in the events: some are swapped."""
    sides: dict[str, Sequence[Any]] = {}
    for kind in (*STATISTIC_TYPES, *STANDING_TYPES):
        home, away = score_columns(kind)
        if home in values:
            pairs = list(zip(values[home], values[away], strict=True))
            turned = [pair[::-1] if row.swapped else pair for pair, row in zip(pairs, rows, strict=True)]
            sides[home], sides[away] = [pair[0] for pair in turned], [pair[1] for pair in turned]
    return sides


def _best_of(table: Table, mapping: Mapping, quarantine: Quarantine, file: str) -> list[int | None]:
    numbers = list[int | None]()
    for line, text in zip(table.lines, texts_of(table, mapping.best_of, file), strict=True):
        found = _BEST_OF.fullmatch(text)
        if not found and text.lower() not in NONE:
            quarantine.cell(line, ", ".join(mapping.best_of.sources), text, "best_of is not a number of sets")
        numbers.append(int(found[1]) if found else None)
    return numbers
