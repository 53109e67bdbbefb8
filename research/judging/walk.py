"""Walk-forward forecasts: each judged event by a model that was fitted on what was settled before.

A judged event is decided at its start. Its features rest on the results settled before that instant, wherever in the
store they are. Models are fitted again on a calendar (`refit_instants`), on all events settled before the fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.asof.features import frames
from engine.clock import day_of
from engine.errors import DataError
from engine.schema import SELECTIONS
from research.forecasting.checks import checked
from research.forecasting.contract import Forecaster, Model
from research.forecasting.rows import rows_of, training_rows
from research.judging.entries import Entry, check_unseen
from research.judging.sample import Sample
from research.models import failures_of, fitted
from research.tapes.ahead import check_features, of_the_user
from research.tapes.features import feature_code, features_of
from research.user_file import all_failures_named

__all__ = ["Fit", "Walk", "Walked", "decided_rows", "refit_instants"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """One fit of a model: when, and on how many events."""

    model: str
    until_ns: int
    rows: int

    @property
    def day(self) -> str:
        """The day of `until_ns`, UTC."""
        return day_of(self.until_ns, "UTC").isoformat()

    def document(self) -> dict[str, Any]:
        """As plain values."""
        return {"model": self.model, "until_ns": self.until_ns, "day": self.day, "rows": self.rows}


@dataclass(frozen=True)
class Walked:
    """Forecasts of one model.

    Attributes
    ----------
    prob : float64 (n, n_outcomes)
        One row for each judged event; NaN: no answer.
    fits : tuple of Fit
    """

    prob: Floats
    fits: tuple[Fit, ...]


def refit_instants(judged: pl.DataFrame, refit: str) -> tuple[int, ...]:
    """When models are fitted, UTC nanoseconds: the start of the first judged event, and with ``season`` that of each
    season's first judged event."""
    starts = judged["starts_at"].cast(pl.Int64)
    if refit == "once":
        return (int(starts.min()),)  # type: ignore[arg-type]
    firsts = judged.group_by("season").agg(pl.col("starts_at").cast(pl.Int64).min())["starts_at"]
    return tuple(sorted(set(firsts.to_list())))


def decided_rows(sample: Sample, models: Iterable[Model]) -> pl.DataFrame:
    """The rows of all events up to the last judged one, each decided at its start, with what the models read.

    Raises
    ------
    DataError
        A feature of the user looks ahead, or its two forms differ.
    ConfigurationError
        A file of the user fails; it and the line are named.
    """
    inputs = [model.inputs() for model in models]
    names = tuple(dict.fromkeys(name for needed in inputs for name in needed.features))
    asked = sample.events.filter(pl.col("starts_at") <= sample.judged["starts_at"].max())
    decisions = asked.select(pl.col("starts_at").alias("decided_at"), "event_id")
    with all_failures_named(feature_code(names, None)[1]):
        made = features_of(names)
        features = frames(made, sample.events, decisions)
        if own := of_the_user(made):
            check_features(own, sample.events, decisions)
    return rows_of(decisions, sample.events, features, sample.prices)


@dataclass
class Walk:
    """The walk over the judged events, model by model; what models learn from is cut once for all of them.

    Attributes
    ----------
    sample : Sample
    rows : polars.DataFrame
        `decided_rows`.
    market : str
    instants : sequence of int
        `refit_instants`.
    """

    sample: Sample
    rows: pl.DataFrame
    market: str
    instants: Sequence[int]
    _past: dict[int, pl.DataFrame] = field(default_factory=dict)

    def past(self, until_ns: int) -> pl.DataFrame:
        """What a fit at an instant learns from."""
        if until_ns not in self._past:
            self._past[until_ns] = training_rows(self.rows, self.sample.events, until_ns, self.market)
        return self._past[until_ns]

    def of(self, entry: Entry) -> Walked:
        """Forecasts of a model.

        Raises
        ------
        DataError
            A fit failed, with its instant; the model breaks its contract; or a stored model was trained on judged
            events.
        ConfigurationError
            A file of the user fails; it and the line are named.
        """
        with failures_of(entry.model):
            return self._of(entry)

    def _of(self, entry: Entry) -> Walked:
        outcomes = SELECTIONS[self.market]
        judged = self.sample.judged.select("event_id", pl.col("starts_at").cast(pl.Int64).alias("_start"))
        asked = judged.join(self.rows, on="event_id", how="left", maintain_order="left")
        if (artifact := entry.artifact) is not None:
            check_unseen(artifact, int(asked["_start"].min()))  # type: ignore[arg-type]
            prob = _answers(entry, entry.model.restored(artifact.fitted), asked, outcomes)
            return Walked(prob, (Fit(entry.label, artifact.until_ns, artifact.n_rows),))
        turn = np.searchsorted(np.asarray(self.instants), asked["_start"].to_numpy(), side="right") - 1
        prob, fits = np.full((asked.height, len(outcomes)), np.nan), list[Fit]()
        for number, until_ns in enumerate(self.instants):
            here = np.flatnonzero(turn == number)
            if not len(here):
                continue
            past = self.past(until_ns)
            forecaster = _fitted(entry, past, outcomes, until_ns)
            prob[here] = _answers(entry, forecaster, asked[here], outcomes)
            fits.append(Fit(entry.label, until_ns, past.height))
        return Walked(prob, tuple(fits))


def _answers(entry: Entry, forecaster: Forecaster, asked: pl.DataFrame, outcomes: tuple[str, ...]) -> Floats:
    found = forecaster.probabilities(asked.drop("_start"))
    return checked(found, asked.height, len(outcomes), entry.label)


def _fitted(entry: Entry, past: pl.DataFrame, outcomes: tuple[str, ...], until_ns: int) -> Forecaster:
    try:
        return fitted(entry.model, past, outcomes)
    except DataError as error:
        day = day_of(until_ns, "UTC").isoformat()
        raise DataError(
            f"model {entry.label} cannot be fitted on {day}", where=error.where, expected=error.expected,
            found=f"{error.what} ({error.found})" if error.found else error.what,
            todo=error.todo,
        ) from error  # fmt: skip
