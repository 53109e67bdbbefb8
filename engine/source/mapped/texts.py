"""Texts of a mapped table: a column, a constant, and words replaced by others."""

from __future__ import annotations

from engine.source.mapping.keys import Text
from engine.source.table import Table


def texts_of(table: Table, text: Text) -> list[str]:
    """Texts that a part of the mapping describes, one per row."""
    values = table.column(text.column) if text.column else [text.value] * len(table.rows)
    return [text.map.get(value, value) for value in values] if text.map else values
