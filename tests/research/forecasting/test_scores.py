"""Models that price the score grid of a feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl
import pytest

from engine.errors import DataError
from research.forecasting.scores import PricedScores, ScoreModel
from research.goals.grid import low_score_grid, shared_grid

ROWS = pl.DataFrame({"f.home_rate": [1.4, None, 2.0], "f.away_rate": [1.2, None, 0.7], "f.third": [-0.05, None, 0.1]})


def test_each_kind_of_dependence_has_its_grid() -> None:
    home, away = [1.4, 2.0], [1.2, 0.7]
    expected = {
        PricedScores("m", "f"): low_score_grid(home, away),
        PricedScores("m", "f", low_scores="third"): low_score_grid(home, away, [-0.05, 0.1]),
        PricedScores("m", "f", shared="third"): shared_grid(home, away, [-0.05, 0.1]),
    }
    for scores, grid in expected.items():
        found = scores.probabilities(ROWS)
        assert (found[[0, 2]] == grid.result()).all() and np.isnan(found[1]).all()
        gap = ROWS.with_columns(
            pl.lit(None, pl.Float64).alias(f"f.{scores.low_scores or scores.shared or 'home_rate'}")
        )
        assert np.isnan(scores.probabilities(gap)).all(), "a row of which one number is not known"
    assert len({grid.result().tobytes() for grid in expected.values()}) == 3


@dataclass(frozen=True)
class Third(ScoreModel):
    """A goal model with a dependence of low scores."""

    name: ClassVar[str] = "m"
    scores: ClassVar[PricedScores] = PricedScores("m", "f", low_scores="third")


def test_other_outcomes_and_artifacts_of_other_models_are_refused() -> None:
    model, scores, past = Third(), Third.scores, ROWS.clear()
    assert model.fit(past, ("home", "draw", "away")) is scores and model.restored(scores.artifact()) == scores
    with pytest.raises(DataError, match="home, draw, away"):
        model.fit(past, ("home", "away"))
    with pytest.raises(DataError, match="of another model"):
        model.restored({**scores.artifact(), "model": "other"})
    with pytest.raises(DataError, match=r"a column is missing.*f\.third"):
        scores.probabilities(ROWS.drop("f.third"))
    with pytest.raises(DataError, match="was edited"):
        model.restored({**scores.artifact(), "feature": "other"})
