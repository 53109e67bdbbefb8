"""Features as of a decision: the join, its strict border, and the follower of messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import polars as pl
import pytest

from engine.asof.features import Follower, frames, latest_before
from engine.errors import DataError
from engine.schema import INSTANT_DTYPE
from tests.property.markets import world


@dataclass
class _Told:
    goals: list[int] = field(default_factory=list)

    def update(self, result: Mapping[str, Any], settled_ns: int) -> None:
        self.goals.append(result["home_score"] or 0)

    def value(self, event: Mapping[str, Any], decided_ns: int) -> tuple[int, int]:
        return len(self.goals), sum((place + 1) * goals for place, goals in enumerate(self.goals))


@dataclass(frozen=True)
class Told:
    """How many results were read, and a sum that depends on their order."""

    name: ClassVar[str] = "told"
    columns: ClassVar[Mapping[str, Any]] = {"n": pl.Int64, "order": pl.Int64}
    answer: Any = None

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        if self.answer is not None:
            return self.answer
        rows = []
        for decided in asked["decided_at"].cast(pl.Int64):
            told = _Told()
            for row in results.filter(pl.col("settled_at").cast(pl.Int64) < decided).iter_rows(named=True):
                told.update(row, 0)
            rows.append(told.value({}, 0))
        return pl.DataFrame(rows, schema=dict(self.columns), orient="row")

    def start(self) -> _Told:
        return _Told()


def instants(*values: int) -> pl.Series:
    return pl.Series(values, dtype=pl.Int64).cast(INSTANT_DTYPE)


def events_at(*settled: int | None) -> pl.DataFrame:
    """Football events, settled at these nanoseconds."""
    events, _ = world(1, len(settled))
    times = pl.Series("settled_at", settled, dtype=pl.Int64).cast(INSTANT_DTYPE)
    return events.with_columns(times, home_score=pl.Series(range(1, len(settled) + 1), dtype=pl.Int32))


def asked(*rows: tuple[int, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"decided_at": pl.Int64, "event_id": pl.Int64}, orient="row").with_columns(
        pl.col("decided_at").cast(INSTANT_DTYPE)
    )


def test_the_last_state_strictly_before_a_decision_counts() -> None:
    states = pl.DataFrame({"settled_at": instants(10, 10, 20), "g": ["a", "a", "a"], "n": [1, 2, 3]})
    rows = pl.DataFrame({"decided_at": instants(21, 10, 20, 11, 30), "g": ["a", "a", "a", "a", "b"]})
    assert latest_before(rows, states, ["g"])["n"].to_list() == [3, None, 2, 2, None]


def test_groups_are_kept_apart_and_instants_keep_their_nanoseconds() -> None:
    far = 1_700_000_000_000_000_001
    states = pl.DataFrame({"settled_at": instants(far, far + 1), "g": ["b", "a"], "n": [5, 6]})
    rows = pl.DataFrame({"decided_at": instants(far + 1, far + 1, far + 2, far), "g": ["a", "b", "a", "b"]})
    assert latest_before(rows, states, ["g"])["n"].to_list() == [None, 5, 6, None]


def test_one_row_a_decision_sorted_whatever_the_quotes_are() -> None:
    events = events_at(10, 20, None)
    frame = frames([Told()], events, pl.concat([asked((20, 3), (21, 1), (20, 2), (10, 3))] * 3))["told"]
    assert frame.select("event_id", "n", "order").rows() == [(3, 0, 0), (2, 1, 1), (3, 1, 1), (1, 2, 5)]
    assert frame["decided_at"].cast(pl.Int64).to_list() == [10, 20, 20, 21] and frame["event_id"].to_list() == [
        3,
        2,
        3,
        1,
    ]
    assert frames([], events, asked((20, 3))) == {}


def test_what_breaks_the_contract_is_refused() -> None:
    events = events_at(10, 20)
    with pytest.raises(DataError, match=r"without its event.*found 9"):
        frames([Told()], events, asked((5, 9)))
    for answer in (pl.DataFrame({"n": [1, 2]}), pl.DataFrame({"n": [1], "order": [1.5]}), [1]):
        with pytest.raises(DataError, match="told"):
            frames([Told(answer)], events, asked((5, 1)))


def follow(follower: Follower, *rows: tuple[int, int]) -> list[tuple[int, int]]:
    return follower.frames([(at, {"event_id": event}) for at, event in rows])["told"].select("n", "order").rows()


def test_a_result_waits_until_a_decision_after_it() -> None:
    follower = Follower([Told()])
    follower.add({"event_id": 1, "home_score": 3}, 10)
    assert follow(follower, (10, 5)) == [(0, 0)] and follow(follower, (11, 5), (12, 6)) == [(1, 3), (1, 3)]
    assert follower.frames([])["told"].schema == {"decided_at": INSTANT_DTYPE, "event_id": pl.Int64, **Told.columns}


def test_late_corrected_and_repeated_results_give_the_values_of_a_batch() -> None:
    follower, events = Follower([Told()]), events_at(10, 20, 30)
    follower.load(events)
    follower.load(events)
    assert follow(follower, (31, 9)) == [(3, 1 + 4 + 9)]
    follower.add({"event_id": 7, "home_score": 5}, 15)  # late: between the first and the second
    assert follow(follower, (31, 9)) == [(4, 1 + 10 + 6 + 12)]
    follower.add({"event_id": 1, "home_score": 8}, 10)  # corrected
    assert follow(follower, (31, 9)) == [(4, 8 + 10 + 6 + 12)]
    assert follow(follower, (16, 9)) == [(2, 8 + 10)], "an earlier decision is answered, too"
    assert follow(follower, (31, 9)) == [(4, 8 + 10 + 6 + 12)]
    follower.add({"event_id": 7, "home_score": 5}, 40)  # settled again, later
    assert follow(follower, (31, 9), (41, 9)) == [(3, 8 + 4 + 9), (4, 8 + 4 + 9 + 20)]
    batch = frames([Told()], events_at(10, 20, 30), asked((21, 2)))["told"]
    fresh = Follower([Told()])
    fresh.load(events)
    assert fresh.frames([(21, {"event_id": 2})])["told"].equals(batch)


def test_without_features_nothing_is_kept() -> None:
    follower = Follower([])
    follower.load(events_at(10, 20))
    assert follower.frames([(5, {"event_id": 1})]) == {} and not follower._results
