"""The flat rule in NumPy: a mask and a sum per configuration."""

from __future__ import annotations

import numpy as np


def prepare(job, threads):
    """Edge and profit per unit of each row."""
    names = ("edge_min", "odds_min", "odds_max", "amount")
    configurations = list(zip(*(job[name].tolist() for name in names), strict=True))
    profit = np.where(job["won"] == 1, job["odds"] - 1.0, -1.0)
    return job["odds"], job["prob"] * job["odds"] - 1.0, profit, configurations, float(job["bankroll"])


def run(state):
    """All configurations."""
    odds, edge, profit, configurations, bankroll = state
    final, bets = [], []
    for edge_min, odds_min, odds_max, amount in configurations:
        taken = (edge >= edge_min) & (odds >= odds_min) & (odds <= odds_max)
        final.append(bankroll + amount * profit[taken].sum())
        bets.append(np.count_nonzero(taken))
    return {"final": final, "bets": bets}
