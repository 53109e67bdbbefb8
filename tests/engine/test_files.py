"""Files written whole or not at all, the lock against a second process, values as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from engine.errors import BeaError
from engine.files import exclusive, json_line, new_file, plain, write_bytes, write_json, write_once


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / ".hidden.json"
    for content in (b"old", b"new and longer"):
        write_bytes(path, content, durable=durable)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["replace", "open"])
def test_a_failed_write_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    path = tmp_path / "a.json"
    write_bytes(path, b"old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, step, full)
    with pytest.raises(OSError, match="No space left"):
        write_bytes(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_a_durable_file_and_its_folder_are_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    flush = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (flushed.append(os.fstat(handle).st_mode), flush(handle)))
    write_bytes(tmp_path / "a", b"1")
    assert flushed == []
    write_bytes(tmp_path / "a", b"2", durable=True)
    assert [mode >> 12 for mode in flushed] == [0o10, 0o04]  # a regular file, then a folder


def test_a_file_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_once(path, b"first")
    with pytest.raises(FileExistsError):
        write_once(path, b"second")
    write_once(path, b"third", exists_ok=True)
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_its_name_once_it_is_whole_and_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, flushed = tmp_path / "file", []
    flush = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda handle: (flushed.append((os.fstat(handle).st_size, path.exists())), flush(handle))
    )
    with new_file(path, mode=0o600) as made:
        made.write_bytes(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole" and path.stat().st_mode & 0o777 == 0o600
    assert flushed[0] == (5, False) and flushed[1][1] and len(flushed) == 2  # the file before its name, then the folder
    with pytest.raises(KeyError), new_file(tmp_path / "other"):
        raise KeyError
    assert list(tmp_path.iterdir()) == [path]


def test_a_lock_is_held_by_one_process_and_released_by_its_death(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    holder = (
        "import sys\nfrom pathlib import Path\nfrom engine.errors import BeaError\nfrom engine.files import exclusive\n"
        "with exclusive(Path(sys.argv[1]), BeaError('held')):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", holder, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None and child.stdout.readline() == "held\n"
        with pytest.raises(BeaError, match="somebody else"), exclusive(path, BeaError("somebody else holds it")):
            pytest.fail("the lock was held twice")
        child.kill()
    with exclusive(path, BeaError("held")):
        assert path.is_file()


def test_values_as_json(tmp_path: Path) -> None:
    value = {"nan": float("nan"), "inf": -float("inf"), "pair": (1, 2.5), "day": date(2024, 1, 2), 3: None, "ok": True}
    expected = {"nan": None, "inf": None, "pair": [1, 2.5], "day": "2024-01-02", "3": None, "ok": True}
    assert plain(value) == expected
    assert json.loads(json_line(value)) == expected and "\n" not in json_line({"text": "a\nb"})
    write_json(tmp_path / "a.json", value)
    assert json.loads((tmp_path / "a.json").read_text()) == expected
