"""The Hydra sweeper: a whole grid is one job in this process, instead of one job for each configuration.

Hydra finds the class through `research.sweeps.hydra_plugin`, which the build installs in the package `hydra_plugins`.
Hydra imports that package whenever it starts, so nothing heavy is imported here.
"""

from __future__ import annotations

from typing import Any, Final

from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from engine.errors import ConfigurationError
from research.config.guard import SWEEPER

TARGET: Final = SWEEPER


class Vectorized(Sweeper):  # type: ignore[misc]
    """Expands Hydra's grammar in this process and calls the task once, with the plan of all configurations."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Called by Hydra before `sweep`. Any launcher but the basic one is an error, since it has no effect."""
        launcher = config.hydra.launcher._target_
        if not launcher.endswith(".BasicLauncher"):
            raise ConfigurationError("a launcher has no effect here", found=str(launcher))
        self.loader, self.task, self.name = hydra_context.config_loader, task_function, config.hydra.job.config_name

    def sweep(self, arguments: list[str]) -> Any:
        """Expand the overrides and call the task with the plan; returns the result of the task."""
        from research.config.compose import Composer
        from research.sweeps.expansion import expand

        return self.task(expand(Composer.over(self.name, self.loader), arguments))
