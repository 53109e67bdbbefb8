"""Results of a store that are known before the game can be over are reported; a run sees them later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

import research
from engine.schema import INSTANT_DTYPE
from engine.store import Store, merge
from engine.store.inspect import check
from research.leakage.finder import Search, find_leaks
from research.tapes.builder import Tapes
from tests.engine.store.batches import batch, match
from tests.research.leakage.subjects import subject

START = timedelta(minutes=15)


@pytest.fixture()
def old_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store as an older version wrote it: the result of each match is known a quarter of an hour after its start."""
    made = batch(
        [match("A", "B", date(2021, 9, 4)), match("C", "D", date(2021, 9, 11)), match("E", "F", date(2021, 9, 18))]
    )
    early = made.events.with_columns(settled_at=(pl.col("starts_at") + START).cast(INSTANT_DTYPE))
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(merge, "with_possible_results", lambda events: events)
        Store.create_or_open(tmp_path / "data" / "store").apply([replace(made, events=early)])
    return tmp_path / "data" / "store"


def test_the_check_of_a_store_names_them(old_store: Path) -> None:
    (found,) = [one for one in check(Store.open(old_store)) if "can be over" in one.check]
    assert (found.level, found.count) == ("shout", 3)


def test_the_leak_finder_reports_them(old_store: Path) -> None:
    findings = find_leaks(subject(["strategy=flat_all"]), Search(instants=1))
    (leak,) = [leak for leak in findings.leaks if leak.column == "settled_at"]
    assert leak.kinds == {"too early": 3} and "before the game can be over" in leak.cause
    (example,) = leak.examples
    assert example.home == "A" and str(example.value) < str(example.other)


def test_tapes_and_models_see_them_when_the_game_can_be_over(old_store: Path) -> None:
    run = research.backtest(["strategy=flat_all", "strategy.bookmaker=b365", "risk=off", "report=false"])
    wait = run.bets().select((pl.col("settled_at") - pl.col("settled_at").dt.truncate("1d")).unique()).to_series()
    assert wait.to_list() == [timedelta(hours=17)]
    tapes = Tapes()
    spec = subject(["strategy=flat_all"]).spec
    inputs = tapes.inputs(spec)
    part = tapes._read.read(tapes._store(spec), inputs, inputs.visible)
    assert part is not None
    assert (part.events["settled_at"] - part.events["starts_at"]).unique().to_list() == [timedelta(hours=2)]
