"""From the bytes of a file to a table of texts, as a mapping describes it: JSON, or a table with a header somewhere."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Sequence
from dataclasses import replace

from engine.errors import SourceError
from engine.source.decode import decode, shown
from engine.source.mapped.records import read_records
from engine.source.mapped.texts import plain_number
from engine.source.mapping.check import columns_of
from engine.source.mapping.keys import Mapping
from engine.source.quarantine import Quarantine
from engine.source.table import Table, duplicates, read_table


def read_file(raw: bytes, mapping: Mapping, quarantine: Quarantine) -> Table:
    """Table of a file, with the columns that the mapping needs.

    Raises
    ------
    SourceError
        The file is not what the mapping says: another encoding, no JSON, a column of the header twice, or a column
        that the mapping needs is missing.
    """
    if mapping.encoding:
        raw = _decoded(raw, mapping.encoding)
    if mapping.records is not None:
        table = read_records(raw, mapping.records, list(columns_of(mapping)), quarantine)
        _check_paths(table, mapping, quarantine)
        return table

    def check(header: list[str]) -> None:
        _check_header(header, mapping, quarantine)

    if mapping.columns:
        check(list(mapping.columns))
        return _without_header(raw, mapping, quarantine)
    raw = _from_line(raw, mapping.header_line) if mapping.header_line else raw
    return read_table(raw, quarantine, delimiter=mapping.delimiter, multiline=True, check=check)


def with_plain_numbers(table: Table, mapping: Mapping) -> Table:
    """The table with empty cells for the texts in `missing`, and numbers of prices, lines and facts as in English."""
    blank, columns = set(mapping.missing), _number_columns(mapping)
    convert = mapping.decimal != "." or bool(mapping.thousands)
    places = [k for k, name in enumerate(table.header) if convert and name in columns]
    if not (blank or places):
        return table
    rows = []
    for cells in table.rows:
        row = ["" if cell.strip() in blank else cell for cell in cells] if blank else list(cells)
        for k in places:
            row[k] = plain_number(row[k].strip(), mapping.decimal, mapping.thousands)
        rows.append(row)
    return replace(table, rows=rows)


def _number_columns(mapping: Mapping) -> set[str]:
    """Columns of prices, lines and facts."""
    facts = {name for pair in mapping.facts.values() for name in (pair.home, pair.away)}
    if mapping.long is not None:
        return ({mapping.long.odds_column, mapping.long.line_column} | facts) - {""}
    return ({name for p in mapping.prices or () for name in (p.column, p.line_column)} | facts) - {""}


def flag_commas(table: Table, mapping: Mapping, quarantine: Quarantine) -> None:
    """Flag a file whose prices have decimal commas where the mapping does not say so."""
    if mapping.decimal != "." or mapping.thousands:
        return
    names = _number_columns(mapping) & set(table.header)
    cells = [cell for name in sorted(names) for cell in table.column(name) if re.fullmatch(r"[+-]?\d+,\d+", cell)]
    if cells:
        reason = f"{len(cells)} numbers have a decimal comma: add `decimal: ','` to the mapping if it is one"
        quarantine.flag(None, None, cells[0], reason)


def _decoded(raw: bytes, encoding: str) -> bytes:
    try:
        return raw.decode(encoding).removeprefix("\ufeff").encode()
    except (UnicodeError, LookupError) as error:
        raise SourceError(
            "the file has another encoding than the mapping says", expected=encoding, found=str(error)[:80]
        ) from None


def _from_line(raw: bytes, header_line: int) -> bytes:
    """The file with empty lines in place of those before its header, so that every line keeps its number."""
    text = decode(raw)[0].replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if header_line > len(lines) or not lines[header_line - 1].strip():
        raise SourceError(
            "the header line is empty", expected=f"names in line {header_line}", found=f"{len(lines)} lines"
        )
    return "\n".join([""] * (header_line - 1) + lines[header_line - 1 :]).encode("utf-8", "surrogatepass")


def _without_header(raw: bytes, mapping: Mapping, quarantine: Quarantine) -> Table:
    """Table of a file without a header, which the mapping names in `columns`."""
    names = io.StringIO()
    csv.writer(names, delimiter=mapping.delimiter, lineterminator="\n").writerow(mapping.columns)
    inside = Quarantine()
    text = names.getvalue() + decode(raw)[0]
    table = read_table(text.encode("utf-8", "surrogatepass"), inside, delimiter=mapping.delimiter, multiline=True)
    quarantine.take(inside, -1)
    table.lines = [line - 1 for line in table.lines]
    table.cut = {line - 1: position for line, position in table.cut.items()}
    return table


def needed_columns(mapping: Mapping) -> list[str]:
    """Columns without which no row can be read."""
    texts = [mapping.sport, mapping.competition, mapping.home, mapping.away]
    texts += [mapping.long.market, mapping.long.selection] if mapping.long else []
    needed = [name for text in texts for name in text.sources] + list(mapping.start.sources)
    return needed + ([mapping.long.odds_column] if mapping.long else [])


def _check_header(header: list[str], mapping: Mapping, quarantine: Quarantine) -> None:
    names = set(header)
    repeated = duplicates(header)
    if repeated:
        raise SourceError("duplicate columns in the header", found=", ".join(repeated[:3]))
    missing = [name for name in needed_columns(mapping) if name not in names]
    if missing:
        raise _missing("a column of the mapping is missing", missing, header)
    named = (*mapping.scores.values(), *mapping.facts.values())
    for pair in [(mapping.home_score, mapping.away_score), *((pair.home, pair.away) for pair in named)]:
        lost = [name for name in pair if name and name not in names]
        if len(lost) == 1 and all(pair):  # names that moved by one would give the score of the other side
            raise _missing(
                f"a column of the mapping is missing beside {next(n for n in pair if n in names)}", lost, header
            )
    prices = mapping.prices or ()
    absent = [p.column for p in prices if p.column not in names]
    if prices and len(absent) == len(prices):
        raise _missing("none of the price columns of the mapping is present", absent[:1], header)
    for name in absent:
        quarantine.flag(None, name, "", "the file lacks this price column of the mapping")
    _flag_absent(names, mapping, quarantine)


def refuse_moved_names(table: Table, mapping: Mapping) -> None:
    """Refuse a file that lacks a name of the mapping and has values in a last column without a name.

    Raises
    ------
    SourceError
        More than half of the rows have such a value.
    """
    lost = [name for name in columns_of(mapping) if name and name not in table.header]
    if not lost or not table.header or table.header[-1]:
        return
    filled = sum(bool(row[-1].strip()) for row in table.rows)
    if 2 * filled > len(table.rows):
        raise SourceError(
            "a name is missing in the header",
            expected=f"the column {lost[0]} of the mapping",
            found=f"no such name, and a last column without a name with values in {filled} of {len(table.rows)} rows",
            todo="put the lost name right: the names behind it moved by one",
        )


def _flag_absent(names: set[str], mapping: Mapping, quarantine: Quarantine) -> None:
    """Flag the columns that rows can be read without. Of the columns of `known` one is enough."""
    known = mapping.known
    alternatives = {*known.columns, known.updated} if known.files or names & set(known.columns) else set[str]()
    done = {"", *(p.column for p in mapping.prices or ()), *alternatives}
    for name in columns_of(mapping):
        if name not in names and name not in done:
            done.add(name)
            quarantine.flag(None, name, "", "the file lacks this column of the mapping")


def _check_paths(table: Table, mapping: Mapping, quarantine: Quarantine) -> None:
    """Check that the paths of a JSON mapping lead to values: those that every row needs, and the prices."""
    if not table.rows:
        return
    long = mapping.long
    of_prices = [*long.market.sources, *long.selection.sources, long.odds_column] if long else []
    empty = [name for k, name in enumerate(table.header) if not any(row[k] for row in table.rows)]
    missing = [name for name in needed_columns(mapping) if name in empty and name not in of_prices]
    if missing:
        raise SourceError("a path of the mapping has no value in any record", expected=", ".join(missing[:5]))
    priced = [long.odds_column] if long else [p.column for p in mapping.prices or ()]
    absent = [name for name in priced if name in empty]
    if priced and len(absent) == len(priced):
        inside = "".join(f"{path}." for path in (mapping.records.each if mapping.records else ()))
        if inside and any(name not in empty for name in of_prices if name.startswith(inside)):
            raise SourceError("a path of the mapping has no value in any record", expected=absent[0])
        quarantine.flag(None, absent[0], "", "no record has a price: only the events are read")


def _missing(what: str, missing: Sequence[str], header: Sequence[str]) -> SourceError:
    close = [near[0] for name in missing[:3] if (near := difflib.get_close_matches(name, header, 1))]
    return SourceError(
        what,
        expected=", ".join(missing[:5]),
        found=shown(list(header)),
        todo=f"did you mean {', '.join(map(repr, close))}?"
        if close
        else "name the column of the file; a text that is the same in all rows is written {value: TEXT}",
    )
