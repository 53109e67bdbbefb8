"""vectorbt, `Portfolio.from_orders`: sizes as one array of (two rows per bet, configurations)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import vectorbt as vbt
from vectorbt.portfolio.enums import SizeType


def prices_of(job):
    """Prices of contracts: a bet is bought at 1/odds and sold at 1 (won) or at almost 0 (lost)."""
    price = np.empty(2 * len(job["odds"]))
    price[0::2] = 1.0 / job["odds"]
    price[1::2] = np.where(job["won"] == 1, 1.0, 1e-12)
    return price


def prepare(job, threads):
    """Prices. A run of a few rows compiles everything."""
    few = dict(job) | {name: job[name][:50] for name in ("odds", "prob", "won")}
    few["edge_min"] = np.full(len(job["edge_min"]), -1.0)
    run((few, prices_of(few)))
    return job, prices_of(job)


def run(state):
    """All configurations. The filters are part of the timed work."""
    job, price = state
    odds, prob = job["odds"][:, None], job["prob"][:, None]
    edge = prob * odds - 1.0
    passing = (edge >= job["edge_min"]) & (odds >= job["odds_min"]) & (odds <= job["odds_max"])
    staking = job["staking"]
    buy = np.where(
        staking == 0, job["amount"] * odds, job["fraction"] * np.where(staking == 1, 1.0, edge / (odds - 1.0))
    )
    size = np.empty((len(price), len(staking)))
    size[0::2] = np.where(passing, buy, np.nan)
    size[1::2] = np.where(passing, 0.0, np.nan)
    kinds = np.empty(size.shape, dtype=np.int64)
    kinds[0::2] = np.where(staking == 0, int(SizeType.Amount), int(SizeType.TargetPercent))
    kinds[1::2] = int(SizeType.TargetAmount)
    portfolio = vbt.Portfolio.from_orders(
        pd.Series(price), pd.DataFrame(size), size_type=kinds, init_cash=float(job["bankroll"]), freq="15min"
    )
    return {"final": portfolio.final_value().to_numpy(), "bets": passing.sum(axis=0)}
