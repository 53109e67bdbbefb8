"""Every chart is complete at three widths, has a sentence where there is nothing to draw, and is in the guide."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from research.report import charts
from research.report.data import PathData
from research.report.figure import FULL, HALF, PHONE, Figure
from tests.research.report import test_charts, test_charts_luck, test_charts_validation
from tests.research.report.made import bets, configuration, cross_validation, daily, path_data, reasons

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "reports.md"
TABLES = {
    "configuration": (charts.CONFIGURATION, configuration),
    "out of sample": (charts.OUT_OF_SAMPLE, path_data),
    "risk": (charts.RISK, path_data),
    "cross-validation": (charts.CROSS_VALIDATION, cross_validation),
}
FIGURES: dict[str, Callable[[], Figure | None]] = {
    f"{table}: {name}": lambda draw=draw, data=data: draw(data())  # type: ignore[misc]
    for table, (entries, data) in TABLES.items()
    for name, draw in entries.items()  # type: ignore[attr-defined]
}
for module in (test_charts, test_charts_luck, test_charts_validation):
    FIGURES |= {f"{module.__name__.rpartition('.')[2]}: {name}": figure for name, figure in module.MAKERS.items()}


@pytest.mark.parametrize("name", FIGURES)
def test_a_chart_is_complete(name: str) -> None:
    figure = FIGURES[name]()
    assert figure is not None and figure.numbers is not None and figure.numbers.rows
    assert figure.question.endswith("?") and figure.answer.endswith(".")
    assert all(len(row) == len(figure.numbers.heads) for row in figure.numbers.rows)
    shown = figure._repr_html_()
    assert "nan" not in shown.lower() and "None" not in shown and "<style>" in shown and 'class="bea"' in shown
    for width in (FULL, HALF, PHONE) if figure.draw is not None else ():
        root = ElementTree.fromstring(figure.draw(width, "wide"))  # type: ignore[misc]
        assert root.get("role") == "img" and root.get("aria-label") == figure.answer
        assert float(root.get("width") or 0) == width
        for mark in root.iter():
            assert not mark.get("style") and "halo" not in (mark.text or "")
            for key, value in mark.attrib.items():
                assert "nan" not in value.lower() and not re.search(r"\binf\b", value.lower()), (key, value)
            for side in ("x", "x1", "x2", "cx"):
                assert -1 <= float(mark.get(side, 0)) <= width + 1, mark.attrib


@pytest.mark.parametrize("amount", [0, 1])
def test_few_bets_are_put_into_words(amount: int) -> None:
    log = bets(amount, days=1) if amount else bets().clear()
    data = replace(configuration(1, log), daily=daily(log, days=1), reasons=reasons(placed=amount))
    figures = charts.draw(charts.CONFIGURATION, data)
    several = {"yield_by_market", "yield_by_selection", "yield_by_bookmaker"}  # one bet has one of each
    assert set(figures) == ({"equity", "funnel"} if not amount else set(charts.CONFIGURATION) - several)
    path = path_data()
    part = PathData(path.bets.head(amount), path.daily.head(1), path.seed)
    figures |= charts.draw(charts.OUT_OF_SAMPLE, part) | charts.draw(charts.RISK, part)
    for figure in figures.values():
        assert "nan" not in figure.html().lower() and "None" not in figure.html()
        assert figure.draw is not None or "<svg" not in figure.html()


def test_what_was_not_validated_has_no_chart() -> None:
    data = cross_validation()
    assert charts.draw(charts.CROSS_VALIDATION, replace(data, null_band=None, paths=None)) == {}
    assert list(charts.draw(charts.CROSS_VALIDATION, replace(data, null_band=None))) == ["crossing"]


def test_the_guide_lists_every_chart_with_its_question() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| ([^|]+\?) \|", GUIDE.read_text(encoding="utf-8"), re.M))
    for entries, data in TABLES.values():
        for name, figure in charts.draw(entries, data()).items():  # type: ignore[misc]
            assert listed[name] == figure.question, name
