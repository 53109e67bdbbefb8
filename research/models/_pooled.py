"""Several models, and perhaps the market, in a log-linear pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from engine.clock import DAY_NS
from engine.errors import ConfigurationError
from research.forecasting.checks import check_model
from research.forecasting.contract import MARKETS, Forecaster, Inputs, Probabilities
from research.models import made
from research.models._ahead import ahead
from research.models._parameters import check_range
from research.regression import pool


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
    n_forecasts, n_parts : int
        From how many they were learnt, in how many parts of the past.
    """

    model: str
    members: tuple[Forecaster, ...]
    pool: pool.Pool
    n_forecasts: int
    n_parts: int

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
            "n_parts": self.n_parts,
        }


@dataclass(frozen=True)
class PoolModel:
    """A log-linear pool of models before it is fitted.

    Attributes
    ----------
    name : str
        Of the class, not of an instance.
    of : tuple of str
        Models, with their defaults.
    parts : int
        Parts of the past that are forecast; 1 or more.
    """

    name: ClassVar[str]
    of: tuple[str, ...]
    parts: int = 4

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for members that are unknown, doubled, or the model itself."""
        names = self.members()
        if not names or len(set(names)) < len(names) or self.name in names:
            raise ConfigurationError(
                "no such pool", where="model.of", expected="other models, each once",
                found=", ".join(names),
            )  # fmt: skip
        for name in names:
            made(name)
        check_range(self, "parts", self.parts >= 1, "1 or more")

    def members(self) -> tuple[str, ...]:
        """Names of the models of the pool, in the order of the weights."""
        return self.of

    def inputs(self) -> Inputs:
        """Those of the members."""
        inputs = [made(name).inputs() for name in self.members()]
        features = dict.fromkeys(name for one in inputs for name in one.features)
        markets = [name for name in MARKETS if all(name in one.markets for one in inputs)]
        reads = any(one.market for one in inputs), any(one.opening for one in inputs)
        return Inputs(tuple(features), *reads, tuple(markets))

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Pooled:
        """Weights from forecasts ahead, then each model on the whole past; errors as `ahead` and `pool.fitted`."""
        models, where = [made(name) for name in self.members()], f"model {self.name}"
        found = ahead(models, past, outcomes, self.parts, where)
        weeks = pool.weeks_of(found.rows["decided_at"].cast(pl.Int64).to_numpy() // DAY_NS)
        weights = pool.fitted(found.chance, found.outcome, where, weeks)
        return Pooled(
            self.name, tuple(m.fit(past, outcomes) for m in models), weights, found.outcome.size, found.n_parts
        )

    def restored(self, artifact: Mapping[str, Any]) -> Pooled:
        """As `research.forecasting.contract.Model.restored`."""
        check_model(artifact, self.name)
        members = tuple(made(part["model"]).restored(part) for part in artifact["members"])
        return Pooled(self.name, members, pool.restored(artifact["pool"]), artifact["n_forecasts"], artifact["n_parts"])
