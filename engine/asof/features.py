"""Features as of each decision: values that rest on events settled strictly before it.

An instant is read whole before any of its results counts: a decision at the instant at which an event is settled does
not see that result. `frames` makes the features of many decisions at once. `Follower` makes them one decision at a
time from the results that came so far, which is what trading does; both give the same bits (a contract of each
feature, and a test).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any, Final

import polars as pl

from engine.errors import DataError, check_frame
from engine.schema import ALL_EVENTS, CIRCUMSTANCES, INSTANT_DTYPE, KNOWN_AFTER, with_optional
from engine.strategy import Feature, Running

__all__ = ["AFTER", "BEFORE", "Follower", "frames", "latest_before"]

#: columns of an event that a feature may read of the event that is decided on
BEFORE: Final = ("sport", "competition", "season", "date", "home", "away", "neutral", "game", *CIRCUMSTANCES)
#: columns of an event that a feature may read once it is settled
AFTER: Final = ("status", "home_score", "away_score", "winner", "score_scope", *KNOWN_AFTER)
#: a decision on an event
KEY: Final = ("decided_at", "event_id")
#: before every instant
_NEVER: Final = -(2**63)


def frames(features: Sequence[Feature], events: pl.DataFrame, quotes: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The features of all decisions of a view.

    Parameters
    ----------
    features : sequence of Feature
    events : polars.DataFrame
        Columns of `schema.EVENTS`: events decided on, and events whose results count. Without settled_at it has none.
    quotes : polars.DataFrame
        Columns decided_at and event_id; such as `View.quotes`.

    Returns
    -------
    dict of str to polars.DataFrame
        By name, as `View.features`.

    Raises
    ------
    DataError
        A decision without its event, or a feature that answers with other rows or columns than its contract says.
    """
    if not features:
        return {}
    rows = with_optional(events)
    results = _settled(rows)
    known = rows.select("event_id", *BEFORE)
    decisions = quotes.select(pl.col("decided_at").cast(INSTANT_DTYPE), "event_id").unique().sort(KEY)
    asked = decisions.join(known, on="event_id", how="inner", maintain_order="left")
    if asked.height < decisions.height:
        lost = decisions.join(known, on="event_id", how="anti")["event_id"][0]
        raise DataError("a decision without its event", expected="every event_id in the events", found=str(lost))
    return {feature.name: _of(feature, results, asked) for feature in features}


def _of(feature: Feature, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    values = feature.batch(results, asked)
    check_frame(values, f"feature {feature.name}", DataError)
    if values.height != asked.height or dict(values.schema) != dict(feature.columns):
        raise DataError(
            "a feature breaks its contract",
            where=feature.name,
            expected=f"{asked.height} rows of {', '.join(map(str, feature.columns))} in their types",
            found=f"{values.height} rows of {dict(values.schema)}",
        )
    return pl.concat([asked.select(KEY), values], how="horizontal")


def _settled(events: pl.DataFrame) -> pl.DataFrame:
    """Results in the order in which features take them."""
    columns = ("event_id", "settled_at", *BEFORE, *AFTER)
    rows = with_optional(events).select(columns).with_columns(pl.col("settled_at").cast(INSTANT_DTYPE))
    return rows.filter(pl.col("settled_at").is_not_null()).sort("settled_at", "event_id")


def latest_before(asked: pl.DataFrame, states: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """The last state of each row's group that rests on results settled before its decision.

    Parameters
    ----------
    asked : polars.DataFrame
        decided_at and the columns `by`.
    states : polars.DataFrame
        settled_at, the columns `by` and any others, in the order of settled_at: the state after each result. Of the
        states of one instant the last one counts.
    by : sequence of str
        Columns that name the group, without nulls.

    Returns
    -------
    polars.DataFrame
        The other columns of `states`, one row for each row of `asked`, in its order; null where there is no state yet.
    """
    names = [name for name in states.columns if name not in (*by, "settled_at")]
    last = states.unique(["settled_at", *by], keep="last", maintain_order=True)
    rows = asked.select("decided_at", *by).with_row_index("_row").sort("decided_at")
    joined = rows.join_asof(
        last.sort("settled_at"),
        left_on="decided_at",
        right_on="settled_at",
        by=list(by),
        strategy="backward",
        allow_exact_matches=False,
        check_sortedness=False,
    )
    return joined.sort("_row").select(names)


class Follower:
    """The features of one decision after another, from the results that have come so far.

    Results may come in any order; a second result of an event takes the place of the first (a correction). Results
    that were settled at or after a decision wait. Where a result comes late or corrects one that was read, all are read
    again, so that the values are those of a batch over the results that are known now.

    Parameters
    ----------
    features : sequence of Feature
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        self._features = tuple(features)
        self._results: dict[int, tuple[int, Mapping[str, Any]]] = {}
        self._waiting: list[tuple[int, int]] = []
        self._read_to = _NEVER
        self._running: tuple[Running, ...] = tuple(feature.start() for feature in self._features)
        self._is_stale = False

    def load(self, events: pl.DataFrame) -> None:
        """Take in all settled events of a frame with the columns of `schema.EVENTS`."""
        if not self._features:
            return
        for row in _named(_settled(events)):
            self.add(row, row["settled_at"])

    def add(self, values: Mapping[str, Any], settled_ns: int) -> None:
        """Take in a result or a correction.

        Parameters
        ----------
        values : mapping
            Plain values by column of `schema.ALL_EVENTS`; optional columns may be absent.
        settled_ns : int
            When the event was settled, UTC nanoseconds.
        """
        if not self._features:
            return
        event_id = int(values["event_id"])
        row = {name: values.get(name) for name in (*BEFORE, *AFTER)}
        before = self._results.get(event_id)
        if before == (settled_ns, row):
            return
        self._is_stale |= before is not None or settled_ns <= self._read_to  # an instant is read whole
        self._results[event_id] = settled_ns, row
        if not self._is_stale:
            heappush(self._waiting, (settled_ns, event_id))

    def frames(self, decisions: Iterable[tuple[int, Mapping[str, Any]]]) -> dict[str, pl.DataFrame]:
        """The features of some decisions.

        Parameters
        ----------
        decisions : iterable of (int, mapping)
            Instant of the decision, UTC nanoseconds, and the event's columns `event_id` and `BEFORE`; distinct.

        Returns
        -------
        dict of str to polars.DataFrame
            By name, as `View.features`.
        """
        if not self._features:
            return {}
        asked = sorted(((at, int(event["event_id"]), event) for at, event in decisions), key=lambda row: row[:2])
        rows: list[list[tuple[Any, ...]]] = [[] for _ in self._features]
        for decided_ns, event_id, values in asked:
            self._read_until(decided_ns)
            event = {name: values.get(name) for name in BEFORE}
            for number, running in enumerate(self._running):
                rows[number].append((decided_ns, event_id, *running.value(event, decided_ns)))
        return {f.name: _frame(f, rows[number]) for number, f in enumerate(self._features)}

    def _read_until(self, decided_ns: int) -> None:
        """Give the running features every result settled before an instant, and no other."""
        if self._is_stale or decided_ns <= self._read_to:
            self._running = tuple(feature.start() for feature in self._features)
            self._waiting = sorted((settled, event_id) for event_id, (settled, _) in self._results.items())
            self._read_to, self._is_stale = _NEVER, False
        while self._waiting and self._waiting[0][0] < decided_ns:
            self._read_to, event_id = heappop(self._waiting)
            result = self._results[event_id][1]
            for running in self._running:
                running.update(result, self._read_to)


def _frame(feature: Feature, rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    schema = {"decided_at": pl.Int64, "event_id": pl.Int64, **feature.columns}
    frame = pl.DataFrame(list(rows), schema=schema, orient="row")
    return frame.with_columns(pl.col("decided_at").cast(INSTANT_DTYPE))


def _named(results: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows as plain values, instants as UTC nanoseconds."""
    instants = [name for name in results.columns if ALL_EVENTS[name] == INSTANT_DTYPE]
    return results.with_columns(pl.col(instants).cast(pl.Int64)).iter_rows(named=True)
