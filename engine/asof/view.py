"""Views: the quotes in force at each decision of a strategy.

A decision belongs to one question, (event, market, line). It sees the latest quote of each (selection, bookmaker, side)
that is known at its instant. It never sees quotes in play, or quotes known after a recorded start. The caller chooses
which quote kinds (opening, closing, snapshots) are in the rows at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.asof.decisions import Decisions, in_force_at, max_quotes
from engine.asof.order import SERIES, quote_kind, sequence
from engine.clock import duration_ns
from engine.errors import ConfigurationError, DataError, EmptyUniverseError, check_frame
from engine.schema import IN_PLAY, INSTANT_DTYPE
from engine.store.store import Store
from engine.store.universe import Universe
from engine.strategy import View

__all__ = ["VIEW", "ahead_ns", "build_view", "store_views", "view_blocks"]

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
_EVENT_COLUMNS: Final = ("sport", "competition", "season", "starts_at")


def build_view(events: pl.DataFrame, quotes: pl.DataFrame, decide_at: str = "quote", *, path: bool = False) -> View:
    """Build the view of all decisions in frames of events and quotes.

    Parameters
    ----------
    events, quotes : polars.DataFrame
        Columns of `schema.EVENTS` and `schema.QUOTES`, rows in any order. Decisions may see all of these quotes.
    decide_at : str
        ``quote``: each question is decided at every distinct `known_at` of its quotes. ``before_start:<duration>``
        (``30m``, ``1h``, ``2d``): each event is decided once, that long before its start.
        ``before_start:6h+1h+5m``: each event is decided several times.
    path : bool
        Whether the view also has `View.path`, the quotes before those in force.

    Returns
    -------
    View
        One row per decision and quote in force. `view_blocks` gives the same rows in smaller views.

    Raises
    ------
    ConfigurationError
        `decide_at` is not one of these rules.
    DataError
        A quote has no event.
    """
    ahead = ahead_ns(decide_at)
    check_frame(events, "events")
    check_frame(quotes, "quotes")
    usable = _pre_match(events, quotes)
    rows = _in_order(usable)

    def shown(only_in_force: bool) -> pl.DataFrame:
        place, decided = (
            _at_each_quote(rows, only_in_force) if ahead is None else _before_start(rows, ahead, only_in_force)
        )
        order = np.argsort(decided, kind="stable")  # the rows are sorted by all other keys already
        found = usable[rows.place[place[order]]]
        return (
            pl.concat([found, events.select(_EVENT_COLUMNS)[found["_event"]]], how="horizontal")
            .with_columns(decided_at=pl.Series(decided[order]).cast(INSTANT_DTYPE))
            .select(list(VIEW))
        )

    return View(shown(only_in_force=True), path=shown(only_in_force=False) if path else None)


def store_views(
    store: Store,
    universe: Universe,
    decide_at: str = "quote",
    *,
    memory_mb: int = 1024,
    threads: int = 2,
    path: bool = False,
) -> Iterator[View]:
    """Build the views of all decisions in a store, which may be larger than memory.

    Parameters
    ----------
    store : Store
    universe : Universe
        Quotes that decisions may see.
    decide_at : str
        As in `build_view`. For decisions before the start DuckDB reads the files; for decisions at each quote the
        quotes of one part at a time are loaded.
    memory_mb, threads : int
        As in `engine.asof.decisions.Decisions`.
    path : bool
        As in `build_view`; the quotes of one part at a time are then loaded for either rule.

    Yields
    ------
    View
        Views of whole events with the rows of `build_view`. If there is no row at all, one empty view.
    """
    ahead, empty = ahead_ns(decide_at), True
    for view in (
        _views_of_parts(store, universe, memory_mb, decide_at, path)
        if ahead is None or path
        else _views_before_start(store, Decisions(ahead, universe, memory_mb, threads))
    ):
        yield view
        empty = False
    if empty:
        yield View(pl.DataFrame(schema=VIEW), path=pl.DataFrame(schema=VIEW) if path else None)


def _views_of_parts(store: Store, universe: Universe, memory_mb: int, decide_at: str, path: bool) -> Iterator[View]:
    most = max_quotes(memory_mb)
    for part in store.parts(universe, max_quotes=most):
        with suppress(EmptyUniverseError):
            yield from view_blocks(store.events(part), store.quotes(part), decide_at, max_quotes=most, path=path)


def _views_before_start(store: Store, decisions: Decisions) -> Iterator[View]:
    for part, rows in in_force_at(store, decisions):
        if rows.is_empty():
            continue
        shown = rows.join(
            store.events(part).select("event_id", *_EVENT_COLUMNS), on="event_id", how="inner", maintain_order="left"
        )
        shown = shown.with_columns(
            quote_kind(),
            decided_at=pl.col("starts_at") - pl.duration(nanoseconds=pl.col("ahead_ns")),
        ).select(list(VIEW))
        yield View(shown.sort("decided_at", "event_id", maintain_order=True))


def view_blocks(
    events: pl.DataFrame,
    quotes: pl.DataFrame,
    decide_at: str = "quote",
    *,
    max_quotes: int = 2_000_000,
    path: bool = False,
) -> Iterator[View]:
    """Build the rows of `build_view` in several views of about `max_quotes` quotes each.

    A path counts by its rows: a question with many quotes that is decided at each of them has many.

    Each view holds whole events, in the order of `event_id`. The opportunities of a strategy for a decision depend on
    that decision, or its event, only, so the concatenated opportunities of all blocks are those of the one large view.
    A strategy with a `scope` of ``instant`` needs the blocks together.
    """
    check_frame(events, "events")
    check_frame(quotes, "quotes")
    counts = _sizes(quotes, squared=path and ahead_ns(decide_at) is None)
    block = (counts["rows"].cum_sum() - 1) // max(1, max_quotes)
    for part in counts.with_columns(block=block).partition_by("block", maintain_order=True):
        yield build_view(
            events.join(part.select("event_id"), on="event_id", how="semi"),
            quotes.join(part.select("event_id"), on="event_id", how="semi"),
            decide_at,
            path=path,
        )


def _sizes(quotes: pl.DataFrame, squared: bool) -> pl.DataFrame:
    """Rows that each event counts for, event_id and rows; 64 bits, because one path can have more than 32 hold.

    Where it is `squared`, each question counts its quotes times its instants, else once.
    """
    times = pl.col("known_at").n_unique().cast(pl.Int64) if squared else pl.lit(1, pl.Int64)
    of_question = quotes.group_by(_QUESTION).agg(rows=pl.len().cast(pl.Int64) * times)
    return of_question.group_by("event_id").agg(pl.col("rows").sum()).sort("event_id")


def ahead_ns(decide_at: str) -> tuple[int, ...] | None:
    """Times from the decisions to the start, nanoseconds; None for decisions at each quote.

    Raises
    ------
    ConfigurationError
        `decide_at` is no rule of `build_view`.
    """
    if decide_at == "quote":
        return None
    rule, _, durations = decide_at.partition(":")
    ahead = tuple(duration_ns(text) for text in durations.split("+")) if durations else ()
    if rule != "before_start" or not ahead or len(set(ahead)) != len(ahead):
        raise ConfigurationError(
            "unknown rule for decisions",
            where="data.decide_at",
            expected="quote, before_start:<duration>, or several distinct ones as before_start:6h+1h",
            found=repr(decide_at),
        )
    return ahead


def _pre_match(events: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """Quotes from before the start, with the row number of their event, `_event`, and its start, `_start` (UTC ns)."""
    known = events.select("event_id", "starts_at_basis", _nanoseconds("starts_at").alias("_start"))
    joined = quotes.filter(pl.col("instant") != IN_PLAY).join(
        known.with_row_index("_event"), on="event_id", how="left", maintain_order="left"
    )
    unmatched = joined["_event"].null_count()
    if unmatched:
        raise DataError("quotes without an event", expected="every event_id in the events", found=f"{unmatched} rows")
    late = (_nanoseconds("known_at") > pl.col("_start")) & (pl.col("starts_at_basis") == "recorded")
    return joined.filter(~late.fill_null(False))


def _nanoseconds(name: str) -> pl.Expr:
    return pl.col(name).cast(INSTANT_DTYPE).cast(pl.Int64)


class _Rows(NamedTuple):
    """Quotes sorted by event, market, line, selection, bookmaker, side, known_at, without duplicates of these keys.

    Attributes
    ----------
    place : int64 (n,)
        Row of the quote in the frame that was sorted.
    known, start : int64 (n,)
        When the quote is known and when its event starts, UTC nanoseconds.
    series, question : int64 (n,)
        Numbers of the series and of the question, ascending from 0.
    """

    place: NDArray[np.int64]
    known: NDArray[np.int64]
    start: NDArray[np.int64]
    series: NDArray[np.int64]
    question: NDArray[np.int64]


def _in_order(seen: pl.DataFrame) -> _Rows:
    """Sort quotes by numbers that stand for the names."""
    keys = seen.select(
        "event_id",
        pl.Series("market", _numbers(seen["market"])),
        pl.col("line").fill_null(-np.inf),  # nulls sort first
        *(pl.Series(name, _numbers(seen[name])) for name in ("selection", "bookmaker", "side")),
        known=_nanoseconds("known_at"),
        sequence=sequence(),
        minus_odds=-pl.col("odds"),
        start=pl.col("_start"),
    ).with_row_index("place")
    keys = keys.sort([*SERIES, "known", "sequence", "minus_odds"])
    changed = [_changes(keys[name].to_numpy()) for name in SERIES]
    new_question = np.logical_or.reduce(changed[: len(_QUESTION)])
    new_series = np.logical_or.reduce(changed)
    known = keys["known"].to_numpy()
    last = np.flatnonzero(_lasts(new_series | _changes(known)))
    return _Rows(
        keys["place"].to_numpy()[last].astype(np.int64),
        known[last],
        keys["start"].fill_null(np.iinfo(np.int64).max).to_numpy()[last],
        (np.cumsum(new_series) - 1)[last],
        (np.cumsum(new_question) - 1)[last],
    )


def _numbers(column: pl.Series) -> pl.Series:
    """Position of each name in the sorted list of distinct names."""
    return column.cast(pl.Enum(column.unique().sort())).to_physical()


def _changes(column: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Whether each value differs from the value before it; True for the first."""
    return np.append(True, column[1:] != column[:-1])[: len(column)]


def _lasts(changes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether each row is the last before a change; True for the last."""
    return np.append(changes[1:], True)[: len(changes)]


def _before_start(
    rows: _Rows, ahead: tuple[int, ...], only_in_force: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the quotes in force, or of all known ones, at each decision before the start; and its instant."""
    last = _lasts(_changes(rows.series))
    places, instants = [], []
    for span in ahead:
        decided = rows.start - span
        by_then = rows.known <= decided
        replaced = ~last & np.append(by_then[1:], False)[: len(last)]
        known = np.flatnonzero(by_then & ~replaced if only_in_force else by_then)
        places.append(known)
        instants.append(decided[known])
    place = np.concatenate(places)
    order = np.argsort(place, kind="stable") if len(ahead) > 1 else np.arange(len(place))
    return place[order], np.concatenate(instants)[order]


def _at_each_quote(rows: _Rows, only_in_force: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the quotes in force, or of all known ones, at the decisions of their question, and its instants (UTC ns).

    A quote is known from its `known_at`, and in force until the next quote of its series.
    """
    decision, instants, ends = _decisions(rows.question, rows.known)
    last = _lasts(_changes(rows.series)) if only_in_force else np.ones(len(decision), dtype=bool)
    until = np.where(last, ends[rows.question], np.append(decision[1:], 0)[: len(decision)])
    times = until - decision
    place = np.repeat(np.arange(len(times)), times)
    offset = np.arange(len(place)) - np.repeat(np.cumsum(times) - times, times)
    return place, instants[decision[place] + offset]


def _decisions(
    question: NDArray[np.int64], known: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Number the decisions in the order of (question, instant).

    Returns
    -------
    int64 (n,), int64 (d,), int64 (q,)
        Decision of each row, instant of each decision, and number of the first decision after each question.
    """
    order = np.lexsort((known, question))
    sorted_question, instant = question[order], known[order]
    first = _changes(sorted_question) | _changes(instant)
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(first) - 1
    ends = np.cumsum(np.bincount(sorted_question[first]))
    return number, instant[first], ends.astype(np.int64)
