"""The settings of a promotion: ``conf/promotion/paper.yaml`` and ``live.yaml`` as frozen objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from engine.errors import ConfigurationError
from engine.paths import conf_dir
from research.config.live import built

_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class BandSettings:
    """How bands are drawn.

    Attributes
    ----------
    false_alarm_frac : float
        Share of futures without a change that leave any band on any day.
    paths : int
        Simulated futures for the bounds.
    resamples : int
        Resamples of the backtest for the tail level.
    days : int
        Days that are looked at: as many as the promotion lives.
    """

    false_alarm_frac: float = 0.05
    paths: int = 4000
    resamples: int = 40
    days: int = 90


@dataclass(frozen=True)
class GateSettings:
    """Thresholds of the gates; units in the names. None: the gate belongs to the other mode.

    Attributes
    ----------
    bets_min, days_min : int
        Out-of-sample bets of the configuration, and days with one.
    dsr_min : float
        Deflated Sharpe ratio, a probability.
    pbo_max : float
        Probability of backtest overfitting.
    clv_min : float
        What the 90 % interval of the mean closing line value must begin above.
    drawdown_max_frac : float
    paper_days_min, paper_bets_min : int or None
        Days by the clock, and bets, of paper trading on a live feed.
    paper_gap_max_h : float or None
        Longest time without an entry in the ledger, hours.
    """

    bets_min: int
    days_min: int
    dsr_min: float
    pbo_max: float
    clv_min: float
    drawdown_max_frac: float
    paper_days_min: int | None = None
    paper_bets_min: int | None = None
    paper_gap_max_h: float | None = None


@dataclass(frozen=True)
class PromotionSettings:
    """The settings of one mode.

    Attributes
    ----------
    mode : str
        ``paper`` or ``live``.
    currency : str
        Three letters.
    expires_days : int
    bands : BandSettings
    gates : GateSettings
    never_acknowledged : tuple of str
        Gates that no reason opens.
    """

    mode: str
    currency: str
    expires_days: int
    bands: BandSettings
    gates: GateSettings
    never_acknowledged: tuple[str, ...]


def read_settings(mode: str, folder: Path | None = None) -> PromotionSettings:
    """Read the settings of a mode.

    Parameters
    ----------
    mode : str
        ``paper`` or ``live``.
    folder : Path, optional
        Default: ``conf/promotion``.

    Raises
    ------
    ConfigurationError
        A key is unknown or missing, or a value is no number above zero.
    """
    path = (folder or conf_dir() / "promotion") / f"{mode}.yaml"
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    head = {name: value for name, value in content.items() if name not in ("bands", "gates")}
    days = int(content.get("expires_days", BandSettings.days))
    bands = _made(BandSettings, {"days": days} | dict(content.get("bands") or {}), f"{path.name}: bands")
    gates = _made(GateSettings, dict(content.get("gates") or {}), f"{path.name}: gates")
    head["never_acknowledged"] = content.get("never_acknowledged") or []
    return _made(PromotionSettings, head | {"mode": mode, "bands": bands, "gates": gates}, path.name)


def _made(kind: type[_Kind], values: Mapping[str, Any], where: str) -> _Kind:
    made = built(kind, values, where)
    for name, value in values.items():
        if isinstance(value, int | float) and not value >= 0:
            raise ConfigurationError("wrong value", where=f"{where}.{name}", expected="a number", found=str(value))
    return made
