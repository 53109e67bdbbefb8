"""The same from Python and Jupyter: overrides in, runs out; errors of `engine.errors` instead of an exit status."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from research.records.run import RunRecord

if TYPE_CHECKING:
    import polars as pl

    from research.report.figure import Figure


class Run(RunRecord):
    """A run that draws itself: the record on disk, with its charts, its page and its views."""

    def charts(self, config: int | None = None) -> dict[str, Figure]:
        """Figures of a configuration by their names in `research.report.charts`; each shows itself in Jupyter."""
        from research.report import charts

        bets, seed = self.bets(config), int(self.manifest["seed"])
        figures = {
            "equity": charts.equity(self.daily(config), seed=seed),
            "funnel": charts.funnel(self.reasons(config)),
        }
        if bets.height:
            by = ("season", "competition", "odds", "month")
            figures |= {f"yield_by_{name}": charts.yield_by(bets, name, seed=seed) for name in by}
            figures["edge_against_yield"] = charts.edge_against_yield(bets, seed=seed)
            figures["clv_distribution"] = charts.clv_distribution(bets, seed=seed)
            figures["clv_against_yield"] = charts.clv_against_yield(bets, seed=seed)
        return figures

    def render(self) -> Path:
        """Write the report page again and give its path."""
        from research.report import write

        write(self, self.report_path)
        return self.report_path

    def __rich__(self) -> Any:
        from research.commands.text import leaderboard_view

        return leaderboard_view(self)

    def _repr_html_(self) -> str:
        from research.commands.text import html

        return html(self)


def backtest(overrides: Sequence[str] = (), *, config_dir: str | Path | None = None, progress: bool = False) -> Run:
    """Run one configuration, or give the stored run of the same inputs.

    Parameters
    ----------
    overrides : sequence of str
        As on the command line: ``["data=sample", "staking=kelly", "staking.fraction=0.1"]``.
    config_dir : path, optional
        A folder of your own groups and experiments.
    progress : bool
        Tell on stderr what is done.

    Raises
    ------
    engine.errors.BeaError
    """
    return _run("backtest", overrides, config_dir, progress)


def sweep(overrides: Sequence[str] = (), *, config_dir: str | Path | None = None, progress: bool = False) -> Run:
    """Run many configurations, or give the stored run of the same inputs; parameters as of `backtest`.

    Examples
    --------
    >>> import research
    >>> run = research.sweep(["data=sample", "strategy.edge_min=range(0,0.05,0.01)"])     # doctest: +SKIP
    >>> run.leaderboard(3)                                                                # doctest: +SKIP
    """
    return _run("sweep", overrides, config_dir, progress)


def open_run(run: str) -> Run:
    """A complete run by its id, or the start of it; raises UsageError where there is none or more than one."""
    return Run.open(run)


def runs() -> pl.DataFrame:
    """All complete runs, newest first: run, kind, finished_at, configurations, first_date, last_date, command."""
    from research.commands.runs import listing

    return listing()


def _run(kind: str, overrides: Sequence[str], config_dir: str | Path | None, progress: bool) -> Run:
    from research.commands.hydra import carry_out
    from research.config.compose import Composer
    from research.execution.progress import Silence, progress_for

    composer = Composer(kind, Path(config_dir) if config_dir else None)
    return Run(carry_out(composer, list(overrides), progress_for if progress else Silence)[0].folder)
