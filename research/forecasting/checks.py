"""What a model refuses, rows without a column and artifacts of others; and what is refused of a model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from engine.errors import DataError
from research.forecasting.contract import Forecaster, Model, Probabilities
from research.forecasting.rows import OUTCOME

#: how far the sum of the probabilities of a row may be from one
_ROUNDING: Final = 1e-9
#: rows that a check of the contract asks about, at most
_ASKED: Final = 60
#: columns that only rows of the past have
_AFTER: Final = (OUTCOME, "home_score", "away_score", "settled_at")


def check_columns(rows: pl.DataFrame, columns: Sequence[str], model: str) -> None:
    """Raise `DataError` for the first column that the rows lack."""
    for column in columns:
        if column not in rows.columns:
            raise DataError(
                "a column is missing",
                where=f"the rows of model {model}",
                expected=column,
                found=", ".join(name for name in rows.columns if "." in name) or "no feature",
                todo="make the rows with what the model's inputs() names",
            )


def check_model(artifact: Mapping[str, Any], model: str) -> None:
    """Raise `DataError` for the artifact of another model."""
    found = artifact.get("model")
    if found != model:
        raise DataError("the artifact is of another model", expected=model, found=str(found))


def checked(found: Probabilities, n_rows: int, n_outcomes: int, model: str) -> Probabilities:
    """The answers of a forecaster; raises `DataError` if one is neither a distribution nor NaN throughout.

    Parameters
    ----------
    found : array
        `Forecaster.probabilities`.
    n_rows, n_outcomes : int
        Its shape.
    model : str
    """
    where, shape = f"the answers of model {model}", (n_rows, n_outcomes)
    if not isinstance(found, np.ndarray) or found.dtype != np.float64 or found.shape != shape:
        told = f"{found.dtype} {found.shape}" if isinstance(found, np.ndarray) else type(found).__name__
        raise DataError("wrong answers", where=where, expected=f"an array of float64 {shape}", found=told)
    wrong = ~np.isnan(found).all(axis=1) & ~(
        (found >= 0.0).all(axis=1) & (np.abs(found.sum(axis=1) - 1.0) <= _ROUNDING)
    )
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            "wrong probabilities", where=f"{where}, row {row}", expected="0 or more, their sum 1; or NaN throughout",
            found=", ".join(f"{value:.6g}" for value in found[row]),
        )  # fmt: skip
    return found


def check_contract(model: Model, fitted: Forecaster, past: pl.DataFrame, outcomes: tuple[str, ...]) -> None:
    """Refuse a model whose fit breaks the contract on the rows that it learned from.

    Parameters
    ----------
    model : Model
    fitted : Forecaster
        ``model.fit(past, outcomes)``.
    past, outcomes
        As in `research.forecasting.contract.Model.fit`.

    Raises
    ------
    DataError
        A second fit differs; the artifact is not plain, or makes another forecaster; the answer to a row depends on its
        neighbours; or an answer is no distribution.
    """
    spread = np.unique(np.linspace(0, past.height - 1, _ASKED).astype(np.int64))
    rows, name = past[spread].drop(_AFTER, strict=False), model.name

    def answers(forecaster: Forecaster, asked: pl.DataFrame) -> Probabilities:
        return checked(forecaster.probabilities(asked), asked.height, len(outcomes), name)

    def same(found: Probabilities, what: str) -> None:
        if not np.array_equal(found, whole, equal_nan=True):
            raise DataError(
                f"model {name} breaks its contract", where=what, expected="the same bits", found="other probabilities",
            )  # fmt: skip

    whole = answers(fitted, rows)
    artifact = plain(fitted.artifact(), name)
    same(answers(model.restored(artifact), rows), "restored(artifact())")
    same(answers(fitted, rows[::-1])[::-1], "the rows in another order")
    same(np.vstack([whole[:0], *(answers(fitted, rows[n : n + 1]) for n in range(rows.height))]), "each row alone")
    if json.dumps(plain(model.fit(past, outcomes).artifact(), name)) != json.dumps(artifact):
        raise DataError(
            f"model {name} breaks its contract", where="a second fit on the same past", expected="the same numbers",
            found="others", todo="use fixed seeds, and no clock",
        )  # fmt: skip


def plain(value: Any, model: str) -> Any:
    """A value as it comes back from a file of JSON, arrays as lists; raises `DataError` if JSON cannot hold it."""
    try:
        return json.loads(json.dumps(value, allow_nan=False, default=_listed))
    except (TypeError, ValueError) as error:
        raise DataError(
            "a fitted model that JSON cannot hold", where=f"model {model}",
            expected="finite numbers, texts, lists and mappings", found=str(error),
        ) from None  # fmt: skip


def _listed(value: Any) -> Any:
    """Arrays and their numbers as lists and plain numbers, mappings as dictionaries."""
    if isinstance(value, Mapping):
        return dict(value)
    listed = getattr(value, "tolist", None)
    if listed is None:
        raise TypeError(type(value).__name__)
    return listed()
