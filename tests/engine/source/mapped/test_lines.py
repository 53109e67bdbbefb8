"""Whose handicap a column has; books whose sides do not fit; spreads against the moneyline; new markets."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from engine.source.batch import Parsed
from engine.source.mapped.lines import sign_of
from engine.source.mapping import Line, parse_mapping
from tests.engine.source.mapped.reading import read

OWN = """
sport: {value: basketball}
competition: {value: NBA}
home: home
away: away
start: {column: start}
home_score: hs
away_score: as
bookmaker: {column: book}
long:
  market: {column: market, map: {spreads: asian_handicap}}
  selection: side
  line_column: point
  odds_column: price
lines: {point: {team: own}}
"""
HEAD = "start,home,away,hs,as,market,side,point,price,book\n"
GAME = "2024-01-10T00:10:00Z,Bulls,Heat,102,100"
TEXT = (
    f"{HEAD}{GAME},spreads,home,-3.5,1.91,dk\n{GAME},spreads,away,3.5,1.91,dk\n"
    f"{GAME},totals,over,210.5,1.91,dk\n{GAME},totals,under,210.5,1.91,dk\n"
)


def lines(parsed: Parsed) -> list[tuple[str, str, float]]:
    return parsed.quotes.sort("market", "selection").select("market", "selection", "line").rows()


def suspect(parsed: Parsed) -> list[str]:
    rows = parsed.quotes.filter("suspect").sort("market", "selection").select("market", "selection", "line").rows()
    return [f"{market} {selection} {line:g}" for market, selection, line in rows]


def flags(parsed: Parsed) -> list[tuple[str, str]]:
    return parsed.quarantine.filter(kind="flag").select("value", "reason").rows()


def test_each_sides_own_line() -> None:
    parsed = read(TEXT, OWN)
    assert lines(parsed) == [
        ("asian_handicap", "away", -3.5),
        ("asian_handicap", "home", -3.5),
        ("totals", "over", 210.5),
        ("totals", "under", 210.5),
    ]
    assert parsed.counts.flags == 0


def test_a_book_whose_sides_do_not_share_a_line_is_flagged() -> None:
    parsed = read(TEXT, OWN.replace("team: own", "team: home"))
    assert flags(parsed) == [
        (
            "dk: home -3.5, away +3.5",
            "the two sides of a book have different lines: home and away do not fit together; where each side has its "
            "own line, the mapping needs `team: own`, and a constant line is the home side's",
        )
    ]
    assert suspect(parsed) == ["asian_handicap away 3.5", "asian_handicap home -3.5"]  # not the total
    other = read(TEXT.replace("under,210.5", "under,211.5"), OWN)
    assert [value for value, _ in flags(other)] == ["dk: over +210.5, under +211.5"]
    one_sided = read(TEXT.replace("spreads,away", "totals,over").replace("3.5,1.91,dk\n", "9,1.91,dk\n", 2), OWN)
    assert not [value for value, _ in flags(one_sided) if "home" in value]


def test_alternative_lines_and_two_books_are_no_fault() -> None:
    more = TEXT + f"{GAME},spreads,home,-4.5,2.1,dk\n{GAME},spreads,away,4.5,1.7,dk\n{GAME},spreads,home,-9.5,5,dk\n"
    more += f"{GAME},spreads,home,-2.5,1.9,mgm\n{GAME},spreads,away,2.5,1.9,mgm\n"
    assert read(more, OWN).counts.flags == 0


def test_timed_prices_are_compared_at_each_time() -> None:
    mapping = OWN.replace("bookmaker:", "known: {columns: [seen]}\nbookmaker:").replace(
        "  market:", "  instant: {value: snapshot}\n  market:"
    )
    rows = [
        f"{GAME},spreads,{side},{point},1.9,dk,2024-01-09T{hour}:00:00Z\n"
        for hour, line in ((10, -3.5), (12, -4.5))
        for side, point in (("home", line), ("away", -line))
    ]
    text = HEAD.replace("book\n", "book,seen\n") + "".join(rows)
    assert read(text, mapping).counts.flags == 0
    assert read(text, mapping.replace("team: own", "team: home")).counts.flags == 2
    apart = text.replace("away,3.5,1.9,dk,2024-01-09T10:00", "away,3.5,1.9,dk,2024-01-09T10:01").replace(
        "away,4.5,1.9,dk,2024-01-09T12:00", "away,4.5,1.9,dk,2024-01-09T12:01"
    )
    assert (
        read(apart, mapping).counts.flags == 0
        and read(apart, mapping.replace("team: own", "team: home")).counts.flags == 1
    )


def test_signs() -> None:
    own, away, favoured = Line(team="own"), Line(team="away"), Line(factor=-1.0)
    assert [sign_of("asian_handicap", s, own) for s in ("home", "away")] == [1, -1]
    assert [sign_of("first_half_asian_handicap", s, away) for s in ("home", "away")] == [-1, -1]
    assert [sign_of("asian_handicap", s, favoured) for s in ("home", "away")] == [-1, -1]
    assert [sign_of("totals", "under", rule) for rule in (own, away, favoured)] == [1, 1, 1]


WIDE = """
sport: {value: basketball}
competition: {value: NBA}
home: home
away: away
start: {column: start}
bookmaker: {value: dk}
prices:
  - {column: hp, market: asian_handicap, selection: home, line_column: hl}
  - {column: ap, market: asian_handicap, selection: away, line_column: al}
  - {column: hm, market: moneyline, selection: home}
  - {column: am, market: moneyline, selection: away}
lines: {al: {team: own}}
"""


def spread(row: str, mapping: str = WIDE) -> Parsed:
    return read(f"start,home,away,hp,hl,ap,al,hm,am\n2024-01-10T00:10:00Z,A,B,{row}\n", mapping)


def test_own_lines_of_a_wide_table() -> None:
    assert lines(spread("1.9,-3.5,1.9,3.5,1.5,2.6"))[:2] == [("asian_handicap", s, -3.5) for s in ("away", "home")]
    assert spread("1.9,-3.5,1.9,3.5,1.5,2.6").counts.flags == 0
    swapped = spread("1.9,-3.5,1.9,3.5,1.5,2.6", WIDE + "neutral: true\n").quotes
    assert set(swapped.filter(market="asian_handicap")["line"]) == {-3.5}
    exchanged = read(
        "start,home,away,hp,hl,ap,al,hm,am\n2024-01-10T00:10:00Z,Z,B,1.9,-3.5,1.8,3.5,1.5,2.6\n",
        WIDE + "neutral: true\n",
    )
    assert exchanged.quotes.filter(market="asian_handicap").select("selection", "line", "odds").rows() == [
        ("away", 3.5, 1.9),
        ("home", 3.5, 1.8),
    ]


def test_a_spread_against_its_moneyline_is_flagged() -> None:
    ((value, reason),) = flags(spread("1.9,3.5,1.9,-3.5,1.5,2.6"))
    marked = suspect(spread("1.9,3.5,1.9,-3.5,1.5,2.6"))
    assert marked == ["asian_handicap away 3.5", "asian_handicap home 3.5"]  # not the moneyline
    assert value == "dk: home +3.5, chance of winning 63%" and "contradicts the moneyline" in reason
    ((value, _),) = flags(spread("1.9,-3.5,1.9,3.5,2.6,1.5"))
    assert value == "dk: away +3.5, chance of winning 63%"
    assert not flags(spread("1.9,0.5,1.9,-0.5,1.9,2.0"))  # no clear favourite
    assert not flags(spread("1.1,9.5,6.5,-9.5,1.5,2.6"))  # an alternative line


def test_a_total_below_zero_is_no_line() -> None:
    parsed = read(TEXT.replace("over,210.5", "over,-210.5"), OWN)
    assert parsed.counts.prices_quarantined == 1
    assert parsed.quarantine.filter(kind="cell")["reason"].to_list() == ["a total below 0"]


MARKETS = """
sport: {value: football}
competition: {value: L1}
home: home
away: away
start: {column: start}
home_score: hs
away_score: as
bookmaker: {value: b}
long:
  market: market
  selection: side
  line_column: point
  odds_column: price
"""


def test_markets_of_a_long_table() -> None:
    rows = [
        "correct_score,2-1,", "correct_score,10-0,", "double_chance,1x,", "Double_Chance,X2,", "draw_no_bet,home,",
        "first_half_1x2,draw,", "first_half_totals,over,0.5", "first_half_asian_handicap,away,-0.25",
        "corners_totals,under,9.5", "cards_totals,over,3.5", "btts,yes,",
    ]  # fmt: skip
    text = HEAD + "".join(f"2024-01-10T00:10:00Z,Z,B,2,1,{row},3.0,\n" for row in rows)
    parsed = read(text, MARKETS)
    assert parsed.quotes.height == len(rows) and parsed.counts.rows_quarantined == 0
    swapped = read(text, MARKETS + "neutral: true\n").quotes
    assert set(swapped.filter(market="correct_score")["selection"]) == {"1-2", "0-10"}
    assert set(swapped.filter(market="double_chance")["selection"]) == {"x2", "1x"}
    assert swapped.filter(market="first_half_asian_handicap").select("selection", "line").row(0) == ("home", 0.25)
    bad = HEAD + "".join(
        f"2024-01-10T00:10:00Z,Z,B,2,1,{row},3.0,\n"
        for row in (
            "correct_score,02-1,",
            "correct_score,other,",
            "double_chance,11,",
            "second_half,over,0.5",
            "corners_totals,over,",
        )
    )
    refused = read(bad, MARKETS)
    assert refused.quotes.is_empty()
    assert refused.counts.rows_quarantined == 4 and refused.counts.prices_quarantined == 1


def test_a_market_with_a_line_needs_one() -> None:
    parsed = read(TEXT, OWN.replace("  line_column: point\n", "").replace("lines: {point: {team: own}}\n", ""))
    assert parsed.quotes.is_empty() and parsed.counts.rows_quarantined == 4
    assert parse_mapping(OWN, "m").lines["point"].team == "own"


@pytest.mark.slow
def test_no_real_book_is_flagged_without_a_reason(reference_dir: Path) -> None:
    found = [
        read(path.read_bytes(), "nfl").quarantine.filter(kind="flag")
        for path in sorted((reference_dir / "data" / "nfl").glob("*.csv"))
    ]
    assert pl.concat(found).is_empty()
