"""Records the files that a strategy opens.

Python reports every file that it opens and every folder that it lists to an audit hook (PEP 578). Files that a library
opens without Python are not reported, for example a Parquet file that Polars reads by a path known in advance.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_EVENTS: Final = ("open", "os.listdir", "os.scandir")
#: folders of the system and of Python: nothing in them belongs to the past or the future of an event
_SYSTEM: Final = ("/proc", "/sys", "/dev", "/etc", "/usr", sys.prefix, sys.base_prefix)
_CODE: Final = (".py", ".pyc", ".so", ".pyd", ".nbi", ".nbc")
#: the logs that are recording; an audit hook cannot be removed, so one hook serves all of them
_recording: list[OpenedFiles] = []
_hooked: list[bool] = []


class OpenedFiles:
    """The files opened while it was recording.

    Attributes
    ----------
    paths : set of str
        Paths as they were passed to Python.
    """

    def __init__(self) -> None:
        self.paths: set[str] = set()

    def add(self, path: Any) -> None:
        """Note a path that was opened. Other values, such as file descriptors, are ignored."""
        if isinstance(path, str | bytes | os.PathLike):
            self.paths.add(os.fsdecode(path))

    def any_within(self, *folders: Path) -> bool:
        """Whether a file or folder in one of these folders was opened."""
        roots = [folder.resolve() for folder in folders]
        return any(path.is_relative_to(root) for path in self._resolved() for root in roots)

    def outside(self, *folders: Path) -> list[str]:
        """Files opened outside these folders, without code and files of the system; sorted."""
        roots = [folder.resolve() for folder in folders] + [Path(name).resolve() for name in _SYSTEM]
        files = {path for path in self._resolved() if path.is_file() and path.suffix not in _CODE}
        return sorted(str(path) for path in files if not any(path.is_relative_to(root) for root in roots))

    def _resolved(self) -> set[Path]:
        return {Path(path).resolve() for path in self.paths}


@contextmanager
def recording(opened: OpenedFiles) -> Iterator[OpenedFiles]:
    """Record opened files for the length of a `with` block."""
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked.append(True)
    _recording.append(opened)
    try:
        yield opened
    finally:
        _recording.remove(opened)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _recording and event in _EVENTS and arguments:
        for opened in tuple(_recording):
            opened.add(arguments[0])
