"""penaltyblog, `Backtest`, without the rest of the package, whose dependencies are not installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd

os.environ["TQDM_DISABLE"] = "1"
sys.path.insert(0, str(Path(__file__).parent))

import penaltyblog_parts  # noqa: F401
from penaltyblog.backtest import Backtest


def _logic(edge_min, odds_min, odds_max, staking, amount, fraction):
    def logic(context):
        fixture, account = context.fixture, context.account
        odds = fixture["odds"]
        edge = fixture["prob"] * odds - 1.0
        if edge < edge_min or odds < odds_min or odds > odds_max:
            return
        stake = amount
        if staking == 1:
            stake = fraction * account.current_bankroll
        elif staking == 2:
            stake = fraction * edge / (odds - 1.0) * account.current_bankroll
        account.place_bet(odds, stake, fixture["won"])

    return logic


def prepare(job, threads):
    """Its frame with a column `date`, and one function per configuration."""
    dates = pd.to_datetime(job["decided_at"])
    frame = pd.DataFrame({"date": dates, "odds": job["odds"], "prob": job["prob"], "won": job["won"].astype(int)})
    names = ("edge_min", "odds_min", "odds_max", "staking", "amount", "fraction")
    logics = [_logic(*values) for values in zip(*(job[name].tolist() for name in names), strict=True)]
    backtest = Backtest(frame, str(dates[0].date()), str(dates[-1].date()))
    return backtest, logics, float(job["bankroll"])


def run(state):
    """One configuration after another."""
    backtest, logics, bankroll = state
    final, bets = [], []
    for logic in logics:
        backtest.start(bankroll, logic)
        results = backtest.results()
        final.append(bankroll + results["Profit"])
        bets.append(results["Total Bets"])
    return {"final": final, "bets": bets}
