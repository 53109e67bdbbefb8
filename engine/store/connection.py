"""DuckDB on a store: two views on the verified files, bounded threads and memory, no downloaded extensions."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from engine.errors import ConfigurationError
from engine.schema import ALL_EVENTS, QUOTES
from engine.store.manifest import Entry
from engine.store.universe import Universe

if TYPE_CHECKING:
    import duckdb

_TYPES = {
    pl.Int64: "BIGINT",
    pl.Int32: "INTEGER",
    pl.Int8: "TINYINT",
    pl.Float64: "DOUBLE",
    pl.String: "VARCHAR",
    pl.Boolean: "BOOLEAN",
    pl.Date: "DATE",
}


def connect(*, threads: int, memory_limit: str, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Open an empty in-memory database.

    Parameters
    ----------
    threads : int
        Number of threads, at least 1.
    memory_limit : str
        Such as ``1GB``; an empty text keeps DuckDB's default.
    spill : Path, optional
        Folder for data beyond the memory limit; by default one in the system's temporary folder.

    Raises
    ------
    ConfigurationError
        DuckDB refuses a setting.
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


def create_views(
    connection: duckdb.DuckDBPyConnection,
    events: Sequence[Path],
    quotes: Sequence[Path],
    entries: Sequence[Entry],
    universe: Universe,
) -> None:
    """Create the views `events` and `quotes` on content files, restricted to a universe, and the table `names`.

    Views and table of an earlier call are replaced.

    Parameters
    ----------
    connection : DuckDBPyConnection
    events, quotes : sequence of Path
        Verified content files.
    entries : sequence of Entry
        Manifest entries of the quotes. Their markets and bookmakers become the rows (kind, name) of the table `names`.
    universe : Universe
    """
    for table, schema, paths in (("events", ALL_EVENTS, events), ("quotes", QUOTES, quotes)):
        _view(connection, table, schema, paths, _where(table, universe))
    rows = [("market", name) for name in sorted({name for entry in entries for name in entry.markets})]
    rows += [("bookmaker", name) for name in sorted({name for entry in entries for name in entry.bookmakers})]
    connection.execute("CREATE OR REPLACE TABLE names (kind VARCHAR, name VARCHAR)")
    if rows:
        connection.executemany("INSERT INTO names VALUES (?, ?)", rows)


def _view(
    connection: duckdb.DuckDBPyConnection, table: str, schema: dict[str, Any], paths: Sequence[Path], where: str
) -> None:
    columns = ", ".join(f'NULL::{_TYPES.get(kind, "TIMESTAMPTZ")} AS "{name}"' for name, kind in schema.items())
    rows = f"SELECT {columns} LIMIT 0"
    if paths:
        files = ", ".join(_text(str(path)) for path in paths)
        stored = f"SELECT * FROM read_parquet([{files}], hive_partitioning = false, union_by_name = true)"
        rows = f"({rows}) UNION ALL BY NAME ({stored})" if table == "events" else stored  # events: files lack columns
    connection.execute(f'CREATE OR REPLACE VIEW "{table}" AS FROM ({rows}) {where}')


def _where(table: str, universe: Universe) -> str:
    conditions = []
    if table == "quotes":
        columns = {"market": "markets", "bookmaker": "bookmakers", "instant": "instants", "side": "sides"}
        for column, field in columns.items():
            names = getattr(universe, field)
            if names is not None:
                conditions.append(f"{column} IN ({', '.join(_text(n) for n in names)})")
        if universe.first_date or universe.last_date:
            conditions.append("event_id IN (SELECT event_id FROM events)")
    else:
        if universe.first_date:
            conditions.append(f"date >= DATE '{universe.first_date.isoformat()}'")
        if universe.last_date:
            conditions.append(f"date <= DATE '{universe.last_date.isoformat()}'")
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
