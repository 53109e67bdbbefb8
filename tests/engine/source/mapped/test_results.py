"""Scores as texts, scopes, further scores, winners by name."""

from __future__ import annotations

import pytest

from engine.errors import ConfigurationError
from engine.source.mapping import parse_mapping
from tests.engine.source.mapped.reading import read

BASE = """
sport: {value: ice_hockey}
competition: {value: X}
home: h
away: a
start: {column: d}
prices: []
"""
COLUMNS = ("home_score", "away_score", "score_scope", "winner", "status")


def result(cell: str, extra: str) -> tuple[object, ...]:
    events = read(f'd,h,a,s\n2024-01-10,A,B,"{cell}"\n', BASE + extra).events
    return tuple(events[name][0] if name in events.columns else None for name in COLUMNS)


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("2:1", (2, 1, None, "home", "played")),
        ("2 - 1", (2, 1, None, "home", "played")),
        ("2\u20131", (2, 1, None, "home", "played")),
        ("10:11", (10, 11, None, "away", "played")),
        ("2:1 PEN.", (2, 1, "with_overtime", "home", "played")),
        ("2-1 AET", (2, 1, "with_overtime", "home", "played")),
        ("3:4 (OT)", (3, 4, "with_overtime", "away", "played")),
        ("1:0 award.", (1, 0, None, "home", "awarded")),
        ("1:0 ret.", (1, 0, None, "home", "retired")),
        ("postp.", (None, None, None, None, "postponed")),
        ("canc.", (None, None, None, None, "abandoned")),
        ("", (None, None, None, None, "scheduled")),
        ("2:1 XYZ", (None, None, None, None, "scheduled")),
        ("21", (None, None, None, None, "scheduled")),
        ("-1:2", (None, None, None, None, "scheduled")),
    ],
)
def test_a_score_in_one_cell(cell: str, wanted: tuple[object, ...]) -> None:
    assert result(cell, "score: s\n") == wanted


def test_a_text_that_is_no_score_is_named() -> None:
    parsed = read("d,h,a,s\n2024-01-10,A,B,2:1 XYZ\n2024-01-11,A,B,21\n", BASE + "score: s\n")
    reasons = parsed.quarantine.filter(kind="cell")["reason"].to_list()
    assert reasons[0].startswith("unknown note of a score: 'XYZ'") and reasons[1].startswith("not a score")


def test_notes_of_ones_own_and_scores_without_a_note() -> None:
    assert result("2:1 XYZ", "score: {column: s, notes: {xyz.: with_overtime}}\n")[2] == "with_overtime"
    assert (
        result("2:1 OT", "score: {column: s, notes: {OT: ''}}\nscore_scope: {value: regulation}\n")[2] == "regulation"
    )
    assert result("2:1", "score: {column: s, plain: regulation}\n")[2] == "regulation"
    both = read(
        "d,h,a,s\n2024-01-10,A,B,4:3\n2024-01-11,A,B,4:3 OT\n", BASE + "score: {column: s, plain: both}\n"
    ).events
    assert both["score_scope"].to_list() == ["with_overtime"] * 2
    assert both.select("home_regulation", "away_regulation").rows() == [(4, 3), (None, None)]


def test_a_pattern_with_further_scores() -> None:
    pattern = r"'(?P<home>\d+):(?P<away>\d+) \((?P<home_first_half>\d+):(?P<away_first_half>\d+)\)'"
    events = read("d,h,a,s\n2024-01-10,A,B,2:1 (0:1)\n", BASE + f"score: {{column: s, pattern: {pattern}}}\n").events
    assert events.select("home_score", "home_first_half", "away_first_half").row(0) == (2, 0, 1)
    for wrong in (r"'(\d+)'", r"'(?P<home>\d)(?P<away>\d)(?P<x>\d)'", "'('"):
        with pytest.raises(ConfigurationError, match="pattern"):
            parse_mapping(BASE + f"score: {{column: s, pattern: {wrong}}}\n", "m")


TABLE = """d,h,a,hs,as,h1,a1,r1,r2,scope
2024-01-10,A,B,4,3,1,2,3,3,OT
2024-01-11,A,B,,,1,2,3,3,
2024-01-12,A,B,2,1,x,2,2,1,
2024-01-13,A,B,2,1,1,0,2,1,??
"""
FURTHER = """
home_score: hs
away_score: as
score_scope: {column: scope, map: {OT: with_overtime, "": regulation}}
scores:
  first_half: {home: h1, away: a1}
  regulation: {home: r1, away: r2}
"""


def test_further_scores_and_the_scope_of_a_score() -> None:
    parsed = read(TABLE, BASE + FURTHER)
    columns = ("home_score", "score_scope", "home_first_half", "away_first_half", "home_regulation")
    assert parsed.events.select(columns).rows() == [
        (4, "with_overtime", 1, 2, 3),
        (None, None, None, None, None),
        (2, "regulation", None, None, 2),
        (None, None, 1, 0, 2),
    ]
    reasons = parsed.quarantine.filter(kind="cell").select("column", "reason").rows()
    assert reasons == [
        ("h1", "score is not an integer"),
        ("scope", "unknown scope of the score: the score is left out"),
    ]


def test_a_score_below_zero_is_no_score() -> None:
    parsed = read(
        "d,h,a,hs,as\n2024-01-10,A,B,-1,2\n2024-01-11,A,B,-1.0,-1\n", BASE + "home_score: hs\naway_score: as\n"
    )
    assert parsed.events["status"].to_list() == ["scheduled"] * 2
    assert parsed.quarantine["reason"].to_list() == ["score is below 0"] * 3


def test_the_winner_by_name() -> None:
    mapping = BASE + "winner: {column: s, map: {Draw: draw}, names: true}\n"
    assert [result(cell, mapping.removeprefix(BASE))[3] for cell in ("A", "B", "Draw", "C", "")] == [
        "home",
        "away",
        "draw",
        None,
        None,
    ]
    neutral = read("d,h,a,s\n2024-01-10,Z,B,Z\n", mapping + "neutral: true\n").events
    assert neutral.select("home", "away", "winner").row(0) == ("B", "Z", "away")


@pytest.mark.parametrize(
    ("extra", "wanted"),
    [
        ("", (3, 3, None, "draw", "played")),
        ("score_scope: {value: with_overtime}\n", (3, 3, "with_overtime", "draw", "played")),
        ("score_scope: {value: regulation}\n", (3, 3, "regulation", None, "played")),
        ("score_scope: {value: regulation}\nwinner: {value: away}\n", (3, 3, "regulation", "away", "played")),
    ],
)
def test_a_score_after_regulation_names_no_winner_of_a_game_that_is_played_on(
    extra: str, wanted: tuple[object, ...]
) -> None:
    assert result("3:3", "score: s\n" + extra) == wanted


def test_a_football_score_after_regulation_names_its_winner() -> None:
    football = BASE.replace("ice_hockey", "football") + "score: s\nscore_scope: {value: regulation}\n"
    assert read("d,h,a,s\n2024-01-10,A,B,3:1\n", football).events["winner"].to_list() == ["home"]
