"""The odds of the bets of a configuration, by the cells of a calibration."""

from __future__ import annotations

import polars as pl

from research.execution.ruler import bets_by_cell


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
