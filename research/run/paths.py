"""Which configurations of a run are stored with their bets and days, and how."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from engine.result import METRICS
from research.run.job import Job
from research.run.results import BETS, DAILY, RESULTS, TableWriter, ranked


def best(made: Path, settings: dict[str, Any], unranked: Collection[int] = ()) -> list[int]:
    """Numbers of the first `sweep.top` configurations of the leaderboard; `unranked` ones stand last."""
    table = pl.scan_parquet(made / RESULTS).select("config", *METRICS)
    found = ranked(table, settings["sweep.order"], settings["sweep.top"], unranked)
    return [int(number) for number in found["config"]]


def write_paths(job: Job, made: Path, configs: Sequence[int]) -> None:
    """Bets and days of configurations, each replayed once, in the order given."""
    from engine.run import replay

    with TableWriter(made / BETS) as bets, TableWriter(made / DAILY) as days:
        for config in configs:
            one = job.chosen(config - 1)
            path = replay(one.tape, one.params, one.seed, one.rule)
            number = pl.lit(config, pl.Int64).alias("config")
            bets.add(path.bets.select(number, pl.all()))
            days.add(path.daily.select(number, pl.all()))
