"""Days collected from units: how many at a time, and on how many cores, changes no bit."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from engine.backtesting.measures import COLUMNS
from research.execution.job import Span
from research.execution.series import Series, series_of
from research.execution.units import Unit, UnitResult
from research.validation.folds import Cuts
from research.verdict.ruin import NEVER_BANKRUPT

DAYS, EDGES = 40, np.array([[0, 1, 19, 19, 20], [20, 21, 39, 39, 40]])
#: the second tape begins ten days later and is shorter
SPANS = [
    Span(dt.date(2020, 1, first), days, Cuts(np.minimum(EDGES, days), np.zeros((2, 2), np.bool_)))
    for first, days in ((1, DAYS), (11, 25))
]
UNITS = [Unit(0, 0, 9), Unit(0, 9, 14), Unit(1, 14, 25)]


def result(unit: Unit) -> tuple[UnitResult, np.ndarray]:
    """A made-up result; configuration 3 of each unit loses everything on the sixth day."""
    rng, count, days = np.random.default_rng(unit.low), unit.high - unit.low, SPANS[unit.tape].n_days
    pnl, level, clv = (rng.normal(0, 50, (count, days)).astype(np.float32) for _ in range(3))
    pnl[3, 5] = -1e6
    measures, marks, weights = (rng.random(shape) for shape in ((count, len(COLUMNS)), (count, 10, 2), (count, 2)))
    return UnitResult(measures, pnl, marks, level, clv, weights), np.full(count, 10_000.0)


def collected(folder: Path) -> tuple[Series, list[Unit]]:
    told: list[Unit] = []
    folder.mkdir()
    return series_of(SPANS, UNITS, result, folder, told.append), told


def test_each_configuration_has_its_own_row_from_the_first_day_of_its_tape(tmp_path: Path) -> None:
    series, told = collected(tmp_path / "whole")
    assert told == UNITS and series.first == dt.date(2020, 1, 1) and series.level.shape == (25, DAYS)
    for unit in UNITS:
        made, _ = result(unit)
        day = (SPANS[unit.tape].first - series.first).days
        rows, days = slice(unit.low, unit.high), slice(day, day + made.days.shape[1])
        assert (series.level[rows, days] == made.level).all() and (series.clv[rows, days] == made.clv).all()
        assert not series.returns[rows, : days.start].any() and not series.returns[rows, days.stop :].any()
        assert (series.level_turnover[rows] == made.level_turnover[:, 0]).all()
    ruined = {3: 5, 12: 5, 17: 15}
    assert {row: int(series.bankrupt[row]) for row in np.flatnonzero(series.bankrupt != NEVER_BANKRUPT)} == ruined


@pytest.mark.parametrize(("held", "threads"), [(1 << 18, 4), (100, 1), (100, 4), (1, 2)])
def test_parts_and_threads_change_no_bit(
    held: int, threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = collected(tmp_path / "whole")
    monkeypatch.setattr("research.execution.series._HELD", held)
    monkeypatch.setattr("research.execution.series.cores", lambda: threads)
    again, told = collected(tmp_path / "parts")
    assert told == UNITS
    for field in fields(Series):
        first, second = getattr(whole, field.name), getattr(again, field.name)
        assert first == second if field.name == "first" else first.tobytes() == second.tobytes(), field.name
