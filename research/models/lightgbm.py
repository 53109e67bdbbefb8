"""Boosted trees of many features, with monotone constraints and early stopping on the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import polars as pl

from engine.errors import DataError, TooShortError
from research.calibration import Calibration, check_method
from research.calibration import fitted as calibrated
from research.calibration import restored as calibration_of
from research.forecasting.checks import check_model
from research.forecasting.contract import Inputs, Probabilities
from research.models._boosted import Boosted, Growth, best_rounds, grown
from research.models._parameters import check_range
from research.models._regressed import learnable
from research.models._terms import inputs_needed, inputs_of, term_of, terms_of

_MOST_LEAVES: Final = 131_072


@dataclass(frozen=True)
class Trees:
    """Trees that were grown, and the calibration of what they say.

    Attributes
    ----------
    terms : tuple of str
        Inputs, of `research.models._terms`. A row with none of them known has no answer.
    boosted : research.models._boosted.Boosted
    calibration : Calibration
    rounds, n_rows, n_held_out : int
        Rounds; rows of the fit, and the latest ones among them that told when to stop.
    """

    terms: tuple[str, ...]
    boosted: Boosted
    calibration: Calibration
    rounds: int
    n_rows: int
    n_held_out: int

    def probabilities(self, rows: pl.DataFrame) -> Probabilities:
        """As `research.forecasting.contract.Forecaster.probabilities`."""
        inputs = inputs_of(rows, self.terms, LightGBM.name)
        found = self.calibration.applied(self.boosted.probabilities(inputs))
        found[np.isnan(inputs).all(axis=1)] = np.nan
        return found

    def artifact(self) -> Mapping[str, Any]:
        """As `research.forecasting.contract.Forecaster.artifact`."""
        return {
            "model": LightGBM.name,
            "terms": list(self.terms),
            "outcomes": list(self.boosted.outcomes),
            "base": list(self.boosted.base),
            "texts": list(self.boosted.texts),
            "n_outcomes": self.boosted.n_outcomes,
            "calibration": self.calibration.artifact(),
            "rounds": self.rounds,
            "n_rows": self.n_rows,
            "n_held_out": self.n_held_out,
        }


@dataclass(frozen=True)
class LightGBM:
    """LightGBM: a score for home and one for away against the draw, each from trees of its own.

    The latest part of the past tells after how many rounds to stop, and is what the probabilities are calibrated on.
    Then the trees are grown again on the whole past, for so many rounds. One thread, fixed seeds: the same past gives
    the same trees.

    Attributes
    ----------
    features : tuple of str
        Features whose terms it reads, or single columns, ``FEATURE.COLUMN``: `research.models._terms`.
    leaves : int
        Most leaves of a tree; 2 to 131072, the bound of LightGBM.
    rows_leaf : int
        Fewest rows of a leaf.
    rate : float
        Learning rate; above 0, at most 1.
    ridge : float
        L2 penalty of the leaves; 0 or more.
    share : float
        Share of the terms that a tree may use; above 0, at most 1.
    rounds_max, patience : int
        Most rounds; rounds without a better one after which it stops.
    held_out : float
        Share of the past, its latest rows, that tells when to stop; above 0, below 1.
    monotone : bool
        Whether a term that can only favour the home side may only do so; a calibration may break that.
    calibration : str
        One of `research.calibration.METHODS`, learnt from the rows that tell when to stop.
    seed : int
        Of the choice of terms; 0 to 2147483647.
    rows_min : int
        Settled events with some of the features that a fit needs.
    """

    name: ClassVar[str] = "lightgbm"
    features: tuple[str, ...] = ("dixon_coles", "score_driven", "score_driven_shots")
    leaves: int = 4
    rows_leaf: int = 100
    rate: float = 0.05
    ridge: float = 10.0
    share: float = 0.6
    rounds_max: int = 500
    patience: int = 40
    held_out: float = 0.2
    monotone: bool = True
    calibration: str = "none"
    seed: int = 0
    rows_min: int = 600

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for a parameter out of range or a feature that has no terms."""
        terms_of(self.features)
        check_method(self.calibration, "model.calibration")
        for key, is_right, expected in (
            ("leaves", 2 <= self.leaves <= _MOST_LEAVES, f"2 to {_MOST_LEAVES}"),
            ("seed", 0 <= self.seed < 2**31, f"0 to {2**31 - 1}"),
            ("rows_leaf", self.rows_leaf >= 1, "1 or more"),
            ("rate", 0.0 < self.rate <= 1.0, "above 0, at most 1"),
            ("ridge", self.ridge >= 0.0, "0 or more"),
            ("share", 0.0 < self.share <= 1.0, "above 0, at most 1"),
            ("rounds_max", self.rounds_max >= 1, "1 or more"),
            ("patience", self.patience >= 1, "1 or more"),
            ("rows_min", self.rows_min >= 1, "1 or more"),
            ("held_out", 0.0 < self.held_out < 1.0, "above 0, below 1"),
        ):
            check_range(self, key, is_right, expected)

    def inputs(self) -> Inputs:
        """The features."""
        return inputs_needed(self.features)

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Trees:
        """As `research.forecasting.contract.Model.fit`."""
        told = learnable(past, terms_of(self.features), self.name, least=self.rows_min, gaps=True)
        terms, inputs, outcome, used = told.terms, told.inputs, told.outcome, told.used
        growth = Growth(self.leaves, self.rows_leaf, self.rate, self.ridge, self.share, self.seed)
        favours = [term_of(name).favours for name in terms] if self.monotone else None
        decided = past["decided_at"].cast(pl.Int64).to_numpy()[used]
        settled = past["settled_at"].cast(pl.Int64).to_numpy()[used]
        held_out = decided >= decided[int(outcome.size * (1.0 - self.held_out))]
        kept = held_out | (settled < decided[held_out][0])  # what was not settled by then is not known to the first fit
        first = int((kept & ~held_out).sum())
        if first < 2 * self.rows_leaf:
            raise TooShortError(
                "the past is too short to learn from", where=f"model {self.name}",
                expected=f"{2 * self.rows_leaf} events before those held out, twice model.rows_leaf", found=str(first),
                todo="begin earlier, or fit later, or lower model.rows_leaf",
            )  # fmt: skip
        limits = self.rounds_max, self.patience
        rounds, chance = best_rounds(
            np.asfortranarray(inputs[kept]), outcome[kept], len(outcomes), growth, favours, held_out[kept], limits
        )
        calibration = calibrated(self.calibration, chance, outcome[held_out], f"model {self.name}")
        boosted = grown(inputs, outcome, len(outcomes), growth, favours, rounds)
        return Trees(terms, boosted, calibration, rounds, outcome.size, int(held_out.sum()))

    def restored(self, artifact: Mapping[str, Any]) -> Trees:
        """As `research.forecasting.contract.Model.restored`; raises `DataError` for what is no text of LightGBM."""
        check_model(artifact, self.name)
        texts = tuple(artifact["texts"])
        for text in texts:
            if not text.startswith("tree\n") or "end of trees" not in text:
                raise DataError("no model of LightGBM", where=f"model {self.name}", expected="the text of its trees")
        boosted = Boosted(tuple(artifact["outcomes"]), tuple(artifact["base"]), texts, artifact["n_outcomes"])
        counts = artifact["rounds"], artifact["n_rows"], artifact["n_held_out"]
        return Trees(tuple(artifact["terms"]), boosted, calibration_of(artifact["calibration"]), *counts)
