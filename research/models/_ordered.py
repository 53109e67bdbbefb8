"""An ordered logit of one or a few terms: what rating models share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from research.forecasting.checks import check_model
from research.models._regressed import Regressed, learnable
from research.regression import ordered


def ordered_logit(
    past: pl.DataFrame, outcomes: tuple[str, ...], terms: Sequence[str], model: str, *, least: int
) -> Regressed:
    """The ordered logit of some terms, fitted on the rows that have one; raises `DataError` below `least` rows."""
    found = learnable(past, terms, model, least=least)
    fitted = ordered.fitted(found.inputs, found.outcome, found.terms, len(outcomes), f"model {model}")
    return Regressed(model, found.terms, fitted, found.outcome.size, past.height - found.outcome.size)


def restored(artifact: Mapping[str, Any], model: str) -> Regressed:
    """The forecaster of an artifact of `ordered_logit`; raises `DataError` if it is of another model."""
    check_model(artifact, model)
    found = ordered.restored(artifact["regression"])
    return Regressed(model, tuple(artifact["terms"]), found, artifact["n_rows"], artifact["n_left_out"])
