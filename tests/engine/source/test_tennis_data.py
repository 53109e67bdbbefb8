"""tennis-data.co.uk: workbook and CSV give the same rows and reference results; quotes do not show the winner."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from engine.errors import SourceError
from engine.source import tennis_data
from engine.source.batch import Parsed
from engine.source.quarantine import Origin

HEAD = "ATP,Tournament,Date,Winner,Loser,Wsets,Lsets,Comment,B365W,B365L,MaxW,MaxL,AvgW,AvgL"


def read(raw: bytes, today: date = date(2026, 1, 1)) -> Parsed:
    parsed = tennis_data.read(raw, Origin("tennis_data", "x", "0" * 64), today)
    assert parsed.counts.add_up and parsed.counts.prices_kept == parsed.quotes.height
    return parsed


def rows(*lines: str) -> bytes:
    return "\n".join([HEAD, *lines, ""]).encode()


@pytest.mark.parametrize("year", [2012, 2013, 2014, 2015, 2016])
def test_real_years(reference_dir: Path, year: int) -> None:
    folder = reference_dir / "data" / "tennis_data"
    parsed = read((folder / f"{year}.csv").read_bytes())
    book = read(next(p for p in folder.glob(f"{year}.xls*")).read_bytes())
    assert parsed.events.equals(book.events) and parsed.quotes.equals(book.quotes)
    expected = json.loads((reference_dir / "reference" / "other_sources_results.json").read_text())
    wanted = expected["tennis_data"]["files"][f"{year}.csv"]
    assert parsed.counts.rows_kept == wanted["n_rows"] == parsed.counts.rows_read
    names = {"played": "Completed", "scheduled": "Sched"}
    status = {names.get(s, s.capitalize()): n for s, n in parsed.events["status"].value_counts().iter_rows()}
    assert status == wanted["comment"]
    pairs = (
        parsed.quotes.filter(bookmaker="pinnacle")
        .pivot("selection", index="event_id", values="odds")
        .drop_nulls()
        .join(parsed.events.filter(status="played").select("event_id", "winner"), on="event_id")
    )
    assert pairs.height == wanted["n_completed_with_pinnacle_pair"]
    bets = pairs.filter(pl.col("home") != pl.col("away"))
    is_shorter, is_longer = pl.col("home") < pl.col("away"), pl.col("home") > pl.col("away")
    for rule, bet_home in (("favourite", is_shorter), ("outsider", is_longer)):
        odds = pl.when(bet_home).then("home").otherwise("away")
        won = pl.when(bet_home).then(pl.lit("home")).otherwise(pl.lit("away")) == pl.col("winner")
        result = wanted[f"flat_pinnacle_{rule}_completed"]
        assert (bets.height, bets.filter(won).height) == (result["n_bets"], result["n_won"])
        profit = bets.select(pl.when(won).then(odds - 1).otherwise(-1.0).sum()).item()
        assert profit == pytest.approx(result["pnl_units"], abs=0.005)


def test_swapping_winner_and_loser_changes_only_the_winner() -> None:
    first = read(rows("1,Open,2016-05-02,Zverev A.,Ace B.,2,1,Completed,1.5,2.5,1.6,2.6,1.4,2.4"))
    second = read(rows("1,Open,2016-05-02,Ace B.,Zverev A.,2,1,Completed,2.5,1.5,2.6,1.6,2.4,1.4"))
    assert first.quotes.equals(second.quotes)
    result = ["winner", "home_score", "away_score"]
    assert first.events.drop(result).equals(second.events.drop(result))
    assert first.events["winner"].to_list() == ["away"] and second.events["winner"].to_list() == ["home"]
    assert first.events.select("home", "away", "neutral").row(0) == ("Ace B.", "Zverev A.", True)
    assert first.events.select("home_score", "away_score").row(0) == (1, 2)


def test_defects_are_reported() -> None:
    parsed = read(
        rows(
            "1,Open,2016-05-02,B,A,2,1,Completed,1.5,2.5,1.6,42586,1.4,2.4",
            "1,Open,2016-05-02,D,C,2,1,Completed,1,,x,2.6,1.4,2.4",
            "1,Open,2015-05-02,F,E,2,1,Retired,1.5,2.5,,,,",
            "1,Open,2016-05-02,H,G,,,Sched,1.5,2.5,,,,",
            "1,Open,2016-05-03,H,G,,,Walkover,1.5,2.5,,,,",
            "1,Open,2016-05-03,J,I,2,0,Rained,1.5,2.5,,,,",
            "1,Open,2016-05-03,J,J,2,0,Completed,1.5,2.5,,,,",
            "1,Open,sometime,J,I,2,0,Completed,1.5,2.5,,,,",
            "1,Open,2027-05-03,J,I,2,0,Completed,1.5,2.5,,,,",
            "1,Open,2016-05-02,B,A,2,1,Completed,1.5,2.5,1.6,42586,1.4,2.4",
        )
    )
    assert parsed.events["status"].to_list() == ["played", "played", "retired", "scheduled", "walkover"]
    assert parsed.quotes.filter("suspect")["odds"].to_list() == [42586.0]
    assert parsed.counts.rows_quarantined == 5 and parsed.counts.prices_quarantined == 2 and parsed.depends_on_today
    assert parsed.events["winner"].null_count() == 1
    flags = parsed.quarantine.filter(kind="flag")["reason"].to_list()
    assert len(flags) == 3 and any("outside the season 2016" in flag for flag in flags)


def test_two_winners_of_one_match_are_both_refused_by_name() -> None:
    once = "1,Open,2020-01-06,Ann,Bea,2,0,Completed,1.5,2.5,1.6,2.6,1.5,2.5"
    again = "1,Open,2020-01-06,Bea,Ann,2,1,Completed,1.5,2.5,1.6,2.6,1.5,2.5"
    other = "1,Open,2020-01-06,Cat,Dot,2,0,Completed,1.5,2.5,1.6,2.6,1.5,2.5"
    parsed = read(rows(once, other, again))
    assert parsed.events["home"].to_list() == ["Cat"]
    assert (
        parsed.quarantine.filter(kind="row")["reason"].to_list()
        == ["two winners of one pair on one date (lines 2 and 4)"] * 2
    )
    sched = ["1,Open,2020-01-06,Ann,Bea,,,Sched,1.5,2.5,,,,", "1,Open,2020-01-06,Bea,Ann,,,Sched,2.5,1.5,,,,"]
    for lines in ((once, other, once), (sched[0], other, sched[1])):
        assert read(rows(*lines)).quarantine.filter(kind="row")["reason"].to_list() == ["duplicate of line 2"]


def test_dates_of_workbooks() -> None:
    assert tennis_data.read_day("42492") == tennis_data.read_day("2016-05-02 00:00:00") == date(2016, 5, 2)
    assert tennis_data.read_day("02/05/2016") == date(2016, 5, 2) and tennis_data.read_day("2016-13-02") is None


@pytest.mark.parametrize("raw", [b"PK\x03\x04 no workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"a,b\n1,2\n", b""])
def test_a_file_that_is_not_a_table_of_this_source_is_refused(raw: bytes) -> None:
    with pytest.raises(SourceError):
        read(raw)


GAMES = HEAD.replace("Wsets,Lsets", "W1,L1,W2,L2,W3,L3,Wsets,Lsets")


def games(*cells: str, comment: str = "Completed", sets: str = "2,1") -> tuple[list[object], list[str]]:
    """Games of both players in alphabetical order, and the reasons in the quarantine; the winner is the second one."""
    line = f"1,Rome,2013-05-01,Zverev A.,Abel B.,{','.join(cells)},{sets},{comment},1.5,2.5,1.5,2.5,1.5,2.5"
    parsed = read("\n".join([GAMES, line, ""]).encode())
    return list(parsed.events.select("home_games", "away_games").row(0)), parsed.quarantine["reason"].to_list()


def test_games_of_all_sets_are_added_up() -> None:
    assert games("6", "4", "3", "6", "7", "5") == ([15, 16], [])
    assert games("6.0", "4", "6", "0", "", "", sets="2,0") == ([4, 12], [])
    assert games("6", "4", "1", "0", "", "", comment="Retired", sets="1,0") == ([4, 7], [])
    assert games("", "", "", "", "", "", comment="Walkover", sets=",") == ([None, None], [])


@pytest.mark.parametrize(
    "cells", [("6", "4", "3", "6", "", ""), ("6", "4", "x", "6", "7", "5"), ("6", "", "3", "6", "7", "5")]
)
def test_games_that_do_not_fit_the_sets_are_named(cells: tuple[str, ...]) -> None:
    assert games(*cells) == ([None, None], ["games of a set are missing"])


GOOD = [f"1,Open,2016-05-{day},P{day},Q{day},2,1,Completed,1.5,2.6,1.6,2.7,1.5,2.6" for day in range(10, 17)]


@pytest.mark.parametrize(
    "row",
    [
        "1,Open,2016-05-18,X,Y,2,1,Completed,2.6,1.6,2.7,1.5,2.6",  # a cell is lost
        "1,Open,2016-05-18,X,Y,2,1,Completed,2.6,1.6,2.7,1.5,2.6,",  # and an empty one stands at the end
        "1,Open,2016-05-18,X,Y,2,1,Completed,1,5,2.6,1.6,2.7,,",  # 1,5 for 1.5
    ],
)
def test_a_row_that_lost_or_gained_a_cell_gives_no_price(row: str) -> None:
    parsed = read(rows(*GOOD, row))
    assert parsed.counts.rows_kept == 7 and parsed.quarantine.select("line", "kind").rows() == [(9, "row")]


@pytest.mark.parametrize("lost", ["Tournament", "Loser", "Comment", "B365W", "B365L", "AvgL"])
def test_a_header_that_lost_a_name_is_refused(lost: str) -> None:
    head = ",".join(name for name in HEAD.split(",") if name != lost)
    with pytest.raises(SourceError, match=f"expected the column {lost}"):
        read("\n".join([head, *(row.rsplit(",", 1)[0] for row in GOOD), ""]).encode())


def test_dates_written_month_first_refuse_the_file() -> None:
    with pytest.raises(SourceError, match="written month first, it seems"):
        read(rows(*(row.replace(row[7:17], f"05/{row[15:17]}/2016") for row in GOOD)))


def test_the_first_days_of_a_running_season_belong_to_it() -> None:
    """Tournaments of 2014 began on 30 December 2013."""
    parsed = read(
        rows(
            "1,Open,2013-12-30,B,A,2,1,Completed,1.5,2.5,,,,",
            "1,Open,2013-12-31,D,C,2,1,Completed,1.5,2.5,,,,",
            "1,Open,2014-01-01,F,E,2,1,Completed,1.5,2.5,,,,",
        )
    )
    assert parsed.events["season"].unique().to_list() == ["2014"]
    assert parsed.quarantine.is_empty()
