"""The Hydra sweeper: a whole grid is one job in this process, never one job a configuration.

Hydra finds the class through the shim that the build places in `hydra_plugins`; it imports this module at every
start, so nothing heavy is imported here.
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
    """Expands Hydra's grammar in-process and hands the plan of all configurations to the task at once."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra gives; any launcher but the basic one would be ignored, so it is refused."""
        launcher = config.hydra.launcher._target_
        if not launcher.endswith(".BasicLauncher"):
            raise ConfigurationError("a launcher has nothing to launch", found=str(launcher))
        self.loader, self.task, self.name = hydra_context.config_loader, task_function, config.hydra.job.config_name

    def sweep(self, arguments: list[str]) -> Any:
        """Expand the overrides and run the task on the plan; returns what the task returns."""
        from research.config.compose import Composer
        from research.sweeps.expansion import expand

        return self.task(expand(Composer.over(self.name, self.loader), arguments))
