"""Pi-ratings against numbers worked out by hand, and their properties."""

from __future__ import annotations

import pytest

from research.features._pi import diminished, expected_goals
from research.features.pi_ratings import PiRatings
from tests.research.features.made import at_start, events_of

PAPER = PiRatings(warm_up=0, rate=0.1, catch_up=0.3, entrant_gap=0.0)


def test_expected_goals_and_the_diminished_error() -> None:
    # 10^(1.6/3) = 3.41455 and 10^(1.2/3) = 2.51189, from a table of powers
    assert expected_goals(1.6) == pytest.approx(2.41455, abs=1e-5)
    assert expected_goals(-1.2) == pytest.approx(-1.51189, abs=1e-5)
    assert expected_goals(3.0) == pytest.approx(9.0) and expected_goals(0.0) == 0.0
    assert diminished(9.0) == pytest.approx(3.0) and diminished(-99.0) == pytest.approx(-6.0)
    assert all(expected_goals(diminished(error)) == pytest.approx(error) for error in (-4.0, -0.5, 0.2, 7.0))


def test_a_match_moves_the_rating_of_the_place_most() -> None:
    events = events_of((0, "A", "B", 9, 0), (1, "A", "B", None, None), (1, "B", "A", None, None))
    rows = at_start(PAPER, events)
    assert rows[0] == {"home": 0.0, "away": 0.0, "diff": 0.0}
    # an error of 9 goals counts 3; a tenth of it at the place, 0.3 of that at the other
    assert (rows[1]["home"], rows[1]["away"]) == (pytest.approx(0.3), pytest.approx(-0.3))
    assert (rows[2]["home"], rows[2]["away"]) == (pytest.approx(-0.09), pytest.approx(0.09))
    assert rows[1]["diff"] == pytest.approx(2 * (10**0.1 - 1)) == pytest.approx(0.51785, abs=1e-5)


def test_the_expected_result_moves_nothing_and_a_worse_one_takes_from_the_winner() -> None:
    first = (0, "A", "B", 9, 0)
    drawn = at_start(PAPER, events_of(first, (1, "A", "B", 0, 0), (2, "A", "B", None, None)))
    assert drawn[2]["home"] < drawn[1]["home"] and drawn[2]["away"] > drawn[1]["away"]
    same = at_start(PAPER, events_of((0, "A", "B", 0, 0), (1, "A", "B", None, None)))
    assert same[1] == {"home": 0.0, "away": 0.0, "diff": 0.0}


def test_matches_of_an_instant_add_up_from_the_same_start() -> None:
    rows = at_start(PAPER, events_of((0, "A", "B", 9, 0), (0, "A", "C", 9, 0), (1, "A", "B", None, None)))
    assert (rows[2]["home"], rows[2]["away"]) == (pytest.approx(0.6), pytest.approx(-0.3))


def test_neutral_ground_uses_and_moves_both_ratings() -> None:
    cup = {"competition": "Cup", "neutral": True}
    rows = at_start(
        PAPER,
        events_of(
            (0, "A", "B", 9, 0), (1, "A", "B", None, None, cup), (2, "B", "A", 9, 0, cup), (3, "A", "B", None, None)
        ),
    )
    assert (rows[1]["home"], rows[1]["away"]) == (pytest.approx(0.195), pytest.approx(-0.195))
    step = 0.1 * diminished(9 + 2 * expected_goals(0.195))
    assert (rows[3]["home"], rows[3]["away"]) == (pytest.approx(0.3 - step), pytest.approx(-0.3 + step))


def test_entrants_start_below_and_nothing_is_told_before_the_warm_up() -> None:
    events = events_of(
        (0, "A", "B", 0, 0), (1, "A", "B", 0, 0), (2, "C", "A", 0, 0), (2, "C", "A", None, None, {"competition": "E1"})
    )
    rows = at_start(PiRatings(warm_up=2), events)
    assert rows[1]["diff"] is None and rows[3]["diff"] is None
    assert rows[2] == {"home": -0.4, "away": 0.0, "diff": pytest.approx(-(10 ** (0.4 / 3) - 1))}
