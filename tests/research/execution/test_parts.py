"""Parts of the tests against luck are kept when they are finished, told, and read again by the next attempt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import research
from research.api import Run
from research.execution.parts import PartFolder
from research.execution.progress import Silence
from research.inference.parts import Arrays
from research.records import folder

SWEEP = (
    "data=sample",
    "data.competitions=[SIM1]",
    "strategy=value",
    "strategy.edge_min=range(0,0.1,0.01)",
    "report=false",
)


class Told(Silence):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, int]] = []
        self.steps = 0

    def begin(self, what: str, total: int, done: int = 0) -> None:
        self.begun.append((what, total))

    def step(self, count: int) -> None:
        self.steps += count


def made() -> Arrays:
    return np.arange(6, dtype=np.float32).reshape(2, 3).T, np.zeros((0, 4)), np.array([True, False])


def never() -> Arrays:
    raise AssertionError("it was kept")


def test_a_kept_part_is_read_and_not_made_again(tmp_path: Path) -> None:
    told = Told()
    parts = PartFolder(tmp_path, "run", told)
    parts.begin("resampling days", 9)
    parts.part("a", 4, made)
    again = parts.part("a", 5, never)
    assert told.begun == [("resampling days", 9)] and told.steps == 9
    for left, right in zip(again, made(), strict=True):
        assert left.dtype == right.dtype and left.shape == right.shape and np.array_equal(left, right)


@pytest.mark.parametrize("damage", ["last byte", "half", "empty", "renamed", "other data"])
def test_a_part_that_is_damaged_or_of_something_else_is_made_again(tmp_path: Path, damage: str) -> None:
    parts, path = PartFolder(tmp_path, "run", Silence()), tmp_path / "a.part"
    parts.part("a", 1, made)
    content = path.read_bytes()
    if damage == "renamed":
        path.rename(tmp_path / "b.part")
    elif damage == "other data":
        parts = PartFolder(tmp_path, "another run", Silence())
    else:
        path.write_bytes({"last byte": content[:-1] + b"x", "half": content[: len(content) // 2], "empty": b""}[damage])
    name = "b" if damage == "renamed" else "a"
    other = (np.array([7.0]),)
    assert parts.part(name, 1, lambda: other)[0].tolist() == [7.0]
    assert parts.part(name, 1, never)[0].tolist() == [7.0]


def files(run: Run) -> dict[str, bytes]:
    names = ("luck.json", "price.json", "splits.parquet", "flags.parquet", "path_daily.parquet")
    return {name: (run.folder / name).read_bytes() for name in names}


def test_a_stop_between_two_parts_resumes_with_the_same_bytes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = research.sweep(SWEEP)
    wanted = files(whole)
    folder.remove(whole.id)
    real, left = PartFolder.part, 4

    def stopping(self: PartFolder, name: str, steps: int, make: object) -> Arrays:
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        return real(self, name, steps, make)  # type: ignore[arg-type]

    monkeypatch.setattr(PartFolder, "part", stopping)
    with pytest.raises(KeyboardInterrupt):
        research.sweep(SWEEP)
    kept = sorted((folder.work_folder(whole.id) / "parts").glob("*.part"))
    assert len(kept) == 4
    monkeypatch.setattr(PartFolder, "part", real)
    saved = list[str]()
    save = PartFolder._save
    monkeypatch.setattr(PartFolder, "_save", lambda *words: (saved.append(words[1]), save(*words))[1])
    again = research.sweep(SWEEP)
    assert files(again) == wanted
    assert saved and not {path.stem for path in kept} & set(saved)
    assert not folder.work_folder(whole.id).exists()
