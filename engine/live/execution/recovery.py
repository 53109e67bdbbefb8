"""Start-up is recovery: what an earlier process left behind is sent, given up or looked up before any decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.live.bets.bet import Bet, after
from engine.live.bets.postings import abandoned, sent, unknown
from engine.live.bets.states import BetState
from engine.live.execution.executor import Executor
from engine.live.execution.reconcile import Reconciler
from engine.live.execution.statements import Statement
from engine.live.ledger.entries import Entry

#: breaker of a ledger that came from a backup, until a person has adopted what the venue knows beyond it
RESTORED: Final = "restored"


class Recovered(NamedTuple):
    """What a start found.

    Attributes
    ----------
    resumed : tuple of str
        Keys of bets that were intended, never sent, and sent now.
    abandoned : tuple of str
        Keys of those that were given up.
    doubtful : tuple of str
        Keys of bets that may have been sent and have no answer yet.
    """

    resumed: tuple[str, ...]
    abandoned: tuple[str, ...]
    doubtful: tuple[str, ...]


def recover(executor: Executor, reconciler: Reconciler, *, restored: bool = False, resume: bool = True) -> Recovered:
    """Bring the ledger of an earlier process into order; the journal is loaded, nothing else has happened yet.

    Bets that are SENT may have arrived: they become UNKNOWN and are looked up. Bets that are INTENDED have certainly
    not left: they are sent while their window is open, else given up. It may be interrupted anywhere and done again.

    Parameters
    ----------
    executor : Executor
    reconciler : Reconciler
    restored : bool
        The ledger came from a backup and nobody has adopted it. Then nothing is sent, and what it calls INTENDED may
        have left since: it is looked up, too.
    resume : bool
        Whether bets that are INTENDED are sent or given up now; False leaves them as they are.

    Raises
    ------
    LedgerError
        As `Executor.submit`.
    """
    journal, now = executor.journal, executor.clock.wall_ns()
    latest = max(now, journal.book.latest_ns)
    if restored and not journal.book.is_tripped(RESTORED):
        cause = "the ledger came from a backup; the venue may know bets that it does not: bea reconcile --adopt"
        journal.write([executor.guards.trip(RESTORED, cause, now)])
    entries: list[Entry] = []
    for bet in journal.book.alive():
        if bet.state is BetState.SENT:
            entries.append(unknown(bet, "restart", now))
        elif bet.state is BetState.INTENDED and restored:
            entries += _may_have_left(bet, executor, now)
    reconciler.write(Statement(entries), now)
    doubtful = tuple(bet.key for bet in journal.book.unknown())
    reconciler.begin()
    reconciler.step()
    intended = [bet for bet in journal.book.alive() if bet.state is BetState.INTENDED and resume]
    resumed = _resume(executor, intended, latest) if executor.settings.on_restart == "send" else ()
    left = [bet for bet in intended if bet.key not in resumed]
    if left:
        journal.write([abandoned(bet, "restart", executor.clock.wall_ns()) for bet in left])
    return Recovered(resumed, tuple(bet.key for bet in left), doubtful)


def _may_have_left(bet: Bet, executor: Executor, now: int) -> list[Entry]:
    """Of a restored ledger: the attempt that may have been made after the backup, and that nothing is known of it."""
    attempt = sent(bet, now, now, executor.journal.epoch, {"venue": executor.venue.profile.name, "restored": True})
    return [attempt, unknown(after(bet, attempt), "restored", now)]


def _resume(executor: Executor, intended: Sequence[Bet], latest_ns: int) -> tuple[str, ...]:
    """Send intended bets whose window is open, the legs of a group together.

    `latest_ns` is the later of wall time and the ledger: a wall clock may have been set back while no process ran.
    """
    requests: dict[tuple[str, str], list[str]] = {}
    for bet in intended:
        if max(executor.clock.wall_ns(), latest_ns) < bet.order.expires_ns:
            requests.setdefault((bet.order.group, "" if bet.order.group else bet.key), []).append(bet.key)
    for keys in requests.values():
        executor.send(keys)
    return tuple(key for keys in requests.values() for key in keys)
