"""As-of queries in DuckDB, with numbers in place of names so that grouping is fast.

The names of bookmakers, markets and selections become their positions in sorted lists. Quotes are then grouped by
integers and a line, and sorting by number is sorting by name. Names are looked up once per entry of a Parquet
dictionary, not once per row. Bookmakers and markets come from the manifest. Selections are those of
`schema.SELECTIONS`; if a quote has another selection, its number is null in the result, and the query runs again with
all selections of the quotes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from engine.errors import StoreError
from engine.schema import INSTANT_DTYPE, SELECTIONS, SEQUENCE

if TYPE_CHECKING:
    import duckdb

#: `order_key` of a quote: nanoseconds since 2020 times 4, plus its sequence. An int64 covers the years 1947 to 2092.
_FIRST_NS: Final = 1_577_836_800_000_000_000
_KINDS: Final = 4
_SELECTIONS: Final = tuple(sorted({name for names in SELECTIONS.values() for name in names}))
_NUMBERS: Final = ("decision", "bet_id", "bookmaker_id", "order_key")


@dataclass(frozen=True)
class Names:
    """Names behind the numbers; each tuple is sorted and has no duplicates."""

    markets: tuple[str, ...]
    bookmakers: tuple[str, ...]
    selections: tuple[str, ...] = _SELECTIONS

    def bets(self) -> dict[str, list[str]]:
        """Market, selection and side of each `bet_id`, in the order of the numbers."""
        bets = [(m, s, side) for m in self.markets for s in self.selections for side in ("back", "lay")]
        return {name: [bet[place] for bet in bets] for place, name in enumerate(("market", "selection", "side"))}


@dataclass(frozen=True)
class Request:
    """Which quotes a query reads, and at which decisions.

    Attributes
    ----------
    instants : tuple of str
        Quote kinds that may be in force.
    ahead_ns : tuple of int
        Time from each decision to the start of the event (or to `instant_ns`), nanoseconds, longest first.
    instant_ns : int or None
        UTC nanoseconds; None for the start of each event.
    bookmakers : tuple of str or None
        Bookmakers; None for all.
    excluded : tuple of str
        Bookmakers to leave out.
    """

    instants: tuple[str, ...] = tuple(SEQUENCE)
    ahead_ns: tuple[int, ...] = (0,)
    instant_ns: int | None = None
    bookmakers: tuple[str, ...] | None = None
    excluded: tuple[str, ...] = ()


def names_of(connection: duckdb.DuckDBPyConnection) -> Names:
    """Markets and bookmakers of a connection from `Store.duckdb`, as listed in the manifest."""
    rows = connection.sql("SELECT kind, name FROM names ORDER BY name").fetchall()
    markets, bookmakers = (tuple(name for kind, name in rows if kind == wanted) for wanted in ("market", "bookmaker"))
    return Names(markets, bookmakers)


@cache
def _text(name: str) -> str:
    return files("engine.asof").joinpath("queries", f"{name}.sql").read_text("utf-8")


def run_query(connection: duckdb.DuckDBPyConnection, query: str, names: Names, request: Request) -> pl.DataFrame:
    """Run a query of the folder `engine/asof/queries` on the quotes in force.

    Parameters
    ----------
    connection : DuckDBPyConnection
        With the views `events` and `quotes`.
    query : str
        ``quotes``, ``prices`` or ``best_prices``.
    names : Names
        At least the bookmakers and markets of the quotes.
    request : Request

    Returns
    -------
    polars.DataFrame
        event_id, ahead_ns, market, line, selection, side, bookmaker, known_at, sequence and the columns of the query,
        sorted by event, decision (earliest first), market, line, selection, bookmaker (except best prices), side.

    Raises
    ------
    StoreError
        DuckDB cannot run the query.
    """
    rows = _run(connection, query, names, request)
    if rows["bet_id"].null_count():
        selections = connection.sql("SELECT DISTINCT selection FROM quotes").fetchall()
        names = replace(names, selections=tuple(sorted(name for (name,) in selections)))
        rows = _run(connection, query, names, request)
    return _with_names(rows, names, request)


def _run(connection: duckdb.DuckDBPyConnection, query: str, names: Names, request: Request) -> pl.DataFrame:
    import duckdb

    for macro in _macros(names, request):
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")
    in_force = "in_force_once" if len(request.ahead_ns) == 1 else "in_force_often"
    statement = f"WITH known AS ({_text('known')}), in_force AS ({_text(in_force)}) {_text(query)}"
    parameters: dict[str, Any] = {
        "instants": list(request.instants),
        "bookmakers": None if request.bookmakers is None else list(request.bookmakers),
        "excluded": list(request.excluded),
        "instant_ns": request.instant_ns,
        "decisions": len(request.ahead_ns),
    }
    try:
        return pl.DataFrame(connection.sql(statement, params=parameters).to_arrow_table())
    except duckdb.Error as error:
        raise StoreError("the store cannot be queried", found=str(error).splitlines()[0][:200]) from None


def _macros(names: Names, request: Request) -> list[str]:
    many = len(names.selections)
    later = " + ".join(f"(since_ns > {-ahead})::INTEGER" for ahead in request.ahead_ns)
    kinds = " ".join(f"WHEN '{name}' THEN {number}" for name, number in SEQUENCE.items())
    market, selection = _position(names.markets, "market"), _position(names.selections, "selection")
    return [
        f"decision_of(since_ns) AS {later}",
        f"order_key_of(known_ns, instant) AS (known_ns - {_FIRST_NS}) * {_KINDS} + CASE instant {kinds} END",
        f"bet_id_of(market, selection, side) AS ({market} * {many} + {selection}) * 2 + (side = 'lay')::INTEGER",
        f"market_id_of(bet_id) AS bet_id // {2 * many}",
        f"bookmaker_id_of(bookmaker) AS {_position(names.bookmakers, 'bookmaker')}",
    ]


def _position(names: tuple[str, ...], column: str) -> str:
    """SQL for the position of a column's value in a list of names; null where it is not listed."""
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    return f"(list_position([{listed}]::VARCHAR[], {column}) - 1)::INTEGER"


def _with_names(rows: pl.DataFrame, names: Names, request: Request) -> pl.DataFrame:
    """Replace numbers by the names and instants that they stand for."""
    bets = names.bets()
    bookmakers = pl.Series(names.bookmakers, dtype=pl.String)
    order_key = pl.col("order_key")
    known_at = (order_key // _KINDS + _FIRST_NS).cast(INSTANT_DTYPE)
    rest = [name for name in rows.columns if name not in ("event_id", "line", *_NUMBERS)]
    return rows.select(
        "event_id",
        pl.lit(pl.Series(request.ahead_ns, dtype=pl.Int64)).gather(pl.col("decision")).alias("ahead_ns"),
        pl.lit(pl.Series(bets["market"], dtype=pl.String)).gather(pl.col("bet_id")).alias("market"),
        "line",
        pl.lit(pl.Series(bets["selection"], dtype=pl.String)).gather(pl.col("bet_id")).alias("selection"),
        pl.lit(pl.Series(bets["side"], dtype=pl.String)).gather(pl.col("bet_id")).alias("side"),
        pl.lit(bookmakers).gather(pl.col("bookmaker_id")).alias("bookmaker"),
        known_at.alias("known_at"),
        (order_key % _KINDS).alias("sequence"),
        *rest,
    )
