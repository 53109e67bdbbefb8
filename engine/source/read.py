"""Entry point of the readers: from the name of a source and paths to batches, one per raw file.

    for batch in read_files("football_data", ["seasons/", "more.zip"]):
        ...

Folders are searched, archives are unpacked member by member, and each file is parsed in a child process.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from engine.errors import SourceError, UsageError, nearest_name
from engine.exchange.files import is_tar
from engine.exchange.files import members as members_of_tar
from engine.paths import conf_dir
from engine.source.aliases import check_user_tables, user_tables_hash
from engine.source.batch import Batch
from engine.source.folders import HISTORY, readable_files, suffixes_of
from engine.source.mapping import archive_files, mapping_text, shipped_mappings
from engine.source.quarantine import Origin
from engine.source.sandbox.archive import ArchiveLimits, is_archive, members
from engine.source.sandbox.process import Child, Limits

_PIECE: Final = 1 << 20
#: Number of files that the child processes together read ahead of the caller.
_AHEAD: Final = 4
_LARGEST_BYTES: Final = 1 << 30


def _version() -> str:
    """Hash of the readers and of the tables they use. If either changes, all files are read again."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    modules = sorted(folder.rglob("*.py"))
    modules += [
        path for room in ("plausibility", "names", "exchange") for path in sorted((folder.parent / room).glob("*.py"))
    ]
    modules.append(folder.parent / "betting" / "sport.py")
    tables = sorted((conf_dir() / "source").rglob("*.yaml"))
    for path in [*modules, *tables]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


READER_VERSION: Final = _version()
_BUILT_IN: Final = {
    "football_data": "football-data.co.uk: one league and season per file, or one country per file",
    "tennis_data": "tennis-data.co.uk: one tour and year per file, workbook or CSV",
    "betfair_history": "Betfair historical data or a recording of its stream: plain, bz2, gzip, or tar of these",
    "generic_csv": "any table, described by a mapping",
}


def sources() -> dict[str, str]:
    """Names that `read_files` accepts with their descriptions: the built-in sources, then the shipped mappings."""
    return {**_BUILT_IN, **shipped_mappings()}


@dataclass(frozen=True)
class _Reader:
    """A source with its reader, and the text and name of its mapping if it has one."""

    source: str
    reader: str
    mapping: str = ""
    mapping_name: str = ""


@dataclass(frozen=True)
class _Job:
    """One raw file to read, or an input that could not be opened (`refused`)."""

    name: str
    path: Path | None
    refused: SourceError | None = None


@dataclass(frozen=True)
class _Settings:
    """Settings of one call, shared by all its files."""

    reader: _Reader
    today: date
    known: frozenset[str]
    suffixes: tuple[str, ...]
    user_tables: str = ""


def read_files(
    source: str,
    paths: Iterable[str | Path],
    *,
    mapping: str | Path | None = None,
    today: date | None = None,
    known: Iterable[str] = (),
    progress: Callable[[str], None] | None = None,
    limits: Limits | None = None,
    archive_limits: ArchiveLimits | None = None,
) -> Iterator[Batch]:
    """Read files of a source, one batch per raw file, in the order of the paths.

    Parameters
    ----------
    source : str
        A name of `sources()`.
    paths : files, folders (searched for tables, or documents if the mapping reads JSON, and for archives), and archives
    mapping : for ``generic_csv`` only: the name of a shipped mapping or the path of a YAML file
    today : rows with a result on a later date are refused; default: today's date in UTC
    known : identities of files read before; they are returned as `unchanged` and not parsed
    progress : called with the name of each file after it was read
    limits, archive_limits : limits for parsing one file and for unpacking one archive; a mapping can raise the default
        limit of 200 files per archive

    Raises
    ------
    UsageError
        The source or a path does not exist, or the mapping is missing or not allowed. Errors in the content of a file
        do not raise; they are in its batch.
    ConfigurationError
        There is no such mapping, or it is invalid; or a table of aliases in ``BEA_HOME`` is.
    """
    reader = _reader(source, mapping)
    inputs = [Path(path) for path in paths]
    for path in inputs:
        if not path.exists():
            raise UsageError(f"no such file or folder: {path}")
    check_user_tables()
    settings = _Settings(
        reader,
        today or datetime.now(UTC).date(),
        frozenset(known),
        () if reader.reader == HISTORY else suffixes_of(reader.mapping, reader.mapping_name),
        user_tables_hash(),
    )
    if archive_limits is None:
        count = archive_files(reader.mapping, reader.mapping_name) if reader.mapping else None
        archive_limits = ArchiveLimits(files=count) if count else ArchiveLimits()
    return _read(settings, inputs, limits or Limits(), archive_limits, progress)


def _read(
    settings: _Settings,
    paths: list[Path],
    limits: Limits,
    archive_limits: ArchiveLimits,
    progress: Callable[[str], None] | None,
) -> Iterator[Batch]:
    workers = min(2, os.cpu_count() or 1)
    idle: SimpleQueue[Child] = SimpleQueue()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bea-unpack-")))
        for _ in range(workers):
            idle.put(stack.enter_context(Child(limits)))
        pool = stack.enter_context(ThreadPoolExecutor(workers, thread_name_prefix="bea-read"))
        waiting: deque[Future[Batch]] = deque()
        try:
            for job in _jobs(paths, settings.suffixes, folder, archive_limits):
                waiting.append(pool.submit(_read_job, settings, job, idle))
                if len(waiting) >= _AHEAD:
                    yield _reported(waiting.popleft().result(), progress)
            while waiting:
                yield _reported(waiting.popleft().result(), progress)
        finally:
            for future in waiting:
                future.cancel()


def _reported(batch: Batch, progress: Callable[[str], None] | None) -> Batch:
    if progress is not None:
        progress(batch.name)
    return batch


def _reader(source: str, mapping: str | Path | None) -> _Reader:
    shipped = shipped_mappings()
    if source not in _BUILT_IN and source not in shipped:
        names = sorted({*_BUILT_IN, *shipped})
        near = nearest_name(source, names)
        todo = f"did you mean {near!r}?" if near else ""
        raise UsageError(f"unknown source {source!r}", expected=", ".join(names), todo=todo)
    if source in shipped:
        if mapping is not None:
            raise UsageError(f"the source {source!r} has its own mapping", todo="use generic_csv with a mapping")
        return _Reader(source, "generic_csv", *mapping_text(source))
    if source != "generic_csv":
        if mapping is not None:
            raise UsageError(f"the source {source!r} does not use a mapping", todo="use generic_csv with a mapping")
        return _Reader(source, source)
    if mapping is None:
        raise UsageError("generic_csv needs a mapping", expected="a YAML file or one of " + ", ".join(shipped))
    return _Reader(source, "generic_csv", *mapping_text(mapping))


def _jobs(paths: list[Path], suffixes: tuple[str, ...], folder: Path, limits: ArchiveLimits) -> Iterator[_Job]:
    for root in paths:
        try:
            files = readable_files(root, suffixes)
        except SourceError as refused:
            yield _Job(str(root), None, refused)
            continue
        for path in files:
            if not suffixes:
                yield from _history_jobs(path, folder)
                continue
            if not is_archive(path):
                yield _Job(str(path), path)
                continue
            unpacked, n = Path(tempfile.mkdtemp(dir=folder)), 0
            try:
                for member in members(path, unpacked, limits):
                    n += 1
                    yield _Job(f"{path}!{member.name}", member.path)
                if not n:
                    raise SourceError("an archive without files", where=str(path))
            except SourceError as refused:
                yield _Job(str(path), None, refused)


def _history_jobs(path: Path, folder: Path) -> Iterator[_Job]:
    """The file as it is, packed or not; of a tar archive each file in it."""
    if not is_tar(path):
        yield _Job(str(path), path)
        return
    try:
        for member in members_of_tar(path, Path(tempfile.mkdtemp(dir=folder))):
            yield _Job(f"{path}!{member.name}", member.path)
    except SourceError as refused:
        yield _Job(str(path), None, refused)


def _read_job(settings: _Settings, job: _Job, idle: SimpleQueue[Child]) -> Batch:
    reader = settings.reader
    if job.path is None:
        return Batch(reader.source, job.name, "", None, refused=job.refused)
    try:
        if job.path.stat().st_size > _LARGEST_BYTES:
            raise SourceError("a file larger than 1 GB", where=job.name, todo="split it into parts")
        sha256 = _sha256(job.path)
    except OSError as error:
        refused = SourceError("the file cannot be opened", where=job.name, found=error.strerror or str(error))
        return Batch(reader.source, job.name, "", None, refused=refused)
    except SourceError as refused:
        return Batch(reader.source, job.name, "", None, refused=refused)
    identity = _identity(reader, sha256, job.name, settings.user_tables)
    if identity in settings.known:
        return Batch(reader.source, job.name, sha256, job.path, identity=identity, unchanged=True)
    request: dict[str, Any] = {
        "path": str(job.path),
        "name": job.name,
        "source": reader.source,
        "reader": reader.reader,
        "sha256": sha256,
        "today": settings.today.isoformat(),
        "mapping": reader.mapping,
        "mapping_name": reader.mapping_name,
    }
    child = idle.get()
    try:
        parsed = child.read(request)
    except SourceError as refused:
        return Batch(reader.source, job.name, sha256, job.path, refused=refused, identity=identity)
    finally:
        idle.put(child)
    origin = Origin(reader.source, job.name, sha256)
    return Batch(
        origin.source,
        origin.name,
        sha256,
        job.path,
        parsed.events,
        parsed.quotes,
        parsed.quarantine,
        parsed.counts,
        identity="" if parsed.depends_on_today else identity,
    )


def _identity(reader: _Reader, sha256: str, name: str, user_tables: str) -> str:
    """Identity of a file: a hash of its content and of all that decides how it is read.

    A mapping may use the name of the file, so the last part of the name is included; and so are the user's tables of
    aliases.
    """
    last = name.rsplit("!", 1)[-1].rsplit("/", 1)[-1]
    parts = [READER_VERSION, reader.source, reader.reader, reader.mapping, last if reader.mapping else "", sha256]
    parts += [user_tables] if user_tables else []
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
