"""Elo with surface against steps worked out by hand."""

from __future__ import annotations

from math import log

import pytest

from research.features.elo_surface import EloSurface
from tests.research.features.made import at_start, events_of
from tests.research.features.test_welo import tennis

PLAIN = EloSurface(warm_up=0, ranking_weight=0.0, surface_weight=0.25, step=250.0)
FIRST_STEP = 250 / 5**0.4 * 0.5


def test_the_overall_rating_and_that_on_the_surface_move_apart_and_are_mixed() -> None:
    clay = {"surface": "clay"}
    events = events_of(
        (0, "A", "B", 2, 0, tennis()),
        (1, "A", "B", 0, 2, tennis(**clay)),
        (2, "A", "B", None, None, tennis()),
        (2, "A", "B", None, None, tennis(**clay)),
        (2, "A", "B", None, None, tennis(surface="grass")),
        (2, "A", "B", None, None, tennis(surface=None)),
    )
    rows = at_start(PLAIN, events)
    ahead = 2 * FIRST_STEP  # after the first match, overall and on hard; clay starts from it
    loss = 1 / (1 + 10 ** (-ahead / 400))
    overall = ahead - 2 * 250 / 6**0.4 * loss
    clay_diff = ahead - 2 * 250 / 5**0.4 * loss
    assert rows[1]["diff"] == pytest.approx(ahead)
    assert rows[2]["diff"] == pytest.approx(0.75 * overall + 0.25 * ahead)
    assert rows[2]["surface_diff"] == pytest.approx(ahead) and rows[3]["surface_diff"] == pytest.approx(clay_diff)
    assert rows[3]["diff"] == pytest.approx(0.75 * overall + 0.25 * clay_diff)
    assert rows[4]["diff"] == rows[5]["diff"] == pytest.approx(overall)
    assert rows[3]["home"] - rows[3]["away"] == pytest.approx(rows[3]["diff"])
    assert rows[3]["expected"] == pytest.approx(1 / (1 + 10 ** (-rows[3]["diff"] / 400)))


def test_players_of_one_name_in_another_sport_are_others_and_the_warm_up_is_that_of_the_tour() -> None:
    events = events_of(
        (0, "A", "B", 2, 0, tennis()),
        (1, "A", "B", None, None, tennis(competition="ATP Y")),
        (1, "A", "B", None, None, tennis(sport="squash")),
    )
    rows = at_start(EloSurface(warm_up=1), events)
    assert rows[0]["diff"] is None and rows[1]["diff"] > 0 and rows[2]["diff"] is None


def test_the_ranking_is_the_start_only() -> None:
    points = {"home_rank_points": 800.0, "away_rank_points": 800.0}
    events = events_of(
        (0, "A", "B", 2, 0, tennis(**points)),
        (1, "A", "B", None, None, tennis(home_rank_points=9000.0, away_rank_points=300.0)),
    )
    row = at_start(EloSurface(warm_up=0, step=250.0), events)[1]
    assert row["diff"] == pytest.approx(2 * FIRST_STEP) and row["ranking_diff"] == pytest.approx(log(30))
