"""Second games of a pair on one date that come in two files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from engine.identity import event_ids
from engine.schema import INSTANT_DTYPE
from engine.store import Store
from tests.engine.store.batches import FakeBatch, batch, match

DAY = date(2023, 5, 1)


def listing(
    start: str, result: tuple[int, int] | None = None, *, seen: str = "", sport: str = "baseball", name: str = ""
) -> FakeBatch:
    """A file with one game; `start` and `seen` are times of the day."""
    score = {"home_score": result[0], "away_score": result[1]} if result else {"status": "scheduled"}
    winner = {"winner": "home" if result[0] > result[1] else "away"} if result else {}
    made = batch(
        [match("R", "B", DAY, "MLB", "2023", **score, **winner)], sport=sport, name=name or f"{start}{result}{seen}"
    )
    at = datetime.fromisoformat(f"2023-05-01T{start}:00+00:00")
    events = made.events.with_columns(
        pl.lit(at).cast(INSTANT_DTYPE).alias("starts_at"), pl.lit("recorded").alias("starts_at_basis")
    )
    quotes = made.quotes.filter(pl.col("instant") == "open")
    if seen:
        known = datetime.fromisoformat(f"2023-05-01T{seen}:00+00:00")
        quotes = quotes.with_columns(
            pl.lit("snapshot").alias("instant"), pl.lit("recorded").alias("known_at_basis"),
            pl.lit(known).cast(INSTANT_DTYPE).alias("known_at"),
        )  # fmt: skip
    return replace(made, events=events, quotes=quotes)


def stored(root: Path, *batches: FakeBatch) -> list[tuple[int | None, int, int | None]]:
    """Game number, hour of the start and home score of the events in the store."""
    store = Store.create_or_open(root / "s")
    for made in batches:
        store.apply([made])
    events = store.events()
    assert store.quotes().join(events, on="event_id", how="anti").is_empty()
    assert store.quotes()["event_id"].n_unique() == events.height
    return events.select("game", pl.col("starts_at").dt.hour(), "home_score").rows()


def test_a_second_game_in_another_file_is_another_event(tmp_path: Path) -> None:
    wanted = [(None, 17, 4), (2, 21, 1)]
    assert stored(tmp_path, listing("17:10", (4, 2)), listing("21:40", (1, 9))) == wanted
    assert stored(tmp_path, listing("21:40", (1, 9), name="again")) == wanted
    assert stored(tmp_path, listing("17:10", (4, 2), name="again")) == wanted


def test_the_first_file_keeps_the_key(tmp_path: Path) -> None:
    assert stored(tmp_path, listing("21:40", (1, 9)), listing("17:10", (4, 2))) == [(2, 17, 4), (None, 21, 1)]


def test_a_fixture_after_a_played_game_is_a_second_one(tmp_path: Path) -> None:
    assert stored(tmp_path, listing("17:10", (4, 2)), listing("21:40")) == [(None, 17, 4), (2, 21, None)]
    assert stored(tmp_path, listing("21:40", (1, 9), name="result")) == [(None, 17, 4), (2, 21, 1)]


def test_a_moved_start_splits_no_event(tmp_path: Path) -> None:
    assert stored(tmp_path / "a", listing("17:10"), listing("19:40", (4, 2))) == [(None, 19, 4)]
    assert stored(tmp_path / "b", listing("17:10", (4, 2)), listing("19:40", (4, 2))) == [(None, 19, 4)]
    assert stored(tmp_path / "c", listing("17:10", seen="12:00"), listing("20:10", seen="15:00")) == [(None, 20, None)]


def test_a_pull_after_the_first_game_began_lists_a_second_one(tmp_path: Path) -> None:
    pulls = listing("17:10", seen="12:00"), listing("21:40", seen="18:00"), listing("21:40", seen="20:00")
    assert stored(tmp_path, *pulls) == [(None, 17, None), (2, 21, None)]


@pytest.mark.parametrize("sport", ["football", "tennis"])
def test_where_a_pair_plays_once_a_day_an_older_file_is_no_second_game(tmp_path: Path, sport: str) -> None:
    assert stored(tmp_path, listing("17:10", (4, 2), sport=sport), listing("12:30", sport=sport)) == [(None, 12, 4)]


def both(first: FakeBatch, second: FakeBatch, numbers: tuple[int | None, int | None]) -> FakeBatch:
    """One file with two games."""
    frames = [
        made.events.with_columns(pl.lit(number, pl.Int8).alias("game"))
        for made, number in zip((first, second), numbers, strict=True)
    ]
    events = pl.concat(frames)
    ids = event_ids(events)
    events = events.with_columns(pl.Series("event_id", ids))
    quotes = pl.concat(
        made.quotes.with_columns(pl.lit(int(id_), pl.Int64).alias("event_id"))
        for made, id_ in zip((first, second), ids, strict=True)
    )
    return replace(first, name="both", raw_sha256=second.raw_sha256, events=events, quotes=quotes)


def test_a_file_with_both_games_finds_those_of_the_store(tmp_path: Path) -> None:
    file = both(listing("17:10", (4, 2)), listing("21:40", (1, 9)), (None, 2))
    assert stored(tmp_path / "a", listing("21:40"), file) == [(2, 17, 4), (None, 21, 1)]
    assert stored(tmp_path / "b", listing("17:10"), file) == [(None, 17, 4), (2, 21, 1)]
    moved = both(listing("18:50", (4, 2)), listing("23:55", (1, 9)), (None, 2))
    pulls = both(listing("17:10"), listing("21:40"), (None, 2))
    assert stored(tmp_path / "c", pulls, moved) == [(None, 18, 4), (2, 23, 1)]


def test_a_newer_file_with_one_game_withdraws_none(tmp_path: Path) -> None:
    file = both(listing("17:10", (4, 2)), listing("21:40", (1, 9)), (None, 2))
    assert stored(tmp_path, file, listing("17:10", (4, 2), name="one")) == [(None, 17, 4), (2, 21, 1)]
    assert Store.open(tmp_path / "s").withdrawn().is_empty()


def test_a_stored_fixture_is_not_moved_onto_another_game_of_its_date(tmp_path: Path) -> None:
    later = both(listing("21:40"), listing("23:55"), (None, 2))
    assert stored(tmp_path, listing("17:10"), later) == [(None, 17, None), (2, 21, None), (3, 23, None)]
    assert Store.open(tmp_path / "s").withdrawn().is_empty()


def test_pulls_may_come_in_any_order(tmp_path: Path) -> None:
    late, early = listing("21:40", seen="18:00"), listing("17:10", seen="12:00")
    assert stored(tmp_path / "a", late, early) == [(2, 17, None), (None, 21, None)]
    moved = listing("21:40", seen="15:00")
    assert len(stored(tmp_path / "b", moved, early)) == 1


def test_a_file_that_is_read_again_keeps_the_numbers_of_the_store(tmp_path: Path) -> None:
    files = listing("17:10", (4, 2)), listing("21:40", (1, 9))
    before = stored(tmp_path, *files)
    for file in files:
        summary = Store.create_or_open(tmp_path / "s").apply([file], again=True)
        assert not summary.changed and not summary.withdrawn
    assert stored(tmp_path) == before == [(None, 17, 4), (2, 21, 1)]
