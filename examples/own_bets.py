"""Backtest bets of your own from a table: what would other stakes and limits have made of them?

No store and no source is needed. A real table would come from `polars.read_csv`.
"""

from datetime import datetime, timedelta

import polars as pl

import engine
from engine.tape import from_frame

FIRST = datetime(2025, 8, 1, 12)
RESULTS = ("win", "lose", "lose", "win", "void", "half_win")

bets = pl.DataFrame(
    {
        "event": [f"match {number}" for number in range(60)],
        "decided_at": [FIRST + timedelta(days=number) for number in range(60)],
        "settled_at": [FIRST + timedelta(days=number, hours=6) for number in range(60)],
        "odds": [1.8 + number % 7 * 0.2 for number in range(60)],
        "prob": [0.45 + number % 5 * 0.02 for number in range(60)],
        "result": [RESULTS[number % 6] for number in range(60)],
    }
)

configurations = [
    engine.Configuration(amount_minor=1_000.0),
    engine.Configuration(staking=engine.Staking.KELLY, fraction=0.25),
    engine.Configuration(staking=engine.Staking.KELLY, fraction=0.25, bet_cap_frac=0.02),
]
result = engine.backtest(from_frame(bets), configurations)
print(result.metrics.select("n_bets", "turnover_minor", "pnl_minor", "yield", "max_drawdown_frac"))
