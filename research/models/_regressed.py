"""What models share that are one regression of the terms of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import TooShortError
from research.forecasting.checks import check_model
from research.forecasting.contract import Probabilities
from research.forecasting.rows import OUTCOME
from research.models._terms import Array, inputs_of, stated


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
        Those that the fit kept, of `research.models._terms`. A row has an answer where all of them are known.
    regression : Regression
    n_rows, n_left_out : int
        Rows of the fit, and rows of the past that were left out because a term was not known.
    """

    model: str
    terms: tuple[str, ...]
    regression: Regression
    n_rows: int
    n_left_out: int

    def probabilities(self, rows: pl.DataFrame) -> Probabilities:
        """As `research.forecasting.contract.Forecaster.probabilities`."""
        return self.regression.probabilities(stated(inputs_of(rows, self.terms, self.model), self.terms))

    def artifact(self) -> Mapping[str, Any]:
        """As `research.forecasting.contract.Forecaster.artifact`."""
        return {
            "model": self.model,
            "terms": list(self.terms),
            "regression": self.regression.artifact(),
            "n_rows": self.n_rows,
            "n_left_out": self.n_left_out,
        }

    @classmethod
    def of(cls, artifact: Mapping[str, Any], model: str, regression: Callable[[Mapping[str, Any]], Regression]) -> Self:
        """The forecaster that `artifact` described, its regression restored; raises `DataError` if of another model."""
        check_model(artifact, model)
        restored = regression(artifact["regression"])
        return cls(model, tuple(artifact["terms"]), restored, artifact["n_rows"], artifact["n_left_out"])


@dataclass(frozen=True)
class Learnable:
    """What can be learnt from.

    Attributes
    ----------
    terms : tuple of str, d
        Those whose values differ somewhere in the past: a store without shots has none of shots.
    inputs : array of float64, (n, d)
        NaN: not known; only if gaps are allowed.
    outcome : array of int64, (n,)
    used : array of bool, (n_past,)
        The rows of the past that these are.
    """

    terms: tuple[str, ...]
    inputs: Array
    outcome: NDArray[np.int64]
    used: NDArray[np.bool_]


def learnable(past: pl.DataFrame, terms: Sequence[str], model: str, *, least: int, gaps: bool = False) -> Learnable:
    """The rows and the terms of the past that can be learnt from.

    Parameters
    ----------
    past : polars.DataFrame
    terms : sequence of str
    model : str
        Its name, for messages.
    least : int
        Rows that are needed.
    gaps : bool
        Whether a row counts as soon as one term is known; else all that are kept must be.

    Raises
    ------
    DataError
        The rows lack a column.
    TooShortError
        Fewer than `least` rows can be used; the least known term is named.
    """
    inputs = inputs_of(past, terms, model)
    if not gaps:
        inputs = stated(inputs, terms)
    known = ~np.isnan(inputs)
    lowest = np.where(known, inputs, np.inf).min(axis=0, initial=np.inf)
    kept = lowest < np.where(known, inputs, -np.inf).max(axis=0, initial=-np.inf)
    own = known[:, kept]
    used = np.asarray((own.any(axis=1) if gaps else own.all(axis=1)) & kept.any(), dtype=np.bool_)
    told = tuple(name for name, is_kept in zip(terms, kept, strict=True) if is_kept)
    if int(used.sum()) < least:
        counts = own.sum(axis=0)
        rarest = f"; {told[int(counts.argmin())]} is known in {int(counts.min())}" if told else ""
        raise TooShortError(
            "the past is too short to learn from",
            where=f"model {model}",
            expected=f"{least} settled events with features",
            found=f"{int(used.sum())} of {past.height}{rarest}",
            todo="begin earlier, or fit later, or name fewer features",
        )
    outcome = past[OUTCOME].cast(pl.Int64).to_numpy()
    return Learnable(told, np.asfortranarray(inputs[used][:, kept]), outcome[used], used)
