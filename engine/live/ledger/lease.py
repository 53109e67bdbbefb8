"""The lease: one runner at a time. Every wait is measured on a monotonic clock; wall time is only shown."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import replace

from engine.errors import Fenced
from engine.live.clock import Clock
from engine.live.crash_points import Probe
from engine.live.ledger.settings import MS_NS, LedgerSettings
from engine.live.ledger.store import State, Store


def this_process() -> str:
    """A holder's name: machine, process, and an instant of the monotonic clock, since process numbers come again."""
    return f"{socket.gethostname()}:{os.getpid()}:{time.monotonic_ns():x}"


def take(
    store: Store, clock: Clock, settings: LedgerSettings, holder: str, probe: Probe, tried: set[int]
) -> tuple[State, int]:
    """Take the lease, if need be after the time of a holder that does not renew it.

    A free lease is taken at once, and so is that of a holder whose process has provably ended (the lock of its file is
    free). Otherwise the row must stay as it is for the holder's time and the margin, by our monotonic clock.

    Parameters
    ----------
    store, clock, settings
    holder : str
    probe : Probe
    tried : set of int
        Epochs that this caller has tried to write: after an `Unfinished` the lease may be ours without our knowing.

    Returns
    -------
    State, int
        The row with our epoch, and the monotonic instant until which the lease holds without renewal.

    Raises
    ------
    Fenced
        The holder renewed its lease while we waited: it lives.
    LedgerFailure, Unfinished
        As `Store.transaction`.
    """
    seen: tuple[int, int] | None = None
    since_ns = 0
    while True:
        alone = store.alone()
        started_ns = clock.monotonic_ns()
        probe("lease.before_take")
        taken = None
        with store.transaction() as transaction:
            state = transaction.state()
            now_ns = clock.monotonic_ns()
            if (state.epoch, state.beat) != seen:
                if seen is not None and state.holder:
                    raise held(state)
                seen, since_ns = (state.epoch, state.beat), now_ns
            if state.holder == holder and state.epoch in tried:
                return state, started_ns + state.ttl_ns
            waited = now_ns - since_ns >= state.ttl_ns + settings.takeover_margin_ms * MS_NS
            if not state.holder or (state.exclusive and alone) or waited:
                ttl_ns = settings.lease_ttl_ms * MS_NS
                ours = replace(state, holder=holder, epoch=state.epoch + 1, exclusive=alone, ttl_ns=ttl_ns)
                tried.add(ours.epoch)
                taken = renewed(ours, clock.wall_ns(), alone)
                transaction.put_state(taken)
        if taken is not None:
            probe("lease.after_take")
            return taken, started_ns + taken.ttl_ns
        clock.sleep_ns(settings.poll_ms * MS_NS)


def renewed(state: State, wall_ns: int, exclusive: bool) -> State:
    """The row after a renewal."""
    return replace(state, beat=state.beat + 1, wall_ns=wall_ns, exclusive=exclusive)


def check(state: State, holder: str, epoch: int) -> None:
    """Raise `Fenced` if the lease is no longer that of `holder` under `epoch`."""
    if (state.holder, state.epoch) != (holder, epoch):
        raise Fenced(
            "another runner has taken the lease",
            expected=f"{holder}, epoch {epoch}",
            found=f"{state.holder or 'nobody'}, epoch {state.epoch}",
            todo="this process ends; the other one goes on",
        )


def held(state: State) -> Fenced:
    """The error for a lease whose holder lives."""
    return Fenced(
        "another runner holds the lease",
        found=f"{state.holder}, epoch {state.epoch}, renewed while we waited",
        todo="stop it first; a lease that nobody renews is taken over by itself",
    )
