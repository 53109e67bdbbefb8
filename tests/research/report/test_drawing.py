"""Drawings: scales, ticks whose labels show them exactly, and words that no line crosses."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from research.report import charts
from research.report.charts.axes import labelled
from research.report.drawing import LogScale, fits, log_ticks
from research.report.figure import FULL, HALF, PHONE, Figure
from research.report.text import compact, compacts, decades, numbers, percents
from tests.research.report import test_charts, test_charts_luck, test_charts_validation
from tests.research.report.made import bets

MAKERS: dict[str, Callable[[], Figure]] = test_charts.MAKERS | test_charts_luck.MAKERS | test_charts_validation.MAKERS


def value(label: str) -> float:
    size = {"k": 1e3, "M": 1e6, "G": 1e9, "%": 0.01}.get(label[-1], 1.0)
    return float(label.rstrip("kMG%").replace(",", "").replace("\N{MINUS SIGN}", "-")) * size


@pytest.mark.parametrize("labels", [percents, numbers])
def test_ticks_and_labels_agree(labels: Callable[[list[float]], list[str]]) -> None:
    rng = np.random.default_rng(4)
    for _ in range(400):
        low = float(rng.normal(0, 1)) * 10.0 ** rng.integers(-3, 3)
        high = low + float(rng.exponential(1)) * 10.0 ** rng.integers(-3, 3)
        marks = labelled(low, high, int(rng.integers(3, 8)), labels)
        assert len(marks) > 1 and len({label for _, label in marks}) == len(marks)
        for tick, label in marks:
            assert value(label) == pytest.approx(tick, rel=1e-6, abs=1e-9), (tick, label)


def test_an_axis_has_one_form() -> None:
    assert percents([0.0, 0.025, 0.05]) == ["0.0%", "2.5%", "5.0%"]
    assert numbers([0.0, 1.0, 2.5]) == ["0.0", "1.0", "2.5"]
    assert compacts([0.0, 5_000.0, 10_000.0]) == ["0", "5k", "10k"]
    assert compacts([0.0, 2_000.0, 4_000.0]) == ["0", "2,000", "4,000"]
    assert compacts([-2.5e6, 0.0, 2.5e6]) == ["\N{MINUS SIGN}2.5M", "0.0", "2.5M"]
    assert compact(12_500.0) == "12.5k"
    assert decades([200.0, 2_000.0, 10_000.0, 2e6]) == ["200", "2k", "10k", "2M"]
    assert decades([0.5, 200.0, 5_000.0]) == ["0.5", "200", "5,000"]


def test_a_logarithmic_scale() -> None:
    scale = LogScale(100.0, 10_000.0, 200.0, 0.0)
    assert [scale(at) for at in (100.0, 1_000.0, 10_000.0)] == pytest.approx([200.0, 100.0, 0.0])
    assert scale(0.0) == scale(-5.0) == scale(50.0) == 200.0
    assert log_ticks(90.0, 12_000.0, 6) == [100.0, 300.0, 1_000.0, 3_000.0, 10_000.0]
    assert log_ticks(9_000.0, 60_000.0, 6) == [10_000.0, 20_000.0, 50_000.0]
    assert len(log_ticks(1.0, 1e9, 6)) <= 12


@pytest.mark.parametrize(
    ("growth", "logarithmic"), [(0.0, False), (0.8, False), (2.5, True), (-2.5, True), (-9.0, False)]
)
def test_money_has_a_logarithmic_scale_where_it_spans_decades(growth: float, logarithmic: bool) -> None:
    equity = 1_000_000.0 * np.exp(np.linspace(0.0, growth, 401))
    daily = pl.DataFrame(
        {
            "date": [dt.date(2020, 1, 1) + dt.timedelta(days=k) for k in range(400)],
            "pnl_minor": np.diff(equity),
            "equity_start_minor": equity[:-1],
            "n_bets": [1] * 400,
        }
    )
    figure = charts.equity(daily, compounds=True)
    assert ("Logarithmic scale" in figure.note) is logarithmic
    assert figure.draw is not None and ("log scale" in figure.draw(FULL, "wide")) is logarithmic
    assert "as shares of the bankroll" in figure.note
    assert "as amounts" in charts.equity(daily).note


def test_bands_that_leave_a_logarithmic_drawing_are_said() -> None:
    daily = pl.DataFrame(
        {
            "date": [dt.date(2020, 1, 1) + dt.timedelta(days=k) for k in range(400)],
            "pnl_minor": [10_000.0 * (-90 if k % 2 else 100) for k in range(400)],
            "n_bets": [1] * 400,
        }
    ).with_columns(equity_start_minor=1_000_000.0 + pl.col("pnl_minor").cum_sum().shift(1, fill_value=0.0))
    note = charts.equity(daily, compounds=True).note
    assert "Logarithmic scale" in note and re.search(r"The bands reach down to [\d.,]+, below the drawing\.", note)


def test_runs_with_the_same_change_are_level() -> None:
    days = pl.DataFrame(
        {"date": [dt.date(2020, 1, 1)], "pnl_minor": [-100_000], "equity_start_minor": [100_000], "n_bets": [1]}
    )
    assert "A −100.0% and B −100.0%. A and B are level." in charts.together({"A": days, "B": days}).answer
    half = days.with_columns(pnl_minor=pl.lit(-50_000))
    assert " B loses least, with " in charts.together({"A": days, "B": half}).answer


def test_the_fan_of_money_never_goes_below_zero() -> None:
    log = bets(600)
    daily = pl.DataFrame(
        {
            "date": [dt.date(2020, 1, 1) + dt.timedelta(days=k) for k in range(200)],
            "pnl_minor": np.random.default_rng(3).normal(-60, 200, 200),
            "n_bets": [3] * 200,
        }
    ).with_columns(equity_start_minor=1_000.0 + pl.col("pnl_minor").cum_sum().shift(1, fill_value=0.0))
    figure = charts.equity(daily)
    assert log.height == 600 and "end between 0.00 and " in figure.answer


def boxes(root: ElementTree.Element) -> list[tuple[str, float, float, float, float]]:
    """Words with the box that they fill, a little smaller than it is drawn."""
    found = []
    for text in root.iter("text"):
        words, x, y = text.text or "", float(text.get("x") or 0), float(text.get("y") or 0)
        wide = fits(words) * 0.8
        left = {"end": x - wide, "middle": x - wide / 2}.get(text.get("text-anchor") or "", x)
        found.append((words, left, y - 9, left + wide, y - 1))
    return found


@pytest.mark.parametrize("width", [FULL, HALF, PHONE])
@pytest.mark.parametrize("name", sorted(MAKERS))
def test_no_line_crosses_a_word(name: str, width: float) -> None:
    figure = MAKERS[name]()
    if figure.draw is None:
        return
    root = ElementTree.fromstring(figure.draw(width, "wide"))
    for words, left, top, right, bottom in boxes(root):
        for line in root.iter("line"):
            x1, y1, x2, y2 = (float(line.get(key) or 0) for key in ("x1", "y1", "x2", "y2"))
            steps = np.linspace(0.0, 1.0, 200)
            xs, ys = x1 + steps * (x2 - x1), y1 + steps * (y2 - y1)
            inside = (xs > left) & (xs < right) & (ys > top) & (ys < bottom)
            assert not inside.any(), (words, line.attrib)
