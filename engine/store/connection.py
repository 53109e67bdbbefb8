"""DuckDB over a store: two views on exactly the verified files, no extension fetched, bounded threads."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from engine.errors import ConfigurationError
from engine.schema import EVENTS, INSTANT_DTYPE, QUOTES
from engine.store.universe import Universe

if TYPE_CHECKING:
    import duckdb

    from engine.store.store import Store

_TYPES = {
    pl.Int64: "BIGINT",
    pl.Int32: "INTEGER",
    pl.Float64: "DOUBLE",
    pl.String: "VARCHAR",
    pl.Boolean: "BOOLEAN",
    pl.Date: "DATE",
}


@cache
def sql(name: str) -> str:
    """Text of a query of the folder `engine/store/sql`."""
    return files("engine.store").joinpath("sql", f"{name}.sql").read_text("utf-8")


def connect(store: Store, universe: Universe, *, threads: int, memory_limit: str) -> duckdb.DuckDBPyConnection:
    """Connection with the views `events` and `quotes`; universe narrows files, and rows by name and date."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "threads": max(1, threads),
    }
    if memory_limit:
        config["memory_limit"] = memory_limit
    try:
        connection = duckdb.connect(":memory:", config=config)
    except duckdb.Error as error:
        raise ConfigurationError("DuckDB refuses a setting", found=str(error)[:160]) from None
    connection.execute("SET TimeZone = 'UTC'")
    for table, schema in (("events", EVENTS), ("quotes", QUOTES)):
        _view(connection, table, schema, store.files(table, universe), _where(table, universe))
    return connection


def _view(
    connection: duckdb.DuckDBPyConnection, table: str, schema: dict[str, Any], paths: list[Path], where: str
) -> None:
    if paths:
        named = ", ".join(_text(str(path)) for path in paths)
        rows = f"SELECT * FROM read_parquet([{named}], hive_partitioning = false)"
    else:
        columns = ", ".join(f'NULL::{_TYPES.get(kind, "TIMESTAMPTZ")} AS "{name}"' for name, kind in schema.items())
        rows = f"SELECT {columns} LIMIT 0"
    connection.execute(f'CREATE VIEW "{table}" AS FROM ({rows}) {where}')


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


def run(connection: duckdb.DuckDBPyConnection, name: str, arguments: dict[str, Any]) -> pl.DataFrame:
    """Run a query of the folder with its arguments bound; the result as a frame."""
    rows = pl.DataFrame(connection.sql(sql(name), params=arguments).to_arrow_table())
    times = [n for n, kind in rows.schema.items() if isinstance(kind, pl.Datetime)]
    return rows.with_columns(pl.col(n).dt.convert_time_zone("UTC").cast(INSTANT_DTYPE) for n in times)
