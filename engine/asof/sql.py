"""As-of questions in DuckDB with numbers in the place of names: the way the store answers at the speed of its files.

Names of bookmakers, markets and selections become their places in sorted lists, so that quotes are grouped by three
whole numbers and a line, and the order of the numbers is that of the names. A list is looked up once a Parquet
dictionary, not once a row. The lists come from the manifest; selections start with those of `schema.SELECTIONS`, and
where a quote has another one, it is missing from the answer's numbers and all of them are looked up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from engine.asof.order import SEQUENCE
from engine.errors import StoreError
from engine.schema import INSTANT_DTYPE, SELECTIONS

if TYPE_CHECKING:
    import duckdb

#: `place` of a quote: nanoseconds since 2020, times 4, and its sequence; int64 holds the years 1947 to 2092
_FIRST_NS: Final = 1_577_836_800_000_000_000
_KINDS: Final = 4
_LISTED: Final = tuple(sorted({name for names in SELECTIONS.values() for name in names}))


@dataclass(frozen=True)
class Names:
    """The names that numbers stand for, each list sorted and without doubles."""

    markets: tuple[str, ...]
    bookmakers: tuple[str, ...]
    selections: tuple[str, ...] = _LISTED

    def bets(self) -> dict[str, list[str]]:
        """Market, selection and side of each number of a bet, in the order of the numbers."""
        bets = [(m, s, side) for m in self.markets for s in self.selections for side in ("back", "lay")]
        return {name: [bet[place] for bet in bets] for place, name in enumerate(("market", "selection", "side"))}


@dataclass(frozen=True)
class Asked:
    """What is asked about the views of a connection.

    Attributes
    ----------
    instants : tuple of str
        Kinds of quote that may be in force.
    ahead_ns : tuple of int
        Decisions, as spans before the start of an event, or before `instant_ns`; in nanoseconds, longest first.
    instant_ns : int or None
        An instant in UTC nanoseconds; None: the start of each event.
    bookmakers : tuple of str or None
        None: all of them.
    without : tuple of str
        Bookmakers that are left out.
    """

    instants: tuple[str, ...] = tuple(SEQUENCE)
    ahead_ns: tuple[int, ...] = (0,)
    instant_ns: int | None = None
    bookmakers: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()


def names_of(connection: duckdb.DuckDBPyConnection) -> Names:
    """The names in the views of a connection of `Store.duckdb`, as its manifest has them."""
    rows = connection.sql("SELECT kind, name FROM names ORDER BY name").fetchall()
    markets, bookmakers = (tuple(name for kind, name in rows if kind == wanted) for wanted in ("market", "bookmaker"))
    return Names(markets, bookmakers)


@cache
def _text(name: str) -> str:
    return files("engine.asof").joinpath("queries", f"{name}.sql").read_text("utf-8")


def answer(connection: duckdb.DuckDBPyConnection, question: str, names: Names, asked: Asked) -> pl.DataFrame:
    """Run a question of the folder `engine/asof/queries` over the quotes in force.

    Parameters
    ----------
    connection
        With the views `events` and `quotes`.
    question : str
        ``in_force``, ``prices`` or ``best``.
    names : Names
        At least the bookmakers and markets of the quotes.
    asked : Asked

    Returns
    -------
    DataFrame
        event_id, ahead_ns, market, line, selection, side, bookmaker, known_at, sequence and what the question adds, in
        the order of event, decision, market, line, selection (and bookmaker), side.
    """
    found = _run(connection, question, names, asked)
    if found["bet"].null_count():
        rows = connection.sql("SELECT DISTINCT selection FROM quotes").fetchall()
        names = replace(names, selections=tuple(sorted(name for (name,) in rows)))
        found = _run(connection, question, names, asked)
    return _named(found, names, asked)


def _run(connection: duckdb.DuckDBPyConnection, question: str, names: Names, asked: Asked) -> pl.DataFrame:
    import duckdb

    for macro in _macros(names, asked):
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")
    standing = "standing_once" if len(asked.ahead_ns) == 1 else "standing_often"
    query = f"WITH seen AS ({_text('seen')}), standing AS ({_text(standing)}) {_text(question)}"
    arguments: dict[str, Any] = {
        "instants": list(asked.instants),
        "bookmakers": None if asked.bookmakers is None else list(asked.bookmakers),
        "aggregates": list(asked.without),
        "instant_ns": asked.instant_ns,
        "decisions": len(asked.ahead_ns),
    }
    try:
        return pl.DataFrame(connection.sql(query, params=arguments).to_arrow_table())
    except duckdb.Error as error:
        raise StoreError("the store cannot be asked", found=str(error).splitlines()[0][:200]) from None


def _macros(names: Names, asked: Asked) -> list[str]:
    many = len(names.selections)
    later = " + ".join(f"(since_ns > {-ahead})::INTEGER" for ahead in asked.ahead_ns)
    kinds = " ".join(f"WHEN '{name}' THEN {number}" for name, number in SEQUENCE.items())
    market, selection = _place(names.markets, "market"), _place(names.selections, "selection")
    return [
        f"decision_of(since_ns) AS {later}",
        f"place_of(known_ns, instant) AS (known_ns - {_FIRST_NS}) * {_KINDS} + CASE instant {kinds} END",
        f"bet_of(market, selection, side) AS ({market} * {many} + {selection}) * 2 + (side = 'lay')::INTEGER",
        f"market_of(bet) AS bet // {2 * many}",
        f"book_of(bookmaker) AS {_place(names.bookmakers, 'bookmaker')}",
    ]


def _place(names: tuple[str, ...], column: str) -> str:
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    return f"(list_position([{listed}]::VARCHAR[], {column}) - 1)::INTEGER"


def _named(found: pl.DataFrame, names: Names, asked: Asked) -> pl.DataFrame:
    """Names for numbers again."""
    bets = names.bets()
    books = pl.Series(names.bookmakers, dtype=pl.String)
    place = pl.col("place")
    known = (place // _KINDS + _FIRST_NS).cast(INSTANT_DTYPE)
    rest = [name for name in found.columns if name not in ("event_id", "decision", "line", "bet", "book", "place")]
    return found.select(
        "event_id",
        pl.lit(pl.Series(asked.ahead_ns, dtype=pl.Int64)).gather(pl.col("decision")).alias("ahead_ns"),
        pl.lit(pl.Series(bets["market"], dtype=pl.String)).gather(pl.col("bet")).alias("market"),
        "line",
        pl.lit(pl.Series(bets["selection"], dtype=pl.String)).gather(pl.col("bet")).alias("selection"),
        pl.lit(pl.Series(bets["side"], dtype=pl.String)).gather(pl.col("bet")).alias("side"),
        pl.lit(books).gather(pl.col("book")).alias("bookmaker"),
        known.alias("known_at"),
        (place % _KINDS).alias("sequence"),
        *rest,
    )
