"""DuckDB over a store: two views on exactly the verified files, no extension fetched, bounded threads and memory."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from engine.errors import ConfigurationError
from engine.schema import EVENTS, QUOTES
from engine.store.manifest import Entry
from engine.store.universe import Universe

if TYPE_CHECKING:
    import duckdb

_TYPES = {
    pl.Int64: "BIGINT",
    pl.Int32: "INTEGER",
    pl.Float64: "DOUBLE",
    pl.String: "VARCHAR",
    pl.Boolean: "BOOLEAN",
    pl.Date: "DATE",
}


def connect(*, threads: int, memory_limit: str, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """An empty database in memory; what goes beyond `memory_limit` is put aside in the folder `spill`.

    Raises `ConfigurationError` where DuckDB refuses a setting.
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": str(spill or Path(tempfile.gettempdir()) / "bea-spill"),
        "threads": max(1, threads),
    }
    if memory_limit:
        config["memory_limit"] = memory_limit
    try:
        connection = duckdb.connect(":memory:", config=config)
    except duckdb.Error as error:
        raise ConfigurationError("DuckDB refuses a setting", found=str(error)[:160]) from None
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def show(
    connection: duckdb.DuckDBPyConnection,
    events: Sequence[Path],
    quotes: Sequence[Path],
    held: Sequence[Entry],
    universe: Universe,
) -> None:
    """Let the views `events` and `quotes` stand for content files, narrowed by the universe, and list their names.

    The table `names` (kind, name) holds the markets and bookmakers of the entries `held`.
    """
    for table, schema, paths in (("events", EVENTS, events), ("quotes", QUOTES, quotes)):
        _view(connection, table, schema, paths, _where(table, universe))
    rows = [("market", name) for name in sorted({name for entry in held for name in entry.markets})]
    rows += [("bookmaker", name) for name in sorted({name for entry in held for name in entry.bookmakers})]
    connection.execute("CREATE OR REPLACE TABLE names (kind VARCHAR, name VARCHAR)")
    if rows:
        connection.executemany("INSERT INTO names VALUES (?, ?)", rows)


def _view(
    connection: duckdb.DuckDBPyConnection, table: str, schema: dict[str, Any], paths: Sequence[Path], where: str
) -> None:
    if paths:
        named = ", ".join(_text(str(path)) for path in paths)
        rows = f"SELECT * FROM read_parquet([{named}], hive_partitioning = false)"
    else:
        columns = ", ".join(f'NULL::{_TYPES.get(kind, "TIMESTAMPTZ")} AS "{name}"' for name, kind in schema.items())
        rows = f"SELECT {columns} LIMIT 0"
    connection.execute(f'CREATE OR REPLACE VIEW "{table}" AS FROM ({rows}) {where}')


def _where(table: str, universe: Universe) -> str:
    tests = []
    if table == "quotes":
        columns = {"market": "markets", "bookmaker": "bookmakers", "instant": "instants", "side": "sides"}
        for column, field in columns.items():
            names = getattr(universe, field)
            if names is not None:
                tests.append(f"{column} IN ({', '.join(_text(n) for n in names)})")
        if universe.first_date or universe.last_date:
            tests.append("event_id IN (SELECT event_id FROM events)")
    else:
        if universe.first_date:
            tests.append(f"date >= DATE '{universe.first_date.isoformat()}'")
        if universe.last_date:
            tests.append(f"date <= DATE '{universe.last_date.isoformat()}'")
    return f"WHERE {' AND '.join(tests)}" if tests else ""


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
