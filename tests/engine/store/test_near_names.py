"""New names that are near to names that the store had before."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from engine.store import Store
from engine.store.near_names import near_names
from tests.engine.store.batches import batch, match


def test_a_renamed_club_in_a_new_season_is_near_to_its_old_name(tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([
        batch([match("Northport", "Eastham", date(2021, 8, 14)), match("Dunley", "Westbury", date(2021, 8, 14), "E1")])
    ])  # fmt: skip
    names = ("Northport Town", "Dunley Town", "Eastham Town", "Quarrow")
    rows = [
        match("Northport Town", "Quarrow", date(2022, 8, 14), season="2022-2023"),
        match("Eastham Town", "Eastham", date(2022, 8, 20), season="2022-2023"),
        match("Dunley Town", "Quarrow", date(2022, 8, 27), season="2022-2023"),
    ]
    summary = store.apply([batch(rows, name="b.csv")])
    assert near_names(store, names, summary.partitions) == {"Northport Town": ["Northport"]}
    assert near_names(store, ["Northport Town"], []) == {} and near_names(store, [], summary.partitions) == {}
