"""Shares of the outcomes by the difference of the Elo ratings: a model of your own in one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import TooShortError
from research.forecasting.checks import check_columns, check_model
from research.forecasting.contract import Inputs

DIFFERENCE = "elo.diff"


@dataclass(frozen=True)
class Bands:
    """What was learned: the shares of each band, (bands, n_outcomes), between the borders of the differences."""

    borders: tuple[float, ...]
    shares: tuple[tuple[float, ...], ...]

    def probabilities(self, rows: pl.DataFrame) -> NDArray[np.float64]:
        """The shares of the band of each row; NaN before the ratings are known."""
        check_columns(rows, [DIFFERENCE], EloBands.name)
        known = rows[DIFFERENCE].cast(pl.Float64).fill_null(np.nan).to_numpy()
        found = np.array(self.shares)[np.searchsorted(self.borders, known)]
        found[np.isnan(known)] = np.nan
        return found

    def artifact(self) -> Mapping[str, Any]:
        """Plain values, for a file."""
        return {"model": EloBands.name, "borders": list(self.borders), "shares": [list(one) for one in self.shares]}


@dataclass(frozen=True)
class EloBands:
    """Events in bands of equal numbers by the difference of the ratings; the outcomes of each band are counted.

    Attributes
    ----------
    bands : int
    added : float
        Outcomes of each kind that each band has before the first one is counted; above 0.
    rows_min : int
        Settled events with ratings that a fit needs.
    """

    name: ClassVar[str] = "elo_bands"
    bands: int = 6
    added: float = 1.0
    rows_min: int = 200

    def inputs(self) -> Inputs:
        """The ratings."""
        return Inputs(features=("elo",))

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Bands:
        """Borders and shares of the past."""
        check_columns(past, [DIFFERENCE], self.name)
        known = past.filter(pl.col(DIFFERENCE).is_not_null())
        if known.height < self.rows_min:
            raise TooShortError(
                "the past is too short to learn from", where=f"model {self.name}",
                expected=f"{self.rows_min} settled events with ratings", found=str(known.height),
            )  # fmt: skip
        difference = known[DIFFERENCE].to_numpy()
        borders = np.quantile(difference, np.arange(1, self.bands) / self.bands)
        counts = np.full((self.bands, len(outcomes)), self.added)
        np.add.at(counts, (np.searchsorted(borders, difference), known["outcome"].to_numpy()), 1.0)
        shares = counts / counts.sum(axis=1, keepdims=True)
        return Bands(tuple(borders.tolist()), tuple(tuple(one) for one in shares.tolist()))

    def restored(self, artifact: Mapping[str, Any]) -> Bands:
        """The fit of an artifact, to the last bit."""
        check_model(artifact, self.name)
        return Bands(tuple(artifact["borders"]), tuple(tuple(one) for one in artifact["shares"]))
