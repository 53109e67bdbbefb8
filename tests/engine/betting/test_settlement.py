"""Settlement of scores: each rule against a simple second implementation, each status, each market."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from engine.betting.settlement import state_probabilities, states
from engine.kernel.codes import State
from engine.kernel.settle import settle
from engine.schema import SELECTIONS, VOID_STATUSES
from tests.payoff import ending, payoff

FIRST = {"totals": "over", "asian_handicap": "home"}
SECOND = {"totals": "under", "asian_handicap": "away"}


def state_of(
    market: str,
    line: float | None,
    selection: str | None,
    home: int | None,
    away: int | None,
    **rest: str | None,
) -> State:
    winner, status = rest.get("winner"), rest.get("status", "played")
    return State(int(states([market], [line], [selection], [home], [away], [winner], [status])[0]))


def two_half_stakes(market: str, line: float, first: bool, home: int, away: int, odds: float) -> float:
    """Profit per unit: half of the stake on each neighbour of a quarter line, each half settled by itself."""
    total = 0.0
    for half in (line - 0.25, line + 0.25) if (line * 4) % 2 else (line, line):
        ahead = home + away - half if market == "totals" else home - away + half
        ahead = ahead if first else -ahead
        total += 0.5 * (odds - 1 if ahead > 0 else 0.0 if ahead == 0 else -1.0)
    return total


@pytest.mark.slow
@given(
    st.sampled_from(sorted(FIRST)),
    st.integers(-24, 24),
    st.booleans(),
    st.integers(0, 9),
    st.integers(0, 9),
    st.floats(1.01, 20),
)
def test_lines_settle_like_two_half_stakes(
    market: str, quarters: int, first: bool, home: int, away: int, odds: float
) -> None:
    selection = (FIRST if first else SECOND)[market]
    state = state_of(market, quarters / 4, selection, home, away)
    expected = two_half_stakes(market, quarters / 4, first, home, away, odds)
    assert float(payoff(state, odds)) == pytest.approx(expected)


@given(st.sampled_from(sorted(FIRST)), st.integers(-24, 24), st.integers(0, 9), st.integers(0, 9))
def test_opposite_sides_have_opposite_results(market: str, quarters: int, home: int, away: int) -> None:
    ends = [state_of(market, quarters / 4, side[market], home, away) for side in (FIRST, SECOND)]
    assert ends[0] + ends[1] == 2 * State.VOID


def test_the_winner_named_by_the_source_takes_precedence_over_the_score() -> None:
    assert state_of("moneyline", None, "home", 12, 14, winner="home") is State.WIN
    assert state_of("1x2", None, "draw", 1, 1) is State.WIN
    assert state_of("1x2", None, "home", 1, 1) is State.LOSE
    assert state_of("1x2", None, "away", None, None, winner="away") is State.WIN


def test_a_drawn_moneyline_is_void() -> None:
    assert state_of("moneyline", None, "home", 20, 20) is State.VOID
    assert state_of("moneyline", None, "away", 20, 20, winner="draw") is State.VOID


def test_both_teams_to_score_and_correct_score() -> None:
    assert [state_of("btts", None, s, 2, 1) for s in ("yes", "no")] == [State.WIN, State.LOSE]
    assert [state_of("btts", None, s, 2, 0) for s in ("yes", "no")] == [State.LOSE, State.WIN]
    assert [state_of("correct_score", None, s, 2, 1) for s in ("2-1", "1-2")] == [State.WIN, State.LOSE]


W, L, V = State.WIN, State.LOSE, State.VOID


@pytest.mark.parametrize(
    ("market", "selections", "home_wins", "draws", "away_wins"),
    [
        ("double_chance", ("1x", "12", "x2"), (W, W, L), (W, L, W), (L, W, W)),
        ("draw_no_bet", ("home", "away"), (W, L), (V, V), (L, W)),
        ("first_half_1x2", ("home", "draw", "away"), (W, L, L), (L, W, L), (L, L, W)),
        ("1x2", ("home", "draw", "away"), (W, L, L), (L, W, L), (L, L, W)),
        ("moneyline", ("home", "away"), (W, L), (V, V), (L, W)),
    ],
)
def test_markets_of_the_winner(
    market: str, selections: tuple[str, ...], home_wins: object, draws: object, away_wins: object
) -> None:
    for score, wanted in (((2, 1), home_wins), ((1, 1), draws), ((0, 3), away_wins)):
        assert tuple(state_of(market, None, name, *score) for name in selections) == wanted


@pytest.mark.parametrize("market", ["double_chance", "draw_no_bet"])
def test_a_named_winner_settles_them_too_but_no_first_half(market: str) -> None:
    name = SELECTIONS[market][0]
    assert state_of(market, None, name, None, None, winner="home") is State.WIN
    assert state_of("first_half_1x2", None, "home", 0, 1, winner="home") is State.LOSE
    assert state_of("first_half_1x2", None, "home", None, None, winner="home") is State.UNKNOWN


@pytest.mark.parametrize(
    ("market", "like"),
    [
        ("first_half_totals", "totals"),
        ("corners_totals", "totals"),
        ("cards_totals", "totals"),
        ("first_half_asian_handicap", "asian_handicap"),
    ],
)
def test_line_markets_settle_like_those_of_the_match(market: str, like: str) -> None:
    scores = ((0, 0), (2, 1), (1, 4), (6, 5))
    cases = [(q / 4, name, *score) for name in SELECTIONS[market] for q in range(-12, 40) for score in scores]
    lines, selections, home, away = (list(column) for column in zip(*cases, strict=True))
    here, there = (
        states([name] * len(cases), lines, selections, home, away, [None] * len(cases), ["played"] * len(cases))
        for name in (market, like)
    )
    assert here.tolist() == there.tolist() and {State.WIN, State.LOSE} < set(here.tolist())


@pytest.mark.parametrize("status", VOID_STATUSES)
def test_an_event_not_played_to_the_end_is_void(status: str) -> None:
    assert state_of("1x2", None, "home", 2, 0, winner="home", status=status) is State.VOID


@pytest.mark.parametrize("status", ["scheduled", None, "delayed"])
def test_an_event_without_a_result_is_unknown(status: str | None) -> None:
    assert state_of("1x2", None, "home", 2, 0, winner="home", status=status) is State.UNKNOWN


@pytest.mark.parametrize(
    ("market", "line", "selection"),
    [
        ("corners", None, "over"),
        ("double_chance", None, "home"),
        ("double_chance", None, "1"),
        ("double_chance", None, "x1"),
        ("draw_no_bet", None, "draw"),
        ("corners_totals", None, "over"),
        ("first_half_asian_handicap", 0.5, "draw"),
        ("correct_score", None, "02-1"),
        ("1x2", None, "over"),
        ("1x2", None, None),
        ("moneyline", None, "draw"),
        ("totals", None, "over"),
        ("totals", float("nan"), "over"),
        ("totals", 2.3, "over"),
        ("totals", float("inf"), "under"),
        ("totals", 2.5, "home"),
        ("asian_handicap", 0.5, "draw"),
        ("btts", None, "maybe"),
        ("correct_score", None, "other"),
        ("correct_score", None, "2-1-0"),
    ],
)
def test_a_bet_without_a_settlement_rule_is_unknown(market: str, line: float | None, selection: str | None) -> None:
    assert state_of(market, line, selection, 2, 1) is State.UNKNOWN


def test_a_missing_score_is_unknown() -> None:
    for market, line, selection in (
        ("totals", 2.5, "over"),
        ("btts", None, "no"),
        ("1x2", None, "home"),
        ("correct_score", None, "1-0"),
    ):
        assert state_of(market, line, selection, None, 1) is State.UNKNOWN


def test_series_arrays_and_lists_can_be_mixed() -> None:
    ends = states(
        pl.Series(["totals", "1x2"]),
        np.array([2.5, np.nan]),
        np.array(["over", "home"]),
        pl.Series([2, 0], dtype=pl.Int32),
        [1, 0],
        pl.Series([None, "draw"], dtype=pl.String),
        ["played", "played"],
    )
    assert ends.dtype == np.int8
    assert ends.tolist() == [State.WIN, State.LOSE]


def test_an_empty_table() -> None:
    assert states([], [], [], [], [], [], []).shape == (0,)


def test_payoffs() -> None:
    order = [State.WIN, State.HALF_WIN, State.VOID, State.HALF_LOSE, State.LOSE]
    assert_allclose(payoff(order, 3.0), [2.0, 1.0, 0.0, -0.5, -1.0])
    shares = [ending(State.DEAD_HEAT, 0.5), ending(State.DEAD_HEAT, 0.25)]
    assert [settle(100.0, 0.0, o, end) for o, end in zip((4.0, 11.0), shares, strict=True)] == [100.0, 175.0]


GRID = np.array([[0.1, 0.2, 0.1], [0.2, 0.1, 0.05], [0.1, 0.05, 0.1]])


@pytest.mark.parametrize(
    ("market", "line", "selection", "probs"),
    [
        ("1x2", None, "home", [0.35, 0, 0, 0]),
        ("1x2", None, "draw", [0.30, 0, 0, 0]),
        ("totals", 2.0, "under", [0.5, 0, 0.3, 0]),
        ("totals", 2.25, "under", [0.5, 0.3, 0, 0]),
        ("totals", 2.25, "over", [0.2, 0, 0, 0.3]),
        ("asian_handicap", 0.0, "home", [0.35, 0, 0.3, 0]),
        ("asian_handicap", -1.0, "home", [0.1, 0, 0.25, 0]),
        ("asian_handicap", -1.0, "away", [0.65, 0, 0.25, 0]),
        ("btts", None, "yes", [0.3, 0, 0, 0]),
        ("correct_score", None, "2-0", [0.1, 0, 0, 0]),
        ("double_chance", None, "1x", [0.65, 0, 0, 0]),
        ("draw_no_bet", None, "away", [0.35, 0, 0.3, 0]),
    ],
)
def test_state_probabilities_from_a_grid_of_score_probabilities(
    market: str, line: float | None, selection: str, probs: list[float]
) -> None:
    assert_allclose(state_probabilities(market, line, selection, GRID), probs, atol=1e-15)
    assert state_probabilities(market, line, selection, np.stack([GRID, GRID])).shape == (2, 4)


def test_state_probabilities_of_a_bet_without_a_rule_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no rule settles totals over at line 2\.3"):
        state_probabilities("totals", 2.3, "over", GRID)
