"""A PostgreSQL server that dies while a runner is at a crash point, or together with it."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil  # type: ignore[import-untyped]
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from tests.crash.children import LEDGER_FAILED, Order, ended
from tests.crash.days import Tally, World, count
from tests.live.ledger.postgres import own_server
from tests.live.running import scene

#: how a server dies. At a crash point of a runner: the server comes back and the runner goes on; it stays away and the
#: runner ends; both die. Or at any instant of a runner, mostly within a transaction
FATES: Final = ("back", "away", "both", "any")
#: the exit status of the runner then
_ENDS: Final = {"back": (0,), "away": (LEDGER_FAILED,), "both": (-signal.SIGKILL,), "any": (0, LEDGER_FAILED)}
_WAIT_S: Final = 30.0
#: about how long a runner takes from one crash point to the next
_PASS_S: Final = 0.01


@dataclass
class Server:
    """A server of our own, and how often it died, by the fate of the runner."""

    own: Any
    deaths: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        """Its address."""
        return str(self.own.get_uri())

    def blank(self) -> None:
        """Drop the ledgers."""
        database = create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with database.connect() as connection:
            for name in (scene.NAME, "steps"):
                connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "bea_{name}" CASCADE')

    def kill(self) -> None:
        """SIGKILL for all its processes."""
        first = psutil.Process(self.own.get_pid())
        first.suspend()  # or it would end its connections in good order when the first of its processes dies
        processes = [*first.children(recursive=True), first]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if psutil.wait_procs(processes, timeout=_WAIT_S)[1]:
            raise SystemExit("the server does not die")

    def start(self) -> None:
        """Start it again: it recovers from its log."""
        self.own.start()


@contextmanager
def serving() -> Iterator[Server]:
    """A server; while it is there, every ledger is in it."""
    with own_server() as own:
        server = Server(own)
        os.environ["BEA_LEDGER_URL"] = server.url
        try:
            yield server
        finally:
            del os.environ["BEA_LEDGER_URL"]


def disturbed(world: World, home: Path, server: Server, draw: Callable[[], int], most: int, tally: Tally) -> None:
    """Trade one day in which the server dies at most so often, in the ways of `FATES` in turn.

    Parameters
    ----------
    world, home, server
    draw : callable
        Crash points that a runner passes before.
    most : int
    tally : Tally
    """
    world.blank()
    for _ in range(most):
        fate, after = FATES[server.deaths.total() % len(FATES)], draw()
        if fate == "any":
            runner = world.start(home, world.data, Order())
            time.sleep(after * _PASS_S)
        else:
            runner = world.start(home, world.data, Order("", after, signal.SIGSTOP))
            if not os.WIFSTOPPED(os.waitpid(runner, os.WUNTRACED)[1]):  # it came to the end before that
                break
        server.kill()
        server.deaths[fate] += 1
        if fate == "back":
            server.start()
        if fate == "both":
            os.kill(runner, signal.SIGKILL)
        os.kill(runner, signal.SIGCONT)
        status = ended(runner)
        if fate != "back":
            server.start()
        if status not in _ENDS[fate]:
            raise SystemExit(f"a runner whose server died ({fate}) ended with {status}")
        if status == 0:
            break
    world.finish(home)
    count(home, tally)
