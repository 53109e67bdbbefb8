"""Backtests and sweeps from Python and Jupyter: overrides in, runs out.

Errors are those of `engine.errors`; the command line turns them into a line and an exit status.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from research.records.run import RunRecord

if TYPE_CHECKING:
    import polars as pl

    from research.config.compose import Composer
    from research.execution.progress import Progress
    from research.report.figure import Figure


class Run(RunRecord):
    """A run on disk with its charts, its report page, and its views in a terminal and in Jupyter."""

    def charts(self, config: int | None = None) -> dict[str, Figure]:
        """Figures of a configuration (default the best) by name; each shows itself in Jupyter.

        The names are those of `research.report.charts.CONFIGURATION`. Charts of bets are left out without bets.
        """
        from research.report import charts
        from research.report.gather import configuration

        return charts.draw(charts.CONFIGURATION, configuration(self, config))

    def render(self) -> Path:
        """Write the report page again and return its path."""
        from research.report import write

        write(self, self.report_path)
        return self.report_path

    def __rich__(self) -> Any:
        from research.report.terminal import leaderboard_view

        return leaderboard_view(self)

    def _repr_html_(self) -> str:
        from research.report.terminal import html

        return html(self)


def backtest(overrides: Sequence[str] = (), *, config_dir: str | Path | None = None, progress: bool = False) -> Run:
    """Run one configuration, or open the stored run of the same inputs.

    Parameters
    ----------
    overrides : sequence of str
        As on the command line: ``["data=sample", "staking=kelly", "staking.fraction=0.1"]``.
    config_dir : path, optional
        Folder with groups, experiments and strategies of your own.
    progress : bool
        Show progress on stderr.

    Raises
    ------
    engine.errors.BeaError
        The command line would print the same message.
    """
    return _run("backtest", overrides, config_dir, progress)


def sweep(overrides: Sequence[str] = (), *, config_dir: str | Path | None = None, progress: bool = False) -> Run:
    """Run many configurations, or open the stored run of the same inputs; parameters and errors as in `backtest`.

    Examples
    --------
    >>> import research
    >>> run = research.sweep(["data=sample", "strategy.edge_min=range(0,0.05,0.01)"])     # doctest: +SKIP
    >>> run.leaderboard(3)                                                                # doctest: +SKIP
    """
    return _run("sweep", overrides, config_dir, progress)


def open_run(run: str) -> Run:
    """Open a complete run by its id or the first digits of it; raises UsageError unless exactly one run matches."""
    return Run.open(run)


def runs() -> pl.DataFrame:
    """All complete runs, newest first: run, kind, finished_at, configurations, first_date, last_date, command."""
    from research.records.summary import listing

    return listing()


def _run(kind: str, overrides: Sequence[str], config_dir: str | Path | None, progress: bool) -> Run:
    from research.config.compose import Composer
    from research.execution.progress import Silence, progress_for

    composer = Composer(kind, Path(config_dir) if config_dir else None)
    return carry_out(composer, list(overrides), progress_for if progress else Silence)[0]


def carry_out(composer: Composer, overrides: Sequence[str], progress: Callable[[], Progress]) -> tuple[Run, str]:
    """Plan and execute a command. Unless ``report=false``, write its page if it is missing or of older code.

    Parameters
    ----------
    composer : Composer
        Over the configuration of the command: `backtest` or `sweep`.
    overrides : sequence of str
        As typed.
    progress : callable
        Makes the display of progress. It is not called with ``output=json``, which shows none.

    Returns
    -------
    Run
    str
        The key `output` of the configuration: ``table`` or ``json``.
    """
    from research.execution.execute import execute
    from research.execution.job import Command
    from research.execution.progress import Silence
    from research.sweeps.planner import plan_command

    plan = plan_command(composer, overrides)
    settings = plan.settings()
    output = str(settings["output"])
    display = Silence() if output == "json" else progress()
    run = Run(execute(Command(composer.name, tuple(overrides), plan, display)).folder)
    if settings["report"]:
        from research.report import is_current

        if not is_current(run.report_path):
            run.render()
    return run, output
