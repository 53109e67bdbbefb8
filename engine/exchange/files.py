"""Files of streamed messages, line by line: plain, bz2 or gzip, and tar archives of them; what was cut off is named.

Memory does not grow with the file: a line is given and forgotten. The kind is told by the first bytes, not by the name.

    lines = Lines(path)
    for number, text in lines:
        ...
    if lines.cut:
        print(lines.n_lines, lines.cut)
"""

from __future__ import annotations

import bz2
import gzip
import io
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from engine.errors import SourceError

#: no message is longer, bytes; a longer line is given up, and so is what follows it
LONGEST_LINE: Final = 64 << 20
_BUFFER: Final = 1 << 18


class Lines:
    """The lines of one file, in order, without their ends. Empty lines are given too.

    Parameters
    ----------
    path : Path
        A plain file, or one packed with bz2 or gzip.

    Attributes
    ----------
    n_lines : int
        Lines given so far.
    cut : str
        After the last line: why the file ends before its end, in a few words; empty if it does not. A last line without
        an end is given like any other: whether half of it is missing shows when it is read.
    packed : bool
        Whether the bytes are packed; known with the first line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.n_lines = 0
        self.cut = ""
        self.packed = False

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Number of the line, from 1 on, and its bytes.

        Raises
        ------
        OSError
            The file cannot be opened.
        """
        with _opened(self._path) as stream:
            self.packed = isinstance(getattr(stream, "raw", None), bz2.BZ2File | gzip.GzipFile)
            while True:
                try:
                    line = stream.readline(LONGEST_LINE + 1)
                except EOFError:
                    self.cut = "the packed bytes end too early"
                    return
                except (OSError, zlib.error):
                    self.cut = "the packed bytes are damaged"
                    return
                if not line:
                    return
                if len(line) > LONGEST_LINE:
                    self.cut = f"a line longer than {LONGEST_LINE >> 20} MiB"
                    return
                self.n_lines += 1
                yield self.n_lines, line.rstrip(b"\r\n")


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        first = file.read(3)
    if first == b"BZh":
        return io.BufferedReader(bz2.open(path), _BUFFER)
    if first[:2] == b"\x1f\x8b":
        return io.BufferedReader(gzip.open(path), _BUFFER)
    return path.open("rb")


@dataclass(frozen=True)
class Member:
    """A file of an archive: its name there, and where its bytes are, packed as they were."""

    name: str
    path: Path


def is_tar(path: Path) -> bool:
    """Whether a file is a tar archive, packed or not, by its content."""
    try:
        return path.is_file() and tarfile.is_tarfile(path)
    except (OSError, EOFError, zlib.error):
        return False


def members(path: Path, folder: Path) -> Iterator[Member]:
    """The files of a tar archive one after the other, each copied to `folder` under its number, never under its name.

    Parameters
    ----------
    path : Path
    folder : Path
        Exists. The caller removes what is in it.

    Raises
    ------
    SourceError
        After the last whole file: the archive is cut off or damaged, or has a link or a device in it.
    """
    count = 0
    try:
        with tarfile.open(path, "r|*") as archive:
            for entry in archive:
                if entry.isdir():
                    continue
                stream = archive.extractfile(entry) if entry.isreg() else None
                if stream is None:
                    raise SourceError("a link or a device in an archive", where=f"{path}!{entry.name}")
                target = folder / f"{count:06d}"
                with target.open("wb") as file:
                    shutil.copyfileobj(stream, file)
                if target.stat().st_size != entry.size:
                    raise tarfile.ReadError("unexpected end of data")
                count += 1
                yield Member(entry.name, target)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise SourceError(
            "an archive that is cut off or damaged", where=str(path), found=f"{count} whole files, then {error}"[:120]
        ) from error
    if not count:
        raise SourceError("an archive without files", where=str(path))
