"""Constructed runs side by side: the same random market, each with its own edge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from research.report.comparison.sides import Comparison, Side
from research.verdict.judge import OutOfSample, PValues, Search, judge
from tests.research.report.made import bets, configuration, daily, report


def side(letter: str = "A", log: pl.DataFrame | None = None, **changes: Any) -> Side:
    """One side; `changes` replace fields."""
    number = ord(letter) - ord("A")
    log = bets(seed=0) if log is None else log
    manifest = {**report().manifest, "command": ["bea", "backtest", f"strategy.edge_min=0.0{number}"]}
    made = Side(letter, f"{number}{letter.lower()}" * 16, 1, configuration(number + 1, log), manifest)
    return replace(made, **changes)


def better(log: pl.DataFrame, more: float) -> pl.DataFrame:
    """The same bets, with P&L higher by the fraction `more` of each stake."""
    gained = (pl.col("pnl_minor") + pl.col("stake_minor") * more).cast(pl.Int64)
    return log.with_columns(pnl_minor=gained, clv=pl.col("clv") + more)


def swept(letter: str, log: pl.DataFrame, **changes: Any) -> Side:
    """A side that is a sweep with an out-of-sample path."""
    path = log.filter(pl.col("date") >= log["date"].median()).with_columns(net_minor=pl.col("pnl_minor") - 1.0)
    return side(
        letter,
        log,
        **{
            "n_configurations": 400,
            "verdict": judge(PValues(0.4, 0.3), Search(50.0), OutOfSample(len(path), 90, 0.01, -0.02, 0.04, -0.005)),
            "out_of_sample": OutOfSample(len(path), 90, 0.01, -0.02, 0.04, -0.005),
            "path_bets": path,
            "path_daily": daily(path),
            "lines": ("Profit: not proved. Pure luck gives a result this good in 40 of 100 such sweeps.",),
        }
        | changes,
    )


def comparison(*sides: Side, **differences: dict[str, list[Any]]) -> Comparison:
    """Runs side by side; two of them by default."""
    noisy = bets(seed=0).with_columns(
        pnl_minor=pl.when(pl.int_range(1200) % 9 == 0).then(-pl.col("stake_minor")).otherwise(pl.col("pnl_minor"))
    )
    both = sides or (side("A", bets(seed=0)), side("B", noisy))
    count = len(both)
    found = {
        "configuration": {f"strategy.key_{k}": [k + place for place in range(count)] for k in range(12)},
        "data": {"hash": [f"{place}" * 32 for place in range(count)]},
        "code": {},
    }
    return Comparison(tuple(both), found | differences, tuple(one.run[:12] for one in both))
