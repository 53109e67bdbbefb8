"""What is made once for a whole run of the tests, however many processes share it."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder that `make` fills: the first process that asks fills it, the others wait and share it.

    Parameters
    ----------
    factory : pytest.TempPathFactory
        Its base folder is that of one worker; the folder above belongs to the run.
    name : str
    make : callable
        Fills an empty folder. What it raises ends the test that asked; the next one tries again.
    """
    own = factory.getbasetemp()
    root = own.parent if own.name.startswith("popen-") else own
    folder, done = root / "once" / name, root / "once" / f"{name}.done"
    folder.parent.mkdir(exist_ok=True)
    with (root / "once" / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            done.touch()
    return folder
