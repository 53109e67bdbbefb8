"""JSON documents as tables: one row for each record, or for each item of the lists inside of it.

The columns of the table are the paths that the mapping names. A path is a list of keys, such as
``bookmakers.markets.key``. ``scores[0]`` is the first item of a list, ``scores[name=home_team]`` the item whose `name`
equals the `home_team` of the record, and ``/timestamp`` a key of the document around the records. Where a list is an
object instead, its values are the items, and ``@key`` is the key of an item.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from engine.errors import SourceError
from engine.source.decode import decode, shown
from engine.source.mapping.keys import Records
from engine.source.quarantine import Quarantine
from engine.source.table import Table

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]|\[([^\[\]=]+)=([^\[\]]+)\]")
_MOST_ROWS = 5_000_000
#: half of a character of two: JSON can write it, and no text can hold it
_HALF = re.compile(r"[\ud800-\udfff]")


def read_records(raw: bytes, records: Records, columns: Sequence[str], quarantine: Quarantine) -> Table:
    """Read a JSON document, or a file with one JSON object a line, as a table.

    Parameters
    ----------
    raw : the bytes of the file
    records : where the records are
    columns : paths of the mapping; each is a column of the table
    quarantine : receives lines that are not JSON and records that are not objects

    Returns
    -------
    Table
        `lines` has the number of the record, from 1; with one object a line, the number of the line. Numbers are kept
        as they are written.

    Raises
    ------
    SourceError
        The file is not JSON, has a key twice in one object, or has no list of records.
    """
    text, _ = decode(raw)
    table = Table(list(dict.fromkeys(name for name in columns if name)))
    steps = {name: _steps(name) for name in table.header}
    for line, record, document in _records(text, records, table, quarantine):
        if not isinstance(record, dict):
            table.n_misfit += 1
            quarantine.row(line, _text(record), "a record that is not an object")
            continue
        for items in _rows(record, records.each):
            scopes = {(): record, ("/",): document, **items}
            cells = [_text(_value(scopes, steps[name])) for name in table.header]
            if any("\ufffd" in cell for cell in cells):
                table.n_misfit += 1
                quarantine.row(line, ",".join(cells), "a character that cannot be read: a broken byte")
                continue
            table.rows.append(cells)
            table.lines.append(line)
            if len(table.rows) > _MOST_ROWS:
                raise SourceError("too many rows", expected=f"at most {_MOST_ROWS:,}", todo="split the file")
    return table


def _records(text: str, records: Records, table: Table, quarantine: Quarantine) -> Iterator[tuple[int, Any, Any]]:
    """Number, record and document of each record."""
    try:
        document = _parsed(text)
    except ValueError as error:
        lines = text.splitlines()
        if str(error).startswith("Extra data") and len(lines) > 1:
            yield from _lines(lines, table, quarantine)
            return
        raise SourceError("not a JSON document", found=shown([text[:40]], 40), todo=str(error)[:80]) from None
    found = document
    if isinstance(document, dict) and records.list:
        found = _value({(): document, ("/",): document}, _steps(records.list))
        if found is None:
            keys = ", ".join(list(document)[:8])
            if not set(document) & {step.split(".")[0] for step in table.header}:
                raise SourceError(
                    "the document has no list of records", expected=records.list, found=f"keys {keys}"[:80]
                )
            found = [document]
    items = found if isinstance(found, list) else [found]
    for number, record in enumerate(items, 1):
        yield number, record, document


def _lines(lines: Sequence[str], table: Table, quarantine: Quarantine) -> Iterator[tuple[int, Any, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            table.n_blank += 1
            quarantine.blank(number, "a row without text")
            continue
        try:
            record = _parsed(line)
        except ValueError:
            table.n_misfit += 1
            quarantine.row(number, line, "a line that is not JSON")
            continue
        yield number, record, record


def _parsed(text: str) -> Any:
    """A JSON text with its numbers as texts.

    Raises
    ------
    ValueError
        The text is not JSON, is nested too deeply, or has a key twice in one object.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"the key {twice[:40]!r} occurs twice in one object")
        return table

    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=once)
    except RecursionError:
        raise ValueError("the document is nested too deeply") from None


def _steps(path: str) -> tuple[Any, ...]:
    """Steps of a path: texts are keys, numbers are places in a list, pairs select an item of a list."""
    prefix: tuple[Any, ...] = ("/",) if path.startswith("/") else ()
    steps: list[Any] = []
    for key, place, name, other in _STEP.findall(path.removeprefix("/")):
        steps.append(key if key else int(place) if place else (name.strip(), other.strip()))
    return (*prefix, *steps)


def _rows(record: dict[str, Any], each: Sequence[str]) -> Iterator[dict[tuple[Any, ...], Any]]:
    """For each row of a record, the items of the lists that it stands in, by the steps of their paths."""
    if not each:
        yield {}
        return

    def nested(item: Any, depth: int, prefix: tuple[Any, ...]) -> Iterator[dict[tuple[Any, ...], Any]]:
        if depth == len(each):
            yield {prefix: item}
            return
        steps = _steps(each[depth])
        inner = _walk(item, steps)
        values = (
            [{**v, "@key": k} if isinstance(v, dict) else v for k, v in inner.items()]
            if isinstance(inner, dict)
            else inner
        )
        path = (*prefix, *steps)
        if not isinstance(values, list) or not values:
            yield {prefix: item} if prefix else {}
            return
        for value in values:
            for row in nested(value, depth + 1, path):
                yield {prefix: item, **row} if prefix else row

    yield from nested(record, 0, ())


def _value(scopes: dict[tuple[Any, ...], Any], steps: tuple[Any, ...]) -> Any:
    """Value of a path: from the innermost item that the path goes through. None where there is no such key."""
    for length in range(len(steps), -1, -1):
        scope = scopes.get(steps[:length])
        if scope is not None:
            return _walk(scope, steps[length:], scopes)
    return None


def _walk(value: Any, steps: Sequence[Any], scopes: dict[tuple[Any, ...], Any] | None = None) -> Any:
    for step in steps:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        elif isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = _selected(value, step, scopes or {})
        if value is None:
            return None
    return value


def _selected(items: Any, step: tuple[str, str], scopes: dict[tuple[Any, ...], Any]) -> Any:
    """The one item of a list whose key has a value: that of another path, or a text in quotation marks."""
    name, other = step
    quoted = re.fullmatch(r"(['\"])(.*)\1", other)
    wanted = quoted[2] if quoted else _text(_value(scopes, _steps(other)))
    found = (
        [item for item in items if isinstance(item, dict) and _text(item.get(name)) == wanted]
        if isinstance(items, list)
        else []
    )
    return found[0] if len(found) == 1 and wanted else None


def _text(value: Any) -> str:
    """A value of JSON as the text of a cell; null is empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        value = _HALF.sub("\ufffd", value)
        return " ".join(value.split()) if "\n" in value else value
    return json.dumps(value, ensure_ascii=False)
