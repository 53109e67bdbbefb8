"""Statistics, rankings and other facts of the events of a mapped table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from engine.schema import STANDING_TYPES, STATISTIC_TYPES
from engine.source.mapped.row import Row
from engine.source.mapped.texts import texts_of
from engine.source.mapping.keys import Mapping
from engine.source.match_statistics import NONE, by_side, known_text, read_pairs
from engine.source.quarantine import Quarantine
from engine.source.table import Table

#: texts of an event, and whether they are kept in lower case
_TEXTS: Final = {"surface": True, "court": True, "round": False, "level": False, "referee": False}
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
    over, swapped = [row.result.over for row in rows], [row.swapped for row in rows]
    for types, known in ((STATISTIC_TYPES, over), (STANDING_TYPES, None)):
        pairs = {kind: (pair.home, pair.away) for kind, pair in mapping.facts.items() if kind in types}
        facts |= by_side(read_pairs(table, pairs, quarantine, known=known), swapped)
    for name, lower in _TEXTS.items():
        text = getattr(mapping, name)
        if text.given:
            words = texts_of(table, text, file)
            facts[name] = [known_text(word.lower() if lower else word) for word in words]
    if mapping.game_id_lasts:
        facts["game_id"] = [row.game_id or None for row in rows]
    if mapping.best_of.given:
        facts["best_of"] = _best_of(table, mapping, quarantine, file)
    return facts


def _best_of(table: Table, mapping: Mapping, quarantine: Quarantine, file: str) -> list[int | None]:
    numbers = list[int | None]()
    for line, text in zip(table.lines, texts_of(table, mapping.best_of, file), strict=True):
        found = _BEST_OF.fullmatch(text)
        if not found and text.lower() not in NONE:
            quarantine.cell(line, ", ".join(mapping.best_of.sources), text, "best_of is not a number of sets")
        numbers.append(int(found[1]) if found else None)
    return numbers
