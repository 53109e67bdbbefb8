"""Finished parts of the tests against luck: files beside the units of a run, so that a stopped command resumes.

A file is written whole or not at all, and carries the hash of its content and of what it belongs to. One that is
damaged, or belongs to other data, is made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np

from engine.files import digest_of, write_bytes
from research.execution.progress import Progress
from research.inference.parts import Arrays

_MAGIC: Final = b"BEAPART1"
_DIGEST: Final = 32


@dataclass(frozen=True)
class PartFolder:
    """The folder of the finished parts of one run (`research.inference.parts.Parts`).

    Attributes
    ----------
    folder : Path
    belongs : str
        What the parts depend on: the run, and the tapes of its units.
    progress : Progress
    """

    folder: Path
    belongs: str
    progress: Progress
    _lock: Lock = field(default_factory=Lock)

    def begin(self, what: str, total: int) -> None:
        """Start counting the steps of a computation; those of the one before are over."""
        self.progress.end()
        self.progress.begin(what, total)

    def part(self, name: str, steps: int, make: Callable[[], Arrays]) -> Arrays:
        """The arrays of a part: read if it was finished before, else made and kept."""
        arrays = self._load(name)
        if arrays is None:
            arrays = make()
            self._save(name, arrays)
        with self._lock:
            self.progress.step(steps)
        return arrays

    def _load(self, name: str) -> Arrays | None:
        """The arrays; None if they are missing, damaged or of other data. They cannot be written to."""
        try:
            content = memoryview((self.folder / f"{name}.part").read_bytes())
        except OSError:
            return None
        head, body = content[: len(_MAGIC) + _DIGEST], content[len(_MAGIC) + _DIGEST :]
        if head != _MAGIC + self._digest(name, [body]):
            return None
        end = bytes(body[:4096]).index(b"\n")  # forms and shapes of a few arrays
        arrays, at = [], end + 1
        for form, shape in json.loads(bytes(body[:end])):
            count = int(np.prod(shape))
            arrays.append(np.frombuffer(body, form, count, at).reshape(shape))
            at += arrays[-1].nbytes
        return tuple(arrays)

    def _save(self, name: str, arrays: Arrays) -> None:
        whole = [np.ascontiguousarray(array) for array in arrays]
        forms = json.dumps([(array.dtype.str, array.shape) for array in whole]).encode() + b"\n"
        body = [memoryview(forms), *(array.ravel().view(np.uint8).data for array in whole)]
        write_bytes(self.folder / f"{name}.part", [_MAGIC, self._digest(name, body), *body])

    def _digest(self, name: str, body: list[memoryview]) -> bytes:
        return digest_of([f"{self.belongs}\n{name}\n".encode(), *body], _DIGEST)
