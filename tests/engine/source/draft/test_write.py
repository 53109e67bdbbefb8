"""First mappings: they can be parsed, say what the file shows, and read it."""

from __future__ import annotations

import bz2
import gzip
import json
from datetime import date
from pathlib import Path

import pytest

from engine.errors import SourceError
from engine.source import generic_csv
from engine.source.batch import Parsed
from engine.source.draft import draft_mapping
from engine.source.mapping import Mapping, parse_mapping
from engine.source.quarantine import Origin


def drafted(tmp_path: Path, text: str | bytes, name: str = "prices.csv") -> tuple[str, Mapping]:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    draft = draft_mapping(path)
    return draft, parse_mapping(draft, "draft")


def imported(path: Path, mapping: Mapping) -> Parsed:
    return generic_csv.read(path.read_bytes(), Origin("generic_csv", path.name, "0" * 64), date(2026, 11, 1), mapping)


GERMAN = """Quoten einer Saison
Datum;Zeit;Heim;Gast;HT;GT;Home_open;Draw_open;Away_open;Over_2.5_close;Under_2.5_close
28.08.2022;15:30;Alpha;Beta;1;0;1,85;3,40;4,20;1,95;1,85
03.09.2022;15:30;Beta;Gamma;2;2;2,05;3,30;3,70;1,91;1,87
04.09.2022;17:30;Gamma;Alpha;0;1;2,15;3,20;3,40;1,83;1,99
"""


def test_a_table_with_semicolons_commas_and_a_title(tmp_path: Path) -> None:
    draft, mapping = drafted(tmp_path, GERMAN)
    assert (mapping.delimiter, mapping.decimal, mapping.header_line) == (";", ",", 2)
    assert (mapping.start.column, mapping.start.format, mapping.start.time_column) == ("Datum", "%d.%m.%Y", "Zeit")
    assert (mapping.home.column, mapping.away.column, mapping.home_score) == ("Heim", "Gast", "HT")
    assert [(p.market, p.selection, p.instant, p.line) for p in mapping.prices or ()] == [
        *(("1x2", side, "open", None) for side in ("home", "draw", "away")),
        ("totals", "over", "close", 2.5),
        ("totals", "under", "close", 2.5),
    ]
    assert "# ? in which time zone" in draft and "# ? whose prices are these?" in draft
    parsed = imported(tmp_path / "prices.csv", mapping)
    assert parsed.counts.rows_kept == 3 and parsed.counts.prices_kept == 15
    assert parsed.quotes["odds"].min() == 1.83 and parsed.events["home_score"].to_list() == [1, 2, 0]


AMERICAN = """gameday,away_team,away_score,home_team,home_score,total,away_ml,home_ml,spread_line,home_spread_odds,\
away_spread_odds,total_line,over_odds,under_odds
01/05/2023,B,3,A,7,10,+120,-140,-2.5,-110,-110,9.5,-105,-115
01/05/2023,D,1,C,4,5,+150,-170,-3.5,-110,-110,7.5,-105,-115
"""


def test_american_odds_lines_and_dates_that_can_be_read_both_ways(tmp_path: Path) -> None:
    draft, mapping = drafted(tmp_path, AMERICAN, "mlb_2023.csv")
    assert mapping.odds == "american" and mapping.sport.value == "baseball"
    assert "# ? every date can be read both ways: is it '%d/%m/%Y' or '%m/%d/%Y'?" in draft
    lines = {p.line_column for p in mapping.prices or ()}
    assert lines == {"", "spread_line", "total_line"}  # `total` has the points that were scored
    assert "is total_line the line of the totals" in draft and "whose handicap is it" in draft
    assert imported(tmp_path / "mlb_2023.csv", mapping).counts.prices_kept == 12


def test_a_day_above_twelve_proves_the_order(tmp_path: Path) -> None:
    draft, mapping = drafted(tmp_path, AMERICAN.replace("01/05/2023,D", "05/13/2023,D"))
    assert mapping.start.format == "%m/%d/%Y" and "both ways" not in draft


def test_a_long_table(tmp_path: Path) -> None:
    text = "start,home,away,market,sel,point,price,book,seen\n" + "".join(
        f"2024-01-1{day}T20:00:00Z,A{day},B{day},{market},{sel},{point},{price},dk,2024-01-1{day}T12:00:00Z\n"
        for day in (1, 2, 3)
        for market, sel, point, price in (
            ("h2h", f"A{day}", "", 1.9), ("h2h", "Draw", "", 3.5), ("spreads", f"B{day}", "-0.5", 2.1),
            ("totals", "Over", "2.5", 1.8), ("props", "X", "", 4.5),
        )
    )  # fmt: skip
    draft, mapping = drafted(tmp_path, text)
    assert mapping.long is not None and mapping.long.instant.value == "snapshot"
    assert (
        mapping.long.market.map == {"h2h": "1x2", "spreads": "asian_handicap"} and mapping.lines["point"].team == "own"
    )
    assert "# ? what are: props" in draft and mapping.known.columns == ("seen",)
    parsed = imported(tmp_path / "prices.csv", mapping)
    assert parsed.counts.prices_kept == 12 and parsed.counts.rows_quarantined == 3
    assert set(parsed.quotes.filter(market="asian_handicap")["line"]) == {0.5}


def test_a_json_document(tmp_path: Path) -> None:
    outcomes = [{"name": "Alpha", "price": 1.9}, {"name": "Beta", "price": 2.1}]
    book = {"key": "dk", "last_update": "2024-01-10T12:00:00Z", "markets": [{"key": "h2h", "outcomes": outcomes}]}
    event = {
        "id": "1", "commence_time": "2024-01-10T20:00:00Z", "home_team": "Alpha", "away_team": "Beta",
        "bookmakers": [book],
    }  # fmt: skip
    _, mapping = drafted(tmp_path, json.dumps({"data": {"events": [event]}}), "odds.json")
    assert mapping.records is not None and mapping.records.list == "data.events"
    assert mapping.records.each == ("bookmakers", "markets", "outcomes") and mapping.game_id == "id"
    assert imported(tmp_path / "odds.json", mapping).quotes["selection"].to_list() == ["home", "away"]
    scores = {**event, "scores": [{"name": "Alpha", "score": "2"}, {"name": "Beta", "score": "1"}]}
    del scores["bookmakers"]
    _, mapping = drafted(
        tmp_path, json.dumps(scores) + "\n" + json.dumps({**scores, "home_team": "C"}) + "\n", "s.jsonl"
    )
    assert imported(tmp_path / "s.jsonl", mapping).events["home_score"][0] == 2


def test_a_file_without_a_header(tmp_path: Path) -> None:
    rows = GERMAN.split("\n", 2)[2]
    draft, mapping = drafted(tmp_path, rows)
    assert mapping.columns[:3] == ("column_1", "column_2", "column_3") and "no header" in draft
    lost = rows + GERMAN.split("\n")[1] + "\n"
    _, mapping = drafted(tmp_path, lost)
    assert mapping.columns[:3] == ("Datum", "Zeit", "Heim")
    assert imported(tmp_path / "prices.csv", mapping).counts.rows_kept == 3


def test_teams_without_a_known_name_are_found_by_their_values(tmp_path: Path) -> None:
    names = "ABCDEF"
    rows = "".join(
        f"2024-01-{10 + i},{a},{b},{i}:1\n" for i, (a, b) in enumerate(zip(names, names[1:] + "A", strict=True))
    )
    draft, mapping = drafted(tmp_path, "when,hosts_of_it,guests_of_it,result\n" + rows)
    assert (mapping.home.column, mapping.away.column) == ("hosts_of_it", "guests_of_it") and "which of the two" in draft
    assert mapping.score is not None and mapping.prices == ()
    assert imported(tmp_path / "prices.csv", mapping).events["home_score"].to_list() == [0, 1, 2, 3, 4, 5]


def test_files_that_say_nothing_still_give_a_mapping(tmp_path: Path) -> None:
    draft, mapping = drafted(tmp_path, "a,b\nx,y\n")
    assert draft.count("# ?") >= 4 and mapping.prices == ()
    odd = "x: y,it's,#z,\u00e9 {},[q]\n2024-01-10,A,B,1.5,2\n"
    assert drafted(tmp_path, odd)[1].start.column == "x: y"


def test_packed_files(tmp_path: Path) -> None:
    for pack, suffix in ((gzip.compress, "gz"), (bz2.compress, "bz2")):
        draft, _ = drafted(tmp_path, pack(GERMAN.encode()), f"quoten.csv.{suffix}")
        assert draft.startswith("# A first mapping for quoten.csv:") and "header_line: 2" in draft


@pytest.mark.parametrize("raw", [b"", b"\x89PNG\r\n\x1a\n", b"<!DOCTYPE html><p>x", b"{broken", b"PK\x03\x04xx"])
def test_what_is_no_table_is_refused(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(SourceError):
        drafted(tmp_path, raw)


@pytest.mark.slow
def test_real_files_can_be_imported_with_their_first_mapping(reference_dir: Path) -> None:
    data = reference_dir / "data"
    names = [
        "nfl/games_2010.csv", "football_open_close/spain_laliga.csv", "football_many_markets/E0_2021.csv",
        "football_data/E0_2122.csv", "football_data/E0_0001.csv", "football_data_extra/CHN.csv", "tennis_data/2013.csv",
        "dirt/RUS_shuffled_with_html.csv", "dirt/England_5_2013_day_month_swapped.csv", "dirt/fixtures_no_results.csv",
        *(f"the_odds_api/{s}/odds.json" for s in ("baseball_mlb", "basketball_nba", "soccer_epl", "tennis_atp_munich")),
    ]  # fmt: skip
    for name in names:
        parsed = imported(data / name, parse_mapping(draft_mapping(data / name), name))
        assert parsed.counts.rows_kept > 0.9 * parsed.counts.rows_read, name
        assert parsed.counts.prices_kept > 0.9 * parsed.counts.prices_read, name


def test_names_in_a_path_are_found_and_scores_are_no_names(tmp_path: Path) -> None:
    names = ("Alpha", "Beta", "Gamma", "Delta")
    records = [
        {
            "fixture": {"id": k, "date": f"2024-03-0{k + 1}T19:45:00+01:00"},
            "goals": {"home": k, "away": 1},
            "teams": {"home": {"name": names[k]}, "away": {"name": names[k - 1]}},
            "odds": {"home": "1.85", "draw": "3.40", "away": "4.20"},
        }
        for k in range(4)
    ]
    draft, mapping = drafted(tmp_path, json.dumps({"response": records}), "fixtures.json")
    assert (mapping.home.column, mapping.away.column) == ("teams.home.name", "teams.away.name")
    assert (mapping.home_score, mapping.away_score) == ("goals.home", "goals.away")
    assert [(p.column, p.selection) for p in mapping.prices or ()] == [
        (f"odds.{side}", side) for side in ("home", "draw", "away")
    ]
    del records[0]["teams"], records[1]["teams"], records[2]["teams"], records[3]["teams"]
    draft, mapping = drafted(tmp_path, json.dumps({"response": records}), "fixtures.json")
    assert "no column was found" in draft
    with pytest.raises(SourceError, match="HOME"):
        imported(tmp_path / "fixtures.json", mapping)


def test_a_column_of_starts_comes_before_a_date_and_each_side_has_its_own_line(tmp_path: Path) -> None:
    head = "date,commence_time,home_team,away_team,spread_home,spread_home_odds,spread_away,spread_away_odds"
    rows = [f"2024-05-0{k},2024-05-0{k + 1}T02:10:00Z,Alpha{k},Beta{k},-1.5,+150,1.5,-180" for k in range(1, 6)]
    _, mapping = drafted(tmp_path, "\n".join([head, *rows, ""]))
    assert mapping.start.column == "commence_time"
    assert {name: line.team for name, line in mapping.lines.items()} == {"spread_home": "home", "spread_away": "away"}
