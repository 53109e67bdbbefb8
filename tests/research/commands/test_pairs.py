"""`bea data pairs`, and what an import and `bea data check` say about matches that may stand twice."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
import yaml

from engine.store.pairs import find_pairs
from research.commands.main import main
from research.commands.pairs import lines, suggestions
from tests.engine.store.batches import batch, match

HEAD = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,B365H,B365D,B365A"
ROWS = ["E0,24/08/2024,Northport,Everton,1,1,D,2.1,3.4,3.5", "E0,24/08/2024,Arsenal,Chelsea,2,1,H,2.1,3.4,3.5"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    return tmp_path


def put(home: Path, name: str, *rows: str) -> Path:
    (home / name).write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    return home / name


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    assert main(["data", *map(str, words)]) == 0
    return capsys.readouterr().out


def test_a_club_under_a_near_name_is_named_at_import_and_an_alias_makes_it_one(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, later = put(home, "a.csv", *ROWS), put(home, "b.csv", *(r.replace("port,", "port Town,") for r in ROWS))
    assert "may be the same" not in run(capsys, "import", "football_data", first)
    out = run(capsys, "import", "football_data", later)
    assert "may be the same: Northport and Northport Town (E0, 1 match)" in out.replace(
        "Northport Town and Northport", "Northport and Northport Town"
    )
    assert "1 pair of matches may be one match" in out
    out = run(capsys, "check")
    assert "matches that may stand twice (bea data pairs)\t1\t" in out and "names that may be one\t1\t" in out
    out = run(capsys, "pairs")
    assert "names: football\tE0\t" in out and "differ" not in out
    advice = out[out.index("if they are one") :]
    assert f"{home / 'aliases' / 'football.yaml'}" in advice
    (home / "aliases").mkdir()
    (home / "aliases" / "football.yaml").write_text(advice.split("\n", 1)[1])
    out = run(capsys, "import", "football_data", first, later)
    assert "files: 2 read, 0 known already" in out and "withdrawn: E0 2024-08-24" in out
    assert ", now E0 2024-08-24 Northport - Everton" in out and "may be the same" not in out
    assert json.loads(run(capsys, "pairs", "--json"))["pairs"] == 0
    assert json.loads(run(capsys, "info", "--json"))["matches"] == 2


def test_a_competition_under_another_name(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, later = put(home, "a.csv", *ROWS), put(home, "b.csv", *(r.replace("E0", "The League") for r in ROWS))
    document = json.loads(run(capsys, "import", "football_data", first, later, "--json"))
    assert "competitions E0 and The League (2 matches)" in document["may_be_the_same"]
    pairs = json.loads(run(capsys, "pairs", "--json"))
    assert pairs["pairs"] == 2 and {row["differs"] for row in pairs["matches"]} == {"competition"}
    assert pairs["aliases"] == {"competitions.yaml": {"football": {"The League": "E0"}}}
    (home / "aliases").mkdir()
    (home / "aliases" / "competitions.yaml").write_text(yaml.safe_dump(pairs["aliases"]["competitions.yaml"]))
    run(capsys, "import", "football_data", later)
    document = json.loads(run(capsys, "info", "--json"))
    assert document["matches"] == 2 and {season["competition"] for season in document["seasons"]} == {"E0"}


def test_a_store_without_pairs_and_a_repeated_import_say_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(home, "a.csv", *ROWS)
    run(capsys, "import", "football_data", path)
    assert "may be" not in run(capsys, "import", "football_data", path)
    assert run(capsys, "pairs") == f"no match may stand twice in {home / 'data' / 'store'}\n"
    assert "stand twice" not in run(capsys, "check")


def test_a_new_name_is_printed_with_the_near_name_of_an_earlier_season(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = put(home, "a.csv", *ROWS)
    later = put(home, "b.csv", "E0,23/08/2025,Northport Town,Everton,1,1,D,2.1,3.4,3.5")
    out = run(capsys, "import", "football_data", first)
    assert "new names: Northport\n" in out
    out = run(capsys, "import", "football_data", later)
    assert "new names: Northport Town (may be the same as Northport)\n" in out
    document = json.loads(run(capsys, "import", "football_data", later, "--again", "--json"))
    assert document["near_names"] == ({"Northport Town": ["Northport"]} if document["changed"] else {})


def test_a_check_names_matches_whose_names_have_an_alias_now(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(home, "a.csv", *ROWS)
    run(capsys, "import", "football_data", path)
    assert "alias" not in run(capsys, "check")
    (home / "aliases").mkdir()
    (home / "aliases" / "football.yaml").write_text("aliases: {Northport: North Port}\n")
    finding = "matches under names that have an alias now (import their files again)\t1\t"
    assert f"{finding}E0 Northport - Everton, now E0 North Port - Everton" in run(capsys, "check")
    run(capsys, "import", "football_data", path)
    assert "alias" not in run(capsys, "check")


def events(*rows: dict) -> pl.DataFrame:
    return pl.concat([batch([row]).events for row in rows])


def test_a_day_off_and_exchanged_sides_have_a_line_each() -> None:
    day = date(2024, 8, 24)
    pairs = find_pairs(
        events(
            match("Northport", "Everton", day),
            match("Northport", "Everton", day + timedelta(days=1)),
            match("Arsenal", "Chelsea", day),
            match("Chelsea", "Arsenal", day, home_score=0, away_score=1),
        )
    )
    assert lines(pairs) == [
        "E0 2024-08-24 Arsenal - Chelsea and E0 2024-08-24 Chelsea - Arsenal",
        "E0 2024-08-24 Northport - Everton and E0 2024-08-25 Northport - Everton",
    ]
    assert suggestions(pairs) == {}


def test_suggestions_name_the_known_name_and_have_no_chain() -> None:
    day = date(2024, 8, 24)
    names = ["Arsenalo", "Arsenal", "Arsenall"]
    pairs = find_pairs(events(*(match(name, "Chelsea", day) for name in names)))
    assert suggestions(pairs) == {"football.yaml": {"aliases": {"Arsenalo": "Arsenal", "Arsenall": "Arsenal"}}}
