"""The same from Python and Jupyter: overrides in, runs out; errors of `engine.errors` instead of an exit status."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from research.run.record import Run


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
    from research.run.record import Run

    return Run.open(run)


def runs() -> pl.DataFrame:
    """All complete runs, newest first: run, kind, finished_at, configurations, first_date, last_date, command."""
    from research.runs_command import listing

    return listing()


def _run(kind: str, overrides: Sequence[str], config_dir: str | Path | None, progress: bool) -> Run:
    from research.application import carry_out
    from research.composition import Composer
    from research.run.progress import Silence, progress_for

    composer = Composer(kind, Path(config_dir) if config_dir else None)
    return carry_out(composer, list(overrides), progress_for if progress else Silence)[0]
