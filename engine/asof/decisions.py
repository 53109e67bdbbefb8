"""As-of queries at decisions before the start of each event, for stores larger than memory.

A decision is a fixed time before the start of its event. One query may cover several decisions per event. It reads the
store in parts of whole partitions (`Store.parts`) that fit in `memory_mb`. DuckDB groups the quotes of a part within
half of that and spills the rest to disk. All rows of an event are in one part, so the results of the parts in sequence
are the result of the whole store.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from engine.asof.consensus import consensus_of
from engine.asof.sql import Request, names_of, run_query
from engine.errors import ConfigurationError
from engine.schema import AGGREGATES, CLOSE, IN_PLAY, OPEN, SNAPSHOT
from engine.store.connection import connect, create_views
from engine.store.store import Store
from engine.store.universe import Universe

if TYPE_CHECKING:
    import duckdb

__all__ = ["Decisions", "best_at", "check_memory", "closing_prices", "consensus_at", "in_force_at", "max_quotes"]

#: Memory per quote of a part, bytes: grouped by DuckDB and as a row of the result, or as a row of a sorted view.
_BYTES: Final = 640
_VIEW_BYTES: Final = 960
_LEAST_MB: Final = 64


@dataclass(frozen=True)
class Decisions:
    """Decisions of a query, and the memory that it may use.

    Attributes
    ----------
    ahead_ns : tuple of int
        Time from each decision to the start of its event, nanoseconds; distinct, in any order.
    universe : Universe
        Events and quotes. If its `instants` are None, the query reads opening prices and snapshots. Prices in play are
        refused.
    memory_mb : int
        Megabytes for a part, in addition to the interpreter; at least 64.
    threads : int
        Threads of DuckDB.

    Raises
    ------
    ConfigurationError
        `ahead_ns` is empty, negative or has duplicates, the universe asks for prices in play, or the memory is too
        small.
    """

    ahead_ns: tuple[int, ...] = (0,)
    universe: Universe = field(default_factory=Universe)
    memory_mb: int = 1024
    threads: int = 2

    def __post_init__(self) -> None:
        if not self.ahead_ns or len(set(self.ahead_ns)) != len(self.ahead_ns) or min(self.ahead_ns) < 0:
            raise ConfigurationError(
                "no valid decisions", expected="distinct times before the start", found=str(list(self.ahead_ns))
            )
        if IN_PLAY in (self.universe.instants or ()):
            raise ConfigurationError("a price in play is not known before the start", where="instants", found=IN_PLAY)
        check_memory(self.memory_mb, "memory_mb")


def check_memory(memory_mb: int, key: str) -> None:
    """Raise `ConfigurationError`, which names the setting `key`, if the memory is below the minimum."""
    if memory_mb < _LEAST_MB:
        raise ConfigurationError(
            "too little memory", where=key, expected=f"at least {_LEAST_MB} (megabytes)", found=str(memory_mb)
        )


def max_quotes(memory_mb: int, decisions: int = 1, *, view: bool = True) -> int:
    """Largest number of quotes of a part.

    Parameters
    ----------
    memory_mb : int
    decisions : int
        Decisions per event; each quote may be in force at all of them.
    view : bool
        Whether the quotes in force become rows of a view.
    """
    return memory_mb * 1_000_000 // ((_VIEW_BYTES if view else _BYTES) * decisions)


def best_at(store: Store, decisions: Decisions) -> Iterator[pl.DataFrame]:
    """The best price of each bet at each decision: the highest odds to back, the lowest to lay.

    Yields
    ------
    polars.DataFrame
        One frame per part: event_id, ahead_ns, market, line, selection, side, odds, bookmaker (of equal odds the
        alphabetically first), known_at, sequence (`engine.asof.order`), n_bookmakers. Aggregates of a source are left
        out.
    """
    columns = ("odds", "bookmaker", "known_at", "sequence", "n_bookmakers")
    for _, rows in _parts(store, decisions, "best_prices", excluded=AGGREGATES):
        yield rows.select("event_id", "ahead_ns", "market", "line", "selection", "side", *columns)


def consensus_at(store: Store, decisions: Decisions, method: str = "multiplicative") -> Iterator[pl.DataFrame]:
    """The consensus at each decision: one frame of `consensus_of` per part. Aggregates of a source are left out."""
    for _, rows in _parts(store, decisions, "prices", excluded=AGGREGATES):
        yield consensus_of(rows, method)


def in_force_at(store: Store, decisions: Decisions) -> Iterator[tuple[Universe, pl.DataFrame]]:
    """Every quote in force at each decision, including aggregates of a source.

    Yields
    ------
    Universe, polars.DataFrame
        A part of the universe and its rows: event_id, ahead_ns, market, line, selection, side, bookmaker, known_at,
        sequence, odds, known_at_basis, size_minor, suspect. Rows are sorted by event, decision, market, line,
        selection, bookmaker, side.
    """
    yield from _parts(store, decisions, "quotes")


def closing_prices(store: Store, decisions: Decisions) -> Iterator[pl.DataFrame]:
    """The last price of each bet and bookmaker known at or before the start; `decisions.ahead_ns` is ignored.

    If the `instants` of the universe are None, the query reads closing prices and snapshots.

    Yields
    ------
    polars.DataFrame
        One frame per part: event_id, market, line, selection, side, bookmaker, known_at, sequence, odds.
    """
    at_start = Decisions((0,), decisions.universe, decisions.memory_mb, decisions.threads)
    for _, rows in _parts(store, at_start, "prices", kinds=(SNAPSHOT, CLOSE)):
        yield rows.drop("ahead_ns")


def _parts(
    store: Store,
    decisions: Decisions,
    query: str,
    *,
    kinds: Sequence[str] = (OPEN, SNAPSHOT),
    excluded: tuple[str, ...] = (),
) -> Iterator[tuple[Universe, pl.DataFrame]]:
    universe = decisions.universe
    request = Request(
        instants=tuple(universe.instants or kinds),
        ahead_ns=tuple(sorted(decisions.ahead_ns, reverse=True)),
        excluded=excluded,
    )
    with _database(decisions) as connection:
        limit = max_quotes(decisions.memory_mb, len(request.ahead_ns), view=query == "quotes")
        for part in store.parts(universe, max_quotes=limit):
            entries = store.entries("quotes", part)
            if entries:
                create_views(connection, store.files("events", part), store.files("quotes", part), entries, part)
                yield part, run_query(connection, query, names_of(connection), request)


@contextmanager
def _database(decisions: Decisions) -> Iterator[duckdb.DuckDBPyConnection]:
    limit = f"{decisions.memory_mb // 2}MB"
    with (
        tempfile.TemporaryDirectory(prefix="bea-spill-") as folder,
        connect(threads=decisions.threads, memory_limit=limit, spill=Path(folder)) as connection,
    ):
        yield connection
