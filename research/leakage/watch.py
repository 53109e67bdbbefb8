"""Which files the code of a strategy opens, as Python itself tells it.

An audit hook (PEP 578) is told every file that Python opens and every folder that it lists. What a library opens by
itself (a Parquet file that Polars reads under a path known beforehand) is not told.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_EVENTS: Final = ("open", "os.listdir", "os.scandir")
#: files of the machine and of Python, which hold nothing of the past or the future of an event
_MACHINE: Final = ("/proc", "/sys", "/dev", "/etc", "/usr", sys.prefix, sys.base_prefix)
_CODE: Final = (".py", ".pyc", ".so", ".pyd", ".nbi", ".nbc")
#: the watches that are on; a hook cannot be taken off again, so that one is set for all of them
_on: list[Watch] = []
_hooked: list[bool] = []


class Watch:
    """What was opened while it was on.

    Attributes
    ----------
    paths : set of str
        As they were given.
    """

    def __init__(self) -> None:
        self.paths: set[str] = set()

    def told(self, path: Any) -> None:
        """A path was opened."""
        if isinstance(path, str | bytes | os.PathLike):
            self.paths.add(os.fsdecode(path))

    def within(self, *folders: Path) -> bool:
        """Whether anything in some folders was opened."""
        heads = [folder.resolve() for folder in folders]
        return any(path.is_relative_to(head) for path in self._resolved() for head in heads)

    def elsewhere(self, *folders: Path) -> list[str]:
        """Files opened that are in none of some folders, neither code nor parts of the machine; sorted."""
        heads = [folder.resolve() for folder in folders] + [Path(name).resolve() for name in _MACHINE]
        found = {path for path in self._resolved() if path.is_file() and path.suffix not in _CODE}
        return sorted(str(path) for path in found if not any(path.is_relative_to(head) for head in heads))

    def _resolved(self) -> set[Path]:
        return {Path(path).resolve() for path in self.paths}


@contextmanager
def watching(watch: Watch) -> Iterator[Watch]:
    """The watch is on."""
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked.append(True)
    _on.append(watch)
    try:
        yield watch
    finally:
        _on.remove(watch)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _on and event in _EVENTS and arguments:
        for watch in tuple(_on):
            watch.told(arguments[0])
