"""A day that many processes trade, and what must be true of it in the end."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.errors import LedgerError
from engine.live.clock import SystemClock
from engine.live.crash_points import crash_points
from engine.live.ledger.entries import Kind, Recorded
from engine.live.ledger.opening import connect, ledger_path, look
from engine.live.ledger.verify import verify
from engine.live.venues.account import PaperAccount
from tests.crash.children import OF_COMMANDS, SETTINGS, Order, Start, by_command, ended, forked
from tests.live.running import scene

#: crash points that a runner passes
OF_RUNNER: Final = tuple(point for point in crash_points() if point not in OF_COMMANDS)
#: processes that may die one after another without getting on; each start gets further than the one before or finishes
_DEEPEST: Final = 3


@dataclass
class Tally:
    """What was done: kills by crash point, days, and starts that died before they were through with recovery."""

    kills: Counter[str] = field(default_factory=Counter)
    days: int = 0
    nested: Counter[int] = field(default_factory=Counter)

    def plain(self) -> dict[str, object]:
        """As plain JSON."""
        return {
            "kills": self.kills.total(), "days": self.days, "by_point": dict(sorted(self.kills.items())),
            "nested": {str(depth): n for depth, n in sorted(self.nested.items())},
        }  # fmt: skip


@dataclass(frozen=True)
class World:
    """Where days are traded.

    Attributes
    ----------
    data : Path
        Folder of the history.
    start : Start
        How a process is started.
    expected : list
        Entries of the day that nobody disturbed.
    blank : callable
        Makes room for a new day: no ledger is left of the one before.
    """

    data: Path
    start: Start
    expected: list[tuple[object, ...]]
    blank: Callable[[], None] = lambda: None

    def finish(self, home: Path) -> None:
        """Trade to the end, undisturbed."""
        if ended(self.start(home, self.data, Order())):
            raise SystemExit("the last process of a day failed")


def undisturbed(data: Path, home: Path) -> list[tuple[object, ...]]:
    """The entries of a day without a kill."""
    if ended(forked(home, data, Order())):
        raise SystemExit("the day fails without a kill")
    return scene.essence(_entries(home))


def drawn(world: World, home: Path, draw: Callable[[], Order], most: int, tally: Tally) -> None:
    """Trade one day with at most so many kills, each as it is drawn; what died where is added to `tally`."""
    world.blank()
    depth = before = 0
    for _ in range(most):
        status = ended(world.start(home, world.data, draw()))
        if status == 0:
            break
        _expect_a_kill(status)
        after = _progress(home)
        depth, before = depth + 1 if after == before else 0, after
        if depth:
            tally.nested[depth] += 1
        if depth >= _DEEPEST:
            break
    world.finish(home)
    count(home, tally)


def named(world: World, home: Path, points: list[str], tally: Tally) -> list[str]:
    """Trade one day whose processes die at the next of `points`, which are taken from the list; what is wrong.

    A point that is behind a process that died before waits for the next day. One that the first process of a day does
    not come to is never reached.
    """
    world.blank()
    processes, wrong = 0, list[str]()
    while points:
        if points[0] in OF_COMMANDS and processes:
            wrong += by_command(home, points.pop(0))
            continue
        point = points[0] if points[0] in OF_RUNNER else "decisions.after_commit"
        status = ended(world.start(home, world.data, Order(point, 1)))
        if status == 0:
            break
        _expect_a_kill(status)
        processes += 1
        if point == points[0]:
            points.pop(0)
    if not processes:
        wrong.append(f"{points.pop(0)} is never reached")
    world.finish(home)
    count(home, tally)
    return wrong


def differences(home: Path, expected: list[tuple[object, ...]]) -> list[str]:
    """What is wrong with a day that was killed, in lines; empty: nothing."""
    recorded = _entries(home)
    found, wrong = scene.essence(recorded), list[str]()
    wrong += [f"missing: {row}" for row in expected if row not in found]
    wrong += [f"too much: {row}" for row in found if row not in expected]
    wrong += [f"one more: {row}" for row in found if found.count(row) > 1]
    with closing(connect(scene.NAME, SETTINGS, SystemClock())) as store:
        wrong += [f"verify: {fault.line()}" for fault in verify(store.sessions, scene.NAME).faults]
    intents = {one.entry.intent for one in recorded if one.entry.kind is Kind.INTENDED}
    account = PaperAccount(ledger_path(scene.NAME).with_suffix(".venue.db"))
    try:
        wrong += [f"a bet without an intent: {key}" for key in account.bets if key not in intents]
        cash = sum(one.entry.money.cash for one in recorded)
        if cash != account.balance_minor():
            wrong.append(f"the venue has {account.balance_minor()}, the ledger {cash}")
    finally:
        account.close()
    return wrong


def _entries(home: Path) -> list[Recorded]:
    os.environ["BEA_HOME"] = str(home)
    with closing(look(scene.NAME, settings=SETTINGS)) as ledger:
        return list(ledger.entries())


def _progress(home: Path) -> int:
    """How far the market of a day is: the number of decisions, bets and days on record."""
    with suppress(LedgerError):  # the ledger is not made yet
        return sum(one.entry.kind in (Kind.DECIDED, Kind.ROLLED, Kind.SETTLED, Kind.PLACED) for one in _entries(home))
    return 0


def count(home: Path, tally: Tally) -> None:
    """Add a day, and what died in it, to `tally`."""
    died = home / "died"
    tally.kills.update(died.read_text().split() if died.exists() else [])
    tally.days += 1


def _expect_a_kill(status: int) -> None:
    if status != -signal.SIGKILL:
        raise SystemExit(f"a process ended with {status} instead of a kill")
