"""Results that contradict themselves, and scores that the sport does not know.

A flag on a result never removes a bet: the result is known only after the bet was decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl


@dataclass(frozen=True)
class ScoreRange:
    """Scores that a finished event can have.

    Attributes
    ----------
    highest : int
        Highest score of one side.
    winner_least : int
        Lowest score of the side that won.
    """

    highest: int
    winner_least: int = 0


#: By sport, with the records that the limits leave room for. A sport that is not listed: no score below 0.
SCORES: Final = {
    "football": ScoreRange(20),  # top leagues: 13-0 (Stockport - Halifax 1934); international 31-0 (2001)
    "american_football": ScoreRange(90, 2),  # NFL: 73-0 (1940); the least that wins is a safety
    "baseball": ScoreRange(40, 1),  # MLB: 36 runs (1897), 30 (2007)
    "basketball": ScoreRange(200, 20),  # NBA: 186-184 (1983), 19-18 (1950)
    "ice_hockey": ScoreRange(25, 1),  # NHL: 16-0 (1944)
    "tennis": ScoreRange(3, 1),  # sets; 1 where a match was not played to its end
}


def contradictory() -> pl.Expr:
    """Whether the winner of a played event contradicts its score; on the columns of `schema.EVENTS`.

    A level score with a winner is no contradiction: extra time, overtime or penalties may have decided.
    """
    home, away, winner = pl.col("home_score"), pl.col("away_score"), pl.col("winner")
    wrong = ((home > away) & (winner != "home")) | ((home < away) & (winner != "away"))
    return ((pl.col("status") == "played") & wrong).fill_null(False)


def impossible_score() -> pl.Expr:
    """Whether a score is below 0, or one that its sport does not know (`SCORES`); on the columns of `schema.EVENTS`."""
    home, away, played = pl.col("home_score"), pl.col("away_score"), pl.col("status") == "played"
    most, least = pl.max_horizontal(home, away), pl.min_horizontal(home, away)
    wrong = least < 0
    for sport, rule in SCORES.items():
        beyond = (most > rule.highest) | (played & (most < rule.winner_least))
        wrong |= (pl.col("sport") == sport) & beyond
    return wrong.fill_null(False)
