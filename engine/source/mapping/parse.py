"""From the YAML text of a mapping to its keys. An unknown key is refused with the closest known one."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any, Final, TypeVar

import yaml

from engine.errors import ConfigurationError, nearest_name
from engine.names.texts import clean
from engine.source.mapping.check import check_mapping
from engine.source.mapping.keys import (
    FurtherScore,
    Known,
    Line,
    Long,
    Mapping,
    NamedFile,
    Price,
    Records,
    Score,
    Text,
    When,
)

T = TypeVar("T")

#: keys whose value is a table of keys, a table of such tables, a list of them, a table of texts, or a whole number
_TABLES: Final[dict[str, type[Any]]] = {"long": Long, "records": Records, "score": Score}
_NAMED: Final[dict[str, type[Any]]] = {"lines": Line, "scores": FurtherScore, "facts": FurtherScore}
_LISTS: Final[dict[str, type[Any]]] = {"prices": Price, "files": NamedFile}
_TEXTS: Final = ("map", "match", "notes", "season_rules")
_COUNTS: Final = ("archive_files", "header_line")
#: levels of tables and lists in a mapping, at most
_DEEPEST: Final = 64


def parse_mapping(text: str, name: str) -> Mapping:
    """Parse the YAML text of a mapping; `name` is for messages.

    Raises
    ------
    ConfigurationError
        The text is not YAML, has an unknown key (the message suggests the closest one) or one that occurs twice, an
        invalid value, or lacks a required key.
    """
    try:
        content = _content(clean(text))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            "the mapping is not valid YAML", where=name, found=" ".join(str(error).split())[:120]
        ) from None
    mapping = _build(Mapping, content, name, "")
    check_mapping(mapping, name)
    return mapping


def _content(text: str) -> Any:
    """The tables of a YAML text, read by libyaml.

    Raises
    ------
    yaml.YAMLError, ValueError
        It is not YAML, nested too deep (libyaml's loader would end the process), or has a key twice in one table.
    """
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError(f"more than {_DEEPEST} levels")
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        _check_once(node)
        return None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def _check_once(node: yaml.Node | None) -> None:
    """Refuse a key that occurs twice in one table, of which YAML would take the last one.

    Raises
    ------
    ValueError
        There is such a key.
    """
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the key {name!r} occurs twice")
        for _, value in node.value:
            _check_once(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _check_once(value)


def _build(kind: type[T], content: Any, name: str, path: str) -> T:
    """Build a dataclass from a YAML table and check each key against its fields; `path` is for messages."""
    if kind in (Text, Score) and isinstance(content, str):
        content = {"column": content}
    if not isinstance(content, dict):
        raise ConfigurationError("not a table of keys", where=_where(name, path), found=repr(content)[:60])
    keys: dict[str, Any] = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in content.items():
        if key not in keys:
            near = nearest_name(str(key), keys)
            todo = f"did you mean {near!r}?" if near else ""
            expected = "one of " + ", ".join(keys)
            raise ConfigurationError(f"unknown key {key!r}", where=_where(name, path), expected=expected, todo=todo)
        factory = keys[key].default_factory
        default = keys[key].default if factory is MISSING else factory()
        values[key] = _value(key, value, default, name, f"{path}.{key}" if path else key)
    return kind(**values)


def _value(key: str, value: Any, default: Any, name: str, path: str) -> Any:
    if key in _TABLES:
        return _build(_TABLES[key], value, name, path)
    if key in _NAMED:
        kind = _NAMED[key]
        return {str(k): _build(kind, v, name, f"{path}.{k}") for k, v in _table(value, name, path).items()}
    if key in _TEXTS:
        where = _where(name, path)
        return {_word(k, where): _word(v, where) for k, v in _table(value, name, path).items()}
    if key in _LISTS:
        kind = _LISTS[key]
        return tuple(_build(kind, item, name, f"{path}[{i}]") for i, item in enumerate(_list(value, name, path)))
    if isinstance(default, Text | When | Known):
        return _build(type(default), value, name, path)
    if isinstance(default, tuple):
        return tuple(str(item) for item in _list(value, name, path))
    return _scalar(key, value, default, _where(name, path))


def _word(value: Any, where: str) -> str:
    """A text or number of YAML as text. Unquoted ``yes``, ``no``, ``true`` and the like are refused."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        todo = "put it between quotation marks" if isinstance(value, bool) else ""
        raise ConfigurationError("a value of the wrong type", where=where, found=repr(value)[:60], todo=todo)
    return str(value)


def _scalar(key: str, value: Any, default: Any, where: str) -> Any:
    if isinstance(default, bool):
        valid = isinstance(value, bool)
    elif key in _COUNTS:
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
