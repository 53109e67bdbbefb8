"""Settings of a runner: `conf/live/NAME.yaml`, the user's files of the same name, and words of the command line."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

from engine.errors import ConfigurationError, printable, unknown_name
from engine.live.ledger.settings import LedgerSettings
from engine.paths import conf_dir, home

_Settings = TypeVar("_Settings")

#: what a value of a type is called in a message
_WORDS: Final = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", type(None): "null"}


def read(classes: Mapping[str, type], words: Sequence[str] = ()) -> dict[str, Any]:
    """The settings of each section as an object of its class.

    Parameters
    ----------
    classes : mapping of str to type
        Frozen dataclass by section. Its fields are the keys; what no file names keeps the default of the class.
    words : sequence of str
        ``section.key=value``; they win over the files. The value is YAML.

    Returns
    -------
    dict of str to object

    Raises
    ------
    ConfigurationError
        An unknown section or key, with the nearest known name; a value of another type, or one that the class refuses.
    """
    values = {section: _of_files(section) for section in classes}
    for word in words:
        key, sign, text = word.partition("=")
        section, dot, rest = key.partition(".")
        if not sign or not dot or not rest:
            raise ConfigurationError("not a setting", where=printable(word, 60), expected="section.key=value")
        if section not in classes:
            raise unknown_name("section", section, classes, where=printable(word, 60))
        _put(values[section], _path(classes[section], rest), _parsed(text, key))
    return {section: built(cls, values[section], section) for section, cls in classes.items()}


def ledger_settings() -> LedgerSettings:
    """The settings of the ledger alone; errors as `read`."""
    settings: LedgerSettings = read({"ledger": LedgerSettings})["ledger"]
    return settings


def built(cls: type[_Settings], values: Mapping[str, Any], where: str) -> _Settings:
    """An object of a frozen dataclass from plain values, nested ones too.

    Parameters
    ----------
    cls : type
    values : mapping
    where : str
        Dotted name of the section, for messages.

    Raises
    ------
    ConfigurationError
    """
    hints = typing.get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls) if field.init]  # type: ignore[arg-type]
    for name in values:
        if name not in names:
            raise unknown_name("key", str(name), names, where=where)
    needed = [field.name for field in dataclasses.fields(cls) if _is_needed(field)]  # type: ignore[arg-type]
    if missing := [name for name in needed if name not in values]:
        raise ConfigurationError("a key is missing", where=where, expected=", ".join(missing))
    arguments = {name: _converted(hints[name], value, f"{where}.{name}") for name, value in values.items()}
    try:
        return cls(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"settings are refused, {printable(error, 160)}", where=where) from None


def _is_needed(field: dataclasses.Field[Any]) -> bool:
    nothing = dataclasses.MISSING
    return field.init and field.default is nothing and field.default_factory is nothing


def _of_files(section: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for folder in (conf_dir() / "live", home() / "live"):
        path = folder / f"{section}.yaml"
        if path.is_file():
            found = _parsed(path.read_text(encoding="utf-8"), str(path))
            if found is not None and not isinstance(found, dict):
                raise ConfigurationError("not settings", where=str(path), expected="key: value")
            for key, value in (found or {}).items():
                _put(values, [str(key)], value)
    return values


def _path(cls: type, key: str) -> list[str]:
    """The parts of a key; what follows the name of a mapping is one part, for its keys may hold full stops."""
    name, _, rest = key.partition(".")
    if rest and typing.get_origin(typing.get_type_hints(cls).get(name)) not in (None, typing.Union, types.UnionType):
        return [name, rest]
    return key.split(".")


def _put(tree: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set a value in a tree; two trees are laid over one another, key by key."""
    for name in path[:-1]:
        inner = tree.setdefault(name, {})
        tree = inner if isinstance(inner, dict) else {}
    old = tree.get(path[-1])
    tree[path[-1]] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value


def _parsed(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError("not YAML", where=where, found=printable(error, 120)) from None


def _converted(kind: Any, value: Any, where: str) -> Any:
    """A plain value as a type asks for it."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in inner:
            return None
        rest = [one for one in inner if one is not type(None)]
        return _converted(rest[0], value, where)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return value if isinstance(value, kind) else built(kind, _mapping(value, where), where)
    if origin is tuple and isinstance(value, list):
        return tuple(_converted(inner[0], one, where) for one in value)
    if origin is not None and issubclass(origin, Mapping):
        return {str(key): _converted(inner[1], one, f"{where}.{key}") for key, one in _mapping(value, where).items()}
    if kind is float and type(value) is int:
        return float(value)
    if kind is Path and isinstance(value, str):
        return Path(value).expanduser()
    if isinstance(kind, type) and type(value) is kind:
        return value
    if isinstance(kind, type) and issubclass(kind, str) and kind is not str and isinstance(value, str):
        try:
            return kind(value)  # an enumeration of texts
        except ValueError:
            raise unknown_name("value", value, list(kind), where=where) from None  # type: ignore[call-overload]
    expected = "a list" if origin is tuple else _WORDS.get(kind, str(getattr(kind, "__name__", kind)))
    raise ConfigurationError("wrong value", where=where, expected=expected, found=printable(repr(value), 60))


def _mapping(value: Any, where: str) -> dict[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigurationError("wrong value", where=where, expected="key: value", found=printable(repr(value), 60))
    return value
