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


@dataclass(frozen=True)
class Learnable:
    """What can be learnt from.

    Attributes
    ----------
    terms : tuple of str, d
        Those of which some row knows a value: a league without shots has none of shots.
    inputs : array of float64, (n, d)
        NaN: not known.
    outcome : array of int64, (n,)
    used : array of bool, (n_past,)
        The rows of the past with a known term, which these are.
    """

    terms: tuple[str, ...]
    inputs: Array
    outcome: NDArray[np.int64]
    used: NDArray[np.bool_]


def learnable(past: pl.DataFrame, terms: Sequence[str], model: str, *, least: int) -> Learnable:
    """The rows and the terms of the past that can be learnt from.

    Raises
    ------
    DataError
        The rows lack a column, or fewer than `least` of them can be used.
    """
    inputs = inputs_of(past, terms, model)
    known = ~np.isnan(inputs)
    used = np.asarray(known.any(axis=1), dtype=np.bool_)
    if int(used.sum()) < least:
        raise DataError(
            "the past is too short to learn from",
            where=f"model {model}",
            expected=f"{least} settled events with features",
            found=f"{int(used.sum())} of {past.height}",
            todo="begin earlier, or fit later",
        )
    kept = np.asarray(known.any(axis=0), dtype=np.bool_)
    told = tuple(name for name, is_kept in zip(terms, kept, strict=True) if is_kept)
    outcome = past[OUTCOME].cast(pl.Int64).to_numpy()
    return Learnable(told, np.asfortranarray(inputs[used][:, kept]), outcome[used], used)
