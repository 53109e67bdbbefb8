"""From bytes to a table of texts: encodings, line ends, quoting, blank rows, rows that do not fit the header.

The file is decoded and split into lines and cells here, without a table parser. Each row keeps its line number, so
every error can be reported with it.
"""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.errors import SourceError
from engine.source.quarantine import Quarantine

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Largest number of columns. A file without line ends would be one row of all its cells.
_WIDEST = 5_000
#: A quoted cell may span this many lines, if the source allows multi-line cells.
_QUOTED_LINES = 50


@dataclass
class Table:
    """The rows of a file that fit its header.

    Attributes
    ----------
    header : list of str
        Trimmed names; an unnamed column has an empty name.
    rows : list of list of str
        Cells as in the file, padded to the length of the header.
    lines : list of int
        Line number of each row, from 1.
    n_blank, n_misfit : int
        Number of rows without text, and of rows that do not fit the header. Both are in the quarantine.
    """

    header: list[str]
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    n_blank: int = 0
    n_misfit: int = 0

    def index(self, name: str) -> int | None:
        """Position of a column, or None if there is no such column."""
        return self.header.index(name) if name in self.header else None

    def column(self, name: str) -> list[str]:
        """Trimmed cells of a column, one per row; empty texts if the table has no such column."""
        index = self.index(name)
        return [""] * len(self.rows) if index is None else [row[index].strip() for row in self.rows]


def decode(raw: bytes) -> str:
    """Decode a file: by its byte order mark, otherwise UTF-8, then cp1252, then latin-1 (which accepts any byte)."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, errors="replace")
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def read_table(raw: bytes, quarantine: Quarantine, *, delimiter: str = ",", multiline: bool = False) -> Table:
    """Split a file into a table. The first line that is not blank is the header.

    Rows with more filled cells than the header, with an unmatched quotation mark, or cut off by the end of the file
    are quarantined. Short rows are padded with empty cells, because spreadsheets omit trailing commas.

    Raises
    ------
    SourceError
        The file is empty or a web page, its header has an unmatched quotation mark, or it has too many columns.
    """
    text = decode(raw).replace("\r\n", "\n").replace("\r", "\n")
    unterminated = not text.endswith("\n")
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    index = next((i for i, line in enumerate(lines) if line.strip(" \t" + delimiter)), None)
    if index is None:
        raise SourceError("an empty file", expected="a header and rows")
    if lines[index].lstrip().lower().startswith(("<!doctype", "<html", "<?xml", "<head", "<body")):
        raise SourceError("a web page, not a table", todo="download the file again")
    first, _ = _cells(lines, index, delimiter, multiline)
    if first is None:
        raise SourceError("an unmatched quotation mark in the header", found=lines[index][:80])
    table = Table(_names(first))
    while index + 1 < len(lines):
        index += 1
        number, (cells, used) = index + 1, _cells(lines, index, delimiter, multiline)
        cut_off = unterminated and index + used == len(lines)
        _place(table, quarantine, number, cells, (lines[index], cut_off))
        index += used - 1
    return table


def tabulate(rows: Sequence[Sequence[str]], quarantine: Quarantine) -> Table:
    """Make a table of a workbook sheet. The first row is the header; line numbers are row numbers from 1.

    Raises
    ------
    SourceError
        The sheet is empty, or it has too many columns.
    """
    if not rows:
        raise SourceError("an empty sheet", expected="a header and rows")
    table = Table(_names(rows[0]))
    for number, cells in enumerate(rows[1:], 2):
        _place(table, quarantine, number, list(cells), (",".join(cells), False))
    return table


def _names(cells: Sequence[str]) -> list[str]:
    """Trimmed names of a header.

    Raises
    ------
    SourceError
        There are too many columns.
    """
    if len(cells) > _WIDEST:
        raise SourceError("too many columns", expected=f"at most {_WIDEST:,}", found=f"{len(cells):,}")
    return [cell.strip() for cell in cells]


def duplicates(header: Sequence[str]) -> list[str]:
    """Names that occur more than once in a header, sorted."""
    return sorted(name for name, count in Counter(header).items() if name and count > 1)


def _cells(lines: list[str], index: int, delimiter: str, multiline: bool) -> tuple[list[str] | None, int]:
    """Cells of the row that starts at a line (None: unmatched quotation mark), and the number of its lines."""
    line = lines[index]
    if '"' not in line:
        return line.split(delimiter), 1
    for used in range(1, (_QUOTED_LINES if multiline else 1) + 1):
        if index + used > len(lines):
            break
        try:
            return next(csv.reader(["\n".join(lines[index : index + used])], delimiter=delimiter, strict=True)), used
        except (csv.Error, StopIteration):
            try:  # a row over several lines: the CSV reader needs them one by one
                parts = [part + "\n" for part in lines[index : index + used]]
                rows = list(csv.reader(parts, delimiter=delimiter, strict=True))
                if len(rows) == 1:
                    return rows[0], used
            except csv.Error:
                continue
    return None, 1


def _place(table: Table, quarantine: Quarantine, number: int, cells: list[str] | None, end: tuple[str, bool]) -> None:
    """Add one row to the table, or to the quarantine if it is blank or does not fit the header."""
    line, cut_off = end
    width = len(table.header)
    if cells is None:
        table.n_misfit += 1
        quarantine.row(number, line, "an unmatched quotation mark")
        return
    if not any(cell and not cell.isspace() for cell in cells):
        table.n_blank += 1
        quarantine.blank(number, "a row without text")
        return
    filled = len(cells)
    while filled > width and not cells[filled - 1].strip():
        filled -= 1
    if filled > width:
        table.n_misfit += 1
        quarantine.row(number, line, f"{len(cells)} cells in a table of {width} columns")
        return
    if len(cells) < width:
        if cut_off:
            table.n_misfit += 1
            quarantine.row(number, line, "the file ends in the middle of this row")
            return
        cells = cells + [""] * (width - len(cells))
    table.rows.append(cells[:width])
    table.lines.append(number)
