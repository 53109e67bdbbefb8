"""The text of `bea backtest --help` and `bea sweep --help`: groups, and every key in words with its unit and value."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any, Final

from engine.kernel.params import PARAMETERS
from research.config.compose import Composer, flatten
from research.config.parameter_help import parameter_words, value_text

WIDTH: Final = 110
_ABOUT: Final = {
    "backtest": ("one configuration over the store", "bea backtest data=sample strategy=value staking=kelly"),
    "sweep": (
        "many configurations over the store",
        'bea sweep data=sample "strategy.edge_min=range(0,0.1,0.01)" staking=flat,kelly',
    ),
}
_WORDS: Final = {
    "backtest": (
        "group=option chooses an option of a group, key=value sets a key. from=RUN#CONFIG starts from a configuration "
        "of a run (`bea export` shows it); words beside it change it."
    ),
    "sweep": (
        "As for `bea backtest`, and several values each: key=a,b or key=choice(a,b), group=a,b, and "
        "key=range(start,stop,step) without the stop. Quote words that hold brackets."
    ),
}
#: groups that are no part of a command's configuration
_HIDDEN: Final = ("source", "source/aliases")


def command_help(composer: Composer, tree: dict[str, Any], choices: dict[str, str]) -> str:
    """Usage, groups with their options, and keys with value and meaning.

    Parameters
    ----------
    composer : Composer
        Over the configuration of the command.
    tree : dict
        The composed configuration.
    choices : dict
        Option of each group.
    """
    about, example = _ABOUT[composer.name]
    lines = [f"usage: bea {composer.name} [group=option] [key=value] [options]", ""]
    lines += [f"Run {about}, or open the stored run of the same inputs, and print its result.", ""]
    lines += [*textwrap.wrap(_WORDS[composer.name], WIDTH), "", f"  {example}", ""]
    lines += ["== Groups: group=option ==", ""]
    groups = [group for group in composer.groups() if group not in _HIDDEN and composer.options(group)]
    for group in groups:
        options = composer.options(group)
        lines.append(_wrapped(f"{group}={choices.get(group) or 'null'}", f"one of {', '.join(options)}"))
    lines += ["", "== Keys: key=value, with the values of the options above ==", ""]
    words = {key: parameter_words(parameter) for parameter in PARAMETERS for key in parameter.keys}
    for key, value in flatten(tree).items():
        lines.append(_wrapped(f"{key}={value_text(value)}", words.get(key) or _comment(composer, choices, key)))
    others = [key for key in words if key not in flatten(tree)]
    lines += ["", "== Keys of other options of their group ==", ""]
    lines += [_wrapped(key, words[key]) for key in others]
    lines += ["", "== Options ==", "", *_OPTIONS]
    return "\n".join(lines) + "\n"


_OPTIONS: Final = (
    "  --config-dir DIR  folder with groups, experiments and strategies of your own",
    "  --cfg job         print the configuration and do nothing else",
    "  --info            print how Hydra composes it",
    "  --force           compute a stored run again (force=true)",
    "  --hydra-help      options of Hydra, which composes the configuration",
)


def _wrapped(head: str, text: str) -> str:
    """A key with its value, and below it what it means."""
    return f"{head}\n{textwrap.fill(text, WIDTH, initial_indent='    ', subsequent_indent='    ')}" if text else head


def _comment(composer: Composer, choices: dict[str, str], key: str) -> str:
    """What the comment beside a key says, in the file of the chosen option or of another one of its group."""
    group, _, last = key.rpartition(".")
    if last == "name":
        return f"chosen by the option of the group, {group}=..."
    files = [composer.folders[0] / f"{composer.name}.yaml"]
    if group:
        folders = [folder / group for folder in reversed(composer.folders)]
        chosen = [folder / f"{choices.get(group)}.yaml" for folder in folders]
        files = [*chosen, *(path for folder in folders for path in sorted(folder.glob("*.yaml")))]
    for path in files:
        if path.is_file() and (text := _beside(path, last)):
            return text
    return ""


def _beside(path: Path, key: str) -> str:
    for line in path.read_text(encoding="utf-8").splitlines():
        match = re.match(rf"{re.escape(key)}:[^#]*#\s*(.*)$", line)
        if match:
            return match[1].strip()
    return ""
