"""Statistics, rankings and other facts of mapped tables."""

from __future__ import annotations

import pytest

from engine.errors import ConfigurationError, SourceError
from tests.engine.source.mapped.reading import read

FOOTBALL = """
sport: {value: football}
competition: {value: L1}
home: home
away: away
start: {column: date}
home_score: hg
away_score: ag
decimal: ","
delimiter: ";"
facts:
  xg: {home: xh, away: xa}
  shots: {home: sh, away: sa}
  rating: {home: rh, away: ra}
prices: []
"""
HEAD = "date;home;away;hg;ag;xh;xa;sh;sa;rh;ra\n"
TENNIS = """
sport: {value: tennis}
competition: {value: T}
home: first
away: second
neutral: true
start: {column: date}
winner: {column: won, names: true}
surface: {column: ground, map: {R: Clay}}
round: stage
best_of: sets
facts: {rank: {home: r1, away: r2}}
prices: []
"""


def test_own_numbers_are_kept_with_their_decimal_comma_and_before_a_match_only_what_is_known_then() -> None:
    rows = "2024-01-10;A;B;2;1;1,85;0,4;9;3;1510,5;-20\n2024-02-10;B;A;;;9,9;9,9;9;9;1500;1501\n"
    played, coming = read(HEAD + rows, FOOTBALL).events.sort("date").iter_rows(named=True)
    assert (played["home_xg"], played["away_xg"]) == (1.85, 0.4)
    assert (played["home_shots"], played["away_shots"]) == (9, 3)
    assert (played["home_rating"], played["away_rating"]) == (1510.5, -20.0)
    assert [coming[name] for name in ("home_xg", "away_shots", "home_rating")] == [None, None, 1500.0]


def test_facts_follow_the_names_of_a_neutral_event() -> None:
    text = "date,first,second,won,ground,stage,sets,r1,r2\n2024-01-10,Zoe,Ann,Zoe,R,Final,3,4,17\n"
    event = read(text, TENNIS).events.row(0, named=True)
    assert (event["home"], event["winner"], event["home_rank"], event["away_rank"]) == ("Ann", "away", 17, 4)
    assert (event["surface"], event["round"], event["best_of"], event["court"]) == ("clay", "Final", 3, None)


def test_a_word_for_nothing_is_no_surface_of_its_own() -> None:
    text = "date,first,second,won,ground,stage,sets,r1,r2\n2024-01-10,A,B,A,N/A,-,NR,4,17\n"
    mapping = TENNIS.replace("{column: ground, map: {R: Clay}}", "ground") + "referee: {column: won}\n"
    parsed = read(text, mapping)
    assert parsed.events.select("surface", "round", "best_of", "referee").row(0) == (None, None, None, "A")
    assert parsed.quarantine.is_empty()


def test_a_bad_cell_is_named_and_its_row_is_kept() -> None:
    parsed = read(HEAD + "2024-01-10;A;B;2;1;much;0,4;2,5;3;x;n/a\n", FOOTBALL)
    cells = parsed.quarantine.filter(kind="cell").select("column", "value", "reason").rows()
    assert cells == [
        ("xh", "much", "xg is not a number"),
        ("sh", "2.5", "shots is not a whole number"),
        ("rh", "x", "rating is not a number"),
    ]
    assert parsed.events.select("home_xg", "away_xg", "away_rating").row(0) == (None, 0.4, None)
    odd = read("date,first,second,won,ground,stage,sets,r1,r2\n2024-01-10,A,B,A,R,F,many,4,17\n", TENNIS)
    assert odd.quarantine["reason"].to_list() == ["best_of is not a number of sets"]
    assert odd.events["best_of"].to_list() == [None] and odd.events["home_rank"].to_list() == [4]


def test_a_fact_that_nobody_knows_one_side_only_and_a_lost_column_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'shots'"):
        read(HEAD, FOOTBALL.replace("  shots:", "  shot:"))
    with pytest.raises(ConfigurationError, match="one of two facts is missing"):
        read(HEAD, FOOTBALL.replace("{home: xh, away: xa}", "{home: xh}"))
    with pytest.raises(SourceError, match="missing beside xh"):
        read(HEAD.replace(";xa", ";ya") + "2024-01-10;A;B;2;1;1;1;9;3;1;1\n", FOOTBALL)
