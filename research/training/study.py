"""Optuna's sampler over trials that are pure functions of the study and their number.

Trials come in batches. Those of a batch are drawn from the finished trials of earlier batches only, each by a sampler
of its own whose seed is a hash of the study and the trial's number. Whether a trial is pruned depends on earlier
batches only, too. So the same study gives the same bits, and one that was killed goes on where it was: its finished
trials are read from the storage, and the others are drawn again as they were. Nothing unfinished is ever stored.

Several workers share the trials of a batch, and wait for each other at its end: what a trial is does not depend on who
computes it, or when.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from engine.errors import DataError
from engine.identity import text_hash
from engine.machine import processor
from research.training.storage import Stored, opened
from research.training.trial import Plan, Trial, distributions, frozen
from research.training.walk import Score, Stop

#: scores a trial: its parameters, and what tells after a fold whether to stop
Objective = Callable[[Mapping[str, Any], Stop], Score]

#: how often a worker looks for what the others have finished
_PAUSE_S: Final = 0.2
#: a trial is pruned only after so many folds, and against so many earlier trials
_FOLDS_LEAST: Final = 2
_TRIALS_LEAST: Final = 5


def best_of(trials: Sequence[Trial]) -> Trial:
    """The trial of the lowest log loss that was not pruned; of equal ones the first."""
    return min((trial for trial in trials if not trial.score.is_pruned), key=lambda trial: trial.score.log_loss)


def is_repeatable(trials: Sequence[Trial]) -> bool:
    """Whether all trials were computed on one kind of processor: on another one the last bits may differ."""
    return len({trial.processor for trial in trials}) <= 1


def run(plan: Plan, objective: Objective, told: Callable[[Trial, bool], None]) -> tuple[Trial, ...]:
    """Run a study, or the rest of it, beside other workers where its storage has room for them.

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
        The storage cannot be reached, or another process works on the study and only one can.
    DataError
        The storage holds other trials under this name.
    """
    with opened(plan) as stored:
        finished = stored.trials()
        for start in range(0, plan.trials, plan.batch):
            earlier = [finished[number] for number in range(start)]
            waiting = list(range(start, min(start + plan.batch, plan.trials)))
            while waiting:
                number = next((one for one in waiting if one in finished or stored.take(one)), None)
                if number is None:  # the rest of the batch is with other workers
                    time.sleep(_PAUSE_S)
                    finished |= stored.trials()
                    continue
                waiting.remove(number)
                is_mine = number not in finished
                told(*_finish(stored, objective, finished, earlier, number))
                if is_mine:
                    stored.release(number)
    return tuple(finished[number] for number in range(plan.trials))


def _finish(
    stored: Stored, objective: Objective, finished: dict[int, Trial], earlier: Sequence[Trial], number: int
) -> tuple[Trial, bool]:
    """A trial that is read, or computed and stored; and whether it was read."""
    plan = stored.plan
    parameters, is_read = drawn(plan, earlier, number), number in finished
    if not is_read and stored.is_shared:  # another worker may have finished it since it was looked for
        finished |= stored.trials()
        is_read = number in finished
    if not is_read:
        score = objective(parameters, _pruning(plan, earlier))
        if not math.isfinite(score.log_loss):
            raise DataError("a log loss that is no number", where=f"trial {number}", found=str(score.log_loss))
        finished[number] = Trial(number, parameters, score, processor())
        stored.add(finished[number])
    elif dict(finished[number].parameters) != parameters:
        raise DataError(
            "the storage holds another study of this name", where=f"study {plan.name}, trial {number}",
            expected=str(parameters), found=str(dict(finished[number].parameters)),
            todo="the library draws otherwise than before: name another tune.storage",
        )  # fmt: skip
    return finished[number], is_read


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
    study.add_trials([frozen(plan, trial) for trial in earlier])
    return dict(study.ask(distributions(plan.space)).params)


def _pruning(plan: Plan, earlier: Sequence[Trial]) -> Stop:
    """Stop where the mean after a fold is above the median of the earlier trials that came so far."""

    def stop(n_folds: int, mean: float) -> bool:
        means = [trial.means()[n_folds - 1] for trial in earlier if len(trial.score.by_fold) >= n_folds]
        if not plan.prune or n_folds < _FOLDS_LEAST or len(means) < _TRIALS_LEAST:
            return False
        return mean > float(np.median(means))

    return stop
