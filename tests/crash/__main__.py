"""Kills: a runner dies by SIGKILL at named crash points, again and again, and its ledger is that of an undisturbed day.

    python -m tests.crash --kills 1500 --seed 1               children of one process that has everything loaded
    python -m tests.crash --kills 60 --fresh                  a new process each time
    python -m tests.crash --postgres 300 --server-kills 20    the ledger is in a PostgreSQL server, which dies too

A day is traded by one process after another. Each of them dies when it has passed a drawn number of crash points, which
may be while it recovers from the death of the one before (nested kills). The last one is left alone. Then the entries
must be those of a day that nobody disturbed, the chain must verify, and the venue must hold each bet once. The first
days are for the crash points by name, those of commands included: each of them is met, or that is an error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

if __name__ == "__main__":
    os.environ |= {"POLARS_MAX_THREADS": "1", "NUMBA_NUM_THREADS": "1"}

import alembic.command  # noqa: F401  loaded here, once for all children
import psycopg  # noqa: F401
import sqlalchemy.dialects.postgresql
import sqlalchemy.dialects.sqlite  # noqa: F401

from engine.live.crash_points import crash_points
from engine.live.judgement.warm import warm
from engine.logs.secrets import Secrets
from engine.logs.setup import LogSettings, start
from tests.crash.children import Order, child, ended, forked, fresh, outcome, trade
from tests.crash.days import Tally, World, differences, drawn, named, undisturbed
from tests.crash.servers import Server, disturbed, serving
from tests.live.running import scene

#: exit status where no PostgreSQL can be started
NO_SERVER = 77
#: kills of a process in one day, and of a server
_MOST, _SERVERS = 60, 4


@dataclass
class Script:
    """One call of the script: what it was asked for, and what it found.

    Attributes
    ----------
    furthest : int
        Crash points that a process passes at most before it dies.
    folder : Path
        Of the homes of all days.
    generator : Generator
    """

    furthest: int
    folder: Path
    generator: np.random.Generator
    failed: int = 0
    done: dict[str, object] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)

    def kill(self, world: World, kills: int) -> None:
        """Kill so often: at every crash point by name, then at drawn ones."""
        points = list(crash_points()) if kills >= len(crash_points()) else []
        while points:
            home = self._home()
            self._judge(home, world, named(world, home, points, self.tally))
        while self.tally.kills.total() < kills:
            home = self._home()
            drawn(world, home, self._order, min(kills - self.tally.kills.total(), _MOST), self.tally)
            self._judge(home, world, [])

    def end(self, name: str, **more: object) -> None:
        """Note under a name what was done since the last end."""
        self.done[name] = {**more, **self.tally.plain()}
        self.tally = Tally()

    def kill_servers(self, world: World, kills: int, server: Server) -> None:
        """Kill a server so often."""
        while (left := kills - server.deaths.total()) > 0:
            home = self._home()
            disturbed(world, home, server, self._passes, min(left, _SERVERS), self.tally)
            self._judge(home, world, [])

    def _home(self) -> Path:
        return self.folder / f"{len(self.done)}-{self.tally.days}"

    def _order(self) -> Order:
        return Order("", self._passes())

    def _passes(self) -> int:
        return int(self.generator.integers(1, self.furthest))

    def _judge(self, home: Path, world: World, wrong: list[str]) -> None:
        wrong = wrong + differences(home, world.expected)
        self.failed += bool(wrong)
        for line in wrong[:20]:
            sys.stdout.write(f"{home.name}: {line}\n")


def main() -> int:
    """Kill as often as asked; exit status 1 if one day ends differently."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--postgres", type=int, default=0, help="kills of runners whose ledger is in PostgreSQL")
    parser.add_argument("--server-kills", type=int, default=0, help="kills of that server")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--furthest", type=int, default=40, help="crash points that a process passes, at most")
    parser.add_argument("--fresh", action="store_true", help="new processes instead of children")
    parser.add_argument("--days", type=int, default=3, help="length of the history")
    parser.add_argument("--child", nargs=5, metavar=("HOME", "DATA", "POINT", "N", "SIGNAL"))
    options = parser.parse_args()
    start(LogSettings(console_level="off"), Secrets())
    if options.child:
        home, data, name, after, number = options.child
        return outcome(lambda: trade(Path(home), Path(data), Order(name, int(after), int(number))))
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name)
        if ended(child(lambda: scene.History.cut(options.days, folder))):  # polars must not have worked where we fork
            raise SystemExit("no history")
        warm(scene.rules())
        expected = undisturbed(folder, folder / "undisturbed")
        script = Script(options.furthest, folder, np.random.default_rng(options.seed))
        run = fresh if options.fresh else forked
        if options.kills:
            script.kill(World(folder, run, expected), options.kills)
            script.end("sqlite")
        if options.postgres or options.server_kills:
            with serving() as server:
                world = World(folder, run, expected, server.blank)
                script.kill(world, options.postgres)
                script.end("postgres")
                script.kill_servers(world, options.server_kills, server)
                script.end("server_kills", fates=dict(sorted(server.deaths.items())))
    found = {"seed": options.seed, "entries": len(expected), "failed_days": script.failed, **script.done}
    sys.stdout.write(f"{json.dumps(found)}\n")
    return int(script.failed > 0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except pytest.skip.Exception as away:
        sys.stdout.write(f"{away}\n")
        sys.exit(NO_SERVER)
