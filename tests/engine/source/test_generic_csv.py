"""Mapped tables: the shipped mappings on real files, and each key of a mapping."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zipfile import ZipFile

import polars as pl
import pytest

from engine.errors import ConfigurationError, SourceError
from engine.paths import conf_dir
from engine.source import generic_csv
from engine.source.batch import Parsed
from engine.source.mapping import mapping_text, parse_mapping, shipped_mappings
from engine.source.quarantine import Origin
from tests.engine.source.mapped.reading import read

WIDE = """
sport: {value: football}
competition: {value: X}
home: h
away: a
start: {column: d, format: "%d.%m.%Y"}
home_score: hs
away_score: as
bookmaker: {value: b365}
prices:
  - {column: p1, market: 1x2, selection: home}
  - {column: p2, market: 1x2, selection: away}
"""


@pytest.fixture(scope="module")
def expected(reference_dir: Path) -> dict:
    return json.loads((reference_dir / "reference" / "other_sources_results.json").read_text())


def check(bets: pl.DataFrame, won: pl.Expr, wanted: dict, void: pl.Expr | None = None) -> None:
    is_void = pl.lit(False) if void is None else void
    profit = bets.select(pl.when(is_void).then(0.0).when(won).then(pl.col("odds") - 1).otherwise(-1.0).sum()).item()
    assert (bets.height, bets.filter(won & ~is_void).height) == (wanted["n_bets"], wanted["n_won"])
    assert profit == pytest.approx(wanted["pnl_units"], abs=1e-5)
    if void is not None:
        assert bets.filter(is_void).height == wanted["n_void"]


def test_nfl(reference_dir: Path, expected: dict) -> None:
    parsed = [read(p.read_bytes(), "nfl") for p in sorted((reference_dir / "data" / "nfl").glob("*.csv"))]
    events = pl.concat(p.events for p in parsed)
    quotes = pl.concat(p.quotes for p in parsed).join(events, on="event_id")
    assert events.height == expected["nfl"]["n_games"] and sum(p.counts.flags for p in parsed) == 0
    margin, total = pl.col("home_score") - pl.col("away_score"), pl.col("home_score") + pl.col("away_score")
    for side, sign in (("home", 1), ("away", -1)):
        money = quotes.filter(market="moneyline", selection=side)
        check(money, pl.col("winner") == side, expected["nfl"][f"moneyline_{side}"], pl.col("winner") == "draw")
        covered = sign * (margin + pl.col("line"))
        spread = quotes.filter(market="asian_handicap", selection=side)
        check(spread, covered > 0, expected["nfl"][f"spread_{side}"], covered == 0)
    for side, sign in (("over", 1), ("under", -1)):
        gap = sign * (total - pl.col("line"))
        check(quotes.filter(market="totals", selection=side), gap > 0, expected["nfl"][side], gap == 0)


@pytest.mark.slow
def test_football_open_close(reference_dir: Path, expected: dict) -> None:
    goals = pl.col("home_score") + pl.col("away_score")
    both = (pl.col("home_score") > 0) & (pl.col("away_score") > 0)
    won = {s: pl.col("winner") == s for s in ("home", "draw", "away")}
    won |= {"over_2.5": goals > 2.5, "under_2.5": goals < 2.5, "bts_yes": both, "bts_no": ~both}
    for name, wanted in expected["football_open_close"]["files"].items():
        parsed = read((reference_dir / "data" / "football_open_close" / name).read_bytes(), "football_open_close")
        assert parsed.events.height == wanted["n_matches"]
        quotes = parsed.quotes.join(parsed.events, on="event_id")
        for selection, expression in won.items():
            name_in_quotes = selection.removesuffix("_2.5").removeprefix("bts_")
            for instant in ("open", "close"):
                bets = quotes.filter(selection=name_in_quotes, instant=instant)
                check(bets, expression, wanted[f"flat_{selection}_{instant}"])


@pytest.mark.slow
def test_football_many_markets(reference_dir: Path) -> None:
    folder = reference_dir / "data" / "football_many_markets"
    parsed = [read(path.read_bytes(), "football_many_markets", path.name) for path in sorted(folder.glob("*.csv"))]
    events, quotes = pl.concat(p.events for p in parsed), pl.concat(p.quotes for p in parsed)
    assert events.height == 711 and set(events["competition"]) == {"B1", "E0"} and quotes.height == 27_609
    assert sum(p.counts.prices_quarantined for p in parsed) == 4  # prices of 1
    assert events.select((pl.col("home_first_half") <= pl.col("home_score")).all()).item()
    assert events["home_corners"].null_count() == 2  # empty in the file
    sizes = dict(quotes.group_by("market").len().iter_rows())
    assert sizes["corners_totals"] == 7_060 and sizes["first_half_totals"] == 5_680 and sizes["double_chance"] == 2_118


@pytest.fixture(
    scope="module",
    params=[
        "live_pulls_2026_02_to_05.zip",
        pytest.param("nhl_2023_2025_historical_endpoint.zip", marks=pytest.mark.proof),
    ],
)
def pulls(request: pytest.FixtureRequest, reference_dir: Path) -> Iterator[tuple[str, list[Parsed]]]:
    with ZipFile(reference_dir / "data" / "the_odds_api_snapshots" / request.param) as archive:
        names = archive.namelist()
        yield request.param, [read(archive.read(n), "the_odds_api_snapshots", f"{request.param}!{n}") for n in names]


@pytest.mark.slow
def test_snapshots_have_the_time_at_which_they_were_taken(pulls: tuple[str, list[Parsed]], expected: dict) -> None:
    name, parsed = pulls
    wanted = expected["the_odds_api_snapshots"][name]
    assert len(parsed) == wanted["n_files"] and sum(p.counts.rows_kept for p in parsed) == wanted["n_rows"]
    events = pl.concat(p.events for p in parsed)
    quotes = pl.concat(p.quotes.with_columns(pl.lit(i).alias("file")) for i, p in enumerate(parsed))
    assert events["event_id"].n_unique() == wanted["n_games"] and set(events["status"]) == {"scheduled"}
    assert set(quotes["bookmaker"]) == set(wanted["bookmakers"])
    flags = pl.concat(p.quarantine for p in parsed).filter(kind="flag")
    starts = pl.concat(p.events.with_columns(pl.lit(i).alias("file")) for i, p in enumerate(parsed))
    timed = quotes.join(starts, on=["event_id", "file"])
    late = timed.filter(pl.col("instant") == "in_play")
    assert timed.filter((pl.col("instant") == "snapshot") & (pl.col("known_at") >= pl.col("starts_at"))).is_empty()
    if name.startswith("live"):
        assert flags.height == 7 and flags["reason"].str.contains("update later").all()
        seen = late.filter(known_at_basis="recorded").select("file", "event_id", "bookmaker").unique().height
        assert seen == 252
    else:
        assert set(quotes["known_at"].dt.hour()) == {17} and set(quotes["known_at_basis"]) == {"assumed:file_name"}


SWAPPED = """
sport: {value: football}
competition: {value: EC}
season: year
season_rule: ends
home: home_team
away: away_team
start: {column: date, has_time: false}
prices:
  - {column: odds__bet365__home_win__full_time_goals, market: 1x2, selection: home, bookmaker: b365}
  - {column: odds__bet365__draw__full_time_goals, market: 1x2, selection: draw, bookmaker: b365}
  - {column: odds__bet365__away_win__full_time_goals, market: 1x2, selection: away, bookmaker: b365}
"""


def test_swapped_days_and_months_are_flagged(reference_dir: Path) -> None:
    raw = (reference_dir / "data" / "dirt" / "England_5_2013_day_month_swapped.csv").read_bytes()
    parsed = read(raw, SWAPPED)
    flags = parsed.quarantine.filter(kind="flag")
    assert flags["reason"][0] == "125 of 552 dates are outside their season: are day and month swapped?"
    assert parsed.counts.flags == 125 + 1 and parsed.counts.rows_kept == parsed.counts.rows_read


def test_a_wide_table() -> None:
    parsed = read(
        "d,h,a,hs,as,p1,p2\n01.02.2024,A,B,1,0,2,3\n01.02.2024,A,B,1,0,2,3\n05.02.2024,C,D,x,,1,\nx,E,F,,,2,3\n", WIDE
    )
    assert parsed.counts.rows_kept == 2 and parsed.counts.rows_quarantined == 2
    assert parsed.events["status"].to_list() == ["played", "scheduled"]
    assert (parsed.counts.prices_kept, parsed.counts.prices_empty, parsed.counts.prices_quarantined) == (2, 1, 1)


LONG = """
sport: {value: tennis}
competition: tour
home: p1
away: p2
neutral: true
start: {column: t, zone: UTC}
winner: {column: w, map: {"1": home, "2": away}}
odds: fractional
known: {columns: [seen]}
long:
  market: {column: market, map: {ML: moneyline, HC: asian_handicap}}
  selection: {column: sel, map: {"1": home, "2": away}}
  bookmaker: book
  instant: {value: snapshot}
  line_column: line
  odds_column: price
"""


def test_a_long_table_without_a_home_side() -> None:
    parsed = read(
        "tour,p1,p2,t,w,seen,market,sel,book,line,price\n"
        "ATP,Zed,Ann,2024-05-01T12:00:00Z,1,2024-05-01T10:00:00Z,ML,1,B365,,5/2\n"
        "ATP,Zed,Ann,2024-05-01T12:00:00Z,1,2024-05-01T10:00:00Z,ML,1,B365,,5/2\n"
        "ATP,Zed,Ann,2024-05-01T12:00:00Z,1,2024-05-01T12:00:00Z,HC,2,B365,-1.5,evens\n"
        "ATP,Zed,Ann,2024-05-01T12:00:00Z,1,2024-05-01T10:00:00Z,ML,x,B365,,5/2\n"
        "ATP,Zed,Ann,2024-05-01T12:00:00Z,1,2024-05-01T10:00:00Z,XX,1,B365,,5/2\n"
        "ATP,Zed,Ann,2024-05-01T12:00:00Z,1,sometime,ML,1,B365,,5/2\n",
        LONG,
    )
    assert parsed.events.select("home", "away", "winner", "neutral").rows() == [("Ann", "Zed", "away", True)]
    assert parsed.quotes.select("market", "line", "selection", "bookmaker", "instant", "odds").rows() == [
        ("moneyline", None, "away", "b365", "snapshot", 3.5),
        ("asian_handicap", 1.5, "home", "b365", "in_play", 2.0),
    ]
    assert parsed.quotes["known_at"][0] == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert parsed.counts.rows_quarantined == 3 and parsed.counts.prices_quarantined == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (WIDE.replace("home: h", "hom: h"), "did you mean 'home'"),
        (WIDE.replace("selection: away", "selection: draws"), "did you mean 'draw'"),
        (WIDE.replace("market: 1x2", "market: 1x3"), "did you mean '1x2'"),
        (WIDE + "odds: amercan\n", "did you mean 'american'"),
        (WIDE.replace("{value: X}", "{valu: X}"), "did you mean 'value'"),
        (WIDE.replace("home: h\n", ""), "'home' is missing"),
        (WIDE.replace('"%d.%m.%Y"}', "iso, zone: Mars/Base}"), "time zone"),
        (WIDE + "neutral: 3\n", "wrong type"),
        (WIDE + "lines: {x: {step: 0}}\n", "rule of lines"),
        (WIDE + "known: {files: [{pattern: '(', time: '1'}]}\n", "pattern"),
        (WIDE + "known: {files: [{pattern: 'x', time: '10:00'}]}\n", "incomplete"),
        (WIDE + "delimiter: ab\n", "one character"),
        (WIDE.split("prices")[0] + "prices: 3\n", "not a list"),
        (WIDE + "home: x\n", "'home' occurs twice"),
        ("[1, 2]\n", "not a table"),
        ("a: [\n", "not valid YAML"),
        ("a: " + "[" * 100_000, "more than 64 levels"),
        ("sport: {value: a}\n", "missing"),
        (WIDE.replace("selection: home}", "selection: home, line: x}"), "wrong type"),
    ],
)
def test_a_wrong_mapping_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        parse_mapping(text, "my.yaml")
    assert message in str(error.value) and "\n" not in str(error.value)


def test_each_shipped_mapping_is_valid_and_described() -> None:
    descriptions = shipped_mappings()
    assert {"nfl", "football_open_close", "the_odds_api_snapshots"} <= set(descriptions) and all(descriptions.values())
    for name in descriptions:
        parse_mapping(*mapping_text(name))
    with pytest.raises(ConfigurationError, match="no such mapping"):
        mapping_text("../nfl")


def test_missing_and_duplicate_columns() -> None:
    with pytest.raises(SourceError, match="column of the mapping is missing"):
        read("d,h,hs\n", WIDE)
    with pytest.raises(SourceError, match="none of the price columns"):
        read("d,h,a\n", WIDE)
    with pytest.raises(SourceError, match="duplicate columns"):
        read("d,h,a,a\n", WIDE)
    parsed = read("d;h;a;p1\n01.02.2024;A;B;-\n", WIDE + "delimiter: ;\nmissing: ['-']\n")
    assert parsed.counts.prices_empty == 1
    assert parsed.quarantine.filter(kind="flag")["column"].to_list() == ["p2", "hs", "as"]


def test_a_mapping_in_the_home_is_found_by_its_name(home: Path) -> None:
    (home / "mappings").mkdir()
    shipped = conf_dir() / "source" / "nfl.yaml"
    (home / "mappings" / "my_nfl.yaml").write_text(shipped.read_text())
    text, name = mapping_text("my_nfl")
    assert text == shipped.read_text() and name == str(home / "mappings" / "my_nfl.yaml")
    (home / "mappings" / "nfl.yaml").write_text(shipped.read_text())
    with pytest.raises(ConfigurationError, match="two mappings are named nfl"):
        mapping_text("nfl")
    with pytest.raises(ConfigurationError, match="no such mapping"):
        mapping_text("another")


def test_american_words_and_every_minus() -> None:
    mapping = WIDE.replace("bookmaker:", "odds: american\nbookmaker:")
    parsed = read("d,h,a,hs,as,p1,p2\n13.08.2021,A,B,1,0,EVEN,\u2212110\n14.08.2021,A,B,1,0,Ev,evens\n", mapping)
    assert parsed.quotes["odds"].to_list() == [2.0, 1 + 100 / 110, 2.0, 2.0]


def test_a_mapping_and_a_table_meet_in_one_form_of_letters() -> None:
    mapping = WIDE.replace("home: h", 'home: {column: "Gäste", map: {"Málaga": Malaga}}')
    parsed = read("d,Ga\u0308ste,a,hs,as,p1,p2\n13.08.2021,Ma\u0301laga,B\u00a0C,1,0,2,3\n", mapping)
    assert parsed.events.select("home", "away").row(0) == ("Malaga", "B C")


WHOLE = WIDE.replace("selection: away", "selection: draw") + "  - {column: p3, market: 1x2, selection: away}\n"
PRICED = [f"{day}.02.2024,A{day},B,1,0,1.9,3.5,4.2" for day in range(11, 16)]


def whole(*rows: str, mapping: str = WHOLE, head: str = "d,h,a,hs,as,p1,p2,p3") -> Parsed:
    return read("\n".join([head, *PRICED, *rows]) + "\n", mapping)


@pytest.mark.parametrize(
    "row",
    [
        "16.02.2024,C,D,1,0,3.5,4.2",  # a cell is lost
        "16.02.2024,C,D,1,0,3.5,4.2,",
        "16.02.2024,C,D,1,0,12,5,6.5,1.2",  # 12,5 for 12.5
        "16.02.2024,C,D,1,0,1.9,3.5,4.2,",
    ],
)
def test_a_row_that_lost_or_gained_a_cell_is_quarantined(row: str) -> None:
    parsed = whole(row)
    assert parsed.counts.rows_kept == 5 and parsed.quarantine.select("line", "kind").rows() == [(7, "row")]


def test_a_file_that_lacks_the_draw_of_a_book_is_refused() -> None:
    with pytest.raises(SourceError, match="expected p2 beside p1, p3"):
        whole(mapping=WHOLE, head="d,h,a,hs,as,p1,x,p3")
    with pytest.raises(SourceError, match="the column p1 does not hold prices"):
        read("d,h,a,hs,as,p1,p2,p3\n" + "".join(f"{day}.02.2024,A,B,1,0,x,2,3\n" for day in range(11, 17)), WHOLE)


@pytest.mark.parametrize(
    ("form", "dates"),
    [
        ("%d/%m/%Y", ["02/13/2024", "02/12/2024"]),
        ("%m/%d/%Y", ["13/02/2024", "12/02/2024"]),
        ("%Y-%m-%d", ["2024-13-02", "2024-12-02"]),
        ("iso", ["2024-13-02", "2024-12-02"]),
    ],
)
def test_dates_of_the_other_order_refuse_the_file(form: str, dates: list[str]) -> None:
    mapping = WIDE.replace('"%d.%m.%Y"', f'"{form}"')
    with pytest.raises(SourceError, match="it seems: expected"):
        read("d,h,a,hs,as,p1,p2\n" + "".join(f"{day},A,B,1,0,2,3\n" for day in dates), mapping)


def test_the_missing_column_is_named_before_the_width_of_rows() -> None:
    with pytest.raises(SourceError, match="a column of the mapping is missing"):
        read("d;h;a;hs;as;p1;p2\n13.08.2021;A;B;1;0;1,5;2,5\n", WIDE)


@pytest.mark.parametrize(
    ("zone", "kind", "named"), [("UTC", "snapshot", 1), ("Asia/Tokyo", "snapshot", 0), ("UTC", "in_play", 0)]
)
def test_a_file_whose_prices_were_seen_after_the_start_is_named(zone: str, kind: str, named: int) -> None:
    rows = [
        f"2023-09-{day:02d} 15:00,A{day},B,{odds},2023-09-{day:02d} 16:00" for day in range(1, 12) for odds in (2, 3)
    ]
    sides = [f"{row},{side}" for row, side in zip(rows, ("home", "away") * 11, strict=True)]
    mapping = parse_mapping(
        "sport: {value: basketball}\ncompetition: {value: L}\nhome: h\naway: a\nstart: {column: start, zone: UTC}\n"
        f"known: {{columns: [seen], zone: {zone}}}\nbookmaker: {{value: b}}\n"
        f"long: {{market: {{value: moneyline}}, selection: side, odds_column: odds, instant: {{value: {kind}}}}}\n",
        "late",
    )
    text = "\n".join(["start,h,a,odds,seen,side", *sides, ""])
    parsed = generic_csv.read(text.encode(), Origin("generic_csv", "a.csv", "0" * 64), date(2026, 11, 1), mapping)
    assert parsed.quotes.height == 22
    assert sum("seen after the start" in reason for reason in parsed.quarantine["reason"]) == named
