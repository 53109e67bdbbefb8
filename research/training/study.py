"""Optuna's sampler over trials that are pure functions of the study and their number.

Trials come in batches. Those of a batch are drawn from the finished trials of earlier batches only, each by a sampler
of its own whose seed is a hash of the study and the trial's number. Whether a trial is pruned depends on earlier
batches only, too. So the same study gives the same bits, and one that was killed goes on where it was: its finished
trials are read from the storage, and the others are drawn again as they were. Nothing unfinished is ever stored.

With the parallel workers of another program on the same storage the order of trials would depend on time: there is none
here, and a trial's number is stored only once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine.errors import ConfigurationError, DataError
from engine.identity import text_hash
from engine.paths import home
from research.training.space import Range
from research.training.walk import Score

if TYPE_CHECKING:
    import optuna

#: scores a trial: its parameters, and what tells after a fold whether to stop
Objective = Callable[[Mapping[str, Any], Callable[[int, float], bool]], Score]

_NUMBER: Final = "number"
_SCORE: Final = "score"
#: a trial is pruned only after so many folds, and against so many earlier trials
_FOLDS_LEAST: Final = 2
_TRIALS_LEAST: Final = 5


@dataclass(frozen=True)
class Trial:
    """A finished trial.

    Attributes
    ----------
    number : int
        From 0; trial 0 has the parameters as they are.
    parameters : mapping of str to number
        Those that are tuned.
    score : Score
        Of a pruned trial, over the folds that it had.
    """

    number: int
    parameters: Mapping[str, Any]
    score: Score

    def means(self) -> tuple[float, ...]:
        """Mean of the log losses of the folds, after each fold."""
        return tuple(float(np.mean(self.score.by_fold[:count])) for count in range(1, len(self.score.by_fold) + 1))


@dataclass(frozen=True)
class Plan:
    """A study before it is run.

    Attributes
    ----------
    name : str
        Hash of everything that its trials depend on; the study's name in the storage.
    space : mapping of str to Range
    first : mapping of str to number
        Parameters of trial 0.
    trials, batch, startup : int
    prune : bool
    storage : str or None
        URL of a database; None: `studies` of the home.
    """

    name: str
    space: Mapping[str, Range]
    first: Mapping[str, Any]
    trials: int
    batch: int
    startup: int
    prune: bool
    storage: str | None = None


def best_of(trials: Sequence[Trial]) -> Trial:
    """The trial of the lowest log loss that was not pruned; of equal ones the first."""
    return min((trial for trial in trials if not trial.score.is_pruned), key=lambda trial: trial.score.log_loss)


def run(plan: Plan, objective: Objective, told: Callable[[Trial, bool], None]) -> tuple[Trial, ...]:
    """Run a study, or the rest of it.

    Parameters
    ----------
    plan : Plan
    objective : callable
    told : callable
        Told each trial, and whether it was read from the storage.

    Returns
    -------
    tuple of Trial
        By number.

    Raises
    ------
    ConfigurationError
        The storage cannot be reached.
    DataError
        The storage holds other trials under this name.
    """
    with _opened(plan) as stored:
        finished = {trial.number: trial for trial in _read(stored)}
        for start in range(0, plan.trials, plan.batch):
            earlier = [finished[number] for number in range(start)]
            for number in range(start, min(start + plan.batch, plan.trials)):
                parameters, is_read = drawn(plan, earlier, number), number in finished
                if not is_read:
                    score = objective(parameters, _pruning(plan, earlier))
                    finished[number] = Trial(number, parameters, score)
                    _store(plan, stored, finished[number])
                elif dict(finished[number].parameters) != parameters:
                    raise DataError(
                        "the storage holds another study of this name", where=f"study {plan.name}, trial {number}",
                        expected=str(parameters), found=str(dict(finished[number].parameters)),
                        todo="the library draws otherwise than before: name another tune.storage",
                    )  # fmt: skip
                told(finished[number], is_read)
    return tuple(finished[number] for number in range(plan.trials))


def drawn(plan: Plan, earlier: Sequence[Trial], number: int) -> dict[str, Any]:
    """Parameters of a trial: a pure function of the study's name, its number and the trials of earlier batches."""
    if number == 0:
        return dict(plan.first)
    import optuna

    seed = text_hash(f"{plan.name}:{number}") % 2**32
    sampler = (
        optuna.samplers.RandomSampler(seed=seed)
        if number < plan.startup
        else optuna.samplers.TPESampler(seed=seed, n_startup_trials=1)
    )
    study = optuna.create_study(sampler=sampler)
    study.add_trials([_frozen(plan, trial) for trial in earlier])
    return dict(study.ask(_distributions(plan.space)).params)


def _pruning(plan: Plan, earlier: Sequence[Trial]) -> Callable[[int, float], bool]:
    """Stop where the mean after a fold is above the median of the earlier trials that came so far."""

    def stop(n_folds: int, mean: float) -> bool:
        means = [trial.means()[n_folds - 1] for trial in earlier if len(trial.score.by_fold) >= n_folds]
        if not plan.prune or n_folds < _FOLDS_LEAST or len(means) < _TRIALS_LEAST:
            return False
        return mean > float(np.median(means))

    return stop


def _distributions(space: Mapping[str, Range]) -> dict[str, Any]:
    from optuna.distributions import FloatDistribution, IntDistribution

    return {
        name: IntDistribution(int(one.low), int(one.high), log=one.log)
        if one.whole
        else FloatDistribution(one.low, one.high, log=one.log)
        for name, one in sorted(space.items())
    }


def _frozen(plan: Plan, trial: Trial) -> optuna.trial.FrozenTrial:
    """A trial in Optuna's form; one outside of the ranges, such as the first, without its parameters."""
    import optuna

    states = optuna.trial.TrialState
    space = _distributions(plan.space)
    inside = all(space[name]._contains(space[name].to_internal_repr(trial.parameters[name])) for name in space)
    return optuna.trial.create_trial(
        state=states.PRUNED if trial.score.is_pruned else states.COMPLETE,
        value=trial.score.log_loss,
        params=dict(trial.parameters) if inside else {},
        distributions=space if inside else {},
        intermediate_values=dict(enumerate(trial.means())),
        user_attrs={_NUMBER: trial.number, _SCORE: json.dumps([dict(trial.parameters), vars(trial.score)])},
    )


def studies() -> Path:
    """Folder of the studies of the home: one SQLite file each."""
    return home() / "data" / "studies"


@contextmanager
def _opened(plan: Plan) -> Iterator[optuna.Study]:
    """The study in its storage, which is made if it is not there."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    url = plan.storage
    if url is None:
        studies().mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{studies() / plan.name}.db"
    try:
        storage = optuna.storages.RDBStorage(url)
    except Exception as error:
        raise ConfigurationError(
            "the storage of the study cannot be opened", where="tune.storage", found=str(error).splitlines()[0][:120],
            todo="check that the database is there and its driver is installed",
        ) from error  # fmt: skip
    try:
        if url.startswith("sqlite"):  # a viewer that reads does not lock it then
            with storage.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        yield optuna.create_study(study_name=plan.name, storage=storage, load_if_exists=True)
    finally:
        storage.engine.dispose()


def _read(stored: optuna.Study) -> Iterator[Trial]:
    """Finished trials of a storage, the first of each number."""
    seen = set[int]()
    for trial in stored.get_trials(deepcopy=False):
        if _SCORE not in trial.user_attrs or trial.user_attrs[_NUMBER] in seen:
            continue
        parameters, score = json.loads(trial.user_attrs[_SCORE])
        seen.add(trial.user_attrs[_NUMBER])
        yield Trial(trial.user_attrs[_NUMBER], parameters, Score(**score | {"by_fold": tuple(score["by_fold"])}))


def _store(plan: Plan, stored: optuna.Study, trial: Trial) -> None:
    if not math.isfinite(trial.score.log_loss):
        raise DataError("a log loss that is no number", where=f"trial {trial.number}", found=str(trial.score.log_loss))
    stored.add_trial(_frozen(plan, trial))
