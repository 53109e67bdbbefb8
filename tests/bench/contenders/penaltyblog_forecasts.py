"""penaltyblog, forecasts ahead of time: its goal models refitted every few days, its ratings after every date.

Only its models and ratings are imported: the rest has dependencies that are not installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import penaltyblog_parts  # noqa: F401
from penaltyblog import models, ratings

_GOALS = {"poisson": models.PoissonGoalsModel, "dixon_coles": models.DixonColesGoalModel}
_RATINGS = {"elo": ratings.Elo, "pi": ratings.PiRatingSystem}


def prepare(job, threads):
    """The job as it is; teams by name."""
    return {**job, "kind": str(job["kind"]), "teams": [str(name) for name in job["teams"]]}


def run(job):
    """Probabilities of the judged matches, row after row; NaN: no answer."""
    prob = np.full((len(job["day"]), 3), np.nan)
    for league in range(int(job["league"].max()) + 1):
        rows = np.flatnonzero(job["league"] == league)
        if job["kind"] in _RATINGS:
            _rated(job, rows, prob)
        else:
            _fitted(job, rows, prob)
    return {"prob": prob.ravel()}


def _rated(job, rows, prob):
    """With its own constants, and its own way from ratings to probabilities."""
    rating = _RATINGS[job["kind"]]()
    for day in np.unique(job["day"][rows]):
        today = rows[job["day"][rows] == day]
        sides = [(k, job["teams"][job["home"][k]], job["teams"][job["away"][k]]) for k in today]
        for k, home, away in sides:
            if job["judged"][k]:
                said = rating.calculate_match_probabilities(home, away)
                prob[k] = said["home_win"], said["draw"], said["away_win"]
        for k, home, away in sides:
            margin = int(job["home_goals"][k] - job["away_goals"][k])
            if job["kind"] == "elo":
                rating.update_ratings(home, away, 0 if margin > 0 else 1 if margin == 0 else 2)
            else:
                rating.update_ratings(home, away, margin)


def _fitted(job, rows, prob):
    days, every, window = job["day"][rows], int(job["every"]), int(job["window"])
    judged = rows[job["judged"][rows] > 0]
    block = (job["day"][judged] - job["day"].min()) // every
    for number in np.unique(block):
        asked = judged[block == number]
        first = job["day"].min() + number * every
        past = rows[(days < first) & (days >= first - window)]
        weights = np.exp(-float(job["decay"]) * (job["day"][past].max() - job["day"][past]))
        names = [[job["teams"][team] for team in job[side][past]] for side in ("home", "away")]
        model = _GOALS[job["kind"]](job["home_goals"][past], job["away_goals"][past], *names, weights)
        model.fit()
        known = {*names[0], *names[1]}
        for k in asked:
            home, away = (job["teams"][job[side][k]] for side in ("home", "away"))
            if home in known and away in known:
                grid = model.predict(home, away, max_goals=16)
                prob[k] = grid.home_win, grid.draw, grid.away_win
