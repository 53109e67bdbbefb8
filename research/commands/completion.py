"""Tab completion: Hydra's, made aware of the commands of `bea`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from engine.errors import UsageError
from research.config.mistakes import nearest

_COMMANDS = ("backtest", "sweep", "data", "runs", "show", "report", "compare", "trials", "leakage")
_ON_RUNS = ("show", "report", "compare", "trials")
_DATA = ("import", "simulate", "check", "info")


def complete(words: Sequence[str]) -> int:
    """``install=SHELL``, ``uninstall=SHELL`` or ``query=SHELL`` (the line stands in the variable COMP_LINE)."""
    from hydra._internal.hydra import Hydra

    from research.config.compose import Composer

    action, _, shell = words[0].partition("=") if len(words) == 1 else ("", "", "")
    if action not in ("install", "uninstall", "query"):
        raise UsageError("--shell-completion needs one word", expected="install=SHELL, uninstall=SHELL or query=SHELL")
    plugins = Hydra.get_shell_to_plugin_map(Composer("backtest").loader)
    if shell not in plugins:
        raise UsageError(
            f"no completion for {shell}", expected=", ".join(sorted(plugins)), todo=nearest(shell, plugins)
        )
    if action == "query":
        found = candidates(os.environ.get("COMP_LINE", ""))
        sys.stdout.write(("\n" if shell == "fish" else " ").join(found) + "\n")
    else:
        getattr(plugins[shell][0], action)()
    return 0


def candidates(line: str) -> list[str]:
    """What may follow a line such as ``bea backtest stak``."""
    words = line.split()
    fresh = line.endswith(" ")
    if len(words) < 2 or (len(words) == 2 and not fresh):
        start = words[1] if len(words) == 2 else ""
        return [name for name in _COMMANDS if name.startswith(start)]
    command = words[1]
    start = "" if fresh else words[-1]
    if command in ("backtest", "sweep", "leakage"):
        return _of_hydra("sweep" if command == "sweep" else "backtest", " ".join(words[2:]) + (" " if fresh else ""))
    if command == "data":
        return [name for name in _DATA if len(words) + fresh == 3 and name.startswith(start)]
    if command in _ON_RUNS or (command == "runs" and len(words) > 2 and words[2] == "rm"):
        from research.records.folder import complete as runs

        return [run[:12] for run in runs() if run.startswith(start)]
    return [name for name in ("rm",) if command == "runs" and name.startswith(start)]


def _of_hydra(command: str, rest: str) -> list[str]:
    from hydra._internal.core_plugins.bash_completion import BashCompletion

    from research.config.compose import Composer

    found = BashCompletion(Composer(command).loader)._query(config_name=command, line=rest)
    return [word for word in found if not word.startswith("hydra")]
