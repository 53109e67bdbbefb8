"""Registers `hydra/sweeper=vectorized`. The build installs this file as hydra_plugins/bea_vectorized.py."""

from hydra.core.config_store import ConfigStore

from research.sweeps import vectorized


class VectorizedSweeper(vectorized.Vectorized):
    """The sweeper of `bea sweep`. Hydra requires that the class of a plug-in is defined in the package of plug-ins."""


ConfigStore.instance().store(
    group="hydra/sweeper", name="vectorized", node={"_target_": vectorized.TARGET}, provider="bea"
)
