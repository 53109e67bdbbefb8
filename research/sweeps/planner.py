"""From the overrides of a command to its plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra.core.plugins import Plugins
from hydra.types import HydraContext

from engine.errors import ConfigurationError, UsageError
from research.config.compose import Composer, flatten, quoted, resolved
from research.config.keys import complete
from research.sweeps.plan import Branch, Plan, plan_of


def plan_command(composer: Composer, overrides: Sequence[str]) -> Plan:
    """The plan of the command that the composer's configuration is named after: `backtest` or `sweep`."""
    return plan_sweep(composer, overrides) if composer.name == "sweep" else plan_backtest(composer, overrides)


def plan_backtest(composer: Composer, overrides: Sequence[str]) -> Plan:
    """The plan of one configuration.

    Parameters
    ----------
    composer : Composer
        Over the configuration `backtest`.
    overrides : sequence of str
        As typed: ``["data=sample", "staking=kelly"]``.

    Raises
    ------
    UsageError
        An override has several values.
    ConfigurationError
        The configuration is wrong.
    """
    words = quoted(overrides)
    swept = [override.input_line for override in composer.parse(words) if override.is_sweep_override()]
    if swept:
        raise UsageError(f"{swept[0]} has several values", expected="one value", todo="use `bea sweep`")
    base = complete(flatten(resolved(composer.compose(words))))
    return plan_of([Branch(base | {"sweep.where": None, "sweep.max": 1}, {}, written=composer.written(words))])


def plan_sweep(composer: Composer, overrides: Sequence[str]) -> Plan:
    """The plan of a sweep, expanded by the project's Hydra sweeper; parameters as in `plan_backtest`.

    Raises
    ------
    ConfigurationError
        The configuration is wrong, or the sweeper is not installed.
    """
    base = composer.compose([])
    context = HydraContext(config_loader=composer.loader, callbacks=_no_callbacks())
    try:
        sweeper = Plugins.instance().instantiate_sweeper(
            config=base, hydra_context=context, task_function=lambda plan: plan
        )
    except (RuntimeError, ImportError) as error:
        raise ConfigurationError("the sweeper is not installed", todo="install the project again") from error
    plan: Plan = sweeper.sweep(list(overrides))
    return plan


def _no_callbacks() -> Any:
    from hydra._internal.callbacks import Callbacks

    return Callbacks()
