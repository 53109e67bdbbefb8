"""What a sweep found about luck, as it is stored: numbers alone; the verdict is made of them when it is read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from engine.errors import DataError
from research.verdict.evidence import Evidence, weigh
from research.verdict.judge import Outside

LUCK: Final = "luck.json"
PATH_BETS: Final = "path_bets.parquet"
PATH_DAILY: Final = "path_daily.parquet"
SPLITS: Final = "splits.parquet"
FLAGS: Final = "flags.parquet"


@dataclass(frozen=True)
class Window:
    """One fold of the stitched path.

    Attributes
    ----------
    first, last : str
        ISO dates, both inside.
    config : int or None
        Number of the configuration that was chosen; None: none qualified.
    inside : float or None
        Its metric in the folds that chose it.
    bets : int
        Bets that it placed.
    turnover_minor, pnl_minor : float
        Their stakes and P&L, whenever they settled.
    """

    first: str
    last: str
    config: int | None
    inside: float | None
    bets: int
    turnover_minor: float
    pnl_minor: float


@dataclass(frozen=True)
class Crossing:
    """Backtest paths of a cross-validation: number of splits and, of each path, bets and metric (None: no value)."""

    splits: int
    bets: tuple[int, ...]
    metrics: tuple[float | None, ...]


@dataclass(frozen=True)
class Findings:
    """All of it.

    Attributes
    ----------
    evidence : Evidence
    metric : str
        What chooses (`validation.metric`).
    picked : int or None
        Number of the configuration that the same rule chooses on all days.
    purged_days : int
        Days beside folds that nothing is learned from where a fold is tested; of the tape that has most.
    windows : tuple of Window
        Empty: nothing was validated.
    outside : Outside or None
        Yield of the stitched path; None: nothing was validated.
    crossing : Crossing or None
    """

    evidence: Evidence
    metric: str
    picked: int | None
    purged_days: int
    windows: tuple[Window, ...]
    outside: Outside | None
    crossing: Crossing | None

    def plain(self) -> dict[str, Any]:
        """As a JSON document (NaN is null there)."""
        return asdict(self) | {"evidence": self.evidence.plain()}


def alone(daily: pl.DataFrame, seed: int) -> Findings:
    """The findings of one configuration by its days (`engine.backtesting.path.Path.daily`); nothing of it is out of
    sample."""
    returns = daily["return_frac"].to_numpy().astype(np.float32).reshape(-1, 1)
    evidence = weigh(returns, 0, seed, crossing=False).evidence
    return Findings(evidence, "sharpe", 1, 0, (), None, None)


def read(folder: Path) -> Findings | None:
    """The findings of a run; None: it was a backtest, or made without them."""
    path = folder / LUCK
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return _of_plain(found)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            "the findings of the run cannot be read",
            where=str(path),
            found=type(error).__name__,
            todo="repeat its command with force=true",
        ) from None


def _of_plain(found: dict[str, Any]) -> Findings:
    outside, crossing = found["outside"], found["crossing"]
    return Findings(
        **found
        | {
            "evidence": Evidence.of_plain(_numbers(found["evidence"])),
            "windows": tuple(Window(**one) for one in found["windows"]),
            "outside": None if outside is None else Outside(**_numbers(outside)),
            "crossing": None
            if crossing is None
            else Crossing(crossing["splits"], tuple(crossing["bets"]), tuple(crossing["metrics"])),
        }
    )


def _numbers(found: dict[str, Any]) -> dict[str, Any]:
    """Null numbers of a document as NaN again; what may be absent as a whole stays None."""
    absent = ("picked", "crossed")
    made: dict[str, Any] = {}
    for name, value in found.items():
        if isinstance(value, dict):
            made[name] = _numbers(value)
        else:
            made[name] = float("nan") if value is None and name not in absent else value
    return made


SCHEMA: Final = {"config": pl.Int64, "flag": pl.String}
