"""One import at a time into one store."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write a JSON document whole or not at all; NaN becomes null."""
    text = json.dumps(plain(value), indent=1, ensure_ascii=False, allow_nan=False)
    write_bytes(path, text.encode("utf-8", "backslashreplace") + b"\n")


def plain(value: Any) -> Any:
    """A value as JSON knows it: NaN and infinities are null, tuples lists, paths and dates texts."""
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value if isinstance(value, str | int | bool | None) else str(value)
