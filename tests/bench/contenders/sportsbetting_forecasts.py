"""sports-betting, `ClassifierBettor` around a scikit-learn pipeline, fitted before each season."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sportsbet.evaluation import ClassifierBettor

_MARKETS = ("home_win", "draw", "away_win")


def prepare(job, threads):
    """Its frames: numbers of each match, with teams and league where the kind is `teams`; one column an outcome."""
    index = pd.DatetimeIndex(pd.to_datetime(job["day"], unit="D"), name="date")
    x = pd.DataFrame({f"x{k}": column for k, column in enumerate(job["inputs"].T)}, index=index)
    numbers, steps = list(x.columns), []
    if str(job["kind"]) == "teams":
        x["league"], x["home_team"], x["away_team"] = (job[name].astype(str) for name in ("league", "home", "away"))
        steps = [(OneHotEncoder(handle_unknown="ignore"), ["league", "home_team", "away_team"])]
    scaled = make_pipeline(SimpleImputer(), StandardScaler())
    columns = make_column_transformer(*steps, (scaled, numbers))
    margin = job["home_goals"] - job["away_goals"]
    y = pd.DataFrame(
        {
            f"{name}__postplay__0min": won
            for name, won in zip(_MARKETS, (margin > 0, margin == 0, margin < 0), strict=True)
        },
        index=index,
    )
    pipeline = make_pipeline(columns, MultiOutputClassifier(LogisticRegression(max_iter=1000)))
    return {**job, "x": x, "y": y, "bettor": ClassifierBettor(pipeline, list(_MARKETS))}


def run(job):
    """Probabilities of the judged matches, row after row, each scaled to a sum of one; NaN: not judged."""
    x, y, known = job["x"], job["y"], np.isfinite(job["inputs"]).all(axis=1)
    prob = np.full((len(x), 3), np.nan)
    for season in np.unique(job["season"][job["judged"] > 0]):
        asked = (job["season"] == season) & (job["judged"] > 0) & known
        past = (job["day"] < job["day"][asked].min()) & known
        job["bettor"].fit(x[past], y[past])
        said = job["bettor"].predict_proba(x[asked])
        prob[asked] = said / said.sum(axis=1, keepdims=True)
    return {"prob": prob.ravel()}
