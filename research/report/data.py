"""What a report page is made of: everything it shows is a function of this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from research.verdict.judge import Verdict

if TYPE_CHECKING:
    from research.records.trials import Count
    from research.verdict.findings import Findings


@dataclass(frozen=True)
class Chosen:
    """One configuration whose path is shown.

    Attributes
    ----------
    config : int
        Its number in the run.
    parameters : mapping
        All dotted keys.
    metrics : mapping
        Measures by name; None where there is no value.
    bets, daily, reasons : polars.DataFrame
        As in `engine.backtesting.path.Path`.
    """

    config: int
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any]
    bets: pl.DataFrame
    daily: pl.DataFrame
    reasons: pl.DataFrame

    @property
    def label(self) -> str:
        """How the reader calls it: ``#17``."""
        return f"#{self.config}"


@dataclass(frozen=True)
class Luck:
    """What is known of luck, as the page shows it.

    Attributes
    ----------
    findings : research.verdict.findings.Findings
    verdict : Verdict or None
        By the numbers as they are now; None: a backtest, of which nothing is out of sample.
    trials : research.records.trials.Count
        By the ledger as it is now.
    picked_bets : int
        Bets of the judged configuration.
    path_bets, path_daily : polars.DataFrame or None
        The stitched out-of-sample path, or the one backtest; None: nothing was validated.
    splits : polars.DataFrame
        Cross-validation split by split: logit, inside, outside.
    flags : mapping
        Flags that stand: name, and what it says.
    acknowledged : tuple of str
        Those that a reader has looked into.
    """

    findings: Findings
    verdict: Verdict | None
    trials: Count
    picked_bets: int
    path_bets: pl.DataFrame | None
    path_daily: pl.DataFrame | None
    splits: pl.DataFrame
    flags: Mapping[str, str]
    acknowledged: tuple[str, ...]

    @property
    def sample(self) -> str:
        """Where the bets of the path stand: ``out of sample``, ``in sample``."""
        return "in sample" if self.findings.out_of_sample is None else "out of sample"


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
        Parameters that tell the configurations apart, in the order of the configuration.
    order : str
        Measure of the leaderboard.
    chosen : tuple of Chosen
        Best first; may be empty only where nothing was stored.
    manifest : mapping
        As stored.
    luck : Luck or None
        None: a sweep that was made without.
    """

    run: str
    results: pl.DataFrame
    keys: tuple[str, ...]
    order: str
    chosen: tuple[Chosen, ...]
    manifest: Mapping[str, Any] = field(default_factory=dict)
    luck: Luck | None = None

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
        """What the manifest says of the data."""
        found = self.manifest.get("data")
        return found if isinstance(found, Mapping) else {}

    @property
    def zone(self) -> str:
        """Zone in which days roll."""
        return str(self.chosen[0].parameters.get("data.zone") or "UTC") if self.chosen else "UTC"

    @property
    def command(self) -> list[str]:
        """Words of the command."""
        return [str(word) for word in self.manifest.get("command") or []]
