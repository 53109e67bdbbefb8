"""Another model with its probabilities calibrated on what it said of its past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from engine.errors import ConfigurationError
from research.calibration import Calibration, check_method
from research.calibration import fitted as calibrated
from research.calibration import restored as calibration_of
from research.forecasting.checks import check_model
from research.forecasting.contract import Forecaster, Inputs, Probabilities
from research.models import made
from research.models._ahead import ahead
from research.models._parameters import check_range


@dataclass(frozen=True)
class Corrected:
    """A forecaster and the calibration of what it says.

    Attributes
    ----------
    inner : Forecaster
        Fitted on the whole past.
    calibration : Calibration
        Of forecasts that were made ahead.
    n_forecasts, n_parts : int
        From how many it was learnt, in how many parts of the past.
    """

    inner: Forecaster
    calibration: Calibration
    n_forecasts: int
    n_parts: int

    def probabilities(self, rows: pl.DataFrame) -> Probabilities:
        """As `research.forecasting.contract.Forecaster.probabilities`."""
        return self.calibration.applied(self.inner.probabilities(rows))

    def artifact(self) -> Mapping[str, Any]:
        """As `research.forecasting.contract.Forecaster.artifact`."""
        return {
            "model": Calibrated.name,
            "inner": dict(self.inner.artifact()),
            "calibration": self.calibration.artifact(),
            "n_forecasts": self.n_forecasts,
            "n_parts": self.n_parts,
        }


@dataclass(frozen=True)
class Calibrated:
    """A calibration between training and test: the past is walked through, each part forecast by what came before it.

    Attributes
    ----------
    of : str
        The model that is calibrated, with its defaults.
    method : str
        One of `research.calibration.METHODS`.
    parts : int
        Parts of the past that are forecast; 1 or more.
    """

    name: ClassVar[str] = "calibrated"
    of: str = "logit"
    method: str = "matrix"
    parts: int = 4

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for an unknown model or method."""
        if self.of == self.name:
            raise ConfigurationError("a model of itself", where="model.of", todo="name another model")
        made(self.of)
        check_method(self.method, "model.method")
        check_range(self, "parts", self.parts >= 1, "1 or more")

    def inputs(self) -> Inputs:
        """Those of the model."""
        return made(self.of).inputs()

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Corrected:
        """As `research.forecasting.contract.Model.fit`."""
        inner = made(self.of)
        found = ahead([inner], past, outcomes, self.parts, f"model {self.name}")
        calibration = calibrated(self.method, found.chance[0], found.outcome, f"model {self.name}")
        return Corrected(inner.fit(past, outcomes), calibration, found.outcome.size, found.n_parts)

    def restored(self, artifact: Mapping[str, Any]) -> Corrected:
        """As `research.forecasting.contract.Model.restored`."""
        check_model(artifact, self.name)
        inner = made(artifact["inner"]["model"]).restored(artifact["inner"])
        return Corrected(inner, calibration_of(artifact["calibration"]), artifact["n_forecasts"], artifact["n_parts"])
