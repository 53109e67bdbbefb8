"""Moves of attack and defence against derivatives of the likelihood, and what a pause and a newcomer mean."""

from __future__ import annotations

import math
from typing import Any

import pytest

from research.goals.score_driven import GOALS, SHOTS, Gains, ScoreDriven
from tests.research.goals.test_matches import BASE, DAY_NS

GAINS = Gains(goals=0.02, shots=0.01, level=0.002, slope=0.5, keeps=0.8, pause_days=30.0, newcomer=0.3)
MATCH = BASE | {"home_shots_on_target": None, "away_shots_on_target": None}


def match(home: str, away: str, goals: tuple[int, int], shots: tuple[int, int] | None = None, **other: Any) -> dict:
    row = MATCH | {"home": home, "away": away, "home_score": goals[0], "away_score": goals[1]} | other
    return row if shots is None else row | {"home_shots_on_target": shots[0], "away_shots_on_target": shots[1]}


def log_means(running: ScoreDriven, home: str, away: str, day: float, **other: Any) -> tuple[float, ...]:
    values = running.value(MATCH | {"home": home, "away": away} | other, int(day * DAY_NS))
    return tuple(math.log(value) for value in values)


def score(count: int, log_mean: float) -> float:
    """Derivative of the Poisson log likelihood by the log mean, by differences, over the standard deviation."""
    log = [count * x - math.exp(x) for x in (log_mean + 1e-6, log_mean - 1e-6)]
    return (log[0] - log[1]) / 2e-6 / math.sqrt(math.exp(log_mean))


def test_a_match_moves_both_sides_along_the_score_of_goals_and_shots() -> None:
    running = ScoreDriven(GAINS, 1, of_shots=False)
    running.update(match("a", "b", (3, 0), (7, 2)), 0)
    g = score(3, GOALS.mu + GOALS.h), score(0, GOALS.mu)
    s = score(7, SHOTS.mu + SHOTS.h), score(2, SHOTS.mu)
    home, away = (0.02 * g[k] + 0.01 * s[k] for k in (0, 1))
    mu, h = GOALS.mu + 0.002 * (g[0] + g[1]), GOALS.h + 0.002 * (g[0] - g[1])
    assert log_means(running, "a", "c", 1.0) == pytest.approx((mu + h + home, mu + away), abs=1e-8)
    assert log_means(running, "c", "b", 1.0) == pytest.approx((mu + h + home, mu + away), abs=1e-8)
    assert log_means(running, "b", "a", 1.0, neutral=True) == pytest.approx(
        (mu + away + away, mu + home + home), abs=1e-8
    )
    shots = ScoreDriven(GAINS, 1, of_shots=True, further=(-0.08,))
    shots.update(match("a", "b", (3, 0), (7, 2)), 0)
    level = SHOTS.mu + 0.002 * (s[0] + s[1]), SHOTS.h + 0.002 * (s[0] - s[1])
    values = shots.value(MATCH | {"home": "a", "away": "c"}, DAY_NS)
    assert math.log(values[0]) == pytest.approx(sum(level) + 0.5 * home, abs=1e-8) and values[2] == -0.08


def test_without_shots_goals_move_alone_and_without_both_nothing_moves() -> None:
    running = ScoreDriven(GAINS, 1, of_shots=False)
    running.update(match("a", "b", (1, 1), status="abandoned"), 0)
    assert running.value(MATCH, DAY_NS) == (None, None)
    running.update(match("a", "b", (2, 1)), DAY_NS)
    moved = 0.02 * score(2, GOALS.mu + GOALS.h)
    assert log_means(running, "a", "c", 2.0)[0] - log_means(running, "d", "c", 2.0)[0] == pytest.approx(moved, abs=1e-8)
    shots = ScoreDriven(GAINS, 1, of_shots=True)
    shots.update(match("a", "b", (2, 1)), DAY_NS)
    assert shots.value(MATCH, 2 * DAY_NS) == (None, None)
    neutral = ScoreDriven(GAINS, 1, of_shots=False)
    neutral.update(match("a", "b", (2, 1), neutral=True), 0)
    assert log_means(neutral, "x", "y", 1.0)[0] - log_means(neutral, "x", "y", 1.0)[1] == pytest.approx(GOALS.h)


@pytest.mark.parametrize("of_shots", [False, True])
def test_a_match_on_neutral_ground_says_nothing_of_the_home_advantage(of_shots: bool) -> None:
    for neutral, moves in ((True, False), (False, True)):
        running = ScoreDriven(GAINS, 1, of_shots=of_shots)
        running.update(match("a", "b", (3, 0), (8, 2), neutral=neutral), 0)
        home, away = log_means(running, "x", "y", 1.0)
        assert (home - away != pytest.approx((SHOTS if of_shots else GOALS).h, abs=1e-9)) == moves


def test_matches_of_one_instant_do_not_see_each_other() -> None:
    both = ScoreDriven(GAINS, 1, of_shots=False)
    for row in (match("a", "b", (4, 0)), match("c", "a", (0, 3))):
        both.update(row, 0)
    moved = 0.02 * (score(4, GOALS.mu + GOALS.h) + score(3, GOALS.mu))
    assert log_means(both, "a", "x", 1.0)[0] - log_means(both, "y", "x", 1.0)[0] == pytest.approx(moved, abs=1e-8)


def test_a_pause_moves_a_team_to_the_average_once_and_a_year_makes_it_a_newcomer() -> None:
    running = ScoreDriven(GAINS, 1, of_shots=False)
    running.update(match("a", "b", (5, 0)), 0)

    def attack(day: float) -> float:
        """Of a, beside a team that the competition has just seen at its average."""
        return log_means(running, "a", "q", day)[0] - log_means(running, "z", "q", day)[0]

    full = attack(1.0)
    assert full == pytest.approx(0.02 * score(5, GOALS.mu + GOALS.h), abs=1e-8)
    assert attack(29.0) == pytest.approx(full) and attack(31.0) == pytest.approx(0.8 * full) == attack(300.0)
    assert log_means(running, "a", "b", 400.0) == pytest.approx(log_means(running, "new", "newer", 400.0))
    difference = log_means(running, "new", "q", 400.0)[0] - log_means(running, "z", "q", 300.0)[0]
    assert difference == pytest.approx(-0.3 + 0.3), "weaker in attack, against a defence that is weaker too"
    twice = ScoreDriven(GAINS, 1, of_shots=False)
    twice.update(match("a", "b", (5, 0)), 0)
    for row in (match("a", "c", (1, 1)), match("a", "d", (1, 1))):
        twice.update(row, 40 * DAY_NS)
    once = full * 0.8
    mean = log_means(running, "z", "q", 31.0)[0] + once
    expected = once + 2 * 0.02 * score(1, mean)
    found = log_means(twice, "a", "x", 41.0)[0] - log_means(twice, "y", "x", 41.0)[0]
    assert found == pytest.approx(expected, abs=1e-8), "two matches after one pause"


def test_a_sport_of_too_many_points_has_no_value() -> None:
    running = ScoreDriven(GAINS, 1, of_shots=False, further=(0.1,))
    for day in range(200):
        running.update(match("a", "b", (90, 85), sport="afl"), day * DAY_NS)
        values = running.value(MATCH | {"sport": "afl"}, (day + 1) * DAY_NS)
        assert values == (None,) * 3 or max(values[:2]) < math.exp(4.0)
    assert values == (None,) * 3
