"""Several models in one: a log-linear pool with fitted weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from research.forecasting.contract import Inputs
from research.models import made
from research.models._ahead import check_at_least, inputs_together
from research.models._pooled import Pooled, check_members, pooled, restored


@dataclass(frozen=True)
class Stack:
    """A log-linear pool of models; its weights are learnt from what they said of their past.

    Attributes
    ----------
    of : tuple of str
        Models, with their defaults.
    parts : int
        Parts of the past that are forecast; 1 or more.
    """

    name: ClassVar[str] = "stack"
    of: tuple[str, ...] = ("elo", "pi")
    parts: int = 4

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for members that cannot be."""
        check_members(self.of, self.name)
        check_at_least(self.parts, 1, f"model {self.name}, parts")

    def inputs(self) -> Inputs:
        """Those of the models."""
        return inputs_together([made(name) for name in self.of])

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Pooled:
        """As `research.forecasting.contract.Model.fit`."""
        return pooled([made(name) for name in self.of], past, outcomes, self.parts, self.name)

    def restored(self, artifact: Mapping[str, Any]) -> Pooled:
        """As `research.forecasting.contract.Model.restored`."""
        return restored(artifact, self.name)
