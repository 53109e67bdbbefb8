"""When a path is bankrupt."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from research.verdict.ruin import NEVER_BANKRUPT, bankrupt_days, bankrupt_on

PNL = np.array(
    [
        [-500.0, -400.0, -90.0, 0.0, 0.0],  # 1 % is left on the third day
        [-500.0, -400.0, -89.0, 0.0, -1.0],  # on the last one
        [-500.0, -489.0, 0.0, 0.0, 0.0],  # 11 of 1,000 are left
        [-999.0, 5000.0, 0.0, 0.0, 0.0],  # it was bankrupt, whatever came later
        [0.0, 0.0, 0.0, 0.0, 0.0],
    ]
)


def test_the_first_day_at_whose_end_one_per_cent_is_left() -> None:
    found = bankrupt_days(PNL.astype(np.float32), np.full(5, 1000.0))
    assert found.tolist() == [2, 4, NEVER_BANKRUPT, 0, NEVER_BANKRUPT]
    assert bankrupt_days(PNL[:, :0], np.full(5, 1000.0)).tolist() == [NEVER_BANKRUPT] * 5


def test_the_day_of_a_path() -> None:
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=k) for k in range(5)]
    start = [1000, 500, 100, 10, 10]
    daily = pl.DataFrame({"date": days, "pnl_minor": [-500, -400, -90, None, 0], "equity_start_minor": start})
    assert bankrupt_on(daily) == dt.date(2024, 1, 3)
    assert bankrupt_on(daily.head(2)) is None and bankrupt_on(daily.clear()) is None
