"""The data of a report page and of its charts: everything they show is a function of these."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.inference.bootstrap import generator
from research.inference.calibration import Calibration, calibration
from research.inference.drawdown import Drawdowns, drawdowns
from research.report.activity import Activity, activity
from research.report.bankroll import bands
from research.verdict.judge import Verdict

if TYPE_CHECKING:
    from research.inference.closing_calibration import ClosingCalibration
    from research.records.trials import Count
    from research.verdict.findings import BacktestPaths, Findings
    from research.verdict.price import PriceVerdict


#: staking rules whose stakes are amounts; those of all others are fractions of the bankroll
AMOUNTS: Final = ("flat", "target")


def compounding(parameters: Mapping[str, Any]) -> bool:
    """Whether the stakes of a configuration are fractions of the bankroll; False where its staking is not known."""
    return parameters.get("staking.name", AMOUNTS[0]) not in AMOUNTS


@dataclass(frozen=True)
class Configuration:
    """One configuration with its bets and days: what its charts are drawn from.

    Attributes
    ----------
    config : int
        Its number in the run.
    parameters : mapping
        All dotted keys.
    metrics : mapping
        Measures by name; None where a measure has no value.
    bets, daily, reasons : polars.DataFrame
        As in `engine.backtesting.path.Path`.
    seed : int
        Seed of every bootstrap in its charts.
    others : mapping of str to polars.DataFrame
        Days of other configurations to compare with, by label.
    end : date or None
        Last day of the data; None: that of the days.
    after : mapping of str to int, or None
        Opportunities after the last bet, by reason; None where that is not known.
    turns : mapping or None
        How its regimes change (`research.tapes.regimes.Turns`); None: not known.
    """

    config: int
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any]
    bets: pl.DataFrame
    daily: pl.DataFrame
    reasons: pl.DataFrame
    seed: int = 0
    others: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    end: dt.date | None = None
    after: Mapping[str, int] | None = None
    turns: Mapping[str, float | None] | None = None

    @cached_property
    def when(self) -> Activity | None:
        """When it bet; None without days."""
        return activity(self.daily, self.end, self.after)

    @cached_property
    def fan(self) -> NDArray[np.float64] | None:
        """Bands of its equity over resampled days (`research.report.bankroll.bands`); None without bets."""
        if self.daily.is_empty() or not self.daily["n_bets"].sum():
            return None
        return bands(self.daily, self.seed, compounds=self.compounds)

    @property
    def label(self) -> str:
        """Its name for the reader: ``#17``."""
        return f"#{self.config}"

    @property
    def compounds(self) -> bool:
        """Whether its stakes are fractions of the bankroll."""
        return compounding(self.parameters)

    @property
    def zone(self) -> str:
        """Time zone in which its days roll."""
        return str(self.parameters.get("data.zone") or "UTC")


@dataclass(frozen=True)
class PathData:
    """The bets and days that are tested: the stitched out-of-sample path of a sweep, or a backtest.

    Attributes
    ----------
    bets : polars.DataFrame
        Its bets; `pnl_minor` is P&L after commission.
    daily : polars.DataFrame
        Its days: pnl_minor, equity_start_minor.
    seed : int
        Seed of every bootstrap in its charts.
    """

    bets: pl.DataFrame
    daily: pl.DataFrame
    seed: int

    @property
    def returns(self) -> NDArray[np.float64]:
        """Daily P&L as a fraction of the equity at the start of the day, (d,); 0 once there is no equity."""
        start = pl.col("equity_start_minor")
        frame = self.daily.select(pl.when(start > 0).then(pl.col("pnl_minor") / start).otherwise(0.0))
        return frame.to_series().to_numpy()

    @cached_property
    def calibration(self) -> Calibration | None:
        """Calibration of the probabilities that were bet on; None where no bet can be scored."""
        return calibration(self.bets, generator(self.seed, "calibration"))

    @cached_property
    def drawdowns(self) -> Drawdowns:
        """Deepest drawdowns of bootstrap resamples of the days."""
        return drawdowns(self.returns, generator(self.seed, "drawdown"))


@dataclass(frozen=True)
class CrossValidation:
    """The cross-validation of a sweep's selection, as far as there was one.

    Attributes
    ----------
    splits : polars.DataFrame
        One row a split: logit, inside, outside.
    null_band : tuple of float or None
        5, 50 and 95 % quantile of the probability of overfitting where no configuration has skill. None where the
        selection was not cross-validated.
    paths : research.verdict.findings.BacktestPaths or None
        The backtest paths; None where there are none.
    metric : str
        The metric that selects: ``sharpe``, ``growth`` or ``yield``.
    """

    splits: pl.DataFrame
    null_band: tuple[float, float, float] | None
    paths: BacktestPaths | None
    metric: str


@dataclass(frozen=True)
class SetAside:
    """A flagged configuration that is neither selected nor judged: its number, its flags, and its settings in words."""

    config: int
    flags: tuple[str, ...]
    settings: str


@dataclass(frozen=True)
class Chosen:
    """The selected configuration: its number, its settings in words, and when it bet (None: no days)."""

    config: int
    settings: str
    when: Activity | None


@dataclass(frozen=True)
class Bankrupt:
    """A configuration that went bankrupt: its number, its settings in words, the day, its bets, yield and loss."""

    config: int
    settings: str
    date: dt.date
    bets: int
    yield_frac: float | None
    lost_minor: float


@dataclass(frozen=True)
class Luck:
    """What is known about luck, as the page shows it.

    Attributes
    ----------
    findings : research.verdict.findings.Findings
    verdict : Verdict or None
        The verdict by today's ledger and acknowledgements; None for a backtest, which tests nothing out of sample.
    trials : research.records.trials.Count
        Trials by today's ledger.
    selected_bets : int
        Bets of the selected configuration.
    path_bets, path_daily : polars.DataFrame or None
        The stitched out-of-sample path, or the bets and days of a backtest; None where nothing was validated.
    splits : polars.DataFrame
        Cross-validation, one row a split: logit, inside, outside.
    flags : mapping
        Active flags: name, and what it means.
    acknowledged : tuple of str
        Flags that a reader has acknowledged.
    aside : tuple of SetAside
        The first configurations that are set aside; the findings have the number of all.
    chosen : Chosen or None
        The selected configuration; None if none qualified.
    path : Activity or None
        When the out-of-sample path bet; None where nothing was validated.
    earlier : tuple of str
        Runs of the sweeps of the family before this one, oldest first.
    price : PriceVerdict or None
        The verdict of price by today's ledger.
    closing : tuple of ClosingCalibration
        Calibrations of the closing lines that the bets are measured against; empty in runs of earlier versions.
    """

    findings: Findings
    verdict: Verdict | None
    trials: Count
    selected_bets: int
    path_bets: pl.DataFrame | None
    path_daily: pl.DataFrame | None
    splits: pl.DataFrame
    flags: Mapping[str, str]
    acknowledged: tuple[str, ...]
    aside: tuple[SetAside, ...] = ()
    chosen: Chosen | None = None
    path: Activity | None = None
    earlier: tuple[str, ...] = ()
    price: PriceVerdict | None = None
    closing: tuple[ClosingCalibration, ...] = ()

    @property
    def sample(self) -> str:
        """Where the bets of the path come from: ``out of sample`` or ``in sample``."""
        return "in sample" if self.findings.out_of_sample is None else "out of sample"

    @property
    def cross_validation(self) -> CrossValidation:
        """The cross-validation of the selection."""
        overfitting = self.findings.evidence.overfitting
        band = None
        if overfitting is not None and self.splits.height:
            band = (overfitting.null_low, overfitting.null_middle, overfitting.null_high)
        return CrossValidation(self.splits, band, self.findings.paths, self.findings.metric)

    def tested(self, seed: int) -> PathData | None:
        """The path with P&L after commission; None where it has no bet."""
        if self.path_bets is None or self.path_daily is None or not self.path_bets.height:
            return None
        return PathData(self.path_bets.with_columns(pnl_minor="net_minor"), self.path_daily, seed)


@dataclass(frozen=True)
class ReportData:
    """A run as the page shows it.

    Attributes
    ----------
    run : str
        Id of the run.
    results : polars.DataFrame
        All configurations, best first: config, the keys, the measures.
    keys : tuple of str
        Parameters that distinguish the configurations, in the order of the configuration.
    order : str
        Measure that ranks the leaderboard.
    selected : tuple of Configuration
        Configurations with charts, best first. Empty only where no path was stored.
    manifest : mapping
        As stored.
    luck : Luck or None
        None for a sweep that was run without tests of luck.
    bankrupt : tuple of Bankrupt
        The first configurations that went bankrupt.
    n_bankrupt : int
        Number of all that did.
    """

    run: str
    results: pl.DataFrame
    keys: tuple[str, ...]
    order: str
    selected: tuple[Configuration, ...]
    manifest: Mapping[str, Any] = field(default_factory=dict)
    luck: Luck | None = None
    bankrupt: tuple[Bankrupt, ...] = ()
    n_bankrupt: int = 0

    @property
    def short(self) -> str:
        """The first digits of the id."""
        return self.run[:12]

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return int(self.manifest.get("seed") or 0)

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the manifest states about the data."""
        facts = self.manifest.get("data")
        return facts if isinstance(facts, Mapping) else {}

    @property
    def zone(self) -> str:
        """Time zone in which days roll."""
        return self.selected[0].zone if self.selected else "UTC"

    def among_others(self, place: int) -> Configuration:
        """A selected configuration, with the days of the other ones that bet."""
        entry = self.selected[place]
        others = {
            other.label: other.daily
            for other in self.selected
            if other.config != entry.config and other.metrics["n_bets"]
        }
        return replace(entry, others=others)

    @property
    def command(self) -> list[str]:
        """Words of the command."""
        return [str(word) for word in self.manifest.get("command") or []]
