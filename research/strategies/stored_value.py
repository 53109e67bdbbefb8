"""Back prices above the fair odds of a stored model: an artifact of `bea train`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import polars as pl

from engine.clock import day_of
from engine.errors import DataError
from engine.strategy import Requirement, View
from research.forecasting.artifacts import Artifact, load, path_of
from research.forecasting.contract import Forecaster

if TYPE_CHECKING:
    from research.strategies.model_value import ModelValue


@dataclass(frozen=True)
class StoredValue:
    """`research.strategies.model_value.ModelValue` with the model of an artifact, which is fitted no more.

    Attributes
    ----------
    of : ModelValue
        With the model and the parameters of the artifact.
    path : Path
        File of the artifact.
    """

    name: ClassVar[str] = "stored_value"
    of: ModelValue
    path: Path

    def artifacts(self) -> Mapping[str, Path]:
        """The artifact: its content belongs to the run, and a promotion freezes its hash."""
        return {"model": self.path}

    def modules(self) -> tuple[str | Path, ...]:
        """Modules of the model."""
        return self.of.modules()

    def requires(self) -> Requirement:
        """As the model."""
        return self.of.requires()

    @property
    def stored(self) -> Artifact:
        """The artifact, read again when its file has changed; raises `DataError` if it is missing or damaged."""
        stat = self.path.stat() if self.path.is_file() else None
        return _loaded(self.path, None if stat is None else (stat.st_mtime_ns, stat.st_size))

    def _restored(self, artifact: Artifact) -> Forecaster:
        """The forecaster of the artifact, made once."""
        if artifact.hash not in self._forecasters:
            self._forecasters[artifact.hash] = self.of.made.restored(artifact.fitted)
        return self._forecasters[artifact.hash]

    @cached_property
    def _forecasters(self) -> dict[str, Forecaster]:
        return {}

    def opportunities(self, view: View) -> pl.DataFrame:
        """As `research.strategies.model_value.FittedValue.opportunities`, from `first_bet` on.

        Raises
        ------
        DataError
            The artifact is damaged, or a decision lies in the window of its training.
        """
        from research.strategies.model_value import FittedValue

        artifact, seen = self.stored, view
        if self.of.first_bet is not None:
            seen = view.where(pl.col("decided_at").dt.date() >= pl.lit(self.of.first_bet).str.to_date())
        first = seen.quotes["decided_at"].cast(pl.Int64).min()
        if first is not None and int(str(first)) < artifact.until_ns:
            free = day_of(artifact.until_ns - 1, "UTC") + timedelta(days=1)
            raise DataError(
                "a model trained on the period that it is to bet on", where=f"artifact {artifact.hash[:12]}",
                expected=f"decisions from {free} on", found=str(day_of(int(str(first)), "UTC")),
                todo=f"set strategy.first_bet={free}",
            )  # fmt: skip
        return FittedValue(self.of, self._restored(artifact)).opportunities(seen)


@lru_cache(maxsize=8)
def _loaded(path: Path, state: tuple[int, int] | None) -> Artifact:
    """The artifact, read again when its file has changed."""
    return load(path)


def artifact_of(reference: str) -> tuple[Artifact, Path]:
    """The artifact that a strategy names; raises `DataError` if there is none, or it is damaged."""
    path = path_of(reference)
    return load(path), path
