"""From runs on disk to the data of a comparison: everything the page shows is a function of this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from engine.errors import DataError
from research.report.data import Chosen
from research.report.text import count
from research.verdict.judge import OutOfSample, Verdict

if TYPE_CHECKING:
    from research.records.run import RunRecord

#: what a configuration without a path still has
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
    """One run with the configuration of it that is compared.

    Attributes
    ----------
    letter : str
        How the page calls it: A, B, ...
    run : str
        Id.
    configurations : int
        Of the run.
    chosen : Chosen
        The configuration: parameters, measures, bets, days.
    manifest : mapping
        As stored.
    verdict : Verdict or None
        None: a backtest.
    outside : Outside or None
        Yield of the stitched path; None: nothing was validated.
    path_bets, path_daily : polars.DataFrame or None
        The stitched path; None too where one configuration was asked for by its number.
    lack : str
        Why the path of the configuration is not there; empty: it is.
    """

    letter: str
    run: str
    configurations: int
    chosen: Chosen
    manifest: Mapping[str, Any]
    verdict: Verdict | None = None
    outside: OutOfSample | None = None
    path_bets: pl.DataFrame | None = None
    path_daily: pl.DataFrame | None = None
    lack: str = ""

    @property
    def name(self) -> str:
        """Run and configuration as a command takes them: ``0123456789ab#4``."""
        return f"{self.run[:12]}{self.chosen.label}"

    @property
    def kind(self) -> str:
        """``backtest``, or ``sweep of 400 configurations``."""
        return "backtest" if self.configurations == 1 else f"sweep of {count(self.configurations, 'configuration')}"

    @property
    def walked(self) -> bool:
        """Whether there is an out-of-sample path with bets."""
        return self.path_bets is not None and not self.path_bets.is_empty()

    @property
    def zone(self) -> str:
        """Zone in which its days roll."""
        return str(self.chosen.parameters.get("data.zone") or "UTC")

    @property
    def bankroll_minor(self) -> float:
        """What it begins with."""
        return float(self.chosen.parameters.get("bankroll_minor") or 1.0)


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes
    ----------
    sides : tuple of Side
        Two to six.
    differences : mapping
        ``configuration``, ``data``, ``code``: name to one value a side, only where they differ.
    words : tuple of str
        Runs as they were asked for, for the command.
    """

    sides: tuple[Side, ...]
    differences: Mapping[str, Mapping[str, Sequence[Any]]]
    words: tuple[str, ...]

    @property
    def seed(self) -> int:
        """Seed of the first run: all intervals are drawn with it."""
        return int(self.sides[0].manifest.get("seed") or 0)

    @property
    def outside(self) -> bool:
        """Whether all sides have an out-of-sample path with bets: it is what is compared then."""
        return all(side.walked for side in self.sides)


def gather(
    runs: Sequence[tuple[RunRecord, int | None]], differences: Mapping[str, Mapping[str, Sequence[Any]]]
) -> Comparison:
    """Everything the page shows of runs.

    Parameters
    ----------
    runs : sequence of (RunRecord, int or None)
        The configuration to compare of each; None: its best, and its out-of-sample path if it has one.
    differences : mapping
        `research.report.comparison.differences.differences`.
    """
    sides = tuple(_side(chr(ord("A") + place), run, config) for place, (run, config) in enumerate(runs))
    words = tuple(run.short + ("" if config is None else f"#{config}") for run, config in runs)
    return Comparison(sides, differences, words)


def _side(letter: str, run: RunRecord, config: int | None) -> Side:
    number = run.best() if config is None else config
    bets, daily, lack = pl.DataFrame(schema=_NO_BETS), pl.DataFrame(schema=_NO_DAYS), ""
    try:
        bets, daily = run.bets(number), run.daily(number)
    except DataError as error:
        lack = str(error)
    chosen = Chosen(number, run.parameters(number), run.metrics(number), bets, daily, run.reasons(number))
    findings = run.findings
    validated = config is None and findings is not None and findings.out_of_sample is not None
    return Side(
        letter,
        run.id,
        len(run),
        chosen,
        run.manifest,
        run.verdict(),
        None if findings is None else findings.out_of_sample,
        run.path_bets() if validated else None,
        run.path_daily() if validated else None,
        lack,
    )
