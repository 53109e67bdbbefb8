"""As-of questions at decisions before the start of each event, over stores larger than memory.

A decision stands a span before the start of its event; several may be asked at once. Each question goes through the
store in parts of whole partitions (`Store.parts`), sized so that a part fits in `memory_mb`; DuckDB groups the quotes
of a part within half of it and puts aside on disk what goes beyond. The rows of an event are in one part alone, so
that the parts one after another are the answer.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from engine.asof.consensus import agreed
from engine.asof.sql import Asked, answer, names_of
from engine.errors import ConfigurationError
from engine.schema import AGGREGATES, CLOSE, IN_PLAY, OPEN, SNAPSHOT
from engine.store.connection import connect, create_views
from engine.store.store import Store
from engine.store.universe import Universe

if TYPE_CHECKING:
    import duckdb

__all__ = ["Decisions", "best_at", "check_memory", "closing_prices", "consensus_at", "in_force_at", "max_quotes"]

#: memory that a quote may take on its way through a part: in the groups of DuckDB and as a row of the answer; as
#: a row of a view, which is sorted with all names
_BYTES: Final = 640
_VIEW_BYTES: Final = 960
_LEAST_MB: Final = 64


@dataclass(frozen=True)
class Decisions:
    """Which decisions are asked about, and with how much memory.

    Attributes
    ----------
    ahead_ns : tuple of int
        Spans from each decision to the start of its event, nanoseconds; in any order, without doubles.
    universe : Universe
        Which events and quotes. Kinds of price (`instants`) None: opening prices and snapshots; prices in play are
        refused.
    memory_mb : int
        What the parts may take beside the interpreter; at least 64.
    threads : int

    Raises
    ------
    ConfigurationError
        For values that mean nothing.
    """

    ahead_ns: tuple[int, ...] = (0,)
    universe: Universe = field(default_factory=Universe)
    memory_mb: int = 1024
    threads: int = 2

    def __post_init__(self) -> None:
        if not self.ahead_ns or len(set(self.ahead_ns)) != len(self.ahead_ns) or min(self.ahead_ns) < 0:
            raise ConfigurationError(
                "no decisions", expected="distinct spans before the start", found=str(list(self.ahead_ns))
            )
        if IN_PLAY in (self.universe.instants or ()):
            raise ConfigurationError("a price in play is none from before the start", where="instants", found=IN_PLAY)
        check_memory(self.memory_mb, "memory_mb")


def check_memory(memory_mb: int, key: str) -> None:
    """Raise ConfigurationError, naming the setting `key`, where it is too little to work in."""
    if memory_mb < _LEAST_MB:
        raise ConfigurationError(
            "too little memory", where=key, expected=f"at least {_LEAST_MB} (megabytes)", found=str(memory_mb)
        )


def max_quotes(memory_mb: int, decisions: int = 1, *, shown: bool = True) -> int:
    """How many quotes a part may hold, where each may be in force at every decision, and whether all are shown."""
    return memory_mb * 1_000_000 // ((_VIEW_BYTES if shown else _BYTES) * decisions)


def best_at(store: Store, decisions: Decisions) -> Iterator[pl.DataFrame]:
    """The best price of each bet at each decision over the real bookmakers of the universe.

    Yields
    ------
    DataFrame
        event_id, ahead_ns, market, line, selection, side, odds, bookmaker (ties: first in the alphabet), known_at,
        sequence (`engine.asof.order`), n_bookmakers. Highest odds to back, lowest to lay.
    """
    columns = ("odds", "bookmaker", "known_at", "sequence", "n_bookmakers")
    for _, rows in _parts(store, decisions, "best", without=AGGREGATES):
        yield rows.select("event_id", "ahead_ns", "market", "line", "selection", "side", *columns)


def consensus_at(store: Store, decisions: Decisions, method: str = "multiplicative") -> Iterator[pl.DataFrame]:
    """What the real bookmakers of the universe agree on at each decision: frames of `agreement.agreed`."""
    for _, rows in _parts(store, decisions, "prices", without=AGGREGATES):
        yield agreed(rows, method)


def in_force_at(store: Store, decisions: Decisions) -> Iterator[tuple[Universe, pl.DataFrame]]:
    """Every quote in force at each decision, aggregates of a source among them.

    Yields
    ------
    Universe, DataFrame
        A part of the universe, and of its events: event_id, ahead_ns, market, line, selection, side, bookmaker,
        known_at, sequence, odds, known_at_basis, size_minor, suspect; in the order of event, decision, market, line,
        selection, bookmaker, side.
    """
    yield from _parts(store, decisions, "in_force")


def closing_prices(store: Store, decisions: Decisions) -> Iterator[pl.DataFrame]:
    """The last price before (or at) the start of each bet at each bookmaker, whatever the decisions are.

    Kinds of price None: closing prices and snapshots. The columns are those of `in_force_at` up to odds, without
    ahead_ns.
    """
    asked = Decisions((0,), decisions.universe, decisions.memory_mb, decisions.threads)
    for _, rows in _parts(store, asked, "prices", kinds=(SNAPSHOT, CLOSE)):
        yield rows.drop("ahead_ns")


def _parts(
    store: Store,
    decisions: Decisions,
    question: str,
    *,
    kinds: Sequence[str] = (OPEN, SNAPSHOT),
    without: tuple[str, ...] = (),
) -> Iterator[tuple[Universe, pl.DataFrame]]:
    universe = decisions.universe
    asked = Asked(
        instants=tuple(universe.instants or kinds),
        ahead_ns=tuple(sorted(decisions.ahead_ns, reverse=True)),
        without=without,
    )
    with _database(decisions) as connection:
        most = max_quotes(decisions.memory_mb, len(asked.ahead_ns), shown=question == "in_force")
        for part in store.parts(universe, max_quotes=most):
            held = store.entries("quotes", part)
            if held:
                create_views(connection, store.files("events", part), store.files("quotes", part), held, part)
                yield part, answer(connection, question, names_of(connection), asked)


@contextmanager
def _database(decisions: Decisions) -> Iterator[duckdb.DuckDBPyConnection]:
    limit = f"{decisions.memory_mb // 2}MB"
    with (
        tempfile.TemporaryDirectory(prefix="bea-spill-") as folder,
        connect(threads=decisions.threads, memory_limit=limit, spill=Path(folder)) as connection,
    ):
        yield connection
