"""Verified reads: a content file is used only after its hash was compared with the manifest."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from engine.errors import StoreError
from engine.files import write_bytes
from engine.store.manifest import Entry

CACHE = ".verified.json"


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Verifier:
    """Verifies content files of one store, and remembers verified ones by size, modification time and inode.

    The record is `<store>/.verified.json`, which is no content of the store. If it cannot be written, every process
    hashes the files again.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._verified: dict[str, list[object]] = {}
        with contextlib.suppress(OSError, ValueError):
            known = json.loads((root / CACHE).read_bytes())
            if isinstance(known, dict):
                self._verified = {k: v for k, v in known.items() if isinstance(v, list)}

    def paths(self, entries: Iterable[Entry]) -> list[Path]:
        """Verify content files and return their paths; raises `StoreError` for the first damaged one."""
        paths, changed = [], False
        for entry in entries:
            path = self._root / entry.path
            try:
                status = path.lstat()
                mark: list[object] = [status.st_size, status.st_mtime_ns, status.st_ino, entry.sha256]
                if self._verified.get(entry.path) != mark:
                    self._check(entry, path, status.st_size)
                    self._verified[entry.path] = mark
                    changed = True
            except FileNotFoundError:
                raise self._damaged(entry, "no such file") from None
            except OSError as error:
                raise self._damaged(entry, error.strerror or type(error).__name__) from None
            paths.append(path)
        if changed:
            self._save()
        return paths

    def _check(self, entry: Entry, path: Path, size: int) -> None:
        if path.is_symlink() or not path.is_file():
            raise self._damaged(entry, "not a regular file")
        if size != entry.bytes:
            raise self._damaged(entry, f"{size} bytes instead of {entry.bytes}")
        if file_sha256(path) != entry.sha256:
            raise self._damaged(entry, "other content")

    def _damaged(self, entry: Entry, found: str) -> StoreError:
        return StoreError(
            "a file of the store is damaged",
            where=str(self._root / entry.path),
            expected=f"content {entry.sha256[:12]}",
            found=found,
            todo="restore the file, or import again into a new folder",
        )

    def _save(self) -> None:
        with contextlib.suppress(OSError):
            write_bytes(self._root / CACHE, json.dumps(dict(sorted(self._verified.items()))).encode())
