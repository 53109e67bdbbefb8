"""Files of messages: each kind of packing, cut ends, and archives."""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import SourceError
from engine.exchange.files import Lines, is_tar, members

TEXT = b"".join(b'{"n": %d}\r\n' % number for number in range(30_000))


@pytest.mark.parametrize("pack", [bytes, bz2.compress, gzip.compress])
def test_lines_are_the_same_however_a_file_is_packed(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "no_suffix"
    path.write_bytes(pack(TEXT))
    lines = Lines(path)
    assert [text for _, text in lines] == TEXT.split(b"\r\n")[:-1]
    assert (lines.n_lines, lines.cut) == (30_000, "")


@pytest.mark.parametrize("pack", [bz2.compress, gzip.compress])
def test_a_file_that_is_cut_off_gives_its_whole_lines_and_says_so(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    path, whole = tmp_path / "file", pack(TEXT)
    path.write_bytes(whole[: len(whole) // 2])
    lines = Lines(path)
    found = [text for _, text in lines]
    assert found == TEXT.split(b"\r\n")[: len(found)] and lines.n_lines == len(found) < 30_000
    assert lines.cut == "the packed bytes end too early"
    path.write_bytes(whole[:20] + b"\xff" * 50 + whole[70:])
    damaged = Lines(path)
    assert len(list(damaged)) < 30_000 and damaged.cut == "the packed bytes are damaged"


def test_a_last_line_without_an_end_is_given(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b'{"a": 1}\n{"b"')
    assert list(Lines(path)) == [(1, b'{"a": 1}'), (2, b'{"b"')]


def test_the_memory_of_a_long_file_is_that_of_a_short_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with gzip.open(path, "wb") as file:
        for _ in range(5):
            file.write(TEXT)
    tracemalloc.start()
    assert sum(1 for _ in Lines(path)) == 5 * 30_000
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1_200_000 < 5 * len(TEXT)


def tar_of(files: dict[str, bytes]) -> bytes:
    """A tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def test_files_of_an_archive_come_one_by_one_as_they_were_packed(tmp_path: Path) -> None:
    path, packed = tmp_path / "month.tar", bz2.compress(TEXT)
    path.write_bytes(tar_of({"2022/1.1.bz2": packed, "../../1.2": b"x\n"}))
    assert is_tar(path)
    found = [(member.name, member.path.parent, member.path.read_bytes()) for member in members(path, tmp_path)]
    assert found == [("2022/1.1.bz2", tmp_path, packed), ("../../1.2", tmp_path, b"x\n")]


def test_an_archive_that_is_cut_off_gives_its_whole_files_and_is_refused_then(tmp_path: Path) -> None:
    path = tmp_path / "month.tar"
    path.write_bytes(tar_of({"a": b"x" * 600, "b": b"y" * 5_000})[: 512 + 1024 + 512 + 700])
    found = members(path, tmp_path)
    assert next(found).name == "a"
    with pytest.raises(SourceError, match="1 whole files"):
        next(found)
