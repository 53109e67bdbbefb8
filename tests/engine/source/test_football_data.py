"""football-data.co.uk: both layouts, dates, defective rows, and counts that add up."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from engine.errors import SourceError
from engine.schema import EVENTS, OPTIONAL_EVENTS, QUARANTINE, QUOTES
from engine.source import calendar, football_data
from engine.source.batch import Parsed
from engine.source.football_columns import price_columns
from engine.source.quarantine import Origin

TODAY = date(2026, 1, 31)
HEAD = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,B365H,B365D,B365A"


def read(text: str | bytes, today: date = TODAY) -> Parsed:
    raw = text.encode() if isinstance(text, str) else text
    parsed = football_data.read(raw, Origin("football_data", "x.csv", "0" * 64), today)
    assert parsed.counts.add_up
    assert parsed.counts.prices_kept == parsed.quotes.height
    assert parsed.counts.rows_kept == parsed.events.height
    required = parsed.events.select(list(EVENTS))
    assert set(parsed.events.columns) - set(EVENTS) <= set(OPTIONAL_EVENTS)
    for frame, schema in ((required, EVENTS), (parsed.quotes, QUOTES), (parsed.quarantine, QUARANTINE)):
        assert frame.schema == pl.Schema(schema)
    return parsed


def reasons(parsed: Parsed, kind: str) -> list[str]:
    return parsed.quarantine.filter(kind=kind)["reason"].to_list()


def test_a_row_becomes_an_event_with_its_quotes() -> None:
    parsed = read(f"{HEAD}\nE0,13/08/21, Brentford ,Arsenal,2.0,0,H,4.00,3.4,1.95\n")
    event = parsed.events.row(0, named=True)
    assert (event["home"], event["away"], event["date"]) == ("Brentford", "Arsenal", date(2021, 8, 13))
    assert (event["home_score"], event["away_score"], event["winner"]) == (2, 0, "home")
    assert (event["competition"], event["season"], event["status"]) == ("E0", "2021-2022", "played")
    assert event["starts_at"] == datetime(2021, 8, 13, 12, tzinfo=UTC)
    assert event["settled_at"] == datetime(2021, 8, 13, 23, 59, 59, tzinfo=UTC)
    assert parsed.quotes["odds"].to_list() == [4.0, 3.4, 1.95]
    assert parsed.quotes["known_at"].unique().to_list() == [datetime(2021, 8, 13, tzinfo=UTC)]
    assert set(parsed.quotes["known_at_basis"]) == {"assumed:match_day"}


def test_times_are_london_time_and_a_closing_price_is_known_at_the_start() -> None:
    parsed = read(
        "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,B365H,B365CH\n"
        "E0,13/08/2021,20:00,A,B,1,0,H,2,2.1\nE0,14/08/2021,00:30,C,D,1,0,H,2,2.1\n"
    )
    known = parsed.quotes.select("instant", "known_at", "known_at_basis").rows()
    assert known[0] == ("open", datetime(2021, 8, 13, tzinfo=UTC), "assumed:match_day")
    assert known[1] == ("close", datetime(2021, 8, 13, 19, tzinfo=UTC), "assumed:kick_off")
    assert known[2][1] == datetime(
        2021, 8, 13, 22, 30, tzinfo=UTC
    )  # an hour before the start, because it is before midnight UTC


def test_a_file_has_one_form_of_dates_and_none_is_guessed() -> None:
    row = ",A{0},B{0},1,0,H,2,3,4\n"
    forms = ["13/08/2021", "14/08/2021", "15/08/21", "2021/8/4", "32/01/2021", "1930/10/4", ""]
    parsed = read(HEAD + "\n" + "".join(f"E0,{form}" + row.format(i) for i, form in enumerate(forms)))
    assert parsed.events["date"].to_list() == [date(2021, 8, 13), date(2021, 8, 14)]
    assert parsed.counts.rows_quarantined == 5 == len(reasons(parsed, "row"))
    assert calendar.read_slashed(["14/08/93", "01/01/00"]) == [date(1993, 8, 14), date(2000, 1, 1)]


def test_a_bad_cell_is_quarantined_and_its_row_is_kept() -> None:
    parsed = read(
        f"{HEAD}\nE0,13/08/2021,A,B,1,0,H,0,x,4\nE0,13/08/2021,C,D,1,0,H,NaN,inf,1e308\nE0,13/08/2021,E,F,1,0,H,1,-1,\n"
    )
    assert parsed.counts.rows_kept == 3
    assert (parsed.counts.prices_kept, parsed.counts.prices_empty, parsed.counts.prices_quarantined) == (1, 1, 7)
    cells = parsed.quarantine.filter(kind="cell").select("line", "column", "value").rows()
    assert cells[0] == (2, "B365H", "0") and cells[1] == (2, "B365D", "x") and len(cells) == 7


def test_suspect_prices_are_flagged_and_kept() -> None:
    head = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,BbMxH,BbAvH"
    parsed = read(f"{head}\nE1,13/08/2007,A,B,1,0,H,17,1.56\nE1,13/08/2007,C,D,1,0,H,1.7,1.56\n")
    assert parsed.quotes.filter("suspect")["odds"].to_list() == [17.0]
    assert parsed.counts.flags == 1 and parsed.quotes["bookmaker"].to_list() == ["max", "avg"] * 2


def test_handicap_lines_are_the_home_sides_and_a_bad_line_removes_its_prices() -> None:
    head = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,BbAHh,BbMxAHH,BbMxAHA,GBAHH,GBAHA,GBAH"
    rows = [
        "-0.25,1.9,1.9,2,1.8,-0.5",
        '"-0.5,-1",1.9,,2,1.8,',
        "0.758,1.9,1.9,,,9",
        "12.5,1.9,1.9,,,",
        "-0,1.9,1.9,,,",
    ]
    parsed = read(head + "\n" + "".join(f"E0,13/08/2007,A{i},B{i},1,0,H,{row}\n" for i, row in enumerate(rows)))
    first = parsed.quotes.head(4)
    assert first["line"].to_list() == [-0.25, -0.25, -0.5, -0.5]
    assert first["selection"].to_list() == ["home", "away"] * 2
    assert parsed.counts.prices_quarantined == 1 + 2 + 2 + 2
    assert str(parsed.quotes["line"][-1]) == "0.0"


def test_columns_of_all_years() -> None:
    header = ["VCH", "VCD", "VCA", "VCCH", "PSCH", "P>2.5", "PCAHH", "B365C<2.5", "MaxCH", "BFEH", "BFECH", "1XBH"]
    columns, unknown = price_columns(header)
    facts = [(p.bookmaker, p.market, p.selection, p.instant) for p in columns]
    assert facts[0] == ("vc_bet", "1x2", "home", "open") and facts[3] == ("vc_bet", "1x2", "home", "close")
    assert facts[4] == ("pinnacle", "1x2", "home", "close") and facts[5] == ("pinnacle", "totals", "over", "open")
    assert facts[6] == ("pinnacle", "asian_handicap", "home", "close") and columns[6].line_column == "AHCh"
    assert facts[9][0] == facts[10][0] == "betfair_exchange" and facts[10][3] == "close" and not unknown
    columns, unknown = price_columns(
        ["XYZH", "XYZD", "XYZA", "XYZCH", "XYZCD", "XYZCA", "What", "HS", "", "Unnamed: 4"]
    )
    assert [(p.bookmaker, p.instant) for p in columns] == [("xyz", "open")] * 3 + [("xyz", "close")] * 3
    assert unknown == ["What"]


def test_a_match_without_a_result_keeps_its_quotes_and_the_future_is_limited() -> None:
    rows = [
        "20/02/2026,A,B,,,",
        "20/02/2026,C,D,1,0,H",
        "20/06/2027,E,F,,,",
        "21/02/2026,G,H,1,,H",
        "01/02/2025,I,J,2,2,H",
    ]
    parsed = read(HEAD + "\n" + "".join(f"E0,{row},2,3,4\n" for row in rows))
    assert parsed.events["status"].to_list() == ["scheduled", "scheduled", "played"]
    assert parsed.events["settled_at"].null_count() == 2 and parsed.counts.prices_kept == 9
    assert parsed.counts.rows_quarantined == 2 and parsed.depends_on_today
    assert parsed.events["winner"].to_list()[-1] == "home" and "contradicts the goals" in reasons(parsed, "flag")[0]


def test_rows_that_do_not_fit_are_quarantined_and_never_shifted() -> None:
    good = "E0,13/08/2021,A,B,1,0,H,2,3,4"
    lines = [
        HEAD,
        good,
        ",,,,,,,,,",
        "",
        good,
        f"{good},9",
        f"{good},,",
        'E0,"13/08/2021,C,D,1,0,H,2,3,4',
        "E0,14/08/2021,A,B,1,0,H",
    ]
    lines += [f"E0,15/08/2021,A{i},B{i},1,0,H,2,3,4" for i in range(4)]
    parsed = read("\r\n".join(lines) + "\r\n")
    assert parsed.counts.rows_blank == 2 and parsed.counts.rows_kept == 5
    assert reasons(parsed, "row") == [
        "duplicate of line 2",
        "11 cells in a table of 10 columns",
        "12 cells in a table of 10 columns",
        "an unmatched quotation mark",
        "7 cells in a table of 10 columns",
    ]
    cut = read("\n".join([HEAD, good, "E0,14/08/2021,A,B,1,0,H,2"]))
    assert reasons(cut, "row") == ["the file ends in the middle of this row"]


def test_two_results_of_one_match_are_both_refused_by_name() -> None:
    once, again = "E0,14/08/2021,A,B,1,0,H,2,3,4", "E0,14/08/2021,A,B,0,2,A,2,3,4"
    others = [f"E0,15/08/2021,A{i},B{i},1,0,H,2,3,4" for i in range(4)]
    torn = read("\n".join([HEAD, once, *others, again, once, ""]))
    assert torn.counts.rows_kept == 4 and torn.counts.rows_quarantined == 3
    assert reasons(torn, "row") == ["two results of one pair on one date (lines 2 and 7 and 8)"] * 3
    open_, moved = "E0,14/08/2021,A,B,,,,2,3,4", "E0,14/08/2021,A,B,1,0,H,2.1,3,4"
    for second, reason in ((once, "duplicate of line 2"), (moved, "duplicate of line 2 with other values")):
        repeated = read("\n".join([HEAD, once, *others, second, ""]))
        assert repeated.counts.rows_kept == 5 and reasons(repeated, "row") == [reason]
    assert reasons(read("\n".join([HEAD, once, open_, ""])), "row") == ["duplicate of line 2 with other values"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "latin-1"])
def test_encodings(encoding: str) -> None:
    parsed = read(f"{HEAD}\nSP1,13/08/2021,Málaga Este,Altnürnberg,1,0,H,2,3,4\n".encode(encoding))
    assert parsed.events.select("home", "away").row(0) == ("Málaga Este", "Altnürnberg")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=HYPERLINK(1)", "../../etc/passwd", "C:\\nul"])
def test_malicious_names_stay_text(name: str) -> None:
    parsed = read(f"{HEAD}\nE0,13/08/2021,{name},B,1,0,H,2,3,4\n")
    assert parsed.events["home"].to_list() == [name] and name in parsed.counts.new_names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "Date,HomeTeam\n",
        "<html><body>",
        "Div,Date,HomeTeam,AwayTeam,B365H,B365H\n",
        'Div,"Date\n',
        "\0\0\0",
    ],
)
def test_a_wrong_structure_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(SourceError) as error:
        read(text)
    assert "\n" not in str(error.value)


def test_the_layout_with_one_country_per_file_has_closing_prices_only() -> None:
    parsed = read(
        "\ufeffCountry,League,Season,Date,Time,Home,Away,HG,AG,Res,PH,PD,PA,MaxCH\r\n"
        "China,Super League,2014,07/03/2014,11:00,A,B,1,0,H,2,3,4,2.1\r\n"
        "Russia,Premier,2015/2016,17/07/2015,17:00,C,D,1,1,D,2,3,4,2.1\r\n"
        "Russia,Premier,2015/2016,17/07/2019,17:00,E,F,1,1,D,2,3,4,2.1\r\n"
    )
    assert parsed.events["season"].to_list() == ["2014", "2015-2016", "2015-2016"]
    assert parsed.events["competition"][0] == "China Super League" and set(parsed.quotes["instant"]) == {"close"}
    assert len(reasons(parsed, "flag")) == 1


def test_seasons_by_date() -> None:
    late = [date(2019, 8, 24), date(2020, 8, 2)]
    assert calendar.seasons_of_file(late) == ["2019-2020"] * 2
    one_wrong = [date(2012, 3, 8), *[date(2012, 8, 17)] * 3, date(2013, 2, 1)]
    assert calendar.seasons_of_file(one_wrong) == ["2012-2013"] * 5  # one mangled date does not move the others
    assert calendar.seasons_of_file([date(2014, 3, 1), date(2014, 6, 20), date(2014, 11, 1)]) == ["2014"] * 3
    assert calendar.seasons_of_file([date(2019, 8, 1), date(2020, 7, 20), date(2020, 9, 1)]) == [
        "2019-2020",
        "2019-2020",
        "2020-2021",
    ]
    assert calendar.season_as_written("2015/16") == "2015-2016" and calendar.season_as_written("2015/18") is None


@pytest.mark.parametrize(
    ("name", "kept", "quarantined"),
    [
        ("B1_five_seasons_one_header.csv", 924, 623),
        ("E0_2122_corrected.csv", 380, 0),
        ("E0_1516_until_september.csv", 60, 0),
        ("fixtures_no_results.csv", 39, 0),
    ],
)
def test_real_files_with_defects(reference_dir: Path, name: str, kept: int, quarantined: int) -> None:
    parsed = read((reference_dir / "data" / "dirt" / name).read_bytes())
    assert (parsed.counts.rows_kept, parsed.counts.rows_quarantined) == (kept, quarantined)
    if name.startswith("fixtures"):
        assert set(parsed.events["status"]) == {"scheduled"} and parsed.quotes.height == 2067


def test_shuffled_files_and_other_layouts_are_refused(reference_dir: Path) -> None:
    for name in ("RUS_shuffled_with_html.csv", "England_5_2013_day_month_swapped.csv"):
        with pytest.raises(SourceError, match="not a header of football-data"):
            read((reference_dir / "data" / "dirt" / name).read_bytes())


PAIR = f"{HEAD},PSH,PSD,PSA"
GOOD_ROWS = [f"E0,1{i}/09/2023,A{i},B{i},2,0,H,1.9,3.5,4.2,1.95,3.6,4.3" for i in range(3, 7)]


def rows_of(*lines: str, head: str = PAIR, end: str = "\n") -> Parsed:
    return read("\n".join([head, *lines]) + end)


@pytest.mark.parametrize(
    "row",
    [
        "E0,20/09/2023,C,D,2,0,H,3.5,4.2,1.95,3.6,4.3",  # a cell is lost
        "E0,20/09/2023,C,D,2,0,H,3.5,4.2,1.95,3.6,4.3,",  # and an empty one stands at the end
        "E0,20/09/2023,C,D,2,0,H,12,5,6.5,1.3,12.8,",  # 12,5 for 12.5
        "E0,20/09/2023,C,D,2,0,H,1,9,3.5,4.2,,",
        "E0,20/09/2023,C,D,2,0,H,1.9,3.5,4.2,1.95,3.6,4.3,",
        "E0,20/09/2023,C,D,2,0,H,12\n.5,6.5,1.3,12.8,6.4,1.31",  # a line end inside 12.5
    ],
)
def test_a_damaged_row_gives_no_price_and_is_named(row: str) -> None:
    parsed = rows_of(*GOOD_ROWS, row)
    assert parsed.counts.rows_kept == 4 and parsed.quotes.height == 24
    assert parsed.quarantine.filter(kind="row")["line"].to_list() == list(range(6, 7 + row.count("\n")))


def test_a_header_that_lost_the_draw_is_refused() -> None:
    rows = [",".join(row.split(",")[:-1]) + "," for row in GOOD_ROWS]
    with pytest.raises(SourceError, match="expected the column B365D beside B365H and B365A, found no such name"):
        rows_of(*rows, head=PAIR.replace("B365D,", "").replace(",PSA", ",PSA"))


def test_a_file_cut_in_its_last_price_names_the_cell() -> None:
    parsed = rows_of(*GOOD_ROWS, "E0,20/09/2023,C,D,2,0,H,1.2,6.5,13,1.2,6.5,13", end="")
    assert parsed.quotes.filter(pl.col("odds") == 13)["bookmaker"].to_list() == ["b365"]
    assert parsed.quarantine.select("line", "kind", "column", "value").rows() == [(6, "cell", "PSA", "13")]
    assert (parsed.counts.prices_kept, parsed.counts.prices_empty, parsed.counts.prices_quarantined) == (29, 0, 1)


def test_dates_written_month_first_refuse_the_file() -> None:
    rows = [
        row.replace(row[3:13], f"09/{day}/2023") for row, day in zip(GOOD_ROWS, ("08", "13", "09", "20"), strict=True)
    ]
    with pytest.raises(SourceError, match="month first, it seems: expected day first, found '09/13/2023' in line 3"):
        rows_of(*rows)


def test_a_missing_column_is_named_with_the_nearest() -> None:
    with pytest.raises(SourceError, match="expected the column AwayTeam, found 'Away_Team' for AwayTeam"):
        rows_of(*GOOD_ROWS, head=PAIR.replace("AwayTeam", "Away_Team"))
    with pytest.raises(SourceError, match="expected the column Season"):
        read("Country,League,Date,Home,Away,HG,AG,Res\n")
