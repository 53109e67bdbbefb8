"""The parameter map says whether the selected configuration is on a peak, a slope or a plateau, and marks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from research.report.data import ReportData
from research.report.pack import standard_errors
from tests.browser.conftest import Browser
from tests.research.report.made import bets, configuration, report, results

pytestmark = pytest.mark.browser

EDGES, SHARES = [0.0, 0.01, 0.02, 0.03, 0.04], [0.1, 0.2, 0.3, 0.4]
HERE = (2, 1)
ERROR = standard_errors(configuration(1, bets(), seed=7))["yield"]


def surface(value: Callable[[int, int], float]) -> ReportData:
    """A grid of two numbers; its yields are given in standard errors from the selected one in the middle."""
    rows = [
        {"strategy.edge_min": edge, "staking.fraction": share, "yield": 0.02 + ERROR * value(i - HERE[0], j - HERE[1])}
        for i, edge in enumerate(EDGES)
        for j, share in enumerate(SHARES)
    ]
    frame = pl.DataFrame(rows)
    own = results(len(rows)).drop("strategy.edge_min", "staking.fraction", "strategy.name", "yield")
    board = own.sort("config").with_columns(n_bets=pl.lit(500, pl.Int64)).hstack(frame)
    number = HERE[0] * len(SHARES) + HERE[1] + 1
    path = replace(configuration(number, bets()), parameters={**configuration().parameters, **rows[number - 1]})
    return replace(
        report(), results=board, keys=("strategy.edge_min", "staking.fraction"), selected=(path,), order="yield"
    )


@pytest.mark.parametrize(
    ("name", "value", "words", "dashed"),
    [
        ("flat", lambda i, j: 0.5 * (i != 0), "is on a plateau: 4 of its 4 neighbours are within", 19),
        ("ridge", lambda i, j: 0.0 if j == 0 else -2.0, "is on a plateau: 2 of its 4 neighbours are within", 4),
        ("peak", lambda i, j: -3.0 * (i != 0 or j != 0), "is a peak: none of its 4 neighbours are within", 0),
        ("horn", lambda i, j: -3.0 * (i != 0 or j not in (0, 1)), "is a peak: 1 of its 4 neighbours is within", 1),
        ("slope", lambda i, j: 2.5 * i + 4.1 * j, "is on a slope: 0 of its 4 neighbours are within", 2),
    ],
)
def test_peak_slope_or_plateau(
    browser: Browser,
    write_page: Callable[[str, Any], Path],
    name: str,
    value: Callable[[int, int], float],
    words: str,
    dashed: int,
) -> None:
    browser.show(write_page(f"surface-{name}", surface(value)))
    text = browser.run("return document.getElementById('map-answer').textContent")
    assert words in text and (f"Dashed: {dashed} of the other 19" in text) == (dashed > 0)
    assert browser.run("return document.querySelectorAll('#map td.plateau').length") == dashed
    assert browser.run("return document.querySelectorAll('#map td.here').length") == 1
    assert browser.logs()[0] == []
