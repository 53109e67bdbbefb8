"""From runs on disk to the data of a comparison: everything the page shows is a function of this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from engine.errors import DataError
from research.report.data import Configuration
from research.report.headline import first_lines
from research.report.text import count
from research.verdict.judge import OutOfSample, Verdict

if TYPE_CHECKING:
    from research.records.run import RunRecord

#: schema of the bets and days of a configuration whose path cannot be replayed
_NO_BETS: Final = {
    "event_id": pl.Int64,
    "stake_minor": pl.Float64,
    "pnl_minor": pl.Float64,
    "clv": pl.Float64,
    "date": pl.Date,
}
_NO_DAYS: Final = {"date": pl.Date, "pnl_minor": pl.Int64, "equity_start_minor": pl.Int64, "n_bets": pl.Int64}


@dataclass(frozen=True)
class Side:
    """One run, with the configuration of it that is compared.

    Attributes
    ----------
    letter : str
        Its name on the page: A, B, ...
    run : str
        Id of the run.
    n_configurations : int
        Configurations of the run.
    configuration : Configuration
        The configuration that is compared.
    manifest : mapping
        As stored.
    verdict : Verdict or None
        None for a backtest.
    out_of_sample : OutOfSample or None
        Yield of the stitched path; None where nothing was validated.
    path_bets, path_daily : polars.DataFrame or None
        The stitched path. None also where a configuration was requested by its number.
    missing : str
        Why the bets of the configuration are not available; empty where they are.
    lines : tuple of str
        What the run says about profit and about price, a line each; of a backtest about price only.
    """

    letter: str
    run: str
    n_configurations: int
    configuration: Configuration
    manifest: Mapping[str, Any]
    verdict: Verdict | None = None
    out_of_sample: OutOfSample | None = None
    path_bets: pl.DataFrame | None = None
    path_daily: pl.DataFrame | None = None
    missing: str = ""
    lines: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Run and configuration as a command takes them: ``0123456789ab#4``."""
        return f"{self.run[:12]}{self.configuration.label}"

    @property
    def kind(self) -> str:
        """``backtest``, or ``sweep of 400 configurations``."""
        if self.n_configurations == 1:
            return "backtest"
        return f"sweep of {count(self.n_configurations, 'configuration')}"

    @property
    def has_path(self) -> bool:
        """Whether there is an out-of-sample path with bets."""
        return self.path_bets is not None and not self.path_bets.is_empty()

    @property
    def bankroll_minor(self) -> float:
        """Opening bankroll, minor units."""
        return float(self.configuration.parameters.get("bankroll_minor") or 1.0)


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes
    ----------
    sides : tuple of Side
        Two to six.
    differences : mapping
        ``configuration``, ``data``, ``code``: name to one value a side, only where they differ.
    names : tuple of str
        The runs as they were requested, for the command.
    """

    sides: tuple[Side, ...]
    differences: Mapping[str, Mapping[str, Sequence[Any]]]
    names: tuple[str, ...]

    @property
    def seed(self) -> int:
        """Seed of the first run, used for all intervals."""
        return int(self.sides[0].manifest.get("seed") or 0)

    @property
    def out_of_sample(self) -> bool:
        """Whether all sides have an out-of-sample path with bets, so that those are compared."""
        return all(side.has_path for side in self.sides)


def gather(
    runs: Sequence[tuple[RunRecord, int | None]], differences: Mapping[str, Mapping[str, Sequence[Any]]]
) -> Comparison:
    """Everything the page shows about the runs.

    Parameters
    ----------
    runs : sequence of (RunRecord, int or None)
        Each run with the number of the configuration to compare; None: its best one, and its out-of-sample path if
        it has one.
    differences : mapping
        `research.report.comparison.differences.differences`.
    """
    sides = tuple(_side(chr(ord("A") + place), run, number) for place, (run, number) in enumerate(runs))
    names = tuple(run.short + ("" if number is None else f"#{number}") for run, number in runs)
    return Comparison(sides, differences, names)


def _side(letter: str, run: RunRecord, number: int | None) -> Side:
    config = run.best() if number is None else number
    bets, daily, missing = pl.DataFrame(schema=_NO_BETS), pl.DataFrame(schema=_NO_DAYS), ""
    try:
        bets, daily = run.bets(config), run.daily(config)
    except DataError as error:
        missing = str(error)
    parameters, metrics, seed = run.parameters(config), run.metrics(config), int(run.manifest.get("seed") or 0)
    configuration = Configuration(config, parameters, metrics, bets, daily, run.reasons(config), seed)
    findings = run.findings
    validated = number is None and findings is not None and findings.out_of_sample is not None
    return Side(
        letter,
        run.id,
        len(run),
        configuration,
        run.manifest,
        run.verdict(),
        None if findings is None else findings.out_of_sample,
        run.path_bets() if validated else None,
        run.path_daily() if validated else None,
        missing,
        first_lines(run),
    )
