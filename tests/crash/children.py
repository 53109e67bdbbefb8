"""Processes that trade a day, and die or stand still when they pass a crash point."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import LedgerError
from engine.live.clock import SystemClock
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.control import Command
from engine.live.ledger.migrate import upgrade
from engine.live.ledger.opening import connect, open_store
from engine.live.ledger.settings import LedgerSettings
from engine.live.venue import ForeignBet
from tests.live.running import scene

#: exit status of a process whose ledger failed, and of one that failed in another way
LEDGER_FAILED: Final = 3
FAILED: Final = 70
#: a lease of an ordinary length, looked at so seldom that waiting for it costs few transactions
SETTINGS: Final = LedgerSettings(poll_ms=10_000)
#: a bet that somebody else has at the venue: a start tells of it, once
BY_HAND: Final = ForeignBet("by hand", None, 700)
#: crash points of commands; a runner passes all others
OF_COMMANDS: Final = ("kill.before_commit", "kill.after_commit", "migration.between_steps")


class Waitless(SystemClock):
    """The clock of a process that came after a dead one: what it sleeps passes at once, on the monotonic clock.

    So the lease of the dead one ends after its whole time, and no test waits for it.
    """

    def __init__(self) -> None:
        self._slept_ns = 0

    def monotonic_ns(self) -> int:
        """As `Clock.monotonic_ns`."""
        return super().monotonic_ns() + self._slept_ns

    def sleep_ns(self, duration_ns: int) -> None:
        """As `Clock.sleep_ns`."""
        self._slept_ns += max(0, duration_ns)


@dataclass(frozen=True)
class Order:
    """What a process is to do: `after` passes of the crash point `name` (empty: of any) it gets the signal `number`.

    0 passes: it is left alone.
    """

    name: str = ""
    after: int = 0
    number: int = signal.SIGKILL


@dataclass
class Killer:
    """A probe that carries out an order in its own process.

    Attributes
    ----------
    order : Order
    trace : Path
        Gets the name of the crash point at which the process died or stood still.
    """

    order: Order
    trace: Path
    passed: int = 0

    def __call__(self, name: str) -> None:
        """Pass a crash point, or die there."""
        if not self.order.after or (self.order.name and name != self.order.name):
            return
        self.passed += 1
        if self.passed == self.order.after:
            with self.trace.open("a") as file:
                file.write(f"{name}\n")
            os.kill(os.getpid(), self.order.number)


#: starts a process for a home, a history and an order; its number
Start = Callable[[Path, Path, Order], int]


def trade(home: Path, data: Path, order: Order) -> None:
    """In this process: trade the day below `home`, and die at a crash point."""
    home.mkdir(exist_ok=True)  # where the ledger is in a server, nothing has made it yet
    os.environ["BEA_HOME"] = str(home)
    around = scene.Around(Waitless(), renew_ms=1, foreign=(BY_HAND,))
    scene.traded(scene.History.read(data), probe=Killer(order, home / "died"), settings=SETTINGS, around=around)


def outcome(act: Callable[[], object]) -> int:
    """Do something; the exit status for what became of it."""
    try:
        act()
    except LedgerError as error:
        sys.stderr.write(f"{error.line()}\n")
        return LEDGER_FAILED
    except BaseException:
        traceback.print_exc()
        return FAILED
    return 0


def child(act: Callable[[], object]) -> int:
    """Do something in a child of this process; its number."""
    number = os.fork()
    if not number:
        status = outcome(act)
        sys.stderr.flush()
        os._exit(status)
    return number


def forked(home: Path, data: Path, order: Order) -> int:
    """`trade` in a child of this process."""
    return child(lambda: trade(home, data, order))


def fresh(home: Path, data: Path, order: Order) -> int:
    """`trade` in a new process."""
    words = ["--child", str(home), str(data), order.name, str(order.after), str(int(order.number))]
    return subprocess.Popen([sys.executable, "-m", "tests.crash", *words]).pid


def ended(number: int) -> int:
    """Wait for a child; its exit status, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def killed(act: Callable[[Killer], object], home: Path, point: str) -> bool:
    """Do something in a child that dies at a crash point; whether it did die there."""
    return ended(child(lambda: act(Killer(Order(point, 1), home / "died")))) == -signal.SIGKILL


def by_command(home: Path, point: str) -> list[str]:
    """Kill a command at one of `OF_COMMANDS` and give it again; what is wrong then, in lines.

    No runner lives meanwhile. The kill switch is free again at the end, and the other ledger has its tables.
    """
    os.environ["BEA_HOME"] = str(home)
    return _migration(home, point) if point == "migration.between_steps" else _switch(home, point)


def _switch(home: Path, point: str) -> list[str]:
    def give(command: Command, probe: Callable[[str], None] = lambda name: None) -> Sequence[object]:
        clock = Waitless()
        ledger = ChainedLedger(open_store(scene.NAME, SETTINGS, clock), clock, SETTINGS, probe)
        try:
            before = ledger.controls()
            if command is not Command.ACKNOWLEDGE:
                ledger.control(command, person="crash", reason="a kill")
            return before
        finally:
            ledger.close()

    before, wrong = len(give(Command.ACKNOWLEDGE)), list[str]()
    if not killed(lambda probe: give(Command.KILL, probe), home, point):
        wrong.append(f"{point} was not reached")
    rows, expected = len(give(Command.KILL)) - before, int(point == "kill.after_commit")
    if rows != expected:
        wrong.append(f"{rows} rows of a kill that died at {point}, not {expected}")
    give(Command.RESUME)
    return wrong


def _migration(home: Path, point: str) -> list[str]:
    def bring_up(probe: Callable[[str], None] = lambda name: None) -> bool:
        store = connect("steps", SETTINGS, Waitless(), create=True)
        try:
            with store.sessions.first() as connection:
                upgrade(connection, probe)
        finally:
            store.close()
        return True

    wrong = [] if killed(bring_up, home, point) else [f"{point} was not reached"]
    bring_up()  # fails where a part of the tables is there
    open_store("steps", SETTINGS, Waitless()).close()
    return wrong
