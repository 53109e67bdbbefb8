"""First halves and corners of football-data: kept where both sides have a whole number, else named."""

from __future__ import annotations

import pytest

from engine.source.batch import Parsed
from tests.engine.source.test_football_data import read

HEAD = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,HTHG,HTAG,HTR,HC,AC,HY,AY,B365H,B365D,B365A"
COLUMNS = ("home_first_half", "away_first_half", "home_corners", "away_corners")


def parsed_of(*cells: str, result: str = "2,1,H") -> Parsed:
    return read(f"{HEAD}\nE0,13/08/2021,A,B,{result},{','.join(cells)},1,2,2.0,3.4,3.95\n")


def test_half_time_scores_and_corners_are_kept() -> None:
    parsed = parsed_of("1", "0", "H", "7.0", "12")
    assert parsed.events.select(COLUMNS).row(0) == (1, 0, 7, 12) and parsed.quarantine.is_empty()
    assert parsed.events.select("score_scope", "home_cards", "home_regulation").row(0) == (None, None, None)
    empty = parsed_of("", "", "", "", "")
    assert empty.events.select(COLUMNS).row(0) == (None,) * 4 and empty.quarantine.is_empty()


@pytest.mark.parametrize(
    ("cells", "kept", "named"),
    [
        (("1", "x", "H", "7", "2"), (None, None, 7, 2), [("HTHG", "1"), ("HTAG", "x")]),
        (("1", "", "H", "7", "2"), (None, None, 7, 2), [("HTHG", "1")]),
        (("1", "0", "H", "7.5", "2"), (1, 0, None, None), [("HC", "7.5"), ("AC", "2")]),
        (("1", "0", "H", "-7", "2"), (1, 0, None, None), [("HC", "-7"), ("AC", "2")]),
        (("3", "1", "H", "7", "2"), (None, None, 7, 2), [("HTHG", "3"), ("HTAG", "1")]),
    ],
)
def test_a_cell_that_cannot_be_used_is_named_with_its_pair(
    cells: tuple[str, ...], kept: tuple[object, ...], named: list[tuple[str, str]]
) -> None:
    parsed = parsed_of(*cells)
    assert parsed.events.select(COLUMNS).row(0) == kept
    assert parsed.quarantine.filter(kind="cell").select("column", "value").rows() == named


def test_a_match_without_a_result_has_no_further_score() -> None:
    parsed = parsed_of("1", "0", "H", "7", "2", result=",,")
    assert parsed.events.select(COLUMNS).row(0) == (None,) * 4
