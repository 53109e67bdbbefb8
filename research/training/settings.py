"""What `bea train` fits: the settings, composed by Hydra and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.clock import duration_ns
from engine.errors import ConfigurationError
from research.config.compose import Composer, flatten, resolved
from research.config.keys import complete
from research.config.tape_spec import TapeSpec, tape_spec_of
from research.strategies.model_value import ModelValue
from research.tapes.inputs import strategy_of
from research.training.space import Range, space_of
from research.training.storage import is_postgres

NONE: Final = "none"
OPTUNA: Final = "optuna"
_MOST: Final = 100_000
_MOST_WORKERS: Final = 64


@dataclass(frozen=True)
class Tuning:
    """How parameters are chosen; see ``conf/tune/optuna.yaml``.

    Attributes
    ----------
    trials, batch, startup : int
        1 trial: the parameters as they are.
    prune : bool
    space : mapping of str to Range
    workers : int
        Processes that share the trials.
    storage : str or None
    """

    trials: int = 1
    batch: int = 1
    startup: int = 1
    prune: bool = False
    space: Mapping[str, Range] | None = None
    workers: int = 1
    storage: str | None = None


@dataclass(frozen=True)
class Settings:
    """A training before it is done.

    Attributes
    ----------
    spec : TapeSpec
        The data, and the strategy on the model: its rows are those that the strategy would learn from.
    folds : int
    embargo_ns : int
    tuning : Tuning
    seed : int
    memory_mb : int
    cluster : mapping
        The keys `cluster.*`: where further workers are.
    """

    spec: TapeSpec
    folds: int
    embargo_ns: int
    tuning: Tuning
    seed: int
    memory_mb: int
    cluster: Mapping[str, Any]

    def strategy(self) -> ModelValue:
        """The strategy, with the model as it is before it is tuned."""
        strategy = strategy_of(self.spec)
        if not isinstance(strategy, ModelValue):
            raise ConfigurationError(
                "a model to train is chosen by model=NAME", where="strategy", found=strategy.name,
                todo="leave out strategy=... and strategy.artifact=...",
            )  # fmt: skip
        return strategy


def settings_of(tree: Mapping[str, Any]) -> Settings:
    """The settings of a composed configuration.

    Parameters
    ----------
    tree : mapping
        `research.config.compose.resolved` of the configuration ``train``. What a bet needs besides does not touch the
        rows; it is as in ``backtest``.

    Raises
    ------
    ConfigurationError
        A value of another type, or out of its range; or a model that cannot be tuned.
    """
    rest = dict(tree)
    tune = rest.pop("tune", None) or {}
    bets = flatten(resolved(Composer("backtest", None).compose([])))
    flat = complete({key: value for key, value in bets.items() if not key.startswith("strategy.")} | flatten(rest))
    spec = tape_spec_of(flat)
    tuning = Tuning()
    if tune.get("name") == OPTUNA:
        model = {key.removeprefix("model."): value for key, value in flat.items() if key.startswith("model.")}
        tuning = _tuning(tune, str(model.pop("name", "")), model)
    elif "space" in tune:
        raise ConfigurationError("nothing is tuned", where="tune.space", todo="add tune=optuna")
    return Settings(
        spec=spec,
        folds=_whole(tune, "folds", 2, 100),
        embargo_ns=duration_ns(str(tune["embargo"]), "tune.embargo"),
        tuning=tuning,
        seed=flat["seed"],
        memory_mb=flat["data.memory_mb"],
        cluster={key: value for key, value in flat.items() if key.startswith("cluster.")},
    )


def _tuning(tune: Mapping[str, Any], model: str, parameters: Mapping[str, Any]) -> Tuning:
    if not isinstance(tune["prune"], bool):
        raise ConfigurationError("wrong value", where="tune.prune", expected="true or false", found=str(tune["prune"]))
    storage = None if tune["storage"] is None else str(tune["storage"])
    workers = _whole(tune, "workers", 1, _MOST_WORKERS)
    if workers > 1 and not is_postgres(storage):
        raise ConfigurationError(
            "several workers need a PostgreSQL server", where="tune.workers", expected="1 on an SQLite file",
            found=str(workers), todo="set tune.storage=postgresql://HOST/NAME",
        )  # fmt: skip
    return Tuning(
        trials=_whole(tune, "trials", 1, _MOST),
        batch=_whole(tune, "batch", 1, _MOST),
        startup=_whole(tune, "startup", 1, _MOST),
        prune=tune["prune"],
        space=space_of(model, tune["space"], parameters),
        workers=workers,
        storage=storage,
    )


def _whole(tune: Mapping[str, Any], name: str, low: int, high: int) -> int:
    value = tune[name]
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigurationError(
            "wrong value", where=f"tune.{name}", expected=f"a whole number from {low} to {high}", found=str(value)
        )
    return value
