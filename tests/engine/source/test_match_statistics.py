"""Statistics and rankings of matches: read as written, never from a match without a result, bad cells named."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from engine.schema import CIRCUMSTANCES, KNOWN_AFTER, STATISTICS
from engine.source import football_data, tennis_data
from engine.source.batch import Parsed
from engine.source.match_statistics import read_pairs
from engine.source.quarantine import Origin, Quarantine
from engine.source.table import read_table

TODAY = date(2026, 1, 31)
FOOTBALL = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HS,AS,HST,AST,HF,AF,HC,AC,HY,AY,HR,AR,HxG,AxG,B365H,B365D,B365A"
TENNIS = (
    "ATP,Location,Tournament,Date,Series,Court,Surface,Round,Best of,Winner,Loser,WRank,LRank,WPts,LPts,"
    "W1,L1,W2,L2,W3,L3,W4,L4,W5,L5,Wsets,Lsets,Comment,B365W,B365L"
)


def football(*rows: str) -> Parsed:
    raw = "\n".join([FOOTBALL, *rows, ""]).encode()
    return football_data.read(raw, Origin("football_data", "x.csv", "0" * 64), TODAY)


def tennis(*rows: str) -> Parsed:
    raw = "\n".join([TENNIS, *rows, ""]).encode()
    return tennis_data.read(raw, Origin("tennis_data", "x.csv", "0" * 64), TODAY)


def cells(parsed: Parsed) -> list[tuple[int, str, str]]:
    return parsed.quarantine.filter(kind="cell").select("line", "column", "value").rows()


def test_a_football_match_keeps_its_statistics() -> None:
    event = football("E0,13/08/2021,A,B,2,0,H,8,22.0,3,4,12,8,2,5,0,1,0,1,1.25,2,2,3,4").events.row(0, named=True)
    pairs = {"shots": (8, 22), "shots_on_target": (3, 4), "fouls": (12, 8), "corners": (2, 5), "yellow_cards": (0, 1)}
    pairs |= {"red_cards": (0, 1), "xg": (1.25, 2.0), "own": (None, None), "cards": (None, None)}
    for kind, pair in pairs.items():
        assert (event[f"home_{kind}"], event[f"away_{kind}"]) == pair, kind


def test_offsides_woodwork_and_the_referee_are_kept_and_he_is_known_before_the_match() -> None:
    head = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,Attendance,Referee,HO,AO,HHW,AHW,HBP,ABP"
    rows = ("E0,13/08/2001,A,B,2,0,H,20843,M. Dean,3,51,1,0,10,25", "E0,15/08/2001,B,A,,,,,M. Riley,2,2,2,2,2,2")
    parsed = football_data.read(
        "\n".join([head, *rows, ""]).encode(), Origin("football_data", "x.csv", "0" * 64), TODAY
    )
    names = ("home_offsides", "away_offsides", "home_woodwork", "away_woodwork", "referee")
    assert parsed.events.sort("date").select(names).rows() == [(3, None, 1, 0, "M. Dean"), (*[None] * 4, "M. Riley")]
    assert cells(parsed) == [(2, "AO", "51")] and set(names[:4]) < set(KNOWN_AFTER) and "referee" in CIRCUMSTANCES


def test_a_match_without_a_result_has_no_statistics() -> None:
    parsed = football("E0,13/08/2021,A,B,,,,8,22,3,4,12,8,2,5,0,1,0,1,1.25,2,2,3,4")
    event = parsed.events.row(0, named=True)
    assert event["settled_at"] is None and {event[name] for name in KNOWN_AFTER} == {None}


def test_a_bad_cell_is_named_and_the_row_and_its_prices_are_kept() -> None:
    parsed = football(
        "E0,13/08/2021,A,B,2,0,H,x,22,3,4,12,8.5,2,5,0,1,0,1,-1,2,2,3,4",
        "E0,14/08/2021,C,D,2,0,H,3,9,4,4,12,8,2,5,0,1,0,99,1,2,2,3,4",
    )
    assert parsed.events["home_shots"].to_list() == [None, None] and parsed.counts.prices_kept == 6
    assert parsed.events["home_shots_on_target"].to_list() == [3, None]
    assert parsed.events["away_shots_on_target"].to_list() == [4, 4]
    assert cells(parsed) == [
        (2, "HS", "x"), (2, "AF", "8.5"), (2, "HxG", "-1"),
        (3, "AR", "99"), (3, "HS", "3"), (3, "HST", "4"),
    ]  # fmt: skip


def test_rankings_follow_the_players_and_not_the_result() -> None:
    rest = "7,5,4,6,7,6,,,,,2,1,Completed,1.72,2"
    first = tennis(f"1,Brisbane,B,2013-12-30,ATP250,Outdoor,Hard,1st Round,3,Zed Z.,Abel A.,61,35,774,1160,{rest}")
    again = tennis(f"1,Brisbane,B,2013-12-30,ATP250,Outdoor,Hard,1st Round,3,Abel A.,Zed Z.,35,61,1160,774,{rest}")
    for parsed, games in ((first, "5-7 6-4 6-7"), (again, "7-5 4-6 7-6")):
        event = parsed.events.row(0, named=True)
        assert (event["home"], event["home_rank"], event["away_rank"]) == ("Abel A.", 35, 61)
        assert (event["home_rank_points"], event["away_rank_points"]) == (1160.0, 774.0)
        assert (event["surface"], event["court"], event["best_of"]) == ("hard", "outdoor", 3)
        assert (event["round"], event["level"], event["set_games"]) == ("1st Round", "ATP250", games)
        assert not cells(parsed)


def test_a_player_without_a_ranking_has_none_and_a_wrong_one_is_named() -> None:
    rest = "7,5,4,6,7,6,,,,,2,1,Completed,1.72,2"
    parsed = tennis(f"1,Brisbane,B,2013-12-30,ATP250,Outdoor,Hard,1st Round,4,Abel A.,Zed Z.,N/A,0,,774,{rest}")
    event = parsed.events.row(0, named=True)
    assert [event[n] for n in ("home_rank", "away_rank", "home_rank_points", "best_of")] == [None] * 4
    assert cells(parsed) == [(2, "Best of", "4"), (2, "LRank", "0")]
    nothing = tennis(f"1,Brisbane,B,2013-12-30,-,N/A,n/a,,NA,Abel A.,Zed Z.,35,61,1160,774,{rest}")
    event = nothing.events.row(0, named=True)
    assert [event[n] for n in ("surface", "court", "round", "level", "best_of")] == [None] * 5 and not cells(nothing)


def test_a_table_needs_both_columns_and_rows_without_a_result_are_not_read() -> None:
    quarantine = Quarantine()
    table = read_table(b"h,a,x\n1,2,3\n4,5,6\n", quarantine)
    columns = {"shots": ("h", "a"), "fouls": ("x", "none")}
    values = read_pairs(table, columns, quarantine, known=[True, False])
    assert values == {"home_shots": [1, None], "away_shots": [2, None]}


@pytest.mark.parametrize("name", ["football_data/E0_1415", "football_data/SP1_2122", "football_data_leagues/D1_0910"])
def test_real_seasons_have_the_sums_of_their_files(reference_dir: Path, name: str) -> None:
    path = reference_dir / "data" / f"{name}.csv"
    with path.open(encoding="cp1252", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["FTR"]]
    events = football_data.read(path.read_bytes(), Origin("football_data", path.name, "0" * 64), TODAY).events
    for kind, columns in {"shots": ("HS", "AS"), "shots_on_target": ("HST", "AST"), "red_cards": ("HR", "AR")}.items():
        for side, column in zip(("home", "away"), columns, strict=True):
            cells = [float(row[column]) for row in rows if row[column].strip()]
            own = events[f"{side}_{kind}"]
            assert (own.sum(), own.count()) == (sum(cells), len(cells)) and len(cells) > 300


def test_a_real_year_of_tennis_has_the_rankings_of_its_file(reference_dir: Path) -> None:
    path = reference_dir / "data" / "tennis_data" / "2014.csv"
    with path.open(encoding="cp1252", newline="") as file:
        rows = list(csv.DictReader(file))
    events = tennis_data.read(path.read_bytes(), Origin("tennis_data", path.name, "0" * 64), TODAY).events
    points = sum(float(row[c]) for row in rows for c in ("WPts", "LPts") if row[c] not in ("", "N/A"))
    assert events["home_rank_points"].sum() + events["away_rank_points"].sum() == points
    for row, event in zip(rows[::97], events[::97].iter_rows(named=True), strict=True):
        side = "home" if event["winner"] == "home" else "away"
        assert str(event[f"{side}_rank"]) == row["WRank"] and event["surface"] == row["Surface"].lower()
    assert set(STATISTICS) & set(events.columns) and events["set_games"].null_count() < 30
