"""Charts of validation: the out-of-sample path, the splits, the backtest paths; several runs together."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from research.inference.overfit import Overfitting, overfitting
from research.report import charts
from research.report.figure import FULL, HALF, PHONE, Figure
from research.verdict.findings import Window
from tests.research.report.made import START, bets, daily

DAYS = daily(bets())
WINDOWS = (
    Window("2019-08-01", "2020-07-31", 17, 0.05, 200, 2e6, 5e4),
    Window("2020-08-01", "2021-07-31", None, None, 0, 0.0, 0.0),
    Window("2021-08-01", "2023-05-31", 3, 0.08, 300, 3e6, -4e4),
)


def splits(
    days: int = 400, configurations: int = 20, blocks: int = 8, edge: float = 0.0
) -> tuple[pl.DataFrame, Overfitting]:
    rng = np.random.default_rng(3)
    returns = rng.normal(0, 1, (days, configurations))
    returns[:, :2] += edge
    found = overfitting(returns, blocks)
    return pl.DataFrame({"logit": found.logits, "inside": found.in_sample, "outside": found.out_of_sample}), found


FEW, FOUND = splits()
MANY, _ = splits(600, 30, 14)
MAKERS: dict[str, Callable[[], Figure]] = {
    "path": lambda: charts.out_of_sample(DAYS, WINDOWS, zone="Europe/London"),
    "no folds": lambda: charts.out_of_sample(DAYS, ()),
    "dots": lambda: charts.inside_outside(FEW),
    "cells": lambda: charts.inside_outside(MANY),
    "yield": lambda: charts.inside_outside(FEW, "yield"),
    "logits": lambda: charts.logits(FEW, 0.3, 0.5, 0.7),
    "crossing": lambda: charts.crossing([0.02, None, -0.01, 0.02], [5, 0, 7, 9], 6),
    "two": lambda: charts.together({f"run {k}": daily(bets(seed=k)) for k in range(2)}),
    "six": lambda: charts.together({f"run {k}": daily(bets(seed=k)) for k in range(6)}, out_of_sample=True),
}


def drawn(figure: Figure, width: float = FULL) -> ElementTree.Element:
    assert figure.draw is not None
    return ElementTree.fromstring(figure.draw(width, "wide"))


def of_class(root: ElementTree.Element, css: str) -> list[ElementTree.Element]:
    return [mark for mark in root.iter() if css in (mark.get("class") or "").split()]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("path", ["equity, money", "drawdown, % of the peak", "#17", "none", "#3"]),
        ("dots", ["out of sample: Sharpe ratio per year", "in sample: Sharpe ratio per year"]),
        ("yield", ["in sample: yield, % of turnover"]),
        ("logits", ["splits", "logit of the out-of-sample rank", "overfit:"]),
        ("crossing", ["Sharpe ratio per year, one dot per path", "median"]),
        ("six", ["equity, money", *(f"run {k}" for k in range(6))]),
    ],
)
def test_axes_and_lines_have_names(name: str, words: list[str]) -> None:
    texts = [text.text for text in drawn(MAKERS[name]()).iter("text")]
    for word in words:
        assert any(word in (text or "") for text in texts), word


def test_out_of_sample_is_solid_with_fan_and_fold_boundaries() -> None:
    root = drawn(MAKERS["path"]())
    lines = of_class(root, "series")
    assert len(lines) == 2 and not any("dashed" in (line.get("class") or "") for line in lines)
    assert len(of_class(root, "fan90")) == len(of_class(root, "fan50")) == 1
    points = [float(pair.split(",")[0]) for pair in (lines[0].get("points") or "").split()]
    boundaries = [line for line in of_class(root, "boundary") if line.get("y1") == "20"]
    assert 2 * len(boundaries) == len(of_class(root, "boundary")), "above the equity and beside the drawdown"
    for boundary, window in zip(boundaries, WINDOWS, strict=True):
        share = (dt.date.fromisoformat(window.first) - START).days / DAYS.height
        assert float(boundary.get("x1") or 0) == pytest.approx(points[0] + share * (points[-1] - points[0]), abs=0.1)
    assert all("dashed" in (line.get("class") or "") for line in of_class(drawn(MAKERS["two"]()), "series"))
    assert not any("dashed" in (line.get("class") or "") for line in of_class(drawn(MAKERS["six"]()), "series"))


def test_the_drawdown_hangs_on_the_same_time_axis() -> None:
    equity, fall = of_class(drawn(MAKERS["path"]()), "series")
    across = [[pair.split(",")[0] for pair in (line.get("points") or "").split()] for line in (equity, fall)]
    assert across[0] == across[1]
    down = [float(pair.split(",")[1]) for pair in (fall.get("points") or "").split()]
    assert min(down) == down[0] > max(float(pair.split(",")[1]) for pair in (equity.get("points") or "").split())


def test_the_folds_of_the_table_end_with_the_equity_of_their_last_day() -> None:
    figure = MAKERS["path"]()
    assert figure.numbers is not None
    for window, row in zip(WINDOWS, figure.numbers.rows, strict=True):
        until = DAYS.filter(pl.col("date") <= dt.date.fromisoformat(window.last))["pnl_minor"].sum()
        assert row[-1] == f"{(1_000_000 + until) / 100:,.0f}"
    assert figure.numbers.rows[0][6] == "+2.50%" and figure.numbers.rows[1][6] == "–"
    assert "1 of 3 folds made money. 2 configurations were selected; none qualified in 1 fold." in figure.answer


def test_slope_loss_and_share_are_those_of_the_cross_validation() -> None:
    slope, loss = np.polyfit(FOUND.in_sample, FOUND.out_of_sample, 1)[0], (FOUND.out_of_sample < 0).mean()
    answer = charts.inside_outside(FEW).answer.replace(",", "").replace("\u2212", "-")
    assert float(re.findall(r"slope (-?\d+\.\d+)", answer)[0]) == pytest.approx(slope, abs=0.0051)
    assert float(re.findall(r"zero in (\d+\.\d)%", answer)[0]) == pytest.approx(100 * loss, abs=0.051)
    means = re.findall(r"from (-?\d+\.\d+) in sample to (-?\d+\.\d+)", answer)[0]
    wanted = (FOUND.in_sample.mean() * math.sqrt(365.25), FOUND.out_of_sample.mean() * math.sqrt(365.25))
    assert [float(one) for one in means] == pytest.approx(wanted, abs=0.0051)
    share = re.findall(r"In (\d+\.\d)%", charts.logits(FEW).answer.replace(",", ""))[0]
    assert float(share) == pytest.approx(100 * FOUND.probability, abs=0.051)


def test_every_split_is_a_dot_or_in_a_cell() -> None:
    root = drawn(MAKERS["dots"](), HALF)
    dots = of_class(root, "dot")
    assert len(dots) == FEW.height == 70
    assert np.corrcoef([float(dot.get("cx") or 0) for dot in dots], FEW["inside"])[0, 1] == pytest.approx(1, abs=1e-4)
    assert np.corrcoef([float(dot.get("cy") or 0) for dot in dots], FEW["outside"])[0, 1] == pytest.approx(-1, abs=1e-4)
    for width in (HALF, PHONE):
        cells = of_class(drawn(MAKERS["cells"](), width), "cell")
        counted = [int(re.findall(r"([\d,]+) splits?$", cell.get("data-tip") or "")[0]) for cell in cells]
        assert sum(counted) == MANY.height == 3432 and len(cells) < 700
    again = charts.inside_outside(MANY)
    assert again.html() == MAKERS["cells"]().html()


def test_a_logit_of_zero_counts_as_overfit() -> None:
    figure = charts.logits(pl.DataFrame({"logit": [0.0] * 6 + [-1.0] * 2 + [1.0] * 2}))
    assert "In 80.0% of 10 splits" in figure.answer and figure.numbers is not None
    below = sum(int(row[1]) for row in figure.numbers.rows if row[0].endswith((" to 0.00",)) or "\u2212" in row[0][:1])
    assert below == 8 and sum(int(row[1]) for row in figure.numbers.rows) == 10


@pytest.mark.parametrize(
    ("band", "words"),
    [
        ((0.6, 0.7, 0.8), "the selection carries over"),
        ((0.05, 0.1, 0.15), "the selection misleads"),
        ((0.1, 0.5, 0.8), "no better than a random one"),
        ((math.nan, 0.5, 0.8), "not compared"),
    ],
)
def test_the_share_is_compared_with_its_range(band: tuple[float, float, float], words: str) -> None:
    assert words in charts.logits(FEW, *band).answer


def test_paths_are_at_their_metric_and_none_is_hidden() -> None:
    values = [0.02, 0.02, 0.0201, -0.01]
    dots = of_class(drawn(charts.crossing(values, [1, 2, 3, 4], 6, "growth")), "point")
    places = [(float(dot.get("cx") or 0), float(dot.get("cy") or 0)) for dot in dots]
    assert len(set(places)) == 4
    step = (places[0][0] - places[3][0]) / 0.03
    assert places[2][0] - places[0][0] == pytest.approx(0.0001 * step, abs=0.11)
    assert "3 of 4 paths from 6 splits" in charts.crossing(values, [1, 2, 3, 4], 6, "growth").answer


def test_runs_together_state_the_change_of_each() -> None:
    frames = {"a": DAYS, "b": daily(bets(seed=9)), "idle": DAYS.with_columns(n_bets=pl.lit(0))}
    figure = charts.together(frames)
    change = DAYS["pnl_minor"].sum() / 1_000_000
    assert f"a {100 * change:+.1f}%".replace("-", "\u2212") in figure.answer
    assert figure.answer.endswith("No bets: idle.")
    assert len(of_class(drawn(figure), "series")) == 4


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (
            lambda: charts.out_of_sample(DAYS.with_columns(n_bets=pl.lit(0)), WINDOWS),
            "No bets were placed out of sample.",
        ),
        (lambda: charts.out_of_sample(DAYS.clear(), WINDOWS[1:2]), "no configuration qualified in 1 fold"),
        (lambda: charts.inside_outside(FEW.clear()), "too few days"),
        (lambda: charts.logits(FEW.clear()), "too few days"),
        (lambda: charts.crossing([], [], 0), "Nothing was cross-validated."),
        (lambda: charts.crossing([None, None], [0, 0], 3), "Not one of 2 paths"),
        (lambda: charts.together({"a": DAYS.clear()}), "Not one of these runs placed a bet."),
    ],
)
def test_nothing_to_draw_is_put_into_words(figure: Callable[[], Figure], words: str) -> None:
    made = figure()
    assert made.draw is None and words in made.answer and "nan" not in made.html().lower()


def test_splits_that_do_not_vary() -> None:
    flat = pl.DataFrame({"logit": [0.0, 0.0], "inside": [1.0, 1.0], "outside": [0.5, 0.5]})
    for figure in (charts.inside_outside(flat), charts.logits(flat)):
        assert "nan" not in figure.html().lower()
    assert "slope" not in charts.inside_outside(flat).answer


@pytest.mark.parametrize(
    ("value", "words", "dashed"),
    [
        (lambda i, j: 0.5 * i, "is on a plateau: 4 of its 4 neighbours are within one standard error", 19),
        (lambda i, j: -3.0 * (i != 0 or j != 0), "is a peak: 0 of its 4 neighbours", 0),
        (lambda i, j: 2.5 * i + 4.1 * j, "is on a slope: 0 of its 4 neighbours", 2),
    ],
)
def test_the_map_marks_the_selected_cell_and_its_plateau(
    value: Callable[[int, int], float], words: str, dashed: int
) -> None:
    rows = [
        {"config": 4 * i + j, "a": float(i), "b": float(j), "n_bets": 10, "yield": 0.02 + 0.01 * value(i - 2, j - 1)}
        for i in range(5)
        for j in range(4)
    ]
    figure = charts.parameter_map(pl.DataFrame(rows), "a", "b", config=9, se=0.011 if dashed == 19 else 0.01)
    assert words in figure.answer
    root = drawn(figure)
    assert len(of_class(root, "here")) == 1 and len(of_class(root, "plateau")) == dashed
    bare = charts.parameter_map(pl.DataFrame(rows), "a", "b")
    assert not of_class(drawn(bare), "here") and "standard error" not in bare.answer
