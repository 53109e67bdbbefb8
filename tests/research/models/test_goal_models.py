"""Models of scores: each prices the grid of its own feature."""

from __future__ import annotations

import polars as pl
import pytest

from research.goals.grid import low_score_grid, shared_grid
from research.models import made

RATES = {"home_rate": 1.7, "away_rate": 0.9, "rho": -0.06, "shared": 0.1}
GRIDS = {
    "poisson": low_score_grid(1.7, 0.9),
    "dixon_coles": low_score_grid(1.7, 0.9, -0.06),
    "score_driven": low_score_grid(1.7, 0.9, -0.06),
    "bivariate_poisson": shared_grid(1.7, 0.9, 0.1),
}


@pytest.mark.parametrize("name", GRIDS)
def test_it_prices_the_score_grid_of_its_feature(name: str) -> None:
    model = made(name)
    assert model.inputs().features == (name,) and not model.inputs().market
    rows = pl.DataFrame({f"{name}.{column}": [value] for column, value in RATES.items()})
    fitted = model.fit(rows, ("home", "draw", "away"))
    assert (fitted.probabilities(rows) == GRIDS[name].result()).all()
    assert model.restored(fitted.artifact()) == fitted
