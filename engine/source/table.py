"""Bytes to a table of texts: encodings, line ends, quotes, blank rows, rows that do not fit their header.

No library parses here: a foreign file is decoded, cut into physical lines and cells, and every line keeps its
number, so that whatever is wrong with it can be named.
"""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.errors import SourceError
from engine.source.quarantine import Findings

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: More columns than this are no table (a file without line ends is one row of all its cells).
_WIDEST = 5_000
#: A quoted cell may run over this many lines (where a source allows it at all).
_QUOTED_LINES = 50


@dataclass
class Table:
    """The rows of a file that fit its header.

    Attributes
    ----------
    header : list of str
        Trimmed names; an unnamed column is the empty text.
    rows : list of list of str
        Cells as they stand, padded to the length of the header.
    lines : list of int
        The 1-based line of each row.
    n_blank, n_misfit : int
        Rows without any text, and rows put aside because they do not fit; both are named in the findings.
    """

    header: list[str]
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    n_blank: int = 0
    n_misfit: int = 0

    def index(self, name: str) -> int | None:
        """Position of a column, or None."""
        return self.header.index(name) if name in self.header else None

    def column(self, name: str) -> list[str]:
        """Trimmed cells of a column, one a row; empty texts where the table has no such column."""
        at = self.index(name)
        return [""] * len(self.rows) if at is None else [row[at].strip() for row in self.rows]


def decode(raw: bytes) -> str:
    """Text of a file: UTF-8 or UTF-16 by its mark, else UTF-8, else cp1252, else latin-1 (which takes any byte)."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, errors="replace")
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def read_table(raw: bytes, findings: Findings, *, delimiter: str = ",", multiline: bool = False) -> Table:
    """Cut a file into a table; its first line that is not blank is the header.

    Rows with more filled cells than the header, with a broken quote, or cut off by the end of the file are put
    aside and named; short rows are filled up with empty cells (spreadsheets leave trailing commas out).

    Raises
    ------
    SourceError
        The file is empty, or its first line is no header but the beginning of a web page.
    """
    text = decode(raw).replace("\r\n", "\n").replace("\r", "\n")
    unterminated = not text.endswith("\n")
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    at = next((i for i, line in enumerate(lines) if line.strip(" \t" + delimiter)), None)
    if at is None:
        raise SourceError("an empty file", expected="a header and rows")
    if lines[at].lstrip().lower().startswith(("<!doctype", "<html", "<?xml", "<head", "<body")):
        raise SourceError("a web page, not a table", todo="download the file again")
    first, _ = _cells(lines, at, delimiter, multiline)
    if first is None:
        raise SourceError("the header has a quote without its pair", found=lines[at][:80])
    table = Table(_names(first))
    while at + 1 < len(lines):
        at += 1
        number, (cells, used) = at + 1, _cells(lines, at, delimiter, multiline)
        cut_off = unterminated and at + used == len(lines)
        _place(table, findings, number, cells, (lines[at], cut_off))
        at += used - 1
    return table


def tabulate(rows: Sequence[Sequence[str]], findings: Findings) -> Table:
    """A table of a workbook's sheet: the first row is the header, lines are its rows counted from 1."""
    if not rows:
        raise SourceError("an empty sheet", expected="a header and rows")
    table = Table(_names(rows[0]))
    for number, cells in enumerate(rows[1:], 2):
        _place(table, findings, number, list(cells), (",".join(cells), False))
    return table


def _names(cells: Sequence[str]) -> list[str]:
    """Trimmed names of a header.

    Raises
    ------
    SourceError
        There are too many of them for a table.
    """
    if len(cells) > _WIDEST:
        raise SourceError("too many columns", expected=f"at most {_WIDEST:,}", found=f"{len(cells):,}")
    return [cell.strip() for cell in cells]


def twins(header: Sequence[str]) -> list[str]:
    """Names that stand more than once in a header, sorted."""
    return sorted(name for name, count in Counter(header).items() if name and count > 1)


def _cells(lines: list[str], at: int, delimiter: str, multiline: bool) -> tuple[list[str] | None, int]:
    """Cells of the row that begins at a line (None: a quote without its pair) and how many lines it takes."""
    line = lines[at]
    if '"' not in line:
        return line.split(delimiter), 1
    for used in range(1, (_QUOTED_LINES if multiline else 1) + 1):
        if at + used > len(lines):
            break
        try:
            return next(csv.reader(["\n".join(lines[at : at + used])], delimiter=delimiter, strict=True)), used
        except (csv.Error, StopIteration):
            try:  # a row over several lines: the reader must be given them one by one
                parts = [part + "\n" for part in lines[at : at + used]]
                found = list(csv.reader(parts, delimiter=delimiter, strict=True))
                if len(found) == 1:
                    return found[0], used
            except csv.Error:
                continue
    return None, 1


def _place(table: Table, findings: Findings, number: int, cells: list[str] | None, end: tuple[str, bool]) -> None:
    """Put one row where it belongs: among the rows, the blank ones, or the misfits."""
    line, cut_off = end
    width = len(table.header)
    if cells is None:
        table.n_misfit += 1
        findings.row(number, line, "a quote without its pair")
        return
    if not any(cell and not cell.isspace() for cell in cells):
        table.n_blank += 1
        findings.blank(number, "a row without any text")
        return
    filled = len(cells)
    while filled > width and not cells[filled - 1].strip():
        filled -= 1
    if filled > width:
        table.n_misfit += 1
        findings.row(number, line, f"{len(cells)} cells under a header of {width}")
        return
    if len(cells) < width:
        if cut_off:
            table.n_misfit += 1
            findings.row(number, line, "the file ends in the middle of this row")
            return
        cells = cells + [""] * (width - len(cells))
    table.rows.append(cells[:width])
    table.lines.append(number)
