"""Tab completion: Hydra's shell scripts, answered with the commands of `bea`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from engine.errors import UsageError
from research.commands.registry import COMMANDS
from research.config.mistakes import nearest


def complete(words: Sequence[str]) -> int:
    """Carry out ``install=SHELL``, ``uninstall=SHELL`` or ``query=SHELL``; returns the exit status.

    A query reads the line typed so far from the environment variable COMP_LINE.

    Raises
    ------
    UsageError
        Another word, or a shell without completion.
    """
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
        separator = "\n" if shell == "fish" else " "
        sys.stdout.write(separator.join(candidates(os.environ.get("COMP_LINE", ""))) + "\n")
    else:
        getattr(plugins[shell][0], action)()
    return 0


def candidates(line: str) -> list[str]:
    """Words that may stand at the end of a line such as ``bea backtest stak``."""
    _, *words = line.split()
    if not words or line.endswith(" "):
        words.append("")
    name, *arguments = words
    if not arguments:
        return [known for known in COMMANDS if known.startswith(name)]
    command = COMMANDS.get(name)
    if command is None:
        return []
    if command.overrides:
        return _hydra_candidates(command.overrides, arguments)
    if command.subcommands and len(arguments) == 1:
        return [word for word in command.subcommands if word.startswith(arguments[0])]
    if command.takes_runs and (not command.subcommands or arguments[0] in command.subcommands):
        return _runs(arguments[-1])
    return []


def _runs(start: str) -> list[str]:
    """Runs whose id or name begins so: the name where that is what was typed."""
    from research.records.folder import complete as complete_runs
    from research.records.folder import run_folder
    from research.records.labels import read_labels

    runs = complete_runs()
    names = [read_labels(run_folder(run)).name for run in runs] if start else []
    return [run[:12] for run in runs if run.startswith(start)] + [n for n in names if n and n.startswith(start)]


def _hydra_candidates(config_name: str, words: list[str]) -> list[str]:
    from hydra._internal.core_plugins.bash_completion import BashCompletion

    from research.commands.values import value_candidates
    from research.config.compose import Composer

    if words[-1].startswith("from="):
        return [f"from={run}" for run in _runs(words[-1].removeprefix("from="))]
    composer = Composer(config_name)
    values = value_candidates(composer, words)
    if values:
        return values
    found = BashCompletion(composer.loader)._query(config_name=config_name, line=" ".join(words))
    return [word for word in found if not word.startswith("hydra")]
