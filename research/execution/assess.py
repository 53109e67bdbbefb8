"""Assess a finished sweep: from the daily returns of all configurations to its findings."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.files import write_json
from research.execution.series import Series
from research.execution.size import Days, size_of
from research.inference.bootstrap import enough, generator, ratio_quantiles
from research.inference.overfit import Overfitting
from research.inference.parts import ANEW, Parts
from research.inference.rare import MOST_SKEW, skew_at_odds
from research.tapes.matches import match_ids
from research.validation.choice import (
    NO_CONFIGURATION,
    BacktestPath,
    Choice,
    cross_validate,
    select_on_all_days,
    walk_forward,
)
from research.validation.rules import Rules
from research.validation.stitched import SelectedConfiguration, Stitched, stitch
from research.verdict.at_level import LevelStakes
from research.verdict.evidence import Assessment, Resampled, assess, resampled
from research.verdict.findings import LUCK, PATH_BETS, PATH_DAILY, SPLITS, BacktestPaths, Findings, Window
from research.verdict.judge import OUT_OF_SAMPLE_LEVEL, OutOfSample
from research.verdict.size import Size

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FinishedSweep:
    """A sweep whose units are finished.

    Attributes
    ----------
    rules : Rules
    dates : tuple of date
        Fold boundaries.
    series : Series
    configuration_of : callable
        Gives the configuration of a row, ready to be replayed.
    purged_days : int
    bankroll_minor : float
        Opening bankroll of `best`, with which the stitched path begins.
    best : int
        Row that leads the leaderboard; it is tested if there is no validation.
    seed : int
    cross_validate : bool
        Whether to estimate the probability of overfitting.
    parts : Parts
        Keeps the finished parts of the tests, and is told.
    """

    rules: Rules
    dates: tuple[dt.date, ...]
    series: Series
    configuration_of: Callable[[int], SelectedConfiguration]
    purged_days: int
    bankroll_minor: float
    best: int
    seed: int
    cross_validate: bool = True
    parts: Parts = ANEW


@dataclass(frozen=True)
class SweepAssessment:
    """The findings, the stitched path (None without validation), and the resamples behind the evidence."""

    findings: Findings
    stitched: Stitched | None
    assessment: Assessment

    def write(self, folder: Path) -> None:
        """Write everything beside the results."""
        write_json(folder / LUCK, self.findings.plain())
        splits_frame(self.assessment.splits).write_parquet(folder / SPLITS)
        if self.stitched is not None:
            self.stitched.bets.write_parquet(folder / PATH_BETS)
            self.stitched.daily.write_parquet(folder / PATH_DAILY)


@dataclass(frozen=True)
class Selection:
    """What the validation selects among the configurations that are not set aside.

    Attributes
    ----------
    aside : tuple of int
        Rows that are set aside, ascending.
    row : int or None
        Row selected on all days; None if none qualifies.
    choices : tuple of Choice
        One for each fold but the first; empty without validation.
    stitched : Stitched or None
        The out-of-sample path; None without validation.
    """

    aside: tuple[int, ...]
    row: int | None
    choices: tuple[Choice, ...]
    stitched: Stitched | None


def select(sweep: FinishedSweep, aside: Collection[int] = ()) -> Selection:
    """Walk forward and select on all days; rows in `aside` are never selected."""
    rules, rows = sweep.rules, tuple(sorted(aside))
    if not rules.enabled:
        return Selection(rows, None if sweep.best in aside else sweep.best, (), None)
    kept, sums = _kept(sweep, rows)
    choices = tuple(_numbered(choice, kept) for choice in walk_forward(sums, rules, sweep.series.touching))
    stitched = stitch(sweep.dates, choices, sweep.configuration_of, sweep.bankroll_minor)
    choice = _numbered(select_on_all_days(sums, rules), kept)
    return Selection(rows, None if choice.row == NO_CONFIGURATION else choice.row, choices, stitched)


def _kept(sweep: FinishedSweep, aside: Sequence[int]) -> tuple[NDArray[np.int64], Floats]:
    """Rows that are not set aside, and their sums by fold."""
    sums = sweep.series.sums
    kept = np.setdiff1d(np.arange(len(sums)), np.asarray(aside, np.int64))
    return kept, sums if len(kept) == len(sums) else sums[kept]


def _numbered(choice: Choice, kept: NDArray[np.int64]) -> Choice:
    """A choice among the rows that were kept, with its row among all."""
    return choice if choice.row == NO_CONFIGURATION else replace(choice, row=int(kept[choice.row]))


def assess_sweep(sweep: FinishedSweep) -> SweepAssessment:
    """Walk forward, cross-validate and test against luck; the same sweep gives the same findings."""
    return assess_selection(sweep, select(sweep))


def assess_selection(sweep: FinishedSweep, selection: Selection, drawn: Resampled | None = None) -> SweepAssessment:
    """Cross-validate and test against luck what was selected.

    Parameters
    ----------
    sweep : FinishedSweep
    selection : Selection
        From `select`.
    drawn : Resampled, optional
        From `draw`; default: drawn here.
    """
    rules, paths, stitched = sweep.rules, None, selection.stitched
    kept, sums = _kept(sweep, selection.aside)
    if rules.name in ("purged_kfold", "cpcv") and len(kept):
        paths = _backtest_paths(*cross_validate(sums, rules, sweep.series.touching))
    assessment = assess(
        sweep.series.returns.T,
        selection.row,
        sweep.seed,
        draw(sweep) if drawn is None else drawn,
        cross_validate=sweep.cross_validate,
        aside=selection.aside,
        level=LevelStakes(sweep.series.level.T, sweep.series.level_turnover),
        parts=sweep.parts,
    )
    findings = Findings(
        evidence=assessment.evidence,
        metric=rules.metric,
        selected=None if selection.row is None else selection.row + 1,
        purged_days=sweep.purged_days,
        windows=() if stitched is None else windows_of(sweep.dates, selection.choices, stitched),
        out_of_sample=None if stitched is None else out_of_sample_yield(stitched.bets, sweep.seed),
        paths=paths,
        set_aside=tuple(row + 1 for row in selection.aside),
        size=_size(sweep, selection),
    )
    return SweepAssessment(findings, stitched, assessment)


def _size(sweep: FinishedSweep, selection: Selection) -> Size:
    """Yields at level stakes, of what was selected and of all."""
    series, sums = sweep.series, sweep.series.sums.sum(axis=(1, 2))
    days = Days(series.returns, series.level, series.level_turnover, sums)
    return size_of(days, selection.row, selection.aside, sweep.rules)


def draw(sweep: FinishedSweep) -> Resampled:
    """The resamples of the sweep's days, and its null maxima at level stakes."""
    series = sweep.series
    return resampled(series.returns.T, sweep.seed, series.first, series.level.T, sweep.parts)


def _backtest_paths(choices: Sequence[Choice], paths: Sequence[BacktestPath]) -> BacktestPaths:
    metrics = tuple(None if math.isnan(path.metric) else path.metric for path in paths)
    return BacktestPaths(len(choices), tuple(path.bets for path in paths), metrics)


def windows_of(dates: Sequence[dt.date], choices: Sequence[Choice], stitched: Stitched) -> tuple[Window, ...]:
    """The folds of the stitched path, each with the result of its selected configuration."""
    windows = []
    for number, choice in enumerate(choices, start=1):
        in_fold = stitched.bets.filter(pl.col("window") == number)
        refused = stitched.refused.filter(pl.col("window") == number)
        windows.append(
            Window(
                dates[number].isoformat(),
                (dates[number + 1] - dt.timedelta(days=1)).isoformat(),
                None if choice.row == NO_CONFIGURATION else choice.row + 1,
                None if choice.row == NO_CONFIGURATION else choice.in_sample,
                in_fold.height,
                float(in_fold["stake_minor"].sum()),
                float(in_fold["net_minor"].sum()),
                dict(refused.select("reason", "count").iter_rows()),
            )
        )
    return tuple(windows)


def out_of_sample_yield(bets: pl.DataFrame, seed: int) -> OutOfSample:
    """Yield of the stitched path after commission, with its interval over matches; copies of a match are one."""
    days = bets["day"].n_unique() if bets.height else 0
    turnover = float(bets["stake_minor"].sum())
    estimate = float(bets["net_minor"].sum()) / turnover if turnover else math.nan
    ends, reason = None, ""
    if enough(bets.height, days):
        reason = _rare_results(bets)
        top, bottom = bets["net_minor"].to_numpy(), bets["stake_minor"].to_numpy()
        match, shares = match_ids(bets), (0.05, OUT_OF_SAMPLE_LEVEL, 0.95)
        ends = None if reason else ratio_quantiles(top, bottom, match, generator(seed, "outside"), shares)
    if ends is None:
        return OutOfSample(bets.height, days, estimate, math.nan, math.nan, math.nan, reason)
    low, lower, high = ends
    return OutOfSample(bets.height, days, estimate, low, high, lower)


def _rare_results(bets: pl.DataFrame) -> str:
    """Why a yield has no interval although there are enough bets: few rare results decide it; empty if they do not."""
    if "odds_placed" not in bets.columns:
        return ""
    odds = bets["odds_placed"].to_numpy().astype(np.float64)
    if "backer_stake_minor" in bets.columns:
        lay = bets["backer_stake_minor"].is_not_null().to_numpy()
        odds = np.where(lay, odds / (odds - 1.0), odds)
    skew = skew_at_odds(odds, bets["stake_minor"].to_numpy())
    return "" if abs(skew) <= MOST_SKEW else "a few rare results decide it at these odds"


def splits_frame(overfitting: Overfitting | None) -> pl.DataFrame:
    """Cross-validation split by split: logit, metric of the selected configuration inside and outside."""
    columns = ("logit", "inside", "outside")
    if overfitting is None:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.Float32))
    values = (overfitting.logits, overfitting.in_sample, overfitting.out_of_sample)
    return pl.DataFrame({n: v.astype(np.float32) for n, v in zip(columns, values, strict=True)})
