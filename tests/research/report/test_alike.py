"""Configurations with the same bets are one row of a leaderboard."""

from __future__ import annotations

import polars as pl

from engine.backtesting.measures import METRICS
from research.report.alike import first_alike, fold
from tests.research.report.made import results


def board(yields: list[float | None], opportunities: list[int]) -> pl.DataFrame:
    rows = len(yields)
    same = {name: [1] * rows for name in METRICS}
    frame = pl.DataFrame({"config": range(1, rows + 1)} | same)
    return frame.with_columns(pl.Series("yield", yields, dtype=pl.Float64), n_opportunities=pl.Series(opportunities))


def test_equal_measures_are_the_same_bets_however_many_opportunities() -> None:
    found = board([0.02, 0.01, 0.02, None, 0.02, None], [5, 5, 7, 5, 5, 5])
    assert first_alike(found).tolist() == [0, 1, 0, 3, 0, 3]
    folded = fold(found)
    assert folded["config"].to_list() == [1, 2, 4] and folded["alike"].to_list() == [2, 0, 1]


def test_different_results_are_not_folded() -> None:
    frame = results(50).filter(pl.col("n_bets") > 0)
    assert fold(frame).height == frame.height and not fold(frame)["alike"].sum()
