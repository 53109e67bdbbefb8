"""vectorbt as an independent check of the equity path."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest

from engine import Configuration, Staking, backtest
from engine.errors import DataError
from engine.tape import from_frame
from research.bridge_vectorbt import equity

pytestmark = pytest.mark.slow

INF = float("inf")
BANKROLL = 1e12
MINUTE = 60 * 10**9


def bets_of(gap: int, length: int, n: int = 300) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bets and days with 1 % stakes and no limits; there is a bet every `gap` minutes, open for `length` minutes."""
    rng = np.random.default_rng(5)
    decided = 1_600_000_000 * 10**9 + np.arange(n) // 2 * 2 * gap * MINUTE
    results = rng.choice(["win", "lose", "void", "half_win", "half_lose"], n, p=[0.4, 0.5, 0.04, 0.03, 0.03])
    if length < gap:
        decided = decided + np.arange(n) % 2 * gap * MINUTE
    frame = pl.DataFrame(
        {
            "decided_at": pl.Series(decided).cast(pl.Datetime("ns", "UTC")),
            "settled_at": pl.Series(decided + length * MINUTE).cast(pl.Datetime("ns", "UTC")),
            "odds": np.round(rng.uniform(1.4, 4.0, n), 2),
            "prob": np.full(n, 0.5),
            "result": results.tolist(),
        }
    )
    off = dict.fromkeys(
        ("drawdown_warn_frac", "drawdown_stop_frac", "streak_warn", "streak_stop", "daily_loss_frac"), INF
    )
    configuration = Configuration(bankroll_minor=BANKROLL, staking=Staking.PERCENT, fraction=0.01, **off)
    path = backtest(from_frame(frame), configuration, threads=1).replay(0)
    return path.bets, path.daily


@pytest.mark.parametrize(("gap", "length"), [(30, 20), (30, 400)], ids=["sequential", "overlapping"])
@pytest.mark.parametrize("fraction", [None, 0.01], ids=["stakes of the log", "stakes of vectorbt"])
def test_equity_agrees(gap: int, length: int, fraction: float | None) -> None:
    bets, daily = bets_of(gap, length)
    assert bets.height == 300
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        vectorbt_equity = equity(bets, BANKROLL, fraction=fraction)
    both = bets.join(vectorbt_equity, left_on="decided_at", right_on="at", how="left")
    np.testing.assert_allclose(both["equity_minor_right"], both["equity_minor"], rtol=1e-9)
    last = daily.select(pl.col("equity_start_minor").last() + pl.col("pnl_minor").last()).item()
    np.testing.assert_allclose(vectorbt_equity["equity_minor"][-1], last, rtol=1e-9)


def test_anything_but_a_log_of_back_bets_is_an_error() -> None:
    bets, _ = bets_of(30, 20, n=4)
    with pytest.raises(DataError, match="no bets"):
        equity(bets.clear(), BANKROLL)
    with pytest.raises(DataError, match="state"):
        equity(bets.drop("state"), BANKROLL)
    with pytest.raises(DataError, match="lay"):
        equity(bets.with_columns(side=pl.lit("lay")), BANKROLL)
