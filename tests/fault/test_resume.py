"""A sweep killed at any moment resumes with the same command and ends with the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import research
from engine.backtesting.measures import COLUMNS
from engine.errors import BeaError
from research.api import Run
from research.execution import execute
from research.execution.units import DayRequest, Unit, UnitFolder, UnitResult, cut
from research.records import folder
from tests.fault.kills import interrupted, trial

pytestmark = pytest.mark.slow

SWEEP = (
    "data=sample",
    "data.competitions=[SIM1]",
    "strategy=value,consensus",
    "strategy.edge_min=range(0,0.1,0.01)",
    "report=false",
)


def test_a_kill_at_a_random_moment(tmp_path: Path) -> None:
    hits, _ = trial(tmp_path, kills=1, seed=7, words=("sweep", *SWEEP, "output=json"))
    assert hits


@pytest.mark.proof
def test_three_kills_at_random_moments(tmp_path: Path) -> None:
    hits, _ = trial(tmp_path, kills=3, seed=7)
    assert hits


def test_an_interrupt_leaves_a_run_that_can_be_resumed(tmp_path: Path) -> None:
    assert interrupted(tmp_path) in (130, 0)


def tables(run: Run) -> dict[str, bytes]:
    return {name: (run.folder / name).read_bytes() for name in ("results.parquet", "bets.parquet", "daily.parquet")}


def test_a_stop_between_any_two_units(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("research.execution.units._MOST", 4)
    monkeypatch.setattr("research.execution.units._FEWEST", 1)
    whole = research.sweep(SWEEP)
    wanted = tables(whole)
    folder.remove(whole.id)
    real, left = execute.compute, [3]

    def stopping(*args: object) -> object:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(execute, "compute", stopping)
    with pytest.raises(KeyboardInterrupt):
        research.sweep(SWEEP)
    kept = sorted((folder.work_folder(whole.id) / "units").glob("*.unit"))
    assert len(kept) == 3
    kept[0].write_bytes(kept[0].read_bytes()[:-1] + b"x")  # damaged while it was away
    (folder.work_folder(whole.id) / "made").mkdir(exist_ok=True)
    (folder.work_folder(whole.id) / "made" / "results.parquet").write_bytes(b"half")
    left[0] = 4  # the damaged one and the three that were missing
    again = research.sweep(SWEEP)
    assert left[0] == 0
    assert tables(again) == wanted
    assert not folder.work_folder(whole.id).exists()


def test_tapes_threads_and_blocks_do_not_matter(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = research.sweep([*SWEEP, "sweep.threads=1"])
    wanted = tables(one)
    monkeypatch.setattr("research.execution.units._MOST", 3)
    monkeypatch.setattr("research.execution.units._FEWEST", 3)
    for path in (home / "data" / "cache" / "tapes").glob("*.arrow"):
        path.write_bytes(b"damaged")
    two = research.sweep([*SWEEP, "sweep.threads=2", "force=true"])
    assert two.id == one.id
    assert tables(two) == wanted


def test_one_process_computes_a_run(home: Path) -> None:
    with folder.computing("ab12") as work:
        assert work.is_dir()
        with pytest.raises(BeaError, match="another process"), folder.computing("ab12"):
            pass


def test_units_are_checked(tmp_path: Path) -> None:
    kept, unit = UnitFolder(tmp_path), Unit(0, 0, 5)
    values = np.random.default_rng(0).normal(size=(5, len(COLUMNS)))
    days, marks = np.arange(35, dtype=np.float32).reshape(5, 7), np.arange(20.0).reshape(5, 2, 2)
    asked = DayRequest(7, np.array([0, 7]))
    result = UnitResult(values, days, marks, days + 35, days + 70, np.arange(10.0).reshape(5, 2))
    assert kept.load(unit, "tape", asked) is None
    kept.save(unit, "tape", asked, result)
    found = kept.load(unit, "tape", asked)
    assert found is not None
    for name, expected in vars(result).items():
        assert getattr(found, name).tobytes() == expected.tobytes(), name
    for other in (
        DayRequest(0, asked.edges),
        DayRequest(6, asked.edges),
        DayRequest(7, np.array([0, 6])),
        DayRequest(7, np.array([0])),
    ):
        assert kept.load(unit, "tape", other) is None
    assert kept.load(unit, "another tape", asked) is None
    content = (tmp_path / unit.name).read_bytes()
    for bad in (content[:-8], content[:20], b"", content[:60] + b"\x00\x01" + content[62:]):
        (tmp_path / unit.name).write_bytes(bad)
        assert kept.load(unit, "tape", asked) is None
    assert [(u.low, u.high) for u in cut(0, 10, 10_000, 1_000_000)][:2] == [(10, 1010), (1010, 2010)]
