"""Texts of a mapped table: columns, the name of the file, constants, and words replaced by others."""

from __future__ import annotations

import re
from collections.abc import Collection

from engine.source.mapping.keys import Text
from engine.source.table import Table


def texts_of(table: Table, text: Text, file: str = "") -> list[str]:
    """Texts that a part of the mapping describes, one per row; `file` is the name of the file as the user gave it."""
    if text.column:
        values = table.column(text.column)
    elif text.columns:
        cells = zip(*(table.column(name) for name in text.columns), strict=True)
        values = [text.join.join(cell for cell in row if cell) for row in cells]
    else:
        values = [_from_file(text.file, file) if text.file else text.value] * len(table.rows)
    if not (text.match or text.map):
        return values
    words = {value: _replaced(value, text) for value in set(values)}
    return [words[value] for value in values]


def _from_file(pattern: str, file: str) -> str:
    """First group of a pattern in the name of a file without folders; empty if the pattern is not found."""
    found = re.search(pattern, file.rsplit("!", 1)[-1].replace("\\", "/").rsplit("/", 1)[-1])
    return (found[1] or "").strip() if found else ""


def _replaced(value: str, text: Text) -> str:
    for pattern, replacement in text.match.items():
        found = re.search(pattern, value)
        if found:
            value = found.expand(replacement).strip()
            break
    return text.map.get(value, value)


def side_of(text: str, home: Collection[str], away: Collection[str]) -> str:
    """``home`` or ``away`` for a text that is one of the names of that side; any other text is returned unchanged."""
    return "home" if text in home else "away" if text in away else text


def plain_number(text: str, decimal: str, thousands: str) -> str:
    """A number as it is written in English: ``1.234,5`` with a decimal comma is ``1234.5``.

    A text that is no such number is returned unchanged, but one with the wrong decimal sign would then be read as
    another number, so it is marked: ``1.85`` in a file with decimal commas becomes ``1.85 (decimal point)``.
    """
    if decimal == "." and not thousands:
        return text
    group = re.escape(thousands)
    whole = rf"\d{{1,3}}(?:{group}\d{{3}})+|\d+" if thousands else r"\d+"
    found = re.fullmatch(rf"([+-]?)({whole})(?:{re.escape(decimal)}(\d+))?", text, re.ASCII)
    if found:
        return (
            found[1]
            + (found[2].replace(thousands, "") if thousands else found[2])
            + (f".{found[3]}" if found[3] else "")
        )
    if decimal == "," and "." in text:
        return f"{text} (decimal point)"
    return text
