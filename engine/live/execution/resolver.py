"""What the runner asks of recovery, reconciliation and audit, in three verbs."""

from __future__ import annotations

from collections.abc import Callable

from engine.live.execution.audit import Auditor
from engine.live.execution.executor import Executor
from engine.live.execution.reconcile import Reconciler
from engine.live.execution.recovery import recover
from engine.logs.setup import logger

_LOG = logger(__name__)


class VenueResolver:
    """`engine.live.running.runner.Resolver` over a venue.

    Parameters
    ----------
    executor : Executor
    restored : bool
        Whether the ledger came from a backup that nobody has adopted yet.
    audits : bool
        Whether the whole account is read from time to time; at the start it always is.
    competition_of : callable, optional
        As of `engine.live.execution.audit.Auditor`.
    """

    def __init__(
        self,
        executor: Executor,
        *,
        restored: bool = False,
        audits: bool = True,
        competition_of: Callable[[int], tuple[str, str] | None] = lambda event_id: None,
    ) -> None:
        self._executor, self._restored, self._audits = executor, restored, audits
        self.reconciler = Reconciler(executor)
        self._auditor = Auditor(executor, self.reconciler, competition_of)

    def recover(self) -> None:
        """Bring what an earlier process left behind into order, and compare the account with the ledger."""
        found = recover(self._executor, self.reconciler, restored=self._restored)
        if any(found):
            _LOG.warning(
                "recovered", resumed=len(found.resumed), abandoned=len(found.abandoned), doubtful=len(found.doubtful)
            )
        self._auditor.run()

    def step(self) -> None:
        """Look up what is due."""
        self.reconciler.step()
        if self._audits:
            self._auditor.step()

    def pending(self) -> bool:
        """Whether the venue still has something to say of a bet."""
        return bool(self._executor.journal.book.under_way())
