"""The stored findings of a sweep: numbers only. The verdict is made from them each time it is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from engine.files import read_json
from research.inference.conditional import Measured
from research.verdict.at_level import LevelStakes
from research.verdict.evidence import Evidence, assess, resampled
from research.verdict.judge import OutOfSample
from research.verdict.size import Size, level_yield

LUCK: Final = "luck.json"
PATH_BETS: Final = "path_bets.parquet"
PATH_DAILY: Final = "path_daily.parquet"
SPLITS: Final = "splits.parquet"
#: reasons of the opportunities after the last bet of each stored configuration: config, reason, count
AFTER: Final = "after.parquet"
AFTER_SCHEMA: Final = {"config": pl.Int64, "reason": pl.String, "count": pl.Int64}
FLAGS: Final = "flags.parquet"
#: folder of the findings in which nothing is set aside: they hold once every flag has been acknowledged
WITH_FLAGGED: Final = "with_flagged"
#: columns of `FLAGS`
FLAG_SCHEMA: Final = {"config": pl.Int64, "flag": pl.String}

#: names of fields in the stored document, where they differ
_STORED: Final = {"selected": "picked", "out_of_sample": "outside", "paths": "crossing"}
_STORED_WINDOW: Final = {"in_sample": "inside"}
#: fields that are null as a whole, where a null elsewhere is NaN
_OPTIONAL: Final = ("picked", "crossed", "level", "slow", "selected", "ensemble", "p_months")


@dataclass(frozen=True)
class Window:
    """One fold of the stitched path.

    Attributes
    ----------
    first, last : str
        First and last day, ISO dates.
    config : int or None
        Number of the selected configuration; None if none qualified.
    in_sample : float or None
        Its metric in the folds that it was selected by.
    bets : int
        Bets placed in the fold.
    turnover_minor, pnl_minor : float
        Their stakes and P&L, whenever they settled, minor units.
    refused : mapping of str to int
        Opportunities of the fold that became no bet, by reason; empty in runs of earlier versions.
    """

    first: str
    last: str
    config: int | None
    in_sample: float | None
    bets: int
    turnover_minor: float
    pnl_minor: float
    refused: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class BacktestPaths:
    """Backtest paths of a cross-validation.

    Attributes
    ----------
    splits : int
        Number of splits.
    bets : tuple of int
        Bets of each path.
    metrics : tuple of float or None
        Metric of each path; None if it has no value.
    """

    splits: int
    bets: tuple[int, ...]
    metrics: tuple[float | None, ...]


@dataclass(frozen=True)
class Findings:
    """All numbers about luck of a sweep or backtest.

    Attributes
    ----------
    evidence : Evidence
    metric : str
        Metric that configurations are selected by (`validation.metric`).
    selected : int or None
        Number of the configuration that the same rule selects on all days; None if none qualifies.
    purged_days : int
        Days next to folds that are excluded from training; of the tape with most.
    windows : tuple of Window
        Empty without validation.
    out_of_sample : OutOfSample or None
        Yield of the stitched path; None without validation.
    paths : BacktestPaths or None
        None without cross-validation.
    set_aside : tuple of int
        Numbers of the configurations that carried a flag and were neither selected nor judged; they count as trials.
    size : Size or None
        Yields at level stakes; None in runs of earlier versions: not measured.
    """

    evidence: Evidence
    metric: str
    selected: int | None
    purged_days: int
    windows: tuple[Window, ...]
    out_of_sample: OutOfSample | None
    paths: BacktestPaths | None
    set_aside: tuple[int, ...] = ()
    size: Size | None = None

    def plain(self) -> dict[str, Any]:
        """As a JSON document; NaN is written as null."""
        document = {_STORED.get(name, name): value for name, value in asdict(self).items()}
        windows = [{_STORED_WINDOW.get(k, k): v for k, v in window.items()} for window in document["windows"]]
        return document | {"evidence": self.evidence.plain(), "windows": tuple(windows)}


def backtest_findings(daily: pl.DataFrame, seed: int) -> Findings:
    """Findings of one configuration from its days (`engine.backtesting.path.Path.daily`); nothing is out of sample."""
    returns = daily["return_frac"].to_numpy().astype(np.float32).reshape(-1, 1)
    first: dt.date = daily["date"][0] if daily.height else dt.date(1970, 1, 1)
    level = size = None
    if "level" in daily.columns:  # days stored by earlier versions have none
        at_level, turnover = daily["level"].to_numpy().astype(np.float32), float(daily["level_stake"].sum())
        level = LevelStakes(at_level.reshape(-1, 1), np.array([turnover]))
        if turnover > 0.0:
            measured = Measured(*level_yield(at_level, turnover))
            size = Size(measured, None, measured.error, int(daily["n_bets"].sum()))
    drawn = resampled(returns, seed, first, None if level is None else level.days)
    evidence = assess(returns, 0, seed, drawn, cross_validate=False, level=level).evidence
    return Findings(evidence, "sharpe", 1, 0, (), None, None, size=size)


def read_findings(folder: Path) -> Findings | None:
    """Read the findings of a run.

    Returns
    -------
    Findings or None
        None if the run has none: a backtest, or a sweep of an early version.

    Raises
    ------
    DataError
        If the file is damaged.
    """
    todo = "repeat its command with force=true"
    return read_json(folder / LUCK, _from_plain, "the findings of the run cannot be read", todo)


def _from_plain(document: dict[str, Any]) -> Findings:
    document = {"set_aside": (), "size": None} | document  # findings of earlier versions have neither
    fields = {name: document[_STORED.get(name, name)] for name in Findings.__dataclass_fields__}
    out_of_sample, paths = fields["out_of_sample"], fields["paths"]
    return Findings(
        **fields
        | {
            "evidence": Evidence.from_plain(_numbers(fields["evidence"])),
            "windows": tuple(_window(window) for window in fields["windows"]),
            "out_of_sample": None if out_of_sample is None else OutOfSample(**_numbers(out_of_sample)),
            "paths": None
            if paths is None
            else BacktestPaths(paths["splits"], tuple(paths["bets"]), tuple(paths["metrics"])),
            "set_aside": tuple(int(config) for config in fields["set_aside"]),
            "size": None if fields["size"] is None else Size.from_plain(fields["size"]),
        }
    )


def _window(document: dict[str, Any]) -> Window:
    document = {"refused": {}} | document
    return Window(**{name: document[_STORED_WINDOW.get(name, name)] for name in Window.__dataclass_fields__})


def _numbers(document: dict[str, Any]) -> dict[str, Any]:
    """The document with null numbers as NaN; fields of `_OPTIONAL` stay None."""
    out: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            out[name] = _numbers(value)
        else:
            out[name] = float("nan") if value is None and name not in _OPTIONAL else value
    return out
