"""Two games of one pair on one date, in wide and in long form, and starts that were moved."""

from __future__ import annotations

import polars as pl
import pytest

from tests.engine.source.mapped.reading import read

LONG = """
sport: {value: baseball}
competition: {value: MLB}
home: home
away: away
season_rule: calendar
start: {column: start, date_zone: America/New_York}
home_score: hs
away_score: as
odds: american
bookmaker: {column: book}
known: {columns: [seen]}
long:
  market: {value: moneyline}
  selection: {column: sel, names: true}
  instant: {value: snapshot}
  odds_column: price
"""
HEAD = "start,home,away,hs,as,sel,price,book,seen"
FIRST = "2023-05-01T17:10:00Z,Reds,Blues,4,2,Reds,120,dk,2023-05-01T12:00:00Z"
SECOND = "2023-05-01T21:40:00Z,Reds,Blues,1,9,Reds,-105,dk,2023-05-01T12:00:00Z"


def games(*rows: str, head: str = HEAD, mapping: str = LONG) -> pl.DataFrame:
    """Game number, start, score and price of each event, by start."""
    parsed = read("\n".join((head, *rows)) + "\n", mapping)
    events = parsed.events.with_columns(
        pl.col("game") if "game" in parsed.events.columns else pl.lit(None).alias("game")
    )
    both = events.join(parsed.quotes, on="event_id", how="left").sort("starts_at", "odds")
    return both.select("game", pl.col("starts_at").dt.hour(), "home_score", pl.col("odds").round(4))


def test_two_games_of_a_long_table_are_two_events() -> None:
    assert games(FIRST, SECOND).rows() == [(None, 17, 4, 2.2), (2, 21, 1, 1.9524)]
    assert games(SECOND, FIRST).rows() == games(FIRST, SECOND).rows()
    alone, both = read(f"{HEAD}\n{FIRST}\n", LONG), read(f"{HEAD}\n{FIRST}\n{SECOND}\n", LONG)
    assert alone.events["event_id"][0] == both.events["event_id"][0]


def test_two_games_without_results_are_two_events_too() -> None:
    rows = [row.replace("4,2", ",").replace("1,9", ",") for row in (FIRST, SECOND)]
    assert games(*rows)["game"].to_list() == [None, 2]


def test_a_moved_start_is_one_game() -> None:
    moved = "2023-05-01T20:10:00Z,Reds,Blues,4,2,Reds,110,dk,2023-05-01T15:00:00Z"
    assert games(FIRST, moved)["game"].to_list() == [None, None]
    earlier = "2023-05-01T14:10:00Z,Reds,Blues,4,2,Reds,110,dk,2023-05-01T13:00:00Z"
    assert games(FIRST, earlier)["game"].to_list() == [None, None]
    shifted = FIRST.replace("17:10", "18:05")
    assert read(f"{HEAD}\n{FIRST}\n{shifted}\n", LONG).events.height == 1


def test_a_game_named_after_the_first_one_began_is_another_one() -> None:
    later = "2023-05-01T20:10:00Z,Reds,Blues,,,Reds,110,dk,2023-05-01T18:00:00Z"
    assert games(FIRST.replace("4,2", ","), later)["game"].to_list() == [None, 2]
    beside = FIRST.replace("4,2", ",").replace("12:00:00Z", "16:00:00Z")
    assert games(FIRST.replace("4,2", ","), later.replace("18:00:00Z", "15:00:00Z"), beside)["game"].to_list() == [
        None,
        None,
        2,
    ]


def test_the_number_of_the_source_comes_first() -> None:
    mapping = LONG.replace("home: home", "game: n\nhome: home", 1)
    rows = [f"{FIRST},1", f"{SECOND},2", f"{FIRST},0".replace("05-01", "05-02")]
    assert games(*rows, head=HEAD + ",n", mapping=mapping)["game"].to_list() == [None, 2, None]
    same_start = [f"{FIRST},1", f"{SECOND},2".replace("21:40", "17:10")]
    assert games(*same_start, head=HEAD + ",n", mapping=mapping)["game"].to_list() == [2, None]  # by price
    parsed = read(f"{HEAD},n\n{FIRST},A\n{SECOND},\n", mapping)
    assert parsed.quarantine["reason"].to_list() == ["unreadable number of the game: 'A'"]
    assert parsed.events.height == 1


def test_identities_of_the_source_tell_games_apart() -> None:
    mapping = LONG.replace("home: home", "game_id: id\nhome: home", 1)
    close = SECOND.replace("21:40", "18:10")
    assert games(f"{FIRST},x", f"{close},y", head=HEAD + ",id", mapping=mapping)["game"].to_list() == [None, 2]
    moved = SECOND.replace("1,9", "4,2")
    assert games(f"{FIRST},x", f"{moved},x", head=HEAD + ",id", mapping=mapping)["game"].to_list() == [None]


@pytest.mark.parametrize("start", ["2023-05-01", "2023-05-01T17:40:00Z"])
def test_games_that_cannot_be_told_apart_are_all_refused(start: str) -> None:
    rows = [f"{start},{row.split(',', 1)[1]}" for row in (FIRST, SECOND)]
    other = FIRST.replace("Reds", "Greens").replace("2023-05-01T17:10:00Z", start)
    parsed = read("\n".join((HEAD, *rows, other)) + "\n", LONG)
    assert parsed.events["home"].to_list() == ["Greens"] and parsed.quotes.height == 1
    refused = parsed.quarantine.filter(kind="row")
    assert refused["line"].to_list() == [2, 3]
    assert refused["reason"].str.contains("cannot be told apart").all()


def test_a_row_without_a_start_beside_two_games_is_refused() -> None:
    third = FIRST.replace("2023-05-01T17:10:00Z", "2023-05-01")
    parsed = read("\n".join((HEAD, FIRST, SECOND, third)) + "\n", LONG)
    assert parsed.events.height == 2 and "neither a start" in parsed.quarantine["reason"][0]


WIDE = """
sport: {value: baseball}
competition: {value: MLB}
home: home
away: away
start: {column: start}
home_score: hs
away_score: as
bookmaker: {value: b}
prices:
  - {column: p, market: moneyline, selection: home}
"""


def wide(*rows: str) -> tuple[list[int | None], list[float], list[str]]:
    parsed = read("\n".join(("start,home,away,hs,as,p", *rows)) + "\n", WIDE)
    numbers = parsed.events["game"].to_list() if "game" in parsed.events.columns else [None] * parsed.events.height
    return numbers, parsed.quotes["odds"].to_list(), parsed.quarantine["reason"].to_list()


def test_a_wide_table() -> None:
    first, second = "2023-05-01T17:10:00Z,R,B,4,2,2.2", "2023-05-01T21:40:00Z,R,B,1,9,1.9"
    assert wide(first, second) == ([None, 2], [2.2, 1.9], [])
    assert wide(first, first) == ([None], [2.2], ["duplicate of line 2"])
    date_only = [row.replace("T17:10:00Z", "").replace("T21:40:00Z", "") for row in (first, second)]
    numbers, odds, reasons = wide(*date_only)
    assert not numbers and not odds and ["cannot be told apart" in reason for reason in reasons] == [True, True]
    numbers, odds, reasons = wide(*[row.replace("4,2", ",").replace("1,9", ",") for row in date_only])
    assert not numbers and len(reasons) == 2
    assert wide(date_only[0], date_only[0].replace("2.2", "2.3"))[2] == ["duplicate of line 2"]
