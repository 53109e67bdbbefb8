"""backtestbuddy, `PredictionBacktest.evaluate`: its fastest method, which skips the benchmark of the bookmaker."""

from __future__ import annotations

import backtestbuddy as btb
import numpy as np
import pandas as pd


def _strategy(job, number):
    kind, fraction = int(job["staking"][number]), float(job["fraction"][number])
    size = btb.KellySize(fraction, max_bet=1.0)
    if kind == 0:
        size = btb.StakeSize(amount=float(job["amount"][number]))
    elif kind == 1:
        size = btb.StakeSize(fraction=fraction)
    inner = btb.Strategy(select=btb.HighestEV(float(job["edge_min"][number])), size=size)
    return btb.OddsFilter(float(job["odds_min"][number]), float(job["odds_max"][number]), inner)


def prepare(job, threads):
    """Its frame. A match needs two outcomes, so each has a second one at odds of 1 that is never bet."""
    n = len(job["odds"])
    frame = pd.DataFrame(
        {
            "date": pd.to_datetime(job["decided_at"]),
            "odds_0": job["odds"],
            "odds_1": np.ones(n),
            "prob_0": job["prob"],
            "prob_1": 1.0 - job["prob"],
            "prediction": np.zeros(n, dtype=np.int64),
            "outcome": 1 - job["won"].astype(np.int64),
        }
    )
    strategies = [_strategy(job, number) for number in range(len(job["edge_min"]))]
    return frame, strategies, float(job["bankroll"])


def run(state):
    """One configuration after another."""
    frame, strategies, bankroll = state
    final, bets = [], []
    for strategy in strategies:
        backtest = btb.PredictionBacktest(
            frame,
            ["odds_0", "odds_1"],
            "outcome",
            "date",
            "prediction",
            bankroll,
            strategy,
            model_prob_columns=["prob_0", "prob_1"],
        )
        metrics = backtest.evaluate(["Bankroll Final [$]", "Max Drawdown [%]", "Total Bets"])
        final.append(metrics["Bankroll Final [$]"])
        bets.append(metrics["Total Bets"])
    return {"final": final, "bets": bets}
