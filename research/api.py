"""Backtests and sweeps from Python and Jupyter: overrides in, runs out.

Errors are those of `engine.errors`; the command line turns them into a line and an exit status.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.errors import UsageError
from research.records.export import expanded
from research.records.export import reference as reference
from research.records.run import RunRecord

if TYPE_CHECKING:
    import polars as pl

    from research.config.compose import Composer
    from research.execution.progress import Progress
    from research.records.labels import Labels
    from research.report.figure import Figure


#: where a further word begins: a key and one equals sign
_WORD: Final = re.compile(r"\s+['\"]?(?:~|\+{0,2})[A-Za-z_][\w./@]*=(?!=)|\s+~[A-Za-z_]")


class Run(RunRecord):
    """A run on disk with its charts, its report page, and its views in a terminal and in Jupyter."""

    def charts(self, config: int | None = None) -> dict[str, Figure]:
        """Figures of a configuration (default the best) by name; each shows itself in Jupyter.

        The names are those of `research.report.charts.CONFIGURATION`. Charts of bets are left out without bets.
        """
        from research.report import charts
        from research.report.gather import configuration

        return charts.draw(charts.CONFIGURATION, configuration(self, config))

    def first_lines(self) -> tuple[str, ...]:
        """What the run says about profit and about price, a line each; of a backtest about price only."""
        from research.report.headline import first_lines

        return first_lines(self)

    @property
    def labels(self) -> Labels:
        """Its name, tags and note; change them with `bea runs name`, `tag` and `note`."""
        from research.records.labels import read_labels

        return read_labels(self.folder)

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


@dataclass(frozen=True)
class Comparison:
    """Runs or configurations side by side.

    Attributes
    ----------
    sides : tuple of (RunRecord, int or None)
        Each run with the number of its configuration; None: the best one.
    parts : dict
        ``configuration``, ``data``, ``code``, ``metrics``: name to a value for each side. All but measures are listed
        only where they differ.
    """

    sides: tuple[tuple[RunRecord, int | None], ...]
    parts: dict[str, dict[str, list[Any]]]

    @property
    def names(self) -> list[str]:
        """Names of the sides: ``0123456789ab#4``, and the place in front where two are equal."""
        names = [run.short + ("" if config is None else f"#{config}") for run, config in self.sides]
        return names if len(set(names)) == len(names) else [f"{place}: {name}" for place, name in enumerate(names, 1)]

    def table(self) -> pl.DataFrame:
        """One row for each difference and measure: part, name, and a column of texts for each side."""
        import polars as pl

        from research.report.comparison.differences import heading
        from research.report.terminal import setting
        from research.report.text import MEASURES

        rows = [
            (
                part,
                heading(part, name),
                *(MEASURES[name].text(value) if name in MEASURES else setting(value) for value in values),
            )
            for part, named in self.parts.items()
            for name, values in named.items()
        ]
        return pl.DataFrame(rows, schema=["part", "name", *self.names], orient="row")

    def render(self) -> Path:
        """Write the page of the comparison, of at most six runs, and return its path."""
        from research.report.comparison.differences import write_page

        return write_page(self.sides, self.parts)

    def __repr__(self) -> str:
        return f"<Comparison of {' and '.join(self.names)}>"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def words_of(overrides: Sequence[str | Sequence[str]]) -> list[str]:
    """Overrides as words: texts, lists of texts, and one text with several words.

    A space begins a word only where a key and ``=`` follow, outside of quotes and brackets. Quotes around a whole word,
    which a shell would remove, are removed.

    >>> words_of(["data=sample strategy.edge_min=range(0, 0.1, 0.01)", ["seed=1"]])
    ['data=sample', 'strategy.edge_min=range(0, 0.1, 0.01)', 'seed=1']
    """
    texts = [text for item in overrides for text in ([item] if isinstance(item, str) else item)]
    return [word for text in texts for word in _split(text)]


def _split(text: str) -> list[str]:
    words, start, depth, quote = list[str](), 0, 0, ""
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif letter.isspace() and not depth and _WORD.match(text, place):
            words.append(text[start:place])
            start = place
    stripped = [word.strip() for word in (*words, text[start:])]
    whole = [word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" else word for word in stripped]
    return [word for word in whole if word]


def backtest(*overrides: str | Sequence[str], config_dir: str | Path | None = None, progress: bool = False) -> Run:
    """Run one configuration, or open the stored run of the same inputs.

    Parameters
    ----------
    *overrides : str or sequence of str
        As on the command line: ``"data=sample", "staking=kelly"``, or a list of them, or one text.
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


def sweep(*overrides: str | Sequence[str], config_dir: str | Path | None = None, progress: bool = False) -> Run:
    """Run many configurations, or open the stored run of the same inputs; parameters and errors as in `backtest`.

    Examples
    --------
    >>> import research
    >>> run = research.sweep("data=sample", "strategy.edge_min=range(0,0.05,0.01)")       # doctest: +SKIP
    >>> run.leaderboard(3)                                                                # doctest: +SKIP
    """
    return _run("sweep", overrides, config_dir, progress)


def compare(*runs: str | RunRecord | tuple[RunRecord, int]) -> Comparison:
    """Compare runs or configurations.

    Parameters
    ----------
    *runs : str, Run, or tuple of (Run, int)
        Two or more: ids such as ``"3f2a"`` or ``"3f2a#17"``, runs, or runs with the number of a configuration.

    Raises
    ------
    UsageError
        Fewer than two runs, or one that does not exist.
    """
    from research.report.comparison.differences import differences

    sides = tuple(_side(run) for run in runs)
    if len(sides) < 2:
        raise UsageError("compare needs two runs", expected="RUN RUN...")
    return Comparison(sides, differences(sides))


def _side(run: str | RunRecord | tuple[RunRecord, int]) -> tuple[RunRecord, int | None]:
    if isinstance(run, str):
        return reference(run)
    return (run, None) if isinstance(run, RunRecord) else run


def open_run(run: str) -> Run:
    """Open a complete run by its id or the first digits of it; raises UsageError unless exactly one run matches."""
    return Run.open(run)


def runs() -> pl.DataFrame:
    """All complete runs, newest first, with names, tags, notes, verdicts and yields (`headlines.headline`)."""
    from research.records.headlines import headlines

    return headlines()


def _run(kind: str, overrides: Sequence[str | Sequence[str]], config_dir: str | Path | None, progress: bool) -> Run:
    from research.config.compose import Composer
    from research.execution.progress import Silence, progress_for

    composer = Composer(kind, Path(config_dir) if config_dir else None)
    return carry_out(composer, words_of(overrides), progress_for if progress else Silence)[0]


def carry_out(composer: Composer, overrides: Sequence[str], progress: Callable[[], Progress]) -> tuple[Run, str]:
    """Plan and execute a command. Unless ``report=false``, write its page if it is missing or of older code.

    Parameters
    ----------
    composer : Composer
        Over the configuration of the command: `backtest` or `sweep`.
    overrides : sequence of str
        As typed; ``from=RUN#CONFIG`` stands for the overrides of that configuration.
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

    overrides = expanded(composer, overrides)
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
