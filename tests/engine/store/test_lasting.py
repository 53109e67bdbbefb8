"""Games that a source names by ids that last: one event in all files, whatever else a file lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from engine.schema import INSTANT_DTYPE
from engine.store import Store
from engine.store.lasting import followed
from tests.engine.store.batches import FakeBatch, batch, match

Game = tuple[str, str]


def listing(*games: Game, sport: str = "baseball", score: tuple[int, int] | None = None) -> FakeBatch:
    """A file with games of one pair: id and start."""
    over = {"home_score": score[0], "away_score": score[1], "winner": "home"} if score else {"status": "scheduled"}
    rows = [
        match("R", "B", date.fromisoformat(start[:10]), "MLB", "2023", game=n if n > 1 else None, **over)
        for n, (_, start) in enumerate(games, 1)
    ]
    made = batch(rows, sport=sport, name=f"{games}{score}")
    starts = pl.Series("starts_at", [datetime.fromisoformat(f"{start}+00:00") for _, start in games])
    ids = pl.Series("game_id", [name for name, _ in games], dtype=pl.String)
    events = made.events.with_columns(starts.cast(INSTANT_DTYPE), ids, pl.lit("recorded").alias("starts_at_basis"))
    return replace(made, events=events)


def stored(root: Path, *files: FakeBatch, at_once: bool = False) -> list[tuple[str, date, int | None, str, int | None]]:
    store = Store.create_or_open(root)
    for part in [list(files)] if at_once else [[one] for one in files]:
        store.apply(part)
    events = store.events()
    assert not store.withdrawn().height and store.quotes()["event_id"].n_unique() == events.height
    return events.select("game_id", "date", "game", pl.col("starts_at").dt.to_string("%m-%d %H"), "home_score").rows()


ONE, TWO = ("x", "2023-05-01T17:00"), ("y", "2023-05-01T21:00")
DAY = date(2023, 5, 1)


@pytest.mark.parametrize("at_once", [False, True])
def test_a_file_with_the_second_game_alone_changes_the_second(tmp_path: Path, *, at_once: bool) -> None:
    files = listing(ONE, TWO), listing(TWO), listing(TWO, score=(4, 1)), listing(ONE, score=(2, 0))
    assert stored(tmp_path / "s", *files, at_once=at_once) == [
        ("x", DAY, None, "05-01 17", 2), ("y", DAY, 2, "05-01 21", 4),
    ]  # fmt: skip


def test_a_game_keeps_its_date_of_before_where_it_is_put_off(tmp_path: Path) -> None:
    later, new = ("x", "2023-05-03T17:00"), ("z", "2023-05-01T18:00")
    files = listing(ONE), listing(later), listing(new), listing(later, score=(6, 2))
    assert stored(tmp_path / "s", *files) == [("z", DAY, 2, "05-01 18", None), ("x", DAY, None, "05-03 17", 6)]


def test_a_file_that_is_read_again_gives_the_same_events(tmp_path: Path) -> None:
    store, files = Store.create_or_open(tmp_path / "s"), [listing(ONE), listing(("x", "2023-05-03T17:00"))]
    store.apply(files)
    before = store.events()
    store.apply([replace(one, known_by=f"{one.identity} of another reader") for one in files])
    assert store.events().drop("raw_file").equals(before.drop("raw_file")) and not store.withdrawn().height


@pytest.mark.parametrize(
    ("sport", "start", "same"),
    [
        ("baseball", "2023-05-01T17:29", True), ("baseball", "2023-05-01T17:31", False),
        ("football", "2023-05-01T21:00", True), ("football", "2023-05-02T18:00", False),
    ],
)  # fmt: skip
def test_another_id_is_the_same_game_only_if_it_begins_when_that_did(sport: str, start: str, *, same: bool) -> None:
    known, new = listing(ONE, sport=sport), listing(("other", start), sport=sport)
    events, quotes = followed(known.events, new.events.with_columns(date=pl.lit(DAY)), new.quotes)
    assert (events["event_id"][0] == known.events["event_id"][0]) == same
    assert quotes["event_id"].unique().to_list() == events["event_id"].to_list()


def test_an_id_with_other_teams_is_another_event() -> None:
    known = listing(ONE)
    other = known.events.with_columns(home=pl.lit("B"), away=pl.lit("R"))
    events, _ = followed(known.events, other, known.quotes)
    assert events["event_id"][0] != known.events["event_id"][0]
