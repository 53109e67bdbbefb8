"""Placed as hydra_plugins/bea_vectorized.py by the build: registers `hydra/sweeper=vectorized`."""

from hydra.core.config_store import ConfigStore

from research.sweeps import vectorized


class VectorizedSweeper(vectorized.Vectorized):
    """The sweeper of `bea sweep`; Hydra asks that a plug-in's class is defined in this package."""


ConfigStore.instance().store(
    group="hydra/sweeper", name="vectorized", node={"_target_": vectorized.TARGET}, provider="bea"
)
