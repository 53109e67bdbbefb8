"""A match is withdrawn only if a newer file moved it: never for a damaged row, nor onto a match that stood already."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from engine.schema import QUARANTINE
from engine.store import Store
from engine.store.moved import damaged_rows
from tests.engine.store.batches import batch, match

DAY = date(2022, 2, 27)
FIRST, LAST = DAY - timedelta(days=8), DAY + timedelta(days=20)
ENDS = [match("Olympiakos", "Aris", FIRST), match("Aris", "Olympiakos", LAST)]
AGAIN = DAY + timedelta(days=14)
NAMES = ("Panathinaikos", "AEK")


def quarantined(value: str, reason: str = "unreadable date: '2022/2/27'") -> dict:
    return {"source": "football_data", "file": "x", "raw_file": "x", "line": 3, "kind": "row", "column": None,
            "value": value, "reason": reason}  # fmt: skip


def withdrawn(tmp_path: Path, old: list[dict], new: list[dict], damaged: list[dict] | None = None) -> int:
    store = Store.create_or_open(tmp_path / "s")
    store.apply([batch([*old, *ENDS], name="old.csv")])
    summary = store.apply([batch([*new, *ENDS], name="new.csv", quarantine=damaged)])
    assert store.events().height == len({(e["home"], e["away"], e["date"]) for e in [*old, *new, *ENDS]}) - len(
        summary.withdrawn
    )
    return len(summary.withdrawn)


def test_a_match_is_not_moved_onto_one_that_stood_already(tmp_path: Path) -> None:
    """Two meetings; the newer file has the second only: it is a part, or the first row is damaged."""
    both = [match(*NAMES, DAY), match(*NAMES, AGAIN)]
    assert withdrawn(tmp_path, both, both[1:]) == 0


def test_a_fixture_is_moved_onto_a_match_that_is_new(tmp_path: Path) -> None:
    assert withdrawn(tmp_path, [match(*NAMES, DAY, status="scheduled")], [match(*NAMES, AGAIN)]) == 1


@pytest.mark.parametrize(("score", "moved"), [(1, 1), (2, 0)])
def test_a_played_match_moves_only_with_its_result(tmp_path: Path, score: int, moved: int) -> None:
    assert withdrawn(tmp_path, [match(*NAMES, DAY)], [match(*NAMES, AGAIN, home_score=score)]) == moved


def test_a_played_match_is_not_moved_onto_a_coming_one(tmp_path: Path) -> None:
    assert withdrawn(tmp_path, [match(*NAMES, DAY)], [match(*NAMES, AGAIN, status="scheduled")]) == 0


def test_one_match_takes_the_place_of_one(tmp_path: Path) -> None:
    old = [match(*NAMES, DAY, status="scheduled"), match(*NAMES, DAY + timedelta(days=5), status="scheduled")]
    assert withdrawn(tmp_path, old, [match(*NAMES, DAY + timedelta(days=6))]) == 1


@pytest.mark.parametrize(
    ("row", "moved"),
    [
        ("G1,2022/2/27,Panathinaikos,AEK,1,0,H,2.5,3.1,2.9", 0),
        ("G1;2022/2/27; panathinaikos ;AEK;1", 0),
        ("G1,27/02/2022,Panathinaikos,A", 0),  # the row is cut: one name is left
        ("G1,27/02/2022,Panathinaikos,Aris,1,0,H", 1),  # another match
        ("G1,27/0", 1),
        ("G1,27/02/2022,Panathinaikos FC,AEK Athens,1", 1),
    ],
)
def test_a_damaged_row_protects_the_match_that_it_names(tmp_path: Path, row: str, moved: int) -> None:
    fixture = [match(*NAMES, DAY, status="scheduled")]
    assert withdrawn(tmp_path, fixture, [match(*NAMES, AGAIN)], [quarantined(row)]) == moved


def test_a_repeated_row_is_no_damage(tmp_path: Path) -> None:
    repeated = quarantined("G1,27/02/2022,Panathinaikos,AEK,1", "duplicate of line 2")
    assert damaged_rows(pl.DataFrame([repeated], schema=QUARANTINE)) == ()
    fixture = [match(*NAMES, DAY, status="scheduled")]
    assert withdrawn(tmp_path, fixture, [match(*NAMES, AGAIN)], [repeated]) == 1


def test_a_part_of_a_file_moves_nothing(tmp_path: Path) -> None:
    others = [match(f"H{i}", f"A{i}", DAY + timedelta(days=i)) for i in range(9)]
    fixture = match(*NAMES, DAY, status="scheduled")
    assert withdrawn(tmp_path / "part", [fixture, *others], [match(*NAMES, AGAIN), *others[:6]]) == 0
    assert withdrawn(tmp_path / "whole", [fixture, *others], [match(*NAMES, AGAIN), *others[1:]]) == 1
