"""What `check` must shout about, and what `info` counts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from engine.store import Store
from engine.store.inspect import check, info
from tests.engine.store.made import Made, batch, league, match


def found(store: Store) -> dict[str, tuple[str, int]]:
    return {f.check: (f.level, f.count) for f in check(store)}


def test_a_sound_store_has_no_damage(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([league("E0", 2021, 40)])
    assert {level for level, _ in found(store).values()} <= {"note", "shout"}
    assert found(store)["start times assumed"] == ("note", 40)


def test_damage_is_a_finding(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([league("E0", 2021, 40)])
    path = tmp_path / "s" / store.manifest.of("quotes")[0].path
    path.write_bytes(path.read_bytes()[:-1])
    assert found(Store.open(tmp_path / "s")) == {"files": ("damage", 1)}


def test_odd_dates_results_and_prices_are_shouted(tmp_path: Path) -> None:
    rows = [
        match("A", "B", date(2021, 1, 8)),  # before its season
        match("C", "D", date(2021, 9, 1)),
        match("D", "E", date(2021, 9, 2)),  # D the day before
        match("F", "G", date(2021, 10, 1), status="scheduled"),
        match("H", "I", date(2021, 11, 1)),
        match("J", "K", date(2021, 12, 1), season="2021"),
        match("L", "M", date(2022, 1, 1), season="2021"),
    ]
    made = batch(rows)
    events = made.events.with_columns(pl.when(pl.col("home") == "H").then(None).otherwise("winner").alias("winner"))
    quotes = made.quotes.with_columns((pl.col("odds") > 5).alias("suspect"))
    store = Store.create_or_open(tmp_path / "s")
    store.apply([Made(**{**vars(made), "events": events, "quotes": quotes})])
    seen = found(store)
    assert seen["dates outside their season"] == ("shout", 2)
    assert seen["a team twice within a day"] == ("shout", 1)
    assert seen["matches without a result"] == ("note", 1)
    assert seen["played matches without a winner"] == ("shout", 1)
    assert seen["suspect prices, kept"] == ("shout", quotes["suspect"].sum())
    assert seen["books under 97 % or above 130 %"][1] > 0


def test_info_adds_up(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    aside = {"source": "football_data", "file": "one.csv", "raw_file": "x", "line": 7, "kind": "cell",
             "column": "B365H", "value": "0", "reason": "not a price"}  # fmt: skip
    store.apply(
        [league("E0", 2021, 40), batch([match("A", "B", date(2020, 9, 1), "E1", "2020-2021")], quarantine=[aside])]
    )
    facts = info(store)
    assert facts["matches"] == 41 == sum(s["matches"] for s in facts["seasons"])
    assert facts["prices"] == store.quotes().height == sum(s["prices"] for s in facts["seasons"])
    assert (facts["first"], facts["markets"]) == ("2020-09-01", ["1x2", "totals"])
    assert facts["quarantine"] == [{"source": "football_data", "kind": "cell", "reason": "not a price", "count": 1}]
    assert facts["known_at_basis"] == ["assumed:match_day"]
