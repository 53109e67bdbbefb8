"""Archives: members are unpacked under numbers; malicious and damaged archives are refused with a message."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import SourceError
from engine.source.sandbox.archive import ArchiveLimits, is_archive, members


def zipped(path: Path, entries: list[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def tarred(path: Path, entries: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for info, content in entries:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


def symlink(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return info


def encrypted(path: Path) -> Path:
    zipped(path, [("a.csv", b"x" * 100)])
    raw = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + at] |= 1
    path.write_bytes(raw)
    return path


def lying(path: Path) -> Path:
    """An archive that declares 10 bytes and unpacks to a megabyte."""
    zipped(path, [("a.csv", b"0123456789" * 100_000)])
    raw = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = raw.index(mark) + at
        raw[start : start + 4] = (10).to_bytes(4, "little")
    path.write_bytes(raw)
    return path


def twice(path: Path) -> Path:
    with pytest.warns(UserWarning, match="Duplicate name"):
        return zipped(path, [("a.csv", b"1"), ("a.csv", b"2")])


EVIL: dict[str, Callable[[Path], Path]] = {
    "slip": lambda d: zipped(d / "x.zip", [("../../evil.csv", b"1")]),
    "backslash slip": lambda d: zipped(d / "x.zip", [("..\\..\\evil.csv", b"1")]),
    "absolute": lambda d: zipped(d / "x.zip", [("/tmp/evil.csv", b"1")]),
    "drive": lambda d: zipped(d / "x.zip", [("C:evil.csv", b"1")]),
    "device": lambda d: zipped(d / "x.zip", [("nul.csv", b"1")]),
    "link": lambda d: zipped(d / "x.zip", [(link("a.csv"), b"/etc/passwd")]),
    "same name": lambda d: twice(d / "x.zip"),
    "bomb": lambda d: zipped(d / "x.zip", [("a.csv", bytes(30_000_000))]),
    "many": lambda d: zipped(d / "x.zip", [(f"{i}.csv", b"1") for i in range(201)]),
    "nested": lambda d: zipped(d / "x.zip", [("a.zip", b"PK")]),
    "encrypted": lambda d: encrypted(d / "x.zip"),
    "lying": lambda d: lying(d / "x.zip"),
    "tar slip": lambda d: tarred(d / "x.tgz", [(tarfile.TarInfo("../a.csv"), b"1")]),
    "tar link": lambda d: tarred(d / "x.tar.gz", [(symlink("a.csv"), b"")]),
    "tar bomb": lambda d: tarred(d / "x.tgz", [(tarfile.TarInfo("a.csv"), bytes(60_000_000))]),
    "damaged": lambda d: _written(d / "x.zip", b"PK\x03\x04 nothing"),
    "damaged tar": lambda d: _written(d / "x.tgz", b"\x1f\x8b\x08 nothing"),
    "other kind": lambda d: _written(d / "x.7z", b"7z"),
}


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("evil", EVIL)
def test_malicious_archives_are_refused_with_a_message(tmp_path: Path, evil: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    path = EVIL[evil](tmp_path)
    with pytest.raises(SourceError) as error:
        list(members(path, folder))
    assert str(path) in str(error.value) and "\n" not in str(error.value)
    assert all(p.parent == folder for p in folder.rglob("*")) and not (tmp_path.parent / "evil.csv").exists()


def test_the_total_size_is_limited(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", [("a.csv", b"12345"), ("b.csv", b"12345")])
    with pytest.raises(SourceError, match="too large when unpacked"):
        list(members(path, tmp_path, ArchiveLimits(total_bytes=9)))


def test_valid_archives_stream_their_members(tmp_path: Path) -> None:
    zip_path = zipped(tmp_path / "a.zip", [("d/", b""), ("d/a.csv", b"1"), ("=b.csv", b"2")])
    tar_path = tarred(tmp_path / "b.tar.gz", [(tarfile.TarInfo("d/a.csv"), b"1"), (tarfile.TarInfo("b.csv"), b"2")])
    for path in (zip_path, tar_path):
        unpacked = [(m.name, m.path.read_bytes()) for m in members(path, tmp_path)]
        assert [content for _, content in unpacked] == [b"1", b"2"] and unpacked[0][0] == "d/a.csv"
    assert is_archive(Path("A.ZIP")) and not is_archive(Path("a.csv"))


PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_compressed_file_is_unpacked_under_its_own_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.csv.{suffix}"
    path.write_bytes(PACKERS[suffix](b"x,y\n1,2\n"))
    assert is_archive(path)
    (member,) = members(path, tmp_path)
    assert member.name == "a.csv" and member.path.read_bytes() == b"x,y\n1,2\n"


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_damaged_or_huge_compressed_file_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.csv.{suffix}"
    packed = PACKERS[suffix](bytes(range(256)) * 400)
    for raw in (packed[: len(packed) // 2], b"nothing", packed[:8] + b"????????" + packed[16:]):
        path.write_bytes(raw)
        with pytest.raises(SourceError, match=r"damaged|cannot be read"):
            list(members(path, tmp_path))
    path.write_bytes(PACKERS[suffix](b"0" * 30_000_000))
    with pytest.raises(SourceError, match="unpacks to more than"):
        list(members(path, tmp_path, ArchiveLimits(total_bytes=1_000_000)))


@pytest.mark.parametrize("mode", ["gz", "bz2", "xz"])
def test_packed_tar_archives(tmp_path: Path, mode: str) -> None:
    path = tarred(tmp_path / f"a.tar.{mode}", [(tarfile.TarInfo("in/a.csv"), b"x\n")], f"w:{mode}")
    assert [member.name for member in members(path, tmp_path)] == ["in/a.csv"]
