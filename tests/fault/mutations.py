"""Damage that tables get in spreadsheets, downloads and by hand. Each function damages a file in one way."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mutant:
    """A damaged file: `line` if one row is damaged, and whether the damage cannot be detected in principle."""

    raw: bytes
    line: int | None = None
    undetectable: bool = False


Mutation = Callable[[bytes, np.random.Generator], Mutant]
_NUMBER = re.compile(r"\d+\.\d+")
_DATE = re.compile(r"\d\d/\d\d/\d{2,4}|\d{4}-\d\d-\d\d")


def _lines(raw: bytes) -> list[str]:
    """Lines of a file in the letters of latin-1, so that each byte is one; the last is empty."""
    return raw.decode("latin-1").replace("\r\n", "\n").split("\n")


def _raw(lines: list[str]) -> bytes:
    return "\n".join(lines).encode("latin-1")


def _row(lines: list[str], rng: np.random.Generator) -> int:
    """Index of a row with text."""
    rows = [i for i in range(1, len(lines)) if lines[i].strip(",")]
    return int(rows[rng.integers(0, len(rows))])


def _cells(line: str) -> list[str]:
    return next(csv.reader([line])) if line else [""]


def _join(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


def _with_row(raw: bytes, rng: np.random.Generator, change: Callable[[list[str]], list[str]]) -> Mutant:
    lines = _lines(raw)
    at = _row(lines, rng)
    lines[at] = _join(change(_cells(lines[at])))
    return Mutant(_raw(lines), at + 1)


def _at(cells: list[str], rng: np.random.Generator, pattern: re.Pattern[str] = _NUMBER) -> int:
    """Index of a cell of a form; of any cell if none has it."""
    fitting = [i for i, cell in enumerate(cells) if pattern.fullmatch(cell.strip())]
    return int(fitting[rng.integers(0, len(fitting))]) if fitting else int(rng.integers(0, len(cells)))


def name_dropped(raw: bytes, rng: np.random.Generator) -> Mutant:
    """The header loses a name."""
    lines = _lines(raw)
    names = _cells(lines[0])
    del names[rng.integers(0, len(names))]
    return Mutant(_raw([_join(names), *lines[1:]]))


def name_and_end_dropped(raw: bytes, rng: np.random.Generator) -> Mutant:
    """The header loses a name, and each row its last cell: the numbers of cells agree."""
    lines = _lines(raw)
    names = _cells(lines[0])
    del names[rng.integers(0, len(names))]
    rows = [_join(_cells(line)[: len(names)]) if line else line for line in lines[1:]]
    return Mutant(_raw([_join(names), *rows]))


def name_emptied(raw: bytes, rng: np.random.Generator) -> Mutant:
    """A name of the header is empty."""
    lines = _lines(raw)
    names = _cells(lines[0])
    names[rng.integers(0, len(names))] = ""
    return Mutant(_raw([_join(names), *lines[1:]]))


def name_doubled(raw: bytes, rng: np.random.Generator) -> Mutant:
    """A name stands twice in the header, instead of its neighbour or beside it."""
    lines = _lines(raw)
    names = _cells(lines[0])
    at = int(rng.integers(0, len(names) - 1))
    names[at + 1 : at + 1 + int(rng.integers(0, 2))] = [names[at]]
    return Mutant(_raw([_join(names), *lines[1:]]))


def name_renamed(raw: bytes, rng: np.random.Generator) -> Mutant:
    """A name of the header is misspelt."""
    lines = _lines(raw)
    names = _cells(lines[0])
    at = int(rng.integers(0, len(names)))
    name = names[at]
    names[at] = [name.lower(), name + "x", name[::-1], name[:-1], f"_{name}", name.replace("H", "h")][
        rng.integers(0, 6)
    ]
    return Mutant(_raw([_join(names), *lines[1:]]))


def cell_lost(raw: bytes, rng: np.random.Generator) -> Mutant:
    """A row loses a cell."""
    return _with_row(raw, rng, lambda c: c[: (at := int(rng.integers(0, len(c))))] + c[at + 1 :])


def cell_lost_and_padded(raw: bytes, rng: np.random.Generator) -> Mutant:
    """A row loses a cell and gets an empty one at its end."""
    return _with_row(raw, rng, lambda c: [*c[: (at := int(rng.integers(0, len(c))))], *c[at + 1 :], ""])


def cell_added(raw: bytes, rng: np.random.Generator) -> Mutant:
    """A row gets an empty cell."""
    return _with_row(raw, rng, lambda c: [*c[: (at := int(rng.integers(0, len(c))))], "", *c[at:]])


def cell_added_and_cut(raw: bytes, rng: np.random.Generator) -> Mutant:
    """A row gets a cell and loses its last one, if that is empty."""

    def change(cells: list[str]) -> list[str]:
        at = int(rng.integers(0, len(cells)))
        added = [*cells[:at], "", *cells[at:]]
        return added if added[-1] else added[:-1]

    return _with_row(raw, rng, change)


def decimal_comma(raw: bytes, rng: np.random.Generator) -> Mutant:
    """One number of a row has a decimal comma: it becomes two cells. An empty last cell may be lost."""
    cut = bool(rng.integers(0, 2))

    def change(cells: list[str]) -> list[str]:
        at = _at(cells, rng)
        parted = cells[:at] + cells[at].split(".") + cells[at + 1 :]
        return parted[:-1] if cut and not parted[-1] else parted

    return _with_row(raw, rng, change)


def decimal_commas(raw: bytes, rng: np.random.Generator) -> Mutant:
    """All numbers have decimal commas, in quotation marks or not."""
    quoted = rng.random() < 0.5
    mark = '"' if quoted else ""
    lines = [_NUMBER.sub(lambda m: mark + m[0].replace(".", ",") + mark, line) for line in _lines(raw)]
    return Mutant(_raw(lines))


def row_broken(raw: bytes, rng: np.random.Generator) -> Mutant:
    """A line end inside a row."""
    lines = _lines(raw)
    at = _row(lines, rng)
    place = int(rng.integers(1, max(2, len(lines[at]))))
    lines[at : at + 1] = [lines[at][:place], lines[at][place:]]
    return Mutant(_raw(lines), at + 1)


def rows_joined(raw: bytes, rng: np.random.Generator) -> Mutant:
    """A line end between two rows is lost."""
    lines = _lines(raw)
    at = _row(lines[:-2], rng)
    lines[at : at + 2] = [lines[at] + lines[at + 1]]
    return Mutant(_raw(lines))


def delimiter_in_a_row(raw: bytes, rng: np.random.Generator) -> Mutant:
    """One row has another delimiter."""
    lines = _lines(raw)
    at = _row(lines, rng)
    lines[at] = lines[at].replace(",", ";\t|"[rng.integers(0, 3)])
    return Mutant(_raw(lines), at + 1)


def delimiters(raw: bytes, rng: np.random.Generator) -> Mutant:
    """The file has another delimiter, with or without its header."""
    lines, other = _lines(raw), ";\t| "[rng.integers(0, 4)]
    first = int(rng.integers(0, 2))
    return Mutant(_raw(lines[:first] + [line.replace(",", other) for line in lines[first:]]))


def dates_exchanged(raw: bytes, rng: np.random.Generator) -> Mutant:
    """Day and month are exchanged in all dates."""
    text = raw.decode("latin-1")
    text = re.sub(r"(\d\d)/(\d\d)/(\d{2,4})", r"\2/\1/\3", text)
    return Mutant(re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\1-\3-\2", text).encode("latin-1"))


def date_mangled(raw: bytes, rng: np.random.Generator) -> Mutant:
    """The date of one row is written in another form."""
    forms = [
        "{y}/{m}/{d}",
        "{y}-{d}-{m}",
        "{d}.{m}.{y}",
        "{m}/{d}/{y}",
        "00/{m}/{y}",
        "{d}/{m}",
        "38425",
        "",
        "31/02/{y}",
    ]
    form = forms[rng.integers(0, len(forms))]

    def change(cells: list[str]) -> list[str]:
        at = _at(cells, rng, _DATE)
        parts = re.split("[/-]", cells[at])
        if len(parts) == 3:
            y, m, d = parts if len(parts[0]) == 4 else parts[::-1]
            cells[at] = form.format(y=y, m=m, d=d)
        return cells

    mutant = _with_row(raw, rng, change)
    return Mutant(mutant.raw, mutant.line, undetectable=form in ("{m}/{d}/{y}", "{y}-{d}-{m}", "38425"))


def digit_changed(raw: bytes, rng: np.random.Generator) -> Mutant:
    """12.5 becomes 12.6: nothing shows it."""

    def change(cells: list[str]) -> list[str]:
        at = _at(cells, rng)
        cells[at] = re.sub(r"\d$", lambda m: str((int(m[0]) + 1) % 10), cells[at])
        return cells

    mutant = _with_row(raw, rng, change)
    return Mutant(mutant.raw, mutant.line, undetectable=True)


def point_lost(raw: bytes, rng: np.random.Generator) -> Mutant:
    """12.5 becomes 125: nothing shows it for certain."""

    def change(cells: list[str]) -> list[str]:
        at = _at(cells, rng)
        cells[at] = cells[at].replace(".", "")
        return cells

    mutant = _with_row(raw, rng, change)
    return Mutant(mutant.raw, mutant.line, undetectable=True)


def cut(raw: bytes, rng: np.random.Generator) -> Mutant:
    """The file ends at any byte."""
    return Mutant(raw[: int(rng.integers(1, len(raw)))])


def cut_near_a_row(raw: bytes, rng: np.random.Generator) -> Mutant:
    """The file ends within the last cells of a row."""
    ends = [i for i, byte in enumerate(raw) if byte == 10][2:]
    return Mutant(raw[: int(ends[rng.integers(0, len(ends))]) - int(rng.integers(1, 6))])


def encoding(raw: bytes, rng: np.random.Generator) -> Mutant:
    """The file is written in another encoding."""
    names = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "cp1252", "latin-1", "cp500", "mac-roman"]
    text = raw.decode("utf-8-sig", "replace")
    return Mutant(text.encode(names[rng.integers(0, len(names))], "replace"))


def byte_broken(raw: bytes, rng: np.random.Generator) -> Mutant:
    """A byte of a row is no letter any more."""
    lines = _lines(raw)
    at = _row(lines, rng)
    place = int(rng.integers(0, len(lines[at])))
    broken = chr(int(rng.integers(128, 256)))
    lines[at] = lines[at][:place] + broken + lines[at][place + 1 :]
    return Mutant(_raw(lines), at + 1)


def letters(raw: bytes, rng: np.random.Generator) -> Mutant:
    """Spaces, accents and signs have other Unicode forms."""
    text = raw.decode("utf-8-sig", "replace")
    kind = int(rng.integers(0, 5))
    if kind == 0:
        text = unicodedata.normalize("NFD", text)
    elif kind == 1:
        text = text.replace(" ", "\u00a0")
    elif kind == 2:
        text = text.replace(",-", ",\u2212")
    elif kind == 3:
        text = text.replace(",", "\u200b,")
    else:
        text = text.replace(" ", "\u2009").replace("\n", "\u200e\n")
    return Mutant(text.encode())


def row_doubled(raw: bytes, rng: np.random.Generator) -> Mutant:
    """A row stands twice, the second time perhaps with another price."""
    lines = _lines(raw)
    at = _row(lines, rng)
    cells = _cells(lines[at])
    if rng.integers(0, 2):
        cells[_at(cells, rng)] = "7.77"
    lines.insert(int(rng.integers(at + 1, len(lines))), _join(cells))
    return Mutant(_raw(lines), None)


def line_ends(raw: bytes, rng: np.random.Generator) -> Mutant:
    """Other line ends, blank lines between rows, or no last line end."""
    text = "\n".join(_lines(raw))
    ends = ["\r", "\r\n", "\r\r\n", "\n\n", "\n\r"]
    text = text.rstrip("\n") if rng.integers(0, 4) == 0 else text.replace("\n", ends[rng.integers(0, len(ends))])
    return Mutant(text.encode("latin-1"))


def quotation_mark(raw: bytes, rng: np.random.Generator) -> Mutant:
    """A quotation mark somewhere in a row."""
    lines = _lines(raw)
    at = _row(lines, rng)
    place = int(rng.integers(0, len(lines[at])))
    lines[at] = lines[at][:place] + '"' + lines[at][place:]
    return Mutant(_raw(lines), at + 1)


MUTATIONS: tuple[Mutation, ...] = (
    name_dropped, name_and_end_dropped, name_emptied, name_doubled, name_renamed, cell_lost, cell_lost_and_padded,
    cell_added, cell_added_and_cut, decimal_comma, decimal_commas, row_broken, rows_joined, delimiter_in_a_row,
    delimiters, dates_exchanged, date_mangled, digit_changed, point_lost, cut, cut_near_a_row, encoding, byte_broken,
    letters, row_doubled, line_ends, quotation_mark,
)  # fmt: skip
