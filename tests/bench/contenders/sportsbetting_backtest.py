"""sports-betting, `sportsbet.evaluation.backtest` with a bettor whose probabilities are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import TimeSeriesSplit
from sportsbet.evaluation import BaseBettor, backtest


class KnownProbabilities(BaseBettor):
    """Bets if probability * odds - 1 is above a threshold and the odds are in a range."""

    def __init__(self, betting_markets=None, init_cash=None, stake=None, edge_min=0.0, odds_min=1.0, odds_max=1e9):
        super().__init__(betting_markets, init_cash, stake)
        self.edge_min = edge_min
        self.odds_min = odds_min
        self.odds_max = odds_max

    def _fit(self, X, Y, O):  # noqa: E741
        return self

    def _predict_proba(self, X):
        odds, prob = X["odds"].to_numpy(), X["prob"].to_numpy()
        inside = (odds >= self.odds_min) & (odds <= self.odds_max)
        return np.where(inside, prob / (1.0 + self.edge_min), 0.0).reshape(-1, 1)


def prepare(job, threads):
    """Its three frames, with one more row in front, because the first fold must train on some row."""
    front = {name: np.concatenate([job[name][:1], job[name]]) for name in ("odds", "prob", "won")}
    dates = np.concatenate([job["decided_at"][:1] - 86_400 * 10**9, job["decided_at"]])
    index = pd.DatetimeIndex(pd.to_datetime(dates), name="date")
    other = np.ones(len(index))
    won = front["won"].astype(bool)
    x = pd.DataFrame({"odds": front["odds"], "prob": front["prob"]}, index=index)
    y = pd.DataFrame({"home_win__postplay__0min": won, "away_win__postplay__0min": ~won}, index=index)
    o = pd.DataFrame(
        {"book__home_win__preplay__0min": front["odds"], "book__away_win__preplay__0min": other}, index=index
    )
    bettors = [
        KnownProbabilities(
            ["home_win"],
            float(job["bankroll"]),
            float(job["amount"][c]),
            float(job["edge_min"][c]),
            float(job["odds_min"][c]),
            float(job["odds_max"][c]),
        )
        for c in range(len(job["edge_min"]))
    ]
    folds = TimeSeriesSplit(n_splits=2, test_size=len(job["odds"]) // 2)
    return bettors, x, y, o, folds


def run(state):
    """One configuration after another, in this process."""
    bettors, x, y, o, folds = state
    final, bets = [], []
    for bettor in bettors:
        results = backtest(bettor, x, y, o, cv=folds, n_jobs=1)
        final.append(bettor.init_cash + (results["Final cash"] - bettor.init_cash).sum())
        bets.append(results["Number of bets"].sum())
    return {"final": final, "bets": bets}
