"""The score that settles a market: one scope for each market and sport, and never another one."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from engine.betting.scope import market_scope, scoped
from engine.betting.settlement import states
from engine.kernel.codes import State
from engine.schema import FIELD_MARKETS, MARKETS


@pytest.mark.parametrize(
    ("sport", "market", "line", "scope"),
    [
        ("football", "1x2", None, "regulation"),
        ("football", "moneyline", None, "regulation"),
        ("football", "totals", 2.5, "regulation"),
        ("Soccer", "correct_score", None, "regulation"),
        ("football", "first_half_asian_handicap", -0.5, "first_half"),
        ("football", "first_half_1x2", None, "first_half"),
        ("football", "corners_totals", 9.5, "corners"),
        ("football", "cards_totals", 3.5, "cards"),
        *(
            ("ice_hockey", market, None, "regulation")
            for market in ("1x2", "double_chance", "draw_no_bet", "correct_score", "btts")
        ),
        *(("ice_hockey", market, 1.5, "with_overtime") for market in ("moneyline", "totals", "asian_handicap")),
        ("icehockey_nhl", "moneyline", None, "with_overtime"),
        ("basketball", "totals", 220.5, "with_overtime"),
        ("American Football", "1x2", None, "regulation"),
        ("baseball_mlb", "asian_handicap", -1.5, "with_overtime"),
        ("basketball", "first_half_totals", 110.5, "first_half"),
        ("tennis", "moneyline", None, "sets"),
        ("tennis", "correct_score", None, "sets"),
        ("tennis", "totals", 2.5, "sets"),
        ("tennis", "totals", 22.5, "games"),
        ("tennis", "asian_handicap", -1.5, "sets"),
        ("tennis", "asian_handicap", 4.5, "games"),
        ("kabaddi", "totals", 60.5, "regulation"),
    ],
)
def test_the_scope_of_a_market(sport: str, market: str, line: float | None, scope: str) -> None:
    assert market_scope(sport, market, line) == scope


def settled(sport: str, market: str, selection: str, line: float | None = None, **event: Any) -> State | str:
    """State of a bet, or the reason why it cannot be settled."""
    row = {"home_score": None, "away_score": None, "winner": None, "status": "played", "rule": "void", **event}
    texts = dict.fromkeys(("market", "selection", "winner", "status", "rule", "sport"), pl.String)
    scores = {name: pl.Int32 for name in row if name.startswith(("home_", "away_"))}
    types = texts | scores | {"line": pl.Float64}
    bet = pl.DataFrame(
        [{"sport": sport, "market": market, "line": line, "selection": selection, **row}], schema_overrides=types
    )
    rows = scoped(bet)
    if rows["refusal"][0] is not None:
        return str(rows["refusal"][0])
    names = ("market", "line", "selection", "home_score", "away_score", "winner", "status", "rule")
    return State(int(states(*(rows[name] for name in names))[0]))


FINAL = {"home_score": 4, "away_score": 3}  # 3-3 after regulation
BOTH = {**FINAL, "home_regulation": 3, "away_regulation": 3}


def test_overtime_decides_the_moneyline_and_not_the_three_way_market() -> None:
    assert settled("ice_hockey", "1x2", "home", **FINAL) == "no score after regulation, which settles 1x2"
    assert settled("ice_hockey", "moneyline", "home", **FINAL) is State.WIN
    assert settled("ice_hockey", "totals", "over", 6.5, **FINAL) is State.WIN
    assert settled("ice_hockey", "1x2", "draw", **BOTH) is State.WIN
    assert settled("ice_hockey", "1x2", "home", **BOTH) is State.LOSE
    assert settled("ice_hockey", "moneyline", "home", **BOTH) is State.WIN
    assert settled("ice_hockey", "draw_no_bet", "home", **BOTH) is State.VOID
    assert settled("ice_hockey", "double_chance", "x2", **BOTH) is State.WIN
    assert settled("ice_hockey", "correct_score", "3-3", **BOTH) is State.WIN
    assert settled("ice_hockey", "asian_handicap", "home", -0.5, **BOTH) is State.WIN


def test_a_score_after_regulation_settles_no_market_with_overtime() -> None:
    level = {"home_score": 3, "away_score": 3, "score_scope": "regulation"}
    assert settled("ice_hockey", "1x2", "draw", **level) is State.WIN
    assert settled("ice_hockey", "totals", "over", 5.5, **level) == "no score with overtime, which settles totals"
    assert settled("ice_hockey", "moneyline", "home", **level) == "no score with overtime, which settles moneyline"
    assert "no score" in str(settled("ice_hockey", "moneyline", "home", winner="draw", **level))
    assert settled("ice_hockey", "moneyline", "home", winner="home", **level) is State.WIN
    assert settled("ice_hockey", "1x2", "draw", winner="home", **level) is State.WIN
    assert (
        settled("ice_hockey", "totals", "over", 6.5, home_with_overtime=4, away_with_overtime=3, **level) is State.WIN
    )


def test_a_draw_beside_a_decided_final_score_is_the_result_after_regulation() -> None:
    assert settled("ice_hockey", "moneyline", "home", winner="draw", **FINAL) is State.WIN
    assert settled("american_football", "moneyline", "home", home_score=20, away_score=20) is State.VOID
    assert settled("ice_hockey", "moneyline", "away", home_score=3, away_score=3, winner="away") is State.WIN


def test_a_football_cup_is_settled_by_the_score_that_the_source_states() -> None:
    extra = {"home_score": 2, "away_score": 1, "score_scope": "with_overtime", "winner": "home"}
    reason = "no score after regulation, which settles {}"
    for market, selection in (("1x2", "home"), ("moneyline", "home"), ("totals", "over"), ("btts", "yes")):
        assert settled("football", market, selection, 2.5, **extra) == reason.format(market)
    known = {**extra, "home_regulation": 1, "away_regulation": 1}
    assert settled("football", "1x2", "draw", **known) is State.WIN
    assert settled("football", "totals", "over", 2.5, **known) is State.LOSE
    penalties = {"home_score": 1, "away_score": 1, "winner": "away"}
    assert settled("football", "1x2", "draw", score_scope="regulation", **penalties) is State.WIN
    assert settled("football", "double_chance", "1x", score_scope="regulation", **penalties) is State.WIN
    assert "a drawn score and a named winner" in str(settled("football", "1x2", "draw", **penalties))
    assert settled("football", "totals", "under", 2.5, **penalties) is State.WIN


def test_a_score_that_names_its_scope_comes_before_the_usual_one() -> None:
    cup = {"home_score": 2, "away_score": 1, "winner": "home", "home_regulation": 1, "away_regulation": 1}
    assert settled("football", "1x2", "draw", **cup) is State.WIN
    assert settled("football", "1x2", "home", **cup) is State.LOSE
    assert settled("football", "totals", "over", 2.5, **cup) is State.LOSE
    late = {"home_score": 1, "away_score": 1, "winner": "home", "home_with_overtime": 2, "away_with_overtime": 1}
    assert settled("football", "1x2", "draw", **late) is State.WIN
    game = {"home_score": 4, "away_score": 3, "home_with_overtime": 4, "away_with_overtime": 3}
    assert settled("ice_hockey", "moneyline", "home", **game) is State.WIN
    shootout = {"home_score": 3, "away_score": 3, "home_with_overtime": 3, "away_with_overtime": 3, "winner": "away"}
    assert settled("ice_hockey", "moneyline", "away", **shootout) is State.WIN
    assert settled("ice_hockey", "totals", "under", 6.5, **shootout) is State.WIN


def test_the_first_half_corners_and_cards_have_scores_of_their_own() -> None:
    match = {"home_score": 3, "away_score": 1, "winner": "home", "home_first_half": 0, "away_first_half": 1}
    assert settled("football", "first_half_1x2", "away", **match) is State.WIN
    assert settled("football", "first_half_1x2", "home", **match) is State.LOSE
    assert settled("football", "first_half_totals", "under", 1.25, **match) is State.HALF_WIN
    assert settled("football", "first_half_asian_handicap", "home", 1.0, **match) is State.VOID
    assert (
        settled("football", "corners_totals", "over", 9.5, **match)
        == "no score of corners, which settles corners_totals"
    )
    assert settled("football", "corners_totals", "over", 9.5, home_corners=6, away_corners=4, **match) is State.WIN
    assert settled("football", "cards_totals", "over", 4.0, home_cards=2, away_cards=2, **match) is State.VOID
    plain = {"home_score": 3, "away_score": 1, "winner": "home"}
    assert (
        settled("football", "first_half_1x2", "home", **plain)
        == "no score of the first half, which settles first_half_1x2"
    )


def test_tennis_is_settled_by_sets_and_long_lines_by_games() -> None:
    match = {"home_score": 2, "away_score": 1, "winner": "home"}
    assert settled("tennis", "moneyline", "home", **match) is State.WIN
    assert settled("tennis", "correct_score", "2-1", **match) is State.WIN
    assert settled("tennis", "totals", "over", 2.5, **match) is State.WIN
    assert settled("tennis", "totals", "under", 22.5, **match) == "no score in games, which settles totals"
    assert settled("tennis", "totals", "under", 22.5, home_games=12, away_games=9, **match) is State.WIN
    assert settled("tennis", "moneyline", "away", winner="away") is State.WIN
    retired = {"status": "retired", "rule": "first_set"}
    assert settled("tennis", "moneyline", "home", **{**match, **retired}) is State.WIN
    assert settled("tennis", "moneyline", "home", home_score=0, away_score=0, winner="home", **retired) is State.VOID
    games = {"home_games": 3, "away_games": 0}
    unfinished = {"home_score": 0, "away_score": 0, "winner": "home", **games, **retired}
    assert settled("tennis", "totals", "over", 22.5, **unfinished) is State.VOID


def test_an_event_that_was_not_played_is_not_refused() -> None:
    assert settled("ice_hockey", "1x2", "home", status="scheduled") is State.UNKNOWN
    assert settled("ice_hockey", "1x2", "home", status="postponed") is State.VOID


@pytest.mark.parametrize("market", [market for market in MARKETS if market not in FIELD_MARKETS])
def test_no_market_is_settled_without_any_score(market: str) -> None:
    selection = "2-1" if market == "correct_score" else "over" if "totals" in market else "home"
    assert settled("football", market, selection, 2.5).__str__().startswith("no score ")
