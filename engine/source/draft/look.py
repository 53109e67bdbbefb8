"""A look at a file: its form, and its columns with some of their values."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.errors import SourceError
from engine.names.texts import clean_name
from engine.source.decode import decode
from engine.source.mapped.records import read_records
from engine.source.mapping.keys import Records
from engine.source.quarantine import Quarantine
from engine.source.sandbox.archive import ArchiveLimits, is_archive, members
from engine.source.table import read_table

_DELIMITERS: Final = (",", ";", "\t", "|")
#: Bytes of a table that are looked at.
_SAMPLE: Final = 4_000_000
_ROWS: Final = 5_000
#: A cell with a number or a date, which is no name of a column. Names such as 1 and 2 have no point.
_VALUE: Final = re.compile(r"[+-]?\d+[.,]\d+|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*")
_WEB: Final = ("<!doctype", "<html", "<?xml")


@dataclass(frozen=True)
class Look:
    """What a file looks like.

    Attributes
    ----------
    name : str
        Name of the file without folders.
    columns : dict
        Values of each column, trimmed, without empty ones; in the order of the file.
    delimiter : str
    header_line : int or None
        Line of the names, if it is not the first line with text.
    records : Records or None
        Where the rows of a JSON document are.
    headerless : bool
        Whether the first line has values and no names. The names are then those of a later line of names, or numbers.
    """

    name: str
    columns: dict[str, list[str]]
    delimiter: str = ","
    header_line: int | None = None
    records: Records | None = None
    headerless: bool = False


def look_at(path: Path) -> Look:
    """Look at a file: a table, a JSON document, or the first member of an archive.

    Raises
    ------
    SourceError
        The file cannot be opened, or is neither a table of text nor JSON.
    """
    try:
        if is_archive(path):
            with tempfile.TemporaryDirectory(prefix="bea-map-") as folder:
                first = next(iter(members(path, Path(folder), ArchiveLimits(files=20_000))), None)
                if first is None:
                    raise SourceError("an empty archive", where=str(path))
                return _look(first.path.read_bytes(), first.name.rsplit("/", 1)[-1])
        return _look(path.read_bytes(), path.name)
    except OSError as error:
        raise SourceError("the file cannot be opened", where=str(path), found=error.strerror or str(error)) from None


def _look(raw: bytes, name: str) -> Look:
    text, _ = decode(raw)
    start = text.lstrip("\ufeff \r\n\t")
    if start[:1] in ("{", "["):
        return _document(raw, text, name)
    if start[:10].lower().startswith(_WEB):
        raise SourceError("a web page, not a table", where=name, todo="download the file again")
    lines = text[:_SAMPLE].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(text) > _SAMPLE:
        lines.pop()
    delimiter, header = _form(lines)
    names = _names(lines, header, delimiter)
    if names:
        lines, header = [delimiter.join(names), *lines], 0
    body = "\n".join([""] * header + lines[header : header + _ROWS]) + "\n"
    table = read_table(body.encode("utf-8", "surrogatepass"), Quarantine(), delimiter=delimiter, multiline=True)
    columns = {
        c: [v for v in table.column(c) if v and v != c] for c in table.header if c and table.header.count(c) == 1
    }
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    return Look(name, columns, delimiter, None if header == first else header + 1, headerless=bool(names))


def _form(lines: list[str]) -> tuple[str, int]:
    """Delimiter of a table, and the index of its header: the first line as wide as most lines."""
    sample = [line for line in lines[:500] if line.strip()]
    if not sample:
        raise SourceError("an empty file", expected="a header and rows")

    def agreement(delimiter: str) -> tuple[float, int]:
        widths = Counter(_width(line, delimiter) for line in sample)
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        return (count / len(sample) if width > 1 else 0.0, width)

    delimiter = max(_DELIMITERS, key=agreement)
    _, width = agreement(delimiter)
    header = next(i for i, line in enumerate(lines) if line.strip() and _width(line, delimiter) >= width)
    return delimiter, header


def _names(lines: list[str], header: int, delimiter: str) -> list[str]:
    """Names for the columns of a file whose first line has values: from a later line of names, or numbered ones."""
    cells = [clean_name(cell) for cell in lines[header].split(delimiter)]
    if not any(_VALUE.fullmatch(cell) for cell in cells):
        return []
    for line in lines:
        names = [clean_name(cell) for cell in line.split(delimiter)]
        if len(names) == len(cells) == len({name for name in names if name}) and not any(map(_VALUE.fullmatch, names)):
            return names
    return [f"column_{i + 1}" for i in range(len(cells))]


def _width(line: str, delimiter: str) -> int:
    return re.sub(r'"[^"]*"', "", line).count(delimiter) + 1


def _document(raw: bytes, text: str, name: str) -> Look:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        first = text.lstrip("\ufeff \r\n\t").split("\n", 1)[0]
        try:
            document = [json.loads(first)]
        except (ValueError, RecursionError) as error:
            raise SourceError("not a JSON document", where=name, found=str(error)[:80]) from None
    where, items = _records(document)
    each = _nested(items)
    paths = list(dict.fromkeys(path for item in items[:200] for path in _paths(item, each)))
    paths += [f"/{key}" for key, value in (document.items() if isinstance(document, dict) else ()) if _plain(value)]
    records = Records(where, tuple(each))
    table = read_records(raw, records, paths, Quarantine())
    columns = {column: [v for v in table.column(column)[:_ROWS] if v] for column in table.header}
    return Look(name, columns, records=records)


def _records(document: Any) -> tuple[str, list[Any]]:
    """Path of the list of records, and the records: the longest list of objects near the top."""
    if isinstance(document, list):
        return "", [item for item in document if isinstance(item, dict)]
    found: list[tuple[int, str, list[Any]]] = []

    def search(value: Any, path: str, depth: int) -> None:
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            found.append((len(value), path, value))
        elif isinstance(value, dict) and depth < 3:
            for key, inner in value.items():
                search(inner, f"{path}.{key}" if path else key, depth + 1)

    search(document, "", 0)
    if not found:
        return "", [document]
    _, path, items = max(found, key=lambda item: item[0])
    return path, items


def _nested(items: list[Any]) -> list[str]:
    """Keys of the lists of objects inside of the records, one inside the other; the one with most items each time."""
    each: list[str] = []
    while True:
        sizes: Counter[str] = Counter()
        for item in items:
            for key, value in item.items() if isinstance(item, dict) else ():
                if isinstance(value, list) and value and all(isinstance(inner, dict) for inner in value):
                    sizes[key] += len(value)
        inner_lists = {key: size for key, size in sizes.items() if not re.search("score", key, re.IGNORECASE)}
        if not inner_lists or len(each) == 4:
            return each
        key = max(inner_lists, key=lambda name: inner_lists[name])
        each.append(key)
        items = [inner for item in items for inner in (item.get(key) or () if isinstance(item, dict) else ())]


def _paths(item: Any, each: list[str], prefix: str = "") -> Iterator[str]:
    """Paths of the plain values of a record, those inside of its lists included."""
    if not isinstance(item, dict):
        return
    for key, value in item.items():
        path = f"{prefix}{key}"
        if _plain(value):
            yield path
        elif isinstance(value, dict):
            yield from _paths(value, [], f"{path}.")
        elif isinstance(value, list) and each and key == each[0]:
            for inner in value:
                yield from _paths(inner, each[1:], f"{path}.")
        elif (
            isinstance(value, list) and re.search("score", key, re.IGNORECASE) and value and isinstance(value[0], dict)
        ):
            yield f"{path}[name=home_team].score"
            yield f"{path}[name=away_team].score"


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)
