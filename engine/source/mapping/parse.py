"""From the YAML text of a mapping to its keys. An unknown key is refused with the closest known one."""

from __future__ import annotations

import difflib
from dataclasses import MISSING, fields
from typing import Any, TypeVar

import yaml

from engine.errors import ConfigurationError
from engine.source.mapping.check import check_mapping
from engine.source.mapping.keys import Known, Line, Long, Mapping, NamedFile, Price, Text, When
from engine.source.texts import clean

T = TypeVar("T")


def parse_mapping(text: str, name: str) -> Mapping:
    """Parse the YAML text of a mapping; `name` is for messages.

    Raises
    ------
    ConfigurationError
        The text is not YAML, has an unknown key (the message suggests the closest one), an invalid value, or lacks a
        required key.
    """
    try:
        content = yaml.safe_load(clean(text))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            "the mapping is not valid YAML", where=name, found=" ".join(str(error).split())[:120]
        ) from None
    mapping = _build(Mapping, content, name, "")
    check_mapping(mapping, name)
    return mapping


def _build(kind: type[T], content: Any, name: str, path: str) -> T:
    """Build a dataclass from a YAML table and check each key against its fields; `path` is for messages."""
    if kind is Text and isinstance(content, str):
        content = {"column": content}
    if not isinstance(content, dict):
        raise ConfigurationError("not a table of keys", where=_where(name, path), found=repr(content)[:60])
    keys: dict[str, Any] = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in content.items():
        if key not in keys:
            close = difflib.get_close_matches(str(key), keys, 1)
            todo = f"did you mean {close[0]!r}?" if close else ""
            expected = "one of " + ", ".join(keys)
            raise ConfigurationError(f"unknown key {key!r}", where=_where(name, path), expected=expected, todo=todo)
        factory = keys[key].default_factory
        default = keys[key].default if factory is MISSING else factory()
        values[key] = _value(key, value, default, name, f"{path}.{key}" if path else key)
    return kind(**values)


def _value(key: str, value: Any, default: Any, name: str, path: str) -> Any:
    if key == "long":
        return _build(Long, value, name, path)
    if key == "lines":
        return {str(k): _build(Line, v, name, f"{path}.{k}") for k, v in _table(value, name, path).items()}
    if key in ("map", "season_rules"):
        return {str(k): str(v) for k, v in _table(value, name, path).items()}
    if key in ("prices", "files"):
        kind = Price if key == "prices" else NamedFile
        return tuple(_build(kind, item, name, f"{path}[{i}]") for i, item in enumerate(_list(value, name, path)))
    if isinstance(default, Text | When | Known):
        return _build(type(default), value, name, path)
    if isinstance(default, tuple):
        return tuple(str(item) for item in _list(value, name, path))
    return _scalar(key, value, default, _where(name, path))


def _scalar(key: str, value: Any, default: Any, where: str) -> Any:
    if isinstance(default, bool):
        valid = isinstance(value, bool)
    elif key == "archive_files":
        valid = isinstance(value, int) and not isinstance(value, bool) and value > 0
    elif isinstance(default, float) or key == "line":
        valid = isinstance(value, int | float) and not isinstance(value, bool)
        value = float(value) if valid else value
    else:
        valid = isinstance(value, str | int | float) and not isinstance(value, bool)
        value = str(value) if valid else value
    if not valid:
        raise ConfigurationError("a value of the wrong type", where=where, found=repr(value)[:60])
    return value


def _table(value: Any, name: str, path: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise ConfigurationError("not a table", where=_where(name, path), found=repr(value)[:60])
    return value


def _list(value: Any, name: str, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise ConfigurationError("not a list", where=_where(name, path), found=repr(value)[:60])
    return value


def _where(name: str, path: str) -> str:
    return f"{name} {path}".strip()
