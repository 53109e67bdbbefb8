"""The ledger against the venue without a runner: what `bea reconcile` does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Protocol

from engine.errors import UsageError
from engine.live.bets.states import BetState
from engine.live.breakers.contract import resume_entry
from engine.live.execution.audit import Auditor, Findings
from engine.live.execution.executor import Executor
from engine.live.execution.reconcile import Reconciler
from engine.live.execution.recovery import RESTORED, recover
from engine.live.execution.resolution import adopt

#: breakers that an adoption ends: what they stop for is what a person has looked at
_ENDED: Final = (RESTORED, "identity")


class Restored(Protocol):
    """A ledger that knows whether it came from a backup."""

    def restored(self) -> str:
        """Head of the backup; empty: it did not, or it is adopted."""
        ...

    def adopt(self) -> None:
        """Take the mark away."""
        ...


@dataclass(frozen=True)
class Reckoning:
    """Ledger and venue side by side. Money is in whole minor units.

    Attributes
    ----------
    findings : Findings
    unknown : tuple of str
        Keys of bets without an answer that are left.
    intended : tuple of str
        Keys of bets that the next start sends, or gives up.
    adopted : tuple of str
        Keys that were taken over now.
    restored : bool
        Whether the ledger still waits to be adopted.
    """

    findings: Findings
    unknown: tuple[str, ...]
    intended: tuple[str, ...]
    adopted: tuple[str, ...] = ()
    restored: bool = False

    @property
    def agrees(self) -> bool:
        """Whether there is nothing that a person must look at."""
        found = self.findings
        clean = not (found.failed or found.strangers or found.external or found.difference_minor)
        return clean and not self.unknown and not self.restored


def reckon(executor: Executor, reconciler: Reconciler, ledger: Restored) -> Reckoning:
    """Compare; book what the venue proves, and send nothing that was not sent before.

    The journal is loaded, and no runner holds the lease.

    Parameters
    ----------
    executor : Executor
    reconciler : Reconciler
    ledger : Restored
        That of the journal.

    Raises
    ------
    LedgerError
        As `Executor.submit`.
    """
    restored = bool(ledger.restored())
    recover(executor, reconciler, restored=restored, resume=False)
    findings = Auditor(executor, reconciler).run()
    book = executor.journal.book
    intended = tuple(bet.key for bet in book.alive() if bet.state is BetState.INTENDED)
    return Reckoning(findings, tuple(bet.key for bet in book.unknown()), intended, restored=restored)


def take_over(executor: Executor, ledger: Restored, found: Reckoning, *, person: str, reason: str) -> Reckoning:
    """Adopt every bet that the venue knows and the ledger does not, and let the ledger bet again.

    Parameters
    ----------
    executor : Executor
    ledger : Restored
    found : Reckoning
    person, reason : str
        Kept with each of them.

    Raises
    ------
    UsageError
        The account could not be read, so nobody knows what there is to adopt; or there is nothing.
    """
    journal, now = executor.journal, executor.clock.wall_ns()
    if found.findings.failed:
        raise UsageError(
            "the account could not be read", found=found.findings.failed, todo="adopt once `bea reconcile` shows it"
        )
    if not found.restored and not found.findings.strangers:
        raise UsageError("there is nothing to adopt", todo="bea reconcile shows what differs")
    for receipt in found.findings.strangers:
        adopt(journal, receipt, person=person, reason=reason, at_ns=now)
    ends = [name for name in _ENDED if journal.book.is_tripped(name)]
    if ends:
        journal.write([resume_entry(name, journal.book.trips[name], now, reason, person) for name in ends])
    if found.restored:
        ledger.adopt()
    keys = tuple(receipt.key for receipt in found.findings.strangers)
    return replace(found, findings=replace(found.findings, strangers=[]), adopted=keys, restored=False)
