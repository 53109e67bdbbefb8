"""The model prices its feature."""

from __future__ import annotations

import polars as pl

from research.goals.grid import low_score_grid
from research.models import made


def test_it_prices_the_score_grid_of_its_feature() -> None:
    model = made("dixon_coles")
    rates = {"home_rate": 1.7, "away_rate": 0.9, "rho": -0.06}
    (feature,) = model.inputs().features
    rows = pl.DataFrame({f"{feature}.{name}": [value] for name, value in rates.items()})
    fitted = model.fit(rows, ("home", "draw", "away"))
    assert (fitted.probabilities(rows) == low_score_grid(1.7, 0.9, -0.06).result()).all()
    assert model.restored(fitted.artifact()) == fitted
