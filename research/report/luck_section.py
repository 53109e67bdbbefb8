"""The parts of the page about luck: the conditions of the verdict, the evidence beside it, the out-of-sample path."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.inference.bootstrap import generator
from research.inference.calibration import calibration
from research.inference.drawdown import drawdowns
from research.report import charts
from research.report.data import Luck
from research.report.figure import Figure
from research.report.text import count, number


def flags(luck: Luck, run: str) -> list[tuple[str, str]]:
    """What flags say: a word and a sentence each, with the command that acknowledges one."""
    out = []
    for name, words in luck.flags.items():
        seen = name in luck.acknowledged
        todo = "looked into" if seen else f"no rank and no verdict until `bea report {run} --acknowledge {name}`"
        out.append((f"Flag {name.replace('_', ' ')}", f"{words[0].upper()}{words[1:]} ({todo})."))
    return out


def figures(luck: Luck, seed: int) -> list[Figure]:
    """Charts of the out-of-sample path and of the cross-validation."""
    return paired(_path_figures(luck, seed) + _crossed_figures(luck))


def paired(figures: list[Figure]) -> list[Figure]:
    """Figures with the last of an odd number of half ones across the page, so that no half stands alone."""
    halves = [figure for figure in figures if not figure.full]
    if len(halves) % 2 == 0:
        return figures
    last = halves[-1]
    return [one.widened() if one is last else one for one in figures]


def lead(luck: Luck) -> str:
    """How the path under the charts was chosen."""
    windows = luck.findings.windows
    if luck.verdict is None:
        return "All of it is in sample: nothing here knows what led to this configuration but the number of trials."
    if not windows:
        return "Nothing was validated: validation=none."
    chosen = sum(one.config is not None for one in windows)
    return (
        f"At each of {count(len(windows), 'border')} the configuration with the best {luck.findings.metric} so far was "
        f"chosen and used until the next one; {number(chosen)} times one qualified."
    )


def _path_figures(luck: Luck, seed: int) -> list[Figure]:
    bets = luck.path_bets
    if bets is None or not bets.height:
        return []
    gross = bets.with_columns(pnl_minor="net_minor")
    found = calibration(bets, generator(seed, "calibration"))
    # a backtest has its groups in a sheet of its own
    by_group = (
        []
        if luck.verdict is None
        else [
            charts.yield_by(gross, "season", seed),
            charts.yield_by(gross, "odds", seed),
            charts.edge_against_yield(gross, seed),
            charts.clv_against_yield(gross, seed),
        ]
    )
    return [
        *by_group,
        charts.drawdowns(drawdowns(_returns(luck), generator(seed, "drawdown")), bets.height),
        charts.calibration(found),
        charts.calibration_scores(found).widened(),
    ]


def _returns(luck: Luck) -> NDArray[np.float64]:
    """Daily returns of the path."""
    daily = luck.path_daily
    assert daily is not None
    start = pl.col("equity_start_minor")
    return daily.select(pl.when(start > 0).then(pl.col("pnl_minor") / start).otherwise(0.0)).to_series().to_numpy()


def _crossed_figures(luck: Luck) -> list[Figure]:
    found, crossing = luck.findings.evidence.overfitting, luck.findings.paths
    figures = []
    if found is not None and luck.splits.height:
        figures += [
            charts.inside_outside(luck.splits),
            charts.logits(luck.splits, found.null_low, found.null_middle, found.null_high),
        ]
    if crossing is not None:
        figures.append(charts.crossing(crossing.metrics, crossing.bets, crossing.splits, luck.findings.metric))
    return figures
