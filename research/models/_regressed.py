"""What models share that are one regression of the terms of the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import DataError
from research.forecasting.contract import Probabilities
from research.forecasting.rows import OUTCOME
from research.models._terms import Array, inputs_of


class Regression(Protocol):
    """A fitted regression: `research.regression.ordered.OrderedLogit` or another."""

    def probabilities(self, inputs: Array) -> Array:
        """Probabilities, (n, n_outcomes), of inputs (n, d)."""
        ...

    def artifact(self) -> dict[str, Any]:
        """Plain values."""
        ...


@dataclass(frozen=True)
class Regressed:
    """A model that was fitted: a regression of some terms.

    Attributes
    ----------
    model : str
        Name of the model.
    terms : tuple of str
        Of `research.models._terms`. A row with none of them known has no answer; where some are known, each other one
        counts as its mean in the rows of the fit.
    regression : Regression
    n_rows, n_left_out : int
        Rows of the fit, and rows of the past that were left out because no term was known.
    """

    model: str
    terms: tuple[str, ...]
    regression: Regression
    n_rows: int
    n_left_out: int

    def probabilities(self, rows: pl.DataFrame) -> Probabilities:
        """As `research.forecasting.contract.Forecaster.probabilities`."""
        inputs = inputs_of(rows, self.terms, self.model)
        found = self.regression.probabilities(inputs)
        found[np.isnan(inputs).all(axis=1)] = np.nan
        return found

    def artifact(self) -> Mapping[str, Any]:
        """As `research.forecasting.contract.Forecaster.artifact`."""
        return {
            "model": self.model,
            "terms": list(self.terms),
            "regression": self.regression.artifact(),
            "n_rows": self.n_rows,
            "n_left_out": self.n_left_out,
        }


def learnable(
    past: pl.DataFrame, terms: Sequence[str], model: str, *, least: int
) -> tuple[Array, NDArray[np.int64], NDArray[np.bool_]]:
    """Inputs and outcomes of the rows that can be learnt from: those with a known term.

    Returns
    -------
    inputs : array of float64, (n, d)
    outcome : array of int64, (n,)
    used : array of bool, (n_past,)
        Which rows of the past these are.

    Raises
    ------
    DataError
        The rows lack a column, or fewer than `least` of them can be used.
    """
    inputs = inputs_of(past, terms, model)
    used = np.asarray(~np.isnan(inputs).all(axis=1), dtype=np.bool_)
    if int(used.sum()) < least:
        raise DataError(
            "the past is too short to learn from",
            where=f"model {model}",
            expected=f"{least} settled events with features",
            found=f"{int(used.sum())} of {past.height}",
            todo="begin earlier, or fit later",
        )
    outcome = past[OUTCOME].cast(pl.Int64).to_numpy()
    return np.asfortranarray(inputs[used]), outcome[used], used
