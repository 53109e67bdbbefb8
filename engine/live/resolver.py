"""What the runner asks of recovery and reconciliation, in three verbs."""

from __future__ import annotations

from engine.live.executor import Executor
from engine.live.reconcile import Reconciler
from engine.live.recovery import recover
from engine.logs.setup import logger

_LOG = logger(__name__)


class VenueResolver:
    """`engine.live.runner.Resolver` over a venue.

    Parameters
    ----------
    executor : Executor
    restored : bool
        Whether the ledger came from a backup that nobody has adopted yet.
    """

    def __init__(self, executor: Executor, *, restored: bool = False) -> None:
        self._executor, self._restored = executor, restored
        self.reconciler = Reconciler(executor)

    def recover(self) -> None:
        """Bring what an earlier process left behind into order."""
        found = recover(self._executor, self.reconciler, restored=self._restored)
        if any(found):
            _LOG.warning(
                "recovered", resumed=len(found.resumed), abandoned=len(found.abandoned), doubtful=len(found.doubtful)
            )

    def step(self) -> None:
        """Look up what is due."""
        self.reconciler.step()

    def pending(self) -> bool:
        """Whether the venue still has something to say of a bet."""
        return bool(self._executor.journal.book.under_way())
