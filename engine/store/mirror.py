"""A store on an object store, and a folder with verified copies of what was read of it.

Under the address are the content files of a store under the names that they have in a folder, and its manifests:
``manifest/000000000007.json`` is generation 7. The newest generation is the store. An import creates the next one, and
creates it only if it is not there: of two that start from the same generation one succeeds, and the other merges again
into the newer one (`apply`). Nothing is replaced and nothing removed, so readers of an older generation can go on.

Content files are read through copies in ``data/cache/objects`` of the home folder: a hash needs the whole file anyway.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import StoreError
from engine.files import exclusive, write_bytes
from engine.paths import home
from engine.store.bucket import Bucket, checked_address, no_conditions
from engine.store.incoming import ImportSummary, Incoming
from engine.store.manifest import TABLES, Entry, Manifest, parse, safe
from engine.store.verify import Verifier
from engine.store.writer import Writer, lock_file

_FOLDER: Final = "manifest"
_NAME: Final = re.compile(r"(\d{12})\.json")
_COPY: Final = re.compile(r"(\d{12})\.([0-9A-Za-z-]+)\.json")
_AT_ONCE: Final = 8
#: copies of files that the store does not name any more stay so long, for readers of an older generation
_STAY_S: Final = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Generation:
    """One state of a store: its number, and its manifest as bytes."""

    number: int
    raw: bytes
    where: str

    def contents(self) -> Manifest:
        """The manifest; raises `StoreError` if it is damaged or has another schema version."""
        return parse(self.raw, self.where)


class Mirror:
    """A store on an object store, with its local copies.

    Attributes
    ----------
    address : str
        As ``s3://bucket/prefix``.
    root : Path
        Folder of the copies, in the layout of a store.

    Raises
    ------
    UsageError
        The address is none, or the extra ``objects`` is missing.
    """

    def __init__(self, address: str) -> None:
        self.address = checked_address(address)
        self.bucket = Bucket(self.address)
        digest = hashlib.sha256(f"{self.bucket.endpoint()} {self.address}".encode()).hexdigest()[:12]
        self.root = home() / "data" / "cache" / "objects" / f"{safe(self.address.removeprefix('s3://'))}-{digest}"
        self._there: set[str] = set()  # files that this process has put there

    def newest(self) -> Generation | None:
        """The newest generation; None if there is no store. Raises `StoreError`."""
        copies = sorted(path.name for path in (self.root / _FOLDER).glob("*.json") if _COPY.fullmatch(path.name))
        known = int(copies[-1].partition(".")[0]) if copies else 0
        marks = self.bucket.list(_FOLDER, _name(known - 1)) if known else {}
        marks = marks or self.bucket.list(_FOLDER)
        strange = [name for name in marks if name and not _NAME.fullmatch(name)]
        if strange:
            where = f"{self.address}/{_FOLDER}/{strange[0]}"
            raise StoreError("an object among the manifests is none", where=where, todo="remove it")
        numbered = [name for name in marks if name]
        if not numbered:
            return None
        name = numbered[-1]
        where = f"{self.address}/{_FOLDER}/{name}"
        copy = self.root / _FOLDER / f"{name.partition('.')[0]}.{re.sub('[^0-9A-Za-z-]', '-', marks[name])}.json"
        try:
            return Generation(int(name[:12]), copy.read_bytes(), where)
        except FileNotFoundError:
            newest = Generation(int(name[:12]), self.bucket.read(f"{_FOLDER}/{name}"), where)
        contents = newest.contents()
        self._write(copy, newest.raw)
        self._drop_old(contents, copy)
        return newest

    def check_free(self) -> None:
        """Raise `StoreError` if the prefix holds anything but what an import puts there."""
        other = sorted(set(self.bucket.list("")) - {_FOLDER, "raw", *TABLES, ""})
        if other:
            raise StoreError(
                "the prefix holds something else",
                where=f"{self.address}/{other[0]}",
                expected="a store, or nothing",
                todo="choose another prefix",
            )

    def fetch(self, entries: Iterable[Entry]) -> None:
        """Copy content files that have no copy yet, each verified; raises `StoreError`."""
        missing = [entry for entry in entries if not self._has(entry)]
        if missing:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(self.fetch_one, missing))

    def fetch_one(self, entry: Entry) -> None:
        """Copy a content file, whether or not there is a copy."""
        content = self.bucket.read(entry.path)
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise StoreError(
                "a file of the store is damaged",
                where=f"{self.address}/{entry.path}",
                expected=f"content {entry.sha256[:12]}",
                found=f"other content, {len(content)} bytes",
                todo="restore the file, or import again under a new prefix",
            )
        self._write(self.root / entry.path, content)

    def put(self, names: Iterable[str]) -> None:
        """Create the objects of files that were written here; one that is there must have the same content."""

        def publish(name: str) -> None:
            self.bucket.publish(name, (self.root / name).read_bytes())

        new = sorted(set(names) - self._there)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(publish, new))
        self._there.update(new)

    def create(self, number: int, contents: Manifest) -> bool:
        """Create a generation. True: it is this one. False: another import was first.

        If an answer was lost, the content tells whether the generation there is ours.
        """
        name, raw = f"{_FOLDER}/{_name(number)}", contents.dump()
        return self.bucket.create(name, raw) or self.bucket.read(name) == raw

    def check_conditions(self, generation: Generation) -> None:
        """Raise `StoreError` if the server would create an object that exists: then two imports could win at once."""
        if self.bucket.create(f"{_FOLDER}/{_name(generation.number)}", generation.raw):
            raise no_conditions(self.address)

    def _has(self, entry: Entry) -> bool:
        try:
            return (self.root / entry.path).stat().st_size == entry.bytes
        except OSError:
            return False

    def _write(self, path: Path, content: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content)
        except OSError as error:
            raise _unwritable(error, self.root) from None

    def _drop_old(self, contents: Manifest, newest: Path) -> None:
        """Remove copies that no reader needs any more: not named by the newest manifest, and old."""
        limit = newest.stat().st_mtime - _STAY_S
        for path in _files(self.root, (_FOLDER, *TABLES)):
            name = path.relative_to(self.root).as_posix()
            if name not in contents.files and path != newest and path.stat().st_mtime < limit:
                path.unlink(missing_ok=True)


class MirrorVerifier(Verifier):
    """Verifies copies, and fetches those that are missing or damaged."""

    def __init__(self, mirror: Mirror) -> None:
        super().__init__(mirror.root)
        self._mirror = mirror

    def paths(self, entries: Iterable[Entry]) -> list[Path]:
        """As `Verifier.paths`."""
        wanted = list(entries)
        self._mirror.fetch(wanted)
        return super().paths(wanted)

    def _check(self, entry: Entry, path: Path, size: int) -> None:
        try:
            super()._check(entry, path, size)
        except StoreError:
            path.unlink(missing_ok=True)
            self._mirror.fetch_one(entry)


def apply(mirror: Mirror, batches: Iterable[Incoming], *, again: bool) -> ImportSummary:
    """Apply batches to the store of a mirror; see `Store.apply`.

    Imports of one machine wait for each other; those of several machines go on at once, and one that was overtaken
    merges its batches again, into the newer store.
    """
    passes = list(batches) if isinstance(batches, Iterator) else batches
    try:
        mirror.root.mkdir(parents=True, exist_ok=True)
        with exclusive(lock_file(mirror.root), None):
            while True:
                summary = _try(mirror, passes, again=again)
                if summary is not None:
                    return summary
    except OSError as error:
        raise _unwritable(error, mirror.root) from None


def _try(mirror: Mirror, batches: Iterable[Incoming], *, again: bool) -> ImportSummary | None:
    """One attempt to merge batches into the newest generation; None: another import was first."""
    base = mirror.newest()
    if base is None:
        mirror.create(0, Manifest())
        return None
    mirror.check_conditions(base)
    before = base.contents()
    raw = {one.raw_sha256: one.raw_path for one in before.imports if one.raw_path}
    shutil.rmtree(mirror.root / "raw", ignore_errors=True)
    writer = Writer(mirror.root, base.contents(), MirrorVerifier(mirror), raw)
    try:
        writer.take(batches, again=again)
        if writer.finish():
            mirror.put(set(writer.manifest.files) - set(before.files))
            mirror.put({one.raw_path for one in writer.manifest.imports if one.raw_path} - set(raw.values()))
            if not mirror.create(base.number + 1, writer.manifest):
                writer.undo()
                return None
    except BaseException:
        writer.undo()
        raise
    return writer.summary


def _name(number: int) -> str:
    return f"{number:012d}.json"


def _files(root: Path, folders: Iterable[str]) -> list[Path]:
    return [path for folder in folders for path in (root / folder).rglob("*") if path.is_file()]


def _unwritable(error: OSError, root: Path) -> StoreError:
    return StoreError(
        "copies of the store cannot be written",
        where=str(error.filename or root),
        found=error.strerror or type(error).__name__,
        todo="the store is intact; free some space or change the rights, then try again",
    )
