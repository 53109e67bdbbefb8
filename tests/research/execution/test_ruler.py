"""The odds of the bets of a configuration, by the cells of a calibration."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from research.execution.ruler import bets_by_cell, cells_of
from research.inference.closing_calibration import CalibratedCell, ClosingCalibration
from research.tapes.closes import TapeClose


def test_settled_bets_with_a_closing_price_are_counted_by_cell() -> None:
    bets = pl.DataFrame(
        [
            ("football", "1x2", "home", "back", 0.5, 100),
            ("football", "1x2", "home", "back", 0.45, -100),
            ("football", "1x2", "home", "back", 0.3, -100),
            ("football", "1x2", "home", "lay", 0.5, 100),
            ("football", "1x2", "home", "back", None, 100),
            ("football", "1x2", "home", "back", 0.5, None),
        ],
        schema=["sport", "market", "selection", "side", "close_prob", "pnl_minor"],
        orient="row",
    )
    assert bets_by_cell(bets) == {
        ("football", "1x2", "home", 1): 2.0,
        ("football", "1x2", "home", 2): 1.0,
        ("football", "1x2", "not home", 1): 1.0,
    }
    assert bets_by_cell(bets.clear()) == {}


def test_cells_of_all_tapes_share_their_columns() -> None:
    home = CalibratedCell("football", "1x2", "home", 1, 900, 900, -0.03, 0.04)
    away = CalibratedCell("football", "1x2", "away", 2, 900, 900, 0.0, 0.01)
    both = ClosingCalibration("pinnacle", "power", 900, "", "", (home, away))
    one = ClosingCalibration("pinnacle", "shin", 900, "", "", (away,))
    closes = [
        TapeClose(both, np.array([[2.0, 1.0, 0.0], [0.0, 4.0, 3.0]]), ()),
        TapeClose(one, np.array([[5.0, 0.0]]), ()),
    ]
    found = cells_of(closes)  # the first column: cells in which no match was measured
    size = math.hypot(0.03, 0.04)
    expected = np.array([[0.0, 2.0 * size, 0.01], [3.0, 0.0, 0.04], [0.0, 0.0, 0.05]])
    assert found == pytest.approx(expected)
