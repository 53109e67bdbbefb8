"""What a partition takes over from a newer file during an import."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from engine.store import Store
from tests.engine.store.batches import FakeBatch, batch, match

DAY = date(2021, 8, 14)


def pull(name: str, taken: datetime, start: datetime) -> FakeBatch:
    """A pull of current prices of one match, which names its start."""
    made = batch([match("A", "B", DAY, status="scheduled")], name=name)
    quotes = made.quotes.with_columns(
        pl.lit("snapshot").alias("instant"), pl.lit("recorded").alias("known_at_basis"),
        pl.lit(taken).cast(pl.Datetime("ns", "UTC")).alias("known_at"),
    ).unique(["event_id", "market", "selection", "bookmaker"])  # fmt: skip
    starts = pl.lit(start).cast(pl.Datetime("ns", "UTC")).alias("starts_at")
    events = made.events.with_columns(starts, pl.lit("recorded").alias("starts_at_basis"))
    return dataclasses.replace(made, events=events, quotes=quotes)


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_an_older_pull_does_not_move_a_start_back(tmp_path: Path, order: tuple[int, ...], apart: bool) -> None:
    """Files of an archive come in the order of their names. The start moved from 15:00 to 15:10 between two pulls."""
    hours = [datetime(2021, 8, 14, hour, tzinfo=UTC) for hour in (9, 12, 14)]
    starts = [datetime(2021, 8, 14, 15, minute, tzinfo=UTC) for minute in (0, 0, 10)]
    pulls = [pull(f"{number}.csv", hours[number], starts[number]) for number in range(3)]
    store = Store.create_or_open(tmp_path / "s")
    for part in [[pulls[number]] for number in order] if apart else [[pulls[number] for number in order]]:
        store.apply(part)
    assert store.events()["starts_at"].to_list() == [starts[2]]
    result = batch([match("A", "B", DAY)], name="result.csv")
    store.apply([dataclasses.replace(result, quotes=result.quotes.clear())])
    assert store.events()["starts_at"].to_list() == [starts[0]], "a file that is no pull wins, as any last import"


def test_a_result_that_a_newer_file_changes_is_named(tmp_path: Path) -> None:
    def file(name: str, **facts: object) -> FakeBatch:
        return batch([match("A", "B", DAY, **facts), match("C", "D", DAY, home_score=1, away_score=1)], name=name)

    store = Store.create_or_open(tmp_path / "s")
    steps = (
        ({"status": "scheduled"}, []),
        ({"home_score": 4, "away_score": 2, "winner": "home"}, []),
        ({"status": "scheduled"}, []),  # a file without the result erases none
        ({"home_score": 4, "away_score": 2, "winner": "home"}, []),
        ({"home_score": 1, "away_score": 9, "winner": "away"}, ["2021-08-14 A - B, 4-2 is now 1-9"]),
    )
    for number, (facts, words) in enumerate(steps):
        found = store.apply([file(f"{number}.csv", **facts)]).results_changed
        assert [line.partition(" ")[2] for line in found] == words
