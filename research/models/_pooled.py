"""Several models, and perhaps the market, in a log-linear pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from engine.errors import ConfigurationError
from research.forecasting.checks import check_model
from research.forecasting.contract import Forecaster, Model, Probabilities
from research.models import made
from research.models._ahead import ahead
from research.regression import pool

#: nanoseconds of a week: errors allow for matches of one week that depend on each other
_WEEK_NS: Final = 7 * 86_400 * 10**9


@dataclass(frozen=True)
class Pooled:
    """Forecasters and the weights of their log-linear pool.

    Attributes
    ----------
    model : str
        Name of the model.
    members : tuple of Forecaster
    pool : research.regression.pool.Pool
        Weights, learnt from forecasts made ahead, with their intervals.
    n_forecasts : int
        From how many they were learnt.
    """

    model: str
    members: tuple[Forecaster, ...]
    pool: pool.Pool
    n_forecasts: int

    def probabilities(self, rows: pl.DataFrame) -> Probabilities:
        """As `research.forecasting.contract.Forecaster.probabilities`."""
        return self.pool.probabilities([member.probabilities(rows) for member in self.members])

    def artifact(self) -> Mapping[str, Any]:
        """As `research.forecasting.contract.Forecaster.artifact`."""
        return {
            "model": self.model,
            "members": [dict(member.artifact()) for member in self.members],
            "pool": self.pool.artifact(),
            "n_forecasts": self.n_forecasts,
        }


def pooled(models: Sequence[Model], past: pl.DataFrame, outcomes: tuple[str, ...], parts: int, model: str) -> Pooled:
    """Weights from forecasts ahead, then each model fitted on the whole past; errors as `ahead` and `pool.fitted`."""
    found = ahead(models, past, outcomes, parts, f"model {model}")
    weeks = found.rows["decided_at"].cast(pl.Int64).to_numpy() // _WEEK_NS
    weights = pool.fitted(found.chance, found.outcome, f"model {model}", weeks)
    return Pooled(model, tuple(m.fit(past, outcomes) for m in models), weights, found.outcome.size)


def restored(artifact: Mapping[str, Any], model: str) -> Pooled:
    """The forecaster of an artifact; raises `DataError` if it is of another model."""
    check_model(artifact, model)
    members = tuple(made(part["model"]).restored(part) for part in artifact["members"])
    return Pooled(model, members, pool.restored(artifact["pool"]), artifact["n_forecasts"])


def check_members(names: Sequence[str], model: str) -> None:
    """Raise `ConfigurationError` for members that are unknown, doubled, or the model itself."""
    if not names or len(set(names)) < len(names) or model in names:
        raise ConfigurationError(
            "no such pool", where=f"model {model}, of", expected="other models, each once", found=", ".join(names)
        )
    for name in names:
        made(name)
