"""Flags at import: prices out of line, copies, formats, odd results and names."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from engine.schema import QUOTES
from engine.source import football_data, generic_csv, suspicion
from engine.source.batch import Batch, Parsed
from engine.source.mapping import parse_mapping
from engine.source.quarantine import Origin
from engine.source.read import read_files

TODAY = date(2026, 11, 1)
LONG = """
sport: {value: football}
competition: league
season: {column: season}
home: home
away: away
start: {column: start, zone: UTC}
home_score: hs
away_score: as
winner: {column: winner}
bookmaker: {column: book}
known: {columns: [seen]}
long:
  market: {value: 1x2}
  selection: sel
  odds_column: price
  instant: {column: kind}
"""
START = datetime(2024, 3, 2, 15, tzinfo=UTC)


def row(sel: str, book: str, price: float | str, **more: object) -> dict[str, object]:
    seen = (START - timedelta(hours=3)).isoformat()
    return {
        "league": "L1",
        "season": "2023-2024",
        "home": "A",
        "away": "B",
        "start": START.isoformat(),
        "hs": 2,
        "as": 0,
        "winner": "",
        "book": book,
        "sel": sel,
        "price": price,
        "kind": "snapshot",
        "seen": seen,
        **more,
    }


def book(name: str, first: float, last: float, **more: object) -> list[dict[str, object]]:
    return [row("home", name, first, **more), row("draw", name, 3.6, **more), row("away", name, last, **more)]


def text(rows: list[dict[str, object]]) -> str:
    return "\n".join([",".join(rows[0]), *(",".join(map(str, line.values())) for line in rows)]) + "\n"


def read(rows: list[dict[str, object]], mapping: str = LONG) -> Parsed:
    parsed = generic_csv.read(
        text(rows).encode(), Origin("generic_csv", "x.csv", "0" * 64), TODAY, parse_mapping(mapping, "m")
    )
    flagged = suspicion.with_flags(parsed, "generic_csv", "x.csv", "0" * 64)
    assert flagged.counts.flags == flagged.quarantine.filter(pl.col("kind") == "flag").height
    assert flagged.quotes.drop("suspect").equals(parsed.quotes.drop("suspect"))
    assert flagged.events.equals(parsed.events) and dict(flagged.quotes.schema) == pl.Schema(QUOTES)
    return flagged


def suspects(parsed: Parsed) -> list[tuple[str, str]]:
    return sorted(parsed.quotes.filter("suspect").select("selection", "bookmaker").rows())


def reasons(parsed: Parsed) -> list[str]:
    return parsed.quarantine.filter(pl.col("kind") == "flag")["reason"].to_list()


def test_exchanged_sides_are_flagged_with_their_number() -> None:
    parsed = read([line for name in ("b1", "b2", "b3", "b4") for line in book(name, 1.7, 5.2)] + book("b5", 5.2, 1.7))
    assert suspects(parsed) == [("away", "b5"), ("home", "b5")]
    flags = parsed.quarantine.filter(pl.col("kind") == "flag")
    assert flags["column"].to_list() == ["1x2 home b5 snapshot", "1x2 away b5 snapshot"]
    assert flags["value"].to_list() == ["5.2", "1.7"] and flags["line"].to_list() == [14, 16], "the line of the price"
    assert flags["reason"][0] == (
        "suspect: far from the others, the middle of 4 other prices is 1.7: are the two sides exchanged?"
    )


def test_an_empty_exchange_book_is_flagged() -> None:
    parsed = read([line for name in ("b1", "b2") for line in book(name, 1.7, 5.2)] + book("exchange", 1.01, 1.02))
    assert suspects(parsed) == [("away", "exchange"), ("home", "exchange")]
    assert not any("exchanged" in reason for reason in reasons(parsed))


def test_a_book_with_an_impossible_sum_is_flagged_as_a_whole() -> None:
    parsed = read(book("only", 3.3, 3.3))  # 1.7 and 5.2 would be a book
    assert suspects(parsed) == [(selection, "only") for selection in ("away", "draw", "home")]
    assert reasons(parsed) == ["suspect: 1/odds of the book add up to 88%"]
    assert parsed.quarantine["value"].to_list() == ["3.3/3.6/3.3"]
    assert parsed.quarantine["column"].to_list() == ["1x2 book only snapshot"]
    assert reasons(read(book("max", 3.3, 3.3))) == [], "a maximum over bookmakers is no book"
    assert reasons(read(book("only", 3.3, 3.3)[:2])) == [], "two of three prices are no book"
    assert reasons(read(book("only", 1.1, 2.0))) == ["suspect: 1/odds of the book add up to 169%"]
    named = [line for name in ("b1", "b2", "b3") for line in book(name, 1.7, 5.2)] + book("b4", 1.1, 5.2)
    assert suspects(read(named)) == [("home", "b4")], "where one price is known to be wrong, the others are not"


def test_a_price_is_compared_with_what_was_known_by_then() -> None:
    early, late = ((START - timedelta(hours=hours)).isoformat() for hours in (9, 1))
    first = [line for name in ("b1", "b2", "b3") for line in book(name, 1.7, 5.2, seen=early)]
    after = [line for name in ("b2", "b3") for line in book(name, 4.0, 1.8, seen=late)]
    moved = book("b4", 4.0, 1.8, seen=(START - timedelta(minutes=30)).isoformat())
    assert suspects(read(first + after + moved)) == [], "all others had moved by then"
    too_early = book("b4", 4.0, 1.8, seen=(START - timedelta(hours=2)).isoformat())
    parsed = read(first + after + too_early)
    assert suspects(parsed) == [("away", "b4"), ("home", "b4")], "the later prices of the others do not excuse it"
    flagged = parsed.quotes.filter(pl.col("bookmaker") != "b4")["suspect"]
    assert not flagged.any(), "a later price of another bookmaker makes no earlier one suspect"


def random_pulls(seed: int) -> list[dict[str, object]]:
    """Prices of five bookmakers at instants of their own, some of them wrong, of three matches with odd results."""
    rng, rows = random.Random(seed), list[dict[str, object]]()
    for match in range(3):
        for name in ("b1", "b2", "b3", "b4", "exchange"):
            for minutes in rng.sample(range(10, 300), 4):
                seen = (START - timedelta(minutes=minutes)).isoformat()
                prices = rng.choice([(1.7, 5.2), (1.75, 5.0), (1.66, 5.4), (5.2, 1.7), (1.01, 1.02), (3.3, 3.3)])
                rows += book(name, *prices, seen=seen, home=f"H{match}", hs=(0, 2, 45)[match], winner="")
    return sorted(rows, key=lambda line: str(line["seen"]))


def marks(parsed: Parsed) -> dict[tuple[object, ...], bool]:
    keys = ["event_id", "selection", "bookmaker", "known_at"]
    return {tuple(row[:-1]): row[-1] for row in parsed.quotes.select(*keys, "suspect").iter_rows()}


@pytest.mark.parametrize("seed", range(4))
def test_no_flag_on_a_price_knows_what_came_later(seed: int) -> None:
    rows = random_pulls(seed)
    whole = marks(read(rows))
    assert 0 < sum(whole.values()) < len(whole)
    for cut in sorted({str(line["seen"]) for line in rows})[5::9]:
        early = marks(read([line for line in rows if str(line["seen"]) <= cut]))
        assert early == {key: whole[key] for key in early}


def test_no_flag_on_a_price_knows_a_result() -> None:
    rows = random_pulls(9)
    plain = marks(read(rows))
    for change in ({"hs": 45}, {"hs": 0, "as": 3}, {"winner": "away"}, {"hs": -1}, {"hs": "", "as": ""}):
        assert marks(read([{**line, **change} for line in rows])) == plain


def test_prices_in_play_and_other_kinds_are_not_compared() -> None:
    running = (START + timedelta(hours=1)).isoformat()
    rows = [line for name in ("b1", "b2", "b3") for line in book(name, 1.7, 5.2, seen=running)] + book(
        "b4", 5.2, 1.7, seen=running
    )
    assert suspects(read(rows)) == []
    rows = book("b1", 1.7, 5.2, kind="open") + book("b2", 5.2, 1.7, kind="close")
    assert suspects(read(rows)) == []


def test_copies_of_all_bookmakers_or_of_one() -> None:
    def match(k: int, name: str, close: float) -> list[dict[str, object]]:
        start = (START + timedelta(days=k)).isoformat()
        opening = book(name, 1.7, 5.2, kind="open", start=start, home=f"H{k}")
        return opening + book(name, close, 5.2, kind="close", start=start, home=f"H{k}")

    same = [line for k in range(30) for name in ("b1", "b2") for line in match(k, name, 1.7)]
    assert reasons(read(same)) == [
        "opening and closing prices are equal to the last digit in 60 of 60 books of all bookmakers (b1, b2): "
        "was one column read as both?"
    ]
    one = [line for k in range(30) for name, close in (("b1", 1.7), ("b2", 1.75)) for line in match(k, name, close)]
    assert [reason for reason in reasons(read(one)) if "of b1:" in reason and "30 of 30 books" in reason]
    assert reasons(read([line for k in range(30) for line in match(k, "b2", 1.75)])) == []


def test_american_odds_read_as_decimal() -> None:
    pairs = [(-150, 130), (-200, 170), (105, -125), (-110, -110)]
    rows = [row(("home", "away")[n], "dk", pair[n], home=f"H{k}") for k, pair in enumerate(pairs) for n in (0, 1)]
    parsed = read(rows)
    assert reasons(parsed) == [
        "5 of 8 prices are at or below -100, in a file of decimal odds: are these American odds?"
    ]
    assert parsed.quotes["suspect"].to_list() == [True] * 3
    assert reasons(read(rows, LONG + "odds: american\n")) == []


def test_results_and_names() -> None:
    parsed = read(book("b1", 1.7, 5.2, winner="away") + book("b1", 1.7, 5.2, home="C", hs=45)
                  + book("b1", 1.7, 5.2, league="2.35", home="D"))  # fmt: skip
    assert reasons(parsed) == [
        "the winner contradicts the score 2-0: kept as written",
        "a score that football does not know: kept as written",
        "the league is a number in 1 rows: are the columns shifted?",
    ]
    assert suspects(parsed) == [], "a flag on a result or a name marks no price"


def test_a_flag_of_the_reader_is_not_repeated() -> None:
    header = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,B365H,B365D,B365A,MaxH,AvgH"
    body = "E0,10/09/2022,Arsenal,Chelsea,2,1,A,1.56,4,6,17,1.56"
    raw = f"{header}\n{body}\n".encode()
    parsed = football_data.read(raw, Origin("football_data", "x.csv", "0" * 64), TODAY)
    flagged = suspicion.with_flags(parsed, "football_data", "x.csv", "0" * 64)
    lines = flagged.quarantine.filter(pl.col("kind") == "flag")["reason"].to_list()
    assert len([reason for reason in lines if "contradicts" in reason]) == 1
    assert len([reason for reason in lines if reason.startswith("suspect")]) == 1
    assert flagged.quotes.filter("suspect")["bookmaker"].to_list() == ["max"]


@pytest.mark.parametrize("rows", [[], book("b1", 1.7, 5.2)])
def test_nothing_to_flag(rows: list[dict[str, object]]) -> None:
    parsed = read(rows or [row("home", "b1", "")])
    assert reasons(parsed) == []


def test_every_reader_passes_through(tmp_path: Path) -> None:
    """The flags are set where all files pass, so a new reader has them too."""
    path, mapping = tmp_path / "prices.csv", tmp_path / "m.yaml"
    path.write_text(text([line for name in ("b1", "b2", "b3") for line in book(name, 1.7, 5.2)] + book("b5", 5.2, 1.7)))
    mapping.write_text(LONG)
    (batch,) = read_files("generic_csv", [path], mapping=mapping, today=TODAY)
    assert isinstance(batch, Batch) and batch.counts.flags == 2 and batch.quotes["suspect"].sum() == 2
