"""Findings of `check`, and counts of `info`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from engine.store import Store
from engine.store.inspect import check, info
from tests.engine.store.batches import FakeBatch, batch, league, match


def findings(store: Store) -> dict[str, tuple[str, int]]:
    return {f.check: (f.level, f.count) for f in check(store)}


def test_a_sound_store_has_no_damage(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([league("E0", 2021, 40)])
    assert {level for level, _ in findings(store).values()} <= {"note", "shout"}
    assert findings(store)["assumed start times"] == ("note", 40)


def test_damage_is_a_finding(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([league("E0", 2021, 40)])
    path = tmp_path / "s" / store.manifest.entries("quotes")[0].path
    path.write_bytes(path.read_bytes()[:-1])
    assert findings(Store.open(tmp_path / "s")) == {"files": ("damage", 1)}


def test_odd_dates_results_and_prices_are_reported(tmp_path: Path) -> None:
    rows = [
        match("A", "B", date(2021, 1, 8)),  # before its season
        match("C", "D", date(2021, 9, 1)),
        match("D", "E", date(2021, 9, 2)),  # D the day before
        match("F", "G", date(2021, 10, 1), status="scheduled"),
        match("H", "I", date(2021, 11, 1)),
        match("J", "K", date(2021, 12, 1), season="2021"),
        match("L", "M", date(2022, 1, 1), season="2021"),  # play-offs end in the year after
        match("N", "O", date(2022, 3, 1), season="2021"),
    ]
    made = batch(rows)
    events = made.events.with_columns(pl.when(pl.col("home") == "H").then(None).otherwise("winner").alias("winner"))
    quotes = made.quotes.with_columns((pl.col("odds") > 5).alias("suspect"))
    store = Store.create_or_open(tmp_path / "s")
    store.apply([FakeBatch(**{**vars(made), "events": events, "quotes": quotes})])
    report = findings(store)
    assert report["dates outside their season"] == ("shout", 2)
    assert report["a team twice within a day"] == ("shout", 1)
    assert report["matches without a result"] == ("note", 1)
    assert report["played matches without a winner"] == ("shout", 1)
    assert report["suspect prices"] == ("shout", quotes["suspect"].sum())
    assert report["books under 97 % or above 130 %"][1] > 0


def test_info_adds_up(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    rejected = {"source": "football_data", "file": "one.csv", "raw_file": "x", "line": 7, "kind": "cell",
             "column": "B365H", "value": "0", "reason": "not a price"}  # fmt: skip
    store.apply(
        [league("E0", 2021, 40), batch([match("A", "B", date(2020, 9, 1), "E1", "2020-2021")], quarantine=[rejected])]
    )
    facts = info(store)
    assert facts["matches"] == 41 == sum(s["matches"] for s in facts["seasons"])
    assert facts["prices"] == store.quotes().height == sum(s["prices"] for s in facts["seasons"])
    assert (facts["first"], facts["markets"]) == ("2020-09-01", ["1x2", "totals"])
    assert facts["quarantine"] == [{"source": "football_data", "kind": "cell", "reason": "not a price", "count": 1}]
    assert facts["known_at_basis"] == ["assumed:match_day"]
