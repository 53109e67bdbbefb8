"""Lines, lists and tables of the data commands: for a reader on a terminal, for programs with tabs elsewhere."""

from __future__ import annotations

import sys
from typing import Final

from engine.errors import printable

#: lines of one kind that are printed, at most
_MAX_LINES: Final = 12
#: rows of a table on a terminal, at most
_MAX_ROWS: Final = 40
#: columns between lines, at most: without lines there is more room for whole words
_MAX_LINED: Final = 7


def print_line(text: str) -> None:
    """Print a line without control characters."""
    print(printable(text))  # noqa: T201


def print_table(title: str, names: list[str], rows: list[list[object]]) -> None:
    """Print a table, at most `_MAX_ROWS` rows on a terminal; nothing without a row."""
    if not rows:
        return
    screen = sys.stdout.isatty()  # else for programs: tabs, and digits without commas
    cells = [[printable(f"{cell:,}" if screen and isinstance(cell, int) else cell) for cell in row] for row in rows]
    numeric = [all(isinstance(row[i], int) for row in rows) for i in range(len(names))]
    if not screen:
        for row in cells:
            print((f"{title}: " if title else "") + "\t".join(row))  # noqa: T201
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None)
    if wide := len(names) > _MAX_LINED:
        table.box, table.padding, table.pad_edge = None, (0, 1, 0, 0), False
    narrow = wide and sum(max(map(len, column)) + 1 for column in zip(names, *cells, strict=True)) > Console().width
    if narrow:  # a word a line: none is broken
        names, cells = [name.replace(" ", "\n") for name in names], [[c.replace(" ", "\n") for c in r] for r in cells]
    for name, number in zip(names, numeric, strict=True):
        table.add_column(name, justify="right" if number else "left", overflow="fold", no_wrap=narrow)
    for row in cells[:_MAX_ROWS]:
        table.add_row(*(Text(cell) for cell in row))  # Text: a name with brackets is not markup
    Console().print(table)
    if len(cells) > _MAX_ROWS:
        print_line(f"{len(cells) - _MAX_ROWS} more rows (--json lists all)")


def print_list(title: str, lines: list[str]) -> None:
    """Print at most `_MAX_LINES` lines under a title, and how many more there are."""
    for line in lines[:_MAX_LINES]:
        print_line(f"{title}: {line}")
    if len(lines) > _MAX_LINES:
        print_line(f"{title}: {len(lines) - _MAX_LINES:,} more (--json lists all)")
