"""The commands of `bea`: one table for the help text, dispatch, advice on typing errors and Tab completion.

A new command is one row here and one module with its main function. Only the standard library is imported, so that
`bea --help` stays fast.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Final, Literal, NamedTuple


class Command(NamedTuple):
    """One command.

    Attributes
    ----------
    name : str
        First word after `bea`.
    usage : str
        Arguments as the help text shows them.
    about : str
        One line of the help text.
    main : str
        ``module:function``: takes the words after the name, returns the exit status. Imported when it is called.
    subcommands : tuple of str
        Words that may follow the name, as Tab completion offers them.
    takes_runs : bool
        Whether the arguments are ids of runs. With subcommands, only after one of them.
    overrides : {"", "backtest", "leakage", "sweep", "judge", "train"}
        The Hydra configuration whose groups and keys are the arguments.
    interrupted : str
        Advice that Ctrl-C prints.
    polars_threads : int
        Threads that Polars starts with, unless the environment says otherwise; 0: one a core.
    """

    name: str
    usage: str
    about: str
    main: str
    subcommands: tuple[str, ...] = ()
    takes_runs: bool = False
    overrides: Literal["", "backtest", "leakage", "sweep", "judge", "train"] = ""
    interrupted: str = ""
    polars_threads: int = 0

    def run(self, words: Sequence[str]) -> int:
        """Import the main function and call it with the words after the name; returns the exit status."""
        if self.polars_threads:
            os.environ.setdefault("POLARS_MAX_THREADS", str(self.polars_threads))  # read when Polars is imported
        module, _, function = self.main.partition(":")
        status: int = getattr(import_module(module), function)(list(words))
        return status


_RESUME: Final = "resume with the same command"

_TABLE: Final = (
    Command(
        "backtest",
        "[group=option] [key=value]",
        "one configuration: metrics, bets, report",
        "research.commands.hydra:backtest",
        overrides="backtest",
        interrupted=_RESUME,
    ),
    Command(
        "sweep",
        "[group=a,b] [key=range(0,1,0.1)]",
        "many configurations: leaderboard, report",
        "research.commands.hydra:sweep",
        overrides="sweep",
        interrupted=_RESUME,
    ),
    Command(
        "data",
        "import|fetch|check|info|...",
        "load odds history into the store, verify and describe it",
        "research.commands.data:main",
        subcommands=("import", "simulate", "fetch", "map", "check", "pairs", "info"),
        interrupted="the store is unchanged",
    ),
    Command(
        "runs",
        "[name|tag|note|rm RUN ...]",
        "list runs with their verdicts; name, tag, note or remove them",
        "research.commands.runs:runs",
        subcommands=("name", "tag", "note", "rm"),
        takes_runs=True,
    ),
    Command(
        "show",
        "RUN[#CONFIG]",
        "leaderboard of a run, or one of its configurations",
        "research.commands.runs:show",
        takes_runs=True,
    ),
    Command(
        "report",
        "RUN",
        "write the report page again and print its path",
        "research.commands.runs:report",
        takes_runs=True,
    ),
    Command(
        "compare",
        "RUN RUN...",
        "differences in configuration, data, code and metrics",
        "research.commands.runs:compare",
        takes_runs=True,
    ),
    Command(
        "export",
        "RUN[#CONFIG] [--yaml]",
        "a configuration of a run as a command or an experiment file",
        "research.commands.export:main",
        takes_runs=True,
    ),
    Command(
        "leakage",
        "[group=option] [key=value]",
        "test whether decisions use information from the future",
        "research.commands.leakage:main",
        overrides="leakage",
    ),
    Command(
        "judge",
        "[group=option] [key=value]",
        "models against the market, on one common set of events",
        "research.commands.judge:main",
        overrides="judge",
    ),
    Command(
        "train",
        "model=NAME [tune=optuna] [key=value]",
        "fit a model on the past, tuned on log loss, and keep it",
        "research.commands.train:train",
        overrides="train",
        interrupted=_RESUME,
    ),
    Command(
        "models",
        "[show HASH]",
        "stored models: what they learned from, and how they scored",
        "research.commands.train:models",
        subcommands=("show",),
    ),
    Command(
        "promote",
        "RUN[#CONFIG] --name NAME ...",
        "freeze a configuration for trading, if its gates are open",
        "research.commands.promote:promote",
        takes_runs=True,
    ),
    Command(
        "promotions",
        "[NAME]",
        "list what is frozen, or one with its gates, bands and history",
        "research.commands.promotions:main",
    ),
    Command(
        "demote",
        "NAME --reason WHY",
        "end a promotion",
        "research.commands.promotions:demote",
    ),
    Command(
        "drift",
        "NAME",
        "differences between what was traded and the backtest",
        "research.commands.drift:main",
    ),
    Command(
        "trials",
        "[RUN | verify]",
        "number of configurations tried so far, in total or behind one run",
        "research.commands.trials:main",
        takes_runs=True,
    ),
    Command(
        "ledger",
        "verify|backup|restore|show ...",
        "check, copy and bring back ledgers of trading",
        "research.commands.ledger:main",
        subcommands=("verify", "backup", "restore", "export", "migrate", "show"),
        interrupted="the ledger is unchanged",
    ),
    Command(
        "paper",
        "NAME [section.key=value]",
        "trade a promotion on paper",
        "research.commands.paper:main",
        interrupted="start it again with the same command: a start is a recovery",
        polars_threads=1,  # a decision is a few rows, and waking threads takes longer than its work
    ),
    Command(
        "live",
        "NAME --venue VENUE [--dry-run] ...",
        "trade a promotion with real money, once every lock is open",
        "research.commands.real:main",
        interrupted="start it again with the same command: a start is a recovery",
        polars_threads=1,
    ),
    Command(
        "links",
        "VENUE [list|propose|confirm|reject]",
        "which of our events and selections is which at a venue",
        "research.commands.links:main",
    ),
    Command(
        "status",
        "[NAME]",
        "what a runner does now, or did last",
        "research.commands.live:status",
    ),
    Command(
        "kill",
        "[NAME]",
        "set the kill switch: nothing is sent any more",
        "research.commands.live:kill",
    ),
    Command(
        "resume",
        "[NAME] --reason TEXT",
        "end the kill switch, or a breaker that needs a person",
        "research.commands.live:resume",
    ),
    Command(
        "stop",
        "[NAME]",
        "ask a runner to finish what is under way and end",
        "research.commands.live:stop",
    ),
    Command(
        "monitor",
        "[NAME] [monitor.key=value]",
        "show the runners on a page, with kill switch and metrics",
        "research.commands.monitor:main",
        interrupted="runners go on without it",
    ),
    Command(
        "reconcile",
        "NAME [--adopt --reason TEXT]",
        "compare a ledger with its venue, without a runner",
        "research.commands.reconcile:main",
        interrupted="what was booked stands; run it again",
    ),
)

#: commands by name, in the order of the help text
COMMANDS: Final[dict[str, Command]] = {command.name: command for command in _TABLE}

_FOOT: Final = """\
`bea COMMAND --help` shows more. backtest and sweep are Hydra applications: --cfg job, --info, experiment=NAME,
output=json. The others take --json. Tab completion: eval "$(bea -sc install=bash)" (or zsh, fish).
BEA_HOME is the folder of your data and runs (without it: the checkout, or ~/bea where bea is installed; `bea data info`
names it). BEA_DEBUG=1 shows the traceback of an error.
"""


def help_text() -> str:
    """The text of `bea --help`."""
    usages = [f"  bea {command.name} {command.usage}" for command in COMMANDS.values()]
    width = max(map(len, usages)) + 3
    lines = [f"{usage:<{width}}{command.about}" for usage, command in zip(usages, COMMANDS.values(), strict=True)]
    return "\n".join(["usage: bea COMMAND ...", "", *lines, "", _FOOT])
