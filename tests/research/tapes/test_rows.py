"""Which rows a tape is made of: the same key and content for the same rows, another for others."""

from __future__ import annotations

from pathlib import Path

from engine.store.store import Store
from research.tapes.builder import Tapes
from research.tapes.parts import Parts
from research.tapes.rows import Rows, count_rows, rows_key
from tests.tapes import spec_of

WORDS = ("strategy=flat_all", "data.competitions=[ONE]")


def counted(home: Path, *words: str) -> tuple[str, Rows]:
    store, inputs = Store.open(home / "data" / "store"), Tapes().inputs(spec_of(*words))
    return rows_key(store, inputs), count_rows(Parts(64), store, inputs)


def test_keys_and_content_follow_from_the_rows_taken(small_home: Path) -> None:
    key, rows = counted(small_home, *WORDS)
    assert counted(small_home, *WORDS, "strategy.odds_min=2") == (key, rows), (
        "a filter of the kernel takes no other rows"
    )
    other, fewer = counted(small_home, *WORDS, "data.last_date=2018-12-31")
    assert other != key and fewer.hash != rows.hash and fewer.seen != rows.seen
    _, closing = counted(small_home, *WORDS, "clv.bookmaker=b365")
    assert closing.seen == rows.seen and closing.hash != rows.hash, "closing prices are nothing that a strategy sees"


def test_facts_and_calendar_count_the_events_of_the_store(small_home: Path) -> None:
    store, (_, rows) = Store.open(small_home / "data" / "store"), counted(small_home, *WORDS)
    events = store.events(Tapes().inputs(spec_of(*WORDS)).visible)
    assert rows.facts["n_events"] == events.height == sum(rows.calendar["events"].values()) == 112
    assert set(rows.calendar["events"]) == {day.isoformat() for day in events["date"]}
    assert len(rows.calendar["seasons"]) == events["season"].n_unique() == 2
