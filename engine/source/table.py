"""From bytes to a table of texts: line ends, quoting, blank rows, rows that do not fit the header.

The file is split into lines and cells here, without a table parser. Each row keeps its line number, so every error can
be reported with it. Which rows fit is decided by `engine.source.widths`.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from engine.errors import SourceError
from engine.names.texts import clean, clean_name, n_invisible
from engine.source.decode import CONTROLS, decode, shown
from engine.source.quarantine import Quarantine
from engine.source.widths import accepted_widths

#: Largest number of columns. A file without line ends would be one row of all its cells.
_WIDEST = 5_000
#: Letters of Western encodings that nobody sees. A few of them stand for broken bytes, as control characters do.
_BLANKS = re.compile("[\xa0\xad]")
_NUMBER = re.compile(r"[-+]?[\d.]+", re.ASCII)
_FILE_ENDS = "the file ends here without a line end: the value may be cut off"
#: In a file that is not UTF-8, so few lines with letters outside ASCII are named one by one.
_FEW_LETTERS = 10
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
    cut : dict of int to int
        Position of the last cell of a line, if it is not used: a line end may stand inside its number, or the file ends
        in it without a line end.
    """

    header: list[str]
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    n_blank: int = 0
    n_misfit: int = 0
    cut: dict[int, int] = field(default_factory=dict)

    def index(self, name: str) -> int | None:
        """Position of a column, or None if there is no such column."""
        return self.header.index(name) if name in self.header else None

    def column(self, name: str) -> list[str]:
        """Cells of a column in the form of names, one per row; empty texts if the table has no such column."""
        index = self.index(name)
        return [""] * len(self.rows) if index is None else [clean_name(row[index]) for row in self.rows]

    def only(self, indices: Iterable[int]) -> Table:
        """The table of some rows, in the order of their positions `indices`."""
        kept = list(indices)
        return replace(self, rows=[self.rows[i] for i in kept], lines=[self.lines[i] for i in kept])

    def without(self, indices: Iterable[int]) -> Table:
        """The table without some rows, which are in the quarantine and count as misfits."""
        gone = set(indices)
        kept = self.only(i for i in range(len(self.rows)) if i not in gone)
        return replace(kept, n_misfit=self.n_misfit + len(gone))

    def is_cut(self, row: int, column: int) -> bool:
        """Whether the cell at these positions is one that is not used, because its number may be cut."""
        return self.cut.get(self.lines[row]) == column


@dataclass
class _Row:
    """A row of a file: its line, text and cells (None: unmatched quotation mark), and why its end may be cut."""

    line: int
    text: str
    cells: list[str] | None
    cut: str = ""

    @property
    def blank(self) -> bool:
        """Whether no cell has text."""
        return self.cells is not None and not any(cell and not cell.isspace() for cell in self.cells)


def read_table(
    raw: bytes,
    quarantine: Quarantine,
    *,
    delimiter: str = ",",
    multiline: bool = False,
    check: Callable[[list[str]], None] | None = None,
) -> Table:
    """Split a file into a table. The first line that is not blank is the header.

    A row has as many cells as the header, empty ones counted. Other rows are quarantined: a cell was lost or added, and
    its values would stand under the names of others. Rows with an unmatched quotation mark or a control character, or
    cut off by the end of the file, are quarantined too, and so are rows below a second header that is another one. If
    the file ends without a line end, its very last number is not used; a row that ends in a text is quarantined. Nor is
    the last number of a row that is followed by a line with nothing but a number.

    Parameters
    ----------
    raw : bytes of the file
    quarantine : receives the rows that do not fit, and flags on the whole file
    delimiter : one character
    multiline : whether a quoted cell may have line ends
    check : called with the trimmed names of the header, before rows are compared with it; raises if they are wrong

    Raises
    ------
    SourceError
        The file is empty, a web page or no text, its header has an unmatched quotation mark or too many columns, or
        most of its rows have another number of cells than the header.
    """
    text, encoding = decode(raw)
    # 6.5 with a broken byte in the place of its 5 must not become 6
    text = CONTROLS.sub("\ufffd", text.removesuffix("\x1a"))
    if (
        encoding in ("cp1252", "latin-1")
        and sum(bool(_BLANKS.search(line)) for line in text.split("\n")) <= _FEW_LETTERS
    ):
        text = _BLANKS.sub("\ufffd", text)
    invisible = n_invisible(text)
    text = clean(text).replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    terminated = lines[-1] == ""
    if terminated:
        lines.pop()
    index = next((i for i, line in enumerate(lines) if line.strip(" \t" + delimiter)), None)
    if index is None:
        raise SourceError("an empty file", expected="a header and rows")
    if lines[index].lstrip().lower().startswith(("<!doctype", "<html", "<?xml", "<head", "<body")):
        raise SourceError("a web page, not a table", todo="download the file again")
    first, used = _cells(lines, index, delimiter, multiline)
    if first is None:
        raise SourceError("an unmatched quotation mark in the header", found=shown([lines[index]]))
    if encoding in ("cp1252", "latin-1"):
        _flag_letters(lines, encoding, quarantine)
    if invisible:
        quarantine.flag(None, None, str(invisible), "invisible characters: removed")
    rows = list(_rows(lines, index + used, delimiter, multiline))
    if rows and not terminated:
        rows[-1].cut = _FILE_ENDS
    return _fitted(_names(first), rows, quarantine, check)


def _flag_letters(lines: Sequence[str], encoding: str, quarantine: Quarantine) -> None:
    """Flag a file that is not UTF-8, and its lines if they are so few that a broken byte may be the reason."""
    reason = f"not UTF-8: read as {encoding}, check its letters"
    quarantine.flag(None, None, encoding, reason)
    letters = [(number, line) for number, line in enumerate(lines, 1) if not line.isascii()]
    for number, line in letters if len(letters) <= _FEW_LETTERS else ():
        quarantine.flag(number, None, line, reason)


def tabulate(
    rows: Sequence[Sequence[str]], quarantine: Quarantine, check: Callable[[list[str]], None] | None = None
) -> Table:
    """Make a table of a workbook sheet. The first row is the header; line numbers are row numbers from 1.

    Raises
    ------
    SourceError
        The sheet is empty, or it has too many columns.
    """
    if not rows:
        raise SourceError("an empty sheet", expected="a header and rows")
    tidy = [[clean(cell) for cell in row] for row in rows]
    body = [_Row(number, ",".join(cells), cells) for number, cells in enumerate(tidy[1:], 2)]
    return _fitted(_names(tidy[0]), body, quarantine, check)


def duplicates(header: Sequence[str]) -> list[str]:
    """Names that occur more than once in a header, sorted."""
    return sorted(name for name, count in Counter(header).items() if name and count > 1)


def _names(cells: Sequence[str]) -> list[str]:
    """Trimmed names of a header.

    Raises
    ------
    SourceError
        There are too many columns.
    """
    if len(cells) > _WIDEST:
        raise SourceError("too many columns", expected=f"at most {_WIDEST:,}", found=f"{len(cells):,}")
    return [clean_name(cell) for cell in cells]


def _rows(lines: list[str], index: int, delimiter: str, multiline: bool) -> Iterator[_Row]:
    """The rows below the header."""
    while index < len(lines):
        cells, used = _cells(lines, index, delimiter, multiline)
        yield _Row(index + 1, lines[index], cells)
        index += used


def _cells(lines: list[str], index: int, delimiter: str, multiline: bool) -> tuple[list[str] | None, int]:
    """Cells of the row that starts at a line (None: unmatched quotation mark), and the number of its lines."""
    line = lines[index]
    if '"' not in line:
        return line.split(delimiter), 1
    cells, used = _quoted(lines, index, delimiter, multiline)
    text = "".join(lines[index : index + used])
    stray = cells is not None and '""' not in text and any('"' in cell for cell in cells)
    return (None if stray else cells), used


def _quoted(lines: list[str], index: int, delimiter: str, multiline: bool) -> tuple[list[str] | None, int]:
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


def _fitted(
    header: list[str], rows: list[_Row], quarantine: Quarantine, check: Callable[[list[str]], None] | None
) -> Table:
    """The table of the rows that fit. The others are quarantined; if they are most rows, the file is refused."""
    if check is not None:
        check(header)
    for row, rest in pairwise(rows):
        if len(header) > 1 and rest.cells is not None and len(rest.cells) == 1 and _NUMBER.fullmatch(rest.text.strip()):
            row.cut = f"line {rest.line} has only a number: the value may go on there"
    table = Table(header)
    whole = [row for row in rows if row.cells is not None and not row.blank]
    widths = accepted_widths(header, [(row.line, len(row.cells or ())) for row in whole if not row.cut])
    other = 0  # line of another header
    for row in rows:
        reason = _misfit(row, len(header), widths)
        if _is_header(row, header):
            again = [clean_name(cell) for cell in row.cells or ()] == header
            other = 0 if again else row.line
            reason = "the header again" if again else "another header: the rows below it are not read"
        elif other:
            reason = f"below another header in line {other}"
        if row.blank:
            table.n_blank += 1
            quarantine.blank(row.line, "a row without text")
        elif reason:
            table.n_misfit += 1
            quarantine.row(row.line, row.text, reason)
        elif row.cells is not None:
            _place(table, row, quarantine)
    return table


def _is_header(row: _Row, header: list[str]) -> bool:
    """Whether a row has names of the header in its cells: files were put one below the other."""
    names = {name for name in header if name}
    same = names & {clean_name(cell) for cell in row.cells or ()}
    return len(same) >= 3 and 2 * len(same) >= len(names)


def _misfit(row: _Row, width: int, widths: frozenset[int]) -> str:
    """Why a row does not fit; empty if it does."""
    if row.cells is None:
        return "an unmatched quotation mark"
    n = len(row.cells)
    if n not in widths:
        if row.cut == _FILE_ENDS and n < width:
            return "the file ends in the middle of this row"
        return f"{n} cells in a table of {width} columns"
    if any("\ufffd" in cell for cell in row.cells):
        return "a character that cannot be read: a broken byte"
    end = row.cells[-1].strip()
    if row.cut == _FILE_ENDS and end and not row.text.endswith('"') and not _NUMBER.fullmatch(end):
        return "the file ends here without a line end: the row may be cut off"
    return ""


def _place(table: Table, row: _Row, quarantine: Quarantine) -> None:
    """Add a row that fits. Its last number is not used if it may be cut."""
    cells = list(row.cells or ())
    if row.cut and cells[-1].strip() and not row.text.endswith('"'):
        name = table.header[len(cells) - 1]
        quarantine.cell(row.line, name, cells[-1], row.cut)
        cells[-1] = ""
        table.cut[row.line] = len(cells) - 1
    table.rows.append(cells + [""] * (len(table.header) - len(cells)))
    table.lines.append(row.line)
