"""An ordered logit of one term: what rating models share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from research.forecasting.checks import check_model
from research.models._regressed import Regressed, learnable
from research.regression import ordered


def ordered_logit(past: pl.DataFrame, outcomes: tuple[str, ...], term: str, model: str, *, least: int) -> Regressed:
    """The ordered logit of a term, fitted on the rows that have it; raises `DataError` below `least` rows."""
    inputs, outcome, _ = learnable(past, (term,), model, least=least)
    found = ordered.fitted(inputs, outcome, (term,), len(outcomes), f"model {model}")
    return Regressed(model, (term,), found, outcome.size, past.height - outcome.size)


def restored(artifact: Mapping[str, Any], model: str) -> Regressed:
    """The forecaster of an artifact of `ordered_logit`; raises `DataError` if it is of another model."""
    check_model(artifact, model)
    found = ordered.restored(artifact["regression"])
    return Regressed(model, tuple(artifact["terms"]), found, artifact["n_rows"], artifact["n_left_out"])
