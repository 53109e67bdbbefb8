"""Which configurations of a sweep carry a flag of plausibility: all by their measures, stored ones by bets too."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from research.luck.plausibility import Measured, implausible, too_many_hits
from research.luck.superiority import Resampled
from research.run.findings import PATH_BETS
from research.run.results import BETS, RESULTS

SCHEMA: Final = {"config": pl.Int64, "flag": pl.String}
_MEASURES: Final = ("n_bets", "yield", "clv_mean", "clv_n")


def by_measures(made: Path, of: Resampled) -> pl.DataFrame:
    """Flags of all configurations by yield, Sharpe ratio and closing line value: config, flag."""
    table = pl.read_parquet(made / RESULTS, columns=["config", *_MEASURES])
    columns = (table[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in _MEASURES)
    found = implausible(Measured(*columns), of)
    parts = [table.filter(pl.Series(flagged)).select("config", flag=pl.lit(kind)) for kind, flagged in found.items()]
    return pl.concat([pl.DataFrame(schema=SCHEMA), *parts])


def by_hits(made: Path) -> pl.DataFrame:
    """Flags by hits against fair closing odds, of the stored configurations and of those on the path: config, flag."""
    columns = ["config", "event_id", "state", "pnl_minor", "close_prob"]
    flagged = set[int]()
    for path in (made / BETS, made / PATH_BETS):
        if not path.is_file() or not set(columns) <= set(pl.read_parquet_schema(path)):
            continue  # nothing was validated, or the path placed no bet
        decided = pl.read_parquet(path, columns=columns).filter(pl.col("state").is_in(["win", "lose"]))
        flagged |= {
            int(number[0])
            for number, mine in decided.group_by("config", maintain_order=True)
            if too_many_hits(mine["pnl_minor"] > 0, mine["close_prob"].fill_null(np.nan), mine["event_id"])
        }
    return pl.DataFrame({"config": sorted(flagged), "flag": ["hit_rate"] * len(flagged)}, schema=SCHEMA)
