"""Write every key of conf/ into docs/configuration.md: ``python -m scripts.configuration``.

Defaults and meanings are those of the files, types those of what reads them, so that nothing is written twice.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from engine.kernel.params import PARAMETERS
from engine.paths import conf_dir
from research import models, strategies
from research.config.keys import FAST, KEYS, is_slow
from research.config.parameter_help import value_text
from research.judging.settings import SECTIONS as OF_JUDGE
from research.monitor.settings import MonitorSettings
from research.trading.settings import SECTIONS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"
#: the tables are the part of the page from here on
MARK = "<!-- from here on written by `python -m scripts.configuration` -->\n\n"
#: commands that Hydra composes, one file each
COMMANDS: Final = ("backtest", "sweep", "leakage", "judge", "train")
#: groups with tables of their own keys, in the order of the page
GROUPS: Final = (
    "data",
    "strategy",
    "model",
    "staking",
    "risk",
    "execution",
    "clv",
    "sweep",
    "validation",
    "cluster",
    "tune",
)
#: groups whose options have keys of their own
_EACH: Final = ("strategy", "model")
LIVE: Final[dict[str, type]] = {**SECTIONS, "monitor": MonitorSettings}
_HELP: Final = {key: parameter.help for parameter in PARAMETERS for key in parameter.keys}
_KINDS: Final = {
    "whole": "whole number",
    "flag": "true or false",
    "texts": "list of texts",
    "duration": "time",
    "rates": "number by bookmaker",
    "venues": "terms by bookmaker",
    "unresolved": "`after`, `settle`",
    "params": "values by key",
    "files": "list of files",
}
_PLAIN: Final = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    type(None): "null",
    Any: "any",
}


#: different defaults of one key that are listed, at most
_MOST_DEFAULTS: Final = 3


class Row(NamedTuple):
    """A key of a file, its value, the comment beside it, and its default in words where options of a group differ."""

    key: str
    value: Any
    words: str
    default: str = ""


@cache
def rows(path: Path) -> tuple[Row, ...]:
    """The keys of a file of the configuration in order, nested ones with full stops. What Hydra reads is left out."""
    text = path.read_text(encoding="utf-8")
    tree, lines = yaml.compose(text, Loader=yaml.SafeLoader), text.splitlines()
    return tuple(_walk(tree, lines, "")) if isinstance(tree, yaml.MappingNode) else ()


def _walk(tree: yaml.MappingNode, lines: list[str], above: str) -> Iterator[Row]:
    for name, node in tree.value:
        key = above + name.value
        if key.split(".")[0] in ("defaults", "hydra"):
            continue
        nested = isinstance(node, yaml.CollectionNode) and not node.flow_style
        if nested and isinstance(node, yaml.MappingNode) and key != "judge.markets":
            yield from _walk(node, lines, f"{key}.")
            continue
        end = name.end_mark if nested else node.end_mark
        yield Row(key, _value(node), lines[end.line][end.column :].partition("#")[2].strip())


def _value(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()


def about(path: Path) -> str:
    """What the comment at the top of a file says."""
    lines = path.read_text(encoding="utf-8").splitlines()
    start = 1 if lines[0].startswith("# @package") else 0
    found = []
    for line in lines[start:]:
        if not line.startswith("#"):
            break
        found.append(line.removeprefix("#").strip())
    return " ".join(found)


def options(group: str) -> list[Path]:
    """Files of a group, those in folders below it too."""
    return sorted((conf_dir() / group).rglob("*.yaml"))


def kind(key: str, hint: Any, value: Any) -> str:
    """Type of a key in words: of the table of keys, else of the class that reads it, else of its value."""
    spec = KEYS.get(key) or KEYS.get(key.replace("judge.", "data."))
    if spec is not None:
        words = f"one of {', '.join(spec.choices)}" if spec.choices else _KINDS.get(spec.kind, spec.kind)
        return f"{words}, or null" if spec.off else words
    return _hinted(hint) if hint is not None else _hinted(type(value)) if value is not None else "text, or null"


def _hinted(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), [one for one in typing.get_args(hint) if one is not Ellipsis]
    if origin in (typing.Union, types.UnionType):
        parts = [_hinted(one) for one in inner if one is not type(None)]
        return " or ".join(dict.fromkeys(parts)) + (", or null" if type(None) in inner else "")
    if origin is typing.Literal:
        return f"one of {', '.join(str(one) for one in inner)}"
    if hint in (list, tuple) or origin in (list, tuple):
        return f"list of {_many(_hinted(inner[0]))}" if inner else "list"
    if hint is dict or (origin is not None and issubclass(origin, Mapping)):
        return f"{_hinted(inner[1])} by name" if inner else "values by name"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return f"one of {', '.join(str(one.value) for one in hint)}"
    return _PLAIN.get(hint, "values by name")


def _many(words: str) -> str:
    return words if words.startswith(("list", "true", "one of")) else f"{words}s"


def _line(key: str, kind_of: str, default: str, words: str) -> str:
    cells = (f"`{key}`", kind_of, default, words)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def shown(value: Any) -> str:
    return '`""`' if value == "" else f"`{value_text(value)}`"


def _table(prefix: str, found: list[Row], hints: Mapping[str, Any], last: str = "tape") -> str:
    """Rows as a table; the last column says what a key changes, where it is one of a backtest."""
    lines = [f"| key | type | default | meaning | {last} |", "|---|---|---|---|---|"] if last else []
    lines = lines or ["| key | type | default | meaning |", "|---|---|---|---|"]
    for row in found:
        key = f"{prefix}{row.key}"
        default = row.default or shown(row.value)
        line = _line(key, kind(key, hints.get(row.key), row.value), default, row.words or _HELP.get(key, ""))
        lines.append(f"{line} {'slow' if is_slow(key) else 'fast' if key in FAST else ''} |" if last else line)
    return "\n".join(lines) + "\n"


def _users(group: str) -> str:
    """The commands of a group, as words."""
    found = []
    for command in COMMANDS:
        entries = yaml.safe_load((conf_dir() / f"{command}.yaml").read_text(encoding="utf-8"))["defaults"]
        choice = next((entry[group] for entry in entries if isinstance(entry, dict) and group in entry), "")
        if choice != "":
            found.append(f"{command} ({value_text(choice)})")
    return ", ".join(found)


def _options_table(group: str) -> str:
    lines = ["| option | |", "|---|---|"]
    lines += [
        f"| `{group}={path.relative_to(conf_dir() / group).with_suffix('')}` | {about(path)} |"
        for path in options(group)
    ]
    return "\n".join(lines) + "\n"


def merged(group: str) -> list[Row]:
    """Keys of all options of a group in order, without `name`, each with the first comment beside it.

    The default is that of all options, or each with the options that have it.
    """
    found: dict[str, dict[str, list[str]]] = {}
    values: dict[str, Any] = {}
    for path in options(group):
        for row in rows(path):
            if row.key != "name":
                found.setdefault(row.key, {}).setdefault(shown(row.value), []).append(path.stem)
                values[row.key] = row.value if values.get(row.key) is None else values[row.key]
    words = {key: _HELP.get(f"{group}.{key}") or _beside(group, key) for key in found}
    return [Row(key, values[key], words[key], _defaults(each)) for key, each in found.items()]


def _defaults(values: Mapping[str, list[str]]) -> str:
    """A default, or each one with its options; too many of them are in their files."""
    if len(values) == 1:
        return next(iter(values))
    each = [f"{value} ({', '.join(names)})" for value, names in values.items()]
    return ", ".join(each) if len(each) <= _MOST_DEFAULTS else "by option"


def _beside(group: str, key: str) -> str:
    """The first comment beside a key in the options of its group."""
    return next((row.words for path in options(group) for row in rows(path) if row.key == key and row.words), "")


def _hints(group: str, name: str) -> dict[str, Any]:
    """Types of the parameters of a strategy or a model."""
    cls = (strategies if group == "strategy" else models).by_name(name)
    return typing.get_type_hints(cls)


def _group(group: str) -> str:
    parts = [f"### {group}\n", f"Commands and their defaults: {_users(group)}.\n", _options_table(group)]
    if group not in _EACH:
        return "\n".join([*parts, _table(f"{group}.", merged(group), {})])
    for path in options(group):
        found = [row for row in rows(path) if row.key != "name"]
        known = [row._replace(words=_meaning(group, row)) for row in found]
        if known:
            parts += [f"#### {group}={path.stem}\n", _table(f"{group}.", known, _hints(group, path.stem))]
    return "\n".join(parts)


def _meaning(group: str, row: Row) -> str:
    """The comment beside a key, else its row among the fast parameters, else the comment of another option."""
    return row.words or _HELP.get(f"{group}.{row.key}") or _beside(group, row.key)


def _commands() -> str:
    parts = ["## Research\n"]
    shared = [row._replace(words=_HELP.get(row.key, row.words)) for row in rows(conf_dir() / "sweep.yaml")]
    parts += [
        "### Keys of no group\n",
        "Of `bea backtest` and `bea sweep`; `seed` and `output` of `bea judge` and `bea train` too.\n",
    ]
    parts += [_table("", shared, {})]
    parts += [_group(group) for group in GROUPS]
    judged = [row for row in rows(conf_dir() / "judge.yaml") if row.key.startswith("judge.")]
    parts += ["### judge\n", f"Of `bea judge`, which also reads {', '.join(f'`{name}`' for name in OF_JUDGE[1:])}.\n"]
    parts += [_table("", judged, {}, last="")]
    parts += ["### experiment\n", "An experiment sets keys of the groups above.\n", _options_table("experiment")]
    return "\n".join(parts)


def _promotions() -> str:
    parts = ["## Promotions\n", "Read by `bea promote`; the file of the mode, paper or live.\n"]
    for path in options("promotion"):
        parts += [f"### promotion: {path.stem}\n", f"{about(path)}\n", _table("", list(rows(path)), {}, last="")]
    return "\n".join(parts)


def _live() -> str:
    parts = [
        "## Runners\n",
        "Read by `bea paper` and `bea live`; `monitor` by `bea monitor`, which reads `alerts` and `ledger` too.\n",
    ]
    for path in options("live"):
        hints = typing.get_type_hints(LIVE[path.stem])
        parts += [f"### {path.stem}\n", f"{about(path)}\n", _table(f"{path.stem}.", list(rows(path)), hints, last="")]
    return "\n".join(parts)


def tables() -> str:
    """All tables in Markdown; files that comments name are links."""
    text = "\n".join([_commands(), _promotions(), _live()])
    return re.sub(r"docs/([\w-]+)\.md", r"[\1](\1.md)", text)


def page() -> str:
    """The page with the current tables."""
    return PAGE.read_text(encoding="utf-8").partition(MARK)[0] + MARK + tables()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
