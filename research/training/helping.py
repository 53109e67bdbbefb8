"""Further workers of a study: tasks for an executor, on this machine or on a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.errors import BeaError
from engine.identity import digest
from engine.paths import home
from engine.schema import SELECTIONS
from research.cluster.conditions import check_code
from research.cluster.seam import Executor, Task, executor_of
from research.config.tape_spec import TapeSpec
from research.execution.progress import Progress
from research.models import made
from research.strategies.model_value import ModelValue
from research.tapes.inputs import strategy_of
from research.tapes.stored import answering_code, versions_of
from research.training.settings import Settings
from research.training.space import Range
from research.training.storage import studies
from research.training.study import Objective, run
from research.training.trial import Plan
from research.training.walk import Fold, Score, Stop, folds_of, walked

_TASK: Final = "research.training.helping:take_trials"


def objective_of(strategy: ModelValue, folds: tuple[Fold, ...]) -> Objective:
    """What scores the trials of a study."""
    start, outcomes = dict(strategy.model_parameters), SELECTIONS[strategy.market]

    def objective(parameters: Mapping[str, Any], stop: Stop) -> Score:
        return walked(made(strategy.model, start | dict(parameters)), folds, outcomes, stop)

    return objective


@contextmanager
def helped(settings: Settings, plan: Plan, rows: pl.DataFrame, progress: Progress) -> Iterator[None]:
    """Further workers that take trials of the study until it is finished. A lost one is told, not replaced.

    Parameters
    ----------
    settings : Settings
    plan : Plan
    rows : polars.DataFrame
        Of the window of training; workers read them from a file in the home.
    progress : Progress
    """
    others = settings.tuning.workers - 1
    if not others:
        yield
        return
    studies().mkdir(parents=True, exist_ok=True)
    path = studies() / f".{plan.name}-{os.getpid()}.arrow"
    rows.write_ipc(path, compression="lz4")
    try:
        with executor_of({**settings.cluster, "cluster.workers": others, "cluster.retries": 0}) as executor:
            for number in range(others):
                executor.submit(Task(f"worker {number + 2}", _TASK, _values(settings, plan, path)))
            yield
            if lost := _lost(executor):
                progress.say(f"{lost} of {others} further workers ended early; the others took over their trials")
    finally:
        path.unlink(missing_ok=True)


def _values(settings: Settings, plan: Plan, path: Path) -> dict[str, Any]:
    return {
        "home": str(home()),
        "spec": settings.spec.describe(),
        "plan": asdict(plan),
        "folds": settings.folds,
        "embargo_ns": settings.embargo_ns,
        "rows": str(path),
        "code": _code(settings.strategy()),
    }


def _code(strategy: ModelValue) -> str:
    return digest([answering_code(strategy, __name__), versions_of(strategy)])


def _lost(executor: Executor) -> int:
    """How many workers did not end well, once the study is finished."""
    lost = 0
    while executor.pending:
        try:
            executor.finished()
        except BeaError:
            lost += 1
    return lost


def take_trials(values: Mapping[str, Any]) -> None:
    """What such a worker does; the command says what went wrong, for it meets the same.

    Raises
    ------
    DataError
        The code of the model is another one here.
    """
    os.environ["BEA_HOME"] = values["home"]
    strategy = strategy_of(TapeSpec.from_description(values["spec"]))
    assert isinstance(strategy, ModelValue)
    check_code(_code(strategy), values["code"])
    given = dict(values["plan"])
    space = {name: Range(**one) for name, one in given.pop("space").items()}
    folds = folds_of(pl.read_ipc(values["rows"]), values["folds"], values["embargo_ns"])
    run(Plan(space=space, **given), objective_of(strategy, folds), lambda trial, is_read: None)
