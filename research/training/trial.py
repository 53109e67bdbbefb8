"""A study and its trials, also in Optuna's form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from research.training.space import Range
from research.training.walk import Score

if TYPE_CHECKING:
    import optuna

#: what a stored trial says beside Optuna's own fields
NUMBER: Final = "number"
SCORE: Final = "score"
PROCESSOR: Final = "processor"


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
    processor : str
        The kind of processor that computed it (`engine.machine.processor`); another one may round otherwise.
    """

    number: int
    parameters: Mapping[str, Any]
    score: Score
    processor: str = ""

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


def distributions(space: Mapping[str, Range]) -> dict[str, Any]:
    """The ranges in Optuna's form."""
    from optuna.distributions import FloatDistribution, IntDistribution

    return {
        name: IntDistribution(int(one.low), int(one.high), log=one.log)
        if one.whole
        else FloatDistribution(one.low, one.high, log=one.log)
        for name, one in sorted(space.items())
    }


def frozen(plan: Plan, trial: Trial) -> optuna.trial.FrozenTrial:
    """A trial in Optuna's form; one outside of the ranges, such as the first, without its parameters."""
    import optuna

    states = optuna.trial.TrialState
    space = distributions(plan.space)
    inside = all(space[name]._contains(space[name].to_internal_repr(trial.parameters[name])) for name in space)
    return optuna.trial.create_trial(
        state=states.PRUNED if trial.score.is_pruned else states.COMPLETE,
        value=trial.score.log_loss,
        params=dict(trial.parameters) if inside else {},
        distributions=space if inside else {},
        intermediate_values=dict(enumerate(trial.means())),
        user_attrs={
            NUMBER: trial.number,
            SCORE: json.dumps([dict(trial.parameters), vars(trial.score)]),
            PROCESSOR: trial.processor,
        },
    )


def thawed(trial: optuna.trial.FrozenTrial) -> Trial | None:
    """The trial that `frozen` put into that form; None: another one."""
    if SCORE not in trial.user_attrs:
        return None
    parameters, score = json.loads(trial.user_attrs[SCORE])
    told = Score(**score | {"by_fold": tuple(score["by_fold"])})
    return Trial(trial.user_attrs[NUMBER], parameters, told, trial.user_attrs.get(PROCESSOR, ""))
