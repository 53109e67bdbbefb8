"""One import at a time into one store."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import StoreError


@contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Hold the store's lock; raises `StoreError` at once where another import holds it. A killed holder frees it."""
    path = root / ".lock"
    try:
        file = path.open("a")
    except OSError as error:
        raise StoreError(
            "the store cannot be written", where=str(root), found=error.strerror or type(error).__name__
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(
                "another import is writing", where=str(root), todo="wait until it has ended, then try again"
            ) from None
        yield
