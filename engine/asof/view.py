"""What was knowable at each instant of decision: quotes turned into a `View`.

A decision belongs to one question, (event, market, line), and shows the latest quote of each (selection, bookmaker,
side) that was known by then. Quotes in play, and quotes known after a recorded start, are never shown. Which instants
may be seen at all (opening, closing, snapshots) is the caller's choice of rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.asof.decisions import Decisions, in_force_at, max_quotes
from engine.asof.order import SERIES, kind, sequence
from engine.clock import duration_ns
from engine.errors import ConfigurationError, DataError, EmptyUniverseError
from engine.schema import IN_PLAY, INSTANT_DTYPE
from engine.store.store import Store
from engine.store.universe import Universe
from engine.strategy import View

__all__ = ["VIEW", "blocks", "build", "duration_ns", "of_store"]

#: Columns of a view and their types, in order.
VIEW: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "decided_at": INSTANT_DTYPE,
    "event_id": pl.Int64,
    "sport": pl.String,
    "competition": pl.String,
    "season": pl.String,
    "starts_at": INSTANT_DTYPE,
    "market": pl.String,
    "line": pl.Float64,
    "selection": pl.String,
    "bookmaker": pl.String,
    "side": pl.String,
    "odds": pl.Float64,
    "size_minor": pl.Float64,
    "suspect": pl.Boolean,
    "instant": pl.String,
    "known_at": INSTANT_DTYPE,
}

_QUESTION: Final = ("event_id", "market", "line")
_OF_EVENT: Final = ("sport", "competition", "season", "starts_at")


def build(events: pl.DataFrame, quotes: pl.DataFrame, decide_at: str = "quote") -> View:
    """Show every decision what was knowable.

    Parameters
    ----------
    events, quotes : polars.DataFrame
        Columns of `schema.EVENTS` and `schema.QUOTES`; the quotes that may be seen, in any order.
    decide_at : str
        ``quote``: a question is decided at each distinct `known_at` of its quotes. ``before_start:<duration>``
        (``30m``, ``1h``, ``2d``): once an event, that long before its start, with what was known by then;
        ``before_start:6h+1h+5m``: several times.

    Returns
    -------
    View
        Its size is that of the answer: one row for each (decision, price in force); see `blocks` for less at once.

    Raises
    ------
    ConfigurationError
        For another `decide_at`.
    DataError
        Where a quote belongs to no event of the frame.
    """
    ahead = _ahead_ns(decide_at)
    seen = _pre_match(events, quotes)
    rows = _in_order(seen)
    place, decided = _at_each_quote(rows) if ahead is None else _before_start(rows, ahead)
    order = np.argsort(decided, kind="stable")  # rows are in the order of all other keys
    shown = seen[rows.place[place[order]]]
    return View(
        pl.concat([shown, events.select(_OF_EVENT)[shown["_event"]]], how="horizontal")
        .with_columns(decided_at=pl.Series(decided[order]).cast(INSTANT_DTYPE))
        .select(list(VIEW))
    )


def of_store(
    store: Store, universe: Universe, decide_at: str = "quote", *, memory_mb: int = 1024, threads: int = 2
) -> Iterator[View]:
    """The same decisions as `build` over the quotes of a store, in views of whole events.

    Parameters
    ----------
    store : Store
        It may be larger than memory.
    universe : Universe
        The quotes that may be seen.
    decide_at : str
        As of `build`. Decisions before the start are answered by DuckDB, which reads the files itself; of the others
        the quotes of a part are read.
    memory_mb, threads : int
        As of `store.decided.Decisions`.

    Yields
    ------
    View
        At least one: an empty one where nothing was knowable at any decision.
    """
    ahead, empty = _ahead_ns(decide_at), True
    for view in (
        _each_quote_of(store, universe, memory_mb)
        if ahead is None
        else _ahead_of(store, Decisions(ahead, universe, memory_mb, threads))
    ):
        yield view
        empty = False
    if empty:
        yield View(pl.DataFrame(schema=VIEW))


def _each_quote_of(store: Store, universe: Universe, memory_mb: int) -> Iterator[View]:
    for part in store.parts(universe, max_quotes=max_quotes(memory_mb)):
        with suppress(EmptyUniverseError):
            yield from blocks(store.events(part), store.quotes(part), max_quotes=max_quotes(memory_mb))


def _ahead_of(store: Store, decisions: Decisions) -> Iterator[View]:
    for part, rows in in_force_at(store, decisions):
        if rows.is_empty():
            continue
        shown = rows.join(
            store.events(part).select("event_id", *_OF_EVENT), on="event_id", how="inner", maintain_order="left"
        )
        shown = shown.with_columns(
            kind(),
            decided_at=pl.col("starts_at") - pl.duration(nanoseconds=pl.col("ahead_ns")),
        ).select(list(VIEW))
        yield View(shown.sort("decided_at", "event_id", maintain_order=True))


def blocks(
    events: pl.DataFrame, quotes: pl.DataFrame, decide_at: str = "quote", *, max_quotes: int = 2_000_000
) -> Iterator[View]:
    """The same decisions as `build`, in views of about `max_quotes` quotes each: whole events, in order of `event_id`.

    A strategy's answer for a decision depends on that decision alone, so that the concatenated answers are the same.
    """
    counts = quotes.group_by("event_id").len().sort("event_id")
    block = (counts["len"].cum_sum() - 1) // max(1, max_quotes)
    for part in counts.with_columns(block=block).partition_by("block", maintain_order=True):
        yield build(
            events.join(part.select("event_id"), on="event_id", how="semi"),
            quotes.join(part.select("event_id"), on="event_id", how="semi"),
            decide_at,
        )


def _ahead_ns(decide_at: str) -> tuple[int, ...] | None:
    """Spans from the decisions to the start; None: at each quote."""
    if decide_at == "quote":
        return None
    rule, _, durations = decide_at.partition(":")
    ahead = tuple(duration_ns(text) for text in durations.split("+")) if durations else ()
    if rule != "before_start" or not ahead or len(set(ahead)) != len(ahead):
        raise ConfigurationError(
            "unknown rule of decision",
            where="data.decide_at",
            expected="quote, before_start:<duration>, or several distinct ones as before_start:6h+1h",
            found=repr(decide_at),
        )
    return ahead


def _pre_match(events: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """The quotes of before the start, with the place of their event, `_event`, and its start, `_start` (UTC ns)."""
    known = events.select("event_id", "starts_at_basis", _nanoseconds("starts_at").alias("_start"))
    joined = quotes.filter(pl.col("instant") != IN_PLAY).join(
        known.with_row_index("_event"), on="event_id", how="left", maintain_order="left"
    )
    strangers = joined["_event"].null_count()
    if strangers:
        raise DataError(
            "quotes without their event", expected="every event_id in the events", found=f"{strangers} rows"
        )
    late = (_nanoseconds("known_at") > pl.col("_start")) & (pl.col("starts_at_basis") == "recorded")
    return joined.filter(~late.fill_null(False))


def _nanoseconds(name: str) -> pl.Expr:
    return pl.col(name).cast(INSTANT_DTYPE).cast(pl.Int64)


class _Rows(NamedTuple):
    """Quotes in the order of event, market, line, selection, bookmaker, side, known_at; of equal ones one is left.

    Arrays, shape (n,): the place of each among those it was made of, its instant and the start of its event (UTC ns),
    and the numbers of its series and of its question.
    """

    place: NDArray[np.int64]
    known: NDArray[np.int64]
    start: NDArray[np.int64]
    series: NDArray[np.int64]
    question: NDArray[np.int64]


def _in_order(seen: pl.DataFrame) -> _Rows:
    """Sort by numbers in the place of names."""
    keys = seen.select(
        "event_id",
        pl.Series("market", _numbers(seen["market"])),
        pl.col("line").fill_null(-np.inf),  # the first of all, as a missing one is
        *(pl.Series(name, _numbers(seen[name])) for name in ("selection", "bookmaker", "side")),
        known=_nanoseconds("known_at"),
        sequence=sequence(),
        cheap=-pl.col("odds"),
        start=pl.col("_start"),
    ).with_row_index("place")
    keys = keys.sort([*SERIES, "known", "sequence", "cheap"])
    changed = [_changes(keys[name].to_numpy()) for name in SERIES]
    asked = np.logical_or.reduce(changed[: len(_QUESTION)])
    other = np.logical_or.reduce(changed)
    known = keys["known"].to_numpy()
    kept = np.flatnonzero(_lasts(other | _changes(known)))
    return _Rows(
        keys["place"].to_numpy()[kept].astype(np.int64),
        known[kept],
        keys["start"].fill_null(np.iinfo(np.int64).max).to_numpy()[kept],
        (np.cumsum(other) - 1)[kept],
        (np.cumsum(asked) - 1)[kept],
    )


def _numbers(column: pl.Series) -> pl.Series:
    """The place of each name among the sorted ones."""
    return column.cast(pl.Enum(column.unique().sort())).to_physical()


def _changes(column: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Whether a row differs from the one before it; the first does."""
    return np.append(True, column[1:] != column[:-1])[: len(column)]


def _lasts(changes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a row is the last before a change; the last of all is."""
    return np.append(changes[1:], True)[: len(changes)]


def _before_start(rows: _Rows, ahead: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The quotes in force at each span before the start, and the instants of decision."""
    last = _lasts(_changes(rows.series))
    found, instants = [], []
    for span in ahead:
        decided = rows.start - span
        by_then = rows.known <= decided
        in_force = np.flatnonzero(by_then & (last | ~np.append(by_then[1:], False)[: len(last)]))
        found.append(in_force)
        instants.append(decided[in_force])
    place = np.concatenate(found)
    order = np.argsort(place, kind="stable") if len(ahead) > 1 else np.arange(len(place))
    return place[order], np.concatenate(instants)[order]


def _at_each_quote(rows: _Rows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each quote for the decisions of its question from its `known_at` until the next quote of its series."""
    decision, instants, ends = _decisions(rows.question, rows.known)
    last = _lasts(_changes(rows.series))
    until = np.where(last, ends[rows.question], np.append(decision[1:], 0)[: len(decision)])
    times = until - decision
    place = np.repeat(np.arange(len(times)), times)
    offset = np.arange(len(place)) - np.repeat(np.cumsum(times) - times, times)
    return place, instants[decision[place] + offset]


def _decisions(
    question: NDArray[np.int64], known: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Number the decisions, (question, instant) in order: of each row, their instants, and the end of each question."""
    order = np.lexsort((known, question))
    asked, instant = question[order], known[order]
    fresh = _changes(asked) | _changes(instant)
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(fresh) - 1
    ends = np.cumsum(np.bincount(asked[fresh]))
    return number, instant[fresh], ends.astype(np.int64)
