"""Kills: a runner dies by SIGKILL at named crash points, again and again, and its ledger is that of an undisturbed day.

    python -m tests.crash --kills 1500 --seed 1          children of one process that has everything loaded
    python -m tests.crash --kills 60 --fresh             a new process each time
    python -m tests.crash --each 5                       every crash point by name, so many times

A day is traded by one process after another. Each of them dies when it has passed a drawn number of crash points, which
may be while it recovers from the death of the one before (nested kills). The last one is left alone. Then the entries
must be those of a day that nobody disturbed, the chain must verify, and the venue must hold each bet once.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    os.environ |= {"POLARS_MAX_THREADS": "1", "NUMBA_NUM_THREADS": "1"}

from engine.live.clock import SystemClock
from engine.live.crash_points import crash_points
from engine.live.judgement.warm import warm
from engine.live.ledger.entries import FIRST_PREVIOUS, Entry, Kind, Recorded, body_text
from engine.live.ledger.opening import connect, ledger_path
from engine.live.ledger.settings import LedgerSettings
from engine.live.ledger.verify import verify
from engine.live.venues.account import PaperAccount
from engine.logs.secrets import Secrets
from engine.logs.setup import LogSettings, start
from tests.live.running import scene

#: crash points that a runner on paper passes; the others belong to commands and to bets without an answer
REACHED = tuple(
    point for point in crash_points()
    if point.partition(".")[0] not in ("kill", "migration", "alert") and point not in ("lease.renew",)
)  # fmt: skip
#: processes that may die one after another without getting on; each start gets further than the one before or finishes
_DEEPEST = 3


@dataclass
class Killer:
    """A probe that kills its process.

    Attributes
    ----------
    name : str
        Only this crash point counts; empty: every one.
    after : int
        The n-th pass is the last; 0: never.
    trace : Path
        Gets the name of the crash point at which the process died.
    """

    name: str
    after: int
    trace: Path
    passed: int = 0

    def __call__(self, name: str) -> None:
        """Pass a crash point, or die there."""
        if not self.after or (self.name and name != self.name):
            return
        self.passed += 1
        if self.passed == self.after:
            with self.trace.open("a") as file:
                file.write(f"{name}\n")
            os.kill(os.getpid(), signal.SIGKILL)


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


def trade(home: Path, data: Path, name: str, after: int) -> None:
    """In this process: trade the day below `home`, and die at a crash point."""
    os.environ["BEA_HOME"] = str(home)
    scene.traded(scene.History.read(data), probe=Killer(name, after, home / "died"))


def forked(home: Path, data: Path, name: str, after: int) -> int:
    """`trade` in a child of this process; its exit status, negative for a signal."""
    child = os.fork()
    if not child:
        status = 70
        try:
            trade(home, data, name, after)
            status = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def fresh(home: Path, data: Path, name: str, after: int) -> int:
    """`trade` in a new process."""
    words = ["--child", str(home), str(data), name, str(after)]
    return subprocess.run([sys.executable, "-m", "tests.crash", *words], check=False).returncode


def undisturbed(data: Path, home: Path) -> list[tuple[object, ...]]:
    """The entries of a day without a kill."""
    if forked(home, data, "", 0):
        raise SystemExit("the day fails without a kill")
    os.environ["BEA_HOME"] = str(home)
    return scene.essence(scene.entries())


def differences(home: Path, expected: list[tuple[object, ...]]) -> list[str]:
    """What is wrong with a day that was killed, in lines; empty: nothing."""
    os.environ["BEA_HOME"] = str(home)
    recorded = scene.entries()
    found, wrong = scene.essence(recorded), list[str]()
    wrong += [f"missing: {row}" for row in expected if row not in found]
    wrong += [f"too much: {row}" for row in found if row not in expected]
    wrong += [f"one more: {row}" for row in found if found.count(row) > 1]
    store = connect(scene.NAME, LedgerSettings(), SystemClock())
    with closing(store):
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


def day(
    run: Callable[[Path, Path, str, int], int], data: Path, home: Path, draw: Callable[[], tuple[str, int]], most: int,
    tally: Tally,
) -> None:  # fmt: skip
    """Trade one day with at most so many kills; what died where is added to `tally`."""
    depth = 0
    for _ in range(most):
        before = _progress(home)
        status = run(home, data, *draw())
        if status == 0:
            break
        if status != -signal.SIGKILL:
            raise SystemExit(f"a process ended with {status} instead of a kill")
        depth = depth + 1 if _progress(home) == before else 0
        tally.nested[depth] += depth > 0
        if depth >= _DEEPEST:
            break
    if run(home, data, "", 0):
        raise SystemExit("the last process failed")
    died = home / "died"
    tally.kills.update(died.read_text().split() if died.exists() else [])
    tally.days += 1


def recorded(number: int, entry: Entry) -> Recorded:
    """An entry as a ledger would hold it, without its hashes."""
    return Recorded(number, 1, 0, entry, body_text(entry.body), FIRST_PREVIOUS, FIRST_PREVIOUS)


def _progress(home: Path) -> int:
    """How far the market of a day is: the number of decisions and days on record."""
    os.environ["BEA_HOME"] = str(home)
    if not ledger_path(scene.NAME).exists():
        return 0
    return sum(one.entry.kind in (Kind.DECIDED, Kind.ROLLED, Kind.SETTLED, Kind.PLACED) for one in scene.entries())


def _drawn(generator: np.random.Generator, furthest: int) -> tuple[str, int]:
    return "", int(generator.integers(1, furthest))


def main() -> int:
    """Kill as often as asked; exit status 1 if one day ends differently."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--furthest", type=int, default=40, help="crash points that a process passes, at most")
    parser.add_argument("--each", type=int, default=0, help="instead: every crash point by name, at its first passes")
    parser.add_argument("--fresh", action="store_true", help="new processes instead of children")
    parser.add_argument("--days", type=int, default=5, help="length of the history")
    parser.add_argument("--child", nargs=4, metavar=("HOME", "DATA", "POINT", "N"))
    options = parser.parse_args()
    start(LogSettings(console_level="off"), Secrets())
    if options.child:
        home, data, name, after = options.child
        trade(Path(home), Path(data), name, int(after))
        return 0
    generator, tally, failed = np.random.default_rng(options.seed), Tally(), 0
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name)
        if os.fork() == 0:  # polars must not have worked in a process that forks
            scene.History.cut(options.days, folder)
            os._exit(0)
        os.wait()
        warm(scene.rules())
        expected = undisturbed(folder, folder / "undisturbed")
        named = [(point, n) for n in range(1, options.each + 1) for point in REACHED]
        run = fresh if options.fresh else forked
        while named if options.each else tally.kills.total() < options.kills:
            home = folder / f"day{tally.days}"
            if options.each:
                draw, most = partial(named.pop, 0), 1
            else:
                draw = partial(_drawn, generator, options.furthest)
                most = min(options.kills - tally.kills.total(), 60)
            day(run, folder, home, draw, most, tally)
            wrong = differences(home, expected)
            failed += bool(wrong)
            for line in wrong[:20]:
                sys.stdout.write(f"seed {options.seed}, day {tally.days}: {line}\n")
    line = json.dumps({"seed": options.seed, "entries": len(expected), "failed_days": failed, **tally.plain()})
    sys.stdout.write(f"{line}\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
