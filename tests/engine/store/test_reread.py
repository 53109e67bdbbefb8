"""Files that are read again and give other events."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from engine.store import Store
from tests.engine.store.batches import FakeBatch, batch, match

DAY = date(2021, 8, 14)


def read(*rows: dict, known_by: str, name: str = "a.csv", **more: object) -> FakeBatch:
    """A file that is always the same bytes, as one reader reads it."""
    made = batch(list(rows), name=name, **more)  # type: ignore[arg-type]
    return replace(
        made, raw_sha256=name, known_by=known_by, events=made.events.with_columns(pl.lit(name).alias("raw_file"))
    )


def names(store: Store) -> list[tuple[str, str, str]]:
    return store.events().sort("home", "away").select("competition", "home", "away").rows()


def test_a_renamed_club_takes_the_place_of_its_old_name(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    other = match("Dunley", "Quarrow", DAY)
    store.apply([read(match("Northport Town", "Eastham", DAY), other, known_by="1")])
    extra = read(match("Northport Town", "Eastham", DAY), known_by="2", name="b.csv", bookmakers=("extra",))
    store.apply([replace(extra, events=extra.events.with_columns(pl.lit("a.csv").alias("raw_file")))])
    n_quotes = store.quotes().height
    summary = store.apply([read(match("Northport", "Eastham", DAY), other, known_by="3")])
    assert names(store) == [("E0", "Dunley", "Quarrow"), ("E0", "Northport", "Eastham")]
    (withdrawn,) = summary.withdrawn
    assert withdrawn["home"] == "Northport Town" and withdrawn["moved_to"] == DAY
    assert withdrawn["replaced_by"] == "E0 2021-08-14 Northport - Eastham"
    assert store.withdrawn()["home"].to_list() == ["Northport Town"]
    quotes = store.quotes()
    assert quotes.height == n_quotes and "extra" in quotes["bookmaker"].to_list(), "prices of another file are kept"
    assert set(quotes["event_id"]) == set(store.events()["event_id"])


def test_a_competition_takes_the_place_of_its_old_name(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([read(match("Northport", "Eastham", DAY, "EPL"), match("A", "B", DAY, "MLS"), known_by="1")])
    store.apply([read(match("Northport", "Eastham", DAY), match("A", "B", DAY, "MLS"), known_by="2")])
    assert names(store) == [("MLS", "A", "B"), ("E0", "Northport", "Eastham")]
    assert {e.competition for e in store.manifest.entries("quotes")} == {"E0", "MLS"}


def test_an_event_that_another_file_has_brought_since_stays(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([read(match("Northport Town", "Eastham", DAY), known_by="1")])
    store.apply([read(match("Northport Town", "Eastham", DAY), known_by="2", name="b.csv")])
    store.apply([read(match("Northport", "Eastham", DAY), known_by="3")])
    assert len(names(store)) == 2
    store.apply([read(match("Northport", "Eastham", DAY), known_by="4", name="b.csv")])
    assert names(store) == [("E0", "Northport", "Eastham")]


def test_an_event_that_another_file_brings_in_the_same_import_stays(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    old = match("Northport Town", "Eastham", DAY)
    store.apply([read(old, known_by="1")])
    other = read(old, known_by="2", name="b.csv")
    summary = store.apply([other, read(match("Northport", "Eastham", DAY), known_by="3")])
    assert len(names(store)) == 2 and not summary.withdrawn


def test_a_row_that_is_refused_now_and_a_first_reading_withdraw_nothing(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    first = match("Northport", "Eastham", DAY)
    store.apply([read(first, match("Dunley", "Quarrow", DAY), known_by="1")])
    assert not store.apply([read(first, known_by="2")]).withdrawn
    assert not store.apply([read(match("Westbury", "Hexworth", DAY), known_by="3", name="b.csv")]).withdrawn
    assert len(names(store)) == 3


def test_prices_of_a_match_without_a_home_side_are_not_handed_over(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    row = {"raw_line": 2, "neutral": True}
    store.apply([read(match("Baker B.", "Carter C.", DAY, **row), known_by="1", sport="tennis", bookmakers=("a", "b"))])
    store.apply([read(match("Abaker B.", "Carter C.", DAY, **row), known_by="2", sport="tennis", bookmakers=("a",))])
    assert store.events()["home"].to_list() == ["Abaker B."]
    assert store.quotes()["bookmaker"].unique().to_list() == ["a"]
    assert store.withdrawn()["n_quotes"].to_list() == [16]


def test_prices_are_not_handed_over_to_a_match_of_other_teams(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([read(match("Northport Town", "Eastham", DAY), known_by="1", bookmakers=("a", "b"))])
    store.apply([read(match("Dunley", "Quarrow", DAY), known_by="2", bookmakers=("a",))])
    assert names(store) == [("E0", "Dunley", "Quarrow")]
    assert store.quotes()["bookmaker"].unique().to_list() == ["a"]


def test_a_sport_under_its_other_name_is_replaced_too(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([read(match("Northport", "Eastham", DAY), known_by="1", sport="soccer")])
    store.apply([read(match("Northport", "Eastham", DAY), known_by="2")])
    assert store.events()["sport"].to_list() == ["football"]


def test_prices_that_were_misread_are_gone_where_no_other_file_gave_any(tmp_path: Path) -> None:
    """A reader, or a mapping, that changed names a price's bookmaker otherwise, or rejects a price or a row."""
    store = Store.create_or_open(tmp_path / "s")
    rows = match("A", "B", DAY), match("C", "D", DAY)
    store.apply([batch([match("E", "F", DAY)], name="other.csv")])
    store.apply([read(*rows, known_by="1", bookmakers=("unnamed", "b365"))])
    now = read(rows[0], known_by="2", bookmakers=("pinnacle", "b365"))
    fewer = now.quotes.filter((pl.col("bookmaker") != "b365") | (pl.col("market") != "totals"))
    now = replace(now, quotes=fewer, counts=replace(now.counts, prices_kept=fewer.height))
    summary = store.apply([now])
    of_file = store.quotes().join(store.events().filter(raw_file="a.csv"), on="event_id", how="semi")
    assert of_file.height == fewer.height and set(of_file["bookmaker"]) == {"pinnacle", "b365"}
    assert store.events().height == 3 and not summary.withdrawn, "the match stays without its prices"
    assert (summary.quotes_removed, summary.quotes_left) == (8 + 2 + 16, 0)
    before = store.manifest.dump()
    store.apply([now], again=True)
    assert store.manifest.dump() == before


def test_prices_that_another_file_may_have_given_stay_and_are_counted(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    row = match("A", "B", DAY)
    store.apply([read(row, known_by="1", name="old.csv", bookmakers=("ladbrokes",))])
    store.apply([read(row, known_by="2", bookmakers=("b365",))])
    summary = store.apply([read(row, known_by="3", bookmakers=("b365",))])
    assert set(store.quotes()["bookmaker"]) == {"b365", "ladbrokes"} and not summary.withdrawn
    assert summary.quotes_left == 8


def test_a_file_that_gives_nothing_any_more_changes_nothing(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    made = read(match("A", "B", DAY), known_by="1")
    store.apply([made])
    store.apply([replace(made, known_by="2", events=made.events.clear(), quotes=made.quotes.clear())])
    assert store.events().height == 1 and store.quotes().height == made.quotes.height
