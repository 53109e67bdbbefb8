"""Constructed data of a page: a small random market with the documented columns."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from engine.backtesting.measures import METRICS
from engine.kernel.codes import REASONS
from research.inference.overfit import overfitting
from research.report.data import Configuration, CrossValidation, PathData, ReportData
from research.verdict.findings import BacktestPaths

START = dt.date(2019, 8, 1)


def bets(
    count: int = 1200, seed: int = 0, days: int = 1400, competitions: tuple[str, ...] = ("E0", "E1")
) -> pl.DataFrame:
    """A bet log: every second event carries two bets; 3 % edge; CLV noisy around 2 %."""
    rng = np.random.default_rng(seed)
    event = np.sort(rng.integers(0, max(1, count * 2 // 3), count))
    odds = np.round(np.exp(rng.normal(1.0, 0.6, count)) + 1.05, 2)
    won = rng.random(count) < 1.03 / odds
    stake = rng.integers(500, 20_000, count).astype(np.int64)
    day = event * days // max(1, count * 2 // 3)
    dates = pl.Series([START + dt.timedelta(days=int(d)) for d in day], dtype=pl.Date)
    clv = pl.Series(np.where(rng.random(count) < 0.9, rng.normal(0.02, 0.05, count), np.nan)).fill_nan(None)
    first_half = dates.dt.month() < 7
    year = dates.dt.year() - first_half.cast(pl.Int32)
    return pl.DataFrame(
        {
            "odds": odds,
            "edge_net_frac": rng.exponential(0.04, count),
            "stake_minor": stake,
            "pnl_minor": np.where(won, np.rint(stake * (odds - 1)), -stake).astype(np.int64),
            "state": np.where(won, "win", "lose"),
            "clv": clv,
            "event_id": event * 7919,
            "market": ["1x2" if k % 3 else "totals" for k in range(count)],
            "selection": [("home" if k % 3 == 1 else "away") if k % 3 else "over" for k in range(count)],
            "bookmaker": ["pinnacle" if k % 5 else "b365" for k in range(count)],
            "instant": ["open"] * count,
            "competition": [competitions[int(k) % len(competitions)] for k in event],
            "season": year.cast(pl.String) + "-" + (year + 1).cast(pl.String),
            "date": dates,
            "regime": np.arange(count) // 40 % 2,
        },
        schema_overrides={"clv": pl.Float64, "date": pl.Date, "season": pl.String},
    )


def daily(log: pl.DataFrame, days: int = 1400, bankroll: int = 1_000_000) -> pl.DataFrame:
    """Daily P&L of a bet log."""
    calendar = pl.DataFrame({"date": [START + dt.timedelta(days=k) for k in range(days)]}, schema={"date": pl.Date})
    sums = log.group_by("date").agg(pl.col("pnl_minor").sum(), pl.len().cast(pl.Int64).alias("n_bets"))
    frame = calendar.join(sums, on="date", how="left", maintain_order="left").with_columns(
        pl.col("pnl_minor", "n_bets").fill_null(0)
    )
    start = bankroll + frame["pnl_minor"].cum_sum() - frame["pnl_minor"]
    return frame.with_columns(start.alias("equity_start_minor"))


def reasons(**counts: int) -> pl.DataFrame:
    """The funnel, with the given counts."""
    return pl.DataFrame({"reason": list(REASONS), "count": [counts.get(name, 0) for name in REASONS]})


def metrics(log: pl.DataFrame) -> dict[str, Any]:
    """Measures of a bet log, as far as the page reads them."""
    turnover, profit = int(log["stake_minor"].sum()), int(log["pnl_minor"].sum())
    found: dict[str, Any] = dict.fromkeys(METRICS, 0)
    found |= {
        "n_opportunities": 10_000,
        "n_bets": len(log),
        "turnover_minor": turnover,
        "pnl_minor": profit,
        "yield": profit / turnover if turnover else None,
        "roi": profit / 1_000_000,
        "max_drawdown_frac": 0.12,
        "clv_mean": log["clv"].mean() if len(log) else None,
    }
    return found


def configuration(
    config: int = 3, log: pl.DataFrame | None = None, *, seed: int = 7, **parameters: Any
) -> Configuration:
    """A configuration with its path."""
    log = bets() if log is None else log
    settings = {"strategy.edge_min": 0.02, "staking.fraction": 0.25, "bankroll_minor": 1_000_000, "data.zone": "UTC"}
    placed = len(log)
    counts = reasons(edge=8000, breaker_streak=120, breaker_drawdown=340, cap_day=9, placed=placed)
    return Configuration(config, settings | parameters, metrics(log), log, daily(log), counts, seed)


def path_data(count: int = 1200) -> PathData:
    """A tested path: bets with the probability used and the closing probability, and their days."""
    log = bets(count)
    rng = np.random.default_rng(5)
    fair = (1.03 / log["odds"].to_numpy()).clip(0.02, 0.97)
    log = log.with_columns(
        selection=pl.lit("home"),
        side=pl.lit("back"),
        odds_placed=pl.col("odds"),
        prob=pl.Series((fair + rng.normal(0, 0.02, count)).clip(0.01, 0.99)),
        close_prob=pl.Series((fair + rng.normal(0, 0.01, count)).clip(0.01, 0.99)),
    )
    return PathData(log, daily(log), 7)


def cross_validation(days: int = 400, configurations: int = 20) -> CrossValidation:
    """The cross-validation of a sweep without skill, with three backtest paths, one of them without bets."""
    tested = overfitting(np.random.default_rng(4).normal(0.0, 0.01, (days, configurations)), 8)
    splits = pl.DataFrame({"logit": tested.logits, "inside": tested.in_sample, "outside": tested.out_of_sample})
    return CrossValidation(splits, (0.3, 0.5, 0.7), BacktestPaths(6, (40, 0, 55), (0.02, None, -0.01)), "sharpe")


def results(count: int = 400, seed: int = 1, names: tuple[str, ...] = ("value", "consensus")) -> pl.DataFrame:
    """A leaderboard over strategy, edge and fraction."""
    rng = np.random.default_rng(seed)
    place = np.arange(count)
    frame = pl.DataFrame(
        {
            "config": place + 1,
            "strategy.name": [names[k % len(names)] for k in place],
            "strategy.edge_min": np.round((place // len(names)) % 10 * 0.005, 3),
            "staking.fraction": pl.Series(
                [None if k % 7 == 0 else 0.1 * (1 + k // 20) for k in place], dtype=pl.Float64
            ),
        }
    )
    counts = rng.integers(0, 2000, count)
    value = np.where(counts > 0, rng.normal(0.01, 0.05, count), np.nan)
    columns: dict[str, Any] = {name: np.zeros(count, np.int64) for name in METRICS}
    columns |= {
        "n_bets": counts,
        "yield": value,
        "roi": value * 3,
        "clv_mean": value / 2,
        "max_drawdown_frac": rng.uniform(0.05, 0.4, count),
        "pnl_minor": np.nan_to_num(value * 1e6).astype(np.int64),
    }
    board = frame.hstack(pl.DataFrame(columns)).with_columns(pl.col("yield", "roi", "clv_mean").fill_nan(None))
    return board.sort("roi", descending=True, nulls_last=True)


def report(count: int = 400, **changes: Any) -> ReportData:
    """The data of a complete page; `changes` replace fields."""
    board = results(count)
    first = [int(config) for config in board["config"].head(2)]
    keys = ("strategy.name", "strategy.edge_min", "staking.fraction")
    paths = []
    for place, config in enumerate(first):
        row = board.row(place, named=True)
        paths.append(configuration(config, bets(seed=place), **{key: row[key] for key in keys}))
    manifest = {
        "command": ["bea", "sweep", "data=sample", "strategy.edge_min=range(0,0.05,0.005)"],
        "seed": 7,
        "data": {
            "hash": "ab" * 16,
            "first_date": "2019-08-01",
            "last_date": "2023-05-31",
            "n_events": 800,
            "n_quotes": 9000,
            "sources": ["football_data"],
            "instants": ["open"],
            "known_at_basis": ["assumed:match_day"],
            "settled_at_basis": ["assumed:end_of_day"],
        },
        "code": {"sources": "cd" * 16, "commit": "ef" * 20},
        "versions": {"python": "3.12.1", "polars": "2.1.0"},
        "duration_s": 3.25,
        "peak_memory_bytes": 312_000_000,
        "notes": [],
    }
    return replace(ReportData("0123456789abcdef" * 2, board, keys, "roi", tuple(paths), manifest), **changes)
