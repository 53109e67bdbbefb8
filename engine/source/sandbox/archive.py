"""Unpacking archives safely: members are streamed one by one under limits, and their names are never used as paths.

Each member is written to a file named by its number. A name such as ``../../x``, an absolute path or a device name
therefore has no effect. The archive is refused anyway, and the message names the member, because no honest archive of
odds has such names.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from engine.errors import SourceError

SUFFIXES: Final = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".7z", ".rar")
_TARS: Final = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
#: Suffixes of single files that are compressed.
_SINGLE: Final = (".gz", ".bz2", ".xz")
_READABLE: Final = (".zip", *_TARS, *_SINGLE)
_DEVICES: Final = frozenset(
    ("con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10)))
)
_PIECE: Final = 1 << 18


@dataclass(frozen=True)
class ArchiveLimits:
    """Limits of an archive: number of members, total unpacked bytes, and ratio of unpacked to packed bytes."""

    files: int = 200
    total_bytes: int = 2 * 1000**3
    ratio: float = 200.0


@dataclass(frozen=True)
class Member:
    """A member of an archive, unpacked to `path`; `name` is its name in the archive."""

    name: str
    path: Path


def is_archive(path: Path) -> bool:
    """Whether the name of a file has the suffix of an archive."""
    return path.name.lower().endswith(SUFFIXES)


def members(path: Path, folder: Path, limits: ArchiveLimits | None = None) -> Iterator[Member]:
    """Unpack the members of a zip or tar archive, or one compressed file, into a folder, one after the other.

    All names and declared sizes are checked before the first member is written. The bytes actually written are counted
    as well.

    Raises
    ------
    SourceError
        The archive is damaged, encrypted, of an unsupported type or over a limit, or it contains an unsafe name, an
        archive, a link, or a duplicate name.
    """
    limits = limits or ArchiveLimits()
    if not path.name.lower().endswith(_READABLE):
        raise SourceError(
            "an unsupported type of archive", where=str(path), expected=" ".join(_READABLE), todo="unpack it"
        )
    try:
        if path.name.lower().endswith(".zip"):
            yield from _zip_members(path, folder, limits)
        elif path.name.lower().endswith(_TARS):
            yield from _tar_members(path, folder, limits)
        else:
            yield _single_member(path, folder, limits)
    except SourceError:
        raise
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        raise SourceError("a damaged archive", where=str(path), found=str(error)[:100]) from error
    except (NotImplementedError, RuntimeError, ValueError, OverflowError, MemoryError, KeyError) as error:
        raise SourceError("the archive cannot be read", where=str(path), found=str(error)[:100]) from error


def _zip_members(path: Path, folder: Path, limits: ArchiveLimits) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        _check_names(path, [entry.filename for entry in archive.infolist()], limits)
        for entry in entries:
            if entry.flag_bits & 0x1:
                raise _refused(path, entry.filename, "an encrypted member")
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if kind not in (0, stat.S_IFREG):
                raise _refused(path, entry.filename, "a member that is a link or not a regular file")
            if entry.file_size > limits.ratio * max(entry.compress_size, 1) and entry.file_size > _PIECE:
                raise _refused(path, entry.filename, f"a member compressed more than {limits.ratio:g} to 1")
        _check_total(path, sum(entry.file_size for entry in entries), limits)
        left = limits.total_bytes
        for number, entry in enumerate(entries):
            with archive.open(entry) as stream:
                target = folder / f"{number:06d}"
                left -= _stream(path, stream, target, (entry.filename, min(left, entry.file_size)))
            yield Member(entry.filename, target)


def _tar_members(path: Path, folder: Path, limits: ArchiveLimits) -> Iterator[Member]:
    most = min(limits.total_bytes, int(limits.ratio * max(path.stat().st_size, 1)) + 10 * _PIECE)
    with tarfile.open(path, "r:*") as archive:
        entries: list[tarfile.TarInfo] = []
        declared = 0
        for entry in archive:
            declared += entry.size
            entries.append(entry)
            if declared > most:
                raise _refused(path, entry.name, f"unpacks to more than {most:,} bytes")
            if len(entries) > limits.files:
                break
            if not (entry.isreg() or entry.isdir()):
                raise _refused(path, entry.name, "a member that is a link or not a regular file")
        _check_names(path, [entry.name for entry in entries], limits)
        for number, entry in enumerate(e for e in entries if e.isreg()):
            stream = archive.extractfile(entry)
            if stream is None:
                continue
            target = folder / f"{number:06d}"
            _stream(path, stream, target, (entry.name, entry.size))
            yield Member(entry.name, target)


def _single_member(path: Path, folder: Path, limits: ArchiveLimits) -> Member:
    """The one file in a compressed file; its name is that of the file without the suffix."""
    most = min(limits.total_bytes, int(limits.ratio * max(path.stat().st_size, 1)) + 10 * _PIECE)
    target = folder / "000000"
    kind = {".gz": gzip.GzipFile, ".bz2": bz2.BZ2File, ".xz": lzma.LZMAFile}[path.suffix.lower()]
    with kind(path) as stream:
        written = 0
        with target.open("wb") as file:
            while piece := stream.read(_PIECE):
                written += len(piece)
                if written > most:
                    raise _refused(path, path.stem, f"unpacks to more than {most:,} bytes")
                file.write(piece)
    return Member(path.stem, target)


def _stream(path: Path, stream: IO[bytes], target: Path, member: tuple[str, int]) -> int:
    """Copy a member piece by piece and return its size. A member larger than declared is refused."""
    name, most = member
    written = 0
    with target.open("wb") as file:
        while piece := stream.read(_PIECE):
            written += len(piece)
            if written > most:
                raise _refused(path, name, "a member larger than declared")
            file.write(piece)
    return written


def _check_names(path: Path, names: list[str], limits: ArchiveLimits) -> None:
    if len(names) > limits.files:
        raise SourceError(
            "an archive with too many members",
            where=str(path),
            expected=f"at most {limits.files}",
            found=str(len(names)),
            todo="unpack it, or set archive_files in the mapping",
        )
    seen: set[str] = set()
    for name in names:
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if not name or "\0" in name or name.startswith(("/", "\\")) or ".." in parts or name[1:2] == ":":
            raise _refused(path, name, "a name that points outside of the archive")
        if any(part.split(".")[0].strip().lower() in _DEVICES for part in parts):
            raise _refused(path, name, "a device name")
        if name.lower() in seen:
            raise _refused(path, name, "a duplicate name")
        seen.add(name.lower())
        if name.lower().endswith(SUFFIXES):
            raise _refused(path, name, "an archive inside an archive")


def _check_total(path: Path, total: int, limits: ArchiveLimits) -> None:
    if total > limits.total_bytes:
        raise SourceError(
            "an archive that is too large when unpacked",
            where=str(path),
            expected=f"at most {limits.total_bytes:,} bytes",
            found=f"{total:,}",
        )


def _refused(path: Path, name: str, reason: str) -> SourceError:
    return SourceError(f"{reason}: {name[:100]!r}", where=str(path), todo="unpack it and check its content")
