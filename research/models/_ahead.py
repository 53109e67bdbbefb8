"""Forecasts of the past by models that did not know it: what calibrations and stacks are learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import TooShortError
from research.forecasting.contract import Model, Probabilities
from research.forecasting.rows import OUTCOME

#: fewest rows that all models must have forecast
_LEAST: Final = 100
#: earliest part of the past that only serves to learn from, in parts of the rest
_FIRST = 1


@dataclass(frozen=True)
class Ahead:
    """Forecasts of several models for the same rows, all of which they have.

    Attributes
    ----------
    rows : polars.DataFrame
        Rows of the past, in their order.
    chance : tuple of float64 (n, n_outcomes)
        One for each model.
    outcome : array of int64, (n,)
    n_parts : int
        Parts that could be forecast.
    """

    rows: pl.DataFrame
    chance: tuple[Probabilities, ...]
    outcome: NDArray[np.int64]
    n_parts: int


def ahead(models: Sequence[Model], past: pl.DataFrame, outcomes: tuple[str, ...], parts: int, where: str) -> Ahead:
    """Walk forward through the past: each part is forecast by models fitted on what was settled before it began.

    Parameters
    ----------
    models : sequence of Model
    past, outcomes
        As in `research.forecasting.contract.Model.fit`.
    parts : int
        Parts that are forecast, of equal numbers of rows; the part before them is only learnt from. Rows of one instant
        are never divided. A part before which the past is too short for a model is left out (`Ahead.n_parts` counts
        the others).
    where : str
        What is fitted, for messages.

    Raises
    ------
    TooShortError
        No part can be forecast, or fewer than 100 rows by all models.
    DataError
        A model cannot be fitted for another reason.
    """
    decided = past["decided_at"].cast(pl.Int64).to_numpy()
    settled = past["settled_at"].cast(pl.Int64)
    edges = (
        [decided[past.height * part // (parts + _FIRST)] for part in range(_FIRST, parts + _FIRST)]
        if decided.size
        else []
    )
    reason = None
    rows, chances = list[pl.DataFrame](), list[list[Probabilities]]()
    for place, start in enumerate(edges):
        end = edges[place + 1] if place + 1 < len(edges) else np.iinfo(np.int64).max
        known, part = past.filter(settled < start), past.filter((decided >= start) & (decided < end))
        try:
            chances.append([model.fit(known, outcomes).probabilities(part) for model in models])
            rows.append(part)
        except TooShortError as error:
            reason = error
    if not rows:
        raise _too_short(where, "a part of it that the rest can forecast", str(reason or f"{past.height} rows"))
    told = pl.concat(rows)
    chance = [np.concatenate([part[number] for part in chances]) for number in range(len(models))]
    known_rows = ~np.isnan(np.stack([c[:, 0] for c in chance])).any(axis=0)
    if known_rows.sum() < _LEAST:  # such as years without prices before the market's first
        raise _too_short(where, f"{_LEAST} forecasts ahead by all its models", f"{known_rows.sum()} of {told.height}")
    outcome = told[OUTCOME].cast(pl.Int64).to_numpy()[known_rows]
    return Ahead(told.filter(known_rows), tuple(c[known_rows] for c in chance), outcome, len(rows))


def _too_short(where: str, expected: str, found: str) -> TooShortError:
    return TooShortError(
        "the past is too short to learn from",
        where=where,
        expected=expected,
        found=found,
        todo="begin earlier, or fit later",
    )
