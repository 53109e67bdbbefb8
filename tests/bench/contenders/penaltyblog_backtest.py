"""penaltyblog, `Backtest`, without the rest of the package, whose dependencies are not installed."""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from types import ModuleType

import pandas as pd

os.environ["TQDM_DISABLE"] = "1"
_found = PathFinder.find_spec("penaltyblog")
if _found is None:
    raise ModuleNotFoundError("penaltyblog is not installed")
_package = ModuleType("penaltyblog")
_package.__path__ = list(_found.submodule_search_locations or ())
sys.modules["penaltyblog"] = _package

from penaltyblog.backtest import Backtest  # noqa: E402


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
