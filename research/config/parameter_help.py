"""Help on the fast parameters, from the table of the kernel: for the terminal, and for the documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from engine.kernel.parameter import Parameter
from engine.kernel.params import PARAMETERS
from engine.paths import conf_dir


def parameter_words(parameter: Parameter) -> str:
    """Meaning, unit and range of a fast parameter, in words."""
    return f"{parameter.help} [{'; '.join(_limits(parameter))}]"


def value_text(value: Any) -> str:
    """A value as one writes it on the command line."""
    return _yaml(value)


def parameter_table() -> str:
    """The fast parameters as a table in Markdown: a row for each key."""
    rows = ["| key | field of `Configuration` | default | meaning | unit and range |", "|---|---|---|---|---|"]
    for parameter in PARAMETERS:
        for key in parameter.keys:
            cells = (f"`{key}`", f"`{parameter.name}`", _default(key), parameter.help, "; ".join(_limits(parameter)))
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _limits(parameter: Parameter) -> list[str]:
    """Unit, range, relation to another parameter, meaning of null, and which values lanes cannot run."""
    values = {"choice": "one of " + ", ".join(parameter.words), "flag": "true or false"}
    parts = [parameter.unit, values.get(parameter.kind) or parameter.range_text()]
    if parameter.at_most:
        parts.append(f"at most {_key(parameter.at_most)}")
    if parameter.null is not None:
        parts.append("null: without end" if parameter.kind == "duration" else "null: off")
    if parameter.lanes_only is not None:
        parts.append("other values than the default run one at a time")
    return [part for part in parts if part]


def _key(name: str) -> str:
    return next(parameter.keys[0] for parameter in PARAMETERS if parameter.name == name)


def _yaml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{','.join(_yaml(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{_yaml(item)}" for name, item in value.items()) + "}"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _default(key: str) -> str:
    """The value of a key under the options of a sweep without words of its own, else which group sets it."""
    group, _, last = key.rpartition(".")
    primary = _file(conf_dir() / "sweep.yaml")
    if not group:
        return f"`{_yaml(primary[key])}`"
    option = next(entry[group] for entry in primary["defaults"] if isinstance(entry, dict) and group in entry)
    values = _file(conf_dir() / group / f"{option}.yaml")
    return f"`{_yaml(values[last])}`" if last in values else f"by option of `{group}`"


def _file(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content
