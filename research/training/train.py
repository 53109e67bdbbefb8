"""Train a model: rows as the strategy sees them, tuned parameters, one fit on all of them, and an artifact."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from engine.clock import DAY_NS
from engine.errors import DataError
from engine.identity import digest
from engine.machine import version_of
from engine.schema import SELECTIONS
from research.execution.progress import Progress
from research.forecasting.artifacts import Artifact, save
from research.models import failures_of, fitted, made
from research.strategies.model_value import ModelValue
from research.tapes.ahead import check_features, of_the_user
from research.tapes.builder import Tapes
from research.tapes.stored import answering_code, rows_from, versions_of
from research.training.helping import helped, objective_of
from research.training.settings import Settings
from research.training.study import Objective, best_of, is_repeatable, run
from research.training.trial import Plan, Trial
from research.training.walk import base_loss, folds_of
from research.training.weights import weights_of

#: after every event
_NEVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Window:
    """What a training learns from.

    Attributes
    ----------
    rows : polars.DataFrame
        `research.forecasting.rows.training_rows` of all settled events of the configuration that have a decision.
    until_ns : int
        The midnight (UTC) after the last of them was settled: the instant of the fit.
    rows_hash : str
        Of the content of the store that they are made of.
    n_left_out : int
        Events with a decision, but without a result or not played to their end.
    """

    rows: pl.DataFrame
    until_ns: int
    rows_hash: str
    n_left_out: int


@dataclass(frozen=True)
class Trained:
    """A training that is done.

    Attributes
    ----------
    artifact : Artifact
    path : Path
    trials : tuple of Trial
    best : Trial
    study : str
        Name of the study; empty: nothing was tuned.
    n_left_out : int
        As `Window.n_left_out`.
    n_read : int
        Trials that were there already, or that other workers computed.
    """

    artifact: Artifact
    path: Path
    trials: tuple[Trial, ...]
    best: Trial
    study: str
    n_left_out: int
    n_read: int = 0

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "artifact": self.path.stem,
            "path": str(self.path),
            **self.artifact.facts(),
            "weights": [vars(one) for one in weights_of(self.artifact.fitted)],
            "study": self.study or None,
            "best_trial": self.best.number,
            "trials_read": self.n_read,
            "repeatable": is_repeatable(self.trials),
            "left_out": self.n_left_out,
            "trials": [
                {"number": trial.number, "parameters": dict(trial.parameters), **vars(trial.score)}
                for trial in self.trials
            ],
        }


def window_of(settings: Settings) -> Window:
    """Read the store.

    Raises
    ------
    BeaError
        The store holds nothing of the configuration, or no event with a decision and a result.
    """
    strategy, tapes = settings.strategy(), Tapes(settings.memory_mb)
    rows_hash = tapes.rows(settings.spec).seen
    events, views = tapes.whole(settings.spec)
    featured = tapes.featured(settings.spec)
    parts = [strategy.rows(featured.of(view)) for view in views if view.quotes.height]
    if own := of_the_user(featured.features):
        check_features(own, featured.events, pl.concat([view.quotes for view in views]))
    rows = strategy.learned(pl.concat(parts), events, _NEVER) if parts else pl.DataFrame()
    if rows.is_empty():
        raise DataError(
            "nothing to learn from", where="data.*", expected=f"events with prices of {strategy.market} and results",
            found=f"{events.height} events",
        )  # fmt: skip
    until = (int(str(rows["settled_at"].cast(pl.Int64).max())) // DAY_NS + 1) * DAY_NS
    decided = pl.concat([part.select("event_id") for part in parts]).n_unique()
    return Window(rows, until, rows_hash, decided - rows.height)


def train(settings: Settings, progress: Progress) -> Trained:
    """Tune and fit a model, and keep it.

    Raises
    ------
    BeaError
        Too little data, or a wrong setting.
    """
    strategy = settings.strategy()
    with failures_of(strategy.made):
        return _trained(settings, strategy, progress)


def _trained(settings: Settings, strategy: ModelValue, progress: Progress) -> Trained:
    window = window_of(settings)
    outcomes = SELECTIONS[strategy.market]
    folds = folds_of(window.rows, settings.folds, settings.embargo_ns)
    plan, objective = _plan(settings, strategy, window), objective_of(strategy, folds)
    with helped(settings, plan, window.rows, progress):
        trials, n_read = _trials(plan, objective, progress)
    best = best_of(trials)
    model = made(strategy.model, dict(strategy.model_parameters) | dict(best.parameters))
    forecaster, inputs = fitted(model, window.rows, outcomes), model.inputs()
    score = best.score
    artifact = Artifact(
        model=strategy.model,
        parameters={part.name: getattr(model, part.name) for part in fields(model)},  # type: ignore[arg-type]
        market=strategy.market, outcomes=outcomes, features=inputs.features, reads_market=inputs.market,
        first_ns=int(str(window.rows["decided_at"].cast(pl.Int64).min())), until_ns=window.until_ns,
        n_rows=window.rows.height, rows_hash=window.rows_hash, rows=rows_from(settings.spec, strategy),
        code=answering_code(strategy), versions=versions_of(strategy),
        metrics={
            "log_loss": score.log_loss, "rps": score.rps, "brier": score.brier,
            "base_log_loss": base_loss(folds, len(outcomes)),
            "n": score.n, "n_silent": score.n_silent, "trials": len(trials),
        },
        fitted=forecaster.artifact(),
    )  # fmt: skip
    path = save(artifact)
    study = plan.name if plan.space else ""
    return Trained(replace(artifact, hash=path.stem), path, trials, best, study, window.n_left_out, n_read)


def _trials(plan: Plan, objective: Objective, progress: Progress) -> tuple[tuple[Trial, ...], int]:
    """The trials, and how many of them were read from the storage."""
    if not plan.space:
        return (Trial(0, {}, objective({}, lambda n_folds, mean: False)),), 0
    progress.begin("tuning", plan.trials)
    reads = list[bool]()

    def told(trial: Trial, is_read: bool) -> None:
        reads.append(is_read)
        progress.step(1)

    try:
        return run(plan, objective, told), sum(reads)
    finally:
        progress.end()


def _plan(settings: Settings, strategy: ModelValue, window: Window) -> Plan:
    """The study, named by a hash of everything that its trials depend on but their number."""
    tuning, space = settings.tuning, dict(settings.tuning.space or {})
    model = strategy.made
    first = {name: getattr(model, name) for name in space}
    facts = {
        "slow": settings.spec.facts(), "rows": window.rows_hash, "folds": settings.folds, "seed": settings.seed,
        "embargo": settings.embargo_ns, "space": {name: vars(one) for name, one in space.items()},
        "batch": tuning.batch, "startup": tuning.startup, "prune": tuning.prune,
        "code": answering_code(strategy, __name__),  # folds and scores, too
        "versions": versions_of(strategy) | {"optuna": version_of("optuna")},
    }  # fmt: skip
    return Plan(
        name=f"{strategy.model}-{digest(facts, 8)}", space=space, first=first, trials=tuning.trials,
        batch=tuning.batch, startup=tuning.startup, prune=tuning.prune, storage=tuning.storage,
    )  # fmt: skip
